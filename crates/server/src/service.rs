//! Where the managers of this server are: a vCenter and an ESXi host give them other ids.

use vim25::{MoRef, mo, types::ServiceContent};

use crate::tree::Reader;

/// What the service instance names.
pub fn content(world: &impl Reader) -> Option<&ServiceContent> {
    let this = world.read::<mo::ServiceInstance>(&MoRef::new("ServiceInstance", "ServiceInstance"))?;
    Some(&this.content)
}

/// A manager that the service instance names, if this server has one.
pub fn manager(world: &impl Reader, pick: impl FnOnce(&ServiceContent) -> Option<MoRef>) -> Option<MoRef> {
    content(world).and_then(pick)
}
