//! How many of a reward there are, in the one partition that has its stock.

use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;

/// The table of stocks.
#[derive(Debug, Default)]
pub struct Stocks;

/// A reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RewardKey {
    /// The operator's number.
    pub operator: u32,
    /// The reward's.
    pub reward: u32,
}

/// The stock of a reward.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stock {
    /// How many were put in, less those that were taken out again.
    pub put: u64,
    /// How many of them redemptions have; never more.
    pub taken: u64,
}

impl Stock {
    /// How many there are for whoever comes next.
    pub const fn left(self) -> u64 {
        self.put - self.taken
    }

    /// With one more that a redemption has; nothing where none is left.
    pub fn with_one_taken(self) -> Option<Self> {
        (self.left() > 0).then(|| Self { taken: self.taken + 1, ..self })
    }

    /// With one that a redemption has no more.
    #[must_use]
    pub fn with_one_returned(self) -> Self {
        Self { taken: self.taken.saturating_sub(1), ..self }
    }

    /// With so many more, or fewer; nothing where not so many are left.
    pub fn restocked(self, by: i64) -> Option<Self> {
        let put = self.put.checked_add_signed(by).filter(|put| *put >= self.taken)?;
        Some(Self { put, ..self })
    }
}

impl RewardKey {
    pub(super) fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.operator.to_be_bytes());
        out.extend_from_slice(&self.reward.to_be_bytes());
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let [operator, reward] = [cursor.array()?, cursor.array()?].map(u32::from_be_bytes);
        Ok(Self { operator, reward })
    }
}

impl Table for Stocks {
    type Key = RewardKey;
    type Value = Stock;

    const NAME: &'static str = "stock of a reward";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RewardKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<RewardKey, BadFormat> {
        RewardKey::read(cursor)
    }

    fn put_value(out: &mut Vec<u8>, stock: &Stock) {
        put_varint(out, stock.put);
        put_varint(out, stock.taken);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Stock, BadFormat> {
        let stock = Stock { put: cursor.varint()?, taken: cursor.varint()? };
        if stock.taken > stock.put { Err(cursor.bad()) } else { Ok(stock) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_taken_than_there_is_and_no_more_taken_out_than_is_left() {
        let two = Stock::default().restocked(2).expect("two are put in");
        let one = two.with_one_taken().expect("two are left");
        assert_eq!(one.restocked(-2), None);
        let none = one.restocked(-1).expect("one is left");
        assert_eq!((none, none.with_one_taken()), (Stock { put: 1, taken: 1 }, None));
        assert_eq!(none.with_one_returned().left(), 1);
        assert_eq!(Stock::default().with_one_returned(), Stock::default());
        assert_eq!(two.restocked(i64::MIN), None);
    }
}
