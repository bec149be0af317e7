//! A player's ledger and consent.

use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::event::Consent;
use accolade_domain::ledger::{EntryKind, Moved, Place};
use accolade_domain::lots::{HELD, Hour, Month, Source};
use accolade_engine::apply::SIGNAL_CAUSE;
use accolade_engine::rules::Operator;
use accolade_storage::host::NotHere;
use accolade_wire::control::Command;
use accolade_wire::hex::to_hex;
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::call::Call;
use crate::cursor::Cursors;
use crate::description::bodies::in_or_out;
use crate::description::schemas::{one_of, text_or_null};
use crate::dry_run::respond_to_change;
use crate::fields::fields_of;
use crate::idempotency::{Change, key_of};
use crate::ledger::{Line, Lines, Order, Wanted, page, parts_of};
use crate::problem::{Problem, Refusal};
use crate::requests::player_id;
use crate::service::Service;
use crate::shapes::{
    Exact, ExactMultiplier, ExactPoints, Page, PartsShape, PlaceShape, Time, day_text, multiplier,
    respond,
};
use crate::submit::{Carried, Reader, blocking};

/// Reads entries from the journal.
pub(crate) struct JournalLines(Reader);

impl Lines for JournalLines {
    type Error = Problem;

    fn line(&mut self, place: Place) -> Result<Line, Problem> {
        let line = self.0.recorded(place, |at| at.entry(place.number).map(Line::from))?;
        line.ok_or_else(no_entry)
    }

    fn expect(&mut self, place: Place) -> Result<(), Problem> {
        self.0.expect(place)
    }
}

/// A place has no entry that is pointed to.
pub(crate) fn no_entry() -> Problem {
    Problem::new(Refusal::Failed, "an entry points to a place without one")
}

impl Service {
    pub(crate) fn lines(&self, partition: u16) -> Result<JournalLines, NotHere> {
        Ok(JournalLines(Reader::new(self.host.backing(partition)?)))
    }
}

/// An entry of the ledger.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Entry)]
pub(crate) struct EntryShape {
    sequence: u64,
    #[schema(schema_with = kinds)]
    kind: &'static str,
    points: ExactPoints,
    balance_after: ExactPoints,
    cause: Cause,
    program_version: u32,
    #[schema(required)]
    multiplier: Option<ExactMultiplier>,
    #[schema(required)]
    parts: Option<PartsShape>,
    /// The player's tier when the wager came.
    #[schema(required)]
    tier: Option<Box<str>>,
    /// Which lots the points went into, or came from.
    #[schema(required)]
    lots: Option<LotsShape>,
    place: PlaceShape,
    event_time: Time,
    record_time: Time,
    /// SHA-256 over this entry and the hash of the one before it.
    hash: String,
}

fn kinds() -> Schema {
    one_of(KINDS.iter().map(|(word, _)| *word))
}

/// What has caused an entry.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cause {
    #[schema(schema_with = causes)]
    r#type: &'static str,
    /// Its id; nothing where time is the cause.
    #[schema(required)]
    id: Option<String>,
}

fn causes() -> Schema {
    one_of(["wager", "time", "redemption", "adjustment", "signal", "import", "tournament"])
}

