//! The members of a spec that are taken as they are, or laid over what is there.

use vim25::{
    Obj, Scalar,
    types::{
        VirtualMachineBootOptions, VirtualMachineBootOptionsBootableDiskDevice,
        VirtualMachineBootOptionsBootableEthernetDevice, VirtualMachineConfigInfo,
    },
};

use super::checks::{self, Change};
use crate::vm::{Fault, merge};

/// Members of one name and type in spec and config that can change at any time.
const ANY_TIME: &[&str] = &[
    "createDate",
    "locationId",
    "consolePreferences",
    "managedBy",
    "networkShaper",
    "vcpuConfig",
    "swapPlacement",
    "maxMksConnections",
    "guestAutoLockEnabled",
    "changeTrackingEnabled",
    "vAssertsEnabled",
    "latencySensitivity",
    "memoryAffinity",
    "cpuAffinity",
    "repConfig",
    "npivTemporaryDisabled",
    "npivDesiredNodeWwns",
    "npivDesiredPortWwns",
    "npivOnNonRdmDisks",
    "scheduledHardwareUpgradeInfo",
    "messageBusTunnelEnabled",
    "migrateEncryption",
    "ftEncryptionMode",
    "vmxStatsCollectionEnabled",
    "vmOpNotificationToAppEnabled",
    "vmOpNotificationTimeout",
    "deviceSwap",
    "pmemFailoverEnabled",
    "metroFtEnabled",
    "metroFtHostGroup",
    "rebootPowerOff",
];

/// The same, for a VM that is off.
const WHEN_OFF: &[&str] = &[
    "firmware",
    "nestedHVEnabled",
    "vPMCEnabled",
    "sgxInfo",
    "sevEnabled",
    "tdxEnabled",
    "sevSnpEnabled",
    "guestMonitoringModeInfo",
    "pmem",
    "deviceGroups",
    "fixedPassthruHotPlugEnabled",
];

/// Sets them all.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    checks::words(change.spec)?;
    refuse(config, change)?;
    named(config, change, ANY_TIME, false)?;
    named(config, change, WHEN_OFF, true)?;
    affinity(config, change)?;
    layered(config, change)?;
    boot(config, change)
}

/// What no simulated host can do.
fn refuse(config: &VirtualMachineConfigInfo, change: &Change<'_>) -> Result<(), Fault> {
    let refused = |why| Err(Fault::not_supported(format!("The operation is not supported on the object: {why}")));
    if change.spec.crypto.is_some() {
        return refused("no key provider is configured, so that nothing can be encrypted");
    }
    if change.spec.ft_info.is_some() && change.spec.ft_info != config.ft_info {
        return refused("Fault Tolerance is turned on by CreateSecondaryVM_Task");
    }
    Ok(())
}

fn named(
    config: &mut Obj<VirtualMachineConfigInfo>,
    change: &Change<'_>,
    names: &[&str],
    off: bool,
) -> Result<(), Fault> {
    if !merge::sets_any(change.spec, names) {
        return Ok(());
    }
    let mut new = config.clone();
    if let Some(target) = new.inner_mut() {
        merge::copy_named(target, change.spec, names);
    }
    if new == *config {
        return Ok(());
    }
    if off {
        change.needs_off()?;
    }
    *config = new;
    Ok(())
}

/// An affinity with an empty set is none.
fn affinity(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let threads = change.context.surroundings.host().cpu_threads;
    let cpus = config.cpu_affinity.as_ref().and_then(|a| a.affinity_set.as_deref()).unwrap_or_default();
    if let Some(bad) = cpus.iter().find(|n| !(0..threads).contains(*n)) {
        let why = format!("the host has no CPU {bad}");
        return Err(Fault::invalid_argument("configSpec.cpuAffinity.affinitySet", why));
    }
    let none = |a: &Option<Obj<_>>| {
        a.as_ref().is_some_and(|a: &Obj<vim25::types::VirtualMachineAffinityInfo>| {
            a.affinity_set.as_ref().is_none_or(|s| s.is_empty())
        })
    };
    if none(&config.cpu_affinity) {
        config.cpu_affinity = None;
    }
    if none(&config.memory_affinity) {
        config.memory_affinity = None;
    }
    Ok(())
}

/// Objects of which a spec may set only some members.
fn layered(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let spec = change.spec;
    if let Some(wish) = &spec.tools {
        let tools = merge::over(config.tools.as_ref(), wish);
        if config.tools.as_ref() != Some(&tools) {
            config.tools = Some(tools);
        }
    }
    if let Some(wish) = &spec.power_op_info {
        let ops = merge::over(Some(&config.default_power_ops), wish);
        if config.default_power_ops != ops {
            config.default_power_ops = ops;
        }
    }
    if let Some(wish) = &spec.flags {
        let flags = merge::over(Some(&config.flags), wish);
        if config.flags != flags {
            change.needs_awake()?;
            config.flags = flags;
        }
    }
    let hardware = [spec.virtual_ich7_m_present, spec.virtual_smc_present];
    let has = [config.hardware.virtual_ich7_m_present, config.hardware.virtual_smc_present];
    if hardware.iter().zip(&has).any(|(w, h)| w.is_some() && w != h) {
        change.needs_off()?;
        config.hardware.virtual_ich7_m_present = hardware[0].or(has[0]);
        config.hardware.virtual_smc_present = hardware[1].or(has[1]);
    }
    Ok(())
}

fn boot(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    if let Some(wish) = &change.spec.boot_options {
        let options = merge::over(config.boot_options.as_ref(), wish);
        if config.boot_options.as_ref() != Some(&options) {
            config.boot_options = Some(options);
        }
    }
    let Some(options) = config.boot_options.as_deref() else { return Ok(()) };
    for (member, delay, most) in
        [("bootDelay", options.boot_delay, 10_000), ("bootRetryDelay", options.boot_retry_delay, i64::from(i32::MAX))]
    {
        if delay.is_some_and(|d| !(0..=most).contains(&d)) {
            let why = format!("it is given in milliseconds, 0 to {most}");
            return Err(Fault::invalid_argument(format!("configSpec.bootOptions.{member}"), why));
        }
    }
    if options.efi_secure_boot_enabled == Some(true) && config.firmware.as_deref() != Some("efi") {
        let why = "only machines with EFI firmware boot securely";
        return Err(Fault::invalid_argument("configSpec.bootOptions.efiSecureBootEnabled", why));
    }
    Ok(())
}

/// The boot order names devices that there are: checked once devices are what they will be.
pub(super) fn check_boot_order(config: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    let options: Option<&VirtualMachineBootOptions> = config.boot_options.as_deref();
    for device in options.and_then(|o| o.boot_order.as_deref()).unwrap_or_default() {
        let disk = device.cast::<VirtualMachineBootOptionsBootableDiskDevice>().map(|d| d.device_key);
        let card = device.cast::<VirtualMachineBootOptionsBootableEthernetDevice>().map(|d| d.device_key);
        let Some(key) = disk.or(card) else { continue };
        if !config.hardware.device.iter().flatten().any(|d| d.key == key) {
            let why = format!("the machine has no device {key}");
            return Err(Fault::invalid_argument("configSpec.bootOptions.bootOrder", why));
        }
    }
    Ok(())
}
