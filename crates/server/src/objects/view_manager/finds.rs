//! What container views found last. Views of the same share it, whoever has them; and only so many are kept, however many
//! views there are.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use ::inventory::{ChangeKind, Commit, Revision, Snapshot};
use parking_lot::Mutex;
use vim25::{DataType, MoRef, Shared, Str, mo};

use super::members::{Found, Search, find};
use crate::{aside::aside, collector::Reads};

/// How many findings are kept. One of 100,000 members takes some 5 MiB.
const KEPT: usize = 32;

/// Walks through containers with fewer objects in the whole world than this are not worth a thread.
const SMALL_WORLD: usize = 2_000;

/// The places that container views look at.
#[derive(Default)]
pub struct Finds(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    places: Vec<Weak<Place>>,
    /// Places whose findings are kept, the one that was found last at the end.
    kept: VecDeque<Weak<Place>>,
}

/// A container and what is looked for in it.
pub(super) struct Place {
    container: MoRef,
    /// Types as they were given.
    types: Option<Vec<Str>>,
    search: Search,
    last: Mutex<Option<Last>>,
    finds: Weak<Mutex<Inner>>,
    this: Weak<Place>,
}

/// What was found last, and when.
#[derive(Clone)]
pub(super) struct Last {
    revision: Revision,
    /// A view of the place.
    pub content: Shared,
    pub reads: Arc<Reads>,
}

impl Finds {
    /// The place to look at for this.
    pub(super) fn place(&self, container: MoRef, types: Option<Vec<Str>>, search: Search) -> Arc<Place> {
        let mut inner = self.0.lock();
        let known = inner.places.iter().filter_map(Weak::upgrade);
        let mut same = known.into_iter().filter(|place| {
            place.container == container && place.types == types && place.search.recursive == search.recursive
        });
        if let Some(place) = same.next() {
            return place;
        }
        drop(same);
        let place = Arc::new_cyclic(|this| Place {
            container,
            types,
            search,
            last: Mutex::default(),
            finds: Arc::downgrade(&self.0),
            this: this.clone(),
        });
        // Places without a view go when there are twice as many as there were with one.
        if inner.places.len() == inner.places.capacity() {
            inner.places.retain(|place| place.strong_count() > 0);
            let room = inner.places.len().max(KEPT);
            inner.places.reserve(room);
        }
        inner.places.push(Arc::downgrade(&place));
        place
    }
}

impl Place {
    /// What there is in this state of the world. What was found last holds on as long as nothing that it depends on has
    /// changed.
    pub(super) fn at(&self, world: &Snapshot) -> Last {
        let mut last = self.last.lock();
        if let Some(last) = last.as_mut().filter(|last| last.holds(world)) {
            last.revision = world.revision();
            return last.clone();
        }
        let found = last.insert(self.look(world)).clone();
        drop(last);
        self.keep();
        found
    }

    /// Whether it needs no walk.
    pub(super) fn is_known(&self, world: &Snapshot) -> bool {
        self.last.try_lock().is_some_and(|last| last.as_ref().is_some_and(|last| last.holds(world)))
    }

    fn look(&self, world: &Snapshot) -> Last {
        let find = || find(world, &self.container, &self.search);
        let Found { members, reads } = if world.len() < SMALL_WORLD { find() } else { aside(find) };
        let mut content = self.sketch();
        content.view = Some(members.into());
        Last { revision: world.revision(), content: Arc::new(content), reads: Arc::new(reads) }
    }

    /// A view of the place, without its members.
    pub(super) fn sketch(&self) -> mo::ContainerView {
        mo::ContainerView::with(|view| {
            view.container = self.container.clone();
            view.type_ = self.types.clone();
            view.recursive = self.search.recursive;
        })
    }

    /// Has another place forget what it found, if too much is kept.
    fn keep(&self) {
        let Some(finds) = self.finds.upgrade() else { return };
        let mut inner = finds.lock();
        inner.kept.retain(|place| place.strong_count() > 0 && !place.ptr_eq(&self.this));
        inner.kept.push_back(self.this.clone());
        let over = inner.kept.len().saturating_sub(KEPT);
        let forgotten: Vec<_> = inner.kept.drain(..over).collect();
        drop(inner);
        for place in forgotten.iter().filter_map(Weak::upgrade) {
            let found = place.last.lock().take();
            drop(found);
        }
    }
}

impl Last {
    fn holds(&self, world: &Snapshot) -> bool {
        self.revision == world.revision()
            || world.changes_since(self.revision).is_some_and(|commits| !commits.iter().any(|c| self.is_hit_by(c)))
    }

    /// Whether a commit changed anything that the membership depends on.
    fn is_hit_by(&self, commit: &Commit) -> bool {
        commit.changes.iter().any(|change| {
            let Some(reads) = self.reads.get(&change.object.id) else { return false };
            change.kind != ChangeKind::Modify || reads.iter().any(|name| change.touches(name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, moref};

    fn search(recursive: bool) -> Search {
        Search { types: Some(vec![mo::VirtualMachine::TYPE]), recursive }
    }

    fn place(finds: &Finds, folder: &str, recursive: bool) -> Arc<Place> {
        let types = Some(vec!["VirtualMachine".into()]);
        finds.place(moref("Folder", folder), types, search(recursive))
    }

    fn known(finds: &Finds) -> usize {
        finds.0.lock().places.iter().filter_map(Weak::upgrade).filter(|p| p.last.lock().is_some()).count()
    }

    #[test]
    fn views_of_the_same_share_what_was_found() {
        let (world, finds) = (World::new(), Finds::default());
        let found = place(&finds, "group-d1", true);
        assert!(Arc::ptr_eq(&found, &place(&finds, "group-d1", true)));
        assert!(!Arc::ptr_eq(&found, &place(&finds, "group-d1", false)));
        assert!(!Arc::ptr_eq(&found, &place(&finds, "group-v3", true)));
        assert!(!Arc::ptr_eq(&found, &finds.place(moref("Folder", "group-d1"), None, search(true))));
        let now = world.core.inventory.snapshot();
        assert!(!found.is_known(&now));
        let content = found.at(&now).content;
        let Some(vim25::Ref::List(members)) = content.field("view") else { panic!("a list") };
        assert_eq!(members.len(), 4);
        assert!(found.is_known(&now));
        world.commit(|tx| tx.edit::<mo::ManagedEntity>(&moref("VirtualMachine", "vm-20")).unwrap().name = "x".into());
        assert!(found.is_known(&world.core.inventory.snapshot()), "a name is nothing that it depends on");
    }

    #[test]
    fn only_so_many_findings_are_kept() {
        let (world, finds) = (World::new(), Finds::default());
        let now = world.core.inventory.snapshot();
        let places: Vec<_> = (0..KEPT * 3).map(|n| place(&finds, &format!("group-{n}"), true)).collect();
        places.iter().for_each(|place| drop(place.at(&now)));
        assert_eq!(known(&finds), KEPT);
        assert!(places.last().unwrap().is_known(&now) && !places[0].is_known(&now));
        drop(places);
        for n in 0..1000 {
            place(&finds, &format!("other-{n}"), true);
        }
        assert!(finds.0.lock().places.len() < KEPT * 8, "places that no view has are forgotten");
    }
}
