//! Points by the month that they were earned in: oldest first they are spent, and expire.
//!
//! Every change says which lots it came from, so that each point can be followed. What a reservation holds
//! is in no lot: it was taken by [`Lots::spend`] and is either gone, or given back by [`Lots::restore`]. The
//! account's balance is therefore [`Lots::balance`] and what is reserved.
//!
//! [`PackedLots`](crate::packed_lots::PackedLots) is what an account keeps.

use crate::amount::Points;
use crate::civil::{Date, begin_of_day};
use crate::time::{DAY_MICROS, Day, HOUR_MICROS, Timestamp, ZoneOffsets};

/// Most months with points that can be spent; beyond, the oldest joins the next, and expires with it.
pub const LOTS_MAX: usize = 64;
/// Most lots that mature; beyond, one joins the next of its month, and matures with it.
pub const PENDING_LOTS_MAX: usize = 64;

/// A month of the calendar: months since January 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(pub i16);

impl Month {
    /// The month that a day is in.
    pub fn of(day: Day) -> Self {
        let date = Date::of(day);
        let months = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
        let end = if months < 0 { i16::MIN } else { i16::MAX };
        Self(i16::try_from(months).unwrap_or(end))
    }

    /// The month that is so many months later.
    #[must_use]
    pub fn plus(self, months: Months) -> Self {
        Self(self.0.saturating_add(i16::from(months.0)))
    }

    /// The month's first day.
    pub fn first_day(self) -> Day {
        Date::of(Day(0)).plus_months(i32::from(self.0)).to_day()
    }
}

/// A number of months, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months(u8);

/// Most months after which points can expire.
pub const MONTHS_MAX: u8 = 120;

impl Months {
    /// Takes 1 to [`MONTHS_MAX`] months.
    pub const fn new(months: u8) -> Option<Self> {
        if months >= 1 && months <= MONTHS_MAX { Some(Self(months)) } else { None }
    }

    /// The number of months.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A full hour: hours since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(pub i32);

impl Hour {
    /// The moment at which it begins.
    pub fn begins(self) -> Timestamp {
        Timestamp::from_micros(i64::from(self.0) * HOUR_MICROS)
    }
}

/// How long points cannot be spent after they were earned: whole hours, or none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PendingFor(u16);

/// Most hours for which points can be pending: a year.
pub const PENDING_HOURS_MAX: u16 = 8_784;

/// A player's pending points are in about so many lots at most, however long they are pending.
const PENDING_LOTS: u16 = 24;

impl PendingFor {
    /// Takes up to [`PENDING_HOURS_MAX`] hours.
    pub const fn new(hours: u16) -> Option<Self> {
        if hours <= PENDING_HOURS_MAX { Some(Self(hours)) } else { None }
    }

    /// The number of hours.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// When points mature that were earned at `at`; `None` where they can be spent at once.
    ///
    /// That is with the next full hour, so that points are pending for no less than was said, and together
    /// with those that were earned a little before. Beyond a day it is each second hour, third, and so on.
    pub fn matures(self, at: Timestamp) -> Option<Hour> {
        if self.0 == 0 {
            return None;
        }
        let step = i64::from(self.0.div_ceil(PENDING_LOTS));
        let at = i128::from(at.micros()) + i128::from(self.0) * i128::from(HOUR_MICROS);
        // Rounded up: down, of the negative.
        let steps = -(-at).div_euclid(i128::from(step * HOUR_MICROS));
        let hours = steps * i128::from(step);
        let end = if hours < 0 { i32::MIN } else { i32::MAX };
        Some(Hour(i32::try_from(hours).unwrap_or(end)))
    }
}

/// When points expire. Where both are given, the earlier counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expiry {
    /// A month's points, with the end of the month so much later: what was earned in January 2024 expires
    /// after twelve months at the first moment of February 2025.
    pub after: Option<Months>,
    /// All points, with the end of the day so long after the last on which a wager earned any: with January
    /// 15th the last, after six months at the first moment of July 16th. Who had no points then is active
    /// again from the day on which there are any.
    pub inactivity: Option<Months>,
    /// How long before points expire the player is told.
    pub notify: NotifyDays,
}

