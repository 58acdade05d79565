//! Reading at once: `RetrieveProperties` and its pages.

use std::collections::VecDeque;

use parking_lot::Mutex;
use vim25::{
    ApiVersion, Obj, Str,
    types::{ObjectContent, PropertyFilterSpec, RetrieveResult},
};

use super::{
    content::{object_content, read},
    select::select,
    spec::FilterPlan,
};
use crate::{fault::Fault, sight::Sight};

/// How many unfinished retrievals a collector keeps; the oldest is forgotten for a newer one.
const MAX_OPEN: usize = 16;

/// Reads what the specs name.
pub fn retrieve(
    specs: Vec<Obj<PropertyFilterSpec>>,
    sight: &Sight,
    version: ApiVersion,
) -> Result<Vec<Obj<ObjectContent>>, Fault> {
    let mut out = Vec::new();
    for spec in specs {
        let plan = FilterPlan::new(spec, version)?;
        let selection = select(&plan, sight)?;
        out.reserve(selection.objects.len());
        for moref in selection.objects {
            let Some(object) = sight.content(&moref) else { continue };
            if let Some(content) = read(&plan, &moref, &object, sight.session.is_none()) {
                out.push(object_content(moref, content));
            }
        }
    }
    Ok(out)
}

/// Retrievals of which a client has fetched only the first pages.
#[derive(Default)]
pub struct Pages {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    made: u64,
    rest: VecDeque<(Str, usize, VecDeque<Obj<ObjectContent>>)>,
}

impl Pages {
    /// The first page; what does not fit waits under the token that comes with it.
    pub fn first(&self, all: Vec<Obj<ObjectContent>>, size: usize) -> RetrieveResult {
        if all.len() <= size {
            return RetrieveResult { objects: all, token: None };
        }
        let mut open = self.open.lock();
        open.made += 1;
        let token = Str::from(open.made.to_string());
        let mut rest = VecDeque::from(all);
        let objects = rest.drain(..size).collect();
        open.rest.push_back((token.clone(), size, rest));
        if open.rest.len() > MAX_OPEN {
            open.rest.pop_front();
        }
        RetrieveResult { objects, token: Some(token) }
    }

    /// The next page.
    pub fn next(&self, token: &str) -> Result<RetrieveResult, Fault> {
        let mut open = self.open.lock();
        let at = open.rest.iter().position(|(t, ..)| t == token).ok_or_else(unknown_token)?;
        let (_, size, rest) = &mut open.rest[at];
        let count = rest.len().min(*size);
        let objects = rest.drain(..count).collect();
        if rest.is_empty() {
            open.rest.remove(at);
            return Ok(RetrieveResult { objects, token: None });
        }
        Ok(RetrieveResult { objects, token: Some(token.into()) })
    }

    /// Forgets the rest.
    pub fn cancel(&self, token: &str) -> Result<(), Fault> {
        let mut open = self.open.lock();
        let at = open.rest.iter().position(|(t, ..)| t == token).ok_or_else(unknown_token)?;
        open.rest.remove(at);
        Ok(())
    }
}

fn unknown_token() -> Fault {
    Fault::invalid_argument("token", "it names no retrieval of this collector that has more to give")
}
