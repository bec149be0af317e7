//! How the fold decides, by number. A release that decides differently has a new behaviour and keeps
//! those before it, for as long as a log may have to be folded again that was decided by them.

use crate::apply::{Apply, apply};

/// One way of deciding.
#[derive(Debug, Clone, Copy)]
pub struct Behaviour {
    /// Its number, from 1, as control records and the journal have it. In which dialect it reads follows from
    /// that (`accolade_wire::dialect`).
    pub number: u16,
    /// Most timers that fire in one batch.
    pub fired_max: u32,
    /// Whether accounts have tiers, and all that time does to them.
    pub settles: bool,
    /// Decides about one input.
    pub apply: Apply,
}

/// Behaviour 1: wagers, voids, game events, consent, dead letters.
pub const FIRST: Behaviour = Behaviour { number: 1, fired_max: 1_000, settles: false, apply };

/// Behaviour 2: tiers, promotions, conditions, and points that lie in lots. It grows until the first release.
pub const SECOND: Behaviour = Behaviour { number: 2, settles: true, ..FIRST };

/// The behaviours that this release knows, by number.
pub const KNOWN: &[Behaviour] = &[FIRST, SECOND];

/// The number of the newest of `behaviours`, with which a release that knows them begins a log; 0 for none.
pub fn newest(behaviours: &[Behaviour]) -> u16 {
    behaviours.iter().map(|behaviour| behaviour.number).max().unwrap_or(0)
}
