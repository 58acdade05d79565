//! What came of a run: rows, as a data file, as Markdown, and compared with the last committed one.

use super::server::Side;
use super::stats::{Better, median};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What one round showed.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What was measured, the same words in every run
    pub what: String,
    /// Unit of the value
    pub unit: &'static str,
    /// Which values are good
    pub better: Better,
    /// The value
    pub value: f64,
}

impl Figure {
    /// A rate, of which more is better.
    pub fn rate(what: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { what: what.into(), unit, better: Better::Higher, value }
    }

    /// A time or a size, of which less is better.
    pub fn cost(what: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { what: what.into(), unit, better: Better::Lower, value }
    }
}

/// All rounds of one figure.
#[derive(Debug)]
struct Row {
    what: String,
    unit: &'static str,
    better: Better,
    ours: Vec<f64>,
    peer: Vec<f64>,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// What was not measured, and why
    pub gaps: Vec<String>,
}

impl Table {
    /// Add what a round showed.
    pub fn add(&mut self, side: Side, figures: Vec<Figure>) {
        for Figure { what, unit, better, value } in figures {
            let at = self.rows.iter().position(|row| row.what == what).unwrap_or_else(|| {
                self.rows.push(Row { what, unit, better, ours: Vec::new(), peer: Vec::new() });
                self.rows.len() - 1
            });
            let row = &mut self.rows[at];
            if side == Side::Ours { row.ours.push(value) } else { row.peer.push(value) }
        }
    }

    /// Note something that was not measured, once.
    pub fn gap(&mut self, text: String) {
        if !self.gaps.contains(&text) {
            eprintln!("not measured: {text}");
            self.gaps.push(text);
        }
    }

    /// The data file.
    pub fn data(&self, machine: Value) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(Row::data).collect();
        json!({ "machine": machine, "rows": rows, "notMeasured": self.gaps })
    }
}

impl Row {
    fn data(&self) -> Value {
        let (ours, peer) = (median(&self.ours), median(&self.peer));
        let ratio = ours.zip(peer).and_then(|(ours, peer)| self.better.ratio(ours, peer));
        json!({
            "what": self.what, "unit": self.unit, "better": if self.better == Better::Higher { "higher" } else { "lower" },
            "ours": ours, "peer": peer, "ratio": ratio, "rounds": self.ours.len().max(self.peer.len()),
        })
    }
}

/// The rows of a data file as Markdown.
pub fn markdown(data: &Value) -> String {
    let mut text = String::new();
    if let Some(machine) = data["machine"].as_object() {
        let words = machine.iter().map(|(name, value)| format!("{name}: {}", value.as_str().unwrap_or("?")));
        text = words.collect::<Vec<_>>().join("; ") + "\n\n";
    }
    text += "| what | ferrosphere | vcsim | times better | rounds |\n|---|--:|--:|--:|--:|\n";
    for row in rows(data) {
        let unit = row["unit"].as_str().unwrap_or_default();
        let cell = |name: &str| row[name].as_f64().map_or("–".to_owned(), |value| format!("{} {unit}", short(value)));
        let ratio = row["ratio"].as_f64().map_or("–".to_owned(), |ratio| format!("{} ×", short(ratio)));
        let what = row["what"].as_str().unwrap_or_default();
        text += &format!("| {what} | {} | {} | {ratio} | {} |\n", cell("ours"), cell("peer"), row["rounds"]);
    }
    for gap in data["notMeasured"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        text += &format!("\nNot measured: {gap}\n");
    }
    text
}

/// The rows of a data file.
pub fn rows(data: &Value) -> impl Iterator<Item = &Value> {
    data["rows"].as_array().into_iter().flatten()
}

/// Three digits that matter.
pub fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 1e6 => format!("{:.1} M", value / 1e6),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Rows whose ratio is worse than in the old table by more than `tolerance` (0.3 = 30 %), in words.
pub fn regressions(old: &Value, new: &Value, tolerance: f64) -> Vec<String> {
    let ratio = |row: &Value| Some((row["what"].as_str()?.to_owned(), row["ratio"].as_f64()?));
    let old: BTreeMap<String, f64> = rows(old).filter_map(ratio).collect();
    let worse = |(what, now): (String, f64)| {
        let before = *old.get(&what)?;
        (now < before * (1.0 - tolerance)).then(|| format!("{what}: {} × was {} ×", short(now), short(before)))
    };
    rows(new).filter_map(ratio).filter_map(worse).collect()
}

/// A text with what stands between two marker lines replaced.
pub fn between(text: &str, new: &str) -> Result<String> {
    const BEGIN: &str = "<!-- bench: begin -->\n";
    const END: &str = "<!-- bench: end -->";
    let (head, rest) = text.split_once(BEGIN).context("the marker `bench: begin` is missing")?;
    let (_, tail) = rest.split_once(END).context("the marker `bench: end` is missing")?;
    Ok(format!("{head}{BEGIN}{new}{END}{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::default();
        for (ours, peer) in [(30.0, 10.0), (90.0, 30.0), (60.0, 5.0)] {
            table.add(Side::Ours, vec![Figure::rate("reads", "/s", ours)]);
            table.add(Side::Peer, vec![Figure::rate("reads", "/s", peer)]);
        }
        table.add(Side::Ours, vec![Figure::cost("start", "ms", 4.0)]);
        table
    }

    #[test]
    fn a_row_has_the_medians_of_its_rounds_and_their_ratio() {
        let data = table().data(json!({"cpu": "two"}));
        let row = &data["rows"][0];
        assert_eq!(
            (row["ours"].as_f64(), row["peer"].as_f64(), row["ratio"].as_f64()),
            (Some(60.0), Some(10.0), Some(6.0))
        );
        assert!(data["rows"][1]["peer"].is_null() && data["rows"][1]["ratio"].is_null());
        let text = markdown(&data);
        assert!(text.contains("| reads | 60.0 /s | 10.0 /s | 6.00 × | 3 |"), "{text}");
        assert!(text.contains("| start | 4.00 ms | – | – | 1 |"), "{text}");
    }

    #[test]
    fn only_ratios_that_fell_beyond_the_tolerance_are_regressions() {
        let data = |ratio: f64| json!({"rows": [{"what": "a", "ratio": ratio}, {"what": "b", "ratio": null}]});
        assert!(regressions(&data(10.0), &data(7.1), 0.3).is_empty());
        assert!(regressions(&data(10.0), &data(20.0), 0.3).is_empty());
        assert_eq!(regressions(&data(10.0), &data(6.9), 0.3), ["a: 6.90 × was 10.0 ×"]);
        assert!(regressions(&json!({}), &data(6.9), 0.3).is_empty());
    }

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nb\n";
        assert_eq!(between(text, "new\n").unwrap(), "a\n<!-- bench: begin -->\nnew\n<!-- bench: end -->\nb\n");
        assert!(between("a", "new").is_err());
    }

    #[test]
    fn what_was_not_measured_is_said_once() {
        let mut table = table();
        table.gap("nginx".into());
        table.gap("nginx".into());
        assert_eq!(markdown(&table.data(json!({}))).matches("Not measured: nginx").count(), 1);
    }
}
