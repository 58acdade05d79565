//! Types by name.

use std::{collections::HashMap, sync::LazyLock};

use crate::{EnumType, Type, mo, types};

static TYPES: LazyLock<HashMap<&str, &'static Type>> =
    LazyLock::new(|| types::TYPES.iter().map(|t| (t.name, *t)).collect());
static MANAGED: LazyLock<HashMap<&str, &'static Type>> =
    LazyLock::new(|| mo::TYPES.iter().map(|t| (t.name, *t)).collect());
static ENUMS: LazyLock<HashMap<&str, &'static EnumType>> =
    LazyLock::new(|| types::ENUMS.iter().map(|t| (t.name, *t)).collect());

/// The data type with this wire name.
pub fn type_named(name: &str) -> Option<&'static Type> {
    TYPES.get(name).copied()
}

/// The managed object type with this wire name.
pub fn managed_type(name: &str) -> Option<&'static Type> {
    MANAGED.get(name).copied()
}

/// The enum with this wire name.
pub fn enum_type(name: &str) -> Option<&'static EnumType> {
    ENUMS.get(name).copied()
}

/// Every data type, by name.
pub fn all_types() -> &'static [&'static Type] {
    types::TYPES
}

/// Every managed object type, by name.
pub fn all_managed() -> &'static [&'static Type] {
    mo::TYPES
}

/// Every enum, by name.
pub fn all_enums() -> &'static [&'static EnumType] {
    types::ENUMS
}
