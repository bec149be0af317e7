//! Players who are excluded: nothing is earned and nothing reserved, and the balance stays.

use accolade_domain::outcome::Declined;
use accolade_domain::time::Timestamp;

use super::{Asked, Input, Loaded, spending};
use crate::step::{Change, Step};
use crate::tables::exclusions::Exclusion;

/// Why redemptions of a player are cancelled who is excluded.
const WHY: &str = "the player is excluded";

/// Excludes a player from here on. What holds is made longer, and never shorter.
pub(super) fn exclude<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    until: Option<i64>,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    loaded.operator.ok_or(Declined::OperatorUnknown)?;
    let until = until.map(Timestamp::from_micros);
    let exclusion = Exclusion { from: input.now, until, why: why.into(), who: who.into() };
    if !exclusion.holds(input.now) {
        return Err(Declined::Malformed);
    }
    if loaded.exclusion.is_some_and(|before| before.ends() > exclusion.ends()) {
        return Err(Declined::ExclusionHolds);
    }
    let from = loaded.exclusion.map_or(input.now, |before| before.from);
    let exclusion = Exclusion { from, ..exclusion };
    let mut step = Step::done().and(Change::Open).and(Change::Exclude(Box::new(exclusion)));
    if let Asked::Reserved(open) = &loaded.asked
        && !open.is_empty()
    {
        spending::give_back(loaded, input, open, WHY, who, &mut step);
    }
    Ok(step)
}

/// Ends an exclusion.
pub(super) fn readmit<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    spending::known(loaded)?;
    let exclusion = loaded.exclusion.ok_or(Declined::NotExcluded)?;
    let (from, until) = (exclusion.from, Some(input.now));
    let ended = Exclusion { from, until, why: why.into(), who: who.into() };
    Ok(Step::done().and(Change::Exclude(Box::new(ended))))
}
