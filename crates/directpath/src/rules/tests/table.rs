//! Every reason by itself: one fact raises it, with what refers to it and nothing else, and putting the fact right
//! clears it.

use std::collections::BTreeSet;

use super::*;
use crate::Reason;

/// A fact that goes wrong, and the names that are then given: of the machine, other, of the network, port other.
struct Case {
    breaks: fn(&mut World),
    gives: [&'static [&'static str]; 4],
}

const HOST: [&[&str]; 4] = [&[], &["vmNptIncompatibleHost"], &[], &["portNptIncompatibleHost"]];

/// A reason of the machine: the port refers to it.
const fn vm(breaks: fn(&mut World), name: &'static [&'static str]) -> Case {
    Case { breaks, gives: [name, &[], &[], &["portNptIncompatibleConnectee"]] }
}

/// A reason of the port: the adapter refers to it.
const fn network(breaks: fn(&mut World), name: &'static [&'static str]) -> Case {
    Case { breaks, gives: [&[], &["vmNptIncompatibleNetwork"], name, &[]] }
}

/// Reasons that both technologies share.
fn shared() -> Vec<Case> {
    vec![
        vm(|w| w.vm.guest = false, &["vmNptIncompatibleGuest"]),
        vm(|w| w.vm.driver = Driver::Missing, &["vmNptIncompatibleGuestDriver"]),
        vm(|w| w.vm.driver = Driver::Version(0), &["vmNptIncompatibleGuestDriver"]),
        vm(|w| w.nic.vmxnet3 = false, &["vmNptIncompatibleAdapterType"]),
        vm(|w| w.nic.connected = false, &["vmNptDisabledOrDisconnectedAdapter"]),
        vm(|w| w.vm.on = false, &["vmNptDisabledOrDisconnectedAdapter"]),
        vm(|w| w.nic.interrupts = Interrupts::IntX, &["vmNptIncompatibleAdapterFeatures"]),
        vm(|w| w.nic.pxe = true, &["vmNptIncompatibleAdapterFeatures"]),
        vm(|w| w.vm.reserved = false, &["vmNptInsufficientMemoryReservation"]),
        vm(|w| w.vm.fault_tolerance_or_replay = true, &["vmNptFaultToleranceOrRecordReplayConfigured"]),
        vm(|w| w.nic.filtered = true, &["vmNptConflictingIOChainConfigured"]),
        vm(|w| port(w).chain = true, &["vmNptConflictingIOChainConfigured"]),
        vm(|w| w.vm.monitor = true, &["vmNptMonitorBlocks"]),
        vm(|w| w.vm.operation = true, &["vmNptConflictingOperationInProgress"]),
        vm(|w| w.grant = Grant::Failed(TEXT), &["vmNptRuntimeError"]),
        vm(|w| w.host.fail_activation = Some(TEXT), &["vmNptRuntimeError"]),
        vm(|w| w.grant = Grant::NoVectors, &["vmNptOutOfIntrVector"]),
        vm(|w| w.vm.vmci = true, &["vmNptVMCIActive"]),
        Case {
            breaks: |w| w.port = None,
            gives: [&["vmNptIncompatibleBackingType"], &["vmNptIncompatibleNetwork"], &[], &[]],
        },
        network(|w| w.grant = Grant::NoVirtualFunction, &["portNptNoVirtualFunctionsAvailable"]),
        Case { breaks: |w| port(w).role = PortRole::Host, gives: [&[], &[], &[], &["portNptIncompatibleConnectee"]] },
    ]
}

fn gen2() -> Vec<Case> {
    let mut cases = shared();
    cases.extend([
        vm(|w| w.nic.upt_compatible = false, &["vmNptDisabledOrDisconnectedAdapter"]),
        network(|w| port(w).switch_gen2 = false, &["portNptIncompatibleDvs"]),
        network(|w| port(w).uplink_gen2 = false, &["portNptNoCompatibleNics"]),
        network(|w| port(w).allowed = false, &["portNptDisabledForPort"]),
        Case { breaks: |w| w.host.gen2 = host_reasons(false, true, true), gives: HOST },
        Case { breaks: |w| w.host.gen2 = host_reasons(true, false, true), gives: HOST },
        Case { breaks: |w| w.host.gen2 = host_reasons(true, true, false), gives: HOST },
    ]);
    cases
}

fn uptv2() -> Vec<Case> {
    let mut cases = shared();
    cases.extend([
        vm(|w| w.vm.hardware = 19, &["vmNptIncompatibleGuest"]),
        vm(|w| w.vm.driver = Driver::Version(6), &["vmNptIncompatibleGuestDriver"]),
        vm(|w| w.nic.uptv2 = false, &["vmNptDisabledOrDisconnectedAdapter"]),
        network(|w| port(w).switch_offloaded = false, &["portNptIncompatibleDvs"]),
        network(|w| port(w).uplink_dpu = false, &["portNptNoCompatibleNics"]),
        Case { breaks: |w| w.host.uptv2 = host_reasons(false, true, true), gives: HOST },
        Case { breaks: |w| w.host.uptv2 = host_reasons(true, false, true), gives: HOST },
        Case { breaks: |w| w.host.uptv2 = host_reasons(true, true, false), gives: HOST },
    ]);
    cases
}

