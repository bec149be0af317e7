//! What operators are told of, by type. **To add a type**, add a row: its name, which notices or entries of the journal
//! it is made of, and what is said of one.

use accolade_domain::ledger::{Entry, EntryKind, Place, Subject};
use accolade_domain::notice::Notice;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::signal::{SignalKind, SignalState};
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::journal::{Outcomes, Recorded};
use accolade_wire::notice::prize::{PRIZE_MOVED, PrizeMoved};
use accolade_wire::notice::signal::{Finding, SIGNAL_MOVED, SignalMoved};
use accolade_wire::notice::{
    POINTS_EXPIRING, PointsExpiring, REDEMPTION_MOVED, RedemptionMoved, TIER_MOVED, TierMoved,
};
use accolade_wire::record::Slice;
use accolade_wire::reward::RewardValue;
use accolade_wire::timestamp;
use accolade_wire::tournament::prizes::ThingTerms;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::sending::Message;

/// The types of what operators are told.
pub const TYPES: [&str; ROWS.len()] = {
    let mut types = [""; ROWS.len()];
    let mut at = 0;
    while at < ROWS.len() {
        types[at] = ROWS[at].kind;
        at += 1;
    }
    types
};
/// The type of what is sent to try a webhook.
pub const TEST: &str = "webhook.test";

/// What something is made of that is told.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    Notice(&'a Notice<'a>),
    Entry(&'a Entry<'a>),
}

