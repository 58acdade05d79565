//! By UUID, DNS name and address. VMs or hosts, in all datacenters or one.

use vim25::{DataType, MoRef, args, mo};

use crate::{dispatch::Call, fault::Fault, sight::Sight, tree};

/// What a client looks for.
enum By<'a> {
    Uuid(&'a str),
    InstanceUuid(&'a str),
    Dns(&'a str),
    Ip(&'a str),
}

/// Where it looks.
struct Scope {
    sight: Sight,
    datacenter: Option<MoRef>,
    kind: &'static str,
}

impl Scope {
    fn new(call: &Call, datacenter: Option<MoRef>, vms: bool) -> Result<Scope, Fault> {
        let sight = call.sight();
        let world = &sight.snapshot;
        if let Some(missing) = datacenter.as_ref().filter(|dc| world.get::<mo::Datacenter>(dc).is_none()) {
            return Err(Fault::object_not_found(missing));
        }
        let kind = if vms { mo::VirtualMachine::TYPE.name } else { mo::HostSystem::TYPE.name };
        Ok(Scope { sight, datacenter, kind })
    }

    fn all(&self, by: By<'_>) -> Vec<MoRef> {
        let index = self.sight.snapshot.index();
        let mut found = match by {
            By::Uuid(uuid) => index.by_uuid(self.kind, uuid),
            By::InstanceUuid(uuid) => index.by_instance_uuid(uuid),
            By::Dns(name) => index.by_dns(name),
            By::Ip(address) => index.by_ip(address),
        };
        found.retain(|moref| moref.kind == self.kind && self.holds(moref) && self.sight.shows(moref));
        found
    }

    fn holds(&self, moref: &MoRef) -> bool {
        self.datacenter.as_ref().is_none_or(|dc| tree::datacenter(&self.sight.snapshot, moref).as_ref() == Some(dc))
    }
}

fn uuid(uuid: &str, vms: bool, instance: Option<bool>) -> By<'_> {
    if vms && instance == Some(true) { By::InstanceUuid(uuid) } else { By::Uuid(uuid) }
}

pub(super) fn by_uuid(call: &Call, args: args::FindByUuid) -> Result<Option<MoRef>, Fault> {
    let by = uuid(&args.uuid, args.vm_search, args.instance_uuid);
    Ok(Scope::new(call, args.datacenter, args.vm_search)?.all(by).into_iter().next())
}

pub(super) fn all_by_uuid(call: &Call, args: args::FindAllByUuid) -> Result<Vec<MoRef>, Fault> {
    let by = uuid(&args.uuid, args.vm_search, args.instance_uuid);
    Ok(Scope::new(call, args.datacenter, args.vm_search)?.all(by))
}

pub(super) fn by_dns(call: &Call, args: args::FindByDnsName) -> Result<Option<MoRef>, Fault> {
    Ok(Scope::new(call, args.datacenter, args.vm_search)?.all(By::Dns(&args.dns_name)).into_iter().next())
}

pub(super) fn all_by_dns(call: &Call, args: args::FindAllByDnsName) -> Result<Vec<MoRef>, Fault> {
    Ok(Scope::new(call, args.datacenter, args.vm_search)?.all(By::Dns(&args.dns_name)))
}

pub(super) fn by_ip(call: &Call, args: args::FindByIp) -> Result<Option<MoRef>, Fault> {
    Ok(Scope::new(call, args.datacenter, args.vm_search)?.all(By::Ip(&args.ip)).into_iter().next())
}

pub(super) fn all_by_ip(call: &Call, args: args::FindAllByIp) -> Result<Vec<MoRef>, Fault> {
    Ok(Scope::new(call, args.datacenter, args.vm_search)?.all(By::Ip(&args.ip)))
}
