//! What a player has come to in tournaments, as it is kept beside the account.

use crate::packing::{Reader, Writer, folded, unfolded};
use crate::ranking::Score;
use crate::time::Timestamp;
use crate::tournament::{OptIn, Tally};

/// The tallies of a player by the numbers of tournaments, in some twenty bytes for each; nothing where there are none.
///
/// As numbers of variable length, as [`PackedLots`](crate::packed_lots::PackedLots) are. Of each tournament: its number as
/// the distance to the one before; 3, 5 or 7 where the player has asked to take part, is in, or was too late; the total, twice the hundredths where it is whole ones and else 1 and its 128 bits as
/// three numbers of 43, 43 and 42; the events; when the score was changed, the batch and the slot, each as the distance to
/// that of the tournament before. What a player comes to with what was [late](late_number) is a tally of its own, behind all others,
/// and so is one that is [being filled](filling_number).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackedScores(Option<Box<[u8]>>);

/// Tallies of some twenty tournaments fit without another place to write to.
const WRITTEN_BYTES: usize = 768;
/// Hundredths of so many bits are one number with the mark.
const HUNDREDTHS_MAX: u64 = 1 << 61;
/// So many bits of a total are one number.
const PART_BITS: u32 = 43;
const PART: u128 = (1 << PART_BITS) - 1;
/// Numbers of tournaments have so many bits.
pub const NUMBER_BITS: u32 = 18;

/// What a tally has in place of its tournament's number that has what came after the tournament was settled, `settlement`
/// times again.
pub const fn late_number(tournament: u32, settlement: u32) -> u32 {
    tournament | (settlement + 1) << NUMBER_BITS
}

/// Behind all that was late.
const FILLING: u32 = 1 << 13;

/// What a tally has in place of its tournament's number as long as something that counts has yet to be added to it, since the
/// tournament had begun before it was scheduled. Whoever asks for the tournament's number finds none.
pub const fn filling_number(tournament: u32) -> u32 {
    tournament | FILLING << NUMBER_BITS
}

/// The number of the tournament of a tally, with or without what was late.
pub const fn tournament_of(number: u32) -> u32 {
    number & ((1 << NUMBER_BITS) - 1)
}

impl PackedScores {
    /// The player has none.
    pub const NONE: Self = Self(None);

    /// Takes tallies in the order of the numbers of their tournaments.
    pub fn new(tallies: impl Iterator<Item = (u32, Tally)>) -> Self {
        let mut packing = Packing::default();
        tallies.for_each(|(number, tally)| packing.put(number, tally));
        packing.finish()
    }

    /// The tallies in the order of the numbers of their tournaments.
    pub fn all(&self) -> Tallies<'_> {
        Tallies::of(self.bytes())
    }

    /// The tally of a tournament.
    pub fn of(&self, tournament: u32) -> Option<Tally> {
        let mut from = self.all().skip_while(|(number, _)| *number < tournament);
        from.next().filter(|(number, _)| *number == tournament).map(|(_, tally)| tally)
    }

    /// The tally of a tournament that was settled `settlement` times again, with all that had come before that.
    pub fn settled(&self, tournament: u32, settlement: u32) -> Option<Tally> {
        if settlement == 0 {
            return self.of(tournament);
        }
        let seen = self.all().take_while(|(number, _)| number >> NUMBER_BITS <= settlement);
        let own = seen.filter(|(number, _)| tournament_of(*number) == tournament);
        own.last().map(|(_, tally)| tally)
    }

    /// The same with another tally of a tournament, or without one.
    #[must_use]
    pub fn with(&self, tournament: u32, tally: Option<Tally>) -> Self {
        let before = self.all().take_while(|(number, _)| *number < tournament);
        let after = self.all().skip_while(|(number, _)| *number <= tournament);
        Self::new(before.chain(tally.map(|tally| (tournament, tally))).chain(after))
    }

    /// All of it, to be stored.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Takes what [`bytes`](Self::bytes) gave; `None` for what it never gives.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Tallies::of(bytes);
        let mut tallies = Vec::new();
        while !reader.bytes.is_empty() {
            tallies.push(reader.read()?);
        }
        let packed = Self::new(tallies.iter().copied());
        let is_sorted = tallies.is_sorted_by(|(one, _), (next, _)| one < next);
        (is_sorted && packed.bytes() == bytes).then_some(packed)
    }
}

