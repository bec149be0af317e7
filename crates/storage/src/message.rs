//! Messages from one partition to another, as records of their logs.

use accolade_domain::time::Timestamp;
use accolade_engine::step::Effect;
use accolade_engine::tables::outbox::Payload;
use accolade_wire::control::Command;
use accolade_wire::record::{Kind, Origin, Record, Source};

use crate::backing::Backing;

/// The record that carries out what a batch of `partition` has asked for, and the partition it goes
/// to. Nothing where the bytes of a dead letter cannot be read.
pub fn of(
    partition: u16,
    effect: &Effect,
    backing: &Backing,
    received_at: Timestamp,
) -> Option<(u16, Vec<u8>)> {
    let mut out = Vec::new();
    match effect {
        Effect::Send { key, cause, payload } => {
            let origin = Some(Origin { place: *cause, sequence: key.sequence });
            match payload {
                Payload::Letter(bytes_at) => {
                    let sent = backing.dead_letter(*bytes_at, |letter| {
                        let source = Source::Released;
                        Record { source, origin, ..*letter }.write(&mut out);
                    });
                    if !matches!(sent, Ok(Some(()))) {
                        tracing::error!(?bytes_at, "the bytes of a dead letter could not be read");
                        return None;
                    }
                }
                Payload::Record { kind, operator, body } => {
                    let (kind, source) = (*kind, Source::Node);
                    Record { kind, source, operator, received_at, origin, body }.write(&mut out);
                }
            }
            Some((key.to, out))
        }
        Effect::Arrived { origin } => {
            let command = Command::Arrived { by: partition, sequence: origin.sequence };
            let body = serde_json::to_vec(&command).expect("a command is plain data");
            let (kind, source, operator) = (Kind::Command, Source::Node, "");
            Record { kind, source, operator, received_at, origin: None, body: &body }
                .write(&mut out);
            Some((origin.place.partition, out))
        }
    }
}
