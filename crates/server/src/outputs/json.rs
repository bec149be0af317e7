//! JSON objects written field by field, for values of topics.

use std::fmt::Display;
use std::io::Write;

/// A character is never longer than `\u0000`.
const ESCAPED_BYTES_MAX: usize = 6;

/// An object that is being written.
#[derive(Debug)]
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    next: u8,
}

impl<'a> Object<'a> {
    /// Begins an object in place of what `out` holds.
    pub(super) fn begin(out: &'a mut Vec<u8>) -> Self {
        out.clear();
        Self { out, next: b'{' }
    }

    fn name(&mut self, name: &str) {
        self.out.extend_from_slice(&[self.next, b'"']);
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.next = b',';
    }

    /// A text.
    pub(super) fn text(mut self, name: &str, text: &str) -> Self {
        self.name(name);
        put_text(self.out, text);
        self
    }

    /// A text, or null where there is none.
    pub(super) fn text_or_null(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self.number(name, "null"),
        }
    }

    /// As much of the beginning of a text as takes at most `bytes_max` bytes; says whether that is all.
    pub(super) fn text_within(mut self, name: &str, text: &str, bytes_max: usize) -> (Self, bool) {
        let beginning = beginning_within(text, bytes_max);
        self = self.text(name, beginning);
        (self, beginning.len() == text.len())
    }

    /// A number, exactly as it is shown.
    pub(super) fn number(mut self, name: &str, number: impl Display) -> Self {
        self.name(name);
        write!(self.out, "{number}").expect("memory takes it");
        self
    }

    /// A text that needs no escapes, as it is shown.
    pub(super) fn plain(mut self, name: &str, text: impl Display) -> Self {
        self.name(name);
        write!(self.out, "\"{text}\"").expect("memory takes it");
        self
    }

    /// Ends the object.
    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}

/// The longest beginning of `text` that takes at most `bytes_max` bytes with its escapes.
fn beginning_within(text: &str, bytes_max: usize) -> &str {
    if text.len() * ESCAPED_BYTES_MAX <= bytes_max {
        return text;
    }
    let mut bytes = 0;
    let end = text.char_indices().find(|(_, letter)| {
        bytes += match letter {
            '\0'..' ' => ESCAPED_BYTES_MAX,
            '"' | '\\' => 2,
            other => other.len_utf8(),
        };
        bytes > bytes_max
    });
    end.map_or(text, |(end, _)| &text[..end])
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        serde_json::to_writer(out, text).expect("memory takes it");
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_as_long_as_fits_with_its_escapes() {
        for (text, bytes_max, beginning) in [
            ("anna", 4, "anna"),
            ("anna", 3, "ann"),
            ("\u{1}\u{2}", 11, "\u{1}"),
            ("\"\\x", 4, "\"\\"),
            ("éé", 3, "é"),
            ("", 0, ""),
        ] {
            let mut out = Vec::new();
            let (object, is_whole) = Object::begin(&mut out).text_within("t", text, bytes_max);
            object.end();
            let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
            assert_eq!(value["t"], beginning);
            assert_eq!(is_whole, beginning == text);
            assert!(out.len() <= bytes_max + r#"{"t":""}"#.len());
        }
    }
}
