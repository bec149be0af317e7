//! An account as it was at a moment, made again of all that is kept of it: its entries, redemptions and signals.
//!
//! What each of them has changed is done again by what did it first, in the order in which it was, and is held against
//! what was recorded; and what comes of all of them is held against the account as it is. Where anything differs,
//! something has changed the account that left no trace, and its past is not known.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;

use accolade_domain::account::{Account, CapDay, Timed};
use accolade_domain::amount::Points;
use accolade_domain::ledger::{Entry, EntryKind, Moved, Place, Subject};
use accolade_domain::lots::{Lot, Lots, PendingLot, Source, Taken};
use accolade_domain::outcome::Outcome;
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::program::Versions;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::signal::SignalState;
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::identity::IdKind;

use super::event::timed;
use super::{Input, Loaded, What, adjusting, lots, spending, tier};
use crate::behaviour::SECOND;
use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::{Operator, Published, Rules, Settings, Since, Version};
use crate::settle::{Expiring, Settled, settle, sum_of};
use crate::step::{Change, Step};
use crate::store::{Ask, Hours, Store};
use crate::tables::Timer;
use crate::tables::cap_days::{CapDayKey, forgotten_at};
use crate::tables::redemptions::Redemption;
use crate::tables::requests::{Found, RequestKey};
use crate::tables::reservations::Reservation;
use crate::tables::signals::{Closed, HeldPoints, Raised};

/// An account as it is, and what was said about it that goes on.
#[derive(Debug, Clone)]
pub struct Present {
    /// The time that has been brought to it.
    pub time: Timestamp,
    /// What comes next is not of it.
    pub next_batch: u64,
    /// The rules in force.
    pub rules: Arc<Rules>,
    /// The operator, with all versions of its programs.
    pub operator: Arc<Operator>,
    /// The account, as time has made it.
    pub account: Account,
    /// What is reserved in it.
    pub reserved: Points,
}

/// All that is kept of what has happened to an account.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The rows of what was earned by day.
    pub days: Vec<(CapDayKey, Points)>,
    /// Its entries, oldest first, each with what became of the record that made it.
    pub entries: Vec<(Entry<'static>, Outcome)>,
    /// Voids that have left no entry, since they took nothing, by their places, each with its time.
    pub voids: Vec<(Place, Timestamp, Outcome)>,
    /// Its redemptions.
    pub redemptions: Vec<(RequestKey, Found<Reservation, Redemption>)>,
    /// Its signals.
    pub signals: Vec<Found<Raised, Closed>>,
}

/// An account as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The account, as time had made it. Of all that it has this is its balance, and from where on how time goes on.
    pub account: Account,
    /// What was reserved in it.
    pub reserved: Points,
}

impl Partition {
    /// The account of a player as it is.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub fn present(&self, player: Ordinal, store: &mut impl Store) -> io::Result<Present> {
        // What the last batch has left to time has come to pass for whoever looks.
        let now = self.time().plus_micros(1);
        let account = match self.settled_account(player, now, store)? {
            Some(settled) => settled,
            None => self.players.get(player).account.clone(),
        };
        let operator = self.rules.operator_numbered(self.players.get(player).operator);
        Ok(Present {
            time: now,
            next_batch: self.next_batch,
            rules: Arc::clone(&self.rules),
            operator: Arc::clone(operator.expect("a player has an operator")),
            account,
            reserved: sum_of(self.held_at(player, now).map(|(_, reservation)| reservation)),
        })
    }
}

/// The account at a moment that is not after its present; `None` where that is not known.
///
/// A version of the program counts from its publication on, which a partition hears of a moment later.
pub fn past(present: &Present, kept: &Kept, at: Timestamp) -> Option<Past> {
    if kept.entries.len() as u64 != present.account.sequence {
        return None;
    }
    let mut fold = Fold::new(present);
    let mut events = kept.events(present.time).into_iter().peekable();
    while let Some(event) = events.next_if(|event| event.time <= at) {
        fold.take(&event)?;
    }
    let then = fold.clone().brought_to(at);
    for event in events {
        fold.take(&event)?;
    }
    let all_expired = fold.expired.is_empty();
    let now = fold.brought_to(present.time);
    let is_known = all_expired && now.days == kept.days(&present.account);
    (is_known && is_as(present, &now.past())).then_some(then.past())
}

