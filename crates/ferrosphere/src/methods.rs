//! The table of methods: which of them do something here.

use std::{collections::BTreeMap, fmt::Write as _, io::Write as _};

/// Done and declared methods of one managed object type.
type Row = (Vec<&'static str>, usize);

/// Prints the table to standard output, for a person or as the page of the docs.
///
/// # Errors
/// If standard output is closed.
pub fn print(markdown: bool) -> anyhow::Result<()> {
    let rows = rows()?;
    let text = if markdown { page(&rows) } else { table(&rows) };
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

fn rows() -> anyhow::Result<BTreeMap<&'static str, Row>> {
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    for (owner, method, covered) in server::coverage()? {
        let (done, all) = rows.entry(owner.name).or_default();
        *all += 1;
        done.extend(covered.then_some(method.name));
    }
    Ok(rows)
}

fn totals(rows: &BTreeMap<&'static str, Row>) -> (usize, usize) {
    rows.values().fold((0, 0), |(done, all), row| (done + row.0.len(), all + row.1))
}

fn table(rows: &BTreeMap<&'static str, Row>) -> String {
    let mut out = String::new();
    for (name, (done, all)) in rows.iter().filter(|(_, (done, _))| !done.is_empty()) {
        let _ = writeln!(out, "{name}  {}/{all}", done.len());
        done.iter().for_each(|method| {
            let _ = writeln!(out, "  {method}");
        });
    }
    let (done, all) = totals(rows);
    out + &format!("{done} of {all} methods; the others answer NotImplemented\n")
}

fn page(rows: &BTreeMap<&'static str, Row>) -> String {
    let (done, all) = totals(rows);
    let mut out = format!(
        "# Methods that do something\n\nMade by `cargo xtask coverage`; do not edit. {done} of {all} methods have a handler; \
         every other one answers `NotImplemented`.\n\n| managed object | done | of | methods |\n|---|---|---|---|\n"
    );
    for (name, (done, all)) in rows {
        let _ = writeln!(out, "| {name} | {} | {all} | {} |", done.len(), done.join(", "));
    }
    out
}
