//! What was counted of players' game events. From behaviour 2 on.
//!
//! One row for each player who has had any, packed as it is stored: it is changed with each event, and is read whole by
//! whoever asks. It never ends, so nearly all rows lie in runs.

use accolade_domain::statistics::{LastEvent, PAIRS_MAX, Pair, Statistics, TYPES_MAX};
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};

use super::{Paged, Table};
use crate::players::Ordinal;
use crate::rules::Settings;

/// The table of statistics.
#[derive(Debug, Default)]
pub struct PlayerStatistics;

/// The statistics of a player as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedStatistics(Box<[u8]>);

impl PackedStatistics {
    /// Packs them: `total · count, (type · count)* · count, game* · count, (game · type · count)* · u8, [last]`, where the
    /// last is `event · type · game · at i64` behind a 1.
    pub fn new(statistics: &Statistics<'_>) -> Self {
        let Statistics { total, types, games, pairs, last } = statistics;
        let mut out = Vec::new();
        put_varint(&mut out, *total);
        put_varint(&mut out, types.len() as u64);
        for (name, count) in types {
            put_text(&mut out, name);
            put_varint(&mut out, *count);
        }
        put_varint(&mut out, games.len() as u64);
        for game in games {
            put_text(&mut out, game);
        }
        put_varint(&mut out, pairs.len() as u64);
        for Pair { game, of_type, count } in pairs {
            put_varint(&mut out, *game as u64);
            put_varint(&mut out, *of_type as u64);
            put_varint(&mut out, *count);
        }
        out.push(u8::from(last.is_some()));
        if let Some(LastEvent { event_id, event_type, game_id, at }) = last {
            for text in [event_id, event_type, game_id] {
                put_text(&mut out, text);
            }
            out.extend_from_slice(&at.micros().to_le_bytes());
        }
        Self(out.into())
    }

    /// All of it.
    pub fn unpack(&self) -> Statistics<'_> {
        let mut cursor = Cursor::new(&self.0, PlayerStatistics::NAME);
        read(&mut cursor).expect("it was packed, or read before it was kept")
    }
}

fn read<'a>(cursor: &mut Cursor<'a>) -> Result<Statistics<'a>, BadFormat> {
    let mut statistics = Statistics { total: cursor.varint()?, ..Statistics::default() };
    for _ in 0..count(cursor, TYPES_MAX)? {
        statistics.types.push((cursor.text()?, cursor.varint()?));
    }
    for _ in 0..count(cursor, PAIRS_MAX)? {
        statistics.games.push(cursor.text()?);
    }
    for _ in 0..count(cursor, PAIRS_MAX)? {
        let pair =
            Pair { game: cursor.small()?, of_type: cursor.small()?, count: cursor.varint()? };
        let Statistics { games, types, pairs, .. } = &mut statistics;
        if pair.game >= games.len() || pair.of_type >= types.len() {
            return Err(cursor.bad());
        }
        pairs.push(pair);
    }
    if cursor.u8()? != 0 {
        let (event_id, event_type, game_id) = (cursor.text()?, cursor.text()?, cursor.text()?);
        let at = Timestamp::from_micros(cursor.i64()?);
        statistics.last = Some(LastEvent { event_id, event_type, game_id, at });
    }
    Ok(statistics)
}

fn count(cursor: &mut Cursor<'_>, count_max: usize) -> Result<usize, BadFormat> {
    Some(cursor.small()?).filter(|count| *count <= count_max).ok_or(cursor.bad())
}

impl Table for PlayerStatistics {
    /// The player.
    type Key = Ordinal;
    type Value = PackedStatistics;

    const NAME: &'static str = "statistics of a player";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, player: &Ordinal) {
        out.extend_from_slice(&player.to_be_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<Ordinal, BadFormat> {
        Ok(Ordinal::from_be_bytes(cursor.array()?))
    }

    fn put_value(out: &mut Vec<u8>, statistics: &PackedStatistics) {
        out.extend_from_slice(&statistics.0);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<PackedStatistics, BadFormat> {
        let mut after = cursor.clone();
        read(&mut after)?;
        let packed = cursor.take(cursor.rest().len() - after.rest().len())?;
        Ok(PackedStatistics(packed.into()))
    }
}

impl Paged for PlayerStatistics {
    /// Never: they are of all time.
    fn ends(_: &Ordinal, _: Option<&PackedStatistics>, _: &Settings) -> Option<Timestamp> {
        None
    }

    fn weight(statistics: &PackedStatistics) -> usize {
        const ROW: usize = 2;
        const ID_BYTES: usize = 64;
        ROW + statistics.0.len().div_ceil(ID_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statistics() -> Statistics<'static> {
        let at = Timestamp::from_micros(-5);
        let (event_id, event_type, game_id) = ("e-300", "level_up", "tower");
        Statistics {
            total: 300,
            types: vec![("player_score", 290), ("level_up", 7)],
            games: vec!["reels", "tower"],
            pairs: vec![
                Pair { game: 0, of_type: 0, count: 280 },
                Pair { game: 1, of_type: 1, count: 7 },
            ],
            last: Some(LastEvent { event_id, event_type, game_id, at }),
        }
    }

    #[test]
    fn statistics_are_read_as_they_were_written_and_no_further() {
        for statistics in [statistics(), Statistics::default()] {
            let packed = PackedStatistics::new(&statistics);
            assert_eq!(packed.unpack(), statistics);
            let mut out = Vec::new();
            PlayerStatistics::put_value(&mut out, &packed);
            out.extend_from_slice(b"more");
            let mut cursor = Cursor::new(&out, "row");
            assert_eq!(PlayerStatistics::read_value(&mut cursor, 0), Ok(packed));
            assert_eq!(cursor.rest(), b"more");
        }
    }

    #[test]
    fn what_was_cut_off_or_points_nowhere_is_refused() {
        let mut out = Vec::new();
        PlayerStatistics::put_value(&mut out, &PackedStatistics::new(&statistics()));
        let read = |bytes: &[u8]| PlayerStatistics::read_value(&mut Cursor::new(bytes, "row"), 0);
        for length in 0..out.len() {
            assert!(read(&out[..length]).is_err(), "{length}");
        }
        for pair in [Pair { game: 2, of_type: 0, count: 1 }, Pair { game: 0, of_type: 2, count: 1 }]
        {
            let lost = Statistics { pairs: vec![pair], ..statistics() };
            assert!(read(&PackedStatistics::new(&lost).0).is_err(), "{pair:?}");
        }
    }
}
