//! What a partition's order says for ever, judged by a rule that shares no code with the owners', and
//! what must have come of it: the model, and a fold over maps that is never interrupted.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use accolade_cluster::driver::seat::Batch;
use accolade_domain::ledger::Place;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::ownership::{Counted, Cursor};
use accolade_engine::partition::{Moment, Partition, Shared, Stopped};
use accolade_storage::backing::Backing;
use accolade_storage::error::Result;
use accolade_wire::bytes;
use accolade_wire::order::{Offsets, Order, SourceTopic};
use accolade_wire::record::{HAS_CONTROL, Slice};

use super::topics::{Gathered, Topics};
use crate::model::{Model, WindowSettings};
use crate::run::check::{self, Expectation};
use crate::run::desk::Desk;
use crate::run::fold::{self, FAULT, Heard, Hearing, Timings};
use crate::run::found::FORETOLD;
use crate::run::{Counts, count_passages, expect};
use crate::workload::FAULTY_STAKE;

/// A batch that counts.
#[derive(Debug)]
struct Ordered {
    number: u64,
    moment: Moment,
    flags: u8,
    count: u32,
    body: Vec<u8>,
}

impl Ordered {
    fn new(number: u64, moment: Moment, has_control: bool, records: Gathered) -> Self {
        let flags = if has_control { HAS_CONTROL } else { 0 };
        let count = u32::try_from(records.items.len()).expect("few");
        Self { number, moment, flags, count, body: records.bytes }
    }

    fn slice(&self, partition: u16) -> Slice<'_> {
        let Self { number, flags, count, body, .. } = self;
        Slice { partition, batch: *number, flags: *flags, count: *count, body }
    }
}

/// The truth about one partition.
#[derive(Debug)]
pub(super) struct Truth {
    number: u16,
    epoch: u64,
    claim: i64,
    covered: Offsets,
    /// A reader from the first record on.
    reader: Cursor,
    /// Where that reader stood before each offset.
    readings: Vec<Cursor>,
    batches: Vec<Ordered>,
    /// A digest of the state before each batch, as far as it was folded.
    states: Vec<u64>,
    /// The latest list that the order names.
    pub(super) named: String,
    pub(super) model: Model,
    reference: Partition,
    store: MemoryStore,
    timings: Timings,
    shared: Shared,
    pub(super) standing: Option<Place>,
    expectations: BTreeMap<u64, Vec<Expectation>>,
    /// The last batch whose outcome anybody was told.
    pub(super) answered: u64,
}

impl Truth {
    pub(super) fn new(number: u16, behaviour: u16) -> Self {
        let reference = Partition::new(number);
        Self {
            number,
            epoch: 0,
            claim: -1,
            covered: [0; 4],
            reader: Cursor::start(0),
            readings: Vec::new(),
            batches: Vec::new(),
            states: vec![digest(&reference)],
            named: String::new(),
            model: Model::new(WindowSettings::default())
                .under(behaviour)
                .with_faulty_stake(FAULTY_STAKE),
            reference,
            store: MemoryStore::default(),
            timings: Timings::default(),
            shared: fold::shared(),
            standing: None,
            expectations: BTreeMap::new(),
            answered: 0,
        }
    }

    /// What the reference and the model make of the partition.
    pub(super) const fn both(&self) -> (&Partition, &Model) {
        (&self.reference, &self.model)
    }

    /// Gives the batches that were folded, and what was decided about each.
    pub(super) fn each_batch(&self, each: &mut dyn FnMut(&Slice<'_>, &Slice<'_>)) {
        for batch in &self.batches {
            if let Some(folded) = self.store.batches.get(&(self.number, batch.number)) {
                each(&batch.slice(self.number), &folded.slice());
            }
        }
    }

    /// The last batch that counts.
    pub(super) fn last_batch(&self) -> u64 {
        self.batches.len() as u64
    }

    /// Whether the claim of this epoch is the last that counts.
    pub(super) const fn is_held_by(&self, epoch: u64) -> bool {
        self.epoch == epoch
    }

    pub(super) fn time(&self) -> i64 {
        self.batches.last().map_or(i64::MIN, |batch| batch.moment.time.micros())
    }

    pub(super) fn time_of(&self, batch: u64) -> i64 {
        let at = usize::try_from(batch - 1).expect("small");
        self.batches[at].moment.time.micros()
    }

    /// Whether everything that was ordered has been folded by the reference.
    pub(super) fn is_folded(&self) -> bool {
        self.states.len() > self.batches.len()
    }

    /// Whether a timer is due and has not fired.
    pub(super) fn is_behind(&self) -> bool {
        check::is_behind(&self.reference)
    }

