//! Which version of the API is spoken: the newest that the server and this client both know.

use bytes::Bytes;
use http::{
    HeaderValue, Request, StatusCode,
    header::{CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;
use serde_json::{Value, json};
use vim25::ApiVersion;

use crate::{
    Error, Protocol,
    transport::{Answer, Transport},
};

/// The first release that has VI/JSON.
const FIRST_WITH_JSON: &str = "8.0.1.0";
/// What is spoken with a server that does not say what it speaks: every server of the last ten years knows it.
const SAFE: &str = "6.0";

/// Asks the server.
pub(crate) async fn version(
    transport: &Transport,
    protocol: Protocol,
    user_agent: &HeaderValue,
) -> Result<ApiVersion, Error> {
    if protocol == Protocol::ViJson
        && let Some(release) = hello(transport, user_agent).await?
    {
        return Ok(release);
    }
    let listed = listed(transport, user_agent).await?;
    match protocol {
        Protocol::Soap => Ok(listed.unwrap_or_else(|| known(SAFE))),
        Protocol::ViJson => listed.filter(|version| *version >= known(FIRST_WITH_JSON)).ok_or_else(|| {
            let reason = format!("it does not offer VI/JSON of release {FIRST_WITH_JSON} or later; use SOAP");
            Error::Unsupported { address: transport.name(), reason }
        }),
    }
}

fn known(label: &str) -> ApiVersion {
    ApiVersion::parse(label).unwrap_or_else(ApiVersion::newest)
}

/// What VI/JSON has for it: the client names the releases that it knows, the server takes one.
async fn hello(transport: &Transport, user_agent: &HeaderValue) -> Result<Option<ApiVersion>, Error> {
    let releases = ApiVersion::all().rev().take_while(|version| *version >= known(FIRST_WITH_JSON));
    let body = json!({"api_releases": releases.map(ApiVersion::label).collect::<Vec<_>>()}).to_string();
    let url = format!("{}/api/vcenter/system?action=hello", transport.address.root());
    let request = Request::post(url).header(CONTENT_TYPE, "application/json").header(USER_AGENT, user_agent);
    let answer = send(transport, request.body(Full::new(body.into()))).await?;
    Ok(answer.status.is_success().then(|| release(&answer.body)).flatten())
}

fn release(body: &[u8]) -> Option<ApiVersion> {
    let reply: Value = serde_json::from_slice(body).ok()?;
    ApiVersion::parse(reply.get("api_release")?.as_str()?)
}

/// The newest version in the server's list that is known here.
async fn listed(transport: &Transport, user_agent: &HeaderValue) -> Result<Option<ApiVersion>, Error> {
    let url = format!("{}/vimServiceVersions.xml", transport.address.sdk());
    let answer = send(transport, Request::get(url).header(USER_AGENT, user_agent).body(Full::default())).await?;
    let text = String::from_utf8_lossy(&answer.body);
    Ok((answer.status == StatusCode::OK).then(|| newest_listed(&text)).flatten())
}

async fn send(transport: &Transport, request: http::Result<Request<Full<Bytes>>>) -> Result<Answer, Error> {
    let request = request.map_err(|error| Error::Setting(format!("cannot make the request: {error}")))?;
    transport.send(request, transport.bounds.call).await
}

/// The newest known version of the namespace `urn:vim25` in a list of versions.
fn newest_listed(list: &str) -> Option<ApiVersion> {
    let namespaces = list.split("<namespace>").skip(1);
    let ours = namespaces.filter(|text| elements(text, "name").next() == Some("urn:vim25"));
    ours.flat_map(|text| elements(text, "version").filter_map(ApiVersion::parse)).max()
}

/// The texts of the elements of a name that hold only text, in a document without attributes.
fn elements<'a>(text: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let start = format!("<{name}>");
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(&start)? + start.len()..];
        let (inside, after) = rest.split_at(rest.find('<')?);
        rest = after;
        Some(inside.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(newest: &str, prior: &[&str]) -> String {
        let prior: String = prior.iter().map(|v| format!("<version>{v}</version>")).collect();
        format!(
            "<?xml version=\"1.0\"?>\n<namespaces version=\"1.0\">\n <namespace>\n  <name>urn:vim25</name>\n  \
             <version>{newest}</version>\n  <priorVersions>{prior}</priorVersions>\n </namespace>\n <namespace>\n  \
             <name>urn:other</name><version>9.0.0.0</version></namespace></namespaces>"
        )
    }

    fn newest(text: &str) -> Option<&'static str> {
        newest_listed(text).map(ApiVersion::label)
    }

    #[test]
    fn the_newest_listed_version_is_taken() {
        assert_eq!(newest(&list("8.0.3.0", &["8.0.2.0", "6.7"])), Some("8.0.3.0"));
    }

    #[test]
    fn of_a_newer_server_the_newest_version_known_here_is_taken() {
        assert_eq!(newest(&list("99.0.0.0", &["98.1", "8.0.2.0", "6.7"])), Some("8.0.2.0"));
    }

    #[test]
    fn a_document_that_is_no_list_names_no_version() {
        for text in ["", "<html><name>urn:vim25</name></html>", "<namespace><name>urn:vim25</name><version>8.0.3.0"] {
            assert_eq!(newest(text), None, "{text}");
        }
    }

    #[test]
    fn the_servers_choice_of_a_release_is_read() {
        assert_eq!(release(br#"{"api_release":"8.0.2.0"}"#).map(ApiVersion::label), Some("8.0.2.0"));
        for body in [&br#"{"api_release":""}"#[..], b"{}", b"<html>", br#"{"api_release":7}"#] {
            assert_eq!(release(body), None);
        }
    }
}
