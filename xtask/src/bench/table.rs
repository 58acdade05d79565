//! What came of a run: rows, as a data file, as Markdown, and compared with the last committed one.

use super::server::Side;
use super::stats::{Better, median};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What rows are beside unless they say otherwise.
const PEER: &str = "vcsim";

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
    /// What ours is measured beside
    beside: &'static str,
    /// The curve that it is a point of, and where on it
    point: Option<(&'static str, usize)>,
}

impl Figure {
    /// A rate, of which more is better.
    pub fn rate(what: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { what: what.into(), unit, better: Better::Higher, value, beside: PEER, point: None }
    }

    /// A time or a size, of which less is better.
    pub fn cost(what: impl Into<String>, unit: &'static str, value: f64) -> Self {
        Self { better: Better::Lower, ..Self::rate(what, unit, value) }
    }

    /// Measured beside something else than the peer.
    pub fn beside(self, beside: &'static str) -> Self {
        Self { beside, ..self }
    }

    /// A point of a curve.
    pub fn at(self, curve: &'static str, x: usize) -> Self {
        Self { point: Some((curve, x)), ..self }
    }
}

/// All rounds of one figure.
#[derive(Debug)]
struct Row {
    /// The first of them; its value is not used
    figure: Figure,
    ours: Vec<f64>,
    peer: Vec<f64>,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    /// What was not measured, and why
    gaps: Vec<String>,
}

