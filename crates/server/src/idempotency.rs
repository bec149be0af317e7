//! Idempotency keys: for 24 hours each stands for one request, by a record of the log.
//!
//! A claim in the key's home partition occupies the key for the request; the command itself, which may be in
//! another partition, has an id that follows from the key. So that a key is used for something else is known
//! after restarts and takeovers and at every node, and the same request has one effect and one answer.

use accolade_wire::control::Command;
use accolade_wire::hex::to_hex;
use accolade_wire::identity::partition_of;
use axum::http::HeaderMap;
use sha2::{Digest, Sha256};

use crate::problem::{Problem, Refusal, not_yet};
use crate::service::Service;
use crate::submit::{Carried, blocking};

/// Greatest length of a key.
const KEY_BYTES_MAX: usize = 100;

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

/// A change that somebody asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'a> {
    pub(crate) operator: &'a str,
    /// Who asks.
    pub(crate) subject: &'a str,
    /// The route: method and path without ids.
    pub(crate) route: &'static str,
    /// The id in the path.
    pub(crate) name: &'a str,
    pub(crate) body: &'a [u8],
    pub(crate) is_dry: bool,
}

impl Change<'_> {
    fn id(&self, key: &str) -> String {
        let of = [self.operator, self.subject, self.route, key].map(str::as_bytes);
        to_hex(&digest(&of)[..16])
    }

    fn request(&self) -> String {
        to_hex(&digest(&[self.name.as_bytes(), self.body]))
    }
}

impl Service {
    /// Has a key stand for a change from here on, but in a dry run; refuses one that stands for another.
    /// Returns what the key, its user and the route are together, as 32 hexadecimal figures.
    pub(crate) async fn claim(&self, key: &str, change: &Change<'_>) -> Result<String, Problem> {
        let id = change.id(key);
        let home = partition_of(&id, self.partitions());
        let command = Command::Claim { id: format!("claim:{id}"), request: change.request() };
        if change.is_dry {
            let service = self.clone();
            // A dry run is of a partition that is here.
            if blocking(move || service.read(home, |_| ())).await?.is_err() {
                return Ok(id);
            }
        }
        let carried = self.command(home, change.operator, &command, change.is_dry).await?;
        match carried {
            Carried::Now | Carried::Before => Ok(id),
            // It may be another's: nothing more is done before that is known.
            Carried::NotYet => Err(not_yet()),
        }
    }

    /// The identity of a command: that of its key, which is claimed, or a new one.
    pub(crate) async fn command_id(
        &self,
        key: Option<&str>,
        change: &Change<'_>,
    ) -> Result<String, Problem> {
        let Some(key) = key else { return Ok(uuid::Uuid::now_v7().to_string()) };
        Ok(format!("key:{}", self.claim(key, change).await?))
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_operator_subject_route_and_key_and_a_request_of_name_and_body() {
        let change = Change {
            operator: "o",
            subject: "s",
            route: "r",
            name: "n",
            body: b"b",
            is_dry: false,
        };
        let (id, request) = (change.id("k"), change.request());
        assert_eq!((id.len(), request.len()), (32, 64));
        for other in [
            Change { operator: "os", subject: "", ..change },
            Change { subject: "t", ..change },
            Change { route: "q", ..change },
        ] {
            assert_ne!(other.id("k"), id, "{other:?}");
        }
        assert_ne!(change.id("l"), id);
        for other in [Change { name: "m", ..change }, Change { name: "nb", body: b"", ..change }] {
            assert_eq!(other.id("k"), id);
            assert_ne!(other.request(), request, "{other:?}");
        }
    }
}
