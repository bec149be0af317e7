//! An operator's webhooks: made, listed, changed, rotated, tried and deleted.

pub(crate) mod deliveries;
mod desk;

use std::collections::BTreeSet;
use std::sync::Arc;

use accolade_domain::outcome::Declined;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::webhooks::{EVENTS_MAX, FROM_BEHAVIOUR, URL_BYTES_MAX, Webhook};
use accolade_storage::random::random;
use accolade_webhooks::events::{TEST, TYPES, body};
use accolade_webhooks::sealing::SealingKey;
use accolade_webhooks::sending::{Attempt, Failure, Message};
use accolade_webhooks::signing::SigningSecret;
use accolade_webhooks::target::Target;
use accolade_wire::control::{Control, SealedSecret, WebhookTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Semaphore;
use utoipa::ToSchema;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{RefOr, Schema};

use crate::asked::Asked;
use crate::call::Call;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::fields_of;
use crate::keys::read_old_until;
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::{Service, now};
use crate::shapes::{Time, respond};

/// Greatest length of a description in bytes.
const DESCRIPTION_BYTES_MAX: usize = 512;
/// How often a change is tried while others change the same webhook.
const TRIES: usize = 5;
/// Messages that are sent at the same time because somebody asks for it: each waits for a stranger.
static SENDING: Semaphore = Semaphore::const_new(32);

/// A webhook as it is asked for.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewWebhook, example = json!({ "url": "https://example.com/hooks", "events": ["tier.changed"] }))]
pub(crate) struct Wanted {
    /// An address of `https` that is reached over the public internet.
    #[schema(min_length = 1, max_length = 2048)]
    url: String,
    /// The types that it is told of; all where there are none.
    #[serde(default)]
    #[schema(schema_with = some_types, required = false)]
    events: Vec<String>,
    #[serde(default)]
    #[schema(max_length = 512, required = false)]
    description: String,
}

/// What is to be changed of a webhook.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WebhookChange, example = json!({ "enabled": true }))]
pub(crate) struct Changed {
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2048)]
    url: Option<String>,
    #[serde(default)]
    #[schema(schema_with = some_types, required = false)]
    events: Option<Vec<String>>,
    #[serde(default)]
    #[schema(max_length = 512)]
    description: Option<String>,
    #[serde(default)]
    enabled: Option<bool>,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [url, events, description] = fields_of(body, &["url", "events", "description"])?;
        Ok(Self {
            url: url.text()?.ok_or_else(|| url.expected("an address of `https`"))?,
            events: events.texts(EVENTS_MAX)?.unwrap_or_default(),
            description: description.text()?.unwrap_or_default(),
        })
    }
}

impl Changed {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [url, events, description, enabled] =
            fields_of(body, &["url", "events", "description", "enabled"])?;
        Ok(Self {
            url: url.text()?,
            events: events.texts(EVENTS_MAX)?,
            description: description.text()?,
            enabled: enabled.flag()?,
        })
    }
}

fn some_types() -> Schema {
    let types = ArrayBuilder::new().items(RefOr::T(one_of(TYPES))).unique_items(true);
    types.max_items(Some(EVENTS_MAX)).build().into()
}

fn malformed(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Refusal::Malformed, pointer, detail)
}

impl Service {
    fn check_url(&self, url: &str) -> Result<(), Problem> {
        let read = Target::read(url, self.settings.webhooks.allowed());
        read.map(drop).map_err(|error| malformed("/url", error.to_string()))
    }
}

fn check_events(events: &[String]) -> Result<(), Problem> {
    let mut seen = BTreeSet::new();
    for (at, event) in events.iter().enumerate() {
        if !TYPES.contains(&&**event) || !seen.insert(event) {
            let detail = format!("expected each of {} at most once", TYPES.join(", "));
            return Err(malformed(&format!("/events/{at}"), detail));
        }
    }
    Ok(())
}

fn check_description(description: &str) -> Result<(), Problem> {
    if description.len() > DESCRIPTION_BYTES_MAX || description.chars().any(char::is_control) {
        let detail = format!("expected a text of {DESCRIPTION_BYTES_MAX} bytes at most");
        return Err(malformed("/description", detail));
    }
    Ok(())
}

/// A webhook as it is listed: never with its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Webhook)]
pub(crate) struct WebhookShape<'a> {
    id: &'a str,
    url: &'a str,
    description: &'a str,
    /// The types that it is told of; all where there are none.
    #[schema(value_type = Vec<String>)]
    events: &'a [String],
    enabled: bool,
    /// Why it is told nothing.
    disabled_why: Option<&'a str>,
    created_at: Time,
    created_by: &'a str,
    changed_at: Time,
    changed_by: &'a str,
    /// Until when messages are signed with the secret before, too.
    old_secret_until: Option<Time>,
}