impl Cause {
    /// An adjustment may be what a person took of points that were held for a signal.
    fn of(kind: EntryKind, cause: &str) -> Self {
        match cause.strip_prefix(SIGNAL_CAUSE) {
            Some(signal) if kind == EntryKind::Adjusted => {
                Self { r#type: "signal", id: Some(signal.to_owned()) }
            }
            Some(_) | None => {
                let id = Some(cause.to_owned()).filter(|_| !kind.is_by_time());
                Self { r#type: cause_type(kind), id }
            }
        }
    }
}

const fn cause_type(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Earned | EntryKind::Voided => "wager",
        EntryKind::Expired => "time",
        EntryKind::Redeemed => "redemption",
        EntryKind::Adjusted => "adjustment",
        EntryKind::Opening => "import",
        EntryKind::Prize => "tournament",
    }
}

/// What an entry has changed in an account's lots: its points are those of the lots, less the debt.
#[derive(Serialize, ToSchema)]
#[schema(as = Lots)]
pub(crate) struct LotsShape {
    changed: Vec<LotShape>,
    /// By how much the account is further below zero; less than nothing where points have paid for that.
    debt: ExactPoints,
    /// What could not be taken.
    owed: ExactPoints,
}

/// What was put into a lot, or less than nothing where it was taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Lot)]
pub(crate) struct LotShape {
    /// The month that the points were earned in.
    #[schema(example = "2026-11")]
    month: String,
    points: ExactPoints,
    /// From when on they can be spent; nothing where they can be, and where they are held.
    #[schema(required)]
    matures_at: Option<Time>,
    /// They are held for a signal.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    held: bool,
}

impl LotShape {
    pub(crate) fn of(month: Month, points: Points, matures: Option<Hour>) -> Self {
        let (mut month, day) = (day_text(month.first_day()), "-01");
        month.truncate(month.len() - day.len());
        let (held, hour) = (matures == Some(HELD), matures.filter(|hour| *hour != HELD));
        let matures_at = hour.map(|hour| Time(hour.begins()));
        Self { month, points: Exact(points), matures_at, held }
    }
}

impl LotsShape {
    fn of(moved: &Moved, points: Points) -> Option<Self> {
        match moved {
            Moved::Untold => None,
            Moved::Into { source: Source { month, matures }, paid } => {
                let put = points.minus(*paid).expect("what has paid is a part");
                let lot = (put != Points::ZERO).then(|| LotShape::of(*month, put, *matures));
                let debt = Exact(paid.negated());
                Some(Self { changed: lot.into_iter().collect(), debt, owed: Exact(Points::ZERO) })
            }
            Moved::From(taken) => {
                let ready = taken.ready.iter().map(|lot| (lot.month, lot.points, None));
                let pending = taken.pending.iter();
                let pending = pending.map(|lot| (lot.month, lot.points, Some(lot.matures)));
                let changed = ready
                    .chain(pending)
                    .map(|(month, points, matures)| LotShape::of(month, points.negated(), matures));
                let (debt, owed) = (Exact(taken.debt), Exact(taken.owed));
                Some(Self { changed: changed.collect(), debt, owed })
            }
        }
    }
}

impl EntryShape {
    /// Names are those of the version that decided, which `operator` has.
    pub(crate) fn of(Line { entry, hash }: Line, operator: &Operator) -> Self {
        let parts = parts_of(&entry);
        let version = operator.versions.get(entry.program_version);
        let named = parts.zip(version);
        let named = named.map(|(parts, version)| PartsShape::of(parts, &version.program.program));
        Self {
            sequence: entry.sequence,
            kind: entry.kind.code(),
            points: Exact(entry.points),
            balance_after: Exact(entry.balance_after),
            program_version: entry.program_version,
            multiplier: parts.map(multiplier),
            tier: named
                .as_ref()
                .and_then(|parts| parts.tier.as_ref())
                .map(|tier| tier.name.clone()),
            parts: named,
            lots: LotsShape::of(&entry.moved, entry.points),
            cause: Cause::of(entry.kind, &entry.cause),
            place: entry.place.into(),
            event_time: Time(entry.event_time),
            record_time: Time(entry.record_time),
            hash: to_hex(&hash.0),
        }
    }
}

const KINDS: [(&str, Option<EntryKind>); 7] = [
    ("earned", Some(EntryKind::Earned)),
    ("voided", Some(EntryKind::Voided)),
    ("expired", Some(EntryKind::Expired)),
    ("redeemed", Some(EntryKind::Redeemed)),
    ("adjusted", Some(EntryKind::Adjusted)),
    ("opening", Some(EntryKind::Opening)),
    ("prize", Some(EntryKind::Prize)),
];
const ORDERS: [(&str, Order); 2] = [("desc", Order::Descending), ("asc", Order::Ascending)];

/// A page of the ledger.
pub(crate) async fn ledger(call: Call) -> Result<Response, Problem> {
    let (operator, player, cursors) = (call.operator(), call.name(), Cursors::of(&call));
    let Call { service, parameters, .. } = call;
    let wanted = Wanted {
        from: parameters.time("from")?,
        to: parameters.time("to")?,
        kind: parameters.choice("kind", None, &KINDS)?,
        order: parameters.choice("order", Order::Descending, &ORDERS)?,
        after: cursors.after()?.map(|[sequence]| sequence),
        limit: parameters.limit()?,
    };
    let (here, known) = (service.clone(), Arc::clone(&operator));
    let page = blocking(move || {
        let found = here.account(&known, &player)?;
        page(&mut here.lines(found.partition)?, found.newest(), &wanted)
    })
    .await??;
    let newest = page.lines.iter().map(|line| line.entry.program_version).max().unwrap_or(0);
    let decided = service.operator_with_version(&operator, newest).await?;
    let items = page.lines.into_iter().map(|line| EntryShape::of(line, &decided));
    let items: Vec<EntryShape> = items.collect();
    let next_cursor = page.next.map(|sequence| cursors.at([sequence]));
    Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
}

/// Whether a player takes part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConsentGiven)]
pub(crate) struct ConsentShape<'a> {
    player_id: &'a str,
    operator_id: &'a str,
    #[schema(schema_with = in_or_out)]
    consent: &'static str,
    #[schema(schema_with = done_or_accepted)]
    outcome: &'static str,
}

