//! What a filter watches: which changes of the world can make it tell something. Shared by the filter's cursor and by
//! the index of waiting calls, so that a filter over 100,000 objects has one set of them.

use std::{collections::HashSet, sync::Arc};

use inventory::{ChangeKind, Commit, ObjectChange};
use vim25::{DataObject, Shared, Str};

use super::{content, select::Selection, spec::FilterPlan};

/// What a filter watches.
pub(super) struct Watched {
    plan: Arc<FilterPlan>,
    pub selection: Selection,
    /// Ids of the selected objects.
    pub selected: HashSet<Str>,
    /// It reports an object that only the session has: what such an object shows can depend on anything.
    everything: bool,
}

impl Watched {
    /// What a filter with this selection watches; `own` are the selected objects that only the session has.
    pub fn new<'o>(
        plan: Arc<FilterPlan>,
        selection: Selection,
        selected: HashSet<Str>,
        mut own: impl Iterator<Item = &'o Shared>,
    ) -> Watched {
        let everything = own.any(|content| !content::wanted(&plan, &**content).is_empty());
        Watched { plan, selection, selected, everything }
    }

    /// Whether every commit is its concern, whatever changed in it.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// How many objects it names, at the most.
    pub fn size(&self) -> usize {
        self.selected.len() + self.selection.reads.len() + self.selection.missing.len()
    }

    /// The ids of the objects; some come more than once.
    pub fn ids(&self) -> impl Iterator<Item = &Str> {
        let missing = self.selection.missing.iter().map(|m| &m.id);
        self.selected.iter().chain(self.selection.reads.keys()).chain(missing)
    }

    /// Whether a commit can make the filter tell something.
    pub fn is_concerned_by(&self, commit: &Commit) -> bool {
        self.everything || commit.changes.iter().any(|change| self.concerns(change))
    }

    /// Whether a change of an object can make the filter tell something.
    pub fn concerns(&self, change: &ObjectChange) -> bool {
        self.everything || self.moves(change) || self.shows(change)
    }

    /// Whether the change can make it another selection: an object of it, or one that led to it, has come or gone, or a
    /// property that was followed has changed.
    pub fn moves(&self, change: &ObjectChange) -> bool {
        let id = &change.object.id;
        let followed = self.selection.reads.get(id);
        if change.kind != ChangeKind::Modify {
            return followed.is_some()
                || self.selected.contains(id)
                || self.selection.missing.iter().any(|missing| missing.id == *id);
        }
        followed.is_some_and(|fields| fields.iter().any(|field| touches(change, field)))
    }

    /// Whether properties that the filter reports may have changed.
    fn shows(&self, change: &ObjectChange) -> bool {
        let Some(new) = &change.new else { return false };
        self.selected.contains(&change.object.id) && self.reports(&**new, change)
    }

    fn reports(&self, object: &dyn DataObject, change: &ObjectChange) -> bool {
        let wanted = content::wanted(&self.plan, object);
        let touched = |path: &vim25::path::Path| path.steps().first().is_none_or(|s| touches(change, &s.field));
        wanted.iter().any(|p| p.all || p.paths.iter().any(|w| touched(&w.path)))
    }
}

/// Whether a change lies in a property.
fn touches(change: &ObjectChange, field: &str) -> bool {
    change.changes.iter().any(|c| c.path.split(['.', '[']).next() == Some(field))
}
