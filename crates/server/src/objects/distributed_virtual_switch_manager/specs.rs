//! Versions, features, and finding switches.

use inventory::Snapshot;
use model::network::product::{self, Version};
use vim25::{
    MoRef, Obj, args, mo,
    types::{
        DVSFeatureCapability, DistributedVirtualSwitchHostProductSpec, DistributedVirtualSwitchNetworkOffloadSpec,
        DistributedVirtualSwitchProductSpec, NotFound,
    },
};

use crate::{dispatch::Call, fault::Fault};

/// `QueryAvailableDvsSpec`: every version, newest first; the recommended ones are those that ESXi 7.0 and newer can join.
pub fn available(
    _: &Call,
    args: args::QueryAvailableDvsSpec,
) -> Result<Option<Vec<Obj<DistributedVirtualSwitchProductSpec>>>, Fault> {
    let oldest = Version::parse("7.0.0");
    let recommended = |version: &Version| Some(*version) >= oldest;
    let wanted = product::ALL.into_iter().filter(|v| args.recommended.is_none_or(|r| !r || recommended(v)));
    Ok(Some(wanted.map(|version| version.spec().into()).collect()))
}

fn version(spec: Option<&DistributedVirtualSwitchProductSpec>) -> Result<Version, Fault> {
    let found = Version::of_spec(spec);
    found.ok_or_else(|| Fault::invalid_argument("switchProductSpec", "there is no such distributed switch"))
}

/// `QueryDvsFeatureCapability`
pub fn features(_: &Call, args: args::QueryDvsFeatureCapability) -> Result<Option<Obj<DVSFeatureCapability>>, Fault> {
    Ok(Some(version(args.switch_product_spec.as_deref())?.features().into()))
}

/// `QueryDvsCompatibleHostSpec`
pub fn host_specs(
    _: &Call,
    args: args::QueryDvsCompatibleHostSpec,
) -> Result<Option<Vec<Obj<DistributedVirtualSwitchHostProductSpec>>>, Fault> {
    Ok(Some(version(args.switch_product_spec.as_deref())?.host_products()))
}

/// `QuerySupportedNetworkOffloadSpec`
pub fn offloads(
    _: &Call,
    args: args::QuerySupportedNetworkOffloadSpec,
) -> Result<Option<Vec<Obj<DistributedVirtualSwitchNetworkOffloadSpec>>>, Fault> {
    let version = version(Some(&args.switch_product_spec))?;
    Ok(Some(product::offload_specs(version).into_iter().map(Obj::from).collect()))
}

/// `QueryDvsByUuid`
pub fn by_uuid(call: &Call, args: args::QueryDvsByUuid) -> Result<Option<MoRef>, Fault> {
    switch_of(&call.snapshot(), &args.uuid).map(Some)
}

fn switch_of(world: &Snapshot, uuid: &str) -> Result<MoRef, Fault> {
    let missing = || Fault::new(NotFound::default(), format!("There is no distributed switch with the UUID '{uuid}'."));
    world.index().by_switch_uuid(uuid).into_iter().next().ok_or_else(missing)
}

/// `DVSManagerLookupDvPortGroup`
pub fn lookup(call: &Call, args: args::DVSManagerLookupDvPortGroup) -> Result<Option<MoRef>, Fault> {
    let world = call.snapshot();
    let switch = switch_of(&world, &args.switch_uuid)?;
    let moref = MoRef::new("DistributedVirtualPortgroup", args.portgroup_key.clone());
    let group = world.get::<mo::DistributedVirtualPortgroup>(&moref);
    match group.filter(|g| g.config.distributed_virtual_switch.as_ref() == Some(&switch)) {
        Some(_) => Ok(Some(moref)),
        None => Err(Fault::new(NotFound::default(), format!("The switch has no port group '{}'.", args.portgroup_key))),
    }
}
