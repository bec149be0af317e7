//! Signals: what is just below a line, and what is just above it.

use std::fmt::Write as _;

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::event::Wager;
use accolade_domain::program::Program;
use accolade_domain::signal::{
    AFTER_MAX, Counted, Money, Over, Seen, SignalKind, SignalState, Sums, WITHIN_SECONDS_MAX,
    Watch, Within,
};
use accolade_domain::time::Timestamp;
use expect_test::{Expect, expect};
use proptest::prelude::*;

/// 2024-11-11T10:00:00Z: a slice of every time begins.
const START: i64 = 1_731_319_200_000_000;

/// Looks at wagers, each at so many seconds with a stake, and writes down which cross the line.
fn check(over: Over, scenario: &str, transcript: Expect) {
    let mut watch = Watch::new(over);
    let mut told = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (line, times) = line.split_once(" × ").unwrap_or((line, "1"));
        let crossed: Vec<_> = (0..times.parse().unwrap())
            .map(|_| watch.look(over, &seen(line)))
            .map(|looked| looked.filter(|looked| looked.has_crossed))
            .map(|crossed| crossed.map_or_else(|| "-".into(), |it| it.observed().to_string()))
            .collect();
        let all_alike = crossed.iter().all(|one| *one == crossed[0]);
        let crossed = if all_alike { crossed[0].clone() } else { crossed.join(" ") };
        let above = if watch.is_above { "above" } else { "" };
        writeln!(told, "{:<36}{crossed} {above}", format!("{line} × {times}")).unwrap();
    }
    transcript.assert_eq(&told);
}

/// `SECONDS STAKE`, and what there is of `win=`, `min=` and `system=`.
fn seen(line: &str) -> Seen {
    let words: Vec<&str> = line.split_whitespace().collect();
    let option = |key| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let mut program = Program::new("EUR");
    program.rules.eligibility.min_wager = amount(option("min").unwrap_or("0"));
    let wager = wager(amount(words[1]), option("win").map(amount));
    Seen {
        at: at(words[0].parse().unwrap()),
        money: Money::of(&program, &wager),
        system: option("system").map(|system| system.parse().unwrap()),
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START.saturating_add(seconds.saturating_mul(1_000_000)))
}

fn wager(stake: Amount, win: Option<Amount>) -> Wager<'static> {
    Wager {
        wager_id: "w".into(),
        player_id: "p".into(),
        operator_id: "o".into(),
        game_id: "g".into(),
        game_category: "slots".into(),
        stake,
        win,
        currency: "EUR".into(),
        segment: None,
        jurisdiction: "Malta".into(),
        gaming_system: None,
        sequence: None,
        at: at(0),
    }
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn within(seconds: u16) -> Within {
    Within::new(seconds).unwrap()
}

