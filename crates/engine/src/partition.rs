//! One partition: its state, and the fold of its batches.
//!
//! `keys → load → apply → Step`: a batch's ids are asked of the store at once, then each record is
//! decided by [`apply`](crate::apply) on what was loaded, and the step is carried into the state.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{fmt, io};

use accolade_domain::amount::Points;
use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::Timestamp;
use accolade_wire::control::Control;
use accolade_wire::identity::{IdKind, partition_of};
use accolade_wire::journal::{Outcomes, begin_slice, put_outcome};
use accolade_wire::record::{HAS_CONTROL, Kind, Record, Slice, Source};

use crate::apply::{Decide, Loaded, Step, VoidedWager, apply, out_of_time};
use crate::ids::RecentIds;
use crate::input::{self, Body, Identity, operator_of};
use crate::players::{Ordinal, Players};
use crate::rules::{Operator, Rules, RulesHistory};
use crate::store::{Ask, Earlier, Folded, Hours, Store};
use crate::timers::{MarkerKey, Timers};

/// What all partitions of a node share.
#[derive(Debug)]
pub struct Shared {
    /// The rules that partitions stand at.
    pub history: RulesHistory,
    /// Decides what a wager earns.
    pub decide: Decide,
}

/// A batch's own facts, which every partition of a frame has in common.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// When the batch was ordered.
    pub time: Timestamp,
    /// Its random bytes.
    pub random: [u8; 32],
}

/// One partition.
#[derive(Debug)]
pub struct Partition {
    pub(crate) number: u16,
    pub(crate) rules: Arc<Rules>,
    pub(crate) next_batch: u64,
    pub(crate) time: Timestamp,
    pub(crate) players: Players,
    pub(crate) ids: RecentIds,
    pub(crate) markers: BTreeMap<MarkerKey, Timestamp>,
    pub(crate) dead_letters: BTreeMap<Place, DeadLetter>,
    pub(crate) pending: BTreeMap<Place, Pending>,
    pub(crate) timers: Timers,
    pub(crate) unwritten: Unwritten,
    skips: BTreeSet<Place>,
    folding: Option<Folding>,
}

/// Keys of small tables, and control records, that changed since the last checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Unwritten {
    pub(crate) markers: BTreeSet<MarkerKey>,
    pub(crate) dead_letters: BTreeSet<Place>,
    pub(crate) pending: BTreeSet<Place>,
    /// The next account that the cyclic sweep writes.
    pub(crate) sweep_next: Ordinal,
}

/// A dead letter's state; its bytes are in a file family of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The operator's name, as the record has it.
    pub operator: Box<str>,
    /// Why it could not be processed.
    pub reason: DeadReason,
    /// What its body is.
    pub kind: Kind,
    /// Where it came from.
    pub source: Source,
    /// When the edge took it in.
    pub received_at: Timestamp,
    /// The record that holds its bytes: its own place, or that of the last repair.
    pub bytes_at: Place,
    /// What became of it.
    pub state: DeadLetterState,
    /// When it is forgotten.
    pub until: Timestamp,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLetterState {
    /// Nothing yet.
    Open,
    /// Sent to its player's partition.
    Released,
    /// Given up.
    Discarded,
}

/// A dead letter on its way to its player's partition, by the place of its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// The record that holds the bytes.
    pub bytes_at: Place,
    /// When it is sent again.
    pub due: Timestamp,
}

/// What the host must do once a batch is folded. May be lost or repeated: timers ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send the dead letter whose bytes are at `bytes_at` to its player's partition.
    Send {
        /// The place of the release.
        from: Place,
        /// The record that holds the bytes.
        bytes_at: Place,
    },
    /// Tell the partition that sent a record from `to` that it has been folded here.
    Arrived {
        /// The place of the release.
        to: Place,
    },
}

/// Hears what becomes of each record.
pub trait Observer {
    /// The record in `slot` was folded; `balance` is the player's after it, where there is one.
    fn folded(&mut self, slot: u32, outcome: &Outcome, balance: Option<Points>);
}

/// Nobody hears.
impl Observer for () {
    fn folded(&mut self, _: u32, _: &Outcome, _: Option<Points>) {}
}

/// Why a batch could not be folded to its end.
#[derive(Debug)]
pub enum Stopped {
    /// The fold failed at a record: the partition stands there until it is skipped.
    Bug {
        /// The record.
        place: Place,
        /// What the failure said.
        message: String,
    },
    /// The store failed.
    Store(io::Error),
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bug { place, message } => write!(
                f,
                "the fold failed at partition {}, batch {}, slot {}: {message}",
                place.partition, place.batch, place.slot
            ),
            Self::Store(error) => write!(f, "the store failed: {error}"),
        }
    }
}