/// Whether an account was made again as it is.
fn is_as(present: &Present, again: &Past) -> bool {
    let lots = |account: &Account| {
        let mut lots = account.lots.unpack();
        lots.mature(present.time);
        lots
    };
    let of = |account: &Account| {
        let Timed { tier, settled_by, .. } = account.timed;
        (account.balance, tier, settled_by, lots(account))
    };
    of(&present.account) == of(&again.account) && present.reserved == again.reserved
}

/// Something that has changed an account.
#[derive(Debug, Clone, Copy)]
struct Event<'k> {
    time: Timestamp,
    place: Place,
    what: Happened<'k>,
}

#[derive(Debug, Clone, Copy)]
enum Happened<'k> {
    Entered(&'k Entry<'static>, &'k Outcome),
    Voided(&'k Outcome),
    Reserved(RequestKey, &'k Reservation),
    Cancelled(RequestKey),
    Held(&'k Raised),
    Released(&'k Closed),
}

impl Happened<'_> {
    fn is_by_time(self) -> bool {
        matches!(self, Happened::Entered(entry, _) if entry.kind.is_by_time())
    }
}

/// After all that has a place in the same batch.
const WITHOUT_PLACE: Place = Place { partition: 0, batch: u64::MAX, slot: 0, number: 0 };

impl Kept {
    /// Asks for the voids of wagers that no entry tells of.
    pub fn ask_for_voids(&self, present: &Present, player: &str) -> Vec<Ask> {
        let Present { rules, operator, next_batch, .. } = present;
        let key = &rules.settings.hash_key;
        let [a, b, c, d, ..] = key.player(player).to_le_bytes();
        let ask = |wager: &str| Ask {
            id: key.id(&operator.id, IdKind::Void, wager),
            player: u32::from_le_bytes([a, b, c, d]),
            hours: Hours::ALL,
            before_batch: *next_batch,
        };
        let voided = |(_, outcome): &(Entry<'_>, Outcome)| {
            let Outcome::Voided { wager, .. } = outcome else { return None };
            wager.map(Place::record_number)
        };
        let told: BTreeSet<u64> = self.entries.iter().filter_map(voided).collect();
        let earned = self.entries.iter().map(|(entry, _)| entry);
        let earned = earned.filter(|entry| entry.kind == EntryKind::Earned);
        let untold = earned.filter(|entry| !told.contains(&entry.place.record_number()));
        untold.map(|entry| ask(&entry.cause)).collect()
    }

    /// What has happened up to a moment, in order.
    fn events(&self, until: Timestamp) -> Vec<Event<'_>> {
        let entered = self.entries.iter().map(|(entry, outcome)| Event {
            time: entry.record_time,
            place: entry.place,
            what: Happened::Entered(entry, outcome),
        });
        let voided = self.voids.iter().map(|(place, time, outcome)| Event {
            time: *time,
            place: *place,
            what: Happened::Voided(outcome),
        });
        let redemptions =
            self.redemptions.iter().flat_map(|(key, asked)| of_redemption(*key, asked));
        let signals = self.signals.iter().flat_map(of_signal);
        let all = entered.chain(voided).chain(redemptions).chain(signals);
        let mut events: Vec<_> = all.filter(|event| event.time <= until).collect();
        // What had expired before a record was decided stands at the place of that.
        events.sort_by_key(|event| {
            let Place { batch, slot, number, .. } = event.place;
            (event.time, batch, slot, !event.what.is_by_time(), number)
        });
        events
    }

    /// What was earned by day: the newest day lies with the account.
    fn days(&self, account: &Account) -> BTreeMap<Day, Points> {
        let CapDay { day: newest, used } = account.cap_day;
        let rows = self.days.iter().map(|(key, used)| (key.day, *used));
        let older = rows.filter(|(day, _)| *day < newest);
        older.chain([(newest, used)]).filter(|(_, used)| *used > Points::ZERO).collect()
    }
}

fn of_redemption(
    key: RequestKey,
    asked: &Found<Reservation, Redemption>,
) -> impl Iterator<Item = Event<'_>> {
    let (reservation, cancelled_at) = match asked {
        Found::Open(open) => (open, None),
        Found::Closed(Redemption { reservation, state, closed_at, .. }) => {
            let is_cancelled = *state == RedemptionState::Cancelled;
            (reservation, is_cancelled.then_some(*closed_at))
        }
    };
    let what = Happened::Reserved(key, reservation);
    let reserved = Event { time: reservation.reserved_at, place: key.place, what };
    let cancelled = cancelled_at.map(|time| Event {
        time,
        place: WITHOUT_PLACE,
        what: Happened::Cancelled(key),
    });
    [reserved].into_iter().chain(cancelled)
}

/// What a program has held went into its lot with the entry.
fn of_signal(asked: &Found<Raised, Closed>) -> impl Iterator<Item = Event<'_>> {
    let (raised, closed) = match asked {
        Found::Open(raised) => (raised, None),
        Found::Closed(closed) => (&closed.raised, Some(closed)),
    };
    let has_held = raised.held.points > Points::ZERO;
    let is_from_outside = has_held && !raised.said.who.is_empty();
    let released = closed.filter(|closed| has_held && closed.state == SignalState::Released);
    let event = |time, what| Event { time, place: WITHOUT_PLACE, what };
    let held = is_from_outside.then(|| event(raised.raised_at, Happened::Held(raised)));
    let released = released.map(|closed| event(closed.closed_at, Happened::Released(closed)));
    held.into_iter().chain(released)
}

