//! Which points a player has, by the month that they were earned in and by when they can be spent.

use std::collections::BTreeMap;

use super::requests::{ModelRedemption, RedemptionState};
use super::{DAY, HOUR, ModelAccount};
use crate::calendar::{date, days_since_1970};
use crate::input::{ModelExpiry, ModelProgram, ModelVoids, ModelZone};

/// A month, counted from the year 0, and the moment from which its points can be spent, where that has not come.
type Lot = (i64, Option<i64>);

/// The points of a player.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelLots {
    lots: BTreeMap<Lot, i64>,
    /// How far below zero the player is.
    debt: i64,
    /// What voids could not take.
    pub owed: i64,
    /// The last day on which a wager earned points.
    active: Option<i64>,
    /// How often what was earned has paid for a debt.
    pub debts_paid: u64,
    /// How often a void has taken points of other wagers.
    pub others_taken: u64,
}

/// The lot that points go into which are earned on a day, and decided at a moment.
pub(super) fn lot_of(program: &ModelProgram, day: i64, now: i64) -> Lot {
    let hours = program.pending_hours;
    // In a day's worth of steps at most.
    let step = (hours + 23) / 24 * HOUR;
    let matures = (hours > 0).then(|| (now + hours * HOUR + step - 1).div_euclid(step) * step);
    (month_of(day), matures)
}

fn month_of(day: i64) -> i64 {
    let (year, month, _) = date(day);
    year * 12 + i64::try_from(month).expect("1 to 12") - 1
}

fn first_day(month: i64) -> i64 {
    let of_year = usize::try_from(month % 12).expect("0 to 11");
    days_since_1970(month / 12, of_year + 1, 1)
}

/// The same day of the month so many months later, or its last day.
fn months_later(day: i64, months: i64) -> i64 {
    let month = month_of(day) + months;
    let (_, _, of_month) = date(day);
    (first_day(month) + of_month - 1).min(first_day(month + 1) - 1)
}

/// The first moment of a day.
fn begins(day: i64, zone: &ModelZone) -> i64 {
    let is_first = |at: &i64| zone.day(*at) >= day && zone.day(*at - 1) < day;
    let midnights =
        zone.offsets.iter().map(|(_, offset)| day * DAY - i64::from(*offset) * 1_000_000);
    let changes = zone.offsets.iter().map(|(from, _)| *from);
    midnights.chain(changes).filter(is_first).min().expect("every day begins")
}

impl ModelLots {
    /// Points that cannot be spent at a moment.
    pub fn pending(&self, now: i64) -> i64 {
        let is_pending = |lot: &Lot| lot.1.is_some_and(|matures| matures > now);
        self.lots.iter().filter(|(lot, _)| is_pending(lot)).map(|(_, points)| points).sum()
    }

    pub(super) fn earn(&mut self, lot: Lot, day: i64, points: i64) {
        let paid = points.min(self.debt);
        self.debt -= paid;
        self.debts_paid += u64::from(paid > 0);
        if points > paid {
            *self.lots.entry(lot).or_default() += points - paid;
        }
        self.active = self.active.max(Some(day));
    }

    /// Takes back what was put into a lot, or else others, as far as may be; says how much.
    pub(super) fn take(
        &mut self,
        own: Option<Lot>,
        points: i64,
        voids: ModelVoids,
        now: i64,
    ) -> i64 {
        self.mature(now);
        let may_take = |lot: &Lot| voids != ModelVoids::Pending || lot.1.is_some();
        let oldest: Vec<Lot> = self.lots.keys().filter(|lot| may_take(lot)).copied().collect();
        let own_month = own.map(|(month, _)| month);
        let own = own.into_iter().flat_map(|(month, matures)| [(month, matures), (month, None)]);
        let own = own.filter(may_take);
        let mut left = points;
        for lot in own.chain(oldest) {
            if let Some(there) = self.lots.get_mut(&lot) {
                let taken = left.min(*there);
                *there -= taken;
                left -= taken;
                self.others_taken += u64::from(taken > 0 && Some(lot.0) != own_month);
            }
        }
        self.lots.retain(|_, points| *points > 0);
        if voids == ModelVoids::Unlimited {
            self.debt += left;
            return points;
        }
        self.owed += left;
        points - left
    }

