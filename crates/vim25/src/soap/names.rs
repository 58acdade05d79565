//! Names of types in `xsi:type`, for both directions.

use crate::{Kind, Service, enum_type, type_named};

/// The prefix that the encoder declares for a service when its types appear in another one's.
pub(super) fn prefix(service: Service) -> &'static str {
    match service {
        Service::Vim25 => "vim25",
        Service::Vsan => "vsan",
        Service::Reflect => "reflect",
    }
}

/// What follows `ArrayOf` in the name of a list type.
pub(super) fn array_suffix(item: Kind) -> &'static str {
    match item {
        Kind::Bool => "Boolean",
        Kind::Byte => "Byte",
        Kind::Short => "Short",
        Kind::Int => "Int",
        Kind::Long => "Long",
        Kind::Float => "Float",
        Kind::Double => "Double",
        Kind::Str | Kind::Void => "String",
        Kind::Uri => "AnyURI",
        Kind::DateTime => "DateTime",
        Kind::Binary => "Base64Binary",
        Kind::Any => "AnyType",
        named => named.wire_name(),
    }
}

/// The types of XML Schema that values have.
const BUILTINS: [Kind; 12] = [
    Kind::Bool,
    Kind::Byte,
    Kind::Short,
    Kind::Int,
    Kind::Long,
    Kind::Float,
    Kind::Double,
    Kind::Str,
    Kind::Uri,
    Kind::DateTime,
    Kind::Binary,
    Kind::Any,
];

/// A reference to an object of any type.
pub(super) const ANY_REFERENCE: Kind = Kind::MoRef("ManagedObject");

/// What an `xsi:type` names: a kind, and whether it is a list of that kind.
pub(super) fn resolve(name: &str, xsd: bool) -> Option<(Kind, bool)> {
    let builtin = || BUILTINS.into_iter().find(|k| k.wire_name() == name);
    let kind = if xsd { builtin().or_else(|| named(name)) } else { named(name).or_else(builtin) };
    match kind {
        Some(kind) => Some((kind, false)),
        None => array_item(name.strip_prefix("ArrayOf")?).map(|kind| (kind, true)),
    }
}

fn named(name: &str) -> Option<Kind> {
    if let Some(ty) = type_named(name) {
        return Some(Kind::Object(ty));
    }
    if let Some(ty) = enum_type(name) {
        return Some(Kind::Enum(ty));
    }
    // pyVmomi names references `ManagedObject`.
    matches!(name, "ManagedObjectReference" | "ManagedObject").then_some(ANY_REFERENCE)
}

fn array_item(suffix: &str) -> Option<Kind> {
    named(suffix).or_else(|| BUILTINS.into_iter().find(|k| array_suffix(*k) == suffix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_every_kind_is_found_by_its_own_name() {
        for kind in BUILTINS.into_iter().chain([ANY_REFERENCE]) {
            assert_eq!(resolve(&format!("ArrayOf{}", array_suffix(kind)), false), Some((kind, true)), "{kind:?}");
        }
    }

    #[test]
    fn no_type_of_the_api_hides_behind_a_list_or_a_builtin() {
        for ty in crate::all_types() {
            assert_eq!(resolve(ty.name, false), Some((Kind::Object(ty), false)));
            assert!(BUILTINS.iter().all(|k| k.wire_name() != ty.name && array_suffix(*k) != ty.name), "{}", ty.name);
        }
    }
}
