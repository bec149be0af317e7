//! What an input may touch, and loading it: the state's own values, and what the store has to be asked.

mod filling;
mod moving;
mod scores;

use std::collections::VecDeque;
use std::io;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::budget::Given;
use accolade_domain::earning::{CapUse, cap_day};
use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::lots;
use accolade_domain::outcome::Outcome;
use accolade_domain::packed_watches::Watches;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::signal::SignalState;
use accolade_domain::time::Day;
use accolade_wire::bytes::BadFormat;
use accolade_wire::control::{Award, Command, FillPage};
use accolade_wire::dialect::Dialect;
use accolade_wire::identity::{Content, IdKind, NoContent};
use accolade_wire::journal::Recorded;
use accolade_wire::named::Named;
use accolade_wire::notice::scores::Scored;
use accolade_wire::record::{Record, Source};

use self::scores::scored_by;
use crate::apply::{Asked, Loaded, Occurrence, VoidedWager, event_letter, marker_key, repaired};
use crate::behaviour::Behaviour;
use crate::input::{self, Body, Identity, Known, operator_of};
use crate::partition::{Partition, Shared, Stopped};
use crate::players::Ordinal;
use crate::rules::{Operator, Unknown, UnknownWhat, Version};
use crate::settle::walks_of;
use crate::store::{Ask, Earlier, Hours, Store};
use crate::tables::adjustments::Adjustments;
use crate::tables::cap_days::{CapDayKey, forgotten_at};
use crate::tables::dead_letters::DeadLetter;
use crate::tables::deliveries::WebhookKey;
use crate::tables::exclusions::Exclusion;
use crate::tables::letter_totals::First;
use crate::tables::outbox::MessageKey;
use crate::tables::prizes::{Prize, PrizeKey, Prizes};
use crate::tables::redemptions::Redemptions;
use crate::tables::requests::RequestKey;
use crate::tables::signals::{Raised, Signals};
use crate::tables::{Paged, Stretch, Timer};

/// So many dead letters that may end are read at once at most.
const LETTERS_AHEAD_MAX: usize = 256;

/// A record with what it may touch on disk.
#[derive(Debug)]
pub(crate) struct Keyed<'a> {
    pub(crate) record: Record<'a>,
    pub(crate) body: Body<'a>,
    ask: Option<Ask>,
    /// What the store has found for the ask.
    found: Option<Earlier>,
}

/// What an input may need beside the state.
pub(crate) struct Around<'a, S> {
    pub(crate) shared: &'a Shared,
    pub(crate) store: &'a mut S,
    /// What accounts have follows from it.
    pub(crate) behaviour: &'a Behaviour,
    /// Nothing of it will be carried.
    pub(crate) is_dry: bool,
    /// Reads what became of an earlier record of the same batch.
    pub(crate) in_batch: &'a InBatch<'a>,
}

/// Gives what became of the record of a slot.
pub(crate) type InBatch<'a> = dyn Fn(u32, &mut dyn FnMut(&Recorded<'_>)) + 'a;

/// A dead letter that ends, and which one does first then.
#[derive(Debug, Default)]
pub(crate) struct Ending {
    letter: Option<(Place, Box<DeadLetter>)>,
    first: Option<First>,
}

/// The next dead letters of a partition in the order in which they end, read ahead for one slot.
#[derive(Debug, Default)]
pub(crate) struct LettersAhead(VecDeque<(Place, Box<DeadLetter>)>);

/// Why an input cannot be decided.
#[derive(Debug)]
pub(crate) enum NotLoaded {
    /// The store failed.
    Store(io::Error),
    /// A newer release knows what it is.
    Unknown(Unknown),
    /// A newer release knows how to compare it with what came before under its id.
    NoContent(NoContent),
}

impl From<NoContent> for NotLoaded {
    fn from(none: NoContent) -> Self {
        Self::NoContent(none)
    }
}

impl From<io::Error> for NotLoaded {
    fn from(error: io::Error) -> Self {
        Self::Store(error)
    }
}

impl NotLoaded {
    /// How the fold stops at `place`, and whether a person may have it passed over there.
    pub(crate) fn stops(self, place: Place) -> (Stopped, bool) {
        let (message, may_pass) = match self {
            Self::Store(error) => return (Stopped::Store(error), false),
            Self::Unknown(unknown) => (unknown.to_string(), unknown.may_be_passed_over()),
            Self::NoContent(none) => (none.to_string(), false),
        };
        (Stopped::Bug { place, message }, may_pass)
    }
}

