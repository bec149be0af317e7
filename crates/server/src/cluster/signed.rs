//! Signatures on what nodes ask each other and answer: HMAC-SHA-256, by keys that are made of the cluster's secret,
//! which itself is never sent.
//!
//! A request is signed with the address that it is for, its time and a number, and counts once; its answer with the
//! request's own signature. All headers are signed but those of the connection, so that nothing can be added.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use accolade_wire::hex::{from_hex, to_hex};
use accolade_wire::secret::{Key, Secret, Signature};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, DATE, HOST, TRANSFER_ENCODING};
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use sha2::{Digest, Sha256};

use crate::lock::lock;

/// The header that holds a signature.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-accolade-signature");
/// What belongs to the connection, or is the signature itself.
const UNSIGNED: [HeaderName; 6] =
    [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, DATE, SIGNATURE];

/// How old a request may be; the clocks of two nodes may be four seconds apart.
const PAST_MS: i64 = 30_000;
/// How far ahead of this node's clock its time may be.
const FUTURE_MS: i64 = 5_000;
/// So many requests of a node may come out of their order.
const WIDTH: u64 = 1 << 17;

/// A hash of a body.
pub(crate) type BodyHash = [u8; 32];

/// In place of the hash of a body whose lines are signed one by one.
pub(crate) const LINES: BodyHash = [0; 32];

/// The hash of a body.
pub(crate) fn hash_of(body: &[u8]) -> BodyHash {
    Sha256::digest(body).into()
}

/// Why a request is no node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Untrusted {
    /// It has no signature.
    Unsigned,
    /// It was signed by another secret, or for another node, or is not what was signed.
    Forged,
    /// It is too old, or of a time that is still to come.
    OutOfTime,
    /// It has come before.
    Repeated,
}

impl Untrusted {
    /// Its name in metrics.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Forged => "forged",
            Self::OutOfTime => "out_of_time",
            Self::Repeated => "repeated",
        }
    }
}

/// Signs and checks, as one node of a cluster.
#[derive(Debug)]
pub(crate) struct Signing {
    requests: Key,
    answers: Key,
    /// Random, and the process's own.
    sender: u64,
    next: AtomicU64,
    /// Nothing signed before was for this process.
    since_ms: i64,
    heard: Mutex<HashMap<u64, Heard>>,
}

/// A request that is a node's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) signature: Signature,
    pub(crate) body: BodyHash,
}

/// What says which request it is.
struct Stamp {
    time_ms: i64,
    sender: u64,
    number: u64,
    body: BodyHash,
}

/// What a request asks of whom.
struct Question<'a> {
    address: &'a str,
    method: &'a Method,
    path: &'a str,
    headers: &'a HeaderMap,
}

impl Question<'_> {
    fn with<T>(&self, stamp: &Stamp, over: impl FnOnce(&mut dyn Iterator<Item = &[u8]>) -> T) -> T {
        let Stamp { time_ms, sender, number, body } = stamp;
        let numbers = [time_ms.to_le_bytes(), sender.to_le_bytes(), number.to_le_bytes()];
        let what = [self.address, self.method.as_str(), self.path].map(str::as_bytes);
        let headers = signed(self.headers);
        let parts = what.into_iter().chain(numbers.iter().map(<[u8; 8]>::as_slice));
        let parts = parts.chain([&body[..]]);
        over(&mut parts.chain(headers.into_iter().flat_map(|(name, value)| [name, value])))
    }
}

/// The headers that are signed, in an order of their own.
fn signed(headers: &HeaderMap) -> Vec<(&[u8], &[u8])> {
    let is_signed = |(name, _): &(&HeaderName, &HeaderValue)| !UNSIGNED.contains(name);
    let signed = headers.iter().filter(is_signed);
    let mut signed: Vec<_> =
        signed.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())).collect();
    signed.sort_unstable();
    signed
}

fn path_of(parts: &Parts) -> &str {
    parts.uri.path_and_query().map_or("/", PathAndQuery::as_str)
}

impl Stamp {
    fn read(text: &str) -> Option<(Self, Signature)> {
        let mut words = text.split(' ');
        let mut next = || words.next();
        let stamp = Self {
            time_ms: next()?.parse().ok()?,
            sender: u64::from_str_radix(next()?, 16).ok()?,
            number: next()?.parse().ok()?,
            body: from_hex(next()?)?,
        };
        let signature = from_hex(next()?)?;
        next().is_none().then_some((stamp, signature))
    }

