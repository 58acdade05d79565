//! `Task`: cancelling, and what an extension reports of the tasks that it runs itself.

#[cfg(test)]
pub(super) mod tests;

use ::inventory::Tx;
use vim25::{
    Any, MoRef, args, mo,
    types::{InvalidState, OutOfBounds, TaskInfo, TaskInfoState},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
    task,
};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::Task, args::CancelTask>(cancel)?;
    registry.on::<mo::Task, args::UpdateProgress>(update_progress)?;
    registry.on::<mo::Task, args::SetTaskState>(set_state)?;
    registry.on::<mo::Task, args::SetTaskDescription>(set_description)
}

/// Marks a task that an extension runs: the server never ends it by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunByExtension;

/// `CancelTask`. A task that an extension runs is only asked to end.
fn cancel(call: &Call, _: args::CancelTask) -> Result<(), Fault> {
    call.commit(|tx| {
        let info = &call.this_in::<mo::Task>(tx)?.info;
        if !task::is_over(&info.state) && !info.cancelable {
            return Err(Fault::not_supported("The task cannot be cancelled."));
        }
        if tx.private::<RunByExtension>(&call.this.id).is_none() || task::is_over(&info.state) {
            return task::cancel(tx, &call.this);
        }
        edit(tx, &call.this)?.cancelled = true;
        Ok(())
    })
}

/// `UpdateProgress`.
fn update_progress(call: &Call, args: args::UpdateProgress) -> Result<(), Fault> {
    if !(0..=100).contains(&args.percent_done) {
        let fault = OutOfBounds { argument_name: "percentDone".into(), ..Default::default() };
        return Err(Fault::new(fault, format!("{} is not a percentage from 0 to 100.", args.percent_done)));
    }
    call.commit(|tx| {
        let info = of_extension(tx, &call.this)?;
        if info.state != TaskInfoState::Running {
            return Err(wrong_state("Only a running task makes progress."));
        }
        info.progress = Some(args.percent_done);
        Ok(())
    })
}

/// `SetTaskState`: a task goes from queued to running, and from either to success or error.
fn set_state(call: &Call, args: args::SetTaskState) -> Result<(), Fault> {
    if let TaskInfoState::Other_(unknown) = &args.state {
        return Err(Fault::invalid_argument("state", format!("there is no state '{unknown}'")));
    }
    call.commit(|tx| {
        let now = tx.now();
        let info = of_extension(tx, &call.this)?;
        if args.state == TaskInfoState::Queued {
            return Err(wrong_state("A task does not go back into the queue."));
        }
        info.start_time.get_or_insert(now);
        if task::is_over(&args.state) {
            end(info, args.result, &args.state);
            info.complete_time = Some(now);
            info.error = args.fault.filter(|_| args.state == TaskInfoState::Error);
        }
        info.state = args.state;
        Ok(())
    })
}

fn end(info: &mut TaskInfo, result: Option<Any>, state: &TaskInfoState) {
    info.cancelable = false;
    if *state == TaskInfoState::Success {
        info.result = result;
        info.progress = None;
    }
}

/// `SetTaskDescription`.
fn set_description(call: &Call, args: args::SetTaskDescription) -> Result<(), Fault> {
    call.commit(|tx| {
        of_extension(tx, &call.this)?.description = Some(args.description);
        Ok(())
    })
}

/// The info of a task that an extension runs and that is not over.
fn of_extension<'t>(tx: &'t mut Tx<'_>, this: &MoRef) -> Result<&'t mut TaskInfo, Fault> {
    let by_extension = tx.private::<RunByExtension>(&this.id).is_some();
    let info = edit(tx, this)?;
    if !by_extension {
        return Err(wrong_state("The server runs this task: its state cannot be set."));
    }
    if task::is_over(&info.state) {
        return Err(wrong_state("The task has already finished."));
    }
    Ok(info)
}

fn edit<'t>(tx: &'t mut Tx<'_>, this: &MoRef) -> Result<&'t mut TaskInfo, Fault> {
    let task = tx.edit::<mo::Task>(this).ok_or_else(|| Fault::object_not_found(this))?;
    Ok(&mut task.info)
}

fn wrong_state(message: &str) -> Fault {
    Fault::new(InvalidState::default(), message)
}
