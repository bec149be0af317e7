//! Rows of a group of batches, made ready to be written in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_engine::players::Ordinal;
use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::{Names, Player};
use accolade_wire::cut::cut;
use accolade_wire::journal::{Recorded, StoredEntry};
use accolade_wire::named::Named;
use accolade_wire::record::Record;

use crate::catalogue::Offers;
use crate::leaders::{Changed, add_changed};
use crate::played::Played;
use crate::rows::Rows;
use crate::told::Told;
use crate::writing::month_of;

/// What is said about an error.
const DETAIL_BYTES_MAX: usize = 2_048;

/// An input that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) place: Place,
    pub(crate) time: Timestamp,
    pub(crate) reason: DeadReason,
    pub(crate) detail: String,
    pub(crate) operator: String,
    /// The input, as far as it is text; `None` where it is kept no more.
    pub(crate) original: Option<String>,
}

/// What one transaction writes.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) ledger: Rows,
    pub(crate) letters: Vec<Letter>,
    /// The months in which the rows of the ledger were recorded, as `2026-11`.
    pub(crate) months: BTreeSet<String>,
    latest: HashMap<(u16, Ordinal), Latest>,
    /// Operator and name of each player of `latest`, one after the other.
    names: String,
    letter_bytes: usize,
    /// What notices tell.
    pub(crate) told: Told,
    /// Game events.
    pub(crate) played: Played,
    /// What has changed of the catalogue.
    pub(crate) offers: Offers,
    /// Leaderboards that have changed.
    pub(crate) changed: Changed,
}

/// A balance after the last of its changes in the group.
#[derive(Debug)]
struct Latest {
    operator: Range<usize>,
    name: Range<usize>,
    balance: Points,
    updated: Timestamp,
    version: u64,
}

impl Group {
    /// Adds a batch: all of it, or nothing. Players who were erased have no rows.
    pub(crate) fn add(&mut self, batch: &Batch<'_>, names: &mut Names) -> Result<(), Held> {
        let (mut entries, mut letters, mut notices) = (Vec::new(), Vec::new(), Vec::new());
        for recorded in batch.outcomes()? {
            let recorded = recorded?;
            if let Outcome::DeadLetter { reason, detail } = &recorded.outcome {
                letters.push(letter(batch, &recorded, *reason, detail)?);
            }
            entries.extend(recorded.entries);
            notices.extend(recorded.notices);
        }
        let players = names.of(batch)?;
        self.played.add(batch, &notices, &players)?;
        if !entries.is_empty() {
            self.months.insert(month_of(batch.time));
        }
        for stored in &entries {
            let entry = &stored.entry;
            if let Some(player) = players.find(entry.operator, entry.subject) {
                self.enter(batch.partition, player, stored);
            }
        }
        for stored in &notices {
            add_changed(&mut self.changed, batch.partition, stored)?;
            let notice = &stored.notice;
            if let Some(player) = players.find(notice.operator, notice.subject) {
                self.told.add(player, batch.time, stored)?;
            }
        }
        for letter in letters {
            self.letter_bytes += letter.original.as_ref().map_or(0, String::len);
            self.letters.push(letter);
        }
        Ok(())
    }

    /// The bytes of all rows.
    pub(crate) fn bytes(&self) -> usize {
        let beside = self.told.bytes() + self.played.bytes() + self.offers.bytes();
        self.ledger.len() + self.letter_bytes + beside
    }

    fn enter(&mut self, partition: u16, player: Player<'_>, stored: &StoredEntry<'_>) {
        let StoredEntry { entry, hash } = stored;
        let row = self.ledger.begin(16).text(player.operator).text(player.name);
        row.big(signed(entry.sequence)).text(entry.kind.code());
        row.points(entry.points).points(entry.balance_after).points(entry.capped);
        row.text(&entry.cause).big(entry.program_version.into());
        row.time(entry.event_time).time(entry.record_time);
        let Place { partition: at, batch, slot, number } = entry.place;
        row.integer(at.into())
            .big(signed(batch))
            .big(slot.into())
            .integer(i32::try_from(number).expect("fewer than 2^23 in a slot"));
        row.bytes(&hash.0);
        let (balance, updated, version) = (entry.balance_after, entry.record_time, entry.sequence);
        let names = &mut self.names;
        let latest = self.latest.entry((partition, player.ordinal)).or_insert_with(|| {
            let (operator, name) = (put(names, player.operator), put(names, player.name));
            Latest { operator, name, balance, updated, version }
        });
        (latest.balance, latest.updated, latest.version) = (balance, updated, version);
    }

    /// Balances in the order of their keys.
    pub(crate) fn balances(&self) -> Rows {
        let mut sorted: Vec<_> = self.latest.values().collect();
        let names = &self.names;
        let key = |latest: &Latest| (&names[latest.operator.clone()], &names[latest.name.clone()]);
        sorted.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut balances = Rows::default();
        for latest in sorted {
            let (operator, player) = key(latest);
            let row = balances.begin(5).text(operator).text(player);
            row.points(latest.balance).time(latest.updated).big(signed(latest.version));
        }
        balances
    }
}

fn put(names: &mut String, name: &str) -> Range<usize> {
    let begin = names.len();
    names.push_str(name);
    begin..names.len()
}

fn letter(
    batch: &Batch<'_>,
    recorded: &Recorded<'_>,
    reason: DeadReason,
    detail: &str,
) -> Result<Letter, Held> {
    let (mut operator, mut original) = (String::new(), None);
    batch.letter(recorded.place, &mut |record| {
        operator = operator_of(record);
        original = Some(storable(&String::from_utf8_lossy(record.body)));
    })?;
    let detail = storable(&cut(detail, DETAIL_BYTES_MAX));
    let (place, time) = (recorded.place, recorded.time);
    Ok(Letter { place, time, reason, detail, operator, original })
}

/// The operator of an input, as its dead letter has it.
fn operator_of(record: &Record<'_>) -> String {
    storable(&Named::of(record).operator)
}

/// A text as the database takes it: without the character NUL.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("no counter comes this far")
}
