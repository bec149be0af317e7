//! What there is of an operator's players now. From behaviour 2 on.

use accolade_domain::amount::Points;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;
use super::operator_days::{DayCounts, OperatorDays, put_sum, read_sum};

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

    /// Appends `players · liability i128 · debt i128`.
    pub fn put(&self, out: &mut Vec<u8>) {
        put_varint(out, self.players);
        put_sum(out, self.liability);
        put_sum(out, self.debt);
    }

    /// Reads what [`Accounts::put`] wrote.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let players = cursor.varint()?;
        Ok(Self { players, liability: read_sum(cursor)?, debt: read_sum(cursor)? })
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

/// What there is of an operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Its accounts.
    pub accounts: Accounts,
    /// What was ever counted.
    pub counted: DayCounts,
}

impl Totals {
    /// With what a batch has counted.
    pub(crate) fn add(&mut self, counts: &DayCounts) {
        self.accounts = self.accounts.after(counts);
        self.counted.add(counts);
    }

    /// With those of another partition.
    pub fn include(&mut self, other: &Self) {
        self.accounts = self.accounts.plus(other.accounts);
        self.counted.add(&other.counted);
    }
}

impl Table for OperatorTotals {
    type Key = u32;
    type Value = Totals;

    const NAME: &'static str = "totals of an operator";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, operator: &u32) {
        put_varint(out, u64::from(*operator));
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<u32, BadFormat> {
        cursor.small()
    }

    fn put_value(out: &mut Vec<u8>, totals: &Totals) {
        totals.accounts.put(out);
        OperatorDays::put_value(out, &totals.counted);
    }

    fn read_value(cursor: &mut Cursor<'_>, partition: u16) -> Result<Totals, BadFormat> {
        let accounts = Accounts::read(cursor)?;
        Ok(Totals { accounts, counted: OperatorDays::read_value(cursor, partition)? })
    }
}
