//! What became of an event, and why.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Form, Parameter, Route, Takes};
use crate::description::schemas::of;
use crate::explanation::{self, Explanation};
use crate::lookup::{self, EventShape};
use crate::problem::Refusal;
use crate::roles::Scope;
use crate::topics::{self, TopicNames};

/// Where a topic is begun, and how far it is read.
pub(super) const FROM: Parameter = Parameter {
    name: "from",
    form: Form::OneOf(&topics::FROM),
    what: "Where to begin; `latest` by default.",
};
const FOLLOW: Parameter = Parameter {
    name: "follow",
    form: Form::Switch,
    what: "`true`: go on with what comes. A line without anything is sent now and then, so that both see who has gone.",
};

pub(super) const RECORDS: Parameter = Parameter {
    name: "limit",
    form: Form::Number { min: 0, max: u64::MAX },
    what: "How many records at most.",
};

pub(super) static ROUTES: [Route; 4] = [
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
        answers: &[Answer::json(200, "The event", of::<EventShape>)],
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
    Route {
        id: "getTopics",
        method: Method::GET,
        path: "/api/v1/topics",
        scope: Scope::TopicsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Events,
        summary: "Topics that can be followed",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "Their names", of::<TopicNames>)],
        refusals: &[],
        handler: |way| way.to(topics::all),
    },
    Route {
        id: "followTopic",
        method: Method::GET,
        path: "/api/v1/topics/{topic}",
        scope: Scope::TopicsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Events,
        summary: "The operator's records of a topic, as lines of JSON",
        description: "Each has `topic`, `partition`, `place`, `key`, `time` and `value`: inputs as they came, outputs as they are \
                      derived, in the order of their times. `earliest` begins where the log does, and of balances with all that there \
                      are. Four may be read at a time. Without `follow` it ends with what there was when it was asked.",
        query: &[FROM, FOLLOW, RECORDS],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("A line for each", "application/x-ndjson")],
        refusals: &[],
        handler: |way| way.to(topics::follow),
    },
];
