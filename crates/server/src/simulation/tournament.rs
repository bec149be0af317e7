//! Dry runs: what a tournament would have come to over a past period of the log, or over some events that somebody sends.
//!
//! The log is read as it lies, and what the fold has decided about it beside it; accounts are not folded again.
//! `docs/decisions/053` says why that is enough.

pub(super) mod board;
pub(crate) mod filled;
mod looking;
mod reading;
mod sample;
pub(crate) mod shapes;
mod tallying;
mod threads;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accolade_domain::query::row::Source;
use accolade_domain::time::Timestamp;
use accolade_engine::apply::AHEAD_MICROS_MAX;
use accolade_engine::judging::Judge;
use accolade_engine::judging::excluded::Excluded;
use accolade_engine::partition::Partition;
use accolade_storage::host::Older;
use accolade_wire::dialect::Dialect;
use accolade_wire::json::Value;
use accolade_wire::tournament::TournamentTerms;
use axum::http::StatusCode;
use axum::response::Response;

use self::board::{Board, Counts, SEEN_MAX, Seen};
use self::looking::{By, Found, Looker, Move, Voids, voided};
use self::reading::{Reader, Stretch};
use self::shapes::{DryRunResult, DryRunShape};
use self::tallying::{PLAYERS_MAX, Tallies, TooMany};
use super::folding::failed;
use super::job::Progress;
use super::{Awaits, Ending, Job, Question, Tried};
use crate::call::Call;
use crate::fields::{Field, fields_of, malformed};
use crate::problem::{FieldError, Problem};
use crate::service::{Service, now};
use crate::shapes::respond;
use crate::submit::blocking;
use crate::tournaments::{Wanted, over, takes_place_once};

/// What a dry run is about, beside the tournament.
#[derive(Debug)]
enum Asked {
    Period(Timestamp, Timestamp),
    Sample(Vec<String>),
}

impl Asked {
    fn read(from: &Field<'_>, to: &Field<'_>, events: &Field<'_>) -> Result<Self, Problem> {
        if events.is_said() {
            if from.is_said() || to.is_said() {
                return Err(events.wrong("expected either a period or `events`, not both"));
            }
            return sample::read(events).map(Self::Sample);
        }
        let now = now();
        let begins = from.time()?.ok_or_else(|| from.expected("a time, or `events`"))?;
        let ends = to.time()?.unwrap_or(now);
        if begins >= ends || ends > now {
            return Err(to.wrong("expected a time after `from`, and not to come"));
        }
        Ok(Self::Period(begins, ends))
    }
}

/// What is tried, by the body of a request.
type Read = dyn FnOnce(&[u8]) -> Result<(Asked, TournamentTerms), Problem> + Send;

/// Begins a dry run of a draft.
pub(crate) async fn begin(call: Call) -> Result<Response, Problem> {
    let (operator, who) = (call.operator().id.to_string(), call.principal.subject.to_string());
    let read = move |body: &[u8]| {
        let [draft, from, to, events] = fields_of(body, &["tournament", "from", "to", "events"])?;
        let asked = Asked::read(&from, &to, &events)?;
        let Some(Value::Object(draft)) = draft.value() else {
            return Err(draft.expected("a tournament, as `POST /tournaments` takes it"));
        };
        let id = "tried".to_owned();
        let terms = Wanted::read(draft.as_bytes())
            .and_then(Wanted::in_any_window)
            .and_then(Wanted::filled)
            .and_then(|wanted| wanted.terms(&operator, id, &who));
        Ok((asked, terms.map_err(|problem| within("/tournament", problem))?))
    };
    run(call, Box::new(read)).await
}

/// Begins a dry run of a tournament that is there.
pub(crate) async fn begin_of(call: Call) -> Result<Response, Problem> {
    let tournament = call.service.tournament(&call.operator(), &call.name())?;
    let read = move |body: &[u8]| {
        let [from, to, events] = fields_of(body, &["from", "to", "events"])?;
        takes_place_once(tournament.terms().recurs.as_ref())?;
        Ok((Asked::read(&from, &to, &events)?, (**tournament.terms()).clone()))
    };
    run(call, Box::new(read)).await
}

/// The same problem, of something within a body.
fn within(pointer: &str, problem: Problem) -> Problem {
    if problem.errors.is_empty() {
        return problem;
    }
    let inner =
        |error: FieldError| FieldError { pointer: format!("{pointer}{}", error.pointer), ..error };
    Problem::fields(problem.refusal, problem.errors.into_iter().map(inner))
}

