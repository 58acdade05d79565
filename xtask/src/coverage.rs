//! `docs/coverage.md`: which methods of the API the binary implements, as the binary itself says.

use crate::cargo::{Profile, build_ferrosphere};
use crate::run::output;
use crate::workspace::root;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Write the table.
pub fn write() -> Result<()> {
    let (file, table) = (file(), table()?);
    fs::write(&file, table).with_context(|| format!("cannot write {}", file.display()))
}

/// Fail when the committed table is not what the binary says.
pub fn check() -> Result<()> {
    let file = file();
    let committed = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    if committed != table()? {
        bail!("docs/coverage.md is out of date: run `cargo xtask coverage` and commit it");
    }
    println!("    docs/coverage.md is current");
    Ok(())
}

fn table() -> Result<String> {
    output(Command::new(build_ferrosphere(Profile::Debug)?).args(["methods", "--markdown"]))
}

fn file() -> PathBuf {
    root().join("docs/coverage.md")
}
