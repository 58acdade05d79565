//! What a handler gets to know about the call that it answers.

use std::{
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use inventory::{Snapshot, Tx};
use vim25::{ApiVersion, DataType, MethodInfo, MoRef, Str};

use crate::{core::Core, fault::Fault, session::Session, sight::Sight};

/// Who calls.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session; none before login.
    pub session: Option<Arc<Session>>,
    /// Address of the client.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: Str,
    /// What came of it if the call asked for a session.
    pub granted: Arc<OnceLock<Grant>>,
}

/// What comes of asking for a session.
#[derive(Clone, Debug)]
pub enum Grant {
    /// There is one, and this is its secret, to be handed to the client with the reply.
    Session(Str),
    /// There are as many as there may be. The API has no fault for this: it is a matter of HTTP.
    Full,
}

impl Grant {
    /// The secret of the session.
    pub fn secret(&self) -> Option<&Str> {
        match self {
            Grant::Session(secret) => Some(secret),
            Grant::Full => None,
        }
    }
}

/// One call of a method.
pub struct Call {
    /// The server.
    pub core: Arc<Core>,
    /// The receiver; it existed when the call was dispatched.
    pub this: MoRef,
    /// The method.
    pub method: &'static MethodInfo,
    /// Version of the API that the client speaks.
    pub version: ApiVersion,
    /// Who calls.
    pub caller: Caller,
}

impl Call {
    /// The world as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.core.inventory.snapshot()
    }

    /// The world as it is now, with what only this session has.
    pub fn sight(&self) -> Sight {
        self.core.sight(self.caller.session.clone())
    }

    /// The caller's session. Methods that may be called without one must not ask.
    pub fn session(&self) -> Result<&Arc<Session>, Fault> {
        self.caller.session.as_ref().ok_or_else(|| Fault::not_authenticated(&self.this, "System.View"))
    }

    /// The caller's name, for events and tasks.
    pub fn user(&self) -> Str {
        self.caller.session.as_ref().map_or_else(Str::default, |s| s.user.clone())
    }

    /// Changes the world.
    pub fn commit<R>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<R, Fault>) -> Result<R, Fault> {
        self.core.inventory.commit(change).map(|done| done.value)
    }

    /// The receiver's properties in a transaction.
    pub fn this_in<'t, T: DataType>(&self, tx: &'t Tx<'_>) -> Result<&'t T, Fault> {
        tx.get::<T>(&self.this).ok_or_else(|| Fault::object_not_found(&self.this))
    }
}
