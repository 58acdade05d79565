//! A VM's files on another datastore.

use std::collections::BTreeMap;

use vim25::{
    MoRef, Obj, Str,
    types::{
        VirtualDevice, VirtualDeviceBackingInfo, VirtualDisk, VirtualDiskFlatVer2BackingInfo as Backing,
        VirtualMachineConfigInfo as Config, VirtualMachineFileLayoutEx,
    },
};

use super::{Depth, DiskGoal, Goal, Moved};
use crate::vm::{
    derive::{DELTA_SUFFIX, FLAT_SUFFIX},
    path::{self, DatastorePath},
    snapshot::chain_of,
    surroundings::DatastoreFacts,
};

/// Old and new paths of files.
#[derive(Clone, Debug, Default)]
pub struct Renames {
    /// Descriptors of disks, and the datastores on which they are now.
    disks: BTreeMap<Str, (Str, MoRef)>,
    /// Old and new folder of the VM, if that changes: `[datastore] folder/`.
    home: Option<(Str, Str)>,
}

impl Renames {
    /// The new path of any file; none if it stays.
    fn of(&self, file: &str) -> Option<Str> {
        if let Some((new, _)) = self.disks.get(file) {
            return Some(new.clone());
        }
        for suffix in [FLAT_SUFFIX, DELTA_SUFFIX] {
            let descriptor = file.strip_suffix(suffix).map(|stem| Str::from(format!("{stem}.vmdk")));
            if let Some((new, _)) = descriptor.and_then(|d| self.disks.get(&d)) {
                return Some(format!("{}{suffix}", new.strip_suffix(".vmdk").unwrap_or(new)).into());
            }
        }
        let (old, new) = self.home.as_ref().filter(|_| !file.ends_with(".vmdk"))?;
        file.strip_prefix(old.as_str()).map(|rest| format!("{new}{rest}").into())
    }

    /// Bytes of files that come to each datastore, by what is known of the files where they are. `home` is the one for
    /// the VM's own folder.
    pub fn bytes(&self, layout: &VirtualMachineFileLayoutEx, home: &MoRef) -> BTreeMap<MoRef, i64> {
        let mut sums = BTreeMap::new();
        for file in layout.file.iter().flatten() {
            let Some(new) = self.of(&file.name) else { continue };
            let name = DatastorePath::parse(&new).map(|p| p.datastore);
            let mut disks = self.disks.values();
            let disk = disks.find(|(known, _)| DatastorePath::parse(known).map(|p| p.datastore) == name);
            let store = disk.map_or(home, |(_, datastore)| datastore);
            *sums.entry(store.clone()).or_default() += file.size;
        }
        sums
    }

    /// Keeps what is known of the files (how far they have grown) under their new paths.
    pub fn apply(&self, layout: &mut Obj<VirtualMachineFileLayoutEx>) {
        for file in layout.file.iter_mut().flatten() {
            if let Some(new) = self.of(&file.name) {
                file.name = new;
            }
        }
    }
}

/// The folder for a VM on a datastore: `wished`, or that with a number, where nobody has one of this name.
pub fn home_folder(
    wished: &str,
    stem: &str,
    datastore: &DatastoreFacts,
    exists: &dyn Fn(&DatastoreFacts, &str) -> bool,
) -> Str {
    let taken = |folder: &Str| exists(datastore, &format!("{folder}/{stem}.vmx"));
    let mut folders = std::iter::once(Str::from(wished)).chain((1..).map(|n| format!("{wished}_{n}").into()));
    folders.find(|folder| !taken(folder)).unwrap_or_default()
}

/// Moves a VM's files. The configurations of its snapshots go along.
pub fn relocate(config: &Obj<Config>, kept: &[Obj<Config>], goal: &Goal<'_>) -> Moved {
    let mut renames = Renames { home: home(config, goal), ..Renames::default() };
    let mut config = config.clone();
    merge_where_asked(&mut config, goal);
    for disk in disks(&config) {
        plan(disk, goal, &mut renames);
    }
    // Where only the top of a chain goes, what snapshots have stays.
    let whole = |disk: &&VirtualDisk| (goal.disk)(disk.key).is_some_and(|goal| goal.depth != Depth::Top);
    for disk in kept.iter().flat_map(|config| disks(config)).filter(whole) {
        plan(disk, goal, &mut renames);
    }
    let mut kept = kept.to_vec();
    for one in std::iter::once(&mut config).chain(&mut kept) {
        rewrite(one, &renames);
    }
    provision(&mut config, goal);
    Moved { config, kept, renames }
}

fn disks(config: &Config) -> impl Iterator<Item = &VirtualDisk> {
    config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>())
}

