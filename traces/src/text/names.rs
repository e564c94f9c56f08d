//! Names of a text trace: percent-encoding, addresses, interning.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::fault::Fault;
use super::line::Field;
use crate::event::NONE;
use crate::id::Location;

/// A namespace: what each of its names stands for.
#[derive(Default)]
pub(super) struct Names<'a> {
    /// Names that can be written as they are: fields are looked up here
    /// without being decoded.
    plain: FxHashMap<Cow<'a, [u8]>, u32>,
    /// Names that hold a byte which must be percent-encoded, decoded.
    special: FxHashMap<String, u32>,
}

impl<'a> Names<'a> {
    /// The id of a name; if it is new, it gets the id `next`, and its text is
    /// returned as well.
    pub(super) fn intern(
        &mut self,
        field: Field<'a>,
        next: usize,
    ) -> Result<(u32, Option<String>), Fault> {
        if let Some(id) = self.plain.get(field.text) {
            return Ok((*id, None));
        }
        let text = decode(field)?;
        if let Some(id) = self.get(&text) {
            return Ok((id, None));
        }
        let Some(id) = u32::try_from(next).ok().filter(|id| *id != NONE) else {
            return Err(Fault::malformed(
                field.at,
                "found more than 4294967294 names",
            ));
        };
        match &text {
            Cow::Borrowed(text) => self.plain.insert(Cow::Borrowed(text.as_bytes()), id),
            Cow::Owned(text) if is_special(text) => self.special.insert(text.clone(), id),
            Cow::Owned(text) => self.plain.insert(Cow::Owned(text.clone().into_bytes()), id),
        };
        Ok((id, Some(text.into_owned())))
    }

    /// The number of a decoded name that is known.
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        let id = match is_special(name) {
            true => self.special.get(name),
            false => self.plain.get(name.as_bytes()),
        };
        id.copied()
    }
}

/// A byte that stands in no name as it is.
fn is_forbidden(byte: u8) -> bool {
    byte <= b' ' || matches!(byte, b'|' | b'(' | b')' | b',' | 0x7f)
}

/// Whether the name must be written otherwise than it is.
fn is_special(name: &str) -> bool {
    name.bytes().any(|byte| byte == b'%' || is_forbidden(byte))
}

