//! Every reason of the API why an adapter does not pass through: what it means, what raises it, what to do about it, and
//! how to raise it in a lab.

use std::fmt;

/// What there is to say about a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// What it means, for the person who sees it.
    pub meaning: &'static str,
    /// The condition that raises it.
    pub cause: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// How to raise it in a lab, through the public API.
    pub lab: &'static str,
    /// The property or type of the API that the condition is read from.
    pub source: &'static str,
}

/// A kind of reasons: an enumeration of the API.
pub trait Reason: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// All of them, in the order of the API.
    const ALL: &'static [Self];

    /// The name in the API, for example `vmNptVMCIActive`.
    fn name(self) -> &'static str;

    /// What there is to say about it.
    fn about(self) -> &'static About;

    /// Its place in [`Reason::ALL`].
    fn index(self) -> u32;

    /// The reason with this name.
    fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.name() == name)
    }
}

macro_rules! reasons {
    ($(#[$doc:meta])* $kind:ident { $($variant:ident = $name:literal {
        meaning: $meaning:literal, cause: $cause:literal, remedy: $remedy:literal, lab: $lab:literal, source: $source:literal $(,)?
    })* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $kind { $(#[doc = concat!("`", $name, "`: ", $meaning)] $variant),* }

        impl Reason for $kind {
            const ALL: &'static [$kind] = &[$($kind::$variant),*];

            fn name(self) -> &'static str {
                match self { $($kind::$variant => $name),* }
            }

            fn about(self) -> &'static About {
                match self { $($kind::$variant => &About {
                    meaning: $meaning, cause: $cause, remedy: $remedy, lab: $lab, source: $source,
                }),* }
            }

            fn index(self) -> u32 {
                self as u32
            }
        }
    };
}

