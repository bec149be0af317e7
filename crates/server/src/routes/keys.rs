//! An operator's keys.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Route, Takes};
use crate::description::schemas::of;
use crate::keys::{self, KeysShape, MadeShape, Rotate, Wanted};
use crate::problem::Refusal;
use crate::roles::Scope;

pub(super) static ROUTES: [Route; 4] = [
    Route {
        id: "listKeys",
        method: Method::GET,
        path: "/api/v1/keys",
        scope: Scope::KeysRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Keys,
        summary: "The keys, without their secrets",
        description: "Oldest first, revoked ones too. `lastUsed` is the hour in which this node saw a key last.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "All keys", of::<KeysShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(keys::list),
    },
    Route {
        id: "makeKey",
        method: Method::POST,
        path: "/api/v1/keys",
        scope: Scope::KeysWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Keys,
        summary: "Make a key",
        description: "The secret is shown this once. Where the answer was lost, the same request with the same \
                      `Idempotency-Key` tells the key without its secret.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Wanted>),
        answers: &[
            Answer::json(201, "The key and its secret", of::<MadeShape<'_>>),
            Answer::json(200, "Of a dry run: the key", of::<MadeShape<'_>>),
        ],
        refusals: &[Refusal::TooManyKeys],
        handler: |way| way.to(keys::make),
    },
    Route {
        id: "rotateKey",
        method: Method::POST,
        path: "/api/v1/keys/{keyId}/rotate",
        scope: Scope::KeysWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Keys,
        summary: "Give a key another secret",
        description: "The secrets before it are valid until `oldUntil`, by default for 24 hours.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Rotate>),
        answers: &[Answer::json(200, "The key and its new secret", of::<MadeShape<'_>>)],
        refusals: &[Refusal::TooManyKeys],
        handler: |way| way.to(keys::rotate),
    },
    Route {
        id: "revokeKey",
        method: Method::DELETE,
        path: "/api/v1/keys/{keyId}",
        scope: Scope::KeysWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Keys,
        summary: "Revoke a key",
        description: "It opens nothing any more: at once here, a moment later at the other nodes.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The key", of::<MadeShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(keys::revoke),
    },
];
