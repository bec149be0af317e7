//! What time does to an account: to which tier it brings its player, which points expire, and when it may do
//! so next.
//!
//! An account is settled before it is touched, on each day once, and when it is due; so what is touched is never
//! late. What comes out does not depend on how often it is settled.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::ops::Bound;
use std::sync::Arc;

use accolade_domain::account::{Account, Timed, ToldOf};
use accolade_domain::amount::Points;
use accolade_domain::civil::begin_of_day;
use accolade_domain::lots::{Expired, Expiry, Lots};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::program::{Program, Versions};
use accolade_domain::tier::{EarnedDays, TierChange, TierState, Tiers};
use accolade_domain::time::{Day, Timestamp, ZoneOffsets};
use accolade_wire::notice::{PointsExpiring, TierMoved};

use crate::behaviour::SECOND;
use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::{Operator, Published, Version};
use crate::store::Store;
use crate::tables::Stretch;
use crate::tables::cap_days::CapDayKey;
use crate::tables::requests::RequestKey;
use crate::tables::reservations::Reservation;
use crate::tables::walks::{Walk, WalkKey};

/// Where time has brought an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The tier, and when time may next change anything.
    pub timed: Timed,
    /// How the tier has changed, in order.
    pub changes: Vec<TierMoved>,
    /// Where the points come from, where that has changed.
    pub lots: Option<PackedLots>,
    /// What has expired, in order.
    pub expired: Vec<Expiring>,
    /// Redemptions that have lapsed, in order.
    pub lapsed: Vec<(RequestKey, Reservation)>,
    /// Points that expire soon, of which nobody was told.
    pub expiring: Option<PointsExpiring>,
}

/// Points that expire by a version of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// The version's number.
    pub version: u32,
    /// The points.
    pub expired: Expired,
}

/// At so many moments points expire at most when an account is settled; what would be at more goes with the
/// last. An account that is settled in time has one.
const EXPIRING_MAX: usize = 32;

impl Settled {
    /// The account as it is then.
    pub fn account(&self, account: &Account) -> Account {
        let expired = self.expired.iter().map(|expiring| expiring.expired.points());
        let balance = expired.fold(account.balance, |balance, points| {
            balance.minus(points).expect("what expires is part of the balance")
        });
        let lots = self.lots.as_ref().unwrap_or(&account.lots).clone();
        Account { timed: self.timed, lots, balance, ..account.clone() }
    }
}

/// How many points are reserved together.
pub fn sum_of<'r>(reserved: impl Iterator<Item = &'r Reservation>) -> Points {
    reserved.fold(Points::ZERO, |sum, reservation| {
        sum.plus(reservation.points).expect("what is reserved is part of a balance")
    })
}

