//! What there is of an operator's players now. From behaviour 2 on.

use accolade_domain::amount::Points;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;
use super::operator_days::{DayCounts, put_sum, read_sum};

/// The table of totals, by the operator's number. Once a player is known, there is a row.
#[derive(Debug, Default)]
pub struct OperatorTotals;

/// The accounts of an operator together. Sums of points are in hundredths.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Accounts {
    /// How many there are.
    pub players: u64,
    /// The sum of balances above 0: all points that are not spent yet.
    pub liability: i128,
    /// The sum of balances below 0, as a number above 0.
    pub debt: i128,
}

impl Accounts {
    /// Counts an account with its balance.
    pub(crate) fn count(&mut self, balance: Points) {
        let balance = i128::from(balance.hundredths());
        self.players += 1;
        self.liability += balance.max(0);
        self.debt -= balance.min(0);
    }

    /// What there is after a day.
    #[must_use]
    pub fn after(self, day: &DayCounts) -> Self {
        Self {
            players: self.players + day.new_players,
            liability: self.liability + day.liability,
            debt: self.debt + day.debt,
        }
    }

    /// What there was before a day.
    #[must_use]
    pub fn before(self, day: &DayCounts) -> Self {
        Self {
            players: self.players.saturating_sub(day.new_players),
            liability: self.liability - day.liability,
            debt: self.debt - day.debt,
        }
    }

    /// Those of several partitions together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            players: self.players + other.players,
            liability: self.liability + other.liability,
            debt: self.debt + other.debt,
        }
    }
}

impl Table for OperatorTotals {
    type Key = u32;
    type Value = Accounts;

    const NAME: &'static str = "totals of an operator";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, operator: &u32) {
        put_varint(out, u64::from(*operator));
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<u32, BadFormat> {
        cursor.small()
    }

    fn put_value(out: &mut Vec<u8>, accounts: &Accounts) {
        put_varint(out, accounts.players);
        put_sum(out, accounts.liability);
        put_sum(out, accounts.debt);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Accounts, BadFormat> {
        let players = cursor.varint()?;
        Ok(Accounts { players, liability: read_sum(cursor)?, debt: read_sum(cursor)? })
    }
}
