//! Where an adapter and its port are, for events about many of them.

use std::{collections::HashMap, rc::Rc};

use directpath::read;
use inventory::Tx;
use model::network::{View, ports};
use vim25::{DataType, MoRef, Str, mo, types::VmEventArgument};

use crate::{
    events::{self, Arguments},
    tree::Reader,
};

/// A port.
#[derive(Clone)]
pub(super) struct Place<'w> {
    pub group: Rc<Group<'w>>,
    pub key: u32,
}

/// A port group, and what events about its ports say.
pub(super) struct Group<'w> {
    pub at: ports::Group<'w>,
    /// The switch, and the datacenter in which it is.
    pub arguments: Arguments,
    /// Whether no traffic passes a port without a setting of its own.
    blocked: bool,
}

impl Place<'_> {
    /// The key as it is written.
    pub fn text(&self) -> Str {
        self.key.to_string().into()
    }

    /// Whether the link of the connectee is up.
    pub fn link(&self) -> bool {
        self.group.at.ports.get(self.key).is_some_and(|port| port.link)
    }

    /// Whether no traffic passes.
    pub fn blocked(&self) -> bool {
        match self.group.at.ports.get(self.key).and_then(|port| port.own.as_ref()) {
            Some(_) => self.group.at.chain(self.key).blocked(),
            None => self.group.blocked,
        }
    }
}

/// Port groups, each read once.
#[derive(Default)]
pub(super) struct Groups<'w> {
    now: HashMap<Str, Option<Rc<Group<'w>>>>,
}

impl<'w> Groups<'w> {
    /// The port that an adapter's backing names.
    pub fn place(&mut self, world: &'w (impl View + Reader), vm: &MoRef, key: i32) -> Option<Place<'w>> {
        let devices = View::read::<mo::VirtualMachine>(world, vm)?.config.as_ref()?.hardware.device.as_ref()?;
        let connection = read::connection(devices.iter().find(|device| device.key == key)?)?;
        let portgroup = connection.portgroup_key.as_ref()?;
        let group = match self.now.get(portgroup) {
            Some(known) => known.clone(),
            None => self.now.entry(portgroup.clone()).or_insert_with(|| read_group(world, portgroup)).clone(),
        }?;
        Some(Place { key: group.at.named(connection)?, group })
    }

    /// The port that an adapter's backing named before the transaction, as it is now.
    pub fn left(&self, tx: &'w Tx<'_>, vm: &MoRef, key: i32) -> Option<Place<'w>> {
        let before = Groups::default().place(tx.before(), vm, key)?;
        Some(Place { group: read_group(tx, &before.group.at.moref.id)?, key: before.key })
    }
}

fn read_group<'w>(world: &'w (impl View + Reader), key: &Str) -> Option<Rc<Group<'w>>> {
    let at = ports::Group::with_key(world, key)?;
    // No port has this key: these are the settings of those that have none of their own.
    let blocked = at.chain(u32::MAX).blocked();
    Some(Rc::new(Group { arguments: events::arguments(world, at.switch_moref), blocked, at }))
}

/// Where machines are: what events say of those in one place, once.
#[derive(Default)]
pub(super) struct Homes(HashMap<[Option<MoRef>; 3], Arguments>);

impl Homes {
    /// What an event about a machine says of where it is.
    pub fn arguments(&mut self, world: &impl Reader, moref: &MoRef, vm: &mo::VirtualMachine) -> Arguments {
        let home = [&vm.parent, &vm.parent_v_app, &vm.runtime.host].map(Clone::clone);
        let found = self.0.entry(home).or_insert_with(|| events::arguments(world, moref));
        let argument = VmEventArgument::with(|argument| {
            argument.name = vm.name.clone();
            argument.vm = moref.clone();
        });
        Arguments { vm: Some(argument.into()), ..found.clone() }
    }
}
