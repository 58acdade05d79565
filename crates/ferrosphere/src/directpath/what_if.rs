//! `--what-if`: facts changed by hand, to see what one change would do.

use std::str::FromStr;

use ::directpath::facts::{Driver, Interrupts, Port};
use ::directpath::{HostReason, Set};

use super::facts::Known;

/// One change of a fact, for example `memoryReservation=full`.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    key: &'static str,
    value: String,
}

/// Applies a value to the facts; false if it is none that the key has.
pub(super) type Apply = fn(&mut Known, &str) -> bool;

/// Every key with its values, and what it changes.
pub(super) const KEYS: &[(&str, &str, Apply)] = &[
    ("memoryReservation", "full or none", |known, v| either(v, "full", "none", &mut known.vm.reserved)),
    ("power", "on or off", |known, v| either(v, "on", "off", &mut known.vm.on)),
    ("uptCompatibilityEnabled", BOOL, |known, v| truth(v, &mut known.nic.upt_compatible)),
    ("uptv2Enabled", BOOL, |known, v| truth(v, &mut known.nic.uptv2)),
    ("adapter", "vmxnet3 or other", |known, v| either(v, "vmxnet3", "other", &mut known.nic.vmxnet3)),
    ("connected", BOOL, |known, v| truth(v, &mut known.nic.connected)),
    ("guest", "supported or unsupported", |known, v| either(v, "supported", "unsupported", &mut known.vm.guest)),
    ("hardware", "a version such as 20", |known, v| number(v, &mut known.vm.hardware)),
    ("driver", "none, unknown or a version such as 7", driver),
    ("interrupts", "auto, intx, msi or msix", interrupts),
    ("pxe", BOOL, |known, v| truth(v, &mut known.nic.pxe)),
    ("filter", "none or present", filter),
    ("faultTolerance", BOOL, |known, v| truth(v, &mut known.vm.fault_tolerance_or_replay)),
    ("monitor", "free or blocked", |known, v| either(v, "blocked", "free", &mut known.vm.monitor)),
    ("operation", "none or running", |known, v| either(v, "running", "none", &mut known.vm.operation)),
    ("vmci", "idle or active", |known, v| either(v, "active", "idle", &mut known.vm.vmci)),
    ("network", "allowed or standard", network),
    ("port.allowed", BOOL, |known, v| port(known, v, |port| &mut port.allowed)),
    ("switch.gen2", BOOL, |known, v| port(known, v, |port| &mut port.switch_gen2)),
    ("switch.offloaded", BOOL, |known, v| port(known, v, |port| &mut port.switch_offloaded)),
    ("uplink.gen2", BOOL, |known, v| port(known, v, |port| &mut port.uplink_gen2)),
    ("uplink.dpu", BOOL, |known, v| port(known, v, |port| &mut port.uplink_dpu)),
    ("virtualFunctions", "free or none", |known, v| either(v, "free", "none", &mut known.pools.function)),
    ("interruptVectors", "free or none", |known, v| either(v, "free", "none", &mut known.pools.vectors)),
    ("activation", "works", activation),
    ("host", "supported", host),
    ("host.gen2", BOOL, |known, v| meets(v, HostReason::IncompatibleProduct, &mut [&mut known.gen2])),
    ("host.uptv2", BOOL, |known, v| meets(v, HostReason::IncompatibleProduct, &mut [&mut known.uptv2])),
    ("host.iommu", BOOL, |known, v| {
        meets(v, HostReason::IncompatibleHardware, &mut [&mut known.gen2, &mut known.uptv2])
    }),
    ("host.dpu", BOOL, |known, v| meets(v, HostReason::IncompatibleHardware, &mut [&mut known.uptv2])),
    ("host.enabled", BOOL, |known, v| meets(v, HostReason::Disabled, &mut [&mut known.gen2, &mut known.uptv2])),
];

const BOOL: &str = "true or false";

impl Change {
    /// Reads `KEY=VALUE`.
    ///
    /// # Errors
    /// If there is no such key, or it has no such value.
    pub fn parse(text: &str) -> Result<Change, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as memoryReservation=full")?;
        let Some((key, values, apply)) = KEYS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(key)) else {
            let keys: Vec<_> = KEYS.iter().map(|(key, ..)| *key).collect();
            return Err(format!("there is no fact {key:?}; there are {}", keys.join(", ")));
        };
        if !apply(&mut Known::perfect(), value) {
            return Err(format!("{key} is {values}, not {value:?}"));
        }
        Ok(Change { key, value: value.to_owned() })
    }

    /// Changes the facts.
    pub fn apply(&self, known: &mut Known) {
        for (_, _, apply) in KEYS.iter().filter(|(key, ..)| *key == self.key) {
            apply(known, &self.value);
        }
    }

    /// The key.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The value, as it was given.
    pub fn value(&self) -> &str {
        &self.value
    }
}

fn either(value: &str, yes: &str, no: &str, place: &mut bool) -> bool {
    match value {
        _ if value == yes => *place = true,
        _ if value == no => *place = false,
        _ => return false,
    }
    true
}

fn truth(value: &str, place: &mut bool) -> bool {
    either(value, "true", "false", place)
}

fn number<N: FromStr>(value: &str, place: &mut N) -> bool {
    value.parse().map(|number| *place = number).is_ok()
}

fn driver(known: &mut Known, value: &str) -> bool {
    let mut version = 0;
    known.vm.driver = match value {
        "none" => Driver::Missing,
        "unknown" => Driver::Unknown,
        _ if number(value, &mut version) => Driver::Version(version),
        _ => return false,
    };
    true
}