    fn write(&self, signature: &Signature) -> HeaderValue {
        let Self { time_ms, sender, number, body } = self;
        let (body, signature) = (to_hex(body), to_hex(signature));
        let text = format!("{time_ms} {sender:016x} {number} {body} {signature}");
        HeaderValue::try_from(text).expect("figures are ASCII")
    }
}

impl Signing {
    /// As the node that calls itself `sender`, from `now_ms` on.
    pub(crate) fn new(secret: &Secret, sender: u64, now_ms: i64) -> Self {
        Self {
            requests: Key::of(secret, "accolade between nodes: requests"),
            answers: Key::of(secret, "accolade between nodes: answers"),
            sender,
            next: AtomicU64::new(1),
            since_ms: now_ms,
            heard: Mutex::default(),
        }
    }

    /// Signs a request to the node at `address`, which has its path alone.
    pub(crate) fn sign(
        &self,
        address: &str,
        parts: &mut Parts,
        body: &[u8],
        now_ms: i64,
    ) -> Signature {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let stamp = Stamp { time_ms: now_ms, sender: self.sender, number, body: hash_of(body) };
        let (method, path, headers) = (&parts.method, path_of(parts), &parts.headers);
        let question = Question { address, method, path, headers };
        let signature = question.with(&stamp, |parts| self.requests.sign(parts));
        parts.headers.insert(SIGNATURE, stamp.write(&signature));
        signature
    }

    /// Whether a request is for this node, which has `address`, and comes from another for the first time. Its body
    /// is still to be compared.
    pub(crate) fn check(
        &self,
        address: &str,
        parts: &Parts,
        now_ms: i64,
    ) -> Result<Asked, Untrusted> {
        let shown = parts.headers.get(SIGNATURE).ok_or(Untrusted::Unsigned)?;
        let shown = shown.to_str().ok().and_then(Stamp::read).ok_or(Untrusted::Forged)?;
        let (stamp, signature) = shown;
        let (method, path, headers) = (&parts.method, path_of(parts), &parts.headers);
        let question = Question { address, method, path, headers };
        if !question.with(&stamp, |parts| self.requests.has_signed(parts, &signature)) {
            return Err(Untrusted::Forged);
        }
        let is_in_time = (now_ms - PAST_MS..=now_ms + FUTURE_MS).contains(&stamp.time_ms);
        if !is_in_time || stamp.time_ms < self.since_ms {
            return Err(Untrusted::OutOfTime);
        }
        let mut heard = lock(&self.heard);
        if !heard.contains_key(&stamp.sender) {
            // What these have said is out of time by now.
            heard.retain(|_, heard| heard.at_ms > now_ms - 2 * (PAST_MS + FUTURE_MS));
        }
        let heard = heard.entry(stamp.sender).or_insert_with(Heard::new);
        heard.at_ms = now_ms;
        if heard.is_first(stamp.number) {
            Ok(Asked { signature, body: stamp.body })
        } else {
            Err(Untrusted::Repeated)
        }
    }

    /// Signs the answer to a request.
    pub(crate) fn sign_answer(
        &self,
        asked: &Signature,
        status: StatusCode,
        headers: &mut HeaderMap,
        body: &BodyHash,
    ) {
        let signature = with_answer(asked, status, headers, body, |parts| self.answers.sign(parts));
        let value = HeaderValue::try_from(to_hex(&signature)).expect("figures are ASCII");
        headers.insert(SIGNATURE, value);
    }

    /// Whether it is the answer to a request of this node's.
    pub(crate) fn is_answer(
        &self,
        asked: &Signature,
        status: StatusCode,
        headers: &HeaderMap,
        body: &BodyHash,
    ) -> bool {
        let shown = headers.get(SIGNATURE).and_then(|shown| shown.to_str().ok());
        let Some(shown) = shown.and_then(from_hex::<32>) else { return false };
        with_answer(asked, status, headers, body, |parts| self.answers.has_signed(parts, &shown))
    }

    /// Signs a line of an answer; the one without text is the last.
    pub(crate) fn sign_line(&self, asked: &Signature, number: u64, line: &[u8]) -> Signature {
        self.answers.sign([&asked[..], b"line", &number.to_le_bytes(), line])
    }

