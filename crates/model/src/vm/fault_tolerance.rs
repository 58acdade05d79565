//! Fault Tolerance: what a machine needs for it, what its pair of machines knows of each other, and the state that
//! follows.
//!
//! A primary and its secondary are two machines on two hosts with the same guest. What one of them is stands in its
//! `config.ftInfo`; `runtime.faultToleranceState` follows from that, from both power states and from [`Disabled`].
//!
//! Left out on purpose: whether vSphere HA protects the cluster, networks for FT logging, licences.

use vim25::{
    DataType, MoRef, MoRefs, Obj,
    mo::VirtualMachine,
    types::{
        DeviceNotSupported, FaultToleranceCannotEditMem, FaultToleranceConfigInfo, FaultTolerancePrimaryConfigInfo,
        FaultToleranceSecondaryConfigInfo, InvalidOperationOnSecondaryVm, ResourceAllocationInfo, VirtualDevice,
        VirtualDisk, VirtualDiskRawDiskMappingVer1BackingInfo, VirtualMachineConfigInfo,
        VirtualMachineFaultToleranceState as State, VirtualMachinePowerState as Power, VirtualMachineVideoCard,
        VirtualPCIPassthrough, VirtualSriovEthernetCard, VmFaultToleranceConfigIssue,
        VmFaultToleranceConfigIssueReasonForIssue as Reason,
    },
};

use super::Fault;

/// Most virtual CPUs of a machine with Fault Tolerance.
const MOST_CPUS: i32 = 8;
/// Most memory of a machine with Fault Tolerance, in MB.
const MOST_MEMORY: i32 = 128 * 1024;

/// The secondary was disabled: it stays off until it is enabled. Private state of the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disabled;

/// What a machine is in its pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// The one that clients work with, and its secondaries.
    Primary(MoRefs),
    /// The one that follows, and its primary.
    Secondary(MoRef),
}

impl Role {
    /// The role of a machine with this configuration; none without Fault Tolerance.
    pub fn of(config: &VirtualMachineConfigInfo) -> Option<Role> {
        let info = config.ft_info.as_ref()?;
        if let Some(primary) = info.cast::<FaultTolerancePrimaryConfigInfo>() {
            return Some(Role::Primary(primary.secondaries.clone()));
        }
        info.cast::<FaultToleranceSecondaryConfigInfo>().map(|secondary| Role::Secondary(secondary.primary_vm.clone()))
    }
}

/// Everything that keeps a machine from Fault Tolerance, in the order of the API's list.
pub fn issues(this: &MoRef, vm: &VirtualMachine) -> Vec<Fault> {
    let issue = |reason: Reason, why: &str| config_issue(this, vm, reason, why);
    let Some(config) = &vm.config else {
        return vec![issue(Reason::NoConfig, "it has no configuration")];
    };
    let role = Role::of(config);
    let devices = || config.hardware.device.iter().flatten();
    let mut issues = vec![];
    let mut check = |holds: bool, reason: Reason, why: &str| {
        if holds {
            issues.push(issue(reason, why));
        }
    };
    check(matches!(role, Some(Role::Primary(_))), Reason::MoreThanOneSecondary, "it has a secondary already");
    check(config.template, Reason::TemplateVm, "it is a template");
    check(vm.snapshot.is_some(), Reason::HasSnapshots, "it has snapshots");
    check(matches!(role, Some(Role::Secondary(_))), Reason::FtSecondaryVm, "it is a secondary");
    check(devices().any(has_3d), Reason::Video3dEnabled, "its video card has 3D support");
    check(devices().any(raw), Reason::HasUnsupportedDisk, "it has a disk that is a device of the storage");
    check(config.nested_hv_enabled == Some(true), Reason::HasNestedHVConfiguration, "its guest may run a hypervisor");
    check(config.hardware.num_cpu > MOST_CPUS, Reason::TooManyVCPUs, "it has more than 8 virtual CPUs");
    check(config.hardware.memory_mb > MOST_MEMORY, Reason::TooMuchMemory, "it has more than 128 GB of memory");
    issues.extend(devices().filter(|d| passed_through(d)).map(|device| device_issue(device)));
    issues
}

fn config_issue(this: &MoRef, vm: &VirtualMachine, reason: Reason, why: &str) -> Fault {
    let fault = VmFaultToleranceConfigIssue {
        reason: Some(vim25::EnumValue::as_str(&reason).to_string().into()),
        entity_name: Some(vm.name.clone()),
        entity: Some(this.clone()),
        ..Default::default()
    };
    Fault::new(fault, format!("Fault Tolerance cannot be turned on for '{}': {why}.", vm.name))
}

fn has_3d(device: &Obj<VirtualDevice>) -> bool {
    device.cast::<VirtualMachineVideoCard>().is_some_and(|card| card.enable3_d_support == Some(true))
}

fn raw(device: &Obj<VirtualDevice>) -> bool {
    device.is::<VirtualDisk>()
        && device.backing.as_ref().is_some_and(|b| b.is::<VirtualDiskRawDiskMappingVer1BackingInfo>())
}

