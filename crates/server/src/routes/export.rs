//! What is taken out whole.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Form, Header, Parameter, Route, Takes};
use crate::export;
use crate::problem::Refusal;
use crate::roles::Scope;

const DISPOSITION: Header = Header { name: "Content-Disposition", what: "A name for the file." };

const FROM: Parameter = Parameter {
    name: "from",
    form: Form::Time,
    what: "Recorded at this time or later. Needed: the ledger goes on for years.",
};
const TO: Parameter =
    Parameter { name: "to", form: Form::Time, what: "Recorded before this time; else until now." };

const fn file(what: &'static str, content_type: &'static str) -> Answer {
    Answer { headers: &[DISPOSITION], ..Answer::text(what, content_type) }
}

pub(super) static ROUTES: [Route; 2] = [
    Route {
        id: "exportPlayer",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/export",
        scope: Scope::EventsRead,
        audience: Audience::Everybody,
        by: By::PlayerAnywhere,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "Everything held about a player",
        description: "One ZIP archive: `player.json` with consent, balance, exclusion and statistics; ledger, redemptions, adjustments and signals, \
                      oldest first, as lines of JSON and as CSV; `events.ndjson` with the events that the log still has, \
                      and what became of them. `manifest.json` comes last and says how many lines each file has: an \
                      archive without it is not whole. A node makes two at once for an operator.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[file("The archive", "application/zip")],
        refusals: &[Refusal::Stopping],
        handler: |way| way.to(export::player),
    },
    Route {
        id: "exportLedger",
        method: Method::GET,
        path: "/api/v1/ledger",
        scope: Scope::LedgerRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Players,
        summary: "The operator's ledger of a stretch of time",
        description: "All players' entries as CSV, partition by partition, each in the order in which they were recorded. The \
                      last line is of the kind `end`, and its `sequence` says how many entries there are: an answer \
                      without it is not whole. A node makes two at once for an operator.",
        query: &[FROM, TO],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[file("The table", "text/csv")],
        refusals: &[Refusal::Stopping],
        handler: |way| way.to(export::operator),
    },
];
