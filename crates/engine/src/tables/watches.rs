//! What is remembered of players for the signals of their programs: a row for each who has played lately.

use accolade_domain::signal::{Counted, Sums, Watch};
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_varint};

use super::Table;
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of what is remembered, by player.
#[derive(Debug, Default)]
pub struct Watches;

/// So many days after the last wager nothing is remembered any more.
const KEPT_DAYS: i64 = 90;

/// What is remembered of a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// The version of the program whose signals those are.
    pub version: u32,
    /// Until when it matters: a midnight, so that few wagers move it.
    pub until: Timestamp,
    /// What is remembered for each of them, in some ten bytes.
    packed: Box<[u8]>,
}

impl Watched {
    /// What is remembered from a moment on, for each signal of a version in its order.
    pub fn new(version: u32, watches: &[Watch], now: Timestamp) -> Self {
        let mut packed = Vec::new();
        for Watch { is_above, counted } in watches {
            packed.push(u8::from(*is_above));
            put_counted(&mut packed, counted);
        }
        let day = now.micros().div_euclid(DAY_MICROS) + 1 + KEPT_DAYS;
        let until = Timestamp::from_micros(day.saturating_mul(DAY_MICROS));
        Self { version, until, packed: packed.into() }
    }

    /// What is remembered for each signal.
    pub fn watches(&self) -> Vec<Watch> {
        read(&self.packed).expect("it was made from watches")
    }
}

fn read(packed: &[u8]) -> Result<Vec<Watch>, BadFormat> {
    let mut cursor = Cursor::new(packed, "watches of a player");
    let mut watches = Vec::new();
    while !cursor.is_empty() {
        let is_above = cursor.u8()? != 0;
        watches.push(Watch { is_above, counted: read_counted(&mut cursor)? });
    }
    Ok(watches)
}

/// A byte that says which, and `last · counts`, or `count · part · stakes`, or `count · systems`, each with its moment,
/// but for the first as the distance to the one before.
fn put_counted(out: &mut Vec<u8>, counted: &Counted) {
    match counted {
        Counted::Slices(last, counts) => {
            out.push(0);
            put_signed(out, *last);
            for count in counts {
                put_varint(out, u64::from(*count));
            }
        }
        Counted::Sums(Sums { count, part, stakes }) => {
            out.push(1);
            put_varint(out, u64::from(*count));
            put_sum(out, *part);
            put_sum(out, *stakes);
        }
        Counted::Systems(systems) => {
            out.push(2);
            put_varint(out, systems.len() as u64);
            let mut before = 0;
            for (system, at) in systems {
                out.extend_from_slice(&system.to_le_bytes());
                put_signed(out, at.micros().wrapping_sub(before));
                before = at.micros();
            }
        }
    }
}

fn read_counted(cursor: &mut Cursor<'_>) -> Result<Counted, BadFormat> {
    Ok(match cursor.u8()? {
        0 => {
            let last = cursor.signed()?;
            let mut counts = [0; _];
            for count in &mut counts {
                *count = cursor.small()?;
            }
            Counted::Slices(last, counts)
        }
        1 => {
            let count = cursor.small()?;
            let (part, stakes) = (read_sum(cursor)?, read_sum(cursor)?);
            Counted::Sums(Sums { count, part, stakes })
        }
        2 => {
            let count: usize = cursor.small()?;
            let (mut systems, mut before) = (Vec::new(), 0_i64);
            for _ in 0..count {
                let system = cursor.u32()?;
                before = before.wrapping_add(cursor.signed()?);
                systems.push((system, Timestamp::from_micros(before)));
            }
            Counted::Systems(systems)
        }
        _ => return Err(cursor.bad()),
    })
}

/// Most sums are of one number, and few of two.
fn put_sum(out: &mut Vec<u8>, sum: u128) {
    let half = |sum: u128| u64::try_from(sum & u128::from(LOW_BITS)).expect("a masked sum fits");
    put_varint(out, half(sum));
    put_varint(out, half(sum >> HALF_BITS));
}

