//! Inputs at which the fold fails, in every part of it: nothing of them is left behind.

use accolade_domain::amount::Points;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::apply::{Input, Loaded, What, apply};
use accolade_engine::behaviour::{Behaviour, FIRST, SECOND};
use accolade_engine::contract::faulty::{is_judged, stake_of};
use accolade_engine::rules::Rules;
use accolade_engine::step::{NewEntry, Step};
use accolade_engine::tables::Timer;
use expect_test::expect;

use super::play::{Play, check};

/// The behaviours that there are, with faults: stakes of 13 fail in a rule, stakes of 14.14 while their step is
/// carried, markers of a player called `bug` when they are due, and accounts of which 13.00
/// expire at ten o'clock.
pub(crate) const BEHAVIOURS: &[Behaviour] =
    &[Behaviour { apply: faulty, ..FIRST }, Behaviour { apply: faulty, ..SECOND }];

/// When scenarios begin: 2024-11-11T10:00:00Z.
const AT: Timestamp = Timestamp::from_micros(1_731_319_200_000_000);
const ATTO: u128 = 1_000_000_000_000_000_000;

fn faulty<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    let mut step = apply(rules, loaded, input);
    let stake = stake_of(input).filter(|_| is_judged(&step.outcome));
    assert!(stake != Some(13 * ATTO), "a stake of 13");
    if let What::Timer(Timer::Marker(key)) = input.what {
        assert!(&*key.player != "bug", "a marker of `bug`");
    }
    if let What::Timer(Timer::Account(_)) = input.what {
        let expires = |entry: &NewEntry<'_>| entry.points.hundredths() == -1300;
        let is_ten = (input.now.micros() - AT.micros()).rem_euclid(DAY_MICROS) == 0;
        assert!(!(is_ten && step.entries.iter().any(expires)), "an account of which 13.00 expire");
    }
    if stake == Some(1414 * ATTO / 100) {
        // Everything else of the step has been carried when this entry turns out not to add up.
        let entry = step.entries.last_mut().expect("it earns something");
        entry.balance_after = entry.balance_after.plus(Points::MAX).unwrap_or(Points::ZERO);
    }
    step
}

const CAPPED: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1},"caps":[{"points":15,"per":"day"}]}}"#;

fn state(play: &Play) -> Vec<u8> {
    let mut out = play.partition.values();
    out.extend(play.partition.links());
    out.extend(format!("{:?}", play.partition.next_due()).bytes());
    out.extend(format!("{} ids", play.partition.ids().len()).bytes());
    out
}

/// Plays `fails` and looks at the state before and after.
fn leaves_nothing(fails: &str) {
    let mut play = Play::new();
    for line in [CAPPED, "wager w1 anna slots 50", "void w8 anna", "wager w2 anna slots 10 at -30h"]
    {
        play.line(line);
    }
    let before = state(&play);
    let said = play.line(fails);
    assert!(said.contains("stands at batch"), "{said}");
    assert!(play.partition.stands());
    assert_eq!(state(&play), before, "{fails}");
}

#[test]
fn a_failing_rule_leaves_nothing_behind() {
    leaves_nothing("wager w3 anna slots 13");
    leaves_nothing("wager w3 new-player slots 13");
}

#[test]
fn a_step_that_cannot_be_carried_leaves_nothing_behind() {
    leaves_nothing("wager w3 anna slots 14.14");
    leaves_nothing("wager w3 anna slots 14.14 at -31h");
    leaves_nothing("wager w3 new-player slots 14.14");
}

#[test]
fn what_failed_in_a_rule_or_while_it_was_carried_is_skipped_and_others_go_on() {
    check(
        &[
            CAPPED,
            "wager w1 anna slots 10",
            "wager w2 bert slots 14.14",
            "wager w3 bert slots 10",
            "skip 5",
            "wager w2 bert slots 20",
        ]
        .join("\n"),
        expect![[r#"
            program      made v1
            wager w1     +1.00 by v1  balance 1.00
            wager w2     stands at batch 5: an entry changes the balance by its points
            wager w3     stands at batch 5: an entry changes the balance by its points
            skip 5       dead letter skipped: the fold failed here; it was skipped
            +1.00 by v1  balance 1.00
            done
            wager w2     +2.00 by v1  balance 3.00
        "#]],
    );
}

#[test]
fn a_timer_that_fails_stands_in_slot_0_and_is_passed_over_by_a_skip() {
    check(
        &[
            CAPPED,
            "void w1 bug",
            "void w2 anna",
            "after 8d",
            "wager w2 anna slots 10",
            "skip 6 0",
            "wager w1 bug slots 10",
        ]
        .join("\n"),
        expect![[r#"
            program      made v1
            void w1      waits for its wager  balance 0.00
            void w2      waits for its wager  balance 0.00
            after 8d     stands at batch 6: a marker of `bug`
            wager w2     stands at batch 6: a marker of `bug`
            skip 6       +1.00 by v1  balance 1.00
            done
            wager w1     +1.00 by v1  balance 1.00
        "#]],
    );
}

#[test]
fn an_account_that_time_fails_at_is_passed_over_for_a_day_and_tried_when_it_is_touched() {
    let program = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}},"expiry":{"after":"1mo"}}"#;
    let mut play = Play::beginning(SECOND.number, BEHAVIOURS);
    let said: String = [program, "wager w1 anna slots 130", "after 60d", "skip 5 0"]
        .map(|line| play.line(line))
        .concat();
    expect![[r#"
        made v1
        +13.00 by v1  balance 13.00
        stands at batch 5: an account of which 13.00 expire
        done
    "#]]
    .assert_eq(&said);
    assert_eq!(play.partition.next_due(), Some(AT.plus_micros(61 * DAY_MICROS)));
    play.line("after 1h");
    assert_eq!(play.line("wager w2 anna slots 10"), "+1.00 by v1  balance 1.00\n");
}
