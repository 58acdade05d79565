//! The picture for the README: how many times better each row is, on a logarithmic scale.
//!
//! It has no background and its own colours for a dark page, so it is readable on both.

use super::table::{rows, short};
use serde_json::Value;

const WIDTH: f64 = 860.0;
const NAMES: f64 = 470.0;
const LINE: f64 = 22.0;
const TOP: f64 = 44.0;

/// Draw all rows that have a ratio.
pub fn draw(data: &Value) -> String {
    let bars: Vec<(&str, f64)> =
        rows(data).filter_map(|row| Some((row["what"].as_str()?, row["ratio"].as_f64()?))).collect();
    let scale = Scale::of(bars.iter().map(|(_, ratio)| *ratio));
    let height = TOP + LINE * bars.len() as f64 + 10.0;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">
<style>text{{fill:#1f2328}}.better{{fill:#1a7f64}}.worse{{fill:#bc4c00}}line{{stroke:#59636e}}@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.better{{fill:#3fb68b}}.worse{{fill:#f0883e}}line{{stroke:#8b949e}}}}</style>
<text x="10" y="22" font-size="15" font-weight="bold">Times better than vcsim, same machine, same run (logarithmic)</text>
"#
    );
    let one = scale.x(1.0);
    svg += &format!(r#"<line x1="{one:.1}" x2="{one:.1}" y1="{TOP}" y2="{:.1}"/>"#, height - 10.0);
    for (index, (what, ratio)) in bars.iter().enumerate() {
        svg += &bar(what, *ratio, &scale, TOP + LINE * index as f64);
    }
    svg + "\n</svg>\n"
}

fn bar(what: &str, ratio: f64, scale: &Scale, y: f64) -> String {
    let (one, end) = (scale.x(1.0), scale.x(ratio));
    let (x, width) = (one.min(end), (end - one).abs().max(1.0));
    let class = if ratio >= 1.0 { "better" } else { "worse" };
    let (bar_y, text_y, names, label) = (y + 4.0, y + 15.0, NAMES - 10.0, one.max(end) + 6.0);
    format!(
        "\n<text x=\"{names:.1}\" y=\"{text_y:.1}\" text-anchor=\"end\">{}</text>\
         <rect class=\"{class}\" x=\"{x:.1}\" y=\"{bar_y:.1}\" width=\"{width:.1}\" height=\"14\"/>\
         <text x=\"{label:.1}\" y=\"{text_y:.1}\">{} ×</text>",
        escape(what),
        short(ratio)
    )
}

/// Logarithms to pixels.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// From the worst to the best ratio, and always with 1 and 10 in it.
    fn of(ratios: impl Iterator<Item = f64>) -> Self {
        let start = Self { low: 0.0, high: 1.0 };
        ratios.map(f64::log10).fold(start, |all, one| Self { low: all.low.min(one), high: all.high.max(one) })
    }

    fn x(&self, ratio: f64) -> f64 {
        NAMES + (WIDTH - NAMES - 70.0) * (ratio.log10() - self.low) / (self.high - self.low)
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_row_with_a_ratio_is_a_bar_and_others_are_not() {
        let data = json!({"rows": [
            {"what": "a < b & c", "ratio": 100.0}, {"what": "slow", "ratio": 0.5}, {"what": "alone", "ratio": null},
        ]});
        let svg = draw(&data);
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains("a &lt; b &amp; c") && svg.contains("100 ×") && svg.contains("0.50 ×"), "{svg}");
        assert_eq!((svg.matches("class=\"better\"").count(), svg.matches("class=\"worse\"").count()), (1, 1));
        assert!(!svg.contains("alone"));
        assert!(svg.contains("prefers-color-scheme:dark"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn the_scale_is_logarithmic_and_stays_inside() {
        let scale = Scale::of([0.1, 1000.0].into_iter());
        let step = scale.x(1.0) - scale.x(0.1);
        assert!((scale.x(1000.0) - scale.x(100.0) - step).abs() < 1e-6);
        assert!(scale.x(0.1) >= NAMES && scale.x(1000.0) < WIDTH);
    }

    #[test]
    fn an_empty_table_is_still_a_picture() {
        assert!(draw(&json!({"rows": []})).ends_with("</svg>\n"));
    }
}
