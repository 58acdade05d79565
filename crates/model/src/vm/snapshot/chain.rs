//! Chains of disk files: each file of a chain holds what was written since the one below it was left alone.

use std::collections::{HashMap, HashSet};

use vim25::{
    Obj, Str,
    types::{VirtualDisk, VirtualDiskFlatVer2BackingInfo as Backing, VirtualMachineConfigInfo as Config},
};

use crate::vm::devices;

/// The format of a file above another one on VMFS 6.
const FORMAT: &str = "seSparseFormat";

/// The files of one disk, the one that is written to first.
pub fn chain_of(disk: &VirtualDisk) -> Vec<&Backing> {
    let top = disk.backing.as_ref().and_then(|b| b.cast::<Backing>());
    std::iter::successors(top, |backing| backing.parent.as_deref()).collect()
}

fn disks(config: &Config) -> impl Iterator<Item = &VirtualDisk> {
    config.hardware.device.iter().flatten().filter_map(|d| d.cast::<VirtualDisk>())
}

/// Gives every disk that snapshots cover a new file above the one that it has. `taken` says which names are in use.
pub fn branch(config: &mut Obj<Config>, vm: &str, seed: u64, taken: &dyn Fn(&str) -> bool) {
    let Some(list) = &mut config.hardware.device else { return };
    for device in list.iter_mut() {
        let backing = device.cast::<VirtualDisk>().and_then(|d| d.backing.as_ref()?.cast::<Backing>());
        let Some(below) = backing.filter(|b| b.disk_mode == "persistent").cloned() else { continue };
        let file = next_file(&below.file_name, taken);
        let mut above = Backing {
            content_id: Some(devices::content_id(seed, vm, &file)),
            parent: Some(below.clone().into()),
            ..below
        };
        above.common.delta_disk_format = Some(FORMAT.into());
        let mut above: Obj<vim25::types::VirtualDeviceBackingInfo> = above.into();
        if let Some(above) = above.cast_mut::<Backing>() {
            above.file_name = file;
        }
        device.backing = Some(above);
    }
}

/// `disk-000001.vmdk` and so on: the first name that is free.
fn next_file(below: &str, taken: &dyn Fn(&str) -> bool) -> Str {
    let stem = below.strip_suffix(".vmdk").unwrap_or(below);
    let base = match stem.rsplit_once('-') {
        Some((base, number)) if number.len() == 6 && number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => stem,
    };
    let mut names = (1..).map(|n| Str::from(format!("{base}-{n:06}.vmdk")));
    names.find(|name| !taken(name)).unwrap_or_default()
}

/// How the files of a VM and its snapshots lie above each other.
#[derive(Default)]
pub struct Chains {
    /// Files that the VM or a snapshot has as a disk.
    tops: HashSet<Str>,
    /// The files that lie directly above a file.
    above: HashMap<Str, HashSet<Str>>,
}

impl Chains {
    /// The chains of these configurations: of the VM and of all its snapshots.
    pub fn of<'c>(configs: impl IntoIterator<Item = &'c Config>) -> Chains {
        let mut chains = Chains::default();
        for disk in configs.into_iter().flat_map(disks) {
            let chain = chain_of(disk);
            chains.tops.extend(chain.first().map(|top| top.file_name.clone()));
            for pair in chain.windows(2) {
                chains.above.entry(pair[1].file_name.clone()).or_default().insert(pair[0].file_name.clone());
            }
        }
        chains
    }

    /// Whether a file is part of any chain.
    pub fn has(&self, file: &str) -> bool {
        self.tops.contains(file) || self.above.contains_key(file)
    }

    /// Whether a file lies below another one, and nobody has it as a disk.
    pub fn is_below(&self, file: &str) -> bool {
        !self.tops.contains(file) && self.above.contains_key(file)
    }

    /// Whether what lies above a file can be merged into it: nobody has it as a disk, and one file lies above it.
    pub fn can_merge(&self, file: &str) -> bool {
        !self.tops.contains(file) && self.above.get(file).is_some_and(|above| above.len() == 1)
    }
}

/// Merges what lies above each file of which `gone` says so into that file.
pub fn merge(config: &mut Obj<Config>, gone: &dyn Fn(&str) -> bool) {
    let listed = config.hardware.device.as_deref().unwrap_or_default();
    let concerned = |disk: &VirtualDisk| chain_of(disk).iter().skip(1).any(|b| gone(&b.file_name));
    let at: Vec<usize> =
        (0..listed.len()).filter(|i| listed[*i].cast::<VirtualDisk>().is_some_and(concerned)).collect();
    let Some(list) = config.hardware.device.as_mut().filter(|_| !at.is_empty()) else { return };
    for index in at {
        let Some(disk) = list[index].cast::<VirtualDisk>() else { continue };
        if let Some(top) = merged(&chain_of(disk), gone) {
            list[index].backing = Some(top.into());
        }
    }
}