    /// A record stands in the order at its end.
    pub(super) fn ordered(
        &mut self,
        offset: i64,
        topics: &Topics,
        desk: &mut Desk,
        counts: &mut Counts,
    ) {
        let order = topics.order(self.number, offset);
        self.readings.push(self.reader.clone());
        let counted = self.counts(offset, order);
        let read = self.reader.pass(offset, order).expect("owners write what goes on");
        assert_eq!(read, counted, "what the record at offset {offset} of the order means");
        let (Order::Claim(accolade_wire::order::Claim { checkpoint, .. })
        | Order::Batch(accolade_wire::order::Batch { checkpoint, .. })) = order;
        if *checkpoint > self.named {
            checkpoint.clone_into(&mut self.named);
        }
        let mut count = |what| *counts.entry(what).or_default() += 1;
        match (order, counted) {
            (Order::Claim(_), Counted::Claim) => count("claims that count"),
            (Order::Claim(_), _) => count("claims that do not count"),
            (Order::Batch(_), Counted::Nothing | Counted::Claim) => {
                count("batches that do not count");
            }
            (Order::Batch(batch), Counted::Batch) => {
                count("batches");
                let gathered = topics.named(self.number, &batch.ranges);
                self.model.batch(self.number, batch.time.micros());
                let expectations = (1..)
                    .zip(&gathered.items)
                    .map(|(slot, item)| {
                        let at = (self.number, batch.batch, slot);
                        expect(&mut self.model, desk, counts, at, item)
                    })
                    .collect();
                self.expectations.insert(batch.batch, expectations);
                let moment = Moment { time: batch.time, random: batch.random };
                let control = batch.ranges.iter().any(|it| it.source == SourceTopic::Control);
                self.batches.push(Ordered::new(batch.batch, moment, control, gathered));
                self.go_on();
            }
        }
    }

    fn counts(&mut self, offset: i64, order: &Order) -> Counted {
        match order {
            Order::Claim(claim) if claim.epoch > self.epoch => {
                if self.epoch == 0 {
                    self.covered = claim.sources;
                }
                (self.epoch, self.claim) = (claim.epoch, offset);
                Counted::Claim
            }
            Order::Batch(batch)
                if (batch.epoch, batch.claim, batch.batch)
                    == (self.epoch, self.claim, self.last_batch() + 1) =>
            {
                for range in &batch.ranges {
                    let covered = &mut self.covered[range.source as usize];
                    assert_eq!(range.from, *covered, "a record in two batches, or in none");
                    *covered = range.to;
                }
                Counted::Batch
            }
            Order::Claim(_) | Order::Batch(_) => Counted::Nothing,
        }
    }

    /// Control records say what is to be skipped.
    pub(super) fn hear_control(&mut self, topics: &Topics) {
        let Some(place) = self.standing else { return };
        let records = topics.between(SourceTopic::Control, 0, 0, i64::MAX);
        let (count, body) = (records.items.len(), &records.bytes);
        let count = u32::try_from(count).expect("few");
        let partition = place.partition;
        self.reference.read_ahead(&Slice { partition, batch: 0, flags: HAS_CONTROL, count, body });
        self.go_on();
    }

    fn go_on(&mut self) {
        while let Some(batch) = self.batches.get(self.states.len() - 1) {
            let mut heard = Vec::new();
            let (partition, number) = (self.number, batch.number);
            let mut hearing = Hearing { partition, batch: number, heard: &mut heard };
            let slice = batch.slice(partition);
            let (moment, shared, store) = (&batch.moment, &self.shared, &mut self.store);
            let fold = |it: &mut Partition| it.fold(&slice, moment, shared, store, &mut hearing);
            let folded = self.timings.note(&mut self.reference, fold);
            self.judge(&heard);
            match folded {
                Ok(_) => self.standing = None,
                Err(Stopped::Bug { place, message }) => {
                    assert!(message.contains(FAULT), "the fold failed at {place:?}: {message}");
                    self.standing = Some(place);
                    return;
                }
                Err(Stopped::Store(error)) => panic!("maps do not fail: {error}"),
            }
            self.states.push(digest(&self.reference));
        }
    }

    /// What a fold has said is what the model expects.
    pub(super) fn judge(&self, heard: &[Heard]) {
        for heard in heard {
            let expectations = self.expectations.get(&heard.place.batch);
            let expectations = expectations.unwrap_or_else(|| {
                panic!("{:?} was folded, and no such batch counts", heard.place)
            });
            check::outcome(heard, &expectations[heard.place.slot as usize - 1]);
        }
    }

