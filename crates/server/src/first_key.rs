//! The key that the first start prints: it adds the first operator over HTTP, and nothing else.

use accolade_domain::time::Timestamp;
use accolade_storage::random::random;
use accolade_wire::control::Control;
use accolade_wire::hex::to_hex;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::call::Call;
use crate::dry_run::respond_to_change;
use crate::host;
use crate::problem::{Problem, Refusal, not_yet};
use crate::secret;
use crate::service::now;
use crate::shapes::{Time, respond};

/// How long it is valid where no operator is added.
const VALID_MICROS: i64 = 24 * 3_600 * SECOND_MICROS;
const SECOND_MICROS: i64 = 1_000_000;
/// Its id, in the trail and in the log.
pub(crate) const ID: &str = "first-start";

#[derive(Serialize)]
struct MadeFirstKey<'a> {
    /// Shown this once; there is none in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    until: Time,
}

/// Makes the key, once in the life of a node or of a cluster, and only while there is no operator.
pub(crate) async fn make(call: Call) -> Result<Response, Problem> {
    let is_dry = call.is_dry()?;
    let (service, who) = (call.service, call.principal.subject.to_string());
    let key = secret::of(random()?);
    let until = until_of(now());
    let control = Control::FirstKey {
        secret_hash: to_hex(&secret::hash(&service.hash_key(), &key)),
        until: until.micros(),
        who,
    };
    let there_was_one = |problem: Problem| match problem.refusal {
        Refusal::KeyExists => Problem::new(
            Refusal::KeyExists,
            "the first start has made its key: `accolade operator add` needs none",
        ),
        _ => problem,
    };
    if is_dry {
        service.rules_would(&control).await.map_err(there_was_one)?;
        let made = MadeFirstKey { key: None, until: Time(until) };
        return Ok(respond_to_change(StatusCode::OK, &made, true));
    }
    service.control(&control).await.map_err(there_was_one)?.ok_or_else(not_yet)?;
    let made = MadeFirstKey { key: Some(&key), until: Time(until) };
    Ok(respond(StatusCode::CREATED, &made))
}

/// Until when a key of this moment is valid: a whole second, since people read it.
fn until_of(now: Timestamp) -> Timestamp {
    let until = now.plus_micros(VALID_MICROS);
    until.plus_micros(-(until.micros() % SECOND_MICROS))
}

/// Adds the first operator; where there is one by now, nothing.
pub(crate) async fn add_operator(call: Call) -> Result<Response, Problem> {
    let added = host::add(call, |operator, key_hash, events_per_second| Control::FirstOperator {
        operator,
        key_hash,
        events_per_second,
    });
    added.await.map_err(|problem| match problem.refusal {
        Refusal::OperatorExists => Problem::new(
            Refusal::OperatorExists,
            "there is an operator already, and this key adds none but the first: others are added on the node's \
             machine (`accolade operator add ID`), and further keys are made with that operator's (`POST /api/v1/keys`)",
        ),
        _ => problem,
    })
}
