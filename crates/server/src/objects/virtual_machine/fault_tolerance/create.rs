//! `CreateSecondaryVM_Task` and `CreateSecondaryVMEx_Task`: turn Fault Tolerance on.

use inventory::Tx;
use model::vm::{
    Context,
    activity::Operation,
    admission,
    config::{self, SecondaryFiles},
    fault_tolerance,
    object::{self, Place},
    path::DatastorePath,
    surroundings::{DatastoreFacts, Lookup},
};
use vim25::{
    Any, MoRef, Obj, Str, args, mo,
    types::{
        FaultToleranceConfigSpec, VirtualMachineConfigInfo, VirtualMachinePowerState as Power,
        VmFaultToleranceOpIssuesList, VmSecondaryAddedEvent,
    },
};

use super::{
    super::{
        Around, expect_power,
        operation::{self, Begun},
        place, story,
    },
    follow, hosts, result,
};
use crate::{
    dispatch::Call,
    fault::Fault,
    task::{self, Work},
};

/// What a client asks for.
struct Wish {
    host: Option<MoRef>,
    spec: Option<Obj<FaultToleranceConfigSpec>>,
}

/// Makes a secondary whose files lie beside the primary's.
pub fn plain(call: &Call, args: args::CreateSecondaryVM_Task) -> Result<MoRef, Fault> {
    start(call, Wish { host: args.host, spec: None })
}

/// Makes a secondary whose files lie where the spec says.
pub fn with_spec(call: &Call, args: args::CreateSecondaryVMEx_Task) -> Result<MoRef, Fault> {
    start(call, Wish { host: args.host, spec: args.spec })
}

fn start(call: &Call, wish: Wish) -> Result<MoRef, Fault> {
    task::stage(call, move |work| async move { perform(&work, &wish).await })
}

async fn perform(work: &Work, wish: &Wish) -> Result<Option<Any>, Fault> {
    let primary = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let secondary = MoRef::new("VirtualMachine", tx.new_id("vm"));
        let seed = tx.random();
        plan(tx, primary, &secondary, seed, wish)?;
        Ok(Begun { operation: Operation::Other, order: None, with: (secondary, seed) })
    };
    let end = |tx: &mut Tx<'_>, (secondary, seed): (MoRef, u64)| {
        let plan = plan(tx, primary, &secondary, seed, wish)?;
        carry_out(tx, primary, &secondary, plan)?;
        let event = VmSecondaryAddedEvent::default();
        story::tell(tx, work, primary, event, "has got a secondary for Fault Tolerance");
        let on = tx.get::<mo::VirtualMachine>(primary).is_some_and(|vm| vm.runtime.power_state == Power::PoweredOn);
        Ok((secondary, on))
    };
    let (secondary, on) = operation::perform(work, primary, begin, end).await?;
    let started = if on { Some(follow::start(work, primary, &secondary).await) } else { None };
    Ok(result(work, &secondary, started))
}

/// What both machines will be.
struct Plan {
    host: MoRef,
    primary: Obj<VirtualMachineConfigInfo>,
    secondary: Obj<VirtualMachineConfigInfo>,
}

fn plan(tx: &mut Tx<'_>, this: &MoRef, secondary: &MoRef, seed: u64, wish: &Wish) -> Result<Plan, Fault> {
    let vm = tx.get::<mo::VirtualMachine>(this).ok_or_else(|| Fault::object_not_found(this))?.clone();
    check(this, &vm)?;
    let host = hosts::choose(tx, this, &vm, wish.host.as_ref())?;
    let name = free_name(tx, &vm);
    let mut primary = fault_tolerance::protected(vm.config.as_ref().unwrap_or(&Default::default()));
    admission::change(tx, this, &primary)?;
    let around = Around::new(tx.before(), host.clone());
    let context = Context { surroundings: &around, now: tx.now(), seed, vm: secondary };
    let spec = wish.spec.as_deref();
    let (home, disks) = files(&around, &primary, spec)?;
    let files = SecondaryFiles { home: &home, disks: &disks };
    let mut other = config::secondary(&primary, name, &files, &context)?;
    if let Some(spec) = spec {
        settings(spec, &around, &mut [&mut primary, &mut other])?;
    }
    fault_tolerance::tie((this, &mut primary), (secondary, &mut other));
    Ok(Plan { host, primary, secondary: other })
}

