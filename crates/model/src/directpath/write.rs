//! Writes what is said of adapters: as private state, and as `runtime.device`.

use std::{collections::HashMap, sync::Arc};

use inventory::{IdHash, Tx};
use vim25::{MoRef, Obj, mo::VirtualMachine, types::VirtualMachineRuntimeInfo};

use super::{
    round::News,
    rule::Transition,
    said::{Passthrough, is_shown},
};

/// Writes, and notes what changes.
#[derive(Default)]
pub(super) struct Writer {
    /// Runtimes under way, by the place of what they were and of what is said; what they were stays alive for that.
    runtimes: HashMap<(usize, usize), (Runtime, Runtime), IdHash>,
    pub transitions: Vec<Transition>,
}

type Runtime = Obj<VirtualMachineRuntimeInfo>;

impl Writer {
    /// Writes what is said of a machine's adapters, and shows it.
    pub fn write(&mut self, tx: &mut Tx<'_>, news: &News) {
        let News { vm, before, now } = news;
        if before.as_ref() != now.as_deref() {
            match now {
                Some(said) => tx.share_private(&vm.id, said.clone()),
                None => tx.clear_private::<Passthrough>(&vm.id),
            };
            self.note(vm, before.as_ref(), now.as_deref());
        }
        self.show(tx, vm, now.as_ref());
    }

    /// Makes the runtime, and its copy in the summary, say the same.
    fn show(&mut self, tx: &mut Tx<'_>, vm: &MoRef, said: Option<&Arc<Passthrough>>) {
        let Some(machine) = tx.get::<VirtualMachine>(vm) else { return };
        if is_shown(said.map(|said| &**said), machine) {
            return;
        }
        let old = &machine.runtime;
        let key = (Arc::as_ptr(old.shared()).addr(), said.map_or(0, |said| Arc::as_ptr(said).addr()));
        let (_, new) = self.runtimes.entry(key).or_insert_with(|| {
            let mut new = old.clone();
            new.device = said.map(|said| said.device().clone());
            (old.clone(), new)
        });
        if let Some(machine) = tx.edit::<VirtualMachine>(vm) {
            machine.runtime = new.clone();
            machine.summary.runtime = new.clone();
        }
    }

    fn note(&mut self, vm: &MoRef, old: Option<&Passthrough>, new: Option<&Passthrough>) {
        let find = |said: Option<&Passthrough>, key| said?.adapter(key).cloned();
        let gone = old.into_iter().flat_map(Passthrough::adapters).filter(|adapter| find(new, adapter.key).is_none());
        let here = new.into_iter().flat_map(Passthrough::adapters);
        for key in gone.chain(here).map(|adapter| adapter.key) {
            let (before, after) = (find(old, key), find(new, key));
            if before != after {
                self.transitions.push(Transition { vm: vm.clone(), key, before, after });
            }
        }
    }
}
