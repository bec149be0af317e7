//! Folds what the log has of a partition twice, beside the node: as it was, and with the draft in force from the start
//! of the period.
//!
//! Both begin at the log's first record, with the rules of that moment and no accounts. What the first one decides is
//! held against the journal: where they never differ, nothing was missing, and the second one is exact, too.

use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::event::Event;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::{Moment, Observer, Partition, Shared, Stopped};
use accolade_engine::players::Ordinal;
use accolade_engine::rules::{Operator, Rules};
use accolade_storage::backing::Backing;
use accolade_storage::host::Older;
use accolade_wire::bytes::Cursor;
use accolade_wire::control::Control;
use accolade_wire::event::read_wager;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::{HAS_CONTROL, Kind, Record, Slice, Source};

use super::figures::{Figures, Which};
use super::job::Progress;
use super::store::Remembered;
use super::{Awaits, Draft, Ending, Question};
use crate::problem::not_yet;
use crate::service::Service;
use crate::submit::soon;

/// Wagers and others that are folded of one partition.
const RECORDS_MAX: u64 = 500_000;
/// As long as a batch took, and no longer than this, the thread leaves the processor to others.
const REST_MAX: Duration = Duration::from_millis(20);

/// Hears what has become of each record, in the order of slots.
#[derive(Default)]
struct Heard(Vec<Outcome>);

impl Observer for Heard {
    fn folded(&mut self, _: u32, outcome: &Outcome, _: Option<Points>) {
        self.0.push(outcome.clone());
    }
}

/// One of the two folds.
struct Side {
    partition: Partition,
    shared: Shared,
    store: Remembered,
}

impl Side {
    fn new(
        service: &Service,
        backing: &Arc<Backing>,
        first: u64,
        rules: &Arc<Rules>,
        number: u16,
    ) -> Self {
        Self {
            partition: Partition::without_past(number, first, Arc::clone(rules)),
            // Each has rules of its own, beside those of the node.
            shared: Shared::new(service.host.shared().behaviours),
            store: Remembered::new(Arc::clone(backing)),
        }
    }

    fn fold(&mut self, slice: &Slice<'_>, moment: &Moment) -> Result<Vec<Outcome>, Ending> {
        let mut heard = Heard::default();
        self.partition.fold(slice, moment, &self.shared, &mut self.store, &mut heard).map_err(
            |stopped| match stopped {
                Stopped::Store(error) => Ending::Failed(error.to_string()),
                bug @ Stopped::Bug { .. } => Ending::Failed(bug.to_string()),
            },
        )?;
        Ok(heard.0)
    }

    fn operator(&self, id: &str) -> Option<Arc<Operator>> {
        self.partition.rules().operator(id).cloned()
    }

    /// Counts the operator's players by the tiers at which they stand.
    fn count_tiers(
        &mut self,
        which: Which,
        operator: &Operator,
        figures: &mut Figures,
    ) -> io::Result<()> {
        let count = self.partition.players().all().len();
        for ordinal in 0..Ordinal::try_from(count).expect("ordinals are of this width") {
            let player = self.partition.players().get(ordinal);
            if player.operator != operator.number {
                continue;
            }
            let settled = self.partition.settled(ordinal, &mut self.store)?;
            let account =
                settled.map_or_else(|| player.account.clone(), |it| it.account(&player.account));
            let version = operator.versions.get(account.timed.settled_by);
            let tiers = version.and_then(|version| version.program.program.tiers.as_ref());
            if let Some((state, tiers)) = account.timed.tier.zip(tiers) {
                figures.tier(which, &tiers.levels.get(state.level()).name);
            }
        }
        Ok(())
    }
}

/// The simulation of one partition.
pub(super) struct Folding<'a> {
    question: &'a Question,
    draft: &'a Draft,
    awaits: &'a dyn Awaits,
    backing: Arc<Backing>,
    /// Batches that the files do not have.
    older: Option<Box<dyn Older>>,
    /// From which batch on they have all.
    held_from: u64,
    number: u16,
    was: Side,
    would: Side,
    /// Where the log begins, where the fold stands, and where the log ends.
    first: u64,
    next: u64,
    end: u64,
    records: u64,
    is_begun: bool,
    /// The draft cannot be in force before there is the operator.
    awaits_operator: bool,
}

