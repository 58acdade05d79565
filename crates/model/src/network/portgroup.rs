//! Distributed port groups.

use vim25::{DataType, MoRef, MoRefs, Obj, Str, mo::DistributedVirtualPortgroup, types::*};

use super::{network, policy};
use crate::kit::{some, text};

/// What makes one port group.
pub struct PortgroupSpec {
    /// Its reference; the id is also its key.
    pub moref: MoRef,
    /// Its name.
    pub name: Str,
    /// Its switch.
    pub switch: MoRef,
    /// The folder in which it lies.
    pub folder: MoRef,
    /// The members of the switch.
    pub hosts: Vec<MoRef>,
    /// What it is for.
    pub kind: Kind,
    /// Keys of its ports.
    pub ports: Vec<Str>,
    /// What the ports are set to: shared by all port groups of a switch.
    pub setting: Obj<DVPortSetting>,
}

/// What a port group is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Connects the hosts' network ports.
    Uplink,
    /// Connects virtual machines and host interfaces.
    Standard,
    /// Stands for an NSX segment, with the id of its logical switch where it has an opaque network.
    Nsx(Option<Str>),
}

/// A port group with early binding, which grows when it is full.
pub fn portgroup(spec: PortgroupSpec) -> DistributedVirtualPortgroup {
    let key = spec.moref.id.clone();
    DistributedVirtualPortgroup::with(|p| {
        p.base = network(&spec.moref, spec.name.clone(), spec.folder.clone(), spec.hosts.clone());
        p.key = key.clone();
        p.config = config(&spec, key).into();
        p.port_keys = Some(spec.ports);
    })
}

fn config(spec: &PortgroupSpec, key: Str) -> DVPortgroupConfigInfo {
    let uplink = spec.kind == Kind::Uplink;
    DVPortgroupConfigInfo::with(|c| {
        c.key = key;
        c.name = spec.name.clone();
        c.num_ports = spec.ports.len() as i32;
        c.distributed_virtual_switch = Some(spec.switch.clone());
        c.default_port_config = Some(spec.setting.clone());
        c.description = some("");
        c.type_ = text("earlyBinding");
        c.backing_type = some("standard");
        c.policy = policy::overrides().into();
        c.port_name_format = some(if uplink { "<dvsName>_<portgroupName>_<portIndex>" } else { "" });
        c.scope = Some(MoRefs::new());
        c.vendor_specific_config = Some(vec![]);
        c.config_version = some("0");
        c.auto_expand = Some(!uplink);
        c.vm_vnic_network_resource_pool_key = some("-1");
        c.uplink = Some(uplink);
        if let Kind::Nsx(logical_switch) = &spec.kind {
            c.backing_type = some("nsx");
            c.logical_switch_uuid = logical_switch.clone();
        }
    })
}