/// Whether Fault Tolerance can be turned on for the machine.
fn check(this: &MoRef, vm: &mo::VirtualMachine) -> Result<(), Fault> {
    expect_power(vm, None, &[Power::PoweredOn, Power::PoweredOff])?;
    let mut issues = fault_tolerance::issues(this, vm);
    match issues.len() {
        0 => Ok(()),
        1 => Err(issues.remove(0)),
        _ => {
            let texts: Vec<&str> = issues.iter().map(|issue| issue.message.as_str()).collect();
            let message = texts.join(" ");
            let errors = issues.iter().map(|issue| issue.localized()).collect();
            Err(Fault::new(VmFaultToleranceOpIssuesList { errors: Some(errors), ..Default::default() }, message))
        }
    }
}

/// A name for the secondary that nothing in the primary's folder has.
fn free_name(tx: &mut Tx<'_>, primary: &mo::VirtualMachine) -> Str {
    let names = (1..).map(|n| match n {
        1 => format!("{} (secondary)", primary.name),
        n => format!("{} (secondary {n})", primary.name),
    });
    let Some(folder) = &primary.parent else { return format!("{} (secondary)", primary.name).into() };
    let index = tx.index();
    names.map(Str::from).find(|name| index.child_named(folder, name).is_none()).unwrap_or_default()
}

/// The datastores of the secondary's configuration and of its disks.
fn files(
    around: &Around<'_>,
    primary: &VirtualMachineConfigInfo,
    spec: Option<&FaultToleranceConfigSpec>,
) -> Result<(DatastoreFacts, Vec<(i32, DatastoreFacts)>), Fault> {
    let wish = spec.and_then(|s| s.secondary_vm_spec.as_ref());
    let reachable = |datastore: &MoRef| {
        let facts = around.datastore(datastore).filter(|facts| facts.accessible);
        facts.ok_or_else(|| Fault::datastore(&datastore.id))
    };
    let home = match wish.and_then(|w| w.vm_config.as_ref()) {
        Some(datastore) => reachable(datastore)?,
        None => {
            let path = primary.files.vm_path_name.as_deref().unwrap_or_default();
            let name = DatastorePath::parse(path).map(|p| p.datastore).unwrap_or_default();
            let facts = around.datastore_named(name).filter(|facts| facts.accessible);
            facts.ok_or_else(|| Fault::datastore(name))?
        }
    };
    let mut disks = vec![];
    for disk in wish.iter().flat_map(|w| w.disks.iter().flatten()) {
        let key = disk.disk.key;
        if !primary.hardware.device.iter().flatten().any(|d| d.key == key) {
            let why = format!("the machine has no disk {key}");
            return Err(Fault::invalid_argument("spec.secondaryVmSpec.disks.disk", why));
        }
        disks.push((key, reachable(&disk.datastore)?));
    }
    Ok((home, disks))
}

/// What the spec says of both machines.
fn settings(
    spec: &FaultToleranceConfigSpec,
    around: &Around<'_>,
    both: &mut [&mut Obj<VirtualMachineConfigInfo>],
) -> Result<(), Fault> {
    let metadata = spec.meta_data_path.as_ref().map(|m| &m.meta_data_datastore);
    let metadata = metadata
        .map(|datastore| around.datastore(datastore).ok_or_else(|| Fault::datastore(&datastore.id)))
        .transpose()?;
    for config in both {
        if let Some(datastore) = &metadata {
            config.files.ft_metadata_directory = Some(format!("[{}]", datastore.name).into());
        }
        config.metro_ft_enabled = spec.metro_ft_enabled.or(config.metro_ft_enabled);
        if spec.metro_ft_host_group.is_some() {
            config.metro_ft_host_group = spec.metro_ft_host_group.clone();
        }
    }
    Ok(())
}

fn carry_out(tx: &mut Tx<'_>, this: &MoRef, secondary: &MoRef, plan: Plan) -> Result<(), Fault> {
    let primary = tx.edit::<mo::VirtualMachine>(this).ok_or_else(|| Fault::object_not_found(this))?;
    primary.config = Some(plan.primary);
    let place = Place {
        this: secondary.clone(),
        folder: primary.parent.clone(),
        pool: primary.resource_pool.clone(),
        v_app: primary.parent_v_app.clone(),
        host: plan.host.clone(),
        environment_browser: primary.environment_browser.clone(),
    };
    let machine = object::new(&place, plan.secondary, &Around::new(tx.before(), plan.host));
    tx.insert(secondary.clone(), machine);
    place::enlist(tx, secondary);
    Ok(())
}
