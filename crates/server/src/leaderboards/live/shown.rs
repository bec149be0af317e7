//! What is shown of a leaderboard at a moment, and how it comes out of what was shown before.

use std::collections::VecDeque;
use std::sync::OnceLock;

use accolade_domain::ranking::{Score, Standing, percentile};
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::leaderboards::asked::Line;
use crate::shapes::{Exact, Time};

/// So many changes are kept for those who come back.
const CHANGES_MAX: usize = 64;

/// What is said of a tournament besides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) tournament_id: String,
    pub(super) operator_id: String,
    pub(super) state: &'static str,
    pub(super) is_final: bool,
    pub(super) players: u64,
}

/// What is seen at a moment.
#[derive(Debug, Clone)]
pub(super) struct Board {
    pub(super) head: Head,
    /// Nothing changes any more.
    pub(super) is_over: bool,
    /// Each as it is written.
    pub(super) rows: Vec<Box<RawValue>>,
}

/// What is shown, after so many changes.
#[derive(Debug)]
pub(super) struct Shown {
    /// Whose numbers these are: who has seen another's begins anew.
    run: String,
    number: u64,
    board: Board,
    /// The last changes, up to this.
    changes: VecDeque<Bytes>,
    /// All of it, once somebody needs that.
    snapshot: OnceLock<Bytes>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Snapshot<'b> {
    #[serde(flatten)]
    head: &'b Head,
    items: &'b [Box<RawValue>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'b> {
    state: &'static str,
    is_final: bool,
    players: u64,
    /// How many rows there are; those behind are gone.
    rows: usize,
    /// The rows that are others now.
    items: Vec<&'b RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OwnLine {
    position: u64,
    score: Exact<Score>,
    events: u64,
    reached_at: Time,
    percentile: u64,
}

/// A row of the list. Players may share a position, and nobody shares a row.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    row: u64,
    position: u64,
    player_id: String,
    score: Exact<Score>,
    events: u64,
    reached_at: Time,
}

/// A row, as it is written.
pub(super) fn row(
    at: usize,
    position: u64,
    player_id: String,
    standing: &Standing,
) -> Box<RawValue> {
    let Standing { score, events, changed_at, .. } = *standing;
    let (score, reached_at) = (Exact(score), Time(changed_at));
    let shape = Listed { row: at as u64 + 1, position, player_id, score, events, reached_at };
    to_raw_value(&shape).expect("a shape is plain data")
}

/// A player's own line; nothing where they have no position.
pub(super) fn own_event(line: Option<(u64, &Line)>, players: u64) -> Bytes {
    let own = line.map(|(position, Line { standing, .. })| OwnLine {
        position,
        score: Exact(standing.score),
        events: standing.events,
        reached_at: Time(standing.changed_at),
        percentile: percentile(position, players),
    });
    event("own", None, &own)
}

/// An event as it goes out. JSON that is written has no line breaks.
fn event(name: &str, id: Option<(&str, u64)>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("a shape is plain data");
    let id = id.map(|(run, number)| format!("id: {run}.{number}\n")).unwrap_or_default();
    format!("event: {name}\n{id}data: {data}\n\n").into()
}

/// The last that is said.
pub(super) fn last_event() -> Bytes {
    Bytes::from_static(b"event: final\ndata: {}\n\n")
}

impl Shown {
    /// What is shown first.
    pub(super) fn first(board: Board) -> Self {
        Self {
            run: uuid::Uuid::now_v7().simple().to_string(),
            number: 0,
            board,
            changes: VecDeque::new(),
            snapshot: OnceLock::new(),
        }
    }

    /// What is shown after this; nothing where that looks the same.
    pub(super) fn next(&self, board: Board) -> Option<Self> {
        let Board { head, is_over, rows } = &self.board;
        let is_other = |(at, row): &(usize, &RawValue)| {
            rows.get(*at).is_none_or(|before| before.get() != row.get())
        };
        let now = board.rows.iter().map(|row| &**row).enumerate();
        let items: Vec<&RawValue> = now.filter(is_other).map(|(_, row)| row).collect();
        let is_same = items.is_empty()
            && (head, is_over, rows.len()) == (&board.head, &board.is_over, board.rows.len());
        if is_same {
            return None;
        }
        let (run, number) = (self.run.clone(), self.number + 1);
        let Head { state, is_final, players, .. } = board.head;
        let change = Change { state, is_final, players, rows: board.rows.len(), items };
        let change = event("change", Some((&run, number)), &change);
        let kept = self.changes.len().saturating_sub(CHANGES_MAX - 1);
        let changes = self.changes.iter().skip(kept).cloned().chain([change]).collect();
        Some(Self { run, number, board, changes, snapshot: OnceLock::new() })
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Whether nothing comes after this.
    pub(super) const fn is_last(&self) -> bool {
        self.board.is_over
    }

    /// What brings somebody here who has seen the change before: that, or all of it.
    pub(super) fn after(&self, seen: u64) -> Bytes {
        match self.changes.back() {
            Some(change) if seen + 1 == self.number => change.clone(),
            _ => self.snapshot(),
        }
    }

    /// What brings somebody here who comes back with the id of the last event they have seen: the changes since, or all
    /// of it where these are not known.
    pub(super) fn since(&self, id: &str) -> Bytes {
        let seen = id.split_once('.').filter(|(run, _)| *run == self.run);
        let seen = seen.and_then(|(_, number)| number.parse::<u64>().ok());
        let missed = seen.and_then(|seen| self.number.checked_sub(seen));
        let missed = missed.and_then(|missed| usize::try_from(missed).ok());
        match missed.filter(|missed| *missed <= self.changes.len()) {
            Some(missed) => {
                let changes = self.changes.iter().skip(self.changes.len() - missed);
                changes.flatten().copied().collect()
            }
            None => self.snapshot(),
        }
    }

    fn shape(&self, top: usize) -> Snapshot<'_> {
        let Board { head, rows, .. } = &self.board;
        Snapshot { head, items: &rows[..top.min(rows.len())] }
    }

