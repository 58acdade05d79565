//! `RevertToSnapshot_Task` and `RevertToCurrentSnapshot_Task`.

use driver::{Action, Order};
use inventory::Tx;
use model::{
    content::extended::REVERTED,
    vm::{
        Context, Surroundings,
        activity::{Operation, VmciInUse},
        admission::{self, Seat},
        config,
        power::PowerOn,
        snapshot::{self, Kept, Taken},
    },
};
use vim25::{
    MoRef, Str, args, mo,
    types::{InvalidSnapshotFormat, NotFound, VirtualMachinePowerState as Power},
};

use super::{branched, machine, machine_of, remove, running};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::virtual_machine::{
        Around, guest,
        operation::{self, Begun},
        place,
        power::cid_taken,
        story,
    },
    task::{self, Work},
};

/// What a client asks for.
struct Wish {
    /// The snapshot; none for the current one.
    snapshot: Option<MoRef>,
    host: Option<MoRef>,
    stay_off: bool,
}

/// `RevertToSnapshot_Task`
pub fn to(call: &Call, args: args::RevertToSnapshot_Task) -> Result<MoRef, Fault> {
    let vm = machine_of(call)?;
    let stay_off = args.suppress_power_on == Some(true);
    start(call, &vm, Wish { snapshot: Some(call.this.clone()), host: args.host, stay_off })
}

/// `RevertToCurrentSnapshot_Task`
pub fn to_current(call: &Call, args: args::RevertToCurrentSnapshot_Task) -> Result<MoRef, Fault> {
    let stay_off = args.suppress_power_on == Some(true);
    start(call, &call.this, Wish { snapshot: None, host: args.host, stay_off })
}

fn start(call: &Call, vm: &MoRef, wish: Wish) -> Result<MoRef, Fault> {
    task::stage_on(call, vm, call.method, |work| async move { perform(&work, &wish).await.map(|()| None) })
}

async fn perform(work: &Work, wish: &Wish) -> Result<(), Fault> {
    let vm = &work.this;
    let begin = |tx: &mut Tx<'_>| {
        let seed = tx.random();
        let back = back(tx, vm, wish, seed)?;
        let action = Action::Revert { id: back.id, to: running(&back.after.runtime.power_state) };
        let order = Order { vm: vm.clone(), config: back.after.config.unwrap_or_default(), action };
        Ok(Begun { operation: Operation::Revert, order: Some(order), with: seed })
    };
    operation::perform(work, vm, begin, |tx, seed| finish(tx, work, wish, seed)).await
}

fn finish(tx: &mut Tx<'_>, work: &Work, wish: &Wish, seed: u64) -> Result<(), Fault> {
    let vm = &work.this;
    let back = back(tx, vm, wish, seed)?;
    let before = machine(tx, vm)?.runtime.power_state.clone();
    guest::remember(tx, vm);
    tx.clear_private::<VmciInUse>(&vm.id);
    let now = back.after.runtime.power_state.clone();
    if let Some(machine) = tx.edit::<mo::VirtualMachine>(vm) {
        *machine = back.after;
    }
    remove::review(tx, vm)?;
    story::now_is(tx, work, vm, &before, &now);
    let arguments = [("snapshotName", back.name.clone()), ("snapshotId", back.id.to_string().into())];
    let what = format!("was reverted to the state of snapshot {}, with ID {}", back.name, back.id);
    story::extended(tx, work, vm, REVERTED, &arguments, &what);
    Ok(())
}

/// Where a revert leads.
struct Back {
    after: mo::VirtualMachine,
    id: i32,
    name: Str,
}

fn back(tx: &Tx<'_>, vm: &MoRef, wish: &Wish, seed: u64) -> Result<Back, Fault> {
    let mut after = machine(tx, vm)?.clone();
    let info = after.snapshot.clone().ok_or_else(no_snapshot)?;
    let target = wish.snapshot.clone().or_else(|| info.current_snapshot.clone()).ok_or_else(no_snapshot)?;
    let node = snapshot::find(&info, &target).ok_or_else(|| Fault::object_not_found(&target))?;
    let kept = tx.get::<mo::VirtualMachineSnapshot>(&target).ok_or_else(|| Fault::object_not_found(&target))?;
    let taken = tx.private::<Taken>(&target.id).ok_or_else(unreadable)?;
    let state = if wish.stay_off && node.state == Power::PoweredOn { Power::PoweredOff } else { node.state.clone() };
    let host = host(tx, &after, wish, &state)?;
    let around = Around::new(tx.before(), host.clone());
    let facts = around.host();
    let with = PowerOn { now: tx.now(), host: &facts, cid_taken: &|id| cid_taken(tx, &host, vm, id) };
    let config = branched(tx, vm, &kept.config, seed)?;
    let context = Context { surroundings: &around, now: tx.now(), seed, vm };
    let config = config::reconnect(config, after.config.as_deref(), &context)?;
    snapshot::revert(&mut after, Kept { config, state: state.clone(), guest: taken.guest.clone() }, &with)?;
    if let Some(config) = after.config.as_ref().filter(|_| state == Power::PoweredOn) {
        admission::run(tx, vm, config, Seat { host: Some(&host), pool: after.resource_pool.as_ref() })?;
    }
    if let Some(info) = &mut after.snapshot {
        info.current_snapshot = Some(target);
    }
    Ok(Back { after, id: node.id, name: node.name.clone() })
}

/// The host for a machine that runs afterwards is found as for a power-on; one that does not stays where it is.
fn host(tx: &Tx<'_>, vm: &mo::VirtualMachine, wish: &Wish, state: &Power) -> Result<MoRef, Fault> {
    if *state == Power::PoweredOn {
        return place::to_start_on(tx, vm, wish.host.as_ref());
    }
    vm.runtime.host.clone().ok_or_else(|| Fault::invalid_argument("host", "the machine is on no host"))
}

fn no_snapshot() -> Fault {
    Fault::new(NotFound::default(), "The virtual machine has no snapshot to revert to.")
}

fn unreadable() -> Fault {
    Fault::new(InvalidSnapshotFormat::default(), "The snapshot does not say what the machine was like.")
}
