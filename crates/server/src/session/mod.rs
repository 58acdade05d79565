//! Sessions: who is logged in, and what only they have.

mod objects;
mod store;

use std::{
    net::IpAddr,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
};

use inventory::{Principal, Snapshot};
use objects::Objects;
pub use objects::SessionObject;
use parking_lot::RwLock;
pub use store::{Applicant, Credentials, Secret, Sessions};
use tokio::sync::watch;
use vim25::{DateTime, MoRef, Str, Type, types::UserSession};

use crate::{collector::restricted, fault::Fault, rights};

/// How many filters, collectors and views a session may have at once.
const MAX_OBJECTS: usize = 10_000;

/// One login.
pub struct Session {
    /// The name by which the API knows the session; not a secret.
    pub key: Str,
    /// Who logged in.
    pub user: Str,
    principal: Principal,
    /// Twice the revision at which it was last looked whether permissions bind the user, and one more if they did.
    bound: AtomicU64,
    /// Language that the client asked for.
    locale: RwLock<Str>,
    login: DateTime,
    address: IpAddr,
    user_agent: Str,
    last_active: AtomicI64,
    calls: AtomicI64,
    objects: Objects,
    changes: watch::Sender<u64>,
    ended: watch::Sender<bool>,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({} {})", self.key, self.user)
    }
}

impl Session {
    fn new(key: Str, user: Str, locale: Str, now: DateTime, address: IpAddr, user_agent: Str) -> Session {
        Session {
            key,
            principal: Principal::new(&user),
            bound: AtomicU64::new(u64::MAX),
            user,
            locale: RwLock::new(locale),
            login: now,
            address,
            user_agent,
            last_active: AtomicI64::new(now.micros()),
            calls: AtomicI64::new(0),
            objects: Objects::default(),
            changes: watch::channel(0).0,
            ended: watch::channel(false).0,
        }
    }

    /// Counts a call.
    pub fn touch(&self, now: DateTime) {
        self.last_active.store(now.micros(), Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// When the last call came.
    pub fn last_active(&self) -> DateTime {
        DateTime::from_micros(self.last_active.load(Ordering::Relaxed))
    }

    /// Sets the language.
    pub fn set_locale(&self, locale: Str) {
        *self.locale.write() = locale;
    }

    /// Whether there is anything in a world that the user may not do.
    pub fn is_bound(&self, world: &Snapshot) -> bool {
        let revision = world.revision().number() << 1;
        let seen = self.bound.load(Ordering::Relaxed);
        if seen & !1 == revision {
            return seen & 1 == 1;
        }
        let bound = rights::is_bound(world, &self.user, self.principal);
        self.bound.store(revision | u64::from(bound), Ordering::Relaxed);
        bound
    }

    /// The session as the API shows it.
    pub fn info(&self) -> UserSession {
        let locale = self.locale.read().clone();
        UserSession {
            key: self.key.clone(),
            user_name: self.user.clone(),
            full_name: self.user.clone(),
            login_time: self.login,
            last_active_time: self.last_active(),
            message_locale: locale.clone(),
            locale,
            extension_session: false,
            ip_address: self.address.to_string().into(),
            user_agent: self.user_agent.clone(),
            call_count: self.calls.load(Ordering::Relaxed),
        }
    }

    /// Completes when the session has ended: what waits for something else has to give up then.
    pub async fn ended(&self) {
        let mut ended = self.ended.subscribe();
        // The sender lives as long as the session itself.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    /// Whether the session has ended.
    pub fn is_over(&self) -> bool {
        *self.ended.borrow()
    }

    fn end(&self) {
        self.ended.send_replace(true);
        self.objects.clear();
    }

    /// Faults with `RestrictedByAdministrator` if the session has as many objects of its own as it may have.
    pub fn check_room(&self) -> Result<(), Fault> {
        if self.objects.len() < MAX_OBJECTS {
            return Ok(());
        }
        Err(restricted(format!(
            "A session has {MAX_OBJECTS} filters, collectors and views at the most: destroy some first."
        )))
    }

    /// An object that only this session has.
    pub fn object(&self, id: &str) -> Option<std::sync::Arc<dyn SessionObject>> {
        self.objects.get(id)
    }

    /// An object that only this session has, of a certain Rust type.
    pub fn object_as<T: SessionObject>(&self, id: &str) -> Option<std::sync::Arc<T>> {
        let object: std::sync::Arc<dyn std::any::Any + Send + Sync> = self.objects.get(id)?;
        object.downcast().ok()
    }

    /// The session's objects, oldest first.
    pub fn objects(&self) -> Vec<std::sync::Arc<dyn SessionObject>> {
        self.objects.all()
    }

    /// References to the session's objects of a managed object type or its subtypes, oldest first.
    pub fn objects_of(&self, kind: &'static Type) -> Vec<MoRef> {
        self.objects.of(kind)
    }

    /// Gives the session an object; its id is made from the session's key and a counter, and passed to `make`.
    pub fn add_object<T: SessionObject>(&self, make: impl FnOnce(Str) -> T) -> std::sync::Arc<T> {
        self.objects.add(&self.key, make)
    }

    /// The session's object of this id, made if there is none.
    pub fn object_or_add<T: SessionObject>(&self, id: &str, make: impl FnOnce() -> T) -> std::sync::Arc<T> {
        let object: std::sync::Arc<dyn std::any::Any + Send + Sync> = self.objects.get_or_add(id, make);
        object.downcast().expect("an id names objects of one type")
    }

    /// Tells those who watch the session's own objects that one of them has changed.
    pub fn note_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// How often the session's own objects have changed, to be waited on.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Takes an object away. False if there is none.
    pub fn remove_object(&self, id: &str) -> bool {
        self.objects.remove(id)
    }
}