/// How many days before points expire somebody hears of it; 0 for nobody does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifyDays(u8);

/// Most of them.
pub const NOTIFY_DAYS_MAX: u8 = 90;

impl NotifyDays {
    /// Takes up to [`NOTIFY_DAYS_MAX`] days; 0 for never.
    pub const fn new(days: u8) -> Option<Self> {
        if days <= NOTIFY_DAYS_MAX { Some(Self(days)) } else { None }
    }

    /// When it is to be told that points expire at `at`; `None` for never.
    pub fn before(self, at: Timestamp) -> Option<Timestamp> {
        (self.0 > 0).then(|| at.plus_micros(-i64::from(self.0) * DAY_MICROS))
    }
}

/// How far down a taking may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floor {
    /// As far as it goes, below zero too.
    Unlimited,
    /// To zero.
    Balance,
    /// As far as there are points that are pending.
    Pending,
}

/// Points of a month that can be spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// When they were earned.
    pub month: Month,
    /// How many there are; more than 0.
    pub points: Points,
}

/// Points of a month that cannot be spent yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingLot {
    /// When they can be.
    pub matures: Hour,
    /// When they were earned.
    pub month: Month,
    /// How many there are; more than 0.
    pub points: Points,
}

/// When points mature that are held: never, until a person says what becomes of them.
pub const HELD: Hour = Hour(i32::MAX);

/// Which lot points were put into when they were earned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The month of the day on which they were.
    pub month: Month,
    /// When they mature, or did; `None` where they could be spent at once.
    pub matures: Option<Hour>,
}

impl Source {
    /// Of points that were earned on a day.
    pub fn of(day: Day, matures: Option<Hour>) -> Self {
        Self { month: Month::of(day), matures }
    }
}

/// What a taking took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// From points that could be spent.
    pub ready: Vec<Lot>,
    /// From points that could not yet.
    pub pending: Vec<PendingLot>,
    /// By how much it went below zero; what is earned next pays for it.
    pub debt: Points,
    /// What it could not take, and what is not taken later either.
    pub owed: Points,
}

/// What expired at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// The moment.
    pub at: Timestamp,
    /// What each month had left, oldest first, pending points included.
    pub lots: Vec<Lot>,
}

impl Expired {
    /// How many points have.
    pub fn points(&self) -> Points {
        sum(&self.lots)
    }

    /// Takes in lots that have expired besides. Of each month there is one, so that there are few of them.
    pub fn add(&mut self, lots: &[Lot]) {
        for lot in lots {
            put_lot(&mut self.lots, *lot);
        }
    }
}

/// One player's points, where they came from.
///
/// No lot is empty, and there is none where there is a debt: it was paid with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lots {
    /// By month.
    ready: Vec<Lot>,
    /// By when they mature, and month.
    pending: Vec<PendingLot>,
    debt: Points,
    owed: Points,
    active: Option<Day>,
}

impl Lots {
    /// Puts together again what the methods below say; `None` for what they never do.
    pub fn new(
        ready: Vec<Lot>,
        pending: Vec<PendingLot>,
        debt: Points,
        owed: Points,
        active: Option<Day>,
    ) -> Option<Self> {
        let by_month = ready.is_sorted_by(|one, other| one.month < other.month);
        let order = |lot: &PendingLot| (lot.matures, lot.month);
        let by_hour = pending.is_sorted_by(|one, other| order(one) < order(other));
        let few = ready.len() <= LOTS_MAX && pending.len() <= PENDING_LOTS_MAX;
        let ready_points = ready.iter().map(|lot| lot.points);
        let mut points = ready_points.chain(pending.iter().map(|lot| lot.points));
        let sum = points.try_fold(Points::ZERO, |sum, points| {
            if points > Points::ZERO { sum.plus(points) } else { None }
        });
        let is_paid = debt == Points::ZERO || sum == Some(Points::ZERO);
        let is_valid = by_month && by_hour && few && sum.is_some() && is_paid;
        let not_negative = debt >= Points::ZERO && owed >= Points::ZERO;
        (is_valid && not_negative).then_some(Self { ready, pending, debt, owed, active })
    }

