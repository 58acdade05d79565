//! Resource pools and vApps. Their run-time state is derived from their virtual machines ([`crate::derive`]).

use vim25::{
    DataType, DateTime, MoRef, MoRefs, Obj, Str,
    mo::{ResourcePool, VirtualApp},
    types::*,
};

mod config;

pub use config::reconfigured;

use crate::{
    entity::{disabling, entity},
    kit::{some, text, texts},
};

/// Shares of a pool by default.
const NORMAL_CPU_SHARES: i32 = 4_000;
const NORMAL_MEMORY_SHARES: i32 = 163_840;

/// What the root pool of a compute resource has: all that its hosts have.
#[derive(Debug, Clone, Copy, Default)]
pub struct Capacity {
    /// MHz.
    pub cpu: i64,
    /// MiB.
    pub memory: i64,
}

/// The root pool of a compute resource, `Resources`.
pub fn root_pool(this: &MoRef, owner: MoRef, capacity: Capacity, now: DateTime) -> ResourcePool {
    let fixed = |amount| allocation(amount, false, amount, SharesLevel::Normal);
    let config = ResourceConfigSpec::with(|c| {
        c.entity = Some(this.clone());
        c.change_version = Some(text(""));
        c.last_modified = Some(now);
        c.cpu_allocation = fixed(capacity.cpu)(NORMAL_CPU_SHARES).into();
        c.memory_allocation = fixed(capacity.memory)(NORMAL_MEMORY_SHARES).into();
        c.scale_descendants_shares = some("disabled");
    });
    let mut pool = pool(text("Resources"), owner.clone(), owner, config.into());
    pool.base = disabling(pool.base, ["Destroy_Task", "Rename_Task", "UpdateConfig"]);
    pool
}

/// A pool inside another one: nothing reserved, no limit.
pub fn child_pool(this: &MoRef, name: impl Into<Str>, parent: MoRef, owner: MoRef, now: DateTime) -> ResourcePool {
    pool(name.into(), parent, owner, default_config(this, now).into())
}

/// The configuration of a pool that a user made without wishes.
pub fn default_config(this: &MoRef, now: DateTime) -> ResourceConfigSpec {
    let unlimited = |shares| allocation(0, true, -1, SharesLevel::Normal)(shares);
    ResourceConfigSpec::with(|c| {
        c.entity = Some(this.clone());
        c.change_version = Some(now.to_string().into());
        c.last_modified = Some(now);
        c.cpu_allocation = unlimited(NORMAL_CPU_SHARES).into();
        c.memory_allocation = unlimited(NORMAL_MEMORY_SHARES).into();
        c.scale_descendants_shares = some("disabled");
    })
}

fn allocation(
    reservation: i64,
    expandable: bool,
    limit: i64,
    level: SharesLevel,
) -> impl FnOnce(i32) -> ResourceAllocationInfo {
    move |shares| ResourceAllocationInfo {
        reservation: Some(reservation),
        expandable_reservation: Some(expandable),
        limit: Some(limit),
        shares: Some(SharesInfo { shares, level }.into()),
        overhead_limit: None,
    }
}

fn pool(name: Str, parent: MoRef, owner: MoRef, config: Obj<ResourceConfigSpec>) -> ResourcePool {
    let runtime: Obj<ResourcePoolRuntimeInfo> = idle().into();
    ResourcePool::with(|p| {
        p.base = entity(name.clone(), Some(parent));
        p.summary = summary(name, config.clone(), runtime.clone()).into();
        p.runtime = runtime;
        p.owner = owner;
        p.resource_pool = Some(MoRefs::new());
        p.vm = Some(MoRefs::new());
        p.config = config;
        p.child_configuration = Some(vec![]);
    })
}

fn summary(name: Str, config: Obj<ResourceConfigSpec>, runtime: Obj<ResourcePoolRuntimeInfo>) -> ResourcePoolSummary {
    ResourcePoolSummary { name, config, runtime, quick_stats: Some(no_stats().into()), configured_memory_mb: Some(0) }
}

fn idle() -> ResourcePoolRuntimeInfo {
    ResourcePoolRuntimeInfo::with(|r| {
        r.overall_status = ManagedEntityStatus::Green;
        r.shares_scalable = some("none");
    })
}

fn no_stats() -> ResourcePoolQuickStats {
    ResourcePoolQuickStats {
        overall_cpu_usage: Some(0),
        overall_cpu_demand: Some(0),
        guest_memory_usage: Some(0),
        host_memory_usage: Some(0),
        distributed_cpu_entitlement: Some(0),
        distributed_memory_entitlement: Some(0),
        static_cpu_entitlement: Some(0),
        static_memory_entitlement: Some(0),
        private_memory: Some(0),
        shared_memory: Some(0),
        swapped_memory: Some(0),
        ballooned_memory: Some(0),
        overhead_memory: Some(0),
        consumed_overhead_memory: Some(0),
        compressed_memory: Some(0),
    }
}

/// Where a vApp lies and what it is called.
#[derive(Debug, Clone)]
pub struct AppSpec {
    /// Its name.
    pub name: Str,
    /// The pool that it lies in.
    pub parent: MoRef,
    /// The folder that shows it among virtual machines, if one does.
    pub folder: Option<MoRef>,
    /// The compute resource.
    pub owner: MoRef,
    /// Its own UUID.
    pub instance_uuid: Str,
}

/// A vApp without virtual machines.
pub fn virtual_app(this: &MoRef, spec: AppSpec, now: DateTime) -> VirtualApp {
    let config = default_config(this, now).into();
    let mut base = pool(spec.name, spec.parent, spec.owner, config);
    base.summary = VirtualAppSummary::with(|s| {
        s.base = (*base.summary).clone();
        s.product = Some(VAppProductInfo::default().into());
        s.v_app_state = Some(VirtualAppVAppState::Stopped);
        s.suspended = Some(false);
        s.install_boot_required = Some(false);
        s.instance_uuid = Some(spec.instance_uuid.clone());
    })
    .into();
    VirtualApp::with(|a| {
        a.base = base;
        a.parent_folder = spec.folder;
        a.datastore = Some(MoRefs::new());
        a.network = Some(MoRefs::new());
        a.v_app_config = Some(app_config(spec.instance_uuid).into());
        a.child_link = Some(vec![]);
    })
}

fn app_config(instance_uuid: Str) -> VAppConfigInfo {
    VAppConfigInfo::with(|c| {
        c.base.product = Some(vec![]);
        c.base.property = Some(vec![]);
        c.base.ip_assignment = VAppIPAssignmentInfo {
            supported_allocation_scheme: Some(vec![]),
            ip_allocation_policy: some("fixedPolicy"),
            supported_ip_protocol: Some(texts(["IPv4"])),
            ip_protocol: some("IPv4"),
        }
        .into();
        c.base.eula = Some(vec![]);
        c.base.ovf_section = Some(vec![]);
        c.base.ovf_environment_transport = Some(vec![]);
        c.entity_config = Some(vec![]);
        c.instance_uuid = Some(instance_uuid);
    })
}
