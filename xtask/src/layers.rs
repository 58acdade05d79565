//! Which crate may import which. The table is the architecture; this command is what keeps it true.

use crate::workspace::metadata;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Every crate of the workspace with the workspace crates that it may use, tests and build scripts included.
const MAY_USE: [(&str, &[&str]); 11] = [
    ("vim25-types", &[]),
    ("vim25", &["vim25-types"]),
    ("inventory", &["vim25"]),
    ("directpath", &["vim25"]),
    ("vmci", &[]),
    ("client", &["vim25"]),
    ("model", &["vim25", "inventory", "directpath"]),
    ("driver", &["vim25"]),
    ("server", &["vim25", "inventory", "model", "driver", "directpath", "vmci"]),
    ("ferrosphere", &["vim25", "inventory", "model", "driver", "server", "directpath", "vmci", "client"]),
    ("xtask", &[]),
];

/// The crates that must work without an async runtime, and what they must not link, however indirectly.
const WITHOUT_RUNTIME: [&str; 2] = ["vim25-types", "vim25"];
const RUNTIME: &str = "tokio";

/// Refuse imports that point the wrong way.
pub fn check() -> Result<()> {
    let graph = metadata(&[])?;
    let mut wrong = wrong_imports(&workspace_imports(&graph)?);
    for name in WITHOUT_RUNTIME {
        if links(&graph, name, RUNTIME)? {
            wrong.push(format!("{name} must not link {RUNTIME}, directly or through another crate"));
        }
    }
    if !wrong.is_empty() {
        bail!("imports that the architecture does not allow:\n  {}", wrong.join("\n  "));
    }
    println!("    {} crates import only what they may", MAY_USE.len());
    Ok(())
}

/// The crates of the workspace, each with the workspace crates that its manifest names.
fn workspace_imports(graph: &Value) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let members: BTreeSet<&str> = items(&graph["workspace_members"])?.iter().filter_map(Value::as_str).collect();
    let mut packages = BTreeMap::new();
    for package in items(&graph["packages"])?.iter().filter(|p| members.contains(text(&p["id"]))) {
        let local = items(&package["dependencies"])?.iter().filter(|d| d["path"].is_string());
        packages.insert(text(&package["name"]).to_owned(), local.map(|d| text(&d["name"]).to_owned()).collect());
    }
    Ok(packages)
}

fn wrong_imports(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let table: BTreeMap<&str, &[&str]> = MAY_USE.into_iter().collect();
    let mut wrong = Vec::new();
    for (name, uses) in imports {
        match table.get(name.as_str()) {
            None => wrong.push(format!("{name} is not in the table of xtask/src/layers.rs: say what it may use")),
            Some(allowed) => {
                let bad = uses.iter().filter(|used| !allowed.contains(&used.as_str()));
                wrong.extend(bad.map(|used| format!("{name} must not use {used}")));
            }
        }
    }
    let gone = table.keys().filter(|name| !imports.contains_key(**name));
    wrong.extend(gone.map(|name| format!("{name} is in the table of xtask/src/layers.rs but not in the workspace")));
    wrong
}

/// Does the crate link another one, through any chain of dependencies that are not only for tests?
fn links(graph: &Value, from: &str, to: &str) -> Result<bool> {
    let packages = items(&graph["packages"])?;
    let name_of: BTreeMap<&str, &str> = packages.iter().map(|p| (text(&p["id"]), text(&p["name"]))).collect();
    let nodes = items(&graph["resolve"]["nodes"])?;
    let node_of: BTreeMap<&str, &Value> = nodes.iter().map(|node| (text(&node["id"]), node)).collect();
    let start = packages.iter().find(|p| p["name"] == from && p["source"].is_null());
    let mut queue = vec![text(&start.with_context(|| format!("no crate {from} in the workspace"))?["id"])];
    let mut seen: BTreeSet<&str> = queue.iter().copied().collect();
    while let Some(id) = queue.pop() {
        if name_of.get(id) == Some(&to) {
            return Ok(true);
        }
        let node = node_of.get(id).with_context(|| format!("cargo metadata has no node {id}"))?;
        for edge in items(&node["deps"])?.iter().filter(|edge| is_linked(edge)) {
            if seen.insert(text(&edge["pkg"])) {
                queue.push(text(&edge["pkg"]));
            }
        }
    }
    Ok(false)
}

/// A dependency of the crate itself, not only of its tests or its build script.
fn is_linked(edge: &Value) -> bool {
    edge["dep_kinds"].as_array().is_none_or(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
}

fn items(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().context("cargo metadata lacks a list that it always has")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn imports(of: &str, uses: &[&str]) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<_, _> = MAY_USE.iter().map(|(name, _)| (name.to_string(), BTreeSet::new())).collect();
        all.insert(of.to_owned(), uses.iter().map(|used| used.to_string()).collect());
        all
    }

    #[test]
    fn an_import_that_the_table_allows_passes() {
        assert_eq!(wrong_imports(&imports("server", &["vim25", "driver"])), Vec::<String>::new());
    }

    #[test]
    fn an_import_that_points_upward_is_named() {
        assert_eq!(wrong_imports(&imports("inventory", &["vim25", "server"])), ["inventory must not use server"]);
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        assert_eq!(wrong_imports(&imports("newcomer", &[])).len(), 1);
    }

    #[test]
    fn a_row_without_a_crate_is_refused() {
        let mut gone = imports("server", &[]);
        gone.remove("driver");
        assert_eq!(wrong_imports(&gone).len(), 1);
    }

    fn chain(kind: Value) -> Value {
        let edge = |to: &str, kind: Value| json!({"pkg": to, "dep_kinds": [{"kind": kind}]});
        json!({
            "packages": [
                {"id": "1", "name": "vim25", "source": null},
                {"id": "2", "name": "middle", "source": "registry"},
                {"id": "3", "name": "tokio", "source": "registry"}],
            "resolve": {"nodes": [
                {"id": "1", "deps": [edge("2", kind)]},
                {"id": "2", "deps": [edge("3", Value::Null)]},
                {"id": "3", "deps": []}]}
        })
    }

    #[test]
    fn a_runtime_behind_another_crate_is_found() {
        assert!(links(&chain(Value::Null), "vim25", "tokio").unwrap());
    }

    #[test]
    fn what_only_tests_use_is_not_linked() {
        assert!(!links(&chain(json!("dev")), "vim25", "tokio").unwrap());
    }
}
