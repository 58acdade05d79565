//! A pull parser over one document: elements with resolved namespaces, and their text.
//!
//! Document types are refused, so no entity can expand; depth, attributes and namespace declarations are bounded.

use std::borrow::Cow;

use quick_xml::{
    escape::unescape,
    events::{BytesRef, Event, attributes::Attributes},
    reader::Reader,
};

use super::{
    XSI,
    input::{is_xml_char, malformed},
};
use crate::{DecodeError, Problem};

/// Attributes of one element, and namespace declarations in scope.
const MAX_ATTRIBUTES: usize = 64;
const MAX_BINDINGS: usize = 256;

/// Elements around and inside objects: envelope, body, method; a simple value.
const AROUND: usize = 4;

pub(super) struct Cursor<'a> {
    text: &'a str,
    reader: Reader<&'a [u8]>,
    bindings: Vec<Binding<'a>>,
    depth: usize,
    limit: usize,
    /// An empty-element tag has been given out as a start; its end comes next.
    empty: bool,
}

struct Binding<'a> {
    depth: usize,
    prefix: &'a str,
    namespace: Cow<'a, str>,
}

/// A start tag.
pub(super) struct Tag<'a> {
    /// Local name.
    pub name: &'a str,
    /// Prefix; empty if there is none.
    pub prefix: &'a str,
    /// `xsi:type`, as written.
    pub xsi_type: Option<Cow<'a, str>>,
    /// The attribute `type` of a reference.
    pub type_attribute: Option<Cow<'a, str>>,
    /// `xsi:nil`
    pub nil: bool,
}

