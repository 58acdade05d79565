//! Tasks: operations that go on after their call has been answered.
//!
//! A handler makes a task and returns its reference. Work that takes no time is done by then: it is tried before the call
//! is answered, and what waits goes on by itself. The task comes into the world with the first commit of its work, so that
//! work of one transaction is one commit, task and events included; a commit records success or the fault.
//!
//! The delay that the settings give the operation lies before the work of a task made with [`start`]; the work of one made
//! with [`stage`] spends it itself, between the commit that begins it and the one that ends it, so that clients see what is
//! under way. A task can be cancelled until its delay is over; from then on it cannot, because what the work
//! does and what the task says would differ. A finished task never changes again.

mod entry;
mod expire;
mod work;

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::Arc,
    task::{Context, Waker},
};

use inventory::Tx;
use model::vm::activity;
use vim25::{
    Any, DataType, MethodInfo, MoRef, MoRefs, Obj, Str, mo,
    types::{MethodFault, RequestCanceled, TaskEvent, TaskInfo, TaskInfoState, TaskReason, TaskReasonUser},
};

use crate::{
    core::Core,
    dispatch::{Call, panic_text},
    events,
    fault::Fault,
    service,
};

use entry::{Draft, Entry};
#[cfg(test)]
pub(crate) use expire::expire_beyond;
pub use expire::{expire, register};
pub use work::{Delays, Work};

/// How many tasks `recentTask` names at the most. Where there are so many, the oldest go, an eighth of them at a time.
const RECENT: usize = 200;

/// Makes a task for the call and starts its work once the delay of the method is over. The receiver is the task's entity.
///
/// What `work` returns becomes the task's result; a fault becomes its error.
pub fn start<F>(call: &Call, work: impl FnOnce(Work) -> F + Send + 'static) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    let work = |context: Work| async move {
        context.delayed().await?;
        work(context).await
    };
    stage(call, work)
}

/// Makes a task for the call and starts its work, which calls [`Work::begin`] and then, before anything that cannot be
/// undone, [`Work::linger`].
pub fn stage<F>(call: &Call, work: impl FnOnce(Work) -> F + Send + 'static) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    stage_on(call, &call.this, call.method, work)
}

/// [`stage`], as if `method` of `entity` had been called.
pub fn stage_on<F>(
    call: &Call,
    entity: &MoRef,
    method: &'static MethodInfo,
    work: impl FnOnce(Work) -> F + Send + 'static,
) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    launch(&call.core, call.user(), None, entity, method, work)
}

/// [`stage`] for what another task wants done: as if its user had called `method` of `entity`.
pub fn stage_under<F>(
    parent: &Work,
    entity: &MoRef,
    method: &'static MethodInfo,
    work: impl FnOnce(Work) -> F + Send + 'static,
) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    launch(&parent.core, parent.user.clone(), Some(&parent.task()), entity, method, work)
}

fn launch<F>(
    core: &Arc<Core>,
    user: Str,
    parent: Option<&MoRef>,
    entity: &MoRef,
    method: &'static MethodInfo,
    work: impl FnOnce(Work) -> F + Send + 'static,
) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    let of = Draft { method, user: user.clone(), entity: entity.clone(), parent: parent.cloned() };
    let delay = core.settings.delays.of(method);
    let context = Work::new(core.clone(), Entry::of(of), entity.clone(), user, delay);
    let mut running = Box::pin(run(context.clone(), work));
    // What takes no time is over now. What waits is asked again where it goes on, with somebody to wake.
    let first = running.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    let task = context.task();
    if first.is_pending() {
        tokio::spawn(running);
    }
    Ok(task)
}

