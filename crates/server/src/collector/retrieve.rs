//! Reading at once: `RetrieveProperties` and its pages.

use std::{collections::VecDeque, sync::Arc, vec::IntoIter};

use inventory::Snapshot;
use parking_lot::Mutex;
use vim25::{
    ApiVersion, MoRef, Obj, Str,
    types::{ObjectContent, PropertyFilterSpec, RetrieveResult},
};

use super::{
    budget::Share,
    content::{object_content, read},
    select::select,
    spec::FilterPlan,
};
use crate::{fault::Fault, session::Session, sight::Sight};

/// How many unfinished retrievals a collector keeps; the oldest is forgotten for a newer one.
const MAX_OPEN: usize = 16;

/// A retrieval under way. Which objects it has is settled at the start, and in which state; each is read when its turn
/// comes.
pub struct Retrieval {
    world: Snapshot,
    specs: VecDeque<(FilterPlan, IntoIter<MoRef>)>,
    /// What comes next, read already to know that there is more.
    ahead: Option<Obj<ObjectContent>>,
}

impl Retrieval {
    /// Selects what the specs name.
    pub fn new(specs: Vec<Obj<PropertyFilterSpec>>, sight: &Sight, version: ApiVersion) -> Result<Retrieval, Fault> {
        let selected = specs.into_iter().map(|spec| {
            let plan = FilterPlan::new(spec, version)?;
            let objects = select(&plan, sight)?.objects.into_iter();
            Ok((plan, objects))
        });
        Ok(Retrieval { world: sight.snapshot.clone(), specs: selected.collect::<Result<_, Fault>>()?, ahead: None })
    }

    /// Up to `size` objects more, as the session sees them.
    pub fn take(&mut self, size: usize, session: Option<&Arc<Session>>) -> Vec<Obj<ObjectContent>> {
        let sight = self.sight(session);
        let mut page = Vec::with_capacity(size.min(self.left()));
        while page.len() < size {
            match self.next(&sight) {
                Some(object) => page.push(object),
                None => break,
            }
        }
        page
    }

    /// Whether there is nothing more.
    pub fn is_over(&mut self, session: Option<&Arc<Session>>) -> bool {
        let sight = self.sight(session);
        self.ahead = self.next(&sight);
        self.ahead.is_none()
    }

    /// How many objects there still are, at the most.
    pub fn left(&self) -> usize {
        self.specs.iter().map(|(_, objects)| objects.len()).sum::<usize>() + usize::from(self.ahead.is_some())
    }

    fn sight(&self, session: Option<&Arc<Session>>) -> Sight {
        Sight { snapshot: self.world.clone(), session: session.cloned() }
    }

    fn next(&mut self, sight: &Sight) -> Option<Obj<ObjectContent>> {
        if let Some(ahead) = self.ahead.take() {
            return Some(ahead);
        }
        while let Some((plan, objects)) = self.specs.front_mut() {
            for moref in objects {
                let Some(object) = sight.content(&moref) else { continue };
                if let Some(content) = read(plan, &moref, &object, sight.session.is_none()) {
                    return Some(object_content(moref, content));
                }
            }
            self.specs.pop_front();
        }
        None
    }
}

/// Retrievals of which a client has fetched only the first pages.
#[derive(Default)]
pub struct Pages {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    made: u64,
    rest: VecDeque<Rest>,
}

struct Rest {
    token: Str,
    size: usize,
    retrieval: Retrieval,
    /// What the rest has of the session's budget.
    _share: Share,
}

impl Pages {
    /// Keeps what is left of a retrieval, to be fetched in pages of this size. Returns the token for the next one.
    pub fn keep(&self, retrieval: Retrieval, size: usize, share: Share) -> Str {
        let mut open = self.open.lock();
        open.made += 1;
        let token = Str::from(open.made.to_string());
        open.rest.push_back(Rest { token: token.clone(), size, retrieval, _share: share });
        if open.rest.len() > MAX_OPEN {
            open.rest.pop_front();
        }
        token
    }

    /// The next page.
    pub fn next(&self, token: &str, session: &Arc<Session>) -> Result<RetrieveResult, Fault> {
        let mut open = self.open.lock();
        let at = open.rest.iter().position(|rest| rest.token == token).ok_or_else(unknown_token)?;
        let Rest { size, retrieval, .. } = &mut open.rest[at];
        let objects = retrieval.take(*size, Some(session));
        if retrieval.is_over(Some(session)) {
            open.rest.remove(at);
            return Ok(RetrieveResult { objects, token: None });
        }
        Ok(RetrieveResult { objects, token: Some(token.into()) })
    }

    /// Forgets the rest.
    pub fn cancel(&self, token: &str) -> Result<(), Fault> {
        let mut open = self.open.lock();
        let at = open.rest.iter().position(|rest| rest.token == token).ok_or_else(unknown_token)?;
        open.rest.remove(at);
        Ok(())
    }
}

fn unknown_token() -> Fault {
    Fault::invalid_argument("token", "it names no retrieval of this collector that has more to give")
}
