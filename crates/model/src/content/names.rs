//! Where the managers of a server live: their well-known ids on a vCenter and on an ESXi host.

use vim25::{MoRef, Str};

/// The service instance, the same on every server.
pub fn service_instance() -> MoRef {
    MoRef::new(Str::new_static("ServiceInstance"), Str::new_static("ServiceInstance"))
}

/// Type, id on a vCenter, id on an ESXi host (where it has one).
const MANAGERS: &[(&str, Option<&str>, Option<&str>)] = &[
    ("PropertyCollector", Some("propertyCollector"), Some("ha-property-collector")),
    ("ViewManager", Some("ViewManager"), Some("ViewManager")),
    ("OptionManager", Some("VpxSettings"), Some("HostAgentSettings")),
    ("UserDirectory", Some("UserDirectory"), Some("ha-user-directory")),
    ("SessionManager", Some("SessionManager"), Some("ha-sessionmgr")),
    ("AuthorizationManager", Some("AuthorizationManager"), Some("ha-authmgr")),
    ("PerformanceManager", Some("PerfMgr"), Some("ha-perfmgr")),
    ("ScheduledTaskManager", Some("ScheduledTaskManager"), None),
    ("AlarmManager", Some("AlarmManager"), None),
    ("EventManager", Some("EventManager"), Some("ha-eventmgr")),
    ("TaskManager", Some("TaskManager"), Some("ha-taskmgr")),
    ("ExtensionManager", Some("ExtensionManager"), None),
    ("CustomizationSpecManager", Some("CustomizationSpecManager"), None),
    ("CustomFieldsManager", Some("CustomFieldsManager"), None),
    ("DiagnosticManager", Some("DiagMgr"), Some("ha-diagnosticmgr")),
    ("LicenseManager", Some("LicenseManager"), Some("ha-license-manager")),
    ("LicenseAssignmentManager", Some("LicenseAssignmentManager"), None),
    ("SearchIndex", Some("SearchIndex"), Some("ha-searchindex")),
    ("FileManager", Some("FileManager"), Some("ha-nfc-file-manager")),
    ("DatastoreNamespaceManager", Some("DatastoreNamespaceManager"), Some("ha-datastore-namespace-manager")),
    ("VirtualDiskManager", Some("virtualDiskManager"), Some("ha-vdiskmanager")),
    ("OvfManager", Some("OvfManager"), Some("ha-ovf-manager")),
    ("IpPoolManager", Some("IpPoolManager"), None),
    ("DistributedVirtualSwitchManager", Some("DVSManager"), Some("ha-dvsmanager")),
    ("StorageResourceManager", Some("StorageResourceManager"), Some("ha-storage-resource-manager")),
    ("VirtualMachineProvisioningChecker", Some("ProvChecker"), None),
];

/// The manager of type `kind`; none if this kind of server has none.
pub fn manager(kind: &str, esx: bool) -> Option<MoRef> {
    let &(kind, vcenter, host) = MANAGERS.iter().find(|(known, ..)| *known == kind)?;
    let id = if esx { host? } else { vcenter? };
    Some(MoRef::new(Str::new_static(kind), Str::new_static(id)))
}