/// So many bits of a sum are one number.
const HALF_BITS: u32 = 63;
const LOW_BITS: u64 = u64::MAX >> 1;

fn read_sum(cursor: &mut Cursor<'_>) -> Result<u128, BadFormat> {
    let (low, high) = (u128::from(cursor.varint()?), u128::from(cursor.varint()?));
    Some(high << HALF_BITS | low).filter(|sum| *sum <= Sums::MAX).ok_or(cursor.bad())
}

impl Table for Watches {
    type Key = Ordinal;
    type Value = Watched;

    const NAME: &'static str = "watch on a player";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, player: &Ordinal) {
        put_varint(out, u64::from(*player));
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<Ordinal, BadFormat> {
        cursor.small()
    }

    fn put_value(out: &mut Vec<u8>, watched: &Watched) {
        let Watched { version, until, packed } = watched;
        put_varint(out, u64::from(*version));
        out.extend_from_slice(&until.micros().to_le_bytes());
        put_varint(out, packed.len() as u64);
        out.extend_from_slice(packed);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Watched, BadFormat> {
        let version = cursor.small()?;
        let until = Timestamp::from_micros(cursor.i64()?);
        let length = cursor.small()?;
        let packed = cursor.take(length)?;
        read(packed)?;
        Ok(Watched { version, until, packed: packed.into() })
    }

    fn due(_: &Ordinal, watched: &Watched, _: &Settings) -> Option<Timestamp> {
        Some(watched.until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counted() -> impl Strategy<Value = Counted> {
        let slices = (any::<i64>(), any::<[u32; 6]>());
        let sum = || prop_oneof![0..10_000_u128, 0..=Sums::MAX];
        let sums = (any::<u32>(), sum(), sum());
        let systems = prop::collection::vec((any::<u32>(), any::<i64>()), 0..16);
        prop_oneof![
            slices.prop_map(|(last, counts)| Counted::Slices(last, counts)),
            sums.prop_map(|(count, part, stakes)| Counted::Sums(Sums { count, part, stakes })),
            systems.prop_map(|systems| {
                let at = |(system, at)| (system, Timestamp::from_micros(at));
                Counted::Systems(systems.into_iter().map(at).collect())
            }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_was_counted(
            all in prop::collection::vec((any::<bool>(), counted()), 0..8),
            now in any::<i64>(),
        ) {
            let watch = |(is_above, counted)| Watch { is_above, counted };
            let watches: Vec<Watch> = all.into_iter().map(watch).collect();
            let watched = Watched::new(3, &watches, Timestamp::from_micros(now));
            prop_assert_eq!(watched.watches(), watches);
            let mut bytes = Vec::new();
            Watches::put_value(&mut bytes, &watched);
            let mut cursor = Cursor::new(&bytes, "row");
            prop_assert_eq!(Watches::read_value(&mut cursor, 0).ok(), Some(watched));
        }

        #[test]
        fn bytes_are_watches_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut cursor = Cursor::new(&bytes, "row");
            if let Ok(watched) = Watches::read_value(&mut cursor, 0) {
                prop_assert_eq!(read(&watched.packed).ok(), Some(watched.watches()));
            }
        }
    }

    #[test]
    fn five_signals_of_a_player_take_little() {
        let sums = Sums { count: 150, part: 180_000_000, stakes: 190_000_000 };
        let at = Timestamp::from_micros(1_731_319_200_000_000);
        let counted = [
            Counted::Slices(173_131_920, [20, 20, 20, 20, 20, 20]),
            Counted::Sums(sums),
            Counted::Systems(vec![(1, at), (2, at)]),
            Counted::Sums(sums),
            Counted::Sums(Sums { stakes: 0, ..sums }),
        ];
        let watches = counted.map(|counted| Watch { is_above: false, counted });
        assert_eq!(Watched::new(1, &watches, at).packed.len(), 72);
    }
}
