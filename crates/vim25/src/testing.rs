//! Random values of any type, for tests of everything that is driven by descriptors.
//!
//! The same seed gives the same value. Floats are never NaN with a payload, so values can be compared with [`equal`]. What
//! a wire format cannot carry is left out by [`Shape`].

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use crate::{
    Any, AnyList, Binary, DataObject, DateTime, Field, Kind, MoRef, Shared, Slot, Str, Type, all_enums, all_managed,
    all_types,
};

/// What may occur in a random value.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How many data objects it holds at most, required ones apart.
    pub size: usize,
    /// Characters that XML 1.0 cannot carry.
    pub control_characters: bool,
    /// Optional lists that are set but empty, which XML cannot tell from unset ones.
    pub empty_optional_lists: bool,
}

impl Shape {
    /// What survives a round trip through XML.
    pub const XML: Shape = Shape { size: 40, control_characters: false, empty_optional_lists: false };
    /// Everything.
    pub const FULL: Shape = Shape { size: 40, control_characters: true, empty_optional_lists: true };
}

/// A random object of type `ty` itself (fields may hold subtypes of what they declare).
pub fn arbitrary_object(ty: &'static Type, seed: u64, shape: Shape) -> Shared {
    Generator::new(seed, shape).object(ty)
}

/// A source of random values; the same seed gives the same values.
#[derive(Debug)]
pub struct Generator {
    state: u64,
    shape: Shape,
    left: usize,
    depth: usize,
}

/// Objects nest at most this deep.
const DEPTH: usize = 8;

/// The types that may stand where the named one is asked for.
type Subtypes = HashMap<&'static str, Vec<&'static Type>>;

static DATA: LazyLock<Subtypes> = LazyLock::new(|| subtypes(all_types()));
static MANAGED: LazyLock<Subtypes> = LazyLock::new(|| subtypes(all_managed()));

