//! Points that are reserved: redemptions that are open.

use accolade_domain::amount::Points;
use accolade_domain::lots::{LOTS_MAX, Lot, Month};
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};

use super::Table;
use super::requests::RequestKey;
use super::stocks::RewardKey;

/// The table of open redemptions. They lapse with their accounts, which are settled then.
#[derive(Debug, Default)]
pub struct Reservations;

/// What is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// How many points.
    pub points: Points,
    /// The lots that they were taken from.
    pub lots: Vec<Lot>,
    /// What they are to be spent on; may be empty.
    pub item: Box<str>,
    /// Who has asked.
    pub who: Box<str>,
    /// The version of the program that was in force.
    pub version: u32,
    /// When they were.
    pub reserved_at: Timestamp,
    /// When they are given back.
    pub hold_until: Timestamp,
    /// The reward that they are to be spent on, where it is one of the catalogue.
    pub reward: Option<Wanted>,
}

/// A reward that is reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Which.
    pub key: RewardKey,
    /// Its id.
    pub id: Box<str>,
    /// The day on which it was reserved, in the program's zone: that by which a player's redemptions are counted.
    pub day: Day,
    /// The partition that has its stock, if it has one.
    pub home: u16,
    /// Whether it is there; nothing where there are as many as anybody wants.
    pub stock: Option<InStock>,
}

/// Whether one of a stock is a redemption's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InStock {
    /// The partition that has the stock was asked, and has not answered.
    Asked,
    /// One is.
    Taken,
}

impl Reservation {
    /// Whether it is not known yet that there is one of the reward.
    pub fn is_requested(&self) -> bool {
        let stock = self.reward.as_ref().and_then(|wanted| wanted.stock);
        stock == Some(InStock::Asked)
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let Self { points, lots, item, who, version, reserved_at, hold_until, reward } = self;
        put_signed(out, points.hundredths());
        put_varint(out, lots.len() as u64);
        for Lot { month, points } in lots {
            put_signed(out, i64::from(month.0));
            put_signed(out, points.hundredths());
        }
        put_text(out, item);
        put_text(out, who);
        put_varint(out, u64::from(*version));
        for time in [reserved_at, hold_until] {
            out.extend_from_slice(&time.micros().to_le_bytes());
        }
        out.push(u8::from(reward.is_some()));
        if let Some(wanted) = reward {
            wanted.put(out);
        }
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let points = read_points(cursor)?;
        let count: usize = cursor.small()?;
        if count > LOTS_MAX {
            return Err(cursor.bad());
        }
        let lots = (0..count).map(|_| {
            let month = Month(i16::try_from(cursor.signed()?).map_err(|_| cursor.bad())?);
            Ok(Lot { month, points: read_points(cursor)? })
        });
        let lots = lots.collect::<Result<_, _>>()?;
        let (item, who) = (cursor.text()?.into(), cursor.text()?.into());
        let version = cursor.small()?;
        let [reserved_at, hold_until] = [cursor.i64()?, cursor.i64()?].map(Timestamp::from_micros);
        let reward = match cursor.u8()? {
            0 => None,
            _ => Some(Wanted::read(cursor)?),
        };
        Ok(Self { points, lots, item, who, version, reserved_at, hold_until, reward })
    }
}

impl Wanted {
    fn put(&self, out: &mut Vec<u8>) {
        let Self { key, id, day, home, stock } = self;
        key.put(out);
        put_text(out, id);
        put_signed(out, i64::from(day.0));
        put_varint(out, u64::from(*home));
        out.push(match stock {
            None => 0,
            Some(InStock::Asked) => 1,
            Some(InStock::Taken) => 2,
        });
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let (key, id) = (RewardKey::read(cursor)?, cursor.text()?.into());
        let day = Day(i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?);
        let home = cursor.small()?;
        let stock = match cursor.u8()? {
            0 => None,
            1 => Some(InStock::Asked),
            2 => Some(InStock::Taken),
            _ => return Err(cursor.bad()),
        };
        Ok(Self { key, id, day, home, stock })
    }
}

pub(super) fn read_points(cursor: &mut Cursor<'_>) -> Result<Points, BadFormat> {
    Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())
}

impl Table for Reservations {
    type Key = RequestKey;
    type Value = Reservation;

    const NAME: &'static str = "reservation";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RequestKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RequestKey, BadFormat> {
        RequestKey::read(cursor, partition)
    }

    fn put_value(out: &mut Vec<u8>, reservation: &Reservation) {
        reservation.put(out);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Reservation, BadFormat> {
        Reservation::read(cursor)
    }
}
