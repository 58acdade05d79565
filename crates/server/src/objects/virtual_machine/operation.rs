//! The course of every operation on a machine: a commit that begins it (checks, and marks what is under way), the time
//! that the settings give it, what the driver does, and the commit that ends it. Where none of that takes time, and nobody
//! could see what lies between, it is one commit.

use std::sync::Arc;

use driver::{AtOnce, Order, Refusal};
use inventory::Tx;
use model::vm::activity::{self, Operation, UnderWay};
use vim25::{
    MoRef, Obj, mo,
    types::{Event, TaskInProgress},
};

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
    let mut told = None;
    let stage = work.begin(|tx| {
        check_free(tx, vm)?;
        let before = tx.posted().len();
        let begun = begin(tx)?;
        match at_once(work, &begun) {
            Some(driver) => {
                told = Some(tx.posted()[before..].to_vec());
                end_now(tx, work, driver, begun, end).map(Stage::Over)
            }
            None => {
                tx.set_private(&vm.id, UnderWay { task: work.task(), operation: begun.operation });
                Ok(Stage::Begun(begun, end))
            }
        }
    });
    let (outcome, _claim) = match stage {
        Ok(Stage::Over(value)) => return Ok(value),
        Ok(Stage::Begun(begun, end)) => {
            let claim = Claim { core: work.core.clone(), vm: vm.clone(), task: work.task() };
            (go_on(work, vm, begun, end).await, Some(claim))
        }
        // It never began.
        Err(fault) if told.is_none() => return Err(fault),
        Err(fault) => (Err(fault), None),
    };
    if let Err(fault) = &outcome {
        work.commit(|tx| {
            retell(tx, work, told.unwrap_or_default());
            fails(tx, fault);
            activity::end(tx, vm, &work.task());
            Ok(())
        })?;
    }
    outcome
}

/// How far the first commit of an operation has come.
enum Stage<T, E, R> {
    Begun(Begun<T>, E),
    Over(R),
}

/// The driver, if the operation can begin and end in one transaction: it takes no time, and nothing that somebody else
/// sees follows from its being under way.
fn at_once<'w, T>(work: &'w Work, begun: &Begun<T>) -> Option<&'w dyn AtOnce> {
    let silent = match begun.operation {
        Operation::PowerOn | Operation::PowerOff | Operation::Other => true,
        Operation::Reconfigure { adapters } => !adapters,
        _ => false,
    };
    work.core.driver.at_once().filter(|_| silent && work.is_instant())
}

/// Ends what has begun in this transaction. The driver comes last: if it refuses, nothing has happened.
fn end_now<T, R>(
    tx: &mut Tx<'_>,
    work: &Work,
    driver: &dyn AtOnce,
    begun: Begun<T>,
    end: impl FnOnce(&mut Tx<'_>, T) -> Result<R, Fault>,
) -> Result<R, Fault> {
    let value = end(tx, begun.with)?;
    work.conclude(tx)?;
    if let Some(order) = &begun.order {
        driver.act(order).map_err(refused)?;
    }
    Ok(value)
}

fn refused(refusal: Refusal) -> Fault {
    Fault::system_error(refusal.to_string())
}

/// Tells again what was told in a transaction that failed: that the operation began.
fn retell(tx: &mut Tx<'_>, work: &Work, told: Vec<Obj<Event>>) {
    let chain = tx.get::<mo::Task>(&work.task()).map_or(0, |task| task.info.event_chain_id);
    for mut event in told {
        event.chain_id = chain;
        tx.post(event);
    }
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
        work.core.driver.carry_out(order).await.map_err(refused)?;
    }
    work.commit(|tx| {
        let value = end(tx, begun.with)?;
        activity::end(tx, vm, &work.task());
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
    if !work.is_instant() {
        let with = work.begin(|tx| {
            check_free(tx, vm)?;
            begin(tx)
        })?;
        work.linger().await?;
        return work.commit(|tx| end(tx, with));
    }
    let mut told = Vec::new();
    let outcome = work.begin(|tx| {
        check_free(tx, vm)?;
        let before = tx.posted().len();
        let with = begin(tx)?;
        told.extend_from_slice(&tx.posted()[before..]);
        end(tx, with)
    });
    if outcome.is_err() && !told.is_empty() {
        work.commit(|tx| {
            retell(tx, work, told);
            Ok(())
        })?;
    }
    outcome
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
        // Nobody else claims in the name of this task: what is free now stays so.
        let held =
            self.core.inventory.snapshot().private::<UnderWay>(&self.vm.id).is_some_and(|now| now.task == self.task);
        if !held {
            return;
        }
        let freed = self.core.inventory.commit(|tx| {
            activity::end(tx, &self.vm, &self.task);
            Ok::<(), std::convert::Infallible>(())
        });
        freed.expect("giving back a claim cannot fail");
    }
}
