//! Bytes to text: byte order mark, declared encoding, and characters that XML does not have.

use std::borrow::Cow;

use super::fail::Result;
use crate::{DecodeError, Problem};

/// The document as text without its byte order mark. UTF-8, UTF-16, ISO-8859-1 and US-ASCII are read.
pub fn decode_text(body: &[u8]) -> std::result::Result<Cow<'_, str>, DecodeError> {
    decode(body).map_err(Into::into)
}

/// [`decode_text`], for the codec's own use.
pub(super) fn decode(body: &[u8]) -> Result<Cow<'_, str>> {
    let text = match body {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest)?,
        [0xfe, 0xff, rest @ ..] => Cow::Owned(utf16(rest, u16::from_be_bytes)?),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(utf16(rest, u16::from_le_bytes)?),
        [0, b'<', ..] => Cow::Owned(utf16(body, u16::from_be_bytes)?),
        [b'<', 0, ..] => Cow::Owned(utf16(body, u16::from_le_bytes)?),
        _ => match declared(body).to_ascii_lowercase().as_str() {
            // UTF-16 is what some platforms declare of a string that they then send as UTF-8.
            "" | "utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16" => utf8(body)?,
            "iso-8859-1" | "latin1" => Cow::Owned(body.iter().map(|&b| char::from(b)).collect()),
            other => return Err(malformed("", 0, format!("encoding '{other}' is not supported, use UTF-8"))),
        },
    };
    match first_illegal(&text) {
        Some(at) => {
            let found = text[at..].chars().next().unwrap_or_default();
            Err(malformed(&text, at, format!("character U+{:04X} is not allowed in XML", u32::from(found))))
        }
        None => Ok(text),
    }
}

/// A problem of the document itself, at byte `at`.
pub(super) fn malformed(text: &str, at: usize, reason: impl Into<String>) -> Box<DecodeError> {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
    let line_start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let column = String::from_utf8_lossy(&before[line_start..]).chars().count() + 1;
    Problem::Malformed { line, column, reason: reason.into() }.into()
}

/// Whether XML 1.0 has the character.
pub(super) fn is_xml_char(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Err(malformed(&good, good.len(), "not valid UTF-8"))
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(malformed("", 0, "half a character of UTF-16 at the end"));
    }
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<std::result::Result<_, _>>().map_err(|_| malformed("", 0, "not valid UTF-16"))
}

/// The encoding that the XML declaration names; empty if none.
fn declared(body: &[u8]) -> &str {
    if !body.starts_with(b"<?xml") {
        return "";
    }
    // So short a text is searched sooner than a searcher is made for it.
    let find = |bytes: &[u8], needle: &[u8]| bytes.windows(needle.len()).position(|window| window == needle);
    let head = &body[..body.len().min(256)];
    let Some(declaration) = find(head, b"?>").map(|end| &head[..end]) else { return "" };
    let Some(at) = find(declaration, b"encoding") else { return "" };
    let mut parts = declaration[at..].split(|&b| b == b'"' || b == b'\'');
    parts.nth(1).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or("")
}

/// Where the first character stands that XML does not have.
fn first_illegal(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    let mut clean = 0;
    // The loop over a chunk has no exit, so it becomes a few vector instructions.
    for chunk in bytes.chunks(64) {
        if chunk.iter().fold(false, |found, &b| found | control(b)) {
            break;
        }
        clean += chunk.len();
    }
    let control = bytes[clean..].iter().position(|&b| control(b)).map(|i| clean + i);
    let noncharacter = memchr::memchr_iter(0xef, bytes).find(|&at| matches!(bytes[at..], [_, 0xbf, 0xbe | 0xbf, ..]));
    control.into_iter().chain(noncharacter).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_that_clients_send_gives_the_same_text() {
        let text = "<?xml version='1.0'?><a>é🦀</a>";
        let [big, little] = [u16::to_be_bytes, u16::to_le_bytes]
            .map(|f: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(f).collect::<Vec<u8>>());
        let marked = |mark: &[u8], bytes: &[u8]| [mark, bytes].concat();
        for body in [
            text.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", text.as_bytes()),
            big.clone(),
            little.clone(),
            marked(b"\xfe\xff", &big),
            marked(b"\xff\xfe", &little),
        ] {
            assert_eq!(decode(&body).unwrap(), text);
        }
        let latin = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>\xe9</a>";
        assert!(decode(latin).unwrap().ends_with("<a>é</a>"));
    }

    #[test]
    fn an_encoding_that_is_not_supported_is_named() {
        let error = decode(b"<?xml version=\"1.0\" encoding=\"KOI8-R\"?><a/>").unwrap_err();
        assert!(error.to_string().contains("koi8-r"), "{error}");
    }

    #[test]
    fn bytes_that_are_not_text_are_refused_with_their_place() {
        for (body, problem) in [
            (&b"<a>\n\xff</a>"[..], "malformed at line 2, column 1: not valid UTF-8"),
            (b"<a>\n\xc3\xa9\x01</a>", "malformed at line 2, column 2: character U+0001 is not allowed in XML"),
            (b"<a>\xef\xbf\xbf</a>", "malformed at line 1, column 4: character U+FFFF is not allowed in XML"),
            (b"<\0a\0>\0\0\xd8", "malformed at line 1, column 1: not valid UTF-16"),
            (b"<\0a", "malformed at line 1, column 1: half a character of UTF-16 at the end"),
        ] {
            assert_eq!(decode(body).unwrap_err().to_string(), problem);
        }
    }
}
