//! What hot paths cost in allocations and instructions, beside the committed counts: unlike times, these are the same on
//! a noisy machine.
//!
//! Allocations are counted everywhere. Instructions need valgrind, and the compiler that made the committed counts:
//! where one is missing, the command says so and judges allocations only.

use super::machine::on_path;
use super::server::Scratch;
use crate::cargo;
use crate::run::output;
use crate::workspace::root;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How much a count may grow, in percent: less than any change of how something is done, more than a new field here and
/// there, or the order of a hash table.
const TOLERANCE: u64 = 10;

/// The function of the example that is measured.
const FUNCTION: &str = "*paths::measured";

const ALLOCATIONS: &str = "allocations";
const BYTES: &str = "bytes";
const INSTRUCTIONS: &str = "instructions";

/// Count, and compare with the committed counts or replace them.
pub fn run(write: bool) -> Result<()> {
    let program = cargo::build_counts()?;
    let now = measure(&program)?;
    let file = root().join("docs/bench-counts.json");
    if write {
        fs::write(&file, serde_json::to_string_pretty(&now)? + "\n")?;
        println!("written: docs/bench-counts.json");
        return Ok(());
    }
    let old = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let old: Value = serde_json::from_slice(&old)?;
    println!("{}", comparison(&old, &now));
    for unit in units(&old, &now) {
        let worse = worse(&old, &now, unit);
        ensure!(worse.is_empty(), "more {unit} than {TOLERANCE} % above what they were:\n{}\n{HELP}", worse.join("\n"));
    }
    Ok(())
}

const HELP: &str = "if that has to be, say why in the commit and run `cargo xtask bench --counts --write`";

fn measure(program: &Path) -> Result<Value> {
    let text = output(&mut Command::new(program))?;
    let mut paths = parse(&text)?;
    match on_path("valgrind") {
        Some(valgrind) => {
            let instructions = instructions(&valgrind, program)?;
            ensure!(
                instructions.len() == paths.len(),
                "{} dumps of callgrind for {} paths",
                instructions.len(),
                paths.len()
            );
            for ((_, path), instructions) in paths.iter_mut().zip(instructions) {
                path[INSTRUCTIONS] = json!(instructions);
            }
        }
        None => println!("    instructions are not counted: there is no valgrind on PATH; allocations are"),
    }
    let paths: Map<String, Value> = paths.into_iter().collect();
    Ok(json!({ "rustc": output(Command::new("rustc").arg("--version"))?.trim(), "paths": paths }))
}