    /// A batch that was folded counts, and has this content.
    pub(super) fn proves(&self, batch: &Batch) {
        let at = usize::try_from(batch.number - 1).expect("small");
        let known = self.batches.get(at);
        let known = known.unwrap_or_else(|| {
            panic!("batch {}/{} is folded and does not count", self.number, batch.number)
        });
        assert!(
            known.moment.time == batch.moment.time
                && known.moment.random == batch.moment.random
                && known.slice(self.number) == batch.slice(self.number),
            "batch {}/{} is folded with another content than the one that counts",
            self.number,
            batch.number
        );
    }

    /// Where somebody stands who has read the order is where everybody does.
    pub(super) fn reads_alike(&self, cursor: &Cursor) {
        let at = usize::try_from(cursor.next).expect("not negative");
        let reading = self.readings.get(at).unwrap_or(&self.reader);
        assert_eq!(cursor, reading, "two readers of the order of {}", self.number);
    }

    /// All that was there when it was last looked at is in a batch.
    pub(super) fn covers_all(&self, topics: &Topics) -> bool {
        SourceTopic::ALL
            .into_iter()
            .all(|source| self.covered[source as usize] >= topics.end(source, self.number))
    }

    /// Whether nothing of it waits to arrive elsewhere.
    pub(super) fn has_sent_all(&self, desk: &Desk) -> bool {
        desk.has_sent_all(&self.reference)
    }

    /// The state is that of a fold that was never interrupted, at the same batch.
    pub(super) fn state(&self, live: &Partition) {
        let at = usize::try_from(live.next_batch() - 1).expect("small");
        let whose = format!("the state of {} before batch {}", self.number, live.next_batch());
        assert!(at <= self.batches.len(), "{whose} is ahead of the order");
        if !live.stands()
            && let Some(state) = self.states.get(at)
        {
            assert!(digest(live) == *state, "{whose} is not that of a replay");
        }
    }

    /// The files are those of a fold that was never interrupted; `clock` is the latest that they have
    /// seen.
    pub(super) fn files(&self, live: &Partition, backing: &Backing, clock: i64) -> Result<()> {
        let letters = check::letters(&self.reference);
        let letters = letters.iter().filter(|(_, letter)| letter.until.micros() > clock);
        let kept: BTreeSet<_> =
            letters.map(|(_, it)| (it.bytes_at.batch, it.bytes_at.slot)).collect();
        for ((partition, batch), folded) in &self.store.batches {
            if *batch >= live.next_batch() {
                break;
            }
            let read = backing.journal.read(*partition, *batch)?;
            let read = read.unwrap_or_else(|| panic!("no journal of {partition}/{batch}"));
            let slice = Slice::read(&mut bytes::Cursor::new(&read, "slice"));
            let slice = slice.expect("it was checked");
            assert!(
                slice.count == folded.count && slice.body == folded.journal,
                "the journal of {partition}/{batch} is not that of a replay"
            );
            for (slot, expected) in &folded.dead_letters {
                let place = Place { partition: *partition, batch: *batch, slot: *slot, number: 0 };
                // Those that have had their time may be gone.
                if !kept.contains(&(*batch, *slot)) {
                    continue;
                }
                let mut bytes = Vec::new();
                let found = backing.dead_letter(place, |record| record.write(&mut bytes))?;
                assert!(found.is_some(), "the dead letter at {place:?} is lost");
                assert!(bytes == *expected, "the dead letter at {place:?} was changed");
            }
        }
        Ok(())
    }

    /// What players have, and what was told of it, is the model's: how many moves between levels that was, of all that
    /// was ordered once it is folded.
    pub(super) fn players(&mut self) -> u64 {
        if !self.is_folded() {
            return 0;
        }
        check::players(&self.reference, &mut self.store, &self.model)
    }

    /// Counts what became of levels, and what time has done.
    pub(super) fn count(&self, counts: &mut Counts) {
        count_passages(&self.model, counts);
        self.timings.count(counts);
        let told = check::foretold_count(self.number, &self.store);
        *counts.entry(FORETOLD).or_default() += told;
    }

    /// All that is known of a partition that has folded everything.
    pub(super) fn everything(&self, live: &Partition, backing: &Backing) -> Result<()> {
        assert_eq!(live.next_batch(), self.last_batch() + 1, "the batches of {}", self.number);
        check::accounts(&self.reference, &self.model);
        assert_eq!(live.next_due(), self.reference.next_due(), "timers of {}", self.number);
        check::ids_of(live, backing, &self.reference, None)?;
        check::rows_of(live, backing, &self.reference)?;
        check::journal_in_order(backing)?;
        check::chains(live, backing, &self.model)
    }
}

fn digest(partition: &Partition) -> u64 {
    let mut hasher = DefaultHasher::new();
    partition.values().hash(&mut hasher);
    hasher.finish()
}
