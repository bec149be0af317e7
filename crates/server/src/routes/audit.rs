//! The trail: who did what.

use axum::http::Method;

use super::{Answer, Area, Audience, By, CURSOR, Effect, Form, LIMIT, Parameter, Route, Takes};
use crate::description::schemas::{object, of};
use crate::roles::Scope;
use crate::trail::list::{self, AuditPage, KINDS, OUTCOMES};
use crate::trail::verify;

const FROM: Parameter =
    Parameter { name: "from", form: Form::Time, what: "At this time or later." };
const TO: Parameter = Parameter { name: "to", form: Form::Time, what: "Before this time." };
const SUBJECT: Parameter =
    Parameter { name: "subject", form: Form::Text, what: "Of this subject, as records name it." };
const PLAYER: Parameter =
    Parameter { name: "playerId", form: Form::Text, what: "About this player." };
const ROUTE: Parameter =
    Parameter { name: "route", form: Form::Text, what: "Of the route with this id." };
const ABOUT: Parameter = Parameter {
    name: "about",
    form: Form::Text,
    what: "About what this id names in the path: a tournament, a reward, a key, a version of the program.",
};
const KIND: Parameter =
    Parameter { name: "kind", form: Form::OneOf(&KINDS), what: "Records of this kind alone." };
const OUTCOME: Parameter = Parameter {
    name: "outcome",
    form: Form::OneOf(&OUTCOMES),
    what: "`ok` is below 400, `refused` below 500, `failed` the rest and what nobody waited for.",
};
const LISTED: &[Parameter] =
    &[FROM, TO, SUBJECT, PLAYER, ROUTE, ABOUT, KIND, OUTCOME, LIMIT, CURSOR];
const DESCRIPTION: &str = "Newest first. Each change, each look of staff and services at a player's data, and each \
                           request that was turned away, up to a bound; intake and what players see of their own as \
                           counts. A page may be shorter than `limit`, or empty, where much was passed over; \
                           `nextCursor` says whether there is more, and belongs to its filters. `incomplete` names \
                           what could not be read.";

pub(super) static ROUTES: [Route; 4] = [
    Route {
        id: "listAudit",
        method: Method::GET,
        path: "/api/v1/audit",
        scope: Scope::AuditRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Audit,
        summary: "Who did what",
        description: DESCRIPTION,
        query: LISTED,
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of records", of::<AuditPage>)],
        refusals: &[],
        handler: |way| way.to(list::list),
    },
    Route {
        id: "listWholeAudit",
        method: Method::GET,
        path: "/local/audit",
        scope: Scope::NodeRead,
        audience: Audience::Socket,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Node,
        summary: "Who did what, for all operators and none",
        description: "With `operatorId`, for that one.",
        query: LISTED,
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of records", object)],
        refusals: &[],
        handler: |way| way.to(list::list),
    },
    Route {
        id: "askAudit",
        method: Method::GET,
        path: "/cluster/v1/audit",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "A part of the list of who did what",
        description: "",
        query: &[
            FROM,
            TO,
            SUBJECT,
            PLAYER,
            ROUTE,
            ABOUT,
            KIND,
            OUTCOME,
            Parameter { name: "before", form: Form::Text, what: "Those before this one." },
            Parameter {
                name: "count",
                form: Form::Number { min: 0, max: u64::MAX },
                what: "So many at most.",
            },
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "It", object)],
        refusals: &[],
        handler: |way| way.to(list::found),
    },
    Route {
        id: "askToVerifyTrail",
        method: Method::GET,
        path: "/cluster/v1/audit/trail",
        scope: Scope::Nodes,
        audience: Audience::Nodes,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Cluster,
        summary: "Verify the node's chain of who did what",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "It", object)],
        refusals: &[],
        handler: |way| way.to(verify::own),
    },
];