/// The top of the chain that is left.
fn merged(chain: &[&Backing], gone: &dyn Fn(&str) -> bool) -> Option<Backing> {
    let mut left: Vec<Backing> = Vec::new();
    for backing in chain {
        let mut backing = (*backing).clone();
        if gone(&backing.file_name)
            && let Some(above) = left.pop()
        {
            backing.content_id = above.content_id;
        }
        left.push(backing);
    }
    left.into_iter().rev().reduce(|below, mut above| {
        above.parent = Some(below.into());
        above
    })
}

#[cfg(test)]
mod tests {
    use vim25::{DataType, types::VirtualDevice};

    use super::*;

    fn config(mode: &str) -> Obj<Config> {
        let backing = Backing::with(|b| {
            b.file_name = "[ds] vm/vm.vmdk".into();
            b.disk_mode = mode.into();
        });
        let disk: Obj<VirtualDevice> = VirtualDisk::with(|d| d.backing = Some(backing.into())).into();
        let mut config = Config::default();
        config.hardware.device = Some(vec![disk]);
        config.into()
    }

    fn files(config: &Config) -> Vec<&str> {
        let disk = disks(config).next().unwrap();
        chain_of(disk).into_iter().map(|b| b.file_name.as_str().trim_start_matches("[ds] vm/vm")).collect()
    }

    fn grown(config: &Obj<Config>, taken: &[&Obj<Config>]) -> Obj<Config> {
        let mut new = config.clone();
        let chains = Chains::of(taken.iter().map(|c| &***c));
        branch(&mut new, "vm-1", 7, &|file| chains.has(file));
        new
    }

    #[test]
    fn a_branch_lies_above_what_was_there() {
        let base = config("persistent");
        let first = grown(&base, &[&base]);
        let second = grown(&first, &[&base, &first]);
        assert_eq!(files(&second), ["-000002.vmdk", "-000001.vmdk", ".vmdk"]);
        let side = grown(&base, &[&base, &first, &second]);
        assert_eq!(files(&side), ["-000003.vmdk", ".vmdk"]);
    }

    #[test]
    fn independent_disks_stay_as_they_are() {
        let base = config("independent_persistent");
        assert_eq!(files(&grown(&base, &[&base])), [".vmdk"]);
    }

    #[test]
    fn what_is_above_a_file_that_nobody_needs_is_merged_into_it() {
        let base = config("persistent");
        let first = grown(&base, &[&base]);
        let second = grown(&first, &[&base, &first]);
        // The snapshot that has `base` goes; the one that has `first` stays.
        let chains = Chains::of([&*first, &*second]);
        let gone = |file: &str| file == "[ds] vm/vm.vmdk" && chains.can_merge(file);
        let (mut snapshot, mut vm) = (first.clone(), second.clone());
        merge(&mut snapshot, &gone);
        merge(&mut vm, &gone);
        assert_eq!((files(&snapshot), files(&vm)), (vec![".vmdk"], vec!["-000002.vmdk", ".vmdk"]));
        let top = |c: &Obj<Config>| disks(c).next().and_then(|d| chain_of(d)[0].content_id.clone());
        assert_eq!(top(&snapshot), top(&first));
    }

    #[test]
    fn a_file_with_two_branches_above_it_stays() {
        let base = config("persistent");
        let first = grown(&base, &[&base]);
        let side = grown(&base, &[&base, &first]);
        let chains = Chains::of([&*first, &*side]);
        assert!(!chains.can_merge("[ds] vm/vm.vmdk"));
        assert!(chains.has("[ds] vm/vm.vmdk"));
    }

    #[test]
    fn a_chain_shrinks_to_one_file_when_all_snapshots_go() {
        let base = config("persistent");
        let first = grown(&base, &[&base]);
        let mut second = grown(&first, &[&base, &first]);
        let chains = Chains::of([&*second]);
        merge(&mut second, &|file| chains.can_merge(file));
        assert_eq!(files(&second), [".vmdk"]);
        assert!(disks(&second).next().is_some_and(|d| chain_of(d)[0].parent.is_none()));
    }
}
