//! What runs a virtual machine.
//!
//! The server records intent, asks a [`Driver`], and records the outcome. A driver knows nothing of inventory, sessions
//! or wire formats: it gets the configuration of one virtual machine and an [`Action`], and answers with a [`Report`].
//! Every driver passes [`conformance::check`].

pub mod conformance;
mod simulated;

use std::{future::Future, pin::Pin};

pub use simulated::Simulated;
use vim25::{MoRef, Obj, types::VirtualMachineConfigInfo};

/// Something that runs virtual machines.
pub trait Driver: Send + Sync + 'static {
    /// A short name for logs, for example `simulated`.
    fn name(&self) -> &'static str;

    /// Carries out one action. Orders for one machine come one after the other; those for different machines may come
    /// at the same time. A refused order changes nothing.
    fn carry_out(&self, order: Order) -> Answer;

    /// The same driver as one that needs neither time nor I/O, if it is one.
    fn at_once(&self) -> Option<&dyn AtOnce> {
        None
    }
}

/// A driver that needs neither time nor I/O: what it does can be part of a transaction.
pub trait AtOnce {
    /// Carries out one action, as [`Driver::carry_out`] does.
    fn act(&self, order: &Order) -> Result<Report, Refusal>;
}

/// What a driver answers, in its own time.
pub type Answer = Pin<Box<dyn Future<Output = Result<Report, Refusal>> + Send>>;

/// One action on one virtual machine.
#[derive(Clone, Debug)]
pub struct Order {
    /// The machine.
    pub vm: MoRef,
    /// Its configuration, as it is when the action ends.
    pub config: Obj<VirtualMachineConfigInfo>,
    /// What to do.
    pub action: Action,
}

/// What can be done with a virtual machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Start it, or go on from where it was suspended.
    PowerOn,
    /// Stop it at once.
    PowerOff,
    /// Start it anew without a stop in between.
    Reset,
    /// Save its memory and stop it.
    Suspend,
    /// Take over a changed configuration, running or not.
    Reconfigure,
    /// Forget it with all that it has.
    Destroy,
    /// Keep what its disks hold, and what its memory holds if asked to, and go on above.
    Snapshot {
        /// The snapshot's number within the machine.
        id: i32,
        /// Whether the memory is kept too.
        memory: bool,
    },
    /// Go back to what a snapshot kept.
    Revert {
        /// The snapshot's number within the machine.
        id: i32,
        /// How the machine runs afterwards.
        to: Running,
    },
    /// Merge or drop the disks and the memory of snapshots that the configuration no longer needs.
    Consolidate,
    /// Go, running or not, to where the configuration says its files are, and to another host.
    Move,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How the machine runs now.
    pub state: Running,
}

/// How a machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Running {
    /// It does not.
    Off,
    /// It does.
    On,
    /// Its memory is saved.
    Suspended,
    /// There is no such machine any more.
    Gone,
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The machine's state does not allow it.
    #[error("a machine that is {state:?} cannot do {action:?}")]
    State {
        /// How it runs.
        state: Running,
        /// What was asked.
        action: Action,
    },
    /// The platform under the driver failed.
    #[error("{0}")]
    Platform(String),
}

impl Action {
    /// The state after this action in `state`; none where the state does not allow it. The one truth for all drivers.
    pub fn leads_to(self, state: Running) -> Option<Running> {
        match (self, state) {
            (_, Running::Gone) => None,
            (Action::PowerOn, Running::Off | Running::Suspended) => Some(Running::On),
            (Action::PowerOff, Running::On | Running::Suspended) => Some(Running::Off),
            (Action::Reset, Running::On) => Some(Running::On),
            (Action::Suspend, Running::On) => Some(Running::Suspended),
            (Action::Revert { to, .. }, _) => Some(to).filter(|to| *to != Running::Gone),
            (Action::Reconfigure | Action::Snapshot { .. } | Action::Consolidate | Action::Move, state) => Some(state),
            (Action::Destroy, Running::Off | Running::Suspended) => Some(Running::Gone),
            _ => None,
        }
    }
}
