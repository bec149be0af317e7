//! Tiers: the level that the points earned in a window give, up at once, down after a grace.
//!
//! A level is decided by the points of the days in the window, each day's with what voids took out of it.
//! What is dated ahead of today counts with today, so that time alone only takes days out of the window: it
//! never raises anyone. A state is brought to today by [`Tiers::advance`] whenever it is touched; then, and
//! on the day that [`Tiers::next_day`] says, no change is late.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::num::NonZeroU8;

use crate::amount::{Points, Rate};
use crate::civil::Period;
use crate::time::Day;

/// Most levels that there may be.
pub const LEVELS_MAX: usize = 64;
/// Most days of a rolling window.
pub const WINDOW_DAYS_MAX: u16 = 3_660;
/// Most days of grace.
pub const GRACE_DAYS_MAX: u16 = 3_660;

/// What a program says about tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tiers {
    /// Whose points decide.
    pub window: Window,
    /// What there is to reach.
    pub levels: Levels,
    /// How long a level is kept that is no longer qualified for.
    pub grace: GraceDays,
}

/// The days whose points decide, up to today. It moves with the days of the program's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So many days, of which today is the last.
    Rolling(WindowDays),
    /// The present period, from its first day.
    Calendar(Period),
}

/// How many days a rolling window has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowDays(u16);

impl WindowDays {
    /// Takes 1 to [`WINDOW_DAYS_MAX`] days.
    pub const fn new(days: u16) -> Option<Self> {
        if days >= 1 && days <= WINDOW_DAYS_MAX { Some(Self(days)) } else { None }
    }

    /// The number of days.
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// How many whole days a level is kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GraceDays(u16);

impl GraceDays {
    /// Takes up to [`GRACE_DAYS_MAX`] days; 0 for none.
    pub const fn new(days: u16) -> Option<Self> {
        if days <= GRACE_DAYS_MAX { Some(Self(days)) } else { None }
    }

    /// The number of days.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The first day on which a level is no longer kept that was not qualified for since a day.
    fn end(self, since: Day) -> Day {
        later(since, self.0)
    }
}

impl Window {
    /// The first day of the window at `today`.
    pub fn first_day(self, today: Day) -> Day {
        match self {
            Self::Rolling(WindowDays(days)) => Day(today.0.saturating_sub(i32::from(days) - 1)),
            Self::Calendar(period) => period.first_day(today),
        }
    }

    /// The first day at which `day` is no longer in the window.
    fn left_by(self, day: Day) -> Day {
        match self {
            Self::Rolling(WindowDays(days)) => later(day, days),
            Self::Calendar(period) => period.next_first_day(day),
        }
    }
}

fn later(day: Day, days: u16) -> Day {
    Day(day.0.saturating_add(i32::from(days)))
}

/// One level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Names it for ever: a later program means this level by the same name.
    pub name: Box<str>,
    /// The points from which on it is reached.
    pub from: Points,
    /// The multiplier of wagers.
    pub multiplier: Rate,
}

/// The levels of a program, lowest first; there is always one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels(Box<[Level]>);

impl Levels {
    /// Takes up to [`LEVELS_MAX`] levels of different names, of which the first is from 0 and each other
    /// from more than the one before; `None` for all else.
    pub fn new(levels: Vec<Level>) -> Option<Self> {
        let begins_at_0 = levels.first().is_some_and(|first| first.from == Points::ZERO);
        let ascends = levels.is_sorted_by(|lower, upper| lower.from < upper.from);
        let mut names: Vec<&str> = levels.iter().map(|level| &*level.name).collect();
        names.sort_unstable();
        let differ = names.is_sorted_by(|one, other| one < other);
        let is_valid = begins_at_0 && ascends && differ && levels.len() <= LEVELS_MAX;
        is_valid.then(|| Self(levels.into()))
    }

    /// All levels, lowest first.
    pub fn all(&self) -> &[Level] {
        &self.0
    }

    /// The level of a number, which is 0 for the lowest; the highest for all numbers beyond.
    pub fn get(&self, level: u8) -> &Level {
        let highest = self.0.len() - 1;
        &self.0[usize::from(level).min(highest)]
    }

    /// The number of the level of a name.
    pub fn numbered(&self, name: &str) -> Option<u8> {
        self.0.iter().position(|level| *level.name == *name).map(number)
    }

    /// The number of the highest level that so many points give.
    fn given_by(&self, points: Points) -> u8 {
        let reached = self.0.partition_point(|level| level.from <= points);
        number(reached.saturating_sub(1))
    }

    /// The number of the level that a player has who had one of another program: that of the same name, or
    /// else the highest that is not from more points.
    fn successor_of(&self, level: &Level) -> u8 {
        self.numbered(&level.name).unwrap_or_else(|| self.given_by(level.from))
    }
}

fn number(at: usize) -> u8 {
    u8::try_from(at).expect("there are few levels")
}

/// Points by the day that they were earned on, of one player: what the wagers of that day earned, less
/// those that were voided, so never less than 0.
///
/// Redemptions, prizes, adjustments and expiry are no part of it.
pub trait EarnedDays {
    /// The first day from `day` on that has points, with its points.
    fn first_from(&self, day: Day) -> Option<(Day, Points)>;
}

