//! The players of a partition and their accounts, in memory.

use std::borrow::Cow;

use accolade_domain::account::Account;
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::packed_watches::PackedWatches;
use accolade_domain::text::PackedId;
use accolade_domain::time::Timestamp;
use accolade_wire::identity::HashKey;

use crate::by_hash::ByHash;
use crate::chunks::Chunks;

/// Bytes that come into the processor together.
const CACHE_LINE: usize = 64;

/// A player's number within a partition: 0, 1, 2, … in the order in which they were first seen.
pub type Ordinal = u32;

/// One player with the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Player {
    /// The operator's number.
    pub operator: u32,
    /// The operator's own name for the player.
    pub name: PackedId,
    /// The account.
    pub account: Account,
    /// What is remembered for signals: apart, since it is no part of what an account says.
    pub watches: PackedWatches,
    /// What the player has come to in tournaments.
    pub scores: PackedScores,
    /// What the player has come to in games: apart from those, so that wagers do not move it.
    pub games: PackedGames,
    dirty: bool,
}

impl Player {
    /// The scores of tournaments that are kept, by the numbers of the operator and the tournament.
    pub(crate) fn kept_scores(&self, is_kept: impl Fn(u32, u32) -> bool) -> Cow<'_, PackedScores> {
        let Self { operator, scores, .. } = self;
        if scores.all().all(|(number, _)| is_kept(*operator, number)) {
            return Cow::Borrowed(scores);
        }
        let kept = scores.all().filter(|(number, _)| is_kept(*operator, *number));
        Cow::Owned(PackedScores::new(kept))
    }
}

/// All players of a partition.
#[derive(Debug, Default)]
pub struct Players {
    all: Chunks<Player>,
    by_name: ByHash,
    dirty: Vec<Ordinal>,
    /// Players from here on have links that no checkpoint has written.
    unlinked: usize,
}

impl Players {
    /// Finds a player; `hash` is that of the name.
    pub fn find(&self, hash: u64, operator: u32, name: &str) -> Option<Ordinal> {
        self.by_name.find(hash, |ordinal| {
            let player = self.get(ordinal);
            player.operator == operator && player.name.is(name)
        })
    }

    /// Brings the accounts behind many names towards the processor.
    ///
    /// One after the other, each costs several accesses to memory that wait for each other; in short
    /// loops over all of them the processor has many under way at once.
    pub fn warm(&self, hashes: &[u64]) {
        let candidate = |hash: &u64| self.by_name.find(*hash, |_| true);
        let ordinals: Vec<_> = hashes.iter().filter_map(candidate).collect();
        let touched = ordinals.iter().fold(0, |touched, ordinal| {
            // Something of each of the lines that an account lies in.
            let Player { operator, name, account, watches, scores, .. } = self.get(*ordinal);
            let Account { subject, head, trail, cap_day, .. } = account;
            let bytes = subject.0[0] ^ head.0[0] ^ head.0[31];
            let days = cap_day.used.hundredths().cast_unsigned();
            let name = name.uuid().map_or(0, |uuid| uuid[0]);
            let watches = watches.bytes().first().copied().unwrap_or(0);
            let scores = scores.bytes().iter().step_by(CACHE_LINE).fold(0, |sum, byte| sum ^ byte);
            touched
                ^ account.sequence
                ^ u64::from(account.version)
                ^ days
                ^ u64::from(*operator)
                ^ u64::from(bytes ^ name ^ watches ^ scores)
                ^ u64::from(trail.is_empty())
        });
        std::hint::black_box(touched);
    }

    /// Finds a player by name.
    pub fn find_by_name(&self, key: &HashKey, operator: u32, name: &str) -> Option<Ordinal> {
        self.find(key.player(name), operator, name)
    }

    /// The number that the next player will have.
    pub fn next(&self) -> Ordinal {
        Ordinal::try_from(self.all.len()).expect("fewer than 2^32 players")
    }

    /// Adds a player who is not there yet.
    pub fn add(&mut self, hash: u64, operator: u32, name: &str, account: Account) -> Ordinal {
        let ordinal = self.next();
        let (name, watches) = (name.into(), PackedWatches::NONE);
        let (scores, games) = (PackedScores::NONE, PackedGames::NONE);
        self.all.push(Player { operator, name, account, watches, scores, games, dirty: false });
        self.by_name.insert(hash, ordinal);
        ordinal
    }

