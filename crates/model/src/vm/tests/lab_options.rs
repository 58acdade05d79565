//! Options of the lab: known keys with values that they can have.

use vim25::Any;

use super::*;
use crate::vm::config;

fn created(options: &[(&str, Any)]) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    let world = World::default();
    let spec = VirtualMachineConfigSpec::with(|s| {
        s.name = Some("vm".into());
        let path = Some("[LocalDS_0]".into());
        s.files = Some(VirtualMachineFileInfo { vm_path_name: path, ..Default::default() }.into());
        let option = |(key, value): &(&str, Any)| OptionValue { key: (*key).into(), value: Some(value.clone()) }.into();
        s.extra_config = Some(options.iter().map(option).collect());
    });
    config::create(&spec, &world.context())
}

fn text(value: &str) -> Any {
    Any::Str(value.into())
}

#[test]
fn options_of_the_lab_are_kept_and_others_are_free() {
    let good = [
        ("lab.guest.vmxnet3.driver", text("7")),
        ("lab.guest.vmxnet3.driver", Any::Int(7)),
        ("ethernet0.lab.intrMode", text("msi")),
        ("ethernet7.lab.txQueues", Any::Int(32)),
        ("ethernet0.lab.bootPhase", text("")),
        ("ethernet0.filter0.name", text("dvfilter-generic")),
        ("Ethernet0.Lab.intrMode", text("msi")),
        ("laboratory", text("anything")),
        ("guestinfo.lab.x", text("anything")),
    ];
    for option in good {
        created(std::slice::from_ref(&option)).unwrap_or_else(|fault| panic!("{option:?}: {fault}"));
    }
}

#[test]
fn what_the_lab_does_not_know_is_named_by_its_place() {
    let bad = [
        ("lab.guest.vmxnet3.driver", text("new")),
        ("lab.gravity", text("1")),
        ("LAB.gravity", text("7")),
        ("ethernet0.lab.intrMode", text("loud")),
        ("Ethernet0.Lab.intrMode", text("loud")),
        ("ethernet0.lab.rxQueues", Any::Int(0)),
        ("ethernet0.lab.rxQueues", Any::Long(1 << 40)),
        ("ethernet.lab.txQueues", text("1")),
    ];
    for option in bad {
        let fault = created(&[("a", text("1")), option.clone()]).expect_err(option.0);
        let argument = fault.fault.cast::<InvalidArgument>().unwrap();
        assert_eq!(argument.invalid_property.as_deref(), Some("configSpec.extraConfig[1]"), "{option:?}");
    }
}
