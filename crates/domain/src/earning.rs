//! From wager to points: a ladder of guards, then one exact product and one rounding.

use crate::amount::{AMOUNT_DECIMALS, Amount, Points, Rate};
use crate::budget::{Given, Rest as BudgetRest, take_capped};
use crate::event::{Consent, Wager};
use crate::ledger::{Parts, TierPart};
use crate::program::{ConsentDefault, Eligibility, Mode, Program, Rounding, Rules};
use crate::promoting::{Uncapped, promoted};
use crate::query::row::Row;
use crate::refusal::Refusal;
use crate::time::Day;
use crate::wide::Wide;

/// What an eligible wager earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned {
    /// After caps.
    pub points: Points,
    /// What the caps took away.
    pub capped: Points,
    /// What the effective multiplier is made of.
    pub parts: Parts,
    /// The event's own day.
    pub day: Day,
    /// Whether the points count against a cap of that day.
    pub has_cap: bool,
    /// What promotions with a budget gave after caps, and what their budgets lacked.
    pub given: Box<[Given]>,
}

/// What a program decides about a wager.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// What is known of the player at the wager's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing<'a> {
    /// What the player has said.
    pub consent: Option<Consent>,
    /// The number of the player's level among those of the program that decides, where it has one of that name.
    pub level: Option<u8>,
    /// What is counted already against the cap of the wager's own day.
    pub cap: CapUse,
    /// What the budgets of promotions have left; those of which nothing is said are untouched.
    pub rests: &'a [BudgetRest],
}

impl Standing<'_> {
    /// A player of whom nothing is known.
    pub const NEW: Self =
        Self { consent: None, level: None, cap: CapUse::Used(Points::ZERO), rests: &[] };
}

/// Decides whether `wager` counts under `program`, and what it earns.
///
/// Whether the wager was voided, its operator is known and a program applies is for the caller to decide
/// before.
pub fn decide(program: &Program, wager: &Wager<'_>, standing: Standing<'_>) -> Decision {
    let rules = program.rules_for(&wager.jurisdiction);
    let parts = match eligible(program, rules, wager, standing.consent) {
        Ok(parts) => parts,
        Err(refusal) => return Decision::Refused(refusal),
    };
    let cap = rules.earning.cap_per_day;
    let used = match standing.cap {
        CapUse::Used(used) => used,
        CapUse::Forgotten if cap.is_some() => return Decision::Refused(Refusal::TooOldForCap),
        CapUse::Forgotten => Points::ZERO,
    };
    let bare = Parts { tier: tier(program, standing), ..parts };
    let promoted = promoted(program, wager, bare, rules.earning.rounding, standing.rests);
    let Some(Uncapped { points: uncapped, parts, mut given }) = promoted else {
        return Decision::OutOfRange;
    };
    let points = cap.map_or(uncapped, |cap| {
        let left = cap.minus(used).map_or(Points::ZERO, |left| left.max(Points::ZERO));
        uncapped.min(left)
    });
    let capped = uncapped.minus(points).expect("a part is no more than the whole");
    take_capped(&mut given, capped);
    let (day, has_cap, given) = (program.zone.day(wager.at), cap.is_some(), given.into());
    Decision::Counted(Earned { points, capped, parts, day, has_cap, given })
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
    let row = Row::of_wager(wager, rate, &program.zone);
    if rules.eligibility.condition.as_ref().is_some_and(|condition| !condition.is_true(&row)) {
        return Err(Refusal::NotMatched);
    }
    let base = rules.earning.base(&wager.game_id, &wager.game_category);
    if base == Rate::ZERO || rate == Rate::ZERO {
        return Err(Refusal::ZeroMultiplier);
    }
    Ok(Parts::of(base, rate))
}

/// Whether a player takes part, by what was said and what holds where nothing was.
pub fn takes_part(default: ConsentDefault, consent: Option<Consent>) -> bool {
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

fn tier(program: &Program, standing: Standing<'_>) -> Option<TierPart> {
    let (tiers, level) = program.tiers.as_ref().zip(standing.level)?;
    Some(TierPart { level, multiplier: tiers.levels.get(level).multiplier })
}

/// The stake times all that multiplies it, and what is added, exact, then rounded once; `None` beyond
/// [`Points::MAX`].
pub(crate) fn points_of(stake: Amount, parts: Parts, rounding: Rounding) -> Option<Points> {
    let (multiplier, decimals) = parts.multiplier()?.digits();
    let product = multiplier.times(stake.atto())?;
    // What is added are whole hundredths, so it changes nothing about the digits behind them.
    let (hundredths, rest) = hundredths_of(product, AMOUNT_DECIMALS + decimals);
    let hundredths = i64::try_from(hundredths.narrow()?).ok()?;
    let sum = hundredths.checked_add(parts.promoted.bonus.hundredths())?;
    let up = match rounding {
        Rounding::Down => false,
        Rounding::HalfUp => rest >= Rest::Half,
        Rounding::HalfEven => rest > Rest::Half || (rest == Rest::Half && sum & 1 == 1),
    };
    Points::from_hundredths(sum.checked_add(i64::from(up))?)
}

/// What is left over of a division.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rest {
    LessThanHalf,
    Half,
    MoreThanHalf,
}

/// The most decimals that one limb divides away.
const LIMB_DECIMALS: u32 = 19;

/// How many hundredths `number` × 10^-`decimals` has, where there are more than two decimals.
fn hundredths_of(mut number: Wide, decimals: u32) -> (Wide, Rest) {
    // All but the last figure behind the hundredths only matter by being zero or not.
    let mut behind = decimals - 3;
    let mut is_exact = true;
    while behind > 0 {
        let step = behind.min(LIMB_DECIMALS);
        let (quotient, rest) = number.div_rem(10_u64.pow(step));
        is_exact &= rest == 0;
        (number, behind) = (quotient, behind - step);
    }
    let (hundredths, figure) = number.div_rem(10);
    let rest = match figure {
        0..=4 => Rest::LessThanHalf,
        5 if is_exact => Rest::Half,
        _ => Rest::MoreThanHalf,
    };
    (hundredths, rest)
}
