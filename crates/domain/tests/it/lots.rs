//! What is spent, taken back and expires, in the words of the rule book; and point by point.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolade_domain::account::Account;
use accolade_domain::amount::Points;
use accolade_domain::civil::{Date, begin_of_day};
use accolade_domain::lots::{
    Expired, Expiry, Floor, Hour, LOTS_MAX, Lot, Lots, MONTHS_MAX, Month, Months, NOTIFY_DAYS_MAX,
    NotifyDays, PENDING_HOURS_MAX, PENDING_LOTS_MAX, PendingFor, PendingLot, Source, Taken,
};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::time::{DAY_MICROS, Day, HOUR_MICROS, Timestamp, ZoneOffsets};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::zones::{self, shown, utc};

/// What an account and its program know.
struct Player {
    expiry: Expiry,
    pending_for: PendingFor,
    floor: Floor,
    zone: ZoneOffsets,
    lots: PackedLots,
    wagers: BTreeMap<String, (Source, Points)>,
    reserved: BTreeMap<String, Vec<Lot>>,
}

/// Plays `scenario` and compares the transcript. Each line but `program` is a time in UTC and what comes
/// then: `earn` by a wager and `void` of it, `give` by no wager, `reserve` for a reward and `cancel`, or
/// nothing but the time.
fn check(scenario: &str, expected: Expect) {
    let mut player = Player {
        expiry: Expiry::default(),
        pending_for: PendingFor::default(),
        floor: Floor::Unlimited,
        zone: ZoneOffsets::default(),
        lots: PackedLots::default(),
        wagers: BTreeMap::new(),
        reserved: BTreeMap::new(),
    };
    let mut transcript = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(program) = line.strip_prefix("program ") {
            program.split(", ").for_each(|clause| apply(&mut player, clause));
            continue;
        }
        writeln!(transcript, "{line}").unwrap();
        let (at, what) = line.split_at_checked("2024-01-15 10:00".len()).unwrap();
        play(&mut player, utc(at), what.trim(), &mut transcript);
    }
    expected.assert_eq(&transcript);
}

fn apply(player: &mut Player, clause: &str) {
    let months = |text: &str| Months::new(text.parse().unwrap());
    match *clause.split(' ').collect::<Vec<&str>>().as_slice() {
        ["after", after] => player.expiry.after = months(after),
        ["inactivity", inactivity] => player.expiry.inactivity = months(inactivity),
        ["pending", hours] => player.pending_for = PendingFor::new(hours.parse().unwrap()).unwrap(),
        ["voids", "unlimited"] => player.floor = Floor::Unlimited,
        ["voids", "balance"] => player.floor = Floor::Balance,
        ["voids", "pending"] => player.floor = Floor::Pending,
        ["in", zone] => player.zone = zones::zone(zone),
        _ => panic!("unknown clause `{clause}`"),
    }
}

fn play(player: &mut Player, now: Timestamp, what: &str, transcript: &mut String) {
    let mut lots = player.lots.unpack();
    for Expired { at, lots } in lots.expire(player.expiry, &player.zone, now) {
        writeln!(transcript, "    expired {} {}", shown(at, &player.zone), listed(&lots)).unwrap();
    }
    let matured = lots.mature(now);
    if !matured.is_empty() {
        writeln!(transcript, "    matured {}", waiting(&matured)).unwrap();
    }
    let day = player.zone.day(now);
    match *what.split(' ').collect::<Vec<&str>>().as_slice() {
        [""] => {}
        ["earn", wager, points] => {
            let points = Points::parse(points).unwrap();
            let matures = player.pending_for.matures(now);
            let paid = lots.earn(day, matures, points).unwrap();
            tell(transcript, "paid", paid);
            let source = Source { month: Month::of(day), matures };
            player.wagers.insert(wager.to_owned(), (source, points));
        }
        ["give", points] => {
            let paid = lots.give(day, None, Points::parse(points).unwrap()).unwrap();
            tell(transcript, "paid", paid);
        }
        ["void", wager] => {
            let (own, points) = player.wagers[wager];
            let taken = lots.take(Some(own), points, player.floor).unwrap();
            let Taken { ready, pending, debt, owed } = taken;
            if !pending.is_empty() {
                writeln!(transcript, "    took {}", waiting(&pending)).unwrap();
            }
            if !ready.is_empty() {
                writeln!(transcript, "    took {}", listed(&ready)).unwrap();
            }
            tell(transcript, "below zero by", debt);
            tell(transcript, "owed", owed);
        }
        ["reserve", name, points] => match lots.spend(Points::parse(points).unwrap()) {
            Some(spent) => {
                writeln!(transcript, "    from {}", listed(&spent)).unwrap();
                player.reserved.insert(name.to_owned(), spent);
            }
            None => writeln!(transcript, "    not so many").unwrap(),
        },
        ["cancel", name] => {
            let paid = lots.restore(&player.reserved.remove(name).unwrap()).unwrap();
            tell(transcript, "paid", paid);
            for Expired { at, lots } in lots.expire(player.expiry, &player.zone, now) {
                let at = shown(at, &player.zone);
                writeln!(transcript, "    expired {at} {}", listed(&lots)).unwrap();
            }
        }
        _ => panic!("unknown line `{what}`"),
    }
    writeln!(transcript, "    {}", told(&lots, player)).unwrap();
    player.lots = PackedLots::from(&lots);
}

fn tell(transcript: &mut String, what: &str, points: Points) {
    if points > Points::ZERO {
        writeln!(transcript, "    {what} {points}").unwrap();
    }
}

fn told(lots: &Lots, player: &Player) -> String {
    let mut told = format!("balance {}", lots.balance());
    if !lots.ready().is_empty() {
        write!(told, ", {}", listed(lots.ready())).unwrap();
    }
    if !lots.pending().is_empty() {
        write!(told, ", {}", waiting(lots.pending())).unwrap();
    }
    if lots.owed() > Points::ZERO {
        write!(told, ", owed {}", lots.owed()).unwrap();
    }
    if let Some((at, points)) = lots.expiring(player.expiry, &player.zone) {
        write!(told, ", {points} until {}", shown(at, &player.zone)).unwrap();
    }
    told
}

fn listed(lots: &[Lot]) -> String {
    let each = lots.iter().map(|lot| format!("{} of {}", lot.points, month(lot.month)));
    each.collect::<Vec<String>>().join(" + ")
}

fn waiting(lots: &[PendingLot]) -> String {
    let each = lots.iter().map(|PendingLot { matures, month: of, points }| {
        let matures = &shown(matures.begins(), &ZoneOffsets::default())[9..];
        format!("{points} of {} pending until {matures}Z", month(*of))
    });
    each.collect::<Vec<String>>().join(" + ")
}

fn month(month: Month) -> String {
    let date = Date::of(month.first_day());
    format!("{}-{:02}", date.year(), date.month())
}

