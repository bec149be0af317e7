//! One partition: its state, and the fold of its batches.
//!
//! `keys → load → apply → Step → carry`: a batch's ids are asked of the store at once; then each input,
//! the timers of slot 0 first, is decided on what was loaded, and the step is carried into the state.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::{fmt, io};

use accolade_domain::account::{Timed, ToldOf};
use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::control::Control;
use accolade_wire::dialect::Dialect;
use accolade_wire::journal::difference::Difference;
use accolade_wire::journal::{Outcomes, PassedOver, Recorded, TimeSlot, begin_slice, put_outcome};
use accolade_wire::record::{HAS_CONTROL, Kind, Record, Slice};

use crate::apply::{Input, What};
use crate::behaviour::{Behaviour, newest};
use crate::carry::{About, Carrying, Made, Undo};
use crate::counting::Counted;
use crate::ids::RecentIds;
use crate::input::Known;
use crate::load::{Around, Ending, Keyed, LettersAhead, NotLoaded};
use crate::players::{Ordinal, Players};
use crate::rules::{Rules, RulesHistory, Unknown, UnknownWhat};
use crate::scores::Scored;
use crate::step::Effect;
use crate::store::{Folded, NotCommitted, Store};
use crate::tables::{Tables, Timer};
use crate::timers::Timers;

/// What all partitions of a node share.
#[derive(Debug)]
pub struct Shared {
    /// The rules that partitions stand at.
    pub history: RulesHistory,
    /// The ways of deciding that are known.
    pub behaviours: &'static [Behaviour],
}

impl Shared {
    /// For partitions that decide in one of `behaviours`.
    pub fn new(behaviours: &'static [Behaviour]) -> Self {
        Self { history: RulesHistory::knowing(newest(behaviours)), behaviours }
    }

    /// The numbers of the behaviours that are known.
    pub fn known(&self) -> Vec<u16> {
        self.behaviours.iter().map(|behaviour| behaviour.number).collect()
    }

    /// The behaviour with a number.
    pub(crate) fn behaviour(&self, number: u16) -> Result<&'static Behaviour, Unknown> {
        let found = self.behaviours.iter().find(|behaviour| behaviour.number == number);
        found.ok_or_else(|| self.history.unknown(UnknownWhat::Behaviour(number)))
    }
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
    pub(crate) tables: Tables,
    pub(crate) timers: Timers,
    /// Whose scores have changed in the last batches.
    pub(crate) scored: Scored,
    /// And whose in games.
    pub(crate) scored_in_games: Scored,
    /// How often an event did not count on a leaderboard of a game, since its player is on as many as there may be. No
    /// part of the state.
    pub(crate) left_out: u64,
    /// The next account that the cyclic sweep writes.
    pub(crate) sweep_next: Ordinal,
    /// The sweep has gone round, and begins anew.
    pub(crate) is_swept: bool,
    /// What the input that is being carried has changed.
    pub(crate) undo: Vec<Undo>,
    skips: BTreeSet<Place>,
    folding: Option<Folding>,
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
    /// The fold failed at an input: the partition stands there, as it was before, until that is skipped.
    Bug {
        /// The input.
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
    /// The number of the behaviour that decides it: the one in force when it began.
    pub(crate) behaviour: u16,
    /// The slot that is decided next.
    slot: u32,
    time: TimeSlot,
    /// How many messages timers have sent, which are numbered together.
    sent_by_time: u32,
    /// Where the outcome of each record begins in the journal's slice.
    begins: Vec<usize>,
    pub(crate) folded: Folded,
    pub(crate) effects: Vec<Effect>,
    counted: Counted,
}

/// How far a batch had come before an input.
#[derive(Debug, Clone, Copy)]
struct Mark {
    journal: usize,
    begins: usize,
    dead_letters: usize,
    effects: usize,
}

impl Folding {
    fn mark(&self) -> Mark {
        Mark {
            journal: self.folded.journal.len(),
            begins: self.begins.len(),
            dead_letters: self.folded.dead_letters.len(),
            effects: self.effects.len(),
        }
    }

    fn back_to(&mut self, mark: Mark) {
        self.folded.journal.truncate(mark.journal);
        self.begins.truncate(mark.begins);
        self.folded.dead_letters.truncate(mark.dead_letters);
        self.effects.truncate(mark.effects);
    }
}

