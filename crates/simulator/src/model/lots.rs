//! Which points a player has, by the month that they were earned in and by when they can be spent.

use std::collections::BTreeMap;

use super::requests::{ModelRedemption, RedemptionState};
use super::signals::HELD;
use super::{DAY, HOUR, ModelAccount, ModelEntry, POINTS_MAX, Version};
use crate::calendar::{date, days_since_1970};
use crate::input::{ModelExpiry, ModelProgram, ModelVoids, ModelZone};

/// A month, counted from the year 0, and the moment from which its points can be spent, where that has not come.
pub type Lot = (i64, Option<i64>);
/// Months, each with points.
pub type Months = Vec<(i64, i64)>;

/// Which lots the points of an entry went into, or came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ModelMoved {
    /// There were none, under behaviour 1.
    #[default]
    Untold,
    /// Into one, but for so many that have paid for a debt.
    Into(Lot, i64),
    /// From several.
    From(ModelTaken),
}

/// What was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelTaken {
    /// From points that could be spent, by their months.
    pub ready: Months,
    /// From points that could not: month, moment from which they could be, and points.
    pub pending: Vec<(i64, i64, i64)>,
    /// How far below zero it went.
    pub debt: i64,
    /// What could not be taken.
    pub owed: i64,
}

impl ModelTaken {
    /// How many points were taken.
    pub(super) fn points(&self) -> i64 {
        let ready = self.ready.iter().map(|(_, points)| points);
        let pending = self.pending.iter().map(|(.., points)| points);
        ready.chain(pending).sum::<i64>() + self.debt
    }
}

/// So many entries an account gets of what has expired since anybody last asked; what would be more goes with the last.
const EXPIRING_MAX: usize = 32;

/// Points that expire at a moment by a version, by their months.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ModelExpiring {
    at: i64,
    version: u32,
    lots: Months,
}

