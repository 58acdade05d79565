//! `EnterMaintenanceMode_Task` and `ExitMaintenanceMode_Task`.
//!
//! A host enters when none of its machines runs any more. Until then the task waits: DRS moves machines away where it
//! may, others are for people to stop or move, none can be started, and the task can be cancelled or end by its timeout.

use std::{sync::Arc, time::Duration};

use inventory::{Snapshot, Tx};
use vim25::{
    MoRef, args, mo,
    types::{
        EnteredMaintenanceModeEvent, EnteringMaintenanceModeEvent, ExitMaintenanceModeEvent, RequestCanceled, Timedout,
        VirtualMachinePowerState as Power,
    },
};

use super::{check_connected, evacuation::Evacuation, found, name, plain, state};
use crate::{
    core::Core,
    dispatch::Call,
    events,
    fault::Fault,
    task::{self, Work},
};

/// Private state of a host: this task waits for its machines to go.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entering(MoRef);

/// Whether a host is on its way into maintenance mode.
pub(super) fn is_entering(tx: &Tx<'_>, host: &MoRef) -> bool {
    tx.private::<Entering>(&host.id).is_some()
}

/// `EnterMaintenanceMode_Task`
pub(super) fn enter(call: &Call, args: args::EnterMaintenanceMode_Task) -> Result<MoRef, Fault> {
    let patience = u64::try_from(args.timeout).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs);
    let all = args.evacuate_powered_off_vms == Some(true);
    task::stage(call, move |work| async move {
        work.begin(|tx| begin(tx, &work))?;
        let _way = Way { core: work.core.clone(), host: work.this.clone(), task: work.task() };
        work.linger().await?;
        let emptied = wait_and_enter(&work, all);
        match patience {
            None => emptied.await?,
            Some(patience) => tokio::time::timeout(patience, emptied).await.unwrap_or_else(|_| Err(timed_out()))?,
        }
        Ok(None)
    })
}

fn timed_out() -> Fault {
    plain::<Timedout>("Machines were still on the host when the time was over.".into())
}

fn begin(tx: &mut Tx<'_>, work: &Work) -> Result<(), Fault> {
    let host = &work.this;
    let system = found(tx, host)?;
    check_connected(system)?;
    if system.runtime.in_maintenance_mode || is_entering(tx, host) {
        return Err(state(host, format!("Host '{}' is in maintenance mode, or about to be.", system.name)));
    }
    let message = format!("Host {} has started to enter maintenance mode", system.name);
    tx.set_private(&host.id, Entering(work.task()));
    events::post(tx, work.user.clone(), host, EnteringMaintenanceModeEvent::default(), message);
    Ok(())
}

/// Ends when the last machine is gone and the host is in maintenance mode, or when the task is cancelled.
async fn wait_and_enter(work: &Work, all: bool) -> Result<(), Fault> {
    let mut news = work.core.inventory.subscribe();
    let mut evacuation = Evacuation::default();
    loop {
        news.borrow_and_update();
        let world = work.core.inventory.snapshot();
        let waits = is_occupied(&world, &work.this, all);
        if !waits && work.begin(|tx| enter_if_empty(tx, work, all))? {
            return Ok(());
        }
        let over = world.get::<mo::Task>(&work.task()).is_none_or(|task| task::is_over(&task.info.state));
        if over {
            return Err(plain::<RequestCanceled>("The task was canceled by a user.".into()));
        }
        work.commit(|tx| {
            allow_cancel(tx, &work.task());
            Ok(())
        })?;
        evacuation.go_on(work, &world, all);
        if news.changed().await.is_err() {
            return Err(Fault::system_error("The server stops."));
        }
    }
}

/// Whether a machine is left on the host that has to go first.
fn is_occupied(world: &Snapshot, host: &MoRef, all: bool) -> bool {
    let vms = world.get::<mo::HostSystem>(host).and_then(|h| h.vm.as_ref()).unwrap_or_default();
    vms.iter().any(|vm| is_left(world, vm, all))
}

/// Whether a machine has to go: it runs, or `all` have to.
pub(super) fn is_left(world: &Snapshot, vm: &MoRef, all: bool) -> bool {
    let runs = |vm: &mo::VirtualMachine| vm.runtime.power_state == Power::PoweredOn;
    all || world.get::<mo::VirtualMachine>(vm).is_some_and(runs)
}

fn enter_if_empty(tx: &mut Tx<'_>, work: &Work, all: bool) -> Result<bool, Fault> {
    let host = &work.this;
    check_connected(found(tx, host)?)?;
    // Nobody else writes during a transaction: what was committed before it is what there is.
    if is_occupied(tx.before(), host, all) {
        return Ok(false);
    }
    if let Some(system) = tx.edit::<mo::HostSystem>(host) {
        system.runtime.in_maintenance_mode = true;
    }
    tx.clear_private::<Entering>(&host.id);
    let message = format!("Host {} has entered maintenance mode", name(tx, host));
    events::post(tx, work.user.clone(), host, EnteredMaintenanceModeEvent::default(), message);
    Ok(true)
}

/// A task that waits for others can be cancelled.
fn allow_cancel(tx: &mut Tx<'_>, task: &MoRef) {
    let waiting = tx.get::<mo::Task>(task).is_some_and(|t| !task::is_over(&t.info.state) && !t.info.cancelable);
    if waiting && let Some(task) = tx.edit::<mo::Task>(task) {
        task.info.cancelable = true;
    }
}

/// The way into maintenance mode. However it ends, machines can start again unless the host has arrived.
struct Way {
    core: Arc<Core>,
    host: MoRef,
    task: MoRef,
}

impl Drop for Way {
    fn drop(&mut self) {
        let left = self.core.inventory.commit(|tx| {
            if tx.private::<Entering>(&self.host.id) == Some(&Entering(self.task.clone())) {
                tx.clear_private::<Entering>(&self.host.id);
            }
            Ok::<(), std::convert::Infallible>(())
        });
        left.expect("leaving the way cannot fail");
    }
}

/// `ExitMaintenanceMode_Task`
pub(super) fn exit(call: &Call, _: args::ExitMaintenanceMode_Task) -> Result<MoRef, Fault> {
    task::transact(call, |work, tx| {
        let host = &work.this;
        let system = found(tx, host)?;
        check_connected(system)?;
        if !system.runtime.in_maintenance_mode {
            return Err(state(host, format!("Host '{}' is not in maintenance mode.", system.name)));
        }
        let message = format!("Host {} has exited maintenance mode", system.name);
        if let Some(system) = tx.edit::<mo::HostSystem>(host) {
            system.runtime.in_maintenance_mode = false;
        }
        events::post(tx, work.user.clone(), host, ExitMaintenanceModeEvent::default(), message);
        Ok(None)
    })
}
