//! The managers of a host: objects of their own that show parts of its configuration.

use inventory::Tx;
use vim25::{DataType, MoRef, Obj, Str, mo, types::*};

use super::{HostSpec, network, storage};
use crate::kit::text;

/// Type, prefix of the id on a vCenter (the host's number follows), id on an ESXi host.
const MANAGERS: &[(&str, &str, &str)] = &[
    ("HostCpuSchedulerSystem", "cpuSchedulerSystem", "cpuSchedulerSystem"),
    ("HostDatastoreSystem", "datastoreSystem", "ha-datastoresystem"),
    ("HostMemorySystem", "memoryManagerSystem", "memoryManagerSystem"),
    ("HostStorageSystem", "storageSystem", "storageSystem"),
    ("HostNetworkSystem", "networkSystem", "networkSystem"),
    ("HostVMotionSystem", "vmotionSystem", "ha-vmotion-system"),
    ("HostVirtualNicManager", "virtualNicManager", "ha-vnic-mgr"),
    ("HostServiceSystem", "serviceSystem", "serviceSystem"),
    ("HostFirewallSystem", "firewallSystem", "firewallSystem"),
    ("OptionManager", "EsxHostAdvSettings", "ha-adv-options"),
    ("HostAutoStartManager", "autoStartManager", "ha-autostart-mgr"),
    ("HostDateTimeSystem", "dateTimeSystem", "dateTimeSystem"),
    ("HostCertificateManager", "certificateManager", "ha-certificate-manager"),
    ("HostDatastoreBrowser", "datastoreBrowser-host", "ha-host-datastorebrowser"),
];

/// The manager of type `kind` of the host `host`.
pub(crate) fn manager(kind: &str, host: &MoRef) -> MoRef {
    let &(kind, prefix, on_esx) = MANAGERS.iter().find(|(known, ..)| *known == kind).expect("a manager of hosts");
    let id: Str = match host.id.strip_prefix("host-") {
        Some(number) => format!("{prefix}-{number}").into(),
        None => text(on_esx),
    };
    MoRef::new(text(kind), id)
}

/// The references of a host to its managers.
pub(crate) fn references(host: &MoRef) -> HostConfigManager {
    let find = |kind| Some(manager(kind, host));
    HostConfigManager::with(|m| {
        m.cpu_scheduler = find("HostCpuSchedulerSystem");
        m.datastore_system = find("HostDatastoreSystem");
        m.memory_manager = find("HostMemorySystem");
        m.storage_system = find("HostStorageSystem");
        m.network_system = find("HostNetworkSystem");
        m.vmotion_system = find("HostVMotionSystem");
        m.virtual_nic_manager = find("HostVirtualNicManager");
        m.service_system = find("HostServiceSystem");
        m.firewall_system = find("HostFirewallSystem");
        m.advanced_option = find("OptionManager");
        m.auto_start_manager = find("HostAutoStartManager");
        m.date_time_system = find("HostDateTimeSystem");
        m.certificate_manager = find("HostCertificateManager");
    })
}

/// Puts the managers of a host with this configuration into the world.
pub(crate) fn insert(tx: &mut Tx<'_>, host: &HostSpec, config: &HostConfigInfo, definitions: &[Obj<OptionDef>]) {
    insert_network(tx, host, config);
    insert_storage(tx, host, config);
    let id = |kind| manager(kind, &host.moref);
    tx.insert(
        id("HostCpuSchedulerSystem"),
        mo::HostCpuSchedulerSystem::with(|c| {
            c.cpu_scheduler_info = config.cpu_scheduler.clone();
            c.hyperthread_info = config.hyper_thread.clone();
        }),
    );
    tx.insert(
        id("HostMemorySystem"),
        mo::HostMemorySystem::with(|m| m.virtual_machine_reservation_info = config.virtual_machine_reservation.clone()),
    );
    tx.insert(
        id("HostServiceSystem"),
        mo::HostServiceSystem::with(|s| s.service_info = config.service.clone().unwrap_or_default()),
    );
    tx.insert(id("HostFirewallSystem"), mo::HostFirewallSystem::with(|f| f.firewall_info = config.firewall.clone()));
    tx.insert(
        id("OptionManager"),
        mo::OptionManager { supported_option: Some(definitions.to_vec()), setting: config.option.clone() },
    );
    tx.insert(
        id("HostAutoStartManager"),
        mo::HostAutoStartManager { config: config.auto_start.clone().unwrap_or_default() },
    );
    tx.insert(
        id("HostDateTimeSystem"),
        mo::HostDateTimeSystem { date_time_info: config.date_time_info.clone().unwrap_or_default() },
    );
    tx.insert(id("HostCertificateManager"), certificate_manager(tx, host));
}

fn insert_network(tx: &mut Tx<'_>, host: &HostSpec, config: &HostConfigInfo) {
    let id = |kind| manager(kind, &host.moref);
    tx.insert(
        id("HostNetworkSystem"),
        mo::HostNetworkSystem::with(|n| {
            n.capabilities = config.capabilities.clone();
            n.network_info = config.network.clone();
            n.offload_capabilities = config.offload_capabilities.clone();
            n.dns_config = config.network.as_ref().and_then(|i| i.dns_config.clone());
            n.ip_route_config = config.network.as_ref().and_then(|i| i.ip_route_config.clone());
        }),
    );
    tx.insert(
        id("HostVirtualNicManager"),
        mo::HostVirtualNicManager::with(|v| v.info = config.virtual_nic_manager_info.clone().unwrap_or_default()),
    );
    tx.insert(
        id("HostVMotionSystem"),
        mo::HostVMotionSystem::with(|v| {
            let candidate_vnic = Some(vec![network::vmk0(host)]);
            v.net_config = Some(HostVMotionNetConfig { candidate_vnic, selected_vnic: None }.into());
            v.ip_config = Some(HostIpConfig { dhcp: true, ..Default::default() }.into());
        }),
    );
}

fn insert_storage(tx: &mut Tx<'_>, host: &HostSpec, config: &HostConfigInfo) {
    let id = |kind| manager(kind, &host.moref);
    tx.insert(
        id("HostStorageSystem"),
        mo::HostStorageSystem::with(|s| {
            s.storage_device_info = config.storage_device.clone();
            s.file_system_volume_info = config.file_system_volume.clone().unwrap_or_default();
            s.system_file = config.system_file.clone();
        }),
    );
    tx.insert(
        id("HostDatastoreSystem"),
        mo::HostDatastoreSystem {
            datastore: Some(host.datastores().into()),
            capabilities: storage::datastore_capabilities().into(),
        },
    );
    tx.insert(id("HostDatastoreBrowser"), crate::datastore::browser(host.datastores()));
}

fn certificate_manager(tx: &Tx<'_>, host: &HostSpec) -> mo::HostCertificateManager {
    const DAYS: i64 = 86_400;
    let info = HostCertificateManagerCertificateInfo::with(|c| {
        c.issuer = Some("O=VMware Certificate Authority,OU=VMware Engineering,C=US,DC=local,DC=vsphere,CN=CA".into());
        c.not_before = Some(tx.now().plus_seconds(-DAYS));
        c.not_after = Some(tx.now().plus_seconds(1825 * DAYS));
        c.subject =
            Some(format!("OU=VMware Engineering,O=VMware,L=Palo Alto,ST=California,C=US,CN={}", host.name).into());
        c.status = text("good");
    });
    let info: Obj<_> = info.into();
    mo::HostCertificateManager { certificate_info: info }
}
