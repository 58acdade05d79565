//! From a decoded request to a handler and back.
//!
//! Everything that holds for every method is decided here, once, from the schema: does the receiver exist, does its
//! type have the method in the client's version, may the caller call it, are the arguments complete. A handler sees
//! only valid calls. A handler that panics faults its own request and nothing else.

mod call;
mod property;
mod registry;
mod writers;

#[cfg(test)]
mod tests;

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

pub use call::{Call, Caller, Grant};
pub use property::property;
pub use registry::{Outcome, Registry, RegistryError};
use vim25::{ApiVersion, DataObject, MethodInfo, MoRef, Shared, Type, managed_type};
pub(crate) use writers::Writers;

use crate::{
    core::Core,
    fault::Fault,
    rights::{
        self,
        guard::{self, Attempt},
    },
    session::Session,
};

/// A request as both wire formats give it.
pub struct Request<'a> {
    /// The receiver.
    pub this: MoRef,
    /// Wire name of the method.
    pub method: &'a str,
    /// Version of the API that the client speaks.
    pub version: ApiVersion,
    /// Who calls.
    pub caller: Caller,
}

/// What a request is about.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The method.
    pub method: &'static MethodInfo,
    /// The type that the receiver really has: the reference may name a base of it.
    pub receiver: &'static Type,
}

/// Finds the method that the request names on its receiver, if the caller may call it.
pub fn resolve(core: &Arc<Core>, request: &Request<'_>) -> Result<Target, Fault> {
    let this = &request.this;
    let Some(declared) = managed_type(&this.kind) else {
        return Err(Fault::invalid_type("_this", format!("There is no managed object type '{}'", this.kind)));
    };
    let known = core.sight(request.caller.session.clone()).kind(this);
    let receiver = known.unwrap_or(declared);
    let method = receiver.method(request.method).filter(|m| m.since <= request.version);
    let anonymous = method.is_some_and(|m| m.privilege == Some(rights::ANONYMOUS));
    if request.caller.session.is_none() && !anonymous {
        let privilege = method.and_then(|m| m.privilege).unwrap_or("System.View");
        return Err(Fault::not_authenticated(this, privilege));
    }
    if known.is_none() {
        return Err(Fault::object_not_found(this));
    }
    let method = method.ok_or_else(|| Fault::method_not_found(this, request.method))?;
    Ok(Target { method, receiver })
}

/// Calls the handler. The arguments have been decoded into the method's argument type.
pub async fn invoke(
    core: Arc<Core>,
    request: Request<'_>,
    target: Target,
    arguments: Shared,
) -> Result<Outcome, Fault> {
    if let Some(session) = &request.caller.session {
        session.touch(core.now());
    }
    let (this, version, caller) = (request.this, request.version, request.caller);
    let method = target.method;
    let Some(handler) = core.registry.find(target.receiver, method) else {
        return Err(Fault::not_implemented(&this, method.name));
    };
    if let Some(session) = &caller.session {
        check(&core, session, &this, method, &*arguments)?;
    }
    let call = Call { core: core.clone(), this, method, version, caller };
    contain(method, handler(call, arguments)).await
}

/// Faults if the session's user may not make the call.
fn check(
    core: &Core,
    session: &Session,
    this: &MoRef,
    method: &'static MethodInfo,
    arguments: &dyn DataObject,
) -> Result<(), Fault> {
    let world = &core.inventory.snapshot();
    let user = &session.user;
    match session.is_bound(world) {
        true => guard::check(&Attempt { world, user, this, method, arguments }),
        false => Ok(()),
    }
}

/// Runs a handler and turns a panic into a fault.
async fn contain(
    method: &'static MethodInfo,
    work: impl Future<Output = Result<Outcome, Fault>>,
) -> Result<Outcome, Fault> {
    let mut work = std::pin::pin!(work);
    std::future::poll_fn(|context| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| {
            let text = panic_text(&*panic);
            tracing::error!(method = method.name, panic = text, "a handler panicked");
            std::task::Poll::Ready(Err(Fault::system_error(format!("{} failed unexpectedly: {text}", method.name))))
        })
    })
    .await
}

/// What a panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given")
}
