//! What time does to an account: to which tier it brings its player, and when it may do so next.
//!
//! An account is settled before it is touched, on each day once, and when it is due; so what is touched is never
//! late. What comes out does not depend on how often it is settled.

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Bound;

use accolade_domain::account::{Account, AccountTier, Timed};
use accolade_domain::amount::Points;
use accolade_domain::civil::begin_of_day;
use accolade_domain::program::Program;
use accolade_domain::tier::{EarnedDays, TierChange, Tiers};
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::notice::TierMoved;

use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::{Operator, Version};
use crate::store::Store;
use crate::tables::Stretch;
use crate::tables::cap_days::CapDayKey;
use crate::tables::walks::{Walk, WalkKey};

/// Where time has brought an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The tier, and when time may next change anything.
    pub timed: Timed,
    /// What has changed, in order.
    pub changes: Vec<TierMoved>,
}

impl Settled {
    /// The account as it is then.
    pub fn account(&self, account: &Account) -> Account {
        Account { timed: self.timed.boxed(), ..account.clone() }
    }
}

/// The last version by which an account was settled, or else opened; 0 for none.
fn last_version(account: &Account) -> u32 {
    let Timed { tier, left_by, .. } = account.time();
    match (tier, left_by) {
        (Some(tier), _) => tier.version,
        (None, 0) => account.opened_under,
        (None, left_by) => left_by,
    }
}

/// Whether time has nothing to do to an account of `operator` at `now`.
pub(crate) fn is_settled(operator: &Operator, account: &Account, now: Timestamp) -> bool {
    if account.due() <= now {
        return false;
    }
    let Some((version, _)) = tiers_at(operator, now) else { return account.tier().is_none() };
    account.tier().is_some_and(|tier| {
        tier.version == version.number && tier.state.as_of() >= today(version, now)
    })
}

/// The version in force at `now`, where it has tiers.
pub(crate) fn tiers_at(operator: &Operator, now: Timestamp) -> Option<(&Version, &Tiers)> {
    let version = operator.versions.at(now)?;
    Some((version, tiers_of(version)?))
}

fn tiers_of(version: &Version) -> Option<&Tiers> {
    program_of(version).tiers.as_ref()
}

fn program_of(version: &Version) -> &Program {
    &version.program.program
}

/// The day of a moment in the zone of a version.
pub(crate) fn today(version: &Version, now: Timestamp) -> Day {
    program_of(version).zone.day(now)
}

/// Settles an account at `now`.
fn settle(
    operator: &Operator,
    account: &Account,
    now: Timestamp,
    ordered: &dyn Fn(&Version) -> Timestamp,
    earned: &impl EarnedDays,
) -> Settled {
    let Timed { tier, left_by, .. } = account.time();
    let mut settling = Settling { operator, earned, tier, left_by, changes: Vec::new() };
    if tier.is_none()
        && left_by == 0
        && let Some(version) = operator.versions.get(account.opened_under)
    {
        // Whoever is new begins at the lowest level.
        settling.take_over(version, version.effective_from);
    }
    let last = settling.tier.map_or(settling.left_by, |tier| tier.version);
    let since = operator.versions.get(last);
    for (begins, version) in transitions(operator, since, now, ordered) {
        settling.take_over(version, begins);
    }
    // One that had begun here, and nowhere else, may have been withdrawn.
    if let Some(in_force) = operator.versions.at(now)
        && settling.tier.map_or(settling.left_by, |tier| tier.version) != in_force.number
    {
        settling.take_over(in_force, now);
    }
    settling.advance(now);
    let Settling { tier, left_by, changes, .. } = settling;
    let due = next_due(operator, tier, now, earned);
    Settled { timed: Timed { tier, left_by, due }, changes }
}

