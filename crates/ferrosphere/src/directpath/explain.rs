//! What a reason means and what to do, the most useful first.

use std::collections::HashMap;

use super::judge::about;
use super::report::{Adapter, Finding};

/// Reasons by what there is to do about them: first what takes a click and no downtime, then what takes the machine or
/// the network down, then what only passes by itself or takes other hardware. Reasons that only point to others are
/// last.
const ORDER: &[&str] = &[
    "vmNptDisabledOrDisconnectedAdapter",
    "vmNptInsufficientMemoryReservation",
    "portNptDisabledForPort",
    "vmNptIncompatibleBackingType",
    "hostNptDisabled",
    "vmNptIncompatibleAdapterFeatures",
    "vmNptConflictingIOChainConfigured",
    "vmNptIncompatibleGuestDriver",
    "vmNptIncompatibleAdapterType",
    "vmNptVMCIActive",
    "vmNptMonitorBlocks",
    "vmNptFaultToleranceOrRecordReplayConfigured",
    "vmNptOutOfIntrVector",
    "portNptNoVirtualFunctionsAvailable",
    "portNptIncompatibleDvs",
    "vmNptConflictingOperationInProgress",
    "vmNptRuntimeError",
    "vmNptIncompatibleGuest",
    "portNptNoCompatibleNics",
    "hostNptIncompatibleHardware",
    "hostNptIncompatibleProduct",
    "portNptIncompatibleConnectee",
    "portNptIncompatibleHost",
    "vmNptIncompatibleNetwork",
    "vmNptIncompatibleHost",
];

/// The place of a reason among all, by what there is to do about it. One that nobody knows is the last.
pub fn rank(reason: &str) -> usize {
    ORDER.iter().position(|known| *known == reason).unwrap_or(ORDER.len())
}

/// A reason with everything it holds for.
#[derive(Debug, PartialEq)]
pub struct Explanation<'a> {
    /// Its name in the API.
    pub name: &'a str,
    /// When it holds.
    pub meaning: &'static str,
    /// What helps.
    pub remedy: &'static str,
    /// Where it holds: machine and adapter, and the values there.
    pub cases: Vec<Case<'a>>,
}

/// An adapter for which a reason holds.
#[derive(Debug, PartialEq)]
pub struct Case<'a> {
    /// Machine and adapter.
    pub adapter: &'a Adapter,
    /// The values behind it.
    pub detail: Option<&'a str>,
    /// Whether the server reports it, and not only the rules.
    pub reported: bool,
}

const UNKNOWN: &str = "This client does not know the reason.";
const LOOK_UP: &str = "Look it up in the documentation of the server's version.";

/// Every reason that holds for adapters that ask to pass through and do not, the most useful first. A reason that only
/// points to others is left out where those are there.
pub fn explanations(adapters: &[Adapter]) -> Vec<Explanation<'_>> {
    let mut found: HashMap<&str, Explanation<'_>> = HashMap::new();
    for adapter in adapters.iter().filter(|adapter| adapter.state.is_wanting()) {
        for report in adapter.reports.iter().filter(|report| report.requested) {
            let all = || report.reported.iter().chain(&report.remaining);
            let reported = report.reported.len();
            for (place, finding) in all().enumerate().filter(|(_, finding)| !is_pointer(finding, all())) {
                let explanation = found.entry(&finding.name).or_insert_with(|| explanation(&finding.name));
                if explanation.cases.last().is_none_or(|case| !std::ptr::eq(case.adapter, adapter)) {
                    let case = Case { adapter, detail: finding.detail.as_deref(), reported: place < reported };
                    explanation.cases.push(case);
                }
            }
        }
    }
    let mut all: Vec<_> = found.into_values().collect();
    all.sort_by_key(|explanation| (rank(explanation.name), explanation.name));
    all
}

fn explanation(name: &str) -> Explanation<'_> {
    let (meaning, remedy) = about(name).map_or((UNKNOWN, LOOK_UP), |about| (about.meaning, about.remedy));
    Explanation { name, meaning, remedy, cases: Vec::new() }
}

/// Whether a reason only says where to look, and the reasons there are known.
fn is_pointer<'f>(finding: &Finding, mut all: impl Iterator<Item = &'f Finding>) -> bool {
    let others: &[&str] = match finding.name.as_str() {
        "vmNptIncompatibleNetwork" => &["portNpt", "vmNptIncompatibleBackingType"],
        "vmNptIncompatibleHost" => &["hostNpt"],
        _ => return false,
    };
    all.any(|other| others.iter().any(|start| other.name.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::super::judge::all_reasons;
    use super::*;

    #[test]
    fn every_reason_of_the_api_has_its_place_and_a_text() {
        let all = all_reasons();
        for name in &all {
            assert!(rank(name) < ORDER.len(), "{name} has no place");
            assert!(!about(name).expect(name).remedy.is_empty());
        }
        assert_eq!(ORDER.len(), all.len());
    }

    #[test]
    fn a_reason_that_only_points_gives_way_to_what_it_points_to() {
        let finding = |name: &str| Finding { name: name.to_owned(), detail: None };
        let network = finding("vmNptIncompatibleNetwork");
        let port = finding("portNptDisabledForPort");
        assert!(is_pointer(&network, [&network, &port].into_iter()));
        assert!(!is_pointer(&network, [&network].into_iter()));
        assert!(!is_pointer(&port, [&network, &port].into_iter()));
    }
}
