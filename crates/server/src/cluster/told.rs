//! What became of a record, from node to node.
//!
//! `flags u8 · [points signed · [balance signed] · length varint · outcome as in a slice of the journal]`;
//! the points apart, because the journal has them in an entry.

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_varint};
use accolade_wire::journal::{Outcomes, TimeSlot, begin_slice, put_outcome};
use accolade_wire::record::Slice;

const IS_KNOWN: u8 = 1;
const HAS_BALANCE: u8 = 2;

/// An outcome with the player's balance after it, where it is known.
pub(crate) type Told = Option<(Outcome, Option<Points>)>;

/// Appends what is known of a record.
pub(crate) fn put_told(out: &mut Vec<u8>, told: &Told) {
    let Some((outcome, balance)) = told else {
        out.push(0);
        return;
    };
    out.push(if balance.is_some() { IS_KNOWN | HAS_BALANCE } else { IS_KNOWN });
    if let Some(balance) = balance {
        put_signed(out, balance.hundredths());
    }
    let mut body = Vec::with_capacity(32);
    begin_slice(&mut body, 0, Timestamp::default());
    TimeSlot::default().put(&mut body);
    put_outcome(&mut body, outcome, &[], &[]);
    put_varint(out, body.len() as u64);
    out.extend_from_slice(&body);
}

/// Reads what is known of a record.
pub(crate) fn read_told(cursor: &mut Cursor<'_>) -> Result<Told, BadFormat> {
    let flags = cursor.u8()?;
    if flags & IS_KNOWN == 0 {
        return Ok(None);
    }
    let balance = if flags & HAS_BALANCE == 0 { None } else { Some(read_points(cursor)?) };
    let length = cursor.small()?;
    let body = cursor.take(length)?;
    let slice = Slice { partition: 0, batch: 0, flags: 0, count: 1, body };
    let outcome = Outcomes::read(&slice)?.at(1)?.outcome;
    Ok(Some((outcome, balance)))
}

fn read_points(cursor: &mut Cursor<'_>) -> Result<Points, BadFormat> {
    Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())
}
/// Reads `count` of them, and nothing else.
pub(crate) fn read_all(bytes: &[u8], count: usize) -> Result<Vec<Told>, BadFormat> {
    let mut cursor = Cursor::new(bytes, "answer of outcomes");
    let told = (0..count).map(|_| read_told(&mut cursor)).collect::<Result<_, _>>()?;
    if cursor.is_empty() { Ok(told) } else { Err(cursor.bad()) }
}

#[cfg(test)]
mod tests {
    use accolade_domain::amount::Rate;
    use accolade_domain::budget::Given;
    use accolade_domain::ledger::{Parts, Place};
    use accolade_domain::lots::Hour;
    use accolade_domain::outcome::Declined;
    use accolade_domain::refusal::{DeadReason, Refusal};
    use accolade_domain::time::Day;

    use super::*;

    fn points(hundredths: i64) -> Points {
        Points::from_hundredths(hundredths).unwrap()
    }

    #[test]
    fn every_outcome_arrives_as_it_was_with_its_points() {
        let parts = Parts::of(Rate::parse("0.1").unwrap(), Rate::parse("2").unwrap());
        let place = Place { partition: 3, batch: 70_000, slot: 2, number: 0 };
        let counted = Outcome::Counted {
            version: 7,
            points: points(1_234),
            capped: points(50),
            parts,
            cap_day: Some(Day(20_000)),
            earned_on: Some(Day(20_000)),
            matures: Some(Hour(480_000)),
            given: [Given { promotion: 3, points: points(500), cut: points(7) }].into(),
        };
        let (points_taken, owed) = (points(-9), points(3));
        let voided = Outcome::Voided { wager: None, points: points_taken, owed, version: 1 };
        let told = [
            None,
            Some((counted, Some(points(-5)))),
            Some((voided, None)),
            Some((Outcome::Recorded, Some(Points::ZERO))),
            Some((Outcome::Refused { refusal: Refusal::ALL[1], version: 2 }, None)),
            Some((Outcome::Repeated { first: place }, None)),
            Some((
                Outcome::DeadLetter { reason: DeadReason::TooLate, detail: "ten days".into() },
                None,
            )),
            Some((Outcome::Done { made: 12 }, None)),
            Some((Outcome::Declined { why: Declined::Stale }, None)),
        ];
        let mut bytes = Vec::new();
        for told in &told {
            put_told(&mut bytes, told);
        }
        assert_eq!(read_all(&bytes, told.len()).unwrap(), told);
        assert!(read_all(&bytes[1..], told.len()).is_err());
        assert!(read_all(&bytes, told.len() - 1).is_err());
    }
}
