//! Who stands behind the subjects of a batch.
//!
//! Kept is which player of its partition a subject is, and no name: those are asked of the node for each
//! batch, and forgotten with the next. So whoever is erased there is erased here at once.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use accolade_domain::ledger::Subject;
use accolade_engine::feed::Feed;
use accolade_engine::players::Ordinal;
use accolade_wire::journal::{Recorded, StoredEntry, StoredNotice};
use accolade_wire::notice::moved::POSITION_MOVED;

use crate::batch::{Batch, Held};
use crate::subjects::Subjects;

/// Finds the players behind entries.
pub struct Names {
    feed: Arc<dyn Feed>,
    subjects: BTreeMap<u16, Subjects>,
    operators: HashMap<u32, Box<str>>,
    /// The names of one batch, and where in them each of its players is.
    text: String,
    players: Vec<(Ordinal, Range<usize>)>,
}

/// The player behind a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Player<'a> {
    /// The player's number in the partition.
    pub ordinal: Ordinal,
    /// The operator's id.
    pub operator: &'a str,
    /// The operator's own name for the player.
    pub name: &'a str,
}

/// The players of one batch.
#[derive(Debug, Clone, Copy)]
pub struct Players<'a> {
    names: &'a Names,
    subjects: Option<&'a Subjects>,
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

impl Names {
    /// Nobody is known yet.
    pub fn new(feed: Arc<dyn Feed>) -> Self {
        let (subjects, operators) = (BTreeMap::new(), HashMap::new());
        Self { feed, subjects, operators, text: String::new(), players: Vec::new() }
    }

    /// Forgets the subjects of partitions that are not here any more.
    pub fn keep(&mut self, owned: &[u16]) {
        self.subjects.retain(|partition, _| owned.contains(partition));
    }

    /// The players behind all entries and notices of a batch, but for notices of positions: those may be of other partitions.
    pub fn of(&mut self, batch: &Batch<'_>) -> Result<Players<'_>, Held> {
        let mut accounts = Vec::new();
        for recorded in batch.outcomes()? {
            let Recorded { entries, notices, .. } = recorded?;
            let of_entry =
                |StoredEntry { entry, .. }: &StoredEntry<'_>| (entry.operator, entry.subject);
            let of_notice = |StoredNotice { notice, .. }: &StoredNotice<'_>| {
                let is_here = notice.kind != POSITION_MOVED;
                is_here.then_some((notice.operator, notice.subject))
            };
            accounts.extend(entries.iter().map(of_entry));
            accounts.extend(notices.iter().filter_map(of_notice));
        }
        self.behind(batch.partition, &accounts)
    }

    /// The players behind accounts of a partition, each by its operator's number and its subject.
    pub fn behind(
        &mut self,
        partition: u16,
        accounts: &[(u32, Subject)],
    ) -> Result<Players<'_>, Held> {
        self.text.clear();
        self.players.clear();
        let mut wanted = Vec::new();
        for (operator, subject) in accounts {
            self.know_operator(*operator)?;
            wanted.push((self.ordinal(partition, *subject)?, *subject));
        }
        wanted.sort_unstable_by_key(|(ordinal, _)| *ordinal);
        wanted.dedup();
        if !wanted.is_empty() {
            self.ask(partition, &wanted)?;
        }
        Ok(Players { subjects: self.subjects.get(&partition), names: self })
    }

    fn know_operator(&mut self, operator: u32) -> Result<(), Held> {
        if !self.operators.contains_key(&operator) {
            let rules = self.feed.rules();
            self.operators = rules.operators().map(|one| (one.number, one.id.clone())).collect();
        }
        if self.operators.contains_key(&operator) {
            return Ok(());
        }
        Err(Held::Waits(format!("operator number {operator} is not known")))
    }

    fn ordinal(&mut self, partition: u16, subject: Subject) -> Result<Ordinal, Held> {
        let subjects = self.subjects.entry(partition).or_default();
        if let Some(ordinal) = subjects.find(subject) {
            return Ok(ordinal);
        }
        self.feed.subjects(partition, subjects.next(), &mut |known| {
            subjects.add(known.ordinal, known.subject);
        });
        let found = subjects.find(subject);
        found.ok_or_else(|| Held::Waits("nobody is known behind one of its subjects".into()))
    }

    /// Asks for names, in the order of ordinals.
    fn ask(&mut self, partition: u16, wanted: &[(Ordinal, Subject)]) -> Result<(), Held> {
        let ordinals: Vec<_> = wanted.iter().map(|(ordinal, _)| *ordinal).collect();
        let (text, players) = (&mut self.text, &mut self.players);
        let mut are_others = false;
        let is_here = self.feed.names(partition, &ordinals, &mut |known| {
            let at = wanted.binary_search_by_key(&known.ordinal, |(ordinal, _)| *ordinal);
            are_others |= at.is_ok_and(|at| wanted[at].1 != known.subject);
            let begin = text.len();
            text.push_str(known.player);
            players.push((known.ordinal, begin..text.len()));
        });
        if is_here && !are_others {
            return Ok(());
        }
        self.subjects.remove(&partition);
        Err(Held::Waits("its players are not here".into()))
    }
}

impl<'a> Players<'a> {
    /// Who made an entry; `None` where the player was erased.
    pub fn find(&self, operator: u32, subject: Subject) -> Option<Player<'a>> {
        let names = self.names;
        let ordinal = self.subjects?.find(subject)?;
        let at = names.players.binary_search_by_key(&ordinal, |(ordinal, _)| *ordinal).ok()?;
        let operator = names.operators.get(&operator)?;
        Some(Player { ordinal, operator, name: &names.text[names.players[at].1.clone()] })
    }
}