/// The points of a player.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelLots {
    lots: BTreeMap<Lot, i64>,
    /// How far below zero the player is.
    pub(super) debt: i64,
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

    pub(super) fn earn(&mut self, lot: Lot, day: i64, points: i64) -> ModelMoved {
        let paid = self.put(lot, points);
        self.debts_paid += u64::from(paid > 0);
        self.active = self.active.max(Some(day));
        ModelMoved::Into(lot, paid)
    }

    /// Takes back what was put into a lot, or else others, as far as may be; says what.
    pub(super) fn take(
        &mut self,
        own: Option<Lot>,
        points: i64,
        voids: ModelVoids,
        now: i64,
    ) -> ModelTaken {
        self.mature(now);
        let may_take = |lot: &Lot| voids != ModelVoids::Pending || lot.1.is_some();
        let oldest: Vec<Lot> = self.lots.keys().filter(|lot| may_take(lot)).copied().collect();
        let own_month = own.map(|(month, _)| month);
        let own = own.into_iter().flat_map(|(month, matures)| [(month, matures), (month, None)]);
        let own = own.filter(may_take);
        let (mut taken, mut left) = (ModelTaken::default(), points);
        for lot in own.chain(oldest) {
            let Some(there) = self.lots.get_mut(&lot) else { continue };
            let of_it = left.min(*there);
            (*there, left) = (*there - of_it, left - of_it);
            match lot {
                _ if of_it == 0 => continue,
                (month, None) => taken.ready.push((month, of_it)),
                (month, Some(matures)) => taken.pending.push((month, matures, of_it)),
            }
            self.others_taken += u64::from(Some(lot.0) != own_month);
        }
        self.lots.retain(|_, points| *points > 0);
        if voids == ModelVoids::Unlimited {
            self.debt += left;
            return ModelTaken { debt: left, ..taken };
        }
        self.owed += left;
        ModelTaken { owed: left, ..taken }
    }

    /// Whether there is no greater debt than there can be.
    pub(super) const fn is_in_range(&self) -> bool {
        self.debt <= POINTS_MAX
    }

    /// All that there is at a moment, and what there is not.
    pub fn all(&self, now: i64) -> ModelTaken {
        let mut all = self.clone();
        all.mature(now);
        let ready = all.lots.iter().filter(|((_, matures), _)| matures.is_none());
        let pending = all.lots.iter().filter_map(|(lot, points)| Some((lot.0, lot.1?, *points)));
        ModelTaken {
            ready: ready.map(|((month, _), points)| (*month, *points)).collect(),
            pending: pending.collect(),
            debt: self.debt,
            owed: self.owed,
        }
    }

    /// How many points can be spent at a moment.
    pub fn ready(&self, now: i64) -> i64 {
        self.there() - self.pending(now)
    }

    /// Takes points to be spent, oldest first, and says of which months; nothing where there are too few.
    pub(super) fn spend(&mut self, points: i64, now: i64) -> Option<Months> {
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
    pub(super) fn give(&mut self, day: i64, points: i64) -> ModelMoved {
        let (had_none, lot) = (self.lots.is_empty(), (month_of(day), None));
        let paid = self.put(lot, points);
        if had_none {
            self.active = self.active.max(Some(day));
        }
        ModelMoved::Into(lot, paid)
    }

    /// Holds points that went into a lot, as far as they are there still, and says how many those are.
    pub(super) fn hold(&mut self, (month, matures): Lot, points: i64, now: i64) -> i64 {
        self.mature(now);
        let pending = self.take_of((month, matures), points);
        let held = pending + self.take_of((month, None), points - pending);
        if held > 0 {
            *self.lots.entry((month, Some(HELD))).or_default() += held;
        }
        held
    }

    /// Takes points of a month that are held, as far as they are there, and says how many those are.
    pub(super) fn take_held(&mut self, month: i64, points: i64) -> i64 {
        self.take_of((month, Some(HELD)), points)
    }

    /// Points that were held lie where they would by now.
    pub(super) fn let_go(&mut self, lot: Lot, points: i64, now: i64) {
        if points > 0 {
            *self.lots.entry(lot).or_default() += points;
        }
        self.mature(now);
    }

    fn take_of(&mut self, lot: Lot, points: i64) -> i64 {
        let Some(there) = self.lots.get_mut(&lot) else { return 0 };
        let taken = points.min(*there);
        *there -= taken;
        self.lots.retain(|_, points| *points > 0);
        taken
    }

    /// How many points are held.
    pub fn held(&self) -> i64 {
        let held = self.lots.iter().filter(|((_, matures), _)| *matures == Some(HELD));
        held.map(|(_, points)| points).sum()
    }

    /// Puts points into a lot once a debt is paid, and says how many have paid for it.
    fn put(&mut self, lot: Lot, points: i64) -> i64 {
        let paid = points.min(self.debt);
        self.debt -= paid;
        if points > paid {
            *self.lots.entry(lot).or_default() += points - paid;
        }
        paid
    }

    /// All points that are there, whether or not they can be spent.
    pub fn there(&self) -> i64 {
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

    /// When points expire next, and how many.
    pub(super) fn expiring(&self, expiry: ModelExpiry, zone: &ModelZone) -> Option<(i64, i64)> {
        let (at, until) = self.expires(expiry, zone)?;
        let expiring = self.lots.iter().filter(|((month, _), _)| *month <= until);
        Some((at, expiring.map(|(_, points)| points).sum()))
    }

    /// What has expired by a moment, of each moment.
    fn expire(&mut self, expiry: ModelExpiry, zone: &ModelZone, now: i64) -> Vec<(i64, Months)> {
        let mut expired = Vec::new();
        while let Some((at, until)) = self.expires(expiry, zone).filter(|(at, _)| *at <= now) {
            let mut months = BTreeMap::new();
            for ((month, _), points) in self.lots.extract_if(.., |(month, _), _| *month <= until) {
                *months.entry(month).or_default() += points;
            }
            expired.push((at, months.into_iter().collect()));
        }
        expired
    }
}

impl ModelExpiring {
    fn add(&mut self, lots: Months) {
        let mut months: BTreeMap<i64, i64> = self.lots.drain(..).collect();
        for (month, points) in lots {
            *months.entry(month).or_default() += points;
        }
        self.lots = months.into_iter().collect();
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
    pub(super) fn go_on(&mut self, version: Option<&Version>, now: i64) {
        let is_due = |it: &&ModelRedemption| it.is_open() && it.hold_until <= now;
        let due = self.redemptions.values().filter(is_due);
        let mut due: Vec<_> = due.map(|it| (it.hold_until, it.place)).collect();
        due.sort_unstable();
        for (hold_until, place) in due {
            if let Some(version) = version {
                self.expire(version, hold_until, false);
            }
            self.give_back(place, RedemptionState::Lapsed, hold_until, "", "");
            // What expires of it does so with an entry of its own.
            self.apart = self.expiring.len();
        }
        // Which record time gives it back with depends on when anybody looks.
        self.returned.clear();
        if let Some(version) = version {
            self.expire(version, now, false);
        }
    }

    /// Takes away what has expired by a moment; what a version lets expire when it begins does so then.
    pub(super) fn expire(&mut self, version: &Version, now: i64, begins: bool) {
        let ModelProgram { expiry, zone, .. } = &version.program;
        for (at, lots) in self.lots.expire(*expiry, zone, now) {
            let at = if begins { now } else { at };
            let (count, version) = (self.expiring.len(), version.number);
            let (is_last, is_apart) = (count == EXPIRING_MAX, count == self.apart);
            match self.expiring.last_mut() {
                Some(last) if is_last || !is_apart && last.at == at => {
                    (last.version, last.at) = (version, at);
                    last.add(lots);
                }
                _ => self.expiring.push(ModelExpiring { at, version, lots }),
            }
        }
    }

    /// Whatever has expired since anybody last asked has its entries: one for each moment.
    pub(super) fn enter_expired(&mut self) {
        self.apart = 0;
        for ModelExpiring { at, version, lots } in std::mem::take(&mut self.expiring) {
            let taken = ModelTaken { ready: lots, ..ModelTaken::default() };
            let (points, moved) = (-taken.points(), ModelMoved::From(taken));
            let kind = "expired";
            self.enter(ModelEntry { kind, points, at, version, moved, ..ModelEntry::default() });
        }
    }
}
