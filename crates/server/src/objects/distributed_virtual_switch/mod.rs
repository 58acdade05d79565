//! `DistributedVirtualSwitch`: created, configured, joined by hosts; its port groups and ports.

mod capability;
mod create;
mod faults;
mod features;
mod fetch;
mod hosts;
mod move_ports;
mod pnics;
mod port_config;
pub mod portgroups;
mod reconfigure;
mod setting;
mod tell;
mod uplinks;
mod vspan;

pub use faults::{dvs, in_use};
pub use hosts::host_version;
pub use tell::{portgroup_event, ports as tell_ports, switch_event};
use vim25::{args, mo};

use crate::dispatch::{Registry, RegistryError};

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    type Switch = mo::DistributedVirtualSwitch;
    registry.on::<mo::Folder, args::CreateDVS_Task>(create::create)?;
    registry.on::<Switch, args::ReconfigureDvs_Task>(reconfigure::reconfigure)?;
    registry.on::<Switch, args::Rename_Task>(reconfigure::rename_task)?;
    registry.on::<Switch, args::AddDVPortgroup_Task>(portgroups::add)?;
    registry.on::<Switch, args::CreateDVPortgroup_Task>(portgroups::create)?;
    registry.on::<Switch, args::LookupDvPortGroup>(portgroups::lookup)?;
    registry.on::<Switch, args::FetchDVPorts>(fetch::ports)?;
    registry.on::<Switch, args::FetchDVPortKeys>(fetch::keys)?;
    registry.on::<Switch, args::RefreshDVPortState>(fetch::refresh)?;
    registry.on::<Switch, args::QueryUsedVlanIdInDvs>(fetch::used_vlans)?;
    registry.on::<Switch, args::ReconfigureDVPort_Task>(port_config::reconfigure)?;
    registry.on::<Switch, args::MoveDVPort_Task>(move_ports::move_ports)?;
    registry.on::<Switch, args::UpdateDvsCapability>(capability::update)?;
    registry.on::<Switch, args::EnableNetworkResourceManagement>(capability::manage_resources)?;
    registry.on::<Switch, args::PerformDvsProductSpecOperation_Task>(capability::product_operation)
}
