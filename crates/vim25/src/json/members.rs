//! The members of an object, once its `_typeName` is known: those that stood before it are replayed.

use std::{borrow::Cow, vec};

use serde::de::{
    DeserializeSeed, MapAccess,
    value::{BorrowedStrDeserializer, CowStrDeserializer},
};
use serde_json::value::RawValue;

use super::{TYPE_NAME, context::Context, decode::Text};

type Kept<'de> = (Cow<'de, str>, &'de RawValue);

pub(super) struct Members<'c, 'de, A> {
    /// The name of the object's type, if it has that member.
    pub(super) type_name: Option<Cow<'de, str>>,
    context: &'c Context,
    kept: vec::IntoIter<Kept<'de>>,
    value: Option<&'de RawValue>,
    rest: A,
}

/// Reads as far as `_typeName`, in nearly every document the first member.
pub(super) fn open<'c, 'de, A: MapAccess<'de>>(
    context: &'c Context,
    mut map: A,
) -> Result<Members<'c, 'de, A>, A::Error> {
    let mut kept: Vec<Kept<'de>> = Vec::new();
    let mut type_name = None;
    while let Some(key) = map.next_key_seed(Text)? {
        if key == TYPE_NAME {
            type_name = Some(map.next_value_seed(Text)?);
            break;
        }
        kept.push((key, map.next_value()?));
    }
    Ok(Members { type_name, context, kept: kept.into_iter(), value: None, rest: map })
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let Some((key, value)) = self.kept.next() else { return self.rest.next_key_seed(seed) };
        self.value = Some(value);
        match key {
            Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
            Cow::Owned(key) => seed.deserialize(CowStrDeserializer::new(Cow::Owned(key))),
        }
        .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        let Some(value) = self.value.take() else { return self.rest.next_value_seed(seed) };
        let value = seed.deserialize(&mut serde_json::Deserializer::from_str(value.get()));
        value.map_err(|error| self.context.carry(&error))
    }
}