/// Makes a task whose work is one transaction; the task has succeeded with it.
pub fn transact(
    call: &Call,
    change: impl FnOnce(&Work, &mut Tx<'_>) -> Result<Option<Any>, Fault> + Send + 'static,
) -> Result<MoRef, Fault> {
    start(call, move |work| async move {
        work.commit(|tx| {
            let result = change(&work, tx)?;
            record(tx, &work.task(), Ok(result.clone())).map_err(|()| canceled())?;
            Ok(result)
        })
    })
}

fn create(tx: &mut Tx<'_>, of: &Draft) -> MoRef {
    let Draft { method, user, entity, parent } = of;
    let of_parent = parent.as_ref().and_then(|parent| tx.get::<mo::Task>(parent)).map(|parent| parent.info.clone());
    let info = TaskInfo::with(|info| {
        info.parent_task_key = of_parent.as_ref().map(|parent| parent.key.clone());
        info.root_task_key = of_parent.and_then(|parent| parent.root_task_key.clone().or(Some(parent.key.clone())));
        info.name = Some(method.name.into());
        info.description_id = description_id(method);
        info.entity = Some(entity.clone());
        info.cancelable = true;
        info.reason = user_reason(user.clone());
    });
    enter(tx, info, user)
}

/// Puts a queued task into the world: gives it its reference, key and time, names it where recent tasks are named, and
/// tells of it. An entity that is no part of the inventory is left out. Returns the reference.
pub fn enter(tx: &mut Tx<'_>, mut info: TaskInfo, user: &Str) -> MoRef {
    let id = tx.new_id("task-");
    let task = MoRef::new("Task", id.clone());
    let entity = info.entity.take().filter(|entity| tx.get::<mo::ManagedEntity>(entity).is_some());
    info.key = id;
    info.task = task.clone();
    info.entity_name = entity.as_ref().and_then(|e| tx.get::<mo::ManagedEntity>(e)).map(|e| e.name.clone());
    info.entity = entity.clone();
    info.state = TaskInfoState::Queued;
    info.queue_time = tx.now();
    tx.insert(task.clone(), mo::Task { info: info.into(), ..Default::default() });
    remember(tx, &task, entity.as_ref());
    announce(tx, &task, user);
    task
}

fn user_reason(user: Str) -> Obj<TaskReason> {
    TaskReasonUser { user_name: user, ..Default::default() }.into()
}

/// `VirtualMachine.powerOn` of `PowerOnVM_Task`, `vm.Snapshot.revert` of `RevertToSnapshot_Task`.
fn description_id(method: &MethodInfo) -> Str {
    let owner = vim25::managed_type(method.owner).map_or(method.owner, |owner| owner.dotted);
    [owner.strip_prefix("vim.").unwrap_or(owner), ".", method.dotted].concat().into()
}

/// Names the task in `recentTask` of the task manager and of its entity.
fn remember(tx: &mut Tx<'_>, task: &MoRef, entity: Option<&MoRef>) {
    if let Some(manager) = task_manager(tx).and_then(|m| tx.edit::<mo::TaskManager>(&m)) {
        push_recent(&mut manager.recent_task, task);
    }
    if let Some(entity) = entity.and_then(|e| tx.edit::<mo::ManagedEntity>(e)) {
        push_recent(&mut entity.recent_task, task);
    }
}

fn push_recent(recent: &mut Option<MoRefs>, task: &MoRef) {
    let recent = recent.get_or_insert_default();
    if recent.len() == RECENT {
        *recent = recent.iter().skip(RECENT / 8).cloned().collect();
    }
    recent.push(task.clone());
}

/// Posts the event that tells of the new task.
fn announce(tx: &mut Tx<'_>, task: &MoRef, user: &Str) {
    let Some(info) = tx.get::<mo::Task>(task).map(|t| t.info.clone()) else { return };
    let text = ["Task: ", &info.description_id].concat();
    let entity = info.entity.clone();
    let mut event = TaskEvent { info, ..Default::default() };
    event.user_name = user.clone();
    event.full_formatted_message = Some(text.into());
    if let Some(entity) = entity {
        events::place(tx, &entity, &mut event);
    }
    let key = tx.post(event.into());
    if let Some(task) = tx.edit::<mo::Task>(task) {
        task.info.event_chain_id = key;
    }
}

async fn run<F>(work: Work, body: impl FnOnce(Work) -> F)
where
    F: Future<Output = Result<Option<Any>, Fault>>,
{
    let context = work.clone();
    let outcome = guarded(AssertUnwindSafe(move || body(work))).await;
    finish(&context, outcome);
}

/// Runs the work and turns a panic into a fault.
async fn guarded<F>(body: AssertUnwindSafe<impl FnOnce() -> F>) -> Result<Option<Any>, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>>,
{
    let broken = |panic: Box<dyn std::any::Any + Send>| {
        let text = panic_text(&*panic).to_string();
        tracing::error!(panic = text, "a task panicked");
        Err(Fault::system_error(format!("The task failed unexpectedly: {text}")))
    };
    let work = match std::panic::catch_unwind(AssertUnwindSafe(move || (body.0)())) {
        Ok(work) => work,
        Err(panic) => return broken(panic),
    };
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(move |context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| std::task::Poll::Ready(broken(panic)))
    })
    .await
}

