//! The service instance: the door to everything else.

use vim25::{DataType, DateTime, MoRef, mo::ServiceInstance, types::*};

use super::names::manager;

/// The service instance of a server that is `about`, with `root` as the root of its inventory.
pub(crate) fn service_instance(about: AboutInfo, root: MoRef, esx: bool, now: DateTime) -> ServiceInstance {
    ServiceInstance::with(|s| {
        s.server_clock = now;
        s.capability = capability(esx).into();
        s.content = content(about, root, esx).into();
    })
}

fn content(about: AboutInfo, root: MoRef, esx: bool) -> ServiceContent {
    let find = |kind| manager(kind, esx);
    ServiceContent::with(|c| {
        c.root_folder = root;
        c.property_collector = find("PropertyCollector").expect("every server has a property collector");
        c.view_manager = find("ViewManager");
        c.about = about.into();
        c.setting = find("OptionManager");
        c.user_directory = find("UserDirectory");
        c.session_manager = find("SessionManager");
        c.authorization_manager = find("AuthorizationManager");
        c.perf_manager = find("PerformanceManager");
        c.scheduled_task_manager = find("ScheduledTaskManager");
        c.alarm_manager = find("AlarmManager");
        c.event_manager = find("EventManager");
        c.task_manager = find("TaskManager");
        c.extension_manager = find("ExtensionManager");
        c.customization_spec_manager = find("CustomizationSpecManager");
        c.custom_fields_manager = find("CustomFieldsManager");
        c.diagnostic_manager = find("DiagnosticManager");
        c.license_manager = find("LicenseManager");
        c.search_index = find("SearchIndex");
        c.file_manager = find("FileManager");
        c.datastore_namespace_manager = find("DatastoreNamespaceManager");
        c.virtual_disk_manager = find("VirtualDiskManager");
        c.ovf_manager = find("OvfManager");
        c.ip_pool_manager = find("IpPoolManager");
        c.dv_switch_manager = find("DistributedVirtualSwitchManager");
        c.storage_resource_manager = find("StorageResourceManager");
        c.vm_provisioning_checker = find("VirtualMachineProvisioningChecker");
    })
}

fn capability(esx: bool) -> Capability {
    Capability::with(|c| {
        c.provisioning_supported = true;
        c.multi_host_supported = !esx;
        c.user_shell_access_supported = esx;
        c.supported_evc_mode = Some(vec![]);
        c.supported_evc_graphics_mode = Some(vec![]);
        c.network_backup_and_restore_supported = Some(!esx);
        c.ft_drs_without_evc_supported = Some(!esx);
        c.hci_workflow_supported = Some(false);
        c.compute_policy_version = Some(0);
        c.cluster_placement_supported = Some(false);
        c.lifecycle_management_supported = Some(false);
        c.host_seeding_supported = Some(false);
        c.scalable_shares_supported = Some(!esx);
        c.hadcs_supported = Some(false);
        c.config_mgmt_supported = Some(false);
    })
}
