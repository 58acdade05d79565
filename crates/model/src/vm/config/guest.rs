//! Who the VM is and what runs in it: name, UUIDs, guest, hardware version, files.

use vim25::{
    Obj, Str,
    types::{VirtualMachineConfigInfo, VirtualMachineFileInfo},
};

use super::checks::{self, Change};
use crate::vm::{Fault, guest_os, hardware, identity, path::DatastorePath, version};

/// Sets the members that name the VM.
pub(super) fn apply(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    name_and_notes(config, change)?;
    uuids(config, change)?;
    guest(config, change)?;
    upgrade(config, change)?;
    files(config, change)
}

fn name_and_notes(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    if let Some(name) = &change.spec.name {
        let name = checks::name(name)?;
        if config.name != name {
            config.name = name;
        }
    }
    if change.spec.annotation.is_some() && change.spec.annotation != config.annotation {
        config.annotation = change.spec.annotation.clone();
    }
    Ok(())
}

fn uuids(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let parsed = |member: &str, text: &Option<Str>| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => identity::parse_uuid(text)
            .map(Some)
            .ok_or_else(|| Fault::invalid_argument(format!("configSpec.{member}"), format!("'{text}' is no UUID"))),
    };
    if let Some(uuid) = parsed("uuid", &change.spec.uuid)?
        && uuid != config.uuid
    {
        change.needs_off()?;
        config.uuid = uuid;
    }
    if let Some(uuid) = parsed("instanceUuid", &change.spec.instance_uuid)?
        && Some(&uuid) != config.instance_uuid.as_ref()
    {
        change.needs_off()?;
        config.instance_uuid = Some(uuid);
    }
    Ok(())
}

fn guest(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let spec = change.spec;
    let id = spec.guest_id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| config.guest_id.clone());
    if !guest_os::is_known(&id) {
        return Err(Fault::invalid_argument("configSpec.guestId", format!("'{id}' is no guest operating system")));
    }
    let alternate = spec.alternate_guest_name.clone().unwrap_or_else(|| config.alternate_guest_name.clone());
    let full = if alternate.is_empty() { guest_os::full_name(&id) } else { alternate.clone() };
    if id != config.guest_id {
        change.needs_off()?;
        config.guest_id = id;
    }
    if alternate != config.alternate_guest_name {
        config.alternate_guest_name = alternate;
    }
    if full != config.guest_full_name {
        config.guest_full_name = full;
    }
    Ok(())
}

/// A newer hardware version in the spec for an existing VM upgrades it.
fn upgrade(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let Some(key) = change.spec.version.as_ref().filter(|_| !change.creating) else { return Ok(()) };
    let wanted = checks::version(key, change.context)?;
    let has = version::number(&config.version).unwrap_or(version::NEWEST);
    if wanted == has {
        return Ok(());
    }
    if wanted < has {
        let why = format!("'{}' cannot be taken back to '{key}'", config.version);
        return Err(Fault::invalid_argument("configSpec.version", why));
    }
    change.needs_off()?;
    config.version = version::key(wanted);
    if has < 7 && wanted >= 7 {
        let vmci = hardware::default_devices(wanted).into_iter().find(|d| d.key == hardware::VMCI);
        let devices = config.hardware.device.get_or_insert_default();
        vmci.into_iter().for_each(|d| crate::vm::devices::insert(devices, d));
    }
    Ok(())
}

fn files(config: &mut Obj<VirtualMachineConfigInfo>, change: &Change<'_>) -> Result<(), Fault> {
    let Some(wish) = change.spec.files.as_ref() else { return Ok(()) };
    if !change.creating
        && let Some(path) = wish.vm_path_name.as_ref().filter(|p| !p.is_empty())
        && Some(path) != config.files.vm_path_name.as_ref()
    {
        let why = "the files of a virtual machine move by relocating it";
        return Err(Fault::invalid_argument("configSpec.files.vmPathName", why));
    }
    let mut new = (*config.files).clone();
    folder(change, &mut new, |f| &mut f.snapshot_directory, &wish.snapshot_directory)?;
    folder(change, &mut new, |f| &mut f.suspend_directory, &wish.suspend_directory)?;
    folder(change, &mut new, |f| &mut f.log_directory, &wish.log_directory)?;
    folder(change, &mut new, |f| &mut f.ft_metadata_directory, &wish.ft_metadata_directory)?;
    if new != *config.files {
        change.needs_off()?;
        config.files = new.into();
    }
    Ok(())
}

fn folder(
    change: &Change<'_>,
    files: &mut VirtualMachineFileInfo,
    place: fn(&mut VirtualMachineFileInfo) -> &mut Option<Str>,
    wish: &Option<Str>,
) -> Result<(), Fault> {
    let Some(wish) = wish.as_ref().filter(|w| !w.is_empty()) else { return Ok(()) };
    let path = DatastorePath::parse(wish).ok_or_else(|| Fault::datastore_path(wish))?;
    let datastore = change.context.surroundings.datastore_named(path.datastore);
    datastore.ok_or_else(|| Fault::datastore(path.datastore))?;
    *place(files) = Some(wish.clone());
    Ok(())
}
