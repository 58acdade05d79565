//! Builds a whole world in one transaction: first ids, then objects, then the lists that join them.

mod crew;
mod datacenter;
mod esx;
mod lists;
mod machines;
mod plan;
mod site;
mod switch;

use inventory::Tx;
use vim25::{MoRef, Str};

use crate::{BuildError, Settings, content, folder, folder::Holds, kit::text};
use lists::Lists;

/// What was built: references in the order of creation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lab {
    /// Root of the inventory.
    pub root: MoRef,
    /// Datacenters.
    pub datacenters: Vec<MoRef>,
    /// Hosts.
    pub hosts: Vec<MoRef>,
    /// Datastores.
    pub datastores: Vec<MoRef>,
    /// Virtual machines.
    pub vms: Vec<MoRef>,
}

/// Fills an empty world. Everything accidental comes from the transaction, so that equal seeds make equal worlds.
pub fn build(tx: &mut Tx<'_>, settings: &Settings) -> Result<Lab, BuildError> {
    plan::check(settings)?;
    let mut lists = Lists::default();
    let lab = if settings.esx { esx::build(tx, settings, &mut lists) } else { vcenter(tx, settings, &mut lists) };
    lists.write(tx);
    content::insert(tx, settings, &lab.root);
    Ok(lab)
}

fn vcenter(tx: &mut Tx<'_>, settings: &Settings, lists: &mut Lists) -> Lab {
    let root = new(tx, "Folder", "group-d");
    tx.insert(root.clone(), folder::root_folder(&root, false));
    let mut lab = Lab { root: root.clone(), ..Lab::default() };
    let mut builder = datacenter::Builder::new(settings);
    for index in 0..settings.datacenters {
        let parent = home(tx, settings, index, &root, lists);
        builder.build(tx, index, &parent, lists, &mut lab);
    }
    lab
}

/// Where a datacenter lies: the last ones in a folder of their own, if the settings ask for folders.
fn home(tx: &mut Tx<'_>, settings: &Settings, index: u32, root: &MoRef, lists: &mut Lists) -> Home {
    let first_in_folder = settings.datacenters.saturating_sub(settings.folders);
    if index < first_in_folder {
        return Home { parent: root.clone(), folder: None };
    }
    let name: Str = format!("F{}", index - first_in_folder).into();
    let parent = new(tx, "Folder", "group-d");
    tx.insert(parent.clone(), folder::folder(name.clone(), root.clone(), Holds::Datacenters));
    lists.child(root, &parent);
    Home { parent, folder: Some(name) }
}

/// The parent of a datacenter, and the name of the folders in which everything of it lies.
struct Home {
    parent: MoRef,
    folder: Option<Str>,
}

/// A reference that no object has yet.
fn new(tx: &mut Tx<'_>, kind: &'static str, prefix: &str) -> MoRef {
    MoRef::new(text(kind), tx.new_id(prefix))
}
