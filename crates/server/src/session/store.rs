//! Every session of the server, by its secret.

use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

use parking_lot::RwLock;
use vim25::{DateTime, Str};

use super::Session;

/// Who may log in.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// The one name and password that are right; without them any that are not empty.
    pub required: Option<(Str, Secret)>,
}

/// A text that never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Str);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<secret>")
    }
}

impl Credentials {
    /// Exactly this name and password.
    pub fn exactly(user: impl Into<Str>, password: impl Into<Str>) -> Credentials {
        Credentials { required: Some((user.into(), Secret(password.into()))) }
    }

    /// Whether they let in.
    pub fn accept(&self, user: &str, password: &str) -> bool {
        match &self.required {
            Some((name, secret)) => name == user && same(secret.0.as_bytes(), password.as_bytes()),
            None => !user.is_empty() && !password.is_empty(),
        }
    }
}

/// Compares without telling by its duration where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |seen, (x, y)| seen | (x ^ y)) == 0
}

/// Every session.
pub struct Sessions {
    credentials: Credentials,
    idle: Duration,
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    by_secret: HashMap<Str, Arc<Session>>,
    tickets: HashMap<Str, Arc<Session>>,
}

/// Who asks for a session.
pub struct Applicant {
    /// The name by which the API will know the session, unused so far; not a secret.
    pub key: Str,
    /// Name of the user.
    pub user: Str,
    /// Language that the client asked for.
    pub locale: Option<Str>,
    /// Address of the client.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: Str,
}

impl Sessions {
    /// No session yet. A session without a call for `idle` ends.
    pub fn new(credentials: Credentials, idle: Duration) -> Sessions {
        Sessions { credentials, idle, inner: RwLock::default() }
    }

    /// Whether these credentials let in.
    pub fn accepts(&self, user: &str, password: &str) -> bool {
        self.credentials.accept(user, password)
    }

    /// Makes a session and the secret by which its client names it.
    pub fn open(&self, applicant: Applicant, now: DateTime) -> (Str, Arc<Session>) {
        let secret = random_hex();
        let locale = applicant.locale.unwrap_or_else(|| "en".into());
        let session = Session::new(applicant.key, applicant.user, locale, now, applicant.address, applicant.user_agent);
        let session = Arc::new(session);
        self.inner.write().by_secret.insert(secret.clone(), session.clone());
        (secret, session)
    }

    /// The session that a client names by its secret, unless it has been idle for too long.
    pub fn find(&self, secret: &str, now: DateTime) -> Option<Arc<Session>> {
        let session = self.inner.read().by_secret.get(secret).cloned()?;
        if self.is_idle(&session, now) {
            self.close(&session.key);
            return None;
        }
        Some(session)
    }

    fn is_idle(&self, session: &Session, now: DateTime) -> bool {
        let micros = i64::try_from(self.idle.as_micros()).unwrap_or(i64::MAX);
        now.micros().saturating_sub(session.last_active().micros()) > micros
    }

    /// Ends sessions that have been idle for too long.
    pub fn sweep(&self, now: DateTime) {
        let idle = self.all().into_iter().filter(|s| self.is_idle(s, now));
        idle.for_each(|s| {
            self.close(&s.key);
        });
    }

    /// Every session, oldest first.
    pub fn all(&self) -> Vec<Arc<Session>> {
        let mut all: Vec<_> = self.inner.read().by_secret.values().cloned().collect();
        all.sort_by(|a, b| (a.login, &a.key).cmp(&(b.login, &b.key)));
        all
    }

    /// Ends a session by its key. False if there is none.
    pub fn close(&self, key: &str) -> bool {
        let mut inner = self.inner.write();
        let found = inner.by_secret.iter().find(|(_, s)| s.key == key).map(|(secret, s)| (secret.clone(), s.clone()));
        let Some((secret, session)) = found else { return false };
        inner.by_secret.remove(&secret);
        inner.tickets.retain(|_, s| !Arc::ptr_eq(s, &session));
        drop(inner);
        session.end();
        true
    }

    /// A ticket that opens a session of the same user, once.
    pub fn clone_ticket(&self, session: &Arc<Session>) -> Str {
        let ticket = Str::from(format!("cst-VCT-{}", random_hex()));
        self.inner.write().tickets.insert(ticket.clone(), session.clone());
        ticket
    }

    /// The session for which a ticket was made. The ticket is spent.
    pub fn redeem(&self, ticket: &str) -> Option<Arc<Session>> {
        self.inner.write().tickets.remove(ticket)
    }
}

/// 160 bits that nobody can guess.
fn random_hex() -> Str {
    let mut bytes = [0u8; 20];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into()
}
