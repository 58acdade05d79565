//! Finds a machine's sockets below a server's folder.

use std::{fs, io::Read, os::unix::net::UnixStream, path::Path, time::Duration};

use anyhow::{Context, anyhow, bail};
use serde_json::Value;
use vmci::{Cid, transport::unix::Place};

/// How long a server may take for an answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The sockets of a machine that is named, or given by its managed object id.
pub fn find(dir: &Path, vm: &str) -> anyhow::Result<Place> {
    if !vm.contains('/') && dir.join(vm).is_dir() {
        return Ok(Place::new(dir, vm));
    }
    let state = state(dir)?;
    let machines: Vec<(&str, &str)> = machines(&state).collect();
    let named: Vec<&str> = machines.iter().filter(|(_, name)| *name == vm).map(|(id, _)| *id).collect();
    match named[..] {
        [id] => Ok(Place::new(dir, id)),
        [] if machines.is_empty() => bail!("no virtual machine runs"),
        [] => {
            let names: Vec<&str> = machines.iter().map(|(_, name)| *name).take(20).collect();
            bail!("no virtual machine {vm:?} runs; there are {}", names.join(", "))
        }
        _ => bail!("several virtual machines are named {vm:?}: say which, as {}", named.join(" or ")),
    }
}

/// What a server says of its fabrics.
pub fn state(dir: &Path) -> anyhow::Result<Value> {
    let socket = dir.join("status.sock");
    let failed = || format!("no server answers on {}", socket.display());
    let mut stream = UnixStream::connect(&socket).with_context(failed)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = String::new();
    stream.read_to_string(&mut text).with_context(failed)?;
    serde_json::from_str(&text).with_context(|| format!("{} does not answer with JSON", socket.display()))
}

/// Id and name of each machine that runs.
fn machines(state: &Value) -> impl Iterator<Item = (&str, &str)> {
    let hosts = state["hosts"].as_array().into_iter().flatten();
    let vms = hosts.flat_map(|host| host["vms"].as_array().into_iter().flatten());
    vms.filter_map(|vm| Some((vm["vm"].as_str()?, vm["name"].as_str()?)))
}

/// The context id of a machine, from the link to its folder.
pub fn cid(dir: &Path, place: &Place) -> anyhow::Result<Cid> {
    let folder = place.folder().file_name().context("a machine has a folder")?;
    let links = fs::read_dir(dir.join("by-cid")).with_context(|| format!("{} is no VMCI folder", dir.display()))?;
    let points_here =
        |link: &fs::DirEntry| fs::read_link(link.path()).is_ok_and(|target| target.file_name() == Some(folder));
    let link = links.flatten().find(points_here);
    let name = link.map(|link| link.file_name()).ok_or_else(|| anyhow!("the machine does not run"))?;
    Ok(name.to_string_lossy().parse()?)
}