#[test]
fn wagers_are_too_fast_beyond_the_line_and_once_until_they_are_not() {
    check(
        Over::Velocity { wagers: 3, within: within(60) },
        "
        0 1 × 3
        59 1
        59 1
        119 1 × 2
        119 1
        119 1
        ",
        expect![[r#"
            0 1 × 3                             - 
            59 1 × 1                            4 above
            59 1 × 1                            - above
            119 1 × 2                           - 
            119 1 × 1                           - 
            119 1 × 1                           4 above
        "#]],
    );
}

#[test]
fn wagers_a_minute_apart_are_not_counted_together() {
    check(
        Over::Velocity { wagers: 1, within: within(60) },
        "
        0 1
        60 1
        119 1
        179 1
        228 1
        ",
        expect![[r#"
            0 1 × 1                             - 
            60 1 × 1                            - 
            119 1 × 1                           2 above
            179 1 × 1                           - 
            228 1 × 1                           2 above
        "#]],
    );
}

#[test]
fn late_wagers_are_counted_in_their_own_time_as_long_as_it_is_near() {
    check(
        Over::Velocity { wagers: 3, within: within(60) },
        "
        300 1
        290 1 × 2
        240 1
        -9223372036854 1
        270 1
        ",
        expect![[r#"
            300 1 × 1                           - 
            290 1 × 2                           - 
            240 1 × 1                           - 
            -9223372036854 1 × 1                - 
            270 1 × 1                           4 above
        "#]],
    );
}

#[test]
fn a_stake_jumps_where_it_is_more_than_so_many_times_the_mean_of_those_before() {
    check(
        Over::StakeJump { times: rate("20"), after: 4 },
        "
        0 1 × 3
        0 100
        ",
        expect![[r#"
            0 1 × 3                             - 
            0 100 × 1                           - 
        "#]],
    );
    check(
        Over::StakeJump { times: rate("20"), after: 4 },
        "
        0 0.5 × 2
        0 1.5 × 2
        0 20
        ",
        expect![[r#"
            0 0.5 × 2                           - 
            0 1.5 × 2                           - 
            0 20 × 1                            - 
        "#]],
    );
    check(
        Over::StakeJump { times: rate("20"), after: 4 },
        "
        0 0.5 × 2
        0 1.5 × 2
        0 20.000001
        0 1000
        0 1
        0 10000
        ",
        expect![[r#"
            0 0.5 × 2                           - 
            0 1.5 × 2                           - 
            0 20.000001 × 1                     20.000001 above
            0 1000 × 1                          - above
            0 1 × 1                             - 
            0 10000 × 1                         68.29268286 above
        "#]],
    );
}

#[test]
fn a_player_is_at_too_many_systems_at_once() {
    check(
        Over::GamingSystems { count: 2, within: within(300) },
        "
        0 1 system=1
        100 1 system=2
        200 1 system=1
        200 1
        400 1 system=3
        499 1 system=4
        499 1 system=2
        900 1 system=2
        ",
        expect![[r#"
            0 1 system=1 × 1                    - 
            100 1 system=2 × 1                  - 
            200 1 system=1 × 1                  - 
            200 1 × 1                           - 
            400 1 system=3 × 1                  - 
            499 1 system=4 × 1                  3 above
            499 1 system=2 × 1                  - above
            900 1 system=2 × 1                  - 
        "#]],
    );
}

#[test]
fn a_system_that_was_left_late_is_not_one_at_once() {
    check(
        Over::GamingSystems { count: 1, within: within(300) },
        "
        1000 1 system=1
        700 1 system=2
        -9223372036854 1 system=3
        701 1 system=2
        ",
        expect![[r#"
            1000 1 system=1 × 1                 - 
            700 1 system=2 × 1                  - 
            -9223372036854 1 system=3 × 1       - 
            701 1 system=2 × 1                  2 above
        "#]],
    );
}

#[test]
fn wins_are_too_many_beyond_so_many_times_the_stakes() {
    check(
        Over::WinRatio { ratio: rate("2"), after: 3 },
        "
        0 1 win=6
        0 1
        0 1 win=0
        0 1 win=0
        0 1 win=2.000001
        0 1 win=0
        ",
        expect![[r#"
            0 1 win=6 × 1                       - 
            0 1 × 1                             - 
            0 1 win=0 × 1                       - 
            0 1 win=0 × 1                       - 
            0 1 win=2.000001 × 1                2.00000025 above
            0 1 win=0 × 1                       - 
        "#]],
    );
}

#[test]
fn play_around_the_minimum_is_a_share_of_all_play() {
    check(
        Over::MinimumPlay { share: rate("0.75"), of: 4 },
        "
        0 1 min=1 × 3
        0 1.1 min=1
        0 1.099999 min=1
        0 1.099999
        0 5 min=1
        ",
        expect![[r#"
            0 1 min=1 × 3                       - 
            0 1.1 min=1 × 1                     - 
            0 1.099999 min=1 × 1                0.8 above
            0 1.099999 × 1                      - above
            0 5 min=1 × 1                       - 
        "#]],
    );
}

#[test]
fn wins_and_play_around_the_minimum_are_judged_with_the_wager_that_makes_them_enough() {
    check(
        Over::WinRatio { ratio: rate("2"), after: 3 },
        "
        0 1 win=3 × 2
        0 1 win=0.01
        ",
        expect![[r#"
            0 1 win=3 × 2                       - 
            0 1 win=0.01 × 1                    2.00333333 above
        "#]],
    );
    check(
        Over::MinimumPlay { share: rate("0.75"), of: 4 },
        "
        0 1 min=1 × 3
        0 1 min=1
        ",
        expect![[r#"
            0 1 min=1 × 3                       - 
            0 1 min=1 × 1                       1 above
        "#]],
    );
}

#[test]
fn what_is_long_past_fades() {
    check(
        Over::WinRatio { ratio: rate("2"), after: 10 },
        "
        0 1 win=1.9 × 20
        0 1 win=2.4
        0 1 win=2.4 × 3
        ",
        expect![[r#"
            0 1 win=1.9 × 20                    - 
            0 1 win=2.4 × 1                     - 
            0 1 win=2.4 × 3                     - 2.01538461 - above
        "#]],
    );
}

#[test]
fn of_more_systems_than_are_kept_the_one_left_first_is_forgotten() {
    let over = Over::GamingSystems { count: 12, within: within(300) };
    let mut watch = Watch::new(over);
    let mut look = |second: i64, system: u32| {
        let seen = Seen { at: at(second), money: None, system: Some(system) };
        let looked = watch.look(over, &seen).unwrap();
        assert_eq!(looked.is_above(), looked.observed() > rate("12"));
        looked.observed()
    };
    for (second, system) in (1..=16).zip(1..) {
        assert_eq!(look(second, system), rate(&second.to_string()));
    }
    assert_eq!(look(17, 1), rate("16"));
    assert_eq!(look(18, 17), rate("16"));
    // Only the second one, which was left first, is new again; and then the third.
    assert_eq!([look(19, 1), look(19, 3), look(20, 2)], [rate("16"); 3]);
    assert_eq!(look(301, 1), rate("16"), "nothing has been left for so long");
    assert_eq!(look(304, 1), rate("16"));
    assert_eq!(look(305, 1), rate("15"), "the fifth was");
}

#[test]
fn as_many_wagers_as_a_signal_can_need_are_summed_within_the_greatest_sum() {
    let over = Over::WinRatio { ratio: rate("1"), after: AFTER_MAX };
    let mut watch = Watch::new(over);
    let money = Money::of(&Program::new("EUR"), &wager(Amount::MAX, Some(Amount::MAX)));
    for _ in 1..2 * AFTER_MAX {
        watch.look(over, &Seen { at: at(0), money, system: None });
    }
    let Counted::Sums(sums) = watch.counted else { panic!("wins are summed") };
    assert_eq!(sums.count, 2 * AFTER_MAX - 1);
    let each = Sums::MAX / u128::from(2 * AFTER_MAX);
    assert_eq!((sums.part + each, sums.stakes + each), (Sums::MAX, Sums::MAX));
}

#[test]
fn money_is_summed_in_millionths_of_the_programs_currency_rounded_down() {
    let over = Over::WinRatio { ratio: rate("1"), after: 10 };
    let mut program = Program::new("EUR");
    program.rates.insert("USD".into(), rate("0.5"));
    let mut watch = Watch::new(over);
    let mut look = |currency: &'static str, stake, win| {
        let wager = Wager { currency: currency.into(), ..wager(amount(stake), Some(amount(win))) };
        watch.look(over, &Seen { at: at(0), money: Money::of(&program, &wager), system: None });
        let Counted::Sums(sums) = &watch.counted else { panic!("wins are summed") };
        (sums.count, sums.stakes, sums.part)
    };
    assert_eq!(look("EUR", "2", "3.0000019"), (1, 2_000_000, 3_000_001));
    assert_eq!(look("USD", "2.000001", "0.000002"), (2, 3_000_000, 3_000_002));
    assert_eq!(look("SEK", "2", "3"), (2, 3_000_000, 3_000_002), "no rate, nothing to sum");
}

#[test]
fn a_line_is_a_number_and_has_a_kind() {
    let (two, half, within) = (rate("2"), rate("0.5"), within(60));
    let all = [
        Over::Velocity { wagers: 30, within },
        Over::StakeJump { times: two, after: 10 },
        Over::GamingSystems { count: 3, within },
        Over::WinRatio { ratio: two, after: 10 },
        Over::MinimumPlay { share: half, of: 10 },
    ];
    assert_eq!(all.map(Over::kind), SignalKind::ALL);
    assert_eq!(all.map(Over::line), [rate("30"), two, rate("3"), two, half]);
}

#[test]
fn kinds_and_states_of_signals_have_stable_codes() {
    let kinds = ["velocity", "stakeJump", "gamingSystems", "winRatio", "minimumPlay"];
    assert_eq!(SignalKind::ALL.map(SignalKind::code), kinds);
    assert_eq!(SignalKind::ALL.map(|kind| SignalKind::code_of(Some(kind))), kinds);
    assert_eq!(SignalKind::code_of(None), "outside");
    let states = SignalState::ALL.map(SignalState::code);
    assert_eq!(states, ["noted", "open", "released", "taken", "voided"]);
}

#[test]
fn things_are_counted_within_a_second_up_to_half_a_day() {
    assert_eq!((Within::new(0), Within::new(WITHIN_SECONDS_MAX + 1)), (None, None));
    let crosses = |seconds: u16, apart: i64| {
        let over = Over::Velocity { wagers: 1, within: within(seconds) };
        let mut watch = Watch::new(over);
        let wager = |second| Seen { at: at(second), money: None, system: None };
        watch.look(over, &wager(0));
        watch.look(over, &wager(apart)).unwrap().has_crossed
    };
    assert!(crosses(1, 0) && !crosses(1, 1));
    assert!(crosses(WITHIN_SECONDS_MAX, 43_199) && !crosses(WITHIN_SECONDS_MAX, 43_200));
}

fn over() -> impl Strategy<Value = Over> {
    let within = || (1..=43_200_u16).prop_map(within);
    let line = || (1..=100_000_000_000_000_u64).prop_map(|units| Rate::from_units(units).unwrap());
    prop_oneof![
        (1..5_u32, within()).prop_map(|(wagers, within)| Over::Velocity { wagers, within }),
        (1..=12_u32, within()).prop_map(|(count, within)| Over::GamingSystems { count, within }),
        (line(), 1..=10_000_u32).prop_map(|(times, after)| Over::StakeJump { times, after }),
        (line(), 1..=10_000_u32).prop_map(|(ratio, after)| Over::WinRatio { ratio, after }),
        (line(), 1..=10_000_u32).prop_map(|(share, of)| Over::MinimumPlay { share, of }),
    ]
}

fn anything() -> impl Strategy<Value = Seen> {
    let amount = || prop_oneof![Just(0), Just(Amount::MAX.atto()), 0..=Amount::MAX.atto()];
    let amount = || amount().prop_map(|atto| Amount::from_atto(atto).unwrap());
    let at = prop_oneof![START..START + 10_000_000_000, any::<i64>()];
    let all = (at, amount(), prop::option::of(amount()), amount(), prop::option::of(any::<u32>()));
    all.prop_map(|(at, stake, win, min, system)| {
        let mut program = Program::new("EUR");
        program.rules.eligibility.min_wager = min;
        let money = Money::of(&program, &wager(stake, win));
        Seen { at: Timestamp::from_micros(at), money, system }
    })
}

/// As [`Over::Velocity`] says it, with every wager remembered.
fn is_too_fast(before: &[i64], at: i64, wagers: u32, micros: i64) -> bool {
    let step = micros / 6;
    let slice = |at: i64| at.div_euclid(step);
    let last = before.iter().copied().map(slice).max().unwrap().max(slice(at));
    let together = before.iter().filter(|before| last - slice(**before) < 6).count();
    last - slice(at) < 6 && together > wagers as usize
}

proptest! {
    #[test]
    fn no_wager_breaks_what_is_remembered(
        over in over(),
        all in prop::collection::vec(anything(), 0..60),
    ) {
        let mut watch = Watch::new(over);
        for seen in &all {
            let was_above = watch.is_above;
            let has_crossed = watch.look(over, seen).is_some_and(|looked| looked.has_crossed);
            prop_assert_eq!(has_crossed, !was_above && watch.is_above);
        }
    }

    #[test]
    fn a_few_slices_count_as_all_wagers_would(
        seconds in prop::collection::vec(0..200_i64, 1..60),
        wagers in 1..6_u32,
    ) {
        let over = Over::Velocity { wagers, within: within(60) };
        let mut watch = Watch::new(over);
        let mut before = Vec::new();
        for second in seconds {
            let at = START + second * 1_000_000;
            watch.look(over, &Seen { at: Timestamp::from_micros(at), money: None, system: None });
            before.push(at);
            // One that is too late says nothing, whatever was said before.
            let last = before.iter().max().unwrap();
            if last.div_euclid(10_000_000) - at.div_euclid(10_000_000) < 6 {
                prop_assert_eq!(watch.is_above, is_too_fast(&before, at, wagers, 60_000_000));
            }
        }
    }
}