/// What an operator has said about a version.
#[derive(Debug, Clone)]
enum Said {
    Published(Timestamp, Arc<Published>),
    Withdrawn(u32),
}

/// An account that is made again.
#[derive(Debug, Clone)]
struct Fold<'k> {
    settings: &'k Settings,
    /// From when on accounts have lots and tiers.
    settles_from: Timestamp,
    /// What is not known yet of the versions.
    unsaid: VecDeque<(Since, Said)>,
    versions: Versions<Arc<Published>>,
    account: Account,
    /// The account has begun: by the program in force then.
    is_begun: bool,
    days: BTreeMap<Day, Points>,
    /// What wagers gave, and on which day, by the numbers of their records.
    wagers: BTreeMap<u64, (Points, Option<Day>)>,
    reserved: BTreeMap<RequestKey, &'k Reservation>,
    /// What has expired, whose entries are to come.
    expired: VecDeque<Expiring>,
}

impl<'k> Fold<'k> {
    fn new(present: &'k Present) -> Self {
        let Present { rules, operator, .. } = present;
        let Operator { versions, withdrawals, .. } = &**operator;
        let published = versions.all().map(|version| {
            let Version { effective_from, program, .. } = version;
            (program.since, Said::Published(*effective_from, Arc::clone(program)))
        });
        let withdrawn = withdrawals.iter().map(|(number, it)| (it.since, Said::Withdrawn(*number)));
        let mut unsaid: Vec<_> = published.chain(withdrawn).collect();
        unsaid.sort_by_key(|(since, _)| since.control);
        Self {
            settings: &rules.settings,
            settles_from: rules.decides_by_since(SECOND.number).unwrap_or(Timed::NEVER),
            unsaid: unsaid.into(),
            versions: Versions::new(),
            account: Account::new(Subject::default(), Timestamp::default()),
            is_begun: false,
            days: BTreeMap::new(),
            wagers: BTreeMap::new(),
            reserved: BTreeMap::new(),
            expired: VecDeque::new(),
        }
    }

    fn past(self) -> Past {
        Past { reserved: sum_of(self.reserved.values().copied()), account: self.account }
    }