#[test]
fn what_was_spent_does_not_expire_and_a_void_takes_what_is_left() {
    check(
        "
        program after 12, in Europe/Malta, voids unlimited
        2024-01-15 10:00 earn w1 100
        2024-02-15 10:00 earn w2 100
        2024-03-15 10:00 reserve r1 100
        2025-01-31 22:59
        2025-01-31 23:00
        2025-02-01 10:00 void w1
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 100
                balance 100.00, 100.00 of 2024-01, 100.00 until Sat 2025-02-01 00:00
            2024-02-15 10:00 earn w2 100
                balance 200.00, 100.00 of 2024-01 + 100.00 of 2024-02, 100.00 until Sat 2025-02-01 00:00
            2024-03-15 10:00 reserve r1 100
                from 100.00 of 2024-01
                balance 100.00, 100.00 of 2024-02, 100.00 until Sat 2025-03-01 00:00
            2025-01-31 22:59
                balance 100.00, 100.00 of 2024-02, 100.00 until Sat 2025-03-01 00:00
            2025-01-31 23:00
                balance 100.00, 100.00 of 2024-02, 100.00 until Sat 2025-03-01 00:00
            2025-02-01 10:00 void w1
                took 100.00 of 2024-02
                balance 0.00
        "#]],
    );
}

