//! Who has moved on leaderboards of tournaments.

use std::collections::BTreeMap;

use accolade_domain::ledger::{Place, Subject};
use accolade_wire::control::{Command, MovedLine, MovedPage};
use accolade_wire::hex::from_hex;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::moved::PositionMoved;
use accolade_wire::record::{Kind, Record};
use accolade_wire::timestamp;

use super::json::Object;
use super::values::Values;
use super::{Aside, Output, Shown, Topic, Wanted};

impl Values {
    /// Writes who has moved, and says whether that is all: without the command it is not said who they are, since they may be of
    /// other partitions.
    pub(super) fn moves(
        &mut self,
        recorded: &Recorded<'_>,
        record: Option<&Record<'_>>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        let mut moved = wanted.moved(recorded).peekable();
        if moved.peek().is_none() {
            return true;
        }
        let Some((operator, page)) = record.and_then(page_of) else { return false };
        let names: BTreeMap<Subject, &str> = page.lines.iter().filter_map(named).collect();
        let time = recorded.time;
        for stored in moved {
            let (place, notice) = (stored.place, &stored.notice);
            let moved = PositionMoved::read(&notice.body).expect("the fold has written it");
            let tournament = match aside.tournament(notice.operator, moved.tournament) {
                Some(Shown::As(id)) => id,
                Some(Shown::Nowhere) => continue,
                None => return false,
            };
            let Some(player) = names.get(&notice.subject) else { return false };
            let Place { partition, batch, slot, number } = place;
            let before = moved.before.map_or_else(|| "null".to_owned(), |it| it.to_string());
            Object::begin(&mut self.value)
                .plain("positionChangeId", format_args!("{partition}-{batch}-{slot}-{number}"))
                .text("playerId", player)
                .text("tournamentId", &tournament)
                .text("operatorId", operator)
                .number("oldPosition", before)
                .number("newPosition", moved.after)
                .number("score", moved.score)
                .plain("timestamp", timestamp::write(time))
                .end();
            let (topic, key, value) = (Topic::LeaderboardUpdates, &*tournament, &*self.value);
            each(Output { topic, place, time, operator, key, value });
        }
        true
    }
}

/// What a command says of who has moved, and the operator's name.
fn page_of<'r>(record: &Record<'r>) -> Option<(&'r str, MovedPage)> {
    let body = str::from_utf8(record.body).ok().filter(|_| record.kind == Kind::Command)?;
    match Command::read(body) {
        Ok(Command::Moved(page)) => Some((record.operator, page)),
        _ => None,
    }
}

fn named(line: &MovedLine) -> Option<(Subject, &str)> {
    Some((Subject(from_hex(&line.subject)?), line.player_id.as_str()))
}
