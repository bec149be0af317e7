//! Spending points in two steps: they are reserved, and then gone or given back.

use crate::amount::Points;
use crate::time::Timestamp;

/// What a program says about spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Fewer points than these are not reserved.
    pub min_points: Points,
    /// How long points are reserved.
    pub hold_for: HoldFor,
}

impl Default for Terms {
    fn default() -> Self {
        let least = Points::from_hundredths(1).expect("a hundredth of a point is points");
        Self { min_points: least, hold_for: HoldFor(15) }
    }
}

/// How long points are reserved: whole minutes, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HoldFor(u16);

/// Most minutes for which points are reserved: 30 days.
pub const HOLD_MINUTES_MAX: u16 = 30 * 24 * 60;

const MINUTE_MICROS: i64 = 60_000_000;

impl HoldFor {
    /// Takes 1 to [`HOLD_MINUTES_MAX`] minutes.
    pub const fn new(minutes: u16) -> Option<Self> {
        if minutes >= 1 && minutes <= HOLD_MINUTES_MAX { Some(Self(minutes)) } else { None }
    }

    /// When what is reserved at `at` lapses, unless it was confirmed before.
    pub fn until(self, at: Timestamp) -> Timestamp {
        at.plus_micros(i64::from(self.0) * MINUTE_MICROS)
    }
}

/// What has become of a redemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedemptionState {
    /// Its points are reserved.
    Reserved,
    /// They are spent.
    Confirmed,
    /// They were given back, since somebody said so.
    Cancelled,
    /// They were given back by time.
    Lapsed,
    /// They are reserved, and it is not known yet whether the reward is in stock.
    Requested,
}

impl RedemptionState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Reserved, Self::Confirmed, Self::Cancelled, Self::Lapsed, Self::Requested];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
            Self::Lapsed => "lapsed",
            Self::Requested => "requested",
        }
    }
}
