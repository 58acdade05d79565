use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::Derive;

/// `summary.config.name` follows `name`.
struct Summary;

impl Derive for Summary {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched {
            if let Some(vm) = tx.edit::<VirtualMachine>(moref) {
                let name = vm.name.clone();
                vm.summary.config.name = name;
            }
        }
    }
}

/// A folder's `childEntity` follows the `parent` of what is in it, and its `alarmActionsEnabled` its own parent's.
struct Tree;

impl Derive for Tree {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        for moref in touched {
            let was = tx.before().get::<ManagedEntity>(moref).and_then(|e| e.parent.clone());
            let is = tx.get::<ManagedEntity>(moref).and_then(|e| e.parent.clone());
            for (parent, inside) in [(&was, false), (&is, true)] {
                let Some(folder) = parent.as_ref().and_then(|p| tx.edit::<Folder>(p)) else { continue };
                let children = folder.child_entity.get_or_insert_default();
                children.retain(|child| child != moref || (inside && was == is));
                if inside && !children.contains(moref) {
                    children.push(moref.clone());
                }
                let enabled = folder.alarm_actions_enabled;
                if let Some(child) = tx.edit::<Folder>(moref) {
                    child.alarm_actions_enabled = enabled;
                }
            }
            let children = tx.get::<Folder>(moref).and_then(|f| f.child_entity.clone()).unwrap_or_default();
            let enabled = tx.get::<Folder>(moref).and_then(|f| f.alarm_actions_enabled);
            for child in children {
                if let Some(child) = tx.edit::<Folder>(&child) {
                    child.alarm_actions_enabled = enabled;
                }
            }
        }
    }
}

fn derived(derive: Vec<Box<dyn Derive>>) -> Inventory {
    Inventory::new(Options { derive, ..options() })
}

#[test]
fn derived_state_is_right_in_the_commit_that_changed_what_it_depends_on() {
    let world = derived(vec![Box::new(Summary)]);
    let a = moref("VirtualMachine", "vm-1");
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    run(&world, |tx| tx.edit::<VirtualMachine>(&a).unwrap().name = "b".into());
    let paths: Vec<_> = log(&world)[1].changes[0].steps().iter().map(|c| c.path.to_string()).collect();
    assert_eq!(paths, ["name", "summary.config.name"]);
}

#[test]
fn rules_follow_chains_to_objects_that_the_transaction_did_not_touch() {
    let world = derived(vec![Box::new(Tree)]);
    let [top, middle, low] = ["group-1", "group-2", "group-3"].map(|id| moref("Folder", id));
    let child_of = |parent: &MoRef| Folder::with(|f| f.parent = Some(parent.clone()));
    run(&world, |tx| {
        tx.insert(low.clone(), child_of(&middle));
        tx.insert(middle.clone(), child_of(&top));
        tx.insert(top.clone(), folder("top"));
    });
    assert_eq!(world.snapshot().get::<Folder>(&top).unwrap().child_entity, Some([middle.clone()].into()));
    run(&world, |tx| tx.edit::<Folder>(&top).unwrap().alarm_actions_enabled = Some(true));
    assert_eq!(world.snapshot().get::<Folder>(&low).unwrap().alarm_actions_enabled, Some(true));
    run(&world, |tx| tx.remove(&low));
    assert_eq!(world.snapshot().get::<Folder>(&middle).unwrap().child_entity, Some(vim25::MoRefs::new()));
}

/// Counts what it is shown.
struct Count(Arc<AtomicUsize>);

impl Derive for Count {
    fn derive(&self, _: &mut Tx<'_>, touched: &[MoRef]) {
        self.0.fetch_add(touched.len(), Ordering::Relaxed);
    }
}

#[test]
fn a_rule_is_shown_each_change_once_and_nothing_that_only_was_written() {
    let shown = Arc::new(AtomicUsize::new(0));
    let world = derived(vec![Box::new(Count(shown.clone())), Box::new(Summary)]);
    let [a, b] = ["vm-1", "vm-2"].map(|id| moref("VirtualMachine", id));
    run(&world, |tx| [&a, &b].map(|m| tx.insert(m.clone(), vm("a"))));
    assert_eq!(shown.swap(0, Ordering::Relaxed), 4, "two came, and the summaries of two were derived");
    run(&world, |tx| tx.edit::<VirtualMachine>(&a).unwrap().name = "a".into());
    assert_eq!(shown.swap(0, Ordering::Relaxed), 0);
    run(&world, |tx| tx.set_private("vm-2", 1_u8));
    assert_eq!(shown.swap(0, Ordering::Relaxed), 1, "private state may be what a rule depends on");
}

/// Counts what it is shown of properties.
struct CountProperties(Arc<AtomicUsize>);

impl Derive for CountProperties {
    fn derive(&self, _: &mut Tx<'_>, touched: &[MoRef]) {
        self.0.fetch_add(touched.len(), Ordering::Relaxed);
    }

    fn reads_private(&self) -> bool {
        false
    }
}