impl std::error::Error for Stopped {}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Store(error)
    }
}

/// A batch that is being folded.
#[derive(Debug)]
pub(crate) struct Folding {
    /// The slot that is decided next.
    slot: u32,
    pub(crate) folded: Folded,
    pub(crate) effects: Vec<Effect>,
}

impl Folding {
    /// What became of an earlier record of the same batch.
    fn outcome(&self, slot: u32) -> Outcome {
        let Folded { partition, batch, count, journal, .. } = &self.folded;
        let (partition, batch, count) = (*partition, *batch, *count);
        let slice = Slice { partition, batch, flags: 0, count, body: journal };
        let recorded = Outcomes::read(&slice).and_then(|outcomes| outcomes.at(slot));
        recorded.expect("the fold wrote these bytes in this batch").outcome
    }
}

struct Parsed<'a> {
    record: Record<'a>,
    body: Body<'a>,
    /// Position among the batch's asks.
    ask: Option<usize>,
}

impl Partition {
    /// A partition that has folded nothing.
    pub fn new(number: u16) -> Self {
        Self {
            number,
            rules: Arc::default(),
            next_batch: 1,
            time: Timestamp::default(),
            players: Players::default(),
            ids: RecentIds::default(),
            markers: BTreeMap::new(),
            dead_letters: BTreeMap::new(),
            pending: BTreeMap::new(),
            timers: Timers::default(),
            unwritten: Unwritten::default(),
            skips: BTreeSet::new(),
            folding: None,
        }
    }

    /// The partition's number.
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The batch that is folded next.
    pub const fn next_batch(&self) -> u64 {
        self.next_batch
    }

    /// The time of the last batch.
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// The rules after the last batch.
    pub const fn rules(&self) -> &Arc<Rules> {
        &self.rules
    }

    /// The partition's players.
    pub const fn players(&self) -> &Players {
        &self.players
    }

    /// The ids that are in memory.
    pub const fn ids(&self) -> &RecentIds {
        &self.ids
    }

    /// The ids that are in memory, to seal or restore them.
    pub const fn ids_mut(&mut self) -> &mut RecentIds {
        &mut self.ids
    }

