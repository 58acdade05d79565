//! The rule that keeps ports true to what is plugged into them.
//!
//! - An adapter of a machine is connected to the port that its backing names. An adapter on a group with early binding
//!   has a port as long as it is configured so; one on a group with late binding or ephemeral ports while its machine
//!   runs and it is connected. Where the port is still to be chosen, or another adapter has it (after a revert or a
//!   copy), the rule chooses one and writes it into the backing.
//! - A new port group has the ports that its `portKeys` name.
//! - An uplink is connected to the physical adapter that the switch's configuration names.
//! - A VMkernel interface is connected to the port that the host's configuration names.
//!
//! The cost grows with the machines and hosts that changed, not with the ports. What happens to ports is told to the
//! [`Teller`], once, in the commit in which it happens; the beginning of a world is not told.

mod adapters;
mod uplinks;

use inventory::{Derive, Tx};
use vim25::MoRef;

use self::adapters::Sight;
use super::{Connectee, Place, Ports, port, write};
use crate::seen::Seen;

/// Keeps connectees and links of ports exact, and tells what happens to ports.
#[derive(Default)]
pub struct Plugs {
    tell: Option<Teller>,
    /// What machines were when their ports were brought up to date.
    seen: Seen<Sight>,
}

/// Hears what happens to ports, inside the commit.
pub type Teller = fn(&mut Tx<'_>, &Tale);

/// What happened to ports of one port group.
#[derive(Clone, Debug, PartialEq)]
pub struct Tale {
    /// The port group.
    pub portgroup: MoRef,
    /// The ports.
    pub keys: Vec<u32>,
    /// What happened.
    pub happening: Happening,
}

/// What can happen to a port.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// It was made.
    Created,
    /// It was removed.
    Removed,
    /// Somebody was connected.
    Connected(Connectee),
    /// Somebody is no longer connected.
    Disconnected(Connectee),
    /// The link of the connectee went up.
    LinkUp(Connectee),
    /// The link of the connectee went down.
    LinkDown(Connectee),
}

impl Plugs {
    /// The rule, with somebody to tell.
    pub fn telling(tell: Teller) -> Plugs {
        Plugs { tell: Some(tell), ..Plugs::default() }
    }

    /// The rule, with nobody to tell.
    pub fn silent() -> Plugs {
        Plugs::default()
    }

    fn tell(&self, tx: &mut Tx<'_>, portgroup: &MoRef, keys: &[u32], happening: impl FnOnce() -> Happening) {
        if let Some(tell) = self.tell
            && !tx.before().is_empty()
        {
            tell(tx, &Tale { portgroup: portgroup.clone(), keys: keys.to_vec(), happening: happening() });
        }
    }

    /// Connects what is plugged in, and says what changed by that. The port is free or connected to `connectee` already.
    fn plug(&self, tx: &mut Tx<'_>, place: &Place, connectee: Connectee, cookie: Option<i32>, link: bool) {
        let known = port(tx, place).filter(|p| p.connectee.as_ref() == Some(&connectee));
        let (connected, was_up) = (known.is_some(), known.is_some_and(|p| p.link));
        if known.is_some_and(|p| p.link == link && p.cookie == cookie) {
            return;
        }
        write::connect(tx, place, connectee.clone(), cookie, link);
        if !connected {
            self.tell(tx, &place.portgroup, &[place.key], || Happening::Connected(connectee.clone()));
        }
        if link != was_up {
            let happening = if link { Happening::LinkUp } else { Happening::LinkDown };
            self.tell(tx, &place.portgroup, &[place.key], || happening(connectee));
        }
    }

    /// Disconnects `connectee`, if it is connected.
    fn unplug(&self, tx: &mut Tx<'_>, place: &Place, connectee: &Connectee) {
        let Some(known) = port(tx, place).filter(|p| p.connectee.as_ref() == Some(connectee)) else { return };
        let was_up = known.link;
        write::disconnect(tx, place);
        if was_up {
            self.tell(tx, &place.portgroup, &[place.key], || Happening::LinkDown(connectee.clone()));
        }
        self.tell(tx, &place.portgroup, &[place.key], || Happening::Disconnected(connectee.clone()));
    }
}

impl Derive for Plugs {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "DistributedVirtualPortgroup",
            "VirtualMachine",
            "HostSystem",
            "VmwareDistributedVirtualSwitch",
            "DistributedVirtualSwitch",
        ])
    }

    /// What is plugged in where are properties; ports themselves only follow.
    fn reads_private(&self) -> bool {
        false
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for portgroup in touched.iter().filter(|m| m.kind == "DistributedVirtualPortgroup") {
            if tx.private::<Ports>(&portgroup.id).is_none() {
                write::establish(tx, portgroup);
            }
        }
        adapters::follow(self, tx, touched.iter().filter(|m| m.kind == "VirtualMachine"));
        uplinks::follow_switches(self, tx, touched.iter().filter(|m| m.kind.ends_with("VirtualSwitch")));
        uplinks::follow_hosts(self, tx, touched.iter().filter(|m| m.kind == "HostSystem"));
    }
}
