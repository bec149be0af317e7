//! What writes it: it follows the journal, and has at each full ten seconds of a partition's time what has changed until
//! then.
//!
//! The fold does not know of it. What is missing after a crash is taken of the journal again, and is the same.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::ledger::Subject;
use accolade_domain::packed_scores::tournament_of;
use accolade_domain::time::Timestamp;
use accolade_engine::error::in_full;
use accolade_engine::feed::Feed;
use accolade_engine::rules::Rules;
use accolade_projections::batch::{Batch, Held, time_of};
use accolade_projections::names::Names;
use accolade_projections::sink::{Failed, Here, Limits, Position, Positions, Sink, Step, Written};
use accolade_wire::notice::scores::{Reached, SCORED, Scored};
use metrics::counter;

use super::frames::{Board, Frame, Stand, Stands};
use super::shelf::{Making, Shelf};
use super::{Keeps, Shelves, View};

/// Changes that are in memory, of one partition, before some of them are written.
const LINES_MAX: usize = 1 << 16;
/// Records of the journal that are read before what they have changed is written.
const RECORDS_MAX: u32 = 1 << 17;
const BYTES_MAX: usize = 16 << 20;
/// About what a line takes in memory.
const LINE_BYTES: usize = 96;
/// Players of the state that are looked at, and written, at once.
const PLAYERS_AT_ONCE: usize = 1_000;
/// What is further behind begins with the state.
const BEHIND_MICROS: i64 = 2 * 24 * 3_600_000_000;

/// After so long a partition is tried again whose files could not be read or written.
const AGAIN: Duration = Duration::from_secs(2);
/// And one of which the journal is on its way.
const SOON: Duration = Duration::from_millis(100);

/// No event counts that is further ahead of the log's time.
const AHEAD_MICROS: i64 = 600_000_000;

/// The sink.
#[derive(Debug)]
pub(super) struct Keeping {
    keeps: Keeps,
    shelves: Arc<Shelves>,
    feed: Arc<dyn Feed>,
    written: BTreeMap<u16, Shelf>,
    open: BTreeMap<u16, Open>,
    ready: Vec<Ready>,
    /// Partitions that are not kept at the moment: all others are.
    aside: BTreeMap<u16, Aside>,
    /// One of them is kept again, and is to be asked for where it goes on.
    is_back: bool,
    counting: Counting,
}

/// Why a partition is not kept.
#[derive(Debug)]
struct Aside {
    held: Held,
    since: Instant,
    again: Duration,
}

/// What has changed since the last full time.
#[derive(Debug)]
struct Open {
    until: Timestamp,
    boards: BTreeMap<Board, Stands>,
    lines: usize,
}

/// What is to be written.
#[derive(Debug)]
struct Ready {
    partition: u16,
    frame: Frame,
    /// Nothing up to here is missing then.
    complete_to: Timestamp,
}

/// When any tournament may count something, by the rules at one time.
#[derive(Debug, Default)]
struct Counting {
    applied: Option<u64>,
    from: Timestamp,
    until: Timestamp,
}

impl Counting {
    /// Whether anything may count in a batch of a time.
    fn includes(&mut self, rules: &Rules, at: Timestamp) -> bool {
        if self.applied != Some(rules.applied) {
            *self = Self { applied: Some(rules.applied), ..Self::default() };
            let all = rules.operators().flat_map(|operator| operator.tournaments.all());
            for tournament in all.filter(|it| !it.is_series()) {
                // Not what compiles its query: there may be very many.
                let starts = Timestamp::from_micros(tournament.terms().starts);
                self.from =
                    if self.until == Timestamp::default() { starts } else { self.from.min(starts) };
                self.until = self.until.max(tournament.closes());
            }
        }
        // A record's own time may be a little ahead of its batch's.
        at.plus_micros(AHEAD_MICROS) >= self.from && at < self.until
    }
}