impl Table {
    /// Add what a round showed.
    pub fn add(&mut self, side: Side, figures: Vec<Figure>) {
        for figure in figures {
            let value = figure.value;
            let at = self.rows.iter().position(|row| row.figure.what == figure.what).unwrap_or_else(|| {
                self.rows.push(Row { figure, ours: Vec::new(), peer: Vec::new() });
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
        let Figure { what, unit, better, value: _, beside, point } = &self.figure;
        let (ours, peer) = (median(&self.ours), median(&self.peer));
        let ratio = ours.zip(peer).and_then(|(ours, peer)| better.ratio(ours, peer));
        let mut row = json!({
            "what": what, "unit": unit, "better": if *better == Better::Higher { "higher" } else { "lower" },
            "ours": ours, "peer": peer, "ratio": ratio, "rounds": self.ours.len().max(self.peer.len()),
        });
        if *beside != PEER {
            row["beside"] = json!(beside);
        }
        if let Some((curve, x)) = point {
            row["curve"] = json!({ "name": curve, "x": x });
        }
        row
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
        text += &line(row);
    }
    for gap in data["notMeasured"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        text += &format!("\nNot measured: {gap}\n");
    }
    text
}

fn line(row: &Value) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    let cell = |name: &str| row[name].as_f64().map(|value| format!("{} {}", short(value), text("unit")));
    let none = || "–".to_owned();
    let beside = cell("peer").map_or_else(none, |peer| match text("beside") {
        "" => peer,
        other => format!("{other}: {peer}"),
    });
    let ratio = row["ratio"].as_f64().map_or_else(none, |ratio| format!("{} ×", short(ratio)));
    let ours = cell("ours").unwrap_or_else(none);
    format!("| {} | {ours} | {beside} | {ratio} | {} |\n", text("what"), row["rounds"])
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

/// Fail when ratios are worse than in the old table by more than `tolerance` percent. Of a run of some measurements only,
/// `partly`, nothing is expected that it did not try.
pub fn judge(old: &Value, new: &Value, tolerance: u32, partly: bool) -> Result<()> {
    ensure!(rows(old).any(|row| row["ratio"].is_number()), "the committed table has no ratios to compare with");
    let mut worse = regressions(old, new, f64::from(tolerance) / 100.0);
    if partly {
        let tried: BTreeSet<&str> = rows(new).filter_map(|row| row["what"].as_str()).collect();
        worse.retain(|(what, _)| tried.contains(what.as_str()));
    }
    let lines: Vec<String> = worse.into_iter().map(|(what, how)| format!("{what}: {how}")).collect();
    ensure!(lines.is_empty(), "worse than the committed table by more than {tolerance} %:\n{}", lines.join("\n"));
    Ok(())
}

/// Rows of the old table whose ratio fell by more than `tolerance` (0.3 = 30 %) or is no longer there, and how.
fn regressions(old: &Value, new: &Value, tolerance: f64) -> Vec<(String, String)> {
    let ratio = |row: &Value| Some((row["what"].as_str()?.to_owned(), row["ratio"].as_f64()?));
    let new: BTreeMap<String, f64> = rows(new).filter_map(ratio).collect();
    let worse = |(what, before): (String, f64)| {
        let how = match new.get(&what) {
            None => format!("not measured, was {} ×", short(before)),
            Some(now) if *now < before * (1.0 - tolerance) => format!("{} × was {} ×", short(*now), short(before)),
            Some(_) => return None,
        };
        Some((what, how))
    };
    rows(old).filter_map(ratio).filter_map(worse).collect()
}

/// A text with what stands between two marker lines of this name replaced.
pub fn between(text: &str, name: &str, new: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (head, rest) = text.split_once(&begin).with_context(|| format!("the marker `{name}: begin` is missing"))?;
    let (_, tail) = rest.split_once(&end).with_context(|| format!("the marker `{name}: end` is missing"))?;
    Ok(format!("{head}{begin}{new}{end}{tail}"))
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
    fn a_row_says_what_it_is_beside_and_which_curve_it_is_on() {
        let mut table = Table::default();
        let figure = |value| vec![Figure::rate("reads", "/s", value).beside("nginx").at("start", 100)];
        table.add(Side::Ours, figure(5.0));
        table.add(Side::Peer, figure(10.0));
        let data = table.data(json!({}));
        assert_eq!(data["rows"][0]["curve"], json!({"name": "start", "x": 100}));
        assert!(markdown(&data).contains("| reads | 5.00 /s | nginx: 10.0 /s | 0.50 × | 1 |"));
    }

    /// A table with one row that has a ratio and one that has none.
    fn with_ratio(ratio: f64) -> Value {
        json!({"rows": [{"what": "a", "ratio": ratio}, {"what": "b", "ratio": null}]})
    }

    fn judged(old: &Value, new: &Value, partly: bool) -> String {
        judge(old, new, 30, partly).map_or_else(|error| error.to_string(), |()| "as good".to_owned())
    }

    #[test]
    fn a_table_that_fell_beyond_the_tolerance_fails() {
        for partly in [false, true] {
            assert_eq!(judged(&with_ratio(10.0), &with_ratio(7.1), partly), "as good");
            assert_eq!(judged(&with_ratio(10.0), &with_ratio(20.0), partly), "as good");
            let told = judged(&with_ratio(10.0), &with_ratio(6.9), partly);
            assert_eq!(told, "worse than the committed table by more than 30 %:\na: 6.90 × was 10.0 ×");
        }
    }

    #[test]
    fn a_row_that_is_no_longer_measured_fails_unless_it_was_not_tried() {
        let (old, none) = (with_ratio(10.0), json!({"rows": [{"what": "a", "ratio": null}]}));
        let told = "worse than the committed table by more than 30 %:\na: not measured, was 10.0 ×";
        assert_eq!([judged(&old, &none, false), judged(&old, &none, true)], [told, told]);
        assert_eq!(judged(&old, &json!({}), false), told);
        assert_eq!(judged(&old, &json!({}), true), "as good");
    }

    #[test]
    fn there_must_be_something_to_compare_with() {
        assert_eq!(judged(&json!({}), &with_ratio(6.9), false), "the committed table has no ratios to compare with");
    }

    #[test]
    fn a_row_that_is_new_is_no_regression() {
        let mut new = with_ratio(10.0);
        new["rows"].as_array_mut().unwrap().push(json!({"what": "new", "ratio": 0.1}));
        assert_eq!(judged(&with_ratio(10.0), &new, false), "as good");
    }

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let text = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nb\n";
        assert_eq!(between(text, "bench", "new\n").unwrap(), "a\n<!-- bench: begin -->\nnew\n<!-- bench: end -->\nb\n");
        assert!(between("a", "bench", "new").is_err() && between(text, "other", "new").is_err());
    }

    #[test]
    fn what_was_not_measured_is_said_once() {
        let mut table = table();
        table.gap("nginx".into());
        table.gap("nginx".into());
        assert_eq!(markdown(&table.data(json!({}))).matches("Not measured: nginx").count(), 1);
    }
}
