//! What a spec may ask for, before anything is changed.

use vim25::{
    EnumType, EnumValue, MoRef, Str,
    types::{
        GuestOsDescriptorFirmwareType, LatencySensitivitySensitivityLevel, VirtualMachineConfigInfoSwapPlacementType,
        VirtualMachineConfigSpec, VirtualMachineConfigSpecEncryptedFtModes,
        VirtualMachineConfigSpecEncryptedVMotionModes, VirtualMachineFaultToleranceType, VirtualMachineFlagInfo,
        VirtualMachineFlagInfoMonitorType, VirtualMachineFlagInfoVirtualExecUsage,
        VirtualMachineFlagInfoVirtualMmuUsage, VirtualMachineHtSharing, VirtualMachinePowerOffBehavior,
        VirtualMachinePowerState,
    },
};

use crate::vm::{Context, Fault, version as versions};

/// Longest name of an entity, in characters.
const LONGEST_NAME: usize = 80;

/// A spec with what it is applied to.
pub(super) struct Change<'a> {
    pub spec: &'a VirtualMachineConfigSpec,
    pub context: &'a Context<'a>,
    pub state: &'a VirtualMachinePowerState,
    pub creating: bool,
}

impl Change<'_> {
    /// Whether the VM runs.
    pub fn on(&self) -> bool {
        *self.state == VirtualMachinePowerState::PoweredOn
    }

    /// A fault unless the VM is off: for members that only then can change.
    pub fn needs_off(&self) -> Result<(), Fault> {
        match self.state {
            VirtualMachinePowerState::PoweredOff => Ok(()),
            other => Err(Fault::invalid_power_state(Some(VirtualMachinePowerState::PoweredOff), other.clone())),
        }
    }

    /// A fault if the VM is suspended: for members that can change while it runs.
    pub fn needs_awake(&self) -> Result<(), Fault> {
        match self.state {
            VirtualMachinePowerState::Suspended => self.needs_off(),
            _ => Ok(()),
        }
    }

    /// The VM.
    pub fn vm(&self) -> &MoRef {
        self.context.vm
    }
}

/// A name that an entity can have, as it is kept: slashes escaped.
pub(super) fn name(name: &str) -> Result<Str, Fault> {
    if name.trim().is_empty() {
        return Err(Fault::invalid_name(name, "it is empty"));
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(Fault::invalid_name(name, format!("it is longer than {LONGEST_NAME} characters")));
    }
    Ok(name.replace('/', "%2f").replace('\\', "%5c").into())
}

/// The number of a hardware version that the host can run.
pub(super) fn version(key: &str, context: &Context<'_>) -> Result<u32, Fault> {
    let number = versions::number(key);
    let number = number
        .ok_or_else(|| Fault::invalid_argument("configSpec.version", format!("'{key}' is no hardware version")))?;
    let host = context.surroundings.host();
    match (versions::KNOWN.contains(&number), number <= host.newest_hardware) {
        (true, true) => Ok(number),
        (true, false) => Err(versions::not_run(key, &host)),
        (false, _) => {
            let message = format!("The operation is not supported on the object: there is no hardware version '{key}'");
            Err(Fault::not_supported(message))
        }
    }
}

/// Members that are strings and have values of an enum.
pub(super) fn words(spec: &VirtualMachineConfigSpec) -> Result<(), Fault> {
    let flags = spec.flags.as_deref();
    let flag = |member: fn(&VirtualMachineFlagInfo) -> &Option<Str>| {
        flags.and_then(|f| member(f).as_ref()).filter(|word| !word.is_empty())
    };
    let words: [(&str, Option<&Str>, &EnumType); 10] = [
        ("flags.monitorType", flag(|f| &f.monitor_type), VirtualMachineFlagInfoMonitorType::TYPE),
        ("flags.htSharing", flag(|f| &f.ht_sharing), VirtualMachineHtSharing::TYPE),
        ("flags.virtualMmuUsage", flag(|f| &f.virtual_mmu_usage), VirtualMachineFlagInfoVirtualMmuUsage::TYPE),
        ("flags.virtualExecUsage", flag(|f| &f.virtual_exec_usage), VirtualMachineFlagInfoVirtualExecUsage::TYPE),
        (
            "flags.snapshotPowerOffBehavior",
            flag(|f| &f.snapshot_power_off_behavior),
            VirtualMachinePowerOffBehavior::TYPE,
        ),
        ("flags.faultToleranceType", flag(|f| &f.fault_tolerance_type), VirtualMachineFaultToleranceType::TYPE),
        ("firmware", spec.firmware.as_ref(), GuestOsDescriptorFirmwareType::TYPE),
        ("swapPlacement", spec.swap_placement.as_ref(), VirtualMachineConfigInfoSwapPlacementType::TYPE),
        ("migrateEncryption", spec.migrate_encryption.as_ref(), VirtualMachineConfigSpecEncryptedVMotionModes::TYPE),
        ("ftEncryptionMode", spec.ft_encryption_mode.as_ref(), VirtualMachineConfigSpecEncryptedFtModes::TYPE),
    ];
    for (member, word, known) in words {
        let Some(word) = word else { continue };
        if !known.values.contains(&word.as_str()) || word == "csm" {
            return Err(Fault::invalid_argument(
                format!("configSpec.{member}"),
                format!("'{word}' is none of its values"),
            ));
        }
    }
    match spec.latency_sensitivity.as_ref().map(|l| &l.level) {
        Some(LatencySensitivitySensitivityLevel::Other_(word)) => Err(Fault::invalid_argument(
            "configSpec.latencySensitivity.level",
            format!("'{word}' is none of its values"),
        )),
        _ => Ok(()),
    }
}
