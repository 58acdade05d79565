//! `RemoveSnapshot_Task`, `RemoveAllSnapshots_Task` and `ConsolidateVMDisks_Task`.

use std::collections::HashSet;

use driver::{Action, Order};
use inventory::Tx;
use model::vm::{
    activity::Operation,
    config,
    snapshot::{self, Chains, Leftover, chain_of},
};
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{VirtualDisk, VirtualMachineConfigInfo},
};

use super::{config_of, kept_configs, machine, machine_of};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::virtual_machine::operation::{self, Begun},
    task::{self, Work},
};

const DAY: i64 = 24 * 60 * 60;

/// Which snapshots go.
enum Which {
    /// None: only what earlier removals have left is merged.
    None,
    /// All, or those that are older than so many days.
    All(Option<i32>),
    /// One, with those below it or without.
    One(MoRef, bool),
}

/// What a client asks for.
struct Wish {
    which: Which,
    consolidate: bool,
}

/// `RemoveSnapshot_Task`
pub fn one(call: &Call, args: args::RemoveSnapshot_Task) -> Result<MoRef, Fault> {
    let vm = machine_of(call)?;
    let which = Which::One(call.this.clone(), args.remove_children);
    start(call, &vm, Wish { which, consolidate: args.consolidate != Some(false) })
}

/// `RemoveAllSnapshots_Task`
pub fn all(call: &Call, args: args::RemoveAllSnapshots_Task) -> Result<MoRef, Fault> {
    let days = args.spec.as_ref().and_then(|spec| spec.retention_days);
    if days.is_some_and(|days| days < 0) {
        return Err(Fault::invalid_argument("spec.retentionDays", "it is negative"));
    }
    start(call, &call.this, Wish { which: Which::All(days), consolidate: args.consolidate != Some(false) })
}

/// `ConsolidateVMDisks_Task`
pub fn consolidate(call: &Call, _: args::ConsolidateVMDisks_Task) -> Result<MoRef, Fault> {
    start(call, &call.this, Wish { which: Which::None, consolidate: true })
}

fn start(call: &Call, vm: &MoRef, wish: Wish) -> Result<MoRef, Fault> {
    task::stage_on(call, vm, call.method, |work| async move { perform(&work, &wish).await.map(|()| None) })
}

async fn perform(work: &Work, wish: &Wish) -> Result<(), Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let config = left(tx, vm, wish)?.config;
        let order = Order { vm: vm.clone(), config, action: Action::Consolidate };
        Ok(Begun { operation: Operation::Other, order: Some(order), with: () })
    };
    operation::perform(work, vm, begin, |tx, ()| left(tx, vm, wish).map(|left| left.write(tx, vm))).await
}

/// Brings what is known of files that wait to be merged up to date, after a machine's disks have become others.
pub(super) fn review(tx: &mut Tx<'_>, vm: &MoRef) -> Result<(), Fault> {
    left(tx, vm, &Wish { which: Which::None, consolidate: false }).map(|left| left.write(tx, vm))
}

/// What a removal leaves.
struct Left {
    machine: mo::VirtualMachine,
    config: Obj<VirtualMachineConfigInfo>,
    kept: Vec<(MoRef, Obj<VirtualMachineConfigInfo>)>,
    gone: Vec<MoRef>,
    leftover: Leftover,
}

fn left(tx: &mut Tx<'_>, vm: &MoRef, wish: &Wish) -> Result<Left, Fault> {
    let mut machine = machine(tx, vm)?.clone();
    let before = config_of(&machine)?.clone();
    let all = kept_configs(tx, &machine);
    let gone = remove_from_tree(tx, &mut machine, &wish.which)?;
    let (lost, mut kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(snapshot, _)| gone.contains(snapshot));
    let mut files = tx.private::<Leftover>(&vm.id).cloned().unwrap_or_default().0;
    files.extend(lost.iter().flat_map(|(_, config)| tops(config)));
    files.sort_unstable();
    files.dedup();
    let used_elsewhere = used_by_others(tx, vm, &machine, &files);
    let mut config = before.clone();
    let free = |chains: &Chains, file: &str| chains.can_merge(file) && !used_elsewhere.contains(file);
    if wish.consolidate {
        let chains = chains(&config, &kept);
        let merged = |file: &str| files.iter().any(|f| f == file) && free(&chains, file);
        snapshot::merge(&mut config, &merged);
        kept.iter_mut().for_each(|(_, config)| snapshot::merge(config, &merged));
    }
    let chains = chains(&config, &kept);
    files.retain(|file| chains.is_below(file));
    machine.runtime.consolidation_needed = files.iter().any(|file| free(&chains, file));
    if config != before {
        config::stamp(&mut config, tx.now());
    }
    Ok(Left { machine, config, kept, gone, leftover: Leftover(files) })
}

