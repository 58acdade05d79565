//! Reading at once: `RetrieveProperties` and its pages.
//!
//! The objects are read when they are wanted: while the reply is written. All are of one moment.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use vim25::{
    ApiVersion, DataObject, MoRef, Obj, Ref, Shared, Str,
    types::{ObjectContent, PropertyFilterSpec},
};

use super::{
    budget::Share,
    content::{object_content, read, wants},
    find::Finding,
    spec::{FilterPlan, Select, Traversal},
};
use crate::{fault::Fault, session::Session, sight::Sight};

/// How many unfinished retrievals a collector keeps; the oldest is forgotten for a newer one.
const MAX_OPEN: usize = 16;

/// As many objects are found and counted before anybody notices.
pub const FEW: usize = 500;

/// Checks what is to be read.
pub fn plans(specs: Vec<Obj<PropertyFilterSpec>>, version: ApiVersion) -> Result<Vec<FilterPlan>, Fault> {
    specs.into_iter().map(|spec| FilterPlan::new(spec, version)).collect()
}

/// Whether the objects are surely found quickly. If not, they may be few all the same.
pub fn is_quick(plans: &[FilterPlan], sight: &Sight) -> bool {
    plans.iter().all(|plan| {
        plan.named.values().all(|traversal| is_narrow(traversal))
            && plan.roots.iter().all(|root| {
                root.selects.is_empty()
                    || sight.is_at_hand(&root.object)
                        && sight.content(&root.object).is_none_or(|content| is_short(&*content, &root.selects))
            })
    })
}

/// Whether traversals lead from an object to a few, and from those each to one at the most.
fn is_short(content: &dyn DataObject, selects: &[Select]) -> bool {
    selects.iter().all(|select| match select {
        Select::Named(_) => true,
        Select::Traverse(traversal) => {
            let list = content.field(&traversal.path.steps()[0].field);
            !matches!(list, Some(Ref::List(list)) if list.len() > FEW) && leads_on_narrowly(traversal)
        }
    })
}

fn is_narrow(traversal: &Traversal) -> bool {
    let field = traversal.kind.field(&traversal.path.steps()[0].field);
    field.is_some_and(|(_, _, field)| !field.list) && leads_on_narrowly(traversal)
}

/// Traversals nest only so deep, and those with names are looked at by themselves.
fn leads_on_narrowly(traversal: &Traversal) -> bool {
    traversal.selects.iter().all(|select| match select {
        Select::Named(_) => true,
        Select::Traverse(next) => is_narrow(next),
    })
}

/// Objects that were found and wait to be read.
pub struct Retrieval {
    sight: Sight,
    parts: VecDeque<Part>,
}

/// The objects of one spec.
struct Part {
    plan: Arc<FilterPlan>,
    objects: Finding,
}

impl Retrieval {
    /// Finds the objects; none if there is none to be read.
    pub fn new(plans: Vec<FilterPlan>, sight: Sight) -> Result<Option<Retrieval>, Fault> {
        let mut parts = VecDeque::with_capacity(plans.len());
        for plan in plans {
            let objects = Finding::new(&plan, &sight)?;
            parts.push_back(Part { plan: Arc::new(plan), objects });
        }
        let mut retrieval = Retrieval { sight, parts };
        Ok(retrieval.leads_on().then_some(retrieval))
    }

    /// How many objects there still are, at the most.
    pub fn left(&self) -> usize {
        self.parts.iter().map(|part| part.objects.left()).sum()
    }

