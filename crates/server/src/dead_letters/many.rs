//! What is done to many dead letters at once: to those that a filter lets pass, so many with each request, and the next
//! one goes on where it ended.
//!
//! Each letter gets the command that it would get alone, so nothing happens to one twice. The commands of a request with
//! an idempotency key have ids that follow from key and letter: sent again, it finds the same letters, those that it has
//! changed among them, and its answer is the same.

use accolade_domain::outcome::{Declined, Outcome};
use accolade_engine::tables::dead_letters::DeadLetterState;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::{Asked, Asker, Change, Filter, Found, id_of, place, state_code};
use crate::call::Call;
use crate::cursor::Cursors;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::read_why;
use crate::idempotency::{self, key_of};
use crate::problem::Problem;
use crate::service::Service;
use crate::submit::{Parcel, made_by};

/// What became of the dead letters of one request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ManyDeadLetters)]
pub(crate) struct ManyShape {
    /// How many the filter has found.
    matched: usize,
    /// How many are changed now.
    changed: usize,
    /// How many will be: it is durable.
    accepted: usize,
    /// How many somebody else was faster with, or had ended.
    passed_over: usize,
    items: Vec<ItemShape>,
    #[schema(required)]
    next_cursor: Option<String>,
}

/// One of them.
#[derive(Serialize, ToSchema)]
#[schema(as = OneOfManyDeadLetters)]
struct ItemShape {
    id: String,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
}

const ACCEPTED: &str = "accepted";
const PASSED_OVER: &str = "passed_over";

fn outcomes() -> Schema {
    let [released, discarded] = [DeadLetterState::Released, DeadLetterState::Discarded];
    one_of([state_code(released), state_code(discarded), ACCEPTED, PASSED_OVER])
}

/// Sends those that are open to their players' partitions.
pub(crate) async fn retry(call: Call) -> Result<Response, Problem> {
    change(call, |_| Ok(Change::Release)).await
}

/// Gives those that are open up.
pub(crate) async fn discard(call: Call) -> Result<Response, Problem> {
    change(call, |body| Ok(Change::Discard { why: read_why(body)? })).await
}

async fn change(
    call: Call,
    read: impl FnOnce(&[u8]) -> Result<Change, Problem>,
) -> Result<Response, Problem> {
    let (asker, cursors, is_dry) = (Asker::of(&call), Cursors::of(&call), call.is_dry()?);
    let Call { service, route, principal, parameters, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    let (after, limit) = (cursors.after()?.map(super::place_at), parameters.limit()?);
    let mut filter = Filter::read(&parameters)?;
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let change = read(&body)?;
    let operator = asker.operator();
    let key = match key {
        Some(key) => {
            let asked = idempotency::Change {
                operator: operator.as_deref().unwrap_or_default(),
                subject: &principal.subject,
                route: route.id,
                name: &parameters.written(),
                body: &body,
                is_dry,
            };
            Some(service.claim(key, &asked).await?)
        }
        None => None,
    };
    let becomes = change.becomes();
    filter.state = Some(DeadLetterState::Open);
    filter.also = key.as_ref().filter(|_| !is_dry).map(|_| becomes);
    let asked = Asked { operator, filter, after, count: limit + 1, is_brief: true };
    let (found, to) = service.letters_of_all(&asked, limit).await?;
    let outcomes = if is_dry {
        vec![state_code(becomes); found.len()]
    } else {
        service.change_letters(&found, &change, key.as_deref()).await?
    };
    let count = |is: &str| outcomes.iter().filter(|outcome| **outcome == is).count();
    let (changed, accepted) = (count(state_code(becomes)), count(ACCEPTED));
    let shape = ManyShape {
        matched: found.len(),
        changed,
        accepted,
        passed_over: count(PASSED_OVER),
        items: found
            .iter()
            .zip(outcomes)
            .map(|(found, outcome)| ItemShape { id: id_of(place(found.at)), outcome })
            .collect(),
        next_cursor: to.map(|to| cursors.at(super::numbers(to))),
    };
    let status = if accepted > 0 { StatusCode::ACCEPTED } else { StatusCode::OK };
    Ok(respond_to_change(status, &shape, is_dry))
}

impl Service {
    /// Orders a command for each of these letters, wherever they are, and says what became of it.
    async fn change_letters(
        &self,
        found: &[Found],
        change: &Change,
        key: Option<&str>,
    ) -> Result<Vec<&'static str>, Problem> {
        let mut parcel = Parcel::default();
        for Found { at, operator, .. } in found {
            let (partition, batch, slot) = *at;
            let id = match key {
                Some(key) => format!("key:{key}:{}", id_of(place(*at))),
                None => uuid::Uuid::now_v7().to_string(),
            };
            parcel.add_command(partition, operator, &change.command(id, (batch, slot)));
        }
        if parcel.is_empty() {
            return Ok(Vec::new());
        }
        let applied = self.submit_and_wait(parcel).await?;
        self.counters.commands.increment(found.len() as u64);
        let firsts = self.first_outcomes(&applied).await?;
        let told = applied.into_iter().zip(firsts).map(|(applied, first)| match applied {
            Some((Outcome::Repeated { .. }, _)) => first,
            Some((outcome, _)) => Some(outcome),
            None => None,
        });
        told.map(|outcome| match outcome {
            None => Ok(ACCEPTED),
            Some(Outcome::Declined {
                why: Declined::DeadLetterClosed | Declined::NoSuchDeadLetter,
            }) => Ok(PASSED_OVER),
            Some(outcome) => made_by(outcome).map(|_| state_code(change.becomes())),
        })
        .collect()
    }
}