fn chains(config: &VirtualMachineConfigInfo, kept: &[(MoRef, Obj<VirtualMachineConfigInfo>)]) -> Chains {
    Chains::of(kept.iter().map(|(_, config)| &**config).chain([config]))
}

/// Takes snapshots out of the machine's tree. Returns them.
fn remove_from_tree(tx: &Tx<'_>, machine: &mut mo::VirtualMachine, which: &Which) -> Result<Vec<MoRef>, Fault> {
    let nodes = machine.snapshot.as_deref().map(snapshot::nodes).unwrap_or_default();
    let (targets, with_children): (Vec<MoRef>, bool) = match which {
        Which::None => (vec![], false),
        Which::One(snapshot, with_children) => (vec![snapshot.clone()], *with_children),
        Which::All(days) => {
            let before = days.map(|days| tx.now().plus_seconds(-DAY * i64::from(days)));
            let old = nodes.iter().filter(|node| before.is_none_or(|before| node.create_time < before));
            (old.map(|node| node.snapshot.clone()).collect(), false)
        }
    };
    let mut gone = Vec::new();
    for target in targets {
        let info = machine.snapshot.as_deref().filter(|info| snapshot::find(info, &target).is_some());
        let info = info.ok_or_else(|| Fault::object_not_found(&target))?;
        let (left, removed) = snapshot::remove(info, &target, with_children);
        machine.snapshot = left.map(Into::into);
        gone.extend(removed);
    }
    Ok(gone)
}

/// The files that a configuration has as disks.
fn tops(config: &VirtualMachineConfigInfo) -> Vec<Str> {
    let disks = config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>());
    disks.filter_map(|disk| chain_of(disk).first().map(|top| top.file_name.clone())).collect()
}

/// Those of the files on which other machines stand: linked clones.
fn used_by_others(tx: &mut Tx<'_>, vm: &MoRef, machine: &mo::VirtualMachine, files: &[Str]) -> HashSet<Str> {
    let mut used = HashSet::new();
    for file in files {
        let carriers = tx.index().by_file(file);
        let mut others = carriers.iter().filter(|other| *other != vm);
        if others.any(|other| tx.get(other).is_some_and(|other| share_store(other, machine))) {
            used.insert(file.clone());
        }
    }
    used
}

/// Datastores of other datacenters may have the same name.
fn share_store(one: &mo::VirtualMachine, other: &mo::VirtualMachine) -> bool {
    let has = |datastore| other.datastore.iter().flatten().any(|d| d == datastore);
    one.datastore.iter().flatten().any(has)
}

impl Left {
    fn write(self, tx: &mut Tx<'_>, vm: &MoRef) {
        for snapshot in &self.gone {
            tx.remove(snapshot);
        }
        for (snapshot, config) in self.kept {
            let differs = tx.get::<mo::VirtualMachineSnapshot>(&snapshot).is_some_and(|s| s.config != config);
            if differs && let Some(snapshot) = tx.edit::<mo::VirtualMachineSnapshot>(&snapshot) {
                snapshot.config = config;
            }
        }
        if tx.private::<Leftover>(&vm.id).is_some_and(|before| *before != self.leftover) || !self.leftover.0.is_empty()
        {
            tx.set_private(&vm.id, self.leftover);
        }
        if let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) {
            *machine = self.machine;
            machine.config = Some(self.config);
        }
    }
}