    /// Points that can be spent, by month.
    pub fn ready(&self) -> &[Lot] {
        &self.ready
    }

    /// Points that cannot be spent yet, by when they can be.
    pub fn pending(&self) -> &[PendingLot] {
        &self.pending
    }

    /// How far below zero voids have gone.
    pub const fn debt(&self) -> Points {
        self.debt
    }

    /// What voids could not take, in all.
    pub const fn owed(&self) -> Points {
        self.owed
    }

    /// The day from which inactivity counts: the last on which a wager earned points, or on which there were
    /// points again.
    pub const fn active(&self) -> Option<Day> {
        self.active
    }

    /// How many points can be spent.
    pub fn ready_points(&self) -> Points {
        sum(&self.ready)
    }

    /// How many points cannot be spent yet.
    pub fn pending_points(&self) -> Points {
        self.pending.iter().fold(Points::ZERO, |sum, lot| both(sum, lot.points))
    }

    /// How many of them are held, until a person says what becomes of them.
    pub fn held_points(&self) -> Points {
        let held = self.pending.iter().filter(|lot| lot.matures == HELD);
        held.fold(Points::ZERO, |sum, lot| both(sum, lot.points))
    }

    /// All lots, less the debt.
    pub fn balance(&self) -> Points {
        less(both(self.ready_points(), self.pending_points()), self.debt)
    }

    /// Takes in points that a wager earned on its day, and returns how many of them paid for a debt.
    ///
    /// `None`, and nothing has changed, where the balance would not fit.
    pub fn earn(&mut self, day: Day, matures: Option<Hour>, points: Points) -> Option<Points> {
        let paid = self.take_in(Source::of(day, matures), points)?;
        self.active = self.active.max(Some(day));
        Some(paid)
    }

    /// Takes in points that no wager earned, such as a prize, and returns how many of them paid for a debt.
    ///
    /// They do not make a player active, but for one who had no points that could expire. `None`, and nothing
    /// has changed, where the balance would not fit.
    pub fn give(&mut self, day: Day, matures: Option<Hour>, points: Points) -> Option<Points> {
        let had_none = self.oldest().is_none();
        let paid = self.take_in(Source::of(day, matures), points)?;
        if had_none {
            self.active = self.active.max(Some(day));
        }
        Some(paid)
    }

    fn take_in(&mut self, into: Source, points: Points) -> Option<Points> {
        if points < Points::ZERO {
            return None;
        }
        self.balance().plus(points)?;
        let paid = points.min(self.debt);
        self.debt = less(self.debt, paid);
        self.put(into, less(points, paid));
        Some(paid)
    }

    fn put(&mut self, Source { month, matures }: Source, points: Points) {
        match matures {
            _ if points == Points::ZERO => {}
            Some(matures) => self.put_pending(PendingLot { matures, month, points }),
            None => self.put_ready(Lot { month, points }),
        }
    }

    fn put_ready(&mut self, lot: Lot) {
        put_lot(&mut self.ready, lot);
        if self.ready.len() > LOTS_MAX {
            let oldest = self.ready.remove(0);
            self.ready[0].points = both(self.ready[0].points, oldest.points);
        }
    }