    /// The partition's dead letters, by place.
    pub const fn dead_letters(&self) -> &BTreeMap<Place, DeadLetter> {
        &self.dead_letters
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// Whether the partition stands within a batch; its state is not to be written then.
    pub const fn stands(&self) -> bool {
        self.folding.is_some()
    }

    /// Hears of every control record before the batches up to it are folded: a `skip` acts at the
    /// place it names, should the fold fail there.
    pub fn read_ahead(&mut self, slice: &Slice<'_>) {
        if slice.flags & HAS_CONTROL == 0 {
            return;
        }
        for record in slice.records().flatten().filter(|record| record.kind == Kind::Control) {
            if let Ok(Control::Skip { partition, batch, slot, .. }) =
                serde_json::from_slice(record.body)
                && partition == self.number
            {
                self.skips.insert(Place { partition, batch, slot, number: 0 });
            }
        }
    }

    /// Folds one batch, which must be the next; what it decided goes to `store`.
    ///
    /// After [`Stopped::Bug`] the partition stands: the same batch, given again, goes on at the
    /// place where it stopped.
    pub fn fold(
        &mut self,
        slice: &Slice<'_>,
        moment: &Moment,
        shared: &Shared,
        store: &mut impl Store,
        observer: &mut impl Observer,
    ) -> Result<Vec<Effect>, Stopped> {
        assert_eq!(slice.batch, self.next_batch, "batches are folded one after the other");
        let mut folding = match self.folding.take() {
            Some(folding) => folding,
            None => self.begin(slice, moment),
        };
        let ended = self.go_on(&mut folding, slice, moment, shared, store, observer);
        if let Err(stopped) = ended {
            self.folding = Some(folding);
            return Err(stopped);
        }
        store.commit(&folding.folded)?;
        self.next_batch += 1;
        Ok(folding.effects)
    }

    fn begin(&mut self, slice: &Slice<'_>, moment: &Moment) -> Folding {
        self.time = self.time.max(moment.time);
        let mut folding = Folding {
            slot: 1,
            folded: Folded {
                partition: self.number,
                batch: slice.batch,
                count: slice.count,
                journal: Vec::with_capacity(16 + 128 * slice.count as usize),
                dead_letters: Vec::new(),
            },
            effects: Vec::new(),
        };
        self.fire(&mut folding);
        let behaviour = self.rules.settings.behaviour;
        begin_slice(&mut folding.folded.journal, behaviour, self.time);
        folding
    }

    fn go_on(
        &mut self,
        folding: &mut Folding,
        slice: &Slice<'_>,
        moment: &Moment,
        shared: &Shared,
        store: &mut impl Store,
        observer: &mut impl Observer,
    ) -> Result<(), Stopped> {
        let (parsed, asks) = self.keys(slice)?;
        let players: Vec<_> = parsed.iter().filter_map(|parsed| parsed.body.player()).collect();
        self.players.warm(&players);
        let mut earlier = Vec::with_capacity(asks.len());
        store.earlier(self.number, &asks, &mut earlier)?;
        for (slot, parsed) in (1..).zip(&parsed).skip(folding.slot as usize - 1) {
            folding.slot = slot;
            let place = Place { partition: self.number, batch: slice.batch, slot, number: 0 };
            let asked = parsed.ask.map(|at| (asks[at], earlier[at]));
            self.fold_record(place, parsed, asked, folding, moment, shared, store, observer)?;
        }
        Ok(())
    }

    /// What the batch's records may touch on disk.
    fn keys<'a>(&self, slice: &Slice<'a>) -> Result<(Vec<Parsed<'a>>, Vec<Ask>), Stopped> {
        let settings = &self.rules.settings;
        let mut parsed = Vec::with_capacity(slice.count as usize);
        let mut asks = Vec::with_capacity(slice.count as usize);
        for record in slice.records() {
            let record =
                record.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            let body = input::read(&record, &settings.hash_key);
            let ask = match &body {
                Body::Event(event, identity) => Some((self.hours(event, record.source), identity)),
                Body::Command(_, Some(identity)) => Some((self.recent_hours(), identity)),
                Body::Command(_, None) | Body::Control | Body::Malformed(_) => None,
            };
            let ask = ask.map(|(hours, identity)| {
                let (id, player) = (identity.id, identity.player_part());
                asks.push(Ask { id, player, hours, before_batch: slice.batch });
                asks.len() - 1
            });
            parsed.push(Parsed { record, body, ask });
        }
        Ok((parsed, asks))
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

    #[expect(clippy::too_many_arguments, reason = "the parts of one batch, which are not one idea")]
    fn fold_record(
        &mut self,
        place: Place,
        parsed: &Parsed<'_>,
        asked: Option<(Ask, Option<Earlier>)>,
        folding: &mut Folding,
        moment: &Moment,
        shared: &Shared,
        store: &mut impl Store,
        observer: &mut impl Observer,
    ) -> Result<(), Stopped> {
        let record = &parsed.record;
        let earlier = asked.and_then(|(ask, sealed)| self.ids.newest(&ask).or(sealed));
        let mut balance = None;
        let outcome = match &parsed.body {
            Body::Event(event, identity) => {
                let decided = self.decide(event, identity, record, earlier, folding, shared, store);
                let step = match decided {
                    Ok(step) => step?,
                    Err(_) if self.skips.contains(&place) => Step::dead_letter(
                        DeadReason::Skipped,
                        "the fold failed here; it was skipped",
                    ),
                    Err(message) => return Err(Stopped::Bug { place, message }),
                };
                balance = self.carry(place, event, identity, record, &step, folding, moment);
                step.outcome
            }
            Body::Command(command, identity) => {
                let outcome = self.command(
                    place,
                    command,
                    identity.as_ref(),
                    record,
                    earlier,
                    folding,
                    moment,
                );
                let outcome =
                    outcome.map_err(|none| Stopped::Bug { place, message: none.to_string() })?;
                put_outcome(&mut folding.folded.journal, &outcome, None);
                outcome
            }
            Body::Control => {
                let after = shared.history.after(&self.rules, record.body, record.received_at);
                let (rules, outcome) = after
                    .map_err(|unknown| Stopped::Bug { place, message: unknown.to_string() })?;
                self.rules = rules;
                put_outcome(&mut folding.folded.journal, &outcome, None);
                outcome
            }
            Body::Malformed(detail) => {
                let reason = DeadReason::Malformed;
                let outcome = Outcome::DeadLetter { reason, detail: detail.clone() };
                put_outcome(&mut folding.folded.journal, &outcome, None);
                outcome
            }
        };
        if let Outcome::DeadLetter { reason, .. } = &outcome {
            self.keep_dead_letter(place, *reason, record, folding);
        }
        if let Some(to) = record.origin.filter(|_| record.kind != Kind::Command) {
            folding.effects.push(Effect::Arrived { to });
        }
        observer.folded(place.slot, &outcome, balance);
        Ok(())
    }

    /// Loads what the event needs and decides; the outer error is a failure of the rules themselves.
    #[expect(clippy::too_many_arguments, reason = "the parts of one batch, which are not one idea")]
    fn decide(
        &self,
        event: &Event<'_>,
        identity: &Identity,
        record: &Record<'_>,
        earlier: Option<Earlier>,
        folding: &Folding,
        shared: &Shared,
        store: &mut impl Store,
    ) -> Result<io::Result<Step>, String> {
        let Some(operator) = self.rules.operator(operator_of(event, record)) else {
            return Ok(Ok(Step::refused(Refusal::OperatorUnknown, 0)));
        };
        let partitions = self.rules.settings.partitions;
        // Others choose the partition of what they produce, and may say that our own edge did.
        if partition_of(event.player_id(), partitions) != self.number {
            let reason = DeadReason::WrongPartition;
            return Ok(Ok(Step::dead_letter(reason, reason.sentence())));
        }
        let window_micros = self.rules.settings.window_micros();
        let is_forgiven = |reason: &DeadReason| {
            record.source == Source::Released && *reason == DeadReason::TooLate
        };
        if let Some(reason) = out_of_time(event.at(), self.time, window_micros)
            && !is_forgiven(&reason)
        {
            return Ok(Ok(Step::dead_letter(reason, reason.sentence())));
        }
        if let Some(earlier) = earlier {
            let key = &self.rules.settings.hash_key;
            let repeats = identity.repeats_event(earlier.content, event, key);
            return Ok(Ok(if repeats.map_err(|none| none.to_string())? {
                let first = self.place_of(earlier);
                Step { outcome: Outcome::Repeated { first }, change: None, mark: false }
            } else {
                let reason = DeadReason::IdConflict;
                Step::dead_letter(reason, reason.sentence())
            }));
        }
        let player = self.players.find(identity.player, operator.number, event.player_id());
        let wager = match event {
            Event::Void(_) => match self.voided_wager(event, operator, identity, folding, store) {
                Ok(wager) => wager,
                Err(error) => return Ok(Err(error)),
            },
            Event::Wager(_) | Event::Game(_) => None,
        };
        let loaded = Loaded {
            operator,
            account: player.map(|ordinal| &self.players.get(ordinal).account),
            voided: self.is_marked(event, operator),
            wager,
        };
        catch_unwind(AssertUnwindSafe(|| apply(&loaded, event, shared.decide)))
            .map(Ok)
            .map_err(|panic| panic_message(&*panic))
    }

    const fn place_of(&self, earlier: Earlier) -> Place {
        Place { partition: self.number, batch: earlier.batch, slot: earlier.slot, number: 0 }
    }

    fn is_marked(&self, event: &Event<'_>, operator: &Operator) -> bool {
        !self.markers.is_empty()
            && matches!(event, Event::Wager(_))
            && self.markers.contains_key(&marker_key(event, operator))
    }

    /// Finds the wager that a void takes back, in all hours, and what it gave.
    fn voided_wager(
        &self,
        event: &Event<'_>,
        operator: &Operator,
        identity: &Identity,
        folding: &Folding,
        store: &mut impl Store,
    ) -> io::Result<Option<VoidedWager>> {
        let settings = &self.rules.settings;
        let ask = Ask {
            id: settings.hash_key.id(&operator.id, IdKind::Wager, event.id()),
            player: identity.player_part(),
            hours: Hours::ALL,
            before_batch: self.next_batch,
        };
        let mut earlier = self.ids.newest(&ask);
        if earlier.is_none() {
            let mut found = Vec::with_capacity(1);
            store.earlier(self.number, &[ask], &mut found)?;
            earlier = found[0];
        }
        let Some(earlier) = earlier else { return Ok(None) };
        let place = self.place_of(earlier);
        let mut gave = (Points::ZERO, None);
        let mut read = |outcome: &Outcome| {
            if let Outcome::Counted { points, cap_day, .. } = outcome {
                gave = (*points, *cap_day);
            }
        };
        if place.batch == self.next_batch {
            read(&folding.outcome(place.slot));
        } else {
            store.outcome(place, &mut |recorded| read(&recorded.outcome))?;
        }
        let (points, cap_day) = gave;
        Ok(Some(VoidedWager { place, points, cap_day }))
    }
}

pub(crate) fn marker_key(event: &Event<'_>, operator: &Operator) -> MarkerKey {
    MarkerKey {
        operator: operator.number,
        player: event.player_id().into(),
        wager: event.id().into(),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a bug".into())
}
