//! Taking in wagers and game events.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Form, Header, Parameter, Route, Takes};
use crate::description::bodies::{GameEvent, Void, Wager};
use crate::description::schemas::{any_of, either, of};
use crate::intake::{self, Many, Single, Success};
use crate::roles::Scope;

pub(super) const WAIT: Parameter = Parameter {
    name: "wait",
    form: Form::OneOf(&["applied"]),
    what: "`applied`: answer after processing, with the outcome. After 5 seconds without one it says `accepted`.",
};

const TRACE: Header = Header {
    name: "traceparent",
    what: "The trace that the events belong to (W3C Trace Context); it goes with them into Kafka.",
};

pub(super) static ROUTES: [Route; 2] = [
    Route {
        id: "takeInWagers",
        method: Method::POST,
        path: "/api/v1/wagers",
        scope: Scope::WagersWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::TakesIn,
        area: Area::Intake,
        summary: "Take in wagers and voids",
        description: "One object, an array, or NDJSON. An array or NDJSON of one is still many. One bad item never \
                      fails the others.",
        query: &[WAIT],
        headers: &[TRACE],
        takes: Takes::Events(either::<Wager, Void>),
        answers: &[Answer::json(
            200,
            "Durable: on disk",
            any_of::<Success<'_>, Single<'_>, Many<'_>>,
        )],
        refusals: &[],
        handler: |way| way.to(intake::wagers),
    },
    Route {
        id: "takeInEvents",
        method: Method::POST,
        path: "/api/v1/events",
        scope: Scope::EventsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::TakesIn,
        area: Area::Intake,
        summary: "Take in game events",
        description: "As for wagers. An event without `event_id` gets one, and sending it again makes a new event.",
        query: &[WAIT],
        headers: &[TRACE],
        takes: Takes::Events(of::<GameEvent>),
        answers: &[Answer::json(
            200,
            "Durable: on disk",
            any_of::<Success<'_>, Single<'_>, Many<'_>>,
        )],
        refusals: &[],
        handler: |way| way.to(intake::events),
    },
];
