//! XML elements to values.

use std::sync::Arc;

use super::{
    cursor::{Cursor, Tag, quote},
    input,
    layout::{Found, Layout},
    names, scalar,
};
use crate::{Any, AnyList, Api, DataObject, DecodeError, Kind, Limits, MoRef, Problem, Shared, Str, Type};

/// Reads values from a cursor.
pub(super) struct Decoder<'a> {
    pub cursor: Cursor<'a>,
    limits: Limits,
    objects: usize,
}

impl<'a> Decoder<'a> {
    pub fn new(text: &'a str, limits: Limits) -> Decoder<'a> {
        Decoder { cursor: Cursor::new(text, limits.depth), limits, objects: 0 }
    }

    /// The value of the element that begins with `tag`, in a place that declares `kind`; none if it is nil.
    pub fn value(&mut self, tag: &Tag<'a>, kind: Kind) -> Result<Option<Any>, DecodeError> {
        if tag.nil {
            self.cursor.skip()?;
            return Ok(None);
        }
        Ok(Some(match kind {
            Kind::Object(declared) => {
                let ty = self.object_type(tag, declared)?;
                Any::Object(self.object(ty)?)
            }
            Kind::Any => return self.any(tag),
            simple => {
                if tag.xsi_type.is_some() {
                    self.check_simple(tag, simple)?;
                }
                self.simple(tag, simple)?
            }
        }))
    }

    /// The fields of an object of type `ty`, up to the end of the element whose start was read last.
    pub fn object(&mut self, ty: &'static Type) -> Result<Shared, DecodeError> {
        self.objects += 1;
        if self.objects > self.limits.objects {
            return Err(Problem::TooManyObjects { limit: self.limits.objects }.into());
        }
        let mut shared = (ty.new)();
        let object = Arc::get_mut(&mut shared).expect("a new object has one owner");
        let mut layout = Layout::new(ty);
        while let Some(tag) = self.cursor.child()? {
            match layout.find(tag.name) {
                Some(found) => self.field(object, &mut layout, found, &tag)?,
                None if self.limits.skip_unknown || (ty.api == Api::Arguments && tag.name == "_this") => {
                    self.cursor.skip()?;
                }
                None => return Err(Problem::UnknownField { owner: ty.name, field: quoted_name(&tag) }.into()),
            }
        }
        match layout.missing() {
            Some(field) => Err(Problem::Missing { owner: ty.name, field: field.name }.into()),
            None => Ok(shared),
        }
    }

    fn field(
        &mut self,
        object: &mut dyn DataObject,
        layout: &mut Layout,
        found: Found,
        tag: &Tag<'a>,
    ) -> Result<(), DecodeError> {
        let field = found.field;
        if found.repeated && !field.list {
            return Err(Problem::Duplicate { field: field.name.into() }.into());
        }
        let value = self.value(tag, field.kind);
        let slot = found.slot(object);
        let assigned = match value {
            Ok(None) => return Ok(()),
            Ok(Some(value)) if field.list => slot.list_mut().expect("a list's slot").push(value),
            Ok(Some(value)) => slot.assign(value),
            Err(error) if field.list => {
                let index = slot.list_mut().map_or(0, |list| list.len());
                return Err(error.in_item(index).in_field(field.name));
            }
            Err(error) => return Err(error.in_field(field.name)),
        };
        layout.mark(&found);
        // The value was read as what the descriptor says, so this is for a descriptor that lies.
        assigned.map_err(|value| ill_typed(field.kind, format!("{value:?}")).in_field(field.name))
    }

    fn any(&mut self, tag: &Tag<'a>) -> Result<Option<Any>, DecodeError> {
        let Some(name) = &tag.xsi_type else {
            return Ok(Some(self.simple(tag, Kind::Str)?));
        };
        let Some((kind, list)) = self.resolve(name)? else {
            if self.limits.skip_unknown {
                self.cursor.skip()?;
                return Ok(None);
            }
            return Err(unknown_type(name));
        };
        if list {
            return self.list(kind).map(|list| Some(Any::List(list)));
        }
        Ok(Some(match kind {
            Kind::Object(ty) => Any::Object(self.object(ty)?),
            Kind::Any => self.simple(tag, Kind::Str)?,
            simple => self.simple(tag, simple)?,
        }))
    }

    fn list(&mut self, item: Kind) -> Result<AnyList, DecodeError> {
        let mut items = Vec::new();
        while let Some(tag) = self.cursor.child()? {
            let value = self.value(&tag, item).map_err(|e| e.in_item(items.len()))?;
            items.extend(value);
        }
        Ok(AnyList { item, items })
    }

    /// A value that is neither an object nor of run-time type.
    fn simple(&mut self, tag: &Tag<'a>, kind: Kind) -> Result<Any, DecodeError> {
        let text = self.cursor.text(kind.wire_name())?;
        if let Kind::MoRef(_) = kind {
            return reference(tag, &text).map(Any::MoRef);
        }
        Ok(scalar::parse(kind, &text)?)
    }

    /// The type of an object in a place that declares `declared`.
    fn object_type(&self, tag: &Tag<'_>, declared: &'static Type) -> Result<&'static Type, DecodeError> {
        let Some(name) = &tag.xsi_type else { return Ok(declared) };
        match self.resolve(name)? {
            Some((Kind::Object(ty), false)) if ty.is_a(declared) => Ok(ty),
            Some(_) => Err(ill_typed(Kind::Object(declared), quote(name))),
            None if self.limits.skip_unknown => Ok(declared),
            None => Err(unknown_type(name)),
        }
    }

