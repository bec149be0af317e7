//! A player's balance, ledger and consent.

use axum::http::Method;

use super::{Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::players;
use crate::roles::Scope;

pub(super) static ROUTES: [Route; 3] = [
    Route {
        id: "getBalance",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/balance",
        scope: Scope::PlayersRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "A player's balance",
        description: "",
        query: &[Parameter {
            name: "asOf",
            form: Form::Time,
            what: "The balance after the last entry recorded at this time or before.",
        }],
        takes: Takes::Nothing,
        refusals: &[],
        handler: |way| way.to(players::balance),
    },
    Route {
        id: "getLedger",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/ledger",
        scope: Scope::PlayersRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "A player's ledger",
        description: "Newest first. A page may be shorter than `limit` where `kind` passes over much; `nextCursor` \
                      says whether there is more.",
        query: &[
            LIMIT,
            CURSOR,
            Parameter { name: "from", form: Form::Time, what: "Recorded at this time or later." },
            Parameter { name: "to", form: Form::Time, what: "Recorded before this time." },
            Parameter {
                name: "kind",
                form: Form::OneOf(&["earned", "voided"]),
                what: "Entries of this kind alone.",
            },
            Parameter {
                name: "order",
                form: Form::OneOf(&["desc", "asc"]),
                what: "`asc`: oldest first.",
            },
        ],
        takes: Takes::Nothing,
        refusals: &[],
        handler: |way| way.to(players::ledger),
    },
    Route {
        id: "putConsent",
        method: Method::PUT,
        path: "/api/v1/players/{playerId}/consent",
        scope: Scope::PlayersWrite,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Changes,
        area: Area::Players,
        summary: "Let a player in or out",
        description: "Holds from its place in the log on, and creates the account where there is none. Answers once \
                      it holds; 202 if that takes more than a few seconds.",
        query: &[],
        takes: Takes::Json,
        refusals: &[],
        handler: |way| way.to(players::consent),
    },
];
