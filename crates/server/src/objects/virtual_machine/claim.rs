//! One operation on a machine at a time: who works on it holds its claim.

use std::sync::Arc;

use inventory::Tx;
use model::vm::activity::{Operation, UnderWay};
use vim25::{MoRef, types::TaskInProgress};

use crate::{core::Core, fault::Fault, task::Work};

/// The right to work on a machine, given back when dropped, however the work ends.
pub struct Claim {
    core: Arc<Core>,
    vm: MoRef,
}

/// Marks the machine as worked on, within a transaction, or says who does already.
pub fn mark(work: &Work, vm: &MoRef, operation: Operation, tx: &mut Tx<'_>) -> Result<(), Fault> {
    if let Some(UnderWay { task, .. }) = tx.private::<UnderWay>(&vm.id) {
        let fault = TaskInProgress { task: task.clone(), ..Default::default() };
        return Err(Fault::new(fault, format!("Another task ({}) is in progress on this machine.", task.id)));
    }
    tx.set_private(&vm.id, UnderWay { task: work.task.clone(), operation });
    Ok(())
}

impl Claim {
    /// The right that a committed [`mark`] gave. Made outside of the transaction, because dropping it commits.
    pub fn held(work: &Work, vm: &MoRef) -> Claim {
        Claim { core: work.core.clone(), vm: vm.clone() }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let freed = self.core.inventory.commit(|tx| {
            tx.clear_private::<UnderWay>(&self.vm.id);
            Ok::<(), std::convert::Infallible>(())
        });
        freed.expect("giving back a claim cannot fail");
    }
}
