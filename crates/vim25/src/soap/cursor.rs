//! A pull parser over one document: elements with resolved namespaces, and their text. Depth and namespace declarations
//! are bounded.

use std::borrow::Cow;

use super::{
    XSD, XSI,
    fail::Result,
    markup::{Markup, Token},
};
use crate::{DecodeError, Problem};

/// Namespace declarations in scope.
const MAX_BINDINGS: usize = 128;

/// Elements around and inside objects: envelope, body, method; a simple value.
const AROUND: usize = 4;

#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    markup: Markup<'a>,
    bindings: Vec<Binding<'a>>,
    limit: usize,
    /// The start tag that was read last.
    pub tag: Tag<'a>,
}

#[derive(Clone, Debug)]
struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    namespace: Cow<'a, str>,
}

/// A start tag.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tag<'a> {
    /// Local name.
    pub name: &'a str,
    /// Prefix; empty if there is none.
    pub prefix: &'a str,
    /// `xsi:type`, as written.
    pub xsi_type: Option<&'a str>,
    /// The attribute `type` of a reference, as written.
    pub type_attribute: Option<&'a str>,
    /// `xsi:nil`
    pub nil: bool,
}

impl<'a> Cursor<'a> {
    /// A cursor before the outermost element; objects may nest `limit` deep.
    pub fn new(text: &'a str, limit: usize) -> Cursor<'a> {
        Cursor { markup: Markup::new(text), bindings: Vec::new(), limit, tag: Tag::default() }
    }

    /// Enters the outermost element and gives its local name.
    pub fn root(&mut self) -> Result<&'a str> {
        match self.child()? {
            Some(name) => Ok(name),
            None => Err(self.malformed("there is no element")),
        }
    }

    /// Makes sure that nothing follows the outermost element.
    pub fn finish(&mut self) -> Result<()> {
        match self.child()? {
            None => Ok(()),
            Some(name) => Err(self.malformed(format!("element {} follows the end of the document", quote(name)))),
        }
    }