enum Token<'a> {
    Start(Tag<'a>),
    End,
    Text(Cow<'a, str>),
    Eof,
}

impl<'a> Cursor<'a> {
    /// A cursor before the outermost element; objects may nest `limit` deep.
    pub fn new(text: &'a str, limit: usize) -> Cursor<'a> {
        Cursor { text, reader: Reader::from_str(text), bindings: Vec::new(), depth: 0, limit, empty: false }
    }

    /// The outermost element.
    pub fn root(&mut self) -> Result<Tag<'a>, DecodeError> {
        match self.child()? {
            Some(tag) => Ok(tag),
            None => Err(self.malformed("there is no element")),
        }
    }

    /// Makes sure that nothing follows the outermost element.
    pub fn finish(&mut self) -> Result<(), DecodeError> {
        match self.child()? {
            None => Ok(()),
            Some(tag) => Err(self.malformed(format!("element '{}' follows the end of the document", tag.name))),
        }
    }

    /// The next child of the element whose start was read last; none at its end.
    pub fn child(&mut self) -> Result<Option<Tag<'a>>, DecodeError> {
        loop {
            match self.next()? {
                Token::Start(tag) => return Ok(Some(tag)),
                Token::End => return Ok(None),
                Token::Eof if self.depth == 0 => return Ok(None),
                Token::Eof => return Err(self.cut_off()),
                Token::Text(text) if text.bytes().all(|b| b.is_ascii_whitespace()) => {}
                Token::Text(text) if self.depth == 0 => {
                    return Err(self.malformed(format!("{} outside of the document's element", quote(&text))));
                }
                Token::Text(text) => {
                    let found = format!("text {}", quote(text.trim()));
                    return Err(Problem::IllTyped { expected: "elements".into(), found }.into());
                }
            }
        }
    }

    /// The text of the element whose start was read last, up to its end. `expected` is what it should be the text of.
    pub fn text(&mut self, expected: &str) -> Result<Cow<'a, str>, DecodeError> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Token::Text(more) if text.is_empty() => text = more,
                Token::Text(more) => text.to_mut().push_str(&more),
                Token::End => return Ok(text),
                Token::Eof => return Err(self.cut_off()),
                Token::Start(tag) => {
                    let found = format!("element '{}'", tag.name);
                    return Err(Problem::IllTyped { expected: expected.into(), found }.into());
                }
            }
        }
    }

    /// The text of the element whose start was read last; none if it holds elements, which are skipped.
    pub fn text_or_skip(&mut self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let outer = self.depth - 1;
        let (mut text, mut simple) = (Cow::Borrowed(""), true);
        while self.depth > outer {
            match self.next()? {
                Token::Text(more) if text.is_empty() => text = more,
                Token::Text(more) if simple => text.to_mut().push_str(&more),
                Token::Text(_) | Token::End => {}
                Token::Start(_) => simple = false,
                Token::Eof => return Err(self.cut_off()),
            }
        }
        Ok(Some(text).filter(|_| simple))
    }

    /// Skips the rest of the element whose start was read last.
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        let outer = self.depth - 1;
        while self.depth > outer {
            if let Token::Eof = self.next()? {
                return Err(self.cut_off());
            }
        }
        Ok(())
    }

    /// The namespace of the element whose start was read last.
    pub fn namespace(&self, tag: &Tag<'_>) -> &str {
        self.lookup(tag.prefix).unwrap_or("")
    }

    /// Splits a qualified name in text into its namespace and its local name.
    pub fn resolve<'n>(&self, qualified: &'n str) -> Result<(&str, &'n str), DecodeError> {
        let qualified = qualified.trim();
        let (prefix, name) = qualified.split_once(':').unwrap_or(("", qualified));
        match self.lookup(prefix) {
            Some(namespace) => Ok((namespace, name)),
            None if prefix.is_empty() => Ok(("", name)),
            None => Err(self.unbound(prefix)),
        }
    }

    /// A problem of the document itself, at this point of it.
    pub fn malformed(&self, reason: impl Into<String>) -> DecodeError {
        malformed(self.text, self.position(), reason)
    }

    fn position(&self) -> usize {
        self.reader.buffer_position() as usize
    }

    fn cut_off(&self) -> DecodeError {
        self.malformed("the document ends inside an element")
    }

    fn unbound(&self, prefix: &str) -> DecodeError {
        self.malformed(format!("namespace prefix {} is not declared", quote(prefix)))
    }

    fn lookup(&self, prefix: &str) -> Option<&str> {
        if prefix == "xml" {
            return Some("http://www.w3.org/XML/1998/namespace");
        }
        self.bindings.iter().rev().find(|b| b.prefix == prefix).map(|b| &*b.namespace)
    }

    fn next(&mut self) -> Result<Token<'a>, DecodeError> {
        if std::mem::take(&mut self.empty) {
            self.leave();
            return Ok(Token::End);
        }
        loop {
            let from = self.position();
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    return Err(malformed(self.text, self.reader.error_position() as usize, error.to_string()));
                }
            };
            return Ok(match event {
                Event::Start(_) => Token::Start(self.enter(from + 1, 1)?),
                Event::Empty(_) => {
                    self.empty = true;
                    Token::Start(self.enter(from + 1, 2)?)
                }
                Event::End(_) => {
                    self.leave();
                    Token::End
                }
                Event::Text(_) => Token::Text(line_ends(self.slice(from, 0)?)),
                Event::CData(_) => Token::Text(line_ends(self.slice(from + "<![CDATA[".len(), "]]>".len())?)),
                Event::GeneralRef(reference) => Token::Text(self.reference(&reference)?),
                Event::Comment(_) | Event::PI(_) | Event::Decl(_) => continue,
                Event::DocType(_) => return Err(self.malformed("a document type is not allowed")),
                Event::Eof => Token::Eof,
            });
        }
    }

    /// The text from `from` to `before_end` bytes before the end of the last event.
    fn slice(&self, from: usize, before_end: usize) -> Result<&'a str, DecodeError> {
        let end = self.position().saturating_sub(before_end);
        self.text.get(from..end).ok_or_else(|| self.malformed("not well-formed"))
    }

    fn leave(&mut self) {
        while self.bindings.last().is_some_and(|b| b.depth == self.depth) {
            self.bindings.pop();
        }
        self.depth = self.depth.saturating_sub(1);
    }

    fn enter(&mut self, from: usize, before_end: usize) -> Result<Tag<'a>, DecodeError> {
        let content = self.slice(from, before_end)?;
        self.depth += 1;
        if self.depth > self.limit + AROUND {
            return Err(Problem::TooDeep { limit: self.limit }.into());
        }
        let length = content.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(content.len());
        let (prefix, name) = split(&content[..length]);
        let mut tag = Tag { name, prefix, xsi_type: None, type_attribute: None, nil: false };
        if length < content.len() {
            self.attributes(content, length, &mut tag)?;
        }
        if name.is_empty() {
            return Err(self.malformed("an element has no name"));
        }
        if !prefix.is_empty() && self.lookup(prefix).is_none() {
            return Err(self.unbound(prefix));
        }
        Ok(tag)
    }

    fn attributes(&mut self, content: &'a str, from: usize, tag: &mut Tag<'a>) -> Result<(), DecodeError> {
        // A prefix may be declared after it is used in the same tag.
        let mut prefixed = false;
        for (count, attribute) in Attributes::new(content, from).with_checks(false).enumerate() {
            let attribute = attribute.map_err(|e| self.malformed(e.to_string()))?;
            if count == MAX_ATTRIBUTES {
                return Err(self.malformed("too many attributes"));
            }
            match split(attribute.key.0) {
                ("", "xmlns") => self.bind("", attribute.value)?,
                ("xmlns", prefix) => self.bind(prefix, attribute.value)?,
                ("", "type") => tag.type_attribute = Some(self.unescaped(attribute.value)?),
                ("", _) => {}
                _ => prefixed = true,
            }
        }
        if prefixed { self.schema_attributes(content, from, tag) } else { Ok(()) }
    }

    /// `xsi:type` and `xsi:nil`, whatever their prefix.
    fn schema_attributes(&mut self, content: &'a str, from: usize, tag: &mut Tag<'a>) -> Result<(), DecodeError> {
        for attribute in Attributes::new(content, from).with_checks(false) {
            let attribute = attribute.map_err(|e| self.malformed(e.to_string()))?;
            let (prefix, name) = split(attribute.key.0);
            if prefix.is_empty() || prefix == "xmlns" {
                continue;
            }
            match self.lookup(prefix) {
                None => return Err(self.unbound(prefix)),
                Some(XSI) if name == "type" => tag.xsi_type = Some(self.unescaped(attribute.value)?),
                Some(XSI) if name == "nil" => tag.nil = matches!(attribute.value.trim(), "true" | "1"),
                _ => {}
            }
        }
        Ok(())
    }

    fn bind(&mut self, prefix: &'a str, value: Cow<'a, str>) -> Result<(), DecodeError> {
        if self.bindings.len() == MAX_BINDINGS {
            return Err(self.malformed("too many namespace declarations"));
        }
        let namespace = self.unescaped(value)?;
        self.bindings.push(Binding { depth: self.depth, prefix, namespace });
        Ok(())
    }

    fn unescaped(&self, value: Cow<'a, str>) -> Result<Cow<'a, str>, DecodeError> {
        if memchr::memchr(b'&', value.as_bytes()).is_none() {
            return Ok(value);
        }
        let text = unescape(&value).map_err(|e| self.malformed(e.to_string()))?.into_owned();
        if text.chars().all(is_xml_char) {
            Ok(Cow::Owned(text))
        } else {
            Err(self.malformed("a reference to a character that is not allowed in XML"))
        }
    }

    fn reference(&self, reference: &BytesRef<'_>) -> Result<Cow<'a, str>, DecodeError> {
        let text = match &**reference {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => {
                return match reference.resolve_char_ref() {
                    Ok(Some(c)) if is_xml_char(c) => Ok(Cow::Owned(c.to_string())),
                    Ok(None) => Err(self.malformed(format!("there is no entity {}", quote(reference)))),
                    _ => Err(self.malformed(format!("there is no character {}", quote(reference)))),
                };
            }
        };
        Ok(Cow::Borrowed(text))
    }
}

/// Prefix (empty if none) and local name.
fn split(name: &str) -> (&str, &str) {
    match memchr::memchr(b':', name.as_bytes()) {
        Some(at) => (&name[..at], &name[at + 1..]),
        None => ("", name),
    }
}

/// Text with its line ends as XML wants them read.
fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// What was sent, short enough for a message.
pub(super) fn quote(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("'{}…'", &text[..end]),
        None => format!("'{text}'"),
    }
}
