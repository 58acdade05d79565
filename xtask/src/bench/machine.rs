//! Where a run took place, and what took part.

use super::server::Program;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// The machine and the versions.
pub fn describe(peer: Option<&Program>) -> Result<Value> {
    let cpu = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let memory = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
    let cores = std::thread::available_parallelism()?.get();
    Ok(json!({
        "processor": format!("{cores} × {}", field(&cpu, "model name").unwrap_or("unknown")),
        "memory": field(&memory, "MemTotal").unwrap_or("unknown"),
        "system": fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        "ferrosphere": env!("CARGO_PKG_VERSION"),
        "vcsim": peer.map_or("none".to_owned(), |peer| govmomi(&peer.path).unwrap_or_else(|| "unknown".to_owned())),
        "load before": fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').next(),
    }))
}

/// A program on PATH or, as servers often are, in a folder that is not on everyone's.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// The version of govmomi in a Go program, when a Go compiler is here to tell.
fn govmomi(path: &Path) -> Option<String> {
    let tell = Command::new("go").args(["version", "-m"]).arg(path).stderr(Stdio::null()).output().ok()?;
    version(&String::from_utf8(tell.stdout).ok()?)
}

fn version(told: &str) -> Option<String> {
    let line = told.lines().find(|line| line.split_whitespace().nth(1) == Some("github.com/vmware/govmomi"))?;
    Some(format!("govmomi {}", line.split_whitespace().nth(2)?))
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.split_once(':')?.1.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_files_are_found_by_name() {
        assert_eq!(field("a\t: 1\nmodel name\t: Some CPU\n", "model name"), Some("Some CPU"));
        assert_eq!(field("a\t: 1\n", "b"), None);
    }

    #[test]
    fn the_version_of_the_library_is_told() {
        let told = "vcsim: go1.26\n\tpath\tvcsim\n\tdep\tgithub.com/vmware/govmomi\tv0.53.1\th1:x\n";
        assert_eq!(version(told).as_deref(), Some("govmomi v0.53.1"));
        assert_eq!(version("not a go program"), None);
    }
}
