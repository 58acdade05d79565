//! The picture of growth: a small chart for each curve, both axes logarithmic, ours and the peer's.
//!
//! It has no background and its own colours for a dark page, so it is readable on both.

use super::slope::{CURVES, Curve, Name, curve, rounded, slope};
use super::svg::STYLE;
use super::table::short;
use serde_json::Value;

const COLUMNS: usize = 3;
/// A chart with what is around it
const WIDTH: f64 = 290.0;
const HEIGHT: f64 = 186.0;
/// Where the axes cross, and how long they are
const LEFT: f64 = 52.0;
const TOP: f64 = 30.0;
const ACROSS: f64 = 218.0;
const DOWN: f64 = 112.0;

/// Draw every curve that has points.
pub fn draw(data: &Value) -> String {
    let charts: Vec<(&Name, Curve)> = CURVES.iter().map(|name| (name, curve(data, name.key))).collect();
    let charts: Vec<_> = charts.into_iter().filter(|(_, curve)| !curve.ours.is_empty()).collect();
    let (width, height) = (WIDTH * COLUMNS as f64, HEIGHT * charts.len().div_ceil(COLUMNS).max(1) as f64 + 26.0);
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">
{STYLE}
<g transform="translate(8 12)"><line class="ours" x2="18"/><text x="24" y="4">ferrosphere</text><line class="peer" x1="110" x2="128"/><text x="134" y="4">vcsim, as far as it starts in two minutes; both axes logarithmic</text></g>
"#
    );
    for (index, (name, curve)) in charts.iter().enumerate() {
        let (x, y) = ((index % COLUMNS) as f64 * WIDTH, (index / COLUMNS) as f64 * HEIGHT + 26.0);
        svg += &format!("<g transform=\"translate({x} {y})\">{}</g>\n", chart(name, curve));
    }
    svg + "</svg>\n"
}

fn chart(name: &Name, curve: &Curve) -> String {
    let points = || curve.ours.iter().chain(&curve.peer);
    let (across, down) = (Axis::of(points().map(|p| p.0)), Axis::of(points().map(|p| p.1)));
    let place = |(x, y): (f64, f64)| (LEFT + ACROSS * across.part(x), TOP + DOWN * (1.0 - down.part(y)));
    let steep = slope(&curve.ours).map_or(String::new(), |(slope, ..)| format!(", slope {}", rounded(slope)));
    let mut svg = format!("<text x=\"{LEFT}\" y=\"18\" font-weight=\"bold\">{}{steep}</text>", name.title);
    for value in down.ticks() {
        let (_, y) = place((1.0, value));
        let (end, label, text) = (LEFT + ACROSS, LEFT - 5.0, y + 4.0);
        svg += &format!("<line class=\"grid\" x1=\"{LEFT}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>");
        svg +=
            &format!("<text x=\"{label}\" y=\"{text:.1}\" text-anchor=\"end\">{}</text>", amount(value, &curve.unit));
    }
    for value in across.ticks() {
        let (x, _) = place((value, 1.0));
        let text = TOP + DOWN + 15.0;
        svg += &format!("<text x=\"{x:.1}\" y=\"{text}\" text-anchor=\"middle\">{}</text>", number(value));
    }
    let (middle, below) = (LEFT + ACROSS / 2.0, TOP + DOWN + 29.0);
    svg += &format!("<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">{}</text>", name.with);
    for (class, points) in [("peer", &curve.peer), ("ours", &curve.ours)] {
        let places: Vec<(f64, f64)> = points.iter().map(|point| place(*point)).collect();
        let path: String = places.iter().map(|(x, y)| format!("{x:.1},{y:.1} ")).collect();
        svg += &format!("<polyline class=\"{class}\" points=\"{}\"/>", path.trim_end());
        let dot = |(x, y): &(f64, f64)| format!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>");
        svg += &places.iter().map(dot).collect::<String>();
    }
    svg
}

/// Whole powers of ten around what there is.
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let logs: Vec<f64> = values.map(f64::log10).collect();
        let low = logs.iter().copied().fold(f64::INFINITY, f64::min).floor();
        let high = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil();
        Self { low, high: high.max(low + 1.0) }
    }

    /// Where a value lies, from 0 to 1.
    fn part(&self, value: f64) -> f64 {
        ((value.log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// Powers of ten; every second one where there are many.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let step = if self.high - self.low > 4.0 { 2 } else { 1 };
        (self.low as i32..=self.high as i32).step_by(step).map(|power| 10_f64.powi(power))
    }
}

/// A power of ten with its unit, in the unit that makes it short.
fn amount(value: f64, unit: &str) -> String {
    match unit {
        "ms" if value >= 1_000.0 => format!("{} s", number(value / 1_000.0)),
        "ms" if value < 1.0 => format!("{} µs", number(value * 1_000.0)),
        "µs" if value >= 1_000_000.0 => format!("{} s", number(value / 1_000_000.0)),
        "µs" if value >= 1_000.0 => format!("{} ms", number(value / 1_000.0)),
        _ => format!("{} {unit}", number(value)),
    }
}

fn number(value: f64) -> String {
    match value {
        v if v >= 1_000.0 => format!("{}k", v / 1_000.0),
        v if v >= 1.0 => format!("{v:.0}"),
        v => short(v),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(name: &str, x: u32, ours: f64, peer: Option<f64>) -> Value {
        json!({"unit": "ms", "ours": ours, "peer": peer, "curve": {"name": name, "x": x}})
    }

    #[test]
    fn every_curve_with_points_is_a_chart() {
        let data = json!({"rows": [
            row("start", 100, 10.0, Some(3000.0)), row("start", 1000, 20.0, None), row("delivery", 1, 1.0, None),
        ]});
        let svg = draw(&data);
        assert_eq!(svg.matches("<g transform").count(), 1 + 2);
        assert_eq!(svg.matches("<circle class=\"ours\"").count(), 3);
        assert_eq!(svg.matches("<circle class=\"peer\"").count(), 1);
        assert!(svg.contains("start, slope 0.30") && svg.contains(">10 s<") && svg.contains(">1k<"), "{svg}");
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn points_stay_inside_their_chart() {
        let axis = Axis::of([3.0, 4_000.0].into_iter());
        assert_eq!((axis.low, axis.high), (0.0, 4.0));
        assert!(axis.part(3.0) > 0.0 && axis.part(4_000.0) < 1.0);
        assert_eq!(axis.ticks().count(), 5);
        let one = Axis::of([10.0].into_iter());
        assert_eq!((one.low, one.high, one.part(10.0)), (1.0, 2.0, 0.0));
    }

    #[test]
    fn nothing_is_still_a_picture() {
        assert!(draw(&json!({"rows": []})).ends_with("</svg>\n"));
    }
}
