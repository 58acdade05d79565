//! From what a client has seen to what it has to be told.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use inventory::{Revision, Snapshot};
use vim25::{
    Any, MoRef, Obj, Shared, Str,
    diff::{Change, Op, diff},
    path::Path,
    types::{MissingObject, ObjectUpdate, ObjectUpdateKind, PropertyChange, PropertyChangeOp},
};

use super::{
    content,
    select::{Selection, reselect, select},
    spec::{FilterPlan, Properties},
    watched::Watched,
};
use crate::{fault::Fault, session::SessionObject, sight::Sight};

/// What a client has seen through one filter.
pub(super) struct Cursor {
    sight: Sight,
    /// Changes of the session's own objects that had happened then.
    own_changes: u64,
    watched: Arc<Watched>,
    /// Selected objects that only the session has, as they were: the log does not tell of them.
    own: HashMap<Str, Own>,
}

/// An object that only the session has.
struct Own {
    moref: MoRef,
    content: Shared,
}

impl Cursor {
    /// An object as the client has seen it.
    fn content(&self, moref: &MoRef) -> Option<Shared> {
        self.own.get(&moref.id).map(|own| own.content.clone()).or_else(|| self.sight.content(moref))
    }

    /// Objects that only the session has and that are no longer the same.
    fn own_changed<'a>(&'a self, now: &'a HashMap<Str, Own>) -> impl Iterator<Item = MoRef> + 'a {
        let differs =
            |(id, new): &(&Str, &Own)| self.own.get(*id).is_some_and(|old| !Arc::ptr_eq(&old.content, &new.content));
        now.iter().filter(differs).map(|(_, own)| own.moref.clone())
    }

    /// Where the client was: nothing has to be computed for it before this revision changes.
    pub fn is_current(&self, sight: &Sight, own_changes: u64) -> bool {
        self.revision() == sight.snapshot.revision() && self.own_changes == own_changes
    }

    /// The state of the world that the client has seen.
    pub fn revision(&self) -> Revision {
        self.sight.snapshot.revision()
    }

    /// What the filter watches.
    pub fn watched(&self) -> &Arc<Watched> {
        &self.watched
    }

    /// Moves on to a later state of the world in which nothing has changed for this filter. Returns the one before.
    pub fn pass(&mut self, world: &Snapshot) -> Snapshot {
        std::mem::replace(&mut self.sight.snapshot, world.clone())
    }
}

/// One step of a filter.
pub(super) struct Step {
    pub updates: Vec<Obj<ObjectUpdate>>,
    pub missing: Vec<Obj<MissingObject>>,
    pub cursor: Cursor,
}

/// Everything, for a client that has seen nothing.
pub(super) fn first(plan: &Arc<FilterPlan>, sight: Sight, own_changes: u64) -> Result<Step, Fault> {
    let selection = select(plan, &sight)?;
    let updates = selection.objects.iter().filter_map(|o| enter(plan, &sight, o)).collect();
    let missing = selection.missing.iter().map(missing_object).collect();
    Ok(Step { updates, missing, cursor: cursor(plan, sight, own_changes, selection) })
}

fn cursor(plan: &Arc<FilterPlan>, sight: Sight, own_changes: u64, selection: Selection) -> Cursor {
    let selected = selection.objects.iter().map(|o| o.id.clone()).collect();
    let own = own(&sight, &selected);
    let watched = Watched::new(plan.clone(), selection, selected, own.values().map(|own| &own.content));
    Cursor { sight, own_changes, watched: Arc::new(watched), own }
}

fn own(sight: &Sight, selected: &HashSet<Str>) -> HashMap<Str, Own> {
    let all = sight.session.iter().flat_map(|session| session.objects());
    let selected = all.map(|object| (object.moref(), object)).filter(|(moref, _)| selected.contains(&moref.id));
    let content = |moref: MoRef, object: Arc<dyn SessionObject>| {
        (moref.id.clone(), Own { moref, content: object.content(&sight.snapshot) })
    };
    selected.map(|(moref, object)| content(moref, object)).collect()
}