    /// Refuses an object or a list in the place of a simple value; of the simple types the declared one is believed.
    fn check_simple(&self, tag: &Tag<'_>, kind: Kind) -> Result<(), DecodeError> {
        let Some(name) = &tag.xsi_type else { return Ok(()) };
        match self.resolve(name)? {
            Some((Kind::Object(_), _) | (_, true)) => Err(ill_typed(kind, quote(name))),
            Some(_) => Ok(()),
            None if self.limits.skip_unknown => Ok(()),
            None => Err(unknown_type(name)),
        }
    }

    pub fn resolve(&self, qualified: &str) -> Result<Option<(Kind, bool)>, DecodeError> {
        let (namespace, name) = self.cursor.resolve(qualified)?;
        Ok(names::resolve(name, namespace == super::XSD))
    }
}

/// A reference from its text and the attribute `type`.
pub(super) fn reference(tag: &Tag<'_>, text: &str) -> Result<MoRef, DecodeError> {
    let Some(kind) = &tag.type_attribute else {
        return Err(Problem::Missing { owner: "ManagedObjectReference", field: "type" }.into());
    };
    // Some clients qualify the type's name.
    let kind = kind.rsplit(':').next().unwrap_or(kind);
    Ok(MoRef::new(Str::new(kind), Str::new(text.trim_ascii())))
}

fn quoted_name(tag: &Tag<'_>) -> String {
    tag.name.chars().take(60).collect()
}

fn unknown_type(name: &str) -> DecodeError {
    Problem::UnknownType { name: name.chars().take(120).collect() }.into()
}

fn ill_typed(kind: Kind, found: String) -> DecodeError {
    Problem::IllTyped { expected: kind.wire_name().into(), found }.into()
}

/// Reads an object that is a document of its own, of type `declared` or the subtype that its `xsi:type` names.
pub fn decode_object(document: &[u8], declared: &'static Type, limits: Limits) -> Result<Shared, DecodeError> {
    let text = input::decode(document)?;
    let mut decoder = Decoder::new(&text, limits);
    let tag = decoder.cursor.root()?;
    let ty = decoder.object_type(&tag, declared)?;
    let object = decoder.object(ty)?;
    decoder.cursor.finish()?;
    Ok(object)
}