/// Whether time has nothing to do to an account of `operator` at `now`.
fn is_settled(operator: &Operator, account: &Account, now: Timestamp) -> bool {
    let Timed { tier, settled_by, due, is_passed_over, .. } = account.timed;
    if due <= now || is_passed_over {
        return false;
    }
    let Some(version) = operator.versions.at(now) else {
        // Behaviour 1 has left points in no lots.
        let is_in_lots = account.balance == Points::ZERO || account.lots != PackedLots::default();
        return settled_by == 0 && is_in_lots;
    };
    let is_today = |tier: TierState| tier.as_of() >= today(version, now);
    settled_by == version.number && tier.map_or_else(|| tiers_of(version).is_none(), is_today)
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

/// Settles an account at `now`, by the versions of its operator; `reserved` is what is reserved in it.
pub(crate) fn settle(
    versions: &Versions<Arc<Published>>,
    account: &Account,
    reserved: Vec<(RequestKey, &Reservation)>,
    now: Timestamp,
    ordered: &dyn Fn(&Version) -> Timestamp,
    earned: &impl EarnedDays,
) -> Settled {
    let Timed { tier, settled_by, due, is_passed_over, told } = account.timed;
    let by = versions.get(settled_by);
    let mut lots = account.lots.unpack();
    let outside = sum_of(reserved.iter().map(|(_, reservation)| *reservation));
    if lots.balance().plus(outside) != Some(account.balance) {
        // Behaviour 1 has counted points, and not when they were earned.
        let day = ZoneOffsets::default().day(account.last_updated);
        lots = Lots::of_balance(account.balance, day);
    }
    let (changes, expired, lapsed) = (Vec::new(), Vec::new(), Vec::new());
    let mut reserved = VecDeque::from(reserved);
    reserved.make_contiguous().sort_by_key(|(key, held)| (held.hold_until, *key));
    let due = if is_passed_over { Timestamp::from_micros(i64::MIN) } else { due };
    let mut settling =
        Settling { earned, by, due, tier, lots, reserved, changes, expired, lapsed, apart: 0 };
    if let (None, Some(version)) = (tier, by)
        && let Some(tiers) = tiers_of(version)
    {
        // Whoever is new begins at the lowest level.
        settling.tier = Some(tiers.begin(today(version, version.effective_from), earned));
    }
    for (begins, version) in transitions(versions, by, now, ordered) {
        settling.take_over(version, begins);
    }
    // One that had begun here, and nowhere else, may have been withdrawn.
    if let Some(in_force) = versions.at(now)
        && settling.by.is_none_or(|by| by.number != in_force.number)
    {
        settling.take_over(in_force, now);
    }
    settling.advance(now);
    let expiring = settling.expiring(now, told);
    let told = expiring.map_or(told, |expiring| ToldOf::at(expiring.at));
    let due = settling.next_due(now, told);
    let Settling { by, tier, lots, changes, expired, lapsed, .. } = settling;
    let settled_by = by.map_or(0, |version| version.number);
    let lots = Some(PackedLots::from(&lots)).filter(|lots| *lots != account.lots);
    let timed = Timed { tier, settled_by, due, is_passed_over: false, told };
    Settled { timed, changes, lots, expired, lapsed, expiring }
}

/// The versions that came into force after `since`, up to `now`, each with the moment.
///
/// A version begins with its time, or when it was published later than that; one that begins while another
/// has a later time never does.
fn transitions<'o>(
    versions: &'o Versions<Arc<Published>>,
    since: Option<&Version>,
    now: Timestamp,
    ordered: &dyn Fn(&Version) -> Timestamp,
) -> Vec<(Timestamp, &'o Version)> {
    let begins = |version: &&'o Version| version.effective_from.max(ordered(version)).min(now);
    let mut begun: Vec<_> = versions.in_force_after(since, now).collect();
    // In one moment, time begins what was published before; then come those that begin with their places, in order.
    let was_to_begin = |version: &Version| version.effective_from > ordered(version);
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
    earned: &'s E,
    /// The version that is in force.
    by: Option<&'s Version>,
    /// From when on anything may expire by it. What is earned in a month that has expired is there until it is due.
    due: Timestamp,
    tier: Option<TierState>,
    lots: Lots,
    /// What is reserved, by when it lapses.
    reserved: VecDeque<(RequestKey, &'s Reservation)>,
    changes: Vec<TierMoved>,
    expired: Vec<Expiring>,
    lapsed: Vec<(RequestKey, Reservation)>,
    /// So many entries of what has expired stand for themselves.
    apart: usize,
}

impl<'s, E: EarnedDays> Settling<'s, E> {
    /// The tiers by which the player stands.
    fn present(&self) -> Option<(TierState, &'s Tiers)> {
        let tiers = self.by.and_then(tiers_of);
        Some((self.tier?, tiers.expect("a tier is one of its version's")))
    }

    /// Brings the account to a moment by the program in force.
    fn advance(&mut self, now: Timestamp) {
        if let Some((state, tiers)) = self.present()
            && let Some(version) = self.by
        {
            let (state, changes) = tiers.advance(state, today(version, now), self.earned);
            let both = Some(tiers);
            self.changes.extend(changes.iter().map(|change| moved(change, version, both, both)));
            self.tier = Some(state);
        }
        if self.due > now {
            return;
        }
        while let Some((key, held)) = self.reserved.pop_front_if(|(_, it)| it.hold_until <= now) {
            self.expire_until(held.hold_until);
            self.lots.restore(&held.lots).expect("what was reserved is part of the balance");
            // What of it would have expired meanwhile does so with an entry of its own.
            self.apart = self.expired.len();
            self.lapsed.push((key, held.clone()));
        }
        self.expire_until(now);
    }

    fn expire_until(&mut self, now: Timestamp) {
        let Some(version) = self.by else { return };
        let Program { expiry, zone, .. } = program_of(version);
        for expired in self.lots.expire(*expiry, zone, now) {
            self.expire(Expiring { version: version.number, expired });
        }
    }

    /// What the version that begins at a moment lets expire which would have before does so then. What is given back
    /// later does not: its time is that of its month, whenever the account is settled.
    fn expire_with(&mut self, begins: Timestamp) {
        let Some(version) = self.by else { return };
        let Program { expiry, zone, .. } = program_of(version);
        for expired in self.lots.expire(*expiry, zone, begins) {
            let expired = Expired { at: begins, ..expired };
            self.expire(Expiring { version: version.number, expired });
        }
    }

    fn expire(&mut self, expiring: Expiring) {
        let is_last = self.expired.len() == EXPIRING_MAX;
        let is_apart = self.expired.len() == self.apart;
        match self.expired.last_mut() {
            Some(last) if is_last || !is_apart && last.expired.at == expiring.expired.at => {
                let Expiring { version, expired } = expiring;
                (last.version, last.expired.at) = (version, expired.at);
                last.expired.add(&expired.lots);
            }
            _ => self.expired.push(expiring),
        }
    }

    /// The points that expire next, where it is time to tell of them.
    fn expiring(&self, now: Timestamp, told: ToldOf) -> Option<PointsExpiring> {
        let version = self.by?;
        let Program { expiry, zone, .. } = program_of(version);
        expiry.notify.before(now)?;
        let (at, points) = self.lots.expiring(*expiry, zone)?;
        let is_time = expiry.notify.before(at)? <= now && ToldOf::at(at) != told;
        is_time.then_some(PointsExpiring { version: version.number, at, points })
    }

    /// When time may next change anything, or is to be told of.
    fn next_due(&self, now: Timestamp, told: ToldOf) -> Timestamp {
        let lapses = self.reserved.front().map_or(Timed::NEVER, |(_, held)| held.hold_until);
        let Some(version) = self.by else { return lapses };
        let day = self.present().and_then(|(state, tiers)| tiers.next_day(state, self.earned));
        let tier = day.map_or(Timed::NEVER, |day| begins(version, day, now));
        tier.min(expires(version, &self.lots, told, now)).min(lapses)
    }

    /// Goes over to a version that begins at a moment.
    fn take_over(&mut self, version: &'s Version, begins: Timestamp) {
        let next = tiers_of(version);
        // By the zone that held until then, also where nothing else changes.
        self.advance(begins);
        let present = self.present();
        (self.by, self.due) = (Some(version), begins);
        self.expire_with(begins);
        let day = today(version, begins);
        let (state, change) = match (present, next) {
            (None, None) => return,
            (Some((_, before)), Some(next)) if before == next => return,
            (Some((state, before)), Some(next)) => {
                let (state, change) = next.take_over(state, before, day, self.earned);
                let moved = |change| moved(&change, version, Some(before), Some(next));
                (Some(state), change.map(moved))
            }
            (None, Some(next)) => {
                let state = next.begin(day, self.earned);
                let (after, points) = (state.level(), state.points());
                let change = TierChange { day, before: 0, after, points, unqualified_since: None };
                // The lowest level is everybody's, and nothing to tell of.
                let risen = (after > 0).then(|| moved(&change, version, None, Some(next)));
                (Some(state), risen)
            }
            (Some((state, tiers)), None) => {
                let (before, points) = (state.level(), state.points());
                let change = TierChange { day, before, after: 0, points, unqualified_since: None };
                (None, Some(moved(&change, version, Some(tiers), None)))
            }
        };
        self.tier = state;
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

/// When the next points of lots expire by a version, or that is to be told, after `now`; [`Timed::NEVER`] for never.
pub(crate) fn expires(version: &Version, lots: &Lots, told: ToldOf, now: Timestamp) -> Timestamp {
    let Program { expiry, zone, .. } = program_of(version);
    let Some((at, _)) = lots.expiring(*expiry, zone) else { return Timed::NEVER };
    let tells = expiry.notify.before(at).filter(|_| ToldOf::at(at) != told);
    tells.unwrap_or(at).max(now.plus_micros(1))
}

/// The first moment of a day by the zone of a version, and after `now`.
pub(crate) fn begins(version: &Version, day: Day, now: Timestamp) -> Timestamp {
    begin_of_day(day, &program_of(version).zone).max(now.plus_micros(1))
}

/// The walks through all accounts that a version asks for which was just published: its own, where it may give
/// anybody another tier than the versions that have not ended before it, or let other points expire, or at other
/// times; and those of versions that begin after it and may do other than it does.
pub(crate) fn walks_of(
    published: &Version,
    operator: &Operator,
    now: Timestamp,
    is_walking: bool,
) -> Vec<(WalkKey, Walk)> {
    let others = operator.versions.all();
    let others = others.filter(|other| other.number != published.number && !other.withdrawn);
    let (begun, later): (Vec<_>, Vec<_>) = others.partition(|other| other.effective_from <= now);
    let in_force = begun.into_iter().max_by_key(|other| (other.effective_from, other.number));
    let is_other = |other: &Version| {
        let (Program { tiers, expiry, zone, .. }, other) =
            (program_of(published), program_of(other));
        let is_timed = tiers.is_some() || *expiry != Expiry::default();
        *tiers != other.tiers || *expiry != other.expiry || (is_timed && *zone != other.zone)
    };
    let walk = |version: &Version, ordered: Timestamp| {
        let key = WalkKey { operator: operator.number, version: version.number };
        (key, Walk { due: version.effective_from.max(now), ordered, next: 0 })
    };
    let others: Vec<_> = later.into_iter().filter(|other| is_other(other)).collect();
    // Whoever a walk has not come to stands by a version that has ended.
    let has_own = is_walking || in_force.is_none_or(is_other) || !others.is_empty();
    let own = has_own.then(|| walk(published, now));
    let follows = |other: &&&Version| other.effective_from > published.effective_from;
    let following = others.iter().filter(follows);
    own.into_iter()
        .chain(following.map(|other| walk(other, other.program.since.time.min(now))))
        .collect()
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
        let is_behind = |account: &Account| rank(account.timed.settled_by) < rank(key.version);
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
        self.settled_at(player, self.time, store)
    }

    /// The same at a moment that is not before the last batch.
    fn settled_at(
        &self,
        player: Ordinal,
        now: Timestamp,
        store: &mut impl Store,
    ) -> io::Result<Option<Settled>> {
        let (operator, account) = self.owner(player);
        let settles = self.rules.settings.behaviour >= SECOND.number;
        if !settles || self.is_settled(operator, account, now) {
            return Ok(None);
        }
        self.settled_anew(player, now, store).map(Some)
    }

    /// Whether time has nothing to do to an account. While a walk has not ended, versions may have begun since it was
    /// settled that have ended again.
    #[inline]
    pub(crate) fn is_settled(
        &self,
        operator: &Operator,
        account: &Account,
        now: Timestamp,
    ) -> bool {
        is_settled(operator, account, now) && !self.is_walking(operator, now)
    }

    /// Whether a version of an operator has begun and not been brought to all accounts.
    pub(crate) fn is_walking(&self, operator: &Operator, now: Timestamp) -> bool {
        let mut walks = self.tables.walks.iter();
        walks.any(|(key, walk)| key.operator == operator.number && walk.due <= now)
    }

    /// The same, whether or not it is there already.
    pub(crate) fn settled_now(
        &self,
        player: Ordinal,
        store: &mut impl Store,
    ) -> io::Result<Settled> {
        self.settled_anew(player, self.time, store)
    }

    fn settled_anew(
        &self,
        player: Ordinal,
        now: Timestamp,
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
        // A walk says when its version was ordered; another was no earlier than those before it.
        let ordered = |version: &Version| {
            let own = WalkKey { operator: operator.number, version: version.number };
            if let Some(walk) = self.tables.walks.get(&own) {
                return walk.ordered;
            }
            let upto =
                |key: &WalkKey| key.operator == operator.number && key.version <= version.number;
            let walks = self.tables.walks.iter().filter(|(key, _)| upto(key));
            let ordered = walks.map(|(_, walk)| walk.ordered);
            ordered.fold(version.program.since.time, Timestamp::max)
        };
        let reserved = self.reserved(player).collect();
        let settled = settle(&operator.versions, account, reserved, now, &ordered, &earned);
        match earned.failed.into_inner() {
            Some(error) => Err(error),
            None => Ok(settled),
        }
    }

    /// The account of a player as time has made it, where it has.
    pub(crate) fn settled_account(
        &self,
        player: Ordinal,
        now: Timestamp,
        store: &mut impl Store,
    ) -> io::Result<Option<Account>> {
        let settled = self.settled_at(player, now, store)?;
        Ok(settled.map(|settled| settled.account(&self.players.get(player).account)))
    }

    /// What is reserved in a player's account now, in the order in which it was.
    pub fn held(&self, player: Ordinal) -> impl Iterator<Item = (RequestKey, &Reservation)> {
        self.held_at(player, self.time)
    }

    pub(crate) fn held_at(
        &self,
        player: Ordinal,
        now: Timestamp,
    ) -> impl Iterator<Item = (RequestKey, &Reservation)> {
        self.reserved(player).filter(move |(_, reservation)| reservation.hold_until > now)
    }

    /// The same, with what is to lapse as soon as the account is settled.
    pub fn reserved(&self, player: Ordinal) -> impl Iterator<Item = (RequestKey, &Reservation)> {
        self.tables.reservations.of(player).map(|(key, reservation)| (*key, reservation))
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
