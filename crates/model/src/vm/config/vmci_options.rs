//! Options that speak of the VMCI device: they and the device agree in both directions.
//!
//! Setting an option changes the device, removing it gives the device its default back, and options that are there
//! follow the device. Options that are not there stay away.

use vim25::{
    Obj, Str,
    types::{VirtualDevicePciBusSlotInfo, VirtualMachineConfigInfo, VirtualMachineVMCIDevice},
};

use super::{
    checks::Change,
    extra::{flag, follow, word},
};
use crate::vm::hardware::VMCI_ID_UNASSIGNED;

const PRESENT: &str = "vmci0.present";
const CONTEXT_ID: &str = "vmci0.id";
const UNRESTRICTED: &str = "vmci0.unrestricted";
const FILTER: &str = "vmci.filter.enable";
const SLOT: &str = "vmci0.pciSlotNumber";
const ALL: [&str; 5] = [PRESENT, CONTEXT_ID, UNRESTRICTED, FILTER, SLOT];

/// Changes the device as an option says that is set, or removed (an empty `value`); tells why it cannot be.
pub(super) fn to_device(
    config: &mut Obj<VirtualMachineConfigInfo>,
    change: &Change<'_>,
    key: &str,
    value: &str,
) -> Result<(), String> {
    let Some(member) = ALL.into_iter().find(|known| key.eq_ignore_ascii_case(known)) else { return Ok(()) };
    let devices = config.hardware.device.as_deref().unwrap_or_default();
    let found = devices.iter().enumerate().find_map(|(at, d)| Some((at, d.cast::<VirtualMachineVMCIDevice>()?)));
    let Some((at, old)) = found else { return check_absent(member, value) };
    let mut new = old.clone();
    match member {
        PRESENT if !flag(value, true)? => return Err("every virtual machine keeps its VMCI device".into()),
        // While the VM runs it keeps the id that it has.
        CONTEXT_ID => new.id = Some(context_id(value)?).filter(|_| !change.on()).or(old.id),
        UNRESTRICTED => new.allow_unrestricted_communication = Some(flag(value, false)?),
        FILTER => new.filter_enable = Some(flag(value, true)?),
        SLOT => check_slot(old, value)?,
        _ => {}
    }
    if new != *old {
        let devices = config.hardware.device.get_or_insert_default();
        devices[at] = new.into();
    }
    Ok(())
}

/// A machine without the device (its hardware is older than that) can have no options for it that say otherwise.
fn check_absent(member: &str, value: &str) -> Result<(), String> {
    match member {
        PRESENT if flag(value, false)? => Err("hardware older than vmx-07 has no VMCI device".into()),
        _ => Ok(()),
    }
}

/// A context id in one of its two forms, signed or unsigned, as the API has it; -1 for none.
fn context_id(value: &str) -> Result<i64, String> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(VMCI_ID_UNASSIGNED);
    }
    let number: Option<i64> = value.parse().ok();
    let bits = number.and_then(|n| i32::try_from(n).map(|n| n as u32).ok().or_else(|| u32::try_from(n).ok()));
    match bits {
        Some(bits) if bits > 15 => Ok(i64::from(bits as i32)),
        _ => Err(format!("'{value}' is no VMCI context id: a number of 32 bits, not 0 to 15")),
    }
}

/// The slot is the server's to give; a client may repeat it.
fn check_slot(device: &VirtualMachineVMCIDevice, value: &str) -> Result<(), String> {
    match slot(device) {
        Some(slot) if !value.is_empty() && value.trim() != slot.to_string() => {
            Err(format!("the VMCI device sits in slot {slot} and stays there"))
        }
        _ => Ok(()),
    }
}

fn slot(device: &VirtualMachineVMCIDevice) -> Option<i32> {
    device.slot_info.as_ref()?.cast::<VirtualDevicePciBusSlotInfo>().map(|s| s.pci_slot_number)
}

/// Makes the options that repeat a fact of the device say what the device says.
pub fn sync(config: &mut Obj<VirtualMachineConfigInfo>) {
    let speaks_of_it = |key: &str| ALL.iter().any(|known| key.eq_ignore_ascii_case(known));
    if !config.extra_config.iter().flatten().any(|option| speaks_of_it(&option.key)) {
        return;
    }
    let facts = facts(config);
    follow(config, |key| {
        facts.iter().find(|(known, _)| key.eq_ignore_ascii_case(known)).map(|(_, value)| value.clone())
    });
}

/// Options that repeat facts of the device, with the value that each has to have; none without a device.
fn facts(config: &VirtualMachineConfigInfo) -> Vec<(&'static str, Str)> {
    let mut devices = config.hardware.device.iter().flatten();
    let Some(vmci) = devices.find_map(|d| d.cast::<VirtualMachineVMCIDevice>()) else { return vec![] };
    let mut facts = vec![
        (PRESENT, word(true)),
        (CONTEXT_ID, vmci.id.unwrap_or(VMCI_ID_UNASSIGNED).to_string().into()),
        (UNRESTRICTED, word(vmci.allow_unrestricted_communication == Some(true))),
        (FILTER, word(vmci.filter_enable == Some(true))),
    ];
    facts.extend(slot(vmci).map(|slot| (SLOT, slot.to_string().into())));
    facts
}
