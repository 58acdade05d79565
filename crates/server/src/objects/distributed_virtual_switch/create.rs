//! `Folder.CreateDVS_Task`

use inventory::Tx;
use model::network::{
    policy,
    portgroup::{Kind, PortgroupSpec, portgroup},
    ports,
    product::{NEWEST, Version},
    switch::{SwitchSpec, switch, switch_uuid},
};
use vim25::{
    Any, MoRef, Obj, Str, args, mo,
    types::{
        DVPortgroupCreatedEvent, DVSConfigSpec, DVSCreateSpec, DVSNameArrayUplinkPortPolicy, DvsCreatedEvent,
        FolderEventArgument,
    },
};

use super::{capability, reconfigure, tell, uplinks};
use crate::{
    dispatch::Call,
    fault::Fault,
    objects::entity::{adopt, names},
    task::{self, Work},
};

/// Makes a switch with its port group for uplinks, and configures it.
pub fn create(call: &Call, args: args::CreateDVS_Task) -> Result<MoRef, Fault> {
    task::transact(call, move |work, tx| make(work, tx, &args.spec).map(|made| Some(Any::MoRef(made))))
}

fn make(work: &Work, tx: &mut Tx<'_>, wanted: &DVSCreateSpec) -> Result<MoRef, Fault> {
    let folder = &work.this;
    let parent = tx.get::<mo::Folder>(folder).ok_or_else(|| Fault::object_not_found(folder))?;
    if !parent.child_type.iter().flatten().any(|t| t == "DistributedVirtualSwitch") {
        return Err(Fault::not_supported(format!("The folder '{}' cannot hold distributed switches.", parent.name)));
    }
    let parent_name = parent.name.clone();
    let config = &wanted.config_spec;
    let name: Str = names::kept(config.name.as_deref().unwrap_or_default(), None)?;
    names::unused(tx, folder, &name, None)?;
    let version = version(wanted)?;
    let uplink_names = uplinks::wanted(config.uplink_port_policy.as_ref())?.unwrap_or_else(policy::uplinks);
    let made = MoRef::new("VmwareDistributedVirtualSwitch", tx.new_id("dvs"));
    let group = MoRef::new("DistributedVirtualPortgroup", tx.new_id("dvportgroup"));
    let uuid = switch_uuid(&tx.uuid());
    let spec = SwitchSpec::new(name.clone(), uuid, version, folder.clone(), uplink_names, group.clone());
    let now = tx.now();
    tx.insert(made.clone(), switch(&spec, now));
    insert_uplinks(tx, &made, &group, &name, folder);
    adopt(tx, folder, &made);
    adopt(tx, folder, &group);
    if let Some(asked) = &wanted.capability {
        capability::apply(tx, &made, asked)?;
    }
    let mut argument = FolderEventArgument { folder: folder.clone(), ..Default::default() };
    argument.name = parent_name;
    let event = DvsCreatedEvent { parent: argument.into(), ..Default::default() };
    tell::switch_event(tx, work, &made, event, "was created");
    tell::portgroup_event(tx, work, &group, DVPortgroupCreatedEvent::default(), "was added");
    reconfigure::first(tx, work, &made, &rest(config))?;
    Ok(made)
}

/// What is still to be configured when the switch is there.
fn rest(config: &Obj<DVSConfigSpec>) -> Obj<DVSConfigSpec> {
    let mut rest = config.clone();
    rest.name = None;
    rest.config_version = None;
    rest.uplink_port_policy = None;
    rest
}

fn version(wanted: &DVSCreateSpec) -> Result<Version, Fault> {
    let Some(spec) = &wanted.product_info else { return Ok(NEWEST) };
    Version::of_spec(Some(spec)).ok_or_else(|| {
        let version = spec.version.as_deref().unwrap_or("?");
        Fault::invalid_argument("spec.productInfo", format!("there is no distributed switch of version '{version}'"))
    })
}

fn insert_uplinks(tx: &mut Tx<'_>, switch: &MoRef, group: &MoRef, name: &str, folder: &MoRef) {
    let number = switch.id.trim_start_matches("dvs-");
    let Some(parent) = tx.get::<mo::DistributedVirtualSwitch>(switch) else { return };
    let setting = model::network::inherit::resolve(None, &parent.config.default_port_config);
    let spec = PortgroupSpec {
        moref: group.clone(),
        name: format!("{name}-DVUplinks-{number}").into(),
        switch: switch.clone(),
        folder: folder.clone(),
        hosts: vec![],
        kind: Kind::Uplink,
        ports: vec![],
        setting,
    };
    tx.insert(group.clone(), portgroup(spec));
    debug_assert!(ports::ports(tx, group).is_none(), "the rule of ports gives it its state");
}

/// The names of a list of uplinks.
pub fn names_of(policy: &Obj<vim25::types::DVSUplinkPortPolicy>) -> Option<&[Str]> {
    policy.cast::<DVSNameArrayUplinkPortPolicy>().map(|p| p.uplink_port_name.as_slice())
}
