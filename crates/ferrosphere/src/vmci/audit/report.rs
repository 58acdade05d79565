//! What an audit found, for people and for programs.

use std::io::{self, Write};

use serde_json::{Value, json};
use vmci::audit::{Finding, Severity};

use super::{Judged, fix::fix};

/// Every machine with its findings.
pub fn json(judged: &[Judged]) -> Value {
    let machines: Vec<Value> = judged.iter().map(machine).collect();
    json!({ "machines": machines })
}

fn machine(of: &Judged) -> Value {
    let findings: Vec<Value> = of.findings.iter().map(|found| finding(of, found)).collect();
    json!({ "vm": of.machine.id.as_str(), "name": of.name.as_str(), "host": of.host.as_deref(), "findings": findings })
}

fn finding(of: &Judged, found: &Finding) -> Value {
    let fix = fix(of, found);
    json!({
        "finding": found.name(),
        "severity": found.severity().name(),
        "rank": found.rank(),
        "text": found.to_string(),
        "fix": { "govc": fix.govc, "powercli": fix.powercli },
    })
}

/// The machines with findings, the worst finding first, and how many there are of each severity.
pub fn text(judged: &[Judged], out: &mut impl Write) -> io::Result<()> {
    for of in judged.iter().filter(|of| !of.findings.is_empty()) {
        let host = of.host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
        writeln!(out, "{} ({}){host}", of.name, of.machine.id)?;
        let mut findings: Vec<&Finding> = of.findings.iter().collect();
        findings.sort_by_key(|found| std::cmp::Reverse(found.severity()));
        for found in findings {
            let fix = fix(of, found);
            writeln!(out, "  {:<6} {found}", found.severity().name())?;
            writeln!(out, "         {}", fix.govc.unwrap_or(fix.powercli))?;
        }
    }
    let count = |severity| judged.iter().flat_map(|of| &of.findings).filter(|f| f.severity() == severity).count();
    let counts = [Severity::High, Severity::Medium, Severity::Low, Severity::Info]
        .map(|severity| format!("{} {}", count(severity), severity.name()));
    writeln!(out, "{} machines: {}", judged.len(), counts.join(", "))
}

#[cfg(test)]
mod tests {
    use vim25::MoRef;

    use super::*;

    #[test]
    fn the_worst_comes_first_with_its_fix() {
        let judged = Judged {
            machine: MoRef::new("VirtualMachine", "vm-21"),
            name: "web".into(),
            host: Some("esx-1".into()),
            findings: vec![Finding::NoRules, Finding::Unrestricted],
            highest_rank: 0,
        };
        let mut out = Vec::new();
        text(std::slice::from_ref(&judged), &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = page.lines().collect();
        assert_eq!(lines[0], "web (vm-21) on esx-1");
        assert!(
            lines[1].starts_with("  high ")
                && lines[2].contains("govc vm.change -vm 'web' -e vmci0.unrestricted=FALSE")
        );
        assert_eq!(lines.last(), Some(&"1 machines: 1 high, 0 medium, 0 low, 1 info"));
        assert_eq!(json(&[judged])["machines"][0]["findings"][1]["severity"], "high");
    }
}