/// The versions that came into force after `since`, up to `now`, each with the moment.
///
/// A version begins with its time, or when it was published later than that; one that begins while another
/// has a later time never does.
fn transitions<'o>(
    operator: &'o Operator,
    since: Option<&Version>,
    now: Timestamp,
    ordered: &dyn Fn(&Version) -> Timestamp,
) -> Vec<(Timestamp, &'o Version)> {
    let begins = |version: &&'o Version| version.effective_from.max(ordered(version)).min(now);
    let mut begun: Vec<_> = operator.versions.in_force_after(since, now).collect();
    // In one moment, time begins what was published before; then come those that begin with their places, in order.
    let was_to_begin = |version: &Version| version.effective_from >= ordered(version);
    begun.sort_by_key(|version| (begins(version), !was_to_begin(version), version.number));
    let mut transitions: Vec<(Timestamp, &Version)> = Vec::new();
    for version in begun {
        let rank = |version: &Version| (version.effective_from, version.number);
        if transitions.last().is_none_or(|(_, last)| rank(last) < rank(version)) {
            let moment = begins(&version);
            // Of those that were to begin together, only the last does. Those that begin with their places in
            // one batch do so one after the other.
            transitions.pop_if(|(begun, last)| {
                *begun == moment && was_to_begin(last) && was_to_begin(version)
            });
            transitions.push((moment, version));
        }
    }
    transitions
}

struct Settling<'s, E> {
    operator: &'s Operator,
    earned: &'s E,
    tier: Option<AccountTier>,
    left_by: u32,
    changes: Vec<TierMoved>,
}

impl<'s, E: EarnedDays> Settling<'s, E> {
    /// The tiers by which the player stands.
    fn present(&self) -> Option<(AccountTier, &'s Version, &'s Tiers)> {
        let tier = self.tier?;
        let version = self.operator.versions.get(tier.version).expect("a version stays for ever");
        Some((tier, version, tiers_of(version).expect("a tier is one of its version's")))
    }

    /// Brings the tier to a moment by the program that it has.
    fn advance(&mut self, now: Timestamp) {
        let Some((tier, version, tiers)) = self.present() else { return };
        let (state, changes) = tiers.advance(tier.state, today(version, now), self.earned);
        let moved = changes.iter().map(|change| moved(change, version, Some(tiers), Some(tiers)));
        self.changes.extend(moved);
        self.tier = Some(AccountTier { state, ..tier });
    }

    /// Goes over to a version that begins at a moment.
    fn take_over(&mut self, version: &'s Version, begins: Timestamp) {
        let next = tiers_of(version);
        // By the zone that held until then, also where nothing else changes.
        self.advance(begins);
        if let (Some((tier, _, before)), Some(next)) = (self.present(), next)
            && before == next
        {
            self.tier = Some(AccountTier { version: version.number, ..tier });
            return;
        }
        let day = today(version, begins);
        let (state, change) = match (self.present(), next) {
            (None, None) => {
                self.left_by = version.number;
                return;
            }
            (Some((tier, _, before)), Some(next)) => {
                let (state, change) = next.take_over(tier.state, before, day, self.earned);
                (
                    Some(state),
                    change.map(|change| moved(&change, version, Some(before), Some(next))),
                )
            }
            (None, Some(next)) => {
                let state = next.begin(day, self.earned);
                let (after, points) = (state.level(), state.points());
                let change = TierChange { day, before: 0, after, points, unqualified_since: None };
                // The lowest level is everybody's, and nothing to tell of.
                let risen = (after > 0).then(|| moved(&change, version, None, Some(next)));
                (Some(state), risen)
            }
            (Some((tier, _, before)), None) => {
                let (before_level, points) = (tier.state.level(), tier.state.points());
                let change = TierChange {
                    day,
                    before: before_level,
                    after: 0,
                    points,
                    unqualified_since: None,
                };
                (None, Some(moved(&change, version, Some(before), None)))
            }
        };
        self.left_by = if state.is_some() { 0 } else { version.number };
        self.tier = state.map(|state| AccountTier { state, version: version.number });
        self.changes.extend(change);
    }
}