    /// Takes the last player back, who was just added; `hash` is that of the name.
    pub(crate) fn take_back(&mut self, hash: u64) {
        let player = self.all.pop().expect("a player was added");
        let ordinal = self.next();
        self.by_name.remove(hash, ordinal);
        if player.dirty {
            self.dirty.retain(|dirty| *dirty != ordinal);
        }
    }

    /// Makes room for `more` players.
    pub fn reserve(&mut self, more: usize) {
        self.by_name.reserve(more);
    }

    /// The player with an ordinal.
    pub fn get(&self, ordinal: Ordinal) -> &Player {
        self.all.at(ordinal as usize)
    }

    /// The account to change; the next checkpoint writes it.
    pub fn change(&mut self, ordinal: Ordinal) -> &mut Account {
        &mut self.touch(ordinal).account
    }

    /// Replaces what is remembered for signals; the next checkpoint writes it.
    pub(crate) fn watch(&mut self, ordinal: Ordinal, mut watches: PackedWatches) -> PackedWatches {
        self.touch(ordinal).watches.swap(&mut watches);
        watches
    }

    /// Replaces what the player has come to in tournaments; the next checkpoint writes it.
    pub(crate) fn score(&mut self, ordinal: Ordinal, mut scores: PackedScores) -> PackedScores {
        std::mem::swap(&mut self.touch(ordinal).scores, &mut scores);
        scores
    }

    /// Replaces what the player has come to in games; the next checkpoint writes it.
    pub(crate) fn score_in_games(
        &mut self,
        ordinal: Ordinal,
        mut games: PackedGames,
    ) -> PackedGames {
        std::mem::swap(&mut self.touch(ordinal).games, &mut games);
        games
    }

    /// Lets go of scores of days and weeks of games that are over for long enough.
    pub(crate) fn forget_games(&mut self, ordinal: Ordinal, now: Timestamp) {
        let player = self.all.get_mut(ordinal as usize).expect("an ordinal of a player");
        if let Cow::Owned(kept) = player.games.kept(now) {
            player.games = kept;
        }
    }

    /// Lets go of scores of tournaments that are over for so long that nobody asks for them.
    pub(crate) fn forget_scores(&mut self, ordinal: Ordinal, is_kept: impl Fn(u32, u32) -> bool) {
        let player = self.all.get_mut(ordinal as usize).expect("an ordinal of a player");
        if let Cow::Owned(kept) = player.kept_scores(is_kept) {
            player.scores = kept;
        }
    }

    /// Lets go of what is remembered of a player for signals, once it is so long ago that nobody asks.
    pub(crate) fn forget(&mut self, ordinal: Ordinal, now: Timestamp) {
        let player = self.all.get_mut(ordinal as usize).expect("an ordinal of a player");
        if player.watches.at(now).is_none() {
            player.watches = PackedWatches::NONE;
        }
    }

    fn touch(&mut self, ordinal: Ordinal) -> &mut Player {
        let player = self.all.get_mut(ordinal as usize).expect("an ordinal of a player");
        if !player.dirty {
            player.dirty = true;
            self.dirty.push(ordinal);
        }
        player
    }

    /// The player as a checkpoint had it.
    pub fn restore(&mut self, ordinal: Ordinal) -> Option<&mut Player> {
        self.all.get_mut(ordinal as usize)
    }

    /// All players, by ordinal.
    pub const fn all(&self) -> &Chunks<Player> {
        &self.all
    }

    /// Ordinals of the accounts that changed since the last time; they count as written from now on.
    pub fn take_dirty(&mut self) -> Vec<Ordinal> {
        let dirty = std::mem::take(&mut self.dirty);
        for ordinal in &dirty {
            let player = self.all.get_mut(*ordinal as usize).expect("an ordinal of a player");
            player.dirty = false;
        }
        dirty
    }

    /// The links of all players stand in a checkpoint.
    pub fn links_are_written(&mut self) {
        self.unlinked = self.all.len();
    }

    /// Players whose links were not taken before, with the ordinal of the first.
    pub fn take_unlinked(&mut self) -> (Ordinal, impl ExactSizeIterator<Item = &Player>) {
        let from = std::mem::replace(&mut self.unlinked, self.all.len());
        let ordinal = Ordinal::try_from(from).expect("fewer than 2^32 players");
        (ordinal, self.all.iter_from(from))
    }
}
