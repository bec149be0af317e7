//! The description of the API (`OpenAPI` 3.1), from the list of routes.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::schemas::{self, Schemas};
use crate::cloud_events;
use crate::parameters::{LIMIT, LIMIT_MAX};
use crate::problem::{Problem, ProblemShape, Refusal};
use crate::request_id;
use crate::roles::Scope;
use crate::routes::{self, Answer, Area, Audience, Content, Effect, Form, Header, Route, Takes};

const PROBLEM: &str = "application/problem+json";
const KEY: &str = "apiKey";

/// Everything that the network reaches.
pub(crate) fn document() -> Value {
    let mut schemas = Schemas::default();
    schemas::of::<ProblemShape<'_>>(&mut schemas);
    let mut paths: Map<String, Value> = Map::new();
    for (_, route) in routes::all().filter(|(_, route)| is_described(route)) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.as_str().to_lowercase()] = operation(route, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Accolade",
            "version": "1",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Wagers and game events in; points, ledger and explanations out. Amounts, multipliers and \
                points are JSON numbers with exactly their digits: read them as decimals. Times are RFC 3339 in UTC. \
                Errors are RFC 9457 problems; a method that a path does not have is 405, with the others in `Allow`.",
        },
        "servers": [{ "url": "/" }],
        "tags": Area::ALL.into_iter().filter(|area| area.is_described()).map(|area| {
            let (name, description) = area.words();
            json!({ "name": name, "description": description })
        }).collect::<Vec<_>>(),
        "paths": paths,
        "components": {
            "securitySchemes": { KEY: {
                "type": "http",
                "scheme": "bearer",
                "description": key_description(),
            } },
            "headers": { "RequestId": request_id() },
            "parameters": { "RequestId": {
                "name": "X-Request-Id",
                "in": "header",
                "description": "The id of the request, where the caller has one. One that is not well-formed, as the answer's \
                    has to be, is replaced.",
                "schema": { "type": "string" },
            } },
            "responses": { "MethodNotAllowed": method_not_allowed() },
            "schemas": schemas.0,
        },
    })
}

pub(crate) fn is_described(route: &Route) -> bool {
    route.audience == Audience::Everybody && route.area.is_described()
}

fn key_description() -> String {
    let mut text =
        "An API key. What it may do are its scopes; each route names the one that it needs:\n"
            .to_owned();
    for scope in Scope::ALL.into_iter().filter(|scope| scope.is_of_operators()) {
        write!(text, "\n- `{}`: {}", scope.code(), scope.meaning())
            .expect("a text takes more text");
    }
    text
}

