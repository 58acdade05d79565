//! Property paths: `name`, `config.hardware.numCPU`, `config.hardware.device[4000].backing`, `info["key"].value`.

use std::fmt;

use crate::{Any, ApiVersion, DataObject, Field, Kind, List, Ref, Shared, Slot, Str, Type, all_types};

/// A parsed property path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

/// One step of a path: into a field, then (optionally) to an item of the list that it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Wire name of the field.
    pub field: Str,
    /// Key of an item.
    pub key: Option<Key>,
}

/// The key of an item in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// `[4000]`
    Int(i64),
    /// `["text"]`
    Text(Str),
}

/// Why a path could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The text is not a path.
    #[error("{0:?} is not a property path")]
    Malformed(Str),
    /// The type has no such property.
    #[error("{type_name} has no property {path:?}")]
    Unknown {
        /// Wire name of the type in which the path broke.
        type_name: Str,
        /// The whole path.
        path: Str,
    },
    /// The value does not fit the place.
    #[error("the value does not fit {0:?}")]
    Mismatch(Str),
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Int(number) => write!(f, "[{number}]"),
            Key::Text(text) => write!(f, "[\"{}\"]", text.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, step) in self.steps.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            f.write_str(&step.field)?;
            if let Some(key) = &step.key {
                key.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl Path {
    /// Reads a path.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let malformed = || PathError::Malformed(text.into());
        let mut steps = Vec::new();
        let mut rest = text;
        loop {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (field, after) = rest.split_at(end);
            if field.is_empty() || !field.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                return Err(malformed());
            }
            let (key, after) = match after.strip_prefix('[') {
                Some(inside) => parse_key(inside).map(|(k, a)| (Some(k), a)).ok_or_else(malformed)?,
                None => (None, after),
            };
            steps.push(Step { field: field.into(), key });
            match after.strip_prefix('.') {
                Some(next) => rest = next,
                None if after.is_empty() => return Ok(Path { steps }),
                None => return Err(malformed()),
            }
        }
    }

    /// The steps; there is at least one.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The path to one field.
    pub fn field(name: &str) -> Path {
        Path { steps: vec![Step { field: name.into(), key: None }] }
    }

    /// Whether what `other` names lies within what `self` names (or is the same).
    pub fn holds(&self, other: &Path) -> bool {
        let Some((last, before)) = self.steps.split_last() else { return false };
        let Some(theirs) = other.steps.get(before.len()) else { return false };
        other.steps.starts_with(before) && last.field == theirs.field && (last.key == theirs.key || last.key.is_none())
    }

    /// The version of the API in which every step of the path exists, for a value of type `start`.
    pub fn since(&self, start: &'static Type) -> ApiVersion {
        let mut since = start.since;
        let mut at = vec![start];
        for step in &self.steps {
            let fields = fields_named(&at, &step.field);
            since = since.max(fields.iter().map(|f| f.since).min().unwrap_or(since));
            at = objects_in(&fields);
        }
        since
    }

    /// Whether a value of type `start` can have this property: its own or a subtype's declaration at every step.
    pub fn check(&self, start: &'static Type) -> Result<(), PathError> {
        let mut at = vec![start];
        for (i, step) in self.steps.iter().enumerate() {
            let fields = fields_named(&at, &step.field);
            let last = i + 1 == self.steps.len();
            let fits = |f: &&Field| match &step.key {
                Some(_) => f.list,
                None => last || !f.list,
            };
            if !fields.iter().any(fits) {
                return Err(self.unknown(at.first().unwrap_or(&start)));
            }
            if fields.iter().any(|f| matches!(f.kind, Kind::Any)) {
                return Ok(());
            }
            at = objects_in(&fields);
        }
        Ok(())
    }

    fn unknown(&self, at: &Type) -> PathError {
        PathError::Unknown { type_name: at.name.into(), path: self.to_string().into() }
    }

    /// Reads the property; none where something on the way is unset or has no such item.
    pub fn read(&self, object: &dyn DataObject) -> Result<Option<Any>, PathError> {
        let mut holder: Option<Shared> = None;
        for (i, step) in self.steps.iter().enumerate() {
            let at: &dyn DataObject = holder.as_deref().unwrap_or(object);
            let Some((_, _, field)) = at.descriptor().field(&step.field) else {
                // A sibling subtype may have it: then this object has no value there.
                return if holder.is_some() { Ok(None) } else { Err(self.unknown(at.descriptor())) };
            };
            let whole = at.field(&step.field).unwrap_or(Ref::Unset);
            let found = match (&step.key, whole) {
                (None, value) => value,
                (Some(key), Ref::List(list)) => match position(list, key) {
                    Some(index) => list.at(index),
                    None => return Ok(None),
                },
                (Some(_), Ref::Unset) => return Ok(None),
                (Some(_), _) => return Err(self.unknown(at.descriptor())),
            };
            if i + 1 == self.steps.len() {
                return Ok(found.to_any(field.kind));
            }
            let next = match found {
                Ref::Object(next) => next.clone(),
                Ref::Unset => return Ok(None),
                _ => return Err(self.unknown(at.descriptor())),
            };
            holder = Some(next);
        }
        Ok(None)
    }

    /// Calls `change` with the slot that the path names, copying shared objects on the way. A key in the last step is
    /// not followed: the slot is then that of the list.
    pub(crate) fn with_slot<R>(
        &self,
        object: &mut dyn DataObject,
        change: impl FnOnce(&mut dyn Slot) -> Result<R, PathError>,
    ) -> Result<R, PathError> {
        walk(object, &self.steps, self, change)
    }
}

