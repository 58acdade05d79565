//! `extraConfig`: merging options, and keeping those that speak of devices in agreement with the devices.

use vim25::{
    Any, Obj, Str,
    types::{OptionValue, VirtualMachineConfigInfo, VirtualMachineVMCIDevice},
};

use super::defaults::option;

/// Makes the options that repeat a fact of the VMCI device (`vmci0.id`, …) say what the device says. Options that are
/// not there stay away.
pub fn sync_vmci_options(config: &mut Obj<VirtualMachineConfigInfo>) {
    let Some(facts) = vmci_facts(config) else { return };
    let stale = |o: &Obj<OptionValue>| {
        facts.iter().any(|(key, value)| o.key.eq_ignore_ascii_case(key) && text(o) != Some(value.as_str()))
    };
    if !config.extra_config.iter().flatten().any(stale) {
        return;
    }
    for entry in config.extra_config.iter_mut().flatten() {
        if let Some((_, value)) = facts.iter().find(|(key, _)| entry.key.eq_ignore_ascii_case(key)) {
            *entry = option(entry.key.clone(), value.clone());
        }
    }
}

/// Options that repeat facts of the VMCI device, with the value that each has to have.
fn vmci_facts(config: &VirtualMachineConfigInfo) -> Option<[(&'static str, Str); 3]> {
    let devices = config.hardware.device.iter().flatten();
    let vmci = devices.into_iter().find_map(|d| d.cast::<VirtualMachineVMCIDevice>())?;
    let word = |flag: Option<bool>| Str::from(if flag == Some(true) { "TRUE" } else { "FALSE" });
    Some([
        ("vmci0.id", vmci.id.unwrap_or(-1).to_string().into()),
        ("vmci0.unrestricted", word(vmci.allow_unrestricted_communication)),
        ("vmci.filter.enable", word(vmci.filter_enable)),
    ])
}

/// The value of an option as text.
pub(crate) fn text(option: &OptionValue) -> Option<&str> {
    option.value.as_ref().and_then(Any::as_str)
}