    fn put_pending(&mut self, lot: PendingLot) {
        let order = |lot: &PendingLot| (lot.matures, lot.month);
        match self.pending.binary_search_by_key(&order(&lot), order) {
            Ok(at) => self.pending[at].points = both(self.pending[at].points, lot.points),
            Err(at) => self.pending.insert(at, lot),
        }
        if self.pending.len() > PENDING_LOTS_MAX {
            self.join_pending();
        }
    }

    /// Lets the first lot that matures join the next of its month; the first two become one where no two
    /// are of one month. What matures joins nothing that is held.
    fn join_pending(&mut self) {
        let maturing = self.pending.partition_point(|lot| lot.matures < HELD);
        let next = |at: usize| {
            let month = self.pending[at].month;
            (at + 1..maturing).find(|next| self.pending[*next].month == month)
        };
        let pair = (0..maturing).find_map(|at| Some((at, next(at)?)));
        let (at, next) = pair.unwrap_or((0, 1));
        let PendingLot { month, points, .. } = self.pending.remove(at);
        let into = self.pending.remove(next - 1);
        let (month, points) = (month.max(into.month), both(points, into.points));
        self.put_pending(PendingLot { month, points, ..into });
    }

    /// Lots of points of which is only known how many there are, or how far they are below zero.
    pub fn of_balance(balance: Points, day: Day) -> Self {
        let mut lots = Self::default();
        if balance < Points::ZERO {
            lots.debt = balance.negated();
        } else {
            lots.give(day, None, balance).expect("what fits alone fits");
        }
        lots
    }

    /// Takes points to be spent, oldest first, and says which.
    ///
    /// `None`, and nothing has changed, where there are not so many that can be spent.
    pub fn spend(&mut self, points: Points) -> Option<Vec<Lot>> {
        if points < Points::ZERO || self.ready_points() < points {
            return None;
        }
        let (mut spent, mut left) = (Vec::new(), points);
        while left > Points::ZERO {
            spent.push(self.take_ready(0, &mut left));
        }
        Some(spent)
    }

    /// Gives back what was taken to be spent to the months that it came from, and returns how much of it
    /// paid for a debt. What has expired meanwhile is due at once.
    ///
    /// `None`, and nothing has changed, where the balance would not fit, or a lot is of less than 0.
    pub fn restore(&mut self, spent: &[Lot]) -> Option<Points> {
        let mut restored = self.clone();
        let paid = spent.iter().try_fold(Points::ZERO, |paid, Lot { month, points }| {
            paid.plus(restored.take_in(Source { month: *month, matures: None }, *points)?)
        })?;
        *self = restored;
        Some(paid)
    }

    /// Takes points as far as `floor` allows: what a void takes back, or a person.
    ///
    /// First those of the lot that the wager's own were put into, then the oldest, and of a month those that
    /// can be spent. `None`, and nothing has changed, where the balance would not fit.
    pub fn take(&mut self, own: Option<Source>, points: Points, floor: Floor) -> Option<Taken> {
        if points < Points::ZERO {
            return None;
        }
        let pending = self.pending_points();
        let there = match floor {
            Floor::Unlimited | Floor::Balance => both(self.ready_points(), pending),
            Floor::Pending => pending,
        };
        let mut left = points.min(there);
        let missing = less(points, left);
        let mut taken = Taken::default();
        match floor {
            Floor::Unlimited => {
                taken.debt = missing;
                self.debt = self.debt.plus(missing)?;
            }
            Floor::Balance | Floor::Pending => {
                taken.owed = missing;
                self.owed = self.owed.plus(missing).unwrap_or(Points::MAX);
            }
        }
        let takes_ready = floor != Floor::Pending;
        if let Some(own) = own {
            self.take_own(own, takes_ready, &mut left, &mut taken);
        }
        while left > Points::ZERO {
            self.take_oldest(takes_ready, &mut left, &mut taken);
        }
        Some(taken)
    }

