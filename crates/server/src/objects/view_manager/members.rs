//! Which objects a container holds.

use std::collections::{HashMap, HashSet};

use ::inventory::Snapshot;
use vim25::{DataObject, DataType, MoRef, MoRefs, Str, Type, cast, managed_type, mo};

use crate::collector::Reads;

/// The children of a container, by the property that names them. Every property is there, empty or not: a view depends
/// on it either way.
pub(super) type Children<'w> = Vec<(&'static str, Listed<'w>)>;

/// What one property of a container names: one object or a list of them.
#[derive(Clone, Copy, Default)]
pub(super) struct Listed<'w> {
    one: Option<&'w MoRef>,
    many: Option<&'w MoRefs>,
}

impl<'w> Listed<'w> {
    /// The objects, in order.
    pub fn iter(self) -> impl Iterator<Item = &'w MoRef> {
        self.one.into_iter().chain(self.many.into_iter().flatten())
    }
}

/// The direct children of an object; none if objects of its type hold none.
pub(super) fn children(content: &dyn DataObject) -> Option<Children<'_>> {
    if let Some(folder) = cast::<mo::Folder>(content) {
        return Some(vec![("childEntity", list(&folder.child_entity))]);
    }
    if let Some(dc) = cast::<mo::Datacenter>(content) {
        let folder = |folder| Listed { one: Some(folder), many: None };
        return Some(vec![
            ("vmFolder", folder(&dc.vm_folder)),
            ("hostFolder", folder(&dc.host_folder)),
            ("datastoreFolder", folder(&dc.datastore_folder)),
            ("networkFolder", folder(&dc.network_folder)),
        ]);
    }
    if let Some(compute) = cast::<mo::ComputeResource>(content) {
        return Some(vec![
            ("host", list(&compute.host)),
            ("resourcePool", Listed { one: compute.resource_pool.as_ref(), many: None }),
        ]);
    }
    if let Some(pool) = cast::<mo::ResourcePool>(content) {
        return Some(vec![("resourcePool", list(&pool.resource_pool)), ("vm", list(&pool.vm))]);
    }
    cast::<mo::HostSystem>(content).map(|host| vec![("vm", list(&host.vm))])
}

fn list(refs: &Option<MoRefs>) -> Listed<'_> {
    Listed { one: None, many: refs.as_ref() }
}

/// What to look for in a container.
pub(super) struct Search {
    /// Types of the objects wanted, subtypes included; none: all.
    pub types: Option<Vec<&'static Type>>,
    /// Whether to look into the children too.
    pub recursive: bool,
}

/// The objects found, each once, and what the finding depended on.
#[derive(Default)]
pub(super) struct Found {
    pub members: Vec<MoRef>,
    pub reads: Reads,
}

/// Whether objects of a type are wanted, and whether they hold others.
#[derive(Clone, Copy)]
struct Verdict {
    wanted: bool,
    leads_on: bool,
}

/// Walks what a container holds: linear in its size, and without looking at objects whose type says enough.
pub(super) fn find(world: &Snapshot, container: &MoRef, search: &Search) -> Found {
    let mut out = Found::default();
    let Some(root) = world.find(&container.id) else { return out };
    let mut verdicts: HashMap<&str, Verdict> = HashMap::new();
    let mut seen: HashSet<&str> = HashSet::from([root.moref.id.as_str()]);
    let mut containers = vec![root];
    while let Some(at) = containers.pop() {
        let children = children(&*at.content).unwrap_or_default();
        out.reads.insert(at.moref.id.clone(), children.iter().map(|(name, _)| Str::new_static(name)).collect());
        let start = containers.len();
        for child in children.iter().flat_map(|(_, refs)| refs.iter()) {
            let verdict = *verdicts.entry(child.kind.as_str()).or_insert_with(|| search.verdict(&child.kind));
            if !(verdict.wanted || verdict.leads_on) || !seen.insert(&child.id) {
                continue;
            }
            let Some(object) = world.find(&child.id) else { continue };
            if verdict.wanted {
                out.members.push(object.moref.clone());
            }
            if verdict.leads_on {
                containers.push(object);
            }
        }
        // What was found first is looked into first.
        containers[start..].reverse();
    }
    out
}

impl Search {
    fn verdict(&self, kind: &str) -> Verdict {
        let Some(kind) = managed_type(kind) else { return Verdict { wanted: false, leads_on: false } };
        let wanted = self.types.as_ref().is_none_or(|types| types.iter().any(|t| kind.is_a(t)));
        // A host's VMs lie in its pools as well: only a view of the host itself looks for them there.
        let holds = [mo::Folder::TYPE, mo::Datacenter::TYPE, mo::ComputeResource::TYPE, mo::ResourcePool::TYPE];
        Verdict { wanted, leads_on: self.recursive && holds.iter().any(|t| kind.is_a(t)) }
    }
}