#[test]
fn a_months_points_expire_with_the_end_of_the_month_in_the_programs_zone() {
    check(
        "
        program after 12, in Europe/Malta
        2023-12-31 22:59 earn w1 10
        2023-12-31 23:00 earn w2 20
        2024-01-31 22:59 earn w3 30
        2024-12-31 22:59
        2024-12-31 23:00
        2025-01-31 22:59
        2025-01-31 23:00
        ",
        expect![[r#"
            2023-12-31 22:59 earn w1 10
                balance 10.00, 10.00 of 2023-12, 10.00 until Wed 2025-01-01 00:00
            2023-12-31 23:00 earn w2 20
                balance 30.00, 10.00 of 2023-12 + 20.00 of 2024-01, 10.00 until Wed 2025-01-01 00:00
            2024-01-31 22:59 earn w3 30
                balance 60.00, 10.00 of 2023-12 + 50.00 of 2024-01, 10.00 until Wed 2025-01-01 00:00
            2024-12-31 22:59
                balance 60.00, 10.00 of 2023-12 + 50.00 of 2024-01, 10.00 until Wed 2025-01-01 00:00
            2024-12-31 23:00
                expired Wed 2025-01-01 00:00 10.00 of 2023-12
                balance 50.00, 50.00 of 2024-01, 50.00 until Sat 2025-02-01 00:00
            2025-01-31 22:59
                balance 50.00, 50.00 of 2024-01, 50.00 until Sat 2025-02-01 00:00
            2025-01-31 23:00
                expired Sat 2025-02-01 00:00 50.00 of 2024-01
                balance 0.00
        "#]],
    );
}

#[test]
fn points_expire_where_a_month_begins_without_a_midnight() {
    check(
        "
        program after 1, in Africa/Cairo
        2014-06-15 10:00 earn w1 10
        2014-07-31 21:59
        2014-07-31 22:00
        ",
        expect![[r#"
            2014-06-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2014-06, 10.00 until Fri 2014-08-01 01:00
            2014-07-31 21:59
                balance 10.00, 10.00 of 2014-06, 10.00 until Fri 2014-08-01 01:00
            2014-07-31 22:00
                expired Fri 2014-08-01 01:00 10.00 of 2014-06
                balance 0.00
        "#]],
    );
}

#[test]
fn an_account_that_nobody_touched_has_lost_each_months_points_at_their_time() {
    check(
        "
        program after 2
        2024-01-15 10:00 earn w1 10
        2024-02-15 10:00 earn w2 20
        2024-03-15 10:00 earn w3 30
        2026-01-01 00:00
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Mon 2024-04-01 00:00
            2024-02-15 10:00 earn w2 20
                balance 30.00, 10.00 of 2024-01 + 20.00 of 2024-02, 10.00 until Mon 2024-04-01 00:00
            2024-03-15 10:00 earn w3 30
                balance 60.00, 10.00 of 2024-01 + 20.00 of 2024-02 + 30.00 of 2024-03, 10.00 until Mon 2024-04-01 00:00
            2026-01-01 00:00
                expired Mon 2024-04-01 00:00 10.00 of 2024-01
                expired Wed 2024-05-01 00:00 20.00 of 2024-02
                expired Sat 2024-06-01 00:00 30.00 of 2024-03
                balance 0.00
        "#]],
    );
}

#[test]
fn who_earns_nothing_for_so_long_loses_everything_at_that_moment() {
    check(
        "
        program inactivity 6, in Europe/Malta
        2024-01-10 10:00 earn w1 10
        2024-01-15 10:00 earn w2 20
        2024-03-15 10:00 give 5
        2024-04-15 10:00 reserve r1 8
        2024-07-15 21:59
        2024-07-15 22:00
        ",
        expect![[r#"
            2024-01-10 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Thu 2024-07-11 00:00
            2024-01-15 10:00 earn w2 20
                balance 30.00, 30.00 of 2024-01, 30.00 until Tue 2024-07-16 00:00
            2024-03-15 10:00 give 5
                balance 35.00, 30.00 of 2024-01 + 5.00 of 2024-03, 35.00 until Tue 2024-07-16 00:00
            2024-04-15 10:00 reserve r1 8
                from 8.00 of 2024-01
                balance 27.00, 22.00 of 2024-01 + 5.00 of 2024-03, 27.00 until Tue 2024-07-16 00:00
            2024-07-15 21:59
                balance 27.00, 22.00 of 2024-01 + 5.00 of 2024-03, 27.00 until Tue 2024-07-16 00:00
            2024-07-15 22:00
                expired Tue 2024-07-16 00:00 22.00 of 2024-01 + 5.00 of 2024-03
                balance 0.00
        "#]],
    );
    check(
        "
        program inactivity 1
        2024-01-31 10:00 earn w1 10
        2024-02-29 23:59
        2024-03-01 00:00
        ",
        expect![[r#"
            2024-01-31 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Fri 2024-03-01 00:00
            2024-02-29 23:59
                balance 10.00, 10.00 of 2024-01, 10.00 until Fri 2024-03-01 00:00
            2024-03-01 00:00
                expired Fri 2024-03-01 00:00 10.00 of 2024-01
                balance 0.00
        "#]],
    );
}

#[test]
fn who_has_lost_everything_begins_anew() {
    check(
        "
        program inactivity 6
        2024-01-15 10:00 earn w1 10
        2024-10-01 10:00 give 5
        2024-10-02 10:00 give 5
        2025-04-01 23:59
        2025-04-02 00:00
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Tue 2024-07-16 00:00
            2024-10-01 10:00 give 5
                expired Tue 2024-07-16 00:00 10.00 of 2024-01
                balance 5.00, 5.00 of 2024-10, 5.00 until Wed 2025-04-02 00:00
            2024-10-02 10:00 give 5
                balance 10.00, 10.00 of 2024-10, 10.00 until Wed 2025-04-02 00:00
            2025-04-01 23:59
                balance 10.00, 10.00 of 2024-10, 10.00 until Wed 2025-04-02 00:00
            2025-04-02 00:00
                expired Wed 2025-04-02 00:00 10.00 of 2024-10
                balance 0.00
        "#]],
    );
}

#[test]
fn of_both_expiries_the_earlier_counts() {
    check(
        "
        program after 3, inactivity 2
        2024-01-15 10:00 earn w1 10
        2024-03-10 10:00 earn w2 20
        2024-05-01 00:00
        2024-05-11 00:00
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Sat 2024-03-16 00:00
            2024-03-10 10:00 earn w2 20
                balance 30.00, 10.00 of 2024-01 + 20.00 of 2024-03, 10.00 until Wed 2024-05-01 00:00
            2024-05-01 00:00
                expired Wed 2024-05-01 00:00 10.00 of 2024-01
                balance 20.00, 20.00 of 2024-03, 20.00 until Sat 2024-05-11 00:00
            2024-05-11 00:00
                expired Sat 2024-05-11 00:00 20.00 of 2024-03
                balance 0.00
        "#]],
    );
    check(
        "
        program after 1, inactivity 1
        2024-01-31 10:00 earn w1 10
        2024-02-10 10:00 give 5
        2024-03-01 00:00
        ",
        expect![[r#"
            2024-01-31 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Fri 2024-03-01 00:00
            2024-02-10 10:00 give 5
                balance 15.00, 10.00 of 2024-01 + 5.00 of 2024-02, 15.00 until Fri 2024-03-01 00:00
            2024-03-01 00:00
                expired Fri 2024-03-01 00:00 10.00 of 2024-01 + 5.00 of 2024-02
                balance 0.00
        "#]],
    );
}

#[test]
fn points_that_are_pending_are_not_spent() {
    check(
        "
        program pending 24, after 12
        2024-01-15 10:00 earn w1 10
        2024-01-15 10:01 earn w2 20
        2024-01-15 11:00 earn w3 40
        2024-01-16 09:59 reserve r1 0.01
        2024-01-16 10:00 reserve r1 10.01
        2024-01-16 10:00 reserve r1 10
        2024-01-16 11:00 reserve r2 60
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01 pending until 01-16 10:00Z, 10.00 until Sat 2025-02-01 00:00
            2024-01-15 10:01 earn w2 20
                balance 30.00, 10.00 of 2024-01 pending until 01-16 10:00Z + 20.00 of 2024-01 pending until 01-16 11:00Z, 30.00 until Sat 2025-02-01 00:00
            2024-01-15 11:00 earn w3 40
                balance 70.00, 10.00 of 2024-01 pending until 01-16 10:00Z + 60.00 of 2024-01 pending until 01-16 11:00Z, 70.00 until Sat 2025-02-01 00:00
            2024-01-16 09:59 reserve r1 0.01
                not so many
                balance 70.00, 10.00 of 2024-01 pending until 01-16 10:00Z + 60.00 of 2024-01 pending until 01-16 11:00Z, 70.00 until Sat 2025-02-01 00:00
            2024-01-16 10:00 reserve r1 10.01
                matured 10.00 of 2024-01 pending until 01-16 10:00Z
                not so many
                balance 70.00, 10.00 of 2024-01, 60.00 of 2024-01 pending until 01-16 11:00Z, 70.00 until Sat 2025-02-01 00:00
            2024-01-16 10:00 reserve r1 10
                from 10.00 of 2024-01
                balance 60.00, 60.00 of 2024-01 pending until 01-16 11:00Z, 60.00 until Sat 2025-02-01 00:00
            2024-01-16 11:00 reserve r2 60
                matured 60.00 of 2024-01 pending until 01-16 11:00Z
                from 60.00 of 2024-01
                balance 0.00
        "#]],
    );
}

#[test]
fn a_void_takes_from_its_own_wagers_lot_first_and_then_from_the_oldest() {
    check(
        "
        program after 12
        2024-01-15 10:00 earn w1 10
        2024-02-15 10:00 earn w2 20
        2024-03-15 10:00 earn w3 40
        2024-03-16 10:00 reserve r1 25
        2024-03-17 10:00 void w3
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Sat 2025-02-01 00:00
            2024-02-15 10:00 earn w2 20
                balance 30.00, 10.00 of 2024-01 + 20.00 of 2024-02, 10.00 until Sat 2025-02-01 00:00
            2024-03-15 10:00 earn w3 40
                balance 70.00, 10.00 of 2024-01 + 20.00 of 2024-02 + 40.00 of 2024-03, 10.00 until Sat 2025-02-01 00:00
            2024-03-16 10:00 reserve r1 25
                from 10.00 of 2024-01 + 15.00 of 2024-02
                balance 45.00, 5.00 of 2024-02 + 40.00 of 2024-03, 5.00 until Sat 2025-03-01 00:00
            2024-03-17 10:00 void w3
                took 40.00 of 2024-03
                balance 5.00, 5.00 of 2024-02, 5.00 until Sat 2025-03-01 00:00
        "#]],
    );
    check(
        "
        program after 12
        2024-01-15 10:00 earn w1 10
        2024-02-15 10:00 earn w2 20
        2024-03-15 10:00 earn w3 40
        2024-03-16 10:00 reserve r1 15
        2024-03-17 10:00 void w2
        2024-03-18 10:00 void w1
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Sat 2025-02-01 00:00
            2024-02-15 10:00 earn w2 20
                balance 30.00, 10.00 of 2024-01 + 20.00 of 2024-02, 10.00 until Sat 2025-02-01 00:00
            2024-03-15 10:00 earn w3 40
                balance 70.00, 10.00 of 2024-01 + 20.00 of 2024-02 + 40.00 of 2024-03, 10.00 until Sat 2025-02-01 00:00
            2024-03-16 10:00 reserve r1 15
                from 10.00 of 2024-01 + 5.00 of 2024-02
                balance 55.00, 15.00 of 2024-02 + 40.00 of 2024-03, 15.00 until Sat 2025-03-01 00:00
            2024-03-17 10:00 void w2
                took 15.00 of 2024-02 + 5.00 of 2024-03
                balance 35.00, 35.00 of 2024-03, 35.00 until Tue 2025-04-01 00:00
            2024-03-18 10:00 void w1
                took 10.00 of 2024-03
                balance 25.00, 25.00 of 2024-03, 25.00 until Tue 2025-04-01 00:00
        "#]],
    );
}

#[test]
fn a_void_of_a_pending_wager_takes_what_is_pending_of_it() {
    check(
        "
        program pending 24
        2024-01-15 10:00 earn w1 10
        2024-01-17 10:00 earn w2 20
        2024-01-17 11:00 earn w3 40
        2024-01-17 12:00 void w3
        2024-01-17 12:00 void w1
        2024-01-17 12:00 void w2
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01 pending until 01-16 10:00Z
            2024-01-17 10:00 earn w2 20
                matured 10.00 of 2024-01 pending until 01-16 10:00Z
                balance 30.00, 10.00 of 2024-01, 20.00 of 2024-01 pending until 01-18 10:00Z
            2024-01-17 11:00 earn w3 40
                balance 70.00, 10.00 of 2024-01, 20.00 of 2024-01 pending until 01-18 10:00Z + 40.00 of 2024-01 pending until 01-18 11:00Z
            2024-01-17 12:00 void w3
                took 40.00 of 2024-01 pending until 01-18 11:00Z
                balance 30.00, 10.00 of 2024-01, 20.00 of 2024-01 pending until 01-18 10:00Z
            2024-01-17 12:00 void w1
                took 10.00 of 2024-01
                balance 20.00, 20.00 of 2024-01 pending until 01-18 10:00Z
            2024-01-17 12:00 void w2
                took 20.00 of 2024-01 pending until 01-18 10:00Z
                balance 0.00
        "#]],
    );
}

#[test]
fn an_unlimited_void_goes_below_zero_and_what_comes_next_pays_for_it() {
    check(
        "
        program voids unlimited
        2024-01-15 10:00 earn w1 100
        2024-01-16 10:00 reserve r1 80
        2024-01-17 10:00 void w1
        2024-01-17 11:00 reserve r2 0.01
        2024-01-18 10:00 earn w2 30
        2024-01-19 10:00 give 20
        2024-01-20 10:00 earn w3 50
        2024-01-21 10:00 void w2
        2024-01-22 10:00 void w3
        2024-01-23 10:00 cancel r1
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 100
                balance 100.00, 100.00 of 2024-01
            2024-01-16 10:00 reserve r1 80
                from 80.00 of 2024-01
                balance 20.00, 20.00 of 2024-01
            2024-01-17 10:00 void w1
                took 20.00 of 2024-01
                below zero by 80.00
                balance -80.00
            2024-01-17 11:00 reserve r2 0.01
                not so many
                balance -80.00
            2024-01-18 10:00 earn w2 30
                paid 30.00
                balance -50.00
            2024-01-19 10:00 give 20
                paid 20.00
                balance -30.00
            2024-01-20 10:00 earn w3 50
                paid 30.00
                balance 20.00, 20.00 of 2024-01
            2024-01-21 10:00 void w2
                took 20.00 of 2024-01
                below zero by 10.00
                balance -10.00
            2024-01-22 10:00 void w3
                below zero by 50.00
                balance -60.00
            2024-01-23 10:00 cancel r1
                paid 60.00
                balance 20.00, 20.00 of 2024-01
        "#]],
    );
}

#[test]
fn a_void_to_the_balance_goes_to_zero_and_what_it_could_not_take_stays_owed() {
    check(
        "
        program voids balance
        2024-01-15 10:00 earn w1 100
        2024-01-16 10:00 reserve r1 80
        2024-01-17 10:00 void w1
        2024-01-18 10:00 earn w2 30
        2024-01-19 10:00 void w2
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 100
                balance 100.00, 100.00 of 2024-01
            2024-01-16 10:00 reserve r1 80
                from 80.00 of 2024-01
                balance 20.00, 20.00 of 2024-01
            2024-01-17 10:00 void w1
                took 20.00 of 2024-01
                owed 80.00
                balance 0.00, owed 80.00
            2024-01-18 10:00 earn w2 30
                balance 30.00, 30.00 of 2024-01, owed 80.00
            2024-01-19 10:00 void w2
                took 30.00 of 2024-01
                balance 0.00, owed 80.00
        "#]],
    );
}

#[test]
fn a_void_of_pending_points_takes_no_others() {
    check(
        "
        program voids pending, pending 24
        2024-01-15 10:00 earn w1 100
        2024-01-17 10:00 earn w2 30
        2024-01-17 10:30 earn w3 40
        2024-01-17 11:00 void w3
        2024-01-17 12:00 void w1
        2024-01-18 12:00 earn w4 5
        2024-01-18 13:00 void w4
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 100
                balance 100.00, 100.00 of 2024-01 pending until 01-16 10:00Z
            2024-01-17 10:00 earn w2 30
                matured 100.00 of 2024-01 pending until 01-16 10:00Z
                balance 130.00, 100.00 of 2024-01, 30.00 of 2024-01 pending until 01-18 10:00Z
            2024-01-17 10:30 earn w3 40
                balance 170.00, 100.00 of 2024-01, 30.00 of 2024-01 pending until 01-18 10:00Z + 40.00 of 2024-01 pending until 01-18 11:00Z
            2024-01-17 11:00 void w3
                took 40.00 of 2024-01 pending until 01-18 11:00Z
                balance 130.00, 100.00 of 2024-01, 30.00 of 2024-01 pending until 01-18 10:00Z
            2024-01-17 12:00 void w1
                took 30.00 of 2024-01 pending until 01-18 10:00Z
                owed 70.00
                balance 100.00, 100.00 of 2024-01, owed 70.00
            2024-01-18 12:00 earn w4 5
                balance 105.00, 100.00 of 2024-01, 5.00 of 2024-01 pending until 01-19 12:00Z, owed 70.00
            2024-01-18 13:00 void w4
                took 5.00 of 2024-01 pending until 01-19 12:00Z
                balance 100.00, 100.00 of 2024-01, owed 70.00
        "#]],
    );
}

#[test]
fn a_cancelled_reservation_gives_back_to_the_months_it_came_from() {
    check(
        "
        program after 2
        2024-01-15 10:00 earn w1 10
        2024-02-15 10:00 earn w2 20
        2024-03-31 23:00 reserve r1 25
        2024-03-31 23:10 cancel r1
        2024-03-31 23:20 reserve r2 25
        2024-04-01 00:10 cancel r2
        ",
        expect![[r#"
            2024-01-15 10:00 earn w1 10
                balance 10.00, 10.00 of 2024-01, 10.00 until Mon 2024-04-01 00:00
            2024-02-15 10:00 earn w2 20
                balance 30.00, 10.00 of 2024-01 + 20.00 of 2024-02, 10.00 until Mon 2024-04-01 00:00
            2024-03-31 23:00 reserve r1 25
                from 10.00 of 2024-01 + 15.00 of 2024-02
                balance 5.00, 5.00 of 2024-02, 5.00 until Wed 2024-05-01 00:00
            2024-03-31 23:10 cancel r1
                balance 30.00, 10.00 of 2024-01 + 20.00 of 2024-02, 10.00 until Mon 2024-04-01 00:00
            2024-03-31 23:20 reserve r2 25
                from 10.00 of 2024-01 + 15.00 of 2024-02
                balance 5.00, 5.00 of 2024-02, 5.00 until Wed 2024-05-01 00:00
            2024-04-01 00:10 cancel r2
                expired Mon 2024-04-01 00:00 10.00 of 2024-01
                balance 20.00, 20.00 of 2024-02, 20.00 until Wed 2024-05-01 00:00
        "#]],
    );
}

#[test]
fn points_mature_with_a_full_hour_and_never_too_early() {
    let matures = |hours: u16, at: &str| {
        let matures = PendingFor::new(hours).unwrap().matures(utc(at));
        matures.map(|hour| shown(hour.begins(), &ZoneOffsets::default())[4..].to_owned())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(matures(0, "2024-01-15 10:00"), None);
    assert_eq!(matures(1, "2024-01-15 10:00"), some("2024-01-15 11:00"));
    assert_eq!(matures(1, "2024-01-15 10:01"), some("2024-01-15 12:00"));
    assert_eq!(matures(24, "2024-01-15 10:01"), some("2024-01-16 11:00"));
    assert_eq!(matures(24, "1969-12-31 10:01"), some("1970-01-01 11:00"));
    assert_eq!(matures(48, "2024-01-15 10:00"), some("2024-01-17 10:00"));
    assert_eq!(matures(48, "2024-01-15 10:01"), some("2024-01-17 12:00"));
    assert!(PendingFor::new(PENDING_HOURS_MAX + 1).is_none());
    for hours in 1..=PENDING_HOURS_MAX {
        let pending_for = PendingFor::new(hours).unwrap();
        assert_eq!(pending_for.get(), hours);
        let earned = (0..200).map(|part| i64::from(hours) * HOUR_MICROS / 199 * part);
        let mut lots: Vec<Hour> = earned
            .map(|micros| {
                let matures = pending_for.matures(Timestamp::from_micros(micros)).unwrap();
                let waits = matures.begins().micros() - micros;
                let least = i64::from(hours) * HOUR_MICROS;
                assert!(least <= waits && waits < least + least / 24 + HOUR_MICROS, "{hours}");
                matures
            })
            .collect();
        lots.dedup();
        assert!(lots.len() <= 26, "{hours} hours in {} lots", lots.len());
    }
}

#[test]
fn no_time_is_too_far_out_for_pending_points() {
    for micros in [i64::MIN, -1, 0, i64::MAX] {
        for hours in [1, 24, 25, PENDING_HOURS_MAX] {
            let matures = PendingFor::new(hours).unwrap().matures(Timestamp::from_micros(micros));
            assert!(matures.is_some_and(|hour| hour.begins() >= Timestamp::from_micros(i64::MIN)));
        }
    }
    let matures = |micros| PendingFor::new(1).unwrap().matures(Timestamp::from_micros(micros));
    assert_eq!(matures(i64::MIN), Some(Hour(i32::MIN)));
    assert_eq!(matures(i64::MAX), Some(Hour(i32::MAX)));
}

#[test]
fn months_are_those_of_the_calendar() {
    let of = |text: &str| Month::of(zones::date(text).to_day());
    assert_eq!((of("1970-01-31"), of("1969-12-31")), (Month(0), Month(-1)));
    assert_eq!((of("2024-02-29"), of("2024-03-01")), (Month(649), Month(650)));
    assert_eq!(of("2024-02-29").first_day(), zones::date("2024-02-01").to_day());
    assert_eq!(of("2024-02-29").plus(Months::new(12).unwrap()), of("2025-02-01"));
    assert_eq!(
        (Month::of(Day(i32::MIN)), Month::of(Day(i32::MAX))),
        (Month(i16::MIN), Month(i16::MAX))
    );
    assert!(Months::new(0).is_none() && Months::new(MONTHS_MAX + 1).is_none());
    assert_eq!(Months::new(MONTHS_MAX).map(Months::get), Some(120));
}

fn hundredths(points: i64) -> Points {
    Points::from_hundredths(points).unwrap()
}

fn of_month(month: i16) -> Day {
    Month(month).first_day()
}

#[test]
fn beyond_the_most_months_the_oldest_expires_with_the_next() {
    let mut lots = Lots::default();
    let most = i16::try_from(LOTS_MAX).unwrap();
    for month in 0..=most {
        lots.earn(of_month(600 + month), None, hundredths(10)).unwrap();
    }
    assert_eq!(lots.ready().len(), LOTS_MAX);
    assert_eq!(lots.ready()[0], Lot { month: Month(601), points: hundredths(20) });
    assert_eq!(lots.balance(), hundredths(10 * (i64::from(most) + 1)));
}

#[test]
fn what_matured_before_it_expired_was_one_month_too_many_by_then() {
    let mut lots = Lots::default();
    let most = i16::try_from(LOTS_MAX).unwrap();
    for month in 0..most {
        lots.earn(of_month(600 + month), None, hundredths(10)).unwrap();
    }
    let expiry = Expiry { after: Months::new(100), ..Expiry::default() };
    let zone = ZoneOffsets::default();
    let (expires, _) = lots.expiring(expiry, &zone).unwrap();
    let hour = i32::try_from(expires.hour()).unwrap();
    for (matures, joins) in [(Hour(hour - 1), true), (Hour(hour), true), (Hour(hour + 1), false)] {
        let mut once = lots.clone();
        once.earn(of_month(600 + most), Some(matures), hundredths(10)).unwrap();
        let mut often = once.clone();
        often.mature(expires);
        let expired = once.expire(expiry, &zone, expires);
        assert_eq!(expired, often.expire(expiry, &zone, expires));
        assert_eq!(expired.is_empty(), joins, "the oldest expires with the next");
        assert_eq!(once, often);
    }
}

#[test]
fn beyond_the_most_pending_lots_one_matures_with_the_next_of_its_month() {
    let most = i32::try_from(PENDING_LOTS_MAX).unwrap();
    let earn = |months: &[i16]| {
        let mut lots = Lots::default();
        for (month, hour) in months.iter().zip(0..) {
            lots.earn(of_month(*month), Some(Hour(hour)), hundredths(10)).unwrap();
        }
        assert_eq!(lots.pending().len(), PENDING_LOTS_MAX);
        assert_eq!(lots.balance(), hundredths(10 * (i64::from(most) + 1)));
        lots.pending()[..2].to_vec()
    };
    let lot = |hour, month, points| {
        let (matures, month) = (Hour(hour), Month(month));
        PendingLot { matures, month, points: hundredths(points) }
    };
    let mut months = [600; PENDING_LOTS_MAX + 1];
    assert_eq!(earn(&months), [lot(1, 600, 20), lot(2, 600, 10)]);
    months[1] = 599;
    assert_eq!(earn(&months), [lot(1, 599, 10), lot(2, 600, 20)]);
    for (month, of) in months.iter_mut().zip(600..) {
        *month = of;
    }
    assert_eq!(earn(&months), [lot(1, 601, 20), lot(2, 602, 10)], "no two are of one month");
    months[0] = 700;
    assert_eq!(earn(&months), [lot(1, 700, 20), lot(2, 602, 10)], "none expires sooner by it");
}

#[test]
fn lots_that_never_were_are_refused() {
    let lot = |month, points| Lot { month: Month(month), points: hundredths(points) };
    let pending = |hour, month| {
        let (matures, month) = (Hour(hour), Month(month));
        PendingLot { matures, month, points: hundredths(1) }
    };
    let (none, one) = (Points::ZERO, hundredths(1));
    let refused = |ready: &[Lot], pending: &[PendingLot], debt, owed| {
        Lots::new(ready.to_vec(), pending.to_vec(), debt, owed, None).is_none()
    };
    assert!(!refused(&[lot(600, 1), lot(601, 1)], &[pending(1, 601), pending(1, 602)], none, one));
    assert!(!refused(&[], &[], one, none));
    assert!(refused(&[lot(601, 1), lot(600, 1)], &[], none, none), "not by month");
    assert!(refused(&[lot(600, 1), lot(600, 1)], &[], none, none), "a month twice");
    assert!(refused(&[], &[pending(2, 600), pending(1, 601)], none, none), "not by hour");
    assert!(refused(&[], &[pending(1, 600), pending(1, 600)], none, none), "an hour twice");
    assert!(refused(&[lot(600, 0)], &[], none, none), "an empty lot");
    assert!(refused(&[lot(600, -1)], &[], none, none), "less than nothing");
    assert!(refused(&[lot(600, 1)], &[], one, none), "a debt that can be paid");
    assert!(refused(&[], &[pending(1, 600)], one, none), "a debt that can be paid");
    let negative = hundredths(-1);
    assert!(refused(&[], &[], negative, none) && refused(&[], &[], none, negative));
    let most = lot(601, Points::MAX.hundredths());
    assert!(!refused(&[most], &[], none, none) && refused(&[lot(600, 1), most], &[], none, none));
    let many = |count: usize| (0..).take(count).map(|month| lot(month, 1)).collect::<Vec<Lot>>();
    assert!(!refused(&many(LOTS_MAX), &[], none, none));
    assert!(refused(&many(LOTS_MAX + 1), &[], none, none));
    let many = |count: usize| (0..).take(count).map(|hour| pending(hour, 600)).collect::<Vec<_>>();
    assert!(!refused(&[], &many(PENDING_LOTS_MAX), none, none));
    assert!(refused(&[], &many(PENDING_LOTS_MAX + 1), none, none));
}

#[test]
fn what_does_not_fit_or_is_less_than_nothing_changes_nothing() {
    let mut lots = Lots::default();
    lots.earn(of_month(600), None, Points::MAX).unwrap();
    let before = lots.clone();
    let (least, negative) = (hundredths(1), hundredths(-1));
    assert_eq!(lots.earn(of_month(601), None, least), None);
    assert_eq!(lots.give(of_month(601), None, least), None);
    let lot = |points| Lot { month: Month(600), points };
    assert_eq!(lots.restore(&[lot(Points::ZERO), lot(least)]), None);
    assert_eq!(lots.restore(&[lot(negative)]), None);
    assert_eq!(lots.earn(of_month(601), None, negative), None);
    assert_eq!(lots.spend(negative), None);
    assert_eq!(lots.take(None, negative, Floor::Unlimited), None);
    assert_eq!(lots, before);
    lots.take(None, Points::MAX, Floor::Unlimited).unwrap();
    lots.take(None, Points::MAX, Floor::Unlimited).unwrap();
    assert_eq!(lots.balance(), Points::MAX.negated());
    assert_eq!(lots.take(None, least, Floor::Unlimited), None);
    assert_eq!(lots.balance(), Points::MAX.negated());
    lots.take(None, Points::MAX, Floor::Balance).unwrap();
    lots.take(None, Points::MAX, Floor::Balance).unwrap();
    assert_eq!(lots.owed(), Points::MAX, "it is held there");
}

#[test]
fn lots_of_a_balance_have_all_of_it_in_the_month_of_a_day_or_lack_all_of_it() {
    let day = of_month(600);
    let some = Lots::of_balance(hundredths(250), day);
    assert_eq!(some.ready(), [Lot { month: Month(600), points: hundredths(250) }]);
    assert_eq!((some.debt(), some.active()), (Points::ZERO, Some(day)));
    let below = Lots::of_balance(hundredths(-250), day);
    assert_eq!((below.debt(), below.active()), (hundredths(250), None));
    assert_eq!(below.balance(), hundredths(-250));
    let nothing = Lots::of_balance(Points::ZERO, day);
    assert_eq!(nothing.balance(), Points::ZERO);
    assert_eq!(nothing.active(), Some(day), "inactivity counts from it");
}

#[test]
fn a_player_is_told_so_many_days_before_points_expire_or_never() {
    let at = utc("2025-02-01 00:00");
    let before = |days| NotifyDays::new(days).unwrap().before(at);
    assert_eq!(before(0), None);
    assert_eq!(before(1), Some(utc("2025-01-31 00:00")));
    assert_eq!(before(7), Some(utc("2025-01-25 00:00")));
    let most = at.plus_micros(-i64::from(NOTIFY_DAYS_MAX) * DAY_MICROS);
    assert_eq!(before(NOTIFY_DAYS_MAX), Some(most));
    assert_eq!(NotifyDays::new(NOTIFY_DAYS_MAX + 1), None);
    assert_eq!(NotifyDays::default().before(at), None);
}

#[test]
fn what_expires_at_one_moment_is_one_lot_of_each_month() {
    let lot = |month, points| Lot { month: Month(month), points: hundredths(points) };
    let at = utc("2025-02-01 00:00");
    let mut expired = Expired { at, lots: vec![lot(600, 10), lot(602, 30)] };
    assert_eq!(expired.points(), hundredths(40));
    expired.add(&[lot(601, 200), lot(602, 300)]);
    assert_eq!(expired.lots, [lot(600, 10), lot(601, 200), lot(602, 330)]);
    assert_eq!(expired.points(), hundredths(540));
}

#[test]
fn an_account_with_twelve_months_of_lots_is_small() {
    let mut lots = Lots::default();
    for month in 648..=660 {
        lots.earn(of_month(month), None, hundredths(1_999_999)).unwrap();
    }
    let elsewhere = PackedLots::from(&lots).bytes_elsewhere();
    let account = size_of::<Account>();
    assert!(account + elsewhere <= 300, "{account} and {elsewhere}");
}

/// One hundredth of a point.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Grain {
    month: Month,
    /// While it cannot be spent.
    matures: Option<Hour>,
}

/// Every hundredth that there is, one by one.
#[derive(Debug, Default)]
struct Slow {
    grains: Vec<Grain>,
    debt: i64,
    owed: i64,
    active: Option<Day>,
}

impl Slow {
    fn come(&mut self, grain: Grain, count: i64) {
        for _ in 0..count {
            if self.debt > 0 {
                self.debt -= 1;
            } else {
                self.grains.push(grain);
            }
        }
    }

    /// Takes the first by an order, of those that may be taken.
    fn take<K: Ord>(
        &mut self,
        may: impl Fn(&Grain) -> bool,
        order: impl Fn(&Grain) -> K,
    ) -> Option<Grain> {
        let all = self.grains.iter().enumerate().filter(|(_, grain)| may(grain));
        let (at, _) = all.min_by_key(|(_, grain)| order(grain))?;
        Some(self.grains.remove(at))
    }

    fn spend(&mut self, count: i64) -> Option<Vec<Grain>> {
        let is_ready = |grain: &Grain| grain.matures.is_none();
        let ready = self.grains.iter().filter(|grain| is_ready(grain)).count();
        if i64::try_from(ready).unwrap() < count {
            return None;
        }
        Some((0..count).map(|_| self.take(is_ready, |grain| grain.month).unwrap()).collect())
    }

    fn void(&mut self, own: Grain, count: i64, floor: Floor) -> Vec<Grain> {
        let may = |grain: &Grain| floor != Floor::Pending || grain.matures.is_some();
        // Its own, of those what is still pending; then its month's that can be spent; then the oldest.
        let order = |grain: &Grain| {
            let is_own = *grain == own && own.matures.is_some();
            let of_its_month = grain.month == own.month && grain.matures.is_none();
            (!is_own, !of_its_month, grain.month, grain.matures)
        };
        let mut taken = Vec::new();
        for _ in 0..count {
            match self.take(may, order) {
                Some(grain) => taken.push(grain),
                None if floor == Floor::Unlimited => self.debt += 1,
                None => self.owed += 1,
            }
        }
        taken
    }

    fn mature(&mut self, now: Timestamp) {
        for grain in &mut self.grains {
            grain.matures = grain.matures.filter(|hour| hour.begins() > now);
        }
    }

    /// The moment at which a grain expires, asked as the rule book says it.
    fn expires(&self, grain: Grain, expiry: Expiry, zone: &ZoneOffsets) -> Option<Timestamp> {
        let month_ends = |months: Months| {
            let first = Date::of(grain.month.first_day());
            begin_of_day(first.plus_months(i32::from(months.get()) + 1).to_day(), zone)
        };
        let day_ends = |(months, active): (Months, Day)| {
            let last = Date::of(active).plus_months(i32::from(months.get())).to_day();
            begin_of_day(Day(last.0 + 1), zone)
        };
        let by_age = expiry.after.map(month_ends);
        let by_inactivity = expiry.inactivity.zip(self.active).map(day_ends);
        by_age.into_iter().chain(by_inactivity).min()
    }

    fn expire(
        &mut self,
        expiry: Expiry,
        zone: &ZoneOffsets,
        now: Timestamp,
    ) -> BTreeMap<(Timestamp, Month), i64> {
        let mut expired = BTreeMap::new();
        for grain in std::mem::take(&mut self.grains) {
            match self.expires(grain, expiry, zone).filter(|at| *at <= now) {
                Some(at) => *expired.entry((at, grain.month)).or_default() += 1,
                None => self.grains.push(grain),
            }
        }
        expired
    }

    fn count(&self, may: impl Fn(&Grain) -> bool) -> i64 {
        i64::try_from(self.grains.iter().filter(|grain| may(grain)).count()).unwrap()
    }
}

#[derive(Debug, Clone)]
enum Act {
    Pass(i64),
    Earn { points: i64, days_ago: i32 },
    Give(i64),
    Void(prop::sample::Index, Floor),
    Adjust(i64),
    Reserve(i64),
    Cancel(prop::sample::Index),
    Confirm(prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let index = any::<prop::sample::Index>;
    let floor = prop_oneof![Just(Floor::Unlimited), Just(Floor::Balance), Just(Floor::Pending)];
    prop_oneof![
        5 => prop_oneof![3 => 0..30_i64, 2 => 30..800_i64, 1 => 800..6_000_i64].prop_map(Act::Pass),
        8 => (0..40_i64, prop_oneof![3 => Just(0), 1 => -1..40_i32])
            .prop_map(|(points, days_ago)| Act::Earn { points, days_ago }),
        1 => (0..40_i64).prop_map(Act::Give),
        4 => (index(), floor).prop_map(|(which, floor)| Act::Void(which, floor)),
        1 => (0..40_i64).prop_map(Act::Adjust),
        4 => (0..80_i64).prop_map(Act::Reserve),
        2 => index().prop_map(Act::Cancel),
        1 => index().prop_map(Act::Confirm),
    ]
}

fn expiry() -> impl Strategy<Value = Expiry> {
    let months = || prop::option::of((1..14_u8).prop_map(|months| Months::new(months).unwrap()));
    (months(), months()).prop_map(|(after, inactivity)| Expiry {
        after,
        inactivity,
        ..Expiry::default()
    })
}

/// Counts grains by lot, as [`Lots`] list them.
fn by_lot(grains: &[Grain]) -> BTreeMap<(Option<Hour>, Month), i64> {
    let mut counts = BTreeMap::new();
    for grain in grains {
        *counts.entry((grain.matures, grain.month)).or_default() += 1;
    }
    counts
}

fn counted(ready: &[Lot], pending: &[PendingLot]) -> BTreeMap<(Option<Hour>, Month), i64> {
    let mut counts = BTreeMap::new();
    for Lot { month, points } in ready {
        *counts.entry((None, *month)).or_default() += points.hundredths();
    }
    for PendingLot { matures, month, points } in pending {
        *counts.entry((Some(*matures), *month)).or_default() += points.hundredths();
    }
    counts
}

/// What was once taken in, and where it is.
#[derive(Debug, Default)]
struct Conserved {
    came: i64,
    taken: i64,
    expired: i64,
    confirmed: i64,
    reserved: i64,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn lots_are_those_of_following_each_hundredth(
        name in 0..zones::NAMES.len(),
        expiry in expiry(),
        pending_for in prop_oneof![Just(0), 1..100_u16],
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let zone = zones::zone(zones::NAMES[name]);
        let pending_for = PendingFor::new(pending_for).unwrap();
        let (mut lots, mut slow) = (Lots::default(), Slow::default());
        let mut now = utc("2023-11-05 06:30");
        let mut wagers: Vec<(Grain, i64)> = Vec::new();
        let mut reserved: Vec<(Vec<Lot>, Vec<Grain>)> = Vec::new();
        let mut sums = Conserved::default();
        for act in acts {
            let day = zone.day(now);
            match act {
                Act::Pass(hours) => now = now.plus_micros(hours * HOUR_MICROS),
                Act::Earn { points, days_ago } => {
                    let day = Day(day.0 - days_ago);
                    let matures = pending_for.matures(now);
                    lots.earn(day, matures, hundredths(points)).unwrap();
                    let grain = Grain { month: Month::of(day), matures };
                    slow.come(grain, points);
                    slow.active = slow.active.max(Some(day));
                    wagers.push((grain, points));
                    sums.came += points;
                }
                Act::Give(points) => {
                    lots.give(day, None, hundredths(points)).unwrap();
                    if slow.grains.is_empty() {
                        slow.active = slow.active.max(Some(day));
                    }
                    slow.come(Grain { month: Month::of(day), matures: None }, points);
                    sums.came += points;
                }
                Act::Void(which, floor) if !wagers.is_empty() => {
                    let (grain, points) = wagers.swap_remove(which.index(wagers.len()));
                    let Grain { month, matures } = grain;
                    let (debt, owed) = (slow.debt, slow.owed);
                    let own = Some(Source { month, matures });
                    let taken = lots.take(own, hundredths(points), floor).unwrap();
                    let grains = slow.void(grain, points, floor);
                    prop_assert_eq!(counted(&taken.ready, &taken.pending), by_lot(&grains));
                    prop_assert_eq!(taken.debt, hundredths(slow.debt - debt));
                    prop_assert_eq!(taken.owed, hundredths(slow.owed - owed));
                    sums.taken += points - taken.owed.hundredths();
                }
                Act::Adjust(points) => {
                    let taken = lots.take(None, hundredths(points), Floor::Balance).unwrap();
                    let none = Grain { month: Month(i16::MIN), matures: None };
                    let grains = slow.void(none, points, Floor::Balance);
                    prop_assert_eq!(counted(&taken.ready, &taken.pending), by_lot(&grains));
                    sums.taken += points - taken.owed.hundredths();
                }
                Act::Reserve(points) => {
                    let (spent, grains) = (lots.spend(hundredths(points)), slow.spend(points));
                    prop_assert_eq!(spent.is_some(), grains.is_some());
                    if let (Some(spent), Some(grains)) = (spent, grains) {
                        prop_assert_eq!(counted(&spent, &[]), by_lot(&grains));
                        prop_assert!(spent.is_sorted_by_key(|lot| lot.month));
                        reserved.push((spent, grains));
                        sums.reserved += points;
                    }
                }
                Act::Cancel(which) if !reserved.is_empty() => {
                    let (spent, grains) = reserved.swap_remove(which.index(reserved.len()));
                    lots.restore(&spent).unwrap();
                    sums.reserved -= i64::try_from(grains.len()).unwrap();
                    for grain in grains {
                        slow.come(grain, 1);
                    }
                }
                Act::Confirm(which) if !reserved.is_empty() => {
                    let (_, grains) = reserved.swap_remove(which.index(reserved.len()));
                    let count = i64::try_from(grains.len()).unwrap();
                    sums.reserved -= count;
                    sums.confirmed += count;
                }
                Act::Void(..) | Act::Cancel(_) | Act::Confirm(_) => {}
            }
            let due = lots.next_due(expiry, &zone);
            let expired = lots.expire(expiry, &zone, now);
            let matured = lots.mature(now);
            let happened = !expired.is_empty() || !matured.is_empty();
            prop_assert_eq!(due.is_some_and(|due| due <= now), happened);
            prop_assert!(expired.is_sorted_by(|one, other| one.at < other.at));
            let mut of_lots = BTreeMap::new();
            for Expired { at, lots } in expired {
                for Lot { month, points } in lots {
                    *of_lots.entry((at, month)).or_default() += points.hundredths();
                    sums.expired += points.hundredths();
                }
            }
            let of_grains = slow.expire(expiry, &zone, now);
            prop_assert_eq!(of_lots, of_grains);
            slow.mature(now);
            prop_assert_eq!(counted(lots.ready(), lots.pending()), by_lot(&slow.grains));
            prop_assert_eq!(lots.debt(), hundredths(slow.debt));
            prop_assert_eq!(lots.owed(), hundredths(slow.owed));
            prop_assert_eq!(lots.active(), slow.active);
            let of_time = slow.grains.iter().filter_map(|grain| slow.expires(*grain, expiry, &zone));
            let first = of_time.min();
            let expiring = first.map(|at| {
                let expires = |grain: &Grain| slow.expires(*grain, expiry, &zone) == Some(at);
                (at, hundredths(slow.count(expires)))
            });
            prop_assert_eq!(lots.expiring(expiry, &zone), expiring);
            let maturing = slow.grains.iter().filter_map(|grain| grain.matures).min();
            prop_assert_eq!(lots.maturing(), maturing.map(Hour::begins));
            let (ready, pending) = (lots.ready_points(), lots.pending_points());
            prop_assert_eq!(ready, hundredths(slow.count(|grain| grain.matures.is_none())));
            let balance = ready.plus(pending).and_then(|all| all.minus(lots.debt()));
            prop_assert_eq!(Some(lots.balance()), balance);
            let Conserved { came, taken, expired, confirmed, reserved } = sums;
            let gone = taken + expired + confirmed + reserved;
            prop_assert_eq!(lots.balance(), hundredths(came - gone));
            prop_assert_eq!(&PackedLots::from(&lots).unpack(), &lots);
            let (ready, pending) = (lots.ready().to_vec(), lots.pending().to_vec());
            let again = Lots::new(ready, pending, lots.debt(), lots.owed(), lots.active());
            prop_assert_eq!(again.as_ref(), Some(&lots));
        }
    }

    #[test]
    fn when_it_is_asked_makes_no_difference(
        expiry in expiry(),
        earned in prop::collection::vec((0..20_i32, 1..40_i64, 0..2_000_i32), 1..20),
        asked in prop::collection::vec(0..20_000_i64, 0..20),
    ) {
        let zone = zones::zone("America/Santiago");
        let begin = utc("2023-01-01 00:00");
        let mut lots = Lots::default();
        for (months, points, hours) in earned {
            let day = Date::of(zone.day(begin)).plus_months(months).to_day();
            let hour = i32::try_from(begin.hour()).unwrap() + months * 730 + hours;
            let matures = (hours > 0).then_some(Hour(hour));
            lots.earn(day, matures, hundredths(points)).unwrap();
        }
        let end = begin.plus_micros(20_000 * HOUR_MICROS);
        let mut often = lots.clone();
        let mut all = Vec::new();
        let mut asked = asked;
        asked.sort_unstable();
        for hours in asked {
            let now = begin.plus_micros(hours * HOUR_MICROS);
            all.extend(often.expire(expiry, &zone, now));
            often.mature(now);
        }
        all.extend(often.expire(expiry, &zone, end));
        often.mature(end);
        prop_assert_eq!(lots.expire(expiry, &zone, end), all);
        lots.mature(end);
        prop_assert_eq!(lots, often);
    }

    #[test]
    fn no_lots_or_time_are_too_far_out(
        ready in prop::collection::btree_map(any::<i16>(), 1..1_000_000_i64, 0..20),
        pending in prop::collection::btree_map((any::<i32>(), any::<i16>()), 1..1_000_000_i64, 0..20),
        active in prop::option::of(any::<i32>()),
        expiry in expiry(),
        now in any::<i64>(),
        day in any::<i32>(),
    ) {
        let ready = ready.into_iter().map(|(month, points)| Lot {
            month: Month(month),
            points: hundredths(points),
        });
        let pending = pending.into_iter().map(|((hour, month), points)| PendingLot {
            matures: Hour(hour),
            month: Month(month),
            points: hundredths(points),
        });
        let lots = Lots::new(
            ready.collect(),
            pending.collect(),
            Points::ZERO,
            Points::ZERO,
            active.map(Day),
        );
        let mut lots = lots.unwrap();
        let now = Timestamp::from_micros(now);
        let zone = zones::zone("Pacific/Apia");
        let balance = lots.balance();
        lots.earn(Day(day), Some(Hour(day)), hundredths(1)).unwrap();
        let expired = lots.expire(expiry, &zone, now);
        let expired = expired.iter().flat_map(|expired| &expired.lots);
        let expired: i64 = expired.map(|lot| lot.points.hundredths()).sum();
        lots.mature(now);
        prop_assert_eq!(lots.balance().hundredths(), balance.hundredths() + 1 - expired);
        let due = lots.next_due(expiry, &zone);
        prop_assert!(due.is_none_or(|due| due > now) || lots.expire(expiry, &zone, now).is_empty());
    }
}
