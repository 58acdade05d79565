//! What a filter watches: which changes of the world can make it tell something. Shared by the filter's cursor and by
//! the lookout, so that a filter over 100,000 objects has one set of them.

use std::{collections::HashSet, sync::Arc};

use inventory::{ChangeKind, ObjectChange, Snapshot};
use vim25::{DataObject, Str, managed_type};

use super::{
    content,
    select::{Reads, Selection, kinds_of, merge},
    spec::FilterPlan,
};
use crate::session::SessionObject;

/// Instead of a property: whichever changes.
pub(super) const ANY: Str = Str::new_static("*");

/// Instead of a property: that the object comes or goes.
pub(super) const EXISTENCE: Str = Str::new_static("");

/// What a filter watches.
pub(super) struct Watched {
    plan: Arc<FilterPlan>,
    pub selection: Selection,
    /// Ids of the selected objects.
    pub selected: HashSet<Str>,
    /// Properties of the world on which reported objects depend that only the session has.
    shown: Reads,
    /// Types of the objects in `shown`, and the properties.
    shown_kinds: HashSet<(&'static str, Str)>,
}

impl Watched {
    /// What a filter with this selection watches.
    pub fn new(plan: Arc<FilterPlan>, selection: Selection, world: &Snapshot) -> Watched {
        let selected: HashSet<Str> = selection.objects.iter().map(|o| o.id.clone()).collect();
        let mut shown = Reads::default();
        let reported = |own: &&Arc<dyn SessionObject>| {
            let kind = managed_type(&own.moref().kind);
            selected.contains(&own.moref().id) && kind.is_some_and(|kind| content::wants(&plan, kind))
        };
        selection.own.iter().filter(reported).for_each(|own| merge(&mut shown, own.reads(world)));
        let shown_kinds = kinds_of(&shown, world).collect();
        Watched { plan, selection, selected, shown, shown_kinds }
    }

    /// How many objects it names, at the most.
    pub fn size(&self) -> usize {
        self.selected.len() + self.selection.reads.len() + self.selection.missing.len() + self.shown.len()
    }

    /// The ids of the objects; some come more than once.
    pub fn ids(&self) -> impl Iterator<Item = &Str> {
        self.selected.iter().chain(self.selection.reads.keys()).chain(self.shown.keys()).chain(self.missing())
    }

    /// The ids of objects that do not exist, but may come.
    pub fn missing(&self) -> impl Iterator<Item = &Str> {
        self.selection.missing.iter().map(|missing| &missing.id)
    }

    /// What it wants to know of objects that exist: of which type, and which property; some come more than once.
    pub fn interests(&self) -> impl Iterator<Item = (&'static str, Str)> {
        let read = self.selection.read_kinds.iter().chain(&self.shown_kinds);
        let read = read.flat_map(|(kind, field)| [(*kind, field.clone()), (*kind, EXISTENCE)]);
        let reported = self.selection.kinds.iter().flat_map(|kind| {
            let wanted = wanted_fields(content::wanted_of(&self.plan, kind).into_iter());
            wanted.chain([EXISTENCE]).map(|field| (kind.name, field))
        });
        read.chain(reported)
    }

    /// Whether a change of an object can make the filter tell something.
    pub fn concerns(&self, change: &ObjectChange) -> bool {
        self.moves(change) || follows(&self.shown, change) || self.reports(change)
    }

    /// Whether the change can make it another selection: an object of it, or one that led to it, has come or gone, or a
    /// property that was followed has changed.
    pub fn moves(&self, change: &ObjectChange) -> bool {
        let comes_or_goes = change.kind != ChangeKind::Modify
            && (self.selected.contains(&change.object.id) || self.missing().any(|id| *id == change.object.id));
        comes_or_goes || follows(&self.selection.reads, change)
    }

    /// Whether properties that the filter reports may have changed.
    fn reports(&self, change: &ObjectChange) -> bool {
        let Some(new) = &change.new else { return false };
        self.selected.contains(&change.object.id) && self.wants(&**new, change)
    }

    fn wants(&self, object: &dyn DataObject, change: &ObjectChange) -> bool {
        let touched = |path: &vim25::path::Path| path.steps().first().is_none_or(|s| change.touches(&s.field));
        let wanted = content::wanted(&self.plan, object);
        wanted.iter().any(|p| p.all || p.paths.iter().any(|w| touched(&w.path)))
    }
}

fn wanted_fields<'p>(wanted: impl Iterator<Item = &'p super::spec::Properties>) -> impl Iterator<Item = Str> {
    wanted.flat_map(|p| {
        let fields = p.paths.iter().map(|w| w.path.steps().first().map_or(ANY, |step| step.field.clone()));
        fields.chain(p.all.then_some(ANY))
    })
}

/// Whether an object that was read has come or gone, or a property of it that was read has changed.
fn follows(reads: &Reads, change: &ObjectChange) -> bool {
    let Some(fields) = reads.get(&change.object.id) else { return false };
    change.kind != ChangeKind::Modify || fields.iter().any(|field| change.touches(field))
}
