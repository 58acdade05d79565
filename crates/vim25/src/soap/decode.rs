//! XML elements to values.

use std::sync::Arc;

use super::{
    cursor::{Cursor, quote},
    fail::{Placed, Result},
    input,
    layout::{Found, Layout},
    names, scalar,
};
use crate::{Any, AnyList, Api, DataObject, DecodeError, Kind, Limits, MoRef, Problem, Shared, Str, Type};

/// Reads values from a cursor.
#[derive(Debug)]
pub(super) struct Decoder<'a> {
    pub cursor: Cursor<'a>,
    limits: Limits,
    objects: usize,
}

impl<'a> Decoder<'a> {
    pub fn new(cursor: Cursor<'a>, limits: Limits) -> Decoder<'a> {
        Decoder { cursor, limits, objects: 0 }
    }

    /// The value of the element that was entered last, in a place that declares `kind`; none if it is nil.
    pub fn value(&mut self, kind: Kind) -> Result<Option<Any>> {
        if self.cursor.tag.nil {
            self.cursor.skip()?;
            return Ok(None);
        }
        Ok(Some(match kind {
            Kind::Object(declared) => {
                let ty = self.object_type(declared)?;
                Any::Object(self.object(ty)?)
            }
            Kind::Any => return self.any(),
            simple => {
                if self.cursor.tag.xsi_type.is_some() {
                    self.check_simple(simple)?;
                }
                self.simple(simple)?
            }
        }))
    }

    /// The fields of an object of type `ty`, up to the end of the element whose start was read last.
    pub fn object(&mut self, ty: &'static Type) -> Result<Shared> {
        self.objects += 1;
        if self.objects > self.limits.objects {
            return Err(Problem::TooManyObjects { limit: self.limits.objects }.into());
        }
        let mut shared = (ty.new)();
        let object = Arc::get_mut(&mut shared).expect("a new object has one owner");
        let mut layout = Layout::new(ty);
        while let Some(name) = self.cursor.child()? {
            match layout.find(name) {
                Some(found) => self.field(object, &mut layout, found)?,
                None if self.limits.skip_unknown || (ty.api == Api::Arguments && name == "_this") => {
                    self.cursor.skip()?;
                }
                None => {
                    return Err(Problem::UnknownField { owner: ty.name, field: name.chars().take(60).collect() }.into());
                }
            }
        }
        match layout.missing() {
            Some(field) if !self.limits.skip_missing => {
                Err(Problem::Missing { owner: ty.name, field: field.name }.into())
            }
            _ => Ok(shared),
        }
    }

    fn field(&mut self, object: &mut dyn DataObject, layout: &mut Layout, found: Found) -> Result<()> {
        let field = found.field;
        if found.repeated && !field.list {
            return Err(Problem::Duplicate { field: field.name.into() }.into());
        }
        let value = self.value(field.kind);
        let slot = found.slot(object);
        let assigned = if field.list {
            let list = slot.list_mut().expect("a field that is a list has one");
            match value.in_item(list.len()).in_field(field.name)? {
                Some(value) => list.push(value),
                None => return Ok(()),
            }
        } else {
            match value.in_field(field.name)? {
                Some(value) => slot.assign(value),
                None => return Ok(()),
            }
        };
        layout.mark(&found);
        // The value was read as what the descriptor says, so this is for a descriptor that lies.
        assigned.map_err(|_| ill_typed(field.kind, "something else".into())).in_field(field.name)
    }

    fn any(&mut self) -> Result<Option<Any>> {
        let Some(name) = self.cursor.tag.xsi_type else {
            return Ok(Some(self.simple(Kind::Str)?));
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
            Kind::Any => self.simple(Kind::Str)?,
            simple => self.simple(simple)?,
        }))
    }

    fn list(&mut self, item: Kind) -> Result<AnyList> {
        let mut items = Vec::new();
        while self.cursor.child()?.is_some() {
            let value = self.value(item).in_item(items.len())?;
            items.extend(value);
        }
        Ok(AnyList { item, items })
    }

    /// A value that is neither an object nor of run-time type.
    fn simple(&mut self, kind: Kind) -> Result<Any> {
        let text = self.cursor.text(kind.wire_name())?;
        if let Kind::MoRef(_) = kind {
            return reference(&self.cursor, &text).map(Any::MoRef);
        }
        scalar::parse(kind, &text)
    }

    /// The type of an object in a place that declares `declared`.
    fn object_type(&self, declared: &'static Type) -> Result<&'static Type> {
        let Some(name) = self.cursor.tag.xsi_type else { return Ok(declared) };
        match self.resolve(name)? {
            Some((Kind::Object(ty), false)) if ty.is_a(declared) => Ok(ty),
            Some(_) => Err(ill_typed(Kind::Object(declared), quote(name))),
            None if self.limits.skip_unknown => Ok(declared),
            None => Err(unknown_type(name)),
        }
    }

    /// Refuses an object or a list in the place of a simple value; of the simple types the declared one is believed.
    fn check_simple(&self, kind: Kind) -> Result<()> {
        let Some(name) = self.cursor.tag.xsi_type else { return Ok(()) };
        match self.resolve(name)? {
            Some((Kind::Object(_), _) | (_, true)) => Err(ill_typed(kind, quote(name))),
            Some(_) => Ok(()),
            None if self.limits.skip_unknown => Ok(()),
            None => Err(unknown_type(name)),
        }
    }

    /// What an `xsi:type` names: a kind, and whether it is a list of that kind.
    pub fn resolve(&self, qualified: &'a str) -> Result<Option<(Kind, bool)>> {
        let (namespace, name) = self.cursor.resolve(qualified)?;
        Ok(names::resolve(&name, namespace == super::XSD))
    }
}

/// A reference from its text and the attribute `type` of the element that was entered last.
pub(super) fn reference(cursor: &Cursor<'_>, text: &str) -> Result<MoRef> {
    let Some(kind) = cursor.tag.type_attribute else {
        return Err(Problem::Missing { owner: "ManagedObjectReference", field: "type" }.into());
    };
    let kind = cursor.attribute(kind)?;
    // Some clients qualify the type's name.
    let kind = kind.rsplit(':').next().unwrap_or(&kind);
    Ok(MoRef::new(Str::new(kind), Str::new(text.trim_ascii())))
}

fn unknown_type(name: &str) -> Box<DecodeError> {
    Problem::UnknownType { name: name.chars().take(120).collect() }.into()
}

fn ill_typed(kind: Kind, found: String) -> Box<DecodeError> {
    Problem::IllTyped { expected: kind.wire_name().into(), found }.into()
}

/// Reads an object that is a document of its own, of type `declared` or the subtype that its `xsi:type` names.
pub fn decode_object(
    document: &[u8],
    declared: &'static Type,
    limits: Limits,
) -> std::result::Result<Shared, DecodeError> {
    let text = input::decode(document)?;
    let mut decoder = Decoder::new(Cursor::new(&text, limits.depth), limits);
    decoder.cursor.root()?;
    let ty = decoder.object_type(declared)?;
    let object = decoder.object(ty)?;
    decoder.cursor.finish()?;
    Ok(object)
}
