//! Taking in wagers and game events.

use axum::http::Method;

use super::{Area, Audience, By, Effect, Form, Parameter, Route, Takes};
use crate::intake;
use crate::roles::Scope;

pub(super) const WAIT: Parameter = Parameter {
    name: "wait",
    form: Form::OneOf(&["applied"]),
    what: "`applied`: answer after processing, with the outcome. After 5 seconds without one it says `accepted`.",
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
        takes: Takes::Events,
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
        takes: Takes::Events,
        refusals: &[],
        handler: |way| way.to(intake::events),
    },
];
