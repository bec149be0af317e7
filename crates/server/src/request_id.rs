//! The id of a request, by which an answer, a problem, a line of the log and a trace are found together.

use std::fmt;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Serialize, Serializer};
use uuid::Uuid;

/// The header that names it, in requests and in all answers.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Greatest length of one that a caller gives.
pub(crate) const BYTES_MAX: usize = 128;
/// What one is made of: nothing that means something in a log, a shell or a URI.
pub(crate) const PATTERN: &str = "^[A-Za-z0-9._~:+/=@,;-]+$";

/// An id that the caller gave, or else one that was made here. From strangers it is a name and nothing more.
#[derive(Debug, Clone)]
pub(crate) enum RequestId {
    /// Checked text.
    Given(HeaderValue),
    Made(Uuid),
}

impl RequestId {
    /// The one that the headers give, where it is well-formed; else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match headers.get(&X_REQUEST_ID) {
            Some(given) if is_well_formed(given.as_bytes()) => Self::Given(given.clone()),
            _ => Self::Made(Uuid::now_v7()),
        }
    }

    /// It, as a header.
    pub(crate) fn header(&self) -> HeaderValue {
        match self {
            Self::Given(given) => given.clone(),
            Self::Made(made) => {
                let mut buffer = [0; uuid::fmt::Hyphenated::LENGTH];
                let text = made.hyphenated().encode_lower(&mut buffer);
                HeaderValue::from_str(text).expect("a UUID is ASCII")
            }
        }
    }

    /// As the `instance` of a problem: a URI.
    pub(crate) const fn instance(&self) -> Instance<'_> {
        Instance(self)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(given) => f.write_str(given.to_str().unwrap_or_default()),
            Self::Made(made) => made.hyphenated().fmt(f),
        }
    }
}

/// The URI of a request.
#[derive(Debug)]
pub(crate) struct Instance<'a>(&'a RequestId);

impl Serialize for Instance<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("urn:accolade:request:{}", self.0))
    }
}

fn is_well_formed(id: &[u8]) -> bool {
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"._~:+/=@,;-".contains(byte);
    (1..=BYTES_MAX).contains(&id.len()) && id.iter().all(is_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(given: &str) -> RequestId {
        RequestId::of(&HeaderMap::from_iter([(X_REQUEST_ID, given.parse().unwrap())]))
    }

    #[test]
    fn what_a_caller_gives_stays_where_it_is_well_formed() {
        let longest = "x".repeat(BYTES_MAX);
        for given in ["a", "1-5759e988-bd862e3f", "Root=1-67;Self=2", "YWJj+/==", &longest] {
            let id = of(given);
            assert_eq!(
                (id.to_string(), id.header().as_bytes()),
                (given.to_owned(), given.as_bytes())
            );
        }
        for bad in ["", " a", "a b", "a\tb", "<a>", "a\"b", "a%b", "é", &"x".repeat(BYTES_MAX + 1)]
        {
            let made = of(bad);
            assert!(matches!(made, RequestId::Made(_)), "{bad}");
            assert_eq!(made.header().as_bytes(), made.to_string().as_bytes());
        }
    }

    #[test]
    fn those_made_here_are_new_each_time_and_in_the_order_of_time() {
        let [first, second] = [(); 2].map(|()| RequestId::of(&HeaderMap::new()).to_string());
        assert!(first < second, "{first} {second}");
        let instance = serde_json::to_string(&of("a:1").instance()).unwrap();
        assert_eq!(instance, "\"urn:accolade:request:a:1\"");
    }
}