/// One type.
struct Row {
    kind: &'static str,
    is_one: fn(Source<'_>) -> bool,
    /// What is said of one; `player` is its player.
    data: fn(Source<'_>, player: &str) -> Result<Box<RawValue>, BadFormat>,
}

const ROWS: [Row; 14] = [
    Row {
        kind: "tier.changed",
        is_one: |source| matches!(source, Source::Notice(notice) if notice.kind == TIER_MOVED),
        data: tier_changed,
    },
    Row {
        kind: "points.expired",
        is_one: |source| matches!(source, Source::Entry(entry) if entry.kind == EntryKind::Expired),
        data: |source, player| Ok(entered(source, player)),
    },
    Row {
        kind: "points.expiring",
        is_one: |source| matches!(source, Source::Notice(notice) if notice.kind == POINTS_EXPIRING),
        data: expiring,
    },
    Row {
        kind: "balance.adjusted",
        is_one: |source| matches!(source, Source::Entry(entry) if entry.kind == EntryKind::Adjusted),
        data: |source, player| Ok(entered(source, player)),
    },
    Row {
        kind: "redemption.requested",
        is_one: |source| is_redemption(source, RedemptionState::Requested),
        data: redemption,
    },
    Row {
        kind: "redemption.reserved",
        is_one: |source| is_redemption(source, RedemptionState::Reserved),
        data: redemption,
    },
    Row {
        kind: "redemption.confirmed",
        is_one: |source| is_redemption(source, RedemptionState::Confirmed),
        data: redemption,
    },
    Row {
        kind: "redemption.cancelled",
        is_one: |source| is_redemption(source, RedemptionState::Cancelled),
        data: redemption,
    },
    Row {
        kind: "redemption.lapsed",
        is_one: |source| is_redemption(source, RedemptionState::Lapsed),
        data: redemption,
    },
    Row {
        kind: "signal.raised",
        is_one: |source| is_signal(source, &[SignalState::Noted, SignalState::Held]),
        data: signal,
    },
    Row {
        kind: "signal.released",
        is_one: |source| is_signal(source, &[SignalState::Released]),
        data: signal,
    },
    Row {
        kind: "signal.taken",
        is_one: |source| is_signal(source, &[SignalState::Taken]),
        data: signal,
    },
    Row {
        kind: "signal.voided",
        is_one: |source| is_signal(source, &[SignalState::Voided]),
        data: signal,
    },
    Row {
        kind: "prize.changed",
        is_one: |source| matches!(source, Source::Notice(notice) if notice.kind == PRIZE_MOVED),
        data: prize,
    },
];

fn is_redemption(source: Source<'_>, state: RedemptionState) -> bool {
    let Source::Notice(notice) = source else { return false };
    let is_it = |moved: RedemptionMoved| moved.state == state;
    notice.kind == REDEMPTION_MOVED && RedemptionMoved::read(&notice.body).is_ok_and(is_it)
}

fn redemption(source: Source<'_>, player: &str) -> Result<Box<RawValue>, BadFormat> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        redemption_id: &'a str,
        player_id: &'a str,
        points: Box<RawValue>,
        item: &'a str,
        reward_id: Option<&'a str>,
        hold_until: String,
        at: String,
    }
    let Source::Notice(notice) = source else { unreachable!("a row says what it is made of") };
    let moved = RedemptionMoved::read(&notice.body)?;
    Ok(json(&Data {
        redemption_id: &moved.id,
        player_id: player,
        points: exact(moved.points),
        item: &moved.item,
        reward_id: Some(&*moved.reward).filter(|id| !id.is_empty()),
        hold_until: timestamp::write(moved.hold_until).to_string(),
        at: timestamp::write(moved.at).to_string(),
    }))
}

fn is_signal(source: Source<'_>, states: &[SignalState]) -> bool {
    let Source::Notice(notice) = source else { return false };
    let is_it = |moved: SignalMoved| states.contains(&moved.state);
    notice.kind == SIGNAL_MOVED && SignalMoved::read(&notice.body).is_ok_and(is_it)
}

fn signal(source: Source<'_>, player: &str) -> Result<Box<RawValue>, BadFormat> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        signal_id: &'a str,
        player_id: &'a str,
        wager_id: Option<&'a str>,
        state: &'static str,
        points: Box<RawValue>,
        at: String,
        signals: Vec<Raised<'a>>,
        program_version: u32,
    }
    #[derive(Serialize)]
    struct Raised<'a> {
        name: &'a str,
        kind: &'a str,
        observed: Box<RawValue>,
        line: Box<RawValue>,
    }
    let Source::Notice(notice) = source else { unreachable!("a row says what it is made of") };
    let SignalMoved { id, state, version, wager_id, at, points, findings } =
        SignalMoved::read(&notice.body)?;
    let raised = findings.iter().map(|Finding { name, kind, observed, line }| Raised {
        name,
        kind: SignalKind::code_of(*kind),
        observed: exact(observed),
        line: exact(line),
    });
    Ok(json(&Data {
        signal_id: &id,
        player_id: player,
        wager_id: Some(&*wager_id).filter(|wager| !wager.is_empty()),
        state: state.code(),
        points: exact(points),
        at: timestamp::write(at).to_string(),
        signals: raised.collect(),
        program_version: version,
    }))
}

fn prize(source: Source<'_>, player: &str) -> Result<Box<RawValue>, BadFormat> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        tournament_id: &'a str,
        player_id: &'a str,
        place: u32,
        position: u64,
        score: Box<RawValue>,
        points: Box<RawValue>,
        thing: Option<Thing<'a>>,
        state: &'static str,
        why: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct Thing<'a> {
        kind: &'a str,
        name: &'a str,
        value: Option<Worth<'a>>,
    }
    #[derive(Serialize)]
    struct Worth<'a> {
        amount: &'a str,
        currency: &'a str,
    }
    let Source::Notice(notice) = source else { unreachable!("a row says what it is made of") };
    let moved = PrizeMoved::read(&notice.body)?;
    let thing = moved.thing.as_ref().map(|ThingTerms { kind, name, value }| {
        let value = value.as_ref();
        let value = value.map(|RewardValue { amount, currency }| Worth { amount, currency });
        Thing { kind, name, value }
    });
    Ok(json(&Data {
        tournament_id: &moved.tournament,
        player_id: player,
        place: moved.place,
        position: moved.position,
        score: exact(moved.score),
        points: exact(moved.points),
        thing,
        state: moved.state.code(),
        why: Some(&*moved.why).filter(|why| !why.is_empty()),
    }))
}