impl<'a> Folding<'a> {
    pub(super) fn of(
        service: &Service,
        question: &'a Question,
        draft: &'a Draft,
        awaits: &'a dyn Awaits,
        number: u16,
    ) -> Result<Self, Ending> {
        let backing = service.host.backing(number).map_err(failed)?;
        let (end, rules) = service
            .read(number, |partition| (partition.next_batch(), Arc::clone(partition.rules())))
            .map_err(failed)?;
        let (held_from, controls) = held_from(&backing, awaits, number, end)?;
        let older = older(service, awaits, number, held_from)?;
        let (first, before) =
            older.as_ref().map_or((held_from, 0), |older| (older.first(), older.controls()));
        let rules = Arc::new(rules.as_of(rules.applied - controls - before));
        let side = || Side::new(service, &backing, first, &rules, number);
        let (was, would) = (side(), side());
        let (next, records, is_begun, awaits_operator) = (first, 0, false, false);
        Ok(Self {
            question,
            draft,
            awaits,
            backing,
            older,
            held_from,
            number,
            was,
            would,
            first,
            next,
            end,
            records,
            is_begun,
            awaits_operator,
        })
    }

    /// Folds up to the end of the period, and counts what is of it.
    pub(super) fn run(mut self) -> Result<Figures, Ending> {
        let mut figures = Figures::default();
        let mut time = self.time_of(self.next)?;
        while let Some(now) = time.filter(|now| *now < self.question.to) {
            self.awaits.hears(self.progress());
            self.awaits.goes_on()?;
            let begun = Instant::now();
            let next = self.time_of(self.next + 1)?;
            // The draft is published by the last record before the period.
            let from = self.question.from;
            let publishes = now < from && next.is_none_or(|next| next >= from);
            self.fold(now, publishes, &mut figures)?;
            std::thread::sleep(begun.elapsed().min(REST_MAX));
            time = next;
        }
        self.awaits.hears(self.progress());
        let unknown = || Ending::Failed("the operator is not known in the period".into());
        let operator = self.would.operator(&self.question.operator_id).ok_or_else(unknown)?;
        self.would.count_tiers(Which::Would, &operator, &mut figures).map_err(failed)?;
        let operator = self.was.operator(&self.question.operator_id).ok_or_else(unknown)?;
        self.was.count_tiers(Which::Was, &operator, &mut figures).map_err(failed)?;
        figures.end_partition();
        Ok(figures)
    }

    const fn progress(&self) -> Progress {
        Progress { batches: self.next - self.first, expected: self.end - self.first }
    }

    /// When a batch was ordered; nothing beyond the end.
    fn time_of(&self, batch: u64) -> Result<Option<Timestamp>, Ending> {
        if batch >= self.end {
            return Ok(None);
        }
        Ok(Some(outcomes_of(&self.journal(batch)?)?.time))
    }

    /// The records of a batch, which are the next.
    fn log(&mut self, batch: u64) -> Result<Option<Vec<u8>>, Ending> {
        let Some(older) = self.older.as_mut().filter(|_| batch < self.held_from) else {
            return self.backing.log.read(self.number, batch).map_err(failed);
        };
        let log = older.next().map_err(failed)?.unwrap_or_default();
        let slice = Slice::read_unchecked(&mut Cursor::new(&log, "slice")).map_err(failed)?;
        let folded = count_of(&self.journal(batch)?)?;
        if (slice.batch, slice.count) != (batch, folded) {
            return Err(Ending::Failed("the log has other records than were folded".into()));
        }
        Ok(Some(log))
    }

    fn journal(&self, batch: u64) -> Result<Vec<u8>, Ending> {
        journal_of(&self.backing, self.number, batch)
    }