fn missing_object(moref: &MoRef) -> Obj<MissingObject> {
    MissingObject { obj: moref.clone(), fault: Fault::object_not_found(moref).localized() }.into()
}

/// What happened between the cursor and `sight`.
pub(super) fn next(plan: &Arc<FilterPlan>, partial: bool, before: Cursor, sight: Sight, own_changes: u64) -> Step {
    let changes = changed(&before, &sight);
    let moved = before.own_changes != own_changes || changes.as_ref().is_none_or(|c| c.moved);
    if !moved {
        let own = own(&sight, &before.watched.selected);
        let mut touched = changes.expect("without a log the selection is made anew").objects;
        touched.extend(before.own_changed(&own));
        let updates = modified(plan, partial, &before, &sight, touched);
        let cursor = Cursor { sight, own_changes, own, ..before };
        return Step { updates, missing: vec![], cursor };
    }
    let selection = reselect(plan, &sight);
    let now: HashSet<&Str> = selection.objects.iter().map(|o| &o.id).collect();
    let stayed = |id: &Str| now.contains(id) && before.watched.selected.contains(id);
    let own = own(&sight, &before.watched.selected);
    let touched: Vec<MoRef> = match changes {
        Some(changes) => {
            changes.objects.into_iter().chain(before.own_changed(&own)).filter(|o| stayed(&o.id)).collect()
        }
        None => selection.objects.iter().filter(|o| stayed(&o.id)).cloned().collect(),
    };
    let mut updates = modified(plan, partial, &before, &sight, touched);
    let entered = selection.objects.iter().filter(|o| !before.watched.selected.contains(&o.id));
    updates.extend(entered.filter_map(|o| enter(plan, &sight, o)));
    let left = before.watched.selection.objects.iter().filter(|o| !now.contains(&o.id));
    updates.extend(left.filter_map(|o| leave(plan, &before, o)));
    let known: HashSet<&MoRef> = before.watched.selection.missing.iter().collect();
    let newly_missing = selection.missing.iter().filter(|m| plan.report_missing && !known.contains(m));
    let missing = newly_missing.map(missing_object).collect();
    Step { updates, missing, cursor: cursor(plan, sight, own_changes, selection) }
}

/// What the log says has changed.
#[derive(Default)]
struct Changed {
    objects: Vec<MoRef>,
    /// Whether the selection may be another one.
    moved: bool,
}

/// What has changed since the cursor; none if the log does not reach back so far.
fn changed(before: &Cursor, sight: &Sight) -> Option<Changed> {
    let commits = sight.snapshot.changes_since(before.sight.snapshot.revision())?;
    let mut out = Changed::default();
    let mut seen = HashSet::new();
    for change in commits.iter().flat_map(|c| &c.changes) {
        if seen.insert(change.object.id.clone()) {
            out.objects.push(change.object.clone());
        }
        out.moved |= before.watched.moves(change);
    }
    Some(out)
}

fn enter(plan: &FilterPlan, sight: &Sight, moref: &MoRef) -> Option<Obj<ObjectUpdate>> {
    let object = sight.content(moref)?;
    let read = content::read(plan, moref, &object, sight.session.is_none())?;
    let changes = read.found.into_iter().map(|f| property_change(f.name, PropertyChangeOp::Assign, Some(f.value)));
    let missing = Some(read.missing).filter(|m| !m.is_empty());
    Some(update(moref, ObjectUpdateKind::Enter, changes.collect(), missing))
}

fn leave(plan: &FilterPlan, before: &Cursor, moref: &MoRef) -> Option<Obj<ObjectUpdate>> {
    let was_reported = !content::wanted(plan, &*before.content(moref)?).is_empty();
    was_reported.then(|| update(moref, ObjectUpdateKind::Leave, vec![], None))
}

