//! The present state of what is watched, kept by applying updates.

use std::collections::BTreeMap;

use vim25::MoRef;

use super::Update;
use crate::Properties;

/// A copy of what is watched.
///
/// ```no_run
/// # async fn example(client: client::Client) -> Result<(), client::Error> {
/// use client::{Mirror, Query};
///
/// let mut watch = client.watch(Query::new().all("VirtualMachine", &["runtime.powerState"]))?;
/// let mut mirror = Mirror::default();
/// while let Some(update) = watch.next().await {
///     mirror.apply(update?);
///     if mirror.is_complete() {
///         let on = mirror.all("VirtualMachine").filter(|vm| vm.text("runtime.powerState") == Some("poweredOn"));
///         println!("{} VMs are on", on.count());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    objects: BTreeMap<MoRef, Properties>,
    complete: bool,
}

impl Mirror {
    /// Takes an update in.
    pub fn apply(&mut self, update: Update) {
        match update {
            Update::Entered(entered) => {
                self.objects.insert(entered.object.clone(), entered);
            }
            Update::Changed { object, changes } => {
                if let Some(known) = self.objects.get_mut(&object) {
                    changes.into_iter().for_each(|change| known.set(&change.path, change.value));
                }
            }
            Update::Left(object) => {
                self.objects.remove(&object);
            }
            Update::Complete => self.complete = true,
            Update::Restarted => *self = Mirror::default(),
        }
    }

    /// Whether everything that was there at the beginning has been told.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// An object.
    pub fn get(&self, object: &MoRef) -> Option<&Properties> {
        self.objects.get(object)
    }

    /// All objects of exactly this type, by id.
    pub fn all<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Properties> {
        self.objects.values().filter(move |object| object.object.kind == kind)
    }

    /// Every object.
    pub fn iter(&self) -> impl Iterator<Item = &Properties> {
        self.objects.values()
    }
}
