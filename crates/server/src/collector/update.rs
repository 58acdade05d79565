//! From what a client has seen to what it has to be told.

use std::{collections::HashSet, sync::Arc};

use inventory::Snapshot;
use vim25::{
    Any, DataObject, MoRef, Obj, Shared, Str,
    diff::{Change, Op, diff},
    managed_type,
    path::Path,
    types::{MissingObject, ObjectUpdate, ObjectUpdateKind, PropertyChange, PropertyChangeOp},
};

use super::{
    content,
    due::Span,
    own::Own,
    select::{Selection, reselect, select},
    spec::{FilterPlan, Properties},
    watched::Watched,
};
use crate::{fault::Fault, rights::Access, sight::Sight};

/// What a client has seen through one filter.
pub(super) struct Seen {
    /// The state of the world that it has seen, or a later one that is the same to it.
    world: Snapshot,
    /// Whether the values that the client has seen were given up: it is told all of them anew.
    lapsed: bool,
    watched: Arc<Watched>,
    own: Own,
}

impl Seen {
    fn new(plan: &Arc<FilterPlan>, sight: &Sight, selection: Selection) -> Seen {
        let world = sight.snapshot.clone();
        let own = Own::of(&selection.own, &world);
        let watched = Arc::new(Watched::new(plan.clone(), selection, &world));
        Seen { world, lapsed: false, watched, own }
    }

    /// The state of the world that the client has seen.
    pub fn world(&self) -> &Snapshot {
        &self.world
    }

    /// What the filter watches.
    pub fn watched(&self) -> &Arc<Watched> {
        &self.watched
    }

    /// Moves on to a later state of the world in which nothing has changed for this filter. Returns the one before.
    pub fn pass(&mut self, world: &Snapshot) -> Snapshot {
        std::mem::replace(&mut self.world, world.clone())
    }

    /// Moves on likewise, whatever has changed, and remembers only which objects the client knows.
    pub fn lapse(&mut self, world: &Snapshot) -> Snapshot {
        self.lapsed = true;
        self.pass(world)
    }

    /// An object as the client has seen it, whose session is that of `now`.
    fn content(&self, moref: &MoRef, now: &Sight) -> Option<Shared> {
        let world = || Sight::new(self.world.clone(), now.session.clone());
        self.own.content(&moref.id).or_else(|| world().content(moref))
    }
}

/// What happened to a filter, and where its client is then.
pub(super) struct Step {
    pub news: News,
    pub seen: Seen,
}

/// What a filter has to tell.
#[derive(Default)]
pub(super) struct News {
    /// Objects that have changed, in the order in which the log names them.
    pub modified: Vec<Obj<ObjectUpdate>>,
    /// Objects that have come into the selection. Their properties are read when they are told.
    pub entered: Vec<MoRef>,
    /// Objects that have left it.
    pub left: Vec<Obj<ObjectUpdate>>,
    /// Objects that the spec names and that do not exist.
    pub missing: Vec<Obj<MissingObject>>,
}

/// Everything, for a client that has seen nothing.
pub(super) fn first(plan: &Arc<FilterPlan>, sight: &Sight) -> Result<Step, Fault> {
    let selection = select(plan, sight)?;
    let entered = selection.objects.clone();
    let missing = selection.missing.iter().map(missing_object).collect();
    let seen = Seen::new(plan, sight, selection);
    Ok(Step { news: News { entered, missing, ..News::default() }, seen })
}

fn missing_object(moref: &MoRef) -> Obj<MissingObject> {
    MissingObject { obj: moref.clone(), fault: Fault::object_not_found(moref).localized() }.into()
}

/// What happened between what the client has seen and `sight`. In the world, only commits in `span` concern the filter.
pub(super) fn next(plan: &Arc<FilterPlan>, partial: bool, before: Seen, sight: &Sight, span: Option<Span>) -> Step {
    let changes = if before.lapsed { None } else { changed(&before, sight, span) };
    let own = before.own.again(sight.session.as_ref(), &sight.snapshot);
    let own_changed = before.own.changed(&own);
    // What such an object names, and what it depends on, is another then.
    let moved = !own_changed.is_empty() || changes.as_ref().is_none_or(|c| c.moved);
    let touched = changes.map(|changes| changes.objects.into_iter().chain(own_changed));
    match touched {
        Some(touched) if !moved => {
            let modified = modified(plan, partial, &before, sight, touched);
            let seen = Seen { world: sight.snapshot.clone(), own, ..before };
            Step { news: News { modified, ..News::default() }, seen }
        }
        touched => moved_on(plan, partial, &before, sight, touched.map(Iterator::collect)),
    }
}

