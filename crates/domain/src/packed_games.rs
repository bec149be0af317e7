//! What a player has come to in games, as it is kept beside the account.

use std::borrow::Cow;

use crate::event::ID_BYTES_MAX;
use crate::games::Occurrence;
use crate::packed_scores::{PackedScores, Tallies};
use crate::packing::{Reader, put_number};
use crate::time::Timestamp;
use crate::tournament::Tally;

/// The tallies of a player by game; nothing where there are none.
///
/// Of each game, in the order of names: the length of its name and that, the length of its tallies and those, as
/// [`PackedScores`] under the numbers of occurrences. So an event reads and writes those of its own game, and copies the others
/// as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedGames(Option<Box<[u8]>>);

/// The tallies of a player in one game.
#[derive(Debug, Clone, Copy)]
pub struct OfGame<'a> {
    name: &'a str,
    tallies: &'a [u8],
}

impl<'a> OfGame<'a> {
    /// The game's name.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// By the numbers of occurrences, in their order.
    pub fn tallies(&self) -> Tallies<'a> {
        Tallies::of(self.tallies)
    }
}

impl PackedGames {
    /// The player has none.
    pub const NONE: Self = Self(None);

    /// All games, in the order of their names.
    pub fn all(&self) -> Games<'_> {
        Games(Reader::new(self.bytes()))
    }

    /// The tallies of a game, by the numbers of occurrences.
    pub fn of_game(&self, game: &str) -> Tallies<'_> {
        let found = self.all().find(|of_game| of_game.name == game);
        found.map_or(Tallies::of(&[]), |of_game| of_game.tallies())
    }

    /// The tally of an occurrence of a game.
    pub fn of(&self, game: &str, occurrence: Occurrence) -> Option<Tally> {
        tally_of(self.of_game(game), occurrence)
    }

    /// How many games have a tally of an occurrence.
    pub fn count_of(&self, occurrence: Occurrence) -> usize {
        let is_in = |of_game: &OfGame<'_>| tally_of(of_game.tallies(), occurrence).is_some();
        self.all().filter(is_in).count()
    }

    /// The same with other tallies of a game, or without any where those are none.
    #[must_use]
    pub fn with(&self, game: &str, tallies: &PackedScores) -> Self {
        let new = OfGame { name: game, tallies: tallies.bytes() };
        let before = self.all().take_while(|of_game| of_game.name < game);
        let after = self.all().skip_while(|of_game| of_game.name <= game);
        let new = Some(new).filter(|new| !new.tallies.is_empty());
        Self::new(
            self.bytes().len() + new.map_or(0, |new| room(&new)),
            before.chain(new).chain(after),
        )
    }

    fn new<'g>(room: usize, games: impl Iterator<Item = OfGame<'g>>) -> Self {
        let mut out = Vec::with_capacity(room);
        for OfGame { name, tallies } in games {
            for part in [name.as_bytes(), tallies] {
                put_number(&mut out, part.len() as u64);
                out.extend_from_slice(part);
            }
        }
        Self((!out.is_empty()).then(|| out.into()))
    }

    /// The same without what is [not kept](Occurrence::kept_until) at `now`.
    pub fn kept(&self, now: Timestamp) -> Cow<'_, Self> {
        let is_kept = |(number, _): &(u32, Tally)| {
            Occurrence::of_number(*number).is_some_and(|it| now < it.kept_until())
        };
        if self.all().all(|of_game| of_game.tallies().all(|tally| is_kept(&tally))) {
            return Cow::Borrowed(self);
        }
        let games = self.all().map(|of_game| {
            let kept = of_game.tallies().filter(is_kept);
            (of_game.name, PackedScores::new(kept))
        });
        let games: Vec<_> = games.collect();
        let kept = games.iter().filter(|(_, kept)| *kept != PackedScores::NONE);
        let kept = kept.map(|(name, kept)| OfGame { name, tallies: kept.bytes() });
        Cow::Owned(Self::new(self.bytes().len(), kept))
    }

    /// All of it, to be stored.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Takes what [`bytes`](Self::bytes) gave; `None` for what it never gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut games: Vec<OfGame<'_>> = Vec::new();
        while !reader.is_empty() {
            let of_game = take(&mut reader)?;
            let is_named = (1..=ID_BYTES_MAX).contains(&of_game.name.len());
            let tallies = PackedScores::from_bytes(of_game.tallies)?;
            let mut numbers = tallies.all().map(|(number, _)| Occurrence::of_number(number));
            if !is_named || of_game.tallies.is_empty() || !numbers.all(|it| it.is_some()) {
                return None;
            }
            games.push(of_game);
        }
        let is_sorted = games.is_sorted_by(|one, next| one.name < next.name);
        let packed = Self::new(bytes.len(), games.into_iter());
        (is_sorted && packed.bytes() == bytes).then_some(packed)
    }
}

/// Bytes that a game takes at most.
const fn room(OfGame { name, tallies }: &OfGame<'_>) -> usize {
    const LENGTHS: usize = 10;
    name.len() + tallies.len() + LENGTHS
}

fn tally_of(mut tallies: Tallies<'_>, occurrence: Occurrence) -> Option<Tally> {
    let number = occurrence.number();
    let found = tallies.find(|(other, _)| *other >= number)?;
    (found.0 == number).then_some(found.1)
}

/// The games of a player.
#[derive(Debug, Clone)]
pub struct Games<'a>(Reader<'a>);

impl<'a> Iterator for Games<'a> {
    type Item = OfGame<'a>;

    fn next(&mut self) -> Option<OfGame<'a>> {
        (!self.0.is_empty()).then(|| take(&mut self.0).expect("it was made of games"))
    }
}

fn take<'a>(reader: &mut Reader<'a>) -> Option<OfGame<'a>> {
    let length = usize::try_from(reader.take()?).ok()?;
    let name = std::str::from_utf8(reader.take_bytes(length)?).ok()?;
    let length = usize::try_from(reader.take()?).ok()?;
    Some(OfGame { name, tallies: reader.take_bytes(length)? })
}
