//! Golden bytes of every format that reaches a disk: they must be read for ever as they are here.

use std::borrow::Cow;

use accolade_domain::account::{Account, CapDay, Timed, ToldOf, Trail};
use accolade_domain::amount::{Factor, Points, Rate};
use accolade_domain::budget::Given;
use accolade_domain::event::Consent;
use accolade_domain::games::Period;
use accolade_domain::ledger::{
    ChainHash, Entry, EntryKind, Moved, Parts, Place, Promoted, Subject, TierPart,
};
use accolade_domain::lots::{Hour, Lot, Lots, Month, PendingLot, Source as LotSource, Taken};
use accolade_domain::notice::Notice;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::ranking::Score;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::tier::TierState;
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::bytes::{BadFormat, Cursor, put_signed};
use accolade_wire::event::read_wager;
use accolade_wire::identity::{Content, HashKey, IdKind, partition_of};
use accolade_wire::journal::{
    Outcomes, PassedOver, StoredEntry, TimeSlot, begin_slice, put_outcome,
};
use accolade_wire::ledger::chain_hash;
use accolade_wire::notice::counted::EventCounted;
use accolade_wire::notice::games::{GameScored, GameScoredLine};
use accolade_wire::notice::moved::PositionMoved;
use accolade_wire::notice::{PointsExpiring, RedemptionMoved, TierMoved};
use accolade_wire::order::Order;
use accolade_wire::record::{Kind, Origin, Record, Slice, Source};
use accolade_wire::state::{put_account, read_account};
use accolade_wire::trail::{ChainEnd, TrailEntry, TrailKind, read_frame};
use expect_test::{Expect, expect};

const AT: Timestamp = Timestamp::from_micros(1_731_321_000_000_000);
const PLACE: Place = Place { partition: 3, batch: 1_000, slot: 7, number: 0 };

fn check(bytes: &[u8], golden: Expect) {
    let hex = |line: String, byte: &u8| line + &format!("{byte:02x}");
    let line = |line: &[u8]| line.iter().fold(String::new(), hex);
    let lines: Vec<_> = bytes.chunks(32).map(line).collect();
    golden.assert_eq(&(lines.join("\n") + "\n"));
}

fn entry() -> Entry<'static> {
    Entry {
        operator: 1,
        subject: Subject([0xab; 16]),
        sequence: 2,
        kind: EntryKind::Earned,
        points: Points::from_hundredths(1_050).unwrap(),
        balance_after: Points::from_hundredths(2_100).unwrap(),
        capped: Points::from_hundredths(5).unwrap(),
        moved: Moved::Untold,
        cause: Cow::Borrowed("5b1c7c3e-6a53-4d7e-9f0a-0a6f8f0a2b11"),
        program_version: 12,
        parts: Parts::of(Rate::parse("0.1").unwrap(), Rate::parse("0.92").unwrap()),
        event_time: AT,
        record_time: AT.plus_micros(250),
        place: PLACE,
        previous: Some(Place { batch: 990, slot: 1, ..PLACE }),
        skip: None,
    }
}

