//! Sessions made from sessions: a ticket opens another one for the same user, once.

use vim25::{
    Obj, Str, args,
    types::{InvalidLogin, UserSession},
};

use super::login::open;
use crate::{dispatch::Call, fault::Fault};

/// `AcquireCloneTicket`
pub fn acquire(call: &Call, _: args::AcquireCloneTicket) -> Result<Str, Fault> {
    Ok(call.core.sessions.clone_ticket(call.session()?))
}

/// `CloneSession`
pub fn clone(call: &Call, args: args::CloneSession) -> Result<Obj<UserSession>, Fault> {
    let Some(session) = call.core.sessions.redeem(&args.clone_ticket) else {
        return Err(Fault::new(InvalidLogin::default(), "The clone ticket is not valid or has been used."));
    };
    let locale = session.info().locale;
    open(call, session.user.clone(), Some(locale))
}
