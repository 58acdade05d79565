//! The report for programs. Its shape is documented in docs/guide.md and only grows.

use serde_json::{Value, json};

use ::client::Client;

use super::explain::rank;
use super::judge::about;
use super::report::{Adapter, Finding, Report, State};

/// The whole report.
pub fn document(client: &Client, adapters: &[Adapter], notes: &[String]) -> Value {
    let count = |name: &str| adapters.iter().filter(|adapter| adapter.state.name() == name).count();
    json!({
        "server": {
            "url": client.address().to_string(),
            "name": client.about().full_name.as_str(),
            "apiVersion": client.about().api_version.as_str(),
            "spoken": client.version().label(),
        },
        "summary": {
            "adapters": adapters.len(),
            "active": count("active"),
            "inactive": count("inactive"),
            "notRequested": count("notRequested"),
            "unknown": count("unknown"),
        },
        "adapters": adapters.iter().map(adapter).collect::<Vec<_>>(),
        "notes": notes,
    })
}

/// One adapter.
pub fn adapter(adapter: &Adapter) -> Value {
    let way = match adapter.state {
        State::Active(technology) => Some(key(technology)),
        _ => None,
    };
    let mut value = json!({
        "vm": {"id": adapter.vm_id, "name": adapter.vm, "powerState": adapter.power},
        "key": adapter.key,
        "label": adapter.label,
        "type": adapter.kind,
        "macAddress": adapter.mac,
        "network": {
            "kind": adapter.network.kind,
            "name": adapter.network.name,
            "switch": adapter.network.switch,
            "port": adapter.network.port,
        },
        "host": adapter.host.as_ref().map(|(id, name)| json!({"id": id, "name": name})),
        "state": adapter.state.name(),
        "activeBy": way,
        "uptv2": null,
    });
    for part in &adapter.reports {
        value[key(part.technology)] = report(part);
    }
    value
}

fn key(technology: super::judge::Technology) -> &'static str {
    match technology {
        super::judge::Technology::Gen2 => "gen2",
        super::judge::Technology::Uptv2 => "uptv2",
    }
}

fn report(report: &Report) -> Value {
    json!({
        "requested": report.requested,
        "active": report.active,
        "reasons": findings(&report.reported),
        "extended": report.extended,
        "wouldRemain": findings(&report.remaining),
        "whatIf": report.then.as_ref().map(|then| json!({"active": then.active, "reasons": then.reasons})),
    })
}

/// Reasons, the one that is most worth doing something about first.
fn findings(findings: &[Finding]) -> Vec<Value> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| rank(&finding.name));
    let tell = |finding: &Finding| {
        let about = about(&finding.name);
        json!({
            "reason": finding.name,
            "detail": finding.detail,
            "meaning": about.map(|about| about.meaning),
            "remedy": about.map(|about| about.remedy),
        })
    };
    sorted.into_iter().map(tell).collect()
}

/// An adapter that is gone, in the output of `--watch`.
pub fn gone(adapter: &Adapter) -> Value {
    json!({"vm": {"id": adapter.vm_id, "name": adapter.vm}, "key": adapter.key, "label": adapter.label, "state": "gone"})
}