#[test]
fn a_record_in_its_slice() {
    let (kind, source, operator) = (Kind::Wager, Source::Released, "operator-789");
    let origin = Some(Origin { place: Place { number: 2, ..PLACE }, sequence: 300 });
    let record = Record { kind, source, operator, received_at: AT, origin, body: b"{}" };
    let mut records = Vec::new();
    record.write(&mut records);
    let slice = Slice { partition: 3, batch: 1_000, flags: 1, count: 1, body: &records };
    let mut bytes = Vec::new();
    slice.write(&mut bytes);
    assert_eq!(Slice::read(&mut Cursor::new(&bytes, "slice")), Ok(slice));
    assert_eq!(slice.records().collect::<Vec<_>>(), [Ok(record)]);
    check(
        &bytes,
        expect![[r#"
            517d93340101030001000000e803000000000000390000003500000001010401
            0c007a3295a02606000300e80300000000000007000000020000002c01000000
            0000006f70657261746f722d3738397b7d
        "#]],
    );
}

#[test]
fn an_unknown_format_is_refused_by_its_number() {
    let is_newer = |bad: BadFormat, what: &str, known: u8| {
        let expected = format!("a {what} has format 9, and this release knows format {known}");
        assert_eq!(bad.to_string(), expected);
    };
    let is_refused = |bad: BadFormat, what: &str| is_newer(bad, what, 1);
    let (kind, source, received_at) = (Kind::Wager, Source::Http, AT);
    let record = Record { kind, source, operator: "", received_at, origin: None, body: b"{}" };
    let mut bytes = Vec::new();
    record.write(&mut bytes);
    bytes[4] = 9;
    is_refused(Record::read(&mut Cursor::new(&bytes, "record")).unwrap_err(), "record");
    let slice = Slice { partition: 3, batch: 1, flags: 0, count: 0, body: &[9] };
    bytes.clear();
    slice.write(&mut bytes);
    bytes[4] = 9;
    is_refused(Slice::read(&mut Cursor::new(&bytes, "list of slices")).unwrap_err(), "slice");
    is_refused(Outcomes::read(&slice).unwrap_err(), "journal slice");
    is_refused(Order::read(&[9, 1]).unwrap_err(), "record of the order");
    let account = read_account(&mut Cursor::new(&[9], "checkpoint"), Subject([0; 16]));
    is_newer(account.unwrap_err(), "account", 2);
    is_refused(TierMoved::read(&[9]).unwrap_err(), "notice of a tier");
}

#[test]
fn timers_that_were_passed_over_are_named_by_slot_0() {
    let mut body = Vec::new();
    begin_slice(&mut body, 1, AT);
    let mut time = TimeSlot::default();
    for at in 0..301 {
        if at == 0 || at == 300 {
            time.pass_over();
        }
        time.add(&[], &[]);
    }
    time.put(&mut body);
    let (reason, detail) = (DeadReason::Skipped, "it failed".into());
    for outcome in [Outcome::Recorded, Outcome::DeadLetter { reason, detail }] {
        put_outcome(&mut body, &outcome, &[], &[]);
    }
    let slice = Slice { partition: 3, batch: 1_000, flags: 0, count: 2, body: &body };
    let passed_over = PassedOver { slots: vec![2], timers: vec![0, 300] };
    assert_eq!(PassedOver::read(&slice), Ok(passed_over));
    let first = Outcomes::read(&slice).unwrap().next().unwrap().unwrap();
    assert_eq!(first.outcome, Outcome::Time { fired: 301 });
    check(
        &body,
        expect![[r#"
        010100007a3295a02606000dad020200ac02030805096974206661696c6564
    "#]],
    );
}

#[test]
fn a_batch_is_quiet_where_nothing_came_and_time_has_made_nothing() {
    let notice =
        Notice { kind: 2, operator: 1, subject: Subject([0xab; 16]), body: Cow::Borrowed(b"") };
    let stored = StoredEntry { entry: entry(), hash: ChainHash([9; 32]) };
    for (entries, notices, count, quiet) in [
        (&[][..], &[][..], 0, true),
        (&[], std::slice::from_ref(&notice), 0, false),
        (std::slice::from_ref(&stored), &[], 0, false),
        (&[], &[], 1, false),
    ] {
        let mut body = Vec::new();
        begin_slice(&mut body, 2, AT);
        let mut time = TimeSlot::default();
        time.add(entries, notices);
        time.put(&mut body);
        put_outcome(&mut body, &Outcome::Recorded, &[], &[]);
        let slice = Slice { partition: 3, batch: 1_000, flags: 0, count, body: &body };
        assert_eq!(Outcomes::read(&slice).unwrap().is_quiet(), Ok(quiet));
    }
}

#[test]
fn a_changed_byte_of_a_slice_is_noticed() {
    let mut bytes = Vec::new();
    Slice { partition: 3, batch: 1_000, flags: 1, count: 0, body: b"body" }.write(&mut bytes);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(Slice::read(&mut Cursor::new(&changed, "slice")).is_err(), "byte {at}");
    }
}

#[test]
fn the_outcomes_of_a_batch() {
    let entry = entry();
    let hash = chain_hash(&entry, &ChainHash([9; 32]));
    let (points, capped, parts) = (entry.points, entry.capped, entry.parts);
    let voided = Entry {
        kind: EntryKind::Voided,
        points: entry.points.negated(),
        capped: Points::ZERO,
        parts: Parts::default(),
        program_version: 3,
        skip: entry.previous,
        place: Place { slot: 2, ..PLACE },
        ..entry.clone()
    };
    let nothing = Points::ZERO;
    let outcomes = [
        Outcome::Counted {
            version: 12,
            points,
            capped,
            parts,
            cap_day: Some(Day(20_038)),
            earned_on: None,
            matures: None,
            given: Box::default(),
        },
        Outcome::Voided { wager: Some(PLACE), points: voided.points, owed: nothing, version: 3 },
        Outcome::Counted {
            version: 12,
            points: nothing,
            capped,
            parts,
            cap_day: None,
            earned_on: None,
            matures: None,
            given: Box::default(),
        },
        Outcome::Recorded,
        Outcome::Refused { refusal: Refusal::BelowMinimum, version: 12 },
        Outcome::Repeated { first: PLACE },
        Outcome::Voided { wager: None, points: nothing, owed: nothing, version: 0 },
        Outcome::DeadLetter { reason: DeadReason::TooLate, detail: "late".into() },
        Outcome::Done { made: 300 },
        Outcome::Declined { why: Declined::Stale },
    ];
    let stored = |slot: u32, number: u32, entry: &Entry<'static>| StoredEntry {
        entry: Entry { place: Place { slot, number, ..PLACE }, ..entry.clone() },
        hash,
    };
    // The last record makes four entries and three notices, as many as need counting.
    let many: Vec<_> = (0..4).map(|number| stored(10, number, &voided)).collect();
    let own = |slot: u32| match slot {
        0 => vec![stored(0, 0, &entry), stored(0, 1, &voided)],
        1 => vec![stored(1, 0, &entry)],
        2 => vec![stored(2, 0, &voided)],
        10 => many.clone(),
        _ => vec![],
    };
    let notice = Notice {
        kind: 513,
        operator: 1,
        subject: Subject([0xab; 16]),
        body: Cow::Borrowed(b"gold"),
    };
    let told = |slot: u32| vec![notice.clone(); [1, 0, 2, 3][(slot as usize).min(9) / 3]];
    let mut body = Vec::new();
    begin_slice(&mut body, 1, entry.record_time);
    let mut time = TimeSlot::default();
    time.add(&own(0)[..1], &told(0));
    time.add(&own(0)[1..], &[]);
    time.put(&mut body);
    for (slot, outcome) in (1..).zip(&outcomes) {
        put_outcome(&mut body, outcome, &own(slot), &told(slot));
    }
    let slice = Slice { partition: 3, batch: 1_000, flags: 0, count: 10, body: &body };
    for (slot, recorded) in (0..).zip(Outcomes::read(&slice).unwrap()) {
        let recorded = recorded.unwrap();
        let expected = match slot {
            0 => &Outcome::Time { fired: 2 },
            slot => &outcomes[slot as usize - 1],
        };
        assert_eq!(recorded.outcome, *expected);
        assert_eq!(recorded.place, Place { slot, ..PLACE });
        assert_eq!(recorded.entries.to_vec(), own(slot));
        let first = u32::try_from(recorded.entries.len()).unwrap();
        for (number, heard) in (first..).zip(&recorded.notices) {
            assert_eq!(heard.place, Place { slot, number, ..PLACE });
            assert_eq!(heard.notice, notice);
        }
        assert_eq!(recorded.notices.len(), told(slot).len());
    }
    assert_eq!(Outcomes::read(&slice).unwrap().records().count(), 10);
    assert_eq!(Outcomes::read(&slice).unwrap().count(), 11);
    check(
        &body,
        expect![[r#"
            010100fa7a3295a02606006b0209010c0a80ade204809eef2b01abababababab
            abababababababababab02b410e820f4030a0100005b1c7c3e6a534d7e9f0a0a
            6f8f0a2b11e7dd1927896e37e44f0bf1abf8ff77db4fc0425139be86857b508f
            e4770d3efe0d020300000001abababababababababababababababab02b310e8
            20f4030a0100005b1c7c3e6a534d7e9f0a0a6f8f0a2b11e7dd1927896e37e44f
            0bf1abf8ff77db4fc0425139be86857b508fe4770d3efe010201abababababab
            abababababababababab04676f6c64510c80ade204809eef2b0a018cb9020101
            abababababababababababababababab02b410e820f4030a0100005b1c7c3e6a
            534d7e9f0a0a6f8f0a2b11e7dd1927896e37e44f0bf1abf8ff77db4fc0425139
            be86857b508fe4770d3efe010201abababababababababababababababab0467
            6f6c64560303e80707000501abababababababababababababababab02b310e8
            20f4030a0100005b1c7c3e6a534d7e9f0a0a6f8f0a2b11e7dd1927896e37e44f
            0bf1abf8ff77db4fc0425139be86857b508fe4770d3efe010201abababababab
            abababababababababab04676f6c64020c80ade204809eef2b0a000003040b0c
            8503e8070700010201abababababababababababababababab04676f6c640102
            01abababababababababababababababab04676f6c6487000000000000010201
            abababababababababababababababab04676f6c64010201abababababababab
            abababababababab04676f6c648802046c617465010201ababababababababab
            ababababababab04676f6c64010201abababababababababababababababab04
            676f6c64c903ac02010201abababababababababababababababab04676f6c64
            010201abababababababababababababababab04676f6c64010201ababababab
            ababababababababababab04676f6c64fa0403020d020300000001ababababab
            ababababababababababab02b310e820f4030a0100005b1c7c3e6a534d7e9f0a
            0a6f8f0a2b11e7dd1927896e37e44f0bf1abf8ff77db4fc0425139be86857b50
            8fe4770d3efe0d020300000001abababababababababababababababab02b310
            e820f4030a0100005b1c7c3e6a534d7e9f0a0a6f8f0a2b11e7dd1927896e37e4
            4f0bf1abf8ff77db4fc0425139be86857b508fe4770d3efe0d020300000001ab
            ababababababababababababababab02b310e820f4030a0100005b1c7c3e6a53
            4d7e9f0a0a6f8f0a2b11e7dd1927896e37e44f0bf1abf8ff77db4fc0425139be
            86857b508fe4770d3efe0d020300000001ababababababababababababababab
            ab02b310e820f4030a0100005b1c7c3e6a534d7e9f0a0a6f8f0a2b11e7dd1927
            896e37e44f0bf1abf8ff77db4fc0425139be86857b508fe4770d3efe010201ab
            ababababababababababababababab04676f6c64010201ababababababababab
            ababababababab04676f6c64010201abababababababababababababababab04
            676f6c64
        "#]],
    );
}

#[test]
fn the_hash_of_an_entry() {
    check(
        &chain_hash(&entry(), &ChainHash([9; 32])).0,
        expect![[r#"
            e7dd1927896e37e44f0bf1abf8ff77db4fc0425139be86857b508fe4770d3efe
        "#]],
    );
}

/// What promotions and a tier make of an entry, and of its outcome.
fn promoted() -> Parts {
    let (base, rate) = (Rate::parse("0.1").unwrap(), Rate::parse("0.92").unwrap());
    let promoted = Promoted {
        counted: 0b101,
        multiply: Factor::new(123_456_789_012_345_678_901, 20),
        bonus: Points::from_hundredths(500).unwrap(),
        cut: Points::ZERO,
    };
    let tier = TierPart { level: 2, multiplier: Rate::parse("1.25").unwrap() };
    Parts { base, rate, tier: Some(tier), promoted }
}

#[test]
fn the_hash_of_an_entry_with_a_tier_and_promotions() {
    let entry = Entry { parts: promoted(), ..entry() };
    check(
        &chain_hash(&entry, &ChainHash([9; 32])).0,
        expect![[r#"
            fb128e78d87403fef4be180deabbf69b1f895f2936085871b90e5dd211bb9dd0
        "#]],
    );
    let only_tier = Parts { promoted: Promoted::NONE, ..promoted() };
    let others = [Parts { tier: None, ..promoted() }, only_tier, entry.parts];
    let hash = |parts| chain_hash(&Entry { parts, ..entry.clone() }, &ChainHash([9; 32]));
    assert_ne!(hash(others[0]), hash(others[2]));
    assert_ne!(hash(others[1]), hash(others[2]));
}

#[test]
fn an_outcome_with_a_tier_and_promotions() {
    let parts = promoted();
    let only_tier = Parts { promoted: Promoted::NONE, ..parts };
    let source = LotSource { month: Month::of(Day(20_038)), matures: None };
    let entry = Entry { parts, moved: Moved::Into { source, paid: Points::ZERO }, ..entry() };
    let hash = chain_hash(&entry, &ChainHash([9; 32]));
    let (points, capped, day) = (entry.points, entry.capped, Some(Day(20_038)));
    let counted = |parts, cap_day, earned_on| Outcome::Counted {
        version: 12,
        points,
        capped,
        parts,
        cap_day,
        earned_on,
        matures: None,
        given: Box::default(),
    };
    let outcomes = [counted(parts, day, day), counted(only_tier, None, day), Outcome::Recorded];
    let stored = |slot: u32, number| StoredEntry {
        entry: Entry { place: Place { slot, number, ..PLACE }, ..entry.clone() },
        hash,
    };
    let made = |slot: u32| match slot {
        1 => vec![stored(1, 0), stored(1, 1)],
        2 => vec![stored(2, 0)],
        _ => vec![],
    };
    let mut body = Vec::new();
    begin_slice(&mut body, 2, entry.record_time);
    TimeSlot::default().put(&mut body);
    for (slot, outcome) in (1..).zip(&outcomes) {
        put_outcome(&mut body, outcome, &made(slot), &[]);
    }
    let slice = Slice { partition: 3, batch: 1_000, flags: 0, count: 3, body: &body };
    let read = Outcomes::read(&slice).unwrap().records();
    for (slot, recorded) in (1..).zip(read) {
        let recorded = recorded.unwrap();
        assert_eq!(recorded.outcome, outcomes[slot as usize - 1]);
        assert_eq!(recorded.entries.to_vec(), made(slot));
    }
    check(
        &body,
        expect![[r#"
            010200fa7a3295a02606000c210c80ade204809eef2b0a338cb90202c0b2cd3b
            0509356c362f819f4eb10614e8070101abababababababababababababababab
            02b410e820f4030a0100005b1c7c3e6a534d7e9f0a0a6f8f0a2b11efcc6f9c2d
            47db683381a94de77e8a1475ba60aece1a3a70ae0505e4cae6aa9579010c0a80
            ade204809eef2b02c0b2cd3b0509356c362f819f4eb10614e80701ababababab
            ababababababababababab02b410e820f4030a0100005b1c7c3e6a534d7e9f0a
            0a6f8f0a2b1101a40a00efcc6f9c2d47db683381a94de77e8a1475ba60aece1a
            3a70ae0505e4cae6aa95120c80ade204809eef2b0a128cb90202c0b2cd3bb410
            79010c0a80ade204809eef2b02c0b2cd3b0509356c362f819f4eb10614e80701
            abababababababababababababababab02b410e820f4030a0100005b1c7c3e6a
            534d7e9f0a0a6f8f0a2b1101a40a00efcc6f9c2d47db683381a94de77e8a1475
            ba60aece1a3a70ae0505e4cae6aa9503
        "#]],
    );
}

/// What budgets gave and lacked: of a promotion that counted, and of one that had nothing left.
#[test]
fn an_outcome_and_an_entry_with_budgets() {
    let points = |hundredths| Points::from_hundredths(hundredths).unwrap();
    let whole = promoted();
    let promoted = Promoted { cut: points(250), ..whole.promoted };
    let parts = Parts { promoted, ..whole };
    let source = LotSource { month: Month::of(Day(20_038)), matures: None };
    let entry = Entry { parts, moved: Moved::Into { source, paid: Points::ZERO }, ..entry() };
    let hash = chain_hash(&entry, &ChainHash([9; 32]));
    check(
        &hash.0,
        expect![[r#"
        33cf89268a84bb4b57b8a80c9162387615ece29379ca9b592682562e4d797092
    "#]],
    );
    let uncut = Parts { promoted: Promoted { cut: Points::ZERO, ..promoted }, ..parts };
    let other = Entry { parts: uncut, ..entry.clone() };
    assert_ne!(hash, chain_hash(&other, &ChainHash([9; 32])));
    let given = [
        Given { promotion: 0, points: points(500), cut: points(250) },
        Given { promotion: 63, points: Points::ZERO, cut: Points::MAX },
    ];
    let counted = Outcome::Counted {
        version: 12,
        points: entry.points,
        capped: entry.capped,
        parts,
        cap_day: None,
        earned_on: Some(Day(20_038)),
        matures: None,
        given: given.into(),
    };
    let stored = |number| StoredEntry {
        entry: Entry { place: Place { slot: 1, number, ..PLACE }, ..entry.clone() },
        hash,
    };
    let made = [stored(0), stored(1)];
    let mut body = Vec::new();
    begin_slice(&mut body, 2, entry.record_time);
    TimeSlot::default().put(&mut body);
    put_outcome(&mut body, &counted, &made, &[]);
    let slice = Slice { partition: 3, batch: 1_000, flags: 0, count: 1, body: &body };
    let read = Outcomes::read(&slice).unwrap().records().next().unwrap().unwrap();
    assert_eq!((&read.outcome, &read.entries[..]), (&counted, &made[..]));
    check(
        &body,
        expect![[r#"
        010200fa7a3295a02606000c210c80ade204809eef2b0aba8cb90202c0b2cd3b
        0509356c362f819f4eb10614e807f4030200e807f4033f008080d0d88bdea2e3
        020101abababababababababababababababab02b410e820f4030a0100005b1c
        7c3e6a534d7e9f0a0a6f8f0a2b1133cf89268a84bb4b57b8a80c9162387615ec
        e29379ca9b592682562e4d797092f9010c0a80ade204809eef2b02c0b2cd3b05
        09356c362f819f4eb10614e807f40301abababababababababababababababab
        02b410e820f4030a0100005b1c7c3e6a534d7e9f0a0a6f8f0a2b1101a40a0033
        cf89268a84bb4b57b8a80c9162387615ece29379ca9b592682562e4d797092
    "#]],
    );
    for cut in 0..body.len() {
        let slice = Slice { body: &body[..cut], ..slice };
        let read = Outcomes::read(&slice).map(Iterator::last);
        assert!(read.is_err() || read.is_ok_and(|last| last.is_some_and(|last| last.is_err())));
    }
}

/// What was earned and pays for a debt; a void that could not take all; and what has expired.
#[test]
fn entries_with_their_lots() {
    let points = |hundredths| Points::from_hundredths(hundredths).unwrap();
    let (month, matures) = (Month::of(Day(20_038)), Hour(480_912));
    let taken = Taken {
        ready: vec![
            Lot { month: Month(650), points: points(700) },
            Lot { month, points: points(20) },
        ],
        pending: vec![PendingLot { matures, month, points: points(30) }],
        debt: points(300),
        owed: Points::ZERO,
    };
    let source = LotSource { month, matures: Some(matures) };
    let earned = Entry { moved: Moved::Into { source, paid: points(50) }, ..entry() };
    let voided = Entry {
        kind: EntryKind::Voided,
        points: points(-1_050),
        capped: Points::ZERO,
        parts: Parts::default(),
        moved: Moved::From(Box::new(taken)),
        ..entry()
    };
    let lots = vec![Lot { month: Month(649), points: points(1_050) }];
    let expired = Entry {
        kind: EntryKind::Expired,
        moved: Moved::From(Box::new(Taken { ready: lots, ..Taken::default() })),
        cause: Cow::default(),
        ..voided.clone()
    };
    let stored = |entry: &Entry<'static>, slot, number| StoredEntry {
        entry: Entry { place: Place { slot, number, ..PLACE }, ..entry.clone() },
        hash: chain_hash(entry, &ChainHash([9; 32])),
    };
    let (version, capped, parts) = (12, earned.capped, earned.parts);
    let counted = Outcome::Counted {
        version,
        points: earned.points,
        capped,
        parts,
        cap_day: None,
        earned_on: Some(Day(20_038)),
        matures: Some(matures),
        given: Box::default(),
    };
    let short =
        Outcome::Voided { wager: Some(PLACE), points: voided.points, owed: points(5), version };
    let outcomes = [
        (counted, vec![stored(&expired, 1, 0), stored(&earned, 1, 1)]),
        (short, vec![stored(&voided, 2, 0)]),
    ];
    let mut time = TimeSlot::default();
    time.add(&[stored(&expired, 0, 0)], &[]);
    let mut body = Vec::new();
    begin_slice(&mut body, 2, expired.record_time);
    time.put(&mut body);
    for (outcome, made) in &outcomes {
        put_outcome(&mut body, outcome, made, &[]);
    }
    let slice = Slice { partition: 3, batch: 1_000, flags: 0, count: 2, body: &body };
    let read: Vec<_> = Outcomes::read(&slice).unwrap().map(Result::unwrap).collect();
    assert_eq!(read[0].entries.to_vec(), [stored(&expired, 0, 0)]);
    for (recorded, (outcome, made)) in read[1..].iter().zip(&outcomes) {
        assert_eq!(&recorded.outcome, outcome);
        assert_eq!(recorded.entries.to_vec(), *made);
    }
    check(
        &body,
        expect![[r#"
        010200fa7a3295a02606001b0149030c00000001abababababababababababab
        abababab02b310e820f4030a01000301920ab4100000001d94f4b4590daa879c
        770340edda33e22bce3a9c50622cc16fc5d7de754c806c220c80ade204809eef
        2b0a068cb902a0da3ab41049030c00000001abababababababababababababab
        abab02b310e820f4030a01000301920ab4100000001d94f4b4590daa879c7703
        40edda33e22bce3a9c50622cc16fc5d7de754c806c49010c0a80ade204809eef
        2b01abababababababababababababababab02b410e820f4030a0100005b1c7c
        3e6a534d7e9f0a0a6f8f0a2b1102a40aa0da3a649cf436dd78381d084f8b7d05
        77784c4d2b296421b7025a6025ff1c1ee8bf3bf01e0c03e8070700b3100a4902
        0c00000001abababababababababababababababab02b310e820f4030a010000
        5b1c7c3e6a534d7e9f0a0a6f8f0a2b110302940af80aa40a2801a0da3aa40a3c
        d80400837fec7cc3cb0ebb23aa432142f016b93cbad2e5ac6df61b6ba19bb6a1
        d0898d
    "#]],
    );
    for cut in 0..body.len() {
        let slice = Slice { body: &body[..cut], ..slice };
        let read = Outcomes::read(&slice).map(Iterator::last);
        assert!(read.is_err() || read.is_ok_and(|last| last.is_some_and(|last| last.is_err())));
    }
}

#[test]
fn a_notice_of_a_tier() {
    let moved = TierMoved {
        version: 12,
        before: Some("silver".into()),
        after: None,
        day: Day(20_038),
        points: Points::from_hundredths(99_950).unwrap(),
        unqualified_since: Some(Day(20_008)),
    };
    assert_eq!(TierMoved::read(&moved.to_bytes()), Ok(moved.clone()));
    check(
        &moved.to_bytes(),
        expect![[r#"
        010c010673696c766572008cb902dc990c01d0b802
    "#]],
    );
}

fn check_counted(of_type: Option<(Box<str>, u64)>, expected: Expect) {
    let counted = EventCounted { total: 300, of_type, at: AT };
    assert_eq!(EventCounted::read(&counted.to_bytes()), Ok(counted.clone()));
    check(&counted.to_bytes(), expected);
}

#[test]
fn a_notice_of_an_event_that_was_counted() {
    check_counted(
        Some(("player_score".into(), 290)),
        expect![[r#"
        01ac02010c706c617965725f73636f7265a202007a3295a0260600
    "#]],
    );
}

#[test]
fn a_notice_of_an_event_whose_type_is_not_counted_by_itself() {
    check_counted(
        None,
        expect![[r#"
        01ac0200007a3295a0260600
    "#]],
    );
}

#[test]
fn a_notice_of_scores_in_a_game() {
    let line = |period: Period, score, events| GameScoredLine {
        occurrence: period.of(Day(20_000)).unwrap(),
        score: Score(score),
        events,
    };
    let lines = vec![
        line(Period::Daily, 1_500_000_000_000_000_000, 2),
        line(Period::Weekly, 1, 300),
        line(Period::AllTime, -5_000_000_000_000_000_000, 1),
    ];
    let value = Score(250_000_000_000_000_000_000);
    let scored = GameScored { game: "reels".into(), value, lines };
    let bytes = scored.to_bytes();
    assert_eq!(GameScored::read(&bytes), Ok(scored));
    check(
        &bytes,
        expect![[r#"
        01057265656c73a08d0603c8b802d80402bfb802010100000000000000000000
        0000000000ac0200ce0f01
    "#]],
    );
}

#[test]
fn a_notice_of_a_position() {
    let score = Score(1_500_000_000_000_000_000);
    let moved = PositionMoved { tournament: 300, before: None, after: 129, score };
    let bytes = moved.to_bytes();
    assert_eq!(PositionMoved::read(&bytes), Ok(moved));
    // 150 hundredths, twice zig-zag.
    check(
        &bytes,
        expect![[r#"
        01ac02008101d804
    "#]],
    );
    let moved = PositionMoved { before: Some(2), ..moved };
    assert_eq!(PositionMoved::read(&moved.to_bytes()), Ok(moved));
}

#[test]
fn a_notice_of_points_that_expire_soon() {
    let points = Points::from_hundredths(99_950).unwrap();
    let expiring = PointsExpiring { version: 300, at: AT, points };
    assert_eq!(PointsExpiring::read(&expiring.to_bytes()), Ok(expiring));
    check(
        &expiring.to_bytes(),
        expect![[r#"
        01ac02007a3295a0260600dc990c
    "#]],
    );
}

#[test]
fn a_notice_of_a_redemption() {
    let moved = RedemptionMoved {
        id: "3-17-20-1".into(),
        state: RedemptionState::Lapsed,
        points: Points::from_hundredths(99_950).unwrap(),
        item: "a spin".into(),
        reward: "mug".into(),
        hold_until: AT,
        at: AT,
    };
    let bytes = moved.to_bytes();
    assert_eq!(RedemptionMoved::read(&bytes), Ok(moved));
    check(
        &bytes,
        expect![[r#"
            0109332d31372d32302d3103dc990c0661207370696e036d7567007a3295a026
            0600007a3295a0260600
        "#]],
    );
}

#[test]
fn an_account_with_a_tier() {
    let points = Points::from_hundredths(99_950).unwrap();
    let state = TierState::new(2, points, Day(20_038), Some(Day(20_030)));
    let account = Account {
        timed: Timed {
            tier: Some(state),
            settled_by: 12,
            due: AT,
            is_passed_over: false,
            told: ToldOf::NONE,
        },
        lots: PackedLots::from(&Lots::of_balance(points, Day(20_038))),
        ..Account::new(Subject([0xab; 16]), AT)
    };
    for account in [
        account.clone(),
        Account {
            timed: Timed {
                settled_by: 7,
                is_passed_over: true,
                told: ToldOf(515),
                ..Timed::NOTHING
            },
            ..account.clone()
        },
        Account { was_excluded: true, ..account.clone() },
        Account { is_opened: true, ..Account::new(account.subject, AT) },
    ] {
        let mut bytes = Vec::new();
        put_account(&mut bytes, &account);
        let read = read_account(&mut Cursor::new(&bytes, "account"), account.subject);
        assert_eq!(read, Ok(account));
    }
    let mut bytes = Vec::new();
    put_account(&mut bytes, &account);
    check(
        &bytes,
        expect![[r#"
            02000000000000007a3295a0260600000c007a3295a0260600000102dc990c8c
            b90201100b8db902000001a40aee8c06
        "#]],
    );
}

/// The first day of an account's tier lies `back` days before the day it stands for.
#[test]
fn a_tier_since_a_day_that_no_calendar_has_is_refused() {
    let (first, last) = (i64::from(i32::MIN), i64::from(i32::MAX));
    let read = |as_of: i64, back: i64| {
        let mut bytes = Vec::new();
        put_account(&mut bytes, &Account::new(Subject([0xab; 16]), AT));
        bytes[0] = 2;
        bytes.push(0);
        bytes.extend_from_slice(&[0; 8]);
        bytes.extend_from_slice(&[0, 1, 0, 0]);
        put_signed(&mut bytes, as_of);
        bytes.push(1);
        put_signed(&mut bytes, back);
        bytes.extend_from_slice(&[4, 0, 0, 0, 0]);
        read_account(&mut Cursor::new(&bytes, "account"), Subject([0xab; 16]))
    };
    assert!(read(20_000, 3).is_ok());
    assert!(read(first, 0).is_ok());
    for (as_of, back) in
        [(0, i64::MIN), (0, i64::MAX), (first, 1), (last, -1), (last + 1, 1), (i64::MIN, 1)]
    {
        assert!(read(as_of, back).is_err(), "{as_of}, {back}");
    }
}

#[test]
fn an_account() {
    let account = Account {
        subject: Subject([0xab; 16]),
        balance: Points::from_hundredths(-2_100).unwrap(),
        consent: Some(Consent::Out),
        was_excluded: false,
        is_opened: false,
        sequence: 3,
        head: ChainHash([9; 32]),
        trail: Trail::from_packed(&[1 << 24, 2 << 24]),
        cap_day: CapDay { day: Day(20_038), used: Points::from_hundredths(700).unwrap() },
        lots: PackedLots::default(),
        timed: Timed::NOTHING,
        last_wager: Some("w1".into()),
        last_updated: AT,
        version: 4,
    };
    let mut bytes = Vec::new();
    put_account(&mut bytes, &account);
    let read = read_account(&mut Cursor::new(&bytes, "account"), account.subject);
    assert_eq!(read, Ok(account));
    check(
        &bytes,
        expect![[r#"
        01e7200203090909090909090909090909090909090909090909090909090909
        09090909090200000001000000000000000200000000018cb902f80a01027731
        007a3295a026060004
    "#]],
    );
}

#[test]
fn hashes_of_identity() {
    let key = HashKey([1; 16]);
    let wager = read_wager(
        br#"{"wagerId":"w1","playerId":"p1","operatorId":"o1","gameId":"g1","gameCategory":"slots",
        "wagerAmount":100.00,"currency":"USD","jurisdiction":"Malta",
        "timestamp":"2024-11-11T10:30:00Z"}"#,
    );
    let [high, low] = key.id("o1", IdKind::Wager, "w1").0;
    let hashes =
        [high, low, key.player("p1"), key.content(Content::NEWEST, &wager.unwrap()).unwrap().0];
    check(
        &hashes.map(u64::to_be_bytes).concat(),
        expect![[r#"
            69572bb476ebfdafa03678662fe1cf38ca2f7db04851875f0105ec688fdb7b35
        "#]],
    );
    assert_eq!(partition_of("player-456", 16), 12);
}

#[test]
fn a_frame_of_the_trail() {
    let entry = TrailEntry {
        kind: TrailKind::Change,
        is_dry: true,
        status: 409,
        count: 1,
        operator: "operator-789".into(),
        subject: "the key first of operator-789".into(),
        credential: "api_key".into(),
        key: "first".into(),
        route: "putConsent".into(),
        method: "PUT".into(),
        name: "player-456".into(),
        player: "player-456".into(),
        peer: "192.0.2.7".into(),
        code: "stale".into(),
        request_id: "r-1".into(),
    };
    let before = ChainEnd::new(0x0102_0304_0506_0708);
    let (mut end, mut bytes) = (before, Vec::new());
    end.begin_frame(&mut bytes);
    end.append(AT, &TrailEntry { name: "node-a".into(), ..TrailEntry::default() }, &mut bytes);
    end.append(AT, &entry, &mut bytes);
    let (records, read) = read_frame(&bytes, Some(&before)).unwrap();
    assert_eq!((&records[1].entry, records[1].number, records[1].at), (&entry, 2, AT));
    assert_eq!(read, end);
    check(
        &bytes,
        expect![[r#"
        0108070605040302010000000000000000000000000000000000000000000000
        0000000000000000001f01010001007a3295a02606000000000000000000066e
        6f64652d61000000006f9b209bdffeb5fff70760fad7d63b9ab9a693462971be
        c90401696366e688d7810101030102007a3295a02606009903010c6f70657261
        746f722d3738391d746865206b6579206669727374206f66206f70657261746f
        722d373839076170695f6b65790566697273740a707574436f6e73656e740350
        55540a706c617965722d3435360a706c617965722d343536093139322e302e32
        2e37057374616c6503722d3174351791ac1284836a1a132bc50684c42a12b83b
        f46b3d680d6ad266308fd26b
    "#]],
    );
}
