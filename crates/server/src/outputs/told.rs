//! What notices are on topics. **To have one on a topic**, add a row: its kind, its topic, and what is said of one.

use accolade_domain::ledger::Place;
use accolade_domain::signal::SignalKind;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::BadFormat;
use accolade_wire::notice::signal::{Finding, SIGNAL_MOVED, SignalMoved};
use accolade_wire::notice::{REDEMPTION_MOVED, RedemptionMoved, TIER_MOVED, TierMoved};
use accolade_wire::timestamp;
use serde::Serialize;

use super::Topic;
use super::json::Object;
use crate::shapes::{Exact, ExactRate, day_text};

/// Notices of one kind.
#[derive(Debug)]
pub(super) struct Row {
    kind: u16,
    pub(super) topic: Topic,
    /// Writes the value of one in place of what the bytes hold.
    pub(super) put: fn(&mut Vec<u8>, &Told<'_>) -> Result<(), BadFormat>,
}

const ROWS: [Row; 3] = [
    Row { kind: TIER_MOVED, topic: Topic::Tiers, put: put_tier },
    Row { kind: REDEMPTION_MOVED, topic: Topic::Redemptions, put: put_redemption },
    Row { kind: SIGNAL_MOVED, topic: Topic::Signals, put: put_signal },
];

impl Row {
    /// That of a kind; nothing for one that is on no topic.
    pub(super) fn of(kind: u16) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.kind == kind)
    }
}

/// A notice, and whom it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    pub(super) operator: &'a str,
    pub(super) player: &'a str,
    pub(super) place: Place,
    /// The time of its batch.
    pub(super) time: Timestamp,
    pub(super) body: &'a [u8],
}

fn put_tier(out: &mut Vec<u8>, told: &Told<'_>) -> Result<(), BadFormat> {
    let moved = TierMoved::read(told.body)?;
    let Place { partition, batch, slot, number } = told.place;
    Object::begin(out)
        .plain("tierChangeId", format_args!("{partition}-{batch}-{slot}-{number}"))
        .text("playerId", told.player)
        .text("operatorId", told.operator)
        .text_or_null("tierBefore", moved.before.as_deref())
        .text_or_null("tierAfter", moved.after.as_deref())
        .number("tierPoints", moved.points)
        .plain("day", day_text(moved.day))
        .number("programVersion", moved.version)
        .plain("changedAt", timestamp::write(told.time))
        .end();
    Ok(())
}

fn put_redemption(out: &mut Vec<u8>, told: &Told<'_>) -> Result<(), BadFormat> {
    let moved = RedemptionMoved::read(told.body)?;
    Object::begin(out)
        .text("redemptionId", &moved.id)
        .text("playerId", told.player)
        .text("operatorId", told.operator)
        .text("state", moved.state.code())
        .number("points", moved.points)
        .text("item", &moved.item)
        .text_or_null("rewardId", Some(&*moved.reward).filter(|id| !id.is_empty()))
        .plain("holdUntil", timestamp::write(moved.hold_until))
        .plain("at", timestamp::write(moved.at))
        .plain("timestamp", timestamp::write(told.time))
        .end();
    Ok(())
}

/// A line that a wager is above.
#[derive(Serialize)]
struct Found<'a> {
    name: &'a str,
    kind: &'static str,
    observed: ExactRate,
    line: ExactRate,
}

impl<'a> Found<'a> {
    fn of(Finding { name, kind, observed, line }: &'a Finding) -> Self {
        Self {
            name,
            kind: SignalKind::code_of(*kind),
            observed: Exact(*observed),
            line: Exact(*line),
        }
    }
}

fn put_signal(out: &mut Vec<u8>, told: &Told<'_>) -> Result<(), BadFormat> {
    let moved = SignalMoved::read(told.body)?;
    let findings: Vec<_> = moved.findings.iter().map(Found::of).collect();
    let findings = serde_json::to_string(&findings).expect("findings are plain data");
    Object::begin(out)
        .text("signalId", &moved.id)
        .text("playerId", told.player)
        .text("operatorId", told.operator)
        .text("state", moved.state.code())
        .text("wagerId", &moved.wager_id)
        .number("points", moved.points)
        .number("signals", findings)
        .number("programVersion", moved.version)
        .plain("wageredAt", timestamp::write(moved.at))
        .plain("timestamp", timestamp::write(told.time))
        .end();
    Ok(())
}

#[cfg(test)]
mod tests {
    use accolade_domain::amount::Points;
    use accolade_domain::redemption::RedemptionState;
    use accolade_domain::time::Day;

    use super::*;

    /// What is said of a notice of a player whose name needs escapes.
    fn value(kind: u16, body: &[u8]) -> String {
        let place = Place { partition: 3, batch: 17, slot: 0, number: 2 };
        let time = Timestamp::from_micros(1_700_000_000_000_000);
        let told = Told { operator: "house", player: "\"anna\"", place, time, body };
        let mut out = b"what was there".to_vec();
        (Row::of(kind).unwrap().put)(&mut out, &told).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_tier_is_told_of_with_the_numbers_that_it_rests_on() {
        let moved = TierMoved {
            version: 7,
            before: None,
            after: Some("gold".into()),
            day: Day(19_675),
            points: Points::from_hundredths(1_250).unwrap(),
            unqualified_since: None,
        };
        let expected = r#"{"tierChangeId":"3-17-0-2","playerId":"\"anna\"","operatorId":"house","tierBefore":null,"tierAfter":"gold","tierPoints":12.50,"day":"2023-11-14","programVersion":7,"changedAt":"2023-11-14T22:13:20Z"}"#;
        assert_eq!(value(TIER_MOVED, &moved.to_bytes()), expected);
    }

    #[test]
    fn a_redemption_is_told_of_by_what_has_become_of_it() {
        for state in RedemptionState::ALL {
            let moved = RedemptionMoved {
                id: "3-0-9-1".into(),
                state,
                points: Points::from_hundredths(1_250).unwrap(),
                item: "a \"mug\"".into(),
                reward: "".into(),
                hold_until: Timestamp::from_micros(1_700_000_060_000_000),
                at: Timestamp::from_micros(0),
            };
            let code = state.code();
            let expected = format!(
                r#"{{"redemptionId":"3-0-9-1","playerId":"\"anna\"","operatorId":"house","state":"{code}","points":12.50,"item":"a \"mug\"","rewardId":null,"holdUntil":"2023-11-14T22:14:20Z","at":"1970-01-01T00:00:00Z","timestamp":"2023-11-14T22:13:20Z"}}"#
            );
            assert_eq!(value(REDEMPTION_MOVED, &moved.to_bytes()), expected);
            let bought = RedemptionMoved { reward: "mug".into(), ..moved };
            let told = value(REDEMPTION_MOVED, &bought.to_bytes());
            assert!(told.contains(r#","rewardId":"mug","#), "{told}");
        }
    }

    #[test]
    fn a_notice_that_is_damaged_is_told_of_by_nobody() {
        let place = Place::default();
        let (time, body) = (Timestamp::default(), &[1, 0xff][..]);
        let told = Told { operator: "house", player: "anna", place, time, body };
        for row in &ROWS {
            assert!((row.put)(&mut Vec::new(), &told).is_err(), "{:?}", row.topic);
        }
        assert!(Row::of(u16::MAX).is_none());
    }
}
