//! What a collector has to tell and has not told yet, and the sets in which it does.

use std::{collections::VecDeque, sync::Arc, vec::IntoIter};

use inventory::Snapshot;
use vim25::{
    DataType, MoRef, Obj, Str, managed_type, mo,
    types::{MissingObject, ObjectUpdate, PropertyFilterUpdate, UpdateSet},
};

use super::{
    spec::FilterPlan,
    update::{News, enter},
};
use crate::{session::Session, sight::Sight};

/// A set with more updates than this is not kept for a client that may ask for it once more.
const KEPT: usize = 10_000;

/// Fewer objects than this are read at once when they come into a filter.
const FEW: usize = 100;

/// How far a client has followed.
#[derive(Default)]
pub(super) struct Progress {
    /// Version of the last update set.
    pub version: u64,
    /// Whether there was a set since the client began anew.
    pub begun: bool,
    /// The last update set, if it can be asked for once more.
    pub last: Option<Obj<UpdateSet>>,
    /// Updates that did not fit into the last set.
    pub pending: VecDeque<Pending>,
}

/// An update, or many, that wait for the next set.
pub(super) enum Pending {
    Update(MoRef, Obj<ObjectUpdate>),
    Missing(MoRef, Obj<MissingObject>),
    Enter(MoRef, Enters),
}

/// Many objects that have come into a filter. They are read when they are told, as they were when they came: a filter
/// over everything takes no more memory than its list of objects.
pub(super) struct Enters {
    plan: Arc<FilterPlan>,
    world: Snapshot,
    objects: IntoIter<MoRef>,
    /// What comes next, read already to know that there is more.
    ahead: Option<Obj<ObjectUpdate>>,
}

impl Enters {
    fn next(&mut self, session: &Arc<Session>) -> Option<Obj<ObjectUpdate>> {
        self.ahead.take().or_else(|| self.read(session))
    }

    fn is_over(&mut self, session: &Arc<Session>) -> bool {
        if self.ahead.is_none() {
            self.ahead = self.read(session);
        }
        self.ahead.is_none()
    }

    fn read(&mut self, session: &Arc<Session>) -> Option<Obj<ObjectUpdate>> {
        let sight = Sight::new(self.world.clone(), Some(session.clone()));
        self.objects.find_map(|object| enter(&self.plan, &sight, &object))
    }
}

impl Pending {
    /// What a filter has to tell.
    pub fn of(filter: &MoRef, plan: &Arc<FilterPlan>, sight: &Sight, news: News) -> Vec<Pending> {
        let update = |update| Pending::Update(filter.clone(), update);
        let mut told: Vec<Pending> = news.modified.into_iter().map(update).collect();
        let (later, now) = if news.entered.len() > FEW { split(news.entered) } else { (vec![], news.entered) };
        told.extend(now.iter().filter_map(|object| enter(plan, sight, object)).map(update));
        if !later.is_empty() {
            let (plan, world) = (plan.clone(), sight.snapshot.clone());
            let enters = Enters { plan, world, objects: later.into_iter(), ahead: None };
            told.push(Pending::Enter(filter.clone(), enters));
        }
        told.extend(news.left.into_iter().map(update));
        told.extend(news.missing.into_iter().map(|missing| Pending::Missing(filter.clone(), missing)));
        told
    }
}

/// Objects that can be read later, since each session sees them in the same way, and the others.
fn split(objects: Vec<MoRef>) -> (Vec<MoRef>, Vec<MoRef>) {
    let mut kinds: Vec<(Str, bool)> = Vec::new();
    objects.into_iter().partition(|object| match kinds.iter().find(|(kind, _)| *kind == object.kind) {
        Some((_, shared)) => *shared,
        None => {
            let shared = managed_type(&object.kind)
                .is_some_and(|kind| kind.is_a(mo::ManagedEntity::TYPE) || kind.is_a(mo::Task::TYPE));
            kinds.push((object.kind.clone(), shared));
            shared
        }
    })
}

impl Progress {
    /// Makes the next set, if there is anything to tell. A client that has seen nothing always gets one.
    pub fn emit(&mut self, session: &Arc<Session>, limit: usize, fresh: bool) -> Option<Obj<UpdateSet>> {
        let mut groups = Groups::default();
        while groups.updates < limit {
            match self.pending.front_mut() {
                Some(Pending::Enter(filter, enters)) => match enters.next(session) {
                    Some(update) => groups.update(&filter.clone(), update),
                    None => drop(self.pending.pop_front()),
                },
                Some(_) => groups.add(self.pending.pop_front().expect("it was just there")),
                None => break,
            }
        }
        while let Some(Pending::Enter(_, enters)) = self.pending.front_mut() {
            if !enters.is_over(session) {
                break;
            }
            self.pending.pop_front();
        }
        if groups.updates == 0 && !fresh {
            return None;
        }
        Some(self.set(groups))
    }

    fn set(&mut self, groups: Groups) -> Obj<UpdateSet> {
        let is_kept = groups.updates <= KEPT;
        self.version += 1;
        self.begun = true;
        let set: Obj<UpdateSet> = UpdateSet {
            version: Str::from(self.version.to_string()),
            filter_set: Some(groups.sets()).filter(|f| !f.is_empty()),
            truncated: Some(!self.pending.is_empty()),
        }
        .into();
        self.last = is_kept.then(|| set.clone());
        set
    }
}

/// Updates, which stand in the order of their filters, by filter.
#[derive(Default)]
struct Groups {
    groups: Vec<PropertyFilterUpdate>,
    updates: usize,
}

impl Groups {
    fn add(&mut self, one: Pending) {
        match one {
            Pending::Update(filter, update) => self.update(&filter, update),
            Pending::Missing(filter, missing) => {
                self.updates += 1;
                self.group(&filter).missing_set.get_or_insert_default().push(missing);
            }
            Pending::Enter(..) => unreachable!("objects that come are read one by one"),
        }
    }

    fn update(&mut self, filter: &MoRef, update: Obj<ObjectUpdate>) {
        self.updates += 1;
        self.group(filter).object_set.get_or_insert_default().push(update);
    }

    fn group(&mut self, filter: &MoRef) -> &mut PropertyFilterUpdate {
        if self.groups.last().is_none_or(|group| group.filter != *filter) {
            self.groups.push(PropertyFilterUpdate { filter: filter.clone(), ..Default::default() });
        }
        self.groups.last_mut().expect("a group was just made sure of")
    }

    fn sets(self) -> Vec<Obj<PropertyFilterUpdate>> {
        self.groups.into_iter().map(Obj::from).collect()
    }
}
