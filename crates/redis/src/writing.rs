//! A group, as commands.
//!
//! Each is whole by itself and may come again or too late: what is remembered beside a key says up to which batch of
//! a partition it has everything, and an older write does nothing. So how far everything is may be written last.

use std::collections::BTreeMap;

use accolade_domain::time::Timestamp;
use accolade_projections::sink::Refused;
use accolade_wire::timestamp;
use redis::{Cmd, RedisResult, Value, from_redis_value};

use crate::catalogue::{Board, Change};
use crate::connection::{Database, Link};
use crate::error::Result;
use crate::group::{Counts, Group, Members};
use crate::keys::slot_of;
use crate::progress::script;
use crate::score::nearest;
use crate::settings::Settings;

/// The word for a value of the wrong type, as a server says it and as it quotes it.
const WRONG_TYPE: &str = "WRONGTYPE";

/// How far a partition is taken by a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upto {
    /// The first batch.
    pub(crate) from: u64,
    /// The batch after the last one.
    pub(crate) next: u64,
}

/// What became of a write.
#[derive(Debug, Default)]
pub(crate) struct Wrote {
    /// Members of sets, and hashes.
    pub(crate) records: u64,
    pub(crate) refused: Vec<Refused>,
}

/// What is written with every command of a write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct With<'w> {
    pub(crate) settings: &'w Settings,
    pub(crate) epoch: u64,
    pub(crate) upto: &'w BTreeMap<u16, Upto>,
}

/// Writes a group, of which every partition is in `with.upto`.
pub(crate) async fn write(link: &mut Link, with: With<'_>, group: &Group) -> Result<Wrote> {
    let mut wrote = Wrote::default();
    write_boards(link, with, group, &mut wrote).await?;
    write_statistics(link, with, group, &mut wrote).await?;
    Ok(wrote)
}

async fn write_boards(
    link: &mut Link,
    with: With<'_>,
    group: &Group,
    wrote: &mut Wrote,
) -> Result<()> {
    let mut scored = Vec::with_capacity(group.boards.len());
    for ((partition, _), members) in &group.boards {
        let mut board = board(link, with, &members.board);
        put_members(&mut board, *partition, with.upto[partition], members);
        scored.push(board);
    }
    let answers = link.run(Database::Leaderboards, scored).await?;
    for (((partition, key), members), answer) in group.boards.iter().zip(answers) {
        if is_refused(answer)?.is_some() {
            wrote.refused.push(refused(with, *partition, key, "is no sorted set any more"));
        } else {
            wrote.records += members.scores.len() as u64;
        }
    }
    // After the scores, so that what is cancelled has none.
    let changes = group.changes.iter().map(|change| match change {
        Change::Shown(shown) => {
            let mut shown = board(link, with, shown);
            shown.arg("-").arg(0).arg(0);
            shown
        }
        Change::Gone(gone) => {
            let mut drop = script(&link.scripts.drop, &[&gone.key, &gone.remembered]);
            drop.arg(with.epoch).arg(gone.tournament);
            drop
        }
    });
    for answer in link.run(Database::Leaderboards, changes.collect()).await? {
        answer?;
    }
    Ok(())
}

fn board(link: &Link, with: With<'_>, board: &Board) -> Cmd {
    let mut command = script(&link.scripts.board, &[&board.key, &board.remembered]);
    command.arg(with.epoch).arg(board.tournament);
    match board.expires_at {
        Some(expires_at) => command.arg(seconds_after(expires_at)),
        None => command.arg("-"),
    };
    command
}

fn put_members(command: &mut Cmd, partition: u16, upto: Upto, Members { scores, .. }: &Members) {
    let leave: Vec<_> = scores.iter().filter(|(_, score)| score.is_none()).collect();
    command.arg(partition).arg(upto.next).arg(leave.len());
    for (player, _) in leave {
        command.arg(player);
    }
    for (player, score) in scores {
        if let Some(score) = score {
            command.arg(nearest(*score).to_string()).arg(player);
        }
    }
}

/// What goes in one command: the statistics of a partition whose keys lie in one slot.
type Together<'g> = Vec<(&'g str, &'g Counts)>;

async fn write_statistics(
    link: &mut Link,
    with: With<'_>,
    group: &Group,
    wrote: &mut Wrote,
) -> Result<()> {
    let mut by_slot: BTreeMap<(u16, u16), Together<'_>> = BTreeMap::new();
    for ((partition, key), counts) in &group.statistics {
        let slot = if with.settings.is_cluster { slot_of(key) } else { 0 };
        by_slot.entry((*partition, slot)).or_default().push((key, counts));
    }
    let commands = by_slot.iter().map(|((partition, slot), together)| {
        let remembered = with.settings.names.remembered_in(*slot);
        let keys = [&*remembered].into_iter().chain(together.iter().map(|(key, _)| *key));
        let keys: Vec<&str> = keys.collect();
        let mut command = script(&link.scripts.statistics, &keys);
        command.arg(with.epoch).arg(*partition).arg(with.upto[partition].next);
        for (_, counts) in together {
            put_counts(&mut command, counts);
        }
        command
    });
    let answers = link.run(Database::Statistics, commands.collect()).await?;
    for (((partition, _), together), answer) in by_slot.iter().zip(answers) {
        let indexes: Vec<usize> = from_redis_value(answer?).map_err(redis::RedisError::from)?;
        wrote.records += (together.len() - indexes.len()) as u64;
        for index in indexes {
            let key = index.checked_sub(1).and_then(|index| together.get(index));
            let key = key.map_or("", |(key, _)| *key);
            wrote.refused.push(refused(with, *partition, key, "is no hash any more"));
        }
    }
    Ok(())
}

fn put_counts(command: &mut Cmd, counts: &Counts) {
    let Counts { is_all, total, last, types } = counts;
    let last = last.map(|last| timestamp::write(last).to_string()).unwrap_or_default();
    command.arg(u8::from(*is_all)).arg(*total).arg(last).arg(types.len());
    for (name, count) in types {
        command.arg(format!("event_{name}")).arg(*count);
    }
}

fn refused(with: With<'_>, partition: u16, key: &str, why: &str) -> Refused {
    let batch = with.upto[&partition].from;
    Refused { partition, batch, what: format!("the key `{key}`"), why: why.into() }
}

/// Whether a key holds what somebody else has put there.
fn is_refused(answer: RedisResult<Value>) -> RedisResult<Option<()>> {
    match answer {
        Ok(_) => Ok(None),
        Err(error) if error.to_string().contains(WRONG_TYPE) => Ok(Some(())),
        Err(error) => Err(error),
    }
}

/// The first whole second that is not before a time.
const fn seconds_after(time: Timestamp) -> i64 {
    const SECOND_MICROS: i64 = 1_000_000;
    time.micros().div_euclid(SECOND_MICROS) + (time.micros().rem_euclid(SECOND_MICROS) > 0) as i64
}
