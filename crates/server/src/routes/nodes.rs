//! What only nodes ask each other, with the cluster's secret. These routes change with the release.

use axum::http::Method;

use super::dead_letters::STATE;
use super::{Answer, Area, Audience, By, Effect, Form, Parameter, Route, Takes};
use crate::cluster::{ask, batches};
use crate::description::schemas::object;
use crate::roles::Scope;
use crate::{audit, dead_letters, host, lookup, topics};

const fn text(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, form: Form::Text, what }
}

const fn number(name: &'static str, what: &'static str) -> Parameter {
    Parameter { name, form: Form::Number { min: 0, max: u64::MAX }, what }
}

const PARTITION: Parameter = number("partition", "Of this partition.");
const PARTITIONS: Parameter = text("partitions", "Numbers of partitions with commas between.");
const OPERATOR: Parameter = text("operator", "Of this operator.");

pub(super) static ROUTES: [Route; 8] = [
    Route {
        id: "askOutcomes",
        method: Method::POST,
        path: "/cluster/v1/outcomes",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "What became of records by their source and offset",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Json(object),
        answers: &[Answer::text("Bytes", "application/octet-stream")],
        refusals: &[],
        handler: |way| way.to(ask::outcomes),
    },
    Route {
        id: "askRecorded",
        method: Method::POST,
        path: "/cluster/v1/recorded",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "What the journal has at places",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Json(object),
        answers: &[Answer::text("Bytes", "application/octet-stream")],
        refusals: &[],
        handler: |way| way.to(ask::recorded),
    },
    Route {
        id: "askOccurrences",
        method: Method::GET,
        path: "/cluster/v1/occurrences",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "Occurrences of an id",
        description: "",
        query: &[
            PARTITIONS,
            OPERATOR,
            text("id", "The id."),
            text("kinds", "As which kinds, with commas between."),
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("Bytes", "application/octet-stream")],
        refusals: &[],
        handler: |way| way.to(lookup::occurrences),
    },
    Route {
        id: "askDeadLetters",
        method: Method::GET,
        path: "/cluster/v1/dead-letters",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "A part of a list of dead letters",
        description: "",
        query: &[
            PARTITIONS,
            OPERATOR,
            STATE,
            text("after", "Those after the one with this id."),
            number("count", "So many at most."),
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "It", object)],
        refusals: &[],
        handler: |way| way.to(dead_letters::found),
    },
    Route {
        id: "askBatches",
        method: Method::GET,
        path: "/cluster/v1/batches",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "Batches as log and journal have them",
        description: "",
        query: &[
            PARTITION,
            number("from", "From this batch on."),
            number("to", "Before this one."),
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("Bytes", "application/octet-stream")],
        refusals: &[],
        handler: |way| way.to(batches::batches),
    },
    Route {
        id: "askBalances",
        method: Method::GET,
        path: "/cluster/v1/balances",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "Balances of accounts",
        description: "",
        query: &[PARTITION, number("from", "From this account on.")],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "It", object)],
        refusals: &[],
        handler: |way| way.to(topics::balances),
    },
    Route {
        id: "askToVerify",
        method: Method::GET,
        path: "/cluster/v1/audit/verify",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "Verify partitions",
        description: "",
        query: &[PARTITIONS],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("A line for each", "application/x-ndjson")],
        refusals: &[],
        handler: |way| way.to(audit::verify_here),
    },
    Route {
        id: "askStatus",
        method: Method::GET,
        path: "/cluster/v1/status",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "How the node is",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "It", object)],
        refusals: &[],
        handler: |way| way.to(host::own_status),
    },
];
