//! Running other programs: shown before they start, their failure is ours.

use anyhow::{Context, Result, bail};
use std::process::{Command, Stdio};

/// Run a program with our standard streams; fails when it cannot start or does not succeed.
pub fn run(command: &mut Command) -> Result<()> {
    println!("    {}", shown(command));
    let status = command.status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("`{}` ended with {status}", shown(command));
    }
    Ok(())
}

/// Run a program and return what it writes to standard output.
pub fn output(command: &mut Command) -> Result<String> {
    let out = command.stderr(Stdio::inherit()).output().with_context(|| not_started(command))?;
    if !out.status.success() {
        bail!("`{}` ended with {}", shown(command), out.status);
    }
    String::from_utf8(out.stdout).with_context(|| format!("`{}` wrote no valid UTF-8", shown(command)))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn not_started(command: &Command) -> String {
    format!("cannot start `{}`: is it installed and on PATH?", command.get_program().to_string_lossy())
}