/// What a player has said about taking part.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConsentSaid)]
pub(crate) struct ConsentSaid<'a> {
    player_id: &'a str,
    operator_id: &'a str,
    /// The last; nothing where they never did, and the program's `consent` decides.
    #[schema(required, schema_with = in_or_out_or_nothing)]
    consent: Option<&'static str>,
}

fn in_or_out_or_nothing() -> Schema {
    text_or_null("`in` or `out`")
}

/// The word for what a player has said.
pub(crate) const fn said_of(consent: Consent) -> &'static str {
    match consent {
        Consent::In => "in",
        Consent::Out => "out",
    }
}

/// What a player has said about taking part.
pub(crate) async fn said(call: Call) -> Result<Response, Problem> {
    let (operator, player) = (call.operator(), call.name());
    let (here, known, name) = (call.service, Arc::clone(&operator), player.clone());
    let found = blocking(move || here.account(&known, &name)).await??;
    let consent = found.consent().map(said_of);
    let shape = ConsentSaid { player_id: &player, operator_id: &operator.id, consent };
    Ok(respond(StatusCode::OK, &shape))
}

pub(crate) fn done_or_accepted() -> Schema {
    one_of(["done", "accepted"])
}

/// Lets a player in or out, from this record's place in the log on, or says whether it would.
pub(crate) async fn consent(call: Call) -> Result<Response, Problem> {
    let (operator, player, is_dry) = (call.operator(), call.name(), call.is_dry()?);
    let Call { service, route, principal, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    player_id(&player)?;
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let [said] = fields_of(&body, &["consent"])?;
    let joins = match said.text()?.as_deref() {
        Some("in") => true,
        Some("out") => false,
        _ => return Err(said.expected("`in` or `out`")),
    };
    let change = Change {
        operator: &operator.id,
        subject: &principal.subject,
        route: route.id,
        name: &player,
        body: &body,
        is_dry,
    };
    let id = service.command_id(key, &change).await?;
    let partition = partition_of(&player, service.partitions());
    let command = Command::Consent { id, player_id: player.clone(), joins };
    let carried = service.command(partition, &operator.id, &command, is_dry).await?;
    let shape = ConsentShape {
        player_id: &player,
        operator_id: &operator.id,
        consent: if joins { "in" } else { "out" },
        outcome: if carried == Carried::NotYet { "accepted" } else { "done" },
    };
    Ok(respond_to_change(carried.status(), &shape, is_dry))
}
