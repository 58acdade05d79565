//! How something grows: the points of curves in the data file, and their slopes.

use super::table::{rows, short};
use serde_json::Value;

/// Where growth begins to show: below, what every world has is most of it.
const FROM: f64 = 1_000.0;

/// The points of one curve, both servers', in order.
#[derive(Debug, Default, PartialEq)]
pub struct Curve {
    /// What a point is of
    pub unit: String,
    /// Ours
    pub ours: Vec<(f64, f64)>,
    /// The peer's
    pub peer: Vec<(f64, f64)>,
}

/// A curve, as the page names it.
pub struct Name {
    /// Its name in the data file
    pub key: &'static str,
    /// What grows
    pub title: &'static str,
    /// With what
    pub with: &'static str,
}

/// Every curve.
pub const CURVES: [Name; 10] = [
    Name { key: "start", title: "start", with: "VMs" },
    Name { key: "memory", title: "memory after the start", with: "VMs" },
    Name { key: "read", title: "read 3 properties of all", with: "VMs" },
    Name { key: "news", title: "a change reaches its waiter", with: "VMs" },
    Name { key: "power", title: "CPU of a power task", with: "VMs" },
    Name { key: "reconfigure", title: "CPU of a reconfiguration", with: "VMs" },
    Name { key: "create", title: "CPU of a creation", with: "VMs" },
    Name { key: "delivery", title: "a change reaches all, p99", with: "waiters" },
    Name { key: "told", title: "CPU of a change told to all", with: "waiters" },
    Name { key: "untold", title: "CPU of a change told to none", with: "waiters" },
];

/// The points of a curve.
pub fn curve(data: &Value, key: &str) -> Curve {
    let mut curve = Curve::default();
    for row in rows(data).filter(|row| row["curve"]["name"] == key) {
        curve.unit = row["unit"].as_str().unwrap_or_default().to_owned();
        let Some(x) = row["curve"]["x"].as_f64() else { continue };
        let positive = |side: &str| row[side].as_f64().filter(|y| *y > 0.0).map(|y| (x, y));
        curve.ours.extend(positive("ours"));
        curve.peer.extend(positive("peer"));
    }
    curve.ours.sort_by(|a, b| a.0.total_cmp(&b.0));
    curve.peer.sort_by(|a, b| a.0.total_cmp(&b.0));
    curve
}

/// The slope of points on logarithmic axes, by least squares: 1 is twice as much for twice as many. Points of 1,000 and
/// more count, or all if these are too few; the range comes with it.
pub fn slope(points: &[(f64, f64)]) -> Option<(f64, f64, f64)> {
    let large: Vec<_> = points.iter().copied().filter(|(x, _)| *x >= FROM).collect();
    let points = if large.len() > 1 { &large[..] } else { points };
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let (mean_x, mean_y) =
        (logs.iter().map(|p| p.0).sum::<f64>() / count, logs.iter().map(|p| p.1).sum::<f64>() / count);
    let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let both: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = both / spread;
    slope.is_finite().then(|| (slope, points[0].0, points[points.len() - 1].0))
}

/// Two digits of a slope, and no sign before nothing.
pub fn rounded(slope: f64) -> String {
    let text = format!("{slope:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// A table of all slopes; nothing if nothing grew.
pub fn markdown(data: &Value) -> String {
    let line = |name: &Name| {
        let curve = curve(data, name.key);
        let cell = |points: &[(f64, f64)]| {
            slope(points).map_or("–".to_owned(), |(slope, from, to)| format!("{} ({from} to {to})", rounded(slope)))
        };
        let at = |points: &[(f64, f64)]| {
            points.last().map_or("–".to_owned(), |(x, y)| format!("{} {} at {x}", short(*y), curve.unit))
        };
        let (ours, peer) = (&curve.ours, &curve.peer);
        let Name { title, with, .. } = name;
        let text = format!("| {title} | {with} | {} | {} | {} | {} |\n", cell(ours), at(ours), cell(peer), at(peer));
        (!ours.is_empty()).then_some(text)
    };
    let lines: String = CURVES.iter().filter_map(line).collect();
    if lines.is_empty() {
        return lines;
    }
    format!(
        "Slopes on logarithmic axes: 0 does not grow, 1 grows as much as what it grows with.\n\n\
         | what grows | with | ferrosphere: slope | the largest | vcsim: slope | the largest |\n\
         |---|---|---|---|---|---|\n{lines}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_slope_is_the_exponent_of_the_large_ones() {
        let points = [(10.0, 500.0), (1_000.0, 2.0), (10_000.0, 200.0), (100_000.0, 20_000.0)];
        let (slope, from, to) = slope(&points).unwrap();
        assert!((slope - 2.0).abs() < 1e-9, "{slope}");
        assert_eq!((from, to), (1_000.0, 100_000.0));
    }

    #[test]
    fn nothing_has_no_sign() {
        assert_eq!([-0.001, 0.001, -0.01, 1.0].map(rounded), ["0.00", "0.00", "-0.01", "1.00"]);
    }

    #[test]
    fn few_points_count_all_and_one_has_no_slope() {
        let (flat, from, _) = slope(&[(1.0, 3.0), (10.0, 3.0), (1_000.0, 3.0)]).unwrap();
        assert!(flat.abs() < 1e-9);
        assert_eq!(from, 1.0);
        assert_eq!(slope(&[(1.0, 3.0)]), None);
        assert_eq!(slope(&[]), None);
    }

    #[test]
    fn the_page_names_the_slopes_of_both() {
        let row = |x: u32, ours: f64, peer: Value| json!({"unit": "ms", "ours": ours, "peer": peer, "curve": {"name": "start", "x": x}});
        let data = json!({"rows": [row(10_000, 100.0, Value::Null), row(1_000, 10.0, json!(9000.0))]});
        let text = markdown(&data);
        assert!(
            text.contains("| start | VMs | 1.00 (1000 to 10000) | 100 ms at 10000 | – | 9000 ms at 1000 |"),
            "{text}"
        );
        assert_eq!(markdown(&json!({"rows": []})), "");
    }

    #[test]
    fn what_is_not_above_zero_is_no_point() {
        let data = json!({"rows": [{"unit": "ms", "ours": 0.0, "peer": -1.0, "curve": {"name": "start", "x": 1}}]});
        let curve = curve(&data, "start");
        assert!(curve.ours.is_empty() && curve.peer.is_empty());
    }
}
