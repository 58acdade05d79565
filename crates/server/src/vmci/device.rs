//! A machine's VMCI device, as plain values.

use std::collections::BTreeSet;

use ::vmci::{
    Cid, Port,
    filter::{Action, Direction, Protocol, Rule},
};
use vim25::{
    Any, mo,
    types::{VirtualMachineConfigInfo, VirtualMachineVMCIDevice, VirtualMachineVMCIDeviceFilterSpec},
};

/// Setting of a machine that keeps machines apart from those with another one.
const DOMAIN: &str = "vmci0.domain";
/// Setting of a machine: names of the services that it was granted, separated by commas.
const GRANTS: &str = "vmci0.services";

/// A machine's VMCI device and what else its configuration says about VMCI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The context id; none before the first start.
    pub cid: Option<Cid>,
    /// `allowUnrestrictedCommunication`.
    pub unrestricted: bool,
    /// `vmci0.domain`.
    pub domain: String,
    /// The services that it was granted.
    pub grants: BTreeSet<String>,
    /// `filterEnable`.
    pub filter_enable: bool,
    /// The firewall's rules.
    pub rules: Vec<Rule>,
}

impl Device {
    /// The device of a machine, if it has one.
    pub fn of(vm: &mo::VirtualMachine) -> Option<Device> {
        let config = vm.config.as_deref()?;
        let device = device(config)?;
        let filters = device.filter_info.as_ref().and_then(|info| info.filters.as_deref()).unwrap_or_default();
        Some(Device {
            cid: device.id.and_then(|id| Cid::from_api(id).ok()).filter(|cid| cid.is_vm()),
            unrestricted: device.allow_unrestricted_communication == Some(true),
            domain: option(config, DOMAIN).unwrap_or_default().to_owned(),
            grants: names(option(config, GRANTS).unwrap_or_default()),
            filter_enable: device.filter_enable == Some(true),
            rules: filters.iter().filter_map(|spec| rule(spec)).collect(),
        })
    }
}

/// Whether the two differ in their firewall. Cheap if they share their configuration.
pub fn same_firewall(old: &mo::VirtualMachine, new: &mo::VirtualMachine) -> bool {
    let (Some(old), Some(new)) = (&old.config, &new.config) else { return true };
    if old.same(new) {
        return true;
    }
    let (Some(old), Some(new)) = (device(old), device(new)) else { return true };
    (old.filter_enable, &old.filter_info) == (new.filter_enable, &new.filter_info)
}

fn device(config: &VirtualMachineConfigInfo) -> Option<&VirtualMachineVMCIDevice> {
    config.hardware.device.iter().flatten().find_map(|device| device.cast())
}

fn option<'c>(config: &'c VirtualMachineConfigInfo, key: &str) -> Option<&'c str> {
    let option = config.extra_config.iter().flatten().find(|option| option.key.eq_ignore_ascii_case(key))?;
    match &option.value {
        Some(Any::Str(text)) => Some(text),
        _ => None,
    }
}

fn names(list: &str) -> BTreeSet<String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A rule of the API; none if it holds words or ports that are none, which the API refuses.
fn rule(spec: &VirtualMachineVMCIDeviceFilterSpec) -> Option<Rule> {
    let action = match spec.action.as_str() {
        "allow" => Action::Allow,
        "deny" => Action::Deny,
        _ => return None,
    };
    let port = |number: Option<i64>| match number {
        None => Some(None),
        Some(number) => u32::try_from(number).ok().and_then(Port::new).map(Some),
    };
    Some(Rule {
        rank: spec.rank,
        action,
        protocol: Protocol::named(&spec.protocol),
        direction: Direction::named(&spec.direction),
        lower: port(spec.lower_dst_port_boundary)?,
        upper: port(spec.upper_dst_port_boundary)?,
    })
}

#[cfg(test)]
mod tests {
    use vim25::types::VirtualMachineVMCIDeviceFilterInfo;
    use vim25::{DataType, Obj, types::OptionValue};

    use super::*;

    fn machine(device: VirtualMachineVMCIDevice, options: &[(&'static str, &'static str)]) -> mo::VirtualMachine {
        let option = |(key, value): &(&'static str, &'static str)| {
            Obj::from(OptionValue { key: (*key).into(), value: Some(Any::Str((*value).into())) })
        };
        let config = VirtualMachineConfigInfo::with(|c| {
            c.hardware.device = Some(vec![device.into()]);
            c.extra_config = Some(options.iter().map(option).collect());
        });
        mo::VirtualMachine { config: Some(config.into()), ..Default::default() }
    }

    fn spec(protocol: &'static str, direction: &'static str) -> Obj<VirtualMachineVMCIDeviceFilterSpec> {
        VirtualMachineVMCIDeviceFilterSpec {
            rank: 7,
            action: "deny".into(),
            protocol: protocol.into(),
            direction: direction.into(),
            lower_dst_port_boundary: Some(1024),
            upper_dst_port_boundary: None,
        }
        .into()
    }

    #[test]
    fn a_device_is_read_with_its_rules_and_settings() {
        let rules = vec![spec("stream", "host"), spec("anyProtocol", "anyDirection")];
        let device = VirtualMachineVMCIDevice::with(|d| {
            d.id = Some(-16);
            d.filter_enable = Some(true);
            d.allow_unrestricted_communication = Some(true);
            d.filter_info = Some(VirtualMachineVMCIDeviceFilterInfo { filters: Some(rules) }.into());
        });
        let vm = machine(device, &[("vmci0.domain", "red"), ("vmci0.services", "guard, backup,")]);
        let read = Device::of(&vm).unwrap();
        assert_eq!((read.cid, read.unrestricted, read.filter_enable), (Some(Cid::new(0xFFFF_FFF0)), true, true));
        assert_eq!((read.domain.as_str(), read.grants.len()), ("red", 2));
        let first = Rule {
            protocol: Some(Protocol::Stream),
            direction: Some(Direction::Host),
            lower: Port::new(1024),
            ..Rule::any(7, Action::Deny)
        };
        assert_eq!(read.rules, [first, Rule { protocol: None, direction: None, ..first }]);
    }

    #[test]
    fn a_machine_that_never_ran_has_no_context_id() {
        let device = VirtualMachineVMCIDevice::with(|d| d.id = Some(-1));
        assert_eq!(Device::of(&machine(device, &[])).unwrap().cid, None);
    }

    #[test]
    fn only_the_firewall_counts_as_a_change_of_it() {
        let with = |enable, id| {
            machine(
                VirtualMachineVMCIDevice::with(|d| {
                    d.filter_enable = Some(enable);
                    d.id = Some(id);
                }),
                &[],
            )
        };
        assert!(same_firewall(&with(true, 5), &with(true, 6)));
        assert!(!same_firewall(&with(true, 5), &with(false, 5)));
    }
}