/// A change by the names of levels.
pub(crate) fn moved(
    change: &TierChange,
    version: &Version,
    before: Option<&Tiers>,
    after: Option<&Tiers>,
) -> TierMoved {
    let name =
        |tiers: Option<&Tiers>, level| tiers.map(|tiers| tiers.levels.get(level).name.clone());
    TierMoved {
        version: version.number,
        before: name(before, change.before),
        after: name(after, change.after),
        day: change.day,
        points: change.points,
        unqualified_since: change.unqualified_since,
    }
}

fn next_due(
    operator: &Operator,
    tier: Option<AccountTier>,
    now: Timestamp,
    earned: &impl EarnedDays,
) -> Timestamp {
    let next_day = tier.and_then(|AccountTier { state, version }| {
        let version = operator.versions.get(version)?;
        Some((version, tiers_of(version)?.next_day(state, earned)?))
    });
    next_day.map_or(Account::NEVER, |(version, day)| begins(version, day, now))
}

/// The first moment of a day by the zone of a version, and after `now`.
pub(crate) fn begins(version: &Version, day: Day, now: Timestamp) -> Timestamp {
    begin_of_day(day, &program_of(version).zone).max(now.plus_micros(1))
}

/// The walk through all accounts that a version asks for which was just published: where it may give anybody
/// another tier than the versions that have not ended before it.
pub(crate) fn walk_of(
    published: &Version,
    operator: &Operator,
    now: Timestamp,
) -> Option<(WalkKey, Walk)> {
    let key = WalkKey { operator: operator.number, version: published.number };
    let others = operator.versions.all();
    let others = others.filter(|other| other.number != published.number && !other.withdrawn);
    let (begun, later): (Vec<_>, Vec<_>) = others.partition(|other| other.effective_from <= now);
    let in_force = begun.into_iter().max_by_key(|other| (other.effective_from, other.number));
    let is_other = |other: &Version| tiers_of(other) != tiers_of(published);
    let differs = in_force.is_none_or(is_other) || later.into_iter().any(is_other);
    differs.then_some((key, Walk { due: published.effective_from.max(now), ordered: now, next: 0 }))
}

/// So many accounts are looked at for one timer.
const WALKED_MAX: usize = 1_024;

/// What a walk has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// An account that gets another tier, or the same by another version.
    pub found: Option<Ordinal>,
    /// How far it is; `None` at the end.
    pub walk: Option<Walk>,
}

impl Partition {
    /// Looks for the next account that a version which has begun has not been asked for.
    pub(crate) fn walk(&self, key: WalkKey, walk: Walk) -> Walked {
        let operator = self.rules.operator_numbered(key.operator).expect("it has published");
        let rank = |number: u32| {
            let version = operator.versions.get(number);
            version.map(|version| (version.effective_from, version.number))
        };
        let is_behind = |account: &Account| rank(last_version(account)) < rank(key.version);
        let from = walk.next as usize;
        let players = self.players.all().iter_from(from.min(self.players.all().len()));
        let numbered = (walk.next..).zip(players).take(WALKED_MAX);
        let mut looked_at = numbered.map(|(ordinal, player)| {
            (ordinal, player.operator == key.operator && is_behind(&player.account))
        });
        let found = looked_at.find(|(_, is_behind)| *is_behind).map(|(ordinal, _)| ordinal);
        let next = found.map_or_else(|| from + WALKED_MAX, |found| found as usize + 1);
        let next = Ordinal::try_from(next).ok().filter(|_| next < self.players.all().len());
        Walked { found, walk: next.map(|next| Walk { next, ..walk }) }
    }

