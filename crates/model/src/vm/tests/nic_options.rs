//! `ethernetN.uptCompatibility` and the adapter agree.

use vim25::Any;

use super::*;
use crate::vm::config;

type Config = Obj<VirtualMachineConfigInfo>;
type Spec = VirtualMachineConfigSpec;

const OFF: VirtualMachinePowerState = VirtualMachinePowerState::PoweredOff;
const KEY: &str = "ethernet0.uptCompatibility";

fn options(options: &[(&str, &str)]) -> Option<Vec<Obj<OptionValue>>> {
    let option =
        |(key, value): &(&str, &str)| OptionValue { key: (*key).into(), value: Some(Any::Str((*value).into())) }.into();
    Some(options.iter().map(option).collect())
}

fn created(device: impl Extends<VirtualDevice>, given: &[(&str, &str)]) -> Result<Config, Fault> {
    let world = World::default();
    let spec = Spec::with(|s| {
        s.name = Some("vm".into());
        let path = Some("[LocalDS_0]".into());
        s.files = Some(VirtualMachineFileInfo { vm_path_name: path, ..Default::default() }.into());
        s.extra_config = options(given);
        s.device_change = Some(vec![add(device)]);
    });
    config::create(&spec, &world.context())
}

fn changed(current: &Config, fill: impl FnOnce(&mut Spec)) -> Result<Config, Fault> {
    config::reconfigure(current, &OFF, &Spec::with(fill), &World::default().context())
}

fn compatible(config: &Config) -> Option<bool> {
    let device = by_key(config.hardware.device.as_ref().unwrap(), 4000);
    device.cast::<VirtualEthernetCard>().unwrap().upt_compatibility_enabled
}

fn value(config: &Config) -> Option<String> {
    let option = config.extra_config.iter().flatten().find(|o| o.key == KEY)?;
    option.value.as_ref().and_then(Any::as_str).map(String::from)
}

fn e1000() -> VirtualE1000 {
    VirtualE1000::with(|n| n.backing = network("VM Network"))
}

#[test]
fn the_option_changes_the_adapter_even_of_the_same_spec() {
    let config = created(nic(), &[(KEY, "FALSE")]).unwrap();
    assert_eq!((compatible(&config), value(&config).as_deref()), (Some(false), Some("FALSE")));
    let config = changed(&config, |s| s.extra_config = options(&[(KEY, "true")])).unwrap();
    assert_eq!((compatible(&config), value(&config).as_deref()), (Some(true), Some("TRUE")));
    let config = changed(&config, |s| s.extra_config = options(&[(KEY, "FALSE")])).unwrap();
    let config = changed(&config, |s| s.extra_config = options(&[(KEY, "")])).unwrap();
    assert_eq!((compatible(&config), value(&config)), (Some(true), None));
}

#[test]
fn the_option_follows_the_adapter() {
    let config = created(nic(), &[(KEY, "TRUE")]).unwrap();
    let mut card = by_key(config.hardware.device.as_ref().unwrap(), 4000);
    card.cast_mut::<VirtualEthernetCard>().unwrap().upt_compatibility_enabled = Some(false);
    let config = changed(&config, |s| s.device_change = Some(vec![edit(&card)])).unwrap();
    assert_eq!((compatible(&config), value(&config).as_deref()), (Some(false), Some("FALSE")));
}

#[test]
fn an_option_that_no_adapter_can_follow_is_named() {
    let property = |outcome: Result<Config, Fault>| {
        let fault = outcome.unwrap_err().fault;
        fault.cast::<InvalidArgument>().unwrap().invalid_property.clone().unwrap().to_string()
    };
    assert_eq!(property(created(nic(), &[("a", "1"), (KEY, "maybe")])), "configSpec.extraConfig[1]");
    assert_eq!(property(created(e1000(), &[(KEY, "TRUE")])), "configSpec.extraConfig[0]");
    let config = created(e1000(), &[(KEY, "FALSE"), ("ethernet7.uptCompatibility", "TRUE")]).unwrap();
    assert_eq!(compatible(&config), Some(false), "there is no adapter 7, so that its option stays as it is");
}