async fn run(mut call: Call, read: Box<Read>) -> Result<Response, Problem> {
    let (operator, service) = (call.operator(), call.service.clone());
    let body = std::mem::take(&mut call.body);
    let (body, held) = service.read_body(&call.parts.headers, body).await?;
    let (asked, terms) = blocking(move || read(&body)).await??;
    drop(held);
    match asked {
        Asked::Period(from, to) => {
            let terms = over(terms, from, to)?;
            let (operator_id, tried) = (operator.id.clone(), Tried::Tournament(Box::new(terms)));
            let job =
                service.begin_simulation(&operator, Question { operator_id, from, to, tried })?;
            Ok(respond(StatusCode::ACCEPTED, &DryRunShape::of(&job)))
        }
        Asked::Sample(events) => {
            let of_operator = service.operator(&operator)?;
            let dialect = Dialect::of(service.host.rules().settings.behaviour);
            let operator_id = operator.id.clone();
            let found = blocking(move || {
                let source = decided(&terms)?.query.source;
                let events = sample::parse(&events, source, &operator_id, dialect)?;
                let (from, to) = sample::period(&events);
                let terms = over(terms, from, to)?;
                let decides = decided(&terms)?;
                let judge = Judge { operator: of_operator, operator_id, decides };
                Ok::<_, Problem>(DryRunResult::of(sample::board(&judge, &events), &terms))
            });
            Ok(respond(StatusCode::OK, &found.await??))
        }
    }
}

fn decided(terms: &TournamentTerms) -> Result<accolade_domain::tournament::Tournament, Problem> {
    terms.tournament().ok_or_else(|| malformed("/tournament", "expected a tournament"))
}

/// A dry run, as it is.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let job = call.service.dry_run(&call)?;
    Ok(respond(StatusCode::OK, &DryRunShape::of(&job)))
}

/// Cancels a dry run; one that has ended stays as it is.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let job = call.service.dry_run(&call)?;
    job.cancel();
    Ok(respond(StatusCode::OK, &DryRunShape::of(&job)))
}

impl Service {
    /// An operator's dry run, which is nothing for players.
    fn dry_run(&self, call: &Call) -> Result<Arc<Job>, Problem> {
        let found = self.simulations.find(call.operator().number, &call.name());
        let found = found.filter(|job| job.is_of_tournament && call.principal.player.is_none());
        found.ok_or_else(|| Problem::not_found("dry run"))
    }
}

/// What partitions that are here have of a tournament's time, to be read.
struct Prepared<'a> {
    looker: Looker,
    excluded: Excluded,
    stretches: Vec<WithOlder>,
    reading: Reading<'a>,
}

impl<'a> Prepared<'a> {
    /// Reads what became of everything first: which wagers are voided, and where the files lack records.
    fn new(
        service: &Service,
        terms: &TournamentTerms,
        awaits: &'a dyn Awaits,
        partitions: &[u16],
    ) -> Result<Self, Ending> {
        let decides = terms.tournament().ok_or_else(|| failed("it is no tournament"))?;
        let rules = service.host.rules();
        let operator = rules.operator(&terms.operator).cloned();
        let operator = operator.ok_or_else(|| failed("the operator is not known"))?;
        let (number, source, closes) = (operator.number, decides.query.source, decides.closes());
        // What is decided so long before may be dated ahead.
        let begins = decides.starts.plus_micros(-AHEAD_MICROS_MAX);
        let (mut stretches, mut excluded) = (Vec::new(), Excluded::default());
        for partition in partitions {
            awaits.hears(Progress::default());
            awaits.goes_on()?;
            let backing = service.host.backing(*partition).map_err(failed)?;
            let look = |it: &Partition| {
                if source == Source::GameEvents {
                    excluded.add_state(it, number, begins);
                }
                it.next_batch()
            };
            let end = service.read(*partition, look).map_err(failed)?;
            stretches.push(Stretch::of(*partition, backing, begins..closes, end)?);
        }
        // Each batch is read twice.
        let progress = Progress { batches: 0, expected: 2 * Reader::expected(&stretches) };
        let mut reading = Reading { awaits, progress };
        let mut voids = Voids::default();
        let reader = Reader::of_outcomes(stretches)?;
        let look = |batches: Vec<_>| voided(&batches, source);
        let reader = threads::run(reader, look, |(batches, found)| {
            voids.add(found)?;
            reading.has_read(batches)
        })?;
        voids.sort();
        let stretches = with_older(service, &reading, reader.into_stretches())?;
        let judge = Judge { operator, operator_id: terms.operator.as_str().into(), decides };
        let (has_matched, has_missed) = (AtomicBool::new(false), AtomicBool::new(false));
        let looker = Looker { judge, voids, has_matched, has_missed };
        Ok(Self { looker, excluded, stretches, reading })
    }
}