/// Tallies that are being packed, one after the other.
#[derive(Debug, Default)]
pub struct Packing {
    out: Writer<WRITTEN_BYTES>,
    last: Option<u32>,
    before: Tally,
}

impl Packing {
    /// Adds the next one.
    #[inline]
    pub fn put(&mut self, number: u32, tally: Tally) {
        let Self { out, last, before } = self;
        out.put(u64::from(number.wrapping_sub(last.unwrap_or_default())));
        if let Some(opt_in) = tally.opt_in {
            out.put(mark_of(opt_in));
        }
        put_total(out, tally.total);
        out.put(tally.events);
        out.put_distance(before.changed_at.micros(), tally.changed_at.micros());
        out.put_distance(before.batch.cast_signed(), tally.batch.cast_signed());
        out.put_distance(before.slot, tally.slot);
        (*last, *before) = (Some(number), tally);
    }

    /// All of them.
    pub fn finish(self) -> PackedScores {
        PackedScores(self.last.is_some().then(|| self.out.boxed()))
    }
}

/// The tallies of a player.
#[derive(Debug, Clone)]
pub struct Tallies<'a> {
    bytes: Reader<'a>,
    number: u32,
    before: Tally,
}

impl<'a> Tallies<'a> {
    /// Those that [`PackedScores::bytes`] gave.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes: Reader::new(bytes), number: 0, before: Tally::default() }
    }

    fn read(&mut self) -> Option<(u32, Tally)> {
        let Self { bytes, number, before } = self;
        *number = number.checked_add(bytes.take_small()?)?;
        let begin = bytes.take()?;
        let opt_in = OptIn::ALL.into_iter().find(|opt_in| mark_of(*opt_in) == begin);
        let begin = if opt_in.is_some() { bytes.take()? } else { begin };
        let total = take_total(begin, bytes)?;
        let events = bytes.take()?;
        let changed_at = Timestamp::from_micros(bytes.take_distance(before.changed_at.micros())?);
        let batch = bytes.take_distance(before.batch.cast_signed())?.cast_unsigned();
        let slot = bytes.take_distance(before.slot.into())?.try_into().ok()?;
        *before = Tally { total, events, changed_at, batch, slot, opt_in };
        Some((*number, *before))
    }
}

impl Iterator for Tallies<'_> {
    type Item = (u32, Tally);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        (!self.bytes.is_empty()).then(|| self.read().expect("it was made from tallies"))
    }
}

/// What no total begins with.
const fn mark_of(opt_in: OptIn) -> u64 {
    match opt_in {
        OptIn::Requested => 3,
        OptIn::In => 5,
        OptIn::Full => 7,
    }
}

fn put_total(out: &mut Writer<WRITTEN_BYTES>, total: Score) {
    let hundredths = total.hundredths();
    if let Some(hundredths) = hundredths.filter(|it| it.unsigned_abs() < HUNDREDTHS_MAX) {
        return out.put(folded(hundredths) << 1);
    }
    out.put(1);
    let bits = total.0.cast_unsigned();
    for part in [bits & PART, bits >> PART_BITS & PART, bits >> (2 * PART_BITS)] {
        out.put(u64::try_from(part).expect("43 bits fit"));
    }
}

fn take_total(begin: u64, bytes: &mut Reader<'_>) -> Option<Score> {
    if begin & 1 == 0 {
        return Some(Score::of_hundredths(unfolded(begin >> 1)));
    }
    let parts = [bytes.take()?, bytes.take()?, bytes.take()?].map(u128::from);
    let [low, middle, high] = parts;
    let fits = parts.iter().all(|part| *part <= PART) && high >> (128 - 2 * PART_BITS) == 0;
    let bits = low | middle << PART_BITS | high << (2 * PART_BITS);
    (begin == 1 && fits).then_some(Score(bits.cast_signed()))
}
