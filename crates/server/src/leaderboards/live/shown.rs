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
/// And so many of a list that hardly anybody else sees.
const OWN_CHANGES_MAX: usize = 8;

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
pub(crate) struct Shown {
    /// Whose numbers these are: who has seen another's begins anew.
    run: String,
    number: u64,
    board: Board,
    /// The last changes, up to this, as they are written.
    changes: VecDeque<Bytes>,
    changes_max: usize,
    /// All of it, once somebody needs that.
    snapshot: OnceLock<Bytes>,
}

/// Something that is told, written once for all who hear it.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) name: &'static str,
    pub(crate) number: u64,
    /// JSON.
    pub(crate) data: Bytes,
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

/// A player's own line; `null` where they have no position.
pub(super) fn own_line(line: Option<(u64, &Line)>, players: u64) -> Bytes {
    let own = line.map(|(position, Line { standing, .. })| OwnLine {
        position,
        score: Exact(standing.score),
        events: standing.events,
        reached_at: Time(standing.changed_at),
        percentile: percentile(position, players),
    });
    written(&own)
}

fn written(shape: &impl Serialize) -> Bytes {
    serde_json::to_vec(shape).expect("a shape is plain data").into()
}

fn change_of(number: u64, change: &Bytes) -> Told {
    Told { name: "change", number, data: change.clone() }
}

impl Shown {
    /// What is shown first, to many or to hardly more than one.
    pub(super) fn first(board: Board, is_for_many: bool) -> Self {
        Self {
            run: uuid::Uuid::now_v7().simple().to_string(),
            number: 0,
            board,
            changes: VecDeque::new(),
            changes_max: if is_for_many { CHANGES_MAX } else { OWN_CHANGES_MAX },
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
        let (run, number, changes_max) = (self.run.clone(), self.number + 1, self.changes_max);
        let Head { state, is_final, players, .. } = board.head;
        let change = Change { state, is_final, players, rows: board.rows.len(), items };
        let change = written(&change);
        let kept = self.changes.len().saturating_sub(changes_max - 1);
        let changes = self.changes.iter().skip(kept).cloned().chain([change]).collect();
        Some(Self { run, number, board, changes, changes_max, snapshot: OnceLock::new() })
    }

    pub(crate) const fn number(&self) -> u64 {
        self.number
    }

    /// What somebody comes back with who has seen so many changes.
    pub(crate) fn id(&self, number: u64) -> String {
        format!("{}.{number}", self.run)
    }

    /// Whether nothing comes after this.
    pub(crate) const fn is_last(&self) -> bool {
        self.board.is_over
    }

    /// What brings somebody here who has seen the change before: that, or all of it.
    pub(crate) fn after(&self, seen: u64) -> Told {
        match self.changes.back() {
            Some(change) if seen + 1 == self.number => change_of(self.number, change),
            _ => self.snapshot(),
        }
    }

    /// What brings somebody here who comes back with the id of the last that they have seen: the changes since, or all
    /// of it where these are not known.
    pub(crate) fn since(&self, id: &str) -> Vec<Told> {
        let seen = id.split_once('.').filter(|(run, _)| *run == self.run);
        let seen = seen.and_then(|(_, number)| number.parse::<u64>().ok());
        let missed = seen.and_then(|seen| self.number.checked_sub(seen));
        let missed = missed.and_then(|missed| usize::try_from(missed).ok());
        match missed.filter(|missed| *missed <= self.changes.len()) {
            Some(missed) => {
                let changes = self.changes.iter().skip(self.changes.len() - missed);
                let first = self.number + 1 - missed as u64;
                (first..).zip(changes).map(|(number, it)| change_of(number, it)).collect()
            }
            None => vec![self.snapshot()],
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
    pub(crate) fn snapshot(&self) -> Told {
        let data = self.snapshot.get_or_init(|| written(&self.shape(usize::MAX))).clone();
        Told { name: "snapshot", number: self.number, data }
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

    /// Does what a client does.
    fn follow(items: &mut Vec<Value>, told: &[Told]) {
        for Told { name, data, .. } in told {
            let data: Value = serde_json::from_slice(data).unwrap();
            let rows = data["items"].as_array().unwrap();
            if *name == "snapshot" {
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
            is_for_many in any::<bool>(),
        ) {
            let mut shown = Shown::first(board(&boards[0], 0), is_for_many);
            let (mut followed, mut left) = (Vec::new(), None);
            follow(&mut followed, &[shown.snapshot()]);
            let left_at = left_at.index(boards.len());
            for (at, names) in boards.iter().enumerate() {
                if let Some(next) = shown.next(board(names, 0)) {
                    follow(&mut followed, &[next.after(shown.number())]);
                    shown = next;
                }
                if at == left_at {
                    left = Some((shown.id(shown.number()), followed.clone()));
                }
            }
            let (id, mut back) = left.unwrap();
            follow(&mut back, &shown.since(&id));
            let mut anew = Vec::new();
            follow(&mut anew, &[shown.snapshot()]);
            prop_assert_eq!((&followed, &back), (&anew, &anew));
        }
    }

    #[test]
    fn what_looks_the_same_is_not_told_and_what_is_missed_comes_as_a_whole() {
        let first = Shown::first(board(&[1, 2], 2), true);
        assert!(first.next(board(&[1, 2], 2)).is_none());
        let second = first.next(board(&[1], 1)).unwrap();
        let third = second.next(board(&[1, 3], 2)).unwrap();
        let named = |told: &[Told]| -> Vec<_> {
            told.iter().map(|told| (told.name, told.number)).collect()
        };
        assert_eq!(named(&[third.after(1)]), [("change", 2)]);
        assert_eq!(named(&[third.after(0)]), [("snapshot", 2)], "no queue of old ones");
        let id = |shown: &Shown| shown.id(shown.number());
        assert_eq!(named(&third.since(&id(&first))), [("change", 1), ("change", 2)]);
        assert!(third.since(&id(&third)).is_empty());
        for unknown in ["", "1", "x.1", &format!("{}.4", third.run), &format!("{}.x", third.run)] {
            assert_eq!(named(&third.since(unknown)), [("snapshot", 2)], "{unknown}");
        }
        for (is_for_many, kept) in [(true, CHANGES_MAX), (false, OWN_CHANGES_MAX)] {
            let first = Shown::first(board(&[], 0), is_for_many);
            let mut later = first.next(board(&[], 1)).unwrap();
            for number in 0..kept as u64 {
                later = later.next(board(&[1], number + 1)).unwrap();
            }
            assert_eq!(later.changes.len(), kept);
            assert_eq!(later.since(&first.id(1)).len(), kept);
            assert_eq!(later.since(&id(&first))[0].name, "snapshot", "too old");
        }
    }
}
