//! An operator's program: reading it, publishing versions, comparing them, rolling back and withdrawing.

use std::borrow::Cow;
use std::sync::Arc;

use accolade_domain::program::Program;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_engine::rules::{Operator, Version};
use accolade_wire::control::Control;
use accolade_wire::dialect::Dialect;
use accolade_wire::document::{self, DocumentProblem};
use accolade_wire::json::Value;
use accolade_wire::program::{self, Document};
use accolade_wire::timestamp;
use axum::http::header::{ETAG, IF_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::cursor::Cursors;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{Field, WHY_BYTES_MAX, fields_of, read_why};
use crate::idempotency::{Change, key_of};
use crate::principal::Known;
use crate::problem::{FieldError, Problem, Refusal, rules_unknown};
use crate::service::{Service, now};
use crate::shapes::{Page, Time, raw, respond};
use crate::submit::blocking;
use crate::zone;

/// A version that begins at once may be this far behind by the time it arrives.
const LATE_MICROS_MAX: i64 = 60_000_000;

/// A version of the program. Lists leave the document out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Version)]
pub(crate) struct VersionShape<'a> {
    version: u32,
    #[schema(schema_with = states)]
    state: &'static str,
    effective_from: Time,
    published_at: Time,
    #[schema(required)]
    edited_from: Option<u32>,
    who: &'a str,
    why: &'a str,
    /// The document; `/api/v1/program/schema` describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    program: Option<&'a RawValue>,
}

fn states() -> Schema {
    one_of(["scheduled", "current", "superseded", "withdrawn"])
}

impl<'a> VersionShape<'a> {
    fn of(version: &'a Version, operator: &Operator, has_program: bool) -> Self {
        let published = &*version.program;
        let document = has_program.then(|| serde_json::from_str(&published.program.document));
        Self {
            version: version.number,
            state: state_of(version, operator),
            effective_from: Time(version.effective_from),
            published_at: Time(published.published_at),
            edited_from: (published.edited_from > 0).then_some(published.edited_from),
            who: &published.who,
            why: &published.why,
            program: document.and_then(Result::ok),
        }
    }
}

fn state_of(version: &Version, operator: &Operator) -> &'static str {
    let now = now();
    if version.withdrawn {
        "withdrawn"
    } else if version.effective_from > now {
        "scheduled"
    } else if operator.versions.at(now).is_some_and(|other| other.number == version.number) {
        "current"
    } else {
        "superseded"
    }
}

fn etag(mut response: Response, version: u32) -> Response {
    let value = HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes");
    response.headers_mut().insert(ETAG, value);
    response
}

impl Service {
    pub(crate) fn operator(&self, known: &Known) -> Result<Arc<Operator>, Problem> {
        if !self.host.knows_rules() {
            return Err(rules_unknown());
        }
        let found = self.host.rules().operator(&known.id).cloned();
        found.ok_or_else(|| Problem::not_found("operator"))
    }

    /// The operator once it has a version: what was decided by it may come from a node that heard of it first.
    pub(crate) async fn operator_with_version(
        &self,
        known: &Known,
        number: u32,
    ) -> Result<Arc<Operator>, Problem> {
        self.operator_once(known, |operator| operator.versions.latest() >= number).await
    }

    /// The operator once it `is_so`: in a cluster another node may be the first to hear of a change.
    async fn operator_once(
        &self,
        known: &Known,
        is_so: impl Fn(&Operator) -> bool,
    ) -> Result<Arc<Operator>, Problem> {
        self.once(|| self.operator(known).ok().filter(|operator| is_so(operator))).await
    }
}

fn version_of<'a>(operator: &'a Operator, number: &str) -> Result<&'a Version, Problem> {
    let found = number.parse().ok().and_then(|number| operator.versions.get(number));
    found.ok_or_else(|| Problem::not_found("version of the program"))
}

/// The version that applies now.
pub(crate) async fn current(call: Call) -> Result<Response, Problem> {
    let operator = call.service.operator(&call.operator())?;
    let version = operator.versions.at(now()).ok_or_else(|| {
        let detail = match operator.versions.latest() {
            0 => "the operator has no program yet".to_owned(),
            latest => format!("no version applies now; the latest is version {latest}"),
        };
        Problem::new(Refusal::NotFound, detail)
    })?;
    let shape = VersionShape::of(version, &operator, true);
    Ok(etag(respond(StatusCode::OK, &shape), version.number))
}

