//! Hosts: ESXi 8.0.3 on a common server, as a vCenter shows them.
//!
//! What is equal on all hosts is built once ([`Template`]) and shared.

mod capability;
mod config;
mod hardware;
pub(crate) mod managers;
pub(crate) mod network;
mod options;
mod profile;
mod services;
pub(crate) mod storage;
mod summary;

use std::net::Ipv4Addr;

use inventory::Tx;
use vim25::{ApiVersion, DataType, DateTime, MoRef, Obj, Str, mo::HostSystem, types::*};

use crate::{
    entity::{disabling, entity},
    kit::text,
    pool::Capacity,
    vm::surroundings::HostFacts,
};
use config::SharedConfig;
use network::SwitchMember;
use storage::Volume;

/// Newest virtual hardware that ESXi 8.0.3 runs: `vmx-21`.
const NEWEST_HARDWARE: u32 = 21;

/// What all hosts of a server have in common.
pub(crate) struct Template {
    capability: Obj<HostCapability>,
    hardware: HostHardwareInfo,
    config: SharedConfig,
    licensable: Obj<HostLicensableResourceInfo>,
}

impl Template {
    pub(crate) fn new(api_version: ApiVersion) -> Template {
        Template {
            capability: capability::capability().into(),
            hardware: hardware::shared_hardware(),
            config: config::shared_config(api_version),
            licensable: licensable().into(),
        }
    }
}

/// Licences count processors and memory.
fn licensable() -> HostLicensableResourceInfo {
    let resource = |key, value: i64| Obj::from(KeyAnyValue { key: text(key), value: value.into() });
    HostLicensableResourceInfo {
        resource: vec![
            resource("numCpuPackages", profile::PACKAGES.into()),
            resource("numCpuCores", profile::CORES.into()),
            resource("memorySize", profile::MEMORY >> 30),
            resource("numVmsStarted", 0),
            resource("numVmsStarting", 0),
        ],
    }
}

/// What makes one host different from the others.
pub(crate) struct HostSpec {
    pub moref: MoRef,
    pub name: Str,
    /// Its compute resource.
    pub parent: MoRef,
    /// Address of `vmk0`; the MAC addresses of its ports follow from it.
    pub address: Ipv4Addr,
    /// UUID of the machine.
    pub uuid: Str,
    /// The distributed switch that it belongs to.
    pub switch: Option<SwitchMember>,
    /// What it mounts.
    pub volumes: Vec<Volume>,
    /// What virtual machines on it can be connected to.
    pub networks: Vec<MoRef>,
    pub boot_time: DateTime,
    /// The vCenter that manages it.
    pub managed_by: Option<Str>,
}

impl HostSpec {
    /// MAC address of `vmnic{port}`.
    fn mac(&self, port: usize) -> Str {
        let [_, a, b, c] = self.address.octets();
        format!("f8:f2:{:02x}:{a:02x}:{b:02x}:{c:02x}", 0x1e + port).into()
    }

    /// World-wide name of its Fibre Channel port.
    fn port_name(&self) -> i64 {
        0x2100_f4c7_0000_0000 | i64::from(u32::from(self.address))
    }

    fn datastores(&self) -> Vec<MoRef> {
        self.volumes.iter().map(|v| v.datastore.clone()).collect()
    }
}

/// Puts a host with its managers into the world; its list of virtual machines is empty.
pub(crate) fn insert(tx: &mut Tx<'_>, template: &Template, spec: &HostSpec) {
    let host = host(template, spec);
    let config = host.config.clone().unwrap_or_default();
    tx.insert(spec.moref.clone(), host);
    managers::insert(tx, spec, &config);
}

fn host(template: &Template, spec: &HostSpec) -> HostSystem {
    let serial = spec.uuid.split('-').next_back().unwrap_or_default().to_uppercase();
    let hardware = hardware::hardware(&template.hardware, spec.uuid.clone(), serial.into());
    let runtime: Obj<HostRuntimeInfo> = summary::runtime(spec).into();
    let config: Obj<HostConfigInfo> = config::config(&template.config, spec).into();
    HostSystem::with(|h| {
        h.base = disabling(
            entity(spec.name.clone(), Some(spec.parent.clone())),
            ["ExitMaintenanceMode_Task", "PowerUpHostFromStandBy_Task", "ReconnectHost_Task"],
        );
        h.summary = summary::summary(spec, &hardware, runtime.clone(), &config).into();
        h.runtime = runtime;
        h.hardware = Some(hardware.into());
        h.capability = Some(template.capability.clone());
        h.licensable_resource = template.licensable.clone();
        h.config_manager = managers::references(&spec.moref).into();
        h.config = Some(config);
        h.vm = Some(vec![]);
        h.datastore = Some(spec.datastores());
        h.network = Some(spec.networks.clone());
        h.datastore_browser = managers::manager("HostDatastoreBrowser", &spec.moref);
    })
}

/// What virtual machines need to know of a host.
pub(crate) fn facts(host: MoRef, name: Str) -> HostFacts {
    HostFacts {
        host,
        name,
        cpu_threads: profile::THREADS.into(),
        cpu_mhz: profile::MHZ,
        memory_mb: profile::MEMORY >> 20,
        newest_hardware: NEWEST_HARDWARE,
    }
}

/// What the root pool of a compute resource with so many hosts has.
pub(crate) fn capacity(hosts: usize) -> Capacity {
    let hosts = hosts as i64;
    Capacity {
        cpu: hosts * i64::from(profile::CORES) * i64::from(profile::MHZ),
        memory: hosts * (profile::MEMORY >> 20),
    }
}
