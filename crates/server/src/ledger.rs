//! Finding entries of an account from its last one backwards.
//!
//! Entry n points to n − 1 and to n − lowbit(n), so any entry is reached in about log² n steps at the
//! most, usually far fewer. A stretch of entries is read over both pointers at once, so that a disk
//! looks for several while one is waited for. Nothing here knows where entries are kept.

use std::collections::VecDeque;

use accolade_domain::amount::Points;
use accolade_domain::ledger::{ChainHash, Entry, EntryKind, Parts, Place};
use accolade_domain::time::Timestamp;
use accolade_wire::journal::StoredEntry;

/// Most entries that one page looks at: where a filter passes over more, the page is short and says
/// where to go on.
const LOOKED_AT_MAX: usize = 2_000;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) entry: Entry<'static>,
    pub(crate) hash: ChainHash,
}

impl From<&StoredEntry<'_>> for Line {
    fn from(stored: &StoredEntry<'_>) -> Self {
        let entry = stored.entry.clone();
        let entry = Entry { cause: entry.cause.into_owned().into(), ..entry };
        Self { entry, hash: stored.hash }
    }
}

/// Reads entries by place.
pub(crate) trait Lines {
    /// Why an entry cannot be read.
    type Error;

    /// The entry at `place`, which another one or the account points to.
    fn line(&mut self, place: Place) -> Result<Line, Self::Error>;

    /// Says that the entry at `place` will be asked for soon.
    fn expect(&mut self, place: Place) -> Result<(), Self::Error>;
}

/// A bound that all entries from some one backwards are within.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bound {
    /// Entries up to this sequence number.
    UpTo(u64),
    /// Entries recorded before this time.
    Before(Timestamp),
}

impl Bound {
    fn includes(self, line: &Line) -> bool {
        match self {
            Self::UpTo(sequence) => line.entry.sequence <= sequence,
            Self::Before(time) => line.entry.record_time < time,
        }
    }

    /// Whether entry `sequence` is surely within, as far as that can be told without reading it.
    const fn surely_includes(self, sequence: u64) -> bool {
        match self {
            Self::UpTo(last) => sequence < last,
            Self::Before(_) => false,
        }
    }
}

/// The newest entry within `bound`, from the one at `newest` on backwards.
pub(crate) fn newest_within<L: Lines>(
    lines: &mut L,
    newest: Place,
    bound: Bound,
) -> Result<Option<Line>, L::Error> {
    let mut line = lines.line(newest)?;
    while !bound.includes(&line) {
        let Entry { sequence, previous, skip, .. } = line.entry;
        let Some(previous) = previous else { return Ok(None) };
        let skipped_to = sequence & (sequence - 1);
        if let Some(skip) = skip.filter(|_| !bound.surely_includes(skipped_to)) {
            let skipped = lines.line(skip)?;
            if !bound.includes(&skipped) || skipped_to == sequence - 1 {
                line = skipped;
                continue;
            }
        }
        line = lines.line(previous)?;
    }
    Ok(Some(line))
}

/// The entries from number `first` up to `last`, newest first; none recorded before `from`.
fn stretch<L: Lines>(
    lines: &mut L,
    last: Line,
    mut first: u64,
    from: Option<Timestamp>,
) -> Result<Vec<Line>, L::Error> {
    let is_before = |line: &Line| from.is_some_and(|from| line.entry.record_time < from);
    let newest = last.entry.sequence;
    let back = |sequence: u64| usize::try_from(newest - sequence).expect("a page fits memory");
    let mut found: Vec<Option<Line>> = Vec::new();
    found.resize_with(back(first) + 1, || None);
    let mut is_known = vec![false; found.len()];
    let mut known = VecDeque::new();
    let mut next = Some(last);
    while let Some(line) = next.take() {
        let Entry { sequence, previous, skip, place, .. } = line.entry;
        if is_before(&line) {
            first = first.max(sequence + 1);
        } else {
            found[back(sequence)] = Some(line);
            for (number, earlier) in [(sequence - 1, previous), (sequence & (sequence - 1), skip)] {
                let Some(earlier) = earlier.filter(|_| number >= first) else { continue };
                if std::mem::replace(&mut is_known[back(number)], true) {
                    continue;
                }
                if earlier.batch == place.batch {
                    // It was read with this one.
                    known.push_front((number, earlier));
                } else {
                    lines.expect(earlier)?;
                    known.push_back((number, earlier));
                }
            }
        }
        while let Some((number, place)) = known.pop_front() {
            if number >= first {
                next = Some(lines.line(place)?);
                break;
            }
        }
    }
    Ok(found.into_iter().map_while(|line| line).take_while(|line| !is_before(line)).collect())
}

