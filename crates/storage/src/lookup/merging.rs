//! Which sections become one, and making it step by step.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io;
use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_wire::identity::IdHash;

use super::spans::{self, Span};
use crate::run::{Entries, RunEntry, RunWriter, Section, SectionWriter};

/// So many sections of an hour that has not settled are merged at the least.
const UNSETTLED_MIN: usize = 4;

/// The sections that are to become one, those of the newest span that has any.
///
/// In each span they are as many of the smallest as hold together no more than `ids_max`, and of which the
/// largest has no more than all others together. So an id is written once more only into a section that
/// is nearly twice as large, and a span keeps sections of which each is larger than all smaller ones.
pub(super) fn to_merge<'a>(
    sections: impl Iterator<Item = &'a Arc<Section>>,
    now_hour: i64,
    ids_max: u64,
) -> Option<(Span, Vec<Arc<Section>>)> {
    let mut by_span: BTreeMap<(Span, bool), Vec<Arc<Section>>> = BTreeMap::new();
    for section in sections {
        if let Some(span) = spans::of((section.from(), section.to()), now_hour) {
            by_span.entry(span).or_default().push(Arc::clone(section));
        }
    }
    by_span.into_iter().rev().find_map(|((span, has_settled), mut sections)| {
        sections.sort_by_key(|section| (section.count(), section.sequence, section.number));
        sections.truncate(mergeable(&sections, ids_max));
        let least = if has_settled { 2 } else { UNSETTLED_MIN };
        (sections.len() >= least).then_some((span, sections))
    })
}

/// How many of the smallest.
fn mergeable(sections: &[Arc<Section>], ids_max: u64) -> usize {
    let (mut smaller, mut mergeable) = (0, 0);
    for (at, section) in sections.iter().enumerate() {
        let all = smaller + section.count();
        if section.count() <= smaller && all <= ids_max {
            mergeable = at + 1;
        }
        smaller = all;
    }
    mergeable
}

/// A section that is being made of others.
#[derive(Debug)]
pub(super) struct Merging {
    pub(super) merged: Vec<Arc<Section>>,
    pub(super) sequence: u64,
    merge: Merge,
    writer: RunWriter,
    section: SectionWriter,
}

impl Merging {
    pub(super) fn begin(
        (disk, path): (&dyn Disk, &str),
        sequence: u64,
        span: Span,
        merged: Vec<Arc<Section>>,
    ) -> io::Result<Self> {
        let merge = Merge::new(&merged)?;
        let writer = RunWriter::create(disk, path)?;
        let section = writer.begin(span, merged.iter().map(|section| section.count()).sum())?;
        Ok(Self { merged, sequence, merge, writer, section })
    }

    /// Writes so many ids more, and makes them durable; says whether there were as many.
    pub(super) fn step(&mut self, ids: u64) -> io::Result<bool> {
        for _ in 0..ids {
            let Some(entry) = self.merge.next() else { return Ok(false) };
            self.section.put(&entry?)?;
        }
        self.writer.sync()?;
        Ok(true)
    }

    /// Ends the run, which is durable then.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.writer.end(self.section)?;
        self.writer.finish()
    }
}

type Key = (IdHash, u16, u64, u32);

/// The entries of several sections, in order.
#[derive(Debug)]
pub(super) struct Merge {
    sources: Vec<(Entries, Option<RunEntry>)>,
    heads: BinaryHeap<Reverse<(Key, usize)>>,
}

impl Merge {
    fn new(sections: &[Arc<Section>]) -> io::Result<Self> {
        let mut merge = Self { sources: Vec::new(), heads: BinaryHeap::new() };
        for (at, section) in sections.iter().enumerate() {
            merge.sources.push((section.entries(), None));
            merge.advance(at)?;
        }
        Ok(merge)
    }

    fn advance(&mut self, at: usize) -> io::Result<()> {
        let (entries, head) = &mut self.sources[at];
        *head = entries.next().transpose()?;
        self.heads.extend(head.map(|head| Reverse((head.key(), at))));
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = io::Result<RunEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((_, at)) = self.heads.pop()?;
        let next = self.sources[at].1.take()?;
        Some(self.advance(at).map(|()| next))
    }
}
