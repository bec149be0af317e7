//! `CloudEvents` by the HTTP binding: an event in the JSON format, a batch of them, or attributes in headers with the event
//! as the body (binary mode).

use std::borrow::Cow;

use accolade_wire::cloud_event::Attributes;
use accolade_wire::hex::from_hex;
use accolade_wire::problem::Problem as BadField;
use axum::http::HeaderMap;

use crate::problem::{FieldError, Problem, Refusal};

/// The content type of one, in structured mode.
pub(crate) const ONE: &str = "application/cloudevents+json";
/// The content type of a batch.
pub(crate) const BATCH: &str = "application/cloudevents-batch+json";

/// Whether a request is one in binary mode.
pub(crate) fn is_binary(headers: &HeaderMap) -> bool {
    headers.contains_key("ce-specversion")
}

/// The attributes in the headers of a request in binary mode.
pub(crate) fn attributes(headers: &HeaderMap) -> Result<Attributes<'static>, Problem> {
    let read = Attributes::read(|name| {
        let Some(value) = headers.get(format!("ce-{name}")) else { return Ok(None) };
        let text = value.to_str().ok().and_then(decoded);
        text.map(|text| Some(Cow::Owned(text)))
            .ok_or_else(|| BadField::new(format!("/{name}"), "expected a text, percent-encoded"))
    });
    read.map_err(|problems| {
        let detail = problems.iter().map(|BadField { pointer, detail }| {
            format!("`ce-{}`: {detail}", pointer.trim_start_matches('/'))
        });
        Problem::new(Refusal::BadHeader, detail.collect::<Vec<_>>().join("; "))
    })
}

/// A header's text, of which a part may be percent-encoded.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        let [byte] = from_hex(str::from_utf8(digits).ok()?)?;
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// The same problem, with its pointers moved.
pub(crate) fn moved(problem: Problem, to: impl Fn(&str) -> String) -> Problem {
    if problem.errors.is_empty() {
        return problem;
    }
    let errors = problem.errors.into_iter();
    let errors = errors.map(|error| FieldError { pointer: to(&error.pointer), ..error });
    Problem::fields(problem.refusal, errors)
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn headers_are_decoded_once_and_what_is_no_text_is_none() {
        assert_eq!(decoded("Euro%20%E2%82%AC %2525").as_deref(), Some("Euro \u{20ac} %25"));
        for bad in ["%", "%2", "%zz", "%+1", "%ff"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
    }
}
