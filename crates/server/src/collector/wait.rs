//! Waiting for updates. Versions count update sets: a client that repeats the version before the last gets the last set
//! once more, since its reply may have been lost; any other version but the last is refused.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use vim25::{
    MoRef, Obj, Str,
    types::{InvalidCollectorVersion, PropertyFilterUpdate, RequestCanceled, UpdateSet},
};

use super::{
    filter::{Collector, Pending, Progress},
    waiters::Seat,
};
use crate::{core::Core, fault::Fault, session::Session};

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
    let mut seat = core.waiters.seat(&core.inventory);
    loop {
        let own_changes = *own.borrow_and_update();
        match look.look(&mut seat, own_changes)? {
            Seen::News(set) => return Ok(Some(set)),
            Seen::Moving => {
                tokio::task::yield_now().await;
                continue;
            }
            Seen::Nothing => {}
        }
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
            () = seat.rung() => {}
            _ = own.changed() => {}
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

/// What a look found.
enum Seen {
    News(Obj<UpdateSet>),
    /// Something happened meanwhile: look again.
    Moving,
    /// Nothing, and what happens from now on wakes the call.
    Nothing,
}

impl Look<'_> {
    /// Checks the version that the client has seen.
    fn begin(&self, version: &str) -> Result<Option<Obj<UpdateSet>>, Fault> {
        let _turn = self.collector.looking.lock();
        self.check_turn()?;
        begin(self.collector, version)
    }

    /// Looks once, and has the filters watched if there is nothing.
    fn look(&self, seat: &mut Seat<'_>, own_changes: u64) -> Result<Seen, Fault> {
        let _turn = self.collector.looking.lock();
        self.check_turn()?;
        #[cfg(test)]
        self.core.waiters.looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        gather(self.core, self.session, self.collector, own_changes)?;
        if let Some(set) = emit(self.collector, self.patience.updates, self.fresh) {
            return Ok(Seen::News(set));
        }
        // Nothing is watched for a client that does not wait.
        let settled = self.patience.wait == Some(Duration::ZERO) || seat.watch(&self.collector.filters());
        Ok(if settled { Seen::Nothing } else { Seen::Moving })
    }

    /// A wait that was ended, or that a newer one replaced, takes nothing that the newer one has to tell.
    fn check_turn(&self) -> Result<(), Fault> {
        if self.collector.is_turn(self.turn) { Ok(()) } else { Err(cancelled()) }
    }
}

fn cancelled() -> Fault {
    Fault::new(RequestCanceled::default(), "The wait for updates was cancelled.")
}

/// Checks the version that the client has seen. A set comes back if it is the last one that is asked for again.
fn begin(collector: &Collector, version: &str) -> Result<Option<Obj<UpdateSet>>, Fault> {
    let mut progress = collector.progress.lock();
    if version.is_empty() {
        *progress = Progress { version: progress.version, ..Progress::default() };
        collector.filters().iter().for_each(|f| f.reset());
        return Ok(None);
    }
    match version.parse::<u64>() {
        Ok(seen) if seen == progress.version && progress.last.is_some() => Ok(None),
        Ok(seen) if seen + 1 == progress.version && progress.last.is_some() => Ok(progress.last.clone()),
        _ => {
            let message = format!("The version '{version}' is not one that this collector can go on from.");
            Err(Fault::new(InvalidCollectorVersion::default(), message))
        }
    }
}

/// Has every filter tell what is new.
fn gather(core: &Core, session: &Arc<Session>, collector: &Collector, own_changes: u64) -> Result<(), Fault> {
    let sight = core.sight(Some(session.clone()));
    for filter in collector.filters() {
        let told = filter.step(&sight, own_changes)?;
        let moref = crate::session::SessionObject::moref(&*filter);
        let mut progress = collector.progress.lock();
        progress.pending.extend(told.updates.into_iter().map(|u| Pending::Update(moref.clone(), u)));
        progress.pending.extend(told.missing.into_iter().map(|m| Pending::Missing(moref.clone(), m)));
    }
    Ok(())
}

/// Makes the next set, if there is anything to tell. A client that has seen nothing always gets one.
fn emit(collector: &Collector, limit: usize, fresh: bool) -> Option<Obj<UpdateSet>> {
    let mut progress = collector.progress.lock();
    if progress.pending.is_empty() && !fresh {
        return None;
    }
    let count = progress.pending.len().min(limit);
    let told: Vec<Pending> = progress.pending.drain(..count).collect();
    progress.version += 1;
    let set: Obj<UpdateSet> = UpdateSet {
        version: Str::from(progress.version.to_string()),
        filter_set: Some(by_filter(told)).filter(|f| !f.is_empty()),
        truncated: Some(!progress.pending.is_empty()),
    }
    .into();
    progress.last = Some(set.clone());
    Some(set)
}

/// Groups updates, which stand in the order of their filters.
fn by_filter(told: Vec<Pending>) -> Vec<Obj<PropertyFilterUpdate>> {
    let mut out: Vec<PropertyFilterUpdate> = Vec::new();
    for one in told {
        let filter = match &one {
            Pending::Update(filter, _) | Pending::Missing(filter, _) => filter,
        };
        if out.last().is_none_or(|f| f.filter != *filter) {
            out.push(PropertyFilterUpdate { filter: filter.clone(), ..Default::default() });
        }
        let group = out.last_mut().expect("a group was just made sure of");
        match one {
            Pending::Update(_, update) => group.object_set.get_or_insert_default().push(update),
            Pending::Missing(_, missing) => group.missing_set.get_or_insert_default().push(missing),
        }
    }
    out.into_iter().map(Obj::from).collect()
}
