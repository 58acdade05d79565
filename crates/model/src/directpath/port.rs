//! What a port shows of passthrough.

use directpath::{HostReason, PortOther, Set};
use vim25::{MoRef, mo::HostSystem, types::DVPortStatus};

use super::{
    facts::Host,
    said::{Passthrough, PortSaid},
};
use crate::network::{View, ports::Connectee};

/// Shows in the state of a port what is said of it: for an adapter what is remembered of it, for anything else that it
/// cannot pass through. Host software that does not know VMDirectPath Gen 2 says nothing.
pub fn show_port(world: &impl View, connectee: &Connectee, status: &mut DVPortStatus) {
    match connectee {
        Connectee::Adapter { vm, key } => {
            let said = world.state::<Passthrough>(&vm.id).and_then(|said| said.adapter(*key));
            said.into_iter().for_each(|adapter| adapter.show(status));
        }
        Connectee::PhysicalNic { host, .. } | Connectee::HostNic { host, .. } => {
            if knows_gen2(world, host) {
                let other = Set::EMPTY.with(PortOther::IncompatibleConnectee);
                PortSaid { network: Set::EMPTY, other }.show(false, status);
            }
        }
    }
}

fn knows_gen2(world: &impl View, host: &MoRef) -> bool {
    let host = world.read::<HostSystem>(host).map(|system| Host::read(world, host, system));
    host.is_some_and(|host| !host.gen2.contains(HostReason::IncompatibleProduct))
}