    /// Takes points to be spent, oldest first, and says of which months; nothing where there are too few.
    pub(super) fn spend(&mut self, points: i64, now: i64) -> Option<Vec<(i64, i64)>> {
        self.mature(now);
        let is_ready = |lot: &Lot| lot.1.is_none();
        let ready = self.lots.iter().filter(|(lot, _)| is_ready(lot)).map(|(_, points)| points);
        if ready.sum::<i64>() < points {
            return None;
        }
        let (mut spent, mut left) = (Vec::new(), points);
        for ((month, _), there) in self.lots.iter_mut().filter(|(lot, _)| is_ready(lot)) {
            let taken = left.min(*there);
            (*there, left) = (*there - taken, left - taken);
            spent.extend((taken > 0).then_some((*month, taken)));
        }
        self.lots.retain(|_, points| *points > 0);
        Some(spent)
    }

    /// Gives back what was to be spent to its months; a debt is paid first.
    pub(super) fn restore(&mut self, spent: &[(i64, i64)]) {
        for (month, points) in spent {
            self.put((*month, None), *points);
        }
    }

    /// Takes in what no wager earned; who had nothing is active again.
    pub(super) fn give(&mut self, day: i64, points: i64) {
        let had_none = self.lots.is_empty();
        self.put((month_of(day), None), points);
        if had_none {
            self.active = self.active.max(Some(day));
        }
    }

    fn put(&mut self, lot: Lot, points: i64) {
        let paid = points.min(self.debt);
        self.debt -= paid;
        if points > paid {
            *self.lots.entry(lot).or_default() += points - paid;
        }
    }

    /// All points that are there, whether or not they can be spent.
    pub(super) fn there(&self) -> i64 {
        self.lots.values().sum()
    }

    fn mature(&mut self, now: i64) {
        for ((month, matures), points) in std::mem::take(&mut self.lots) {
            let matures = matures.filter(|matures| *matures > now);
            *self.lots.entry((month, matures)).or_default() += points;
        }
    }

    /// When points expire next, and up to which month.
    fn expires(&self, expiry: ModelExpiry, zone: &ModelZone) -> Option<(i64, i64)> {
        let ((oldest, _), _) = self.lots.first_key_value()?;
        let by_age =
            expiry.after.map(|after| (begins(first_day(oldest + after + 1), zone), *oldest));
        let by_inactivity = expiry
            .inactivity
            .zip(self.active)
            .map(|(months, active)| (begins(months_later(active, months) + 1, zone), i64::MAX));
        // All of them where both are at one moment.
        let both = by_age.into_iter().chain(by_inactivity);
        both.min_by_key(|(at, until)| (*at, std::cmp::Reverse(*until)))
    }

    /// What has expired by a moment, of each moment.
    fn expire(&mut self, expiry: ModelExpiry, zone: &ModelZone, now: i64) -> Vec<i64> {
        let mut expired = Vec::new();
        while let Some((_, until)) = self.expires(expiry, zone).filter(|(at, _)| *at <= now) {
            let gone = self.lots.extract_if(.., |(month, _), _| *month <= until);
            expired.push(gone.map(|(_, points)| points).sum());
        }
        expired
    }
}

impl ModelAccount {
    /// What was counted under behaviour 1 is of the month in which that was last changed.
    pub(super) fn begin_lots(&mut self) {
        let day = self.changed_at.div_euclid(DAY);
        if self.balance > 0 {
            self.lots.lots.insert((month_of(day), None), self.balance);
            self.lots.active = Some(day);
        }
        self.lots.debt = (-self.balance).max(0);
    }

    /// Time goes on to a moment by one version: what is reserved lapses, and points expire, each when it does.
    pub(super) fn go_on(&mut self, program: Option<&ModelProgram>, now: i64) {
        let is_due =
            |it: &&ModelRedemption| it.state == RedemptionState::Reserved && it.hold_until <= now;
        let due = self.redemptions.values().filter(is_due);
        let mut due: Vec<_> = due.map(|it| (it.hold_until, it.place)).collect();
        due.sort_unstable();
        for (hold_until, place) in due {
            if let Some(program) = program {
                self.expire(program, hold_until, false);
            }
            self.give_back(place, RedemptionState::Lapsed, hold_until);
        }
        if let Some(program) = program {
            self.expire(program, now, false);
        }
    }

    /// Takes away what has expired by a moment; what a version lets expire when it begins goes together.
    pub(super) fn expire(&mut self, program: &ModelProgram, now: i64, begins: bool) {
        let expired = self.lots.expire(program.expiry, &program.zone, now);
        let together = if begins { vec![expired.iter().sum()] } else { expired };
        for points in together.into_iter().filter(|points| *points > 0) {
            self.enter("expired", -points, "");
        }
    }
}
