//! What a virtual machine of a new world consists of: `cargo run --release -p model --example census [MACHINES]`.
//!
//! Walks the properties of every machine and tells, by property path, how many blocks of memory a machine has for itself
//! and how large they are; what machines share is counted where it is first met. Sizes are rounded as glibc's allocator
//! does it. Lists are taken to have no room to spare. The last lines have what the walk does not see: indexes, the tree
//! of objects, the groups of fields that machines share, and what other objects keep of a machine.

#![allow(clippy::print_stdout, reason = "a report")]

use std::{
    collections::{HashMap, HashSet},
    mem::{size_of, size_of_val},
    sync::Arc,
};

use inventory::{Inventory, Options};
use model::Settings;
use vim25::{DataObject, List, MoRef, Ref, Shared, Str};

/// Blocks by property path.
#[derive(Default)]
struct Census {
    seen: HashSet<usize>,
    found: HashMap<String, (usize, usize)>,
}

impl Census {
    /// A block at an address. Whether it was not met before.
    fn block(&mut self, at: usize, path: &str, what: &str, bytes: usize) -> bool {
        let new = self.seen.insert(at);
        if new {
            let (blocks, all) = self.found.entry(format!("{path}{what}")).or_default();
            *blocks += 1;
            *all += rounded(bytes);
        }
        new
    }

    fn shared(&mut self, object: &Shared, path: &str) {
        let bytes = size_of_val(&**object) + 2 * size_of::<usize>();
        let name = format!(": {}", object.descriptor().name);
        if self.block(Arc::as_ptr(object).cast::<u8>() as usize, path, &name, bytes) {
            self.object(&**object, path);
        }
    }

    fn object(&mut self, object: &dyn DataObject, path: &str) {
        if let Some(base) = object.base() {
            self.object(base, path);
        }
        for (index, field) in object.descriptor().fields.iter().enumerate() {
            self.value(object.get(index), &format!("{path}.{}", field.name));
        }
    }

    fn value(&mut self, value: Ref<'_>, path: &str) {
        match value {
            Ref::Str(text) | Ref::Uri(text) => self.text(text, path),
            Ref::MoRef(moref) => self.text(&moref.id, path),
            Ref::Object(object) => self.shared(object, path),
            Ref::List(list) => self.list(list, path),
            _ => {}
        }
    }

    fn text(&mut self, text: &Str, path: &str) {
        if text.is_heap_allocated() {
            self.block(text.as_ptr() as usize, path, " \"…\"", text.len() + size_of::<usize>());
        }
    }

    fn list(&mut self, list: &dyn List, path: &str) {
        let Some(first) = (0..list.len()).map(|at| list.at(at)).next() else { return };
        let (at, each) = item(first, list);
        let new = self.block(at, path, &format!("[{}]", list.len()), each * list.len());
        if new {
            (0..list.len()).for_each(|at| self.value(list.at(at), &format!("{path}[]")));
        }
    }
}

/// Where a list stands (or something in it that only it has), and the size of its items.
fn item(first: Ref<'_>, list: &dyn List) -> (usize, usize) {
    let list = std::ptr::from_ref(list).cast::<u8>() as usize;
    match first {
        Ref::Str(text) | Ref::Uri(text) => (std::ptr::from_ref(text) as usize, size_of::<Str>()),
        Ref::MoRef(moref) => (std::ptr::from_ref(moref) as usize, size_of::<MoRef>()),
        Ref::Object(object) => (std::ptr::from_ref(object) as usize, size_of::<Shared>()),
        Ref::Byte(_) | Ref::Bool(_) => (list, 1),
        Ref::Int(_) => (list, 4),
        _ => (list, 8),
    }
}

/// What the allocator takes for a block.
fn rounded(bytes: usize) -> usize {
    (bytes + 8).next_multiple_of(16).max(32)
}

fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or_default() * 4096
}

fn world(machines: u32) -> (Inventory, usize) {
    let before = resident();
    let inventory = Inventory::new(Options { derive: model::derive::rules(), ..Options::default() });
    let built = inventory.begin(|tx| model::build(tx, &Settings { vms: machines / 2, ..Settings::vcenter() }));
    assert!(built.is_ok(), "a world of any size up to the limit can be built");
    (inventory, resident().saturating_sub(before))
}

fn main() {
    let machines: u32 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(20_000);
    // The first world makes what all have in common.
    let _first = world(200);
    let (inventory, resident) = world(machines);
    let snapshot = inventory.snapshot();
    let mut census = Census::default();
    let mut count = 0;
    for object in snapshot.iter().filter(|object| object.moref.kind == "VirtualMachine") {
        count += 1;
        census.shared(&object.content, "vm");
        census.text(&object.moref.id, "vm");
    }
    let mut found: Vec<_> = census.found.into_iter().collect();
    found.sort_by_key(|(path, (_, bytes))| (std::cmp::Reverse(*bytes), path.clone()));
    let each = |sum: usize| sum as f64 / f64::from(count);
    let (mut blocks, mut bytes) = (0, 0);
    println!("{:>8} {:>8}  what, of each of {count} machines", "blocks", "bytes");
    for (path, (some, sum)) in found {
        (blocks, bytes) = (blocks + some, bytes + sum);
        if each(sum) >= 1.0 {
            println!("{:8.2} {:8.1}  {path}", each(some), each(sum));
        }
    }
    println!("{:8.2} {:8.1}  properties", each(blocks), each(bytes));
    let all = each(resident);
    println!("{:>8} {:8.1}  everything else, of {all:.1} bytes of resident memory", "", all - each(bytes));
}
