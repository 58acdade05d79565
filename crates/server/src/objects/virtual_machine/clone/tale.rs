//! The events of a clone.

use inventory::Tx;
use vim25::{
    DataType, MoRef, Obj, Str, mo,
    types::{
        FolderEventArgument, VmBeingClonedEvent, VmBeingDeployedEvent, VmClonedEvent, VmDeployedEvent, VmEventArgument,
    },
};

use super::{Wish, is_template};
use crate::{events, objects::virtual_machine::story::tell, task::Work};

fn machine(name: &Str, vm: &MoRef) -> Obj<VmEventArgument> {
    VmEventArgument::with(|argument| {
        argument.name = name.clone();
        argument.vm = vm.clone();
    })
    .into()
}

fn source(tx: &Tx<'_>, source: &MoRef) -> (Obj<VmEventArgument>, bool) {
    let found = tx.get::<mo::VirtualMachine>(source);
    let name = found.map(|vm| vm.name.clone()).unwrap_or_default();
    (machine(&name, source), found.is_some_and(is_template))
}

/// A clone begins. `made` is what it will be.
pub fn begins(tx: &mut Tx<'_>, work: &Work, of: &MoRef, vm: &MoRef, wish: &Wish, made: &mo::VirtualMachine) {
    let (template, is_template) = source(tx, of);
    if is_template {
        let mut event = VmBeingDeployedEvent { src_template: template, ..Default::default() };
        event.vm = Some(machine(&made.name, vm));
        return tell(tx, work, of, event, &format!("is being deployed as {}", made.name));
    }
    let folder = tx.get::<mo::Folder>(&wish.folder).map(|f| f.name.clone()).unwrap_or_default();
    let dest_folder = FolderEventArgument::with(|argument| {
        argument.name = folder;
        argument.folder = wish.folder.clone();
    });
    let host = made.runtime.host.as_ref().and_then(|host| events::arguments(tx, host).host);
    let event = VmBeingClonedEvent {
        dest_folder: dest_folder.into(),
        dest_name: made.name.clone(),
        dest_host: host.unwrap_or_default(),
        ..Default::default()
    };
    tell(tx, work, of, event, &format!("is being cloned to {}", made.name));
}

/// A clone has been made.
pub fn ends(tx: &mut Tx<'_>, work: &Work, of: &MoRef, vm: &MoRef) {
    let (source, is_template) = source(tx, of);
    let name = source.name.clone();
    match is_template {
        true => {
            let event = VmDeployedEvent { src_template: source, ..Default::default() };
            tell(tx, work, vm, event, &format!("was deployed from template {name}"));
        }
        false => {
            let event = VmClonedEvent { source_vm: source, ..Default::default() };
            tell(tx, work, vm, event, &format!("was cloned from {name}"));
        }
    }
}
