//! `EnvironmentBrowser`: what machines on the hosts of a compute resource can have.

use model::vm::options;
use vim25::{
    MoRef, Obj, args, mo,
    types::{ConfigTarget, HostCapability, VirtualMachineConfigOption, VirtualMachineConfigOptionDescriptor},
};

use crate::{
    dispatch::{Call, Registry, RegistryError},
    fault::Fault,
};

type ConfigOption = Option<Obj<VirtualMachineConfigOption>>;

pub(super) fn register(registry: &mut Registry) -> Result<(), RegistryError> {
    registry.on::<mo::EnvironmentBrowser, args::QueryConfigOptionDescriptor>(descriptors)?;
    registry.on::<mo::EnvironmentBrowser, args::QueryConfigOption>(config_option)?;
    registry.on::<mo::EnvironmentBrowser, args::QueryConfigOptionEx>(config_option_ex)?;
    registry.on::<mo::EnvironmentBrowser, args::QueryConfigTarget>(config_target)?;
    registry.on::<mo::EnvironmentBrowser, args::QueryTargetCapabilities>(capabilities)
}

fn descriptors(
    call: &Call,
    _: args::QueryConfigOptionDescriptor,
) -> Result<Option<Vec<Obj<VirtualMachineConfigOptionDescriptor>>>, Fault> {
    let world = call.snapshot();
    let hosts = options::hosts_of(&world, &call.this);
    Ok(Some(options::descriptors(&options::offers(&world, &hosts))))
}

fn config_option(call: &Call, args: args::QueryConfigOption) -> Result<ConfigOption, Fault> {
    let offers = options::offers(&call.snapshot(), &hosts(call, args.host.as_ref())?);
    Ok(Some(options::config_option(&offers, args.key.as_deref(), &[])?))
}

fn config_option_ex(call: &Call, args: args::QueryConfigOptionEx) -> Result<ConfigOption, Fault> {
    let spec = args.spec.as_deref().cloned().unwrap_or_default();
    let offers = options::offers(&call.snapshot(), &hosts(call, spec.host.as_ref())?);
    let guests = spec.guest_id.as_deref().unwrap_or_default();
    Ok(Some(options::config_option(&offers, spec.key.as_deref(), guests)?))
}

fn config_target(call: &Call, args: args::QueryConfigTarget) -> Result<Option<Obj<ConfigTarget>>, Fault> {
    let hosts = hosts(call, args.host.as_ref())?;
    Ok(Some(options::config_target(&call.snapshot(), &hosts).into()))
}

/// What every host in question can do: the capabilities of the one that is named, or of the first.
fn capabilities(call: &Call, args: args::QueryTargetCapabilities) -> Result<Option<Obj<HostCapability>>, Fault> {
    let hosts = hosts(call, args.host.as_ref())?;
    let world = call.snapshot();
    Ok(hosts.first().and_then(|host| world.get::<mo::HostSystem>(host)?.capability.clone()))
}

/// The hosts for which the browser is asked: the one that is named, or all of its compute resource.
fn hosts(call: &Call, named: Option<&MoRef>) -> Result<Vec<MoRef>, Fault> {
    let own = options::hosts_of(&call.snapshot(), &call.this);
    match named {
        None => Ok(own),
        Some(host) if own.contains(host) => Ok(vec![host.clone()]),
        Some(host) => Err(Fault::invalid_argument("host", format!("'{host}' is not a host of this browser"))),
    }
}