    /// Takes what there is of a wager's own lots: the one that may still be pending, and its month's.
    fn take_own(&mut self, own: Source, takes_ready: bool, left: &mut Points, taken: &mut Taken) {
        let Source { month, matures } = own;
        let is_own = |lot: &PendingLot| lot.month == month && Some(lot.matures) == matures;
        if let Some(at) = self.pending.iter().position(is_own)
            && *left > Points::ZERO
        {
            taken.pending.push(self.take_pending(at, left));
        }
        if let Ok(at) = self.ready.binary_search_by_key(&month, |lot| lot.month)
            && takes_ready
            && *left > Points::ZERO
        {
            taken.ready.push(self.take_ready(at, left));
        }
    }

    /// Takes of the oldest lot; there is one.
    fn take_oldest(&mut self, takes_ready: bool, left: &mut Points, taken: &mut Taken) {
        let by_month = self.pending.iter().enumerate().min_by_key(|(_, lot)| lot.month);
        let pending = by_month.map(|(at, lot)| (lot.month, at));
        let ready = self.ready.first().filter(|_| takes_ready).map(|lot| lot.month);
        match pending {
            Some((month, at)) if ready.is_none_or(|ready| month < ready) => {
                taken.pending.push(self.take_pending(at, left));
            }
            _ => taken.ready.push(self.take_ready(0, left)),
        }
    }

    fn take_ready(&mut self, at: usize, left: &mut Points) -> Lot {
        let lot = &mut self.ready[at];
        let taken = Lot { points: lot.points.min(*left), ..*lot };
        lot.points = less(lot.points, taken.points);
        *left = less(*left, taken.points);
        if lot.points == Points::ZERO {
            self.ready.remove(at);
        }
        taken
    }

    fn take_pending(&mut self, at: usize, left: &mut Points) -> PendingLot {
        let lot = &mut self.pending[at];
        let taken = PendingLot { points: lot.points.min(*left), ..*lot };
        lot.points = less(lot.points, taken.points);
        *left = less(*left, taken.points);
        if lot.points == Points::ZERO {
            self.pending.remove(at);
        }
        taken
    }

    /// Lets go of points of a month that are held, as far as they are there, and says how many those were: they can be
    /// spent, or mature when they would have.
    pub fn release(&mut self, month: Month, points: Points, matures: Option<Hour>) -> Points {
        let Some(released) = self.take_held(month, points) else { return Points::ZERO };
        self.put(Source { month, matures }, released.points);
        released.points
    }

    /// Holds points that went into a lot, as far as they are there still, and says how many those are.
    pub fn hold(&mut self, source: Source, points: Points) -> Points {
        let (mut left, mut taken) = (points, Taken::default());
        self.take_own(source, true, &mut left, &mut taken);
        let held = less(points, left);
        self.put(Source { matures: Some(HELD), ..source }, held);
        held
    }

    /// Takes points of a month that are held, as far as they are there.
    pub fn take_held(&mut self, month: Month, points: Points) -> Option<PendingLot> {
        let is_held = |lot: &PendingLot| lot.matures == HELD && lot.month == month;
        let at = self.pending.iter().position(is_held).filter(|_| points > Points::ZERO)?;
        let mut left = points;
        Some(self.take_pending(at, &mut left))
    }

    /// Lets be spent what has matured by `now`, and says which lots have.
    pub fn mature(&mut self, now: Timestamp) -> Vec<PendingLot> {
        let matured = self.pending.partition_point(|lot| lot.matures.begins() <= now);
        let matured: Vec<PendingLot> = self.pending.drain(..matured).collect();
        for PendingLot { month, points, .. } in &matured {
            self.put_ready(Lot { month: *month, points: *points });
        }
        matured
    }

