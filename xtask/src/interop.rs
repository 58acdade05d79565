//! Real, unmodified clients against the binary: the suites under `tests/interop`.

use crate::cargo::{Profile, build_ferrosphere};
use crate::clients;
use crate::run::run;
use crate::workspace::{self, root};
use anyhow::Result;
use std::process::Command;

/// Which clients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// pyVmomi, govc, zeep, suds and plain HTTP: every `ci` runs them
    Fast,
    /// vim_rs over VI/JSON: too long to build for every run
    Slow,
}

/// Build the server and the clients, then let them run the suite; `arguments` are for pytest or for the tests of vim_rs.
pub fn test(suite: Suite, profile: Profile, arguments: &[String]) -> Result<()> {
    let server = build_ferrosphere(profile)?;
    let mut command = match suite {
        Suite::Fast => pytest()?,
        Suite::Slow => vim_rs()?,
    };
    run(command.args(arguments).env("FERROSPHERE_BIN", server).current_dir(root()))
}

fn pytest() -> Result<Command> {
    let mut command = Command::new(clients::python()?);
    command.args(["-m", "pytest", "-c", "tests/interop/pytest.ini", "tests/interop"]);
    command.env("GOVC_BIN", clients::govc()?).env("PYTHONDONTWRITEBYTECODE", "1");
    Ok(command)
}

/// The tests that use vim_rs; a workspace of their own, because the crate takes ten minutes and 6 GB to build.
fn vim_rs() -> Result<Command> {
    let mut command = workspace::cargo();
    command.args(["test", "--locked", "--manifest-path", "tests/interop/vim_rs/Cargo.toml", "--target-dir"]);
    command.arg(clients::folder()?.join("vim_rs")).arg("--");
    Ok(command)
}
