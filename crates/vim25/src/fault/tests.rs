use super::*;
use crate::{
    cast,
    types::{InvalidDeviceSpec, InvalidPowerState, NotFound, VirtualMachinePowerState},
};

fn of<T: DataType>(fault: &Fault) -> &T {
    cast(&**fault.fault.shared()).unwrap_or_else(|| panic!("{} is another fault", fault.name()))
}

#[test]
fn a_fault_as_a_value_carries_the_object_and_the_text() {
    let fault = Fault::new(NotFound::default(), "There is no such thing.");
    let value = fault.localized();
    assert_eq!((fault.name(), fault.to_string().as_str()), ("NotFound", "There is no such thing."));
    assert_eq!((&value.fault, value.localized_message.as_deref()), (&fault.fault, Some("There is no such thing.")));
}

#[test]
fn a_bare_fault_object_has_the_name_of_its_type_as_text() {
    let object: Obj<MethodFault> = NotFound::default().into();
    let fault = Fault::from(object.clone());
    assert_eq!((fault.message.as_str(), fault.fault), ("NotFound", object));
}

#[test]
fn what_cannot_be_decoded_is_a_fault_that_says_where() {
    let refused = |problem| Fault::from(DecodeError { path: "spec.numCPUs".into(), problem });
    let unknown = refused(Problem::UnknownType { name: "Nonsense".into() });
    assert_eq!(of::<InvalidType>(&unknown).argument.as_deref(), Some("spec.numCPUs"));
    assert!(unknown.message.contains("Nonsense"), "{unknown}");
    let large = refused(Problem::OutOfRange { expected: "int", value: "4294967296".into() });
    assert_eq!(of::<InvalidArgument>(&large).invalid_property.as_deref(), Some("spec.numCPUs"));
    assert!(large.message.contains("spec.numCPUs: 4294967296"), "{large}");
    let missing = refused(Problem::Missing { owner: "CreateFolder", field: "name" });
    assert_eq!(missing.name(), "InvalidRequest");
}

#[test]
fn a_type_that_does_not_fit_the_whole_request_names_no_argument() {
    assert_eq!(of::<InvalidType>(&Fault::invalid_type("", "no such type")).argument, None);
}

#[test]
fn a_fault_of_a_power_state_names_both_states() {
    let fault =
        Fault::invalid_power_state(Some(VirtualMachinePowerState::PoweredOn), VirtualMachinePowerState::Suspended);
    let object = of::<InvalidPowerState>(&fault);
    assert_eq!(object.requested_state, Some(VirtualMachinePowerState::PoweredOn));
    assert_eq!(object.existing_state, VirtualMachinePowerState::Suspended);
    assert!(fault.message.contains("(Suspended)"), "{fault}");
}

#[test]
fn a_fault_of_a_device_names_its_place_in_the_spec_and_repeats_the_text_inside() {
    for (property, path) in [("", "virtualDeviceSpec.device"), ("key", "virtualDeviceSpec.device.key")] {
        let fault = Fault::device_spec(3, property, "two devices have this key");
        let object = of::<InvalidDeviceSpec>(&fault);
        assert_eq!((object.device_index, object.property.as_deref()), (3, Some(path)));
        let inside = object.fault_message.iter().flatten().filter_map(|m| m.message.as_deref());
        assert_eq!(inside.collect::<Vec<_>>(), [fault.message.as_str()]);
        assert_eq!(fault.message, "Invalid configuration for device '3': two devices have this key");
    }
}
