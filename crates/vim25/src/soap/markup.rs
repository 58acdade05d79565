//! The tokenizer: well-formed XML without document types, over text that is in memory.
//!
//! Our own because decoding is bound by it: it copies nothing, checks an end tag by comparing it with the start tag, and
//! reads a simple element (`<key>4000</key>`) in one step. quick-xml alone took half of the time that decoding may take.

use std::borrow::Cow;

use super::{
    fail::Result,
    input::{is_xml_char, malformed},
};
use crate::DecodeError;

/// Attributes of one element.
const MAX_ATTRIBUTES: usize = 64;

#[derive(Clone, Debug)]
pub(super) struct Markup<'a> {
    text: &'a str,
    at: usize,
    /// Names of the elements that are open, as written.
    open: Vec<&'a str>,
    /// An empty-element tag has been given out as a start; its end comes next.
    empty: bool,
    /// Attributes of the start tag that was read last.
    attributes: Vec<(&'a str, &'a str)>,
}

pub(super) enum Token<'a> {
    /// A start tag, with its name as written; the attributes are in [`Markup::attributes`].
    Start(&'a str),
    End,
    Text(Cow<'a, str>),
    Eof,
}

/// Bytes that may start a name, and bytes that may follow.
const START: u8 = 1;
const PART: u8 = 2;
const NAME: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphabetic() || b == b'_' || b == b':' || b >= 0x80 {
            table[byte] = START | PART;
        } else if b.is_ascii_digit() || b == b'-' || b == b'.' {
            table[byte] = PART;
        }
        byte += 1;
    }
    table
};

impl<'a> Markup<'a> {
    pub fn new(text: &'a str) -> Markup<'a> {
        Markup { text, at: 0, open: Vec::new(), empty: false, attributes: Vec::new() }
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Attributes of the start tag that was read last: names and values as written.
    pub fn attributes(&self) -> &[(&'a str, &'a str)] {
        &self.attributes
    }

    /// A problem at this point of the document.
    pub fn malformed(&self, reason: impl Into<String>) -> Box<DecodeError> {
        malformed(self.text, self.at, reason)
    }

    pub fn next(&mut self) -> Result<Token<'a>> {
        if std::mem::take(&mut self.empty) {
            self.open.pop();
            return Ok(Token::End);
        }
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            match rest {
                [b'<', b'/', ..] => return self.end_tag(),
                [b'<', b'!', ..] => match self.declaration()? {
                    Some(text) => return Ok(Token::Text(text)),
                    None => continue,
                },
                [b'<', b'?', ..] => self.instruction()?,
                [b'<', ..] => return self.start_tag().map(Token::Start),
                [b'&', ..] => return self.reference().map(Token::Text),
                [] if self.open.is_empty() => return Ok(Token::Eof),
                [] => return Err(self.malformed(format!("the document ends inside element '{}'", self.innermost()))),
                _ => {
                    let length = memchr::memchr2(b'<', b'&', rest).unwrap_or(rest.len());
                    return Ok(Token::Text(line_ends(self.take(length))));
                }
            }
        }
    }

