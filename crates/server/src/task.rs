//! Tasks: operations that go on after their call has been answered.
//!
//! A handler makes a task with [`start`] and returns its reference. The work then runs on its own: first the delay that
//! the settings give the operation, then the work itself, then a commit that records success or the fault. A task that
//! was cancelled while it was queued or delayed never starts its work, and a finished task never changes again.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::Future,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use inventory::Tx;
use vim25::{
    Any, DataType, MethodInfo, MoRef, Obj, Str, mo,
    types::{MethodFault, RequestCanceled, TaskEvent, TaskInfo, TaskInfoState, TaskReason, TaskReasonUser},
};

use crate::{
    core::Core,
    dispatch::{Call, panic_text},
    events,
    fault::Fault,
    service,
};

/// How many tasks `recentTask` of the task manager names at the most.
const RECENT: usize = 200;

/// How long operations take beyond what their work takes, by wire name of the method.
#[derive(Clone, Debug, Default)]
pub struct Delays {
    by_method: HashMap<Str, Duration>,
}

impl Delays {
    /// Gives a method a delay.
    pub fn set(&mut self, method: impl Into<Str>, delay: Duration) {
        self.by_method.insert(method.into(), delay);
    }

    fn of(&self, method: &MethodInfo) -> Duration {
        self.by_method.get(method.name).copied().unwrap_or_default()
    }
}

/// What a task works with.
pub struct Work {
    /// The server.
    pub core: Arc<Core>,
    /// The task.
    pub task: MoRef,
    /// The object that the call named as receiver.
    pub this: MoRef,
    /// Name of the user who called.
    pub user: Str,
}

impl Work {
    /// Changes the world.
    pub fn commit<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        self.core.inventory.commit(change).map(|done| done.value)
    }

    /// Records how far the task is, in percent.
    pub fn progress(&self, percent: i32) {
        let _ = self.commit(|tx| {
            let task = tx.edit::<mo::Task>(&self.task).ok_or_else(|| Fault::object_not_found(&self.task))?;
            task.info.progress = Some(percent.clamp(0, 100));
            Ok(())
        });
    }
}

/// Makes a task for the call and starts its work. The receiver is the task's entity.
///
/// What `work` returns becomes the task's result; a fault becomes its error.
pub fn start<F>(call: &Call, work: impl FnOnce(Work) -> F + Send + 'static) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    start_on(call, &call.this, call.method, work)
}

/// Makes a task as if `method` of `entity` had been called, and starts its work.
pub fn start_on<F>(
    call: &Call,
    entity: &MoRef,
    method: &'static MethodInfo,
    work: impl FnOnce(Work) -> F + Send + 'static,
) -> Result<MoRef, Fault>
where
    F: Future<Output = Result<Option<Any>, Fault>> + Send + 'static,
{
    let user = call.user();
    let task = call.commit(|tx| Ok(create(tx, entity, method, &user)))?;
    call.core.tasks.lock().push_back(task.clone());
    let context = Work { core: call.core.clone(), task: task.clone(), this: entity.clone(), user };
    let delay = call.core.settings.delays.of(method);
    tokio::spawn(run(context, delay, work));
    Ok(task)
}

