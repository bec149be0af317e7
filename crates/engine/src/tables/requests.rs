//! What somebody has asked for in an account that is not done at once: found by player and place.

use accolade_domain::ledger::Place;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::control::Request;

use super::Table;
use super::rows::Rows;
use crate::players::Ordinal;

impl<T: Table<Key = RequestKey>> Rows<T> {
    /// The rows of a player, in the order in which they were asked for.
    pub fn of(&self, player: Ordinal) -> impl Iterator<Item = (&RequestKey, &T::Value)> {
        let rows = self.iter_from(RequestKey::first_of(player));
        rows.take_while(move |(key, _)| key.player == player)
    }
}

/// A request as it is found: open, or not any more.
#[derive(Debug, Clone)]
pub enum Found<O, C> {
    /// It is open.
    Open(O),
    /// It is not.
    Closed(C),
}

/// A redemption, an adjustment or a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// Whose account.
    pub player: Ordinal,
    /// The record that asked for it.
    pub place: Place,
}

impl RequestKey {
    /// The request that a command names in a partition.
    pub const fn of(request: &Request, partition: u16) -> Self {
        let Request { player, batch, slot } = *request;
        Self { player, place: Place { partition, batch, slot, number: 0 } }
    }

    /// All keys of a player are from this one on.
    pub fn first_of(player: Ordinal) -> Self {
        Self { player, place: Place::default() }
    }

    /// Its id: `partition-player-batch-slot`.
    pub fn id(&self) -> String {
        let Place { partition, batch, slot, .. } = self.place;
        format!("{partition}-{}-{batch}-{slot}", self.player)
    }

    /// The request of an id, which has one spelling only.
    pub fn read_id(id: &str) -> Option<Self> {
        let mut parts = id.split('-');
        let partition = parts.next()?.parse().ok()?;
        let player = parts.next()?.parse().ok()?;
        let (batch, slot) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let key = Self { player, place: Place { partition, batch, slot, number: 0 } };
        (key.id() == id).then_some(key)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.player.to_be_bytes());
        out.extend_from_slice(&self.place.batch.to_be_bytes());
        out.extend_from_slice(&self.place.slot.to_be_bytes());
    }

    pub(super) fn read(cursor: &mut Cursor<'_>, partition: u16) -> Result<Self, BadFormat> {
        let player = Ordinal::from_be_bytes(cursor.array()?);
        let batch = u64::from_be_bytes(cursor.array()?);
        let slot = u32::from_be_bytes(cursor.array()?);
        Ok(Self { player, place: Place { partition, batch, slot, number: 0 } })
    }
}
