//! What is kept of an account, read to make its past again.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::ledger::{Entry, Place};
use accolade_domain::outcome::Outcome;
use accolade_domain::time::{Day, Timestamp};
use accolade_engine::apply::past::{Kept, past};
use accolade_engine::store::{Earlier, Store};
use accolade_engine::tables::Stretch;
use accolade_engine::tables::cap_days::CapDayKey;
use accolade_engine::tables::requests::RequestKey;
use accolade_storage::backing::NodeStore;

use crate::balance::{Found, Standing, Was};
use crate::ledger::{Line, Lines, all, as_of};
use crate::players::no_entry;
use crate::principal::Known;
use crate::problem::Problem;
use crate::requests::{FoundOf, Requests};
use crate::service::Service;
use crate::submit::Reader;
use crate::{redemptions, signals};

/// So many entries of an account are gone through at most, redemptions, and signals.
const KEPT_MAX: usize = 10_000;
/// So many rows are read together.
const TOGETHER: usize = 100;
/// How often an account is read again that has changed meanwhile.
const TRIES: usize = 3;

/// Reads entries from the journal, and what became of the records that made them.
struct WithOutcomes {
    reader: Reader,
    /// By the numbers of records.
    outcomes: BTreeMap<u64, Outcome>,
}

impl Lines for WithOutcomes {
    type Error = Problem;

    fn line(&mut self, place: Place) -> Result<Line, Problem> {
        let (line, outcome) = self
            .reader
            .recorded(place, |at| (at.entry(place.number).map(Line::from), at.outcome.clone()))?;
        self.outcomes.insert(place.record_number(), outcome);
        line.ok_or_else(no_entry)
    }

    fn expect(&mut self, place: Place) -> Result<(), Problem> {
        self.reader.expect(place)
    }
}

impl Service {
    /// An account as it was at a time.
    pub(crate) fn was(
        &self,
        operator: &Known,
        player: &str,
        time: Timestamp,
    ) -> Result<Was, Problem> {
        let mut found = self.account(operator, player)?;
        let line = as_of(&mut self.lines(found.partition)?, found.newest(), time)?;
        if time >= found.present.time {
            let standing = Some(found.standing.clone());
            return Ok(Was { found, line, standing });
        }
        for _ in 0..TRIES {
            let standing = self.stood(operator, player, &found, time)?;
            let again = self.account(operator, player)?;
            let is_same = again.present.account.version == found.present.account.version;
            if standing.is_some() || is_same {
                return Ok(Was { found, line, standing });
            }
            found = again;
        }
        Ok(Was { found, line, standing: None })
    }

    /// How an account stood at a time before its present; `None` where that is not known.
    fn stood(
        &self,
        operator: &Known,
        player: &str,
        found: &Found,
        time: Timestamp,
    ) -> Result<Option<Standing>, Problem> {
        let Some(mut kept) = self.kept(operator, player, found)? else { return Ok(None) };
        let mut was = past(&found.present, &kept, time);
        if was.is_none() {
            kept.voids = self.voids(player, found, &kept)?;
            was = past(&found.present, &kept, time);
        }
        Ok(was.map(|past| Standing::of(&past, &found.present.operator, time)))
    }

    /// What became of voids that have left no entry. There are few, and each wager has to be asked for.
    fn voids(
        &self,
        player: &str,
        found: &Found,
        kept: &Kept,
    ) -> Result<Vec<(Place, Timestamp, Outcome)>, Problem> {
        let (partition, asks) = (found.partition, kept.ask_for_voids(&found.present, player));
        let backing = self.host.backing(partition)?;
        let in_memory = self.read(partition, |state| {
            asks.iter().map(|ask| state.ids().newest(ask)).collect::<Vec<_>>()
        })?;
        let mut sealed = Vec::with_capacity(asks.len());
        NodeStore::new(backing.clone()).earlier(partition, &asks, &mut sealed)?;
        let mut reader = Reader::new(backing);
        let voids = in_memory.into_iter().zip(sealed).filter_map(|(one, other)| one.or(other));
        let voids = voids.map(|Earlier { batch, slot, .. }| {
            let place = Place { partition, batch, slot, number: 0 };
            reader.recorded(place, |at| (place, at.time, at.outcome.clone()))
        });
        voids.collect()
    }

    /// All that is kept of an account; `None` where that is too much.
    fn kept(&self, operator: &Known, player: &str, found: &Found) -> Result<Option<Kept>, Problem> {
        if found.present.account.sequence > KEPT_MAX as u64 {
            return Ok(None);
        }
        let redemptions = self.all_requests::<redemptions::Kind>(operator, player)?;
        let signals = self.all_requests::<signals::Kind>(operator, player)?;
        let Some((redemptions, signals)) = redemptions.zip(signals) else { return Ok(None) };
        Ok(Some(Kept {
            days: self.days(found)?,
            entries: self.entries(found)?,
            redemptions: redemptions.into_iter().collect(),
            signals: signals.into_values().collect(),
            voids: Vec::new(),
        }))
    }

    fn entries(&self, found: &Found) -> Result<Vec<(Entry<'static>, Outcome)>, Problem> {
        let Some(newest) = found.newest() else { return Ok(Vec::new()) };
        let reader = Reader::new(self.host.backing(found.partition)?);
        let mut lines = WithOutcomes { reader, outcomes: BTreeMap::new() };
        let all = all(&mut lines, newest)?;
        let entries = all.into_iter().map(|Line { entry, .. }| {
            let outcome = lines.outcomes[&entry.place.record_number()].clone();
            (entry, outcome)
        });
        Ok(entries.collect())
    }

    /// The requests of a player; `None` where they are too many.
    fn all_requests<R: Requests>(
        &self,
        operator: &Known,
        player: &str,
    ) -> Result<Option<BTreeMap<RequestKey, FoundOf<R>>>, Problem> {
        let mut all = BTreeMap::new();
        while all.len() <= KEPT_MAX {
            let after = all.last_key_value().map(|(key, _): (&RequestKey, _)| key.place);
            let page = self.requests::<R>(operator, player, after, TOGETHER)?;
            let is_last = page.len() < TOGETHER;
            all.extend(page);
            if is_last {
                return Ok(Some(all));
            }
        }
        Ok(None)
    }

    /// The rows of what the player has earned by day.
    fn days(&self, found: &Found) -> Result<Vec<(CapDayKey, Points)>, Problem> {
        let Found { partition, player, .. } = *found;
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let mut from = Bound::Included(CapDayKey { player, day: Day(i32::MIN) });
        let mut days = Vec::new();
        loop {
            let excerpt = self.read(partition, |state| {
                state.tables().cap_days.excerpt(from.as_ref(), TOGETHER)
            })?;
            let Stretch { rows, to } = excerpt.read(partition, &mut store)?;
            days.extend(rows.into_iter().filter(|(key, _)| key.player == player));
            match to.filter(|to| to.player == player) {
                Some(to) => from = Bound::Excluded(to),
                None => return Ok(days),
            }
        }
    }
}
