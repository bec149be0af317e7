//! Redemptions that are not open any more.

use accolade_domain::redemption::RedemptionState;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_text};

use super::requests::RequestKey;
use super::reservations::Reservation;
use super::{Paged, Table};
use crate::rules::Settings;

/// The table of what has become of redemptions.
#[derive(Debug, Default)]
pub struct Redemptions;

/// For so long what was asked for, and what has become of it, is found by its id.
pub(super) const FOUND_MICROS: i64 = 10 * 366 * DAY_MICROS;

/// A redemption that was confirmed, or whose points were given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redemption {
    /// What was reserved.
    pub reservation: Reservation,
    /// What has become of it; neither [`RedemptionState::Reserved`] nor [`RedemptionState::Requested`].
    pub state: RedemptionState,
    /// When that was.
    pub closed_at: Timestamp,
    /// Who said so; empty where time did.
    pub who: Box<str>,
    /// Why, in words; may be empty.
    pub why: Box<str>,
}

/// Why a redemption is cancelled whose reward is not in stock; nobody has said so.
pub const OUT_OF_STOCK: &str = "out of stock";

impl Redemption {
    /// Whether its points were given back since the reward was not in stock.
    pub fn is_out_of_stock(&self) -> bool {
        self.who.is_empty() && *self.why == *OUT_OF_STOCK
    }
}

impl Table for Redemptions {
    type Key = RequestKey;
    type Value = Redemption;

    const NAME: &'static str = "redemption";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &RequestKey) {
        key.put(out);
    }

    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<RequestKey, BadFormat> {
        RequestKey::read(cursor, partition)
    }

    fn put_value(out: &mut Vec<u8>, redemption: &Redemption) {
        let Redemption { reservation, state, closed_at, who, why } = redemption;
        reservation.put(out);
        out.push(*state as u8);
        out.extend_from_slice(&closed_at.micros().to_le_bytes());
        put_text(out, who);
        put_text(out, why);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Redemption, BadFormat> {
        let reservation = Reservation::read(cursor)?;
        let state = RedemptionState::ALL.get(usize::from(cursor.u8()?)).ok_or(cursor.bad())?;
        let closed_at = Timestamp::from_micros(cursor.i64()?);
        let (who, why) = (cursor.text()?.into(), cursor.text()?.into());
        Ok(Redemption { reservation, state: *state, closed_at, who, why })
    }
}

impl Paged for Redemptions {
    fn ends(_: &RequestKey, value: Option<&Redemption>, _: &Settings) -> Option<Timestamp> {
        value.map(|redemption| redemption.closed_at.plus_micros(FOUND_MICROS))
    }
}
