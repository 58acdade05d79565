//! What real hosts have been seen to say.

use super::*;

fn esx(gen2: Set<HostReason>) -> World {
    World { host: Host { gen2, reporting: Reporting::Esx, ..Host::default() }, ..World::active() }
}

/// A machine and a network that nobody prepared.
fn plain(world: World) -> World {
    let vm = Vm { guest: false, reserved: false, hardware: 8, ..world.vm };
    let port = world.port.map(|port| Port { switch_gen2: false, uplink_gen2: false, ..port });
    World { vm, port, ..world }
}

#[test]
fn g1_a_host_without_support_is_all_that_is_said_of_a_running_machine() {
    let incompatible = Set::EMPTY.with(HostReason::IncompatibleHardware);
    for port in [None, Some(Port::default())] {
        let world = plain(World { port, ..esx(incompatible) });
        let verdict = world.judge(Technology::Gen2);
        assert_eq!(verdict.other, Set::EMPTY.with(OtherReason::IncompatibleHost));
        assert!(!verdict.active && verdict.vm.is_empty() && verdict.extended.is_none());
    }
}

#[test]
fn g2_an_e1000_on_a_standard_switch_of_a_machine_that_is_off() {
    let world = plain(esx(Set::EMPTY));
    let vm = Vm { on: false, ..world.vm };
    let nic = Nic { vmxnet3: false, connected: false, upt_compatible: false, uptv2: false, ..world.nic };
    let world = World { port: None, vm, nic, ..world };
    let verdict = world.judge(Technology::Gen2);
    let names: Vec<_> = verdict.vm.names().collect();
    assert_eq!(names, ["vmNptIncompatibleAdapterType", "vmNptDisabledOrDisconnectedAdapter"]);
    assert_eq!(verdict.other, Set::EMPTY.with(OtherReason::IncompatibleNetwork));
    assert!(!verdict.active && verdict.extended.is_none());
}

#[test]
fn g3_a_running_machine_on_a_network_without_support_is_told_no_more_than_that() {
    let standard = World { port: None, ..plain(esx(Set::EMPTY)) };
    for world in [standard, plain(esx(Set::EMPTY))] {
        let verdict = world.judge(Technology::Gen2);
        assert_eq!(verdict.other, Set::EMPTY.with(OtherReason::IncompatibleNetwork));
        assert!(!verdict.active && verdict.vm.is_empty() && verdict.extended.is_none());
    }
}

#[test]
fn g4_the_port_of_an_uplink_has_an_incompatible_connectee_and_no_reasons_of_the_network() {
    for reporting in [Reporting::Esx, Reporting::Full] {
        let mut world = esx(Set::EMPTY);
        world.host.reporting = reporting;
        let port =
            Port { role: PortRole::Host, switch_gen2: false, uplink_gen2: false, allowed: false, ..Port::default() };
        world.port = Some(port);
        let verdict = world.judge(Technology::Gen2);
        assert_eq!(verdict.port_other, Set::EMPTY.with(PortOther::IncompatibleConnectee));
        assert!(!verdict.active && verdict.network.is_empty());
    }
}
