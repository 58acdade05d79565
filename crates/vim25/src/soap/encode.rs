//! Values to XML elements.

use std::{
    hash::{Hash, Hasher},
    ops::Range,
};

use super::{names, text};
use crate::{
    ApiVersion, DataObject, Kind, List, Ref, Service, Shared, Type,
    pieces::{
        level,
        repeats::{Repeats, Watch, Writer},
    },
};

/// Writes elements for a client of a given version: newer fields are left out, objects of newer types are written as the
/// nearest base that the version knows.
///
/// The caller has declared the prefixes `xsd` and `xsi`, and `urn:vim25` (or the service given) as the default namespace.
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    version: ApiVersion,
    /// The default namespace at this point of the document.
    scope: Service,
    watch: Watch<'a, Place>,
}

/// What the text of an object depends on, beside the object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The same name may stand in memory twice, which only means another place.
    element: *const str,
    space: Service,
    declared: Option<&'static Type>,
    scope: Service,
    version: ApiVersion,
}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The rest mostly is the same where this is.
        self.element.cast::<u8>().addr().hash(state);
    }
}

/// What stands in an `xsi:type`.
#[derive(Clone, Copy)]
enum TypeName {
    /// A type of XML Schema.
    Xsd(&'static str),
    /// A type of the API.
    Named(Service, &'static str),
    /// A list.
    Array(Service, &'static str),
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `out`, where `scope` is the default namespace.
    pub fn new(out: &'a mut Vec<u8>, version: ApiVersion, scope: Service) -> Encoder<'a> {
        Encoder { out, version, scope, watch: Watch::off() }
    }

    /// The same, repeating what it can.
    pub(super) fn repeating(self, repeats: &'a mut Repeats<Place>) -> Encoder<'a> {
        Encoder { watch: Watch::on(repeats), ..self }
    }

    /// Writes a value in a place that declares its kind; a list becomes one element per item, an unset value none.
    pub fn value(&mut self, element: &'static str, declared: Kind, value: Ref<'_>) {
        self.place(element, self.scope, declared, value);
    }

    /// Writes a value in a place of type `anyType`, with its `xsi:type`; a list becomes an `ArrayOf…`.
    ///
    /// `kind` is what the field that holds the value declares; it matters for lists that do not know their items' kind.
    pub fn any(&mut self, element: &'static str, kind: Kind, value: Ref<'_>) {
        self.any_in(element, self.scope, kind, value);
    }

    /// Writes the fields of an object, without an element around them.
    pub fn fields(&mut self, object: &dyn DataObject) {
        self.all_fields(object);
    }

    /// The default namespace at this point.
    pub(super) fn scope(&self) -> Service {
        self.scope
    }

    pub(super) fn place(&mut self, element: &'static str, space: Service, declared: Kind, value: Ref<'_>) {
        match (value, declared) {
            (Ref::Unset, _) => {}
            (_, Kind::Any) => match value {
                Ref::List(items) if items.item_kind().is_none() => {
                    self.items(items, |this, item| this.any_in(element, space, Kind::Any, item));
                }
                _ => self.any_in(element, space, Kind::Any, value),
            },
            (Ref::List(items), _) => self.items(items, |this, item| this.place(element, space, declared, item)),
            (Ref::Object(object), Kind::Object(ty)) => self.object(element, space, Some(ty), object),
            (Ref::Object(object), _) => self.object(element, space, None, object),
            (Ref::MoRef(reference), _) => {
                self.open_start(element, space);
                self.out.extend_from_slice(b" type=\"");
                text::attribute(self.out, &reference.kind);
                self.out.extend_from_slice(b"\">");
                text::text(self.out, &reference.id);
                self.close(element);
            }
            _ => {
                self.open_start(element, space);
                self.out.push(b'>');
                self.leaf(value);
                self.close(element);
            }
        }
    }

    fn items(&mut self, items: &dyn List, write: impl Fn(&mut Self, Ref<'_>)) {
        if !self.watch.is_too_long(items.len()) {
            self.deeper(|this| (0..items.len()).for_each(|index| write(this, items.at(index))));
        }
    }

    fn any_in(&mut self, element: &'static str, space: Service, kind: Kind, value: Ref<'_>) {
        let name = match value {
            Ref::Unset => return,
            Ref::Object(object) => return self.object(element, space, None, object),
            Ref::List(items) => return self.array(element, space, items.item_kind().unwrap_or(kind), items),
            Ref::MoRef(_) => TypeName::Named(Service::Vim25, "ManagedObjectReference"),
            Ref::Enum(ty, _) if ty.since <= self.version => TypeName::Named(Service::Vim25, ty.name),
            Ref::Str(_) if kind == Kind::Uri => TypeName::Xsd("anyURI"),
            _ => TypeName::Xsd(simple_name(value)),
        };
        let outer = self.open_typed(element, space, name);
        if let Ref::MoRef(reference) = value {
            self.out.extend_from_slice(b" type=\"");
            text::attribute(self.out, &reference.kind);
            self.out.push(b'"');
        }
        self.out.push(b'>');
        self.leaf(value);
        self.close(element);
        self.scope = outer;
    }

    /// An object: its `xsi:type` is written unless it is what the place declares.
    fn object(&mut self, element: &'static str, space: Service, declared: Option<&'static Type>, object: &Shared) {
        let place = Place { element, space, declared, scope: self.scope, version: self.version };
        self.repeat(object, place, |this| {
            let (shown, outer) = this.open_object(element, space, declared, object);
            if let Some(up) = shown {
                this.deeper(|this| this.fields(level(&**object, up)));
            }
            this.end(element, outer);
        });
    }

    /// The start tag of an object. Returns how many levels above it the base is that the version knows, if there is one,
    /// and the default namespace outside.
    pub(super) fn open_object(
        &mut self,
        element: &'static str,
        space: Service,
        declared: Option<&'static Type>,
        object: &Shared,
    ) -> (Option<usize>, Service) {
        let is_known = |ty: &&'static Type| ty.since <= self.version || Some(*ty) == declared;
        let shown = object.descriptor().lineage().enumerate().find(|(_, ty)| is_known(ty));
        let ty = shown.map(|(_, ty)| ty);
        let outer = if ty == declared && ty.is_some() {
            let outer = self.scope;
            self.open_start(element, space);
            self.scope = space;
            outer
        } else {
            let name =
                ty.map_or(TypeName::Named(Service::Vim25, "DynamicData"), |t| TypeName::Named(t.service, t.name));
            self.open_typed(element, space, name)
        };
        self.out.push(b'>');
        (shown.map(|(up, _)| up), outer)
    }

    fn array(&mut self, element: &'static str, space: Service, item: Kind, items: &dyn List) {
        let (item, outer) = self.open_array(element, space, item);
        self.items(items, |this, value| this.place(item.wire_name(), space, item, value));
        self.end(element, outer);
    }

    /// The start tag of an `ArrayOf…`. Returns the kind as which its items are written, and the default namespace
    /// outside.
    pub(super) fn open_array(&mut self, element: &'static str, space: Service, item: Kind) -> (Kind, Service) {
        let item = self.known_kind(item);
        let service = if let Kind::Object(ty) = item { ty.service } else { Service::Vim25 };
        let outer = self.open_typed(element, space, TypeName::Array(service, names::array_suffix(item)));
        self.out.push(b'>');
        (item, outer)
    }

    /// The end tag; `outer` is the default namespace behind it.
    pub(super) fn end(&mut self, element: &'static str, outer: Service) {
        self.close(element);
        self.scope = outer;
    }

    /// The kind under which the client's version knows the items of a list.
    fn known_kind(&self, kind: Kind) -> Kind {
        match kind {
            Kind::Object(ty) => match ty.lineage().find(|t| t.since <= self.version) {
                Some(known) => Kind::Object(known),
                None => Kind::Any,
            },
            Kind::Enum(ty) if ty.since > self.version => Kind::Str,
            other => other,
        }
    }

    fn leaf(&mut self, value: Ref<'_>) {
        let out = &mut *self.out;
        match value {
            Ref::Bool(v) => out.extend_from_slice(if v { b"true" } else { b"false" }),
            Ref::Byte(v) => text::integer(out, v),
            Ref::Short(v) => text::integer(out, v),
            Ref::Int(v) => text::integer(out, v),
            Ref::Long(v) => text::integer(out, v),
            Ref::Float(v) => text::float(out, v),
            Ref::Double(v) => text::double(out, v),
            Ref::Str(v) | Ref::Uri(v) => text::text(out, v),
            Ref::DateTime(v) => text::date_time(out, v),
            Ref::Binary(v) => text::binary(out, &v.0),
            Ref::Enum(_, v) => text::text(out, v),
            Ref::MoRef(v) => text::text(out, &v.id),
            Ref::Unset | Ref::Object(_) | Ref::List(_) => {}
        }
    }

    /// Begins a start tag: name, and the namespace if it is not the one in scope.
    fn open_start(&mut self, element: &str, space: Service) {
        self.out.push(b'<');
        self.out.extend_from_slice(element.as_bytes());
        if space != self.scope {
            self.attribute(b" xmlns=\"", space.namespace());
        }
    }

    /// Begins a start tag with `xsi:type`, enters its namespace and returns the outer one.
    fn open_typed(&mut self, element: &'static str, space: Service, name: TypeName) -> Service {
        self.open_start(element, space);
        let outer = std::mem::replace(&mut self.scope, space);
        let (service, array, name) = match name {
            TypeName::Xsd(name) => {
                self.attribute(b" xsi:type=\"xsd:", name);
                return outer;
            }
            TypeName::Named(service, name) => (service, &b""[..], name),
            TypeName::Array(service, name) => (service, &b"ArrayOf"[..], name),
        };
        if service == space {
            self.out.extend_from_slice(b" xsi:type=\"");
        } else {
            let prefix = names::prefix(service).as_bytes();
            for part in [b" xmlns:", prefix, b"=\"", service.namespace().as_bytes(), b"\" xsi:type=\"", prefix, b":"] {
                self.out.extend_from_slice(part);
            }
        }
        self.out.extend_from_slice(array);
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'"');
        outer
    }

    fn attribute(&mut self, start: &[u8], value: &str) {
        self.out.extend_from_slice(start);
        self.out.extend_from_slice(value.as_bytes());
        self.out.push(b'"');
    }

    fn close(&mut self, element: &str) {
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(element.as_bytes());
        self.out.push(b'>');
    }
}

impl<'a> Writer<'a> for Encoder<'a> {
    type Place = Place;

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }

    fn watch(&mut self) -> &mut Watch<'a, Place> {
        &mut self.watch
    }

    fn place_of_fields(&self, object: &dyn DataObject) -> Place {
        let space = object.descriptor().service;
        Place { element: "", space, declared: None, scope: self.scope, version: self.version }
    }

    fn own_fields(&mut self, object: &dyn DataObject, numbers: Range<usize>) {
        let ty = object.descriptor();
        for number in numbers {
            let field = &ty.fields[number];
            if field.since <= self.version && !self.watch.is_long {
                let value = object.get(number);
                if !value.is_unset() {
                    self.place(field.name, ty.service, field.kind, value);
                }
            }
        }
    }
}

/// Name in XML Schema of a value that is neither an object, a list nor a reference.
fn simple_name(value: Ref<'_>) -> &'static str {
    match value {
        Ref::Bool(_) => "boolean",
        Ref::Byte(_) => "byte",
        Ref::Short(_) => "short",
        Ref::Int(_) => "int",
        Ref::Long(_) => "long",
        Ref::Float(_) => "float",
        Ref::Double(_) => "double",
        Ref::Uri(_) => "anyURI",
        Ref::DateTime(_) => "dateTime",
        Ref::Binary(_) => "base64Binary",
        _ => "string",
    }
}

/// Writes an object as a document of its own: element `element` with its `xsi:type`.
pub fn encode_object(element: &str, object: &dyn DataObject, version: ApiVersion) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let ty = object.descriptor();
    let space = ty.service.namespace();
    for part in ["<", element, " xmlns=\"", space, "\" xmlns:xsd=\"", super::XSD, "\" xmlns:xsi=\"", super::XSI] {
        out.extend_from_slice(part.as_bytes());
    }
    for part in ["\" xsi:type=\"", ty.name, "\">"] {
        out.extend_from_slice(part.as_bytes());
    }
    Encoder::new(&mut out, version, ty.service).fields(object);
    for part in ["</", element, ">"] {
        out.extend_from_slice(part.as_bytes());
    }
    out
}
