//! The hot paths, each ready to be run as often as one likes.

use std::hint::black_box;

use vim25::{
    ApiVersion, DataType, Field, Limits, Method, MoRef, Obj, args, cast, diff, json, mo,
    pieces::Source,
    soap,
    types::{
        ObjectSpec, PropertyFilterSpec, PropertySpec, RetrieveOptions, RetrieveResult, UpdateSet,
        VirtualMachineConfigSpec, VirtualMachinePowerState, WaitOptions,
    },
};

use crate::world::World;

/// How often a path runs while it is measured.
const TIMES: usize = 10;

/// A name and what it does.
pub type Path<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// Runs a path [`TIMES`] times; this function is what callgrind looks for.
#[inline(never)]
pub fn measured(path: &mut dyn FnMut()) {
    (0..TIMES).for_each(|_| path());
}

/// All of them.
pub fn all(world: &World) -> Vec<Path<'_>> {
    let mut paths = codec(world);
    paths.extend(replies(world));
    paths.extend(changes(world));
    paths.extend(collector(world));
    paths
}

/// Everything of two machines, written and read.
fn codec(world: &World) -> Vec<Path<'_>> {
    let everything = retrieve(world, &world.lab.vms[..2], &[]);
    let (read, newest) = (everything.clone(), ApiVersion::newest());
    let xml = soap::encode_object("returnval", &*everything, newest);
    let text = json::to_vec(&*everything, newest);
    let ty = RetrieveResult::TYPE;
    vec![
        ("encode, SOAP", Box::new(move || drop(black_box(soap::encode_object("returnval", &*read, newest))))),
        ("encode, VI/JSON", Box::new(move || drop(black_box(json::to_vec(&*everything, newest))))),
        ("decode, SOAP", Box::new(move || drop(black_box(soap::decode_object(&xml, ty, Limits::REPLY))))),
        ("decode, VI/JSON", Box::new(move || drop(black_box(json::decode_object(&text, ty, Limits::REPLY))))),
    ]
}

/// Everything of all machines, as a reply is written: what they share is written once.
fn replies(world: &World) -> Vec<Path<'_>> {
    let (method, newest) = (args::RetrievePropertiesEx::METHOD, ApiVersion::newest());
    let everything = retrieve(world, &world.lab.vms, &[]);
    let source = move || Source::value(everything.clone());
    let again = source.clone();
    vec![
        (
            "reply with everything of all machines, SOAP",
            Box::new(move || {
                let mut reply = soap::Pieces::new(method, source(), newest);
                written(|out, enough| reply.write(out, enough));
            }),
        ),
        (
            "reply with everything of all machines, VI/JSON",
            Box::new(move || {
                let mut reply = json::Pieces::new(Field { ..method.result }, again(), newest);
                written(|out, enough| reply.write(out, enough));
            }),
        ),
    ]
}

/// Has a reply written to its end.
fn written(mut write: impl FnMut(&mut Vec<u8>, usize) -> bool) {
    const SLICE: usize = 64 * 1024;
    let mut out = Vec::with_capacity(2 * SLICE);
    while write(&mut out, SLICE) {
        black_box(&out);
        out.clear();
    }
}

/// A machine's power state changes: found, committed, and as the work of a task.
fn changes(world: &World) -> Vec<Path<'_>> {
    let vm = &world.lab.vms[0];
    let old = cast::<mo::VirtualMachine>(&*world.content(vm)).expect("a machine").clone();
    let mut new = old.clone();
    new.runtime.power_state = VirtualMachinePowerState::PoweredOff;
    let mut number = 0;
    let annotate = move || {
        number += 1;
        let spec = VirtualMachineConfigSpec::with(|spec| spec.annotation = Some(format!("number {number}").into()));
        world.task(vm, args::ReconfigVM_Task { spec: spec.into() });
    };
    let power = power_of(world, vm);
    vec![
        ("diff", Box::new(move || drop(black_box(diff::diff(&old, &new))))),
        ("commit of a power state", Box::new(power)),
        ("task that reconfigures", Box::new(annotate)),
        ("task that powers off or on", Box::new(cycle_of(world, &world.lab.vms[2]))),
    ]
}

