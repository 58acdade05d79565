mod golden;
mod laws;
mod table;

use super::*;

/// Facts that own what they need.
#[derive(Clone, Debug, Default)]
struct World {
    host: Host<'static>,
    port: Option<Port>,
    vm: Vm,
    nic: Nic,
    grant: Grant<'static>,
}

impl World {
    /// Nothing is in the way.
    fn active() -> World {
        World { port: Some(Port::default()), ..World::default() }
    }

    fn judge(&self, technology: Technology) -> Verdict<'_> {
        let World { host, port, vm, nic, grant } = self;
        judge(technology, &Facts { host, port: port.as_ref(), vm, nic, grant: *grant })
    }
}

const TEXT: &str = "no room in the filter table";
const OTHER_TEXT: &str = "the platform lost the function";

#[test]
fn vectors_follow_the_kind_of_interrupt_and_the_queues() {
    let need = |interrupts, tx_queues, rx_queues| demand(&Nic { interrupts, tx_queues, rx_queues, ..Nic::default() });
    assert_eq!(need(Interrupts::Msi, 8, 8), 1);
    assert_eq!(need(Interrupts::MsiX, 4, 4), 9);
    assert_eq!(need(Interrupts::Auto, 8, 16), 25, "the table is just large enough");
    assert_eq!(need(Interrupts::Auto, 16, 9), 17, "queues share where it is not");
    assert_eq!(need(Interrupts::MsiX, u16::MAX, u16::MAX), 65_536);
}

#[test]
fn software_that_does_not_know_it_is_the_only_reason_of_a_host() {
    use HostReason::{Disabled, IncompatibleHardware, IncompatibleProduct};
    assert_eq!(host_reasons(false, false, false), Set::EMPTY.with(IncompatibleProduct));
    assert_eq!(host_reasons(true, false, false), Set::EMPTY.with(IncompatibleHardware).with(Disabled));
    assert_eq!(host_reasons(true, true, false), Set::EMPTY.with(Disabled));
    assert_eq!(host_reasons(true, true, true), Set::EMPTY);
}

#[test]
fn an_adapter_that_does_not_ask_for_uptv2_has_no_verdict_of_it() {
    let ask = |vmxnet3, uptv2| Technology::Uptv2.applies(&Nic { vmxnet3, uptv2, ..Nic::default() });
    assert_eq!([ask(true, true), ask(true, false), ask(false, true)], [true, false, false]);
    assert!(Technology::Gen2.applies(&Nic { vmxnet3: false, upt_compatible: false, uptv2: false, ..Nic::default() }));
}