fn operation(route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = json!({
        "tags": [route.area.words().0],
        "operationId": route.id,
        "summary": route.summary,
    });
    if !route.description.is_empty() {
        operation["description"] = route.description.into();
    }
    let parameters = parameters(route);
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(body) = body(route.takes, schemas) {
        operation["requestBody"] = body;
    }
    operation["responses"] = responses(route, schemas);
    operation["security"] = match route.scope {
        Scope::Public => json!([]),
        scope => json!([{ KEY: [scope.code()] }]),
    };
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let mut all = Vec::new();
    if let Some(name) = route.name() {
        let schema = match name {
            "version" => json!({ "type": "integer", "minimum": 1 }),
            _ => json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
        };
        all.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    let mut query = |name: &str, what: &str, schema: Value| {
        all.push(json!({ "name": name, "in": "query", "description": what, "schema": schema }));
    };
    for parameter in route.query {
        query(parameter.name, parameter.what, form(parameter.form));
    }
    if route.effect.takes_dry_run() {
        let what = "`true`: nothing is changed, and the answer says what would be, with `dryRun` in it. Where the change \
                    would be refused, it is that problem. No `Idempotency-Key` is remembered.";
        query("dryRun", what, json!({ "type": "boolean", "default": false }));
    }
    if route.scope != Scope::Public {
        let what = "The operator that the request is for, where the credential has several.";
        query("operatorId", what, form(Form::Text));
    }
    if route.effect == Effect::Changes {
        let what = "The same key with the same body has no second effect for 24 hours; with another body 422.";
        let schema = json!({ "type": "string", "minLength": 1, "maxLength": 100 });
        all.push(json!({
            "name": "Idempotency-Key", "in": "header", "description": what, "schema": schema
        }));
    }
    all.push(json!({ "$ref": "#/components/parameters/RequestId" }));
    all.extend(route.headers.iter().map(|Header { name, what }| {
        json!({ "name": name, "in": "header", "description": what, "schema": { "type": "string" } })
    }));
    all
}

fn form(form: Form) -> Value {
    match form {
        Form::Time => {
            json!({ "type": "string", "format": "date-time", "pattern": schemas::TIME_PATTERN })
        }
        Form::Day => json!({ "type": "string", "format": "date" }),
        Form::Switch => json!({ "type": "boolean", "default": false }),
        Form::OneOf(words) => json!({ "type": "string", "enum": words }),
        Form::Number { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Form::Limit => {
            json!({ "type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT })
        }
        Form::Text | Form::Cursor => json!({ "type": "string" }),
    }
}

fn body(takes: Takes, schemas: &mut Schemas) -> Option<Value> {
    let content = match takes {
        Takes::Nothing => return None,
        Takes::Json(schema) => json!({ "application/json": { "schema": schema(schemas) } }),
        Takes::Events(schema) => {
            let item = schema(schemas);
            let cloud_event = cloud_event();
            let many = json!({ "type": "array", "maxItems": 10_000, "items": item });
            json!({
                "application/json": { "schema": { "oneOf": [item, many] } },
                "application/x-ndjson": { "schema": {
                    "type": "string", "description": "An object on each line."
                } },
                cloud_events::ONE: { "schema": cloud_event },
                cloud_events::BATCH: { "schema": {
                    "type": "array", "maxItems": 10_000, "items": cloud_event
                } },
            })
        }
    };
    Some(json!({ "required": true, "content": content }))
}

fn responses(route: &Route, schemas: &mut Schemas) -> Value {
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for answer in route.answers {
        responses.insert(answer.status.to_string(), response(route, answer, schemas));
    }
    let refusals = route.refusals();
    let statuses = refusals.chunk_by(|a, b| a.answer().0 == b.answer().0);
    for refusals in statuses {
        let status = refusals[0].answer().0.as_str().to_owned();
        let problem = problems(refusals);
        responses
            .entry(status)
            // An answer and problems under one status differ by their content types.
            .and_modify(|answer| {
                let content = answer["content"].as_object_mut().expect("it has content");
                content.insert(PROBLEM.to_owned(), problem["content"][PROBLEM].clone());
            })
            .or_insert(problem);
    }
    for (status, response) in &mut responses {
        response["headers"]["X-Request-Id"] = json!({ "$ref": "#/components/headers/RequestId" });
        // Whoever is not known has no limit of an operator's.
        if route.scope != Scope::Public && !matches!(&**status, "401" | "429") {
            for header in Refusal::RateLimited.headers() {
                if header.name.starts_with("RateLimit-") {
                    let (name, mut header) = described(header);
                    header["required"] = false.into();
                    response["headers"][name] = header;
                }
            }
        }
    }
    json!(responses)
}

fn response(route: &Route, answer: &Answer, schemas: &mut Schemas) -> Value {
    let (content_type, schema) = match answer.content {
        Content::Json(schema) => {
            let schema = json!(schema(schemas));
            let is_flagged = route.effect.takes_dry_run() && answer.status == 200;
            ("application/json", if is_flagged { or_dry(schema) } else { schema })
        }
        Content::Text(content_type) => (content_type, json!({ "type": "string" })),
        Content::Schema => ("application/schema+json", json!({ "type": "object" })),
        Content::Nothing => ("", Value::Null),
    };
    let mut response = json!({ "description": answer.what });
    if !content_type.is_empty() {
        response["content"] = json!({ content_type: { "schema": schema } });
    }
    if !answer.headers.is_empty() {
        response["headers"] = headers(answer.headers);
    }
    response
}

/// The same, which a dry run marks.
fn or_dry(schema: Value) -> Value {
    let what = "Nothing was changed: this is what would be.";
    json!({ "allOf": [
        schema,
        { "type": "object", "properties": { "dryRun": { "const": true, "description": what } } },
    ] })
}

fn headers(headers: &[Header]) -> Value {
    json!(headers.iter().map(described).collect::<BTreeMap<_, _>>())
}

/// A header of an answer that always has it.
fn described(header: &Header) -> (&'static str, Value) {
    let Header { name, what } = header;
    (name, json!({ "description": what, "required": true, "schema": { "type": "string" } }))
}

/// Problems of one status.
fn problems(refusals: &[Refusal]) -> Value {
    let codes: Vec<&str> = refusals.iter().map(|refusal| refusal.answer().1).collect();
    let words = refusals.iter().map(|refusal| {
        let (_, code, title) = refusal.answer();
        format!("`{code}`: {title}")
    });
    let examples: BTreeMap<&str, Value> = refusals
        .iter()
        .map(|refusal| {
            let (_, code, title) = refusal.answer();
            (code, json!({ "value": Problem::new(*refusal, title).shape(None) }))
        })
        .collect();
    let mut response = json!({
        "description": words.collect::<Vec<_>>().join("; "),
        "content": { PROBLEM: {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "type": "object", "properties": { "code": { "enum": codes } } },
            ] },
            "examples": examples,
        } },
    });
    let own: Vec<Header> = refusals.iter().flat_map(|refusal| refusal.headers()).copied().collect();
    if !own.is_empty() {
        response["headers"] = headers(&own);
    }
    response
}

/// A `CloudEvent` around an event; what the event lacks of its id, time and type comes from the attributes.
fn cloud_event() -> Value {
    let text = json!({ "type": "string", "minLength": 1 });
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": text,
            "source": { "type": "string", "format": "uri-reference", "minLength": 1 },
            "type": text,
            "time": { "type": "string", "format": "date-time" },
            "datacontenttype": { "type": "string", "examples": ["application/json"] },
            "data": { "type": "object", "description": "The event, as it stands alone in `application/json`; \
                its id, time and type may be left out." },
        },
    })
}

/// The id of a request, as an answer has it.
fn request_id() -> Value {
    let (pattern, max) = (request_id::PATTERN, request_id::BYTES_MAX);
    let what = "The id of the request, by which the node's log knows it too. `instance` of a problem has it.";
    json!({ "description": what, "required": true, "schema": {
        "type": "string", "pattern": pattern, "minLength": 1, "maxLength": max
    } })
}

fn method_not_allowed() -> Value {
    problems(&[Refusal::MethodNotAllowed])
}
