//! Writes what is said of adapters: as private state, and as `runtime.device`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use inventory::Tx;
use vim25::{MoRef, Obj, mo::VirtualMachine, types::VirtualMachineRuntimeInfo};

use super::{
    rule::{Teller, Transition},
    said::{Adapter, Passthrough, Shown},
};

/// What is said of machines, once each: machines of which the same is said share it.
#[derive(Default)]
pub(super) struct Known(Mutex<HashMap<Vec<Adapter>, Arc<Shown>>>);

/// More than this is forgotten, and said anew.
const REMEMBERED: usize = 1024;

impl Known {
    fn shown(&self, adapters: Vec<Adapter>) -> Arc<Shown> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shown) = known.get(&adapters) {
            return shown.clone();
        }
        if known.len() >= REMEMBERED {
            known.clear();
        }
        let shown = Arc::new(Shown::new(adapters.clone()));
        known.insert(adapters, shown.clone());
        shown
    }
}

/// Writes, and tells what changes.
pub(super) struct Writer<'k> {
    known: &'k Known,
    /// What was said last: what comes next is often the same.
    last: Option<Arc<Shown>>,
    tell: Option<Teller>,
    /// Runtimes under way, by the place of what they were and of what is said; what they were stays alive for that.
    runtimes: HashMap<(usize, usize), (Runtime, Runtime)>,
}

type Runtime = Obj<VirtualMachineRuntimeInfo>;

impl<'k> Writer<'k> {
    pub fn new(known: &'k Known, tell: Option<Teller>) -> Writer<'k> {
        Writer { known, last: None, tell, runtimes: HashMap::new() }
    }

    /// Writes what is said of a machine's adapters, where it differs.
    pub fn write(&mut self, tx: &mut Tx<'_>, vm: &MoRef, adapters: Vec<Adapter>) {
        let old = tx.private::<Passthrough>(&vm.id).map(|said| said.0.clone());
        let said = old.as_ref().map_or(&[][..], |old| &old.adapters);
        if *said != adapters {
            let shown = (!adapters.is_empty()).then(|| self.shown(adapters));
            match &shown {
                Some(shown) => tx.set_private(&vm.id, Passthrough(shown.clone())),
                None => tx.clear_private::<Passthrough>(&vm.id),
            };
            self.show(tx, vm, shown.as_ref());
            self.tell(tx, vm, old.as_deref(), shown.as_deref());
        } else {
            self.show(tx, vm, old.as_ref());
        }
    }

    fn shown(&mut self, adapters: Vec<Adapter>) -> Arc<Shown> {
        match &self.last {
            Some(last) if last.adapters == adapters => last.clone(),
            _ => self.last.insert(self.known.shown(adapters)).clone(),
        }
    }

    /// Makes the runtime, and its copy in the summary, say the same.
    fn show(&mut self, tx: &mut Tx<'_>, vm: &MoRef, shown: Option<&Arc<Shown>>) {
        let Some(machine) = tx.get::<VirtualMachine>(vm) else { return };
        let device = shown.map(|shown| &shown.device);
        if machine.runtime.device.as_ref() == device {
            return;
        }
        let old = machine.runtime.clone();
        let place = |shown: &Arc<Shown>| Arc::as_ptr(shown) as usize;
        let key = (Arc::as_ptr(old.shared()).cast::<()>() as usize, shown.map_or(0, place));
        let (_, new) = self.runtimes.entry(key).or_insert_with(|| {
            let mut new = old.clone();
            new.device = device.cloned();
            (old, new)
        });
        if let Some(machine) = tx.edit::<VirtualMachine>(vm) {
            machine.runtime = new.clone();
            machine.summary.runtime = new.clone();
        }
    }

    fn tell(&self, tx: &mut Tx<'_>, vm: &MoRef, old: Option<&Shown>, new: Option<&Shown>) {
        let Some(tell) = self.tell else { return };
        let find = |shown: Option<&Shown>, key| shown?.adapters.iter().find(|adapter| adapter.key == key).cloned();
        let gone = old.iter().flat_map(|old| &old.adapters).filter(|adapter| find(new, adapter.key).is_none());
        let here = new.iter().flat_map(|new| &new.adapters);
        for key in gone.chain(here).map(|adapter| adapter.key) {
            let (before, after) = (find(old, key), find(new, key));
            if before != after {
                tell(tx, &Transition { vm: vm.clone(), key, before, after });
            }
        }
    }
}
