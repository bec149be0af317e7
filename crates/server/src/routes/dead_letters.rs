//! Inputs that could not be processed: see, repair, retry, give up.

use axum::http::Method;

use super::{Answer, Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::dead_letters::{self, DeadLetterShape};
use crate::description::bodies::{Repair, Why};
use crate::description::schemas::of;
use crate::problem::Refusal;
use crate::roles::Scope;
use crate::shapes::Page;

pub(super) const STATE: Parameter = Parameter {
    name: "state",
    form: Form::OneOf(&["open", "released", "discarded"]),
    what: "Those in this state alone.",
};

pub(super) static ROUTES: [Route; 5] = [
    Route {
        id: "listDeadLetters",
        method: Method::GET,
        path: "/api/v1/dead-letters",
        scope: Scope::DeadLettersRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::DeadLetters,
        summary: "The operator's dead letters",
        description: "Oldest first within each partition. A page may be shorter than `limit`, or empty, where much was \
                      passed over that is another operator's or in another state; `nextCursor` says whether there is \
                      more.",
        query: &[STATE, LIMIT, CURSOR],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of dead letters", of::<Page<DeadLetterShape>>)],
        refusals: &[],
        handler: |way| way.to(dead_letters::list),
    },
    Route {
        id: "getDeadLetter",
        method: Method::GET,
        path: "/api/v1/dead-letters/{id}",
        scope: Scope::DeadLettersRead,
        audience: Audience::Everybody,
        by: By::DeadLetter,
        effect: Effect::Reads,
        area: Area::DeadLetters,
        summary: "One dead letter",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The dead letter", of::<DeadLetterShape>)],
        refusals: &[],
        handler: |way| way.to(dead_letters::get),
    },
    Route {
        id: "repairDeadLetter",
        method: Method::PATCH,
        path: "/api/v1/dead-letters/{id}",
        scope: Scope::DeadLettersWrite,
        audience: Audience::Everybody,
        by: By::DeadLetter,
        effect: Effect::Changes,
        area: Area::DeadLetters,
        summary: "Give a dead letter other bytes",
        description: "They must be a valid event of the operator's, or 422 names the field. The dead letter stays open.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Repair>),
        answers: &[
            Answer::json(200, "The dead letter, as it is now", of::<DeadLetterShape>),
            Answer::json(202, "It is durable and will be done", of::<DeadLetterShape>),
        ],
        refusals: &[Refusal::DeadLetterClosed, Refusal::Invalid],
        handler: |way| way.to(dead_letters::repair),
    },
    Route {
        id: "retryDeadLetter",
        method: Method::POST,
        path: "/api/v1/dead-letters/{id}/retry",
        scope: Scope::DeadLettersWrite,
        audience: Audience::Everybody,
        by: By::DeadLetter,
        effect: Effect::Changes,
        area: Area::DeadLetters,
        summary: "Process a dead letter again",
        description: "Once, under its original id, so that nothing counts twice. An event that was too late is decided by \
                      the rules of its time.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[
            Answer::json(200, "The dead letter, as it is now", of::<DeadLetterShape>),
            Answer::json(202, "It is durable and will be done", of::<DeadLetterShape>),
        ],
        refusals: &[Refusal::DeadLetterClosed],
        handler: |way| way.to(dead_letters::retry),
    },
    Route {
        id: "discardDeadLetter",
        method: Method::POST,
        path: "/api/v1/dead-letters/{id}/discard",
        scope: Scope::DeadLettersWrite,
        audience: Audience::Everybody,
        by: By::DeadLetter,
        effect: Effect::Changes,
        area: Area::DeadLetters,
        summary: "Give a dead letter up",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &[
            Answer::json(200, "The dead letter, as it is now", of::<DeadLetterShape>),
            Answer::json(202, "It is durable and will be done", of::<DeadLetterShape>),
        ],
        refusals: &[Refusal::DeadLetterClosed],
        handler: |way| way.to(dead_letters::discard),
    },
];
