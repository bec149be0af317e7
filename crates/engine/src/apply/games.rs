//! What a game event counts on the leaderboards of its game: on that of its day, of its week, and of all time.

use std::borrow::Cow;

use accolade_domain::event::GameEvent;
use accolade_domain::games::{GAMES_MAX, Measure, Period};
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::program::Program;
use accolade_domain::query::row::Row as QueryRow;
use accolade_domain::time::{Day, ZoneOffsets};
use accolade_domain::tournament::{Counted, Tally};
use accolade_wire::json::find;
use accolade_wire::notice::games::{GAME_SCORED, GameScored, GameScoredLine};

use super::{Input, Loaded};
use crate::rules::tournaments::standing::standing;
use crate::step::{Change, NewNotice, Step};

/// Counts an event that was not seen before.
pub(super) fn count(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    event: &GameEvent<'_>,
    step: &mut Step<'_>,
) {
    if !loaded.settles || loaded.exclusion.is_some() {
        return;
    }
    let decides = standing().decides();
    let Some(value) = decides.value(&QueryRow::of_game(event, find, &decides.zone)) else { return };
    let games = loaded.games.unwrap_or(&PackedGames::NONE);
    let mut tallies: Vec<_> = games.of_game(&event.game_id).collect();
    let (mut lines, mut left_out) = (Vec::with_capacity(Period::ALL.len()), 0);
    let program = loaded.applies.map(|applies| -> &Program { &applies.program.program });
    let day = day(program, event);
    let measure = program.map_or_else(Measure::default, |it| it.measure_of(&event.game_id));
    let occurrences = Period::ALL.into_iter().filter_map(|period| period.of(day));
    for occurrence in occurrences.filter(|it| input.now < it.kept_until()) {
        let number = occurrence.number();
        let at = tallies.binary_search_by_key(&number, |(other, _)| *other);
        if at.is_err() && games.count_of(occurrence) >= GAMES_MAX {
            left_out += 1;
            continue;
        }
        let before = at.map_or_else(|_| Tally::default(), |at| tallies[at].1);
        // What would be beyond any score does not count.
        let by = measure.change(&before, value).map(Counted::In);
        let moved = by.and_then(|by| before.moved(decides, by, input.now, input.place));
        let Some(moved) = moved else { continue };
        match at {
            Ok(at) => tallies[at].1 = moved,
            Err(at) => tallies.insert(at, (number, moved)),
        }
        let (score, events) = (decides.score(&moved), moved.events);
        lines.push(GameScoredLine { occurrence, score, events });
    }
    if left_out > 0 {
        step.changes.push(Change::LeftOut(left_out));
    }
    if lines.is_empty() {
        return;
    }
    let tallies = PackedScores::new(tallies.into_iter());
    step.changes.push(Change::Games(games.with(&event.game_id, &tallies)));
    let game = event.game_id.as_ref().into();
    let body = Cow::Owned(GameScored { game, value, lines }.to_bytes());
    step.notices.push(NewNotice { kind: GAME_SCORED, body });
}

/// The event's own day, in the zone of the program that applies to it; of UTC where there is none.
fn day(program: Option<&Program>, event: &GameEvent<'_>) -> Day {
    program.map_or_else(|| ZoneOffsets::default().day(event.at), |it| it.zone.day(event.at))
}
