//! The operator's loyalty rules: one document, versioned.

use axum::http::Method;

use super::{
    Answer, Area, Audience, By, CURSOR, Content, Effect, Form, Header, LIMIT, Parameter, Route,
    Takes,
};
use crate::description::bodies::{Publication, Rollback, Why};
use crate::description::schemas::of;
use crate::problem::Refusal;
use crate::program::{self, Difference, DryRun, VersionShape};
use crate::roles::Scope;
use crate::shapes::Page;

const ETAG: Header = Header { name: "ETag", what: "The number of the version." };
const LOCATION: Header = Header { name: "Location", what: "Where the version is." };
const IF_MATCH: Header = Header {
    name: "If-Match",
    what: "The number of the version it was edited from, as the `ETag` has it; none for the first.",
};

pub(super) static ROUTES: [Route; 8] = [
    Route {
        id: "getProgram",
        method: Method::GET,
        path: "/api/v1/program",
        scope: Scope::ProgramRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Program,
        summary: "The version that applies now",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer {
            headers: &[ETAG],
            ..Answer::json(200, "The version", of::<VersionShape<'_>>)
        }],
        refusals: &[],
        handler: |way| way.to(program::current),
    },
    Route {
        id: "getProgramSchema",
        method: Method::GET,
        path: "/api/v1/program/schema",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Program,
        summary: "The JSON Schema of the document",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer {
            status: 200,
            what: "The schema",
            content: Content::Schema,
            headers: &[],
        }],
        refusals: &[],
        handler: |way| way.to(program::schema),
    },
    Route {
        id: "listVersions",
        method: Method::GET,
        path: "/api/v1/program/versions",
        scope: Scope::ProgramRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Program,
        summary: "All versions, newest first",
        description: "",
        query: &[LIMIT, CURSOR],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(
            200,
            "A page of versions, without their documents",
            of::<Page<VersionShape<'_>>>,
        )],
        refusals: &[],
        handler: |way| way.to(program::versions),
    },
    Route {
        id: "publishVersion",
        method: Method::POST,
        path: "/api/v1/program/versions",
        scope: Scope::ProgramWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Program,
        summary: "Publish a version",
        description: "Checked whole, its tests run, or refused with line, column and what was expected. 412 when it \
                      was not edited from the latest version.",
        query: &[],
        headers: &[IF_MATCH],
        takes: Takes::Json(of::<Publication>),
        answers: &[
            Answer {
                headers: &[ETAG, LOCATION],
                ..Answer::json(201, "The version", of::<VersionShape<'_>>)
            },
            Answer::json(
                200,
                "Of a dry run: the version that would be published, and what it changes",
                of::<DryRun<'_>>,
            ),
        ],
        refusals: &[Refusal::Stale, Refusal::Invalid],
        handler: |way| way.to(program::publish),
    },
    Route {
        id: "getVersion",
        method: Method::GET,
        path: "/api/v1/program/versions/{version}",
        scope: Scope::ProgramRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Program,
        summary: "One version with its document",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer {
            headers: &[ETAG],
            ..Answer::json(200, "The version", of::<VersionShape<'_>>)
        }],
        refusals: &[],
        handler: |way| way.to(program::version),
    },
    Route {
        id: "compareVersions",
        method: Method::GET,
        path: "/api/v1/program/versions/{version}/diff",
        scope: Scope::ProgramRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Program,
        summary: "What changed from another version to this one",
        description: "",
        query: &[Parameter {
            name: "with",
            form: Form::Number { min: 1, max: u32::MAX as u64 },
            what: "The other version; without it, the one that this one was edited from.",
        }],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The changes", of::<Difference>)],
        refusals: &[],
        handler: |way| way.to(program::diff),
    },
    Route {
        id: "rollBackToVersion",
        method: Method::POST,
        path: "/api/v1/program/versions/{version}/rollback",
        scope: Scope::ProgramWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Program,
        summary: "Publish the document of an earlier version again",
        description: "As the next version, with its own reason and time; wagers that were decided stay decided. \
                      `If-Match` names the latest version, or it is 412. Its tests run again.",
        query: &[],
        headers: &[IF_MATCH],
        takes: Takes::Json(of::<Rollback>),
        answers: &[
            Answer {
                headers: &[ETAG, LOCATION],
                ..Answer::json(201, "The new version", of::<VersionShape<'_>>)
            },
            Answer::json(
                200,
                "Of a dry run: the version that would be published, and what it changes",
                of::<DryRun<'_>>,
            ),
        ],
        refusals: &[Refusal::Stale, Refusal::Invalid],
        handler: |way| way.to(program::roll_back),
    },
    Route {
        id: "withdrawVersion",
        method: Method::POST,
        path: "/api/v1/program/versions/{version}/withdraw",
        scope: Scope::ProgramWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Program,
        summary: "Withdraw a version that has not begun",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &[Answer::json(200, "The version", of::<VersionShape<'_>>)],
        refusals: &[Refusal::NotScheduled],
        handler: |way| way.to(program::withdraw),
    },
];