/// Marks the task as running, if it was not cancelled before.
fn set_running(tx: &mut Tx<'_>, task: &MoRef, cancelable: bool) -> Result<(), Fault> {
    let now = tx.now();
    let task = tx.edit::<mo::Task>(task).filter(|task| !is_over(&task.info.state)).ok_or_else(canceled)?;
    task.info.state = TaskInfoState::Running;
    task.info.cancelable = cancelable;
    task.info.start_time.get_or_insert(now);
    Ok(())
}

fn canceled() -> Fault {
    let fault: Obj<MethodFault> = RequestCanceled::default().into();
    Fault { fault, message: "The task was canceled by a user.".into() }
}

/// Whether a task in this state never changes again.
pub fn is_over(state: &TaskInfoState) -> bool {
    matches!(state, TaskInfoState::Success | TaskInfoState::Error)
}

/// Records the outcome, unless the task is over already: it succeeded with its last change, or was cancelled.
fn finish(work: &Work, outcome: Result<Option<Any>, Fault>) {
    if work.is_over() {
        return;
    }
    let recorded = work.commit(|tx| record(tx, &work.task(), outcome).map_err(|()| canceled()));
    if recorded.is_err() {
        tracing::debug!(task = %work.task(), "the task was cancelled");
    }
}

/// Writes the outcome into the task, unless it is over already.
fn record(tx: &mut Tx<'_>, task: &MoRef, outcome: Result<Option<Any>, Fault>) -> Result<(), ()> {
    let now = tx.now();
    let task = tx.edit::<mo::Task>(task).filter(|t| !is_over(&t.info.state)).ok_or(())?;
    let info: &mut TaskInfo = &mut task.info;
    info.start_time.get_or_insert(now);
    info.complete_time = Some(now);
    info.cancelable = false;
    match outcome {
        Ok(result) => {
            info.state = TaskInfoState::Success;
            info.progress = None;
            info.result = result;
        }
        Err(fault) => {
            info.state = TaskInfoState::Error;
            info.error = Some(fault.localized());
        }
    }
    Ok(())
}

/// Cancels a task that has not finished. A machine that it works on is free again.
pub fn cancel(tx: &mut Tx<'_>, task: &MoRef) -> Result<(), Fault> {
    let found = tx.get::<mo::Task>(task).ok_or_else(|| Fault::object_not_found(task))?;
    if is_over(&found.info.state) {
        let fault = vim25::types::InvalidState::default();
        return Err(Fault::new(fault, "The task has already finished and cannot be cancelled."));
    }
    if !found.info.cancelable {
        return Err(Fault::not_supported("The work of the task has begun: it can no longer be cancelled."));
    }
    if let Some(entity) = found.info.entity.clone() {
        activity::end(tx, &entity, task);
    }
    if let Some(task) = tx.edit::<mo::Task>(task) {
        task.info.cancelled = true;
    }
    record(tx, task, Err(canceled())).map_err(|()| Fault::object_not_found(task))
}

fn task_manager(tx: &Tx<'_>) -> Option<MoRef> {
    service::manager(tx, |content| content.task_manager.clone())
}
