//! Points that are reserved, and spent or given back.

use axum::http::Method;

use super::{Answer, Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::description::bodies::{Reserve, Why};
use crate::description::schemas::of;
use crate::problem::Refusal;
use crate::redemptions::{self, RedemptionShape};
use crate::requests::{self, by_time};
use crate::roles::Scope;
use crate::shapes::Page;

pub(super) const FROM: Parameter =
    Parameter { name: "from", form: Form::Time, what: "Asked for at this time or later." };
pub(super) const TO: Parameter =
    Parameter { name: "to", form: Form::Time, what: "Asked for before this time." };

pub(super) static ROUTES: [Route; 6] = [
    Route {
        id: "reserveRedemption",
        method: Method::POST,
        path: "/api/v1/players/{playerId}/redemptions",
        scope: Scope::RedemptionsReserve,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Changes,
        area: Area::Redemptions,
        summary: "Reserve points",
        description: "Oldest first, of those that can be spent; so many as are said, or as a reward of the catalogue costs. \
                      They stay in the balance until the redemption is confirmed, and are given back where it is \
                      cancelled, or at `holdUntil`. One of a reward that has a stock is `requested` until the stock has \
                      answered, which is waited for.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Reserve>),
        answers: &[
            Answer::json(200, "The redemption", of::<RedemptionShape>),
            Answer::json(202, "It is durable and will be decided", of::<RedemptionShape>),
        ],
        refusals: &[
            Refusal::BehaviourTooOld,
            Refusal::NoProgram,
            Refusal::SelfExcluded,
            Refusal::NoConsent,
            Refusal::BelowMinimum,
            Refusal::InsufficientPoints,
            Refusal::TooManyOpen,
            Refusal::NoSuchReward,
            Refusal::RewardWithdrawn,
            Refusal::RewardNotValid,
            Refusal::TierNotEntitled,
            Refusal::SegmentNotEntitled,
            Refusal::JurisdictionNotEntitled,
            Refusal::RewardLimit,
            Refusal::OutOfStock,
        ],
        handler: |way| way.to(redemptions::reserve),
    },
    Route {
        id: "listRedemptions",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/redemptions",
        scope: Scope::PlayersRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Redemptions,
        summary: "A player's redemptions",
        description: "Oldest first; they are kept for ten years.",
        query: &[LIMIT, CURSOR],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of redemptions", of::<Page<RedemptionShape>>)],
        refusals: &[],
        handler: |way| way.to(requests::list::<redemptions::Kind>),
    },
    Route {
        id: "findRedemptions",
        method: Method::GET,
        path: "/api/v1/redemptions",
        scope: Scope::EventsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Redemptions,
        summary: "The operator's redemptions",
        description: "Of all players. Without a word, and for `state=reserved` alone, what is to be fulfilled, in the order of ids, for \
                      whoever fulfils it and is not told by webhooks: what has lapsed, and what is `requested` still, is left out. With another \
                      state, or a stretch of time, the newest first, for ten years. A page may be shorter than `limit`, or empty, where many \
                      were passed over; `nextCursor` says whether there is more.",
        query: &[
            Parameter {
                name: "state",
                form: Form::OneOf(&[
                    "reserved",
                    "requested",
                    "confirmed",
                    "cancelled",
                    "lapsed",
                    "all",
                ]),
                what: "Those in this state alone; `reserved` without it.",
            },
            FROM,
            TO,
            LIMIT,
            CURSOR,
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of redemptions", of::<Page<RedemptionShape>>)],
        refusals: &[],
        handler: |way| way.to(by_time::list::<redemptions::Kind>),
    },
    Route {
        id: "getRedemption",
        method: Method::GET,
        path: "/api/v1/redemptions/{id}",
        scope: Scope::EventsRead,
        audience: Audience::Everybody,
        by: By::Request,
        effect: Effect::Reads,
        area: Area::Redemptions,
        summary: "One redemption",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The redemption", of::<RedemptionShape>)],
        refusals: &[],
        handler: |way| way.to(requests::get::<redemptions::Kind>),
    },
    Route {
        id: "confirmRedemption",
        method: Method::POST,
        path: "/api/v1/redemptions/{id}/confirm",
        scope: Scope::RedemptionsSettle,
        audience: Audience::Everybody,
        by: By::Request,
        effect: Effect::Changes,
        area: Area::Redemptions,
        summary: "Spend what is reserved",
        description: "One that was confirmed before is answered as it is. At exactly `holdUntil` it has lapsed.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[
            Answer::json(200, "The redemption, as it is now", of::<RedemptionShape>),
            Answer::json(202, "It is durable and will be decided", of::<RedemptionShape>),
        ],
        refusals: &[
            Refusal::BehaviourTooOld,
            Refusal::RedemptionRequested,
            Refusal::RedemptionCancelled,
            Refusal::RedemptionLapsed,
            Refusal::OutOfRange,
        ],
        handler: |way| way.to(redemptions::confirm),
    },
    Route {
        id: "cancelRedemption",
        method: Method::POST,
        path: "/api/v1/redemptions/{id}/cancel",
        scope: Scope::RedemptionsSettle,
        audience: Audience::Everybody,
        by: By::Request,
        effect: Effect::Changes,
        area: Area::Redemptions,
        summary: "Give back what is reserved",
        description: "The points go back to the months that they were earned in. One that was cancelled before is answered \
                      as it is; one that was confirmed is only adjusted.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &[
            Answer::json(200, "The redemption, as it is now", of::<RedemptionShape>),
            Answer::json(202, "It is durable and will be decided", of::<RedemptionShape>),
        ],
        refusals: &[
            Refusal::BehaviourTooOld,
            Refusal::RedemptionConfirmed,
            Refusal::RedemptionLapsed,
        ],
        handler: |way| way.to(redemptions::cancel),
    },
];
