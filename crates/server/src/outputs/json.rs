//! JSON objects written field by field, for values of topics.

use std::fmt::Display;
use std::io::Write;

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

fn put_text(out: &mut Vec<u8>, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        serde_json::to_writer(out, text).expect("memory takes it");
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}