impl EarnedDays for BTreeMap<Day, Points> {
    fn first_from(&self, day: Day) -> Option<(Day, Points)> {
        self.range(day..).next().map(|(day, points)| (*day, *points))
    }
}

/// In the order of days.
impl EarnedDays for [(Day, Points)] {
    fn first_from(&self, day: Day) -> Option<(Day, Points)> {
        self.get(self.partition_point(|(earned, _)| *earned < day)).copied()
    }
}

/// A player's tier, on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierState {
    points: Points,
    as_of: Day,
    /// How many days the level was not qualified for before `as_of`, and one more; 0 where it is.
    grace: u16,
    /// The level's number and 1, so that an account without a tier is no larger.
    above: NonZeroU8,
}

impl TierState {
    /// Puts together again what the methods below say.
    pub fn new(level: u8, points: Points, as_of: Day, unqualified_since: Option<Day>) -> Self {
        let state = Self { points, as_of, grace: 0, above: above(level) };
        unqualified_since.map_or(state, |since| state.unqualified(since))
    }

    /// The number of the level among the program's, from 0.
    pub const fn level(self) -> u8 {
        self.above.get() - 1
    }

    fn at_level(self, level: u8) -> Self {
        Self { above: above(level), ..self }
    }

    /// Points in the window.
    pub const fn points(self) -> Points {
        self.points
    }

    /// The day of which all this is.
    pub const fn as_of(self) -> Day {
        self.as_of
    }

    /// The first day of those up to now on which the points were too few for the level, which is kept for
    /// the grace; `None` where they are not.
    pub fn unqualified_since(self) -> Option<Day> {
        let before = i32::from(self.grace.checked_sub(1)?);
        Some(Day(self.as_of.0.saturating_sub(before)))
    }

    /// The same on a later day.
    fn on(self, day: Day) -> Self {
        let since = self.unqualified_since();
        let state = Self { as_of: day, ..self };
        since.map_or(state, |since| state.unqualified(since))
    }

    fn unqualified(self, since: Day) -> Self {
        let before = i64::from(self.as_of.0) - i64::from(since.0);
        let grace = u16::try_from(before.max(0) + 1).unwrap_or(u16::MAX);
        Self { grace, ..self }
    }
}

/// A change of a player's level, with the numbers that caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierChange {
    /// The day on which it happened.
    pub day: Day,
    /// The number of the level before; of the program before, where that is what changed it.
    pub before: u8,
    /// The number of the level after.
    pub after: u8,
    /// Points in the window then.
    pub points: Points,
    /// Of a level that was lost: the first day on which the points were too few for it.
    pub unqualified_since: Option<Day>,
}

impl Tiers {
    /// The state of a player who has none, by what was earned.
    pub fn begin(&self, today: Day, earned: &(impl EarnedDays + ?Sized)) -> TierState {
        let points = sum_from(self.window.first_day(today), earned);
        TierState::new(self.levels.given_by(points), points, today, None)
    }

    /// Brings a state to `today`, with each change in between, as if it had been asked on each day.
    ///
    /// Looks at each day with points that leaves a rolling window, and at no others; a day before the
    /// state's own changes nothing.
    pub fn advance(
        &self,
        state: TierState,
        today: Day,
        earned: &(impl EarnedDays + ?Sized),
    ) -> (TierState, Vec<TierChange>) {
        let (mut state, mut changes) = (state, Vec::new());
        while let Some(day) = self.next_event(state, earned).filter(|day| *day <= today) {
            let (settled, change) = self.settle(self.moved(state, day, earned));
            state = settled;
            changes.extend(change);
        }
        (state.on(today.max(state.as_of)), changes)
    }

    /// The next day on which the points or the level become others by time alone.
    fn next_event(&self, state: TierState, earned: &(impl EarnedDays + ?Sized)) -> Option<Day> {
        let oldest = earned.first_from(self.window.first_day(state.as_of));
        let leaves = oldest.map(|(day, _)| self.window.left_by(day));
        let leaves = leaves.filter(|day| *day > state.as_of);
        let lost = self.grace_end(state);
        leaves.into_iter().chain(lost).min()
    }

    /// The first day on which the level is no longer kept.
    fn grace_end(&self, state: TierState) -> Option<Day> {
        let since = state.unqualified_since()?;
        Some(self.grace.end(since).max(state.as_of))
    }

    /// The state on a later day, up to which at most one day with points leaves a rolling window.
    fn moved(&self, state: TierState, day: Day, earned: &(impl EarnedDays + ?Sized)) -> TierState {
        let (first, next_first) = (self.window.first_day(state.as_of), self.window.first_day(day));
        let points = match self.window {
            Window::Rolling(_) => match earned.first_from(first) {
                Some((oldest, points)) if oldest < next_first => minus(state.points, points),
                _ => state.points,
            },
            // Nearly always nothing was earned yet in the new period, and much in the old.
            Window::Calendar(_) if first == next_first => state.points,
            Window::Calendar(_) => sum_from(next_first, earned),
        };
        TierState { points, ..state.on(day) }
    }

