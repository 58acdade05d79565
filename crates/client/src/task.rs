//! Waiting for the end of a task.

use vim25::{
    Any, Method, MoRef, Str,
    types::{TaskInfo, TaskInfoState},
};

use crate::{Client, Error, Fault, Query, Update};

impl Client {
    /// Calls a method that makes a task, and waits for the task's end and its result.
    ///
    /// ```no_run
    /// # async fn example(client: client::Client, vm: vim25::MoRef) -> Result<(), client::Error> {
    /// use vim25::args;
    ///
    /// client.run(&vm, args::PowerOnVM_Task::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Fault`] if the server refuses or the task fails; what else can happen on the way.
    pub async fn run<M: Method<Output = MoRef>>(&self, this: &MoRef, arguments: M) -> Result<Option<Any>, Error> {
        let task = self.call(this, arguments).await?;
        self.wait_for_task(&task).await
    }

    /// Waits for the end of a task, however long it takes, and returns its result.
    ///
    /// # Errors
    /// [`Error::Fault`] with the task's fault if it failed; what else can happen on the way.
    pub async fn wait_for_task(&self, task: &MoRef) -> Result<Option<Any>, Error> {
        let query = Query::new().objects("Task", std::slice::from_ref(task), &["info"]);
        let mut watch = self.watch(query)?;
        let mut outcome = None;
        while outcome.is_none() {
            outcome = match watch.next().await {
                Some(Ok(update)) => end(task, &update),
                Some(Err(error)) => Some(Err(error)),
                None => Some(Err(gone(task))),
            };
        }
        // The task's outcome is what counts; what the watch made ends with the session at the latest.
        let _ = watch.close().await;
        outcome.unwrap_or(Ok(None))
    }
}

/// How the task ended, if the update tells.
fn end(task: &MoRef, update: &Update) -> Option<Result<Option<Any>, Error>> {
    let info: &TaskInfo = match update {
        Update::Entered(entered) => entered.object("info")?,
        Update::Changed { changes, .. } => {
            changes.iter().rev().find(|change| change.path == "info")?.value.as_ref()?.as_object()?
        }
        Update::Left(_) => return Some(Err(gone(task))),
        _ => return None,
    };
    match info.state {
        TaskInfoState::Success => Some(Ok(info.result.clone())),
        TaskInfoState::Error => Some(Err(failure(info))),
        _ => None,
    }
}

fn failure(info: &TaskInfo) -> Error {
    let error = info.error.as_ref();
    Error::Fault(Box::new(Fault {
        method: info.description_id.clone(),
        fault: error.map(|error| error.fault.clone()),
        message: error.and_then(|error| error.localized_message.clone()).unwrap_or_default(),
    }))
}

fn gone(task: &MoRef) -> Error {
    let message: Str = format!("{task} is gone: its outcome is not known").into();
    let fault = vim25::types::ManagedObjectNotFound { obj: task.clone(), ..Default::default() };
    Error::Fault(Box::new(Fault { method: "Task".into(), fault: Some(fault.into()), message }))
}
