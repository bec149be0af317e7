//! Players who opt in to tournaments, and out again before these begin.
//!
//! Seats are given out by one partition, as a stock is: the player's asks for one by a message, and whatever comes of
//! it, a seat is one player's or given back.

use accolade_domain::outcome::Declined;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::{OptIn, Tally};
use accolade_wire::control::{Command, Request};
use accolade_wire::identity::partition_of;
use accolade_wire::record::Record;

use super::{Input, Loaded, rewards, spending};
use crate::rules::Rules;
use crate::rules::tournaments::Tournament;
use crate::step::{Change, Step};
use crate::tables::Row;
use crate::tables::seats::{Seats, SeatsKey};

/// Lets a player take part in a tournament, or not.
pub(super) fn opt_in<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    number: u32,
    joins: bool,
) -> Result<Step<'a>, Declined> {
    let operator = loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let tournament = operator.tournaments.numbered(number);
    let tournament = tournament.ok_or(Declined::TournamentNotScheduled)?;
    if tournament.is_cancelled() || tournament.is_scheduled() && has_ended(tournament, input) {
        return Err(Declined::TournamentOver);
    }
    if !tournament.is_scheduled() {
        return Err(Declined::TournamentNotScheduled);
    }
    if !tournament.decides().opt_in {
        return Err(Declined::NoOptIn);
    }
    let home = home_of(rules, tournament);
    if joins {
        join(loaded, input, tournament, home)
    } else {
        leave(loaded, input, tournament, home)
    }
}

/// The partition that gives the seats of a tournament, where their number is limited.
fn home_of(rules: &Rules, tournament: &Tournament) -> Option<u16> {
    let terms = tournament.terms();
    terms.participants_max.map(|_| partition_of(&terms.id, rules.settings.partitions))
}

fn has_ended(tournament: &Tournament, input: &Input<'_>) -> bool {
    input.now >= tournament.decides().ends
}

fn tally_of(loaded: &Loaded<'_>, tournament: &Tournament) -> Option<Tally> {
    loaded.scores?.of(tournament.number)
}

fn join<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    home: Option<u16>,
) -> Result<Step<'a>, Declined> {
    if loaded.exclusion.is_some() {
        return Err(Declined::SelfExcluded);
    }
    match tally_of(loaded, tournament).and_then(|tally| tally.opt_in) {
        Some(OptIn::Requested | OptIn::In) => return Ok(Step::done()),
        Some(OptIn::Full) | None => {}
    }
    let (batch, slot) = (input.place.batch, input.place.slot);
    let opt_in = Some(if home.is_some() { OptIn::Requested } else { OptIn::In });
    let tally = Tally { changed_at: input.now, batch, slot, opt_in, ..Tally::default() };
    let mut step = Step::done().and(Change::Open).and(scores_with(loaded, tournament, Some(tally)));
    if let Some(home) = home {
        let opt_in = Request { player: loaded.ordinal, batch, slot };
        let ask = Command::TakeSeat { tournament: tournament.number, opt_in };
        step.changes.push(message(tournament, home, &ask, input.now));
    }
    Ok(step)
}

/// Nobody takes a bad score back by leaving: what has counted stays.
fn leave<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    tournament: &Tournament,
    home: Option<u16>,
) -> Result<Step<'a>, Declined> {
    spending::known(loaded)?;
    let Some(tally) = tally_of(loaded, tournament) else { return Ok(Step::done()) };
    // The time of an event may be a little ahead of the log's.
    if input.now >= tournament.decides().starts || tally.events > 0 {
        return Err(Declined::TournamentBegan);
    }
    let mut step = Step::done().and(scores_with(loaded, tournament, None));
    // Where a seat was only asked for, its answer will be given back.
    if let Some(home) = home.filter(|_| tally.opt_in == Some(OptIn::In)) {
        let back = Command::ReturnSeat { tournament: tournament.number };
        step.changes.push(message(tournament, home, &back, input.now));
    }
    Ok(step)
}