#[test]
fn a_rule_that_does_not_read_private_state_is_not_shown_changes_of_it() {
    let shown = Arc::new(AtomicUsize::new(0));
    let world = derived(vec![Box::new(CountProperties(shown.clone()))]);
    let a = moref("VirtualMachine", "vm-1");
    let count = || shown.swap(0, Ordering::Relaxed);
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    assert_eq!(count(), 1);
    run(&world, |tx| tx.set_private("vm-1", 7_u8));
    assert_eq!(count(), 0);
    run(&world, |tx| {
        tx.set_private("vm-1", 8_u8);
        tx.edit::<VirtualMachine>(&a).unwrap().name = "b".into();
    });
    assert_eq!(count(), 1);
    run(&world, |tx| tx.remove(&a));
    assert_eq!(count(), 1);
}

/// [`Summary`], which is done when it has run; and counts what it is shown.
struct SummaryOnce(Arc<AtomicUsize>);

impl Derive for SummaryOnce {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        self.0.fetch_add(touched.len(), Ordering::Relaxed);
        Summary.derive(tx, touched);
    }

    fn follows_itself(&self) -> bool {
        false
    }
}

/// Names every VM that has another name `renamed`.
struct Rename;

impl Derive for Rename {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        touched.iter().for_each(|vm| tx.edit::<VirtualMachine>(vm).unwrap().name = "renamed".into());
    }
}

#[test]
fn a_rule_that_does_not_follow_itself_is_shown_what_others_write_and_not_what_it_writes() {
    let a = moref("VirtualMachine", "vm-1");
    for (others, times) in [(None, 1), (Some(Rename), 2)] {
        let shown = Arc::new(AtomicUsize::new(0));
        let rule: Box<dyn Derive> = Box::new(SummaryOnce(shown.clone()));
        let others = others.map(|rename| Box::new(rename) as Box<dyn Derive>);
        let world = derived([rule].into_iter().chain(others).collect());
        run(&world, |tx| tx.insert(a.clone(), vm("a")));
        assert_eq!(shown.load(Ordering::Relaxed), times);
        let now = world.snapshot();
        let vm = now.get::<VirtualMachine>(&a).unwrap();
        assert_eq!(vm.summary.config.name, vm.name);
    }
}

/// Counts what it is shown of folders.
struct Folders(Arc<AtomicUsize>);

impl Derive for Folders {
    fn derive(&self, _: &mut Tx<'_>, touched: &[MoRef]) {
        assert!(touched.iter().all(|moref| moref.kind == "Folder"));
        self.0.fetch_add(touched.len(), Ordering::Relaxed);
    }

    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&["Folder"])
    }
}

#[test]
fn a_rule_is_shown_objects_of_the_types_that_it_names_also_those_that_go() {
    let shown = Arc::new(AtomicUsize::new(0));
    let world = derived(vec![Box::new(Folders(shown.clone()))]);
    let (a, b) = (moref("VirtualMachine", "vm-1"), moref("Folder", "group-1"));
    run(&world, |tx| tx.insert(a.clone(), vm("a")));
    assert_eq!(shown.load(Ordering::Relaxed), 0);
    run(&world, |tx| tx.insert(b.clone(), folder("b")));
    run(&world, |tx| tx.remove(&a));
    run(&world, |tx| tx.remove(&b));
    assert_eq!(shown.load(Ordering::Relaxed), 2);
}

/// Never gives the same twice.
#[cfg(debug_assertions)]
struct Restless;

#[cfg(debug_assertions)]
impl Derive for Restless {
    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        let name = tx.uuid();
        tx.edit::<Folder>(&touched[0]).unwrap().name = name;
    }
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "does not come to rest")]
fn a_rule_that_never_comes_to_rest_is_found_in_debug_builds() {
    run(&derived(vec![Box::new(Restless)]), |tx| tx.insert(moref("Folder", "f"), folder("f")));
}

/// A folder's name follows the last event.
struct Told;

static TOLD: AtomicUsize = AtomicUsize::new(0);

impl Derive for Told {
    fn kinds(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn reads_events(&self) -> bool {
        true
    }

    fn derive(&self, tx: &mut Tx<'_>, touched: &[MoRef]) {
        assert!(touched.is_empty());
        TOLD.fetch_add(1, Ordering::Relaxed);
        let text = tx.posted().last().and_then(|event| event.full_formatted_message.clone()).unwrap_or_default();
        if let Some(folder) = tx.edit::<Folder>(&moref("Folder", "group-1")) {
            folder.name = text;
        }
    }
}

#[test]
fn a_rule_that_reads_events_runs_once_where_events_are_posted_and_nowhere_else() {
    let world = derived(vec![Box::new(Told)]);
    run(&world, |tx| tx.insert(moref("Folder", "group-1"), folder("f")));
    assert_eq!(TOLD.load(Ordering::Relaxed), 0);
    let event = |text: &str| Event::with(|event| event.full_formatted_message = Some(text.into()));
    run(&world, |tx| [tx.post(event("a").into()), tx.post(event("b").into())]);
    assert_eq!(TOLD.load(Ordering::Relaxed), 1);
    assert_eq!(world.snapshot().get::<Folder>(&moref("Folder", "group-1")).unwrap().name, "b");
}
