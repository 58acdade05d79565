//! `extraConfig`: merging options, and keeping those that speak of the VMCI device in agreement with the device.

use vim25::{
    Any, Obj, Str, Value,
    types::{OptionValue, VirtualMachineConfigInfo, VirtualMachineVMCIDevice},
};

use super::{checks::Change, defaults::option};
use crate::vm::Fault;

const CONTEXT_ID: &str = "vmci0.id";
const UNRESTRICTED: &str = "vmci0.unrestricted";
const FILTER: &str = "vmci.filter.enable";

/// Merges the options of a spec: a new value replaces an old one, an empty one removes the option.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let Some(wishes) = change.spec.extra_config.as_ref().filter(|w| !w.is_empty()) else { return Ok(()) };
    let mut options = config.extra_config.clone().unwrap_or_default();
    for (index, wish) in wishes.iter().enumerate() {
        if wish.key.trim().is_empty() {
            return Err(Fault::argument(format!("configSpec.extraConfig[{index}].key"), "it is empty"));
        }
        let value = words(wish.value.as_ref(), index)?;
        put(&mut options, &wish.key, &value);
        if !value.is_empty() {
            to_device(config, change, &wish.key, &value)?;
        }
    }
    if config.extra_config.as_ref() != Some(&options) {
        change.needs_awake()?;
        config.extra_config = Some(options);
    }
    Ok(())
}

fn put(options: &mut Vec<Obj<OptionValue>>, key: &str, value: &str) {
    let at = options.iter().position(|o| o.key.eq_ignore_ascii_case(key));
    match (at, value) {
        (Some(at), "") => {
            options.remove(at);
        }
        (None, "") => {}
        (Some(at), value) if text(&options[at]) == Some(value) => {}
        (Some(at), value) => options[at] = option(key, value),
        (None, value) => options.push(option(key, value)),
    }
}

/// A value as the text that a vmx file would hold.
fn words(value: Option<&Any>, index: usize) -> Result<Str, Fault> {
    Ok(match value {
        None => Str::default(),
        Some(Any::Bool(flag)) => if *flag { "TRUE" } else { "FALSE" }.into(),
        Some(Any::Str(text) | Any::Uri(text) | Any::Enum(_, text)) => text.clone(),
        Some(number @ (Any::Byte(_) | Any::Short(_) | Any::Int(_) | Any::Long(_) | Any::Float(_) | Any::Double(_))) => {
            format!("{:?}", number.read()).into()
        }
        Some(_) => {
            return Err(Fault::argument(format!("configSpec.extraConfig[{index}].value"), "it is no plain value"));
        }
    })
}

/// Options that are facts of the VMCI device change the device.
fn to_device(
    config: &mut Obj<VirtualMachineConfigInfo>,
    change: &Change<'_>,
    key: &str,
    value: &str,
) -> Result<(), Fault> {
    let member = [CONTEXT_ID, UNRESTRICTED, FILTER].into_iter().find(|known| key.eq_ignore_ascii_case(known));
    let Some(member) = member else { return Ok(()) };
    let flag = value.eq_ignore_ascii_case("true");
    let id = match member {
        CONTEXT_ID => Some(context_id(value)?),
        _ => None,
    };
    let devices = config.hardware.device.as_deref().unwrap_or_default();
    let Some(at) = devices.iter().position(|d| d.is::<VirtualMachineVMCIDevice>()) else { return Ok(()) };
    let devices = config.hardware.device.get_or_insert_default();
    let Some(vmci) = devices[at].cast_mut::<VirtualMachineVMCIDevice>() else { return Ok(()) };
    match member {
        // While the VM runs it keeps the id that it has.
        CONTEXT_ID if change.on() => {}
        CONTEXT_ID => vmci.id = id,
        UNRESTRICTED => vmci.allow_unrestricted_communication = Some(flag),
        _ => vmci.filter_enable = Some(flag),
    }
    Ok(())
}

fn context_id(value: &str) -> Result<i64, Fault> {
    let number: Option<i64> = value.trim().parse().ok();
    let bits = number.and_then(|n| i32::try_from(n).map(|n| n as u32).ok().or_else(|| u32::try_from(n).ok()));
    match bits {
        Some(bits) if bits > 15 => Ok(i64::from(bits as i32)),
        _ => {
            let why = format!("'{value}' is no VMCI context id: a number of 32 bits, not 0 to 15");
            Err(Fault::argument(format!("configSpec.extraConfig[\"{CONTEXT_ID}\"]"), why))
        }
    }
}

/// Makes the options that repeat a fact of the VMCI device say what the device says. Options that are not there stay
/// away.
pub fn sync_vmci_options(config: &mut Obj<VirtualMachineConfigInfo>) {
    let Some(facts) = vmci_facts(config) else { return };
    let fact = |o: &OptionValue| facts.iter().find(|(key, _)| o.key.eq_ignore_ascii_case(key)).map(|(_, value)| value);
    let stale = |o: &Obj<OptionValue>| fact(o).is_some_and(|value| text(o) != Some(value.as_str()));
    let options = config.extra_config.as_deref().unwrap_or_default();
    let changed: Vec<usize> = (0..options.len()).filter(|at| stale(&options[*at])).collect();
    for at in changed {
        let entry = &config.extra_config.as_deref().unwrap_or_default()[at];
        let new = fact(entry).map(|value| option(entry.key.clone(), value.clone()));
        if let (Some(new), Some(options)) = (new, &mut config.extra_config) {
            options[at] = new;
        }
    }
}

/// Options that repeat facts of the VMCI device, with the value that each has to have.
fn vmci_facts(config: &VirtualMachineConfigInfo) -> Option<[(&'static str, Str); 3]> {
    let mut devices = config.hardware.device.iter().flatten();
    let vmci = devices.find_map(|d| d.cast::<VirtualMachineVMCIDevice>())?;
    let word = |flag: Option<bool>| Str::from(if flag == Some(true) { "TRUE" } else { "FALSE" });
    Some([
        (CONTEXT_ID, vmci.id.unwrap_or(-1).to_string().into()),
        (UNRESTRICTED, word(vmci.allow_unrestricted_communication)),
        (FILTER, word(vmci.filter_enable)),
    ])
}

/// The value of an option as text.
fn text(option: &OptionValue) -> Option<&str> {
    option.value.as_ref().and_then(Any::as_str)
}
