//! The configuration of a new VM from a spec.

use vim25::{
    Obj, Str,
    types::{VirtualMachineConfigInfo, VirtualMachineConfigSpec, VirtualMachinePowerState},
};

use super::{
    Outcome,
    checks::{self, Change},
    defaults::{Names, blank},
    reconfigure::apply,
};
use crate::vm::{
    Context, Fault, hardware,
    path::{self, DatastorePath},
    surroundings::DatastoreFacts,
    version,
};

/// The configuration that a spec for a new VM gives.
///
/// # Errors
/// The fault that says what of the spec cannot be.
pub fn create(spec: &VirtualMachineConfigSpec, context: &Context<'_>) -> Result<Obj<VirtualMachineConfigInfo>, Fault> {
    creation(spec, context).map(|outcome| outcome.config)
}

/// [`create`], with what it does to files.
///
/// # Errors
/// The fault that says what of the spec cannot be.
pub fn creation(spec: &VirtualMachineConfigSpec, context: &Context<'_>) -> Result<Outcome, Fault> {
    let name = checks::name(spec.name.as_deref().unwrap_or_default())?;
    let (datastore, folder, stem) = home(spec, &name, context)?;
    let names = Names {
        vm: context.vm,
        name,
        datastore: &datastore.name,
        folder: &folder,
        seed: context.seed,
        now: context.now,
    };
    let mut config = blank(&names);
    if stem != folder {
        rename_files(&mut config, &datastore.name, &folder, &stem);
    }
    let number = match &spec.version {
        Some(key) => checks::version(key, context)?,
        None => context.surroundings.host().newest_hardware,
    };
    if number != version::NEWEST {
        config.version = version::key(number);
        config.hardware.device = Some(hardware::default_devices(number));
    }
    let off = VirtualMachinePowerState::PoweredOff;
    let change = Change { spec, context, state: &off, creating: true };
    apply(config.into(), &change)
}

/// Datastore, folder and stem of the files: what `files.vmPathName` says, completed by the VM's name.
fn home(
    spec: &VirtualMachineConfigSpec,
    name: &str,
    context: &Context<'_>,
) -> Result<(DatastoreFacts, Str, Str), Fault> {
    let given = spec.files.as_ref().and_then(|f| f.vm_path_name.clone());
    let given = given.ok_or_else(|| {
        Fault::invalid_argument(
            "configSpec.files.vmPathName",
            "name the datastore for the machine's files: '[datastore]'",
        )
    })?;
    let path = DatastorePath::parse(&given).ok_or_else(|| Fault::datastore_path(&given))?;
    let datastore = context.surroundings.datastore_named(path.datastore);
    let datastore = datastore.filter(|d| d.accessible).ok_or_else(|| Fault::datastore(path.datastore))?;
    if path.path.ends_with(".vmx") {
        let (folder, stem) = (path.folder(), path.stem());
        if context.surroundings.file_exists(&datastore.datastore, &format!("{folder}/{stem}.vmx")) {
            return Err(Fault::file_exists(&given));
        }
        return Ok((datastore, folder.into(), stem.into()));
    }
    let wished = match path.path.trim_end_matches('/') {
        "" => file_name(name),
        folder => folder.into(),
    };
    let stem = file_name(name);
    let folder = free_folder(context, &datastore, &wished, &stem);
    Ok((datastore, folder, stem))
}

/// A folder called `wished`, or nearly so, in which no machine has files of this stem.
pub(super) fn free_folder(context: &Context<'_>, datastore: &DatastoreFacts, wished: &Str, stem: &str) -> Str {
    let folders = std::iter::once(wished.clone()).chain((1..).map(|n| format!("{wished}_{n}").into()));
    let taken = |folder: &Str| context.surroundings.file_exists(&datastore.datastore, &format!("{folder}/{stem}.vmx"));
    folders.into_iter().find(|folder| !taken(folder)).unwrap_or_else(|| wished.clone())
}

/// A VM's name as the name of a file.
pub(super) fn file_name(name: &str) -> Str {
    let keep = |c: char| if matches!(c, '/' | '\\' | '[' | ']') || c.is_control() { '_' } else { c };
    name.chars().map(keep).collect::<String>().into()
}

fn rename_files(config: &mut VirtualMachineConfigInfo, datastore: &str, folder: &str, stem: &str) {
    config.files.vm_path_name = Some(path::join(datastore, folder, &format!("{stem}.vmx")));
    let nvram = super::defaults::nvram(stem);
    if let Some(first) = config.extra_config.as_mut().and_then(|o| o.first_mut()) {
        *first = nvram;
    }
}

/// Path of the VM's vmx file.
pub(super) fn home_of(config: &VirtualMachineConfigInfo) -> Option<DatastorePath<'_>> {
    config.files.vm_path_name.as_deref().and_then(DatastorePath::parse)
}
