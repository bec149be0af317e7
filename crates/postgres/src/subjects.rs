//! Who stands behind the subjects of a partition, in about 50 bytes for each.

use accolade_domain::ledger::Subject;
use accolade_engine::feed::Known;
use accolade_engine::players::Ordinal;
use hashbrown::HashTable;

/// The players of a partition by subject.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    all: Vec<Behind>,
    names: String,
    by_subject: HashTable<Ordinal>,
}

#[derive(Debug)]
struct Behind {
    subject: Subject,
    operator: u32,
    /// Where in `names` the player's name ends, and the next one's begins.
    name_end: usize,
}

impl Subjects {
    /// The ordinal of the first player that is not here yet.
    pub(crate) fn next(&self) -> Ordinal {
        Ordinal::try_from(self.all.len()).expect("fewer than 2^32 players")
    }

    /// Adds the next player.
    pub(crate) fn add(&mut self, known: Known<'_>) {
        assert_eq!(known.ordinal, self.next(), "players are told in order");
        self.names.push_str(known.player);
        let (subject, operator, name_end) = (known.subject, known.operator, self.names.len());
        self.all.push(Behind { subject, operator, name_end });
        let all = &self.all;
        let hash = |ordinal: &Ordinal| hash(all[*ordinal as usize].subject);
        self.by_subject.insert_unique(hash(&known.ordinal), known.ordinal, hash);
    }

    /// The player behind a subject.
    pub(crate) fn find(&self, subject: Subject) -> Option<Ordinal> {
        let is_it = |ordinal: &Ordinal| self.all[*ordinal as usize].subject == subject;
        self.by_subject.find(hash(subject), is_it).copied()
    }

    /// The operator's number, and its name for the player.
    pub(crate) fn get(&self, ordinal: Ordinal) -> (u32, &str) {
        let at = ordinal as usize;
        let begin = at.checked_sub(1).map_or(0, |before| self.all[before].name_end);
        (self.all[at].operator, &self.names[begin..self.all[at].name_end])
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
            let player = "x".repeat(ordinal as usize % 7) + &ordinal.to_string();
            let (operator, subject) = (ordinal % 3, subject(ordinal));
            subjects.add(Known { ordinal, operator, player: &player, subject });
        }
        for ordinal in 0..5_000 {
            assert_eq!(subjects.find(subject(ordinal)), Some(ordinal));
            let name = "x".repeat(ordinal as usize % 7) + &ordinal.to_string();
            assert_eq!(subjects.get(ordinal), (ordinal % 3, &*name));
        }
        assert_eq!(subjects.find(subject(5_000)), None);
    }
}