    /// Takes the first `size` objects that are to be read; none is left if there are no more than that.
    pub fn page(mut self, size: usize) -> (Retrieval, Option<Retrieval>) {
        let mut page = Retrieval { sight: self.sight.clone(), parts: VecDeque::new() };
        let mut room = size;
        while room > 0
            && let Some(part) = self.parts.front_mut()
        {
            let mut objects = Vec::new();
            while room > 0
                && let Some(moref) = part.objects.next()
            {
                if wanted(&part.plan, &self.sight, &moref) {
                    room -= 1;
                    objects.push(moref);
                }
            }
            page.parts.push_back(Part { plan: part.plan.clone(), objects: Finding::Found(objects.into_iter()) });
            if room > 0 {
                self.parts.pop_front();
            }
        }
        let more = self.leads_on();
        (page, more.then_some(self))
    }

    /// Passes over objects that are not to be read. Whether there is one that is.
    fn leads_on(&mut self) -> bool {
        while let Some(part) = self.parts.front_mut() {
            while let Some(moref) = part.objects.peek() {
                if wanted(&part.plan, &self.sight, moref) {
                    return true;
                }
                part.objects.next();
            }
            self.parts.pop_front();
        }
        false
    }
}

/// Whether a plan wants anything of an object that there is.
fn wanted(plan: &FilterPlan, sight: &Sight, moref: &MoRef) -> bool {
    sight.kind(moref).is_some_and(|kind| wants(plan, kind))
}

impl Iterator for Retrieval {
    type Item = Shared;

    fn next(&mut self) -> Option<Shared> {
        while let Some(part) = self.parts.front_mut() {
            let Some(moref) = part.objects.next() else {
                self.parts.pop_front();
                continue;
            };
            let Some(object) = self.sight.content(&moref) else { continue };
            if let Some(content) = read(&part.plan, &moref, &object, &self.sight.access(&moref)) {
                let content: Obj<ObjectContent> = object_content(moref, content);
                return Some(content.shared().clone());
            }
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
    /// Without its session, which has the collector that has this.
    retrieval: Retrieval,
    /// What the rest has of the session's budget.
    share: Share,
}

/// A page, and the token under which what follows it waits.
pub type Page = (Retrieval, Option<Str>);

impl Pages {
    /// Keeps what is left of a retrieval, to be fetched in pages of this size. Returns the token for the next one.
    pub fn keep(&self, mut retrieval: Retrieval, size: usize, share: Share) -> Str {
        retrieval.sight.session = None;
        let mut open = self.open.lock();
        open.made += 1;
        let token = Str::from(open.made.to_string());
        open.rest.push_back(Rest { token: token.clone(), size, retrieval, share });
        let forgotten = if open.rest.len() > MAX_OPEN { open.rest.pop_front() } else { None };
        drop(open);
        drop(forgotten);
        token
    }

    /// How many objects the next page has at the most.
    pub fn size(&self, token: &str) -> Result<usize, Fault> {
        let open = self.open.lock();
        open.rest.iter().find(|rest| rest.token == token).map(|rest| rest.size).ok_or_else(unknown_token)
    }

    /// The next page.
    pub fn next(&self, token: &str, session: &Arc<Session>) -> Result<Page, Fault> {
        let mut open = self.open.lock();
        let at = open.rest.iter().position(|rest| rest.token == token).ok_or_else(unknown_token)?;
        let Rest { token, size, mut retrieval, share } = open.rest.remove(at).ok_or_else(unknown_token)?;
        retrieval.sight.session = Some(session.clone());
        let (page, rest) = retrieval.page(size);
        let Some(mut retrieval) = rest else { return Ok((page, None)) };
        retrieval.sight.session = None;
        open.rest.insert(at, Rest { token: token.clone(), size, retrieval, share });
        Ok((page, Some(token)))
    }

    /// Forgets the rest.
    pub fn cancel(&self, token: &str) -> Result<(), Fault> {
        let mut open = self.open.lock();
        let at = open.rest.iter().position(|rest| rest.token == token).ok_or_else(unknown_token)?;
        let forgotten = open.rest.remove(at);
        drop(open);
        drop(forgotten);
        Ok(())
    }
}

fn unknown_token() -> Fault {
    Fault::invalid_argument("token", "it names no retrieval of this collector that has more to give")
}
