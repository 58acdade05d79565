//! Which machines a change may concern: what changed is compared with what passthrough depends on, by shared pointers
//! wherever there are any, so that all other changes cost next to nothing.

use std::collections::HashMap;

use inventory::{IdHash, Tx};
use vim25::{
    MoRef, MoRefs, Str,
    mo::{DistributedVirtualPortgroup, DistributedVirtualSwitch, HostSystem},
    types::VMwareDVSConfigInfo,
};

use super::judged::{self, Judged};
use crate::network::ports::{Connectee, Ports};

/// Machines in the order in which they are looked at, each once.
#[derive(Default)]
pub(super) struct Concerned {
    order: Vec<One>,
    by_id: HashMap<Str, usize, IdHash>,
}

struct One {
    vm: MoRef,
    /// Whether it changed itself, and may have moved or gone.
    changed: bool,
}

impl Concerned {
    /// Those that the touched objects concern.
    pub fn by(tx: &Tx<'_>, touched: &[MoRef], judged: &Judged) -> Concerned {
        let (mut all, judged) = (Concerned::default(), judged.in_this(tx));
        for moref in touched {
            match moref.kind.as_str() {
                "VirtualMachine" if judged::differs(&judged, tx, moref) => all.add(moref, true),
                "HostSystem" if host_changed(tx, moref) => {
                    all.add_all(tx.get::<HostSystem>(moref).and_then(|h| h.vm.as_ref()));
                }
                "DistributedVirtualPortgroup" => all.portgroup(tx, moref),
                "VmwareDistributedVirtualSwitch" | "DistributedVirtualSwitch" => all.switch(tx, moref),
                _ => {}
            }
        }
        all
    }

    fn add(&mut self, vm: &MoRef, changed: bool) {
        match self.by_id.get(&vm.id) {
            Some(at) => self.order[*at].changed |= changed,
            None => {
                self.by_id.insert(vm.id.clone(), self.order.len());
                self.order.push(One { vm: vm.clone(), changed });
            }
        }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &MoRef> {
        self.order.iter().map(|one| &one.vm)
    }

    /// Those of them that changed themselves.
    pub fn changed(&self) -> impl Iterator<Item = &MoRef> {
        self.order.iter().filter(|one| one.changed).map(|one| &one.vm)
    }

    /// Whether a machine is one of those.
    pub fn has_changed(&self, id: &str) -> bool {
        self.by_id.get(id).is_some_and(|at| self.order[*at].changed)
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn add_all(&mut self, vms: Option<&MoRefs>) {
        let Some(vms) = vms else { return };
        self.by_id.reserve(vms.len());
        self.order.reserve(vms.len());
        vms.iter().for_each(|vm| self.add(vm, false));
    }

    /// A changed setting of the group concerns all its machines, a changed port the one that is connected to it.
    fn portgroup(&mut self, tx: &Tx<'_>, moref: &MoRef) {
        let Some(now) = tx.get::<DistributedVirtualPortgroup>(moref) else { return };
        let before = tx.was::<DistributedVirtualPortgroup>(moref);
        if !before.is_some_and(|old| old.config.same(&now.config) || same_group(old, now)) {
            return self.add_all(now.vm.as_ref());
        }
        let (old, new) = (tx.private_was::<Ports>(&moref.id), tx.private::<Ports>(&moref.id));
        if let (Some(old), Some(new)) = (old, new) {
            for key in new.written(tx) {
                let ends = [old.get(*key), new.get(*key)].into_iter().flatten();
                ends.filter_map(|port| port.connectee.as_ref()).for_each(|end| self.connectee(end));
            }
        }
    }

    fn connectee(&mut self, end: &Connectee) {
        if let Connectee::Adapter { vm, .. } = end {
            self.add(vm, false);
        }
    }

    fn switch(&mut self, tx: &Tx<'_>, moref: &MoRef) {
        let Some(now) = tx.get::<DistributedVirtualSwitch>(moref) else { return };
        if tx.was::<DistributedVirtualSwitch>(moref).is_some_and(|old| same_switch(old, now)) {
            return;
        }
        for portgroup in now.portgroup.iter().flatten() {
            self.add_all(tx.get::<DistributedVirtualPortgroup>(portgroup).and_then(|p| p.vm.as_ref()));
        }
    }
}

/// Software, advanced options, physical adapters and what the switch does on the host.
fn host_changed(tx: &Tx<'_>, moref: &MoRef) -> bool {
    let (Some(old), Some(new)) = (tx.was::<HostSystem>(moref), tx.get::<HostSystem>(moref)) else {
        return true;
    };
    let config = match (&old.config, &new.config) {
        (Some(old), Some(new)) if old.same(new) => true,
        (Some(old), Some(new)) => {
            let network = match (&old.network, &new.network) {
                (Some(old), Some(new)) => old.same(new) || old.pnic == new.pnic && old.proxy_switch == new.proxy_switch,
                (old, new) => old.is_none() && new.is_none(),
            };
            network && old.product == new.product && old.option == new.option
        }
        (old, new) => old.is_none() && new.is_none(),
    };
    !(config && old.capability == new.capability)
}

fn same_group(old: &DistributedVirtualPortgroup, new: &DistributedVirtualPortgroup) -> bool {
    let (old, new) = (&old.config, &new.config);
    old.default_port_config == new.default_port_config
        && old.distributed_virtual_switch == new.distributed_virtual_switch
}

fn same_switch(old: &DistributedVirtualSwitch, new: &DistributedVirtualSwitch) -> bool {
    old.uuid == new.uuid && old.capability == new.capability && (old.config.same(&new.config) || same_config(old, new))
}

fn same_config(old: &DistributedVirtualSwitch, new: &DistributedVirtualSwitch) -> bool {
    let (a, b) = (&old.config, &new.config);
    let general = a.default_port_config == b.default_port_config
        && a.host == b.host
        && a.product_info == b.product_info
        && a.uplink_port_policy == b.uplink_port_policy;
    let own = match (a.cast::<VMwareDVSConfigInfo>(), b.cast::<VMwareDVSConfigInfo>()) {
        (Some(a), Some(b)) => {
            a.vspan_session == b.vspan_session
                && a.network_offload_spec_id == b.network_offload_spec_id
                && a.network_offload_config == b.network_offload_config
        }
        (a, b) => a.is_none() && b.is_none(),
    };
    general && own
}