impl<'a> WebhookShape<'a> {
    fn of(webhook: &'a Webhook, now: Timestamp) -> Self {
        let WebhookTerms { id, url, description, events, disabled, who, .. } = &**webhook.terms();
        let old_until = webhook.secrets(now).filter_map(|secret| secret.until).max();
        Self {
            id,
            url,
            description,
            events,
            enabled: webhook.is_enabled(),
            disabled_why: disabled.as_deref(),
            created_at: Time(webhook.since().time),
            created_by: &webhook.said()[0].terms.who,
            changed_at: Time(webhook.changed().time),
            changed_by: who,
            old_secret_until: old_until.map(|until| Time(Timestamp::from_micros(until))),
        }
    }
}

/// A webhook that was made or rotated.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MadeWebhook)]
pub(crate) struct MadeShape<'a> {
    #[serde(flatten)]
    webhook: WebhookShape<'a>,
    /// Shown this once: neither in a dry run nor where the same request comes again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// All webhooks, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Webhooks)]
pub(crate) struct WebhooksShape<'a> {
    items: Vec<WebhookShape<'a>>,
}

/// What became of a message that was sent to try a webhook.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookTest)]
pub(crate) struct TestShape {
    /// The message's `webhook-id`.
    message_id: String,
    /// Whether the receiver has taken it: it answered a status from 200 to 299.
    taken: bool,
    /// What it answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = some_failure, required = false)]
    failure: Option<&'static str>,
}

fn some_failure() -> Schema {
    one_of(Failure::ALL.map(Failure::code))
}

impl TestShape {
    fn of(message_id: String, attempt: Option<Attempt>) -> Self {
        let (status, failure) = match attempt {
            Some(Attempt::Answered(status)) => (Some(status), None),
            Some(Attempt::Failed(failure)) => (None, Some(failure.code())),
            None => (None, None),
        };
        Self { message_id, taken: attempt.is_some_and(Attempt::is_taken), status, failure }
    }
}

/// All webhooks of the operator that were not deleted, oldest first.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let operator = call.service.operator(&call.operator())?;
    let now = now();
    let items = operator.webhooks.live().map(|webhook| WebhookShape::of(webhook, now)).collect();
    Ok(respond(StatusCode::OK, &WebhooksShape { items }))
}

/// Makes a webhook, and shows its secret once.
pub(crate) async fn make(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let Wanted { url, events, description } = Wanted::read(asked.body())?;
    asked.service.check_url(&url)?;
    check_events(&events)?;
    check_description(&description)?;
    asked.service.needs_behaviour(FROM_BEHAVIOUR, "webhooks")?;
    let key = asked.service.sealing_key().await?;
    let claimed = asked.claim().await?;
    let id = format!("hook-{}", claimed.clone().unwrap_or_else(fresh));
    let (secret, sealed) = asked.new_secret(&key, &id, fresh())?;
    let terms = WebhookTerms {
        operator: asked.operator.id.to_string(),
        id: id.clone(),
        edited_from: 0,
        url,
        description,
        events,
        secrets: vec![sealed],
        disabled: None,
        deleted: false,
        who: asked.subject.to_string(),
    };
    if claimed.is_some()
        && let Some(webhook) = asked.find(&id)?
    {
        return asked.webhook_made_before(&webhook, &terms);
    }
    let control = Control::Webhook(terms.clone());
    if asked.is_dry {
        return asked.answer_webhook_would(&control, &id).await;
    }
    match asked.service.control(&control).await {
        Ok(made) => made.ok_or_else(not_yet).map(drop)?,
        // The same request at the same time, or at a node that is ahead of this one.
        Err(problem) if claimed.is_some() && problem.refusal == Refusal::Stale => {
            let webhook = asked.once(&id, |_| true).await?;
            return asked.webhook_made_before(&webhook, &terms);
        }
        Err(problem) => return Err(problem),
    }
    let webhook = asked.once(&id, |_| true).await?;
    Ok(asked.answer_made(StatusCode::CREATED, &webhook, Some(&secret)))
}

