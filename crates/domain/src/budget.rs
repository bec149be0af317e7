//! Budgets of promotions: how much they give at most, and what of a wager came out of them.

use crate::amount::Points;

/// How much a promotion gives at most. Either may stand alone; at least one is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// To all players together.
    pub points: Option<Points>,
    /// To each player.
    pub per_player: Option<Points>,
}

impl Budget {
    /// What a player may be given of it while nothing has been.
    pub fn whole(self) -> Points {
        let least = |limit: Option<Points>| limit.unwrap_or(Points::MAX);
        least(self.points).min(least(self.per_player))
    }
}

/// What a budget has left for the player of a wager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rest {
    /// The promotion's number in the program, from 0.
    pub promotion: u8,
    /// So many points; zero or more.
    pub points: Points,
}

/// What a wager got of a promotion that has a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    /// The promotion's number in the program that judged, from 0.
    pub promotion: u8,
    /// What came out of the budget: by how much the wager has earned more with the promotion than without.
    pub points: Points,
    /// What the budget lacked of what the promotion would have given.
    pub cut: Points,
}

/// Takes what a cap has taken out of what budgets gave: of the promotion that is listed last first.
pub(crate) fn take_capped(given: &mut [Given], capped: Points) {
    let mut left = capped;
    for part in given.iter_mut().rev() {
        let taken = part.points.min(left);
        let less = |points: Points| points.minus(taken).expect("a part is no more than the whole");
        (part.points, left) = (less(part.points), less(left));
    }
}
