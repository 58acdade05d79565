//! The description of the service that clients read before they call it: the list of versions, the WSDL, and the XML
//! Schemas that it includes. Generated from the type descriptors, for one version of the API.
//!
//! | document under `/sdk/` | what it holds |
//! |---|---|
//! | `vimServiceVersions.xml` | the served version and every older one |
//! | `vimService.wsdl` | service, port and address; also `/sdk/vimService?wsdl` and `/sdk?wsdl` |
//! | `vim.wsdl` | elements, messages, port type and binding (document/literal) |
//! | `core-types.xsd` `query-types.xsd` `vim-types.xsd` | types of `vmodl`, of `vmodl.query`, and all others |
//! | `query-messagetypes.xsd` `vim-messagetypes.xsd` | request types, of the property collector and of all others |
//! | `reflect-types.xsd` `reflect-messagetypes.xsd` | empty, as clients that fetch a fixed list of files ask for them |
//!
//! Types, properties, methods and faults newer than the version do not occur. Left out on purpose: what belongs to
//! vSAN's own service (`urn:vsan`), except for types to which something in `urn:vim25` refers. Managed objects have no
//! type in XML Schema: they travel as `ManagedObjectReference`.

mod definitions;
mod messages;
mod schema;
mod scope;
#[cfg(test)]
mod tests;
mod versions;
mod xml;

use std::collections::BTreeMap;

use bytes::Bytes;
use parking_lot::Mutex;
use vim25::ApiVersion;

use scope::{Part, Scope};

/// Media type of every document.
const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// Documents that are large or asked for often, by version and name. There is a fixed number of both.
static BUILT: Mutex<BTreeMap<(ApiVersion, &'static str), Bytes>> = Mutex::new(BTreeMap::new());

/// The document at `path` (with `query`, without its `?`) and its media type; `None` if there is none.
///
/// `base_url` is scheme and authority by which the client reaches this server, for example `https://127.0.0.1:8989`;
/// the address of the service's port is `/sdk` there.
pub fn document(path: &str, query: &str, base_url: &str, version: ApiVersion) -> Option<(&'static str, Bytes)> {
    let body = match import_of(path, query) {
        Some(import) => definitions::service(import, base_url).into(),
        None => shared(path.strip_prefix("/sdk/")?, version)?,
    };
    Some((CONTENT_TYPE, body))
}

/// Where `vim.wsdl` is as seen from `path`, if `path` asks for the service's own document.
fn import_of(path: &str, query: &str) -> Option<&'static str> {
    let asks = query.eq_ignore_ascii_case("wsdl");
    match path {
        "/sdk/vimService.wsdl" => Some("vim.wsdl"),
        "/sdk/vimService" if asks => Some("vim.wsdl"),
        "/sdk" | "/sdk/" if asks => Some("/sdk/vim.wsdl"),
        _ => None,
    }
}

/// How a document is made.
type Build = fn(&Scope) -> String;

/// Every document that is the same for all clients.
const SHARED: [(&str, Build); 9] = [
    ("vimServiceVersions.xml", |scope| versions::list(scope.version)),
    ("vim.wsdl", definitions::interface),
    ("core-types.xsd", |scope| schema::types(scope, Part::Core)),
    ("query-types.xsd", |scope| schema::types(scope, Part::Query)),
    ("vim-types.xsd", |scope| schema::types(scope, Part::Vim)),
    ("query-messagetypes.xsd", |scope| messages::requests(scope, Part::Query)),
    ("vim-messagetypes.xsd", |scope| messages::requests(scope, Part::Vim)),
    ("reflect-types.xsd", |_| schema::reflect(&[])),
    ("reflect-messagetypes.xsd", |_| schema::reflect(&["reflect-types.xsd"])),
];

fn shared(name: &str, version: ApiVersion) -> Option<Bytes> {
    let &(name, build) = SHARED.iter().find(|(known, _)| *known == name)?;
    if let Some(body) = BUILT.lock().get(&(version, name)) {
        return Some(body.clone());
    }
    let body = Bytes::from(build(&Scope::new(version)));
    BUILT.lock().insert((version, name), body.clone());
    Some(body)
}