/// Powers a machine off, or on again, as a client does.
fn cycle_of<'a>(world: &'a World, vm: &'a MoRef) -> impl FnMut() + 'a {
    let mut on = true;
    move || {
        on = !on;
        if on {
            world.task(vm, args::PowerOnVM_Task::default());
        } else {
            world.task(vm, args::PowerOffVM_Task::default());
        }
    }
}

/// Turns a machine off, or on again, in the inventory.
fn power_of<'a>(world: &'a World, vm: &'a MoRef) -> impl FnMut() + 'a {
    let mut on = true;
    move || {
        on = !on;
        let state = if on { VirtualMachinePowerState::PoweredOn } else { VirtualMachinePowerState::PoweredOff };
        world.commit(|tx| tx.edit::<mo::VirtualMachine>(vm).expect("a machine").runtime.power_state = state);
    }
}

/// Reads through dispatch, and steps of a collector after changes that concern it and that do not.
fn collector(world: &World) -> Vec<Path<'_>> {
    let (watched, other) = world.lab.vms.split_at(world.lab.vms.len() / 2);
    let paths = ["name", "runtime.powerState", "config.hardware.numCPU"];
    let filter = args::CreateFilter { spec: spec(watched, &paths), partial_updates: true };
    world.call(&collector_ref(), filter);
    let from_now = || updates(world, "").expect("the first state").version.clone();
    let mut relevant = power_of(world, &watched[1]);
    let mut irrelevant = power_of(world, &other[0]);
    let (mut told, mut untold) = (None, None);
    vec![
        ("read of three properties of one machine", Box::new(move || drop(retrieve(world, &other[..1], &paths)))),
        (
            "change that a collector tells",
            Box::new(move || {
                let version = told.take().unwrap_or_else(from_now);
                relevant();
                told = Some(updates(world, &version).expect("news").version.clone());
            }),
        ),
        (
            "change that a collector does not tell",
            Box::new(move || {
                let version = untold.get_or_insert_with(from_now);
                irrelevant();
                assert!(updates(world, version).is_none(), "nobody asked for that");
            }),
        ),
    ]
}

fn collector_ref() -> MoRef {
    MoRef::new("PropertyCollector", "propertyCollector")
}

/// Properties of some objects; without paths everything.
fn spec(objects: &[MoRef], paths: &[&str]) -> Obj<PropertyFilterSpec> {
    let (all, path_set) = (paths.is_empty().then_some(true), paths.iter().map(|path| (*path).into()).collect());
    let properties = PropertySpec { type_: "VirtualMachine".into(), all, path_set: Some(path_set) };
    let object = |moref: &MoRef| ObjectSpec { obj: moref.clone(), skip: None, select_set: None }.into();
    let object_set = objects.iter().map(object).collect();
    PropertyFilterSpec { prop_set: vec![properties.into()], object_set, ..Default::default() }.into()
}

fn retrieve(world: &World, objects: &[MoRef], paths: &[&str]) -> Obj<RetrieveResult> {
    let arguments =
        args::RetrievePropertiesEx { spec_set: vec![spec(objects, paths)], options: RetrieveOptions::default().into() };
    let found: Option<Obj<RetrieveResult>> = world.result(&collector_ref(), arguments);
    found.expect("the objects are there")
}

fn updates(world: &World, version: &str) -> Option<Obj<UpdateSet>> {
    let options = WaitOptions { max_wait_seconds: Some(0), max_object_updates: None };
    let wait = args::WaitForUpdatesEx { version: Some(version.into()), options: Some(options.into()) };
    world.result(&collector_ref(), wait)
}
