//! The course of every operation on a machine: a commit that begins it (checks, and marks what is under way), the time
//! that the settings give it, what the driver does, and the commit that ends it.

use std::sync::Arc;

use driver::Order;
use inventory::Tx;
use model::vm::activity::{self, Operation, UnderWay};
use vim25::{MoRef, types::TaskInProgress};

use crate::{core::Core, fault::Fault, task::Work};

/// What an operation has found out and changed when it begins.
pub struct Begun<T> {
    /// What is now under way.
    pub operation: Operation,
    /// What the driver is to do, if it has to do anything.
    pub order: Option<Order>,
    /// What the end of the operation needs to know.
    pub with: T,
}

/// Leads an operation from its beginning to its end. Nobody else works on the machine in between; whatever goes wrong,
/// the machine is free afterwards.
pub async fn perform<T, R>(
    work: &Work,
    vm: &MoRef,
    begin: impl FnOnce(&mut Tx<'_>) -> Result<Begun<T>, Fault>,
    end: impl FnOnce(&mut Tx<'_>, T) -> Result<R, Fault>,
) -> Result<R, Fault> {
    perform_or(work, vm, begin, end, |_, _| {}).await
}

/// [`perform`], and tells of it when what has begun does not come to its end.
pub async fn perform_or<T, R>(
    work: &Work,
    vm: &MoRef,
    begin: impl FnOnce(&mut Tx<'_>) -> Result<Begun<T>, Fault>,
    end: impl FnOnce(&mut Tx<'_>, T) -> Result<R, Fault>,
    fails: impl FnOnce(&mut Tx<'_>, &Fault),
) -> Result<R, Fault> {
    let begun = work.begin(|tx| {
        check_free(tx, vm)?;
        let begun = begin(tx)?;
        tx.set_private(&vm.id, UnderWay { task: work.task.clone(), operation: begun.operation });
        Ok(begun)
    })?;
    let _claim = Claim { core: work.core.clone(), vm: vm.clone(), task: work.task.clone() };
    let outcome = go_on(work, vm, begun, end).await;
    if let Err(fault) = &outcome {
        work.commit(|tx| {
            fails(tx, fault);
            activity::end(tx, vm, &work.task);
            Ok(())
        })?;
    }
    outcome
}

/// From what has begun to its end.
async fn go_on<T, R>(
    work: &Work,
    vm: &MoRef,
    begun: Begun<T>,
    end: impl FnOnce(&mut Tx<'_>, T) -> Result<R, Fault>,
) -> Result<R, Fault> {
    work.linger().await?;
    if let Some(order) = begun.order {
        let outcome = work.core.driver.carry_out(order).await;
        outcome.map_err(|refusal| Fault::system_error(refusal.to_string()))?;
    }
    work.commit(|tx| {
        let value = end(tx, begun.with)?;
        activity::end(tx, vm, &work.task);
        work.conclude(tx)?;
        Ok(value)
    })
}

/// Leads an operation that leaves the machine as it is and goes on beside others like it, but not beside one that changes
/// the machine when it begins.
pub async fn beside<T, R>(
    work: &Work,
    vm: &MoRef,
    begin: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
    end: impl FnOnce(&mut Tx<'_>, T) -> Result<R, Fault>,
) -> Result<R, Fault> {
    let with = work.begin(|tx| {
        check_free(tx, vm)?;
        begin(tx)
    })?;
    work.linger().await?;
    work.commit(|tx| end(tx, with))
}

/// A fault if an operation is under way on the machine.
pub fn check_free(tx: &Tx<'_>, vm: &MoRef) -> Result<(), Fault> {
    let Some(UnderWay { task, .. }) = tx.private::<UnderWay>(&vm.id) else { return Ok(()) };
    let fault = TaskInProgress { task: task.clone(), ..Default::default() };
    Err(Fault::new(fault, format!("Another task ({}) is in progress on this machine.", task.id)))
}

/// The right to work on a machine. It ends with the operation; if that fails or panics, when dropped.
struct Claim {
    core: Arc<Core>,
    vm: MoRef,
    task: MoRef,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let freed = self.core.inventory.commit(|tx| {
            activity::end(tx, &self.vm, &self.task);
            Ok::<(), std::convert::Infallible>(())
        });
        freed.expect("giving back a claim cannot fail");
    }
}
