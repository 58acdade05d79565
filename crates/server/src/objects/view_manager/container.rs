//! `ContainerView`: what a folder, datacenter, compute resource, pool, vApp or host holds.

use std::sync::Arc;

use ::inventory::{ChangeKind, Commit, Revision, Snapshot};
use parking_lot::Mutex;
use vim25::{DataType, MoRef, Shared, Str, Type, args, managed_type, mo};

use super::members::{Found, Search, children, find};
use crate::{collector::Reads, dispatch::Call, fault::Fault, session::SessionObject};

/// `CreateContainerView`.
pub(super) fn create(call: &Call, args: args::CreateContainerView) -> Result<MoRef, Fault> {
    let session = call.session()?;
    session.check_room()?;
    let container = container(&call.snapshot(), &args.container)?;
    let search = Search { types: types(args.type_.as_deref())?, recursive: args.recursive };
    let view = session.add_object(|id| ContainerView {
        moref: MoRef::new(mo::ContainerView::TYPE.name, id),
        container,
        types: args.type_,
        search,
        last: Mutex::default(),
    });
    session.note_change();
    Ok(view.moref())
}

fn container(world: &Snapshot, moref: &MoRef) -> Result<MoRef, Fault> {
    let object = world.resolve(moref).ok_or_else(|| Fault::object_not_found(moref))?;
    match children(&*object.content) {
        Some(_) => Ok(object.moref.clone()),
        None => Err(Fault::invalid_argument("container", format!("a {} holds no objects", object.moref.kind))),
    }
}

/// The types by name; none, or an empty list, stands for all.
fn types(names: Option<&[Str]>) -> Result<Option<Vec<&'static Type>>, Fault> {
    let entity = mo::ManagedEntity::TYPE;
    let known = |name: &Str| {
        let known = managed_type(name).filter(|t| t.is_a(entity) || entity.is_a(t));
        known.ok_or_else(|| Fault::invalid_argument("type", format!("'{name}' is not a type of inventory object")))
    };
    let types: Vec<&'static Type> = names.unwrap_or_default().iter().map(known).collect::<Result<_, _>>()?;
    Ok(Some(types).filter(|types| !types.is_empty()))
}

/// A container view.
pub(super) struct ContainerView {
    moref: MoRef,
    container: MoRef,
    types: Option<Vec<Str>>,
    search: Search,
    last: Mutex<Option<Last>>,
}

/// What was found last, and when.
#[derive(Clone)]
struct Last {
    revision: Revision,
    content: Shared,
    reads: Arc<Reads>,
}

impl SessionObject for ContainerView {
    fn moref(&self) -> MoRef {
        self.moref.clone()
    }

    fn content(&self, world: &Snapshot) -> Shared {
        self.at(world).content
    }

    fn reads(&self, world: &Snapshot) -> Reads {
        (*self.at(world).reads).clone()
    }
}

impl ContainerView {
    /// The view in this state of the world. What was found last holds on as long as nothing that it depends on changed.
    fn at(&self, world: &Snapshot) -> Last {
        let mut last = self.last.lock();
        if let Some(last) = last.as_mut().filter(|last| last.holds(world)) {
            last.revision = world.revision();
            return last.clone();
        }
        last.insert(self.look(world)).clone()
    }

    fn look(&self, world: &Snapshot) -> Last {
        let Found { members, reads } = find(world, &self.container, &self.search);
        let mut content = mo::ContainerView::with(|view| {
            view.container = self.container.clone();
            view.type_ = self.types.clone();
            view.recursive = self.search.recursive;
        });
        content.view = Some(members.into());
        Last { revision: world.revision(), content: Arc::new(content), reads: Arc::new(reads) }
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
            let read = |path: &Str| reads.iter().any(|name| path.split(['.', '[']).next() == Some(name));
            change.kind != ChangeKind::Modify || change.changes.iter().any(|c| read(&c.path))
        })
    }
}