    fn fold(
        &mut self,
        now: Timestamp,
        publishes: bool,
        figures: &mut Figures,
    ) -> Result<(), Ending> {
        let (number, batch) = (self.number, self.next);
        let log = self.log(batch)?;
        let empty = Slice { partition: number, batch, flags: 0, count: 0, body: &[] };
        let slice = match &log {
            Some(log) => Slice::read_unchecked(&mut Cursor::new(log, "slice")).map_err(failed)?,
            None if had_records(&self.backing, number, batch)? => {
                return Err(Ending::Failed("the log's first days have ended meanwhile".into()));
            }
            None => empty,
        };
        self.records += u64::from(slice.count);
        if self.records > RECORDS_MAX {
            let what = "the log has more of a partition up to the end of the period than the";
            return Err(Ending::Failed(format!("{what} {RECORDS_MAX} records that are simulated")));
        }
        // Subjects alone are made of it, and nothing here shows them.
        let mut random = [0; 32];
        random[..8].copy_from_slice(&batch.to_le_bytes());
        let moment = Moment { time: now, random };
        let was = self.was.fold(&slice, &moment)?;
        if publishes || self.awaits_operator {
            let is_known = self.was.operator(&self.question.operator_id).is_some();
            if is_known && self.awaits_operator {
                return Err(Ending::TooEarly(now.plus_micros(1)));
            }
            self.awaits_operator = !is_known;
            if !is_known {
                self.next += 1;
                return Ok(());
            }
        }
        let changed = self.changed(&slice, publishes)?;
        let slice_would = Slice { body: &changed.body, ..changed.head };
        let would = self.would.fold(&slice_would, &moment)?;
        if publishes && !matches!(would.last(), Some(Outcome::Done { .. })) {
            let what =
                "the draft could not be put in force: was the operator there before the period?";
            return Err(Ending::Failed(what.into()));
        }
        if now >= self.question.from {
            if !self.is_begun {
                return Err(Ending::TooEarly(now.plus_micros(1)));
            }
            self.count(&slice, &was, &would, figures)?;
        }
        self.is_begun |= publishes;
        self.next += 1;
        Ok(())
    }

    /// A batch as it would have been: without what the operator published in the period, and with the draft.
    fn changed<'s>(&self, slice: &Slice<'s>, publishes: bool) -> Result<Changed<'s>, Ending> {
        let has_controls = slice.flags & HAS_CONTROL != 0 && self.is_begun;
        if !publishes && !has_controls {
            return Ok(Changed { head: *slice, body: Cow::Borrowed(slice.body) });
        }
        let (mut body, mut count) = (Vec::new(), slice.count);
        for record in slice.records() {
            let record = record.map_err(failed)?;
            let nothing = nothing_done();
            let is_left_out = has_controls && self.is_of_a_version(&record);
            let kept = if is_left_out { Record { body: &nothing, ..record } } else { record };
            kept.write(&mut body);
        }
        if publishes {
            for control in self.draft_in_force()? {
                let control = serde_json::to_vec(&control).expect("a control record is plain data");
                let (kind, source, operator, origin) = (Kind::Control, Source::Http, "", None);
                let received_at = self.question.from.plus_micros(-1);
                Record { kind, source, operator, received_at, origin, body: &control }
                    .write(&mut body);
                count += 1;
            }
        }
        let head = Slice { flags: slice.flags | HAS_CONTROL, count, ..*slice };
        Ok(Changed { head, body: Cow::Owned(body) })
    }

    /// Whether a record publishes or withdraws a version of the operator's.
    fn is_of_a_version(&self, record: &Record<'_>) -> bool {
        let operator = match serde_json::from_slice(record.body) {
            Ok(Control::Publish { operator, .. } | Control::Withdraw { operator, .. })
                if record.kind == Kind::Control =>
            {
                operator
            }
            _ => return false,
        };
        operator == *self.question.operator_id
    }

    /// What puts the draft in force, and no version after it.
    fn draft_in_force(&self) -> Result<Vec<Control>, Ending> {
        let unknown = || Ending::Failed("the operator is younger than the period".into());
        // Both are alike until then, and this one knows what the batch itself has published.
        let operator = self.was.operator(&self.question.operator_id).ok_or_else(unknown)?;
        let (id, who, why) = (&self.question.operator_id, "a simulation", "a draft");
        let scheduled = operator
            .versions
            .all()
            .filter(|version| !version.withdrawn && version.effective_from >= self.question.from);
        let withdraw = |number| Control::Withdraw {
            operator: id.to_string(),
            version: number,
            why: why.into(),
            who: who.into(),
        };
        let mut controls: Vec<_> = scheduled.map(|version| withdraw(version.number)).collect();
        controls.push(Control::Publish {
            operator: id.to_string(),
            edited_from: operator.versions.latest(),
            effective_from: self.question.from.micros(),
            why: why.into(),
            who: who.into(),
            published_at: self.question.from.micros(),
            document: self.draft.document.clone(),
            zone: self.draft.zone.clone(),
        });
        Ok(controls)
    }

    fn count(
        &self,
        slice: &Slice<'_>,
        was: &[Outcome],
        would: &[Outcome],
        figures: &mut Figures,
    ) -> Result<(), Ending> {
        let journal = self.journal(self.next)?;
        let really = outcomes_of(&journal)?.records();
        let unknown = || Ending::Failed("the operator is not known in the period".into());
        let of_was = self.was.operator(&self.question.operator_id).ok_or_else(unknown)?;
        let of_would = self.would.operator(&self.question.operator_id).ok_or_else(unknown)?;
        for (((record, really), was), would) in slice.records().zip(really).zip(was).zip(would) {
            let (record, really) = (record.map_err(failed)?, really.map_err(failed)?.outcome);
            let Some(event) = (record.kind == Kind::Wager).then(|| read_wager(record.body)) else {
                continue;
            };
            match event {
                Ok(Event::Wager(wager)) if *wager.operator_id == *self.question.operator_id => {
                    figures.wager(Which::Was, &wager, was, &of_was);
                    figures.wager(Which::Would, &wager, would, &of_would);
                }
                Ok(Event::Void(void)) if *void.operator_id == *self.question.operator_id => {
                    figures.void(Which::Was, &void.player_id, was);
                    figures.void(Which::Would, &void.player_id, would);
                }
                _ => continue,
            }
            figures.records += 1;
            figures.differing += u64::from(really != *was);
        }
        Ok(())
    }
}

