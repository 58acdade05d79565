//! Reading at once. The objects are found before the reply begins, and read while it is sent.

use std::sync::Arc;

use vim25::{
    Obj, Str, args,
    pieces::{Objects, Source},
    types::{PropertyFilterSpec, RetrieveResult},
};

use super::collector;
use crate::{
    collector::{FEW, Retrieval, is_quick, plans},
    dispatch::Call,
    fault::Fault,
};

pub(super) async fn retrieve_properties(call: Call, args: args::RetrieveProperties) -> Result<Source, Fault> {
    Ok(match find(&call, args.spec_set).await? {
        Some(all) => Source::Objects(Objects { frame: None, items: Box::new(all) }),
        None => Source::value(()),
    })
}

pub(super) async fn retrieve_properties_ex(call: Call, args: args::RetrievePropertiesEx) -> Result<Source, Fault> {
    let size = match args.options.max_objects {
        Some(max) if max <= 0 => return Err(Fault::invalid_argument("options.maxObjects", "it is not positive")),
        Some(max) => Some(max as usize),
        None => None,
    };
    let Some(all) = find(&call, args.spec_set).await? else { return Ok(Source::value(())) };
    let Some(size) = size.filter(|_| call.caller.session.is_some()) else { return Ok(page(all, None)) };
    let (first, rest) = match size <= FEW {
        true => all.page(size),
        false => call.core.turns.take(|| all.page(size)).await,
    };
    let Some(rest) = rest else { return Ok(page(first, None)) };
    let (session, collector) = collector(&call)?;
    let share = call.core.budget.take(&session.key, rest.left())?;
    Ok(page(first, Some(collector.pages.keep(rest, size, share))))
}

pub(super) async fn continue_retrieve(call: Call, args: args::ContinueRetrievePropertiesEx) -> Result<Source, Fault> {
    let (session, collector) = collector(&call)?;
    let next = || collector.pages.next(&args.token, &session);
    let (objects, token) = match collector.pages.size(&args.token)? <= FEW {
        true => next(),
        false => call.core.turns.take(next).await,
    }?;
    Ok(page(objects, token))
}

pub(super) fn cancel_retrieve(call: &Call, args: args::CancelRetrievePropertiesEx) -> Result<(), Fault> {
    collector(call)?.1.pages.cancel(&args.token)
}

fn page(objects: Retrieval, token: Option<Str>) -> Source {
    let frame = Arc::new(RetrieveResult { objects: Vec::new(), token });
    Source::Objects(Objects { frame: Some((frame, "objects")), items: Box::new(objects) })
}

/// Finds what the specs name; what may take longer than a moment takes its turn.
async fn find(call: &Call, specs: Vec<Obj<PropertyFilterSpec>>) -> Result<Option<Retrieval>, Fault> {
    let sight = call.sight();
    let few = specs.iter().map(|spec| spec.object_set.len()).sum::<usize>() <= FEW;
    if !few {
        return call.core.turns.take(|| Retrieval::new(plans(specs, call.version)?, sight)).await;
    }
    let plans = plans(specs, call.version)?;
    if is_quick(&plans, &sight) {
        return Retrieval::new(plans, sight);
    }
    call.core.turns.take(|| Retrieval::new(plans, sight)).await
}