fn scores_with<'a>(
    loaded: &Loaded<'_>,
    tournament: &Tournament,
    tally: Option<Tally>,
) -> Change<'a> {
    let scores = loaded.scores.unwrap_or(&PackedScores::NONE);
    Change::Scores(scores.with(tournament.number, tally))
}

fn message<'a>(tournament: &Tournament, to: u16, says: &Command, now: Timestamp) -> Change<'a> {
    Change::command(to, &tournament.terms().operator, says, now)
}

/// Gives a player of the partition that asks a seat, if there is one, and answers.
pub(super) fn take_seat<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    record: &Record<'_>,
    number: u32,
    opt_in: Request,
) -> Result<Step<'a>, Declined> {
    let tournament = tournament_of(loaded, number).ok_or(Declined::TournamentNotScheduled)?;
    let is_open = tournament.is_scheduled() && !has_ended(tournament, input);
    let seats = loaded.seats.filter(|_| is_open);
    let taken = seats.and_then(|(key, seats)| Some((key, seats.with_one_taken()?.taken)));
    let answer = Command::SeatTaken { tournament: number, opt_in, granted: taken.is_some() };
    let row = taken
        .map(|(key, taken)| Row::Seats(key, Some(Seats { taken, until: tournament.kept_until() })));
    rewards::answer(input, record, &answer, row)
}

/// Takes a seat back that a player does not need.
pub(super) fn take_seat_back<'a>(
    loaded: &Loaded<'_>,
    record: &Record<'_>,
    number: u32,
) -> Result<Step<'a>, Declined> {
    record.origin.ok_or(Declined::Malformed)?;
    let Some((tournament, (key, seats))) = tournament_of(loaded, number).zip(loaded.seats) else {
        return Err(Declined::TournamentNotScheduled);
    };
    // Nothing is known any more of one that is over for long.
    if seats.taken == 0 {
        return Ok(Step::done());
    }
    let (taken, until) = (seats.with_one_returned().taken, tournament.kept_until());
    Ok(Step::done().and(Change::row(Row::Seats(key, Some(Seats { taken, until })))))
}

/// What has become of a question for a seat: the player is in, or was too late. A seat that comes too late is given back
/// itself.
pub(super) fn seat_taken<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    record: &Record<'_>,
    number: u32,
    asked: Request,
    granted: bool,
) -> Result<Step<'a>, Declined> {
    let home = record.origin.ok_or(Declined::Malformed)?.place.partition;
    let tournament = tournament_of(loaded, number).ok_or(Declined::TournamentNotScheduled)?;
    // What the player has come to in it may be there still, or not.
    if input.now >= tournament.kept_until() {
        return Ok(Step::done());
    }
    let waits = tally_of(loaded, tournament).filter(|tally| {
        let is_it = (tally.batch, tally.slot) == (asked.batch, asked.slot);
        is_it && tally.opt_in == Some(OptIn::Requested)
    });
    let step = Step::done();
    Ok(match waits {
        Some(tally) => {
            let opt_in = Some(if granted { OptIn::In } else { OptIn::Full });
            step.and(scores_with(loaded, tournament, Some(Tally { opt_in, ..tally })))
        }
        None if granted => {
            let back = Command::ReturnSeat { tournament: number };
            step.and(message(tournament, home, &back, input.now))
        }
        None => step,
    })
}

fn tournament_of<'l>(loaded: &Loaded<'l>, number: u32) -> Option<&'l Tournament> {
    loaded.operator?.tournaments.numbered(number).map(AsRef::as_ref)
}

/// The row of a tournament's seats that is due: it goes once the tournament is not kept any more.
pub(super) fn seats_end<'a>(loaded: &Loaded<'_>, now: Timestamp, key: SeatsKey) -> Change<'a> {
    let until = tournament_of(loaded, key.tournament).map(Tournament::kept_until);
    let taken = loaded.seats.map_or(0, |(_, seats)| seats.taken);
    let seats = until.filter(|until| now < *until).map(|until| Seats { taken, until });
    Change::row(Row::Seats(key, seats))
}