/// The text of a name: UTF-8, without what must be percent-encoded.
fn decode(field: Field<'_>) -> Result<Cow<'_, str>, Fault> {
    if field.text.is_empty() {
        return Err(Fault::malformed(field.at, "found nothing, expected a name"));
    }
    if let Some(at) = field.text.iter().position(|byte| is_forbidden(*byte)) {
        let byte = field.text[at];
        let shown = field.shown();
        let message = format!("found byte {byte:#04x} in `{shown}`, expected %{byte:02X} for it");
        return Err(Fault::malformed(field.at + at, message));
    }
    if !field.text.contains(&b'%') {
        return utf8(field.text)
            .map(Cow::Borrowed)
            .ok_or_else(|| not_utf8(field));
    }
    let bytes = percent_decode(field)?;
    String::from_utf8(bytes)
        .map(Cow::Owned)
        .map_err(|_| not_utf8(field))
}

fn utf8(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

fn not_utf8(field: Field<'_>) -> Fault {
    let message = format!("found `{}`, expected UTF-8 text", field.shown());
    Fault::malformed(field.at, message)
}

fn percent_decode(field: Field<'_>) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(field.text.len());
    let mut rest = field.text;
    while let Some((first, tail)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let Some(byte) = tail.get(..2).and_then(hex_byte) else {
            let at = field.at + field.text.len() - rest.len();
            let message = format!(
                "found `%` in `{}`, expected two hexadecimal digits behind it (`%25` for the sign itself)",
                field.shown()
            );
            return Err(Fault::malformed(at, message));
        };
        bytes.push(byte);
        rest = &tail[2..];
    }
    Ok(bytes)
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    Some((digit(digits[0])? * 16 + digit(digits[1])?) as u8)
}

/// The text of a site. It may hold blanks, and a `%` that encodes nothing
/// stands for itself.
pub(super) fn decode_site(field: Field<'_>) -> Result<String, Fault> {
    let mut bytes = Vec::with_capacity(field.text.len());
    let mut rest = field.text;
    while let Some((first, tail)) = rest.split_first() {
        let encoded = (*first == b'%')
            .then(|| tail.get(..2).and_then(hex_byte))
            .flatten();
        bytes.push(encoded.unwrap_or(*first));
        rest = if encoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).map_err(|_| not_utf8(field))
}

/// Writes `name` as it stands in a text trace. `0x` is how addresses begin and
/// `#` how comments do, so neither begins a name.
pub(super) fn encode(name: &str, out: &mut String) {
    for (at, char) in name.char_indices() {
        let special = match char {
            '|' | '(' | ')' | ',' | '%' | '\x7f' => true,
            '0' => at == 0 && name.starts_with("0x"),
            '#' => at == 0,
            char => char <= ' ',
        };
        push(char, special, out);
    }
}

/// Writes the text of a site.
pub(super) fn encode_site(text: &str, out: &mut String) {
    for (at, char) in text.char_indices() {
        let edge = at == 0 || at + 1 == text.len();
        let special = match char {
            '|' | '%' | '\x7f' => true,
            ' ' => edge,
            char => char < ' ',
        };
        push(char, special, out);
    }
}

/// Special characters are ASCII.
fn push(char: char, special: bool, out: &mut String) {
    if special {
        let byte = char as u32;
        out.push('%');
        for digit in [byte >> 4, byte & 15] {
            out.extend(char::from_digit(digit, 16).map(|digit| digit.to_ascii_uppercase()));
        }
    } else {
        out.push(char);
    }
}

/// `0xADDRESS:LENGTH`, or `None` if the field is a name.
pub(super) fn address(field: Field<'_>) -> Result<Option<Location>, Fault> {
    let Some(rest) = field.text.strip_prefix(b"0x") else {
        return Ok(None);
    };
    let colon = rest.iter().position(|byte| *byte == b':');
    let (digits, length) = match colon {
        Some(colon) => (&rest[..colon], &rest[colon + 1..]),
        None => (rest, &[][..]),
    };
    let wrong = |expected: &str| {
        let message = format!("found `{}`, expected {expected}", field.shown());
        Fault::malformed(field.at, message)
    };
    let hex = utf8(digits).filter(|text| !text.starts_with('+'));
    let start = hex.and_then(|text| u64::from_str_radix(text, 16).ok());
    let len = super::line::number(length);
    let (Some(start), Some(len)) = (start, len) else {
        return Err(wrong(
            "`0xADDRESS:LENGTH`, hexadecimal and decimal (%30x... for a name)",
        ));
    };
    if len == 0 || len > 1 << 32 {
        return Err(wrong("a length from 1 to 4294967296 bytes"));
    }
    if start.saturating_add(len) > Location::OBJECT_SPACE {
        return Err(wrong("an address below 0x800000000000"));
    }
    Ok(Some(Location { start, len }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(text: &str) -> Field<'_> {
        Field {
            text: text.as_bytes(),
            at: 0,
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back(name in any::<String>().prop_filter("not empty", |it| !it.is_empty())) {
            let mut text = String::new();
            encode(&name, &mut text);
            prop_assert!(address(field(&text)).is_ok_and(|it| it.is_none()));
            let decoded = decode(field(&text)).map_err(|fault| fault.message);
            prop_assert_eq!(decoded.as_deref(), Ok(name.as_str()));
        }

        #[test]
        fn any_site_comes_back(site in any::<String>()) {
            let mut text = String::new();
            encode_site(&site, &mut text);
            prop_assert!(!text.contains(['|', '\n', '\r']));
            let trimmed = Field::trimmed(text.as_bytes(), 0);
            let decoded = decode_site(trimmed).map_err(|fault| fault.message);
            prop_assert_eq!(decoded.as_deref(), Ok(site.as_str()));
        }
    }

    #[test]
    fn two_spellings_are_one_name() {
        let mut names = Names::default();
        let first = names.intern(field("ab"), 7).expect("a name");
        assert_eq!(first, (7, Some("ab".to_owned())));
        assert_eq!(names.intern(field("%61b"), 8).expect("a name"), (7, None));
        assert_eq!(names.get("ab"), Some(7));
    }

    #[test]
    fn a_name_is_not_taken_for_one_that_is_spelled_as_it_reads() {
        for [first, second] in [["%20", "%2520"], ["%2520", "%20"]] {
            let mut names = Names::default();
            assert_eq!(names.intern(field(first), 1).expect("a name").0, 1);
            assert_eq!(names.intern(field(second), 2).expect("a name").0, 2);
            assert_eq!(names.intern(field(first), 3).expect("a name"), (1, None));
            assert_eq!(names.intern(field(second), 3).expect("a name"), (2, None));
            assert!(names.intern(field(" "), 3).is_err());
        }
    }

    #[test]
    fn addresses_are_told_from_names() {
        let location = |text| address(field(text)).map_err(|fault| fault.message);
        let expected = Location {
            start: 0x7f10,
            len: 8,
        };
        assert_eq!(location("0x7f10:8"), Ok(Some(expected)));
        for name in ["x", "7f10:8", "%30x7f10:8", "%30x7f10"] {
            assert_eq!(location(name), Ok(None), "{name}");
        }
        for wrong in ["0x7f10", "0x7f10:", "0x", "0xyz"] {
            assert!(location(wrong).is_err(), "{wrong}");
        }
        let all = Location {
            start: 0,
            len: 1 << 32,
        };
        assert_eq!(location("0x0:4294967296"), Ok(Some(all)));
    }
}
