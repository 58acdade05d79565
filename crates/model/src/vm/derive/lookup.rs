//! What the surroundings of a VM say, as the rule asks for it.

use std::cell::RefCell;

use inventory::Tx;
use vim25::{
    MoRef, MoRefs, Obj, Str,
    mo::{Datastore, HostSystem, OpaqueNetwork, VirtualMachine, VirtualMachineSnapshot},
    types::{OpaqueNetworkSummary, VirtualMachineConfigInfo},
};

use crate::vm::surroundings::{DatastoreFacts, Lookup, NetworkFacts};

/// What a VM's host reaches, as a transaction sees it. Names that were asked for are remembered.
pub(super) struct TxLookup<'t, 'a> {
    tx: &'t Tx<'a>,
    datastores: Option<&'t MoRefs>,
    networks: Option<&'t MoRefs>,
    known: RefCell<Vec<(Str, Option<DatastoreFacts>)>>,
}

impl<'t, 'a> TxLookup<'t, 'a> {
    pub fn of(tx: &'t Tx<'a>, vm: &'t VirtualMachine) -> TxLookup<'t, 'a> {
        let host = vm.runtime.host.as_ref().and_then(|h| tx.get::<HostSystem>(h));
        TxLookup {
            tx,
            datastores: host.and_then(|h| h.datastore.as_ref()).or(vm.datastore.as_ref()),
            networks: host.and_then(|h| h.network.as_ref()),
            known: RefCell::default(),
        }
    }
}

impl Lookup for TxLookup<'_, '_> {
    fn datastore_named(&self, name: &str) -> Option<DatastoreFacts> {
        if let Some((_, facts)) = self.known.borrow().iter().find(|(known, _)| known == name) {
            return facts.clone();
        }
        let mut all = self.datastores.into_iter().flatten();
        let found = all.find(|d| self.tx.get::<Datastore>(d).is_some_and(|d| d.name == name));
        let facts = found.and_then(|d| self.datastore(d));
        self.known.borrow_mut().push((name.into(), facts.clone()));
        facts
    }

    fn datastore(&self, datastore: &MoRef) -> Option<DatastoreFacts> {
        let found = self.tx.get::<Datastore>(datastore)?;
        Some(DatastoreFacts {
            datastore: datastore.clone(),
            name: found.name.clone(),
            url: found.summary.url.clone(),
            free: found.summary.free_space,
            max_file: found.info.max_file_size,
            accessible: found.summary.accessible,
        })
    }

    fn snapshot_config(&self, snapshot: &MoRef) -> Option<Obj<VirtualMachineConfigInfo>> {
        self.tx.get::<VirtualMachineSnapshot>(snapshot).map(|s| s.config.clone())
    }

    fn opaque_network(&self, id: &str, kind: &str) -> Option<NetworkFacts> {
        let facts = |moref: &MoRef| {
            let network = self.tx.get::<OpaqueNetwork>(moref)?;
            let summary = network.summary.cast::<OpaqueNetworkSummary>()?;
            let is_it = summary.opaque_network_id == id && summary.opaque_network_type == kind;
            is_it.then(|| NetworkFacts { network: moref.clone(), name: network.name.clone() })
        };
        self.networks.into_iter().flatten().find_map(facts)
    }
}