    /// The same after nothing but time.
    fn brought_to(mut self, now: Timestamp) -> Self {
        if now >= self.settles_from {
            self.hear(now);
            self.settle(now);
        }
        self
    }

    /// Hears what was said about versions up to a moment.
    fn hear(&mut self, now: Timestamp) {
        while self.hears_next(|since| since.time <= now) {}
    }

    /// Hears what was said before time has made an entry: what is said in a batch comes after what time does in it.
    fn hear_before(&mut self, entry: &Entry<'_>) {
        let now = entry.record_time;
        while self.hears_next(|since| since.time < now) {}
        while self.versions.get(entry.program_version).is_none()
            && self.hears_next(|since| since.time <= now)
        {}
    }

    /// Hears the next that was said about versions, where it was then; says whether it was.
    fn hears_next(&mut self, was_then: impl Fn(&Since) -> bool) -> bool {
        let Some((since, said)) = self.unsaid.pop_front_if(|(since, _)| was_then(since)) else {
            return false;
        };
        match said {
            Said::Published(effective_from, program) => {
                self.versions.publish(effective_from, program);
            }
            Said::Withdrawn(number) => {
                self.versions.withdraw(number, since.time);
            }
        }
        true
    }

    fn settle(&mut self, now: Timestamp) {
        if !self.is_begun {
            self.is_begun = true;
            let in_force = self.versions.at(now);
            self.account.timed.settled_by = in_force.map_or(0, |version| version.number);
        }
        let reserved = self.reserved.iter().map(|(key, held)| (*key, *held)).collect();
        let ordered = |version: &Version| version.program.since.time;
        let settled = settle(&self.versions, &self.account, reserved, now, &ordered, &self.days);
        self.account = settled.account(&self.account);
        let Settled { lapsed, expired, .. } = settled;
        for (key, _) in lapsed {
            self.reserved.remove(&key);
        }
        self.expired.extend(expired);
    }

    /// Does again what has happened; `None` where that is not what was recorded.
    fn take(&mut self, event: &Event<'k>) -> Option<()> {
        let Event { time, what, .. } = *event;
        // Behaviour 1 has decided it, to which time is nothing.
        let is_of_old = if let Happened::Entered(entry, _) = what {
            entry.moved == Moved::Untold
        } else {
            time < self.settles_from
        };
        self.is_begun |= is_of_old;
        if !is_of_old {
            if let Happened::Entered(entry, _) = what
                && entry.kind.is_by_time()
            {
                self.hear_before(entry);
            } else {
                self.hear(time);
            }
            self.settle(time);
        }
        if !what.is_by_time() && !self.expired.is_empty() {
            return None;
        }
        match what {
            Happened::Entered(entry, outcome) => self.enter(entry, outcome),
            Happened::Voided(outcome) => self.void_nothing(outcome, time),
            Happened::Reserved(key, reservation) => self.reserve(key, reservation, time),
            Happened::Cancelled(key) => self.cancel(key, time),
            Happened::Held(raised) => self.hold(raised, time),
            Happened::Released(closed) => self.release(closed, time),
        }
    }

    fn enter(&mut self, entry: &Entry<'_>, outcome: &Outcome) -> Option<()> {
        match entry.kind {
            EntryKind::Expired => return self.expire(entry),
            EntryKind::Earned => self.earn(entry, outcome),
            EntryKind::Voided => self.void(outcome, &entry.moved, entry.record_time),
            EntryKind::Redeemed => self.confirm(entry),
            EntryKind::Adjusted | EntryKind::Opening | EntryKind::Prize => self.adjust(entry),
        }?;
        let balance = self.account.balance.plus(entry.points)?;
        (self.account.balance, self.account.last_updated) = (balance, entry.record_time);
        (balance == entry.balance_after).then_some(())
    }

