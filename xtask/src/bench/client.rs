//! One logged-in client: calls over SOAP, prepared requests for the loops, and the same reads over VI/JSON.

use super::server::Server;
use super::wire::{Connection, Endpoint, Reply, post};
use crate::soak::soap::{self, Ref};
use anyhow::{Context, Result, bail, ensure};
use std::time::{Duration, Instant};

/// Tasks take no time by themselves.
const TASK: Duration = Duration::from_secs(60);

/// The release that VI/JSON requests name.
const RELEASE: &str = "8.0.1.0";

/// A client with a session.
pub struct Client {
    connection: Connection,
    endpoint: Endpoint,
    cookie: String,
    content: String,
    /// A view of all machines
    pub view: Ref,
}

impl Client {
    /// Log in and make a view of all machines.
    pub fn log_in(server: &Server) -> Result<Self> {
        let mut connection = Connection::open(server.endpoint)?;
        let (content, cookie) = log_in(&mut connection)?;
        let mut client = Self { connection, endpoint: server.endpoint, cookie, content, view: Ref::new("", "") };
        client.view = client.made(&client.manager("viewManager")?, "CreateContainerView", &client.view_arguments()?)?;
        Ok(client)
    }

    /// Another connection of the same session.
    pub fn again(&self) -> Result<Self> {
        let connection = Connection::open(self.endpoint)?;
        let (cookie, content, view) = (self.cookie.clone(), self.content.clone(), self.view.clone());
        Ok(Self { connection, endpoint: self.endpoint, cookie, content, view })
    }

    /// Something that the service content refers to.
    pub fn manager(&self, name: &str) -> Result<Ref> {
        soap::reference(&self.content, name).with_context(|| format!("the service content has no {name}"))
    }

    /// Arguments of `CreateContainerView` for all machines.
    pub fn view_arguments(&self) -> Result<String> {
        let root = self.manager("rootFolder")?.element("container");
        Ok(format!("{root}<type>VirtualMachine</type><recursive>true</recursive>"))
    }

    /// A request, ready to send as often as one likes.
    pub fn prepare(&self, this: &Ref, method: &str, arguments: &str) -> Vec<u8> {
        soap_request(Some(&self.cookie), &soap::call(this, method, arguments))
    }

    /// Send a prepared request that must succeed, and count its reply.
    pub fn send(&mut self, request: &[u8]) -> Result<Reply> {
        succeed(&mut self.connection, request, false)
    }

    /// Send a prepared request that must succeed; the bytes of its reply.
    pub fn keep(&mut self, request: &[u8]) -> Result<Vec<u8>> {
        Ok(succeed(&mut self.connection, request, true)?.body)
    }

    /// Call a method that must succeed; the whole reply.
    pub fn call(&mut self, this: &Ref, method: &str, arguments: &str) -> Result<String> {
        let request = self.prepare(this, method, arguments);
        let reply = succeed(&mut self.connection, &request, true).with_context(|| method.to_owned())?;
        Ok(String::from_utf8(reply.body)?)
    }

    /// The reference that a method returns.
    pub fn made(&mut self, this: &Ref, method: &str, arguments: &str) -> Result<Ref> {
        let reply = self.call(this, method, arguments)?;
        soap::reference(&reply, "returnval").with_context(|| format!("{method} returned nothing"))
    }

    /// A read of properties of all machines; no paths mean everything.
    pub fn read_all(&self, paths: &[&str]) -> Result<Vec<u8>> {
        let mut spec = soap::view_spec("specSet", &self.view, paths);
        if paths.is_empty() {
            spec = spec.replacen("</type>", "</type><all>true</all>", 1);
        }
        Ok(self.prepare(&self.manager("propertyCollector")?, "RetrievePropertiesEx", &format!("{spec}<options/>")))
    }

    /// The same read, whose reply may come compressed.
    pub fn read_all_packed(&self, paths: &[&str]) -> Result<Vec<u8>> {
        let request = String::from_utf8(self.read_all(paths)?)?;
        Ok(request.replacen("Content-Length", "Accept-Encoding: gzip\r\nContent-Length", 1).into_bytes())
    }

