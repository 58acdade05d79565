//! What of the API one version has: the types, methods and lists to be described.

use std::collections::{BTreeMap, BTreeSet};

use vim25::{
    ApiVersion, EnumType, Field, Kind, MethodInfo, Service, Type, all_enums, all_managed, all_types, type_named,
};

/// The document to which a type or a request belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// `vmodl`: base types and runtime faults.
    Core,
    /// `vmodl.query`: the property collector.
    Query,
    /// All others.
    Vim,
}

impl Part {
    /// The part of a type with this dotted name.
    pub fn of(dotted: &str) -> Part {
        match dotted.strip_prefix("vmodl.") {
            Some(rest) if rest.starts_with("query.") => Part::Query,
            Some(_) => Part::Core,
            None => Part::Vim,
        }
    }
}

/// Everything that is part of service vim25 in one version, each in the order of names.
pub struct Scope {
    /// The version.
    pub version: ApiVersion,
    /// Data types, bases included.
    pub types: Vec<&'static Type>,
    /// Enums.
    pub enums: Vec<&'static EnumType>,
    /// Methods, each with the managed object type that declares it.
    pub methods: Vec<(&'static Type, &'static MethodInfo)>,
    lists: BTreeSet<&'static str>,
}

impl Scope {
    /// What `version` has.
    pub fn new(version: ApiVersion) -> Scope {
        let owners = all_managed().iter().copied().filter(|t| t.service == Service::Vim25 && t.since <= version);
        let owners: Vec<_> = owners.collect();
        let mut methods: Vec<_> = owners.iter().flat_map(|t| t.methods.iter().map(|m| (*t, *m))).collect();
        methods.retain(|(_, method)| method.since <= version);
        methods.sort_by_key(|(_, method)| method.name);
        let enums = all_enums().iter().copied().filter(|e| e.since <= version).collect();
        let mut scope = Scope { version, types: vec![], enums, methods, lists: BTreeSet::new() };
        let types = scope.closure(&owners);
        scope.lists = scope.listed(&owners, &types);
        scope.types = types;
        scope
    }

    /// Whether this version has the field, and what the field holds.
    pub fn has(&self, field: &Field) -> bool {
        field.since <= self.version
            && match field.kind {
                Kind::Object(t) => t.since <= self.version,
                Kind::Enum(e) => e.since <= self.version,
                _ => true,
            }
    }

    /// The fields that `ty` itself declares and this version has. (A base is never newer than what extends it.)
    pub fn own_fields(&self, ty: &'static Type) -> impl Iterator<Item = &'static Field> {
        ty.fields.iter().filter(|f| self.has(f))
    }

    /// Whether some field, property, parameter or result is a list of this wire type, so that `ArrayOf…` may be sent.
    pub fn is_listed(&self, item: &str) -> bool {
        self.lists.contains(item)
    }

    /// The faults that `method` declares and this version has.
    pub fn faults(&self, method: &MethodInfo) -> BTreeSet<&'static str> {
        method
            .faults
            .iter()
            .filter_map(|name| type_named(name))
            .filter(|t| t.since <= self.version)
            .map(|t| t.name)
            .collect()
    }

    /// Parameters and result of every method; that of a task stands in a place of type `anyType`.
    fn in_calls(&self) -> impl Iterator<Item = &'static Field> {
        self.methods.iter().flat_map(|(_, m)| m.params.fields.iter().chain([&m.result]))
    }

    /// The service's data types and all that they, the managed objects and the methods refer to.
    fn closure(&self, owners: &[&'static Type]) -> Vec<&'static Type> {
        let own = |t: &&Type| t.service == Service::Vim25 && t.since <= self.version;
        let mut todo: Vec<&'static Type> = all_types().iter().copied().filter(own).collect();
        todo.extend(owners.iter().flat_map(|t| t.fields).chain(self.in_calls()).filter_map(|f| self.object_in(f)));
        todo.extend(self.methods.iter().flat_map(|(_, m)| self.faults(m)).filter_map(type_named));
        let mut found = BTreeMap::new();
        while let Some(ty) = todo.pop() {
            if found.insert(ty.name, ty).is_none() {
                todo.extend(ty.base.into_iter().chain(ty.fields.iter().filter_map(|f| self.object_in(f))));
            }
        }
        found.into_values().collect()
    }

    fn object_in(&self, field: &Field) -> Option<&'static Type> {
        match field.kind {
            Kind::Object(ty) if self.has(field) => Some(ty),
            _ => None,
        }
    }

    fn listed(&self, owners: &[&'static Type], types: &[&'static Type]) -> BTreeSet<&'static str> {
        let held = owners.iter().chain(types).flat_map(|t| t.fields);
        held.chain(self.in_calls()).filter(|f| f.list && self.has(f)).map(|f| f.kind.wire_name()).collect()
    }
}
