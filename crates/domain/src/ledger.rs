//! The ledger: every change of an account is one entry, and nothing else changes it.

use std::borrow::Cow;

use crate::amount::{Points, Rate};
use crate::time::Timestamp;

/// The random identifier that stands for a player wherever data is kept for years.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject(pub [u8; 16]);

/// SHA-256 over an entry and the hash of the entry before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChainHash(pub [u8; 32]);

/// Where a record stands, in either form, for ever; with the number of what the record caused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The partition of the player.
    pub partition: u16,
    /// The batch within the partition, numbered from 1.
    pub batch: u64,
    /// The record within the batch, from 1; 0 is the batch's own timers.
    pub slot: u32,
    /// Which of the things that the record caused, from 0: entries first, then what others must hear.
    pub number: u32,
}

/// What kind of change an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// By an eligible wager.
    Earned,
    /// By a voided wager: takes back what its `earned` entry gave.
    Voided,
}

impl EntryKind {
    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::Voided => "voided",
        }
    }
}

/// What an effective multiplier is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// The game's or the category's multiplier.
    pub base: Rate,
    /// From the stake's currency to the program's.
    pub rate: Rate,
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The operator's number.
    pub operator: u32,
    /// Whose account.
    pub subject: Subject,
    /// 1, 2, 3, … in the account, without gaps.
    pub sequence: u64,
    /// What kind of change.
    pub kind: EntryKind,
    /// The change.
    pub points: Points,
    /// The balance after it.
    pub balance_after: Points,
    /// Points that a cap took away before the entry was made.
    pub capped: Points,
    /// The wager that caused it.
    pub cause: Cow<'a, str>,
    /// The version of the program that decided.
    pub program_version: u32,
    /// The effective multiplier's parts.
    pub parts: Parts,
    /// The event's own time.
    pub event_time: Timestamp,
    /// The time of the batch that ordered it.
    pub record_time: Timestamp,
    /// Where the record stands that caused it.
    pub place: Place,
    /// Where the account's entry `sequence - 1` stands.
    pub previous: Option<Place>,
    /// Where entry `sequence - lowbit(sequence)` stands, so that any entry is reached in few steps.
    pub skip: Option<Place>,
}
