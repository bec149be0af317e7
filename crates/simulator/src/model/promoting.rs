//! What promotions make of a wager before caps: those with a budget come last, in the order of the program, and give what
//! there is.

use super::budgets::{ModelGifts, ModelGiven, Rests};
use super::{ModelParts, POINTS_MAX};
use crate::digits::Digits;
use crate::input::{ModelCondition, ModelProgram, ModelPromotion, ModelRow};

/// What a wager comes to.
pub(super) struct Promoted {
    pub(super) points: i64,
    pub(super) parts: ModelParts,
    pub(super) gifts: ModelGifts,
}

/// What multiplies without any promotion.
pub(super) fn bare(program: &ModelProgram, level: Option<&str>) -> ModelParts {
    let tier = program.tiers.as_ref().zip(level).and_then(|(tiers, level)| {
        let number = tiers.numbered(level)?;
        Some((number, tiers.levels[number].multiplier.unwrap_or(100_000_000)))
    });
    ModelParts { promotions: 0, multiply: (1, 0), bonus: 0, cut: 0, tier }
}

/// What promotions make of a wager; `worth` says how many points it is with some of them, unless that is too much.
pub(super) fn promoted(
    row: ModelRow<'_>,
    bare: ModelParts,
    worth: &dyn Fn(&ModelParts) -> Option<i64>,
    rests: &Rests,
) -> Option<Promoted> {
    let ModelRow { wager, program, .. } = row;
    let (mut parts, mut budgeted) = (bare, Vec::new());
    for (number, promotion) in (0..).zip(&program.promotions) {
        let is_true = |condition: &ModelCondition| condition.holds(row) == Some(true);
        if !promotion.holds(wager.timestamp, &wager.jurisdiction, &program.zone)
            || !promotion.condition.as_ref().is_none_or(is_true)
        {
            continue;
        }
        let rest = rests.get(&number).copied();
        match rest {
            Some(rest) => budgeted.push((number, promotion, rest)),
            None => parts = with(&parts, number, promotion)?,
        }
        // One whose budget has nothing left does not count: then the next one does.
        if program.counts_first_only && rest != Some(0) {
            break;
        }
    }
    let (mut points, mut gifts) = (worth(&parts)?, Vec::new());
    for (number, promotion, rest) in budgeted {
        let before = if program.counts_first_only { bare } else { parts };
        let after = with(&before, number, promotion);
        let more = after.and_then(|after| Some((worth(&after)? - worth(&before)?).max(0)));
        let Some((after, whole)) = after.zip(more) else {
            if rest == 0 {
                gifts.push(ModelGiven { promotion: number, points: 0, cut: 0 });
                continue;
            }
            return None;
        };
        let gives = whole.min(rest);
        gifts.push(ModelGiven { promotion: number, points: gives, cut: whole - gives });
        if rest > 0 {
            points += gives;
            parts = ModelParts { cut: after.cut + whole - gives, ..after };
        }
    }
    let mut all = ModelGifts::default();
    all.iter_mut().zip(gifts).for_each(|(of_all, gift)| *of_all = Some(gift));
    (points <= POINTS_MAX).then_some(Promoted { points, parts, gifts: all })
}

/// With one more promotion.
fn with(parts: &ModelParts, number: usize, promotion: &ModelPromotion) -> Option<ModelParts> {
    let (multiply, decimals) = parts.multiply;
    let rate = promotion.multiply.map_or(Digits::of(1), |rate| Digits::of(rate.into()));
    let more = promotion.multiply.map_or(0, |_| 8);
    let product = Digits::of(multiply).times(&rate);
    let (product, decimals) = product.without_zeros(decimals + more);
    let bonus = parts.bonus + promotion.bonus.unwrap_or(0);
    Some(ModelParts {
        promotions: parts.promotions | 1 << number,
        multiply: (product.value()?, decimals),
        bonus: Some(bonus).filter(|bonus| *bonus <= POINTS_MAX)?,
        ..*parts
    })
}

/// What a cap takes comes out of what budgets gave, of the promotion that is listed last first.
pub(super) fn take_capped(gifts: &mut ModelGifts, mut capped: i64) {
    for gift in gifts.iter_mut().rev().flatten() {
        let taken = capped.min(gift.points);
        gift.points -= taken;
        capped -= taken;
    }
}