/// The JSON Schema of a document that is published now.
pub(crate) async fn schema(call: Call) -> Result<Response, Problem> {
    let dialect = Dialect::of(call.service.host.rules().settings.behaviour);
    Ok(raw(StatusCode::OK, "application/schema+json", dialect.schema))
}

/// All versions, newest first, without their documents.
pub(crate) async fn versions(call: Call) -> Result<Response, Problem> {
    let (limit, cursors) = (call.parameters.limit()?, Cursors::of(&call));
    let before = cursors.after()?.map(|[number]| number);
    let operator = call.service.operator(&call.operator())?;
    let mut older = operator
        .versions
        .all()
        .rev()
        .filter(|version| before.is_none_or(|before| u64::from(version.number) < before));
    let page: Vec<&Version> = older.by_ref().take(limit).collect();
    let last = page.last().filter(|_| older.next().is_some());
    let next_cursor = last.map(|version| cursors.at([version.number.into()]));
    let items = page.into_iter().map(|version| VersionShape::of(version, &operator, false));
    Ok(respond(StatusCode::OK, &Page { items: items.collect(), next_cursor }))
}

/// One version with its document.
pub(crate) async fn version(call: Call) -> Result<Response, Problem> {
    let operator = call.service.operator(&call.operator())?;
    let version = version_of(&operator, &call.name())?;
    let shape = VersionShape::of(version, &operator, true);
    Ok(etag(respond(StatusCode::OK, &shape), version.number))
}

/// What changed from one version to another.
#[derive(Serialize, ToSchema)]
pub(crate) struct Difference {
    #[schema(required)]
    from: Option<u32>,
    to: u32,
    changes: Vec<ChangeShape>,
}

/// One change of a document.
#[derive(Serialize, ToSchema)]
#[schema(as = Change)]
pub(crate) struct ChangeShape {
    pointer: String,
    #[schema(schema_with = change_kinds)]
    kind: &'static str,
    #[schema(required, value_type = serde_json::Value)]
    from: Option<Box<RawValue>>,
    #[schema(required, value_type = serde_json::Value)]
    to: Option<Box<RawValue>>,
}

fn change_kinds() -> Schema {
    one_of(["added", "removed", "changed"])
}

fn changes(old: &Document, new: &Document) -> Vec<ChangeShape> {
    let raw = |json: Option<String>| json.and_then(|json| RawValue::from_string(json).ok());
    program::diff(old, new)
        .into_iter()
        .map(|change| ChangeShape {
            pointer: change.pointer,
            kind: change.kind.code(),
            from: raw(change.from),
            to: raw(change.to),
        })
        .collect()
}

fn document_of(version: Option<&Version>) -> Document {
    let text = version.map_or("{}", |version| &*version.program.program.document);
    program::read(text).expect("a published document was read before")
}

/// What changed from another version to this one; from the one it was edited from, unless one is named.
pub(crate) async fn diff(call: Call) -> Result<Response, Problem> {
    let operator = call.service.operator(&call.operator())?;
    let new = version_of(&operator, &call.name())?;
    let old = match (call.parameters.text("with"), new.program.edited_from) {
        (Some(with), _) => Some(version_of(&operator, with)?),
        (None, 0) => None,
        (None, edited_from) => Some(version_of(&operator, &edited_from.to_string())?),
    };
    let difference = Difference {
        from: old.map(|old| old.number),
        to: new.number,
        changes: changes(&document_of(old), &document_of(Some(new))),
    };
    Ok(respond(StatusCode::OK, &difference))
}

/// A publication as it was asked for.
struct Publication {
    effective_from: Option<Timestamp>,
    why: String,
    document: Document,
    zone: ZoneOffsets,
}

/// A version that would be published, and what it changes.
#[derive(Serialize, ToSchema)]
#[schema(as = VersionToBe)]
pub(crate) struct DryRun<'a> {
    valid: bool,
    #[serde(flatten)]
    version: VersionShape<'a>,
    changes: Vec<ChangeShape>,
}

