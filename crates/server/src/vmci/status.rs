//! The state of all fabrics as one JSON document, for whoever connects to `status.sock`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use ::vmci::{
    Refusal,
    fabric::{Fabric, Plug},
    filter::{Action, Protocol},
    reach::Generation,
    switch::{Member, Service},
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::UnixListener, task::JoinSet};
use vim25::{MoRef, mo};

use crate::core::Core;

/// How long a reader may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after a failure to accept.
const PAUSE: Duration = Duration::from_millis(50);
/// How many readers are served at a time.
const READERS: usize = 16;

/// Writes the state to each program that connects, for as long as it is polled.
pub async fn serve(core: Arc<Core>, listener: UnixListener) {
    let mut readers = JoinSet::new();
    loop {
        while readers.len() >= READERS {
            readers.join_next().await;
        }
        match listener.accept().await {
            Ok((mut stream, _)) => {
                let text = format!("{}\n", document(&core));
                readers.spawn(async move {
                    let _ = tokio::time::timeout(PATIENCE, stream.write_all(text.as_bytes())).await;
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// The state of all fabrics.
pub fn document(core: &Core) -> Value {
    let hosts: Vec<Value> = core.vmci.all().iter().map(|(id, fabric)| host(core, id, fabric)).collect();
    json!({ "hosts": hosts })
}

fn host(core: &Core, id: &str, fabric: &Fabric) -> Value {
    let world = core.inventory.snapshot();
    let name = |kind: &'static str, id: &str| {
        world.get::<mo::ManagedEntity>(&MoRef::new(kind, id)).map(|e| e.name.to_string()).unwrap_or_default()
    };
    let (generation, mut services, mut vms) = fabric.read(|switch| {
        let services: Vec<Value> = switch.services().map(|s| service(s)).collect();
        let vms: Vec<Value> = switch.members().map(|m| vm(m, &name("VirtualMachine", &m.key))).collect();
        (switch.generation(), services, vms)
    });
    services.sort_by_key(|s| s["name"].to_string());
    vms.sort_by_key(|vm| vm["vm"].to_string());
    let totals = fabric.totals();
    json!({
        "host": id,
        "name": name("HostSystem", id),
        "betweenVms": generation == Generation::BetweenVms,
        "streams": { "opened": totals.opened.get(), "open": totals.open.get() },
        "bytes": { "taken": totals.taken.get(), "given": totals.given.get(), "lost": totals.lost.get() },
        "services": services,
        "vms": vms,
    })
}

fn service(service: &Service) -> Value {
    let counters = &service.counters;
    json!({
        "name": service.name,
        "cid": service.at.cid.bits(),
        "port": service.at.port.number(),
        "trusted": service.trusted,
        "byGrant": service.by_grant,
        "allowed": counters.allowed.get(),
        "denied": counters.denied.get(),
        "bytes": counters.bytes.get(),
        "open": counters.open.get(),
    })
}

fn vm(member: &Member<Plug>, name: &str) -> Value {
    let counters = &member.counters;
    let allowed: BTreeMap<&str, u64> =
        Protocol::ALL.into_iter().map(|p| (p.name(), counters.allowed(p).get())).collect();
    let refused: BTreeMap<&str, u64> =
        Refusal::ALL.into_iter().map(|why| (why.name(), counters.refused(why).get())).collect();
    json!({
        "vm": &*member.key,
        "name": name,
        "cid": member.settings.cid.bits(),
        "unrestricted": member.settings.unrestricted,
        "allowed": allowed,
        "refused": refused,
        "denied": counters.denied(),
        "bytesToGuest": counters.to_guest.get(),
        "bytesFromGuest": counters.from_guest.get(),
        "bytesLost": counters.lost.get(),
        "open": counters.open.get(),
        "filterEnable": member.rules.filter().is_enabled(),
        "rules": rules(member),
    })
}

fn rules(member: &Member<Plug>) -> Vec<Value> {
    let rules = member.rules.hits().map(|(rule, hits)| {
        json!({
            "rank": rule.rank,
            "action": if rule.action == Action::Allow { "allow" } else { "deny" },
            "protocol": rule.protocol.map_or("anyProtocol", Protocol::name),
            "direction": rule.direction.map_or("anyDirection", |d| d.name()),
            "lower": rule.first().number(),
            "upper": rule.last().number(),
            "hits": hits,
        })
    });
    rules.collect()
}