fn expiring(source: Source<'_>, player: &str) -> Result<Box<RawValue>, BadFormat> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        player_id: &'a str,
        points: Box<RawValue>,
        at: String,
        program_version: u32,
    }
    let Source::Notice(notice) = source else { unreachable!("a row says what it is made of") };
    let PointsExpiring { version, at, points } = PointsExpiring::read(&notice.body)?;
    Ok(json(&Data {
        player_id: player,
        points: exact(points),
        at: timestamp::write(at).to_string(),
        program_version: version,
    }))
}

fn tier_changed(source: Source<'_>, player: &str) -> Result<Box<RawValue>, BadFormat> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        player_id: &'a str,
        before: Option<&'a str>,
        after: Option<&'a str>,
        day: String,
        tier_points: Box<RawValue>,
        program_version: u32,
    }
    let Source::Notice(notice) = source else { unreachable!("a row says what it is made of") };
    let moved = TierMoved::read(&notice.body)?;
    Ok(json(&Data {
        player_id: player,
        before: moved.before.as_deref(),
        after: moved.after.as_deref(),
        day: day(moved.day),
        tier_points: exact(moved.points),
        program_version: moved.version,
    }))
}

fn entered(source: Source<'_>, player: &str) -> Box<RawValue> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data<'a> {
        player_id: &'a str,
        /// As the ledger has it: below zero where the balance became less.
        points: Box<RawValue>,
        balance_after: Box<RawValue>,
        at: String,
        sequence: u64,
        program_version: u32,
    }
    let Source::Entry(entry) = source else { unreachable!("a row says what it is made of") };
    json(&Data {
        player_id: player,
        points: exact(entry.points),
        balance_after: exact(entry.balance_after),
        at: timestamp::write(entry.event_time).to_string(),
        sequence: entry.sequence,
        program_version: entry.program_version,
    })
}

/// A decimal as a number with exactly its digits.
fn exact(number: impl std::fmt::Display) -> Box<RawValue> {
    RawValue::from_string(number.to_string()).expect("a decimal is a number of JSON")
}

fn json(data: &impl Serialize) -> Box<RawValue> {
    to_raw_value(data).expect("what is told is plain data")
}

fn day(Day(day): Day) -> String {
    let midnight = Timestamp::from_micros(i64::from(day) * DAY_MICROS);
    timestamp::write(midnight).to_string().chars().take_while(|letter| *letter != 'T').collect()
}

/// The body of a message by Standard Webhooks: what has happened, when, and what there is to be said.
pub fn body(kind: &str, at: Timestamp, data: &impl Serialize) -> Bytes {
    #[derive(Serialize)]
    struct Body<'a, T> {
        r#type: &'a str,
        timestamp: String,
        data: &'a T,
    }
    let body = Body { r#type: kind, timestamp: timestamp::write(at).to_string(), data };
    serde_json::to_vec(&body).expect("what is told is plain data").into()
}

/// Something in a batch that can be told.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    row: &'static Row,
    source: Source<'a>,
    pub(crate) place: Place,
    /// The time of its batch.
    pub(crate) at: Timestamp,
}

impl Found<'_> {
    pub(crate) fn kind(&self) -> &'static str {
        self.row.kind
    }

    /// The operator's number and the player's subject.
    pub(crate) fn account(&self) -> (u32, Subject) {
        match self.source {
            Source::Notice(notice) => (notice.operator, notice.subject),
            Source::Entry(entry) => (entry.operator, entry.subject),
        }
    }

    /// The same bytes whoever makes them, as long as the player has the name.
    pub(crate) fn message(&self, player: &str) -> Result<Message, BadFormat> {
        let body = body(self.row.kind, self.at, &(self.row.data)(self.source, player)?);
        Ok(Message { id: message_id(self.place, self.at), body })
    }
}

/// What can be told of a place, of the journal's slice of its batch: whom it is about, by the operator's number and the
/// player's subject; nothing where it is nothing that is told.
pub fn account_at(journal: &[u8], place: Place) -> Result<Option<(u32, Subject)>, BadFormat> {
    let mut account = None;
    at(journal, place, |found| {
        account = Some(found.account());
        Ok(())
    })?;
    Ok(account)
}