/// What became of an earlier record of a batch whose journal has been begun: each is found where it begins.
fn recorded_in(folded: &Folded, begins: &[usize], slot: u32, read: &mut dyn FnMut(&Recorded<'_>)) {
    let at = begins[slot as usize - 1];
    let slice = folded.slice();
    let recorded = Outcomes::read_at(&slice, slot, at);
    read(&recorded.expect("the fold wrote these bytes in this batch"));
}

/// A batch with all that it is folded with.
struct Batch<'b, S, O> {
    moment: &'b Moment,
    shared: &'b Shared,
    known: &'b [Option<Known>],
    behaviour: &'b Behaviour,
    store: &'b mut S,
    observer: &'b mut O,
    folding: Folding,
    /// What was passed over when it was folded before, where a control record names any of it.
    passed_over: Option<PassedOver>,
}

/// Records that are read together, and whose ids are asked for at once: so many that what they need of memory is
/// fetched in parallel, and so few that the processor's caches have all of it until it is used.
const TOGETHER: usize = 64;

/// Whether an input is passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skip {
    No,
    /// It is tried first.
    IfItFails,
    Yes,
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
            tables: Tables::default(),
            timers: Timers::default(),
            scored: Scored::from(1),
            scored_in_games: Scored::from(1),
            left_out: 0,
            sweep_next: 0,
            is_swept: true,
            undo: Vec::new(),
            skips: BTreeSet::new(),
            folding: None,
        }
    }

    /// A partition that folds from a batch on, and knows the rules of that moment and nothing else of what came before.
    pub fn without_past(number: u16, next_batch: u64, rules: Arc<Rules>) -> Self {
        let [scored, scored_in_games] = [next_batch; 2].map(Scored::from);
        Self { rules, next_batch, scored, scored_in_games, ..Self::new(number) }
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

    /// The ids that are in memory, to write or restore them.
    pub const fn ids_mut(&mut self) -> &mut RecentIds {
        &mut self.ids
    }

    /// What belongs to keys beside accounts.
    pub const fn tables(&self) -> &Tables {
        &self.tables
    }

    /// When the next timer is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.timers.next_due()
    }

    /// Whether the partition stands within a batch; its state is not to be written then.
    pub const fn stands(&self) -> bool {
        self.folding.is_some()
    }

    /// Hears of every control record before the batches up to it are folded: a record that a `skip` names
    /// is passed over from then on, whether or not the fold would fail there again. Where the batch was
    /// folded before, what was done then is done again.
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
    /// place where it stopped. It also stands at the end of a batch that `store` has otherwise.
    pub fn fold(
        &mut self,
        slice: &Slice<'_>,
        moment: &Moment,
        shared: &Shared,
        store: &mut impl Store,
        observer: &mut impl Observer,
    ) -> Result<Vec<Effect>, Stopped> {
        self.fold_known(slice, &[], moment, shared, store, observer)
    }

    /// The same, with what is known of each record; those beyond its end are read here.
    pub fn fold_known(
        &mut self,
        slice: &Slice<'_>,
        known: &[Option<Known>],
        moment: &Moment,
        shared: &Shared,
        store: &mut impl Store,
        observer: &mut impl Observer,
    ) -> Result<Vec<Effect>, Stopped> {
        assert_eq!(slice.batch, self.next_batch, "batches are folded one after the other");
        let folding = match self.folding.take() {
            Some(folding) => folding,
            None => self.begin(slice, moment),
        };
        let behaviour = match shared.behaviour(folding.behaviour) {
            Ok(behaviour) => behaviour,
            Err(unknown) => {
                let place = self.at(slice, &folding);
                self.folding = Some(folding);
                return Err(Stopped::Bug { place, message: unknown.to_string() });
            }
        };
        let passed_over = if self.skips_any(slice.batch) {
            store.passed_over(self.number, slice.batch)?
        } else {
            None
        };
        let mut batch =
            Batch { moment, shared, known, behaviour, store, observer, folding, passed_over };
        let ended = self.go_on(&mut batch, slice);
        let Batch { store, folding, .. } = batch;
        let committed = ended.and_then(|()| {
            store.commit(&folding.folded).map_err(|not| match not {
                NotCommitted::Store(error) => Stopped::Store(error),
                NotCommitted::Differs(Difference { slot, what }) => {
                    let place = Place { slot, ..self.at(slice, &folding) };
                    let message = format!(
                        "{what}: folded again, the batch is not what the journal holds; `skip` does not \
                         help, start a release that folds it as it was folded first"
                    );
                    Stopped::Bug { place, message }
                }
            })
        });
        if let Err(stopped) = committed {
            self.folding = Some(folding);
            return Err(stopped);
        }
        self.next_batch += 1;
        Ok(folding.effects)
    }

    fn skips_any(&self, batch: u64) -> bool {
        let first = Place { partition: self.number, batch, slot: 0, number: 0 };
        self.skips.range(first..).next().is_some_and(|place| place.batch == batch)
    }

    /// Whether a record is passed over. A control record is ordered in every partition, and tried first.
    fn skips_record(&self, place: Place, kind: Kind, before: Option<&PassedOver>) -> Skip {
        match before {
            _ if !self.skips.contains(&place) => Skip::No,
            Some(before) if before.slots.contains(&place.slot) => Skip::Yes,
            Some(_) => Skip::No,
            None if kind == Kind::Control => Skip::IfItFails,
            None => Skip::Yes,
        }
    }

    /// Whether the next timer of slot 0 is passed over. Nobody says which it is that fails.
    fn skips_timer(&self, place: Place, fired: u32, before: Option<&PassedOver>) -> Skip {
        match before {
            _ if !self.skips.contains(&place) => Skip::No,
            Some(before) if before.timers.contains(&fired) => Skip::Yes,
            Some(_) => Skip::No,
            None => Skip::IfItFails,
        }
    }

    const fn at(&self, slice: &Slice<'_>, folding: &Folding) -> Place {
        Place { partition: self.number, batch: slice.batch, slot: folding.slot, number: 0 }
    }

    fn begin(&mut self, slice: &Slice<'_>, moment: &Moment) -> Folding {
        self.time = self.time.max(moment.time);
        let mut journal = Vec::with_capacity(16 + 128 * slice.count as usize);
        let behaviour = self.rules.settings.behaviour;
        begin_slice(&mut journal, behaviour, self.time);
        Folding {
            behaviour,
            slot: 0,
            time: TimeSlot::default(),
            sent_by_time: 0,
            begins: Vec::with_capacity(slice.count as usize),
            folded: Folded {
                partition: self.number,
                batch: slice.batch,
                count: slice.count,
                journal,
                dead_letters: Vec::new(),
            },
            effects: Vec::new(),
            counted: Counted::default(),
        }
    }

    fn go_on<S: Store, O: Observer>(
        &mut self,
        batch: &mut Batch<'_, S, O>,
        slice: &Slice<'_>,
    ) -> Result<(), Stopped> {
        if batch.folding.slot == 0 {
            self.fire(batch, slice)?;
        }
        let dialect = Dialect::of(batch.behaviour.number);
        let known = batch.known.iter().map(Option::as_ref).chain(std::iter::repeat(None));
        let mut records = slice.records().zip(known).skip(batch.folding.slot as usize - 1);
        while batch.folding.slot <= slice.count {
            let together = records.by_ref().take(TOGETHER);
            let keyed = self.keys(together, slice.batch, dialect, batch.store)?;
            self.fold_together(batch, slice, &keyed)?;
        }
        Ok(self.sum_up(&mut batch.folding.counted, batch.store)?)
    }

    /// Folds records that come one after the other, from the slot on at which the batch stands.
    fn fold_together<S: Store, O: Observer>(
        &mut self,
        batch: &mut Batch<'_, S, O>,
        slice: &Slice<'_>,
        keyed: &[Keyed<'_>],
    ) -> Result<(), Stopped> {
        self.warm(keyed);
        for keyed in keyed {
            let slot = batch.folding.slot;
            let place = self.at(slice, &batch.folding);
            let skip = self.skips_record(place, keyed.record.kind, batch.passed_over.as_ref());
            let (outcome, player) =
                self.whole(batch, place, skip, |partition, batch, is_skipped| {
                    partition.fold_record(batch, place, keyed, is_skipped)
                })?;
            let balance = player.map(|player| self.players.get(player).account.balance);
            batch.observer.folded(slot, &outcome, balance);
            batch.folding.slot += 1;
        }
        Ok(())
    }

    /// Fires what is due at the batch's time, up to a number that belongs to the behaviour.
    fn fire<S: Store, O: Observer>(
        &mut self,
        batch: &mut Batch<'_, S, O>,
        slice: &Slice<'_>,
    ) -> Result<(), Stopped> {
        let place = self.at(slice, &batch.folding);
        let mut ahead = LettersAhead::default();
        while batch.folding.time.fired() < batch.behaviour.fired_max
            && let Some(timer) = self.timers.first_due(self.time)
        {
            let fired = batch.folding.time.fired();
            let skip = self.skips_timer(place, fired, batch.passed_over.as_ref());
            self.whole(batch, place, skip, |partition, batch, is_skipped| {
                let Batch { folding, moment, behaviour, store, .. } = batch;
                let ending = partition.ending(&timer, &mut ahead, fired, *store)?;
                let (about, sent) = (About::default(), folding.sent_by_time);
                let mut made = Made { sent, ..Made::default() };
                let numbered = folding.time.entry_count();
                let made = &mut made;
                let mut with = Carrying { place, about, numbered, made, moment, folding };
                partition.fire_one(&mut with, behaviour, &timer, ending, *store, is_skipped)?;
                if is_skipped {
                    folding.time.pass_over();
                }
                folding.time.add(&made.entries, &made.notices);
                folding.sent_by_time = made.sent;
                if behaviour.settles {
                    folding.counted.made(made);
                }
                Ok(())
            })?;
        }
        let Folding { time, folded, .. } = &mut batch.folding;
        time.put(&mut folded.journal);
        batch.folding.slot = 1;
        Ok(())
    }

    /// Folds one input whole or not at all. `is_skipped`: it is to be passed over.
    fn whole<S: Store, O, T>(
        &mut self,
        batch: &mut Batch<'_, S, O>,
        place: Place,
        skip: Skip,
        mut fold: impl FnMut(&mut Self, &mut Batch<'_, S, O>, bool) -> Result<T, NotLoaded>,
    ) -> Result<T, Stopped> {
        let mark = batch.folding.mark();
        let mut is_skipped = skip == Skip::Yes;
        loop {
            self.undo.clear();
            let ended = catch_unwind(AssertUnwindSafe(|| fold(self, batch, is_skipped)));
            let (stopped, may_pass) = match ended {
                Ok(Ok(folded)) => return Ok(folded),
                Ok(Err(not_loaded)) => not_loaded.stops(place),
                Err(panic) => (Stopped::Bug { place, message: panic_message(&*panic) }, true),
            };
            self.undo();
            batch.folding.back_to(mark);
            if is_skipped || !may_pass || skip == Skip::No {
                return Err(stopped);
            }
            is_skipped = true;
        }
    }

    fn fold_record<S: Store, O>(
        &mut self,
        batch: &mut Batch<'_, S, O>,
        place: Place,
        keyed: &Keyed<'_>,
        is_skipped: bool,
    ) -> Result<(Outcome, Option<Ordinal>), NotLoaded> {
        let Batch { shared, store, folding, behaviour, moment, .. } = batch;
        let mut made = Made::default();
        if let Some((timer, ending)) = self.overdue(keyed, *store)? {
            let (about, made) = (About::default(), &mut made);
            let mut with = Carrying { place, about, numbered: 0, made, moment, folding };
            self.fire_one(&mut with, behaviour, &timer, ending, *store, is_skipped)?;
        }
        let player = self.player(keyed);
        if behaviour.settles
            && !is_skipped
            && let Some(player) = self.unsettled(keyed, player)
        {
            let timer = Timer::Account(player);
            let (about, made, numbered) = (About::default(), &mut made, 0);
            let mut with = Carrying { place, about, numbered, made, moment, folding };
            self.fire_one(&mut with, behaviour, &timer, Ending::default(), *store, false)?;
        }
        let in_batch = |slot, read: &mut dyn FnMut(&Recorded<'_>)| {
            recorded_in(&folding.folded, &folding.begins, slot, read);
        };
        let mut around =
            Around { shared, store: *store, behaviour, is_dry: false, in_batch: &in_batch };
        let loaded = self.load(keyed, player, is_skipped, &mut around)?;
        let (record, body) = (&keyed.record, &keyed.body);
        let what =
            if is_skipped { What::Skipped(record, body) } else { What::Record(record, body) };
        let input = Input { place, now: self.time, what };
        let mut step = (behaviour.apply)(&self.rules, &loaded, &input);
        let about = About::of(keyed, &loaded);
        let made = &mut made;
        let mut with = Carrying { place, about, numbered: 0, made, moment, folding };
        let was_there = with.about.player.is_some();
        self.carry(&mut step, &mut with);
        if let Some(player) = with.about.player.filter(|_| behaviour.settles && !was_there)
            && let Some(settled) = self.settled(player, *store)?
        {
            // Who is new has no points that could have expired. What is to be told of them is, in the next batch.
            let due = settled.timed.due.min(self.time.plus_micros(1));
            let untold = Timed { due, told: ToldOf::NONE, ..settled.timed };
            let timed = if settled.expiring.is_some() { untold } else { settled.timed };
            self.settle(player, timed);
        }
        let Carrying { about, made, folding, .. } = with;
        let player = about.player;
        folding.begins.push(folding.folded.journal.len());
        put_outcome(&mut folding.folded.journal, &step.outcome, &made.entries, &made.notices);
        // Last, since nothing takes it back.
        if behaviour.settles {
            folding.counted.made(made);
            if let Some(operator) = about.operator {
                let is_new = !was_there && player.is_some();
                folding.counted.decided(operator, &step.outcome, is_new);
            }
        }
        Ok((step.outcome, player))
    }
}

impl Partition {
    /// Decides about a timer that is due, and carries what follows.
    fn fire_one(
        &mut self,
        with: &mut Carrying<'_, '_>,
        behaviour: &Behaviour,
        timer: &Timer,
        ending: Ending,
        store: &mut impl Store,
        is_skipped: bool,
    ) -> io::Result<()> {
        let what = if is_skipped { What::SkippedTimer(timer) } else { What::Timer(timer) };
        let input = Input { place: with.place, now: self.time, what };
        let loaded = self.load_timer(timer, ending, store)?;
        let step = (behaviour.apply)(&self.rules, &loaded, &input);
        with.about.player = loaded.player;
        self.carry(&mut step.into_owned(), with);
        Ok(())
    }

    /// Decides about a record as if it were the next one, and carries nothing: what would become of it.
    ///
    /// # Errors
    ///
    /// Where the store fails, or deciding does.
    pub fn dry_run(
        &self,
        record: Record<'_>,
        shared: &Shared,
        store: &mut impl Store,
    ) -> Result<Outcome, Stopped> {
        let (partition, batch) = (self.number, self.next_batch);
        let place = Place { partition, batch, slot: 1, number: 0 };
        let stops = |not_loaded: NotLoaded| not_loaded.stops(place).0;
        let behaviour = shared.behaviour(self.rules.settings.behaviour);
        let behaviour = behaviour.map_err(|unknown| stops(NotLoaded::Unknown(unknown)))?;
        let mut keyed = [self.key(record, None, batch, Dialect::of(behaviour.number))];
        self.ask(&mut keyed, store)?;
        let [keyed] = &keyed;
        let in_batch = |slot, read: &mut dyn FnMut(&Recorded<'_>)| {
            let folding = self.folding.as_ref().expect("the batch of a record has been begun");
            recorded_in(&folding.folded, &folding.begins, slot, read);
        };
        let player = self.player(keyed);
        let settled = match player {
            Some(player) if behaviour.settles => self.settled_account(player, self.time, store)?,
            Some(_) | None => None,
        };
        let decided = catch_unwind(AssertUnwindSafe(|| {
            let mut around = Around { shared, store, behaviour, is_dry: true, in_batch: &in_batch };
            let mut loaded = self.load(keyed, player, false, &mut around)?;
            loaded.account = settled.as_ref().or(loaded.account);
            let what = What::Record(&keyed.record, &keyed.body);
            let input = Input { place, now: self.time, what };
            Ok((behaviour.apply)(&self.rules, &loaded, &input).outcome)
        }));
        let bug = |message| Stopped::Bug { place, message };
        decided.map_err(|panic| bug(panic_message(&*panic)))?.map_err(stops)
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a bug".into())
}