fn port(world: &mut World) -> &mut Port {
    world.port.as_mut().expect("the adapter is on a port")
}

fn names(verdict: &Verdict<'_>) -> [Vec<&'static str>; 4] {
    let Verdict { vm, other, network, port_other, .. } = verdict;
    [vm.names().collect(), other.names().collect(), network.names().collect(), port_other.names().collect()]
}

/// Goes through the cases under both ways of reporting, and returns every name that was given.
fn run(technology: Technology, cases: &[Case]) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    for reporting in [Reporting::Full, Reporting::Esx] {
        let mut world = World::active();
        world.host.reporting = reporting;
        assert!(world.judge(technology).active);
        for case in cases {
            let healthy = world.clone();
            (case.breaks)(&mut world);
            let verdict = world.judge(technology);
            let mut gives = case.gives.map(<[_]>::to_vec);
            if reporting == Reporting::Esx && !gives[1].is_empty() {
                // Where the network stands in the way, ESX is silent about the machine: here about the backing.
                gives[0].clear();
            }
            assert_eq!(names(&verdict), gives, "{technology:?} {reporting:?}");
            assert!(!verdict.active);
            assert_eq!(verdict.extended.is_some(), verdict.vm.contains(VmReason::RuntimeError));
            seen.extend(names(&verdict).into_iter().flatten());
            world = healthy;
            assert!(world.judge(technology).active, "the fact is right again");
        }
    }
    seen
}

fn all<R: Reason>() -> impl Iterator<Item = &'static str> {
    R::ALL.iter().map(|reason| reason.name())
}

#[test]
fn every_reason_is_raised_by_one_fact_and_cleared_by_it() {
    let seen = run(Technology::Gen2, &gen2());
    let every = all::<VmReason>().chain(all::<OtherReason>()).chain(all::<PortReason>()).chain(all::<PortOther>());
    assert_eq!(seen, every.collect());
}

#[test]
fn uptv2_is_raised_and_cleared_by_its_own_facts() {
    let seen = run(Technology::Uptv2, &uptv2());
    let mut every: BTreeSet<_> = all::<VmReason>().chain(all::<OtherReason>()).collect();
    every.extend(all::<PortReason>().chain(all::<PortOther>()));
    every.remove("portNptDisabledForPort");
    assert_eq!(seen, every, "the policy of a port speaks of Gen 2 only");
}

#[test]
fn every_reason_of_a_host_is_raised_and_cleared() {
    let given = [(false, true, true), (true, false, true), (true, true, false)].map(|(p, h, e)| host_reasons(p, h, e));
    let names: Vec<_> = given.iter().flat_map(|set| set.names()).collect();
    assert_eq!(names, all::<HostReason>().collect::<Vec<_>>());
    assert!(host_reasons(true, true, true).is_empty());
}

#[test]
fn facts_of_one_technology_are_no_obstacle_to_the_other() {
    let mut world = World::active();
    world.host.gen2 = host_reasons(false, false, false);
    world.nic.upt_compatible = false;
    *port(&mut world) = Port { switch_gen2: false, uplink_gen2: false, allowed: false, ..Port::default() };
    assert!(world.judge(Technology::Uptv2).active);

    let mut world = World::active();
    world.host.uptv2 = host_reasons(false, false, false);
    (world.nic.uptv2, world.vm.hardware, world.vm.driver) = (false, 7, Driver::Version(1));
    *port(&mut world) = Port { switch_offloaded: false, uplink_dpu: false, ..Port::default() };
    assert!(world.judge(Technology::Gen2).active);
}

#[test]
fn what_nobody_knows_about_the_driver_is_no_obstacle() {
    let mut world = World::active();
    world.vm.driver = Driver::Unknown;
    assert!(world.judge(Technology::Gen2).active && world.judge(Technology::Uptv2).active);
}

#[test]
fn the_extended_reason_is_the_text_of_the_failure() {
    let mut world = World::active();
    world.host.fail_activation = Some(TEXT);
    assert_eq!(world.judge(Technology::Gen2).extended, Some(TEXT));
    world.grant = Grant::Failed(OTHER_TEXT);
    assert_eq!(world.judge(Technology::Gen2).extended, Some(OTHER_TEXT));
    world.grant = Grant::Granted;
    world.vm.reserved = false;
    assert_eq!(world.judge(Technology::Gen2).extended, None, "nothing is tried while something is in the way");
}