    /// A read of the name of every inventory object, found by a walk from the root folder through all that is below it.
    pub fn walk(&self) -> Result<Vec<u8>> {
        const WAYS: [(&str, &str); 7] = [
            ("Folder", "childEntity"),
            ("Datacenter", "hostFolder"),
            ("Datacenter", "vmFolder"),
            ("ComputeResource", "host"),
            ("ComputeResource", "resourcePool"),
            ("ResourcePool", "resourcePool"),
            ("HostSystem", "vm"),
        ];
        let name = |(kind, path): &(&str, &str)| format!("{kind}-{path}");
        let again: String =
            WAYS.iter().map(|way| format!("<selectSet><name>{}</name></selectSet>", name(way))).collect();
        let way = |way: &(&str, &str)| {
            let (kind, path) = way;
            let spec = format!("<name>{}</name><type>{kind}</type><path>{path}</path><skip>false</skip>", name(way));
            format!(r#"<selectSet xsi:type="TraversalSpec">{spec}{again}</selectSet>"#)
        };
        let ways: String = WAYS.iter().map(way).collect();
        let root = self.manager("rootFolder")?.element("obj");
        let names = "<propSet><type>ManagedEntity</type><pathSet>name</pathSet></propSet>";
        let spec = format!("<specSet>{names}<objectSet>{root}<skip>false</skip>{ways}</objectSet></specSet><options/>");
        Ok(self.prepare(&self.manager("propertyCollector")?, "RetrievePropertiesEx", &spec))
    }

    /// [`Client::read_all`] over VI/JSON.
    pub fn read_all_json(&self, paths: &[&str]) -> Vec<u8> {
        let wanted = if paths.is_empty() { r#""all":true"#.to_owned() } else { format!(r#""pathSet":{paths:?}"#) };
        let view = format!(
            r#"{{"_typeName":"ManagedObjectReference","type":"{}","value":"{}"}}"#,
            self.view.kind, self.view.id
        );
        let into = r#"{"_typeName":"TraversalSpec","type":"ContainerView","path":"view"}"#;
        let body = format!(
            r#"{{"specSet":[{{"_typeName":"PropertyFilterSpec","propSet":[{{"_typeName":"PropertySpec","type":"VirtualMachine",{wanted}}}],"objectSet":[{{"_typeName":"ObjectSpec","obj":{view},"skip":true,"selectSet":[{into}]}}]}}],"options":{{"_typeName":"RetrieveOptions"}}}}"#
        );
        let path = format!("/sdk/vim25/{RELEASE}/PropertyCollector/propertyCollector/RetrievePropertiesEx");
        let session = self.cookie.split_once('=').map_or("", |(_, id)| id.trim_matches('"'));
        post(&path, "application/json", &format!("vmware-api-session-id: {session}\r\n"), &body)
    }

    /// A read of properties of one object.
    pub fn read_one(&self, object: &Ref, paths: &[&str]) -> Result<Vec<u8>> {
        let spec = soap::object_spec("specSet", object, paths);
        Ok(self.prepare(&self.manager("propertyCollector")?, "RetrievePropertiesEx", &format!("{spec}<options/>")))
    }

    /// All machines, in the order in which they are told.
    pub fn machines(&mut self) -> Result<Vec<Ref>> {
        let request = self.read_all(&["name"])?;
        let reply = String::from_utf8(self.keep(&request)?)?;
        let machines = soap::references(&reply, "obj");
        ensure!(!machines.is_empty(), "there are no machines");
        Ok(machines)
    }

    /// One property of one object, as the text of its value.
    pub fn property(&mut self, object: &Ref, path: &str) -> Result<String> {
        let request = self.read_one(object, &[path])?;
        let reply = String::from_utf8(self.keep(&request)?)?;
        soap::text(&reply, "val").map(str::to_owned).with_context(|| format!("{} has no {path}", object.id))
    }

    /// Start a task and read its state until it has succeeded.
    pub fn task(&mut self, this: &Ref, method: &str, arguments: &str) -> Result<()> {
        let task = self.made(this, method, arguments)?;
        let begin = Instant::now();
        loop {
            match self.property(&task, "info.state")?.as_str() {
                "success" => return Ok(()),
                "error" => bail!("{method} failed: {}", self.property(&task, "info.error.localizedMessage")?),
                _ => ensure!(begin.elapsed() < TASK, "{method} does not end"),
            }
        }
    }
}

/// Log in: the service content and the cookie of the session.
fn log_in(connection: &mut Connection) -> Result<(String, String)> {
    let service = Ref::new("ServiceInstance", "ServiceInstance");
    let content = soap_request(None, &soap::call(&service, "RetrieveServiceContent", ""));
    let content = String::from_utf8(succeed(connection, &content, true)?.body)?;
    let login = "<userName>user</userName><password>pass</password>";
    let login = soap_request(None, &soap::call(&session_manager(&content)?, "Login", login));
    let cookie = succeed(connection, &login, true)?.cookie.context("Login gave no session")?;
    Ok((content, cookie))
}

/// A whole visit: connect, log in, log out, and be gone.
pub fn visit(endpoint: Endpoint) -> Result<()> {
    let mut connection = Connection::open(endpoint)?;
    let (content, cookie) = log_in(&mut connection)?;
    let logout = soap_request(Some(&cookie), &soap::call(&session_manager(&content)?, "Logout", ""));
    succeed(&mut connection, &logout, false).map(drop)
}

fn session_manager(content: &str) -> Result<Ref> {
    soap::reference(content, "sessionManager").context("there is no session manager")
}

fn soap_request(cookie: Option<&str>, body: &str) -> Vec<u8> {
    let cookie = cookie.map(|c| format!("Cookie: {c}\r\n")).unwrap_or_default();
    post("/sdk", "text/xml; charset=utf-8", &format!("SOAPAction: \"urn:vim25/8.0.1.0\"\r\n{cookie}"), body)
}

fn succeed(connection: &mut Connection, request: &[u8], keep: bool) -> Result<Reply> {
    let reply = connection.ask(request, keep)?;
    let text = String::from_utf8_lossy(&reply.body);
    ensure!(reply.status == 200, "status {}: {}", reply.status, soap::text(&text, "faultstring").unwrap_or(""));
    Ok(reply)
}
