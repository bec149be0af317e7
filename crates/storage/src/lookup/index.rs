//! The sections that are asked at a moment: which of them can know of an ask, and whose filters are in
//! memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use accolade_engine::store::{Ask, Earlier, Hours};
use accolade_wire::identity::IdHash;

use super::{in_run, path};
use crate::run::{Filter, Part, RunEntry, Section};

/// All sections.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The newest first, and those that are resident before others of the same hours.
    live: Vec<Live>,
    by_partition: BTreeMap<u16, Vec<Reach>>,
}

/// A section, with its filter where it is in memory.
#[derive(Debug, Clone)]
pub(super) struct Live {
    pub(super) section: Arc<Section>,
    filter: Option<Arc<Filter>>,
    /// The filter is to be in memory.
    is_within_budget: bool,
    /// It could not be read. An ask will say so, if it comes to it.
    is_out_of_reach: bool,
}

impl Live {
    pub(super) const fn new(section: Arc<Section>) -> Self {
        Self { section, filter: None, is_within_budget: false, is_out_of_reach: false }
    }

    /// Reads the filter, where it is to be in memory and is not. That it is damaged is an error; that its
    /// file is borrowed and not to be had now is none.
    fn load(&mut self) -> io::Result<()> {
        if !self.is_within_budget || self.filter.is_some() {
            return Ok(());
        }
        match self.section.filter() {
            Ok(filter) => self.filter = Some(Arc::new(filter)),
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(in_run(self.section.sequence, error));
            }
            Err(error) => {
                let run = path(self.section.sequence);
                tracing::warn!(run, %error, "a filter of ids cannot be read, and is asked on disk");
                self.is_out_of_reach = true;
            }
        }
        Ok(())
    }
}

/// What of a partition a section can know.
#[derive(Debug, Clone, Copy)]
struct Reach {
    from: i64,
    to: i64,
    /// Of batches.
    least: u64,
    greatest: u64,
    /// Which section.
    at: usize,
}

impl Reach {
    const fn new(section: &Section, part: Part, at: usize) -> Self {
        let Part { least, greatest, .. } = part;
        Self { from: section.from(), to: section.to(), least, greatest, at }
    }

    /// Whether the section can change what was `found` so far.
    fn can_answer(&self, ask: &Ask, found: Option<&Earlier>) -> bool {
        ask.hours.meet(self.from, self.to)
            && self.least < ask.before_batch
            && found.is_none_or(|found| found.batch <= self.greatest)
    }
}

/// What answering has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Effort {
    /// Sections whose filter was asked, for all asks together.
    pub sections: u64,
    /// Those of them whose filter was not in memory.
    pub not_resident: u64,
    /// Those in which the id was looked for.
    pub looked_into: u64,
}

/// What is in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resident {
    /// Sections that are asked.
    pub sections: u64,
    /// Files that they are in.
    pub files: u64,
    /// Ids in them.
    pub ids: u64,
    /// Ids whose filter is in memory.
    pub filtered_ids: u64,
    /// Bytes of these filters.
    pub filter_bytes: u64,
    /// Bytes of what is known of the sections.
    pub index_bytes: u64,
}

impl Index {
    /// Sorts `live`, and gives filters of the newest, as far as `filter_bytes_max` goes, their place in
    /// memory; those of which `at_once` says so are read now.
    pub(super) fn new(
        mut live: Vec<Live>,
        filter_bytes_max: u64,
        at_once: &dyn Fn(&Section) -> bool,
    ) -> io::Result<Self> {
        live.sort_by_key(|Live { section, .. }| {
            Reverse((section.to(), section.from(), section.sequence, section.number))
        });
        let mut left = filter_bytes_max;
        for live in &mut live {
            let rest = left.checked_sub(live.section.filter_bytes());
            live.is_within_budget = rest.is_some();
            live.is_out_of_reach = false;
            left = rest.unwrap_or(left);
            if rest.is_none() {
                live.filter = None;
            }
        }
        // Only now: what has lost its place has made room.
        for live in live.iter_mut().filter(|live| at_once(&live.section)) {
            live.load()?;
        }
        let mut by_partition: BTreeMap<u16, Vec<Reach>> = BTreeMap::new();
        for (at, Live { section, .. }) in live.iter().enumerate() {
            for part in section.parts() {
                by_partition
                    .entry(part.partition)
                    .or_default()
                    .push(Reach::new(section, *part, at));
            }
        }
        for reaches in by_partition.values_mut() {
            reaches.sort_by_key(|reach| Reverse(reach.greatest));
            reaches.shrink_to_fit();
        }
        Ok(Self { live, by_partition })
    }