fn home(config: &Config, goal: &Goal<'_>) -> Option<(Str, Str)> {
    let vmx = DatastorePath::parse(config.files.vm_path_name.as_deref()?)?;
    if goal.stays {
        return None;
    }
    let old = path::join(vmx.datastore, vmx.folder(), "");
    Some((old, path::join(&goal.home.name, &goal.folder, "")))
}

/// Makes one file of each chain that is to be merged. It keeps the name of the top.
fn merge_where_asked(config: &mut Obj<Config>, goal: &Goal<'_>) {
    each_disk(config, |disk, backing| {
        if (goal.disk)(disk.key)?.depth != Depth::Merged || backing.parent.is_none() {
            return None;
        }
        let mut merged = Backing { parent: None, ..backing.clone() };
        merged.common.delta_disk_format = None;
        Some(merged)
    });
}

/// Finds a new path for every file of a disk that goes.
fn plan(disk: &VirtualDisk, goal: &Goal<'_>, renames: &mut Renames) {
    let Some(DiskGoal { datastore, depth, .. }) = (goal.disk)(disk.key) else { return };
    let many = if depth == Depth::Top { 1 } else { usize::MAX };
    for backing in chain_of(disk).into_iter().take(many) {
        let Some(old) = DatastorePath::parse(&backing.file_name) else { continue };
        let there = match &backing.datastore {
            Some(now) => *now == datastore.datastore,
            None => old.datastore == datastore.name,
        };
        if there || renames.disks.contains_key(&backing.file_name) {
            continue;
        }
        let new = free_path(&datastore, &old, goal, renames);
        renames.disks.insert(backing.file_name.clone(), (new, datastore.datastore.clone()));
    }
}

fn free_path(datastore: &DatastoreFacts, old: &DatastorePath<'_>, goal: &Goal<'_>, renames: &Renames) -> Str {
    let stem = old.stem();
    let first = Str::from(old.file());
    let names = std::iter::once(first).chain((1..).map(|n| format!("{stem}_{n}.vmdk").into()));
    let mut paths = names.map(|name| path::join(&datastore.name, &goal.folder, &name));
    let taken = |new: &Str| {
        let inside = DatastorePath::parse(new).map_or("", |p| p.path);
        renames.disks.values().any(|(known, _)| known == new) || (goal.exists)(datastore, inside)
    };
    paths.find(|new| !taken(new)).unwrap_or_default()
}

fn rewrite(config: &mut Obj<Config>, renames: &Renames) {
    if let Some((old, new)) = &renames.home {
        let mut files = (*config.files).clone();
        for place in [
            &mut files.vm_path_name,
            &mut files.snapshot_directory,
            &mut files.suspend_directory,
            &mut files.log_directory,
        ] {
            if let Some(rest) = place.as_deref().and_then(|p| p.strip_prefix(old.as_str())) {
                *place = Some(format!("{new}{rest}").into());
            }
        }
        config.files = files.into();
    }
    each_disk(config, |_, backing| renamed(backing, renames));
}

/// The backing with new paths; none if none changes.
fn renamed(backing: &Backing, renames: &Renames) -> Option<Backing> {
    let below = backing.parent.as_ref().and_then(|parent| renamed(parent, renames));
    let new = renames.disks.get(&backing.file_name);
    if below.is_none() && new.is_none() {
        return None;
    }
    let mut backing = backing.clone();
    if let Some(below) = below {
        backing.parent = Some(below.into());
    }
    if let Some((file, datastore)) = new {
        backing.file_name = file.clone();
        backing.datastore = Some(datastore.clone());
    }
    Some(backing)
}

/// Makes disks thin or thick where that is asked for.
fn provision(config: &mut Obj<Config>, goal: &Goal<'_>) {
    each_disk(config, |disk, backing| {
        let thin = (goal.disk)(disk.key)?.thin.filter(|thin| backing.thin_provisioned != Some(*thin))?;
        let eagerly = backing.eagerly_scrub.map(|eagerly| eagerly && !thin);
        Some(Backing { thin_provisioned: Some(thin), eagerly_scrub: eagerly, ..backing.clone() })
    });
}

/// Gives disks other backings. What does not change stays shared.
fn each_disk(config: &mut Obj<Config>, change: impl Fn(&VirtualDisk, &Backing) -> Option<Backing>) {
    let new = |device: &Obj<VirtualDevice>| {
        let disk = device.cast::<VirtualDisk>()?;
        change(disk, disk.backing.as_ref()?.cast::<Backing>()?)
    };
    let listed = config.hardware.device.as_deref().unwrap_or_default();
    let changed: Vec<(usize, Backing)> =
        listed.iter().enumerate().filter_map(|(at, device)| Some((at, new(device)?))).collect();
    let Some(list) = config.hardware.device.as_mut().filter(|_| !changed.is_empty()) else { return };
    for (at, backing) in changed {
        let backing: Obj<VirtualDeviceBackingInfo> = backing.into();
        list[at].backing = Some(backing);
    }
}
