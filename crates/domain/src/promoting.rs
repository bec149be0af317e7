//! What promotions make of a wager, before caps.
//!
//! Those with a budget come last, in the order of the program: each gives by how much the wager earns more with it
//! than without, or what its budget has left of that. One whose budget has nothing left does not count.

use crate::amount::{Factor, Points};
use crate::budget::{Given, Rest};
use crate::earning::points_of;
use crate::event::Wager;
use crate::ledger::{Parts, Promoted};
use crate::program::{Program, Rounding};
use crate::promotion::{Combine, Promotion};

/// What a wager comes to before caps.
#[derive(Debug)]
pub(crate) struct Uncapped {
    pub(crate) points: Points,
    pub(crate) parts: Parts,
    /// What budgets gave, and lacked; those that hold have one each.
    pub(crate) given: Vec<Given>,
}

/// What promotions make of a wager whose other parts are `bare`; `None` where that is beyond [`Points::MAX`], or has
/// more digits than are kept.
pub(crate) fn promoted(
    program: &Program,
    wager: &Wager<'_>,
    bare: Parts,
    rounding: Rounding,
    rests: &[Rest],
) -> Option<Uncapped> {
    let is_first_only = program.promotions_combine == Combine::First;
    let mut parts = bare;
    let mut budgeted = Vec::new();
    for (number, promotion) in (0_u8..).zip(program.promotions.iter()) {
        if !promotion.counts_for(wager, bare.rate, &program.zone) {
            continue;
        }
        let rest = rest_of(number, promotion, rests);
        match rest {
            Some(rest) => budgeted.push((number, promotion, rest)),
            None => parts = with(parts, number, promotion)?,
        }
        if is_first_only && rest != Some(Points::ZERO) {
            break;
        }
    }
    let points = points_of(wager.stake, parts, rounding)?;
    let mut uncapped = Uncapped { points, parts, given: Vec::new() };
    for (number, promotion, rest) in budgeted {
        let before = if is_first_only { bare } else { uncapped.parts };
        let worth = |parts| points_of(wager.stake, parts, rounding);
        let would = with(before, number, promotion).and_then(|after| {
            let whole = worth(after)?.minus(worth(before)?)?.max(Points::ZERO);
            Some((after, whole))
        });
        match would {
            Some((after, whole)) => uncapped.give(number, whole, rest, after)?,
            // What does not count cannot be too much either.
            None if rest == Points::ZERO => {
                uncapped.given.push(Given { promotion: number, points: rest, cut: rest });
            }
            None => return None,
        }
    }
    Some(uncapped)
}

impl Uncapped {
    /// Adds what a promotion gives of `whole`; `after` are the parts with it.
    fn give(&mut self, promotion: u8, whole: Points, rest: Points, after: Parts) -> Option<()> {
        let points = whole.min(rest);
        let cut = whole.minus(points)?;
        self.given.push(Given { promotion, points, cut });
        if rest != Points::ZERO {
            self.points = self.points.plus(points)?;
            self.parts = after;
            self.parts.promoted.cut = after.promoted.cut.plus(cut)?;
        }
        Some(())
    }
}

/// What the budget of a promotion has left; nothing where it has none. One of which nothing is said is untouched.
fn rest_of(number: u8, promotion: &Promotion, rests: &[Rest]) -> Option<Points> {
    let budget = promotion.budget?;
    let said = rests.iter().find(|rest| rest.promotion == number);
    Some(said.map_or_else(|| budget.whole(), |rest| rest.points))
}

/// The parts with one more promotion.
fn with(parts: Parts, number: u8, promotion: &Promotion) -> Option<Parts> {
    let Promoted { counted, multiply, bonus, cut } = parts.promoted;
    let promoted = Promoted {
        counted: counted | 1 << number,
        multiply: multiply.times(Factor::from(promotion.multiply))?,
        bonus: bonus.plus(promotion.bonus)?,
        cut,
    };
    Some(Parts { promoted, ..parts })
}
