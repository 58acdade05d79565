//! `VirtualMachineProvisioningChecker`: whether a migration, relocation or clone could be made, without making it.

use inventory::Tx;
use vim25::{
    Any, DataType, EnumValue, MoRef, Obj, Str, args, mo,
    types::{CheckResult, CheckTestType, VirtualMachinePowerState as Power, VirtualMachineRelocateSpec},
};

use super::{clone, migrate, place};
use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    task::{self, Work},
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::VirtualMachineProvisioningChecker, args::CheckMigrate_Task>(check_migrate)?;
    registry.on::<mo::VirtualMachineProvisioningChecker, args::CheckRelocate_Task>(check_relocate)?;
    registry.on::<mo::VirtualMachineProvisioningChecker, args::CheckClone_Task>(check_clone)?;
    registry.on::<mo::VirtualMachineProvisioningChecker, args::QueryVMotionCompatibilityEx_Task>(query_vmotion)
}

/// `CheckMigrate_Task`: one result for the host, or for each host of the pool if none is named.
fn check_migrate(call: &Call, args: args::CheckMigrate_Task) -> Result<MoRef, Fault> {
    check_words(args.test_type.as_deref())?;
    if args.host.is_none() && args.pool.is_none() {
        return Err(Fault::invalid_argument("host", "name a host, a resource pool or both"));
    }
    answer(call, move |work| {
        let hosts = match (&args.host, &args.pool) {
            (Some(host), _) => vec![host.clone()],
            (None, Some(pool)) => dry(work, |tx| place::hosts_of(tx, pool).map(vim25::MoRefs::to_vec))?,
            (None, None) => vec![],
        };
        let each = hosts.into_iter().map(|host| to_host(work, &args.vm, host, args.pool.clone(), args.state.clone()));
        Ok(each.collect())
    })
}

/// `QueryVMotionCompatibilityEx_Task`: each machine against each host, which gives it its own pool if it is another
/// compute resource's.
fn query_vmotion(call: &Call, args: args::QueryVMotionCompatibilityEx_Task) -> Result<MoRef, Fault> {
    answer(call, move |work| {
        let pairs = args.vm.iter().flat_map(|vm| args.host.iter().map(move |host| (vm, host)));
        let each = pairs.map(|(vm, host)| {
            let pool = dry(work, |tx| foreign_pool(tx, vm, host)).ok().flatten();
            to_host(work, vm, host.clone(), pool, None)
        });
        Ok(each.collect())
    })
}

/// `CheckRelocate_Task`
fn check_relocate(call: &Call, args: args::CheckRelocate_Task) -> Result<MoRef, Fault> {
    check_words(args.test_type.as_deref())?;
    answer(call, move |work| {
        let outcome = dry(work, |tx| migrate::check(tx, &args.vm, &args.spec, None));
        Ok(vec![result(&args.vm, args.spec.host.clone(), outcome)])
    })
}

/// `CheckClone_Task`
fn check_clone(call: &Call, args: args::CheckClone_Task) -> Result<MoRef, Fault> {
    check_words(args.test_type.as_deref())?;
    answer(call, move |work| {
        let host = args.spec.location.host.clone();
        let outcome = dry(work, |tx| clone::check(tx, &args.vm, args.folder.clone(), args.name.clone(), &args.spec));
        Ok(vec![result(&args.vm, host, outcome)])
    })
}

/// A task whose result are these.
fn answer(
    call: &Call,
    find: impl FnOnce(&Work) -> Result<Vec<Obj<CheckResult>>, Fault> + Send + 'static,
) -> Result<MoRef, Fault> {
    task::start(call, |work| async move { find(&work).map(|results| Some(Any::objects(results))) })
}

/// What a change would give; the world stays as it is.
fn dry<R>(work: &Work, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
    match work.core.inventory.commit(|tx| Err::<std::convert::Infallible, _>(change(tx))) {
        Err(outcome) => outcome,
        Ok(done) => match done.value {},
    }
}

fn to_host(work: &Work, vm: &MoRef, host: MoRef, pool: Option<MoRef>, state: Option<Power>) -> Obj<CheckResult> {
    let spec = VirtualMachineRelocateSpec::with(|spec| {
        spec.host = Some(host.clone());
        spec.pool = pool;
    });
    result(vm, Some(host), dry(work, |tx| migrate::check(tx, vm, &spec, state.as_ref())))
}

fn result(vm: &MoRef, host: Option<MoRef>, outcome: Result<(), Fault>) -> Obj<CheckResult> {
    let error = outcome.err().map(|fault| vec![fault.localized()]);
    CheckResult { vm: Some(vm.clone()), host, error, ..Default::default() }.into()
}

/// The root pool of a host that gives nothing to the pool of a machine.
fn foreign_pool(tx: &Tx<'_>, vm: &MoRef, host: &MoRef) -> Result<Option<MoRef>, Fault> {
    let machine = tx.get::<mo::VirtualMachine>(vm).ok_or_else(|| Fault::object_not_found(vm))?;
    let Some(pool) = &machine.resource_pool else { return Ok(None) };
    if place::hosts_of(tx, pool)?.contains(host) {
        return Ok(None);
    }
    let parent = tx.get::<mo::HostSystem>(host).and_then(|host| host.parent.clone());
    let compute = parent.and_then(|parent| tx.get::<mo::ComputeResource>(&parent));
    Ok(compute.and_then(|compute| compute.resource_pool.clone()))
}

/// Every test is made, whichever are asked for; a word that is none is refused.
fn check_words(tests: Option<&[Str]>) -> Result<(), Fault> {
    match tests.unwrap_or_default().iter().find(|word| !CheckTestType::TYPE.values.contains(&word.as_str())) {
        None => Ok(()),
        Some(word) => Err(Fault::invalid_argument("testType", format!("'{word}' is no test"))),
    }
}
