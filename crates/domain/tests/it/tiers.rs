//! Tiers in the words of the rule book, and against asking on each day.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::civil::{Date, Period};
use accolade_domain::tier::{
    EarnedDays, GRACE_DAYS_MAX, GraceDays, LEVELS_MAX, Level, Levels, TierChange, TierState, Tiers,
    WINDOW_DAYS_MAX, Window, WindowDays,
};
use accolade_domain::time::Day;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::zones::date;

/// What the fold keeps of one player.
struct Player {
    tiers: Tiers,
    earned: BTreeMap<Day, Points>,
    state: Option<TierState>,
}

/// Plays `scenario` and compares the transcript. Each line is a day and what comes on it: `tiers` of a
/// program from then on, `earn` and `void` points, `on` another day than it, or nothing but the day.
fn check(scenario: &str, expected: Expect) {
    let mut player =
        Player { tiers: tiers("rolling 1, bronze 0"), earned: BTreeMap::new(), state: None };
    let mut transcript = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (today, what) = line.split_once(' ').unwrap_or((line, ""));
        let today = date(today).to_day();
        writeln!(transcript, "{line}").unwrap();
        let had = player.tiers.clone();
        let (mut state, changes) = match player.state {
            Some(state) => player.tiers.advance(state, today, &player.earned),
            None => (player.tiers.begin(today, &player.earned), Vec::new()),
        };
        for change in changes {
            tell(&mut transcript, change, &had, &had);
        }
        let (what, rest) = what.trim().split_once(' ').unwrap_or((what, ""));
        let change = match what {
            "" => None,
            "tiers" => {
                player.tiers = tiers(rest);
                let change;
                (state, change) = player.tiers.take_over(state, &had, today, &player.earned);
                change
            }
            _ => {
                let (points, day) = rest.split_once(" on ").unwrap_or((rest, &line[..10]));
                let (points, day) = (Points::parse(points).unwrap(), date(day).to_day());
                let points = if what == "void" { points.negated() } else { points };
                let sum = player.earned.entry(day).or_default();
                *sum = sum.plus(points).unwrap();
                let change;
                (state, change) = player.tiers.count(state, day, points).unwrap();
                change
            }
        };
        if let Some(change) = change {
            tell(&mut transcript, change, &had, &player.tiers);
        }
        player.state = Some(state);
        writeln!(transcript, "    {}", told(&player, state)).unwrap();
    }
    expected.assert_eq(&transcript);
}

fn tell(transcript: &mut String, change: TierChange, had: &Tiers, has: &Tiers) {
    let TierChange { day, before, after, points, unqualified_since } = change;
    let (before, after) = (&had.levels.get(before).name, &has.levels.get(after).name);
    let since = unqualified_since.map(|since| format!(", too few since {}", shown(since)));
    let since = since.unwrap_or_default();
    writeln!(transcript, "    {} {before} → {after} with {points}{since}", shown(day)).unwrap();
}

fn told(player: &Player, state: TierState) -> String {
    let Player { tiers, earned, .. } = player;
    let name = |level| &tiers.levels.get(level).name;
    let mut told = format!("{} {}", name(state.level()), state.points());
    if let Some(since) = state.unqualified_since() {
        write!(told, ", too few since {}", shown(since)).unwrap();
    }
    if let Some((next, missing)) = tiers.next_level(state) {
        write!(told, ", {missing} to {}", name(next)).unwrap();
    }
    if let Some(day) = tiers.next_day(state, earned) {
        write!(told, ", until {}", shown(day)).unwrap();
    }
    told
}

fn shown(day: Day) -> String {
    let date = Date::of(day);
    format!("{}-{:02}-{:02}", date.year(), date.month(), date.day_of_month())
}

/// Reads `rolling 365, grace 30, bronze 0, silver 1000`.
fn tiers(text: &str) -> Tiers {
    let mut window = None;
    let mut grace = GraceDays::default();
    let mut levels = Vec::new();
    for clause in text.split(", ") {
        match *clause.split(' ').collect::<Vec<&str>>().as_slice() {
            ["rolling", days] => {
                window = Some(Window::Rolling(WindowDays::new(days.parse().unwrap()).unwrap()));
            }
            ["month"] => window = Some(Window::Calendar(Period::Month)),
            ["quarter"] => window = Some(Window::Calendar(Period::Quarter)),
            ["year"] => window = Some(Window::Calendar(Period::Year)),
            ["grace", days] => grace = GraceDays::new(days.parse().unwrap()).unwrap(),
            [name, from] => levels.push(level(name, from)),
            _ => panic!("unknown clause `{clause}`"),
        }
    }
    Tiers { window: window.unwrap(), levels: Levels::new(levels).unwrap(), grace }
}