    /// Whether it is that line.
    pub(crate) fn is_line(
        &self,
        asked: &Signature,
        number: u64,
        line: &[u8],
        shown: &Signature,
    ) -> bool {
        self.answers.has_signed([&asked[..], b"line", &number.to_le_bytes(), line], shown)
    }
}

fn with_answer<T>(
    asked: &Signature,
    status: StatusCode,
    headers: &HeaderMap,
    body: &BodyHash,
    over: impl FnOnce(&mut dyn Iterator<Item = &[u8]>) -> T,
) -> T {
    let headers = signed(headers).into_iter().flat_map(|(name, value)| [name, value]);
    let parts = [&asked[..], b"answer", status.as_str().as_bytes(), &body[..]];
    over(&mut parts.into_iter().chain(headers))
}

/// The requests of one process that have come.
#[derive(Debug)]
struct Heard {
    at_ms: i64,
    highest: u64,
    /// A bit for each of the last [`WIDTH`] numbers.
    seen: Box<[u64]>,
}

impl Heard {
    fn new() -> Self {
        let words = usize::try_from(WIDTH / 64).expect("it is small");
        Self { at_ms: 0, highest: 0, seen: vec![0; words].into_boxed_slice() }
    }

    /// Whether a request of this number has not come before; one that is too far behind may have.
    fn is_first(&mut self, number: u64) -> bool {
        if number > self.highest {
            if number - self.highest >= WIDTH {
                self.seen.fill(0);
            } else {
                for skipped in self.highest + 1..number {
                    let (word, bit) = place_of(skipped);
                    self.seen[word] &= !bit;
                }
            }
            self.highest = number;
            let (word, bit) = place_of(number);
            self.seen[word] |= bit;
            return true;
        }
        if self.highest - number >= WIDTH {
            return false;
        }
        let (word, bit) = place_of(number);
        let is_new = self.seen[word] & bit == 0;
        self.seen[word] |= bit;
        is_new
    }
}

