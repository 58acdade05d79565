//! What DRS does when a host of its cluster is to be empty: it moves the machines to the other hosts.
//!
//! Only in a cluster where it is fully automated, and only machines for which it is. A machine that cannot move stays,
//! and whoever waits for it goes on waiting.

use std::collections::{HashMap, HashSet};

use inventory::Snapshot;
use model::vm::activity::UnderWay;
use vim25::{
    MoRef, MoRefs, mo,
    types::{ClusterConfigInfoEx, ClusterDrsVmConfigInfo, DrsBehavior},
};

use super::maintenance::{Entering, is_left};
use crate::{
    objects::virtual_machine::{is_usable, move_to},
    task::Work,
};

/// The machines that DRS has tried to move away from a host.
#[derive(Default)]
pub(super) struct Evacuation {
    tried: HashSet<MoRef>,
}

impl Evacuation {
    /// Starts to move what can be moved away from the host of the task: machines that run, or with `all`, any.
    pub(super) fn go_on(&mut self, work: &Work, world: &Snapshot, all: bool) {
        let Some(mut plan) = Plan::of(world, &work.this) else { return };
        let vms = world.get::<mo::HostSystem>(&work.this).and_then(|host| host.vm.as_ref()).unwrap_or_default();
        for vm in vms.iter().filter(|vm| is_left(world, vm, all)) {
            let busy = world.private::<UnderWay>(&vm.id).is_some();
            if busy || self.tried.contains(vm) || !plan.automated(vm) {
                continue;
            }
            let Some(host) = plan.next() else { return };
            self.tried.insert(vm.clone());
            if let Err(fault) = move_to(work, vm, host) {
                tracing::warn!(%vm, fault = %fault.message, "a machine cannot leave its host");
            }
        }
    }
}

/// Where machines can go.
struct Plan<'w> {
    overrides: &'w [vim25::Obj<ClusterDrsVmConfigInfo>],
    /// The other hosts, with how many machines each has.
    hosts: HashMap<&'w MoRef, usize>,
}

impl<'w> Plan<'w> {
    /// None where DRS does not move machines by itself.
    fn of(world: &'w Snapshot, host: &MoRef) -> Option<Plan<'w>> {
        let cluster = world.get::<mo::HostSystem>(host)?.parent.as_ref()?;
        let cluster = world.get::<mo::ClusterComputeResource>(cluster)?;
        let config = cluster.configuration_ex.cast::<ClusterConfigInfoEx>()?;
        let drs = &config.drs_config;
        if drs.enabled != Some(true) || drs.default_vm_behavior != Some(DrsBehavior::FullyAutomated) {
            return None;
        }
        let open = |other: &&MoRef| {
            let usable = world.get::<mo::HostSystem>(other).is_some_and(is_usable);
            *other != host && usable && world.private::<Entering>(&other.id).is_none()
        };
        let machines =
            |other: &MoRef| world.get::<mo::HostSystem>(other).and_then(|host| host.vm.as_ref()).map_or(0, MoRefs::len);
        let hosts = cluster.host.iter().flatten().filter(open).map(|other| (other, machines(other))).collect();
        Some(Plan { overrides: config.drs_vm_config.as_deref().unwrap_or_default(), hosts })
    }

    /// Whether DRS moves this machine by itself.
    fn automated(&self, vm: &MoRef) -> bool {
        let own = self.overrides.iter().find(|config| config.key == *vm);
        own.is_none_or(|config| {
            let behavior = config.behavior.as_ref().unwrap_or(&DrsBehavior::FullyAutomated);
            config.enabled != Some(false) && *behavior == DrsBehavior::FullyAutomated
        })
    }

    /// The host with the fewest machines, which then has one more.
    fn next(&mut self) -> Option<MoRef> {
        let (host, machines) = self.hosts.iter_mut().min_by_key(|(host, machines)| (**machines, &host.id))?;
        *machines += 1;
        Some((*host).clone())
    }
}