/// A batch with another body.
struct Changed<'s> {
    head: Slice<'s>,
    body: Cow<'s, [u8]>,
}

/// A control record in the place of another, so that no slot moves.
fn nothing_done() -> Vec<u8> {
    let (partition, batch, slot, who) = (u16::MAX, 0, 0, "a simulation".to_owned());
    let nothing = Control::Skip { partition, batch, slot, who };
    serde_json::to_vec(&nothing).expect("a control record is plain data")
}

/// From which batch on the files have the records of all up to `end`, and how many control records those have. A node
/// that took the partition over has what it has folded itself, and may have had it before: then batches lack between.
fn held_from(
    backing: &Backing,
    awaits: &dyn Awaits,
    number: u16,
    end: u64,
) -> Result<(u64, u64), Ending> {
    let all = backing.log.first_batch(number).unwrap_or(end).min(end)..end;
    let (mut first, mut controls) = (all.start, 0);
    for batch in all {
        awaits.hears(Progress { batches: 0, expected: end - first });
        awaits.goes_on()?;
        match backing.log.read(number, batch).map_err(failed)? {
            Some(log) => controls += controls_of(&log)?,
            None if had_records(backing, number, batch)? => (first, controls) = (batch + 1, 0),
            None => {}
        }
    }
    Ok((first, controls))
}

/// Those before, as far back as the log itself has them.
fn older(
    service: &Service,
    awaits: &dyn Awaits,
    number: u16,
    to: u64,
) -> Result<Option<Box<dyn Older>>, Ending> {
    let mut goes_on = || {
        awaits.hears(Progress { batches: 0, expected: to });
        awaits.goes_on().map_err(|_| io::ErrorKind::Interrupted.into())
    };
    let older = service.host.older(number, to, &mut goes_on);
    awaits.goes_on()?;
    older.map_err(failed)
}

pub(super) fn journal_of(backing: &Backing, number: u16, batch: u64) -> Result<Vec<u8>, Ending> {
    let found = soon(|| backing.journal.read(number, batch)).map_err(failed)?;
    found.ok_or_else(|| Ending::Failed(not_yet().detail.into_owned()))
}

/// Whether a batch had any records, as its outcomes say: the log has nothing of one that had none.
fn had_records(backing: &Backing, number: u16, batch: u64) -> Result<bool, Ending> {
    Ok(count_of(&journal_of(backing, number, batch)?)? > 0)
}

/// Of how many records a batch's outcomes tell.
pub(super) fn count_of(journal: &[u8]) -> Result<u32, Ending> {
    let slice = Slice::read_unchecked(&mut Cursor::new(journal, "slice")).map_err(failed)?;
    Ok(slice.count)
}

fn outcomes_of(journal: &[u8]) -> Result<Outcomes<'_>, Ending> {
    let slice = Slice::read_unchecked(&mut Cursor::new(journal, "slice")).map_err(failed)?;
    Outcomes::read(&slice).map_err(failed)
}

/// How many control records a batch of the log has.
fn controls_of(log: &[u8]) -> Result<u64, Ending> {
    let slice = Slice::read_unchecked(&mut Cursor::new(log, "slice")).map_err(failed)?;
    if slice.flags & HAS_CONTROL == 0 {
        return Ok(0);
    }
    let is_control = |record: &Result<Record<'_>, _>| matches!(record, Ok(record) if record.kind == Kind::Control);
    Ok(slice.records().filter(is_control).count() as u64)
}

pub(super) fn failed(error: impl std::fmt::Display) -> Ending {
    Ending::Failed(error.to_string())
}
