//! What a logged-in client knows, and the requests that can be made of it: ready to send as often as one likes.

use super::wire::{Endpoint, post};
use crate::soak::soap::{self, Ref};
use anyhow::{Context, Result};

/// The release that VI/JSON requests name.
const RELEASE: &str = "8.0.1.0";

/// A session, which any number of connections may use.
#[derive(Clone)]
pub struct Session {
    /// Whose session it is
    pub endpoint: Endpoint,
    /// As the server gave it
    pub cookie: String,
    /// The whole reply of `RetrieveServiceContent`
    pub content: String,
    /// A view of all machines
    pub view: Ref,
}

impl Session {
    /// Something that the service content refers to.
    pub fn manager(&self, name: &str) -> Result<Ref> {
        soap::reference(&self.content, name).with_context(|| format!("the service content has no {name}"))
    }

    /// Arguments of `CreateContainerView` for all machines.
    pub fn view_arguments(&self) -> Result<String> {
        let root = self.manager("rootFolder")?.element("container");
        Ok(format!("{root}<type>VirtualMachine</type><recursive>true</recursive>"))
    }

    /// A call of a method.
    pub fn call(&self, this: &Ref, method: &str, arguments: &str) -> Vec<u8> {
        request(Some(&self.cookie), &soap::call(this, method, arguments))
    }

    /// A read of properties of all machines; no paths mean everything.
    pub fn read_all(&self, paths: &[&str]) -> Result<Vec<u8>> {
        let mut spec = soap::view_spec("specSet", &self.view, paths);
        if paths.is_empty() {
            spec = spec.replacen("</type>", "</type><all>true</all>", 1);
        }
        self.retrieve(&spec)
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
        self.retrieve(&format!("<specSet>{names}<objectSet>{root}<skip>false</skip>{ways}</objectSet></specSet>"))
    }

    /// [`Session::read_all`] over VI/JSON.
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
        self.retrieve(&soap::object_spec("specSet", object, paths))
    }

    fn retrieve(&self, spec: &str) -> Result<Vec<u8>> {
        Ok(self.call(&self.manager("propertyCollector")?, "RetrievePropertiesEx", &format!("{spec}<options/>")))
    }
}

/// A whole SOAP request, of whose session it is if it has one.
pub fn request(cookie: Option<&str>, body: &str) -> Vec<u8> {
    let cookie = cookie.map(|c| format!("Cookie: {c}\r\n")).unwrap_or_default();
    post("/sdk", "text/xml; charset=utf-8", &format!("SOAPAction: \"urn:vim25/8.0.1.0\"\r\n{cookie}"), body)
}
