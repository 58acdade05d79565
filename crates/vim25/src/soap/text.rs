//! Characters: what each kind of value looks like in XML, and the way around what XML cannot carry.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    DateTime,
    words::{Word, plain_prefix},
};

/// Bits of [`CLASS`]: not to be written as it is in text, in an attribute.
const TEXT: u8 = 1;
const ATTRIBUTE: u8 = 2;

/// What each byte of UTF-8 needs.
const CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 0x20 {
        class[byte] = TEXT | ATTRIBUTE;
        byte += 1;
    }
    class[b'\t' as usize] = ATTRIBUTE;
    class[b'\n' as usize] = ATTRIBUTE;
    class[b'<' as usize] = TEXT | ATTRIBUTE;
    class[b'>' as usize] = TEXT | ATTRIBUTE;
    class[b'&' as usize] = TEXT | ATTRIBUTE;
    class[b'"' as usize] = ATTRIBUTE;
    // First byte of U+FFFE and U+FFFF, among others.
    class[0xef] = TEXT | ATTRIBUTE;
    class
};

/// Appends the content of an element.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    escape(out, text.as_bytes(), TEXT);
}

/// Appends the value of an attribute, to stand between double quotes.
pub(super) fn attribute(out: &mut Vec<u8>, text: &str) {
    escape(out, text.as_bytes(), ATTRIBUTE);
}

fn escape(out: &mut Vec<u8>, mut rest: &[u8], mask: u8) {
    loop {
        let plain = plain_length(rest, mask);
        out.extend_from_slice(&rest[..plain]);
        rest = &rest[plain..];
        let Some(&byte) = rest.first() else { return };
        let (replacement, length): (&[u8], usize) = match byte {
            b'<' => (b"&lt;", 1),
            b'>' => (b"&gt;", 1),
            b'&' => (b"&amp;", 1),
            b'"' => (b"&quot;", 1),
            b'\r' => (b"&#xD;", 1),
            b'\t' => (b"&#x9;", 1),
            b'\n' => (b"&#xA;", 1),
            0xef if !matches!(rest, [_, 0xbf, 0xbe | 0xbf, ..]) => (&rest[..3], 3),
            0xef => ("\u{fffd}".as_bytes(), 3),
            _ => ("\u{fffd}".as_bytes(), 1),
        };
        out.extend_from_slice(replacement);
        rest = &rest[length..];
    }
}

/// How many bytes from the start can be copied as they are.
fn plain_length(bytes: &[u8], mask: u8) -> usize {
    plain_prefix(bytes, may_be_special, |byte| CLASS[usize::from(byte)] & mask != 0)
}

fn may_be_special(word: Word) -> bool {
    // `<` and `>` differ in one bit, and so do `"` and `&`.
    word.has_below(0x20) | word.has_but_for(b'<', 0x02) | word.has_but_for(b'"', 0x04) | word.has(0xef)
}

/// Appends a number.
pub(super) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `xsd:double`.
pub(super) fn double(out: &mut Vec<u8>, value: f64) {
    match non_finite(value) {
        Some(name) => out.extend_from_slice(name),
        None => out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes()),
    }
}

/// Appends `xsd:float`.
pub(super) fn float(out: &mut Vec<u8>, value: f32) {
    match non_finite(f64::from(value)) {
        Some(name) => out.extend_from_slice(name),
        None => out.extend_from_slice(ryu::Buffer::new().format_finite(value).as_bytes()),
    }
}

fn non_finite(value: f64) -> Option<&'static [u8]> {
    if value.is_finite() {
        None
    } else if value.is_nan() {
        Some(b"NaN")
    } else if value > 0.0 {
        Some(b"INF")
    } else {
        Some(b"-INF")
    }
}

/// Appends `xsd:base64Binary`.
pub(super) fn binary(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    STANDARD.encode_slice(bytes, &mut out[start..]).expect("four characters for each three bytes");
}

/// Appends `xsd:dateTime`, the same text as [`DateTime`]'s `Display`.
pub(super) fn date_time(out: &mut Vec<u8>, moment: DateTime) {
    let micros = moment.micros();
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) as u32);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400) as u32);
    let (year, month, day) = civil(days);
    let mut line = *b"0000-00-00T00:00:00.000000Z";
    digits(&mut line[0..4], year);
    digits(&mut line[5..7], month);
    digits(&mut line[8..10], day);
    digits(&mut line[11..13], second / 3600);
    digits(&mut line[14..16], second / 60 % 60);
    digits(&mut line[17..19], second % 60);
    let end = match (fraction, fraction % 1000) {
        (0, _) => 19,
        (_, 0) => {
            digits(&mut line[20..23], fraction / 1000);
            23
        }
        _ => {
            digits(&mut line[20..26], fraction);
            26
        }
    };
    line[end] = b'Z';
    out.extend_from_slice(&line[..=end]);
}

fn digits(place: &mut [u8], mut value: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the years 1 to 9999.
fn civil(days: i64) -> (u32, u32, u32) {
    // Counted from 0000-03-01, so that a leap day is the last of its year.
    let days = (days + 719_468) as u32;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u32::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn markup_and_line_ends_are_escaped_and_impossible_characters_replaced() {
        let tricky = "a<b>&\"'\t\n\r\u{0}\u{1f}é\u{ff5e}\u{fffd}\u{fffe}\u{ffff}🦀";
        let plain = "x".repeat(20);
        assert_eq!(
            written(|o| text(o, tricky)),
            "a&lt;b&gt;&amp;\"'\t\n&#xD;\u{fffd}\u{fffd}é\u{ff5e}\u{fffd}\u{fffd}\u{fffd}🦀"
        );
        assert_eq!(written(|o| attribute(o, "<\"\t\n\r")), "&lt;&quot;&#x9;&#xA;&#xD;");
        for (before, after) in (0..400).map(|n| (&plain[n / 20..], &plain[n % 20..])) {
            for (plain, escaped) in [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#xD;"), ("\"", "\"")] {
                let [plain, escaped] = [plain, escaped].map(|special| format!("{before}{special}{after}"));
                assert_eq!(written(|o| text(o, &plain)), escaped);
            }
        }
    }

    #[test]
    fn numbers_have_the_names_that_xml_schema_gives_them() {
        for (value, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "INF"), (f64::NEG_INFINITY, "-INF"), (0.5, "0.5")] {
            assert_eq!(written(|o| double(o, value)), name);
            assert_eq!(written(|o| float(o, value as f32)), name);
        }
        assert_eq!(written(|o| integer(o, i64::MIN)), "-9223372036854775808");
    }

    #[test]
    fn moments_are_written_as_they_are_displayed() {
        let mut micros: i64 = -62_135_596_800_000_000;
        while micros < 253_402_300_799_999_999 {
            let moment = DateTime::from_micros(micros);
            assert_eq!(written(|o| date_time(o, moment)), moment.to_string());
            micros += 86_400_000_000 * 9 + 3_723_004_000 * (micros & 1) + 1;
        }
    }

    #[test]
    fn bytes_become_base64_with_padding() {
        for (bytes, name) in [(&b""[..], ""), (b"a", "YQ=="), (b"ab", "YWI="), (b"abc", "YWJj")] {
            assert_eq!(written(|o| binary(o, bytes)), name);
        }
    }
}
