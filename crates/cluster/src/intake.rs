//! Taking records in: durable in the sources first, told of outcomes later.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use accolade_engine::intake::{Commit, Intake, Refused, Submission};
use accolade_wire::bytes::Cursor;
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record};

use crate::asking::{Ask, Listener};
use crate::node::{ClusterNode, Inner, lock};

/// A submission on its way.
struct Pending {
    submission: Submission,
    /// By part, its partition, source and offset.
    offsets: Mutex<Vec<Option<(u16, SourceTopic, i64)>>>,
    missing: AtomicUsize,
    refused: Mutex<Option<Refused>>,
}

impl Pending {
    /// Notes that a part was refused; one of which nothing is known outweighs all others.
    fn refuse(&self, why: Refused) {
        let mut refused = lock(&self.refused);
        if *refused != Some(Refused::Uncertain) {
            *refused = Some(why);
        }
    }
}

impl Intake for ClusterNode {
    fn submit(&self, submission: Submission) -> Result<(), Refused> {
        let inner = &self.inner;
        if inner.is_stopping() {
            return Err(Refused::Stopping);
        }
        if inner.disk_full.load(Ordering::Relaxed) {
            return Err(Refused::DiskFull);
        }
        let count = submission.parts.len();
        let pending = Arc::new(Pending {
            offsets: Mutex::new(vec![None; count]),
            missing: AtomicUsize::new(count + 1),
            refused: Mutex::default(),
            submission,
        });
        let mut records = &pending.submission.records[..];
        let trace = pending.submission.trace.as_deref();
        for (index, (partition, length)) in pending.submission.parts.iter().enumerate() {
            let (bytes, rest) = records.split_at(*length as usize);
            records = rest;
            let record = Record::read(&mut Cursor::new(bytes, "record"))
                .expect("a submission's records are whole");
            let source = source_of(&record);
            let partition = partition.unwrap_or(0);
            let (told, told_inner) = (Arc::clone(&pending), Arc::clone(inner));
            let done = Box::new(move |submitted: Result<i64, Refused>| {
                match submitted {
                    Ok(offset) => {
                        lock(&told.offsets)[index] = Some((partition, source, offset));
                    }
                    Err(refused) => told.refuse(refused),
                }
                one_less(&told_inner, &told);
            });
            if let Err(refused) = inner.log.submit(source, partition, &record, trace, done) {
                if index == 0 {
                    return Err(refused);
                }
                pending.refuse(refused);
                let left = count - index;
                pending.missing.fetch_sub(left - 1, Ordering::AcqRel);
                one_less(inner, &pending);
                break;
            }
        }
        one_less(inner, &pending);
        Ok(())
    }

    fn partitions(&self) -> u16 {
        self.inner.log.partitions()
    }
}

/// Commands of partitions to each other go with the commands, whatever they carry.
const fn source_of(record: &Record<'_>) -> SourceTopic {
    match (record.kind, record.origin) {
        (Kind::Control, _) => SourceTopic::Control,
        (Kind::Command, _) | (_, Some(_)) => SourceTopic::Commands,
        (Kind::Wager, None) => SourceTopic::Wagers,
        (Kind::GameEvent, None) => SourceTopic::GameEvents,
    }
}

/// One part more is decided; after the last, the caller hears.
fn one_less(inner: &Arc<Inner>, pending: &Arc<Pending>) {
    if pending.missing.fetch_sub(1, Ordering::AcqRel) > 1 {
        return;
    }
    let caller = &pending.submission.caller;
    if let Some(refused) = *lock(&pending.refused) {
        let is_kept_in_part = lock(&pending.offsets).iter().any(Option::is_some);
        caller.refused(if is_kept_in_part { Refused::Uncertain } else { refused });
        return;
    }
    if pending.submission.trace.is_some() {
        let (began, ended) = (pending.submission.taken_at, Instant::now());
        let records = pending.submission.parts.len();
        caller.committed(&Arc::new(Commit { began, ended, records, ids: OnceLock::new() }));
    }
    caller.durable();
    if !pending.submission.wants_outcomes {
        return;
    }
    let mut asks: BTreeMap<(u16, SourceTopic), (Vec<i64>, Vec<Listener>)> = BTreeMap::new();
    for (index, place) in lock(&pending.offsets).iter().enumerate() {
        let (partition, source, offset) = place.expect("all parts are durable");
        let (offsets, listeners) = asks.entry((partition, source)).or_default();
        offsets.push(offset);
        listeners.push(Listener::new(caller, index));
    }
    // The log's thread must not wait for a partition.
    inner.later(move |inner| {
        for ((partition, source), (offsets, listeners)) in asks {
            inner.ask(Ask { partition, source, offsets }, listeners);
        }
    });
}
