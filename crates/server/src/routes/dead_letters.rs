//! Inputs that could not be processed: see, repair, retry, give up.

use axum::http::Method;

use super::{Answer, Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::dead_letters::counts::{self, CountsShape};
use crate::dead_letters::many::{self, ManyShape};
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

pub(super) const REASON: Parameter = Parameter {
    name: "reason",
    form: Form::OneOf(&dead_letters::REASONS),
    what: "Those that could not be processed for this reason alone.",
};
pub(super) const KIND: Parameter = Parameter {
    name: "kind",
    form: Form::OneOf(&dead_letters::KINDS),
    what: "Inputs of this kind alone.",
};
pub(super) const FROM: Parameter =
    Parameter { name: "from", form: Form::Time, what: "Received at this time or later." };
pub(super) const TO: Parameter =
    Parameter { name: "to", form: Form::Time, what: "Received before this time." };
pub(super) const PLAYER: Parameter = Parameter {
    name: "playerId",
    form: Form::Text,
    what: "Those whose bytes name this player, where that can be read.",
};

/// What lists of dead letters may be asked.
pub(super) const LISTED: &[Parameter] = &[STATE, REASON, KIND, FROM, TO, PLAYER, LIMIT, CURSOR];
/// To which dead letters that are open something is done.
pub(super) const MANY: &[Parameter] = &[REASON, KIND, FROM, TO, PLAYER, LIMIT, CURSOR];
/// What other nodes ask of it.
pub(super) const ALSO: Parameter = Parameter { name: "also", ..STATE };

const MANY_DESCRIPTION: &str = "Those that are open and pass the filter, oldest first within each partition, at most \
                                `limit` of them; `nextCursor` says whether there are more, and goes on with the same \
                                filter. Each letter is changed once, whoever asks how often. With an \
                                `Idempotency-Key` the same request has the same answer; what was closed before it is \
                                then passed over, not left out.";

pub(super) static ROUTES: [Route; 8] = [
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
        query: LISTED,
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of dead letters", of::<Page<DeadLetterShape>>)],
        refusals: &[],
        handler: |way| way.to(dead_letters::list),
    },
    Route {
        id: "countDeadLetters",
        method: Method::GET,
        path: "/api/v1/dead-letters/counts",
        scope: Scope::DeadLettersRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::DeadLetters,
        summary: "How many of the operator's dead letters are open, by their reasons",
        description: "A node looks at 50,000 at most, of all operators; `isComplete` says whether that were all.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "How many there are", of::<CountsShape>)],
        refusals: &[],
        handler: |way| way.to(counts::get),
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
    Route {
        id: "retryManyDeadLetters",
        method: Method::POST,
        path: "/api/v1/dead-letters/retry",
        scope: Scope::DeadLettersWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::DeadLetters,
        summary: "Process many dead letters again",
        description: MANY_DESCRIPTION,
        query: MANY,
        headers: &[],
        takes: Takes::Nothing,
        answers: &[
            Answer::json(200, "What became of them, or would", of::<ManyShape>),
            Answer::json(202, "Some are durable and will be done", of::<ManyShape>),
        ],
        refusals: &[],
        handler: |way| way.to(many::retry),
    },
    Route {
        id: "discardManyDeadLetters",
        method: Method::POST,
        path: "/api/v1/dead-letters/discard",
        scope: Scope::DeadLettersWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::DeadLetters,
        summary: "Give many dead letters up",
        description: MANY_DESCRIPTION,
        query: MANY,
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &[
            Answer::json(200, "What became of them, or would", of::<ManyShape>),
            Answer::json(202, "Some are durable and will be done", of::<ManyShape>),
        ],
        refusals: &[],
        handler: |way| way.to(many::discard),
    },
];
