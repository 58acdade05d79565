//! A datacenter on paper: which objects it will have and what they will be called, each with its reference.

use inventory::Tx;
use vim25::{MoRef, Str};

use super::new;
use crate::{HostProfile, Settings, host::storage::Volume};

/// A cluster or a single host, with its hosts and pools.
pub(super) struct Compute {
    pub moref: MoRef,
    pub name: Str,
    pub pool: MoRef,
    pub browser: MoRef,
    pub hosts: Vec<Named>,
    pub pools: Vec<Named>,
    pub apps: Vec<Named>,
}

/// A reference with the name of its object.
pub(super) struct Named {
    pub moref: MoRef,
    pub name: Str,
}

impl Compute {
    /// Whether it is a cluster.
    pub(super) fn is_cluster(&self) -> bool {
        self.moref.kind == "ClusterComputeResource"
    }

    /// Where its virtual machines live, and how their names begin.
    pub(super) fn groups(&self) -> Vec<(&MoRef, Str)> {
        if !self.is_cluster() {
            return vec![(&self.pool, self.name.clone())];
        }
        let mut groups: Vec<_> = self.pools.iter().map(|pool| (&pool.moref, pool.name.clone())).collect();
        if groups.is_empty() {
            groups.push((&self.pool, format!("{}_RP0", self.name).into()));
        }
        groups.extend(self.apps.iter().map(|app| (&app.moref, app.name.clone())));
        groups
    }
}

/// The environment browser of a compute resource has its number.
fn browser_of(compute: &MoRef) -> MoRef {
    let number = compute.id.trim_start_matches(|c: char| !c.is_ascii_digit());
    MoRef::new("EnvironmentBrowser", format!("envbrowser-{number}"))
}

/// A host outside clusters.
pub(super) fn standalone(tx: &mut Tx<'_>, dc: &str, index: u32) -> Compute {
    let name: Str = format!("{dc}_H{index}").into();
    let moref = new(tx, "ComputeResource", "domain-s");
    let pool = new(tx, "ResourcePool", "resgroup");
    let host = Named { moref: new(tx, "HostSystem", "host"), name: name.clone() };
    let browser = browser_of(&moref);
    Compute { moref, name, pool, browser, hosts: vec![host], pools: vec![], apps: vec![] }
}

/// A cluster.
pub(super) fn cluster(tx: &mut Tx<'_>, settings: &Settings, dc: &str, index: u32) -> Compute {
    let name: Str = format!("{dc}_C{index}").into();
    let moref = new(tx, "ClusterComputeResource", "domain-c");
    let pool = new(tx, "ResourcePool", "resgroup");
    let mut many = |range: std::ops::Range<u32>, kind, prefix, letter| -> Vec<Named> {
        let name = |i| format!("{name}_{letter}{i}").into();
        range.map(|i| Named { moref: new(tx, kind, prefix), name: name(i) }).collect()
    };
    let hosts = many(0..settings.hosts, "HostSystem", "host", "H");
    let pools = many(1..settings.pools + 1, "ResourcePool", "resgroup", "RP");
    let apps = many(0..settings.apps, "VirtualApp", "resgroup-v", "APP");
    let browser = browser_of(&moref);
    Compute { moref, name, pool, browser, hosts, pools, apps }
}

/// The volumes of a datacenter.
pub(super) fn volumes(tx: &mut Tx<'_>, profile: HostProfile, count: u32) -> Vec<Volume> {
    let volume = |index| {
        let datastore = new(tx, "Datastore", "datastore");
        let uuid = volume_uuid(tx);
        new_volume(tx, profile, datastore, uuid, index)
    };
    (0..count).map(volume).collect()
}

/// A volume called `LocalDS_{index}` on a disk of its own.
pub(super) fn new_volume(tx: &mut Tx<'_>, profile: HostProfile, datastore: MoRef, uuid: Str, index: u32) -> Volume {
    let naa: Str = format!("naa.68ccf098{:08x}{:016x}", tx.random() as u32, tx.random()).into();
    let name = format!("LocalDS_{index}").into();
    Volume::new(datastore, profile.vmfs(), name, uuid, naa, crate::datastore::CAPACITY)
}

/// The UUID of a VMFS volume: creation time, random, and the address of the port of the host that made it.
pub(super) fn volume_uuid(tx: &mut Tx<'_>) -> Str {
    let created = tx.now().micros() / 1_000_000;
    let (high, low) = (tx.random(), tx.random());
    format!("{created:08x}-{:08x}-{:04x}-f8f21e{:06x}", high as u32, low as u16, low >> 40).into()
}
