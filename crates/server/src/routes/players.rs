//! A player's balance, ledger, statistics and consent.

use axum::http::Method;

use super::{Answer, Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::balance::{self, BalanceShape};
use crate::description::bodies::Consent;
use crate::description::schemas::of;
use crate::history::{self, EventsPage};
use crate::player_tokens::{self, TokenShape};
use crate::players::{self, ConsentSaid, ConsentShape, EntryShape};
use crate::roles::Scope;
use crate::shapes::Page;
use crate::statistics::{self, StatisticsShape};

const FROM: Parameter =
    Parameter { name: "from", form: Form::Time, what: "Recorded at this time or later." };
const TO: Parameter =
    Parameter { name: "to", form: Form::Time, what: "Recorded before this time." };

pub(super) static ROUTES: [Route; 7] = [
    Route {
        id: "signPlayerToken",
        method: Method::POST,
        path: "/api/v1/player-tokens",
        scope: Scope::PlayerTokens,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "Sign a token for one player's app",
        description: "It sees what is the player's own, ends after `validForSeconds` (15 minutes, an hour at most) or with \
                      the key that asked for it, and is kept nowhere.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<player_tokens::Wanted>),
        answers: &[Answer::json(200, "The token", of::<TokenShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(player_tokens::mint),
    },
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
        description: "With `asOf`, what is not known of that time is null: `version` always; all but the balance where the \
                      account has more than 10,000 entries, redemptions or signals, or something has changed it that left \
                      no trace.",
        query: &[Parameter {
            name: "asOf",
            form: Form::Time,
            what: "The balance as it was at this time, after all that was recorded then or before.",
        }],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The balance", of::<BalanceShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(balance::balance),
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
            FROM,
            TO,
            Parameter {
                name: "kind",
                form: Form::OneOf(&[
                    "earned", "voided", "expired", "redeemed", "adjusted", "opening", "prize",
                ]),
                what: "Entries of this kind alone.",
            },
            Parameter {
                name: "order",
                form: Form::OneOf(&["desc", "asc"]),
                what: "`asc`: oldest first.",
            },
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of entries", of::<Page<EntryShape>>)],
        refusals: &[],
        handler: |way| way.to(players::ledger),
    },
    Route {
        id: "listPlayerEvents",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/events",
        scope: Scope::EventsRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "A player's wagers, voids and game events, and what became of them",
        description: "Newest first, as far back as the log has them, also those that gave nothing. A page ends after so much \
                      work, and may be shorter than `limit`, or empty: `nextCursor` says whether there is more, and `lookedTo` up to \
                      where it was looked. `from` and `to` are found at once.",
        query: &[
            LIMIT,
            CURSOR,
            FROM,
            TO,
            Parameter {
                name: "kind",
                form: Form::OneOf(&history::KINDS),
                what: "Of this kind alone.",
            },
            Parameter {
                name: "outcome",
                form: Form::OneOf(&history::OUTCOMES),
                what: "Of which this became alone.",
            },
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of events", of::<EventsPage>)],
        refusals: &[],
        handler: |way| way.to(history::events),
    },
    Route {
        id: "getStatistics",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/stats",
        scope: Scope::PlayersRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "A player's game events, counted",
        description: "Every game event that was recorded counts once, whenever it happened; repeats and dead letters do not, \
                      and wagers are no game events. Only the first types and games of a player are counted by \
                      themselves: `otherTypes` and `otherGames` say how many events are beyond them.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The counts", of::<StatisticsShape>)],
        refusals: &[],
        handler: |way| way.to(statistics::get),
    },
    Route {
        id: "getConsent",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/consent",
        scope: Scope::PlayersRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "What a player has said about taking part",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "What was said last", of::<ConsentSaid<'_>>)],
        refusals: &[],
        handler: |way| way.to(players::said),
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
        headers: &[],
        takes: Takes::Json(of::<Consent>),
        answers: &[
            Answer::json(200, "It holds", of::<ConsentShape<'_>>),
            Answer::json(202, "It is durable and will hold", of::<ConsentShape<'_>>),
        ],
        refusals: &[],
        handler: |way| way.to(players::consent),
    },
];
