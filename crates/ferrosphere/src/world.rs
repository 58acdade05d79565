//! From settings to a server: the world is made in one transaction, and put behind the API.

use std::sync::Arc;

use anyhow::anyhow;
use driver::{Running, Simulated};
use inventory::{Inventory, Options, Snapshot};
use model::{directpath::DirectPath, network::Plugs};
use server::{Server, core::Settings as Behaviour, session::Credentials, task::Delays};
use vim25::{mo, types::VirtualMachinePowerState};

use crate::settings::Settings;

/// A server over a new world.
///
/// # Errors
/// If the settings ask for a world that cannot be.
pub fn server(settings: &Settings) -> anyhow::Result<Server> {
    let inventory = inventory(settings)?;
    let driver = adopt(&inventory.snapshot());
    Ok(Server::new(Arc::new(inventory), Arc::new(driver), behaviour(settings))?)
}

fn inventory(settings: &Settings) -> anyhow::Result<Inventory> {
    let mut derive = model::derive::rules_with(
        Plugs::telling(server::objects::tell_ports),
        DirectPath::telling(server::passthrough::tell),
    );
    derive.extend(server::objects::rules());
    let options = Options { seed: settings.seed, derive, ..Options::default() };
    let inventory = Inventory::new(options);
    let built = inventory.begin(|tx| model::build(tx, &settings.world));
    built.map_err(|error| anyhow!(error).context("cannot make the datacenter"))?;
    Ok(inventory)
}

/// A driver that knows which machines run already.
fn adopt(world: &Snapshot) -> Simulated {
    let driver = Simulated::default();
    for object in world.iter() {
        let Some(vm) = vim25::cast::<mo::VirtualMachine>(&*object.content) else { continue };
        match vm.runtime.power_state {
            VirtualMachinePowerState::PoweredOn => driver.adopt(object.moref.id.clone(), Running::On),
            VirtualMachinePowerState::Suspended => driver.adopt(object.moref.id.clone(), Running::Suspended),
            _ => {}
        }
    }
    driver
}

fn behaviour(settings: &Settings) -> Behaviour {
    let mut delays = Delays::default();
    settings.delays.iter().for_each(|(method, delay)| delays.set(method.as_str(), *delay));
    let account = settings.account.as_ref();
    Behaviour {
        credentials: account
            .map(|a| Credentials::exactly(a.username.as_str(), a.password.as_str()))
            .unwrap_or_default(),
        version: settings.world.api_version,
        idle: settings.idle_timeout,
        delays,
        task_retention: settings.task_retention,
    }
}