    /// It has had its effect when the account was settled.
    fn expire(&mut self, entry: &Entry<'_>) -> Option<()> {
        let Expiring { version, expired } = self.expired.pop_front()?;
        let points = expired.points().negated();
        let taken = Taken { ready: expired.lots, ..Taken::default() };
        let moved = Moved::From(Box::new(taken));
        let is_it = (version, points, expired.at, &moved)
            == (entry.program_version, entry.points, entry.event_time, &entry.moved);
        self.account.last_updated = entry.record_time;
        is_it.then_some(())
    }

    fn earn(&mut self, entry: &Entry<'_>, outcome: &Outcome) -> Option<()> {
        let Outcome::Counted { points, cap_day, earned_on, matures, .. } = outcome else {
            return None;
        };
        let (points, day) = (*points, earned_on.or(*cap_day));
        self.wagers.insert(entry.place.record_number(), (points, day));
        if entry.moved != Moved::Untold {
            let day = (*earned_on)?;
            self.with(entry.record_time, |loaded, input, step| {
                let mut timed = timed(loaded);
                let fits = tier::count(loaded, input, day, points, &mut timed, step);
                let moved = lots::earn(loaded, input, day, *matures, points, &mut timed, step)?;
                step.changes.push(Change::Time(timed));
                (fits && moved == entry.moved).then_some(())
            })?;
        }
        if !cap_day.is_some_and(|day| self.is_forgotten(day, entry.record_time)) {
            self.count(day, points);
        }
        Some(())
    }

    fn void(&mut self, outcome: &Outcome, moved: &Moved, now: Timestamp) -> Option<()> {
        let Outcome::Voided { wager: Some(wager), .. } = outcome else { return None };
        let (points, day) = *self.wagers.get(&wager.record_number())?;
        let back = points.negated();
        if *moved != Moved::Untold {
            self.take_lots(moved, now)?;
            self.with(now, |loaded, input, step| {
                let mut timed = timed(loaded);
                let mut count = |day| tier::count(loaded, input, day, back, &mut timed, step);
                let fits = day.is_none_or(&mut count);
                step.changes.push(Change::Time(timed));
                fits.then_some(())
            })?;
        }
        if *moved != Moved::Untold || !day.is_some_and(|day| self.is_forgotten(day, now)) {
            self.count(day, back);
        }
        Some(())
    }

    /// A void that has left no entry has taken nothing, and may have said what it could not take.
    fn void_nothing(&mut self, outcome: &Outcome, now: Timestamp) -> Option<()> {
        let Outcome::Voided { points: Points::ZERO, owed, .. } = outcome else { return None };
        let moved = if now < self.settles_from {
            Moved::Untold
        } else {
            Moved::From(Box::new(Taken { owed: *owed, ..Taken::default() }))
        };
        self.void(outcome, &moved, now)
    }

    /// Nothing was counted against the cap of a day any more.
    fn is_forgotten(&self, day: Day, now: Timestamp) -> bool {
        forgotten_at(day, self.settings) <= now
    }

    fn count(&mut self, day: Option<Day>, points: Points) {
        let Some(day) = day else { return };
        let before = self.days.get(&day).copied().unwrap_or(Points::ZERO);
        let used = before.plus(points).unwrap_or(Points::MAX).max(Points::ZERO);
        if used == Points::ZERO {
            self.days.remove(&day);
        } else {
            self.days.insert(day, used);
        }
    }

    /// What is reserved is in no lot.
    fn confirm(&mut self, entry: &Entry<'_>) -> Option<()> {
        let key = RequestKey::read_id(&entry.cause)?;
        let reservation = self.reserved.remove(&key)?;
        (reservation.points.negated() == entry.points).then_some(())
    }

    fn adjust(&mut self, entry: &Entry<'_>) -> Option<()> {
        let now = entry.record_time;
        match entry.moved {
            Moved::Untold => None,
            Moved::Into { .. } => self.with_lots(now, |loaded, input, lots| {
                let moved = adjusting::give(loaded, input, lots, entry.points).ok()?;
                (moved == entry.moved).then_some(())
            }),
            Moved::From(_) => self.take_lots(&entry.moved, now),
        }
    }

