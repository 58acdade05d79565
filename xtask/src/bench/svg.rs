//! The picture for the README: how many times better the main rows are, on a logarithmic scale.
//!
//! It has no background and its own colours for a dark page, so it is readable on both.

use super::table::{rows, short};
use serde_json::Value;

/// Colours and strokes of both pictures.
pub const STYLE: &str = "<style>\
    text{fill:#1f2328}.quiet{fill:#59636e}.better{fill:#1a7f64}.worse{fill:#bc4c00}\
    line,polyline{fill:none;stroke:#59636e}.grid{stroke:#d1d9e0}line.ours,polyline.ours{stroke:#1a7f64;stroke-width:2}\
    line.peer,polyline.peer{stroke:#bc4c00;stroke-width:2}circle.ours{fill:#1a7f64}circle.peer{fill:#bc4c00}\
    @media(prefers-color-scheme:dark){text{fill:#e6edf3}.quiet{fill:#9198a1}.better,circle.ours{fill:#3fb68b}\
    .worse,circle.peer{fill:#f0883e}line,polyline{stroke:#9198a1}.grid{stroke:#3d444d}\
    line.ours,polyline.ours{stroke:#3fb68b}line.peer,polyline.peer{stroke:#f0883e}}\
    </style>";

/// The rows that the picture shows, and what it calls them.
const SHOWN: [(&str, &str); 15] = [
    ("start of 1000 VMs", "Start of 1,000 powered-on VMs"),
    ("memory of a VM among 1000", "Memory of a VM"),
    ("read 3 properties of 2000 VMs, SOAP", "Read 3 properties of 2,000 VMs"),
    ("read everything of 2000 VMs, SOAP", "Read everything of 2,000 VMs"),
    ("memory for a reply with everything of 2000 VMs, at its peak", "Memory for that reply"),
    ("3 properties of one VM, 16 connections", "Small reads, 16 connections"),
    ("3 properties of one VM while another pulls everything of 2000 VMs, p99", "Small read beside a large one, p99"),
    ("FindByUuid among 2000 VMs, p50", "FindByUuid among 2,000 VMs"),
    ("connect over TLS, log in, log out, 4 clients", "Logins over TLS"),
    ("a change reaches 1000 waiters, p99", "A change reaches 1,000 waiters, p99"),
    ("server CPU per irrelevant change, 1000 waiters", "CPU of a change that none waits for"),
    ("power off or on, 16 clients", "Power tasks, 16 clients"),
    ("reconfigure, 16 clients", "Reconfigurations, 16 clients"),
    ("create, 16 clients", "Creations, 16 clients"),
    ("clone, 1 client", "Clones, 1 client"),
];

const WIDTH: f64 = 760.0;
const NAMES: f64 = 270.0;
const LINE: f64 = 23.0;
const TOP: f64 = 58.0;
/// Room for the number behind the longest bar
const LABEL: f64 = 60.0;

/// Draw the main rows, as far as they have a ratio.
pub fn draw(data: &Value) -> String {
    let bars: Vec<(&str, f64)> = SHOWN.iter().filter_map(|(row, name)| Some((*name, ratio(data, row)?))).collect();
    let scale = Scale::of(bars.iter().map(|(_, ratio)| *ratio));
    let bottom = TOP + LINE * bars.len() as f64;
    let height = bottom + 32.0;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12.5">
{STYLE}
<text x="10" y="22" font-size="15" font-weight="bold">How many times better than vcsim, on the same machine in the same run</text>
"#
    );
    for value in scale.ticks() {
        let (x, line) = (scale.x(value), if value == 1.0 { "one" } else { "grid" });
        svg += &format!("<line class=\"{line}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/>");
        let y = TOP - 7.0;
        svg += &format!("<text class=\"quiet\" x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{value} ×</text>");
    }
    for (index, (what, ratio)) in bars.iter().enumerate() {
        svg += &bar(what, *ratio, &scale, TOP + LINE * index as f64);
    }
    let (foot, below) = (escape(&foot(data)), bottom + 22.0);
    svg + &format!("\n<text class=\"quiet\" x=\"10\" y=\"{below}\" font-size=\"11\">{foot}</text>\n</svg>\n")
}