fn update(
    moref: &MoRef,
    kind: ObjectUpdateKind,
    changes: Vec<Obj<PropertyChange>>,
    missing: Option<Vec<Obj<vim25::types::MissingProperty>>>,
) -> Obj<ObjectUpdate> {
    let change_set = Some(changes).filter(|c| !c.is_empty());
    ObjectUpdate { kind, obj: moref.clone(), change_set, missing_set: missing }.into()
}

fn property_change(name: Str, op: PropertyChangeOp, val: Option<Any>) -> Obj<PropertyChange> {
    PropertyChange { name, op, val }.into()
}

fn modified(
    plan: &FilterPlan,
    partial: bool,
    before: &Cursor,
    sight: &Sight,
    touched: Vec<MoRef>,
) -> Vec<Obj<ObjectUpdate>> {
    let selected = touched.into_iter().filter(|o| before.watched.selected.contains(&o.id));
    selected.filter_map(|moref| modify(plan, partial, before, sight, &moref)).collect()
}

fn modify(
    plan: &FilterPlan,
    partial: bool,
    before: &Cursor,
    sight: &Sight,
    moref: &MoRef,
) -> Option<Obj<ObjectUpdate>> {
    let (old, new) = (before.content(moref)?, sight.content(moref)?);
    let wanted = content::wanted(plan, &*new);
    if wanted.is_empty() {
        return None;
    }
    let changes = if partial { by_part(plan, &wanted, &old, &new) } else { by_whole(plan, &wanted, &old, &new) };
    (!changes.is_empty()).then(|| update(moref, ObjectUpdateKind::Modify, changes, None))
}

/// Every wanted property that differs, with its whole new value.
fn by_whole(plan: &FilterPlan, wanted: &[&Properties], old: &Shared, new: &Shared) -> Vec<Obj<PropertyChange>> {
    let mut names: Vec<(Str, Path)> =
        wanted.iter().flat_map(|p| &p.paths).map(|w| (w.text.clone(), w.path.clone())).collect();
    if wanted.iter().any(|p| p.all) {
        let fields = new.descriptor().all_fields().into_iter().filter(|f| f.since <= plan.version);
        names = fields.map(|f| (f.name.into(), Path::field(f.name))).collect();
    }
    let mut seen = HashSet::new();
    names.retain(|(text, _)| seen.insert(text.clone()));
    let differs = names.into_iter().filter_map(|(text, path)| {
        let (a, b) = (path.read(&**old).ok()?, path.read(&**new).ok()?);
        (a != b).then(|| property_change(text, PropertyChangeOp::Assign, b))
    });
    differs.collect()
}

/// The smallest changes that lie in wanted properties.
fn by_part(plan: &FilterPlan, wanted: &[&Properties], old: &Shared, new: &Shared) -> Vec<Obj<PropertyChange>> {
    let all = wanted.iter().any(|p| p.all);
    let mut out = Vec::new();
    let mut assigned = HashSet::new();
    for change in diff(&**old, &**new) {
        let Ok(at) = Path::parse(&change.path) else { continue };
        if at.since(new.descriptor()) > plan.version {
            continue;
        }
        if all || wanted.iter().flat_map(|p| &p.paths).any(|w| w.path.holds(&at)) {
            out.push(as_sent(change));
            continue;
        }
        // The change is larger than what is wanted: tell the wanted property's own new value.
        for w in wanted.iter().flat_map(|p| &p.paths).filter(|w| at.holds(&w.path)) {
            let (a, b) = (w.path.read(&**old).ok().flatten(), w.path.read(&**new).ok().flatten());
            if a != b && assigned.insert(w.text.clone()) {
                out.push(property_change(w.text.clone(), PropertyChangeOp::Assign, b));
            }
        }
    }
    out
}

fn as_sent(change: Change) -> Obj<PropertyChange> {
    let op = match change.op {
        Op::Assign => PropertyChangeOp::Assign,
        Op::Add => PropertyChangeOp::Add,
        Op::Remove => PropertyChangeOp::Remove,
    };
    property_change(change.path, op, change.value)
}