/// Looks at what partitions have that are here.
pub(super) fn try_on(
    service: &Service,
    terms: &TournamentTerms,
    awaits: &dyn Awaits,
    partitions: &[u16],
) -> Result<Board, Ending> {
    let Prepared { looker, excluded, stretches, mut reading } =
        Prepared::new(service, terms, awaits, partitions)?;
    let tallies = Tallies::new(looker.voids.count());
    let counts = Counts::default();
    let (matched, missed) = (Vec::new(), Vec::new());
    let mut taking = Taking { looker: &looker, excluded, tallies, counts, matched, missed };
    let reader = Reader::of_records(stretches)?;
    threads::run(
        reader,
        |batches| looker.look(&batches),
        |found| {
            let batches = found.batches;
            taking.take(found)?;
            reading.has_read(batches)
        },
    )?;
    Ok(taking.board())
}

/// How far it is, and who waits for it.
struct Reading<'a> {
    awaits: &'a dyn Awaits,
    progress: Progress,
}

impl Reading<'_> {
    fn has_read(&mut self, batches: u64) -> Result<(), Ending> {
        self.progress.batches += batches;
        self.goes_on()
    }

    fn goes_on(&self) -> Result<(), Ending> {
        self.awaits.hears(self.progress);
        self.awaits.goes_on()
    }
}

/// A stretch, and the log itself where the files lack some of it.
type WithOlder = (Stretch, Option<Box<dyn Older>>);

/// Has the log itself give what the files lack.
fn with_older(
    service: &Service,
    reading: &Reading<'_>,
    stretches: Vec<Stretch>,
) -> Result<Vec<WithOlder>, Ending> {
    let mut all = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let (number, from, held_from) = (stretch.number, stretch.from, stretch.held_from);
        if from == held_from {
            all.push((stretch, None));
            continue;
        }
        let mut goes_on = || reading.goes_on().map_err(|_| io::ErrorKind::Interrupted.into());
        let older = service.host.older(number, held_from, &mut goes_on);
        reading.goes_on()?;
        let older = older.map_err(failed)?.filter(|older| older.first() <= from);
        let mut older = older.ok_or_else(|| stretch.begins_later(AHEAD_MICROS_MAX))?;
        for _ in older.first()..from {
            reading.goes_on()?;
            older.next().map_err(failed)?;
        }
        all.push((stretch, Some(older)));
    }
    Ok(all)
}

/// Takes in what was found, in the order of the log.
struct Taking<'l> {
    looker: &'l Looker,
    excluded: Excluded,
    tallies: Tallies,
    counts: Counts,
    matched: Vec<Seen>,
    missed: Vec<Seen>,
}

impl Taking<'_> {
    fn take(&mut self, mut found: Found) -> Result<(), Ending> {
        self.counts.add_all(&found.counts);
        for moved in std::mem::take(&mut found.moves) {
            self.takes(moved, &found)?;
        }
        self.missed.append(&mut found.missed);
        for (seen, is_enough) in [
            (&mut self.matched, &self.looker.has_matched),
            (&mut self.missed, &self.looker.has_missed),
        ] {
            seen.truncate(SEEN_MAX);
            is_enough.store(seen.len() == SEEN_MAX, Ordering::Relaxed);
        }
        Ok(())
    }

    fn takes(&mut self, Move { by, now, place }: Move, found: &Found) -> Result<(), Ending> {
        let decides = &self.looker.judge.decides;
        match by {
            By::Counted { player, worth, voided, seen } => {
                let player = found.name(&player);
                if self.excluded.holds(player, now) {
                    self.counts.excluded += 1;
                    return Ok(());
                }
                let counts = self.tallies.counts(decides, player, (worth, voided), now, place);
                if counts.map_err(|TooMany| too_many())? {
                    self.counts.counted += 1;
                    self.matched.extend(seen.map(|seen| *seen));
                } else {
                    self.counts.valueless += 1;
                }
            }
            By::Voided(number) => {
                let is_taken = self.tallies.taken_back(decides, number, now, place);
                self.counts.taken_back += u64::from(is_taken);
            }
            By::Excluded(exclusion) => self.excluded.hear(exclusion, now),
        }
        Ok(())
    }

    fn board(self) -> Board {
        let Self { looker, tallies, counts, matched, missed, .. } = self;
        let decides = &looker.judge.decides;
        let found = (counts, tallies.count() as u64);
        Board::of(decides.ties, found, tallies.standings(decides), (matched, missed))
    }
}

fn too_many() -> Ending {
    Ending::Failed(format!("more than {PLAYERS_MAX} players take part: make the period shorter"))
}
