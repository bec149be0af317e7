//! In what two slices of the journal differ that should be the same: one computed again, and the one that
//! was kept.

use std::fmt::Debug;

use super::{Outcomes, Recorded, StoredEntry};
use crate::record::Slice;

/// The first difference between what was computed again and what was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The slot of the batch.
    pub slot: u32,
    /// What it is now and what was kept, in words.
    pub what: String,
}

/// A longer text says little more.
const VALUE_CHARS_MAX: usize = 200;

impl Difference {
    /// Of a value in a slot.
    pub fn of<T: Debug + ?Sized>(slot: u32, name: &str, now: &T, kept: &T) -> Self {
        let what = format!("{name} is `{}` now, and was `{}`", shown(now), shown(kept));
        Self { slot, what }
    }

    /// Between a slice `now` and another of the same batch that was `kept`; nothing where they are the same.
    pub fn between(now: &Slice<'_>, kept: &Slice<'_>) -> Option<Self> {
        if now == kept {
            return None;
        }
        let (Ok(read_now), Ok(read_kept)) = (Outcomes::read(now), Outcomes::read(kept)) else {
            return Some(Self::of(0, "the format", &now.body.first(), &kept.body.first()));
        };
        if read_now.behaviour != read_kept.behaviour {
            let (now, kept) = (read_now.behaviour, read_kept.behaviour);
            return Some(Self::of(0, "the behaviour", &now, &kept));
        }
        if read_now.time != read_kept.time {
            return Some(Self::of(0, "the batch's time", &read_now.time, &read_kept.time));
        }
        let mut slots = (0..).zip(read_now.zip(read_kept));
        let differing = slots.find_map(|(slot, pair)| match pair {
            (Ok(now), Ok(kept)) => between_slots(slot, &now, &kept),
            (now, kept) => Some(Self::of(slot, "that it can be read", &now.is_ok(), &kept.is_ok())),
        });
        Some(differing.unwrap_or_else(|| {
            let slot = if now.count == kept.count { 0 } else { now.count.min(kept.count) + 1 };
            let lengths = |slice: &Slice<'_>| (slice.count, slice.body.len(), slice.flags);
            Self::of(slot, "the count, length and flags", &lengths(now), &lengths(kept))
        }))
    }
}

fn shown<T: Debug + ?Sized>(value: &T) -> String {
    let mut shown = format!("{value:?}");
    if let Some((end, _)) = shown.char_indices().nth(VALUE_CHARS_MAX) {
        shown.truncate(end);
        shown.push('…');
    }
    shown
}

fn between_slots(slot: u32, now: &Recorded<'_>, kept: &Recorded<'_>) -> Option<Difference> {
    if now.outcome != kept.outcome {
        return Some(Difference::of(slot, "the outcome", &now.outcome, &kept.outcome));
    }
    let mut pairs = now.entries.iter().zip(&kept.entries);
    if let Some(differing) = pairs.find_map(|(now, kept)| between_entries(slot, now, kept)) {
        return Some(differing);
    }
    let counts = |recorded: &Recorded<'_>| (recorded.entries.len(), recorded.notices.len());
    if counts(now) != counts(kept) {
        let name = "how many entries and notices there are";
        return Some(Difference::of(slot, name, &counts(now), &counts(kept)));
    }
    let mut notices = now.notices.iter().zip(&kept.notices);
    let (now, kept) = notices.find(|(now, kept)| now != kept)?;
    Some(Difference::of(slot, "a notice", &now.notice, &kept.notice))
}

fn between_entries(slot: u32, now: &StoredEntry<'_>, kept: &StoredEntry<'_>) -> Option<Difference> {
    if now.entry.points != kept.entry.points {
        let (now, kept) = (now.entry.points, kept.entry.points);
        return Some(Difference::of(slot, "the points of an entry", &now, &kept));
    }
    if now.entry.balance_after != kept.entry.balance_after {
        let (now, kept) = (now.entry.balance_after, kept.entry.balance_after);
        return Some(Difference::of(slot, "the balance after an entry", &now, &kept));
    }
    if now.entry != kept.entry {
        return Some(Difference::of(slot, "an entry", &now.entry, &kept.entry));
    }
    (now.hash != kept.hash)
        .then(|| Difference::of(slot, "the hash of an entry", &now.hash, &kept.hash))
}
