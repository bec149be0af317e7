//! What is counted by operator and day.

use std::fmt::Write as _;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::civil::Date;
use accolade_domain::ledger::EntryKind;
use accolade_domain::redemption::RedemptionState;
use accolade_engine::behaviour::{FIRST, KNOWN, SECOND};
use accolade_engine::tables::operator_days::DayCounts;
use accolade_engine::tables::operator_totals::{Accounts, Totals};
use expect_test::{Expect, expect};

use super::lots::program;
use super::play::Play;

/// Plays a scenario, wherever intervals end, and compares what was counted.
fn check(begins: u16, scenario: &str, counted: Expect) {
    let played = |after_each: fn(&mut Play)| {
        let mut play = Play::beginning(begins, KNOWN);
        for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
            play.line(line);
            after_each(&mut play);
        }
        counted_in(&mut play)
    };
    let heard = played(|_| {});
    assert_eq!(played(Play::end_interval), heard, "with an interval for each line");
    counted.assert_eq(&heard);
}

fn counted_in(play: &mut Play) -> String {
    let days = play.partition.tables().operator_days.excerpt(Bound::Unbounded, usize::MAX);
    let days = days.read(0, &mut play.store).unwrap().rows;
    let totals = play.partition.tables().operator_totals.iter();
    let totals: Vec<_> = totals.map(|(_, totals)| totals.clone()).collect();
    let balances = play.partition.players().all().iter().map(|player| player.account.balance);
    let sum: i64 = balances.map(Points::hundredths).sum();
    let mut heard = String::new();
    for (key, day) in &days {
        let date = Date::of(key.day);
        let (month, day_of_month) = (date.month(), date.day_of_month());
        writeln!(heard, "{month}/{day_of_month} {}", words(day)).unwrap();
    }
    for Totals { accounts: Accounts { players, liability, debt }, counted } in &totals {
        let mut all_days = DayCounts::default();
        for (_, day) in &days {
            all_days.add(day);
        }
        assert_eq!(*counted, all_days, "what was ever counted is what was on all days");
        assert_eq!(liability - debt, i128::from(sum), "the balances are what there is");
        writeln!(heard, "now {players} players, {liability} to spend, {debt} owed").unwrap();
    }
    heard
}

fn words(day: &DayCounts) -> String {
    let kinds = EntryKind::ALL.into_iter().filter(|kind| day.entries[*kind as usize] > 0);
    let kinds = kinds.map(|kind| {
        let (count, points) = (day.entries[kind as usize], day.points_of(kind));
        format!(", {count} {} {points}", kind.code())
    });
    let states = RedemptionState::ALL.into_iter();
    let states = states.filter(|state| day.redemptions[*state as usize] > 0);
    let states =
        states.map(|state| format!(", {} {}", day.redemptions[state as usize], state.code()));
    let DayCounts { wagers_counted, wagers_refused, voids, new_players, pending, .. } = day;
    let more: String = kinds.chain(states).collect();
    format!(
        "{wagers_counted} counted, {wagers_refused} refused, {voids} voided, {new_players} new, \
         {pending} pending, {:+}{:+}{more}",
        day.liability, -day.debt
    )
}

#[test]
fn a_day_has_what_was_earned_spent_and_taken_on_it_and_totals_are_the_balances() {
    check(
        SECOND.number,
        &format!(
            "
        wager w0 anna slots 1000
        {}
        wager w1 anna slots 1000
        wager w1 anna slots 1000
        wager w2 bert poker 1000
        after 1d
        wager w3 anna slots 500
        reserve anna 80
        confirm 1
        reserve anna 15
        void w1 anna
        adjust bert 7
        after 60d
        wager w4 cara slots 10
        after 60d
        void w9 cara
        ",
            program(r#","expiry":{"after":"2mo"},"pending":{"for":"2h"}"#)
        ),
        expect![[r#"
            11/11 1 counted, 2 refused, 0 voided, 2 new, 10000 pending, +10000+0, 1 earned 10000
            11/12 1 counted, 0 refused, 1 voided, 0 new, 5000 pending, -9300-3000, 1 earned 5000, 1 voided -10000, 1 redeemed -8000, 1 adjusted 700, 2 reserved, 1 confirmed
            1/11 1 counted, 0 refused, 0 voided, 1 new, 100 pending, +100+0, 1 earned 100, 1 lapsed
            3/12 0 counted, 0 refused, 0 voided, 0 new, 0 pending, -700+0, 1 expired -700
            now 3 players, 100 to spend, 3000 owed
        "#]],
    );
}

#[test]
fn what_was_there_before_a_switch_is_what_totals_begin_with() {
    check(
        FIRST.number,
        &format!(
            r#"
        {}
        wager w1 anna slots 1000
        after 1d
        control {{"control":"behaviour","number":2}}
        after 1d
        wager w2 bert slots 10
        wager w3 anna slots 10
        "#,
            program("")
        ),
        expect![[r#"
            11/13 2 counted, 0 refused, 0 voided, 1 new, 0 pending, +200+0, 2 earned 200
            now 2 players, 10200 to spend, 0 owed
        "#]],
    );
}
