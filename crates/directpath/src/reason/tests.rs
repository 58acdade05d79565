use vim25::enum_type;

use super::*;

const STATE: &str = "VirtualMachineDeviceRuntimeInfoVirtualEthernetCardRuntimeStateVmDirectPathGen2InactiveReason";

/// Values, order, names and explanations of one kind.
fn check<R: Reason>(enumeration: &str) {
    let names: Vec<_> = R::ALL.iter().map(|reason| reason.name()).collect();
    assert_eq!(names, enum_type(enumeration).expect("an enumeration of the API").values);
    for (place, reason) in R::ALL.iter().enumerate() {
        assert_eq!((reason.index() as usize, R::parse(reason.name())), (place, Some(*reason)));
        let about = reason.about();
        for text in [about.meaning, about.cause, about.remedy, about.lab, about.source] {
            assert!(text.len() >= 10 && !text.contains(['|', '<', '\n']), "{reason:?} fits no table: {text:?}");
        }
        assert!(about.meaning.ends_with('.') && about.remedy.ends_with('.'), "{reason:?} is no sentence");
    }
    assert_eq!(R::parse("vmNptOfTheNextRelease"), None);
}

#[test]
fn values_and_order_are_those_of_the_api_and_every_one_is_explained() {
    check::<VmReason>(&format!("{STATE}Vm"));
    check::<OtherReason>(&format!("{STATE}Other"));
    check::<PortReason>("DVPortStatusVmDirectPathGen2InactiveReasonNetwork");
    check::<PortOther>("DVPortStatusVmDirectPathGen2InactiveReasonOther");
    check::<HostReason>("HostCapabilityVmDirectPathGen2UnsupportedReason");
}
