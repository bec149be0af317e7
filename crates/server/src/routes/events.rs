//! What became of an event, and why.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Form, Parameter, Route, Takes};
use crate::description::schemas::of;
use crate::explanation::{self, Explanation};
use crate::lookup::{self, EventShape};
use crate::problem::Refusal;
use crate::roles::Scope;

pub(super) static ROUTES: [Route; 2] = [
    Route {
        id: "getEvent",
        method: Method::GET,
        path: "/api/v1/events/{eventId}",
        scope: Scope::EventsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Events,
        summary: "An event as it came, and what became of it",
        description: "Of a wager, a void or a game event. 410 when the log no longer has its bytes; the problem's \
                      `outcome` still says what became of it.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The event", of::<EventShape<'_>>)],
        refusals: &[Refusal::Gone],
        handler: |way| way.to(lookup::event),
    },
    Route {
        id: "explainWager",
        method: Method::GET,
        path: "/api/v1/wagers/{wagerId}/explanation",
        scope: Scope::EventsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Events,
        summary: "Why a wager gave what it gave",
        description: "Every stage, in order, from what was recorded then. A wager that is nothing but a dead letter \
                      is told as such.",
        query: &[Parameter {
            name: "playerId",
            form: Form::Text,
            what: "Chooses, where wagers of several players have this id.",
        }],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The explanation", of::<Explanation<'_>>)],
        refusals: &[],
        handler: |way| way.to(explanation::explanation),
    },
];