    /// Enters the next child of the element that the cursor is in and gives its local name; at the end of the element
    /// leaves it and gives none.
    pub fn child(&mut self) -> Result<Option<&'a str>> {
        loop {
            match self.markup.next()? {
                Token::Start(name) => {
                    self.enter(name)?;
                    return Ok(Some(self.tag.name));
                }
                Token::End => {
                    self.leave();
                    return Ok(None);
                }
                Token::Eof => return Ok(None),
                Token::Text(text) if text.bytes().all(|b| b.is_ascii_whitespace()) => {}
                Token::Text(text) if self.markup.depth() == 0 => {
                    return Err(self.malformed(format!("text {} outside of an element", quote(text.trim()))));
                }
                Token::Text(text) => {
                    let found = format!("text {}", quote(text.trim()));
                    return Err(Problem::IllTyped { expected: "elements".into(), found }.into());
                }
            }
        }
    }

    /// The text of the element whose start was read last, up to its end. `expected` is what it should be the text of.
    pub fn text(&mut self, expected: &str) -> Result<Cow<'a, str>> {
        if let Some(text) = self.markup.plain_text() {
            self.leave();
            return Ok(Cow::Borrowed(text));
        }
        let mut text = Cow::Borrowed("");
        loop {
            match self.markup.next()? {
                Token::Text(more) => append(&mut text, more),
                Token::End | Token::Eof => {
                    self.leave();
                    return Ok(text);
                }
                Token::Start(name) => {
                    let found = format!("element {}", quote(name));
                    return Err(Problem::IllTyped { expected: expected.into(), found }.into());
                }
            }
        }
    }

    /// The text of the element whose start was read last; none if it holds elements, which are skipped.
    pub fn text_or_skip(&mut self) -> Result<Option<Cow<'a, str>>> {
        let outer = self.markup.depth() - 1;
        let mut text = Some(Cow::Borrowed(""));
        while self.markup.depth() > outer {
            match self.markup.next()? {
                Token::Text(more) => {
                    if let Some(text) = &mut text {
                        append(text, more);
                    }
                }
                Token::Start(name) => {
                    self.enter(name)?;
                    text = None;
                }
                Token::End | Token::Eof => self.leave(),
            }
        }
        Ok(text)
    }

    /// Skips the rest of the element whose start was read last.
    pub fn skip(&mut self) -> Result<()> {
        self.text_or_skip().map(|_| ())
    }

    /// The namespace of the element whose start was read last.
    pub fn namespace(&self) -> &str {
        self.lookup(self.tag.prefix).unwrap_or("")
    }

    /// Reads a qualified name in an attribute: its namespace and its local name. Go's encoder, and with it every client
    /// made of govmomi, names XML Schema's own types by the usual prefix without ever declaring it.
    pub fn resolve(&self, raw: &'a str) -> Result<(&str, Cow<'a, str>)> {
        let name = match self.attribute(raw)? {
            Cow::Borrowed(name) => Cow::Borrowed(name.trim_ascii()),
            Cow::Owned(name) => Cow::Owned(name.trim_ascii().to_string()),
        };
        let colon = memchr::memchr(b':', name.as_bytes());
        let prefix = colon.map_or("", |at| &name[..at]);
        let usual = || match prefix {
            "" => Some(""),
            "xsd" | "xs" => Some(XSD),
            _ => None,
        };
        let Some(namespace) = self.lookup(prefix).or_else(usual) else {
            return Err(self.unbound(prefix));
        };
        Ok(match (colon, name) {
            (None, name) => (namespace, name),
            (Some(at), Cow::Borrowed(name)) => (namespace, Cow::Borrowed(&name[at + 1..])),
            (Some(at), Cow::Owned(name)) => (namespace, Cow::Owned(name[at + 1..].to_string())),
        })
    }

    /// The value of an attribute, its references replaced.
    pub fn attribute(&self, raw: &'a str) -> Result<Cow<'a, str>> {
        self.markup.attribute_value(raw)
    }

    /// A problem of the document itself, at this point of it.
    pub fn malformed(&self, reason: impl Into<String>) -> Box<DecodeError> {
        self.markup.malformed(reason)
    }

    fn unbound(&self, prefix: &str) -> Box<DecodeError> {
        self.malformed(format!("namespace prefix {} is not declared", quote(prefix)))
    }

    fn lookup(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some("http://www.w3.org/XML/1998/namespace");
        }
        self.bindings.iter().rev().find(|b| b.prefix == prefix).map(|b| &*b.namespace)
    }

    /// Forgets what was declared in an element that has ended.
    fn leave(&mut self) {
        let depth = self.markup.depth();
        while self.bindings.last().is_some_and(|b| b.depth > depth) {
            self.bindings.pop();
        }
    }

    fn enter(&mut self, qualified: &'a str) -> Result<()> {
        if self.markup.depth() > self.limit + AROUND {
            return Err(Problem::TooDeep { limit: self.limit }.into());
        }
        let (prefix, name) = split(qualified);
        self.tag = Tag { name, prefix, xsi_type: None, type_attribute: None, nil: false };
        if !self.markup.attributes().is_empty() {
            self.attributes()?;
        }
        if !prefix.is_empty() && self.lookup(prefix).is_none() {
            return Err(self.unbound(prefix));
        }
        Ok(())
    }

    fn attributes(&mut self) -> Result<()> {
        // A prefix may be declared after it is used in the same tag.
        let mut prefixed = false;
        for index in 0..self.markup.attributes().len() {
            let (name, value) = self.markup.attributes()[index];
            match split(name) {
                ("", "xmlns") => self.bind("", value)?,
                ("xmlns", prefix) => self.bind(prefix, value)?,
                ("", "type") => self.tag.type_attribute = Some(value),
                ("", _) => {}
                _ => prefixed = true,
            }
        }
        if prefixed { self.schema_attributes() } else { Ok(()) }
    }

    /// `xsi:type` and `xsi:nil`, whatever their prefix.
    fn schema_attributes(&mut self) -> Result<()> {
        for index in 0..self.markup.attributes().len() {
            let (name, value) = self.markup.attributes()[index];
            let (prefix, name) = split(name);
            if prefix.is_empty() || prefix == "xmlns" {
                continue;
            }
            match self.lookup(prefix) {
                None => return Err(self.unbound(prefix)),
                Some(XSI) if name == "type" => self.tag.xsi_type = Some(value),
                Some(XSI) if name == "nil" => self.tag.nil = matches!(value.trim_ascii(), "true" | "1"),
                _ => {}
            }
        }
        Ok(())
    }

    fn bind(&mut self, prefix: &'a str, value: &'a str) -> Result<()> {
        if self.bindings.len() == MAX_BINDINGS {
            return Err(self.malformed("too many namespace declarations"));
        }
        let namespace = self.attribute(value)?;
        self.bindings.push(Binding { depth: self.markup.depth(), prefix, namespace });
        Ok(())
    }
}

fn append<'a>(text: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if text.is_empty() {
        *text = more;
    } else {
        text.to_mut().push_str(&more);
    }
}

/// Prefix (empty if none) and local name.
fn split(name: &str) -> (&str, &str) {
    match name.bytes().position(|b| b == b':') {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => ("", name),
    }
}

/// What was sent, short enough for a message.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("'{}…'", &text[..end]),
        None => format!("'{text}'"),
    }
}
