//! `Fetch`: the method by which pyVmomi reads a property. It stands in no WSDL, so its argument type stands here.

use std::{
    any::Any,
    sync::{Arc, LazyLock},
};

use vim25::{Api, ApiVersion, DataObject, Field, Kind, MethodInfo, Ref, Service, Shared, Slot, Str, Type, Value};

/// The argument: the name of the property.
#[derive(Clone, Default)]
struct Fetch {
    prop: Str,
}

impl DataObject for Fetch {
    fn descriptor(&self) -> &'static Type {
        &ARGUMENTS
    }
    fn base(&self) -> Option<&dyn DataObject> {
        None
    }
    fn base_mut(&mut self) -> Option<&mut dyn DataObject> {
        None
    }
    fn level(&self, of: &'static Type) -> Option<&dyn Any> {
        if std::ptr::eq(of, &*ARGUMENTS) { Some(self) } else { None }
    }
    fn level_mut(&mut self, of: &'static Type) -> Option<&mut dyn Any> {
        if std::ptr::eq(of, &*ARGUMENTS) { Some(self) } else { None }
    }
    fn get(&self, index: usize) -> Ref<'_> {
        if index == 0 { self.prop.read() } else { Ref::Unset }
    }
    fn slot(&mut self, index: usize) -> Option<&mut dyn Slot> {
        (index == 0).then_some(&mut self.prop as &mut dyn Slot)
    }
    fn clone_shared(&self) -> Shared {
        Arc::new(self.clone())
    }
}

fn field(name: &'static str, kind: Kind, optional: bool) -> Field {
    Field { name, kind, list: false, optional, since: oldest(), privilege: None, secret: false }
}

fn oldest() -> ApiVersion {
    ApiVersion::all().next().expect("there are versions")
}

static ARGUMENTS: LazyLock<Type> = LazyLock::new(|| Type {
    name: "Fetch",
    dotted: "vmodl.ManagedObject.fetch",
    base: None,
    service: Service::Vim25,
    since: oldest(),
    api: Api::Arguments,
    fault: false,
    fields: Vec::leak(vec![field("prop", Kind::Str, false)]),
    common: &[],
    methods: &[],
    new: || Arc::new(Fetch::default()),
});

/// The method, as far as writing a reply needs it.
pub(super) static METHOD: LazyLock<MethodInfo> = LazyLock::new(|| MethodInfo {
    name: "Fetch",
    dotted: "fetch",
    owner: "ManagedObject",
    task: false,
    result: field("result", Kind::Any, true),
    params: &ARGUMENTS,
    privilege: None,
    faults: &[],
    since: oldest(),
});

/// The name of the property that the arguments ask for.
pub(super) fn wanted(arguments: &Shared) -> Str {
    arguments.field("prop").and_then(|p| p.as_str().map(Str::from)).unwrap_or_default()
}