fn level(name: &str, from: &str) -> Level {
    Level { name: name.into(), from: Points::parse(from).unwrap(), multiplier: Rate::ONE }
}

#[test]
fn up_at_once_with_the_points_of_the_line_and_not_a_hundredth_less() {
    check(
        "
        2024-01-15 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
        2024-01-15 earn 999.99
        2024-01-15 earn 0.01
        2024-01-16 earn 9000.00
        ",
        expect![[r#"
            2024-01-15 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-15 earn 999.99
                bronze 999.99, 0.01 to silver
            2024-01-15 earn 0.01
                2024-01-15 bronze → silver with 1000.00
                silver 1000.00, 9000.00 to gold, until 2025-02-13
            2024-01-16 earn 9000.00
                2024-01-16 silver → gold with 10000.00
                gold 10000.00, until 2025-02-13
        "#]],
    );
}

#[test]
fn one_wager_may_cross_more_lines_than_one() {
    check(
        "
        2024-01-15 tiers rolling 365, bronze 0, silver 1000, gold 10000
        2024-01-15 earn 10000.00
        ",
        expect![[r#"
            2024-01-15 tiers rolling 365, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-15 earn 10000.00
                2024-01-15 bronze → gold with 10000.00
                gold 10000.00, until 2025-01-14
        "#]],
    );
}

#[test]
fn down_when_the_grace_is_over_counted_from_the_first_day_that_no_longer_qualifies() {
    check(
        "
        2024-01-15 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
        2024-01-15 earn 1000.00
        2025-01-13
        2025-01-14
        2025-02-12
        2025-02-13
        ",
        expect![[r#"
            2024-01-15 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-15 earn 1000.00
                2024-01-15 bronze → silver with 1000.00
                silver 1000.00, 9000.00 to gold, until 2025-02-13
            2025-01-13
                silver 1000.00, 9000.00 to gold, until 2025-02-13
            2025-01-14
                silver 0.00, too few since 2025-01-14, 10000.00 to gold, until 2025-02-13
            2025-02-12
                silver 0.00, too few since 2025-01-14, 10000.00 to gold, until 2025-02-13
            2025-02-13
                2025-02-13 silver → bronze with 0.00, too few since 2025-01-14
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_level_falls_to_the_one_that_the_window_gives_when_the_grace_is_over() {
    check(
        "
        2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000, gold 10000
        2024-01-01 earn 9000.00
        2024-01-05 earn 1000.00
        2024-01-11
        2024-01-15
        2024-01-16
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 9000.00
                2024-01-01 bronze → silver with 9000.00
                silver 9000.00, 1000.00 to gold, until 2024-01-16
            2024-01-05 earn 1000.00
                2024-01-05 silver → gold with 10000.00
                gold 10000.00, until 2024-01-16
            2024-01-11
                gold 1000.00, too few since 2024-01-11, until 2024-01-16
            2024-01-15
                gold 0.00, too few since 2024-01-11, until 2024-01-16
            2024-01-16
                2024-01-16 gold → bronze with 0.00, too few since 2024-01-11
                bronze 0.00, 1000.00 to silver
        "#]],
    );
    check(
        "
        2024-01-01 tiers rolling 10, grace 2, bronze 0, silver 1000, gold 10000
        2024-01-01 earn 9000.00
        2024-01-05 earn 1000.00
        2024-01-12
        2024-01-13
        2024-01-14
        2024-02-01
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, grace 2, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 9000.00
                2024-01-01 bronze → silver with 9000.00
                silver 9000.00, 1000.00 to gold, until 2024-01-13
            2024-01-05 earn 1000.00
                2024-01-05 silver → gold with 10000.00
                gold 10000.00, until 2024-01-13
            2024-01-12
                gold 1000.00, too few since 2024-01-11, until 2024-01-13
            2024-01-13
                2024-01-13 gold → silver with 1000.00, too few since 2024-01-11
                silver 1000.00, 9000.00 to gold, until 2024-01-17
            2024-01-14
                silver 1000.00, 9000.00 to gold, until 2024-01-17
            2024-02-01
                2024-01-17 silver → bronze with 0.00, too few since 2024-01-15
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn qualifying_again_ends_the_grace_and_the_next_one_begins_anew() {
    check(
        "
        2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000
        2024-01-01 earn 1000.00
        2024-01-14 earn 999.99
        2024-01-15 earn 0.01
        2024-01-24
        2024-01-28
        2024-01-29
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 1000.00
                2024-01-01 bronze → silver with 1000.00
                silver 1000.00, until 2024-01-16
            2024-01-14 earn 999.99
                silver 999.99, too few since 2024-01-11, until 2024-01-16
            2024-01-15 earn 0.01
                silver 1000.00, until 2024-01-29
            2024-01-24
                silver 0.01, too few since 2024-01-24, until 2024-01-29
            2024-01-28
                silver 0.00, too few since 2024-01-24, until 2024-01-29
            2024-01-29
                2024-01-29 silver → bronze with 0.00, too few since 2024-01-24
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn without_grace_a_level_is_lost_with_the_day() {
    check(
        "
        2024-01-01 tiers rolling 10, bronze 0, silver 1000
        2024-01-01 earn 1000.00
        2024-01-10
        2024-01-11
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 1000.00
                2024-01-01 bronze → silver with 1000.00
                silver 1000.00, until 2024-01-11
            2024-01-10
                silver 1000.00, until 2024-01-11
            2024-01-11
                2024-01-11 silver → bronze with 0.00, too few since 2024-01-11
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn an_account_that_nobody_touched_for_years_has_had_each_change_on_its_day() {
    check(
        "
        2020-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
        2020-01-01 earn 9500.00
        2020-06-01 earn 2000.00
        2026-01-01
        ",
        expect![[r#"
            2020-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2020-01-01 earn 9500.00
                2020-01-01 bronze → silver with 9500.00
                silver 9500.00, 500.00 to gold, until 2021-01-30
            2020-06-01 earn 2000.00
                2020-06-01 silver → gold with 11500.00
                gold 11500.00, until 2021-01-30
            2026-01-01
                2021-01-30 gold → silver with 2000.00, too few since 2020-12-31
                2021-07-01 silver → bronze with 0.00, too few since 2021-06-01
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_void_takes_points_out_of_the_day_they_were_earned_in() {
    check(
        "
        2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000
        2024-01-01 earn 600.00
        2024-01-05 earn 600.00
        2024-01-06 void 600.00 on 2024-01-01
        2024-01-11
        2024-01-12
        2024-01-12 void 600.00 on 2024-01-05
        2024-01-15
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 600.00
                bronze 600.00, 400.00 to silver
            2024-01-05 earn 600.00
                2024-01-05 bronze → silver with 1200.00
                silver 1200.00, until 2024-01-16
            2024-01-06 void 600.00 on 2024-01-01
                silver 600.00, too few since 2024-01-06, until 2024-01-11
            2024-01-11
                2024-01-11 silver → bronze with 600.00, too few since 2024-01-06
                bronze 600.00, 400.00 to silver
            2024-01-12
                bronze 600.00, 400.00 to silver
            2024-01-12 void 600.00 on 2024-01-05
                bronze 0.00, 1000.00 to silver
            2024-01-15
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_void_below_the_line_begins_the_grace_on_its_day() {
    check(
        "
        2024-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000
        2024-01-01 earn 1000.00
        2024-03-01 void 0.01 on 2024-01-01
        2024-03-30
        2024-03-31
        ",
        expect![[r#"
            2024-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 1000.00
                2024-01-01 bronze → silver with 1000.00
                silver 1000.00, until 2025-01-30
            2024-03-01 void 0.01 on 2024-01-01
                silver 999.99, too few since 2024-03-01, until 2024-03-31
            2024-03-30
                silver 999.99, too few since 2024-03-01, until 2024-03-31
            2024-03-31
                2024-03-31 silver → bronze with 999.99, too few since 2024-03-01
                bronze 999.99, 0.01 to silver
        "#]],
    );
    check(
        "
        2024-01-01 tiers rolling 365, bronze 0, silver 1000
        2024-01-01 earn 1000.00
        2024-03-01 void 0.01 on 2024-01-01
        ",
        expect![[r#"
            2024-01-01 tiers rolling 365, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 1000.00
                2024-01-01 bronze → silver with 1000.00
                silver 1000.00, until 2024-12-31
            2024-03-01 void 0.01 on 2024-01-01
                2024-03-01 silver → bronze with 999.99, too few since 2024-03-01
                bronze 999.99, 0.01 to silver
        "#]],
    );
}

#[test]
fn a_void_of_what_has_left_the_window_moves_no_tier() {
    check(
        "
        2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000
        2024-01-01 earn 500.00
        2024-01-08 earn 1000.00
        2024-01-11 void 500.00 on 2024-01-01
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, grace 5, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 500.00
                bronze 500.00, 500.00 to silver
            2024-01-08 earn 1000.00
                2024-01-08 bronze → silver with 1500.00
                silver 1500.00, until 2024-01-23
            2024-01-11 void 500.00 on 2024-01-01
                silver 1000.00, until 2024-01-23
        "#]],
    );
}

#[test]
fn a_late_wager_counts_on_its_own_day_while_that_is_in_the_window() {
    check(
        "
        2024-01-20 tiers rolling 10, bronze 0, silver 1000
        2024-01-20 earn 1000.00 on 2024-01-10
        2024-01-20 earn 1000.00 on 2024-01-11
        2024-01-21
        ",
        expect![[r#"
            2024-01-20 tiers rolling 10, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-20 earn 1000.00 on 2024-01-10
                bronze 0.00, 1000.00 to silver
            2024-01-20 earn 1000.00 on 2024-01-11
                2024-01-20 bronze → silver with 1000.00
                silver 1000.00, until 2024-01-21
            2024-01-21
                2024-01-21 silver → bronze with 0.00, too few since 2024-01-21
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_wager_dated_after_midnight_counts_at_once_and_with_its_own_day() {
    check(
        "
        2024-01-31 tiers month, bronze 0, silver 1000
        2024-01-31 earn 1000.00 on 2024-02-01
        2024-02-01
        2024-03-01
        ",
        expect![[r#"
            2024-01-31 tiers month, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-31 earn 1000.00 on 2024-02-01
                2024-01-31 bronze → silver with 1000.00
                silver 1000.00, until 2024-03-01
            2024-02-01
                silver 1000.00, until 2024-03-01
            2024-03-01
                2024-03-01 silver → bronze with 0.00, too few since 2024-03-01
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_calendar_window_begins_anew_with_its_period() {
    check(
        "
        2024-01-15 tiers year, grace 31, bronze 0, silver 1000
        2024-01-15 earn 1000.00
        2024-12-31
        2025-01-01
        2025-01-31 earn 1000.00
        2027-01-01
        ",
        expect![[r#"
            2024-01-15 tiers year, grace 31, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-15 earn 1000.00
                2024-01-15 bronze → silver with 1000.00
                silver 1000.00, until 2025-02-01
            2024-12-31
                silver 1000.00, until 2025-02-01
            2025-01-01
                silver 0.00, too few since 2025-01-01, until 2025-02-01
            2025-01-31 earn 1000.00
                silver 1000.00, until 2026-02-01
            2027-01-01
                2026-02-01 silver → bronze with 0.00, too few since 2026-01-01
                bronze 0.00, 1000.00 to silver
        "#]],
    );
    check(
        "
        2024-02-15 tiers quarter, bronze 0, silver 1000
        2024-02-15 earn 1000.00
        2024-03-31
        2024-04-01
        ",
        expect![[r#"
            2024-02-15 tiers quarter, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-02-15 earn 1000.00
                2024-02-15 bronze → silver with 1000.00
                silver 1000.00, until 2024-04-01
            2024-03-31
                silver 1000.00, until 2024-04-01
            2024-04-01
                2024-04-01 silver → bronze with 0.00, too few since 2024-04-01
                bronze 0.00, 1000.00 to silver
        "#]],
    );
    check(
        "
        2024-02-15 tiers month, bronze 0, silver 1000
        2024-02-15 earn 1000.00
        2024-02-29
        2024-03-01
        ",
        expect![[r#"
            2024-02-15 tiers month, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-02-15 earn 1000.00
                2024-02-15 bronze → silver with 1000.00
                silver 1000.00, until 2024-03-01
            2024-02-29
                silver 1000.00, until 2024-03-01
            2024-03-01
                2024-03-01 silver → bronze with 0.00, too few since 2024-03-01
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn another_program_raises_at_once_and_lowers_by_the_grace() {
    check(
        "
        2024-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
        2024-01-01 earn 2000.00
        2024-02-01 tiers rolling 365, grace 30, bronze 0, silver 500, gold 2000
        2024-03-01 tiers rolling 365, grace 30, bronze 0, silver 500, gold 2000.01
        2024-03-15 tiers rolling 365, grace 20, bronze 0, silver 400, gold 2500
        2024-03-20
        2024-03-21
        ",
        expect![[r#"
            2024-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 2000.00
                2024-01-01 bronze → silver with 2000.00
                silver 2000.00, 8000.00 to gold, until 2025-01-30
            2024-02-01 tiers rolling 365, grace 30, bronze 0, silver 500, gold 2000
                2024-02-01 silver → gold with 2000.00
                gold 2000.00, until 2025-01-30
            2024-03-01 tiers rolling 365, grace 30, bronze 0, silver 500, gold 2000.01
                gold 2000.00, too few since 2024-03-01, until 2024-03-31
            2024-03-15 tiers rolling 365, grace 20, bronze 0, silver 400, gold 2500
                gold 2000.00, too few since 2024-03-01, until 2024-03-21
            2024-03-20
                gold 2000.00, too few since 2024-03-01, until 2024-03-21
            2024-03-21
                2024-03-21 gold → silver with 2000.00, too few since 2024-03-01
                silver 2000.00, 500.00 to gold, until 2025-01-20
        "#]],
    );
}

#[test]
fn a_grace_that_is_over_by_another_program_ends_with_it() {
    check(
        "
        2024-01-01 tiers rolling 10, grace 30, bronze 0, silver 1000
        2024-01-01 earn 1000.00
        2024-01-25
        2024-01-25 tiers rolling 10, grace 10, bronze 0, silver 1000
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, grace 30, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 1000.00
                2024-01-01 bronze → silver with 1000.00
                silver 1000.00, until 2024-02-10
            2024-01-25
                silver 0.00, too few since 2024-01-11, until 2024-02-10
            2024-01-25 tiers rolling 10, grace 10, bronze 0, silver 1000
                2024-01-25 silver → bronze with 0.00, too few since 2024-01-11
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_longer_window_counts_what_a_shorter_one_had_left_behind() {
    check(
        "
        2024-01-01 tiers rolling 10, bronze 0, silver 1000
        2024-01-01 earn 1000.00
        2024-02-01
        2024-02-01 tiers rolling 365, bronze 0, silver 1000
        2024-12-30
        2024-12-31
        ",
        expect![[r#"
            2024-01-01 tiers rolling 10, bronze 0, silver 1000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 1000.00
                2024-01-01 bronze → silver with 1000.00
                silver 1000.00, until 2024-01-11
            2024-02-01
                2024-01-11 silver → bronze with 0.00, too few since 2024-01-11
                bronze 0.00, 1000.00 to silver
            2024-02-01 tiers rolling 365, bronze 0, silver 1000
                2024-02-01 bronze → silver with 1000.00
                silver 1000.00, until 2024-12-31
            2024-12-30
                silver 1000.00, until 2024-12-31
            2024-12-31
                2024-12-31 silver → bronze with 0.00, too few since 2024-12-31
                bronze 0.00, 1000.00 to silver
        "#]],
    );
}

#[test]
fn a_level_is_the_same_in_another_program_by_its_name_and_else_by_its_line() {
    check(
        "
        2024-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
        2024-01-01 earn 10000.00
        2024-02-01 tiers rolling 365, grace 30, bronze 0, copper 500, silver 1000, gold 20000
        2024-02-02 tiers rolling 365, grace 30, basic 0, plus 5000, pro 15000, top 30000
        2024-02-03 tiers rolling 365, grace 30, one 0, two 7000, three 40000
        2024-02-04 tiers rolling 365, grace 30, only 0
        ",
        expect![[r#"
            2024-01-01 tiers rolling 365, grace 30, bronze 0, silver 1000, gold 10000
                bronze 0.00, 1000.00 to silver
            2024-01-01 earn 10000.00
                2024-01-01 bronze → gold with 10000.00
                gold 10000.00, until 2025-01-30
            2024-02-01 tiers rolling 365, grace 30, bronze 0, copper 500, silver 1000, gold 20000
                gold 10000.00, too few since 2024-02-01, until 2024-03-02
            2024-02-02 tiers rolling 365, grace 30, basic 0, plus 5000, pro 15000, top 30000
                2024-02-02 gold → pro with 10000.00
                pro 10000.00, too few since 2024-02-01, 20000.00 to top, until 2024-03-02
            2024-02-03 tiers rolling 365, grace 30, one 0, two 7000, three 40000
                2024-02-03 pro → two with 10000.00
                two 10000.00, 30000.00 to three, until 2025-01-30
            2024-02-04 tiers rolling 365, grace 30, only 0
                2024-02-04 two → only with 10000.00
                only 10000.00
        "#]],
    );
}

#[test]
fn levels_are_refused_that_do_not_begin_at_0_ascend_and_differ() {
    let levels = |levels: &[(&str, &str)]| {
        Levels::new(levels.iter().map(|(name, from)| level(name, from)).collect())
    };
    assert!(levels(&[("bronze", "0")]).is_some());
    assert!(levels(&[("bronze", "0"), ("silver", "0.01")]).is_some());
    assert!(levels(&[]).is_none());
    assert!(levels(&[("bronze", "0.01")]).is_none());
    assert!(levels(&[("bronze", "0"), ("silver", "0")]).is_none());
    assert!(levels(&[("bronze", "0"), ("silver", "2"), ("gold", "1")]).is_none());
    assert!(levels(&[("bronze", "0"), ("silver", "1"), ("bronze", "2")]).is_none());
    let many = |count: usize| {
        let level = |at: usize| level(&at.to_string(), &at.to_string());
        Levels::new((0..count).map(level).collect())
    };
    assert!(many(LEVELS_MAX).is_some() && many(LEVELS_MAX + 1).is_none());
}

#[test]
fn a_window_has_days_and_not_too_many() {
    assert!(WindowDays::new(0).is_none() && WindowDays::new(WINDOW_DAYS_MAX + 1).is_none());
    assert_eq!(WindowDays::new(WINDOW_DAYS_MAX).map(WindowDays::get), Some(3_660));
    assert!(GraceDays::new(GRACE_DAYS_MAX + 1).is_none());
    assert_eq!(GraceDays::new(0).map(GraceDays::get), Some(0));
    assert_eq!(GraceDays::new(GRACE_DAYS_MAX).map(GraceDays::get), Some(3_660));
}

#[test]
fn a_state_is_small() {
    assert_eq!(size_of::<TierState>(), 16);
}

#[test]
fn points_that_do_not_fit_are_not_counted() {
    let tiers = tiers("rolling 10, bronze 0");
    let state = tiers.begin(Day(0), &BTreeMap::new());
    let (state, _) = tiers.count(state, Day(0), Points::MAX).unwrap();
    assert_eq!(tiers.count(state, Day(0), Points::from_hundredths(1).unwrap()), None);
    let (state, _) = tiers.count(state, Day(0), Points::MAX.negated()).unwrap();
    assert_eq!(state.points(), Points::ZERO);
}

#[test]
fn a_window_that_holds_more_than_fits_is_held_at_the_ends() {
    let tiers = tiers("rolling 10, bronze 0, silver 1000");
    let earned: BTreeMap<Day, Points> = (0..4).map(|day| (Day(day), Points::MAX)).collect();
    let state = tiers.begin(Day(9), &earned);
    assert_eq!(state.points(), Points::MAX);
    let points = |today| tiers.advance(state, Day(today), &earned).0.points();
    assert_eq!(
        [10, 11, 12, 13].map(points),
        [Points::ZERO, Points::MAX.negated(), Points::MAX.negated(), Points::MAX.negated(),]
    );
    let (_, missing) = tiers.next_level(tiers.advance(state, Day(13), &earned).0).unwrap();
    assert_eq!(missing, Points::MAX);
}

#[test]
fn a_day_that_has_begun_does_not_begin_again() {
    let tiers = tiers("rolling 10, bronze 0, silver 1000");
    let earned = BTreeMap::from([(Day(101), Points::parse("1000").unwrap())]);
    let state = tiers.begin(Day(110), &earned);
    let (state, _) = tiers.advance(state, Day(111), &earned);
    assert_eq!((state.level(), state.as_of()), (0, Day(111)));
    let behind = Day(110);
    assert_eq!(tiers.advance(state, behind, &earned), (state, Vec::new()));
    assert_eq!(tiers.take_over(state, &tiers, behind, &earned), (state, None));
}

#[test]
fn the_last_day_of_all_ends_no_window() {
    let last = Day(i32::MAX);
    for tiers in ["rolling 1, bronze 0, silver 1000", "month, bronze 0, silver 1000"].map(tiers) {
        let earned = BTreeMap::from([(last, Points::parse("1000").unwrap())]);
        let state = tiers.begin(last, &earned);
        assert_eq!(tiers.advance(state, last, &earned), (state, Vec::new()));
    }
}

/// Everything that was ever earned, asked on each day anew.
struct Slow {
    tiers: Tiers,
    earned: BTreeMap<Day, Points>,
    today: Day,
    level: Box<str>,
    unqualified_since: Option<Day>,
    changes: Vec<Told>,
}

/// A change by the levels' names.
#[derive(Debug, PartialEq)]
struct Told {
    day: Day,
    before: Box<str>,
    after: Box<str>,
    points: Points,
    unqualified_since: Option<Day>,
}

impl Slow {
    fn points(&self) -> Points {
        let is_in_window = |day: Day| match self.tiers.window {
            Window::Rolling(days) => day.0 > self.today.0 - i32::from(days.get()),
            Window::Calendar(period) => {
                let (date, today) = (Date::of(day), Date::of(self.today));
                let part = |date: Date| match period {
                    Period::Month => (date.year(), date.month()),
                    Period::Quarter => (date.year(), (date.month() - 1) / 3),
                    Period::Year => (date.year(), 0),
                };
                part(date) >= part(today)
            }
        };
        let counted = self.earned.iter().filter(|(day, _)| is_in_window(**day));
        counted.fold(Points::ZERO, |sum, (_, points)| sum.plus(*points).unwrap())
    }

    fn line(&self, name: &str) -> Option<Points> {
        let level = self.tiers.levels.all().iter().find(|level| *level.name == *name);
        level.map(|level| level.from)
    }

    fn look(&mut self) {
        let points = self.points();
        let reached = self.tiers.levels.all().iter().rev().find(|level| level.from <= points);
        let (given, line) = reached.map(|level| (level.name.clone(), level.from)).unwrap();
        let own = self.line(&self.level).unwrap();
        if line < own {
            let since = *self.unqualified_since.get_or_insert(self.today);
            if self.today.0 - since.0 >= i32::from(self.tiers.grace.get()) {
                self.change(given, Some(since));
            }
            return;
        }
        self.unqualified_since = None;
        if line > own {
            self.change(given, None);
        }
    }

    fn change(&mut self, after: Box<str>, unqualified_since: Option<Day>) {
        self.unqualified_since = None;
        let before = std::mem::replace(&mut self.level, after.clone());
        let (day, points) = (self.today, self.points());
        self.changes.push(Told { day, before, after, points, unqualified_since });
    }

    fn days_pass(&mut self, days: i32) {
        for _ in 0..days {
            self.today.0 += 1;
            self.look();
        }
    }

    fn count(&mut self, day: Day, points: Points) {
        let sum = self.earned.entry(day).or_default();
        *sum = sum.plus(points).unwrap();
        self.look();
    }

    fn take_over(&mut self, tiers: Tiers) {
        let own = self.line(&self.level).unwrap();
        let had = std::mem::replace(&mut self.tiers, tiers);
        if self.line(&self.level).is_none() {
            let levels = self.tiers.levels.all();
            let below = levels.iter().rev().find(|level| level.from <= own).unwrap();
            self.level = below.name.clone();
        }
        let told = self.changes.len();
        let level = had.levels.all().iter().find(|level| level.from == own).unwrap();
        self.look();
        let unqualified_since = self.changes.get(told).and_then(|change| change.unqualified_since);
        self.changes.truncate(told);
        if level.name != self.level {
            let (day, points) = (self.today, self.points());
            let (before, after) = (level.name.clone(), self.level.clone());
            self.changes.push(Told { day, before, after, points, unqualified_since });
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    /// Days pass before the next.
    Pass(i32),
    /// So many points, on a day so long ago.
    Earn(i64, i32),
    /// What was earned on the day that is this far down the list.
    Void(prop::sample::Index),
    Change(Tiers),
}

fn any_tiers() -> impl Strategy<Value = Tiers> {
    let window = prop_oneof![
        3 => (1..40_u16).prop_map(|days| Window::Rolling(WindowDays::new(days).unwrap())),
        1 => (300..800_u16).prop_map(|days| Window::Rolling(WindowDays::new(days).unwrap())),
        1 => Just(Window::Calendar(Period::Month)),
        1 => Just(Window::Calendar(Period::Quarter)),
        1 => Just(Window::Calendar(Period::Year)),
    ];
    let grace = prop_oneof![Just(0), 1..20_u16, 20..400_u16];
    // Few names and lines, so that programs share them.
    let names = prop::sample::subsequence(vec!["a", "b", "c", "d", "e"], 1..=4).prop_shuffle();
    let lines = prop::sample::subsequence((1..12_i64).collect::<Vec<_>>(), 4);
    (window, grace, names, lines).prop_map(|(window, grace, names, lines)| {
        let lines = std::iter::once(0).chain(lines);
        let levels = names.into_iter().zip(lines).map(|(name, line)| Level {
            name: name.into(),
            from: Points::from_hundredths(line * 100).unwrap(),
            multiplier: Rate::ONE,
        });
        let grace = GraceDays::new(grace).unwrap();
        Tiers { window, levels: Levels::new(levels.collect()).unwrap(), grace }
    })
}

fn act() -> impl Strategy<Value = Act> {
    let ago = prop_oneof![4 => Just(0), 1 => Just(-1), 3 => 1..30_i32, 1 => 30..900_i32];
    prop_oneof![
        4 => prop_oneof![3 => 0..4_i32, 3 => 4..50_i32, 1 => 50..900_i32].prop_map(Act::Pass),
        6 => (1..600_i64, ago).prop_map(|(points, ago)| Act::Earn(points, ago)),
        3 => any::<prop::sample::Index>().prop_map(Act::Void),
        1 => any_tiers().prop_map(Act::Change),
    ]
}

fn by_name(change: TierChange, had: &Tiers, has: &Tiers) -> Told {
    let TierChange { day, before, after, points, unqualified_since } = change;
    let (before, after) = (had.levels.get(before).name.clone(), has.levels.get(after).name.clone());
    Told { day, before, after, points, unqualified_since }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn tiers_are_those_of_asking_on_each_day(
        first in any_tiers(),
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let begins = Day(19_000);
        let mut slow = Slow {
            level: first.levels.get(0).name.clone(),
            tiers: first.clone(),
            earned: BTreeMap::new(),
            today: begins,
            unqualified_since: None,
            changes: Vec::new(),
        };
        let mut tiers = first;
        let mut state = tiers.begin(begins, &slow.earned);
        let mut wagers: Vec<(Day, Points)> = Vec::new();
        for act in acts {
            let mut changes = Vec::new();
            slow.changes.clear();
            match act {
                Act::Pass(days) => {
                    let (earned, today) = (slow.earned.clone(), Day(slow.today.0 + days));
                    slow.days_pass(days);
                    // Days are as good as the rows of the table that they lie in.
                    let rows: Vec<(Day, Points)> = earned.into_iter().collect();
                    let all;
                    (state, all) = tiers.advance(state, today, rows.as_slice());
                    changes.extend(all.into_iter().map(|change| by_name(change, &tiers, &tiers)));
                }
                Act::Earn(points, ago) => {
                    let (day, points) = (Day(slow.today.0 - ago), Points::from_hundredths(points).unwrap());
                    wagers.push((day, points));
                    let change;
                    (state, change) = tiers.count(state, day, points).unwrap();
                    slow.count(day, points);
                    changes.extend(change.map(|change| by_name(change, &tiers, &tiers)));
                }
                Act::Void(which) if !wagers.is_empty() => {
                    let (day, points) = wagers.swap_remove(which.index(wagers.len()));
                    let change;
                    (state, change) = tiers.count(state, day, points.negated()).unwrap();
                    slow.count(day, points.negated());
                    changes.extend(change.map(|change| by_name(change, &tiers, &tiers)));
                }
                Act::Void(_) => {}
                Act::Change(other) => {
                    let change;
                    (state, change) = other.take_over(state, &tiers, slow.today, &slow.earned);
                    slow.take_over(other.clone());
                    changes.extend(change.map(|change| by_name(change, &tiers, &other)));
                    tiers = other;
                }
            }
            prop_assert_eq!(&changes, &slow.changes);
            prop_assert_eq!(&tiers.levels.get(state.level()).name, &slow.level);
            prop_assert_eq!(state.points(), slow.points());
            prop_assert_eq!(state.unqualified_since(), slow.unqualified_since);
            prop_assert_eq!(state.as_of(), slow.today);
            let told = (state.level(), state.points(), state.as_of(), state.unqualified_since());
            prop_assert_eq!(TierState::new(told.0, told.1, told.2, told.3), state);
        }
    }

    #[test]
    fn the_next_day_is_the_first_on_which_waiting_changes_the_level(
        tiers in any_tiers(),
        earned in prop::collection::btree_map(-30..2_i32, 1..600_i64, 0..12),
        void in 0..600_i64,
    ) {
        let today = Day(19_000);
        let days = earned.into_iter().map(|(ago, points)| (Day(today.0 + ago), points));
        let earned: BTreeMap<Day, Points> =
            days.map(|(day, points)| (day, Points::from_hundredths(points).unwrap())).collect();
        let mut slow = Slow {
            level: tiers.levels.get(0).name.clone(),
            tiers: tiers.clone(),
            earned,
            today,
            unqualified_since: None,
            changes: Vec::new(),
        };
        slow.look();
        let mut state = tiers.begin(today, &slow.earned);
        if let Some((day, points)) = slow.earned.first_from(Day(i32::MIN)) {
            let less = Points::from_hundredths(void).unwrap().min(points).negated();
            state = tiers.count(state, day, less).unwrap().0;
            slow.count(day, less);
        }
        slow.changes.clear();
        let next = tiers.next_day(state, &slow.earned);
        // Longer than any window and grace together.
        slow.days_pass(1_300);
        prop_assert_eq!(next, slow.changes.first().map(|change| change.day));
    }

    #[test]
    fn no_state_or_day_is_too_far_out(
        tiers in any_tiers(),
        level in any::<u8>(),
        points in any::<i64>(),
        days in prop::array::uniform3(prop_oneof![
            any::<i32>(), Just(i32::MIN), Just(i32::MAX), i32::MAX - 5..=i32::MAX,
        ]),
        since in prop::option::of(any::<i32>()),
        earned in prop::collection::btree_map(any::<i32>(), any::<i64>(), 0..6),
    ) {
        let points_of = |points| Points::from_hundredths(points).unwrap_or(Points::MAX);
        let earned: BTreeMap<Day, Points> =
            earned.into_iter().map(|(day, points)| (Day(day), points_of(points))).collect();
        let [as_of, today, day] = days.map(Day);
        let state = TierState::new(level, points_of(points), as_of, since.map(Day));
        let (state, _) = tiers.advance(state, today, &earned);
        prop_assert_eq!(state.as_of(), as_of.max(today));
        let _ = tiers.count(state, day, points_of(points));
        let _ = (tiers.next_day(state, &earned), tiers.next_level(state));
        let _ = tiers.take_over(state, &tiers, today, &earned);
    }
}
