//! What holds for all facts.

use proptest::prelude::*;

use super::*;

/// True seven times of eight, so that what comes after an obstacle is reached.
fn good() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.875)
}

fn host_set() -> impl Strategy<Value = Set<HostReason>> {
    [good(), good(), good()].prop_map(|[product, hardware, enabled]| {
        let mut set = Set::EMPTY;
        set.put(HostReason::IncompatibleProduct, !product);
        set.put(HostReason::IncompatibleHardware, !hardware);
        set.put(HostReason::Disabled, !enabled);
        set
    })
}

fn host() -> impl Strategy<Value = Host<'static>> {
    let reporting = prop_oneof![Just(Reporting::Full), Just(Reporting::Esx)];
    let fail = prop_oneof![3 => Just(None), 1 => Just(Some(TEXT))];
    (host_set(), host_set(), fail, reporting).prop_map(|(gen2, uptv2, fail_activation, reporting)| Host {
        gen2,
        uptv2,
        fail_activation,
        reporting,
    })
}

fn port() -> impl Strategy<Value = Option<Port>> {
    let role = prop_oneof![4 => Just(PortRole::Adapter), 1 => Just(PortRole::Host)];
    let port = (role, [good(), good(), good(), good(), good(), good()]).prop_map(|(role, b)| Port {
        role,
        switch_gen2: b[0],
        switch_offloaded: b[1],
        allowed: b[2],
        uplink_gen2: b[3],
        uplink_dpu: b[4],
        chain: !b[5],
    });
    prop::option::weighted(0.8, port)
}

fn vm() -> impl Strategy<Value = Vm> {
    let driver = prop_oneof![Just(Driver::Unknown), Just(Driver::Missing), (0..9_u32).prop_map(Driver::Version)];
    let flags = [good(), good(), good(), good(), good(), good(), good()];
    (flags, 4..23_u32, driver).prop_map(|(b, hardware, driver)| Vm {
        on: b[0],
        guest: b[1],
        hardware,
        reserved: b[2],
        fault_tolerance_or_replay: !b[3],
        monitor: !b[4],
        operation: !b[5],
        vmci: !b[6],
        driver,
    })
}

fn nic() -> impl Strategy<Value = Nic> {
    let kinds = [Interrupts::Auto, Interrupts::IntX, Interrupts::Msi, Interrupts::MsiX];
    let flags = [good(), good(), good(), good(), good(), good()];
    (flags, prop::sample::select(kinds.to_vec()), any::<u16>(), any::<u16>()).prop_map(
        |(b, interrupts, tx_queues, rx_queues)| Nic {
            vmxnet3: b[0],
            connected: b[1],
            upt_compatible: b[2],
            uptv2: b[3],
            interrupts,
            tx_queues,
            rx_queues,
            pxe: !b[4],
            filtered: !b[5],
        },
    )
}

fn world() -> impl Strategy<Value = World> {
    let grant = prop_oneof![
        3 => Just(Grant::Granted),
        1 => Just(Grant::NoVirtualFunction),
        1 => Just(Grant::NoVectors),
        1 => Just(Grant::Failed(TEXT)),
    ];
    (host(), port(), vm(), nic(), grant).prop_map(|(host, port, vm, nic, grant)| World { host, port, vm, nic, grant })
}

fn technology() -> impl Strategy<Value = Technology> {
    prop_oneof![Just(Technology::Gen2), Just(Technology::Uptv2)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn an_adapter_is_active_exactly_when_there_is_no_reason_anywhere(world in world(), technology in technology()) {
        let verdict = world.judge(technology);
        prop_assert_eq!(verdict.active, !verdict.has_reasons());
        prop_assert_eq!(verdict.extended.is_some(), verdict.vm.contains(VmReason::RuntimeError));
    }

    #[test]
    fn adapter_and_port_refer_to_each_other(world in world(), technology in technology()) {
        let verdict = world.judge(technology);
        let host = !technology.host(&world.host).is_empty();
        prop_assert_eq!(verdict.other.contains(OtherReason::IncompatibleHost), host);
        let network = verdict.other.contains(OtherReason::IncompatibleNetwork);
        let Some(port) = world.port else {
            // ESX tells of nothing but the host where that stands in the way.
            prop_assert_eq!(network, !host || world.host.reporting == Reporting::Full);
            prop_assert!(verdict.network.is_empty() && verdict.port_other.is_empty());
            return Ok(());
        };
        prop_assert_eq!(network, !verdict.network.is_empty());
        prop_assert_eq!(verdict.port_other.contains(PortOther::IncompatibleHost), host);
        let connectee = !verdict.vm.is_empty() || port.role == PortRole::Host;
        prop_assert_eq!(verdict.port_other.contains(PortOther::IncompatibleConnectee), connectee);
    }

    #[test]
    fn reasons_come_in_the_order_of_the_api(world in world(), technology in technology()) {
        let verdict = world.judge(technology);
        prop_assert!(verdict.vm.iter().is_sorted() && verdict.network.iter().is_sorted());
        prop_assert!(verdict.other.iter().is_sorted() && verdict.port_other.iter().is_sorted());
    }

    #[test]
    fn esx_tells_less_but_never_something_else(world in world(), technology in technology()) {
        let telling = |reporting| World { host: Host { reporting, ..world.host }, ..world.clone() };
        let (full, esx) = (telling(Reporting::Full), telling(Reporting::Esx));
        let (full, esx) = (full.judge(technology), esx.judge(technology));
        prop_assert_eq!(full.active, esx.active);
        prop_assert!(esx.vm.without(full.vm).is_empty() && esx.other.without(full.other).is_empty());
        prop_assert!(esx.network.without(full.network).is_empty());
        prop_assert!(esx.port_other.without(full.port_other).is_empty());
    }
}