impl Keeping {
    pub(super) fn new(keeps: Keeps, shelves: Arc<Shelves>, feed: Arc<dyn Feed>) -> Self {
        Self {
            keeps,
            shelves,
            feed,
            written: BTreeMap::new(),
            open: BTreeMap::new(),
            ready: Vec::new(),
            aside: BTreeMap::new(),
            is_back: false,
            counting: Counting::default(),
        }
    }

    /// Leaves a partition out for a while: what was shown of it is shown still.
    fn set_aside(&mut self, partition: u16, error: &io::Error) -> Held {
        self.written.remove(&partition);
        let why = format!("leaderboards are not kept: {}", in_full(error));
        let (held, again) = if error.kind() == io::ErrorKind::WouldBlock {
            (Held::Waits(why), SOON)
        } else {
            counter!("accolade_leaderboards_failures_total").increment(1);
            (Held::Stands(why), AGAIN)
        };
        let aside = Aside { held: held.clone(), since: Instant::now(), again };
        self.aside.insert(partition, aside);
        held
    }

    /// Where the loop goes on with a partition; of one that is set aside with its last batch, as something to try with.
    fn goes_on_with(&mut self, partition: u16) -> Option<u64> {
        if !self.aside.contains_key(&partition) {
            match self.position(partition) {
                Ok(next) => return next,
                Err(error) => drop(self.set_aside(partition, &error)),
            }
        }
        self.feed.end(partition).map(|end| end.saturating_sub(1).max(1))
    }

    /// Has a partition kept again that was set aside, once it is time and as soon as that may be.
    fn take_back(&mut self, partition: u16) -> Result<(), Held> {
        let Some(Aside { held, since, again }) = self.aside.get(&partition) else { return Ok(()) };
        if since.elapsed() < *again {
            return Err(held.clone());
        }
        match self.position(partition) {
            Ok(_) => {
                self.aside.remove(&partition);
                self.is_back = true;
                Ok(())
            }
            Err(error) => Err(self.set_aside(partition, &error)),
        }
    }

    /// Where a partition goes on; nothing where it is not here any more.
    fn position(&mut self, partition: u16) -> io::Result<Option<u64>> {
        let Some(end) = self.feed.end(partition) else { return Ok(None) };
        if let Some(next) = self.written.get(&partition).map(Shelf::next) {
            return Ok(Some(next));
        }
        let shelf = match Shelf::open(&self.shelves.disk, partition)? {
            Some(shelf) if self.goes_on(partition, &shelf, end)? => Some(shelf),
            Some(_) | None => self.begin(partition, end)?,
        };
        let Some(shelf) = shelf else { return Ok(None) };
        let next = shelf.next();
        let complete_to = shelf.time().plus_micros(-self.keeps.every_micros);
        self.shelves.show(partition, View { files: shelf.files().to_vec(), complete_to });
        self.written.insert(partition, shelf);
        Ok(Some(next))
    }

    /// Whether the journal has all that files lack, and that is not too much.
    fn goes_on(&self, partition: u16, shelf: &Shelf, end: u64) -> io::Result<bool> {
        let next = shelf.next();
        // A node that was restored gives numbers of batches once more, later.
        let before = self.time_of(partition, next.saturating_sub(1))?;
        if next > end || before.is_some_and(|before| before > shelf.time()) {
            return Ok(false);
        }
        if next == end {
            return Ok(true);
        }
        let last = self.time_of(partition, end - 1)?;
        let is_near =
            last.is_none_or(|last| last.micros() - shelf.time().micros() <= BEHIND_MICROS);
        Ok(is_near && self.feed.journal(partition, next)?.is_some())
    }

    fn time_of(&self, partition: u16, batch: u64) -> io::Result<Option<Timestamp>> {
        time_of(&*self.feed, partition, batch)
    }