reasons! {
    /// Reasons in the virtual machine.
    VmReason {
        IncompatibleGuest = "vmNptIncompatibleGuest" {
            meaning: "The guest operating system or the virtual hardware does not support pass-through.",
            cause: "guestId names no 64-bit Linux or Windows (otherGuest and otherGuest64 are given the benefit of the doubt), or the hardware is older than vmx-07 (vmx-20 for UPTv2)",
            remedy: "Install a supported guest and set guestId to it, or upgrade the virtual hardware.",
            lab: "ReconfigVM_Task with guestId freebsd13_64Guest, while the machine is off",
            source: "config.guestId, config.version",
        }
        IncompatibleGuestDriver = "vmNptIncompatibleGuestDriver" {
            meaning: "The guest's VMXNET3 driver is missing or too old.",
            cause: "the machine runs, and its guest reports no driver, or one below version 1 (7 for UPTv2)",
            remedy: "Boot the guest and update VMware Tools or the inbox vmxnet3 driver.",
            lab: "extraConfig lab.guest.vmxnet3.driver=none",
            source: "guest.toolsRunningStatus, extraConfig lab.guest.vmxnet3.driver",
        }
        IncompatibleAdapterType = "vmNptIncompatibleAdapterType" {
            meaning: "The adapter is of a type that cannot pass through.",
            cause: "the adapter is no VirtualVmxnet3",
            remedy: "Replace the adapter by a VMXNET3 one.",
            lab: "ReconfigVM_Task adds a VirtualE1000e in the adapter's place",
            source: "VirtualEthernetCardOption.vmDirectPathGen2Supported",
        }
        DisabledOrDisconnectedAdapter = "vmNptDisabledOrDisconnectedAdapter" {
            meaning: "The adapter is disconnected, its machine does not run, or DirectPath I/O is switched off for it.",
            cause: "the machine is not powered on, connectable.connected is false, or uptCompatibilityEnabled (uptv2Enabled for UPTv2) is not true",
            remedy: "Power the machine on, connect the adapter, and switch DirectPath I/O on in the adapter's settings.",
            lab: "ReconfigVM_Task with connectable.connected=false, or PowerOffVM_Task",
            source: "runtime.powerState, connectable.connected, uptCompatibilityEnabled",
        }
        IncompatibleAdapterFeatures = "vmNptIncompatibleAdapterFeatures" {
            meaning: "The adapter uses something that cannot pass through, such as INTx interrupts or network boot.",
            cause: "the guest runs the adapter with INTx interrupts, or the firmware boots from it over the network",
            remedy: "Let the guest use MSI or MSI-X, and wait for the network boot to end.",
            lab: "extraConfig ethernet0.lab.intrMode=intx, or ethernet0.lab.bootPhase=pxe",
            source: "extraConfig ethernetN.lab.intrMode, ethernetN.lab.bootPhase",
        }
        IncompatibleBackingType = "vmNptIncompatibleBackingType" {
            meaning: "The adapter is not connected to a distributed port.",
            cause: "the backing is no DistributedVirtualPortBackingInfo",
            remedy: "Move the adapter to a port group of a distributed switch.",
            lab: "ReconfigVM_Task moves the adapter to VM Network",
            source: "VirtualEthernetCard.backing",
        }
        InsufficientMemoryReservation = "vmNptInsufficientMemoryReservation" {
            meaning: "Not all of the machine's memory is reserved.",
            cause: "memoryReservationLockedToMax is not true, and memoryAllocation.reservation is below the memory size",
            remedy: "Reserve all guest memory (lock the reservation to the memory size).",
            lab: "ReconfigVM_Task with memoryReservationLockedToMax=false and memoryAllocation.reservation=0",
            source: "config.memoryReservationLockedToMax, config.memoryAllocation.reservation",
        }
        FaultToleranceOrRecordReplayConfigured = "vmNptFaultToleranceOrRecordReplayConfigured" {
            meaning: "Fault Tolerance or Record & Replay is configured.",
            cause: "config.ftInfo is set, faultToleranceState is not notConfigured, or recording is enabled",
            remedy: "Turn Fault Tolerance and recording off.",
            lab: "CreateSecondaryVM_Task; TurnOffFaultToleranceForVM_Task clears it",
            source: "config.ftInfo, runtime.faultToleranceState, runtime.recordReplayState",
        }
        ConflictingIoChainConfigured = "vmNptConflictingIOChainConfigured" {
            meaning: "Something on the network path has to see the adapter's packets, such as a DVFilter.",
            cause: "the adapter has a DVFilter, or its port has a filter policy with rules, traffic shaping, or is mirrored",
            remedy: "Remove the filter, the port's traffic rules, shaping or mirroring session.",
            lab: "extraConfig ethernet0.filter1.name=dvfilter-test",
            source: "extraConfig ethernetN.filterM.name, DVPortSetting.filterPolicy, in- and outShapingPolicy, vspanSession",
        }
        MonitorBlocks = "vmNptMonitorBlocks" {
            meaning: "The virtual machine monitor does something for which it has to see all of the guest.",
            cause: "flags.runWithDebugInfo is set, flags.monitorType is not release, or nested virtualization is enabled",
            remedy: "Switch debugging and nested virtualization off and restart the machine.",
            lab: "ReconfigVM_Task with flags.runWithDebugInfo=true, or nestedHVEnabled=true",
            source: "config.flags, config.nestedHVEnabled",
        }
        ConflictingOperationInProgress = "vmNptConflictingOperationInProgress" {
            meaning: "An operation is under way during which the adapter does not pass through.",
            cause: "the machine is being suspended, migrated, reverted, saved with its memory, or its adapters are changed",
            remedy: "Wait until the operation has ended.",
            lab: "serve --task-delay SuspendVM_Task:2000, then SuspendVM_Task",
            source: "the task under way",
        }
        RuntimeError = "vmNptRuntimeError" {
            meaning: "The platform failed to activate pass-through, typically for lack of a resource.",
            cause: "the hardware refused the activation; the extended reason says how",
            remedy: "Read the extended reason and the host's log, and try again.",
            lab: "host option Lab.Npt.FailActivation=TEXT",
            source: "vmDirectPathGen2InactiveReasonExtended",
        }
        OutOfIntrVector = "vmNptOutOfIntrVector" {
            meaning: "The host has no interrupt vectors left.",
            cause: "the adapter's queues need more interrupt vectors than the host has free",
            remedy: "Use fewer queues, or MSI instead of MSI-X, or move machines to another host.",
            lab: "host option Lab.IntrVectors.Total=0",
            source: "host option Lab.IntrVectors.Total, extraConfig ethernetN.lab.txQueues and rxQueues",
        }
        VmciActive = "vmNptVMCIActive" {
            meaning: "Programs in the guest use VMCI, which pass-through excludes.",
            cause: "a VMCI endpoint beyond those of the tools was opened since the machine was started",
            remedy: "End the programs that use VMCI and restart the machine; a VMCI firewall rule that denies them keeps it from coming back.",
            lab: "serve --vmci-dir DIR, then a program opens a VMCI socket of the machine",
            source: "the machine's VMCI sockets",
        }
    }
}

reasons! {
    /// Reasons outside of the virtual machine.
    OtherReason {
        IncompatibleHost = "vmNptIncompatibleHost" {
            meaning: "The host does not support pass-through.",
            cause: "the host gives reasons of its own",
            remedy: "See vmDirectPathGen2UnsupportedReason of the host's capability.",
            lab: "host option Lab.Iommu=false",
            source: "HostCapability.vmDirectPathGen2Supported",
        }
        IncompatibleNetwork = "vmNptIncompatibleNetwork" {
            meaning: "The network does not support pass-through.",
            cause: "the adapter is not connected to a distributed port, or its port gives reasons of its own",
            remedy: "Connect the adapter to a distributed port; see vmDirectPathGen2InactiveReasonNetwork of the port.",
            lab: "ReconfigureDVPortgroup_Task with vmDirectPathGen2Allowed=false",
            source: "DVPortStatus.vmDirectPathGen2InactiveReasonNetwork",
        }
    }
}