/// Changes what a request names of a webhook.
pub(crate) async fn change(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let changed = Changed::read(asked.body())?;
    changed.url.as_deref().map_or(Ok(()), |url| asked.service.check_url(url))?;
    check_events(changed.events.as_deref().unwrap_or_default())?;
    check_description(changed.description.as_deref().unwrap_or_default())?;
    asked.live()?;
    asked.claim().await?;
    let by = format!("disabled by {}", asked.subject);
    asked
        .edit(|terms| {
            let Changed { url, events, description, enabled } = changed.clone();
            terms.url = url.unwrap_or_else(|| std::mem::take(&mut terms.url));
            terms.events = events.unwrap_or_else(|| std::mem::take(&mut terms.events));
            terms.description =
                description.unwrap_or_else(|| std::mem::take(&mut terms.description));
            match enabled {
                Some(true) => terms.disabled = None,
                Some(false) => drop(terms.disabled.get_or_insert_with(|| by.clone())),
                None => {}
            }
        })
        .await
        .map(|webhook| asked.answer_webhook(&webhook))
}

/// A rotation as it is asked for.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = WebhookRotation, example = json!({ "oldUntil": "2026-11-29T00:00:00Z" }))]
#[expect(dead_code, reason = "it is described here, and read as that of a key")]
pub(crate) struct Rotate {
    /// At most 90 days ahead.
    #[serde(default)]
    old_until: Option<Time>,
}

/// Gives a webhook another secret, and shows it once; the one before signs for a while, too.
pub(crate) async fn rotate(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let old_until = read_old_until(asked.body())?;
    asked.live()?;
    asked.service.needs_behaviour(FROM_BEHAVIOUR, "webhooks")?;
    let key = asked.service.sealing_key().await?;
    let secret_id = asked.claim().await?.unwrap_or_else(fresh);
    let is_its = |secret: &SealedSecret| secret.id == secret_id;
    if let Some(webhook) = asked.find(&asked.name)?
        && webhook.said().iter().any(|said| said.terms.secrets.iter().any(is_its))
    {
        return Ok(asked.answer_made(StatusCode::OK, &webhook, None));
    }
    let (secret, sealed) = asked.new_secret(&key, &asked.name, secret_id.clone())?;
    let webhook = asked
        .edit(|terms| {
            let mut old = terms.secrets.swap_remove(0);
            old.until = Some(old_until.micros());
            terms.secrets = vec![sealed.clone(), old];
        })
        .await?;
    let shown = Some(&secret).filter(|_| !asked.is_dry);
    Ok(asked.answer_made(StatusCode::OK, &webhook, shown))
}

/// Ends a webhook; one that was deleted before stays so.
pub(crate) async fn delete(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    asked.find(&asked.name)?.ok_or_else(|| Problem::not_found("webhook"))?;
    asked.claim().await?;
    let webhook = asked.find(&asked.name)?.ok_or_else(|| Problem::not_found("webhook"))?;
    if webhook.terms().deleted {
        return Ok(asked.answer_webhook(&webhook));
    }
    let webhook = asked.edit(|terms| terms.deleted = true).await?;
    Ok(asked.answer_webhook(&webhook))
}

/// Sends a webhook a message to try it, once and at once.
pub(crate) async fn test(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let webhook = asked.live()?;
    let key = asked.service.sealing_key().await?;
    let id = format!("msg_test_{}", asked.claim().await?.unwrap_or_else(fresh));
    if asked.is_dry {
        return Ok(respond_to_change(StatusCode::OK, &TestShape::of(id, None), true));
    }
    let told = json!({ "webhookId": asked.name });
    let message = Message { id: id.as_str().into(), body: body(TEST, now(), &told) };
    let attempt = asked.service.send_once(&key, &asked.operator.id, &webhook, &message).await?;
    Ok(respond_to_change(StatusCode::OK, &TestShape::of(id, Some(attempt)), false))
}

fn fresh() -> String {
    uuid::Uuid::now_v7().simple().to_string()
}

/// What a secret of a webhook is sealed for.
fn purpose(operator: &str, id: &str) -> String {
    format!("webhook/{operator}/{id}")
}

impl Service {
    /// Sends a message because somebody asks for it.
    async fn send_once(
        &self,
        key: &SealingKey,
        operator: &str,
        webhook: &Webhook,
        message: &Message,
    ) -> Result<Attempt, Problem> {
        let Ok(_place) = SENDING.try_acquire() else {
            let detail = "too many messages are being sent because somebody asks for it: ask again";
            return Err(Problem::new(Refusal::Busy, detail));
        };
        let now = now();
        let secrets = opened(key, operator, webhook, now)?;
        let seconds = now.micros().div_euclid(1_000_000);
        Ok(self.settings.webhooks.send(&webhook.terms().url, &secrets, message, seconds).await)
    }
}

/// The secrets that sign now.
fn opened(
    key: &SealingKey,
    operator: &str,
    webhook: &Webhook,
    now: Timestamp,
) -> Result<Vec<SigningSecret>, Problem> {
    let purpose = purpose(operator, &webhook.terms().id);
    let open = |secret: &SealedSecret| {
        let bytes = key.open(&purpose, &secret.sealed);
        bytes.map(|bytes| SigningSecret::from_bytes(&bytes)).map_err(|error| {
            let detail = format!("the secret of the webhook cannot be read: {error}");
            Problem::new(Refusal::NoSecretsKey, detail)
        })
    };
    webhook.secrets(now).map(open).collect()
}