    fn take_lots(&mut self, moved: &Moved, now: Timestamp) -> Option<()> {
        let Moved::From(taken) = moved else { return None };
        self.with_lots(now, |_, _, lots| {
            *lots = without(lots, taken)?;
            Some(())
        })
    }

    fn reserve(&mut self, key: RequestKey, it: &'k Reservation, now: Timestamp) -> Option<()> {
        self.with_lots(now, |_, _, lots| (lots.spend(it.points)? == it.lots).then_some(()))?;
        let timed = &mut self.account.timed;
        timed.due = timed.due.min(it.hold_until);
        self.reserved.insert(key, it);
        Some(())
    }

    fn cancel(&mut self, key: RequestKey, now: Timestamp) -> Option<()> {
        let reservation = self.reserved.remove(&key)?;
        self.with_lots(now, |_, _, lots| lots.restore(&reservation.lots).map(|_| ()))
    }

    fn hold(&mut self, raised: &Raised, now: Timestamp) -> Option<()> {
        let HeldPoints { points, month, matures } = raised.held;
        let source = Source { month, matures };
        self.with_lots(now, |_, _, lots| (lots.hold(source, points) == points).then_some(()))
    }

    fn release(&mut self, closed: &Closed, now: Timestamp) -> Option<()> {
        let HeldPoints { points, month, matures } = closed.raised.held;
        self.with_lots(now, |_, _, lots| {
            let released = lots.release(month, points, matures);
            lots.mature(now);
            (released == closed.points).then_some(())
        })
    }

    /// Changes the lots, after what can be spent by now.
    fn with_lots(
        &mut self,
        now: Timestamp,
        change: impl FnOnce(&Loaded<'_>, &Input<'_>, &mut Lots) -> Option<()>,
    ) -> Option<()> {
        self.with(now, |loaded, input, step| {
            let mut lots = lots::matured(loaded, input);
            change(loaded, input, &mut lots)?;
            step.changes.push(Change::Time(spending::due_with(loaded, input, &lots)));
            step.changes.push(Change::Lots(PackedLots::from(&lots)));
            Some(())
        })
    }

    /// Decides something about the account, and carries what comes of it.
    fn with(
        &mut self,
        now: Timestamp,
        decide: impl FnOnce(&Loaded<'_>, &Input<'_>, &mut Step<'_>) -> Option<()>,
    ) -> Option<()> {
        let (account, in_force) = (Some(&self.account), self.versions.at(now));
        let loaded = Loaded { account, in_force, settles: true, ..Loaded::default() };
        let what = What::Timer(&Timer::Account(0));
        let input = Input { place: Place::default(), now, what };
        let mut step = Step::only(Outcome::Recorded);
        decide(&loaded, &input, &mut step)?;
        for change in step.changes {
            if let Change::Time(timed) = change {
                self.account.timed = timed;
            } else if let Change::Lots(lots) = change {
                self.account.lots = lots;
            }
        }
        Some(())
    }
}

/// Lots without what was taken from them; `None` where they never had that.
fn without(lots: &Lots, taken: &Taken) -> Option<Lots> {
    let Taken { ready: from_ready, pending: from_pending, debt, owed } = taken;
    let (mut ready, mut pending) = (lots.ready().to_vec(), lots.pending().to_vec());
    for Lot { month, points } in from_ready {
        let lot = ready.iter_mut().find(|lot| lot.month == *month)?;
        lot.points = lot.points.minus(*points)?;
    }
    for PendingLot { matures, month, points } in from_pending {
        let is_it = |lot: &&mut PendingLot| (lot.matures, lot.month) == (*matures, *month);
        let lot = pending.iter_mut().find(is_it)?;
        lot.points = lot.points.minus(*points)?;
    }
    ready.retain(|lot| lot.points != Points::ZERO);
    pending.retain(|lot| lot.points != Points::ZERO);
    let owed = lots.owed().plus(*owed).unwrap_or(Points::MAX);
    Lots::new(ready, pending, lots.debt().plus(*debt)?, owed, lots.active())
}