/// Publishes a version, or only checks it.
pub(crate) async fn publish(call: Call) -> Result<Response, Problem> {
    let (known, is_dry) = (call.operator(), call.is_dry()?);
    let Call { service, route, principal, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    let edited_from = if_match(&parts.headers)?;
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let publication = {
        let body = body.clone();
        let dialect = Dialect::of(service.host.rules().settings.behaviour);
        blocking(move || read_publication(&body, dialect)).await??
    };
    let (subject, operator) = (&*principal.subject, &*known.id);
    let change = Change { operator, subject, route: route.id, name: "", body: &body, is_dry };
    service.publish(&known, publication, edited_from, key, change).await
}

/// Publishes the document of an earlier version anew, or says what that would change.
pub(crate) async fn roll_back(call: Call) -> Result<Response, Problem> {
    let (known, number, is_dry) = (call.operator(), call.name(), call.is_dry()?);
    let Call { service, route, principal, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    let edited_from = if_match(&parts.headers)?;
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let operator = service.operator(&known)?;
    let version = version_of(&operator, &number)?;
    let publication = {
        let (body, text) = (body.clone(), version.program.program.document.clone());
        let dialect = Dialect::of(service.host.rules().settings.behaviour);
        blocking(move || read_rollback(&body, &text, dialect)).await??
    };
    let (subject, operator) = (&*principal.subject, &*known.id);
    let change = Change { operator, subject, route: route.id, name: &number, body: &body, is_dry };
    service.publish(&known, publication, edited_from, key, change).await
}

impl Service {
    /// Publishes what `change` asks for, once for each key.
    async fn publish(
        &self,
        known: &Known,
        publication: Publication,
        edited_from: u32,
        key: Option<&str>,
        change: Change<'_>,
    ) -> Result<Response, Problem> {
        let is_dry = change.is_dry;
        let operator = self.operator(known)?;
        let document = program::to_json(&publication.document);
        if let Some(key) = key {
            self.claim(key, &change).await?;
            if let Some(version) = published_before(&operator, &publication, edited_from, &document)
            {
                return Ok(if is_dry {
                    would_publish(&operator, version)
                } else {
                    published(&operator, version)
                });
            }
        }
        // In a cluster this node may not have heard of the latest version: then the fold decides.
        if operator.versions.latest() > edited_from {
            return Err(accolade_domain::outcome::Declined::Stale.into());
        }
        let now = now();
        let effective_from = publication.effective_from.unwrap_or(now);
        if edited_from > 0 && effective_from < now.plus_micros(-LATE_MICROS_MAX) {
            let detail =
                "expected now or later: only an operator's first version may begin in the past";
            return Err(Problem::field(Refusal::Invalid, "/effectiveFrom", detail));
        }
        let zone = publication.zone.0.iter().map(|(from, offset)| (from.micros(), *offset));
        let control = Control::Publish {
            operator: known.id.to_string(),
            edited_from,
            effective_from: effective_from.micros(),
            why: publication.why,
            who: change.subject.to_owned(),
            published_at: now.micros(),
            document,
            zone: zone.collect(),
        };
        if is_dry {
            let (rules, made) = self.rules_would(&control).await?;
            let operator =
                rules.operator(&known.id).ok_or_else(|| Problem::not_found("operator"))?;
            return Ok(would_publish(operator, version_of(operator, &made.to_string())?));
        }
        let made = self.control(&control).await?.ok_or_else(crate::problem::not_yet)?;
        let operator = self
            .operator_once(known, |operator| u64::from(operator.versions.latest()) >= made)
            .await?;
        let number = made.to_string();
        Ok(published(&operator, version_of(&operator, &number)?))
    }
}

fn published(operator: &Operator, version: &Version) -> Response {
    let shape = VersionShape::of(version, operator, true);
    let mut response = etag(respond(StatusCode::CREATED, &shape), version.number);
    let location = format!("/api/v1/program/versions/{}", version.number);
    let location = HeaderValue::try_from(location).expect("a path of ASCII");
    response.headers_mut().insert(LOCATION, location);
    response
}

fn would_publish(operator: &Operator, version: &Version) -> Response {
    let old = operator.versions.get(version.program.edited_from);
    let changes = changes(&document_of(old), &document_of(Some(version)));
    let version = VersionShape::of(version, operator, true);
    respond_to_change(StatusCode::OK, &DryRun { valid: true, version, changes }, true)
}

/// The version that this very publication made before.
fn published_before<'a>(
    operator: &'a Operator,
    publication: &Publication,
    edited_from: u32,
    document: &str,
) -> Option<&'a Version> {
    let is_it = |version: &&Version| {
        let published = &*version.program;
        published.edited_from == edited_from
            && *published.program.document == *document
            && *published.why == *publication.why
            && publication.effective_from.is_none_or(|from| from == version.effective_from)
    };
    operator.versions.all().find(is_it)
}

