//! One logged-in client: calls over SOAP that must succeed.

use super::server::Server;
use super::session::{Session, request};
use super::wire::{Connection, Endpoint, Reply};
use crate::soak::soap::{self, Ref};
use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

/// Tasks take no time by themselves.
const TASK: Duration = Duration::from_secs(60);

/// A client with a session.
pub struct Client {
    connection: Connection,
    /// Its session
    pub session: Session,
}

impl Client {
    /// Log in and make a view of all machines.
    pub async fn log_in(server: &Server) -> Result<Self> {
        let endpoint = server.endpoint;
        let mut connection = Connection::open(endpoint).await?;
        let (content, cookie) = log_in(&mut connection).await?;
        let mut client = Self { connection, session: Session { endpoint, cookie, content, view: Ref::new("", "") } };
        let (manager, arguments) = (client.session.manager("viewManager")?, client.session.view_arguments()?);
        client.session.view = client.made(&manager, "CreateContainerView", &arguments).await?;
        Ok(client)
    }

    /// Another connection of a session.
    pub async fn of(session: &Session) -> Result<Self> {
        Ok(Self { connection: Connection::open(session.endpoint).await?, session: session.clone() })
    }

    /// So many other connections of this session.
    pub async fn others(&self, count: usize) -> Result<Vec<Self>> {
        let mut others = Vec::with_capacity(count);
        for _ in 0..count {
            others.push(Self::of(&self.session).await?);
        }
        Ok(others)
    }

    /// Send a prepared request that must succeed, and count its reply.
    pub async fn send(&mut self, request: &[u8]) -> Result<Reply> {
        succeed(&mut self.connection, request, false).await
    }

    /// Send a prepared request that must succeed; the bytes of its reply.
    pub async fn keep(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        Ok(succeed(&mut self.connection, request, true).await?.body)
    }

    /// Call a method that must succeed; the whole reply.
    pub async fn call(&mut self, this: &Ref, method: &str, arguments: &str) -> Result<String> {
        let request = self.session.call(this, method, arguments);
        Ok(String::from_utf8(self.keep(&request).await.with_context(|| method.to_owned())?)?)
    }

    /// The reference that a method returns.
    pub async fn made(&mut self, this: &Ref, method: &str, arguments: &str) -> Result<Ref> {
        let reply = self.call(this, method, arguments).await?;
        soap::reference(&reply, "returnval").with_context(|| format!("{method} returned nothing"))
    }

    /// All machines, in the order in which they are told.
    pub async fn machines(&mut self) -> Result<Vec<Ref>> {
        let request = self.session.read_all(&["name"])?;
        let reply = String::from_utf8(self.keep(&request).await?)?;
        let machines = soap::references(&reply, "obj");
        ensure!(!machines.is_empty(), "there are no machines");
        Ok(machines)
    }

    /// One property of one object, as the text of its value.
    pub async fn property(&mut self, object: &Ref, path: &str) -> Result<String> {
        let request = self.session.read_one(object, &[path])?;
        let reply = String::from_utf8(self.keep(&request).await?)?;
        soap::text(&reply, "val").map(str::to_owned).with_context(|| format!("{} has no {path}", object.id))
    }

    /// Start a task and read its state until it has succeeded.
    pub async fn task(&mut self, this: &Ref, method: &str, arguments: &str) -> Result<()> {
        let task = self.made(this, method, arguments).await?;
        let begin = Instant::now();
        loop {
            match self.property(&task, "info.state").await?.as_str() {
                "success" => return Ok(()),
                "error" => bail!("{method} failed: {}", self.property(&task, "info.error.localizedMessage").await?),
                _ => ensure!(begin.elapsed() < TASK, "{method} does not end"),
            }
        }
    }
}

/// Log in: the service content and the cookie of the session.
async fn log_in(connection: &mut Connection) -> Result<(String, String)> {
    let service = Ref::new("ServiceInstance", "ServiceInstance");
    let content = request(None, &soap::call(&service, "RetrieveServiceContent", ""));
    let content = String::from_utf8(succeed(connection, &content, true).await?.body)?;
    let login = "<userName>user</userName><password>pass</password>";
    let login = request(None, &soap::call(&session_manager(&content)?, "Login", login));
    let cookie = succeed(connection, &login, true).await?.cookie.context("Login gave no session")?;
    Ok((content, cookie))
}

/// A whole visit: connect, log in, log out, and be gone.
pub async fn visit(endpoint: Endpoint) -> Result<()> {
    let mut connection = Connection::small(endpoint).await?;
    let (content, cookie) = log_in(&mut connection).await?;
    let logout = request(Some(&cookie), &soap::call(&session_manager(&content)?, "Logout", ""));
    succeed(&mut connection, &logout, false).await.map(drop)
}

fn session_manager(content: &str) -> Result<Ref> {
    soap::reference(content, "sessionManager").context("there is no session manager")
}

async fn succeed(connection: &mut Connection, request: &[u8], keep: bool) -> Result<Reply> {
    let reply = connection.ask(request, keep).await?;
    let text = String::from_utf8_lossy(&reply.body);
    ensure!(reply.status == 200, "status {}: {}", reply.status, soap::text(&text, "faultstring").unwrap_or(""));
    Ok(reply)
}
