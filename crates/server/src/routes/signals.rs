//! What of players' wagers looks like abuse, and what people decide about it.

use axum::http::Method;

use super::{Answer, Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::description::bodies::{RaiseSignal, Why};
use crate::description::schemas::of;
use crate::problem::Refusal;
use crate::requests::{self, open};
use crate::roles::Scope;
use crate::shapes::Page;
use crate::signals::{self, SignalShape};

const DECIDED: [Answer; 2] = [
    Answer::json(200, "The signal, as it is now", of::<SignalShape>),
    Answer::json(202, "It is durable and will be decided", of::<SignalShape>),
];

const RAISED: [Answer; 2] = [
    Answer::json(200, "The signal", of::<SignalShape>),
    Answer::json(202, "It is durable and will be raised", of::<SignalShape>),
];

pub(super) static ROUTES: [Route; 6] = [
    Route {
        id: "raiseSignal",
        method: Method::POST,
        path: "/api/v1/players/{playerId}/signals",
        scope: Scope::SignalsWrite,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Changes,
        area: Area::Signals,
        summary: "Raise a signal of a player from outside",
        description: "For an operator's own model. With `hold`, the points of `wagerId` that are in its lot still are held until \
                      somebody has decided, and the signal is `open`; it is `noted` where none are, where the wager \
                      was voided, where its points were held before, and beyond 32 signals that are open.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<RaiseSignal>),
        answers: &RAISED,
        refusals: &[Refusal::BehaviourTooOld],
        handler: |way| way.to(signals::raise),
    },
    Route {
        id: "listSignals",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/signals",
        scope: Scope::SignalsRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Signals,
        summary: "A player's signals",
        description: "Oldest first; they are kept for ten years.",
        query: &[LIMIT, CURSOR],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of signals", of::<Page<SignalShape>>)],
        refusals: &[],
        handler: |way| way.to(requests::list::<signals::Kind>),
    },
    Route {
        id: "listOpenSignals",
        method: Method::GET,
        path: "/api/v1/signals",
        scope: Scope::SignalsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Signals,
        summary: "The operator's signals whose points are held",
        description: "Of all players, in the order of their ids, for whoever decides. A page may be shorter than \
                      `limit`, or empty, where many of other operators were passed over; `nextCursor` says whether there \
                      is more.",
        query: &[
            Parameter {
                name: "state",
                form: Form::OneOf(&["open"]),
                what: "Those in this state alone.",
            },
            LIMIT,
            CURSOR,
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of signals", of::<Page<SignalShape>>)],
        refusals: &[],
        handler: |way| way.to(open::list::<signals::Kind>),
    },
    Route {
        id: "getSignal",
        method: Method::GET,
        path: "/api/v1/signals/{id}",
        scope: Scope::SignalsRead,
        audience: Audience::Everybody,
        by: By::Request,
        effect: Effect::Reads,
        area: Area::Signals,
        summary: "One signal",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The signal", of::<SignalShape>)],
        refusals: &[],
        handler: |way| way.to(requests::get::<signals::Kind>),
    },
    Route {
        id: "releaseSignal",
        method: Method::POST,
        path: "/api/v1/signals/{id}/release",
        scope: Scope::SignalsWrite,
        audience: Audience::Everybody,
        by: By::Request,
        effect: Effect::Changes,
        area: Area::Signals,
        summary: "Let go of the points that are held",
        description: "They can be spent, or mature when they would have; what has expired or was taken by voids meanwhile is \
                      gone. One that was released before is answered as it is.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &DECIDED,
        refusals: &[Refusal::BehaviourTooOld, Refusal::SignalClosed],
        handler: |way| way.to(signals::release),
    },
    Route {
        id: "takeSignal",
        method: Method::POST,
        path: "/api/v1/signals/{id}/take",
        scope: Scope::SignalsWrite,
        audience: Audience::Everybody,
        by: By::Request,
        effect: Effect::Changes,
        area: Area::Signals,
        summary: "Take the points that are held",
        description: "An entry of the ledger takes them, as an adjustment whose cause is the signal. They stay counted for the \
                      tier. One that was taken before is answered as it is.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &DECIDED,
        refusals: &[Refusal::BehaviourTooOld, Refusal::SignalClosed, Refusal::OutOfRange],
        handler: |way| way.to(signals::take),
    },
];
