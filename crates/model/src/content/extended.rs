//! Events that have no type of their own: `EventEx` with an id.

use vim25::{DataType, Obj, Str, types::EventDescriptionEventDetail};

use crate::kit::text;

/// An event that is known by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extended {
    /// `eventTypeId`.
    pub id: &'static str,
    /// `severity`, which is also its category.
    pub severity: &'static str,
    /// What it says, as a label.
    pub label: &'static str,
}

/// A virtual network adapter bypasses the hypervisor: VMDirectPath Gen 2 became active.
pub const ENTERED_PASSTHROUGH: Extended = Extended {
    id: "com.vmware.vc.npt.VmAdapterEnteredPassthroughEvent",
    severity: "info",
    label: "Network adapter in passthrough mode",
};

/// A virtual network adapter is emulated again: VMDirectPath Gen 2 became inactive.
pub const EXITED_PASSTHROUGH: Extended = Extended {
    id: "com.vmware.vc.npt.VmAdapterExitedPassthroughEvent",
    severity: "info",
    label: "Network adapter no longer in passthrough mode",
};

/// A virtual network adapter uses UPTv2.
pub const UPT_ACTIVE: Extended =
    Extended { id: "com.vmware.vc.vm.Uptv2Active", severity: "info", label: "UPTv2 of a network adapter is active" };

/// A virtual network adapter that asks for UPTv2 does not use it.
pub const UPT_INACTIVE: Extended = Extended {
    id: "com.vmware.vc.vm.Uptv2Inactive",
    severity: "warning",
    label: "UPTv2 of a network adapter is not active",
};

/// A virtual machine went back to a snapshot.
pub const REVERTED: Extended = Extended {
    id: "com.vmware.vc.vm.VmStateRevertedToSnapshot",
    severity: "info",
    label: "State of virtual machine reverted to snapshot",
};

/// A rule of a machine's VMCI firewall denied something for the first time.
pub const VMCI_DENIED: Extended =
    Extended { id: "com.ferrosphere.vmci.RuleDenied", severity: "warning", label: "VMCI rule denied" };

/// A machine's VMCI firewall is another one.
pub const VMCI_FILTER_CHANGED: Extended =
    Extended { id: "com.ferrosphere.vmci.FilterChanged", severity: "info", label: "VMCI firewall changed" };

/// A guest asked for something that VMCI does not let it reach.
pub const VMCI_UNREACHED: Extended =
    Extended { id: "com.ferrosphere.vmci.Unreachable", severity: "warning", label: "VMCI destination not reached" };

const ALL: [Extended; 8] = [
    ENTERED_PASSTHROUGH,
    EXITED_PASSTHROUGH,
    UPT_ACTIVE,
    UPT_INACTIVE,
    REVERTED,
    VMCI_DENIED,
    VMCI_FILTER_CHANGED,
    VMCI_UNREACHED,
];

/// The descriptions of all of them. As vCenter does it, they share the key `EventEx`, and the id stands before the text.
pub(super) fn details() -> impl Iterator<Item = Obj<EventDescriptionEventDetail>> {
    ALL.iter().map(|event| {
        let format: Str = format!("{}|{}", event.id, event.label).into();
        EventDescriptionEventDetail::with(|d| {
            d.key = text("EventEx");
            d.description = Some(text(event.label));
            d.category = text(event.severity);
            d.format_on_datacenter = format.clone();
            d.format_on_compute_resource = format.clone();
            d.format_on_host = format.clone();
            d.format_on_vm = format.clone();
            d.full_format = format;
        })
        .into()
    })
}