    /// Begins with the journal's first batch where it is young, and else with the state.
    fn begin(&mut self, partition: u16, end: u64) -> io::Result<Option<Shelf>> {
        let mut making = Making::begin(&self.shelves.disk, partition)?;
        if end == 1 || end <= self.keeps.young_batches && self.feed.journal(partition, 1)?.is_some()
        {
            let from = Timestamp::default();
            making.add(&Frame { time: from, next: 1, ..Frame::default() })?;
            return Shelf::begin(making, from).map(Some);
        }
        let time = self.time_of(partition, end - 1)?;
        let is_on_its_way =
            || io::Error::new(io::ErrorKind::WouldBlock, "the journal is on its way");
        let mut newest = time.ok_or_else(is_on_its_way)?;
        if self.counting.includes(&self.feed.rules(), newest) {
            let Some(changed) = self.add_state(partition, end, &mut making)? else {
                return Ok(None);
            };
            // The state may be beyond the batch at which it was looked at first.
            let last = self.feed.end(partition).map(|end| self.time_of(partition, end - 1));
            let last = last.transpose()?.flatten().unwrap_or_default();
            newest = newest.max(changed).max(last).plus_micros(self.keeps.every_micros);
        }
        let from = self.keeps.full_from(newest);
        making.add(&Frame { time: from, next: end, ..Frame::default() })?;
        tracing::info!(partition, end, "leaderboards are kept from the state on");
        Shelf::begin(making, from).map(Some)
    }

    /// Adds what players have come to by now; says when the newest of it came.
    fn add_state(
        &self,
        partition: u16,
        next: u64,
        making: &mut Making,
    ) -> io::Result<Option<Timestamp>> {
        let rules = self.feed.rules();
        let (mut from, mut newest) = (0, Timestamp::default());
        loop {
            let mut boards: BTreeMap<Board, Stands> = BTreeMap::new();
            let told = self.feed.scores(partition, from, PLAYERS_AT_ONCE, &mut |stands| {
                let (number, subject) = (stands.player.operator, stands.player.subject);
                let Some(operator) = rules.operator_numbered(number) else { return };
                // What came late does not belong to how it was.
                let own =
                    stands.scores.all().filter(|(number, _)| tournament_of(*number) == *number);
                for (tournament, tally) in own.filter(|(_, it)| it.events > 0) {
                    let Some(of) = operator.tournaments.numbered(tournament) else { continue };
                    newest = newest.max(tally.changed_at);
                    let stand = Stand {
                        score: of.decides().score(&tally),
                        events: tally.events,
                        changed_at: tally.changed_at,
                        batch: tally.batch,
                        slot: tally.slot,
                    };
                    boards.entry((number, tournament)).or_default().insert(subject, stand);
                }
            });
            let Some(told) = told else { return Ok(None) };
            making.add(&Frame { time: Timestamp::default(), next, boards })?;
            if told < PLAYERS_AT_ONCE {
                return Ok(Some(newest));
            }
            from += u32::try_from(told).expect("no more than were asked for");
        }
    }

    /// Writes what is ready; a partition where that fails is set aside.
    fn write_all(&mut self) -> u64 {
        let rules = self.feed.rules();
        let is_kept = |(operator, tournament): Board, at: Timestamp| {
            let operator = rules.operator_numbered(operator);
            let tournament = operator.and_then(|it| it.tournaments.numbered(tournament));
            tournament.is_none_or(|tournament| at < tournament.closes())
        };
        let mut lines = 0;
        for Ready { partition, frame, complete_to } in std::mem::take(&mut self.ready) {
            let Some(shelf) = self.written.get_mut(&partition) else { continue };
            let before = frame.time.plus_micros(-self.keeps.kept_micros);
            let bytes_max = self.keeps.bytes_max / u64::from(self.shelves.partitions);
            let written =
                shelf.add(&frame, &is_kept).and_then(|()| shelf.forget(before, bytes_max));
            if let Err(error) = written {
                self.set_aside(partition, &error);
                continue;
            }
            lines += frame.lines();
            self.shelves.show(partition, View { files: shelf.files().to_vec(), complete_to });
        }
        lines
    }
}

