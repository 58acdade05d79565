//! `ExtensionManager`: what other products have registered here.

use ::inventory::Tx;
use vim25::{
    MoRef, Obj, Str, args, mo,
    types::{Extension, NotFound},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::ExtensionManager, args::FindExtension>(find)?;
    registry.on::<mo::ExtensionManager, args::RegisterExtension>(add)?;
    registry.on::<mo::ExtensionManager, args::UpdateExtension>(update)?;
    registry.on::<mo::ExtensionManager, args::UnregisterExtension>(remove)?;
    registry.on::<mo::ExtensionManager, args::QueryManagedBy>(managed_by)
}

/// `FindExtension`: none if there is none of this key.
fn find(call: &Call, args: args::FindExtension) -> Result<Option<Obj<Extension>>, Fault> {
    let world = call.snapshot();
    let manager = world.get::<mo::ExtensionManager>(&call.this).ok_or_else(|| Fault::object_not_found(&call.this))?;
    Ok(manager.extension_list.iter().flatten().find(|e| e.key == args.extension_key).cloned())
}

/// `RegisterExtension`.
fn add(call: &Call, args: args::RegisterExtension) -> Result<(), Fault> {
    let mut extension = args.extension;
    check(&extension)?;
    call.commit(|tx| {
        extension.last_heartbeat_time = tx.now();
        let all = edit(tx, &call.this)?;
        if all.iter().any(|known| known.key == extension.key) {
            let why = format!("an extension '{}' is registered already", extension.key);
            return Err(Fault::invalid_argument("extension.key", why));
        }
        all.push(extension);
        Ok(())
    })
}

/// `UpdateExtension`.
fn update(call: &Call, args: args::UpdateExtension) -> Result<(), Fault> {
    let mut extension = args.extension;
    check(&extension)?;
    call.commit(|tx| {
        extension.last_heartbeat_time = tx.now();
        let at = position(tx, &call.this, &extension.key)?;
        edit(tx, &call.this)?[at] = extension;
        Ok(())
    })
}

/// `UnregisterExtension`.
fn remove(call: &Call, args: args::UnregisterExtension) -> Result<(), Fault> {
    call.commit(|tx| {
        let at = position(tx, &call.this, &args.extension_key)?;
        edit(tx, &call.this)?.remove(at);
        Ok(())
    })
}

/// `QueryManagedBy`: the VMs and vApps that say they are managed by an extension.
fn managed_by(call: &Call, args: args::QueryManagedBy) -> Result<Option<Vec<MoRef>>, Fault> {
    let mut found = call.snapshot().index().managed_by(&args.extension_key);
    found.sort();
    Ok(Some(found))
}

fn check(extension: &Extension) -> Result<(), Fault> {
    let needed = [("extension.key", &extension.key), ("extension.version", &extension.version)];
    match needed.into_iter().find(|(_, value)| value.trim().is_empty()) {
        Some((name, _)) => Err(Fault::invalid_argument(name, "it is empty")),
        None => Ok(()),
    }
}

fn edit<'t>(tx: &'t mut Tx<'_>, this: &MoRef) -> Result<&'t mut Vec<Obj<Extension>>, Fault> {
    let manager = tx.edit::<mo::ExtensionManager>(this).ok_or_else(|| Fault::object_not_found(this))?;
    Ok(manager.extension_list.get_or_insert_default())
}

fn position(tx: &mut Tx<'_>, this: &MoRef, key: &Str) -> Result<usize, Fault> {
    let missing = || Fault::new(NotFound::default(), format!("There is no extension '{key}'."));
    edit(tx, this)?.iter().position(|known| known.key == *key).ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use vim25::{DataType, types::ManagedByInfo};

    use super::*;
    use crate::testing::{World, moref, refused};

    fn manager() -> MoRef {
        moref("ExtensionManager", "ExtensionManager")
    }

    fn extension(key: &str, version: &str) -> Obj<Extension> {
        Extension::with(|e| {
            e.key = key.into();
            e.version = version.into();
        })
        .into()
    }

    fn find(world: &World, key: &str) -> Option<Obj<Extension>> {
        world.call(&manager(), args::FindExtension { extension_key: key.into() }).unwrap()
    }

    #[test]
    fn an_extension_is_registered_updated_and_unregistered() {
        let world = World::new();
        world.call(&manager(), args::RegisterExtension { extension: extension("lab", "1") }).unwrap();
        let first = find(&world, "lab").unwrap();
        assert_eq!((first.version.as_str(), first.last_heartbeat_time), ("1", world.core.now()));
        let later = world.advance(60);
        world.call(&manager(), args::UpdateExtension { extension: extension("lab", "2") }).unwrap();
        let second = find(&world, "lab").unwrap();
        assert_eq!((second.version.as_str(), second.last_heartbeat_time), ("2", later));
        world.call(&manager(), args::UnregisterExtension { extension_key: "lab".into() }).unwrap();
        assert!(find(&world, "lab").is_none());
    }

    #[test]
    fn extensions_are_registered_once_and_known_before_they_change() {
        let world = World::new();
        let add = |key: &str, version: &str| {
            world.call(&manager(), args::RegisterExtension { extension: extension(key, version) })
        };
        add("lab", "1").unwrap();
        assert_eq!(refused(add("lab", "2")).0, "InvalidArgument");
        assert_eq!(refused(add(" ", "1")).0, "InvalidArgument");
        assert_eq!(refused(add("x", "")).0, "InvalidArgument");
        let unknown = args::UpdateExtension { extension: extension("none", "1") };
        assert_eq!(refused(world.call(&manager(), unknown)).0, "NotFound");
        let unknown = args::UnregisterExtension { extension_key: "none".into() };
        assert_eq!(refused(world.call(&manager(), unknown)).0, "NotFound");
    }

    #[test]
    fn the_vms_of_an_extension_are_found() {
        let world = World::new();
        let vm = moref("VirtualMachine", "vm-21");
        world.commit(|tx| {
            let config = tx.edit::<mo::VirtualMachine>(&vm).unwrap().config.as_mut().unwrap();
            config.managed_by = Some(ManagedByInfo { extension_key: "lab".into(), type_: "node".into() }.into());
        });
        let query = |key: &str| world.call(&manager(), args::QueryManagedBy { extension_key: key.into() }).unwrap();
        assert_eq!(query("lab"), Some(vec![vm.clone()]));
        assert_eq!(query("other"), Some(vec![]));
    }
}