/// The message that tells of a place; `player` is its player.
pub fn message_at(
    journal: &[u8],
    place: Place,
    player: &str,
) -> Result<Option<Message>, BadFormat> {
    let mut message = None;
    at(journal, place, |found| {
        message = Some(found.message(player)?);
        Ok(())
    })?;
    Ok(message)
}

fn at(
    journal: &[u8],
    place: Place,
    mut give: impl FnMut(Found<'_>) -> Result<(), BadFormat>,
) -> Result<(), BadFormat> {
    let slice = Slice::read_unchecked(&mut Cursor::new(journal, "slice"))?;
    each(Outcomes::read(&slice)?, |found| if found.place == place { give(found) } else { Ok(()) })
}

/// Gives what can be told of a batch, in its order.
pub(crate) fn each<E: From<BadFormat>>(
    outcomes: Outcomes<'_>,
    mut give: impl FnMut(Found<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for recorded in outcomes {
        let Recorded { place, time: at, entries, notices, .. } = recorded?;
        for (number, stored) in (0..).zip(&entries) {
            let source = Source::Entry(&stored.entry);
            let row = ROWS.iter().find(|row| (row.is_one)(source));
            row.map_or(Ok(()), |row| {
                give(Found { row, source, place: Place { number, ..place }, at })
            })?;
        }
        for stored in &notices {
            let source = Source::Notice(&stored.notice);
            let row = ROWS.iter().find(|row| (row.is_one)(source));
            row.map_or(Ok(()), |row| give(Found { row, source, place: stored.place, at }))?;
        }
    }
    Ok(())
}

/// The identity of what is told: the same at every attempt, from whichever node, and another one where a restored node
/// has given the place to something else.
pub(crate) fn message_id(place: Place, at: Timestamp) -> Box<str> {
    let Place { partition, batch, slot, number } = place;
    format!("msg_{partition}_{batch}_{slot}_{number}_{:x}", at.micros()).into()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use accolade_domain::amount::{Points, Rate};
    use accolade_domain::ranking::Score;
    use accolade_domain::tournament::prizes::PrizeState;

    use super::*;

    #[test]
    fn a_body_is_that_of_the_specification() {
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let body = body("tier.changed", at, &serde_json::json!({ "playerId": "p" }));
        let expected =
            r#"{"type":"tier.changed","timestamp":"2023-11-14T22:13:20Z","data":{"playerId":"p"}}"#;
        assert_eq!(body, expected.as_bytes());
    }

    /// The type of a notice, and what is said of it.
    fn told(kind: u16, body: Vec<u8>) -> (&'static str, String) {
        let (operator, subject, body) = (1, Subject([7; 16]), Cow::Owned(body));
        let notice = Notice { kind, operator, subject, body };
        let source = Source::Notice(&notice);
        let mut rows = ROWS.iter().filter(|row| (row.is_one)(source));
        let row = rows.next().unwrap();
        assert!(rows.next().is_none(), "one type for each");
        (row.kind, (row.data)(source, "p").unwrap().get().to_owned())
    }

    #[test]
    fn a_redemption_is_told_of_by_what_has_become_of_it() {
        for state in RedemptionState::ALL {
            let moved = RedemptionMoved {
                id: "r".into(),
                state,
                points: Points::from_hundredths(1_250).unwrap(),
                item: "a mug".into(),
                reward: "mug".into(),
                hold_until: Timestamp::from_micros(1_700_000_000_000_000),
                at: Timestamp::from_micros(0),
            };
            let (kind, data) = told(REDEMPTION_MOVED, moved.to_bytes());
            assert_eq!(kind, format!("redemption.{}", state.code()));
            let expected = r#"{"redemptionId":"r","playerId":"p","points":12.50,"item":"a mug","rewardId":"mug","holdUntil":"2023-11-14T22:13:20Z","at":"1970-01-01T00:00:00Z"}"#;
            assert_eq!(data, expected);
        }
    }

    #[test]
    fn a_signal_is_told_of_with_each_line_that_was_crossed() {
        let finding = |name: &str, kind, observed, line| {
            let [observed, line] = [observed, line].map(|text| Rate::parse(text).unwrap());
            Finding { name: name.into(), kind: Some(kind), observed, line }
        };
        let moved = |state| SignalMoved {
            id: "s".into(),
            state,
            points: Points::from_hundredths(150).unwrap(),
            version: 2,
            wager_id: "w\"1".into(),
            at: Timestamp::from_micros(0),
            findings: vec![
                finding("fast", SignalKind::Velocity, "121", "120"),
                finding("jump", SignalKind::StakeJump, "20.00000001", "20"),
            ],
        };
        let (kind, data) = told(SIGNAL_MOVED, moved(SignalState::Held).to_bytes());
        let expected = r#"{"signalId":"s","playerId":"p","wagerId":"w\"1","state":"open","points":1.50,"at":"1970-01-01T00:00:00Z","signals":[{"name":"fast","kind":"velocity","observed":121,"line":120},{"name":"jump","kind":"stakeJump","observed":20.00000001,"line":20}],"programVersion":2}"#;
        assert_eq!((kind, &*data), ("signal.raised", expected));
        let kinds = SignalState::ALL.map(|state| told(SIGNAL_MOVED, moved(state).to_bytes()).0);
        let [first, second, rest @ ..] = kinds;
        assert_eq!([first, second], ["signal.raised"; 2]);
        assert_eq!(rest, ["signal.released", "signal.taken", "signal.voided"]);
    }

    #[test]
    fn a_prize_is_told_of_with_what_there_is_to_hand_out() {
        let value = RewardValue { amount: "5".into(), currency: "EUR".into() };
        let thing =
            ThingTerms { kind: "voucher".into(), name: "a cup of tea".into(), value: Some(value) };
        let moved = PrizeMoved {
            tournament: "race".into(),
            place: 3,
            position: 2,
            score: Score(10_i128.pow(18) / 2),
            points: Points::from_hundredths(1_250).unwrap(),
            thing: Some(thing),
            state: PrizeState::Processing,
            why: "".into(),
        };
        let (kind, data) = told(PRIZE_MOVED, moved.to_bytes());
        let expected = r#"{"tournamentId":"race","playerId":"p","place":3,"position":2,"score":0.5,"points":12.50,"thing":{"kind":"voucher","name":"a cup of tea","value":{"amount":"5","currency":"EUR"}},"state":"processing","why":null}"#;
        assert_eq!((kind, &*data), ("prize.changed", expected));
    }

    #[test]
    fn a_tier_is_told_of_with_its_digits() {
        let moved = TierMoved {
            version: 3,
            before: Some("silver".into()),
            after: None,
            day: Day(19_000),
            points: Points::from_hundredths(-5).unwrap(),
            unqualified_since: None,
        };
        let (kind, data) = told(TIER_MOVED, moved.to_bytes());
        let expected = r#"{"playerId":"p","before":"silver","after":null,"day":"2022-01-08","tierPoints":-0.05,"programVersion":3}"#;
        assert_eq!((kind, &*data), ("tier.changed", expected));
    }

    #[test]
    fn an_id_names_a_place_and_its_time() {
        let place = Place { partition: 3, batch: 17, slot: 2, number: 1 };
        assert_eq!(&*message_id(place, Timestamp::from_micros(255)), "msg_3_17_2_1_ff");
    }

    #[test]
    fn a_day_is_written_as_one() {
        assert_eq!(day(Day(19_000)), "2022-01-08");
    }

    #[test]
    fn points_that_expire_soon_are_told_of_by_how_many_and_when() {
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let points = Points::from_hundredths(1_250).unwrap();
        let (kind, data) =
            told(POINTS_EXPIRING, PointsExpiring { version: 3, at, points }.to_bytes());
        assert_eq!(kind, "points.expiring");
        let expected =
            r#"{"playerId":"p","points":12.50,"at":"2023-11-14T22:13:20Z","programVersion":3}"#;
        assert_eq!(data, expected);
    }
}
