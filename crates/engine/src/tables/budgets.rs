//! Budgets of promotions: what their home has granted, each partition's share, and what players were given.

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};

use super::redemptions::FOUND_MICROS;
use super::reservations::read_points;
use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of homes: each partition has those of the budgets that are at home there.
#[derive(Debug, Default)]
pub struct BudgetHomes;

/// The table of a partition's shares.
#[derive(Debug, Default)]
pub struct BudgetShares;

/// The table of what players were given.
#[derive(Debug, Default)]
pub struct BudgetPlayers;

/// Which budget: a promotion's, of whatever version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BudgetKey {
    /// The operator's number.
    pub operator: u32,
    /// The promotion's name.
    pub promotion: Box<str>,
}

/// So often the time between two recalls doubles.
pub const RECALLS_MAX: u8 = 6;

/// What a budget's home knows of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// What shares were granted, less what came back.
    pub granted: Points,
    /// When shares were last recalled.
    pub recalled_at: Timestamp,
    /// How often they were since anything came back.
    pub recalls: u8,
    /// Partitions that wait for something to be granted, in order, each with what it asks for.
    pub waiting: Vec<(u16, Points)>,
}

/// A partition's share of a budget.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// What can be given still.
    pub rest: Points,
    /// What was given here, less what voids gave back.
    pub given: Points,
    /// What was granted last.
    pub granted_last: Points,
    /// When it may be asked for more; meanwhile an answer is waited for.
    pub asks_again: Timestamp,
    /// How often it was asked since anything was granted.
    pub asked: u8,
}

/// What a player was given of a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayerShare {
    /// How much, less what voids gave back.
    pub given: Points,
    /// When that last changed.
    pub changed_at: Timestamp,
}

/// A player's part of a budget, by the promotion's name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlayerShareKey {
    /// The player.
    pub player: Ordinal,
    /// The promotion's name.
    pub promotion: Box<str>,
}

impl PlayerShare {
    /// For so long after it has changed, what a player was given counts.
    const COUNTS_MICROS: i64 = FOUND_MICROS;

    fn ends(&self) -> Timestamp {
        self.changed_at.plus_micros(Self::COUNTS_MICROS)
    }

    /// What counts of it at `now`, whether or not the row is still there.
    pub fn at(&self, now: Timestamp) -> Points {
        if now < self.ends() { self.given } else { Points::ZERO }
    }
}

fn put_budget(out: &mut Vec<u8>, key: &BudgetKey) {
    put_varint(out, u64::from(key.operator));
    put_text(out, &key.promotion);
}

fn read_budget(cursor: &mut Cursor<'_>) -> Result<BudgetKey, BadFormat> {
    Ok(BudgetKey { operator: cursor.small()?, promotion: cursor.text()?.into() })
}

fn put_time(out: &mut Vec<u8>, time: Timestamp) {
    out.extend_from_slice(&time.micros().to_le_bytes());
}

impl Table for BudgetHomes {
    type Key = BudgetKey;
    type Value = Home;

    const NAME: &'static str = "home of a budget";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &BudgetKey) {
        put_budget(out, key);
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<BudgetKey, BadFormat> {
        read_budget(cursor)
    }

    fn put_value(out: &mut Vec<u8>, home: &Home) {
        put_signed(out, home.granted.hundredths());
        put_time(out, home.recalled_at);
        out.push(home.recalls);
        put_varint(out, home.waiting.len() as u64);
        for (partition, points) in &home.waiting {
            put_varint(out, u64::from(*partition));
            put_signed(out, points.hundredths());
        }
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Home, BadFormat> {
        let granted = read_points(cursor)?;
        let recalled_at = Timestamp::from_micros(cursor.i64()?);
        let recalls = cursor.u8()?;
        if recalls > RECALLS_MAX {
            return Err(cursor.bad());
        }
        let mut waiting = Vec::new();
        for _ in 0..cursor.small::<u16>()? {
            waiting.push((cursor.small()?, read_points(cursor)?));
        }
        Ok(Home { granted, recalled_at, recalls, waiting })
    }
}

impl Table for BudgetShares {
    type Key = BudgetKey;
    type Value = Share;

    const NAME: &'static str = "share of a budget";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &BudgetKey) {
        put_budget(out, key);
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<BudgetKey, BadFormat> {
        read_budget(cursor)
    }

    fn put_value(out: &mut Vec<u8>, share: &Share) {
        let Share { rest, given, granted_last, asks_again, asked } = share;
        for points in [rest, given, granted_last] {
            put_signed(out, points.hundredths());
        }
        put_time(out, *asks_again);
        out.push(*asked);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Share, BadFormat> {
        let (rest, given) = (read_points(cursor)?, read_points(cursor)?);
        let granted_last = read_points(cursor)?;
        let asks_again = Timestamp::from_micros(cursor.i64()?);
        Ok(Share { rest, given, granted_last, asks_again, asked: cursor.u8()? })
    }
}

impl Table for BudgetPlayers {
    type Key = PlayerShareKey;
    type Value = PlayerShare;

    const NAME: &'static str = "player's part of a budget";
    const FORMAT: u8 = 1;

    /// The name has no length before it, so that keys have the order of their bytes.
    fn put_key(out: &mut Vec<u8>, key: &PlayerShareKey) {
        out.extend_from_slice(&key.player.to_be_bytes());
        out.extend_from_slice(key.promotion.as_bytes());
        out.push(0);
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<PlayerShareKey, BadFormat> {
        let player = Ordinal::from_be_bytes(cursor.array()?);
        let length = cursor.rest().iter().position(|byte| *byte == 0).ok_or(cursor.bad())?;
        let promotion = str::from_utf8(cursor.take(length)?).map_err(|_| cursor.bad())?.into();
        cursor.u8()?;
        Ok(PlayerShareKey { player, promotion })
    }

    fn put_value(out: &mut Vec<u8>, share: &PlayerShare) {
        put_signed(out, share.given.hundredths());
        put_time(out, share.changed_at);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<PlayerShare, BadFormat> {
        let given = read_points(cursor)?;
        Ok(PlayerShare { given, changed_at: Timestamp::from_micros(cursor.i64()?) })
    }
}

impl Paged for BudgetPlayers {
    fn ends(_: &PlayerShareKey, share: Option<&PlayerShare>, _: &Settings) -> Option<Timestamp> {
        share.map(PlayerShare::ends)
    }

    fn weight(_: &PlayerShare) -> usize {
        2
    }
}