/// In which order a page has its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Newest first.
    Descending,
    /// Oldest first.
    Ascending,
}

/// Which entries are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Recorded at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Recorded before this time.
    pub(crate) to: Option<Timestamp>,
    pub(crate) kind: Option<EntryKind>,
    pub(crate) order: Order,
    /// The sequence number after which, in its order, the page begins.
    pub(crate) after: Option<u64>,
    pub(crate) limit: usize,
}

/// Some entries, and the number after which the next page begins, if there may be one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) lines: Vec<Line>,
    pub(crate) next: Option<u64>,
}

const EMPTY: Page = Page { lines: Vec::new(), next: None };

/// One page of the account whose last entry stands at `newest`.
pub(crate) fn page<L: Lines>(
    lines: &mut L,
    newest: Option<Place>,
    wanted: &Wanted,
) -> Result<Page, L::Error> {
    let Some(newest) = newest else { return Ok(EMPTY) };
    let newest = match wanted.to {
        Some(to) => newest_within(lines, newest, Bound::Before(to))?,
        None => Some(lines.line(newest)?),
    };
    let Some(newest) = newest else { return Ok(EMPTY) };
    match wanted.order {
        Order::Descending => descending(lines, newest, wanted),
        Order::Ascending => ascending(lines, newest, wanted),
    }
}

fn descending<L: Lines>(lines: &mut L, newest: Line, wanted: &Wanted) -> Result<Page, L::Error> {
    let mut next_line = match wanted.after {
        Some(after) => {
            let bound = Bound::UpTo(after.saturating_sub(1));
            newest_within(lines, newest.entry.place, bound)?
        }
        None => Some(newest),
    };
    let mut page = EMPTY;
    let mut looked_at = 0;
    let mut last = None;
    while let Some(line) = next_line.take() {
        let missing = (wanted.limit - page.lines.len()) as u64;
        let first = line.entry.sequence.saturating_sub(missing).max(1);
        for line in stretch(lines, line, first, wanted.from)? {
            let Entry { sequence, kind, previous, .. } = line.entry;
            let is_wanted = wanted.kind.is_none_or(|wanted| kind == wanted);
            if looked_at == LOOKED_AT_MAX || (is_wanted && page.lines.len() == wanted.limit) {
                page.next = last;
                return Ok(page);
            }
            looked_at += 1;
            last = Some(sequence);
            if is_wanted {
                page.lines.push(line);
            }
            if sequence == first {
                next_line = previous.map(|previous| lines.line(previous)).transpose()?;
            }
        }
    }
    Ok(page)
}

fn ascending<L: Lines>(lines: &mut L, newest: Line, wanted: &Wanted) -> Result<Page, L::Error> {
    let newest_place = newest.entry.place;
    let before = match wanted.from {
        Some(from) => newest_within(lines, newest_place, Bound::Before(from))?,
        None => None,
    };
    let mut first = before.map_or(1, |line| line.entry.sequence + 1);
    first = first.max(wanted.after.map_or(1, |after| after.saturating_add(1)));
    let mut page = EMPTY;
    let mut looked_at = 0;
    while first <= newest.entry.sequence {
        let last = (first + wanted.limit as u64).min(newest.entry.sequence);
        let Some(line) = newest_within(lines, newest_place, Bound::UpTo(last))? else { break };
        for line in stretch(lines, line, first, None)?.into_iter().rev() {
            let is_wanted = wanted.kind.is_none_or(|kind| line.entry.kind == kind);
            if looked_at == LOOKED_AT_MAX || (is_wanted && page.lines.len() == wanted.limit) {
                page.next = Some(line.entry.sequence - 1);
                return Ok(page);
            }
            looked_at += 1;
            if is_wanted {
                page.lines.push(line);
            }
        }
        first = last + 1;
    }
    Ok(page)
}

