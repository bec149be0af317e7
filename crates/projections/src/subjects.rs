//! The ordinals of a partition's players by subject, in about 25 bytes for each.

use accolade_domain::ledger::Subject;
use accolade_engine::players::Ordinal;
use hashbrown::HashTable;

/// The players of a partition by subject, without their names.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    all: Vec<Subject>,
    by_subject: HashTable<Ordinal>,
}

impl Subjects {
    /// The ordinal of the first player that is not here yet.
    pub(crate) fn next(&self) -> Ordinal {
        Ordinal::try_from(self.all.len()).expect("fewer than 2^32 players")
    }

    /// Adds the next player.
    pub(crate) fn add(&mut self, ordinal: Ordinal, subject: Subject) {
        assert_eq!(ordinal, self.next(), "players are told in order");
        self.all.push(subject);
        let all = &self.all;
        let hash = |ordinal: &Ordinal| hash(all[*ordinal as usize]);
        self.by_subject.insert_unique(hash(&ordinal), ordinal, hash);
    }

    /// The player behind a subject.
    pub(crate) fn find(&self, subject: Subject) -> Option<Ordinal> {
        let is_it = |ordinal: &Ordinal| self.all[*ordinal as usize] == subject;
        self.by_subject.find(hash(subject), is_it).copied()
    }
}

/// A subject is random: any part of it is a hash.
fn hash(Subject(bytes): Subject) -> u64 {
    let (part, _) = bytes.split_first_chunk().expect("a subject has 16 bytes");
    u64::from_le_bytes(*part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_player_is_found_by_subject() {
        let mut subjects = Subjects::default();
        let subject = |number: u32| {
            let mut bytes = [7; 16];
            bytes[3..7].copy_from_slice(&number.to_be_bytes());
            Subject(bytes)
        };
        for ordinal in 0..5_000 {
            subjects.add(ordinal, subject(ordinal));
        }
        for ordinal in 0..5_000 {
            assert_eq!(subjects.find(subject(ordinal)), Some(ordinal));
        }
        assert_eq!(subjects.find(subject(5_000)), None);
    }
}
