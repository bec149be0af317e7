//! Idempotency keys: which request a key was used for in the last 24 hours.
//!
//! That the same request has no second effect rests on what the log holds (a command's id derives from
//! its key); this table only tells a key that is used for something else.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::problem::{Problem, Refusal};

const REMEMBERED_FOR: Duration = Duration::from_hours(24);
const REMEMBERED_MAX: usize = 100_000;
/// Greatest length of a key: an id must have room for it.
const KEY_BYTES_MAX: usize = 100;

/// The keys of all operators.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Table>);

type Digest256 = [u8; 32];

#[derive(Debug, Default)]
struct Table {
    requests: HashMap<Digest256, Digest256>,
    by_age: VecDeque<(Instant, Digest256)>,
}

/// The request's key, if it has one.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_BYTES_MAX).contains(&key.len()));
    key.map(Some).ok_or_else(|| {
        let detail =
            format!("expected an `Idempotency-Key` of 1 to {KEY_BYTES_MAX} bytes of ASCII");
        Problem::new(Refusal::BadHeader, detail)
    })
}

impl Keys {
    /// Notes that `operator` uses `key` for a request, but for a dry run; refuses a key that was used for
    /// another one.
    pub(crate) fn note(
        &self,
        operator: &str,
        key: &str,
        path: &str,
        body: &[u8],
        is_dry: bool,
    ) -> Result<(), Problem> {
        let name = digest(&[operator.as_bytes(), key.as_bytes()]);
        let request = digest(&[path.as_bytes(), body]);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while let Some((at, oldest)) = table.by_age.front().copied()
            && (now.duration_since(at) > REMEMBERED_FOR || table.by_age.len() > REMEMBERED_MAX)
        {
            table.by_age.pop_front();
            table.requests.remove(&oldest);
        }
        match table.requests.get(&name) {
            Some(first) if *first == request => Ok(()),
            Some(_) => Err(Problem::new(
                Refusal::KeyReused,
                "this `Idempotency-Key` was used for another request; use a new one",
            )),
            None if is_dry => Ok(()),
            None => {
                table.requests.insert(name, request);
                table.by_age.push_back((now, name));
                Ok(())
            }
        }
    }
}

fn digest(parts: &[&[u8]]) -> Digest256 {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}
