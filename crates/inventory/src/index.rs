//! Finds objects by what they carry: kept up to date inside the commit, from what changed.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use imbl::OrdMap;
use vim25::{MoRef, Str, Type};

use crate::Object;

mod keys;

/// Lookups that do not walk the inventory. Where several objects carry the same, they come in the order of their ids.
#[derive(Clone, Default)]
pub struct Index {
    found: OrdMap<(Mark, Str), &'static Type>,
}

/// What stands for a [`Key`]: 128 bits of hash. That no two keys have one mark is as sure as that no two UUIDs are equal;
/// and it takes a quarter of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark([u64; 2]);

impl From<&Key> for Mark {
    fn from(key: &Key) -> Mark {
        let half = |which: u8| {
            let mut hasher = DefaultHasher::new();
            (which, key).hash(&mut hasher);
            hasher.finish()
        };
        Mark([half(0), half(1)])
    }
}

/// A user, as permissions name him: without his domain, and in any case.
#[derive(Clone, Copy, Debug)]
pub struct Principal(Mark);

impl Principal {
    /// The user of this name, `LAB\ann`, `ann@lab` or `ann`.
    pub fn new(name: &str) -> Principal {
        Principal(Mark::from(&keys::principal(name)))
    }
}

/// Something that an object can be found by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    /// `config.uuid` of a VM.
    BiosUuid(u128),
    /// `config.instanceUuid` of a VM.
    InstanceUuid(u128),
    /// `hardware.systemInfo.uuid` of a host.
    HostUuid(u128),
    /// A DNS name in lower case.
    Dns(Str),
    /// An address of a VM's guest or of a host.
    Ip(IpAddr),
    /// Id of the parent, and the name there.
    Child(Str, Str),
    /// Id of the host, and the VMCI context id of a VM that runs there.
    ContextId(Str, i64),
    /// `[datastore] path` of a VM's configuration file or of one of the files of its disks.
    File(Str),
    /// A MAC address of a VM's adapter.
    Mac(Str),
    /// `uuid` of a distributed switch, in lower case.
    SwitchUuid(Str),
    /// Id of the environment browser of a compute resource.
    Browser(Str),
    /// Key of the extension that manages a VM or a vApp.
    ManagedBy(Str),
    /// Name of a user who has a permission there, in lower case and without a domain.
    Principal(Str),
}

impl Index {
    /// The VMs with this BIOS UUID (`kind` `VirtualMachine`) or the hosts with this hardware UUID (`HostSystem`).
    /// Case and dashes do not matter.
    pub fn by_uuid(&self, kind: &str, uuid: &str) -> Vec<MoRef> {
        let key = match kind {
            "VirtualMachine" => Key::BiosUuid,
            "HostSystem" => Key::HostUuid,
            _ => return Vec::new(),
        };
        keys::uuid(uuid).map_or_else(Vec::new, |number| self.all(key(number)))
    }

    /// The VMs with this instance UUID. Case and dashes do not matter.
    pub fn by_instance_uuid(&self, uuid: &str) -> Vec<MoRef> {
        keys::uuid(uuid).map_or_else(Vec::new, |number| self.all(Key::InstanceUuid(number)))
    }

    /// The VMs whose guest, and the hosts that, have this DNS name (short or with the domain; case does not matter).
    pub fn by_dns(&self, name: &str) -> Vec<MoRef> {
        self.all(keys::dns(name))
    }

    /// The VMs whose guest, and the hosts that, have this address, v4 or v6, in any spelling.
    pub fn by_ip(&self, address: &str) -> Vec<MoRef> {
        keys::ip(address).map_or_else(Vec::new, |address| self.all(Key::Ip(address)))
    }

    /// The VMs that run on a host with this VMCI context id.
    pub fn by_context_id(&self, host: &MoRef, id: i64) -> Vec<MoRef> {
        self.all(Key::ContextId(host.id.clone(), id))
    }

    /// The child of an inventory object (folder, datacenter, compute resource, pool, vApp) with exactly this name, as
    /// stored: `/` stands there as `%2f`.
    pub fn child_named(&self, parent: &MoRef, name: &str) -> Option<MoRef> {
        self.carriers(Key::Child(parent.id.clone(), name.into())).next()
    }

    /// The VMs whose configuration file is at exactly this datastore path (`[datastore] folder/file.vmx`), or one of whose
    /// disks has a file there, snapshots' and parents' included. Datastores of other datacenters may have the same name.
    pub fn by_file(&self, path: &str) -> Vec<MoRef> {
        self.all(Key::File(path.into()))
    }

    /// The VMs that have an adapter with exactly this MAC address.
    pub fn by_mac(&self, address: &str) -> Vec<MoRef> {
        self.all(Key::Mac(address.into()))
    }

    /// The distributed switches with this UUID; case does not matter.
    pub fn by_switch_uuid(&self, uuid: &str) -> Vec<MoRef> {
        self.all(keys::switch(uuid))
    }

    /// The compute resource that has this environment browser as its own; clusters are such too.
    pub fn by_browser(&self, browser: &MoRef) -> Option<MoRef> {
        self.carriers(Key::Browser(browser.id.clone())).next()
    }

    /// The VMs and vApps that say that the extension with this key manages them.
    pub fn managed_by(&self, extension: &str) -> Vec<MoRef> {
        self.all(Key::ManagedBy(extension.into()))
    }

    /// The entities on which a permission names this user, or one of the same name in another domain.
    pub fn by_principal(&self, user: Principal) -> impl Iterator<Item = MoRef> {
        self.marked(user.0)
    }

    /// Takes note that an object has become another: came, changed, went.
    pub(crate) fn replace(&mut self, old: Option<&Object>, new: Option<&Object>) {
        let (before, after) = keys::that_may_differ(old, new);
        // What is found by the same as before stays where it is: a place in the index costs more than to look for a key
        // in a short list.
        let stays = old.zip(new).is_some_and(|(old, new)| old.content.descriptor() == new.content.descriptor());
        if let Some(old) = old {
            for key in before.iter().filter(|key| !(stays && after.contains(key))) {
                self.found.remove(&(Mark::from(key), old.moref.id.clone()));
            }
        }
        if let Some(new) = new {
            for key in after.iter().filter(|key| !(stays && before.contains(key))) {
                self.found.insert((Mark::from(key), new.moref.id.clone()), new.content.descriptor());
            }
        }
    }

    fn all(&self, key: Key) -> Vec<MoRef> {
        self.carriers(key).collect()
    }

    fn carriers(&self, key: Key) -> impl Iterator<Item = MoRef> {
        self.marked(Mark::from(&key))
    }

    fn marked(&self, mark: Mark) -> impl Iterator<Item = MoRef> {
        self.found
            .range((mark, Str::default())..)
            .take_while(move |((found, _), _)| *found == mark)
            .map(|((_, id), kind)| MoRef { kind: Str::new_static(kind.name), id: id.clone() })
    }
}
