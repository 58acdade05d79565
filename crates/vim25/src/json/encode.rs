//! Values to JSON text.

use std::{io::Write, ops::Range};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{FAULT_STRING, TYPE_NAME, VALUE, names, text};
use crate::{
    ApiVersion, DataObject, Field, Kind, List, MoRef, Ref,
    pieces::{
        level,
        repeats::{Watch, Writer},
    },
    types::LocalizedMethodFault,
};

/// Appends `value` as it stands in a place of kind `kind` (for a list: of its items), for a client of `version`.
///
/// Fields that are newer than `version` are left out, objects of a newer type appear as their nearest base that the
/// version has. With `any` the place is of type `anyType`: what is not an object or a reference is boxed with its type.
/// An unset value writes nothing.
pub fn encode(out: &mut Vec<u8>, kind: Kind, value: Ref<'_>, version: ApiVersion, any: bool) {
    Encoder::new(out, version).place(kind, value, any);
}

/// A data object as a document of its own.
pub fn to_vec(object: &dyn DataObject, version: ApiVersion) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out, version).object(object, None);
    out
}

/// Appends the body of a reply: what a method returned, or the value of a property; `place` is the descriptor of either.
/// Nothing at all is the body for `void` and for what is unset.
pub fn encode_result(out: &mut Vec<u8>, place: &Field, value: Ref<'_>, version: ApiVersion) {
    let mut encoder = Encoder::new(out, version);
    match value {
        Ref::List(list) if place.list => encoder.list(place.kind, list),
        _ => encoder.place(place.kind, value, false),
    }
}

pub(super) struct Encoder<'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) version: ApiVersion,
    pub(super) watch: Watch<'o, Place>,
}

/// What the text of an object depends on, beside the object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Place(ApiVersion);

impl<'o> Encoder<'o> {
    /// One that only writes.
    pub(super) fn new(out: &'o mut Vec<u8>, version: ApiVersion) -> Self {
        Encoder { out, version, watch: Watch::off() }
    }

    pub(super) fn place(&mut self, kind: Kind, value: Ref<'_>, any: bool) {
        match value {
            Ref::List(list) => match list.item_kind() {
                Some(item) if any || kind == Kind::Any => self.boxed_list(item, list),
                None if any => self.boxed_list(kind, list),
                _ => self.list(kind, list),
            },
            _ if any || kind == Kind::Any => self.boxed(value),
            _ => self.plain(kind, value),
        }
    }

    /// A value whose type the place tells.
    fn plain(&mut self, kind: Kind, value: Ref<'_>) {
        match value {
            Ref::Unset => {}
            Ref::Bool(v) => self.raw(if v { "true" } else { "false" }),
            Ref::Byte(v) => text::push_integer(self.out, v),
            Ref::Short(v) => text::push_integer(self.out, v),
            Ref::Int(v) => text::push_integer(self.out, v),
            Ref::Long(v) => text::push_integer(self.out, v),
            Ref::Float(v) => text::push_float(self.out, v),
            Ref::Double(v) => text::push_float(self.out, v),
            Ref::Str(v) | Ref::Uri(v) => text::push_string(self.out, v),
            Ref::Enum(_, v) => text::push_string(self.out, v),
            Ref::DateTime(v) => write!(self.out, "\"{v}\"").expect("memory takes every write"),
            Ref::Binary(v) => self.binary(&v.0),
            Ref::MoRef(v) => self.reference(v),
            Ref::Object(v) => self.repeat(v, Place(self.version), |this| this.value_object(&**v)),
            Ref::List(v) => self.list(kind, v),
        }
    }

    /// A value that names its own type.
    fn boxed(&mut self, value: Ref<'_>) {
        let name = match value {
            Ref::Bool(_) => Kind::Bool.wire_name(),
            Ref::Byte(_) => Kind::Byte.wire_name(),
            Ref::Short(_) => Kind::Short.wire_name(),
            Ref::Int(_) => Kind::Int.wire_name(),
            Ref::Long(_) => Kind::Long.wire_name(),
            Ref::Float(_) => Kind::Float.wire_name(),
            Ref::Double(_) => Kind::Double.wire_name(),
            Ref::Str(_) => Kind::Str.wire_name(),
            Ref::Uri(_) => Kind::Uri.wire_name(),
            Ref::DateTime(_) => Kind::DateTime.wire_name(),
            Ref::Binary(_) => Kind::Binary.wire_name(),
            Ref::Enum(ty, _) => ty.name,
            Ref::Unset | Ref::MoRef(_) | Ref::Object(_) | Ref::List(_) => return self.plain(Kind::Any, value),
        };
        self.open(name);
        self.key(VALUE);
        self.plain(Kind::Any, value);
        self.out.push(b'}');
    }