/// Makes a task whose work is one transaction.
pub fn transact(
    call: &Call,
    change: impl FnOnce(&Work, &mut Tx<'_>) -> Result<Option<Any>, Fault> + Send + 'static,
) -> Result<MoRef, Fault> {
    start(call, move |work| async move { work.commit(|tx| change(&work, tx)) })
}

fn create(tx: &mut Tx<'_>, entity: &MoRef, method: &MethodInfo, user: &Str) -> MoRef {
    let info = TaskInfo::with(|info| {
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

/// `VirtualMachine.powerOn` of `PowerOnVM_Task`.
fn description_id(method: &MethodInfo) -> Str {
    format!("{}.{}", method.owner, method.dotted).into()
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

fn push_recent(recent: &mut Option<Vec<MoRef>>, task: &MoRef) {
    let recent = recent.get_or_insert_default();
    recent.push(task.clone());
    if recent.len() > RECENT {
        recent.remove(0);
    }
}

/// Posts the event that tells of the new task.
fn announce(tx: &mut Tx<'_>, task: &MoRef, user: &Str) {
    let Some(info) = tx.get::<mo::Task>(task).map(|t| t.info.clone()) else { return };
    let text = format!("Task: {}", info.description_id);
    let entity = info.entity.clone();
    let mut event = TaskEvent { info, ..Default::default() };
    event.user_name = user.clone();
    event.full_formatted_message = Some(text.into());
    if let Some(entity) = entity {
        events::place(tx, &entity, &mut event);
    }
    let key = events::record(tx, event.into());
    if let Some(task) = tx.edit::<mo::Task>(task) {
        task.info.event_chain_id = key;
    }
}

async fn run<F>(work: Work, delay: Duration, body: impl FnOnce(Work) -> F)
where
    F: Future<Output = Result<Option<Any>, Fault>>,
{
    let (core, task) = (work.core.clone(), work.task.clone());
    if !delay.is_zero() {
        set_running(&core, &task, true);
        tokio::time::sleep(delay).await;
    }
    if !set_running(&core, &task, false) {
        return;
    }
    let outcome = guarded(AssertUnwindSafe(move || body(work))).await;
    finish(&core, &task, outcome);
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

/// Marks the task as running. From the moment its work begins it cannot be cancelled: what the work does and what the
/// task says would differ. False if it was cancelled before.
fn set_running(core: &Core, task: &MoRef, cancelable: bool) -> bool {
    let outcome = core.inventory.commit(|tx| {
        let now = tx.now();
        match tx.edit::<mo::Task>(task) {
            Some(task) if !is_over(&task.info.state) => {
                task.info.state = TaskInfoState::Running;
                task.info.cancelable = cancelable;
                task.info.start_time.get_or_insert(now);
                Ok(())
            }
            _ => Err(()),
        }
    });
    outcome.is_ok()
}

/// Whether a task in this state never changes again.
pub fn is_over(state: &TaskInfoState) -> bool {
    matches!(state, TaskInfoState::Success | TaskInfoState::Error)
}

fn finish(core: &Core, task: &MoRef, outcome: Result<Option<Any>, Fault>) {
    let recorded = core.inventory.commit(|tx| record(tx, task, outcome));
    if recorded.is_err() {
        tracing::debug!(%task, "the task ended after it had been cancelled");
    }
}

/// Writes the outcome into the task, unless it is over already.
fn record(tx: &mut Tx<'_>, task: &MoRef, outcome: Result<Option<Any>, Fault>) -> Result<(), ()> {
    let now = tx.now();
    let task = tx.edit::<mo::Task>(task).filter(|t| !is_over(&t.info.state)).ok_or(())?;
    let info = &mut task.info;
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

/// Cancels a task that has not finished.
pub fn cancel(tx: &mut Tx<'_>, task: &MoRef) -> Result<(), Fault> {
    let found = tx.get::<mo::Task>(task).ok_or_else(|| Fault::object_not_found(task))?;
    if is_over(&found.info.state) {
        let fault = vim25::types::InvalidState::default();
        return Err(Fault::new(fault, "The task has already finished and cannot be cancelled."));
    }
    if !found.info.cancelable {
        return Err(Fault::not_supported("The work of the task has begun: it can no longer be cancelled."));
    }
    let fault: Obj<MethodFault> = RequestCanceled::default().into();
    if let Some(task) = tx.edit::<mo::Task>(task) {
        task.info.cancelled = true;
    }
    let fault = Fault { fault, message: "The task was canceled by a user.".into() };
    record(tx, task, Err(fault)).map_err(|()| Fault::object_not_found(task))
}

/// Removes tasks that finished longer ago than the settings say.
pub fn expire(core: &Core) {
    let retention = i64::try_from(core.settings.task_retention.as_secs()).unwrap_or(i64::MAX);
    let before = core.now().plus_seconds(-retention);
    let snapshot = core.inventory.snapshot();
    let is_old = |task: &MoRef| match snapshot.get::<mo::Task>(task) {
        Some(task) => task.info.complete_time.is_some_and(|t| t < before),
        None => true,
    };
    let old: Vec<MoRef> = {
        let mut tasks = core.tasks.lock();
        let (old, kept): (VecDeque<MoRef>, VecDeque<MoRef>) = tasks.drain(..).partition(is_old);
        *tasks = kept;
        old.into()
    };
    if old.is_empty() {
        return;
    }
    let done = core.inventory.commit(|tx| {
        forget(tx, &old);
        Ok::<(), std::convert::Infallible>(())
    });
    done.expect("forgetting cannot fail");
}

fn forget(tx: &mut Tx<'_>, old: &[MoRef]) {
    let forgotten: HashSet<&MoRef> = old.iter().collect();
    if let Some(manager) = task_manager(tx).and_then(|m| tx.edit::<mo::TaskManager>(&m)) {
        manager.recent_task.iter_mut().for_each(|recent| recent.retain(|t| !forgotten.contains(t)));
    }
    for task in old {
        let entity = tx.get::<mo::Task>(task).and_then(|t| t.info.entity.clone());
        if let Some(entity) = entity.and_then(|e| tx.edit::<mo::ManagedEntity>(&e)) {
            entity.recent_task.iter_mut().for_each(|recent| recent.retain(|t| t != task));
        }
        tx.remove(task);
    }
}

fn task_manager(tx: &Tx<'_>) -> Option<MoRef> {
    service::manager(tx, |content| content.task_manager.clone())
}
