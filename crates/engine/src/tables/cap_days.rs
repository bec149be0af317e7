//! What was earned on days before an account's newest one, which lies with the account: it counts against caps, and
//! for tiers. Behaviour 1 knows only days with a cap.

use accolade_domain::amount::Points;
use accolade_domain::tier::WINDOW_DAYS_MAX;
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_signed};

use super::{Paged, Table, dead_letters};
use crate::players::Ordinal;
use crate::rules::Settings;

/// A day ends up to so long after it does in UTC, wherever its zone is.
const ZONE_MICROS_MAX: i64 = DAY_MICROS;

/// The table of older days.
#[derive(Debug, Default)]
pub struct CapDays;

/// An account's day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CapDayKey {
    /// The player.
    pub player: Ordinal,
    /// The day, in the zone of the program that counted.
    pub day: Day,
}

/// From when on nobody asks any more what is counted against the cap of `day`: until then an event of that day can
/// come, or be released from the dead letters.
pub fn forgotten_at(day: Day, settings: &Settings) -> Timestamp {
    let after = settings.window_micros() + dead_letters::KEPT_MICROS + ZONE_MICROS_MAX;
    end_of(day).plus_micros(after)
}

fn end_of(day: Day) -> Timestamp {
    Timestamp::from_micros((i64::from(day.0) + 1) * DAY_MICROS)
}

impl Table for CapDays {
    type Key = CapDayKey;
    type Value = Points;

    const NAME: &'static str = "day of a cap";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &CapDayKey) {
        out.extend_from_slice(&key.player.to_be_bytes());
        out.extend_from_slice(&(key.day.0 ^ i32::MIN).to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<CapDayKey, BadFormat> {
        let player = Ordinal::from_be_bytes(cursor.array()?);
        let day = i32::from_be_bytes(cursor.array()?) ^ i32::MIN;
        Ok(CapDayKey { player, day: Day(day) })
    }

    fn put_value(out: &mut Vec<u8>, used: &Points) {
        put_signed(out, used.hundredths());
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Points, BadFormat> {
        Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())
    }
}

impl Paged for CapDays {
    /// A program may come that asks for the longest window, and behaviour 2, by which there is one: which rows it finds
    /// may not depend on what was swept before it.
    fn ends(key: &CapDayKey, _: Option<&Points>, settings: &Settings) -> Option<Timestamp> {
        let in_window = end_of(key.day).plus_micros(i64::from(WINDOW_DAYS_MAX) * DAY_MICROS);
        Some(forgotten_at(key.day, settings).max(in_window.plus_micros(ZONE_MICROS_MAX)))
    }
}