fn subtypes(types: &[&'static Type]) -> Subtypes {
    let mut map = Subtypes::new();
    for ty in types {
        for base in ty.lineage() {
            map.entry(base.name).or_default().push(ty);
        }
    }
    map
}

/// Pieces of text that codecs get wrong.
const PIECES: &[&str] = &[
    "a",
    "vm-1",
    "DC0_H0_VM0",
    " ",
    "  ",
    "\n",
    "\t",
    "\r",
    "\r\n",
    "<",
    ">",
    "&",
    "&amp;",
    "]]>",
    "<![CDATA[",
    "\"",
    "'",
    "/",
    "\\",
    "\\u0000",
    "é",
    "日本",
    "🦀",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "\u{10ffff}",
    "\u{7f}",
    "%2f",
    "{}",
    "[]",
    "null",
    "true",
    "0",
    "-1",
    "1e9",
    "NaN",
    "<!--",
    "-->",
    "<?x?>",
    "_typeName",
    "xsi:type",
];
const CONTROLS: &[&str] = &["\u{0}", "\u{1}", "\u{b}", "\u{1f}", "\u{fffe}", "\u{ffff}"];

impl Generator {
    /// A generator.
    pub fn new(seed: u64, shape: Shape) -> Generator {
        Generator { state: seed, shape, left: shape.size, depth: 0 }
    }

    /// A random number.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A random number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.number() % bound as u64) as usize
    }

    /// One of `choices`, which are not empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A random object of type `ty` itself.
    pub fn object(&mut self, ty: &'static Type) -> Shared {
        let mut shared = (ty.new)();
        self.left = self.left.saturating_sub(1);
        self.depth += 1;
        self.fill(Arc::get_mut(&mut shared).expect("a new object has one owner"));
        self.depth -= 1;
        shared
    }

    /// A random object of type `ty` or a subtype.
    pub fn subtype(&mut self, ty: &'static Type) -> Shared {
        let choices = &DATA[ty.name];
        let chosen = self.pick(choices);
        self.object(chosen)
    }

    fn fill(&mut self, object: &mut dyn DataObject) {
        if let Some(base) = object.base_mut() {
            self.fill(base);
        }
        for (index, field) in object.descriptor().fields.iter().enumerate() {
            let slot = object.slot(index).expect("every field has a slot");
            self.fill_slot(field, slot);
        }
    }

    fn fill_slot(&mut self, field: &Field, slot: &mut dyn Slot) {
        if field.optional && self.below(3) > 0 {
            return;
        }
        let value = if field.list { self.list(field) } else { self.value(field.kind) };
        if let Some(value) = value {
            slot.assign(value).unwrap_or_else(|v| panic!("{} does not take {v:?}", field.name));
        }
    }

    fn list(&mut self, field: &Field) -> Option<Any> {
        let count = self.below(4);
        let items: Vec<Any> = (0..count).filter_map(|_| self.value(field.kind)).collect();
        if items.is_empty() && field.optional && !self.shape.empty_optional_lists {
            return None;
        }
        Some(Any::List(AnyList { item: field.kind, items }))
    }

    /// A value of a kind; none where objects have been used up.
    pub fn value(&mut self, kind: Kind) -> Option<Any> {
        Some(match kind {
            Kind::Void => return None,
            Kind::Bool => Any::Bool(self.number() & 1 == 0),
            Kind::Byte => Any::Byte(self.number() as i8),
            Kind::Short => Any::Short(self.number() as i16),
            Kind::Int => Any::Int(self.integer() as i32),
            Kind::Long => Any::Long(self.integer()),
            Kind::Float => Any::Float(self.float()),
            Kind::Double => Any::Double(self.double()),
            Kind::Str => Any::Str(self.text()),
            Kind::Uri => Any::Uri(self.text()),
            Kind::DateTime => Any::DateTime(self.date_time()),
            Kind::Binary => Any::Binary(self.binary()),
            Kind::Any => return self.any(),
            Kind::MoRef(target) => Any::MoRef(self.moref(target)),
            Kind::Enum(ty) => Any::Enum(ty, if self.below(4) == 0 { self.text() } else { self.pick(ty.values).into() }),
            Kind::Object(_) if self.left == 0 || self.depth >= DEPTH => return None,
            Kind::Object(ty) => Any::Object(self.subtype(ty)),
        })
    }

    /// A value for a place of type `anyType`.
    pub fn any(&mut self) -> Option<Any> {
        let kind = self.any_kind();
        if self.below(4) > 0 {
            return self.value(kind);
        }
        let count = self.below(4);
        self.depth += 1;
        let items = if self.depth < DEPTH { (0..count).filter_map(|_| self.value(kind)).collect() } else { Vec::new() };
        self.depth -= 1;
        Some(Any::List(AnyList { item: kind, items }))
    }

    fn any_kind(&mut self) -> Kind {
        match self.below(16) {
            0 => Kind::Bool,
            1 => Kind::Byte,
            2 => Kind::Short,
            3 => Kind::Int,
            4 => Kind::Long,
            5 => Kind::Float,
            6 => Kind::Double,
            7 => Kind::Str,
            8 => Kind::Uri,
            9 => Kind::DateTime,
            10 => Kind::Binary,
            11 => Kind::MoRef("ManagedObject"),
            12 => Kind::Enum(self.pick(all_enums())),
            13 => Kind::Any,
            _ => Kind::Object(self.pick(all_types())),
        }
    }

    fn integer(&mut self) -> i64 {
        match self.below(5) {
            0 => 0,
            1 => i64::from(self.number() as i8),
            2 => i64::from(self.number() as i32),
            3 => self.pick(&[i64::MIN, i64::MAX, i64::from(i32::MIN), i64::from(i32::MAX)]),
            _ => self.number() as i64,
        }
    }

    fn double(&mut self) -> f64 {
        match self.below(4) {
            0 => {
                self.pick(&[0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN_POSITIVE, f64::MAX, 5e-324])
            }
            1 => self.integer() as f64 / 8.0,
            _ => Some(f64::from_bits(self.number())).filter(|v| !v.is_nan()).unwrap_or(0.1),
        }
    }

    fn float(&mut self) -> f32 {
        match self.below(4) {
            0 => {
                self.pick(&[0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MIN_POSITIVE, f32::MAX, 1e-45])
            }
            1 => self.integer() as f32 / 8.0,
            _ => Some(f32::from_bits(self.number() as u32)).filter(|v| !v.is_nan()).unwrap_or(0.1),
        }
    }

    fn text(&mut self) -> Str {
        let mut text = String::new();
        for _ in 0..self.below(6) {
            let pieces = if self.shape.control_characters && self.below(8) == 0 { CONTROLS } else { PIECES };
            text.push_str(self.pick(pieces));
        }
        text.into()
    }

    fn date_time(&mut self) -> DateTime {
        let second = self.number() as i64 % 300_000_000_000;
        let fraction = self.pick(&[0, 0, 250_000, 1, 999_999]);
        DateTime::from_micros(second * 1_000_000 + fraction)
    }

    fn binary(&mut self) -> Binary {
        let length = self.below(40);
        Binary((0..length).map(|_| self.number() as u8).collect())
    }

    /// A reference to an object of the named type or a subtype; the root of all managed objects has no type.
    fn moref(&mut self, target: &str) -> MoRef {
        let kind = self.pick(MANAGED.get(target).map_or(all_managed(), Vec::as_slice)).name;
        let id = format!("{}-{}", kind.to_lowercase(), self.below(1000));
        MoRef::new(kind, id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::equal;

    #[test]
    fn every_type_has_random_values_and_the_same_seed_gives_the_same_value() {
        for (seed, ty) in all_types().iter().enumerate() {
            let [first, second] = [0, 0].map(|_| arbitrary_object(ty, seed as u64, Shape::FULL));
            assert!(equal(&*first, &*second), "{}", ty.name);
            assert_eq!(first.descriptor(), *ty);
        }
    }
}
