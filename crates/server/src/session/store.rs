//! Every session of the server, by its secret.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

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

/// How many sessions there may be at once, as in a vCenter.
const MAX_SESSIONS: usize = 2_000;
/// How many tickets may wait to be spent; the oldest is void for a newer one.
const MAX_TICKETS: usize = 2_000;

/// Every session.
pub struct Sessions {
    credentials: Credentials,
    idle: Duration,
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    by_secret: HashMap<Str, Arc<Session>>,
    tickets: VecDeque<(Str, Arc<Session>)>,
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

    /// Makes a session and the secret by which its client names it; none if there are as many as there may be.
    pub fn open(&self, applicant: Applicant, now: DateTime) -> Option<(Str, Arc<Session>)> {
        if self.inner.read().by_secret.len() >= MAX_SESSIONS {
            self.sweep(now);
        }
        let secret = random_hex();
        let locale = applicant.locale.unwrap_or_else(|| "en".into());
        let session = Session::new(applicant.key, applicant.user, locale, now, applicant.address, applicant.user_agent);
        let session = Arc::new(session);
        let mut inner = self.inner.write();
        if inner.by_secret.len() >= MAX_SESSIONS {
            return None;
        }
        inner.by_secret.insert(secret.clone(), session.clone());
        Some((secret, session))
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
        inner.tickets.retain(|(_, s)| !Arc::ptr_eq(s, &session));
        drop(inner);
        session.end();
        true
    }

    /// A ticket that opens a session of the same user, once.
    pub fn clone_ticket(&self, session: &Arc<Session>) -> Str {
        let ticket = Str::from(format!("cst-VCT-{}", random_hex()));
        let mut inner = self.inner.write();
        inner.tickets.push_back((ticket.clone(), session.clone()));
        let void = if inner.tickets.len() > MAX_TICKETS { inner.tickets.pop_front() } else { None };
        drop(inner);
        drop(void);
        ticket
    }

    /// The session for which a ticket was made. The ticket is spent.
    pub fn redeem(&self, ticket: &str) -> Option<Arc<Session>> {
        let mut inner = self.inner.write();
        let at = inner.tickets.iter().position(|(known, _)| known == ticket)?;
        inner.tickets.remove(at).map(|(_, session)| session)
    }
}

/// 160 bits that nobody can guess.
fn random_hex() -> Str {
    let mut bytes = [0u8; 20];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const NOON: i64 = 1_700_000_000_000_000;

    fn sessions() -> Sessions {
        Sessions::new(Credentials::default(), Duration::from_secs(60))
    }

    fn open(sessions: &Sessions, number: usize, now: DateTime) -> Option<(Str, Arc<Session>)> {
        let key = Str::from(number.to_string());
        let address = Ipv4Addr::LOCALHOST.into();
        sessions.open(Applicant { key, user: "u".into(), locale: None, address, user_agent: "".into() }, now)
    }

    #[test]
    fn there_are_no_more_sessions_than_there_may_be_and_idle_ones_make_room() {
        let (sessions, now) = (sessions(), DateTime::from_micros(NOON));
        for number in 0..MAX_SESSIONS {
            assert!(open(&sessions, number, now).is_some());
        }
        assert!(open(&sessions, MAX_SESSIONS, now).is_none());
        assert!(sessions.close("7"));
        let (_, last) = open(&sessions, MAX_SESSIONS, now).unwrap();
        assert!(open(&sessions, MAX_SESSIONS + 1, now).is_none());
        let later = now.plus_seconds(61);
        last.touch(later);
        assert!(open(&sessions, MAX_SESSIONS + 1, later).is_some());
        assert_eq!(sessions.all().len(), 2);
    }

    #[test]
    fn a_ticket_is_good_once_and_the_oldest_is_void_for_one_too_many() {
        let sessions = sessions();
        let (_, session) = open(&sessions, 1, DateTime::from_micros(NOON)).unwrap();
        let first = sessions.clone_ticket(&session);
        let second = sessions.clone_ticket(&session);
        assert!(sessions.redeem(&second).is_some() && sessions.redeem(&second).is_none());
        for _ in 0..MAX_TICKETS {
            sessions.clone_ticket(&session);
        }
        assert!(sessions.redeem(&first).is_none());
        assert_eq!(sessions.inner.read().tickets.len(), MAX_TICKETS);
        sessions.close("1");
        assert!(sessions.inner.read().tickets.is_empty());
    }
}
