//! `vmci status`: what a server's fabrics have carried and stopped.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;
use serde_json::Value;

use super::{place, table::Table};

/// Prints the state, as tables or as the JSON that the server gives.
pub fn print(dir: &Path, json: bool) -> anyhow::Result<()> {
    let state = place::state(dir)?;
    let mut out = io::stdout().lock();
    let written = if json { writeln!(out, "{state:#}") } else { tables(&state, &mut out) };
    written.context("cannot write to standard output")
}

fn tables(state: &Value, out: &mut impl Write) -> io::Result<()> {
    for host in list(&state["hosts"]) {
        let kind =
            if host["betweenVms"] == true { "machines can talk to each other" } else { "machines talk to the host" };
        writeln!(out, "{} ({}): {kind}", text(&host["name"]), text(&host["host"]))?;
        let mut machines = Table::new(&["  VM", "NAME", "CID", "ALLOWED", "DENIED", "TO GUEST", "FROM GUEST", "OPEN"]);
        let mut rules = Table::new(&["  VM", "RANK", "ACTION", "PROTOCOL", "DIRECTION", "PORTS", "HITS"]);
        for vm in list(&host["vms"]) {
            let allowed: u64 = vm["allowed"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
            let cells = [&vm["name"], &vm["cid"], &allowed.into(), &vm["denied"]];
            let bytes = [&vm["bytesToGuest"], &vm["bytesFromGuest"], &vm["open"]];
            machines.row(row(vm, cells.into_iter().chain(bytes)));
            for rule in list(&vm["rules"]) {
                let ports = Value::from(format!("{}-{}", rule["lower"], rule["upper"]));
                let words =
                    [&rule["rank"], &rule["action"], &rule["protocol"], &rule["direction"], &ports, &rule["hits"]];
                rules.row(row(vm, words.into_iter()));
            }
        }
        machines.print(out)?;
        if list(&host["vms"]).iter().any(|vm| !list(&vm["rules"]).is_empty()) {
            rules.print(out)?;
        }
        services(host, out)?;
    }
    Ok(())
}

fn services(host: &Value, out: &mut impl Write) -> io::Result<()> {
    let services = list(&host["services"]);
    let mut table =
        Table::new(&["  SERVICE", "CID", "PORT", "TRUSTED", "BY GRANT", "ALLOWED", "DENIED", "BYTES", "OPEN"]);
    for service in services {
        let names = ["name", "cid", "port", "trusted", "byGrant", "allowed", "denied", "bytes", "open"];
        let mut cells: Vec<String> = names.iter().map(|name| text(&service[*name])).collect();
        cells[0].insert_str(0, "  ");
        table.row(cells);
    }
    if services.is_empty() { Ok(()) } else { table.print(out) }
}

fn row<'v>(vm: &Value, cells: impl Iterator<Item = &'v Value>) -> Vec<String> {
    std::iter::once(format!("  {}", text(&vm["vm"]))).chain(cells.map(text)).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn machines_rules_and_services_each_have_their_table() {
        let rule = json!({"rank": 7, "action": "deny", "protocol": "stream", "direction": "host", "lower": 0, "upper": 9, "hits": 3});
        let vm = json!({"vm": "vm-21", "name": "web", "cid": 77, "allowed": {"stream": 2, "datagram": 1}, "denied": 3,
            "bytesToGuest": 10, "bytesFromGuest": 20, "open": 1, "rules": [rule]});
        let service = json!({"name": "backup", "cid": 2, "port": 5000, "trusted": true, "byGrant": false, "allowed": 1,
            "denied": 0, "bytes": 30, "open": 0});
        let state = json!({"hosts": [{"host": "host-1", "name": "esx", "betweenVms": false, "vms": [vm], "services": [service]}]});
        let mut out = Vec::new();
        tables(&state, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let words: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[2], ["vm-21", "web", "77", "3", "3", "10", "20", "1"]);
        assert_eq!(words[4], ["vm-21", "7", "deny", "stream", "host", "0-9", "3"]);
        assert_eq!(words[6], ["backup", "2", "5000", "true", "false", "1", "0", "30", "0"]);
    }
}
