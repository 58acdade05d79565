//! Hosts, as a vCenter shows them. Their [`HostProfile`] says what software they run and which network ports they have;
//! their advanced settings ([`lab`]) what a real host has no property for.
//!
//! What is equal on all hosts is built once (`Template`) and shared.

mod age;
mod capability;
mod config;
mod hardware;
pub mod lab;
mod machine;
pub(crate) mod managers;
mod methods;
pub(crate) mod network;
mod options;
mod passthrough;
mod ports;
mod profile;
mod services;
pub(crate) mod storage;
mod summary;

use std::net::Ipv4Addr;

use inventory::Tx;
use vim25::{ApiVersion, DataType, DateTime, MoRef, MoRefs, Obj, Str, mo::HostSystem, types::*};

use crate::{
    entity::entity,
    kit::text,
    pool::Capacity,
    vm::{surroundings::HostFacts, version},
};
use config::SharedConfig;
use network::SwitchMember;
use storage::Volume;

pub(crate) use age::forget_newer;
pub(crate) use methods::Methods;
pub(crate) use passthrough::{Passthrough, Software};
pub use profile::HostProfile;

/// What all hosts of a server have in common.
pub(crate) struct Template {
    profile: HostProfile,
    /// The API version of the hosts; what is newer, they do not have.
    api_version: ApiVersion,
    capability: Obj<HostCapability>,
    hardware: HostHardwareInfo,
    config: SharedConfig,
    licensable: Obj<HostLicensableResourceInfo>,
}

impl Template {
    /// Hosts of a profile. None speaks a newer API than the server.
    pub(crate) fn new(profile: HostProfile, server: ApiVersion) -> Template {
        let api_version = profile.api_version().min(server);
        let mut hardware = hardware::shared_hardware(profile);
        forget_newer(&mut hardware, api_version);
        Template {
            profile,
            api_version,
            capability: capability::capability(profile, api_version).into(),
            hardware,
            config: config::shared_config(profile, api_version),
            licensable: licensable().into(),
        }
    }
}

/// Licences count processors and memory.
fn licensable() -> HostLicensableResourceInfo {
    let resource = |key, value: i64| Obj::from(KeyAnyValue { key: text(key), value: value.into() });
    HostLicensableResourceInfo {
        resource: vec![
            resource("numCpuPackages", machine::PACKAGES.into()),
            resource("numCpuCores", machine::CORES.into()),
            resource("memorySize", machine::MEMORY >> 30),
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
    managers::insert(tx, spec, &config, &template.config.definitions);
}

fn host(template: &Template, spec: &HostSpec) -> HostSystem {
    let serial = spec.uuid.split('-').next_back().unwrap_or_default().to_uppercase();
    let mut hardware = hardware::hardware(&template.hardware, template.profile, spec.uuid.clone(), serial.into());
    forget_newer(&mut hardware, template.api_version);
    let mut runtime: Obj<HostRuntimeInfo> = summary::runtime(template.profile, spec).into();
    forget_newer(&mut *runtime, template.api_version);
    let mut config: Obj<HostConfigInfo> = config::config(&template.config, spec).into();
    forget_newer(&mut *config, template.api_version);
    HostSystem::with(|h| {
        h.base = entity(spec.name.clone(), Some(spec.parent.clone()));
        h.summary = summary::summary(template.profile, spec, &hardware, runtime.clone(), &config).into();
        h.runtime = runtime;
        h.hardware = Some(hardware.into());
        h.capability = Some(template.capability.clone());
        h.licensable_resource = template.licensable.clone();
        h.config_manager = managers::references(&spec.moref).into();
        h.config = Some(config);
        h.vm = Some(MoRefs::new());
        h.datastore = Some(spec.datastores().into());
        h.network = Some(spec.networks.clone().into());
        h.datastore_browser = managers::manager("HostDatastoreBrowser", &spec.moref);
    })
}

/// What virtual machines need to know of a host of a new world.
pub(crate) fn facts(profile: HostProfile, host: MoRef, name: Str) -> HostFacts {
    HostFacts {
        host,
        name,
        cpu_threads: machine::THREADS.into(),
        cpu_mhz: machine::MHZ,
        memory_mb: machine::MEMORY >> 20,
        newest_hardware: version::newest_of(profile.product_version()),
    }
}

/// Version of a host's product, for example `8.0.3`; empty if nobody knows it.
pub fn product_version(host: &HostSystem) -> &str {
    host.config.as_ref().map_or("", |config| config.product.version.as_str())
}

/// The newest version of the API that a host speaks; that of the schema if it does not say a known one.
pub fn api_version(host: &HostSystem) -> ApiVersion {
    let label = host.config.as_ref().map_or("", |config| config.product.api_version.as_str());
    ApiVersion::parse(label).unwrap_or_else(ApiVersion::newest)
}

/// Newest virtual hardware that a host runs, for example 21 for `vmx-21`.
pub fn newest_hardware(host: &HostSystem) -> u32 {
    version::newest_of(product_version(host))
}

/// What the root pool of a compute resource with so many hosts has.
pub(crate) fn capacity(hosts: usize) -> Capacity {
    let hosts = hosts as i64;
    Capacity {
        cpu: hosts * i64::from(machine::CORES) * i64::from(machine::MHZ),
        memory: hosts * (machine::MEMORY >> 20),
    }
}