    /// So many rows, as an answer.
    pub(super) fn top(&self, top: usize) -> Box<RawValue> {
        to_raw_value(&self.shape(top)).expect("a shape is plain data")
    }

    /// All of it.
    pub(super) fn snapshot(&self) -> Bytes {
        let make = || event("snapshot", Some((&self.run, self.number)), &self.shape(usize::MAX));
        self.snapshot.get_or_init(make).clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn board(names: &[u8], players: u64) -> Board {
        let rows = names.iter().enumerate();
        let row = |(at, name): (usize, &u8)| {
            to_raw_value(&json!({ "row": at + 1, "playerId": format!("p\n{name}") })).unwrap()
        };
        let head = Head {
            tournament_id: "race".into(),
            operator_id: "operator-789".into(),
            state: "live",
            is_final: false,
            players,
        };
        Board { head, is_over: false, rows: rows.map(row).collect() }
    }

    /// The events of what went out: name, id and data.
    fn read(text: &Bytes) -> Vec<(String, String, Value)> {
        let text = std::str::from_utf8(text).unwrap();
        let read = |event: &str| {
            let field = |name: &str| {
                let mut lines = event.lines().filter_map(|line| line.strip_prefix(name));
                lines.next().unwrap().to_owned()
            };
            let data = serde_json::from_str(&field("data: ")).unwrap();
            (field("event: "), field("id: "), data)
        };
        text.split_terminator("\n\n").map(read).collect()
    }

    /// Does what a client does.
    fn follow(items: &mut Vec<Value>, events: &[(String, String, Value)]) {
        for (name, _, data) in events {
            let rows = data["items"].as_array().unwrap();
            if name == "snapshot" {
                items.clone_from(rows);
                continue;
            }
            let count = usize::try_from(data["rows"].as_u64().unwrap()).unwrap();
            items.resize(count, Value::Null);
            for row in rows {
                items[usize::try_from(row["row"].as_u64().unwrap()).unwrap() - 1] = row.clone();
            }
        }
    }

    proptest! {
        #[test]
        fn whoever_follows_the_changes_or_comes_back_later_sees_what_is_there(
            boards in prop::collection::vec(prop::collection::vec(0_u8..3, 0..6), 1..100),
            left_at in any::<prop::sample::Index>(),
        ) {
            let mut shown = Shown::first(board(&boards[0], 0));
            let (mut followed, mut left) = (Vec::new(), None);
            follow(&mut followed, &read(&shown.snapshot()));
            let left_at = left_at.index(boards.len());
            for (at, names) in boards.iter().enumerate() {
                if let Some(next) = shown.next(board(names, 0)) {
                    follow(&mut followed, &read(&next.after(shown.number())));
                    shown = next;
                }
                if at == left_at {
                    let (_, id, _) = read(&shown.snapshot()).remove(0);
                    left = Some((id, followed.clone()));
                }
            }
            let (id, mut back) = left.unwrap();
            follow(&mut back, &read(&shown.since(&id)));
            let mut anew = Vec::new();
            follow(&mut anew, &read(&shown.snapshot()));
            prop_assert_eq!((&followed, &back), (&anew, &anew));
        }
    }

    #[test]
    fn what_looks_the_same_is_not_told_and_what_is_missed_comes_as_a_whole() {
        let first = Shown::first(board(&[1, 2], 2));
        assert!(first.next(board(&[1, 2], 2)).is_none());
        let second = first.next(board(&[1], 1)).unwrap();
        let third = second.next(board(&[1, 3], 2)).unwrap();
        let names = |text: Bytes| -> Vec<_> {
            read(&text).into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(third.after(1)), ["change"]);
        assert_eq!(names(third.after(0)), ["snapshot"], "no queue of old ones");
        let id = |shown: &Shown| read(&shown.snapshot()).remove(0).1;
        assert_eq!(names(third.since(&id(&first))), ["change", "change"]);
        assert_eq!(third.since(&id(&third)), Bytes::new());
        for unknown in ["", "1", "x.1", &format!("{}.4", third.run), &format!("{}.x", third.run)] {
            assert_eq!(names(third.since(unknown)), ["snapshot"], "{unknown}");
        }
        let mut later = third;
        for number in 0..CHANGES_MAX as u64 {
            later = later.next(board(&[], number)).unwrap();
        }
        assert_eq!(later.changes.len(), CHANGES_MAX);
        assert_eq!(names(later.since(&id(&second))), ["snapshot"], "too old");
    }
}