    /// Counts points that were earned on a day, or takes out of it what a void took back.
    ///
    /// The state must be [advanced](Self::advance) to today; a wager is judged by the level that it has then,
    /// before it is counted. Whatever is counted must be in what is asked of [`EarnedDays`] from then on.
    /// Points of a day that has left the window, or was never in it, change nothing here. `None` where the
    /// points in the window do not fit.
    pub fn count(
        &self,
        state: TierState,
        day: Day,
        points: Points,
    ) -> Option<(TierState, Option<TierChange>)> {
        if day < self.window.first_day(state.as_of) {
            return Some((state, None));
        }
        let points = state.points.plus(points)?;
        Some(self.settle(TierState { points, ..state }))
    }

    /// Takes a player over from the tiers that held until `today`, to which the state must be advanced by
    /// those.
    ///
    /// The level is the one of the same name, or else the highest whose line is not above that of the one
    /// before. From it, it goes on as ever: up at once; down when the grace is over, which goes on where it
    /// had begun. Another zone alone needs no taking over.
    pub fn take_over(
        &self,
        state: TierState,
        before: &Self,
        today: Day,
        earned: &(impl EarnedDays + ?Sized),
    ) -> (TierState, Option<TierChange>) {
        let today = today.max(state.as_of);
        let had = before.levels.get(state.level());
        let level = self.levels.successor_of(had);
        let points = sum_from(self.window.first_day(today), earned);
        let (taken, change) = self.settle(TierState { points, ..state.on(today) }.at_level(level));
        let kept = had.name == self.levels.get(taken.level()).name;
        let unqualified_since = change.and_then(|change| change.unqualified_since);
        let (before, after) = (state.level(), taken.level());
        let change = TierChange { day: today, before, after, points, unqualified_since };
        (taken, (!kept).then_some(change))
    }

    /// Gives a state the level that is due on its day.
    fn settle(&self, state: TierState) -> (TierState, Option<TierChange>) {
        let TierState { points, as_of: day, .. } = state;
        let (before, given) = (state.level(), self.levels.given_by(points));
        let qualified = TierState { grace: 0, ..state }.at_level(given);
        let change = TierChange { day, before, after: given, points, unqualified_since: None };
        match given.cmp(&before) {
            Ordering::Equal => (qualified, None),
            Ordering::Greater => (qualified, Some(change)),
            Ordering::Less => {
                let since = state.unqualified_since().unwrap_or(day);
                if self.grace.end(since) > day {
                    return (state.unqualified(since), None);
                }
                (qualified, Some(TierChange { unqualified_since: Some(since), ..change }))
            }
        }
    }

    /// The day on which the player's level next changes if nothing is earned or voided until then; `None`
    /// where it never will.
    pub fn next_day(&self, state: TierState, earned: &(impl EarnedDays + ?Sized)) -> Option<Day> {
        if state.level() == 0 {
            return None;
        }
        let unqualified_from = match state.unqualified_since() {
            Some(since) => since,
            None => self.unqualified_from(state, earned)?,
        };
        Some(self.grace.end(unqualified_from))
    }

    /// The first day on which the points will be too few for the level.
    fn unqualified_from(
        &self,
        state: TierState,
        earned: &(impl EarnedDays + ?Sized),
    ) -> Option<Day> {
        let line = self.levels.get(state.level()).from;
        let days = days_from(self.window.first_day(state.as_of), earned);
        let left = days.scan(state.points, |left, (day, points)| {
            *left = minus(*left, points);
            Some((day, *left))
        });
        let mut too_few = left.filter(|(_, left)| *left < line);
        too_few.next().map(|(day, _)| self.window.left_by(day))
    }

    /// The number of the next level, and how many points are missing to it; `None` at the highest.
    pub fn next_level(&self, state: TierState) -> Option<(u8, Points)> {
        let next = state.level() + 1;
        let line = self.levels.all().get(usize::from(next))?.from;
        Some((next, minus(line, state.points)))
    }
}

fn above(level: u8) -> NonZeroU8 {
    NonZeroU8::MIN.saturating_add(level)
}

/// The points of all days from `day` on, held at the greatest number.
fn sum_from(day: Day, earned: &(impl EarnedDays + ?Sized)) -> Points {
    let all = days_from(day, earned);
    all.fold(Points::ZERO, |sum, (_, points)| minus(sum, points.negated()))
}

fn days_from(day: Day, earned: &(impl EarnedDays + ?Sized)) -> impl Iterator<Item = (Day, Points)> {
    let after = |(day, _): &(Day, Points)| earned.first_from(Day(day.0.checked_add(1)?));
    std::iter::successors(earned.first_from(day), after)
}

/// The difference, held at the ends of the range. A window is that full only where a program's change made
/// it longer.
fn minus(points: Points, less: Points) -> Points {
    let end = if less > Points::ZERO { Points::MAX.negated() } else { Points::MAX };
    points.minus(less).unwrap_or(end)
}