fn passed_through(device: &Obj<VirtualDevice>) -> bool {
    device.is::<VirtualPCIPassthrough>() || device.is::<VirtualSriovEthernetCard>()
}

fn device_issue(device: &VirtualDevice) -> Fault {
    let label = device.device_info.as_ref().map(|info| info.label.clone()).unwrap_or_default();
    let message = format!("Fault Tolerance cannot be turned on: device '{label}' belongs to one host.");
    let fault = DeviceNotSupported::with(|f| {
        f.device = label;
        f.reason = Some("ft".into());
    });
    Fault::new(fault, message)
}

/// The configuration of a primary: all of its memory is reserved and nothing limits it, and stays so when Fault
/// Tolerance is turned off.
pub fn protected(config: &Obj<VirtualMachineConfigInfo>) -> Obj<VirtualMachineConfigInfo> {
    let mut new = config.clone();
    let mut memory: ResourceAllocationInfo = config.memory_allocation.as_deref().cloned().unwrap_or_default();
    memory.reservation = Some(config.hardware.memory_mb.into());
    memory.limit = Some(-1);
    new.memory_allocation = Some(memory.into());
    let mut flags = (*config.flags).clone();
    flags.fault_tolerance_type = Some("checkpointing".into());
    new.flags = flags.into();
    new
}

/// Makes a pair of two configurations: each knows both, by instance UUID and path, the primary first.
pub fn tie(
    primary: (&MoRef, &mut Obj<VirtualMachineConfigInfo>),
    secondary: (&MoRef, &mut Obj<VirtualMachineConfigInfo>),
) {
    let pair = [&*primary.1, &*secondary.1];
    let group = |role| FaultToleranceConfigInfo {
        role,
        instance_uuids: pair.iter().filter_map(|c| c.instance_uuid.clone()).collect(),
        config_paths: pair.iter().filter_map(|c| c.files.vm_path_name.clone()).collect(),
        orphaned: Some(false),
    };
    let first = FaultTolerancePrimaryConfigInfo { base: group(1), secondaries: [secondary.0.clone()].into() };
    let second = FaultToleranceSecondaryConfigInfo { base: group(2), primary_vm: primary.0.clone() };
    primary.1.ft_info = Some(first.into());
    secondary.1.ft_info = Some(second.into());
}

/// Takes a machine out of its pair.
pub fn untie(config: &mut VirtualMachineConfigInfo) {
    config.ft_info = None;
    let mut flags = (*config.flags).clone();
    flags.fault_tolerance_type = Some("unset".into());
    config.flags = flags.into();
}

/// The states of primary and secondary.
pub fn states(primary: &Power, secondary: Option<&Power>, disabled: bool) -> (State, State) {
    let runs = |power: Option<&Power>| power == Some(&Power::PoweredOn);
    match (runs(Some(primary)), runs(secondary)) {
        _ if disabled => (State::Disabled, State::Disabled),
        (true, true) => (State::Running, State::Running),
        (true, false) => (State::NeedSecondary, State::Enabled),
        (false, _) => (State::Enabled, State::Enabled),
    }
}

/// `InvalidOperationOnSecondaryVm` for a secondary: it does what its primary does.
pub fn refuse_secondary(config: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    let Some(Role::Secondary(_)) = Role::of(config) else { return Ok(()) };
    let uuid = config.instance_uuid.clone().unwrap_or_default();
    let message =
        format!("'{}' is the secondary of a machine with Fault Tolerance: work with the primary.", config.name);
    Err(Fault::new(InvalidOperationOnSecondaryVm { instance_uuid: uuid, ..Default::default() }, message))
}

/// Whether a machine of a pair can get another configuration: a secondary cannot, and a primary keeps CPUs, memory, what
/// is allocated of them, and disks.
///
/// # Errors
/// `InvalidOperationOnSecondaryVm`, `FaultToleranceCannotEditMem`, `InvalidVmConfig`.
pub fn check_change(this: &MoRef, old: &VirtualMachineConfigInfo, new: &VirtualMachineConfigInfo) -> Result<(), Fault> {
    if old == new || Role::of(old).is_none() {
        return Ok(());
    }
    refuse_secondary(old)?;
    if old.hardware.memory_mb != new.hardware.memory_mb || old.memory_allocation != new.memory_allocation {
        let message = format!("The memory of '{}' cannot be changed while Fault Tolerance is on.", old.name);
        let fault = FaultToleranceCannotEditMem { vm: this.clone(), vm_name: old.name.clone(), ..Default::default() };
        return Err(Fault::new(fault, message));
    }
    let disks = |c: &VirtualMachineConfigInfo| {
        let all = c.hardware.device.iter().flatten().filter(|d| d.is::<VirtualDisk>());
        all.map(|d| (d.key, d.backing.clone())).collect::<Vec<_>>()
    };
    let kept = match () {
        () if old.hardware.num_cpu != new.hardware.num_cpu => "hardware.numCPU",
        () if old.cpu_allocation != new.cpu_allocation => "cpuAllocation",
        () if disks(old) != disks(new) => "hardware.device",
        () => return Ok(()),
    };
    Err(Fault::vm_config(kept, "it cannot be changed while Fault Tolerance is on"))
}
