//! The lists that join objects: children of a folder, pools of a pool.
//!
//! They are collected while objects are made and written once at the end. Who lists a virtual machine because it uses
//! or runs it follows from the machine itself: a rule of derived state writes those.

use std::collections::HashMap;

use inventory::Tx;
use vim25::{MoRef, mo};

/// Members by the object that lists them, in the order of creation.
#[derive(Default)]
pub(super) struct Lists {
    order: Vec<(MoRef, Role)>,
    members: HashMap<(MoRef, Role), Vec<MoRef>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    Child,
    Pool,
}

impl Lists {
    /// `child` lies in the folder `folder`.
    pub(super) fn child(&mut self, folder: &MoRef, child: &MoRef) {
        self.add(folder, Role::Child, child);
    }

    /// `pool` lies in the pool `parent`.
    pub(super) fn pool(&mut self, parent: &MoRef, pool: &MoRef) {
        self.add(parent, Role::Pool, pool);
    }

    fn add(&mut self, to: &MoRef, role: Role, member: &MoRef) {
        let key = (to.clone(), role);
        if let Some(members) = self.members.get_mut(&key) {
            members.push(member.clone());
        } else {
            self.order.push(key.clone());
            self.members.insert(key, vec![member.clone()]);
        }
    }

    /// Writes every list into the object that holds it.
    pub(super) fn write(mut self, tx: &mut Tx<'_>) {
        for key in std::mem::take(&mut self.order) {
            let members = self.members.remove(&key).unwrap_or_default();
            let (holder, role) = key;
            let list = match role {
                Role::Child => tx.edit::<mo::Folder>(&holder).map(|f| &mut f.child_entity),
                Role::Pool => tx.edit::<mo::ResourcePool>(&holder).map(|p| &mut p.resource_pool),
            };
            debug_assert!(list.is_some(), "{holder} is not in the world");
            if let Some(list) = list {
                list.get_or_insert_default().extend(members);
            }
        }
    }
}
