//! Which level each player has, asked again on every day and whenever anything changes.

use std::collections::BTreeMap;

use super::{Model, ModelAccount, POINTS_MAX, Version};
use crate::calendar::{date, days_since_1970};
use crate::input::{ModelTiers, ModelWindow};

/// Where a player stands among the levels of the version that was last in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTier {
    /// The level, from 0.
    pub level: usize,
    /// The first day on which the points were too few for it, where they are.
    pub unqualified_since: Option<i64>,
    /// The day that was asked for last.
    pub day: i64,
}

/// A player got another level.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelMove {
    /// The level before, by name; `None` where there were none.
    pub before: Option<String>,
    /// The level after; `None` where there are none any more.
    pub after: Option<String>,
    /// The day.
    pub day: i64,
}

/// How often each thing that can become of a level has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ModelPassages {
    /// Another version gave another level, or none.
    pub by_version: u64,
    /// Moves down by the tiers of one version.
    pub down: u64,
    /// Times of too few points that a level was kept in.
    pub graces_begun: u64,
    /// Those after which it was lost.
    pub graces_ended: u64,
    /// Those that ended with points enough.
    pub graces_averted: u64,
    /// Moves up by the tiers of one version.
    pub up: u64,
    /// Wagers above a line whose points are to be held while too many are.
    pub unheld: u64,
}

impl ModelWindow {
    fn first_day(self, today: i64) -> i64 {
        let first_of = |month_of: fn(usize) -> usize| {
            let (year, month, _) = date(today);
            days_since_1970(year, month_of(month), 1)
        };
        match self {
            Self::Rolling(days) => today - days + 1,
            Self::Month => first_of(|month| month),
            Self::Quarter => first_of(|month| (month - 1) / 3 * 3 + 1),
            Self::Year => first_of(|_| 1),
        }
    }
}

impl ModelTiers {
    /// Points in the window, all that there can be at most; days to come count as today does.
    fn points(&self, earned_on: &BTreeMap<i64, i64>, today: i64) -> i64 {
        self.all_points(earned_on, today).min(POINTS_MAX)
    }

    fn all_points(&self, earned_on: &BTreeMap<i64, i64>, today: i64) -> i64 {
        earned_on.range(self.window.first_day(today)..).map(|(_, points)| *points).sum()
    }

    /// The highest level whose line is not above so many points.
    fn given_by(&self, points: i64) -> usize {
        self.levels.iter().rposition(|level| level.from <= points).unwrap_or(0)
    }

    /// The number of the level of a name.
    pub fn numbered(&self, name: &str) -> Option<usize> {
        self.levels.iter().position(|level| level.name == name)
    }
}

/// The version in force at `at`: the latest to begin, the later one on a tie.
pub(super) fn in_force(versions: &[Version], at: i64) -> Option<&Version> {
    let begun = versions.iter().filter(|it| !it.withdrawn && it.effective_from <= at);
    begun.max_by_key(|version| (version.effective_from, version.number))
}

impl ModelAccount {
    /// The name of the player's level, where there are any.
    pub(super) fn level(&self, versions: &[Version]) -> Option<String> {
        let (tier, tiers) = self.tier.as_ref().zip(self.tiers(versions))?;
        Some(tiers.levels[tier.level].name.clone())
    }

