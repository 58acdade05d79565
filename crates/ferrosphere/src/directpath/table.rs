//! The report for people: a table of adapters, and below it what the reasons mean.

use std::fmt::Write as _;

use super::explain::{Case, explanations};
use super::judge::title;
use super::report::{Adapter, Finding, Report, State};
use super::style::{Style, Tone, clean, wrap};
use super::what_if::Change;

const HEADS: [&str; 6] = ["VM", "ADAPTER", "NETWORK", "HOST", "STATE", "REASONS"];
/// Narrowest width of the column of reasons; a terminal that has less breaks lines by itself.
const REASONS: usize = 24;
/// Adapters that an explanation names.
const MOST_CASES: usize = 5;

/// A line of the last column.
type Line = (Tone, String);

struct Row {
    cells: [String; 5],
    state: State,
    reasons: Vec<Line>,
}

/// The whole report.
pub fn page(adapters: &[Adapter], notes: &[String], changes: &[Change], style: Style) -> String {
    let mut out = table(adapters, style);
    out.push_str(&explained(adapters, style));
    let _ = writeln!(out, "\n{}", summary(adapters));
    if !changes.is_empty() {
        let text: Vec<_> = changes.iter().map(|change| format!("{}={}", change.key(), change.value())).collect();
        let _ = writeln!(out, "\"then\" is the verdict of the rules with {}", text.join(", "));
    }
    for note in notes {
        let _ = writeln!(out, "note: {}", clean(note));
    }
    out
}

/// The table alone.
pub fn table(adapters: &[Adapter], style: Style) -> String {
    let rows: Vec<Row> = adapters.iter().map(row).collect();
    let mut widths: [usize; 5] = std::array::from_fn(|column| HEADS[column].len());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let before: usize = widths.iter().map(|width| width + 2).sum();
    let last = style.width.map_or(usize::MAX, |width| width.saturating_sub(before).max(REASONS));
    let head: String = widths.iter().zip(HEADS).map(|(width, head)| format!("{head:width$}  ")).collect();
    let mut out = style.paint(Tone::Head, &format!("{head}{}", HEADS[5]));
    out.push('\n');
    for row in rows {
        let lines = row.reasons.iter().flat_map(|(tone, text)| wrap(text, last).into_iter().map(|line| (*tone, line)));
        let mut lines = lines.collect::<Vec<_>>().into_iter();
        let mut line = String::new();
        for (column, (cell, width)) in row.cells.iter().zip(widths).enumerate() {
            let text = format!("{cell:width$}");
            line.push_str(&if column == 4 { style.paint(tone(row.state), &text) } else { text });
            line.push_str("  ");
        }
        let first = lines.next().map(|(tone, text)| style.paint(tone, &text)).unwrap_or_default();
        let _ = writeln!(out, "{}", format!("{line}{first}").trim_end());
        for (tone, text) in lines {
            let _ = writeln!(out, "{}{}", " ".repeat(before), style.paint(tone, &text));
        }
    }
    out
}

fn tone(state: State) -> Tone {
    match state {
        State::Active(_) => Tone::Good,
        State::Inactive | State::Unknown => Tone::Bad,
        State::NotRequested => Tone::Dim,
    }
}

fn row(adapter: &Adapter) -> Row {
    let state = match adapter.state {
        State::Active(technology) => format!("active ({})", title(technology)),
        State::NotRequested => "not requested".to_owned(),
        other => other.name().to_owned(),
    };
    let host = adapter.host.as_ref().map_or("-", |(_, name)| name);
    let network = match &adapter.network.port {
        Some(port) => format!("{}/{port}", adapter.network.name),
        None => adapter.network.name.clone(),
    };
    let cells = [clean(&adapter.vm), clean(&adapter.label), clean(&network), clean(host), state];
    Row { cells, state: adapter.state, reasons: reasons(adapter) }
}

/// What keeps the adapter: one that passes through in one way is not kept by what speaks against the other.
fn reasons(adapter: &Adapter) -> Vec<Line> {
    let mut lines = Vec::new();
    let several = adapter.reports.len() > 1;
    for report in &adapter.reports {
        let shown = adapter.state.is_wanting() && report.requested;
        let prefix = if several { format!("{}: ", title(report.technology)) } else { String::new() };
        if shown {
            lines.extend(held(report).map(|(tone, line)| (tone, format!("{prefix}{line}"))));
        }
        lines.extend(report.then.as_ref().map(|then| match then.active {
            true => (Tone::Good, format!("{prefix}then active")),
            false => (Tone::Plain, format!("{prefix}then {}", then.reasons.join(", "))),
        }));
    }
    lines
}

fn held(report: &Report) -> impl Iterator<Item = Line> {
    let list =
        |findings: &[Finding]| findings.iter().map(|finding| clean(&finding.name)).collect::<Vec<_>>().join(", ");
    let reported = match (report.active, report.reported.is_empty()) {
        (None, _) => Some((Tone::Dim, "the server does not say; by the rules:".to_owned())),
        (Some(_), true) => None,
        (Some(_), false) => Some((Tone::Plain, list(&report.reported))),
    };
    let extended = report.extended.as_ref().map(|text| (Tone::Plain, format!("\"{}\"", clean(text))));
    let remaining = (!report.remaining.is_empty()).then(|| match report.active {
        None => (Tone::Plain, list(&report.remaining)),
        Some(_) => (Tone::Dim, format!("would remain: {}", list(&report.remaining))),
    });
    [reported, extended, remaining].into_iter().flatten()
}

/// What the reasons mean and what to do, the most useful first.
fn explained(adapters: &[Adapter], style: Style) -> String {
    let mut out = String::new();
    let width = style.width.unwrap_or(100).saturating_sub(4).max(REASONS);
    for explanation in explanations(adapters) {
        let _ = writeln!(out, "\n{}", style.paint(Tone::Head, &clean(explanation.name)));
        let mut text = vec![explanation.meaning.to_owned(), format!("To do: {}", explanation.remedy)];
        text.extend(explanation.cases.iter().take(MOST_CASES).map(case));
        if explanation.cases.len() > MOST_CASES {
            text.push(format!("- and {} more", explanation.cases.len() - MOST_CASES));
        }
        for line in text.iter().flat_map(|text| wrap(text, width)) {
            let _ = writeln!(out, "    {line}");
        }
    }
    out
}

fn case(case: &Case<'_>) -> String {
    let place = format!("- {}, {}", clean(&case.adapter.vm), clean(&case.adapter.label));
    let detail = case.detail.map(|detail| format!(": {}", clean(detail))).unwrap_or_default();
    let told = case.reported || case.adapter.state == State::Unknown;
    let source = if told { "" } else { " (not reported, would remain)" };
    format!("{place}{detail}{source}")
}

/// How many adapters there are of each state, in a line.
pub fn summary(adapters: &[Adapter]) -> String {
    let count = |wanted: fn(State) -> bool| adapters.iter().filter(|adapter| wanted(adapter.state)).count();
    let active = count(|state| matches!(state, State::Active(_)));
    let inactive = count(|state| state == State::Inactive);
    let unknown = count(|state| state == State::Unknown);
    let other = count(|state| state == State::NotRequested);
    let unknown = if unknown > 0 { format!(", {unknown} unknown") } else { String::new() };
    let adapters = adapters.len();
    let noun = if adapters == 1 { "adapter" } else { "adapters" };
    format!("{adapters} {noun}: {active} active, {inactive} inactive{unknown}, {other} not requested")
}
