//! The players of a partition and their accounts, in memory.

use accolade_domain::account::Account;
use accolade_domain::text::ShortText;
use accolade_wire::identity::HashKey;
use hashbrown::HashTable;

/// A player's number within a partition: 0, 1, 2, … in the order in which they were first seen.
pub type Ordinal = u32;

/// One player with the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// The operator's number.
    pub operator: u32,
    /// The operator's own name for the player.
    pub name: ShortText,
    /// The account.
    pub account: Account,
    dirty: bool,
}

/// All players of a partition.
#[derive(Debug, Default)]
pub struct Players {
    all: Vec<Player>,
    by_name: HashTable<(u32, Ordinal)>,
    dirty: Vec<Ordinal>,
    /// Players from here on have links that no checkpoint has written.
    unlinked: usize,
}

const fn table_part(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// The table wants entropy at both ends of 64 bits.
fn spread(part: u32) -> u64 {
    u64::from(part).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Players {
    /// Finds a player; `hash` is that of the name.
    pub fn find(&self, hash: u64, operator: u32, name: &str) -> Option<Ordinal> {
        let part = table_part(hash);
        let is_it = |(other, ordinal): &(u32, Ordinal)| {
            let player = &self.all[*ordinal as usize];
            *other == part
                && player.operator == operator
                && player.name.as_bytes() == name.as_bytes()
        };
        self.by_name.find(spread(part), is_it).map(|(_, ordinal)| *ordinal)
    }

    /// Brings the accounts behind many names towards the processor.
    ///
    /// One after the other, each costs several accesses to memory that wait for each other; in short
    /// loops over all of them the processor has many under way at once.
    pub fn warm(&self, hashes: &[u64]) {
        let candidate = |hash: &u64| {
            let part = table_part(*hash);
            self.by_name
                .find(spread(part), |(other, _)| *other == part)
                .map(|(_, ordinal)| *ordinal)
        };
        let ordinals: Vec<_> = hashes.iter().filter_map(candidate).collect();
        let touched = ordinals.iter().fold(0, |touched, ordinal| {
            let Player { name, account, .. } = self.get(*ordinal);
            touched
                ^ account.sequence
                ^ u64::from(account.head.0[0])
                ^ account.version
                ^ u64::from(name.as_bytes().first().copied().unwrap_or(0))
        });
        std::hint::black_box(touched);
    }

    /// Finds a player by name.
    pub fn find_by_name(&self, key: &HashKey, operator: u32, name: &str) -> Option<Ordinal> {
        self.find(key.player(name), operator, name)
    }

    /// Adds a player who is not there yet.
    pub fn add(&mut self, hash: u64, operator: u32, name: &str, account: Account) -> Ordinal {
        let ordinal = Ordinal::try_from(self.all.len()).expect("fewer than 2^32 players");
        self.all.push(Player { operator, name: name.into(), account, dirty: false });
        let part = table_part(hash);
        self.by_name.insert_unique(spread(part), (part, ordinal), |(part, _)| spread(*part));
        ordinal
    }

    /// Makes room for `more` players.
    pub fn reserve(&mut self, more: usize) {
        self.all.reserve(more);
        self.by_name.reserve(more, |(part, _)| spread(*part));
    }

    /// The player with an ordinal.
    pub fn get(&self, ordinal: Ordinal) -> &Player {
        &self.all[ordinal as usize]
    }

    /// The account to change; the next checkpoint writes it.
    pub fn change(&mut self, ordinal: Ordinal) -> &mut Account {
        let player = &mut self.all[ordinal as usize];
        if !player.dirty {
            player.dirty = true;
            self.dirty.push(ordinal);
        }
        &mut player.account
    }

    /// The account as a checkpoint had it.
    pub fn restore(&mut self, ordinal: Ordinal) -> Option<&mut Account> {
        self.all.get_mut(ordinal as usize).map(|player| &mut player.account)
    }

    /// All players, by ordinal.
    pub fn all(&self) -> &[Player] {
        &self.all
    }

    /// Ordinals of the accounts that changed since the last time; they count as written from now on.
    pub fn take_dirty(&mut self) -> Vec<Ordinal> {
        let dirty = std::mem::take(&mut self.dirty);
        for ordinal in &dirty {
            self.all[*ordinal as usize].dirty = false;
        }
        dirty
    }

    /// Players whose links were not taken before, with the ordinal of the first.
    pub fn take_unlinked(&mut self) -> (Ordinal, &[Player]) {
        let from = std::mem::replace(&mut self.unlinked, self.all.len());
        let ordinal = Ordinal::try_from(from).expect("fewer than 2^32 players");
        (ordinal, &self.all[from..])
    }
}