impl Partition {
    /// Records of a batch, each with what is known of it; the ids of all of them are asked of the store at once.
    pub(crate) fn keys<'a, 'k>(
        &self,
        records: impl Iterator<Item = (Result<Record<'a>, BadFormat>, Option<&'k Known>)>,
        batch: u64,
        dialect: &Dialect,
        store: &mut impl Store,
    ) -> io::Result<Vec<Keyed<'a>>> {
        let mut keyed = Vec::with_capacity(records.size_hint().1.unwrap_or(0));
        for (record, known) in records {
            let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
            keyed.push(self.key(record.map_err(invalid)?, known, batch, dialect));
        }
        self.ask(&mut keyed, store)?;
        Ok(keyed)
    }

    /// Brings what the records will find in memory towards the processor.
    pub(crate) fn warm(&self, keyed: &[Keyed<'_>]) {
        self.ids.warm(keyed.iter().filter_map(|keyed| keyed.ask.as_ref()));
        let players: Vec<_> = keyed.iter().filter_map(|keyed| keyed.body.player()).collect();
        self.players.warm(&players);
    }

    /// One record, with what is to be asked about its id.
    #[inline]
    pub(crate) fn key<'a>(
        &self,
        record: Record<'a>,
        known: Option<&Known>,
        batch: u64,
        dialect: &Dialect,
    ) -> Keyed<'a> {
        let body = input::read(&record, known, &self.rules.settings.hash_key, dialect);
        let ask = match &body {
            Body::Event(event, identity) => Some((self.hours(event, record.source), identity)),
            Body::Command(_, Some(identity)) => Some((self.recent_hours(), identity)),
            Body::Command(_, None)
            | Body::Control
            | Body::UnknownCommand(_)
            | Body::Malformed(_) => None,
        };
        let ask = ask.map(|(hours, identity)| Ask {
            id: identity.id,
            player: identity.player_part(),
            hours,
            before_batch: batch,
        });
        Keyed { record, body, ask, found: None }
    }

    /// Asks the store for the ids of all records at once.
    pub(crate) fn ask(&self, keyed: &mut [Keyed<'_>], store: &mut impl Store) -> io::Result<()> {
        let asks: Vec<_> = keyed.iter().filter_map(|keyed| keyed.ask).collect();
        let mut found = Vec::with_capacity(asks.len());
        store.earlier(self.number, &asks, &mut found)?;
        let asking = keyed.iter_mut().filter(|keyed| keyed.ask.is_some());
        for (keyed, found) in asking.zip(found) {
            keyed.found = found;
        }
        Ok(())
    }

    fn hours(&self, event: &Event<'_>, source: Source) -> Hours {
        match event {
            Event::Void(_) => Hours::ALL,
            Event::Wager(_) | Event::Game(_) if source == Source::Released => Hours::ALL,
            Event::Wager(_) | Event::Game(_) => {
                Hours { own: event.at().hour(), ..self.recent_hours() }
            }
        }
    }

    fn recent_hours(&self) -> Hours {
        let now = self.time.hour();
        let recent = i64::from(self.rules.settings.recent_hours);
        Hours { from: now - recent, to: now + 1, own: now }
    }

    /// The operator that a record belongs to.
    pub(crate) fn operator(&self, keyed: &Keyed<'_>) -> Option<&Operator> {
        let name = match &keyed.body {
            Body::Event(event, _) => operator_of(event, &keyed.record),
            Body::Command(..) | Body::Control | Body::UnknownCommand(_) | Body::Malformed(_) => {
                keyed.record.operator
            }
        };
        self.rules.operator(name).map(AsRef::as_ref)
    }

    /// The timer of a row that a record is about to touch, which must not be overdue, with a dead letter that
    /// ends; none where nothing is due.
    pub(crate) fn overdue(
        &self,
        keyed: &Keyed<'_>,
        store: &mut impl Store,
    ) -> io::Result<Option<(Timer, Ending)>> {
        if self.next_due().is_none_or(|due| due > self.time) {
            return Ok(None);
        }
        match &keyed.body {
            Body::Event(Event::Wager(wager), _) if !self.tables.markers.is_empty() => {
                let Some(operator) = self.operator(keyed) else { return Ok(None) };
                let key = marker_key(operator, &wager.player_id, &wager.wager_id);
                let timer = Timer::Marker(key);
                let due = self.tables.due(&timer, &self.rules.settings);
                let is_due = due.is_some_and(|due| due <= self.time);
                Ok(is_due.then(|| (timer, Ending::default())))
            }
            Body::Command(command, _) => {
                let Some(place) = self.letter_of(command) else { return Ok(None) };
                let letter = self.tables.dead_letters.load(&place, self.number, store)?;
                let Some(letter) = letter.filter(|letter| letter.until <= self.time) else {
                    return Ok(None);
                };
                let ending = match self.first_letter() {
                    Some(first) if first.place == place => {
                        self.first_ending(&mut LettersAhead::default(), 0, store)?
                    }
                    first => Ending { letter: Some((place, Box::new(letter))), first },
                };
                Ok(Some((Timer::LetterTotals(()), ending)))
            }
            Body::Event(..) | Body::Control | Body::UnknownCommand(_) | Body::Malformed(_) => {
                Ok(None)
            }
        }
    }

    fn first_letter(&self) -> Option<First> {
        self.tables.letter_totals.get(&())?.first
    }

    /// The dead letter that ends with a timer, after `fired` others in this slot.
    pub(crate) fn ending(
        &self,
        timer: &Timer,
        ahead: &mut LettersAhead,
        fired: u32,
        store: &mut impl Store,
    ) -> io::Result<Ending> {
        if *timer == Timer::LetterTotals(()) {
            self.first_ending(ahead, fired, store)
        } else {
            Ok(Ending::default())
        }
    }

    /// The dead letter that ends first, and the one after it.
    fn first_ending(
        &self,
        LettersAhead(ahead): &mut LettersAhead,
        fired: u32,
        store: &mut impl Store,
    ) -> io::Result<Ending> {
        let Some(first) = self.first_letter() else { return Ok(Ending::default()) };
        while ahead.front().is_some_and(|(place, _)| *place < first.place) {
            ahead.pop_front();
        }
        if ahead.len() < 2 {
            ahead.clear();
            // Few end in most slots, and many where a flood of them came in.
            let count = (fired as usize).clamp(2, LETTERS_AHEAD_MAX);
            let mut from = Bound::Included(first.place);
            while ahead.len() < 2 {
                let excerpt = self.tables.dead_letters.excerpt(from.as_ref(), count);
                let Stretch { rows, to } = excerpt.read(self.number, store)?;
                ahead.extend(rows.into_iter().map(|(place, letter)| (place, Box::new(letter))));
                match to {
                    Some(to) => from = Bound::Excluded(to),
                    None => break,
                }
            }
        }
        let letter = ahead.front().filter(|(place, _)| *place == first.place).cloned();
        let next = ahead.iter().find(|(place, _)| *place > first.place);
        let first = next.map(|(place, letter)| First { place: *place, until: letter.until });
        Ok(Ending { letter, first })
    }

    /// The dead letter that a command is about.
    fn letter_of(&self, command: &Command) -> Option<Place> {
        let (Command::Repair { dead_letter: (batch, slot), .. }
        | Command::Release { dead_letter: (batch, slot), .. }
        | Command::Discard { dead_letter: (batch, slot), .. }) = command
        else {
            return None;
        };
        let (partition, batch, slot) = (self.number, *batch, *slot);
        Some(Place { partition, batch, slot, number: 0 })
    }

    /// What a record of `player`, where it has one who is known, needs. One that is passed over needs little, and
    /// what it is need not be known.
    #[inline]
    pub(crate) fn load<S: Store>(
        &self,
        keyed: &Keyed<'_>,
        player: Option<Ordinal>,
        is_skipped: bool,
        around: &mut Around<'_, S>,
    ) -> Result<Loaded<'_>, NotLoaded> {
        let operator = self.operator(keyed);
        let received =
            keyed.record.origin.and_then(|origin| self.tables.inbox.get(&origin.place.partition));
        let totals = self.tables.letter_totals.get(&());
        let account = player.map(|player| &self.players.get(player).account);
        let exclusion = player.and_then(|player| self.exclusion(player));
        let ordinal = player.unwrap_or_else(|| self.players.next());
        let mut loaded = Loaded {
            operator,
            player,
            ordinal,
            account,
            received,
            totals,
            exclusion,
            ..Loaded::default()
        };
        match &keyed.body {
            Body::Event(event, identity) => {
                self.load_event(&mut loaded, keyed, event, identity, around)?;
            }
            Body::Command(command, identity) => {
                let store = &mut *around.store;
                self.load_command(&mut loaded, keyed, command, identity.as_ref(), store)?;
                if let (Some(identity), Command::RaiseSignal { wager_id: Some(wager), .. }) =
                    (identity, command)
                {
                    self.load_raised(&mut loaded, wager, identity, around)?;
                }
            }
            Body::Control => {
                let Record { body, received_at, .. } = keyed.record;
                let history = &around.shared.history;
                let after = if around.is_dry {
                    history.would(&self.rules, body, received_at)
                } else {
                    history.after(&self.rules, body, received_at)
                };
                let (after, outcome) = after.map_err(NotLoaded::Unknown)?;
                // A document that it has made readable may stand behind a switch in one batch.
                let behaviour = around.shared.behaviour(after.settings.behaviour);
                if behaviour.is_ok_and(|behaviour| behaviour.settles)
                    && let Some((operator, version)) = after.just_published()
                {
                    let mut walks = walks_of(
                        version,
                        operator,
                        self.time,
                        self.is_walking(operator, self.time),
                    );
                    walks.retain(|(key, _)| self.tables.walks.get(key).is_none());
                    loaded.asks_for = walks;
                }
                loaded.webhook = after.webhook_just_said();
                loaded.budgets = self.shares_wanted(&after);
                loaded.budget_homes =
                    after.just_changed().map(|it| self.homes_after(it)).unwrap_or_default();
                loaded.after = Some((after, outcome));
            }
            Body::UnknownCommand(name) if !is_skipped => {
                let what = UnknownWhat::Command(name.clone());
                return Err(NotLoaded::Unknown(around.shared.history.unknown(what)));
            }
            Body::UnknownCommand(_) | Body::Malformed(_) => {}
        }
        Ok(loaded)
    }

    /// What a timer needs.
    pub(crate) fn load_timer(
        &self,
        timer: &Timer,
        ending: Ending,
        store: &mut impl Store,
    ) -> io::Result<Loaded<'_>> {
        let ended_at = |at| self.tables.ended_events.get(at).copied().unwrap_or(0);
        Ok(match timer {
            Timer::Account(player) => {
                let account = Some(&self.players.get(*player).account);
                let settled = Some(self.settled_now(*player, store)?);
                let operator = Some(self.owner(*player).0);
                Loaded { operator, player: Some(*player), account, settled, ..Loaded::default() }
            }
            Timer::Walk(key) => {
                let walk = self.tables.walks.get(key).expect("the row of a timer is there");
                let walked = self.walk(*key, *walk);
                let player = walked.found;
                let account = player.map(|player| &self.players.get(player).account);
                let settled = match player {
                    Some(player) => Some(self.settled_now(player, store)?),
                    None => None,
                };
                let operator = player.map(|player| self.owner(player).0);
                let walked = Some(walked);
                Loaded { operator, player, account, settled, walked, ..Loaded::default() }
            }
            Timer::Message(key) => {
                let message = self.tables.outbox.get(key).map(|message| (*key, message));
                Loaded { message, ..Loaded::default() }
            }
            Timer::LetterTotals(()) => {
                let Ending { letter, first } = ending;
                let ended_events = letter.as_ref().map_or(0, |(_, letter)| ended_at(&letter.until));
                let totals = self.tables.letter_totals.get(&());
                Loaded { letter, totals, first, ended_events, ..Loaded::default() }
            }
            Timer::Seats(key) => {
                let operator = self.rules.operator_numbered(key.operator).map(AsRef::as_ref);
                let seats = operator.and_then(|operator| self.seats_of(operator, key.tournament));
                Loaded { operator, seats, ..Loaded::default() }
            }
            Timer::EndedEvents(at) => Loaded { ended_events: ended_at(at), ..Loaded::default() },
            Timer::Marker(_)
            | Timer::Sent(_)
            | Timer::Received(_)
            | Timer::Reservation(_)
            | Timer::WaitingAdjustment(_)
            | Timer::Exclusion(_)
            | Timer::HeldSignal(_)
            | Timer::Delivery(_)
            | Timer::BudgetHome(_)
            | Timer::BudgetShare(_)
            | Timer::Stock(_)
            | Timer::OperatorTotals(_) => Loaded::default(),
        })
    }

    /// The player whose account a record is about to touch; none where it is the player's first.
    #[inline]
    pub(crate) fn player(&self, keyed: &Keyed<'_>) -> Option<Ordinal> {
        let (identity, owner) = match &keyed.body {
            Body::Event(event, identity) => (Some(identity), Owner::Named(Event::player_id(event))),
            Body::Command(command, identity) => (identity.as_ref(), account_of(command)?),
            Body::Control | Body::UnknownCommand(_) | Body::Malformed(_) => return None,
        };
        self.player_of(owner, identity, self.operator(keyed)?)
    }

    /// The player of a record, where time has not been brought to the account.
    #[inline]
    pub(crate) fn unsettled(&self, keyed: &Keyed<'_>, player: Option<Ordinal>) -> Option<Ordinal> {
        let (operator, player) = self.operator(keyed).zip(player)?;
        let account = &self.players.get(player).account;
        (!self.is_settled(operator, account, self.time)).then_some(player)
    }

    #[inline]
    fn player_of(
        &self,
        owner: Owner<'_>,
        identity: Option<&Identity>,
        operator: &Operator,
    ) -> Option<Ordinal> {
        match owner {
            Owner::Named(name) => self.players.find(identity?.player, operator.number, name),
            Owner::Numbered(player) => {
                let is_there = (player as usize) < self.players.all().len();
                let is_own = || self.players.get(player).operator == operator.number;
                (is_there && is_own()).then_some(player)
            }
        }
    }

    /// The exclusion of a player that holds now.
    pub fn exclusion(&self, player: Ordinal) -> Option<&Exclusion> {
        let is_marked = self.players.get(player).account.was_excluded;
        let row = || self.tables.exclusions.get(&player);
        is_marked.then(row).flatten().filter(|exclusion| exclusion.holds(self.time))
    }

    /// Each player who is excluded, or was once, and whether that holds now.
    pub fn exclusions(&self) -> impl Iterator<Item = (Ordinal, bool)> {
        let all = self.tables.exclusions.iter();
        all.map(|(player, exclusion)| (*player, exclusion.holds(self.time)))
    }

    #[inline]
    fn load_event<'s, S: Store>(
        &'s self,
        loaded: &mut Loaded<'s>,
        keyed: &Keyed<'_>,
        event: &Event<'_>,
        identity: &Identity,
        around: &mut Around<'_, S>,
    ) -> Result<(), NotLoaded> {
        let Some(operator) = loaded.operator else { return Ok(()) };
        let player = loaded.player;
        let key = &self.rules.settings.hash_key;
        if let Some((place, content)) = self.earlier(keyed) {
            let is_same = identity.repeats_event(content, event, key)?;
            loaded.earlier = Some(Occurrence { place, is_same });
            return Ok(());
        }
        loaded.settles = around.behaviour.settles;
        loaded.scores = player.map(|player| &self.players.get(player).scores);
        if loaded.settles {
            loaded.in_force = operator.versions.at(self.time);
        }
        if let Some(player) = player {
            loaded.day_sums = self.sums_of_event(operator, player, event, &mut *around.store)?;
        }
        loaded.remarks = self.remarks_of_event(operator, event, &mut *around.store)?;
        match event {
            Event::Wager(wager) => {
                loaded.applies = operator.versions.at(wager.at);
                let program = loaded.applies.map(|applies| &*applies.program.program);
                let cap_day = program.and_then(|program| cap_day(program, wager));
                let day =
                    program.filter(|_| loaded.settles).map(|program| program.zone.day(wager.at));
                loaded.cap = self.cap(cap_day, day, player, &mut *around.store)?;
                if let Some((player, in_force)) = player.zip(loaded.in_force) {
                    loaded.watched = self.watched(operator, in_force, player);
                    let holds = in_force.program.program.signals.iter().any(|signal| signal.hold);
                    loaded.holding = if holds { self.held_signals(player).count() } else { 0 };
                }
                if let Some(program) = program {
                    let store = &mut *around.store;
                    loaded.budgets =
                        self.budgets_of_wager(operator, program, wager, player, store)?;
                }
                loaded.voided = !self.tables.markers.is_empty() && {
                    let key = marker_key(operator, &wager.player_id, &wager.wager_id);
                    self.tables.markers.get(&key).is_some_and(|until| *until > self.time)
                };
            }
            Event::Void(void) => {
                loaded.applies = operator.versions.at(void.at);
                let counted = self.voided_wager(event.id(), operator, identity, around)?;
                if let Some(Earned { wager, version, given, mut scored }) = counted {
                    let store = &mut *around.store;
                    loaded.budgets =
                        self.budgets_of_void(operator, version, &given, player, store)?;
                    (loaded.wager, loaded.given) = (Some(wager), given);
                    if let Some(player) = player {
                        let store = &mut *around.store;
                        self.add_filled(operator, player, wager.place, &mut scored, store)?;
                        loaded.wagered_at = scored.at;
                        loaded.day_sums = self.sums_of_void(operator, player, &scored, store)?;
                        loaded.remarks = self.remarks_of_void(operator, &scored, store)?;
                        let lines = scored.lines;
                        loaded.scored = self.taken_back(operator, player, lines, wager, store)?;
                    }
                }
                if let Some((player, wager)) = player.zip(loaded.wager)
                    && loaded.settles
                {
                    let key = RequestKey { player, place: wager.place };
                    self.load_decided(loaded, key, &mut *around.store)?;
                }
                let day = loaded.wager.and_then(|wager| wager.day);
                let cap_day = day.filter(|_| !loaded.settles);
                loaded.cap = self.cap(cap_day, day, player, &mut *around.store)?;
            }
            Event::Game(game) => {
                loaded.applies = operator.versions.at(game.at);
                loaded.games = player.map(|player| &self.players.get(player).games);
                if let Some(player) = player.filter(|_| loaded.settles) {
                    let counted = &self.tables.player_statistics;
                    loaded.statistics = counted.load(&player, self.number, &mut *around.store)?;
                }
            }
        }
        Ok(())
    }

    /// Signals of a player whose points are held, in the order in which they were raised.
    pub fn held_signals(&self, player: Ordinal) -> impl Iterator<Item = (RequestKey, &Raised)> {
        self.tables.held_signals.of(player).map(|(key, raised)| (*key, raised))
    }

    /// What is remembered of a player for signals, where the program in force has any.
    fn watched<'s>(
        &'s self,
        operator: &'s Operator,
        in_force: &Version,
        player: Ordinal,
    ) -> Option<(&'s Version, Watches<'s>)> {
        if in_force.program.program.signals.is_empty() {
            return None;
        }
        let (version, watches) = self.players.get(player).watches.at(self.time)?;
        Some((operator.versions.get(version)?, watches))
    }

    fn load_command<'s>(
        &'s self,
        loaded: &mut Loaded<'s>,
        keyed: &Keyed<'_>,
        command: &Command,
        identity: Option<&Identity>,
        store: &mut impl Store,
    ) -> Result<(), NotLoaded> {
        let key = &self.rules.settings.hash_key;
        if let (Some(identity), Some((place, content))) = (identity, self.earlier(keyed)) {
            let is_same = identity.repeats_command(content, &keyed.record, key)?;
            loaded.earlier = Some(Occurrence { place, is_same });
        }
        if let Some(place) = self.letter_of(command) {
            let letter = self.tables.dead_letters.load(&place, self.number, store)?;
            let letter = letter.filter(|letter| letter.until > self.time);
            loaded.letter = letter.map(|letter| (place, Box::new(letter)));
        }
        if let (Some((place, letter)), Command::Repair { original, operator, .. }) =
            (&loaded.letter, command)
        {
            let repaired = repaired(letter, &keyed.record, operator.as_deref(), original);
            let named = Named::of(&repaired);
            if let Some(key) = event_letter(&self.rules, &letter.operator, &named, *place) {
                let found = self.tables.letters_by_event.load(&key, self.number, store)?;
                loaded.is_found = found.is_some();
            }
        }
        loaded.in_force = loaded.operator.and_then(|operator| operator.versions.at(self.time));
        loaded.asked = self.asked(command, loaded, store)?;
        loaded.redeemed = self.redeemed_of(&loaded.asked, store)?;
        loaded.stock = self.stock_of(command, loaded.operator);
        self.load_opt_in(loaded, command);
        self.load_filled(loaded, command, store)?;
        self.load_told(loaded, command, store)?;
        if let Command::Arrived { by: to, sequence } = command {
            let key = MessageKey { to: *to, sequence: *sequence };
            loaded.message = self.tables.outbox.get(&key).map(|message| (key, message));
        }
        if let (Some(operator), Command::Told { webhook, .. }) = (loaded.operator, command) {
            let key = WebhookKey { operator: operator.number, webhook: *webhook };
            loaded.told = self.tables.deliveries.get(&key).map(|told| (key, told));
        }
        if let (Some(operator), Command::Budget { promotion, .. }) = (loaded.operator, command) {
            loaded.budgets = vec![self.budget_share(&self.rules, operator, promotion)];
            loaded.budget_homes = vec![self.budget_home(operator, promotion)];
        }
        Ok(())
    }

    /// What a command about opt-ins and seats of tournaments needs.
    fn load_opt_in<'s>(&'s self, loaded: &mut Loaded<'s>, command: &Command) {
        if matches!(command, Command::OptIn { .. } | Command::SeatTaken { .. }) {
            loaded.scores = loaded.player.map(|player| &self.players.get(player).scores);
        }
        let (Command::TakeSeat { tournament, .. } | Command::ReturnSeat { tournament }) = command
        else {
            return;
        };
        let tournaments = loaded.operator.map(|operator| &operator.tournaments);
        let known = tournaments.and_then(|all| all.numbered(*tournament));
        loaded.is_early = known.is_none_or(|known| !known.was_scheduled());
        loaded.seats = loaded.operator.and_then(|operator| self.seats_of(operator, *tournament));
    }

    /// What a player has asked for, as far as a command needs it.
    fn asked<'s>(
        &'s self,
        command: &Command,
        loaded: &Loaded<'s>,
        store: &mut impl Store,
    ) -> io::Result<Asked<'s>> {
        let Some(player) = loaded.player else { return Ok(Asked::Nothing) };
        Ok(match command {
            Command::Reserve { .. } | Command::Exclude { .. } => {
                Asked::Reserved(self.held(player).collect())
            }
            Command::Redeem { reward, .. } => {
                let redeemed = self.redeemed_in_period(reward, loaded, player, store)?;
                Asked::Wanted(self.held(player).collect(), redeemed)
            }
            Command::Confirm { redemption, .. }
            | Command::Cancel { redemption, .. }
            | Command::StockTaken { redemption, .. } => {
                let key = RequestKey::of(redemption, self.number);
                match self.tables.reservations.get(&key) {
                    Some(open) if open.hold_until <= self.time => {
                        Asked::Closed(RedemptionState::Lapsed)
                    }
                    Some(open) => Asked::Open(key, open),
                    None => match self.tables.redemptions.load(&key, self.number, store)? {
                        Some(closed) if self.counts::<Redemptions>(&key, &closed) => {
                            Asked::Closed(closed.state)
                        }
                        _ => Asked::Nothing,
                    },
                }
            }
            Command::Adjust { .. } => {
                Asked::Waiting(self.tables.waiting_adjustments.of(player).count())
            }
            Command::Decide { adjustment, .. } => {
                let key = RequestKey::of(adjustment, self.number);
                match self.tables.waiting_adjustments.get(&key) {
                    Some(waits) => Asked::Waits(key, waits),
                    None => match self.tables.adjustments.load(&key, self.number, store)? {
                        Some(made) if self.counts::<Adjustments>(&key, &made) => Asked::Decided,
                        _ => Asked::Nothing,
                    },
                }
            }
            Command::DecideSignal { signal, .. } => {
                self.signal(RequestKey::of(signal, self.number), store)?
            }
            Command::Award(award) => {
                let Some(operator) = loaded.operator else { return Ok(Asked::Nothing) };
                let Award { tournament, settlement, place, .. } = *award;
                let key = PrizeKey { operator: operator.number, tournament, settlement, place };
                let last = settlement.checked_sub(1).filter(|_| award.before > 0);
                let before = match last {
                    Some(settlement) => {
                        self.prize(&PrizeKey { settlement, place: award.before, ..key }, store)?
                    }
                    None => None,
                };
                Asked::Place(key, self.prize(&key, store)?, before)
            }
            Command::Fulfil { tournament, place, .. } => {
                let Some(operator) = loaded.operator else { return Ok(Asked::Nothing) };
                let (number, tournament, place) = (operator.number, *tournament, *place);
                let known = operator.tournaments.numbered(tournament);
                let settlement = known.map_or(0, |known| known.settlement());
                let key = PrizeKey { operator: number, tournament, settlement, place };
                Asked::Place(key, self.prize(&key, store)?, None)
            }
            Command::Consent { .. }
            | Command::RaiseSignal { .. }
            | Command::Fill(_)
            | Command::CountFilled { .. }
            | Command::Moved(_)
            | Command::OptIn { .. }
            | Command::TakeSeat { .. }
            | Command::SeatTaken { .. }
            | Command::ReturnSeat { .. }
            | Command::Readmit { .. }
            | Command::TakeOver { .. }
            | Command::Repair { .. }
            | Command::Release { .. }
            | Command::Discard { .. }
            | Command::Claim { .. }
            | Command::Arrived { .. }
            | Command::Told { .. }
            | Command::Budget { .. }
            | Command::Restock { .. }
            | Command::TakeStock { .. }
            | Command::ReturnStock { .. } => Asked::Nothing,
        })
    }

    /// The signal of a key.
    fn signal(&self, key: RequestKey, store: &mut impl Store) -> io::Result<Asked<'_>> {
        if let Some(raised) = self.tables.held_signals.get(&key) {
            return Ok(Asked::Raised(key, raised));
        }
        let closed = self.tables.signals.load(&key, self.number, store)?;
        let closed = closed.filter(|closed| self.counts::<Signals>(&key, closed));
        Ok(closed.map_or(Asked::Nothing, |closed| Asked::SignalClosed(closed.state)))
    }

    /// What a signal has made of the points of a wager that is voided.
    fn load_decided<'s>(
        &'s self,
        loaded: &mut Loaded<'s>,
        key: RequestKey,
        store: &mut impl Store,
    ) -> io::Result<()> {
        if let Some(raised) = self.tables.held_signals.get(&key) {
            loaded.asked = Asked::Raised(key, raised);
            return Ok(());
        }
        let closed = self.tables.signals.load(&key, self.number, store)?;
        let closed = closed.filter(|closed| self.counts::<Signals>(&key, closed));
        if let (Some(wager), Some(closed)) = (&mut loaded.wager, closed) {
            let held = closed.raised.held;
            if let Some(source) = wager.source.as_mut().filter(|_| held.points > Points::ZERO) {
                source.matures = held.matures;
            }
            if closed.state == SignalState::Taken {
                wager.taken = closed.points;
            }
        }
        Ok(())
    }

    /// The wager that a signal from outside is about, and what is known of its points.
    fn load_raised<'s, S: Store>(
        &'s self,
        loaded: &mut Loaded<'s>,
        wager_id: &str,
        identity: &Identity,
        around: &mut Around<'_, S>,
    ) -> io::Result<()> {
        let Some((operator, player)) = loaded.operator.zip(loaded.player) else { return Ok(()) };
        let found = self.voided_wager(wager_id, operator, identity, around)?;
        let Some(wager) = found.map(|earned| earned.wager) else { return Ok(()) };
        loaded.wager = Some(wager);
        loaded.voided =
            self.of_wager(IdKind::Void, wager_id, operator, identity, around)?.is_some();
        let key = RequestKey { player, place: wager.place };
        loaded.asked = self.signal(key, around.store)?;
        loaded.holding = self.held_signals(player).count();
        Ok(())
    }

    /// Whether a row has not had its time; one that has may be gone, or there still.
    fn counts<T: Paged>(&self, key: &T::Key, value: &T::Value) -> bool {
        let ends = T::ends(key, Some(value), &self.rules.settings);
        ends.is_none_or(|ends| self.time < ends)
    }

    /// What is known of a place of a tournament.
    fn prize(&self, key: &PrizeKey, store: &mut impl Store) -> io::Result<Option<Box<Prize>>> {
        let prize = self.tables.prizes.load(key, self.number, store)?;
        Ok(prize.filter(|prize| self.counts::<Prizes>(key, prize)).map(Box::new))
    }

    /// What came before under the same id.
    fn earlier(&self, keyed: &Keyed<'_>) -> Option<(Place, Content)> {
        let earlier = self.ids.newest(&keyed.ask?).or(keyed.found)?;
        Some((self.place_of(earlier), earlier.content))
    }

    const fn place_of(&self, earlier: Earlier) -> Place {
        Place { partition: self.number, batch: earlier.batch, slot: earlier.slot, number: 0 }
    }

    /// What is counted already on a day; against a cap nobody asks for ever.
    fn cap(
        &self,
        cap_day: Option<Day>,
        day: Option<Day>,
        player: Option<Ordinal>,
        store: &mut impl Store,
    ) -> io::Result<Option<CapUse>> {
        if cap_day.is_some_and(|day| forgotten_at(day, &self.rules.settings) <= self.time) {
            return Ok(Some(CapUse::Forgotten));
        }
        let Some(day) = cap_day.or(day) else { return Ok(None) };
        let used = match player.map(|player| (player, self.players.get(player).account.cap_day)) {
            None => Points::ZERO,
            Some((_, newest)) if day == newest.day => newest.used,
            Some((_, newest)) if day > newest.day => Points::ZERO,
            Some((player, _)) => {
                let used =
                    self.tables.cap_days.load(&CapDayKey { player, day }, self.number, store);
                used?.unwrap_or(Points::ZERO)
            }
        };
        Ok(Some(CapUse::Used(used)))
    }

    /// Where a wager of a player stands, or the void of it.
    fn of_wager<S: Store>(
        &self,
        kind: IdKind,
        wager_id: &str,
        operator: &Operator,
        identity: &Identity,
        around: &mut Around<'_, S>,
    ) -> io::Result<Option<Earlier>> {
        let ask = Ask {
            id: self.rules.settings.hash_key.id(&operator.id, kind, wager_id),
            player: identity.player_part(),
            hours: Hours::ALL,
            before_batch: self.next_batch,
        };
        if let Some(earlier) = self.ids.newest(&ask) {
            return Ok(Some(earlier));
        }
        let mut found = Vec::with_capacity(1);
        around.store.earlier(self.number, &[ask], &mut found)?;
        Ok(found[0])
    }

    /// Finds the wager that a void takes back, in all hours, and what it gave.
    fn voided_wager<S: Store>(
        &self,
        wager_id: &str,
        operator: &Operator,
        identity: &Identity,
        around: &mut Around<'_, S>,
    ) -> io::Result<Option<Earned>> {
        let earlier = self.of_wager(IdKind::Wager, wager_id, operator, identity, around)?;
        let Some(earlier) = earlier else { return Ok(None) };
        let place = self.place_of(earlier);
        let (points, taken) = (Points::ZERO, Points::ZERO);
        let mut wager = VoidedWager { place, points, day: None, source: None, taken };
        let (mut judged_by, mut from_budgets, mut scored) = (0, Box::default(), Scored::default());
        let mut read = |recorded: &Recorded<'_>| {
            scored = scored_by(recorded);
            if let Outcome::Counted {
                version, points, cap_day, earned_on, matures, given, ..
            } = &recorded.outcome
            {
                (judged_by, from_budgets) = (*version, given.clone());
                let source = |day| lots::Source::of(day, *matures);
                let (day, source) = (earned_on.or(*cap_day), earned_on.map(source));
                wager = VoidedWager { place, points: *points, day, source, taken };
            }
        };
        if place.batch == self.next_batch {
            (around.in_batch)(place.slot, &mut read);
        } else {
            around.store.outcome(place, &mut read)?;
        }
        Ok(Some(Earned { wager, version: judged_by, given: from_budgets, scored }))
    }
}