    /// The text of an element that holds nothing else, and its end, right after its start; none if it is not that plain.
    pub fn plain_text(&mut self) -> Option<&'a str> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = memchr::memchr3(b'<', b'&', b'\r', rest)?;
        let name = *self.open.last()?;
        let after = rest[length..].strip_prefix(b"</")?.strip_prefix(name.as_bytes())?;
        if self.empty || after.first() != Some(&b'>') {
            return None;
        }
        let text = self.take(length);
        self.at += "</>".len() + name.len();
        self.open.pop();
        Some(text)
    }

    fn innermost(&self) -> &'a str {
        self.open.last().copied().unwrap_or("")
    }

    fn take(&mut self, length: usize) -> &'a str {
        let text = &self.text[self.at..self.at + length];
        self.at += length;
        text
    }

    fn skip_spaces(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(rest.len());
    }

    fn name(&mut self) -> Result<&'a str> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|&b| NAME[b as usize] & PART == 0).unwrap_or(rest.len());
        if length == 0 || NAME[rest[0] as usize] & START == 0 {
            return Err(self.malformed("expected a name"));
        }
        Ok(self.take(length))
    }

    fn start_tag(&mut self) -> Result<&'a str> {
        self.at += 1;
        let name = self.name()?;
        self.attributes.clear();
        loop {
            let before = self.at;
            self.skip_spaces();
            match self.text.as_bytes()[self.at..] {
                [b'>', ..] => {
                    self.at += 1;
                    break;
                }
                [b'/', b'>', ..] => {
                    self.at += 2;
                    self.empty = true;
                    break;
                }
                _ if before == self.at => return Err(self.malformed(format!("tag '{name}' is not closed"))),
                _ => self.attribute()?,
            }
        }
        self.open.push(name);
        Ok(name)
    }

    fn attribute(&mut self) -> Result<()> {
        let name = self.name()?;
        self.skip_spaces();
        let equals = self.text.as_bytes().get(self.at);
        if equals != Some(&b'=') {
            return Err(self.malformed(format!("attribute '{name}' has no value")));
        }
        self.at += 1;
        self.skip_spaces();
        let quote = match self.text.as_bytes().get(self.at) {
            Some(&quote @ (b'"' | b'\'')) => quote,
            _ => return Err(self.malformed(format!("the value of attribute '{name}' is not quoted"))),
        };
        self.at += 1;
        let rest = &self.text.as_bytes()[self.at..];
        let length = match memchr::memchr2(quote, b'<', rest) {
            Some(length) if rest[length] == quote => length,
            _ => return Err(self.malformed(format!("the value of attribute '{name}' does not end"))),
        };
        let value = self.take(length);
        self.at += 1;
        if self.attributes.iter().any(|(other, _)| *other == name) {
            return Err(self.malformed(format!("attribute '{name}' is given twice")));
        }
        if self.attributes.len() == MAX_ATTRIBUTES {
            return Err(self.malformed("too many attributes"));
        }
        self.attributes.push((name, value));
        Ok(())
    }

    fn end_tag(&mut self) -> Result<Token<'a>> {
        let Some(&open) = self.open.last() else {
            return Err(self.malformed("an end tag without a start tag"));
        };
        let rest = &self.text.as_bytes()[self.at + "</".len()..];
        if !rest.starts_with(open.as_bytes()) {
            return Err(self.malformed(format!("expected the end of element '{open}'")));
        }
        self.at += "</".len() + open.len();
        self.skip_spaces();
        if self.text.as_bytes().get(self.at) != Some(&b'>') {
            return Err(self.malformed(format!("expected the end of element '{open}'")));
        }
        self.at += 1;
        self.open.pop();
        Ok(Token::End)
    }

    /// What begins with `<!`: a comment, which is skipped, or a CDATA section, whose text it gives.
    fn declaration(&mut self) -> Result<Option<Cow<'a, str>>> {
        let rest = &self.text.as_bytes()[self.at..];
        if rest.starts_with(b"<!--") {
            let inner = self.delimited("<!--", "--", "a comment does not end")?;
            if self.text.as_bytes().get(self.at) != Some(&b'>') {
                return Err(self.malformed(format!("'--' in a comment of {} bytes", inner.len())));
            }
            self.at += 1;
            return Ok(None);
        }
        if rest.starts_with(b"<![CDATA[") && !self.open.is_empty() {
            return self.delimited("<![CDATA[", "]]>", "a CDATA section does not end").map(line_ends).map(Some);
        }
        if rest.starts_with(b"<!DOCTYPE") {
            return Err(self.malformed("a document type is not allowed"));
        }
        Err(self.malformed("'<!' must begin a comment or a CDATA section"))
    }

    fn instruction(&mut self) -> Result<()> {
        let start = self.at;
        let content = self.delimited("<?", "?>", "a processing instruction does not end")?;
        let target = content.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or("");
        if target.is_empty() || (start > 0 && target.eq_ignore_ascii_case("xml")) {
            self.at = start;
            return Err(self.malformed("an XML declaration must begin the document"));
        }
        Ok(())
    }

    fn delimited(&mut self, open: &str, close: &str, problem: &str) -> Result<&'a str> {
        let rest = &self.text.as_bytes()[self.at + open.len()..];
        let Some(length) = memchr::memmem::find(rest, close.as_bytes()) else {
            return Err(self.malformed(problem));
        };
        self.at += open.len();
        let inner = self.take(length);
        self.at += close.len();
        Ok(inner)
    }

    fn reference(&mut self) -> Result<Cow<'a, str>> {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = match memchr::memchr(b';', &rest[..rest.len().min(32)]) {
            Some(length) => length,
            None => return Err(self.malformed("'&' must begin a reference, such as '&amp;'")),
        };
        let name = &self.text[self.at + 1..self.at + 1 + length];
        let value = self.entity(name)?;
        self.at += "&;".len() + length;
        Ok(value)
    }

    fn entity(&self, name: &str) -> Result<Cow<'a, str>> {
        let text = match name {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => return self.character(name).map(|c| Cow::Owned(c.to_string())),
        };
        Ok(Cow::Borrowed(text))
    }

    fn character(&self, name: &str) -> Result<char> {
        let Some(number) = name.strip_prefix('#') else {
            return Err(self.malformed(format!("there is no entity '{name}'")));
        };
        let code = match number.strip_prefix('x') {
            Some(hex) if hex.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(hex, 16).ok(),
            None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
            _ => None,
        };
        match code.and_then(char::from_u32).filter(|c| is_xml_char(*c)) {
            Some(c) => Ok(c),
            None => Err(self.malformed(format!("there is no character '{name}' in XML"))),
        }
    }

    /// The value of an attribute, its references replaced and its white space made spaces.
    pub fn attribute_value(&self, raw: &'a str) -> Result<Cow<'a, str>> {
        if !raw.bytes().any(|b| matches!(b, b'&' | b'\t' | b'\n' | b'\r')) {
            return Ok(Cow::Borrowed(raw));
        }
        let mut value = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
            spaced(&mut value, &rest[..at]);
            let Some((name, after)) = rest[at + 1..].split_once(';') else {
                return Err(self.malformed("'&' must begin a reference, such as '&amp;'"));
            };
            value.push_str(&self.entity(name)?);
            rest = after;
        }
        spaced(&mut value, rest);
        Ok(Cow::Owned(value))
    }
}

fn spaced(value: &mut String, raw: &str) {
    value.extend(line_ends(raw).chars().map(|c| if matches!(c, '\t' | '\n') { ' ' } else { c }));
}

/// Text with its line ends as XML wants them read.
fn line_ends(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
}
