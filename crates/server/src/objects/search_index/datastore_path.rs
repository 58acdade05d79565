//! By the path of a VM's configuration file: `[LocalDS_0] web/web.vmx`.

use ::inventory::Snapshot;
use vim25::{
    DataType, MoRef, Str, args, mo,
    types::{InvalidDatastore, InvalidDatastorePath},
};

use crate::{dispatch::Call, fault::Fault};

/// `FindByDatastorePath`
pub(super) fn find(call: &Call, args: args::FindByDatastorePath) -> Result<Option<MoRef>, Fault> {
    let sight = call.sight();
    let world = &sight.snapshot;
    if world.get::<mo::Datacenter>(&args.datacenter).is_none() {
        return Err(Fault::object_not_found(&args.datacenter));
    }
    let (name, file) = parts(&args.path).ok_or_else(|| malformed(&args.path))?;
    let store = datastore(world, &args.datacenter, name).ok_or_else(|| unknown(name))?;
    let is_it = |vm: &MoRef| {
        let machine = world.get::<mo::VirtualMachine>(vm);
        machine.is_some_and(|vm| lies_on(vm, &store) && path_of(vm).and_then(|p| parts(p)) == Some((name, file)))
    };
    Ok(world.index().by_file(&format!("[{name}] {file}")).into_iter().find(|vm| is_it(vm) && sight.shows(vm)))
}

/// Datastores of other datacenters may have the same name.
fn lies_on(vm: &mo::VirtualMachine, store: &MoRef) -> bool {
    vm.datastore.iter().flatten().any(|datastore| datastore == store)
}

/// Name of the datastore and path in it.
fn parts(path: &str) -> Option<(&str, &str)> {
    let (name, file) = path.trim().strip_prefix('[')?.split_once(']')?;
    let file = file.trim().trim_start_matches('/');
    Some((name.trim(), file)).filter(|(name, file)| !name.is_empty() && !file.is_empty())
}

fn path_of(vm: &mo::VirtualMachine) -> Option<&Str> {
    vm.config.as_ref()?.files.vm_path_name.as_ref()
}

/// The datastore of this name in the datacenter: in its datastore folder, or in a folder or pod below.
fn datastore(world: &Snapshot, datacenter: &MoRef, name: &str) -> Option<MoRef> {
    let mut folders = vec![world.get::<mo::Datacenter>(datacenter)?.datastore_folder.clone()];
    while let Some(folder) = folders.pop() {
        if let Some(found) = world.index().child_named(&folder, name).filter(|m| m.kind == mo::Datastore::TYPE.name) {
            return Some(found);
        }
        let children = world.get::<mo::Folder>(&folder).and_then(|f| f.child_entity.as_ref()).unwrap_or_default();
        folders.extend(children.iter().filter(|c| world.get::<mo::Folder>(c).is_some()).cloned());
    }
    None
}

fn malformed(path: &Str) -> Fault {
    let fault = InvalidDatastorePath { datastore_path: path.clone(), ..Default::default() };
    Fault::new(fault, format!("'{path}' is not a datastore path: write '[datastore] folder/file.vmx'."))
}

fn unknown(name: &str) -> Fault {
    let fault = InvalidDatastore { name: Some(name.into()), ..Default::default() };
    Fault::new(fault, format!("The datacenter has no datastore '{name}'."))
}