impl Asked {
    /// A webhook of the operator, deleted or not.
    fn find(&self, id: &str) -> Result<Option<Arc<Webhook>>, Problem> {
        Ok(self.service.operator(&self.operator)?.webhooks.get(id).cloned())
    }

    /// The webhook that the path names.
    fn live(&self) -> Result<Arc<Webhook>, Problem> {
        let found = self.find(&self.name)?.filter(|webhook| !webhook.terms().deleted);
        found.ok_or_else(|| Problem::not_found("webhook"))
    }

    /// The webhook, once this node knows what is asked of it.
    async fn once(
        &self,
        id: &str,
        is_it: impl Fn(&Webhook) -> bool,
    ) -> Result<Arc<Webhook>, Problem> {
        let look = || self.find(id).ok().flatten().filter(|webhook| is_it(webhook));
        self.service.once(look).await
    }

    fn new_secret(
        &self,
        key: &SealingKey,
        webhook: &str,
        id: String,
    ) -> Result<(SigningSecret, SealedSecret), Problem> {
        let secret = SigningSecret::of(random()?);
        let sealed = key.seal(&purpose(&self.operator.id, webhook), secret.bytes());
        let sealed = sealed.map_err(|error| Problem::new(Refusal::Failed, error.to_string()))?;
        Ok((secret, SealedSecret { id, sealed, until: None }))
    }

    /// Changes the webhook of the path, from how it is to how it shall be, however many others do the same.
    async fn edit(&self, change: impl Fn(&mut WebhookTerms)) -> Result<Arc<Webhook>, Problem> {
        self.service.needs_behaviour(FROM_BEHAVIOUR, "webhooks")?;
        for _ in 0..TRIES {
            let webhook = self.live()?;
            let mut terms = (**webhook.terms()).clone();
            change(&mut terms);
            if terms == **webhook.terms() {
                return Ok(webhook);
            }
            terms.edited_from = webhook.edited_from();
            terms.who = self.subject.to_string();
            let control = Control::Webhook(terms);
            if self.is_dry {
                return self.webhook_would(&control, &self.name).await;
            }
            let is_later = |later: &Webhook| later.edited_from() > webhook.edited_from();
            match self.service.control(&control).await {
                Ok(made) => {
                    made.ok_or_else(not_yet)?;
                    return self.once(&self.name, is_later).await;
                }
                Err(problem) if problem.refusal == Refusal::Stale => {
                    self.once(&self.name, is_later).await?;
                }
                Err(problem) => return Err(problem),
            }
        }
        Err(Problem::new(Refusal::Busy, "others change the same webhook all the time: ask again"))
    }

    async fn webhook_would(&self, control: &Control, id: &str) -> Result<Arc<Webhook>, Problem> {
        let (rules, _) = self.service.rules_would(control).await?;
        let operator = rules.operator(&self.operator.id);
        let webhook = operator.and_then(|operator| operator.webhooks.get(id)).cloned();
        webhook.ok_or_else(not_yet)
    }

    async fn answer_webhook_would(&self, control: &Control, id: &str) -> Result<Response, Problem> {
        let webhook = self.webhook_would(control, id).await?;
        Ok(self.answer_made(StatusCode::OK, &webhook, None))
    }

    /// The webhook that the same request has made; its secret is gone.
    fn webhook_made_before(
        &self,
        webhook: &Webhook,
        terms: &WebhookTerms,
    ) -> Result<Response, Problem> {
        let first = &webhook.said()[0].terms;
        let same = WebhookTerms { secrets: first.secrets.clone(), ..terms.clone() };
        if **first != same {
            return Err(Declined::IdConflict.into());
        }
        Ok(self.answer_made(self.made_status(), webhook, None))
    }

    fn answer_webhook(&self, webhook: &Webhook) -> Response {
        respond_to_change(StatusCode::OK, &WebhookShape::of(webhook, now()), self.is_dry)
    }

    fn answer_made(
        &self,
        status: StatusCode,
        webhook: &Webhook,
        secret: Option<&SigningSecret>,
    ) -> Response {
        let secret = secret.map(SigningSecret::reveal);
        let made = MadeShape { webhook: WebhookShape::of(webhook, now()), secret };
        respond_to_change(status, &made, self.is_dry)
    }
}

const _: () = assert!(URL_BYTES_MAX == accolade_webhooks::target::URL_BYTES_MAX, "one bound");