/// The step to another selection. Without `touched`, any object may have changed.
fn moved_on(plan: &Arc<FilterPlan>, partial: bool, before: &Seen, sight: &Sight, touched: Option<Vec<MoRef>>) -> Step {
    let seen = Seen::new(plan, sight, reselect(plan, sight));
    let (old, new) = (&before.watched, &seen.watched);
    let touched = touched.unwrap_or_else(|| new.selection.objects.clone());
    let stayed = touched.into_iter().filter(|o| new.selected.contains(&o.id));
    let modified = modified(plan, partial, before, sight, stayed);
    let entered = new.selection.objects.iter().filter(|o| !old.selected.contains(&o.id)).cloned().collect();
    let left = old.selection.objects.iter().filter(|o| !new.selected.contains(&o.id));
    let left = left.filter_map(|o| leave(plan, before, sight, o)).collect();
    let known: HashSet<&MoRef> = old.selection.missing.iter().collect();
    let newly_missing = new.selection.missing.iter().filter(|m| plan.report_missing && !known.contains(m));
    let missing = newly_missing.map(missing_object).collect();
    Step { news: News { modified, entered, left, missing }, seen }
}

/// What the log says has changed.
#[derive(Default)]
struct Changed {
    objects: Vec<MoRef>,
    /// Whether the selection may be another one.
    moved: bool,
}

/// What has changed in `span`; none if the log does not reach back so far.
fn changed(before: &Seen, sight: &Sight, span: Option<Span>) -> Option<Changed> {
    let mut out = Changed::default();
    let Some(span) = span else { return Some(out) };
    let commits = sight.snapshot.changes_since(span.after.max(before.world.revision()))?;
    let mut seen = HashSet::new();
    for change in commits.iter().flat_map(|c| &c.changes) {
        if before.watched.selected.contains(&change.object.id) && seen.insert(change.object.id.clone()) {
            out.objects.push(change.object.clone());
        }
        out.moved |= before.watched.moves(change);
    }
    Some(out)
}

/// Everything of an object that has come into the selection; none if the plan does not report it.
pub(super) fn enter(plan: &FilterPlan, sight: &Sight, moref: &MoRef) -> Option<Obj<ObjectUpdate>> {
    let object = sight.content(moref)?;
    let read = content::read(plan, moref, &object, &sight.access(moref))?;
    let changes = read.found.into_iter().map(|f| property_change(f.name, PropertyChangeOp::Assign, Some(f.value)));
    let missing = Some(read.missing).filter(|m| !m.is_empty());
    Some(update(moref, ObjectUpdateKind::Enter, changes.collect(), missing))
}

fn leave(plan: &FilterPlan, before: &Seen, now: &Sight, moref: &MoRef) -> Option<Obj<ObjectUpdate>> {
    let kind = before.content(moref, now).map(|content| content.descriptor()).or_else(|| managed_type(&moref.kind));
    let was_reported = content::wants(plan, kind?);
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
    before: &Seen,
    sight: &Sight,
    touched: impl IntoIterator<Item = MoRef>,
) -> Vec<Obj<ObjectUpdate>> {
    let selected = touched.into_iter().filter(|o| before.watched.selected.contains(&o.id));
    selected.filter_map(|moref| modify(plan, partial, before, sight, &moref)).collect()
}

fn modify(plan: &FilterPlan, partial: bool, before: &Seen, sight: &Sight, moref: &MoRef) -> Option<Obj<ObjectUpdate>> {
    let new = sight.content(moref)?;
    let wanted = content::wanted(plan, &*new);
    if wanted.is_empty() {
        return None;
    }
    let old = if before.lapsed { None } else { Some(before.content(moref, sight)?) };
    let changes = match old {
        Some(old) if partial => by_part(plan, &wanted, &old, &new),
        old => by_whole(plan, &wanted, old.as_ref(), &new),
    };
    let changes = match sight.access(moref) {
        Access::All => changes,
        access => readable(changes, &*new, &access),
    };
    (!changes.is_empty()).then(|| update(moref, ObjectUpdateKind::Modify, changes, None))
}

/// Those changes that the client may read.
fn readable(
    changes: Vec<Obj<PropertyChange>>,
    object: &dyn DataObject,
    access: &Access<'_>,
) -> Vec<Obj<PropertyChange>> {
    let may = |change: &Obj<PropertyChange>| {
        Path::parse(&change.name).is_ok_and(|path| access.allows_named(object, &path.steps()[0].field))
    };
    changes.into_iter().filter(may).collect()
}

/// Every wanted property that differs, or all of them if it is not known how they were, with its whole new value.
fn by_whole(plan: &FilterPlan, wanted: &[&Properties], old: Option<&Shared>, new: &Shared) -> Vec<Obj<PropertyChange>> {
    let mut names: Vec<(Str, Path)> =
        wanted.iter().flat_map(|p| &p.paths).map(|w| (w.text.clone(), w.path.clone())).collect();
    if wanted.iter().any(|p| p.all) {
        let fields = new.descriptor().all_fields().into_iter().filter(|f| f.since <= plan.version);
        names = fields.map(|f| (f.name.into(), Path::field(f.name))).collect();
    }
    let mut seen = HashSet::new();
    names.retain(|(text, _)| seen.insert(text.clone()));
    let differs = names.into_iter().filter_map(|(text, path)| {
        let now = path.read(&**new).ok()?;
        let before = old.map(|old| path.read(&**old)).transpose().ok()?;
        (before.as_ref() != Some(&now)).then(|| property_change(text, PropertyChangeOp::Assign, now))
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
