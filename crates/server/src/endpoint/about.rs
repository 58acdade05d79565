//! `/about`: what this server is and which methods it has.

use std::collections::BTreeMap;

use ::http::StatusCode;

use crate::{core::Core, http::Response};

/// The page, as JSON: version, and per managed object type the methods with and without a handler.
pub(super) fn page(core: &Core) -> Response {
    let mut types: BTreeMap<&str, (Vec<&str>, Vec<&str>)> = BTreeMap::new();
    for (owner, method, covered) in core.registry.coverage() {
        let (done, missing) = types.entry(owner.name).or_default();
        if covered { done.push(method.name) } else { missing.push(method.name) }
    }
    let methods: serde_json::Map<String, serde_json::Value> = types
        .into_iter()
        .map(|(name, (done, missing))| {
            (name.into(), serde_json::json!({"implemented": done, "notImplemented": missing}))
        })
        .collect();
    let page = serde_json::json!({
        "name": "ferrosphere",
        "version": env!("CARGO_PKG_VERSION"),
        "apiVersion": core.settings.version.label(),
        "methods": methods,
    });
    Response::new(StatusCode::OK, "application/json", page.to_string())
}
