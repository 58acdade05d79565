//! Data types and enums in XML Schema.

use std::fmt::Write;

use vim25::{EnumType, Field, Kind, Type};

use super::{
    scope::{Part, Scope},
    xml,
};

/// Data types that do not extend `DynamicData` on the wire.
const ROOTS: [&str; 4] = ["DynamicArray", "DynamicData", "DynamicProperty", "MethodFault"];

/// XML Schema's own types of which the API knows lists.
const BUILT_IN: [&str; 12] = [
    "anyType",
    "anyURI",
    "base64Binary",
    "boolean",
    "byte",
    "dateTime",
    "double",
    "float",
    "int",
    "long",
    "short",
    "string",
];

/// The reference to a managed object: its id, and its type as an attribute.
const REFERENCE: &str = r#" <complexType name="ManagedObjectReference">
  <simpleContent>
   <extension base="xsd:string">
    <attribute name="type" type="xsd:string"/>
   </extension>
  </simpleContent>
 </complexType>
"#;

/// The document with the data types and enums of one part.
pub fn types(scope: &Scope, part: Part) -> String {
    let includes: &[&str] = match part {
        Part::Core => &[],
        Part::Query => &["core-types.xsd"],
        Part::Vim => &["core-types.xsd", "query-types.xsd"],
    };
    let mut out = open(includes);
    for ty in scope.types.iter().filter(|t| Part::of(t.dotted) == part) {
        data(&mut out, scope, ty);
        array_if_listed(&mut out, scope, ty.name);
    }
    for ty in scope.enums.iter().filter(|e| Part::of(e.dotted) == part) {
        simple(&mut out, ty);
        array_if_listed(&mut out, scope, ty.name);
    }
    if part == Part::Core {
        out.push_str(REFERENCE);
        array(&mut out, "ManagedObjectReference", "vim25");
        BUILT_IN.iter().for_each(|name| array(&mut out, name, "xsd"));
    }
    out.push_str("</schema>\n");
    out
}

/// A document of namespace `urn:reflect` without types of its own.
pub fn reflect(includes: &[&str]) -> String {
    let mut out = String::from(xml::DECLARATION);
    out.push_str("<schema targetNamespace=\"urn:reflect\" xmlns=\"http://www.w3.org/2001/XMLSchema\"");
    out.push_str(" elementFormDefault=\"qualified\">\n");
    out.push_str(" <import namespace=\"urn:vim25\" schemaLocation=\"core-types.xsd\"/>\n");
    include(&mut out, includes);
    out.push_str("</schema>\n");
    out
}

/// The head of a schema document of namespace `urn:vim25`.
pub fn open(includes: &[&str]) -> String {
    let mut out = String::from(xml::DECLARATION);
    out.push_str(OPEN);
    include(&mut out, includes);
    out
}

/// The opening tag of a schema of namespace `urn:vim25`.
pub const OPEN: &str = "<schema targetNamespace=\"urn:vim25\" xmlns=\"http://www.w3.org/2001/XMLSchema\" \
xmlns:vim25=\"urn:vim25\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" elementFormDefault=\"qualified\">\n";

/// Includes of other documents of the same namespace.
pub fn include(out: &mut String, documents: &[&str]) {
    for document in documents {
        let _ = writeln!(out, " <include schemaLocation=\"{document}\"/>");
    }
}

/// One element: a field, a parameter, or a result.
pub fn element(out: &mut String, name: &str, field: &Field) {
    let _ = write!(out, "<element name=\"{name}\" type=\"{}\"", type_name(field.kind));
    if field.optional {
        out.push_str(" minOccurs=\"0\"");
    }
    if field.list {
        out.push_str(" maxOccurs=\"unbounded\"");
    }
    out.push_str("/>\n");
}

fn type_name(kind: Kind) -> String {
    let prefix = if kind.is_xsd() { "xsd" } else { "vim25" };
    format!("{prefix}:{}", kind.wire_name())
}

fn data(out: &mut String, scope: &Scope, ty: &'static Type) {
    let base = ty.base.map(|b| b.name).or((!ROOTS.contains(&ty.name)).then_some("DynamicData"));
    let _ = writeln!(out, " <complexType name=\"{}\">", ty.name);
    if let Some(base) = base {
        let _ = writeln!(out, "  <complexContent>\n  <extension base=\"vim25:{base}\">");
    }
    out.push_str("  <sequence>\n");
    for field in scope.own_fields(ty) {
        out.push_str("   ");
        element(out, field.name, field);
    }
    out.push_str("  </sequence>\n");
    if base.is_some() {
        out.push_str("  </extension>\n  </complexContent>\n");
    }
    out.push_str(" </complexType>\n");
}

fn simple(out: &mut String, ty: &EnumType) {
    let _ = writeln!(out, " <simpleType name=\"{}\">\n  <restriction base=\"xsd:string\">", ty.name);
    for value in ty.values {
        let _ = writeln!(out, "   <enumeration value=\"{}\"/>", xml::escape(value));
    }
    out.push_str("  </restriction>\n </simpleType>\n");
}

fn array_if_listed(out: &mut String, scope: &Scope, item: &str) {
    if scope.is_listed(item) {
        array(out, item, "vim25");
    }
}

/// The type of a list in a place of type `anyType`: `string` makes `ArrayOfString`.
fn array(out: &mut String, item: &str, prefix: &str) {
    let (first, rest) = item.split_at(1);
    let _ = writeln!(out, " <complexType name=\"ArrayOf{}{rest}\">\n  <sequence>", first.to_ascii_uppercase());
    let _ =
        writeln!(out, "   <element name=\"{item}\" type=\"{prefix}:{item}\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>");
    out.push_str("  </sequence>\n </complexType>\n");
}
