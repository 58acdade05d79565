//! The steps that are one call of cargo, and the build of the binary for those that need it.

use crate::run::run;
use crate::workspace::{cargo, target};
use anyhow::Result;
use std::path::PathBuf;

/// How the binary is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// `target/debug`: quick to build, with all debug assertions
    Debug,
    /// `target/release`: what users run
    Release,
}

impl Profile {
    /// The profile that a `--release` flag chooses.
    pub fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Debug }
    }
}

/// Is everything formatted?
pub fn fmt() -> Result<()> {
    run(cargo().args(["fmt", "--all", "--check"]))
}

/// Lints of all targets; warnings are errors.
pub fn clippy() -> Result<()> {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// All Rust tests.
pub fn test() -> Result<()> {
    run(cargo().args(["test", "--workspace", "--locked"]))
}

/// The documentation of all crates but `vim25-types`: its thousands of generated types take minutes and say what the
/// schema says.
pub fn docs() -> Result<()> {
    let mut command = cargo();
    command.args(["doc", "--workspace", "--exclude", "vim25-types", "--no-deps", "--locked"]);
    run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Build the server and return its path.
pub fn build_ferrosphere(profile: Profile) -> Result<PathBuf> {
    build("ferrosphere", profile)
}

/// Build the release of this program and return its path: load generators must not be what limits.
pub fn build_xtask() -> Result<PathBuf> {
    build("xtask", Profile::Release)
}

/// Build the program that counts what hot paths cost, and return its path. Of the whole workspace, as the tests are
/// built: then nothing is built that they have not built before.
pub fn build_counts() -> Result<PathBuf> {
    run(cargo().args(["build", "--workspace", "--example", "counts", "--locked"]))?;
    Ok(target()?.join("debug/examples").join(format!("counts{}", std::env::consts::EXE_SUFFIX)))
}

fn build(package: &str, profile: Profile) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--package", package, "--locked"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    run(&mut command)?;
    let folder = if profile == Profile::Release { "release" } else { "debug" };
    Ok(target()?.join(folder).join(format!("{package}{}", std::env::consts::EXE_SUFFIX)))
}
