//! Real, unmodified clients against the binary: the suites under `tests/interop`.

use crate::cargo::{Profile, build_ferrosphere};
use crate::run::run;
use crate::workspace::root;
use crate::{clients, workspace};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which clients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// pyVmomi, govc, zeep, suds and plain HTTP: every `ci` runs them
    Fast,
    /// vim_rs over VI/JSON: too long to build for every run
    Slow,
}

/// Build the server and the clients, then let pytest run the suite.
pub fn test(suite: Suite, profile: Profile, pytest: &[String]) -> Result<()> {
    let server = build_ferrosphere(profile)?;
    let mut command = Command::new(clients::python()?);
    command.args(["-m", "pytest", "-c", "tests/interop/pytest.ini"]).env("FERROSPHERE_BIN", server);
    match suite {
        Suite::Fast => command.env("GOVC_BIN", clients::govc()?).arg("tests/interop"),
        Suite::Slow => command.env("VIM_RS_BIN", vim_rs()?).arg("tests/interop/vim_rs"),
    };
    run(command.args(pytest).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root()))
}

/// Build the vim_rs client; a workspace of its own, because it takes ten minutes and 3 GB.
fn vim_rs() -> Result<PathBuf> {
    let target = clients::folder()?.join("vim_rs");
    let manifest = Path::new("tests/interop/vim_rs/Cargo.toml");
    let mut build = workspace::cargo();
    build.args(["build", "--locked", "--manifest-path"]).arg(manifest).arg("--target-dir").arg(&target);
    run(&mut build)?;
    Ok(target.join("debug").join(format!("vim-rs-client{}", std::env::consts::EXE_SUFFIX)))
}
