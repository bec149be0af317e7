//! The tier of a player whose wager is decided, and what the wager makes of it.

use std::collections::BTreeMap;

use accolade_domain::account::Timed;
use accolade_domain::amount::Points;
use accolade_domain::tier::{TierState, Tiers};
use accolade_domain::time::Day;

use super::{Input, Loaded, tier_moved};
use crate::rules::Version;
use crate::settle::{begins, moved, today};
use crate::step::Step;

/// Where the player stands by the program in force; one of whom nothing is known begins at the lowest level.
fn standing<'l>(
    loaded: &'l Loaded<'_>,
    input: &Input<'_>,
) -> Option<(&'l Version, &'l Tiers, TierState)> {
    let version = loaded.in_force?;
    let tiers = version.program.program.tiers.as_ref()?;
    let state = match loaded.account {
        Some(account) => account.timed.tier.expect("an account is settled before it is touched"),
        None => tiers.begin(today(version, input.now), &BTreeMap::new()),
    };
    Some((version, tiers, state))
}

/// The number of the player's level among those of the program that decides, where it has one of its name.
pub(super) fn level_by(loaded: &Loaded<'_>, input: &Input<'_>, decides: &Version) -> Option<u8> {
    let (version, tiers, state) = standing(loaded, input)?;
    if version.number == decides.number {
        return Some(state.level());
    }
    let name = &tiers.levels.get(state.level()).name;
    decides.program.program.tiers.as_ref()?.levels.numbered(name)
}

/// Counts points that were earned on a day, or takes them out of it; `false` where they do not fit.
pub(super) fn count(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    day: Day,
    points: Points,
    timed: &mut Timed,
    step: &mut Step<'_>,
) -> bool {
    let Some((version, tiers, state)) = standing(loaded, input) else { return true };
    let Some((state, change)) = tiers.count(state, day, points) else { return false };
    // Earning at the same level only puts off what time does; else it is seen tomorrow when that will be.
    let is_put_off = change.is_none() && points > Points::ZERO;
    if !is_put_off && state.level() != 0 {
        let tomorrow = Day(today(version, input.now).0.saturating_add(1));
        timed.due = timed.due.min(begins(version, tomorrow, input.now));
    }
    timed.tier = Some(state);
    let moved = change.map(|change| moved(&change, version, Some(tiers), Some(tiers)));
    step.notices.extend(moved.as_ref().map(tier_moved));
    true
}