/// Rows that the picture would show but that have no ratio.
pub fn missing(data: &Value) -> Vec<&'static str> {
    SHOWN.iter().map(|(row, _)| *row).filter(|row| ratio(data, row).is_none()).collect()
}

fn ratio(data: &Value, what: &str) -> Option<f64> {
    rows(data).find(|row| row["what"] == what)?["ratio"].as_f64()
}

fn bar(what: &str, ratio: f64, scale: &Scale, y: f64) -> String {
    let (one, end) = (scale.x(1.0), scale.x(ratio));
    let (x, width) = (one.min(end), (end - one).abs().max(1.0));
    let class = if ratio >= 1.0 { "better" } else { "worse" };
    let (bar_y, text_y, names, label) = (y + 4.0, y + 16.0, NAMES - 12.0, one.max(end) + 6.0);
    format!(
        "\n<text x=\"{names:.1}\" y=\"{text_y:.1}\" text-anchor=\"end\">{}</text>\
         <rect class=\"{class}\" x=\"{x:.1}\" y=\"{bar_y:.1}\" width=\"{width:.1}\" height=\"15\" rx=\"2\"/>\
         <text x=\"{label:.1}\" y=\"{text_y:.1}\" font-weight=\"bold\">{} ×</text>",
        escape(what),
        short(ratio)
    )
}

/// What took part, where.
fn foot(data: &Value) -> String {
    let text = |name: &str| data["machine"][name].as_str().unwrap_or("unknown");
    format!(
        "Logarithmic. ferrosphere {} and vcsim ({}) on {}; all rows: docs/performance.md",
        text("ferrosphere"),
        text("vcsim"),
        text("processor")
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
        NAMES + (WIDTH - NAMES - LABEL) * (ratio.log10() - self.low) / (self.high - self.low)
    }

    /// Powers of ten inside.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.low.ceil() as i32..=self.high.floor() as i32).map(|power| 10_f64.powi(power))
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
    fn every_shown_row_with_a_ratio_is_a_bar_and_others_are_not() {
        let data = json!({"machine": {"processor": "a < b"}, "rows": [
            {"what": SHOWN[0].0, "ratio": 100.0}, {"what": SHOWN[1].0, "ratio": 0.5},
            {"what": SHOWN[2].0, "ratio": null}, {"what": "another", "ratio": 7.0},
        ]});
        let svg = draw(&data);
        assert_eq!(svg.matches("<rect").count(), 2);
        assert!(svg.contains(SHOWN[0].1) && svg.contains("100 ×") && svg.contains("0.50 ×"), "{svg}");
        assert_eq!((svg.matches("class=\"better\"").count(), svg.matches("class=\"worse\"").count()), (1, 1));
        assert!(!svg.contains(SHOWN[2].1) && !svg.contains("another") && svg.contains("a &lt; b"));
        assert!(svg.contains("prefers-color-scheme:dark"));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert_eq!(missing(&data).len(), SHOWN.len() - 2);
    }

    #[test]
    fn the_scale_is_logarithmic_and_stays_inside() {
        let scale = Scale::of([0.1, 1000.0].into_iter());
        let step = scale.x(1.0) - scale.x(0.1);
        assert!((scale.x(1000.0) - scale.x(100.0) - step).abs() < 1e-6);
        assert!(scale.x(0.1) >= NAMES && scale.x(1000.0) < WIDTH);
        assert_eq!(scale.ticks().collect::<Vec<_>>(), [0.1, 1.0, 10.0, 100.0, 1000.0]);
    }

    #[test]
    fn an_empty_table_is_still_a_picture() {
        assert!(draw(&json!({"rows": []})).ends_with("</svg>\n"));
    }
}