    fn tiers<'v>(&self, versions: &'v [Version]) -> Option<&'v ModelTiers> {
        self.last_version(versions)?.program.tiers.as_ref()
    }

    pub(super) fn last_version<'v>(&self, versions: &'v [Version]) -> Option<&'v Version> {
        versions.iter().find(|version| version.number == self.version)
    }

    /// Time goes on from one moment, at which the account was asked for, to another.
    pub(super) fn live(&mut self, versions: &[Version], from: i64, to: i64) {
        let mut moments: Vec<i64> = versions.iter().map(|version| version.effective_from).collect();
        moments.retain(|begins| from < *begins && *begins < to);
        moments.sort_unstable();
        moments.push(to);
        for moment in moments {
            self.ask(versions, moment);
        }
    }

    /// What versions that were published in one batch make of the player, one after the other; not one that was
    /// withdrawn in it as well.
    pub(super) fn ask_in_turn(
        &mut self,
        operator: &str,
        versions: &[Version],
        unasked: &[(String, u32)],
        at: i64,
    ) {
        let of_operator = unasked[self.asked..].iter().filter(|(of, _)| of == operator);
        for (_, latest) in of_operator {
            let known = versions.iter().filter(|version| version.number <= *latest);
            self.ask(&known.cloned().collect::<Vec<_>>(), at);
        }
        self.asked = unasked.len();
    }

    /// What the moment makes of the player.
    pub(super) fn ask(&mut self, versions: &[Version], at: i64) {
        let (last, next) = (self.last_version(versions), in_force(versions, at));
        let [had, has] =
            [last, next].map(|version| version.and_then(|it| it.program.tiers.as_ref()));
        if !std::mem::replace(&mut self.has_lots, true) {
            self.begin_lots();
        }
        let goes_over = last.map(|last| last.number) != next.map(|next| next.number);
        // What is earned in a month that has expired is there until time goes on.
        let is_again = self.asked_at.replace(at) == Some(at);
        if !is_again {
            self.go_on(last, at);
        }
        if let Some(next) = next.filter(|_| goes_over) {
            self.expire(next, at, true);
        }
        let days = last.map_or(0, |last| last.program.zone.day(at));
        if let Some(had) = had {
            self.live_days(had, days);
        }
        let today = next.map_or(days, |next| next.program.zone.day(at));
        if had != has {
            self.go_over(had, has, today);
        }
        self.version = next.map_or(0, |next| next.number);
        if let Some(has) = has {
            self.live_days(has, today);
        }
        self.forecast(next, at);
    }

    fn live_days(&mut self, tiers: &ModelTiers, today: i64) {
        let since = self.tier.as_ref().expect("who lives under tiers has one").day;
        for day in since + 1..=today {
            self.judge_level(tiers, day);
        }
    }

    fn go_over(&mut self, had: Option<&ModelTiers>, has: Option<&ModelTiers>, today: i64) {
        let tier = self.tier.take();
        let before = tier.as_ref().zip(had).map(|(tier, had)| &had.levels[tier.level]);
        let Some(has) = has else {
            let day = today;
            self.passages.by_version += u64::from(before.is_some());
            self.moves.extend(before.map(|before| ModelMove {
                before: Some(before.name.clone()),
                after: None,
                day,
            }));
            return;
        };
        let today = tier.as_ref().map_or(today, |tier| tier.day.max(today));
        let begin = || has.given_by(has.points(&self.earned_on, today));
        let successor = before.map_or_else(begin, |before| {
            has.numbered(&before.name).unwrap_or_else(|| has.given_by(before.from))
        });
        let unqualified_since = tier.and_then(|tier| tier.unqualified_since);
        self.tier = Some(ModelTier { level: successor, unqualified_since, day: today });
        let (so_far, ModelPassages { down, up, .. }) = (self.moves.len(), self.passages);
        self.judge_level(has, today);
        // However many steps it takes, it is one.
        self.moves.truncate(so_far);
        self.passages = ModelPassages { down, up, ..self.passages };
        let level = self.tier.as_ref().map_or(0, |tier| tier.level);
        let after = &has.levels[level].name;
        let is_told = before.map_or(level > 0, |before| before.name != *after);
        if is_told {
            self.passages.by_version += 1;
            let before = before.map(|before| before.name.clone());
            self.moves.push(ModelMove { before, after: Some(after.clone()), day: today });
        }
    }

    /// Up at once; down when the points have been too few for as long as the grace.
    fn judge_level(&mut self, tiers: &ModelTiers, today: i64) {
        let given = tiers.given_by(tiers.points(&self.earned_on, today));
        self.is_overfull |= tiers.all_points(&self.earned_on, today) > POINTS_MAX;
        let tier = self.tier.as_mut().expect("it is judged where there are tiers");
        tier.day = today;
        let unqualified_since = tier.unqualified_since.unwrap_or(today);
        if given < tier.level && today < unqualified_since + tiers.grace.unwrap_or(0) {
            self.passages.graces_begun += u64::from(tier.unqualified_since.is_none());
            tier.unqualified_since = Some(unqualified_since);
            return;
        }
        let before = std::mem::replace(&mut tier.level, given);
        let had_grace = tier.unqualified_since.take().is_some();
        let (rises, falls) = (before < given, given < before);
        self.passages.up += u64::from(rises);
        self.passages.down += u64::from(falls);
        self.passages.graces_ended += u64::from(had_grace && falls);
        self.passages.graces_averted += u64::from(had_grace && !falls);
        if rises || falls {
            let name = |level: usize| Some(tiers.levels[level].name.clone());
            let (before, after) = (name(before), name(given));
            self.moves.push(ModelMove { before, after, day: today });
        }
    }

    /// Whether the window takes in points that are earned on a day.
    pub(super) fn has_room(&self, versions: &[Version], day: i64, points: i64) -> bool {
        let Some((tier, tiers)) = self.tier.as_ref().zip(self.tiers(versions)) else { return true };
        let is_within = day >= tiers.window.first_day(tier.day);
        !is_within || tiers.points(&self.earned_on, tier.day) <= POINTS_MAX - points
    }

    /// Points were earned on a day, or are taken out of it.
    pub(super) fn count(&mut self, versions: &[Version], day: i64, points: i64) {
        *self.earned_on.entry(day).or_default() += points;
        if let Some(tiers) = self.tiers(versions) {
            let today = self.tier.as_ref().expect("who lives under tiers has one").day;
            self.judge_level(tiers, today);
        }
    }
}