impl Open {
    const fn new(until: Timestamp) -> Self {
        Self { until, boards: BTreeMap::new(), lines: 0 }
    }

    /// What there is, to be written.
    fn take(&mut self, partition: u16, next: u64, complete_to: Timestamp) -> Ready {
        self.lines = 0;
        let boards = std::mem::take(&mut self.boards);
        let frame = Frame { time: self.until, next, boards };
        Ready { partition, frame, complete_to }
    }

    fn add(&mut self, board: Board, subject: Subject, stand: Stand) {
        let before = self.boards.entry(board).or_default().insert(subject, stand);
        self.lines += usize::from(before.is_none());
    }
}

impl Sink for Keeping {
    const BEGINS_ANEW: bool = false;

    fn limits(&self) -> Limits {
        Limits {
            records_max: RECORDS_MAX,
            bytes_max: BYTES_MAX,
            pause: self.keeps.pause,
            back_off_max: Duration::from_secs(10),
        }
    }

    async fn positions(&mut self, here: &Here<'_>) -> Result<Positions, Failed> {
        self.open.clear();
        self.ready.clear();
        // Whoever has a partition again looks at what another node may have shown meanwhile.
        self.written.retain(|partition, _| here.partitions.contains(partition));
        self.shelves.keep(here.partitions);
        self.aside.retain(|partition, _| here.partitions.contains(partition));
        self.is_back = false;
        let mut positions = Positions::new();
        for partition in here.partitions {
            let next = self.goes_on_with(*partition);
            positions.extend(next.map(|next| (*partition, Position { next, time: None })));
        }
        Ok(positions)
    }

    fn take(&mut self, batch: &Batch<'_>, _: &mut Names) -> Result<usize, Held> {
        let Batch { partition, number, time, .. } = *batch;
        self.take_back(partition)?;
        if self.is_back {
            // All of them are asked for anew.
            return Ok(0);
        }
        let mut changes = Vec::new();
        if self.counting.includes(&batch.rules(), time) {
            for recorded in batch.outcomes()? {
                for stored in recorded?.notices.iter().filter(|it| it.notice.kind == SCORED) {
                    let place = stored.place;
                    for line in Scored::read(&stored.notice.body)?.lines {
                        let this = Reached { at: time, batch: number, slot: place.slot };
                        let Reached { at, batch, slot } = line.reached.unwrap_or(this);
                        let stand = Stand {
                            score: line.score,
                            events: line.events,
                            changed_at: at,
                            batch,
                            slot,
                        };
                        let board = (stored.notice.operator, line.tournament);
                        changes.push((board, stored.notice.subject, stand));
                    }
                }
            }
        }
        let until = self.keeps.full_from(time);
        let complete_to = until.plus_micros(-self.keeps.every_micros);
        let open = self.open.entry(partition).or_insert(Open::new(until));
        if open.until < until {
            let ready = open.take(partition, number, complete_to);
            self.ready.push(ready);
            open.until = until;
        }
        for (board, subject, stand) in changes {
            open.add(board, subject, stand);
        }
        if open.lines >= LINES_MAX {
            let ready = open.take(partition, number + 1, complete_to);
            self.ready.push(ready);
        }
        let lines: u64 = self.ready.iter().map(|ready| 1 + ready.frame.lines()).sum();
        Ok(usize::try_from(lines).unwrap_or(usize::MAX).saturating_mul(LINE_BYTES))
    }

    async fn write(&mut self, _: &[Step]) -> Result<Written, Failed> {
        let before = self.aside.len();
        if !self.is_back {
            let records = self.write_all();
            if self.aside.len() == before {
                return Ok(Written::All { records, refused: Vec::new() });
            }
        }
        // Where files are now, they say themselves.
        Ok(Written::Moved)
    }

    async fn rebuild(&mut self) -> Result<(), Failed> {
        Err(Failed::Refused("what leaderboards were is not in the state".into()))
    }
}
