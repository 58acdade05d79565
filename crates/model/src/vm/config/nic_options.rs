//! Options that speak of network adapters: `ethernetN.uptCompatibility` and the adapter with key 4000 + N agree in both
//! directions. An option for an adapter that there is not stays as it is.

use vim25::{
    Obj,
    types::{VirtualDevice, VirtualEthernetCard, VirtualMachineConfigInfo, VirtualVmxnet3},
};

use super::{
    checks::Change,
    extra::{flag, follow, word, words},
};
use crate::vm::{
    Fault,
    devices::{self, keys::FIRST_NIC},
};

/// Changes adapters as the options of the spec say. Runs when the devices are what the spec makes of them, so that an
/// option may speak of an adapter that the same spec adds.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    for (index, wish) in change.spec.extra_config.iter().flatten().enumerate() {
        let Some(key) = adapter(&wish.key) else { continue };
        let value = words(wish.value.as_ref(), index)?;
        to_device(config, change, key, &value)
            .map_err(|why| Fault::invalid_argument(format!("configSpec.extraConfig[{index}]"), why))?;
    }
    sync(config);
    Ok(())
}

fn to_device(
    config: &mut Obj<VirtualMachineConfigInfo>,
    change: &Change<'_>,
    key: i32,
    value: &str,
) -> Result<(), String> {
    flag(value, false)?;
    let listed = config.hardware.device.as_deref().unwrap_or_default();
    let Some(at) = listed.iter().position(|d| d.key == key && d.is::<VirtualEthernetCard>()) else { return Ok(()) };
    let wanted = flag(value, listed[at].is::<VirtualVmxnet3>())?;
    if wanted && !devices::can_be_upt_compatible(&listed[at], &change.context.surroundings.host()) {
        return Err("only a VMXNET3 adapter can be UPT compatible".into());
    }
    if compatible(&listed[at]) != Some(wanted)
        && let Some(card) = config.hardware.device.get_or_insert_default()[at].cast_mut::<VirtualEthernetCard>()
    {
        card.upt_compatibility_enabled = Some(wanted);
    }
    Ok(())
}

/// Makes the options say what the adapters say.
fn sync(config: &mut Obj<VirtualMachineConfigInfo>) {
    let devices = config.hardware.device.clone().unwrap_or_default();
    follow(config, |option| {
        let key = adapter(option)?;
        devices.iter().find(|d| d.key == key).and_then(compatible).map(word)
    });
}

fn compatible(device: &Obj<VirtualDevice>) -> Option<bool> {
    device.cast::<VirtualEthernetCard>().map(|card| card.upt_compatibility_enabled == Some(true))
}

/// The key of the adapter of which an option speaks.
fn adapter(option: &str) -> Option<i32> {
    let option = option.to_ascii_lowercase();
    let number = option.strip_prefix("ethernet")?.strip_suffix(".uptcompatibility")?;
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    number.parse::<u8>().ok().filter(|_| plain).map(|n| FIRST_NIC + i32::from(n))
}
