//! What a webhook was told, and what waits; and telling it once more.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_engine::rules::webhooks::Webhook;
use accolade_engine::tables::deliveries::WebhookKey;
use accolade_webhooks::events::{account_at, message_at};
use accolade_webhooks::sending::{Attempt, Failure, Message};
use accolade_webhooks::{Aside, Ended, Remembered};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::{Asked, TestShape};
use crate::call::Call;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::problem::{Problem, not_yet};
use crate::service::Service;
use crate::shapes::{Time, respond};
use crate::submit::{blocking, soon};

const STATES: [&str; 4] = ["waiting", "failing", "delivered", "given_up"];

/// A delivery: something that a webhook is told, or was.
#[derive(Debug, Serialize, Deserialize)]
struct Delivery {
    place: (u16, u64, u32, u32),
    kind: Box<str>,
    message: Box<str>,
    state: usize,
    attempts: u32,
    status: u16,
    /// When it ended; when it failed first.
    at: i64,
    /// When it is tried again.
    due: Option<i64>,
}

impl Delivery {
    fn ended(partition: u16, ended: Ended) -> Self {
        let Ended { spot: (batch, slot, number), kind, message, at, attempts, status, taken } =
            ended;
        let (place, state) = ((partition, batch, slot, number), if taken { 2 } else { 3 });
        Self { place, kind, message, state, attempts, status, at, due: None }
    }

    fn aside(partition: u16, aside: Aside) -> Self {
        let Aside { spot: (batch, slot, number), kind, message, failed, since, due, status } =
            aside;
        let (place, state) = ((partition, batch, slot, number), usize::from(failed > 0));
        Self { place, kind, message, state, attempts: failed, status, at: since, due: Some(due) }
    }
}

/// A delivery as it is listed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Delivery)]
pub(crate) struct DeliveryShape {
    id: String,
    /// The `webhook-id`, the same at every attempt.
    message_id: Box<str>,
    r#type: Box<str>,
    #[schema(schema_with = states)]
    state: &'static str,
    /// How often it was tried.
    attempts: u32,
    /// What was answered last.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Time>,
    /// When it failed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Time>,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<Time>,
}

fn states() -> Schema {
    one_of(STATES)
}

impl DeliveryShape {
    fn of(webhook: u32, delivery: Delivery) -> Self {
        let Delivery { place, kind, message, state, attempts, status, at, due } = delivery;
        let (partition, batch, slot, number) = place;
        let is_over = due.is_none();
        let time = |micros: i64| Time(Timestamp::from_micros(micros));
        let is_failing = attempts > 0 && !is_over;
        Self {
            id: format!("{webhook}-{partition}-{batch}-{slot}-{number}"),
            message_id: message,
            r#type: kind,
            state: STATES[state.min(STATES.len() - 1)],
            attempts,
            status: Some(status).filter(|status| *status != 0),
            ended_at: is_over.then(|| time(at)),
            failing_since: is_failing.then(|| time(at)),
            next_attempt_at: due.filter(|_| is_failing).map(time),
        }
    }
}

/// Deliveries: those that wait first, then those that have ended, the newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deliveries)]
pub(crate) struct DeliveriesShape {
    items: Vec<DeliveryShape>,
}

/// The webhook and the place that a delivery's id names.
pub(crate) fn delivery_of(id: &str) -> Option<(u32, Place)> {
    let mut parts = id.split('-');
    let webhook = parts.next()?.parse().ok()?;
    let place = Place {
        partition: parts.next()?.parse().ok()?,
        batch: parts.next()?.parse().ok()?,
        slot: parts.next()?.parse().ok()?,
        number: parts.next()?.parse().ok()?,
    };
    parts.next().is_none().then_some((webhook, place))
}

/// The deliveries of a webhook that are remembered.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (operator, name) = (call.operator(), call.name());
    let Call { service, parameters, .. } = call;
    let limit = parameters.limit()?;
    let found = service.operator(&operator)?.webhooks.get(&name).cloned();
    let webhook = found.filter(|webhook| !webhook.terms().deleted);
    let webhook = webhook.ok_or_else(|| Problem::not_found("webhook"))?.number;
    let key = WebhookKey { operator: operator.number, webhook };
    let path = format!("/cluster/v1/deliveries?operator={}&webhook={webhook}", operator.number);
    let here = move |service: &Service, partitions: &[u16]| service.deliveries(key, partitions);
    let all = service.gather(0..service.partitions(), here, &path, read).await?;
    let mut all: Vec<_> = all.into_iter().flatten().collect();
    all.sort_by_key(|delivery| (delivery.due.is_none(), std::cmp::Reverse(delivery.at)));
    all.truncate(limit);
    let items = all.into_iter().map(|delivery| DeliveryShape::of(webhook, delivery)).collect();
    Ok(respond(StatusCode::OK, &DeliveriesShape { items }))
}

