//! The string of the API.

use std::{
    borrow::{Borrow, Cow},
    fmt,
    ops::Deref,
};

use lean_string::LeanStr;

/// A text that is never changed in place: two words, up to 16 bytes without an allocation, and cheap to clone, because
/// clones of a longer one share it.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Str(LeanStr);

impl Str {
    /// A text that lives as long as the program: never an allocation.
    #[inline]
    pub const fn new_static(text: &'static str) -> Str {
        Str(LeanStr::from_static_str(text))
    }

    /// A copy of a text.
    pub fn new(text: impl AsRef<str>) -> Str {
        Str(LeanStr::from(text.as_ref()))
    }

    /// The text.
    #[inline]
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the text stands in memory of its own, which its clones share, and not inside this value or the program.
    pub fn is_heap_allocated(&self) -> bool {
        self.0.is_heap_allocated()
    }
}

impl Deref for Str {
    type Target = str;

    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Str {
    #[inline]
    fn borrow(&self) -> &str {
        self
    }
}

impl<T: ?Sized> AsRef<T> for Str
where
    str: AsRef<T>,
{
    #[inline]
    fn as_ref(&self) -> &T {
        self.as_str().as_ref()
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_str(), f)
    }
}

impl FromIterator<char> for Str {
    fn from_iter<I: IntoIterator<Item = char>>(letters: I) -> Str {
        letters.into_iter().collect::<String>().into()
    }
}

impl From<Str> for String {
    fn from(text: Str) -> String {
        text.as_str().into()
    }
}

macro_rules! made_from {
    ($($text:ty),+ $(,)?) => {$(
        impl From<$text> for Str {
            fn from(text: $text) -> Str {
                Str(text.into())
            }
        }
    )+};
}

made_from!(&str, &mut str, String, &String, Box<str>, Cow<'_, str>, char);

impl From<&Str> for Str {
    fn from(text: &Str) -> Str {
        text.clone()
    }
}

macro_rules! compared_with {
    ($($text:ty),+ $(,)?) => {$(
        impl PartialEq<$text> for Str {
            #[inline]
            fn eq(&self, other: &$text) -> bool {
                *self.as_str() == **other
            }
        }

        impl PartialEq<Str> for $text {
            #[inline]
            fn eq(&self, other: &Str) -> bool {
                **self == *other.as_str()
            }
        }
    )+};
}

compared_with!(&str, String, Cow<'_, str>);

impl PartialEq<str> for Str {
    #[inline]
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<Str> for str {
    #[inline]
    fn eq(&self, other: &Str) -> bool {
        self == other.as_str()
    }
}