    fn boxed_list(&mut self, item: Kind, list: &dyn List) {
        self.open_array(item);
        self.key(VALUE);
        self.list(item, list);
        self.out.push(b'}');
    }

    pub(super) fn list(&mut self, item: Kind, list: &dyn List) {
        if self.watch.is_too_long(list.len()) {
            return;
        }
        self.out.push(b'[');
        self.deeper(|this| {
            for index in 0..list.len() {
                if index > 0 {
                    this.out.push(b',');
                }
                this.place(item, list.at(index), false);
            }
        });
        self.out.push(b']');
    }

    /// An object inside another: a wrapped fault loses its wrapper.
    fn value_object(&mut self, object: &dyn DataObject) {
        match crate::cast::<LocalizedMethodFault>(object) {
            Some(wrapper) => self.object(&**wrapper.fault.shared(), wrapper.localized_message.as_deref()),
            None => self.object(object, None),
        }
    }

    pub(super) fn object(&mut self, object: &dyn DataObject, fault_string: Option<&str>) {
        let shown = level(object, self.known_level(object));
        self.open(shown.descriptor().name);
        self.deeper(|this| this.all_fields(shown));
        if let Some(message) = fault_string {
            self.key(FAULT_STRING);
            text::push_string(self.out, message);
        }
        self.out.push(b'}');
    }

    /// How many levels above the object its nearest base is that the client's version has; the outermost if it has none.
    pub(super) fn known_level(&self, object: &dyn DataObject) -> usize {
        let mut lineage = object.descriptor().lineage();
        lineage.position(|ty| ty.since <= self.version || ty.base.is_none()).unwrap_or(0)
    }

    fn reference(&mut self, reference: &MoRef) {
        self.raw("{\"_typeName\":\"ManagedObjectReference\",\"type\":");
        text::push_string(self.out, &reference.kind);
        self.raw(",\"value\":");
        text::push_string(self.out, &reference.id);
        self.out.push(b'}');
    }

    fn binary(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        self.raw(&STANDARD.encode(bytes));
        self.out.push(b'"');
    }

    /// Begins an object with the name of its type, which needs no escapes.
    pub(super) fn open(&mut self, name: &str) {
        self.open_with(|out| out.extend_from_slice(name.as_bytes()));
    }

    /// Begins a boxed list.
    pub(super) fn open_array(&mut self, item: Kind) {
        self.open_with(|out| names::push_array_name(out, item));
    }

    fn open_with(&mut self, push_name: impl FnOnce(&mut Vec<u8>)) {
        self.out.extend_from_slice(b"{\"");
        self.raw(TYPE_NAME);
        self.raw("\":\"");
        push_name(self.out);
        self.out.push(b'"');
    }

    /// The name of a member behind another, which needs no escapes.
    pub(super) fn key(&mut self, name: &str) {
        self.out.reserve(name.len() + 4);
        self.out.extend_from_slice(b",\"");
        self.raw(name);
        self.out.extend_from_slice(b"\":");
    }

    pub(super) fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

impl<'o> Writer<'o> for Encoder<'o> {
    type Place = Place;

    fn out(&mut self) -> &mut Vec<u8> {
        self.out
    }

    fn watch(&mut self) -> &mut Watch<'o, Place> {
        &mut self.watch
    }

    fn place_of_fields(&self, _: &dyn DataObject) -> Place {
        Place(self.version)
    }

    fn own_fields(&mut self, object: &dyn DataObject, numbers: Range<usize>) {
        let fields = object.descriptor().fields;
        for number in numbers {
            let field = &fields[number];
            let value = object.get(number);
            if !value.is_unset() && field.since <= self.version && !self.watch.is_long {
                self.key(field.name);
                self.place(field.kind, value, false);
            }
        }
    }
}
