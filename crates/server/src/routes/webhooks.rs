//! An operator's webhooks.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, LIMIT, Route, Takes};
use crate::description::schemas::of;
use crate::problem::Refusal;
use crate::roles::Scope;
use crate::webhooks::deliveries::{self, DeliveriesShape};
use crate::webhooks::{
    self, Changed, MadeShape, Rotate, TestShape, Wanted, WebhookShape, WebhooksShape,
};

/// Whatever changes a webhook may find these.
const OF_CHANGES: &[Refusal] = &[Refusal::TooManyWebhooks, Refusal::BehaviourEarlier];
/// What needs its secrets may find these.
const OF_SECRETS: &[Refusal] =
    &[Refusal::TooManyWebhooks, Refusal::BehaviourEarlier, Refusal::NoSecretsKey];

pub(super) static ROUTES: [Route; 8] = [
    Route {
        id: "listWebhooks",
        method: Method::GET,
        path: "/api/v1/webhooks",
        scope: Scope::WebhooksRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Webhooks,
        summary: "The webhooks, without their secrets",
        description: "Oldest first, those that are disabled too.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "All webhooks", of::<WebhooksShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(webhooks::list),
    },
    Route {
        id: "makeWebhook",
        method: Method::POST,
        path: "/api/v1/webhooks",
        scope: Scope::WebhooksWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Webhooks,
        summary: "Make a webhook",
        description: "The secret is shown this once. Where the answer was lost, the same request with the same \
                      `Idempotency-Key` tells the webhook without its secret.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Wanted>),
        answers: &[
            Answer::json(201, "The webhook and its secret", of::<MadeShape<'_>>),
            Answer::json(200, "Of a dry run: the webhook", of::<MadeShape<'_>>),
        ],
        refusals: OF_SECRETS,
        handler: |way| way.to(webhooks::make),
    },
    Route {
        id: "changeWebhook",
        method: Method::PATCH,
        path: "/api/v1/webhooks/{webhookId}",
        scope: Scope::WebhooksWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Webhooks,
        summary: "Change a webhook",
        description: "What is not named stays as it is.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Changed>),
        answers: &[Answer::json(200, "The webhook", of::<WebhookShape<'_>>)],
        refusals: OF_CHANGES,
        handler: |way| way.to(webhooks::change),
    },
    Route {
        id: "rotateWebhook",
        method: Method::POST,
        path: "/api/v1/webhooks/{webhookId}/rotate",
        scope: Scope::WebhooksWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Webhooks,
        summary: "Give a webhook another secret",
        description: "Messages are signed with the secret before it, too, until `oldUntil`, by default for 24 hours; an \
                      older one ends at once.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Rotate>),
        answers: &[Answer::json(200, "The webhook and its new secret", of::<MadeShape<'_>>)],
        refusals: OF_SECRETS,
        handler: |way| way.to(webhooks::rotate),
    },
    Route {
        id: "testWebhook",
        method: Method::POST,
        path: "/api/v1/webhooks/{webhookId}/test",
        scope: Scope::WebhooksWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Webhooks,
        summary: "Try a webhook",
        description: "Sends it a message of the type `webhook.test`, once and at once, and answers how that went; of what \
                      the receiver says, the status alone.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "What became of the message", of::<TestShape>)],
        refusals: OF_SECRETS,
        handler: |way| way.to(webhooks::test),
    },
    Route {
        id: "listDeliveries",
        method: Method::GET,
        path: "/api/v1/webhooks/{webhookId}/deliveries",
        scope: Scope::WebhooksRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Webhooks,
        summary: "What a webhook was told, and what waits",
        description: "What failed, and what waits behind it, first; then what was taken or given up, the newest first: of each \
                      partition the last 25.",
        query: &[LIMIT],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "Deliveries", of::<DeliveriesShape>)],
        refusals: &[],
        handler: |way| way.to(deliveries::list),
    },
    Route {
        id: "resendDelivery",
        method: Method::POST,
        path: "/api/v1/webhooks/deliveries/{deliveryId}/resend",
        scope: Scope::WebhooksWrite,
        audience: Audience::Everybody,
        by: By::Delivery,
        effect: Effect::Changes,
        area: Area::Webhooks,
        summary: "Tell a webhook of something once more",
        description: "With the same `webhook-id` and the same bytes, once and at once, also where it was taken or given up; \
                      answers how that went.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "What became of the message", of::<TestShape>)],
        refusals: OF_SECRETS,
        handler: |way| way.to(deliveries::resend),
    },
    Route {
        id: "deleteWebhook",
        method: Method::DELETE,
        path: "/api/v1/webhooks/{webhookId}",
        scope: Scope::WebhooksWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Webhooks,
        summary: "Delete a webhook",
        description: "It is told nothing any more.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The webhook as it was", of::<WebhookShape<'_>>)],
        refusals: OF_CHANGES,
        handler: |way| way.to(webhooks::delete),
    },
];