/// The number that `If-Match` names; 0 where there is none.
fn if_match(headers: &HeaderMap) -> Result<u32, Problem> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(0) };
    let text = value.to_str().unwrap_or_default().trim();
    let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    number.parse().map_err(|_| {
        let detail = "expected `If-Match` with the number of the version it was edited from";
        Problem::new(Refusal::BadHeader, detail)
    })
}

fn read_publication(body: &[u8], dialect: &Dialect) -> Result<Publication, Problem> {
    let [effective_from, why, program] =
        fields_of(body, &["effectiveFrom", "why", "program"])?.map(Field::into_value);
    let mut errors = Vec::new();
    let (effective_from, why) = read_when_and_why(effective_from, why, &mut errors);
    let text = program_text(body, program).unwrap_or_else(|| {
        errors.push(no_program());
        Cow::default()
    });
    if !errors.is_empty() {
        return Err(Problem::fields(Refusal::Malformed, errors));
    }
    let (document, zone) = read_document(&text, dialect, program::check_new)
        .map_err(|errors| Problem::fields(Refusal::Invalid, errors.into_iter().map(inside)))?;
    Ok(Publication { effective_from, why, document, zone })
}

/// The program within a body.
fn program_text<'a>(body: &[u8], program: Option<Value<'a>>) -> Option<Cow<'a, str>> {
    match program {
        Some(Value::Text(text)) => Some(text),
        Some(Value::Object(text)) => Some(in_its_place(body, text)),
        _ => None,
    }
}

fn no_program() -> FieldError {
    FieldError::new("/program", "expected a program as an object, or as YAML or JSON in a text")
}

/// A program of a body that is not published: its document as a control record has it, and its zone.
pub(crate) fn read_draft(
    body: &[u8],
    program: Option<Value<'_>>,
    dialect: &Dialect,
) -> Result<(String, Vec<(i64, i32)>), Problem> {
    let text = program_text(body, program)
        .ok_or_else(|| Problem::fields(Refusal::Malformed, [no_program()]))?;
    let (document, zone) = read_document(&text, dialect, program::check_new)
        .map_err(|errors| Problem::fields(Refusal::Invalid, errors.into_iter().map(inside)))?;
    let zone = zone.0.iter().map(|(from, offset)| (from.micros(), *offset));
    Ok((program::to_json(&document), zone.collect()))
}

/// Reads what is said of the document that was published before.
fn read_rollback(body: &[u8], text: &str, dialect: &Dialect) -> Result<Publication, Problem> {
    let [effective_from, why] = fields_of(body, &["effectiveFrom", "why"])?.map(Field::into_value);
    let mut errors = Vec::new();
    let (effective_from, why) = read_when_and_why(effective_from, why, &mut errors);
    if !errors.is_empty() {
        return Err(Problem::fields(Refusal::Malformed, errors));
    }
    // What was accepted once is not refused for a slip of the pen when it is needed again.
    let check = |document: &Document, zone, dialect: &Dialect| (dialect.program)(document, zone);
    let (document, zone) = read_document(text, dialect, check)
        .map_err(|errors| Problem::fields(Refusal::Invalid, errors))?;
    Ok(Publication { effective_from, why, document, zone })
}

fn read_when_and_why(
    effective_from: Option<Value<'_>>,
    why: Option<Value<'_>>,
    errors: &mut Vec<FieldError>,
) -> (Option<Timestamp>, String) {
    let mut wrong = |pointer, detail: &str| errors.push(FieldError::new(pointer, detail));
    let effective_from = match effective_from {
        None | Some(Value::Null { .. }) => None,
        Some(Value::Text(text)) if timestamp::read(&text).is_some() => timestamp::read(&text),
        Some(_) => {
            wrong("/effectiveFrom", "expected a time such as `2024-11-11T10:30:00Z`");
            None
        }
    };
    let why = match why {
        Some(Value::Text(text)) if (1..=WHY_BYTES_MAX).contains(&text.trim().len()) => {
            text.into_owned()
        }
        _ => {
            wrong("/why", "expected a text of 1 to 1024 bytes that says why");
            String::new()
        }
    };
    (effective_from, why)
}

