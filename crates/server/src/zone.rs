//! Time zones, resolved at the edge: a published version carries its zone's offsets.

use accolade_domain::time::{Timestamp, ZoneOffsets};
use jiff::tz::TimeZoneDatabase;

/// Offsets are resolved up to this year; events end long before.
const LAST_YEAR: i16 = 2100;

/// The offsets of a zone of the bundled time zone database, from 1970 to 2100.
pub fn offsets(name: &str) -> Option<ZoneOffsets> {
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    let start = jiff::Timestamp::UNIX_EPOCH;
    let end =
        jiff::civil::date(LAST_YEAR, 1, 1).to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    let mut offsets = vec![(Timestamp::from_micros(0), zone.to_offset(start).seconds())];
    for transition in zone.following(start).take_while(|next| next.timestamp() < end) {
        let offset = transition.offset().seconds();
        if offsets.last().is_some_and(|(_, last)| *last != offset) {
            let at = Timestamp::from_micros(transition.timestamp().as_microsecond());
            offsets.push((at, offset));
        }
    }
    Some(ZoneOffsets(offsets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_s_offsets_reach_from_1970_to_2100() {
        let malta = offsets("Europe/Malta").unwrap();
        let at = |text| accolade_wire::timestamp::read(text).unwrap();
        assert_eq!(malta.offset_s(at("2024-01-15T10:30:00Z")), 3_600);
        assert_eq!(malta.offset_s(at("2024-03-31T00:59:59Z")), 3_600);
        assert_eq!(malta.offset_s(at("2024-03-31T01:00:00Z")), 7_200);
        assert_eq!(malta.offset_s(at("2099-07-01T00:00:00Z")), 7_200);
        assert_eq!(offsets("UTC").unwrap().0.len(), 1);
        assert_eq!(offsets("Mars/Olympus"), None);
    }
}
