//! What counts in tournaments, and what players have come to in them.

use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::notice::Notice;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::journal::{Recorded, StoredNotice};
use accolade_wire::notice::scores::{Reached, Scored, ScoredLine};
use accolade_wire::timestamp;

use super::json::Object;
use super::values::{Values, put_key};
use super::{Aside, Output, Shown, Topic, Wanted};

/// What of an input is not in the journal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause<'a> {
    /// `wagerId` or `eventId`.
    name: &'static str,
    id: &'a str,
    at: Timestamp,
}

impl<'a> Cause<'a> {
    pub(super) fn of(event: &'a Event<'_>) -> Self {
        let name = match event {
            Event::Wager(_) | Event::Void(_) => "wagerId",
            Event::Game(_) => "eventId",
        };
        Self { name, id: event.id(), at: event.at() }
    }
}

impl Values {
    /// Writes what an input has changed of its player's scores, and says whether that is all: without the input itself it is
    /// not said what counted. `names` are those of the operator and the player, where they are known.
    pub(super) fn scores(
        &mut self,
        recorded: &Recorded<'_>,
        names: Option<(&str, &str)>,
        cause: Option<Cause<'_>>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        let Some(StoredNotice { place, notice }) = wanted.scored(recorded) else { return true };
        let Notice { operator: of, subject, body, .. } = notice;
        let found = match names {
            Some(_) => None,
            None => aside.player(place.partition, *of, *subject),
        };
        let found = found.as_ref().map(|(operator, player)| (&**operator, &**player));
        let Some((operator, player)) = names.or(found) else { return false };
        let Scored { lines, .. } = Scored::read(body).expect("the fold has written it");
        let (place, time) = (*place, recorded.time);
        for line in &lines {
            let tournament = match aside.tournament(*of, line.tournament) {
                Some(Shown::As(id)) => id,
                Some(Shown::Nowhere) => continue,
                None => return false,
            };
            if let Some(cause) = cause.filter(|_| wanted.has(Topic::TournamentEligible)) {
                let value = &mut self.value;
                Object::begin(value)
                    .text("tournamentId", &tournament)
                    .text(cause.name, cause.id)
                    .text("playerId", player)
                    .text("operatorId", operator)
                    .number("scoreDelta", line.delta)
                    .plain("timestamp", timestamp::write(cause.at))
                    .end();
                let topic = Topic::TournamentEligible;
                each(Output { topic, place, time, operator, key: player, value });
            }
            if wanted.has(Topic::TournamentScores) {
                put_key(&mut self.key, [operator, &tournament, player]);
                put_score(&mut self.value, (operator, &tournament, player), line, place, time);
                let (topic, key, value) = (Topic::TournamentScores, &*self.key, &*self.value);
                each(Output { topic, place, time, operator, key, value });
            }
        }
        // A command tells what events have come to that counted before.
        let has_cause = !matches!(recorded.outcome, Outcome::Done { .. });
        cause.is_some() || !has_cause || !wanted.has(Topic::TournamentEligible)
    }
}

/// What a player has come to: the score, and what decides where others have the same.
fn put_score(
    out: &mut Vec<u8>,
    (operator, tournament, player): (&str, &str, &str),
    line: &ScoredLine,
    place: Place,
    time: Timestamp,
) {
    let Place { partition, batch: version, slot, .. } = place;
    let this = Reached { at: time, batch: version, slot };
    let Reached { at, batch, slot } = line.reached.unwrap_or(this);
    let (at, events) = (timestamp::write(at), line.events);
    let tie_break = format!(
        r#"{{"events":{events},"reachedAt":"{at}","partition":{partition},"batch":{batch},"slot":{slot}}}"#
    );
    Object::begin(out)
        .text("tournamentId", tournament)
        .text("operatorId", operator)
        .text("playerId", player)
        .number("score", line.score)
        .number("tieBreak", tie_break)
        .number("version", version)
        .end();
}