/// An error's pointer as the body's reader sees it.
fn inside(mut error: FieldError) -> FieldError {
    error.pointer.insert_str(0, "/program");
    error
}

/// The part of a body with nothing but blank space before it, so that lines and columns are the body's.
fn in_its_place<'a>(body: &[u8], part: &str) -> Cow<'a, str> {
    let offset = part.as_ptr().addr() - body.as_ptr().addr();
    let before = String::from_utf8_lossy(&body[..offset]);
    let blank = |char| if char == '\n' { '\n' } else { ' ' };
    let text: String = before.chars().map(blank).chain(part.chars()).collect();
    text.into()
}

/// Reads and checks a document, finds its zone, and runs its tests.
fn read_document(
    text: &str,
    dialect: &Dialect,
    check: fn(&Document, ZoneOffsets, &Dialect) -> Result<Program, Vec<DocumentProblem>>,
) -> Result<(Document, ZoneOffsets), Vec<FieldError>> {
    let all = |problems: Vec<DocumentProblem>| -> Vec<FieldError> {
        problems.into_iter().map(FieldError::from).collect()
    };
    let document = program::read(text).map_err(all)?;
    let name = program::timezone(&document);
    let zone = zone::offsets(name);
    let checked = check(&document, zone.clone().unwrap_or_default(), dialect).map_err(all);
    let Some(zone) = zone else {
        let mut errors = checked.err().unwrap_or_default();
        errors.push(unknown_zone(text, name));
        return Err(errors);
    };
    let failures = program::run_tests(&document, &checked?);
    if !failures.is_empty() {
        return Err(failures.into_iter().map(failure).collect());
    }
    Ok((document, zone))
}

fn unknown_zone(text: &str, name: &str) -> FieldError {
    let root = document::read(text).ok();
    let at = root.and_then(|root| root.get("timezone").map(|node| node.at)).unwrap_or_default();
    let found = Value::Text(name.into()).shown();
    let detail = format!("expected a time zone such as `Europe/Malta`, found {found}");
    FieldError {
        line: Some(at.line),
        column: Some(at.column),
        ..FieldError::new("/timezone", detail)
    }
}

fn failure(failure: program::Failure) -> FieldError {
    let name = failure.name.as_deref().unwrap_or(&failure.pointer);
    let (expected, given) = (failure.expected, failure.given);
    let detail = format!("test `{name}`: expected {expected}, the program gives {given}");
    FieldError {
        line: Some(failure.at.line),
        column: Some(failure.at.column),
        expected: Some(expected),
        given: Some(given),
        ..FieldError::new(failure.pointer.clone(), detail)
    }
}

/// Withdraws a version that has not begun, or says whether it could be.
pub(crate) async fn withdraw(call: Call) -> Result<Response, Problem> {
    let (known, number, is_dry) = (call.operator(), call.name(), call.is_dry()?);
    let Call { service, route, principal, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let why = read_why(&body)?;
    let operator = service.operator(&known)?;
    let version = version_of(&operator, &number)?;
    if let Some(key) = key {
        let change = Change {
            operator: &known.id,
            subject: &principal.subject,
            route: route.id,
            name: &number,
            body: &body,
            is_dry,
        };
        service.claim(key, &change).await?;
        if version.withdrawn {
            let shape = VersionShape::of(version, &operator, true);
            return Ok(respond_to_change(StatusCode::OK, &shape, is_dry));
        }
    }
    let control = Control::Withdraw {
        operator: known.id.to_string(),
        version: version.number,
        why,
        who: principal.subject.to_string(),
    };
    if is_dry {
        let (rules, _) = service.rules_would(&control).await?;
        let operator = rules.operator(&known.id).ok_or_else(|| Problem::not_found("operator"))?;
        let shape = VersionShape::of(version_of(operator, &number)?, operator, true);
        return Ok(respond_to_change(StatusCode::OK, &shape, true));
    }
    service.control(&control).await?.ok_or_else(crate::problem::not_yet)?;
    let is_withdrawn =
        |operator: &Operator| version_of(operator, &number).is_ok_and(|version| version.withdrawn);
    let operator = service.operator_once(&known, is_withdrawn).await?;
    let shape = VersionShape::of(version_of(&operator, &number)?, &operator, true);
    Ok(respond(StatusCode::OK, &shape))
}