    /// Where time has brought the account of a player; `None` where it is there already.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub fn settled(&self, player: Ordinal, store: &mut impl Store) -> io::Result<Option<Settled>> {
        let (operator, account) = self.owner(player);
        if is_settled(operator, account, self.time) {
            return Ok(None);
        }
        self.settled_now(player, store).map(Some)
    }

    /// The same, whether or not it is there already.
    pub(crate) fn settled_now(
        &self,
        player: Ordinal,
        store: &mut impl Store,
    ) -> io::Result<Settled> {
        let (operator, account) = self.owner(player);
        let earned = Earned {
            partition: self,
            player,
            account,
            store: RefCell::new(store),
            read: RefCell::default(),
            failed: Cell::new(None),
        };
        // A version was ordered no earlier than those before it, whose walks say when they were.
        let ordered = |version: &Version| {
            let upto =
                |key: &WalkKey| key.operator == operator.number && key.version <= version.number;
            let walks = self.tables.walks.iter().filter(|(key, _)| upto(key));
            let ordered = walks.map(|(_, walk)| walk.ordered);
            ordered.fold(version.program.since.time, Timestamp::max)
        };
        let settled = settle(operator, account, self.time, &ordered, &earned);
        match earned.failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(settled),
        }
    }

    /// The account of a player as time has made it, where it has.
    pub(crate) fn settled_account(
        &self,
        player: Ordinal,
        store: &mut impl Store,
    ) -> io::Result<Option<Account>> {
        let settled = self.settled(player, store)?;
        Ok(settled.map(|settled| settled.account(&self.players.get(player).account)))
    }

    pub(crate) fn owner(&self, player: Ordinal) -> (&Operator, &Account) {
        let player = self.players.get(player);
        let operator = self.rules.operator_numbered(player.operator);
        (operator.expect("a player has an operator"), &player.account)
    }
}

/// What a player has earned by day: the newest day lies with the account, the others are rows, read when they
/// are asked for.
struct Earned<'p, S> {
    partition: &'p Partition,
    player: Ordinal,
    account: &'p Account,
    store: RefCell<&'p mut S>,
    read: RefCell<Rows>,
    failed: Cell<Option<io::Error>>,
}

/// Rows of a player that have been read: all from a day on, up to another.
#[derive(Debug, Default)]
struct Rows {
    from: Option<Day>,
    read: Vec<(Day, Points)>,
    /// There are no more behind them.
    are_all: bool,
}

/// So many rows are read at a time.
const ROWS_TOGETHER: usize = 32;

impl Rows {
    /// The first row from `day` on.
    fn first_from(&self, day: Day) -> Option<(Day, Points)> {
        self.read.iter().find(|(earned, _)| *earned >= day).copied()
    }

    /// Whether [`Rows::first_from`] says what is so.
    fn know(&self, day: Day) -> bool {
        let reach = self.from.is_some_and(|from| from <= day);
        reach && (self.are_all || self.first_from(day).is_some())
    }
}

impl<S: Store> Earned<'_, S> {
    fn read_from(&self, day: Day) -> io::Result<Rows> {
        let player = self.player;
        let mut read = Rows { from: Some(day), ..Rows::default() };
        let mut from = Bound::Included(CapDayKey { player, day });
        while read.read.is_empty() && !read.are_all {
            let excerpt = self.partition.tables.cap_days.excerpt(from.as_ref(), ROWS_TOGETHER);
            let mut store = self.store.borrow_mut();
            let Stretch { rows, to } = excerpt.read(self.partition.number, &mut **store)?;
            read.are_all = to.is_none_or(|to| to.player != player);
            let own = rows.into_iter().take_while(|(key, _)| key.player == player);
            let earned = own.filter(|(_, points)| *points > Points::ZERO);
            read.read.extend(earned.map(|(key, points)| (key.day, points)));
            if let Some(to) = to {
                from = Bound::Excluded(to);
            }
        }
        Ok(read)
    }
}

impl<S: Store> EarnedDays for Earned<'_, S> {
    fn first_from(&self, day: Day) -> Option<(Day, Points)> {
        let newest = self.account.cap_day;
        let newest_earned =
            Some((newest.day, newest.used)).filter(|(_, used)| *used > Points::ZERO);
        // The rows are of days before the newest; who has no entry has none.
        if day >= newest.day || self.account.sequence == 0 {
            return newest_earned.filter(|(newest, _)| *newest >= day);
        }
        if !self.read.borrow().know(day) {
            match self.read_from(day) {
                Ok(read) => *self.read.borrow_mut() = read,
                Err(error) => self.failed.set(Some(error)),
            }
        }
        self.read.borrow().first_from(day).or(newest_earned)
    }
}
