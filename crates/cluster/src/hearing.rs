//! The thread that hears the log: membership, records, control, owners.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use accolade_engine::ordered::Event;

use accolade_wire::order::SourceTopic;

use crate::node::{Inner, lock};

/// How long the log is waited for at the most.
const PATIENCE: Duration = Duration::from_millis(10);
/// How often partitions that could not be taken are tried again.
const TAKE_AGAIN: Duration = Duration::from_secs(1);

pub(crate) fn run(inner: &Arc<Inner>) {
    let mut tried = Instant::now();
    let mut poked = vec![false; inner.inboxes.len()];
    while !inner.is_stopping() {
        while inner.inbox_bytes.load(Ordering::Relaxed) > inner.options.inbox_bytes_max
            && !inner.is_stopping()
        {
            std::thread::sleep(Duration::from_millis(1));
        }
        let heard = inner.log.hear(PATIENCE, &mut |event| match event {
            Event::Record { partition, source, expected, offset, record } => {
                let at = usize::from(partition);
                let added = lock(&inner.inboxes[at]).push(source, expected, offset, &record);
                inner.inbox_bytes.fetch_add(added, Ordering::Relaxed);
                poked[at] |= added > 0;
            }
            Event::Control { offset, record } => {
                inner.control.add(offset, &record);
                poked.fill(true);
            }
            Event::Owner(owner) => inner.heard_owner(owner),
            Event::Assigned(partitions) => inner.assign(partitions),
            Event::Passed { partition, source, from, to } => {
                lock(&inner.inboxes[usize::from(partition)]).pass(source, from, to);
            }
            Event::Lost { source: SourceTopic::Control, what, .. } => inner.fail(what),
            Event::Lost { partition, what, .. } => inner.stops(partition, what),
        });
        if let Err(error) = heard {
            tracing::warn!(%error, "the log could not be heard; it is tried again");
            std::thread::sleep(PATIENCE);
        }
        for (partition, poked) in (0..).zip(&mut poked) {
            if std::mem::take(poked) {
                inner.poke(partition);
            }
        }
        if tried.elapsed() >= TAKE_AGAIN {
            tried = Instant::now();
            inner.take_missing();
        }
    }
}
