//! The clients that the interop suites need, installed under `target/interop` and reused while their pins stand.

use crate::run::run;
use crate::workspace::{root, target};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The Python interpreter with everything that `tests/interop/requirements.txt` pins.
///
/// A copy of the pins inside the environment says that it is complete; another text there means to start over.
pub fn python() -> Result<PathBuf> {
    let pins = root().join("tests/interop/requirements.txt");
    let wanted = fs::read(&pins).with_context(|| format!("cannot read {}", pins.display()))?;
    let home = folder()?.join("python");
    let (python, complete) = (home.join("bin/python"), home.join("requirements.txt"));
    if fs::read(&complete).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    run(command("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
    run(command(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&pins))?;
    fs::write(&complete, wanted).with_context(|| format!("cannot write {}", complete.display()))?;
    Ok(python)
}

/// govmomi's command line client at the version in `tests/interop/govc/go.mod`; go rebuilds it only when that changes.
pub fn govc() -> Result<PathBuf> {
    go("govc", ".")
}

/// govmomi's simulator at the same version, the peer of `cargo xtask bench`.
pub fn vcsim() -> Result<PathBuf> {
    go("vcsim", "./vcsim")
}

/// A program of the Go module `tests/interop/govc`, from one of its packages.
fn go(name: &str, package: &str) -> Result<PathBuf> {
    let program = folder()?.join(name).join(format!("{name}{}", env::consts::EXE_SUFFIX));
    let mut build = command("go");
    build.args(["build", "-mod=readonly", "-trimpath", "-o"]).arg(&program).arg(package);
    run(build.current_dir(root().join("tests/interop/govc")))?;
    Ok(program)
}

/// Where the clients are installed.
pub fn folder() -> Result<PathBuf> {
    Ok(target()?.join("interop"))
}

fn command(program: impl AsRef<Path>) -> std::process::Command {
    std::process::Command::new(program.as_ref())
}
