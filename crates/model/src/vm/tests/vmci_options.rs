//! Options of `extraConfig` that speak of the VMCI device, and edits of the device in every power state.

use vim25::{Any, EnumValue};

use super::*;
use crate::vm::config;

type Config = Obj<VirtualMachineConfigInfo>;
type Spec = VirtualMachineConfigSpec;

const OFF: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOff;
const ON: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOn;
const SUSPENDED: VirtualMachinePowerState = VirtualMachinePowerState::Suspended;

fn created(version: &str) -> Config {
    let world = World::default();
    let spec = Spec::with(|s| {
        s.name = Some("vm".into());
        s.version = Some(version.into());
        let path = Some("[LocalDS_0]".into());
        s.files = Some(VirtualMachineFileInfo { vm_path_name: path, ..Default::default() }.into());
    });
    config::create(&spec, &world.context()).unwrap()
}

fn changed(current: &Config, state: VirtualMachinePowerState, fill: impl FnOnce(&mut Spec)) -> Result<Config, Fault> {
    let world = World::default();
    config::reconfigure(current, &state, &Spec::with(fill), &world.context())
}

fn set(current: &Config, state: VirtualMachinePowerState, options: &[(&str, &str)]) -> Result<Config, Fault> {
    let option = |(key, value): &(&str, &str)| {
        Obj::from(OptionValue { key: (*key).into(), value: Some(Any::Str((*value).into())) })
    };
    changed(current, state, |s| s.extra_config = Some(options.iter().map(option).collect()))
}

fn vmci(config: &Config) -> VirtualMachineVMCIDevice {
    by_key(config.hardware.device.as_ref().unwrap(), 12000).cast::<VirtualMachineVMCIDevice>().unwrap().clone()
}

fn value<'a>(config: &'a Config, key: &str) -> Option<&'a str> {
    config.extra_config.iter().flatten().find(|o| o.key == key)?.value.as_ref().and_then(Any::as_str)
}

fn edits(fill: impl FnOnce(&mut VirtualMachineVMCIDevice)) -> impl FnOnce(&mut Spec) {
    let device = VirtualMachineVMCIDevice::with(|d| {
        d.key = 12000;
        fill(d);
    });
    move |s| s.device_change = Some(vec![edit(&device.into())])
}

#[test]
fn a_removed_option_gives_the_device_its_default_back() {
    let given = [("vmci0.id", "4711"), ("vmci0.unrestricted", "yes"), ("vmci.filter.enable", "0")];
    let config = set(&created("vmx-21"), OFF, &given).unwrap();
    let of = |c: &Config| (vmci(c).id, vmci(c).allow_unrestricted_communication, vmci(c).filter_enable);
    assert_eq!(of(&config), (Some(4711), Some(true), Some(false)));
    assert_eq!(value(&config, "vmci0.unrestricted"), Some("TRUE"), "options read as a vmx file has them");
    let removed = given.map(|(key, _)| (key, ""));
    let config = set(&config, OFF, &removed).unwrap();
    assert_eq!(of(&config), (Some(-1), Some(false), Some(true)));
    assert!(removed.iter().all(|(key, _)| value(&config, key).is_none()));
}

#[test]
fn options_follow_the_device_and_those_that_are_not_there_stay_away() {
    let config = set(&created("vmx-21"), OFF, &[("vmci.filter.enable", "TRUE")]).unwrap();
    let both = edits(|d| {
        d.filter_enable = Some(false);
        d.allow_unrestricted_communication = Some(true);
    });
    let config = changed(&config, OFF, both).unwrap();
    assert_eq!((value(&config, "vmci.filter.enable"), value(&config, "vmci0.unrestricted")), (Some("FALSE"), None));
}

#[test]
fn a_value_that_the_device_cannot_have_is_named_by_its_place() {
    let bad = [
        ("vmci0.id", "2"),
        ("vmci0.id", "9223372036854775808"),
        ("vmci0.id", "many"),
        ("vmci0.unrestricted", "maybe"),
        ("VMCI.filter.enable", "2"),
        ("vmci0.present", "FALSE"),
    ];
    let config = created("vmx-21");
    for option in bad {
        let fault = set(&config, OFF, &[("a", "1"), option]).unwrap_err();
        let argument = fault.fault.cast::<InvalidArgument>().unwrap();
        assert_eq!(argument.invalid_property.as_deref(), Some("configSpec.extraConfig[1]"), "{option:?}");
    }
    assert!(set(&config, OFF, &[("vmci0.present", "TRUE"), ("vmci0.domain", "lab")]).is_ok());
}

#[test]
fn hardware_without_the_device_has_no_use_for_its_options() {
    let old = created("vmx-04");
    assert!(set(&old, OFF, &[("vmci0.present", "TRUE")]).is_err());
    let kept = set(&old, OFF, &[("vmci0.id", "4711"), ("vmci0.present", "FALSE")]).unwrap();
    assert_eq!(value(&kept, "vmci0.id"), Some("4711"));
    let upgraded = changed(&kept, OFF, |s| s.version = Some("vmx-21".into())).unwrap();
    assert_eq!((vmci(&upgraded).id, value(&upgraded, "vmci0.id")), (Some(-1), Some("-1")), "the new device decides");
    assert_eq!(value(&upgraded, "vmci0.present"), Some("TRUE"));
}

#[test]
fn filters_are_edited_in_every_power_state_and_nothing_else_is() {
    for state in [OFF, ON, SUSPENDED] {
        let config = changed(&created("vmx-21"), state.clone(), edits(|d| d.filter_enable = Some(false))).unwrap();
        assert_eq!(vmci(&config).filter_enable, Some(false), "{}", state.as_str());
    }
    let fault = changed(&created("vmx-21"), SUSPENDED, |s| {
        edits(|d| d.filter_enable = Some(false))(s);
        s.device_change.get_or_insert_default().push(add(nic()));
    });
    assert_eq!(fault.unwrap_err().name(), "InvalidPowerState");
}
