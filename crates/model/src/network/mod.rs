//! Networks: standard ones, opaque ones, distributed switches and their port groups.

pub mod inherit;
mod members;
pub mod policy;
pub mod portgroup;
pub mod ports;
pub mod product;
pub mod switch;
mod view;

use vim25::{
    DataType, MoRef, MoRefs, Str,
    mo::{Network, OpaqueNetwork},
    types::*,
};

use crate::{entity::entity, kit::text};

pub use members::Members;
pub use ports::Plugs;
pub use view::View;

/// A network of standard switches, on these hosts.
pub fn network(this: &MoRef, name: impl Into<Str>, parent: MoRef, hosts: Vec<MoRef>) -> Network {
    let name = name.into();
    Network::with(|n| {
        n.base = entity(name.clone(), Some(parent));
        n.summary = summary(this, name).into();
        n.host = Some(hosts.into());
        n.vm = Some(MoRefs::new());
    })
}

fn summary(this: &MoRef, name: Str) -> NetworkSummary {
    NetworkSummary { network: Some(this.clone()), name, accessible: true, ip_pool_name: text(""), ip_pool_id: None }
}

/// A network that NSX manages: a logical switch with this id.
pub fn opaque_network(
    this: &MoRef,
    name: impl Into<Str>,
    parent: MoRef,
    hosts: Vec<MoRef>,
    logical_switch: Str,
) -> OpaqueNetwork {
    OpaqueNetwork::with(|o| {
        o.base = network(this, name, parent, hosts);
        o.base.summary = OpaqueNetworkSummary {
            base: (*o.base.summary).clone(),
            opaque_network_id: logical_switch,
            opaque_network_type: text("nsx.LogicalSwitch"),
        }
        .into();
        o.capability = Some(OpaqueNetworkCapability { network_reservation_supported: true }.into());
        o.extra_config = Some(vec![]);
    })
}
