//! What an input has to know of the budgets of promotions.

use std::io;

use accolade_domain::amount::Points;
use accolade_domain::budget::{Given, Rest};
use accolade_domain::event::Wager;
use accolade_domain::program::Program;
use accolade_domain::promotion::Promotion;

use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::{Operator, Rules};
use crate::store::Store;
use crate::tables::budgets::{BudgetKey, Home, PlayerShareKey, Share};

/// A budget, as far as it lies in the input's own partition.
#[derive(Debug, Clone)]
pub struct ShareOf<'a> {
    /// The promotion's number in the program that judges, from 0.
    pub number: u8,
    /// Which budget.
    pub key: BudgetKey,
    /// The partition in which it is at home.
    pub home: u16,
    /// Whether the version that judges limits what all players are given together.
    pub is_limited: bool,
    /// The share, where there is one.
    pub share: Option<&'a Share>,
    /// The player's part, where the version that judges limits what each is given.
    pub player: Option<PlayerPart>,
}

/// What a player gets of a budget.
#[derive(Debug, Clone, Copy)]
pub struct PlayerPart {
    /// At most.
    pub limit: Points,
    /// So far.
    pub given: Points,
}

/// A budget that is at home in the input's own partition.
#[derive(Debug, Clone)]
pub struct HomeOf<'a> {
    /// Which budget.
    pub key: BudgetKey,
    /// What all players are given together at most, by the newest terms; nothing where no version says so.
    pub points: Points,
    /// What is known of it, where anybody has asked.
    pub home: Option<&'a Home>,
}

impl ShareOf<'_> {
    /// What can be given without asking anybody.
    pub fn rest_here(&self) -> Points {
        match self.share {
            _ if !self.is_limited => Points::MAX,
            Some(share) => share.rest,
            None => Points::ZERO,
        }
    }

    /// What the player may be given still.
    pub fn rest_of_player(&self) -> Points {
        let rest = |part: PlayerPart| part.limit.minus(part.given).unwrap_or(Points::ZERO);
        self.player.map_or(Points::MAX, rest).max(Points::ZERO)
    }

    /// What there is for the wager.
    pub fn rest(&self) -> Rest {
        Rest { promotion: self.number, points: self.rest_here().min(self.rest_of_player()) }
    }
}

impl Partition {
    /// The budgets of promotions that hold for a wager.
    pub(crate) fn budgets_of_wager<'s>(
        &'s self,
        operator: &Operator,
        program: &Program,
        wager: &Wager<'_>,
        player: Option<Ordinal>,
        store: &mut impl Store,
    ) -> io::Result<Vec<ShareOf<'s>>> {
        let mut shares = Vec::new();
        for (number, promotion) in (0..).zip(program.promotions.iter()) {
            if promotion.budget.is_some()
                && promotion.holds(wager.at, &wager.jurisdiction, &program.zone)
            {
                shares.push(self.share_of(operator, number, promotion, player, store)?);
            }
        }
        Ok(shares)
    }

    /// The budgets that have given something to a wager which a version has judged.
    pub(crate) fn budgets_of_void<'s>(
        &'s self,
        operator: &Operator,
        version: u32,
        given: &[Given],
        player: Option<Ordinal>,
        store: &mut impl Store,
    ) -> io::Result<Vec<ShareOf<'s>>> {
        let mut shares = Vec::new();
        for part in given.iter().filter(|part| part.points != Points::ZERO) {
            let judged = operator.versions.get(version).expect("a version stays");
            let promotion = &judged.program.program.promotions[usize::from(part.promotion)];
            shares.push(self.share_of(operator, part.promotion, promotion, player, store)?);
        }
        Ok(shares)
    }

    fn share_of<'s>(
        &'s self,
        operator: &Operator,
        number: u8,
        promotion: &Promotion,
        player: Option<Ordinal>,
        store: &mut impl Store,
    ) -> io::Result<ShareOf<'s>> {
        let name = &promotion.name;
        let budget = promotion.budget.unwrap_or_default();
        let mut of = ShareOf {
            number,
            is_limited: budget.points.is_some(),
            ..self.budget_share(&self.rules, operator, name)
        };
        if budget.per_player.is_some() {
            let limit = operator.budget_per_player(name).or(budget.per_player);
            let given = self.given_to(player, name, store)?;
            of.player = limit.map(|limit| PlayerPart { limit, given });
        }
        Ok(of)
    }

    fn given_to(
        &self,
        player: Option<Ordinal>,
        promotion: &str,
        store: &mut impl Store,
    ) -> io::Result<Points> {
        let Some(player) = player else { return Ok(Points::ZERO) };
        let key = PlayerShareKey { player, promotion: promotion.into() };
        let row = self.tables.budget_players.load(&key, self.number, store)?;
        Ok(row.map_or(Points::ZERO, |row| row.at(self.time)))
    }

    /// The share of a budget, by what `rules` say of it.
    pub(crate) fn budget_share(
        &self,
        rules: &Rules,
        operator: &Operator,
        promotion: &str,
    ) -> ShareOf<'_> {
        let key = BudgetKey { operator: operator.number, promotion: promotion.into() };
        ShareOf {
            number: 0,
            home: rules.settings.home_of_budget(&operator.id, promotion),
            is_limited: true,
            share: self.tables.budget_shares.get(&key),
            player: None,
            key,
        }
    }

    /// A budget that is at home here.
    pub(crate) fn budget_home(&self, operator: &Operator, promotion: &str) -> HomeOf<'_> {
        let key = BudgetKey { operator: operator.number, promotion: promotion.into() };
        let points = operator.budget_points(promotion).unwrap_or(Points::ZERO);
        HomeOf { points, home: self.tables.budget_homes.get(&key), key }
    }

    /// The budgets at home here of an operator of which a control record has changed something.
    pub(crate) fn homes_after<'s>(&'s self, operator: &Operator) -> Vec<HomeOf<'s>> {
        let first = BudgetKey { operator: operator.number, promotion: "".into() };
        let rows = self.tables.budget_homes.iter_from(first);
        let own = rows.take_while(|(key, _)| key.operator == operator.number);
        own.map(|(key, _)| self.budget_home(operator, &key.promotion)).collect()
    }

    /// The budgets of a version that was just published of which there is nothing here: they are asked for ahead.
    pub(crate) fn shares_wanted(&self, after: &Rules) -> Vec<ShareOf<'_>> {
        let Some((operator, version)) = after.just_published() else { return Vec::new() };
        let promotions = version.program.program.promotions.iter();
        let is_limited =
            |promotion: &&Promotion| promotion.budget.is_some_and(|it| it.points.is_some());
        let shares = promotions.filter(is_limited);
        let shares = shares.map(|promotion| self.budget_share(after, operator, &promotion.name));
        shares.filter(|share| share.rest_here() == Points::ZERO).collect()
    }
}