impl Model {
    /// Brings all accounts of a partition from its last batch to this one.
    pub(super) fn live(&mut self, partition: u16, from: i64, to: i64) {
        if self.is_first {
            return;
        }
        for ((operator, _), account) in &mut self.accounts {
            if account.partition == partition {
                let versions = &self.operators[operator];
                account.ask_in_turn(operator, versions, &self.unasked, from);
                account.asked = 0;
                account.forecast_again(versions, from);
                account.live(versions, from, to);
                account.enter_expired();
            }
        }
        self.unasked.clear();
    }

    /// Whether a version has been in force in a partition: one that is withdrawn then was withdrawn elsewhere before it
    /// began.
    pub fn has_begun(&self, partition: u16, operator: &str, number: u32) -> bool {
        let versions = self.operators.get(operator).into_iter().flatten();
        let mut found = versions.filter(|version| version.number == number);
        let now = self.batch_times[&partition];
        let is_new = self.unasked.iter().any(|(of, latest)| of == operator && *latest == number);
        !self.is_first && !is_new && found.any(|version| version.effective_from <= now)
    }

    /// Whether behaviour 1 has decided the last batch.
    pub const fn has_no_levels_yet(&self) -> bool {
        self.is_first
    }

    /// An account as whoever asks finds it.
    pub fn account(&self, key: &(String, String)) -> ModelAccount {
        let mut account = self.accounts[key].clone();
        let (versions, at) = (&self.operators[&key.0], self.batch_times[&account.partition]);
        if !self.is_first {
            account.ask_in_turn(&key.0, versions, &self.unasked, at);
            account.forecast_again(versions, at);
            account.enter_expired();
        }
        account
    }

    /// The level and the points in the window of an account, where there are tiers.
    pub fn standing(&self, operator: &str, account: &ModelAccount) -> Option<(String, i64)> {
        let versions = self.operators.get(operator)?;
        let (tier, tiers) = account.tier.as_ref().zip(account.tiers(versions))?;
        Some((account.level(versions)?, tiers.points(&account.earned_on, tier.day)))
    }
}
