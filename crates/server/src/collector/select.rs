//! Which objects a filter spec names.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use inventory::{IdHash, Snapshot};
use vim25::{Any, DataType, MoRef, Shared, Str, Type, mo};

use super::spec::{FilterPlan, Select, Traversal};
use crate::{fault::Fault, session::SessionObject, sight::Sight};

/// Properties on which a selection depends, by object id: when one of them changes, the selection may.
pub type Reads = HashMap<Str, Vec<Str>>;

/// The objects that a plan names in one sight.
#[derive(Default)]
pub(super) struct Selection {
    /// In the order in which they were found.
    pub objects: Vec<MoRef>,
    /// Objects that the spec names and that do not exist.
    pub missing: Vec<MoRef>,
    pub reads: Reads,
    /// Types of `objects`.
    pub kinds: Vec<&'static Type>,
    /// Types of the objects in `reads`, and the properties.
    pub read_kinds: HashSet<(&'static str, Str)>,
    /// Objects that only the session has: selected, or on the way to what is.
    pub own: Vec<Arc<dyn SessionObject>>,
}

/// Finds the objects. A root that does not exist faults, unless the spec wants to be told in the result.
pub(super) fn select(plan: &FilterPlan, sight: &Sight) -> Result<Selection, Fault> {
    let selection = reselect(plan, sight);
    match selection.missing.first() {
        Some(missing) if !plan.report_missing => Err(Fault::object_not_found(missing)),
        _ => Ok(selection),
    }
}

/// Finds the objects that there still are.
pub(super) fn reselect(plan: &FilterPlan, sight: &Sight) -> Selection {
    let mut walk =
        Walk { plan, sight, found: HashSet::default(), walked: HashSet::default(), out: Selection::default() };
    for root in &plan.roots {
        match sight.content(&root.object) {
            Some(content) => walk.visit(root.object.clone(), content, root.skip, &root.selects),
            None => walk.out.missing.push(root.object.clone()),
        }
    }
    walk.out
}

struct Walk<'a> {
    plan: &'a FilterPlan,
    sight: &'a Sight,
    found: HashSet<Str, IdHash>,
    /// Objects from which a traversal was followed already: cycles end here.
    walked: HashSet<(Str, *const Traversal), IdHash>,
    out: Selection,
}

impl<'a> Walk<'a> {
    /// Goes through the graph with a stack of its own: recursion in the spec cannot exhaust the thread's.
    fn visit(&mut self, object: MoRef, content: Shared, skip: bool, selects: &'a [Select]) {
        let mut stack = vec![(object, content, skip, selects)];
        while let Some((object, content, skip, selects)) = stack.pop() {
            self.arrive(&object, content.descriptor(), skip);
            let start = stack.len();
            for select in selects {
                self.follow(&object, &content, select, &mut stack, start);
            }
            // What was found first is looked at first.
            stack[start..].reverse();
        }
    }

    /// Finds what a traversal leads to. What leads on from there waits on the stack, above `start` what this object led to
    /// before.
    fn follow(
        &mut self,
        object: &MoRef,
        content: &Shared,
        select: &'a Select,
        stack: &mut Vec<(MoRef, Shared, bool, &'a [Select])>,
        start: usize,
    ) {
        let traversal: &'a Arc<Traversal> = match select {
            Select::Traverse(traversal) => traversal,
            Select::Named(name) => &self.plan.named[name],
        };
        if !content.descriptor().is_a(traversal.kind) {
            return;
        }
        if self.sight.is_bound() && !self.may_follow(object, content, traversal) {
            return;
        }
        if !self.walked.insert((object.id.clone(), Arc::as_ptr(traversal))) {
            return;
        }
        self.note(object, content, traversal);
        // From the end of the way the objects themselves are not needed yet.
        let ends = traversal.selects.is_empty() && stack.len() == start;
        for next in references(content, traversal) {
            if !self.sight.shows(&next) {
                continue;
            }
            if ends {
                self.sight.kind(&next).into_iter().for_each(|kind| self.arrive(&next, kind, traversal.skip));
            } else if let Some(content) = self.sight.content(&next) {
                stack.push((next, content, traversal.skip, &traversal.selects));
            }
        }
    }

    fn may_follow(&self, object: &MoRef, content: &Shared, traversal: &Traversal) -> bool {
        self.sight.access(object).allows_named(&**content, &traversal.path.steps()[0].field)
    }

    fn arrive(&mut self, object: &MoRef, kind: &'static Type, skip: bool) {
        self.note_own(object, kind);
        if !skip && self.found.insert(object.id.clone()) {
            self.note_kind(kind);
            self.out.objects.push(object.clone());
        }
    }

    fn note(&mut self, object: &MoRef, content: &Shared, traversal: &Traversal) {
        if let Some(own) = self.out.own.iter().find(|own| own.moref().id == object.id) {
            let mut reads = own.reads(&self.sight.snapshot);
            // That a member goes is noticed without them.
            reads.retain(|_, fields| !fields.is_empty());
            self.out.read_kinds.extend(kinds_of(&reads, &self.sight.snapshot));
            merge(&mut self.out.reads, reads);
        }
        let field = &traversal.path.steps()[0].field;
        let kind = content.descriptor().name;
        if !self.out.read_kinds.contains(&(kind, field.clone())) {
            self.out.read_kinds.insert((kind, field.clone()));
        }
        let fields = self.out.reads.entry(object.id.clone()).or_default();
        if !fields.contains(field) {
            fields.push(field.clone());
        }
    }

    /// Takes note of an object that only the session has.
    fn note_own(&mut self, object: &MoRef, kind: &'static Type) {
        // What there are many of belongs to the world.
        if kind.is_a(mo::ManagedEntity::TYPE) {
            return;
        }
        let Some(own) = self.sight.session.as_ref().and_then(|s| s.object(&object.id)) else { return };
        if !self.out.own.iter().any(|known| Arc::ptr_eq(known, &own)) {
            self.out.own.push(own);
        }
    }

    fn note_kind(&mut self, kind: &'static Type) {
        if !self.out.kinds.iter().any(|known| std::ptr::eq(*known, kind)) {
            self.out.kinds.push(kind);
        }
    }
}

/// Adds reads to others.
pub(super) fn merge(reads: &mut Reads, more: Reads) {
    for (id, fields) in more {
        let known = reads.entry(id).or_default();
        known.extend(fields.into_iter().filter(|field| !known.contains(field)).collect::<Vec<_>>());
    }
}

/// Types of the objects that were read, and the properties; an object of which none was read counts too.
pub(super) fn kinds_of<'r>(reads: &'r Reads, world: &'r Snapshot) -> impl Iterator<Item = (&'static str, Str)> + 'r {
    reads.iter().flat_map(|(id, fields)| {
        let kind = world.find(id).map(|object| object.content.descriptor().name);
        let fields = fields.iter().cloned().chain([super::watched::EXISTENCE]);
        kind.into_iter().flat_map(move |kind| fields.clone().map(move |field| (kind, field)))
    })
}

fn references(content: &Shared, traversal: &Traversal) -> Vec<MoRef> {
    match traversal.path.read(&**content) {
        Ok(Some(Any::MoRef(one))) => vec![one],
        Ok(Some(Any::MoRefs(list))) => list.iter().cloned().collect(),
        Ok(Some(Any::List(list))) => list
            .items
            .into_iter()
            .filter_map(|item| match item {
                Any::MoRef(one) => Some(one),
                _ => None,
            })
            .collect(),
        _ => vec![],
    }
}