fn place_of(number: u64) -> (usize, u64) {
    let place = number % WIDTH;
    (usize::try_from(place / 64).expect("it is small"), 1 << (place % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use axum::http::Request;
    use proptest::prelude::*;

    use super::*;

    const HERE: &str = "http://10.0.0.5:8081";
    const SECRET: &str = "what-only-nodes-know";
    const NOW: i64 = 1_800_000_000_000;

    fn signing(secret: &str, sender: u64) -> Signing {
        Signing::new(&Secret::new(secret), sender, NOW)
    }

    fn request(path: &str) -> Parts {
        let request = Request::builder().method("PUT").uri(path).header("accept", "*/*").body(());
        request.unwrap().into_parts().0
    }

    fn sent() -> (Signing, Parts) {
        let (node, mut parts) = (signing(SECRET, 7), request("/a?b=c"));
        node.sign(HERE, &mut parts, b"body", NOW);
        (node, parts)
    }

    #[test]
    fn a_request_counts_once_at_the_node_that_it_is_for() {
        let (_, mut parts) = sent();
        let [node, other] = [8, 9].map(|sender| signing(SECRET, sender));
        assert_eq!(node.check("http://10.0.0.6:8081", &parts, NOW).unwrap_err(), Untrusted::Forged);
        assert_eq!(
            signing("another-secret-of-16", 8).check(HERE, &parts, NOW).unwrap_err(),
            Untrusted::Forged
        );
        // What the connection adds.
        parts.headers.insert(HOST, HeaderValue::from_static("10.0.0.5:8081"));
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from_static("4"));
        assert_eq!(node.check(HERE, &parts, NOW).unwrap().body, hash_of(b"body"));
        assert_eq!(node.check(HERE, &parts, NOW).unwrap_err(), Untrusted::Repeated);
        // One that has just started may take no request that another process of its address has taken.
        assert_eq!(other.check(HERE, &parts, NOW + PAST_MS + 1).unwrap_err(), Untrusted::OutOfTime);
        assert_eq!(
            other.check(HERE, &parts, NOW - FUTURE_MS - 1).unwrap_err(),
            Untrusted::OutOfTime
        );
        let started = Signing::new(&Secret::new(SECRET), 9, NOW + 1);
        assert_eq!(started.check(HERE, &parts, NOW + 1).unwrap_err(), Untrusted::OutOfTime);
        assert!(other.check(HERE, &parts, NOW + PAST_MS).is_ok());
    }

    #[test]
    fn nothing_of_a_request_can_be_changed_nor_anything_added() {
        type Change = fn(&mut Parts);
        let changes: [Change; 7] = [
            |parts| parts.method = Method::POST,
            |parts| parts.uri = "/a?b=d".parse().unwrap(),
            |parts| parts.uri = "/a".parse().unwrap(),
            |parts| drop(parts.headers.insert("accept", HeaderValue::from_static("text/plain"))),
            |parts| drop(parts.headers.remove("accept")),
            |parts| {
                parts.headers.append("accept", HeaderValue::from_static("text/plain"));
            },
            |parts| {
                drop(parts.headers.insert("x-accolade-operator", HeaderValue::from_static("o")));
            },
        ];
        let node = signing(SECRET, 8);
        for (at, change) in changes.into_iter().enumerate() {
            let (_, mut parts) = sent();
            change(&mut parts);
            assert_eq!(node.check(HERE, &parts, NOW).unwrap_err(), Untrusted::Forged, "{at}");
        }
        let (_, parts) = sent();
        let shown = parts.headers[SIGNATURE].to_str().unwrap().to_owned();
        for at in 0..shown.len() {
            let mut bytes = shown.clone().into_bytes();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            let mut parts = parts.clone();
            parts.headers.insert(SIGNATURE, HeaderValue::from_bytes(&bytes).unwrap());
            assert_eq!(node.check(HERE, &parts, NOW).unwrap_err(), Untrusted::Forged, "{at}");
        }
        let mut unsigned = parts.clone();
        unsigned.headers.remove(SIGNATURE);
        assert_eq!(node.check(HERE, &unsigned, NOW).unwrap_err(), Untrusted::Unsigned);
        assert!(node.check(HERE, &parts, NOW).is_ok(), "what was refused has not used it up");
    }

    #[test]
    fn an_answer_is_of_its_request_alone() {
        let (asker, node) = (signing(SECRET, 7), signing(SECRET, 8));
        let [first, second] = [(); 2].map(|()| asker.sign(HERE, &mut request("/a"), b"", NOW));
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_static("\"1\""));
        node.sign_answer(&first, StatusCode::OK, &mut headers, &hash_of(b"x"));
        headers.insert(DATE, HeaderValue::from_static("now"));
        let is = |asked, status, headers: &HeaderMap, body: &[u8]| {
            asker.is_answer(asked, status, headers, &hash_of(body))
        };
        assert!(is(&first, StatusCode::OK, &headers, b"x"));
        assert!(!is(&second, StatusCode::OK, &headers, b"x"));
        assert!(!is(&first, StatusCode::CREATED, &headers, b"x"));
        assert!(!is(&first, StatusCode::OK, &headers, b"y"));
        headers.insert("etag", HeaderValue::from_static("\"2\""));
        assert!(!is(&first, StatusCode::OK, &headers, b"x"));
        assert!(!is(&first, StatusCode::OK, &HeaderMap::new(), b"x"));
        let line = node.sign_line(&first, 3, b"{}");
        assert!(asker.is_line(&first, 3, b"{}", &line));
        assert!(
            !asker.is_line(&first, 4, b"{}", &line) && !asker.is_line(&second, 3, b"{}", &line)
        );
        assert!(!asker.is_line(&first, 3, b"", &line));
    }

    #[test]
    fn who_has_not_been_heard_for_long_is_forgotten() {
        let node = signing(SECRET, 1);
        for sender in 2..100 {
            let now = NOW + i64::try_from(sender).unwrap() * 60_000;
            let mut parts = request("/");
            signing(SECRET, sender).sign(HERE, &mut parts, b"", now);
            assert!(node.check(HERE, &parts, now).is_ok());
        }
        assert!(node.heard.lock().unwrap().len() < 4);
    }

    proptest! {
        #[test]
        fn a_number_counts_once_in_whatever_order(
            numbers in proptest::collection::vec(prop_oneof![1..50_u64, 1..3 * WIDTH], 1..200)
        ) {
            let (mut heard, mut seen) = (Heard::new(), BTreeSet::new());
            for number in numbers {
                let is_near = seen.last().is_none_or(|highest| highest - number.min(*highest) < WIDTH);
                let is_new = seen.insert(number) && is_near;
                prop_assert_eq!(heard.is_first(number), is_new, "{}", number);
            }
        }
    }
}
