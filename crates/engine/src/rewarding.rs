//! Loading what rewards need: how often a player has redeemed one, and how many of it there are; and seats of
//! tournaments, which are given as one of a stock is.

use std::io;
use std::ops::Bound;

use accolade_domain::reward::Limit;
use accolade_wire::control::Command;

use crate::apply::{Asked, Loaded};
use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::Operator;
use crate::settle::today;
use crate::store::Store;
use crate::tables::Stretch;
use crate::tables::redeemed::RedeemedKey;
use crate::tables::seats::SeatsKey;
use crate::tables::stocks::{RewardKey, Stock};

/// So many days are read at a time.
const DAYS_TOGETHER: usize = 32;

impl Partition {
    /// How often a player has redeemed a reward in the period of its limit; zero where it has none.
    pub(crate) fn redeemed_in_period(
        &self,
        reward: &str,
        loaded: &Loaded<'_>,
        player: Ordinal,
        store: &mut impl Store,
    ) -> io::Result<u32> {
        let reward = loaded.operator.and_then(|operator| operator.rewards.get(reward));
        let Some((reward, version)) = reward.zip(loaded.in_force) else { return Ok(0) };
        let Some(Limit { count, per }) = reward.rules().limit else { return Ok(0) };
        let day = per.first_day(today(version, self.time()));
        self.redeemed_since(RedeemedKey { player, reward: reward.number, day }, count, store)
    }

    /// How often a player has redeemed a reward from a day on. No more is read once that is `enough`.
    fn redeemed_since(
        &self,
        first: RedeemedKey,
        enough: u32,
        store: &mut impl Store,
    ) -> io::Result<u32> {
        let RedeemedKey { player, reward, .. } = first;
        let is_own = |key: &RedeemedKey| (key.player, key.reward) == (player, reward);
        let (mut sum, mut from) = (0_u32, Bound::Included(first));
        loop {
            let excerpt = self.tables().redeemed.excerpt(from.as_ref(), DAYS_TOGETHER);
            let Stretch { rows, to } = excerpt.read(self.number(), store)?;
            let own = rows.iter().take_while(|(key, _)| is_own(key));
            sum = own.fold(sum, |sum, (_, count)| sum.saturating_add(*count));
            match to.filter(|to| is_own(to) && sum < enough) {
                Some(to) => from = Bound::Excluded(to),
                None => return Ok(sum),
            }
        }
    }

    /// How often the player of a redemption has redeemed its reward on its day.
    pub(crate) fn redeemed_of(&self, asked: &Asked<'_>, store: &mut impl Store) -> io::Result<u32> {
        let Asked::Open(key, reservation) = asked else { return Ok(0) };
        let Some(wanted) = &reservation.reward else { return Ok(0) };
        let (player, reward, day) = (key.player, wanted.key.reward, wanted.day);
        let key = RedeemedKey { player, reward, day };
        Ok(self.tables().redeemed.load(&key, self.number(), store)?.unwrap_or(0))
    }

    /// The stock that a command is about; an empty one where nothing was ever put in.
    pub(crate) fn stock_of(
        &self,
        command: &Command,
        operator: Option<&Operator>,
    ) -> Option<(RewardKey, Stock)> {
        let operator = operator?;
        let reward = if let Command::Restock { reward, .. } = command {
            operator.rewards.get(reward)?.number
        } else if let Command::TakeStock { reward, .. } | Command::ReturnStock { reward } = command
        {
            *reward
        } else {
            return None;
        };
        let key = RewardKey { operator: operator.number, reward };
        Some((key, self.stock(key)))
    }

    /// The seats of a tournament, if this partition gives them: as many as it says, or as are wanted.
    pub(crate) fn seats_of(
        &self,
        operator: &Operator,
        tournament: u32,
    ) -> Option<(SeatsKey, Stock)> {
        let terms = operator.tournaments.numbered(tournament)?.terms();
        let key = SeatsKey { operator: operator.number, tournament };
        let taken = self.seats_taken(key);
        // There are never fewer than were given.
        let put = terms.participants_max.map_or(u64::MAX, u64::from).max(taken);
        Some((key, Stock { put, taken }))
    }

    /// How many seats of a tournament players have, if this partition gives them.
    pub fn seats_taken(&self, tournament: SeatsKey) -> u64 {
        self.tables().seats.get(&tournament).map_or(0, |seats| seats.taken)
    }

    /// The stock of a reward, if it lies in this partition.
    pub fn stock(&self, reward: RewardKey) -> Stock {
        self.tables().stocks.get(&reward).copied().unwrap_or_default()
    }
}