    /// Takes away what has expired by `now`, and says what and when, in order of time.
    ///
    /// Whatever matured before it expired has matured then: when this is asked, and how often, makes no
    /// difference, if it is asked before [`mature`](Self::mature) is.
    pub fn expire(&mut self, expiry: Expiry, zone: &ZoneOffsets, now: Timestamp) -> Vec<Expired> {
        let mut all = Vec::new();
        while let Some((at, until)) = self.due(expiry, zone).filter(|(at, _)| *at <= now) {
            // It may be one lot too many, and then another expires next.
            if let Some(before) = self.maturing().filter(|matures| *matures <= at) {
                self.mature(before);
                continue;
            }
            all.push(Expired { at, lots: self.remove(until) });
        }
        all
    }

    /// When points expire next, and how many, if none are earned, spent or taken until then.
    pub fn expiring(&self, expiry: Expiry, zone: &ZoneOffsets) -> Option<(Timestamp, Points)> {
        let (at, until) = self.due(expiry, zone)?;
        let ready = self.ready.iter().map(|lot| (lot.month, lot.points));
        let all = ready.chain(self.pending.iter().map(|lot| (lot.month, lot.points)));
        let expiring = all.filter(|(month, _)| *month <= until);
        Some((at, expiring.fold(Points::ZERO, |sum, (_, points)| both(sum, points))))
    }

    /// When points mature next.
    pub fn maturing(&self) -> Option<Timestamp> {
        self.pending.first().map(|lot| lot.matures.begins())
    }

    /// When anything happens by time alone: points mature, or expire.
    pub fn next_due(&self, expiry: Expiry, zone: &ZoneOffsets) -> Option<Timestamp> {
        let expires = self.due(expiry, zone).map(|(at, _)| at);
        expires.into_iter().chain(self.maturing()).min()
    }

    /// When points expire next, and the last month whose points do.
    fn due(
        &self,
        Expiry { after, inactivity, .. }: Expiry,
        zone: &ZoneOffsets,
    ) -> Option<(Timestamp, Month)> {
        let oldest = self.oldest()?;
        let by_age = after.map(|after| {
            let first_day_after = next_month(oldest.plus(after)).first_day();
            (begin_of_day(first_day_after, zone), oldest)
        });
        let by_inactivity = self.active.zip(inactivity).map(|(active, inactivity)| {
            let last = Date::of(active).plus_months(i32::from(inactivity.0)).to_day();
            (begin_of_day(Day(last.0.saturating_add(1)), zone), Month(i16::MAX))
        });
        match (by_age, by_inactivity) {
            (Some(age), Some(inactivity)) if age.0 < inactivity.0 => Some(age),
            (age, inactivity) => inactivity.or(age),
        }
    }

    /// The first month with points.
    pub fn oldest(&self) -> Option<Month> {
        let pending = self.pending.iter().map(|lot| lot.month).min();
        let ready = self.ready.first().map(|lot| lot.month);
        ready.into_iter().chain(pending).min()
    }

    /// Takes away the lots of all months up to one.
    fn remove(&mut self, until: Month) -> Vec<Lot> {
        let ready = self.ready.partition_point(|lot| lot.month <= until);
        let mut removed: Vec<Lot> = self.ready.drain(..ready).collect();
        for PendingLot { month, points, .. } in
            self.pending.extract_if(.., |lot| lot.month <= until)
        {
            put_lot(&mut removed, Lot { month, points });
        }
        removed
    }
}

/// Puts points to those of their month, among lots by month.
fn put_lot(lots: &mut Vec<Lot>, lot: Lot) {
    match lots.binary_search_by_key(&lot.month, |lot| lot.month) {
        Ok(at) => lots[at].points = both(lots[at].points, lot.points),
        Err(at) => lots.insert(at, lot),
    }
}

fn next_month(month: Month) -> Month {
    Month(month.0.saturating_add(1))
}

fn sum(lots: &[Lot]) -> Points {
    lots.iter().fold(Points::ZERO, |sum, lot| both(sum, lot.points))
}

fn both(points: Points, more: Points) -> Points {
    points.plus(more).expect("all lots together fit")
}

fn less(points: Points, part: Points) -> Points {
    points.minus(part).expect("a part is no more than the whole")
}
