//! The ledger: every change of an account is one entry, and nothing else changes it.

use std::borrow::Cow;

use crate::account::SLOT_BITS;
use crate::amount::{Factor, Multiplier, Points, Rate};
use crate::lots::{Source, Taken};
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

impl Place {
    /// The record's batch and slot as one number, by which it is found in its partition: `batch 40 bits · slot 17
    /// bits`.
    pub const fn record_number(self) -> u64 {
        self.batch << SLOT_BITS | self.slot as u64
    }

    /// The record of a partition that has this number.
    pub const fn of_record(partition: u16, number: u64) -> Self {
        let slot = (number & ((1 << SLOT_BITS) - 1)) as u32;
        Self { partition, batch: number >> SLOT_BITS, slot, number: 0 }
    }
}

/// What kind of change an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// By an eligible wager.
    Earned,
    /// By a voided wager: takes back what its `earned` entry gave.
    Voided,
    /// By time.
    Expired,
    /// By a confirmed redemption.
    Redeemed,
    /// By a person, with a reason.
    Adjusted,
    /// By the import of a balance from the system before.
    Opening,
    /// By a tournament's settlement.
    Prize,
}

impl EntryKind {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Earned,
        Self::Voided,
        Self::Expired,
        Self::Redeemed,
        Self::Adjusted,
        Self::Opening,
        Self::Prize,
    ];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Earned => "earned",
            Self::Voided => "voided",
            Self::Expired => "expired",
            Self::Redeemed => "redeemed",
            Self::Adjusted => "adjusted",
            Self::Opening => "opening",
            Self::Prize => "prize",
        }
    }

    /// Whether time is the cause, and nothing that has an id.
    pub const fn is_by_time(self) -> bool {
        matches!(self, Self::Expired)
    }

    /// Whether a wager is the cause.
    pub const fn is_by_wager(self) -> bool {
        matches!(self, Self::Earned | Self::Voided)
    }
}

/// What an effective multiplier is made of, and what comes on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts {
    /// The game's or the category's multiplier.
    pub base: Rate,
    /// From the stake's currency to the program's.
    pub rate: Rate,
    /// The player's tier when the wager came; `None` where the program that judges it has none of its name.
    pub tier: Option<TierPart>,
    /// What the promotions made of it that counted.
    pub promoted: Promoted,
}

impl Parts {
    /// Of an entry that no multiplier led to.
    pub const NONE: Self = Self::of(Rate::ZERO, Rate::ZERO);

    /// Without tiers and promotions.
    pub const fn of(base: Rate, rate: Rate) -> Self {
        Self { base, rate, tier: None, promoted: Promoted::NONE }
    }

    /// The effective multiplier: the product of all but the stake. `None` where it has more digits than 256 bits
    /// hold.
    pub fn multiplier(&self) -> Option<Multiplier> {
        let tier = self.tier.map_or(Factor::ONE, |tier| tier.multiplier.into());
        let factors = [self.base.into(), self.rate.into(), tier, self.promoted.multiply];
        factors.into_iter().try_fold(Multiplier::ONE, Multiplier::times)
    }
}

impl Default for Parts {
    fn default() -> Self {
        Self::NONE
    }
}

/// What a tier did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierPart {
    /// The number of its level in the program that judged, from 0.
    pub level: u8,
    /// The level's multiplier.
    pub multiplier: Rate,
}

/// What promotions did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Promoted {
    /// Those that counted, by their numbers in the program that judged: bit 0 is the first.
    pub counted: u64,
    /// The product of what they multiply by.
    pub multiply: Factor,
    /// The sum of what they add.
    pub bonus: Points,
    /// What their budgets lacked of what they would have given; it is taken off after rounding.
    pub cut: Points,
}

impl Promoted {
    /// No promotion counted.
    pub const NONE: Self =
        Self { counted: 0, multiply: Factor::ONE, bonus: Points::ZERO, cut: Points::ZERO };
}

impl Default for Promoted {
    fn default() -> Self {
        Self::NONE
    }
}

/// Which lots the points of an entry went into, or came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Moved {
    /// There were no lots yet, under behaviour 1.
    #[default]
    Untold,
    /// Into one.
    Into {
        /// Which one.
        source: Source,
        /// How many of the points went into none, but paid for a debt.
        paid: Points,
    },
    /// From several.
    From(Box<Taken>),
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
    /// Which lots it has changed.
    pub moved: Moved,
    /// The wager, redemption, adjustment or import that caused it, by its id; empty where time did.
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
