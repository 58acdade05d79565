//! Derived state of a VM: what follows from its config, its runtime and its guest.
//!
//! [`refresh`] is pure and at rest after one run: a second one changes nothing. It replaces only what differs, so that
//! VMs keep sharing what is equal.

mod at_rest;
mod files;
mod layout;
mod lists;
mod lookup;
mod methods;
mod rename;
mod rule;
pub(super) mod state;
mod storage;
mod summary;
mod touch;
mod transient;

use vim25::{
    MoRef, Obj,
    mo::{ManagedEntityCommon, VirtualMachine},
    types::{VirtualMachineConfigInfo, VirtualMachinePowerState},
};

use super::{capability::capability, snapshot, surroundings::Lookup};
use crate::kit::Recent;

pub(crate) use at_rest::AtRest;
pub use files::{DELTA_SUFFIX, FLAT_SUFFIX, layout_ex};
pub use layout::layout;
pub use lists::networks;
pub use methods::disabled_methods;
pub use rule::Machines;
pub use storage::storage;
pub use summary::{config_summary, guest_summary, quick_stats, storage_summary};

thread_local! {
    static ENTITIES: Recent<ManagedEntityCommon> = const { Recent::new() };
}

/// Brings every derived property of a VM up to date with the others.
pub fn refresh(vm: &mut VirtualMachine, this: &MoRef, lookup: &dyn Lookup) {
    if let Some(config) = vm.config.clone() {
        refresh_from_config(vm, this, &config, lookup);
    }
    refresh_methods(vm);
    let summary = summary::summary(vm, this);
    set(&mut vm.summary, summary);
}

/// What a VM can do in its state, and how its guest is.
fn refresh_methods(vm: &mut VirtualMachine) {
    let state = vm.runtime.power_state.clone();
    let capability = capability(&state);
    if !vm.capability.same(&capability) {
        vm.capability = capability;
    }
    let template = vm.config.as_ref().is_some_and(|c| c.template);
    let disabled = disabled_methods(&state, template, vm.snapshot.is_some());
    if vm.common.disabled_method.as_ref() != Some(disabled) {
        vm.common.disabled_method = Some(disabled.clone());
        ENTITIES.with(|recent| recent.share(&mut vm.base.common));
    }
    let tools_run = vm.guest.as_ref().is_some_and(|g| g.tools_running_status.as_deref() == Some("guestToolsRunning"));
    vm.guest_heartbeat_status = summary::heartbeat(tools_run);
}

fn refresh_from_config(
    vm: &mut VirtualMachine,
    this: &MoRef,
    config: &Obj<VirtualMachineConfigInfo>,
    lookup: &dyn Lookup,
) {
    if vm.name != config.name {
        vm.name = config.name.clone();
    }
    let homes = lists::homes(config, lookup);
    let urls = lists::datastore_urls(config, &homes);
    if config.datastore_url != urls {
        vm.config.get_or_insert_default().datastore_url = urls;
    }
    let homes: Vec<MoRef> = homes.into_iter().map(|home| home.datastore).collect();
    set(&mut vm.datastore, Some(homes.into()));
    let roots = vm.snapshot.iter().flat_map(|s| &s.root_snapshot_list).map(|node| node.snapshot.clone()).collect();
    set(&mut vm.root_snapshot, Some(roots));
    set(&mut vm.network, Some(networks(config, lookup).into()));
    let resources = lists::resource_config(config, this, vm.resource_config.as_deref());
    set(&mut vm.resource_config, resources);
    let snapshots = snapshot::facts(vm, |snapshot| lookup.snapshot_config(snapshot));
    let files = layout_ex(config, &vm.runtime, vm.layout_ex.as_deref(), &snapshots);
    set(&mut vm.layout, Some(layout(config, &files).into()));
    set(&mut vm.storage, Some(storage(config, &vm.runtime, &files, lookup).into()));
    set(&mut vm.layout_ex, Some(files.into()));
}

/// Whether the VM runs.
fn is_on(state: &VirtualMachinePowerState) -> bool {
    *state == VirtualMachinePowerState::PoweredOn
}

/// Puts a value where another one stands; an equal one stays, with all that it shares.
fn set<T: PartialEq>(place: &mut T, value: T) {
    if *place != value {
        *place = value;
    }
}
