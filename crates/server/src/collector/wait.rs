//! Waiting for updates. Versions count update sets: a client that repeats the version before the last gets the last set
//! once more, since its reply may have been lost; any other version but the last is refused.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use vim25::{
    MoRef, Obj,
    types::{InvalidCollectorVersion, RequestCanceled, UpdateSet},
};

use super::{handle::Collector, pending::Progress};
use crate::{aside::aside, core::Core, fault::Fault, session::Session};

/// How many object updates one set carries at the most.
const MAX_UPDATES: usize = 100;

/// How a client wants to wait.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For how long; none: until something happens.
    pub wait: Option<Duration>,
    /// How many object updates the set may carry.
    pub updates: usize,
}

impl Patience {
    /// From the options of `WaitForUpdatesEx`.
    pub fn new(seconds: Option<i32>, updates: Option<i32>) -> Result<Patience, Fault> {
        let wait = match seconds {
            Some(s) => Some(Duration::from_secs(
                u64::try_from(s).map_err(|_| Fault::invalid_argument("options.maxWaitSeconds", "it is negative"))?,
            )),
            None => None,
        };
        let updates = match updates {
            Some(u) if u <= 0 => return Err(Fault::invalid_argument("options.maxObjectUpdates", "it is not positive")),
            Some(u) => (u as usize).min(MAX_UPDATES),
            None => MAX_UPDATES,
        };
        Ok(Patience { wait, updates })
    }

    /// No waiting, and everything in one set.
    pub const AT_ONCE: Patience = Patience { wait: Some(Duration::ZERO), updates: usize::MAX };

    /// Waiting without end, and everything in one set.
    pub const ENDLESS: Patience = Patience { wait: None, updates: usize::MAX };
}

/// Waits until there is something to tell a client that has seen `version`. None when its patience ends.
pub async fn wait(
    core: &Core,
    session: &Arc<Session>,
    collector: &Collector,
    version: &str,
    patience: Patience,
) -> Result<Option<Obj<UpdateSet>>, Fault> {
    let (turn, mut signal) = collector.take_turn();
    let look = Look { core, session, collector, turn, fresh: version.is_empty(), patience };
    if let Some(repeated) = look.begin(version)? {
        return Ok(Some(repeated));
    }
    let deadline = patience.wait.and_then(|w| Instant::now().checked_add(w));
    let mut own = session.changes();
    loop {
        let own_changes = *own.borrow_and_update();
        let found = if look.fresh { aside(|| look.look(own_changes)) } else { look.look(own_changes) };
        if let Some(set) = found? {
            return Ok(Some(set));
        }
        if patience.wait == Some(Duration::ZERO) {
            return Ok(None);
        }
        core.lookout.attend(&core.inventory);
        #[cfg(test)]
        let _asleep = core.lookout.counts.asleep.clone();
        let patience_ends = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            _ = signal.wait_for(|now| *now != turn) => return Err(cancelled()),
            () = session.ended() => {
                return Err(Fault::not_authenticated(&MoRef::new("PropertyCollector", "propertyCollector"), "System.View"));
            }
            () = collector.desk.due.rung() => {}
            _ = own.changed(), if collector.desk.watches_own() => {}
            () = patience_ends => return Ok(None),
        }
    }
}

/// How one wait looks for updates.
struct Look<'a> {
    core: &'a Core,
    session: &'a Arc<Session>,
    collector: &'a Collector,
    turn: u64,
    /// Whether the client has seen nothing.
    fresh: bool,
    patience: Patience,
}

impl Look<'_> {
    /// Checks the version that the client has seen. A set comes back if it is the last one that is asked for again.
    fn begin(&self, version: &str) -> Result<Option<Obj<UpdateSet>>, Fault> {
        let _turn = self.collector.looking.lock();
        self.check_turn()?;
        let mut progress = self.collector.progress.lock();
        if self.fresh {
            *progress = Progress { version: progress.version, ..Progress::default() };
            self.collector.desk.reset();
            return Ok(None);
        }
        match version.parse::<u64>() {
            Ok(seen) if progress.begun && seen == progress.version => Ok(None),
            Ok(seen) if progress.last.is_some() && seen.checked_add(1) == Some(progress.version) => {
                Ok(progress.last.clone())
            }
            _ => {
                let message = format!("The version '{version}' is not one that this collector can go on from.");
                Err(Fault::new(InvalidCollectorVersion::default(), message))
            }
        }
    }

    /// Looks once at every filter that is due.
    fn look(&self, own_changes: u64) -> Result<Option<Obj<UpdateSet>>, Fault> {
        let _turn = self.collector.looking.lock();
        self.check_turn()?;
        #[cfg(test)]
        self.core.lookout.counts.looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.gather(own_changes)?;
        Ok(self.collector.progress.lock().emit(self.session, self.patience.updates, self.fresh))
    }

    /// A wait that was ended, or that a newer one replaced, takes nothing that the newer one has to tell.
    fn check_turn(&self) -> Result<(), Fault> {
        if self.collector.is_turn(self.turn) { Ok(()) } else { Err(cancelled()) }
    }

    /// Has every filter that is due tell what is new.
    fn gather(&self, own_changes: u64) -> Result<(), Fault> {
        let (core, desk) = (self.core, &self.collector.desk);
        let sight = core.sight(Some(self.session.clone()));
        core.lookout.follow(&sight.snapshot);
        desk.follow_own(own_changes);
        for filter in desk.due() {
            #[cfg(test)]
            core.lookout.counts.steps.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            match filter.step(&sight, &core.lookout) {
                Ok(told) => self.collector.progress.lock().pending.extend(told),
                Err(fault) => {
                    desk.due.mark(filter.number(), None);
                    return Err(fault);
                }
            }
        }
        Ok(())
    }
}

fn cancelled() -> Fault {
    Fault::new(RequestCanceled::default(), "The wait for updates was cancelled.")
}
