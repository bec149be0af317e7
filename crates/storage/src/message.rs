//! Messages from one partition to another, as records of their logs.

use accolade_domain::time::Timestamp;
use accolade_engine::partition::Effect;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};

use crate::backing::Backing;

/// The record that carries out what a batch of `partition` has asked for, and the partition it goes
/// to. Nothing where the bytes of a dead letter cannot be read.
pub fn of(
    partition: u16,
    effect: Effect,
    backing: &Backing,
    partitions: u16,
    received_at: Timestamp,
) -> Option<(u16, Vec<u8>)> {
    let mut record = Vec::new();
    let to = match effect {
        Effect::Send { from, bytes_at } => {
            let sent = backing.dead_letter(bytes_at, |letter| {
                let origin = Some(from);
                Record { source: Source::Released, origin, ..*letter }.write(&mut record);
                player_of(letter).map_or(partition, |player| partition_of(&player, partitions))
            });
            let Ok(Some(to)) = sent else {
                tracing::error!(?bytes_at, "the bytes of a dead letter could not be read");
                return None;
            };
            to
        }
        Effect::Arrived { to } => {
            let command = Command::Arrived { sent_from: (to.batch, to.slot) };
            let body = serde_json::to_vec(&command).expect("a command is plain data");
            let (kind, source, operator) = (Kind::Command, Source::Node, "");
            Record { kind, source, operator, received_at, origin: None, body: &body }
                .write(&mut record);
            to.partition
        }
    };
    Some((to, record))
}

/// The player of an event, as far as one can be made out.
pub fn player_of(record: &Record<'_>) -> Option<String> {
    match record.kind {
        Kind::Wager => {
            accolade_wire::event::read_wager(record.body).ok().map(|event| event.player_id().into())
        }
        Kind::GameEvent => accolade_wire::event::read_game_event(record.body)
            .ok()
            .map(|event| event.player_id.into_owned()),
        Kind::Command | Kind::Control => None,
    }
}
