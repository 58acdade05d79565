//! How a VI/JSON client and the server agree on a release: `POST /api/vcenter/system?action=hello`.
//!
//! Part of vCenter's REST interface, and the only part of it here: VI/JSON clients begin with it, before any login.

use ::http::StatusCode;
use serde_json::{Value, json};

use super::json::speaks;
use crate::{
    core::Core,
    http::{Request, Response},
};

/// Where to say hello, together with the query `action=hello`.
pub(super) const PATH: &str = "/api/vcenter/system";

/// The first release of the client's list that the server speaks too; an empty name if there is none.
pub(super) fn answer(core: &Core, request: &Request) -> Response {
    if request.query() != Some("action=hello") {
        return Response::text(StatusCode::NOT_FOUND, "The only action here is hello\n");
    }
    let Some(releases) = releases(&request.body) else {
        let hint = "Send {\"api_releases\": [\"8.0.3.0\", ...]}, the preferred release first\n";
        return Response::text(StatusCode::BAD_REQUEST, hint);
    };
    let agreed = releases.iter().find(|release| speaks(core, release).is_some());
    let reply = json!({"api_release": agreed.map_or("", String::as_str)});
    Response::new(StatusCode::OK, "application/json", reply.to_string())
}

fn releases(body: &[u8]) -> Option<Vec<String>> {
    let spec: Value = serde_json::from_slice(body).ok()?;
    let named = spec.get("api_releases")?.as_array()?;
    named.iter().map(|release| release.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use ::http::{HeaderMap, Method};

    use super::*;
    use crate::{http::Body, testing::World};

    fn hello(query: &str, body: &'static str) -> (StatusCode, String) {
        let request = Request {
            method: Method::POST,
            uri: format!("{PATH}?{query}").parse().unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
            peer: SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
            secure: true,
        };
        let reply = answer(&World::new().core, &request);
        let Body::Whole(body) = reply.body else { panic!("a short reply") };
        (reply.status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn the_clients_first_release_that_the_server_speaks_is_taken() {
        let (status, body) = hello("action=hello", r#"{"api_releases": ["9.0.0.0", "8.0.2.0", "8.0.3.0"]}"#);
        assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"api_release":"8.0.2.0"}"#));
    }

    #[test]
    fn without_a_common_release_the_answer_names_none() {
        let (status, body) = hello("action=hello", r#"{"api_releases": ["9.0.0.0", "7.0.3.0", "", "nonsense"]}"#);
        assert_eq!((status, body.as_str()), (StatusCode::OK, r#"{"api_release":""}"#));
    }

    #[test]
    fn what_is_no_list_of_releases_is_a_bad_request() {
        for body in ["", "{", "[]", "{}", r#"{"api_releases": "8.0.3.0"}"#, r#"{"api_releases": [8]}"#] {
            assert_eq!(hello("action=hello", body).0, StatusCode::BAD_REQUEST, "{body}");
        }
    }

    #[test]
    fn another_action_is_not_there() {
        assert_eq!(hello("action=goodbye", r#"{"api_releases": []}"#).0, StatusCode::NOT_FOUND);
    }
}
