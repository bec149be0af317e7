//! The thread that hears the log: membership, records, control, owners.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_engine::ordered::Event;

use accolade_wire::order::SourceTopic;

use crate::inbox::Inbox;
use crate::node::{Inner, lock};

/// How long the log is waited for at the most.
const PATIENCE: Duration = Duration::from_millis(10);
/// How long folding is waited for where it does not keep up. Membership lapses where nobody hears, and one
/// partition that cannot be ordered must not cost the node all others.
const ROOM_PATIENCE: Duration = Duration::from_millis(20);
/// How often partitions that could not be taken are tried again.
const TAKE_AGAIN: Duration = Duration::from_secs(1);

pub(crate) fn run(inner: &Arc<Inner>) {
    let mut tried = Instant::now();
    let mut poked = vec![false; inner.inboxes.len()];
    while !inner.is_stopping() {
        inner.make_room();
        let heard = inner.log.hear(PATIENCE, &mut |event| match event {
            Event::Record { partition, source, expected, offset, record } => {
                let at = usize::from(partition);
                let mut inbox = lock(&inner.inboxes[at]);
                let added = inbox.push(source, expected, offset, &record);
                inner.inbox_bytes.fetch_add(added, Ordering::Relaxed);
                poked[at] |= added > 0;
            }
            Event::Control { offset, record } => {
                inner.control.add(offset, &record, &inner.shared.history);
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

impl Inner {
    /// Sees to it that what waits to be ordered has bounds: each partition has a share. One that is still
    /// over it after a moment is not heard any more, until it has room again.
    fn make_room(&self) {
        let share = self.options.inbox_bytes_max / self.assigned_count().max(1);
        let until = Instant::now() + ROOM_PATIENCE;
        let is_over = |inbox: &Mutex<Inbox>| lock(inbox).is_over(share);
        while self.inboxes.iter().any(is_over) && Instant::now() < until && !self.is_stopping() {
            std::thread::sleep(Duration::from_millis(1));
        }
        for (partition, inbox) in (0..).zip(&self.inboxes) {
            let mut inbox = lock(inbox);
            if inbox.is_over(share) {
                tracing::warn!(partition, bytes = inbox.bytes(), "too much waits to be ordered");
                inbox.set_aside();
                self.log.leave(partition);
            } else if let Some(from) = inbox.goes_on_from(share) {
                match self.log.follow(partition, from) {
                    Ok(()) => inbox.take_in_again(),
                    Err(error) => tracing::warn!(partition, %error, "it is not heard again yet"),
                }
            }
        }
    }
}
