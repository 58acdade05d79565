//! The list of devices under change, with the questions that changes ask of it.

use std::collections::{BTreeMap, HashMap};

use vim25::{
    MoRef, Obj, Str,
    types::{ParaVirtualSCSIController, VirtualController, VirtualDevice},
};

use super::{class::Class, keys};
use crate::vm::{Fault, path::DatastorePath, surroundings::Context};

/// What changes of devices need to know of their VM.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The world, the time, the seed and the VM.
    pub context: Context<'a>,
    /// Virtual hardware version, for example 21.
    pub version: u32,
    /// Whether the VM runs.
    pub on: bool,
    /// Whether the VM is being created.
    pub creating: bool,
    /// Path of the VM's vmx file.
    pub home: DatastorePath<'a>,
}

/// A file that a change of devices makes or deletes.
#[derive(Clone, Debug, PartialEq)]
pub struct FileEffect {
    /// What happens to it.
    pub change: FileChange,
    /// Its datastore.
    pub datastore: MoRef,
    /// Its path within the datastore.
    pub path: Str,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// A disk of so many bytes comes into being.
    Create(i64),
    /// The file is deleted.
    Delete,
    /// The device goes, the file stays: a disk of so many bytes that no VM uses.
    Leave(i64),
}

/// Devices under change.
pub(crate) struct Bench<'a> {
    pub scene: Scene<'a>,
    pub devices: Vec<Obj<VirtualDevice>>,
    pub files: Vec<FileEffect>,
    /// Keys of new controllers by the keys that the spec gave them.
    pub renamed: HashMap<i32, i32>,
    /// Bytes that new disks of this spec take, by datastore.
    pub taken: BTreeMap<MoRef, i64>,
    /// Whether a spec for a new VM has named the VMCI device already.
    pub vmci_named: bool,
}

impl<'a> Bench<'a> {
    pub fn new(scene: Scene<'a>, devices: Vec<Obj<VirtualDevice>>) -> Bench<'a> {
        Bench { scene, devices, files: vec![], renamed: HashMap::new(), taken: BTreeMap::new(), vmci_named: false }
    }

    pub fn find(&self, key: i32) -> Option<&Obj<VirtualDevice>> {
        self.devices.iter().find(|d| d.key == key)
    }

    pub fn position(&self, key: i32) -> Option<usize> {
        self.devices.iter().position(|d| d.key == key)
    }

    pub fn of_class(&self, class: Class) -> impl Iterator<Item = &Obj<VirtualDevice>> {
        self.devices.iter().filter(move |d| Class::of(d) == Some(class))
    }

    /// Puts a device where it belongs in the list.
    pub fn insert(&mut self, device: Obj<VirtualDevice>) {
        let at = self.devices.partition_point(|d| keys::order(d.key) < keys::order(device.key));
        self.devices.insert(at, device);
    }

    /// The controller that a spec names: a new one by the key in the spec, or one that is there.
    pub fn controller(&self, key: i32) -> Option<&Obj<VirtualDevice>> {
        let key = self.renamed.get(&key).copied().unwrap_or(key);
        self.find(key).filter(|d| d.is::<VirtualController>())
    }

    /// Whether a place on a controller is free. Serial and parallel ports, floppy drives: counted each for itself.
    pub fn is_free(&self, class: Class, controller: i32, unit: i32, but: Option<i32>) -> bool {
        let apart = class.controllers() == [Class::Sio];
        !self.devices.iter().any(|d| {
            d.controller_key == Some(controller)
                && d.unit_number == Some(unit)
                && Some(d.key) != but
                && (!apart || Class::of(d) == Some(class))
        })
    }

    /// The places that a device of this class can have on a controller, in the order in which they are given.
    pub fn units(&self, class: Class, controller: &Obj<VirtualDevice>) -> Vec<i32> {
        match (Class::of(controller), class) {
            (Some(Class::Scsi), _) => {
                let wide = controller.is::<ParaVirtualSCSIController>() && self.scene.version >= 14;
                (0..if wide { 65 } else { 16 }).filter(|u| *u != 7).collect()
            }
            (Some(Class::Sata), _) => (0..30).collect(),
            (Some(Class::Nvme), _) => (0..if self.scene.version >= 21 { 64 } else { 15 }).collect(),
            (Some(Class::Ide), _) => (0..2).collect(),
            (Some(Class::Pci), class) => pci_units(class),
            (_, class) => (0..class.limit().unwrap_or(64) as i32).collect(),
        }
    }

    /// Makes `controller.device` of every controller exact. Devices that were listed keep their order.
    pub fn list_children(&mut self) {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        for device in &self.devices {
            if let Some(controller) = device.controller_key {
                children.entry(controller).or_default().push(device.key);
            }
        }
        for device in &mut self.devices {
            let Some(controller) = device.cast::<VirtualController>() else { continue };
            let own = children.remove(&controller.key).unwrap_or_default();
            let listed = controller.device.as_deref().unwrap_or_default();
            let kept = listed.iter().copied().filter(|k| own.contains(k));
            let new = own.iter().copied().filter(|k| !listed.contains(k));
            let exact: Vec<i32> = kept.chain(new).collect();
            let exact = (!exact.is_empty()).then_some(exact);
            if controller.device != exact
                && let Some(controller) = device.cast_mut::<VirtualController>()
            {
                controller.device = exact;
            }
        }
    }

    /// A fault if `class` has as many devices as a VM can have.
    pub fn check_limit(&self, index: usize, class: Class) -> Result<(), Fault> {
        match class.limit() {
            Some(limit) if self.of_class(class).count() >= limit => {
                let what = format!("it can have at most {limit} of kind '{}'", class.name());
                Err(Fault::too_many_devices(index, what))
            }
            _ => Ok(()),
        }
    }
}

/// Places on the PCI bus.
fn pci_units(class: Class) -> Vec<i32> {
    match class {
        Class::Video => vec![0],
        Class::Sound => vec![1],
        Class::Scsi => (3..7).collect(),
        Class::Nic => (7..17).collect(),
        Class::Vmci => vec![17],
        Class::Passthrough => (18..22).chain(46..58).collect(),
        Class::Usb => vec![22],
        Class::Xhci => vec![23],
        Class::Sata => (24..28).collect(),
        Class::Nvme => (30..34).collect(),
        Class::NvdimmController => vec![34],
        _ => vec![],
    }
}
