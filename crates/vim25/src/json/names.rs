//! Names of types in places of type `anyType`.

use crate::{DataType, Kind, enum_type, type_named, types::LocalizedMethodFault, types::MethodFault};

const ARRAY_OF: &str = "ArrayOf";

/// Whether a place of this kind holds a fault, which SOAP and our types wrap and JSON does not.
pub(super) fn holds_fault(kind: Kind) -> bool {
    kind == Kind::Object(LocalizedMethodFault::TYPE)
}

/// Appends the name of a list of `item`s: `ArrayOfString`, `ArrayOfVirtualDevice`.
pub(super) fn push_array_name(out: &mut Vec<u8>, item: Kind) {
    let name = if holds_fault(item) { MethodFault::TYPE.name } else { item.wire_name() };
    out.extend_from_slice(ARRAY_OF.as_bytes());
    let start = out.len();
    out.extend_from_slice(name.as_bytes());
    out[start].make_ascii_uppercase();
}

/// The kind of single value with this name.
pub(super) fn kind_named(name: &str) -> Option<Kind> {
    Some(match name {
        "boolean" => Kind::Bool,
        "byte" => Kind::Byte,
        "short" => Kind::Short,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "string" | "TypeName" | "MethodName" | "PropertyPath" => Kind::Str,
        "anyURI" => Kind::Uri,
        "dateTime" => Kind::DateTime,
        // govmomi says `binary`.
        "base64Binary" | "binary" => Kind::Binary,
        "ManagedObjectReference" => Kind::MoRef("ManagedObject"),
        _ => return type_named(name).map(Kind::Object).or_else(|| enum_type(name).map(Kind::Enum)),
    })
}

/// The kind of the items of a list with this name.
pub(super) fn item_kind_named(name: &str) -> Option<Kind> {
    let item = name.strip_prefix(ARRAY_OF)?;
    if item == "AnyType" {
        return Some(Kind::Any);
    }
    let kind = kind_named(item).or_else(|| kind_named(&lower_first(item)))?;
    let fault = kind == Kind::Object(MethodFault::TYPE);
    Some(if fault { Kind::Object(LocalizedMethodFault::TYPE) } else { kind })
}

fn lower_first(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or(String::new(), |first| first.to_ascii_lowercase().to_string() + chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{all_enums, all_types};

    #[test]
    fn every_kind_is_found_by_the_name_of_its_list() {
        let xsd = [Kind::Bool, Kind::Byte, Kind::Short, Kind::Int, Kind::Long, Kind::Float, Kind::Double, Kind::Str];
        let more = [Kind::Uri, Kind::DateTime, Kind::Binary, Kind::Any, Kind::MoRef("ManagedObject")];
        let types = all_types().iter().map(|t| Kind::Object(t)).filter(|k| *k != Kind::Object(MethodFault::TYPE));
        let enums = all_enums().iter().map(|e| Kind::Enum(e));
        for kind in xsd.into_iter().chain(more).chain(types).chain(enums) {
            let mut name = Vec::new();
            push_array_name(&mut name, kind);
            let name = String::from_utf8(name).unwrap();
            assert_eq!(item_kind_named(&name), Some(kind), "{name}");
        }
    }
}
