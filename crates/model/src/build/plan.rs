//! Checks settings before anything is built.

use crate::{BuildError, Settings};

/// More than any real vCenter manages, and what ids and memory bear easily.
const MOST_MACHINES: u64 = 1_000_000;
const MOST_HOSTS: u64 = 20_000;
const MOST_OTHERS: u64 = 100_000;

/// Refuses settings that cannot be met.
pub(super) fn check(settings: &Settings) -> Result<(), BuildError> {
    let needs_hosts = settings.vms > 0 && !settings.esx;
    if needs_hosts && settings.clusters > 0 && settings.hosts == 0 {
        return Err(BuildError::NoHost { cluster: "DC0_C0".into() });
    }
    if machines(settings) > 0 && settings.datastores == 0 {
        return Err(BuildError::NoDatastore);
    }
    limit("virtual machines", machines(settings), MOST_MACHINES)?;
    limit("hosts", hosts(settings), MOST_HOSTS)?;
    limit("pools, networks, datastores and folders", others(settings), MOST_OTHERS)
}

fn limit(what: &'static str, asked: u64, most: u64) -> Result<(), BuildError> {
    if asked > most { Err(BuildError::TooMany { what, asked, most }) } else { Ok(()) }
}

fn product(factors: &[u64]) -> u64 {
    factors.iter().fold(1, |all, factor| all.saturating_mul(*factor))
}

/// Virtual machines that the settings ask for.
pub(super) fn machines(s: &Settings) -> u64 {
    let [vms, clusters, hosts] = [s.vms, s.clusters, s.standalone_hosts].map(u64::from);
    if s.esx {
        return vms;
    }
    let groups = u64::from(s.pools.max(1)) + u64::from(s.apps);
    let each_datacenter = product(&[clusters, groups, vms]).saturating_add(product(&[hosts, vms]));
    product(&[s.datacenters.into(), each_datacenter])
}

fn hosts(s: &Settings) -> u64 {
    let [datacenters, clusters, hosts] = [s.datacenters, s.clusters, s.hosts].map(u64::from);
    product(&[datacenters, product(&[clusters, hosts]).saturating_add(s.standalone_hosts.into())])
}

fn others(s: &Settings) -> u64 {
    let in_cluster = u64::from(s.pools) + u64::from(s.apps) + 1;
    let networks = u64::from(s.portgroups) + u64::from(s.nsx_portgroups) + 2 * u64::from(s.opaque_networks);
    let each = product(&[s.clusters.into(), in_cluster])
        .saturating_add(networks)
        .saturating_add(u64::from(s.datastores) + u64::from(s.pods) + 1);
    product(&[s.datacenters.into(), each]).saturating_add(s.folders.into())
}