    pub(super) fn live(&self) -> &[Live] {
        &self.live
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = &Arc<Section>> {
        self.live.iter().map(|live| &live.section)
    }

    /// The newest section whose filter is to be in memory, and is not.
    pub(super) fn next_to_load(&self) -> Option<Arc<Section>> {
        let missing =
            |live: &&Live| live.is_within_budget && live.filter.is_none() && !live.is_out_of_reach;
        self.live.iter().find(missing).map(|live| Arc::clone(&live.section))
    }

    /// For each ask the newest occurrence, as all sections together have it.
    ///
    /// Sections are asked in the order of the greatest batch that they have of the partition, the greatest
    /// first, and an ask ends where all others have only batches before the one that was found: see
    /// `docs/architecture.md`. Asks of some hours and asks of nearly all go separately, so that one of
    /// the latter does not bring all others before sections that they do not ask.
    pub(super) fn earlier(
        &self,
        partition: u16,
        asks: &[Ask],
        found: &mut [Option<Earlier>],
    ) -> io::Result<Effort> {
        let mut effort = Effort::default();
        let Some(reaches) = self.by_partition.get(&partition) else { return Ok(effort) };
        let is_of_all = |at: &u32| asks[*at as usize].hours == Hours::ALL;
        let (of_all, of_some): (Vec<u32>, Vec<u32>) = (0..asks.len() as u32).partition(is_of_all);
        let mut buffer = Vec::new();
        for group in [of_some, of_all] {
            let asked = AskedHours::of(group.iter().map(|at| asks[*at as usize].hours));
            for reach in reaches.iter().filter(|reach| asked.meet(reach.from, reach.to)) {
                for at in &group {
                    let (ask, found) = (&asks[*at as usize], &mut found[*at as usize]);
                    if reach.can_answer(ask, found.as_ref()) {
                        self.live[reach.at].newer(
                            partition,
                            ask,
                            found,
                            &mut buffer,
                            &mut effort,
                        )?;
                    }
                }
            }
        }
        Ok(effort)
    }

    /// Every occurrence of an id.
    pub(super) fn with_id(&self, id: IdHash) -> io::Result<Vec<RunEntry>> {
        let (mut found, mut buffer) = (Vec::new(), Vec::new());
        for Live { section, filter, .. } in &self.live {
            let mut give = |partition, entry: &_| found.push(RunEntry { partition, entry: *entry });
            let each = section.each(filter.as_deref(), id, &mut buffer, &mut give);
            each.map_err(|error| in_run(section.sequence, error))?;
        }
        Ok(found)
    }

    pub(super) fn resident(&self) -> Resident {
        let mut resident = Resident::default();
        let mut files: Vec<u64> = self.sections().map(|section| section.sequence).collect();
        files.sort_unstable();
        files.dedup();
        resident.files = files.len() as u64;
        for Live { section, filter, .. } in &self.live {
            resident.sections += 1;
            resident.ids += section.count();
            resident.index_bytes += section.bytes() + size_of::<Live>() as u64;
            if filter.is_some() {
                resident.filtered_ids += section.count();
                resident.filter_bytes += section.filter_bytes();
            }
        }
        let reaches: usize = self.by_partition.values().map(Vec::len).sum();
        resident.index_bytes += (reaches * size_of::<Reach>()) as u64;
        resident
    }
}

impl Live {
    /// Brings `found` up to date with what the section has.
    fn newer(
        &self,
        partition: u16,
        ask: &Ask,
        found: &mut Option<Earlier>,
        buffer: &mut Vec<u8>,
        effort: &mut Effort,
    ) -> io::Result<()> {
        let Self { section, filter, .. } = self;
        effort.sections += 1;
        match filter {
            Some(filter) if !filter.may_have(ask.id) => return Ok(()),
            Some(_) => {}
            None => effort.not_resident += 1,
        }
        let looked_into = section.each(filter.as_deref(), ask.id, buffer, &mut |other, entry| {
            let is_it = other == partition
                && entry.player == ask.player
                && entry.batch < ask.before_batch
                && ask.hours.include(entry.hour);
            let is_newer =
                found.is_none_or(|had| (had.batch, had.slot) < (entry.batch, entry.slot));
            if is_it && is_newer {
                let (batch, slot, content) = (entry.batch, entry.slot, entry.content);
                *found = Some(Earlier { batch, slot, content });
            }
        });
        let looked_into = looked_into.map_err(|error| in_run(section.sequence, error))?;
        effort.looked_into += u64::from(looked_into);
        Ok(())
    }
}

/// The hours that some asks ask, all together.
#[derive(Debug)]
struct AskedHours(Vec<(i64, i64)>);

impl AskedHours {
    /// Most of a batch ask the same, and nearly all others lie within it.
    fn of(all: impl Iterator<Item = Hours>) -> Self {
        let mut ranges: Vec<(i64, i64)> = Vec::new();
        for hours in all {
            for (from, to) in hours.ranges() {
                let is_asked = |range: &(i64, i64)| range.0 <= from && to <= range.1;
                if from <= to && !ranges.iter().any(is_asked) {
                    ranges.push((from, to));
                }
            }
        }
        Self(ranges)
    }

    fn meet(&self, from: i64, to: i64) -> bool {
        self.0.iter().any(|range| range.0 <= to && from <= range.1)
    }
}