reasons! {
    /// Reasons of a distributed port in the network.
    PortReason {
        IncompatibleDvs = "portNptIncompatibleDvs" {
            meaning: "The distributed switch does not support pass-through.",
            cause: "featuresSupported.vmDirectPathGen2Supported of the switch is not true (for UPTv2: the switch is not offloaded on the host)",
            remedy: "Upgrade the switch, or set the capability with UpdateDvsCapability.",
            lab: "UpdateDvsCapability with vmDirectPathGen2Supported=false",
            source: "DVSFeatureCapability.vmDirectPathGen2Supported, HostProxySwitch.networkOffloadingEnabled",
        }
        NoCompatibleNics = "portNptNoCompatibleNics" {
            meaning: "No uplink of the port can pass adapters through.",
            cause: "no active or standby uplink of the port's teaming is a physical NIC in upt mode (for UPTv2: of a data processing unit)",
            remedy: "Give the switch an uplink with a suitable NIC, or change the port's teaming.",
            lab: "host option Lab.Pnic.vmnicN.NptMode=none for every uplink",
            source: "PhysicalNic.vmDirectPathGen2Supported, teaming order",
        }
        NoVirtualFunctionsAvailable = "portNptNoVirtualFunctionsAvailable" {
            meaning: "All virtual functions of the port's uplinks are in use.",
            cause: "other adapters hold every virtual function of the uplinks",
            remedy: "Free a virtual function or configure more of them.",
            lab: "host option Lab.Pnic.vmnicN.VirtualFunctions=0 for every uplink",
            source: "host option Lab.Pnic.vmnicN.VirtualFunctions",
        }
        DisabledForPort = "portNptDisabledForPort" {
            meaning: "The port's policy does not allow pass-through.",
            cause: "vmDirectPathGen2Allowed is false for the port, or for its port group or switch where the port inherits",
            remedy: "Set vmDirectPathGen2Allowed to true on the port or port group.",
            lab: "ReconfigureDVPort_Task with vmDirectPathGen2Allowed=false",
            source: "DVPortSetting.vmDirectPathGen2Allowed",
        }
    }
}

reasons! {
    /// Reasons of a distributed port outside of the network.
    PortOther {
        IncompatibleHost = "portNptIncompatibleHost" {
            meaning: "The host of the port does not support pass-through.",
            cause: "the host gives reasons of its own",
            remedy: "See vmDirectPathGen2UnsupportedReason of the host's capability.",
            lab: "host option Lab.Npt.Enabled=false",
            source: "HostCapability.vmDirectPathGen2Supported",
        }
        IncompatibleConnectee = "portNptIncompatibleConnectee" {
            meaning: "What is connected to the port cannot pass through.",
            cause: "the adapter gives reasons of its own, or the port connects a physical NIC or an interface of the host",
            remedy: "See vmDirectPathGen2InactiveReasonVm of the adapter.",
            lab: "any reason of the virtual machine; uplink ports always have it",
            source: "DistributedVirtualPort.connectee",
        }
    }
}

reasons! {
    /// Reasons of a host.
    HostReason {
        IncompatibleProduct = "hostNptIncompatibleProduct" {
            meaning: "The host's software does not support pass-through.",
            cause: "ESX is older than 4.1, or 8.0 and newer, where VMDirectPath Gen 2 is gone",
            remedy: "Use a version from 4.1 to 7.0; on 8.0 and newer use UPTv2 instead.",
            lab: "serve --host-profile esxi-8.0",
            source: "config.product.version",
        }
        IncompatibleHardware = "hostNptIncompatibleHardware" {
            meaning: "The host's hardware does not support pass-through.",
            cause: "there is no IOMMU (Intel VT-d, AMD-Vi), or it is switched off (for UPTv2: there is no data processing unit)",
            remedy: "Enable the IOMMU in the firmware.",
            lab: "host option Lab.Iommu=false",
            source: "host option Lab.Iommu, PhysicalNic.dpuId",
        }
        Disabled = "hostNptDisabled" {
            meaning: "Pass-through is switched off on the host.",
            cause: "the administrator disabled it",
            remedy: "Enable it again in the host's advanced settings.",
            lab: "host option Lab.Npt.Enabled=false",
            source: "host option Lab.Npt.Enabled",
        }
    }
}

#[cfg(test)]
mod tests;
