//! From wager to points: a ladder of guards, then one exact product and one rounding.

use crate::amount::{AMOUNT_DECIMALS, Amount, Points, RATE_DECIMALS, Rate};
use crate::event::{Consent, Wager};
use crate::ledger::Parts;
use crate::program::{ConsentDefault, Eligibility, Mode, Program, Rounding, Rules};
use crate::refusal::Refusal;
use crate::time::Day;
use crate::wide::Wide;

/// What an eligible wager earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earned {
    /// After caps.
    pub points: Points,
    /// What the caps took away.
    pub capped: Points,
    /// What the effective multiplier is made of.
    pub parts: Parts,
    /// The event's own day, which the points count against; where the program has a daily cap.
    pub cap_day: Option<Day>,
}

/// What a program decides about a wager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It counts, perhaps with 0.00 points.
    Counted(Earned),
    /// It does not count.
    Refused(Refusal),
    /// The points, before any cap, are beyond [`Points::MAX`]: a dead letter, not a wrapped number.
    OutOfRange,
}

/// What is counted already against the cap of a wager's own day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapUse {
    /// So many points.
    Used(Points),
    /// Nobody knows any more: the day is too old.
    Forgotten,
}

/// The day whose cap a wager counts against, if there is a cap.
pub fn cap_day(program: &Program, wager: &Wager<'_>) -> Option<Day> {
    let rules = program.rules_for(&wager.jurisdiction);
    rules.earning.cap_per_day.map(|_| program.zone.day(wager.at))
}

/// Decides whether `wager` counts under `program`, and what it earns.
///
/// `consent` is what the player has said; `cap_use` holds for the wager's [`cap_day`]. Whether the wager
/// was voided, its operator is known and a program applies is for the caller to decide before.
pub fn decide(
    program: &Program,
    wager: &Wager<'_>,
    consent: Option<Consent>,
    cap_use: CapUse,
) -> Decision {
    let rules = program.rules_for(&wager.jurisdiction);
    let parts = match eligible(program, rules, wager, consent) {
        Ok(parts) => parts,
        Err(refusal) => return Decision::Refused(refusal),
    };
    let cap = rules.earning.cap_per_day;
    let used = match cap_use {
        CapUse::Used(used) => used,
        CapUse::Forgotten if cap.is_some() => return Decision::Refused(Refusal::TooOldForCap),
        CapUse::Forgotten => Points::ZERO,
    };
    let Some(uncapped) = points_of(wager.stake, parts, rules.earning.rounding) else {
        return Decision::OutOfRange;
    };
    let Some(cap) = cap else {
        let (points, capped) = (uncapped, Points::ZERO);
        return Decision::Counted(Earned { points, capped, parts, cap_day: None });
    };
    let left = cap.minus(used).map_or(Points::ZERO, |left| left.max(Points::ZERO));
    let points = uncapped.min(left);
    let capped = uncapped.minus(points).expect("a part is no more than the whole");
    let cap_day = Some(program.zone.day(wager.at));
    Decision::Counted(Earned { points, capped, parts, cap_day })
}

/// Climbs the ladder; on top of it are the parts of the effective multiplier.
fn eligible(
    program: &Program,
    rules: &Rules,
    wager: &Wager<'_>,
    consent: Option<Consent>,
) -> Result<Parts, Refusal> {
    if program.mode == Mode::Off {
        return Err(Refusal::ModeOff);
    }
    if !rules.enabled {
        return Err(Refusal::JurisdictionDisabled);
    }
    if !takes_part(program.consent, consent) {
        return Err(Refusal::NoConsent);
    }
    admits(&rules.eligibility, wager)?;
    let Some(rate) = program.rate_from(&wager.currency) else {
        return Err(Refusal::CurrencyUnsupported);
    };
    if is_below(wager.stake, rate, rules.eligibility.min_wager) {
        return Err(Refusal::BelowMinimum);
    }
    let base = rules.earning.base(&wager.game_id, &wager.game_category);
    if base == Rate::ZERO || rate == Rate::ZERO {
        return Err(Refusal::ZeroMultiplier);
    }
    Ok(Parts { base, rate })
}

fn takes_part(default: ConsentDefault, consent: Option<Consent>) -> bool {
    match consent {
        Some(consent) => consent == Consent::In,
        None => default == ConsentDefault::OptOut,
    }
}

/// The rungs that compare names: player, segment, category.
fn admits(eligibility: &Eligibility, wager: &Wager<'_>) -> Result<(), Refusal> {
    if lists(&eligibility.players_deny, &wager.player_id) {
        return Err(Refusal::PlayerDenied);
    }
    let segment = wager.segment.as_deref();
    if segment.is_some_and(|segment| lists(&eligibility.segments_deny, segment)) {
        return Err(Refusal::SegmentDenied);
    }
    let allow = &eligibility.segments_allow;
    if !allow.is_empty() && !segment.is_some_and(|segment| lists(allow, segment)) {
        return Err(Refusal::SegmentNotAllowed);
    }
    let categories = &eligibility.categories;
    if !categories.is_empty() && !lists(categories, &wager.game_category) {
        return Err(Refusal::CategoryNotEligible);
    }
    Ok(())
}

fn lists(sorted: &[Box<str>], name: &str) -> bool {
    sorted.binary_search_by(|listed| (**listed).cmp(name)).is_ok()
}

/// Whether the stake, converted exactly, is less than `min`.
fn is_below(stake: Amount, rate: Rate, min: Amount) -> bool {
    // The greatest minimum is 10^30 × 10^8, which fits; a product that does not fit is above it.
    let min = min.atto() * u128::from(Rate::ONE.units());
    stake.atto().checked_mul(u128::from(rate.units())).is_some_and(|converted| converted < min)
}

/// Half the decimals between stake × rate × base and hundredths of a point.
const HALF_SCALE: u64 = 10_u64.pow((AMOUNT_DECIMALS + 2 * RATE_DECIMALS - 2).div_euclid(2));
/// What one hundredth of a point is worth in units of stake × rate × base.
const SCALE: u128 = HALF_SCALE as u128 * HALF_SCALE as u128;

/// The stake times all parts, exact, then rounded once; `None` beyond [`Points::MAX`].
fn points_of(stake: Amount, parts: Parts, rounding: Rounding) -> Option<Points> {
    let multiplier = u128::from(parts.rate.units()) * u128::from(parts.base.units());
    let (hundredths, rest) = match stake.atto().checked_mul(multiplier) {
        Some(product) => (product.div_euclid(SCALE), product.rem_euclid(SCALE)),
        None => scale_wide(Wide::product(stake.atto(), multiplier))?,
    };
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => 2 * rest >= SCALE,
        Rounding::HalfEven => 2 * rest > SCALE || (2 * rest == SCALE && hundredths & 1 == 1),
    };
    let rounded = hundredths + u128::from(up);
    i64::try_from(rounded).ok().and_then(Points::from_hundredths)
}

/// Quotient and remainder of a division by [`SCALE`], in two halves that fit a limb.
fn scale_wide(product: Wide) -> Option<(u128, u128)> {
    let (product, lower) = product.div_rem(HALF_SCALE);
    let (product, upper) = product.div_rem(HALF_SCALE);
    let rest = u128::from(upper) * u128::from(HALF_SCALE) + u128::from(lower);
    Some((product.narrow()?, rest))
}