fn walk<R>(
    object: &mut dyn DataObject,
    steps: &[Step],
    path: &Path,
    change: impl FnOnce(&mut dyn Slot) -> Result<R, PathError>,
) -> Result<R, PathError> {
    let descriptor = object.descriptor();
    let (step, rest) = steps.split_first().expect("a path has a step");
    let slot = object.field_mut(&step.field).ok_or_else(|| path.unknown(descriptor))?;
    if rest.is_empty() {
        return change(slot);
    }
    let inner = match &step.key {
        None => slot.object_mut(),
        Some(key) => {
            let list = slot.list_mut().ok_or_else(|| path.unknown(descriptor))?;
            let index = position_mut(list, key).ok_or_else(|| path.unknown(descriptor))?;
            list.at_mut(index).and_then(|item| item.object_mut())
        }
    };
    walk(inner.ok_or_else(|| path.unknown(descriptor))?, rest, path, change)
}

fn parse_key(inside: &str) -> Option<(Key, &str)> {
    let Some(quoted) = inside.strip_prefix('"') else {
        let (number, after) = inside.split_once(']')?;
        return Some((Key::Int(number.parse().ok()?), after));
    };
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => text.push(chars.next()?.1),
            '"' => return Some((Key::Text(text.into()), quoted[at + 1..].strip_prefix(']')?)),
            _ => text.push(c),
        }
    }
    None
}

/// The fields of this name that values of the given types can have: declared by the types, else by their subtypes.
fn fields_named(types: &[&'static Type], name: &str) -> Vec<&'static Field> {
    let own: Vec<_> = types.iter().filter_map(|t| t.field(name)).map(|(_, _, f)| f).collect();
    if !own.is_empty() {
        return own;
    }
    let is_subtype = |t: &&'static Type| types.iter().any(|base| t.is_a(base));
    let subtypes = all_types().iter().copied().filter(is_subtype);
    subtypes.filter_map(|t| t.fields.iter().find(|f| f.name == name)).collect()
}

fn objects_in(fields: &[&'static Field]) -> Vec<&'static Type> {
    let kinds = fields.iter().filter_map(|f| match f.kind {
        Kind::Object(inner) => Some(inner),
        _ => None,
    });
    kinds.collect()
}

/// The key of an item: the `key` of a data object, the id of a reference, or the item itself.
pub fn key_of(item: Ref<'_>) -> Option<Key> {
    match item {
        Ref::Object(object) => match object.field("key")? {
            Ref::Int(key) => Some(Key::Int(key.into())),
            Ref::Long(key) => Some(Key::Int(key)),
            Ref::Str(key) => Some(Key::Text(key.clone())),
            _ => None,
        },
        Ref::MoRef(moref) => Some(Key::Text(moref.id.clone())),
        Ref::Str(text) => Some(Key::Text(text.clone())),
        Ref::Int(number) => Some(Key::Int(number.into())),
        _ => None,
    }
}

/// Where the item with this key stands.
pub fn position(list: &dyn List, key: &Key) -> Option<usize> {
    (0..list.len()).find(|&i| key_of(list.at(i)).as_ref() == Some(key))
}

pub(crate) fn position_mut(list: &mut dyn crate::ListMut, key: &Key) -> Option<usize> {
    position(list.as_list(), key)
}