/// The entry that holds the balance as of `time`: the last one recorded then or before.
pub(crate) fn as_of<L: Lines>(
    lines: &mut L,
    newest: Option<Place>,
    time: Timestamp,
) -> Result<Option<Line>, L::Error> {
    let Some(newest) = newest else { return Ok(None) };
    newest_within(lines, newest, Bound::Before(time.plus_micros(1)))
}

/// All entries up to the one at `newest`, oldest first.
pub(crate) fn all<L: Lines>(lines: &mut L, newest: Place) -> Result<Vec<Line>, L::Error> {
    let newest = lines.line(newest)?;
    let mut all = stretch(lines, newest, 1, None)?;
    all.reverse();
    Ok(all)
}

/// No multiplier led to an entry of another kind.
pub(crate) fn parts_of<'e>(entry: &'e Entry<'_>) -> Option<&'e Parts> {
    match entry.kind {
        EntryKind::Earned => Some(&entry.parts),
        EntryKind::Voided
        | EntryKind::Expired
        | EntryKind::Redeemed
        | EntryKind::Adjusted
        | EntryKind::Opening
        | EntryKind::Prize => None,
    }
}

/// The balance after `line`, or before the first entry.
pub(crate) fn balance_after(line: Option<&Line>) -> Points {
    line.map_or(Points::ZERO, |line| line.entry.balance_after)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use accolade_domain::account::Trail;
    use accolade_domain::ledger::{Moved, Subject};
    use proptest::prelude::*;

    use super::*;

    /// Entries by the batch of their place, on a disk that takes one step of time for each entry and
    /// looks for all that it was asked for at once.
    struct Kept {
        lines: Vec<Line>,
        read: usize,
        time: usize,
        there_at: BTreeMap<u64, usize>,
    }

    impl Lines for Kept {
        type Error = Infallible;

        fn line(&mut self, place: Place) -> Result<Line, Infallible> {
            self.read += 1;
            let there_at = self.there_at.remove(&place.batch).unwrap_or(self.time + 1);
            self.time = self.time.max(there_at);
            let at = usize::try_from(place.batch).unwrap() - 1;
            Ok(self.lines[at].clone())
        }

        fn expect(&mut self, place: Place) -> Result<(), Infallible> {
            self.there_at.insert(place.batch, self.time + 1);
            Ok(())
        }
    }

    impl Kept {
        fn newest(&self) -> Option<Place> {
            self.lines.last().map(|line| line.entry.place)
        }
    }

    /// An account whose entries were recorded at `times`; every third is a void.
    fn account(times: &[i64]) -> Kept {
        let mut trail = Trail::default();
        let mut lines = Vec::new();
        for (sequence, time) in (1..).zip(times) {
            let place = Place { partition: 0, batch: sequence, slot: 1, number: 0 };
            let previous = trail.last(0);
            let skip = trail.push(sequence, place);
            let is_void = sequence % 3 == 0;
            let entry = Entry {
                operator: 1,
                subject: Subject::default(),
                sequence,
                kind: if is_void { EntryKind::Voided } else { EntryKind::Earned },
                points: Points::ZERO,
                balance_after: Points::ZERO,
                capped: Points::ZERO,
                moved: Moved::Untold,
                cause: "w".into(),
                program_version: 1,
                parts: Parts::default(),
                event_time: Timestamp::from_micros(*time),
                record_time: Timestamp::from_micros(*time),
                place,
                previous,
                skip,
            };
            lines.push(Line { entry, hash: ChainHash::default() });
        }
        Kept { lines, read: 0, time: 0, there_at: BTreeMap::new() }
    }

    /// All pages, one after the other, as sequence numbers.
    fn all_pages(kept: &mut Kept, mut wanted: Wanted) -> Vec<u64> {
        let newest = kept.newest();
        let mut found = Vec::new();
        loop {
            let page = page(kept, newest, &wanted).unwrap();
            assert!(page.lines.len() <= wanted.limit);
            found.extend(page.lines.iter().map(|line| line.entry.sequence));
            match page.next {
                None => return found,
                Some(next) => {
                    assert_ne!(wanted.after, Some(next), "every page goes on");
                    wanted.after = Some(next);
                }
            }
        }
    }

    fn naive(kept: &Kept, wanted: &Wanted) -> Vec<u64> {
        let mut found: Vec<u64> = kept
            .lines
            .iter()
            .map(|line| &line.entry)
            .filter(|entry| wanted.from.is_none_or(|from| entry.record_time >= from))
            .filter(|entry| wanted.to.is_none_or(|to| entry.record_time < to))
            .filter(|entry| wanted.kind.is_none_or(|kind| entry.kind == kind))
            .map(|entry| entry.sequence)
            .collect();
        if wanted.order == Order::Descending {
            found.reverse();
        }
        found
    }

    proptest! {
        #[test]
        fn pages_together_are_what_a_plain_list_gives(
            steps in prop::collection::vec(0_i64..3, 0..200),
            from in prop::option::of(0_i64..300),
            to in prop::option::of(0_i64..300),
            kind in prop::option::of(prop::sample::select(vec![EntryKind::Earned, EntryKind::Voided])),
            ascending in any::<bool>(),
            limit in 1_usize..40,
        ) {
            let mut time = 0;
            let times: Vec<i64> = steps.iter().map(|step| { time += step; time }).collect();
            let mut kept = account(&times);
            let order = if ascending { Order::Ascending } else { Order::Descending };
            let (from, to) = (from.map(Timestamp::from_micros), to.map(Timestamp::from_micros));
            let wanted = Wanted { from, to, kind, order, after: None, limit };
            let expected = naive(&kept, &wanted);
            prop_assert_eq!(all_pages(&mut kept, wanted), expected);
        }
    }

    #[test]
    fn any_entry_of_a_long_ledger_is_reached_in_few_steps() {
        let times: Vec<i64> = (1..=100_000).collect();
        let mut kept = account(&times);
        let newest = kept.newest().unwrap();
        for target in (1..=100_000_u64).step_by(997) {
            kept.read = 0;
            let line = newest_within(&mut kept, newest, Bound::UpTo(target)).unwrap().unwrap();
            assert_eq!(line.entry.sequence, target);
            assert!(kept.read < 150, "{} entries were read for {target}", kept.read);
            kept.read = 0;
            let time = Timestamp::from_micros(i64::try_from(target).unwrap());
            let line = as_of(&mut kept, Some(newest), time).unwrap().unwrap();
            assert_eq!(line.entry.sequence, target);
            assert!(kept.read < 200, "{} entries were read for the time {target}", kept.read);
        }
    }

    #[test]
    fn a_page_reads_every_entry_once_and_waits_for_the_disk_far_less_often() {
        let mut waits_max = 0;
        for length in 1_000..1_300 {
            let times: Vec<i64> = (1..=length).collect();
            let mut kept = account(&times);
            let newest = kept.newest();
            let (from, to, kind, after) = (None, None, None, None);
            let wanted = Wanted { from, to, kind, order: Order::Descending, after, limit: 50 };
            assert_eq!(page(&mut kept, newest, &wanted).unwrap().lines.len(), 50);
            assert_eq!(kept.read, 51);
            assert!(kept.there_at.is_empty(), "nothing was fetched that is not read");
            waits_max = waits_max.max(kept.time);
        }
        assert!(waits_max <= 20, "a page waited {waits_max} times");
    }

    #[test]
    fn a_filter_that_passes_over_much_ends_a_page_early_and_says_where_to_go_on() {
        let times: Vec<i64> = (1..=3 * 3_000).collect();
        let mut kept = account(&times);
        for order in [Order::Ascending, Order::Descending] {
            let kind = Some(EntryKind::Voided);
            let wanted = Wanted { from: None, to: None, kind, order, after: None, limit: 500 };
            let expected = naive(&kept, &wanted);
            assert_eq!(all_pages(&mut kept, wanted), expected);
        }
    }
}