/// What a wager gave that is taken back.
struct Earned {
    wager: VoidedWager,
    /// The version that judged it; 0 where none did.
    version: u32,
    /// What budgets gave.
    given: Box<[Given]>,
    /// What it counted in tournaments.
    scored: Scored,
}

/// Whose account a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// By the operator's name.
    Named(&'a str),
    /// By the number in the partition.
    Numbered(Ordinal),
}

/// Whose account a command is about; nothing where it is about none.
pub(crate) fn account_of(command: &Command) -> Option<Owner<'_>> {
    match command {
        Command::Consent { player_id, .. }
        | Command::Reserve { player_id, .. }
        | Command::Redeem { player_id, .. }
        | Command::Adjust { player_id, .. }
        | Command::RaiseSignal { player_id, .. }
        | Command::Exclude { player_id, .. }
        | Command::Readmit { player_id, .. }
        | Command::Award(Award { player_id, .. })
        | Command::Fulfil { player_id, .. }
        | Command::Fill(FillPage { player_id, .. })
        | Command::CountFilled { player_id, .. }
        | Command::OptIn { player_id, .. }
        | Command::TakeOver { player_id, .. } => Some(Owner::Named(player_id)),
        Command::Confirm { redemption: asked, .. }
        | Command::Cancel { redemption: asked, .. }
        | Command::StockTaken { redemption: asked, .. }
        | Command::SeatTaken { opt_in: asked, .. }
        | Command::Decide { adjustment: asked, .. }
        | Command::DecideSignal { signal: asked, .. } => Some(Owner::Numbered(asked.player)),
        Command::Repair { .. }
        | Command::Release { .. }
        | Command::Discard { .. }
        | Command::Claim { .. }
        | Command::Arrived { .. }
        | Command::Told { .. }
        | Command::Budget { .. }
        | Command::Restock { .. }
        | Command::TakeStock { .. }
        | Command::ReturnStock { .. }
        | Command::TakeSeat { .. }
        | Command::ReturnSeat { .. }
        | Command::Moved(_) => None,
    }
}
