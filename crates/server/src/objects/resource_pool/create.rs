//! `CreateResourcePool`

use inventory::Tx;
use model::{pool, vm::admission};
use vim25::{
    MoRef, args, mo,
    types::{InvalidResourcePoolStructureFault, ResourcePoolCreatedEvent},
};

use super::argument;
use crate::{
    dispatch::Call,
    events,
    fault::Fault,
    objects::entity::{adopt, names},
};

/// How many pools can lie in one another, the root pool included.
const DEEPEST: usize = 8;

/// Makes a pool in this one. What the spec leaves open is as by default: nothing reserved, no limit, expandable.
pub fn create(call: &Call, args: args::CreateResourcePool) -> Result<MoRef, Fault> {
    call.commit(|tx| {
        let parent = &call.this;
        let owner = call.this_in::<mo::ResourcePool>(tx)?.owner.clone();
        check_depth(tx, parent, 1)?;
        let name = names::kept(&args.name, None)?;
        names::unused(tx, parent, &name, None)?;
        let this = MoRef::new("ResourcePool", tx.new_id("resgroup"));
        let mut made = pool::child_pool(&this, name.clone(), parent.clone(), owner, tx.now());
        // The version in the spec is that of another pool, if the client copied one.
        let mut spec = args.spec.clone();
        spec.change_version = None;
        let config = pool::reconfigured(&made.config, &spec)?;
        admission::pool(tx, None, parent, &config)?;
        made.config = config.into();
        tx.insert(this.clone(), made);
        adopt(tx, parent, &this);
        let mut event = ResourcePoolCreatedEvent { parent: argument(tx, parent).into(), ..Default::default() };
        event.resource_pool = argument(tx, &this).into();
        events::post(tx, call.user(), &this, event, format!("Created resource pool {name}"));
        Ok(this)
    })
}

/// Whether pools that are `height` levels deep can lie in `parent`.
pub fn check_depth(tx: &Tx<'_>, parent: &MoRef, height: usize) -> Result<(), Fault> {
    let above = |pool: &MoRef| tx.get::<mo::ResourcePool>(pool).and_then(|p| p.parent.clone());
    let is_pool = |pool: &MoRef| tx.get::<mo::ResourcePool>(pool).is_some();
    let depth = std::iter::successors(Some(parent.clone()), above).take_while(is_pool).count();
    if depth + height <= DEEPEST {
        return Ok(());
    }
    let message = format!("Resource pools cannot lie more than {DEEPEST} deep in one another.");
    Err(Fault::new(InvalidResourcePoolStructureFault::default(), message))
}