fn interrupts(known: &mut Known, value: &str) -> bool {
    known.nic.interrupts = match value {
        "auto" => Interrupts::Auto,
        "intx" => Interrupts::IntX,
        "msi" => Interrupts::Msi,
        "msix" => Interrupts::MsiX,
        _ => return false,
    };
    true
}

/// The adapter's own filter, and one that the port's policy puts there.
fn filter(known: &mut Known, value: &str) -> bool {
    let known_value = either(value, "present", "none", &mut known.nic.filtered);
    if let (Some(port), "none") = (&mut known.port, value) {
        port.chain = false;
    }
    known_value
}

/// A distributed port that nothing speaks against, or none.
fn network(known: &mut Known, value: &str) -> bool {
    known.port = match value {
        "allowed" => Some(Port::default()),
        "standard" => None,
        _ => return false,
    };
    true
}

/// A fact of the port; one without a distributed port has none to change.
fn port(known: &mut Known, value: &str, place: fn(&mut Port) -> &mut bool) -> bool {
    match &mut known.port {
        Some(port) => truth(value, place(port)),
        None => truth(value, &mut false),
    }
}

fn activation(known: &mut Known, value: &str) -> bool {
    known.pools.error = None;
    value == "works"
}

/// A host that meets everything.
fn host(known: &mut Known, value: &str) -> bool {
    (known.gen2, known.uptv2) = (Set::EMPTY, Set::EMPTY);
    value == "supported"
}

/// A requirement that the host meets, or does not.
fn meets(value: &str, reason: HostReason, sets: &mut [&mut Set<HostReason>]) -> bool {
    let mut met = false;
    if !truth(value, &mut met) {
        return false;
    }
    let one = Set::EMPTY.with(reason);
    for set in sets {
        **set = if met { set.without(one) } else { set.or(one) };
    }
    true
}

#[cfg(test)]
mod tests {
    use super::super::judge::{Technology, Verdict, judge};
    use super::*;

    fn after(technology: Technology, changes: &[&str]) -> Verdict {
        let mut known = Known::perfect();
        changes.iter().for_each(|text| Change::parse(text).expect(text).apply(&mut known));
        judge(technology, &known)
    }

    fn reasons(changes: &[&str]) -> Vec<&'static str> {
        after(Technology::Gen2, changes).names()
    }

    #[test]
    fn each_key_that_breaks_something_raises_its_reason() {
        let expected = [
            ("memoryReservation=none", "vmNptInsufficientMemoryReservation"),
            ("power=off", "vmNptDisabledOrDisconnectedAdapter"),
            ("uptCompatibilityEnabled=false", "vmNptDisabledOrDisconnectedAdapter"),
            ("connected=false", "vmNptDisabledOrDisconnectedAdapter"),
            ("adapter=other", "vmNptIncompatibleAdapterType"),
            ("guest=unsupported", "vmNptIncompatibleGuest"),
            ("driver=none", "vmNptIncompatibleGuestDriver"),
            ("interrupts=intx", "vmNptIncompatibleAdapterFeatures"),
            ("pxe=true", "vmNptIncompatibleAdapterFeatures"),
            ("filter=present", "vmNptConflictingIOChainConfigured"),
            ("faultTolerance=true", "vmNptFaultToleranceOrRecordReplayConfigured"),
            ("monitor=blocked", "vmNptMonitorBlocks"),
            ("operation=running", "vmNptConflictingOperationInProgress"),
            ("vmci=active", "vmNptVMCIActive"),
            ("network=standard", "vmNptIncompatibleBackingType"),
            ("port.allowed=false", "portNptDisabledForPort"),
            ("switch.gen2=false", "portNptIncompatibleDvs"),
            ("uplink.gen2=false", "portNptNoCompatibleNics"),
            ("virtualFunctions=none", "portNptNoVirtualFunctionsAvailable"),
            ("interruptVectors=none", "vmNptOutOfIntrVector"),
            ("host.iommu=false", "hostNptIncompatibleHardware"),
            ("host.enabled=false", "hostNptDisabled"),
            ("host.gen2=false", "hostNptIncompatibleProduct"),
        ];
        assert!(after(Technology::Gen2, &[]).active);
        for (change, reason) in expected {
            assert!(reasons(&[change]).contains(&reason), "{change}: {:?}", reasons(&[change]));
        }
    }

    #[test]
    fn a_later_change_undoes_an_earlier_one() {
        assert!(reasons(&["memoryReservation=none", "memoryReservation=full"]).is_empty());
        assert!(reasons(&["network=standard", "network=allowed"]).is_empty());
        assert!(reasons(&["host.iommu=false", "host=supported"]).is_empty());
        assert!(reasons(&["interruptVectors=none", "interruptVectors=free"]).is_empty());
    }

    #[test]
    fn uptv2_has_requirements_of_its_own() {
        let upt = |change| after(Technology::Uptv2, &[change]);
        assert!(upt("uplink.gen2=false").active && upt("switch.gen2=false").active && upt("host.gen2=false").active);
        assert!(upt("driver=6").names().contains(&"vmNptIncompatibleGuestDriver"));
        assert!(upt("hardware=18").names().contains(&"vmNptIncompatibleGuest"));
        for change in ["uplink.dpu=false", "switch.offloaded=false", "host.dpu=false", "host.uptv2=false"] {
            assert!(!upt(change).active, "{change}");
        }
    }

    #[test]
    fn what_is_no_change_is_refused_with_what_there_is() {
        let refused = |text| Change::parse(text).expect_err(text);
        assert!(refused("memoryReservation").contains("KEY=VALUE"));
        assert!(refused("memory=full").contains("memoryReservation"));
        assert!(refused("memoryReservation=4096").contains("full or none"));
        assert!(refused("hardware=new").contains("such as 20"));
        assert!(refused("host=broken").contains("supported"));
    }
}