/// The lines of the program in their order: name, allocations, bytes.
fn parse(text: &str) -> Result<Vec<(String, Value)>> {
    let path = |line: &str| {
        let mut fields = line.split('\t');
        let (name, allocations, bytes) = (fields.next()?, fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
        let (allocations, bytes): (u64, u64) = (allocations, bytes);
        Some((name.to_owned(), json!({ ALLOCATIONS: allocations, BYTES: bytes })))
    };
    let paths = text.lines().map(|line| path(line).with_context(|| format!("not a count: {line:?}")));
    let paths = paths.collect::<Result<Vec<_>>>()?;
    ensure!(!paths.is_empty(), "nothing was counted");
    Ok(paths)
}

/// Instructions of each path, in the order in which they ran.
fn instructions(valgrind: &Path, program: &Path) -> Result<Vec<u64>> {
    let scratch = Scratch::new()?;
    let mut command = Command::new(valgrind);
    command.args(["--tool=callgrind", "--quiet", "--collect-atstart=no"]);
    command.arg(format!("--toggle-collect={FUNCTION}")).arg(format!("--dump-after={FUNCTION}"));
    command.arg(format!("--callgrind-out-file={}", scratch.0.join("out").display())).arg(program);
    output(&mut command)?;
    // What follows the last path is a dump of its own, without a number.
    let dumps = (1..).map(|number| scratch.0.join(format!("out.{number}"))).take_while(|file| file.exists());
    let counts = dumps.map(|file: PathBuf| total(&fs::read_to_string(file)?)).collect::<Result<Vec<_>>>()?;
    Ok(counts.into_iter().filter(|count| *count > 0).collect())
}

fn total(dump: &str) -> Result<u64> {
    let line = dump.lines().find_map(|line| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")));
    line.and_then(|count| count.trim().parse().ok()).context("a dump of callgrind has no total")
}

/// What can be compared: instructions only if one compiler made both programs and both were counted.
fn units(old: &Value, now: &Value) -> Vec<&'static str> {
    let counted = |data: &Value| paths(data).all(|(_, path)| path[INSTRUCTIONS].is_u64());
    let mut units = vec![ALLOCATIONS, BYTES];
    if old["rustc"] != now["rustc"] {
        println!(
            "    instructions are not compared: {} made the committed counts, {} these",
            old["rustc"], now["rustc"]
        );
    } else if counted(old) && counted(now) {
        units.push(INSTRUCTIONS);
    }
    units
}

fn paths(data: &Value) -> impl Iterator<Item = (&String, &Value)> {
    data["paths"].as_object().into_iter().flatten()
}

/// Paths that grew beyond the tolerance, are new, or are no longer there.
fn worse(old: &Value, now: &Value, unit: &str) -> Vec<String> {
    let grown = |(name, path): (&String, &Value)| match (old["paths"][name][unit].as_u64(), path[unit].as_u64()) {
        (Some(before), Some(count)) if count * 100 <= before * (100 + TOLERANCE) => None,
        (Some(before), Some(count)) => Some(format!("{name}: {count} were {before}")),
        _ => Some(format!("{name}: not in the committed counts")),
    };
    let gone = paths(old).filter(|(name, _)| now["paths"][name.as_str()].is_null());
    let gone = gone.map(|(name, _)| format!("{name}: no longer counted"));
    paths(now).filter_map(grown).chain(gone).collect()
}

/// Every count as a line, with what it was.
fn comparison(old: &Value, now: &Value) -> String {
    let count = |path: &Value, unit: &str| path[unit].as_u64().map_or("–".to_owned(), |count| count.to_string());
    let mut text = String::new();
    for (name, path) in paths(now) {
        let units = [ALLOCATIONS, BYTES, INSTRUCTIONS]
            .map(|unit| format!("{unit} {} ({})", count(path, unit), count(&old["paths"][name.as_str()], unit)));
        text += &format!("    {name}: {}\n", units.join(", "));
    }
    text + "    (in brackets: as committed)"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(allocations: u64, instructions: Option<u64>) -> Value {
        json!({"rustc": "one", "paths": {"encode": {ALLOCATIONS: allocations, BYTES: 7, INSTRUCTIONS: instructions}}})
    }

    #[test]
    fn a_count_that_grew_beyond_the_tolerance_is_worse() {
        let old = counts(1000, None);
        assert!(worse(&old, &counts(1100, None), ALLOCATIONS).is_empty());
        assert!(worse(&old, &counts(10, None), ALLOCATIONS).is_empty());
        assert_eq!(worse(&old, &counts(1101, None), ALLOCATIONS), ["encode: 1101 were 1000"]);
        assert!(worse(&counts(0, None), &counts(0, None), ALLOCATIONS).is_empty());
        assert_eq!(worse(&counts(0, None), &counts(1, None), ALLOCATIONS), ["encode: 1 were 0"]);
    }

    #[test]
    fn paths_come_and_go_only_with_new_counts() {
        let none = json!({"rustc": "one", "paths": {}});
        assert_eq!(worse(&none, &counts(1, None), ALLOCATIONS), ["encode: not in the committed counts"]);
        assert_eq!(worse(&counts(1, None), &none, ALLOCATIONS), ["encode: no longer counted"]);
    }

    #[test]
    fn instructions_are_compared_only_between_programs_of_one_compiler() {
        let (mut old, now) = (counts(1, Some(5)), counts(1, Some(5)));
        assert_eq!(units(&old, &now), [ALLOCATIONS, BYTES, INSTRUCTIONS]);
        assert_eq!(units(&old, &counts(1, None)), [ALLOCATIONS, BYTES]);
        old["rustc"] = json!("other");
        assert_eq!(units(&old, &now), [ALLOCATIONS, BYTES]);
    }

    #[test]
    fn the_lines_of_the_program_are_counts() {
        let paths = parse("encode, SOAP\t3\t40\ndiff\t0\t0\n").unwrap();
        assert_eq!(paths[0], ("encode, SOAP".to_owned(), json!({ALLOCATIONS: 3, BYTES: 40})));
        assert_eq!(paths[1].0, "diff");
        assert!(parse("").is_err() && parse("encode\tx\t1\n").is_err() && parse("encode\n").is_err());
    }

    #[test]
    fn a_dump_has_a_total() {
        assert_eq!(total("version: 1\nfn=x\n5 7\n\ntotals: 712\n").unwrap(), 712);
        assert!(total("version: 1\n").is_err());
    }
}