fn read(bytes: &[u8]) -> io::Result<Vec<Delivery>> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Deliveries of partitions that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let number =
        |name| Ok::<_, Problem>(parameters.number(name, 0, u64::from(u32::MAX))?.unwrap_or(0));
    let [operator, webhook] = [number("operator")?, number("webhook")?].map(u32::try_from);
    let is_bounded = "it is bounded";
    let key =
        WebhookKey { operator: operator.expect(is_bounded), webhook: webhook.expect(is_bounded) };
    let found = blocking(move || {
        service.with_all_here(&partitions, || service.deliveries(key, &partitions))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}

/// Tells a webhook of something once more, at once; what is remembered of it does not change.
pub(crate) async fn resend(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let not_found = || Problem::not_found("delivery");
    let (number, place) = delivery_of(&asked.name).ok_or_else(not_found)?;
    let operator = asked.service.operator(&asked.operator)?;
    let webhook = operator.webhooks.numbered(number).filter(|webhook| !webhook.terms().deleted);
    let webhook = Arc::clone(webhook.ok_or_else(not_found)?);
    let (service, of) = (asked.service.clone(), asked.operator.number);
    let message = blocking(move || service.message_at(of, place)).await??;
    let message = message.ok_or_else(not_found)?;
    asked.claim().await?;
    let id = message.id.to_string();
    if asked.is_dry {
        return Ok(respond_to_change(StatusCode::OK, &TestShape::of(id, None), true));
    }
    let attempt = asked.send_in_time(&webhook, &message).await?;
    Ok(respond_to_change(StatusCode::OK, &TestShape::of(id, Some(attempt)), false))
}

impl Asked {
    /// Sends within the time that a node waits for another one.
    async fn send_in_time(&self, webhook: &Webhook, message: &Message) -> Result<Attempt, Problem> {
        let key = self.service.sealing_key().await?;
        let patience = Duration::from_millis(self.service.settings.wait_ms);
        let sent = self.service.send_once(&key, &self.operator.id, webhook, message);
        let too_slow = Attempt::Failed(Failure::TooSlow);
        tokio::time::timeout(patience, sent).await.unwrap_or(Ok(too_slow))
    }
}

impl Service {
    fn deliveries(&self, key: WebhookKey, partitions: &[u16]) -> Result<Vec<Delivery>, Problem> {
        let mut all = Vec::new();
        for number in partitions {
            let remembered = self.read(*number, |partition| {
                let told = partition.tables().deliveries.get(&key);
                told.map(|told| told.remembered.clone()).unwrap_or_default()
            })?;
            let Remembered { aside, ended } = Remembered::read(&remembered);
            all.extend(aside.into_iter().map(|aside| Delivery::aside(*number, aside)));
            all.extend(ended.into_iter().map(|ended| Delivery::ended(*number, ended)));
        }
        Ok(all)
    }

    /// The message that tells of a place of a partition that is here, where it is the operator's.
    fn message_at(&self, operator: u32, place: Place) -> Result<Option<Message>, Problem> {
        let Place { partition, batch, .. } = place;
        if partition >= self.partitions()
            || batch == 0
            || batch >= self.read(partition, Partition::next_batch)?
        {
            return Ok(None);
        }
        let backing = self.host.backing(partition)?;
        let journal = soon(|| backing.journal.read(partition, batch))?.ok_or_else(not_yet)?;
        let account = account_at(&journal, place).map_err(io::Error::other)?;
        let Some((_, subject)) = account.filter(|(number, _)| *number == operator) else {
            return Ok(None);
        };
        let names = self.names_behind_here(partition, &[subject].into())?;
        let Some(player) = names.get(&subject) else { return Ok(None) };
        Ok(message_at(&journal, place, player).map_err(io::Error::other)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_a_webhook_and_a_place() {
        let place = Place { partition: 3, batch: 17, slot: 2, number: 1 };
        assert_eq!(delivery_of("7-3-17-2-1"), Some((7, place)));
        for id in ["", "7", "7-3-17-2", "7-3-17-2-1-0", "7-70000-1-1-1", "-1-3-17-2-1", "a-b-c-d-e"]
        {
            assert_eq!(delivery_of(id), None, "{id}");
        }
    }
}
