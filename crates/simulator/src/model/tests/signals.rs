//! What looks like abuse, and what becomes of points that are held.

use super::*;
use crate::input::{ModelAsked, ModelOver, ModelSignal};
use crate::model::signals::SignalState;

const SECOND: i64 = 1_000_000;
/// One, in 10^-8ths.
const UNIT: u64 = 100_000_000;

fn signal(over: ModelOver, hold: bool) -> ModelSignal {
    ModelSignal { name: over.kind().into(), over, hold }
}

fn watching(over: ModelOver, hold: bool) -> ModelProgram {
    ModelProgram { signals: vec![signal(over, hold)], ..program() }
}

/// Every wager but the first is above its line.
fn holding() -> ModelProgram {
    watching(ModelOver::Velocity { wagers: 1, within: 43_200 }, true)
}

impl Story {
    fn decide(&mut self, signal: (u64, u32), takes: bool) {
        let signal = (0, signal.0, signal.1);
        self.ask("dora", ModelAsked::DecideSignal { signal, takes });
    }

    fn raise(&mut self, wager_id: Option<&str>, hold: bool) {
        let (player_id, name) = ("ann".into(), "ring".into());
        let wager_id = wager_id.map(Into::into);
        self.ask("model", ModelAsked::RaiseSignal { player_id, name, wager_id, hold });
    }

    /// What was found, and what there is.
    fn tell_signals(&mut self) {
        let account = self.account().unwrap();
        for moved in &account.signal_moves {
            let (batch, state, points) = (moved.place.0, moved.state, moved.points);
            write!(self.told, "  {batch} {state:?} {points}:").unwrap();
            for found in &account.signals[&moved.place].findings {
                let (kind, observed, line) = (found.kind, found.observed, found.line);
                write!(self.told, " {kind} {observed} over {line}").unwrap();
            }
            self.told.push('\n');
        }
        let (ready, held) = (account.lots.ready(self.now), account.lots.held());
        writeln!(self.told, "  ready {ready}, held {held}").unwrap();
    }
}

fn at_system(id: &str, system: &str, timestamp: i64) -> ModelWager {
    ModelWager { gaming_system_id: Some(system.into()), ..wager(id, 1, timestamp) }
}

fn winning(id: &str, stake: u128, win: u128) -> ModelWager {
    ModelWager { win_amount: Some(win * ONE), ..wager(id, stake, NOON) }
}

#[test]
fn wagers_are_counted_in_six_slices_and_raise_a_signal_once_until_they_are_fewer() {
    let mut story = Story::with(watching(ModelOver::Velocity { wagers: 2, within: 60 }, false));
    story.wait(HOUR);
    // Slices are ten seconds long, and noon begins one.
    for (id, after) in [
        ("w1", 0),
        ("w2", 0),
        ("w3", 59 * SECOND),
        ("w4", 59 * SECOND),
        ("before all", -SECOND),
        ("first is past", 60 * SECOND),
        ("few again", 2 * MINUTE + 59 * SECOND),
        ("w5", 2 * MINUTE + 59 * SECOND),
        ("w6", 2 * MINUTE + 59 * SECOND),
    ] {
        story.tell(wager(id, 1, NOON + after));
    }
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +10 = 10
        2 w2 Counted v1 +10 = 20
        3 w3 Counted v1 +10 = 30
        4 w4 Counted v1 +10 = 40
        5 before all Counted v1 +10 = 50
        6 first is past Counted v1 +10 = 60
        7 few again Counted v1 +10 = 70
        8 w5 Counted v1 +10 = 80
        9 w6 Counted v1 +10 = 90
          3 Noted 0: velocity 300000000 over 200000000
          9 Noted 0: velocity 300000000 over 200000000
          ready 90, held 0
    "#]]);
}

#[test]
fn a_stake_is_compared_with_those_before_it_which_fade() {
    let over = ModelOver::StakeJump { times: 2 * UNIT, after: 2 };
    let mut story = Story::with(watching(over, false));
    story.tell(wager("w1", 10, NOON));
    story.tell(wager("great, and too early", 50, NOON));
    story.tell(wager("at twice the mean", 60, NOON));
    story.tell(wager("above it", 81, NOON));
    // Four are twice as many as are needed: half of them and of their sum go on.
    let memory = &story.account().unwrap().watched.unwrap().memories[0];
    assert_eq!((memory.count, memory.stakes), (2, 100_500_000));
    story.tell(ModelWager { currency: "XYZ".into(), ..wager("no rate", 1_000, NOON) });
    story.tell(wager("w5", 101, NOON));
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +100 = 100
        2 great, and too early Counted v1 +500 = 600
        3 at twice the mean Counted v1 +600 = 1200
        4 above it Counted v1 +810 = 2010
        5 no rate Refused currency_unsupported v1 = 2010
        6 w5 Counted v1 +1010 = 3020
          4 Noted 0: stakeJump 202500000 over 200000000
          ready 3020, held 0
    "#]]);
}

#[test]
fn systems_are_those_within_a_time_before_the_last() {
    let over = ModelOver::GamingSystems { count: 2, within: 60 };
    let mut story = Story::with(watching(over, false));
    story.wait(HOUR);
    story.tell(at_system("w1", "a", NOON));
    story.tell(at_system("w2", "b", NOON + 59 * SECOND));
    story.tell(at_system("before", "c", NOON - SECOND));
    story.tell(wager("nowhere", 1, NOON + 59 * SECOND));
    story.tell(at_system("w3", "c", NOON + 59 * SECOND));
    story.tell(at_system("a is past", "d", NOON + 60 * SECOND));
    story.tell(at_system("a again", "a", NOON + 60 * SECOND));
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +10 = 10
        2 w2 Counted v1 +10 = 20
        3 before Counted v1 +10 = 30
        4 nowhere Counted v1 +10 = 40
        5 w3 Counted v1 +10 = 50
        6 a is past Counted v1 +10 = 60
        7 a again Counted v1 +10 = 70
          5 Noted 0: gamingSystems 300000000 over 200000000
          ready 70, held 0
    "#]]);
}

#[test]
fn sixteen_systems_are_remembered_and_the_first_seen_goes() {
    let over = ModelOver::GamingSystems { count: 12, within: 60 };
    let mut story = Story::with(watching(over, false));
    for number in 0..20 {
        story.tell(at_system(&format!("w{number}"), &format!("gs-{number}"), NOON));
    }
    let memory = &story.account().unwrap().watched.unwrap().memories[0];
    let systems: Vec<_> = memory.systems.iter().map(|(system, _)| system.as_str()).collect();
    assert_eq!((systems.len(), systems[0]), (16, "gs-4"));
}

#[test]
fn wins_are_compared_with_stakes_the_wager_s_own_included() {
    let over = ModelOver::WinRatio { ratio: 2 * UNIT, after: 2 };
    let mut story = Story::with(watching(over, false));
    story.tell(wager("of no known win", 1_000, NOON));
    story.tell(winning("w1", 10, 30));
    story.tell(winning("at the line", 20, 30));
    story.tell(winning("above it", 0, 1));
    story.tell_signals();
    story.check(expect![[r#"
        1 of no known win Counted v1 +10000 = 10000
        2 w1 Counted v1 +100 = 10100
        3 at the line Counted v1 +200 = 10300
        4 above it Counted v1 = 10300
          4 Noted 0: winRatio 203333333 over 200000000
          ready 10300, held 0
    "#]]);
}

#[test]
fn play_is_just_above_the_minimum_below_eleven_tenths_of_it() {
    let over = ModelOver::MinimumPlay { share: UNIT / 2, of: 2 };
    let mut story = Story::with(watching(over, false));
    story.tell(wager("of no minimum", 1, NOON));
    let mut strict = watching(over, false);
    strict.rules.min_wager = 10 * ONE;
    story.publish(NOON, strict);
    story.tell(wager("at eleven tenths", 11, NOON));
    story.tell(wager("half of them", 10, NOON));
    story.tell(wager("more", 10, NOON));
    story.tell_signals();
    story.check(expect![[r#"
        1 of no minimum Counted v1 +10 = 10
        2 at eleven tenths Counted v2 +110 = 120
        3 half of them Counted v2 +100 = 220
        4 more Counted v2 +100 = 320
          4 Noted 0: minimumPlay 66666666 over 50000000
          ready 320, held 0
    "#]]);
}

#[test]
fn what_is_held_cannot_be_spent_and_is_let_go_of_or_taken_by_a_person_once() {
    let mut story = Story::with(holding());
    for id in ["w1", "w2", "w3"] {
        story.tell(wager(id, 100, NOON));
    }
    story.tell_signals();
    story.reserve(1_001);
    story.decide((2, 1), false);
    story.decide((2, 1), false);
    story.decide((2, 1), true);
    story.decide((3, 1), true);
    story.decide((3, 1), false);
    story.decide((1, 1), false);
    story.tell_signals();
    story.tell_account();
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 w2 Counted v1 +1000 = 2000
        3 w3 Counted v1 +1000 = 3000
          2 Open 1000: velocity 200000000 over 100000000
          3 Open 1000: velocity 300000000 over 100000000
          ready 1000, held 2000
        4 Refused insufficient_points, made 0 = 3000, 0 reserved
        5 Counted done, made 0 = 3000, 0 reserved
        6 Counted done, made 0 = 3000, 0 reserved
        7 Refused signal_closed, made 0 = 3000, 0 reserved
        8 Counted done, made 0 = 2000, 0 reserved
        9 Refused signal_closed, made 0 = 2000, 0 reserved
        10 Refused no_such_signal, made 0 = 2000, 0 reserved
          2 Open 1000: velocity 200000000 over 100000000
          3 Open 1000: velocity 300000000 over 100000000
          2 Released 1000: velocity 200000000 over 100000000
          3 Taken 1000: velocity 300000000 over 100000000
          ready 2000, held 0
          earned +1000 = 1000 by "w1"
          earned +1000 = 2000 by "w2"
          earned +1000 = 3000 by "w3"
          adjusted -1000 = 2000 by "signal:0-0-3-1"
    "#]]);
}

#[test]
fn a_void_takes_what_is_held_and_not_what_a_person_has_taken() {
    let mut story = Story::with(holding());
    for id in ["w1", "w2", "w3", "w4"] {
        story.tell(wager(id, 100, NOON));
    }
    story.decide((3, 1), true);
    story.decide((4, 1), false);
    for id in ["w2", "w3", "w4"] {
        story.tell(void(id, NOON));
    }
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 w2 Counted v1 +1000 = 2000
        3 w3 Counted v1 +1000 = 3000
        4 w4 Counted v1 +1000 = 4000
        5 Counted done, made 0 = 3000, 0 reserved
        6 Counted done, made 0 = 3000, 0 reserved
        7 w2 Voided v1 -1000 = 2000
        8 w3 Voided v1 = 2000
        9 w4 Voided v1 -1000 = 1000
          2 Open 1000: velocity 200000000 over 100000000
          3 Open 1000: velocity 300000000 over 100000000
          4 Open 1000: velocity 400000000 over 100000000
          3 Taken 1000: velocity 300000000 over 100000000
          4 Released 1000: velocity 400000000 over 100000000
          2 Voided 1000: velocity 200000000 over 100000000
          ready 1000, held 0
    "#]]);
}

#[test]
fn points_are_held_for_a_few_signals_and_those_beyond_are_earned_as_before() {
    let mut story = Story::with(holding());
    for number in 0..35 {
        story.tell(wager(&format!("w{number}"), 100, NOON));
    }
    story.raise(Some("w0"), true);
    let account = story.account().unwrap();
    assert_eq!(account.open_signals(), 32);
    assert_eq!((account.lots.held(), account.lots.ready(NOON)), (32_000, 3_000));
    assert_eq!(account.signals[&(36, 1)].state, SignalState::Noted);
}

#[test]
fn another_version_goes_on_with_the_same_signals_and_begins_others_anew() {
    let over = ModelOver::Velocity { wagers: 2, within: 43_200 };
    let mut story = Story::with(watching(over, false));
    story.tell(wager("w1", 1, NOON));
    story.tell(wager("w2", 1, NOON));
    // That points are held is nothing that is remembered.
    story.publish(NOON, watching(over, true));
    story.tell(wager("above, by another version", 1, NOON));
    story.publish(NOON, program());
    story.tell(wager("nobody looks", 1, NOON));
    let mut other = watching(ModelOver::Velocity { wagers: 1, within: 43_200 }, false);
    other.signals.push(ModelSignal { name: "too".into(), ..signal(over, false) });
    story.publish(NOON, other);
    story.tell(wager("with another line", 1, NOON));
    story.tell(wager("w5", 1, NOON));
    let usd = ModelProgram {
        currency: "USD".into(),
        rates: [("EUR".into(), 2 * UNIT)].into(),
        ..watching(ModelOver::Velocity { wagers: 1, within: 43_200 }, false)
    };
    story.publish(NOON, usd);
    story.tell(wager("in another currency", 1, NOON));
    story.tell(wager("w6", 1, NOON));
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +10 = 10
        2 w2 Counted v1 +10 = 20
        3 above, by another version Counted v2 +10 = 30
        4 nobody looks Counted v3 +10 = 40
        5 with another line Counted v4 +10 = 50
        6 w5 Counted v4 +10 = 60
        7 in another currency Counted v5 +20 = 80
        8 w6 Counted v5 +20 = 100
          3 Open 10: velocity 300000000 over 200000000
          6 Noted 0: velocity 200000000 over 100000000
          8 Noted 0: velocity 200000000 over 100000000
          ready 90, held 10
    "#]]);
}

#[test]
fn nothing_is_remembered_ninety_days_after_the_last_wager() {
    let over = ModelOver::StakeJump { times: UNIT, after: 1 };
    let mut story = Story::with(watching(over, false));
    story.tell(wager("w1", 1, NOON));
    story.wait(91 * DAY - 12 * HOUR - 1);
    story.tell(wager("w2", 2, story.now));
    story.wait(91 * DAY);
    story.tell(wager("w3", 3, story.now));
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +10 = 10
        2 w2 Counted v1 +20 = 30
        3 w3 Counted v1 +30 = 60
          2 Noted 0: stakeJump 200000000 over 100000000
          ready 60, held 0
    "#]]);
}

#[test]
fn what_somebody_outside_has_found_holds_what_is_left_of_the_wager() {
    let mut story = Story::with(ModelProgram { pending_hours: 2, ..program() });
    story.raise(None, false);
    story.tell(wager("w1", 100, NOON));
    story.raise(None, true);
    story.raise(Some("w9"), true);
    story.raise(Some("w1"), false);
    story.raise(Some("w1"), true);
    story.raise(Some("w1"), true);
    story.wait(3 * HOUR);
    story.decide((2, 1), false);
    story.reserve(1_000);
    story.tell(void("w2", NOON));
    story.tell(wager("w3", 50, NOON));
    story.tell(void("w3", NOON));
    story.raise(Some("w3"), true);
    story.tell_signals();
    story.check(expect![[r#"
        1 Refused no_such_player, made 0
        2 w1 Counted v1 +1000 = 1000
        3 Counted done, made 3 = 1000, 0 reserved
        4 Refused no_such_wager, made 0 = 1000, 0 reserved
        5 Counted done, made 5 = 1000, 0 reserved
        6 Counted done, made 2 = 1000, 0 reserved
        7 Counted done, made 7 = 1000, 0 reserved
        8 Counted done, made 0 = 1000, 0 reserved
        9 Counted done, made 9 = 1000, 1000 reserved
        10 w2 Voided v1 = 1000
        11 w3 Counted v1 +500 = 1500
        12 w3 Voided v1 -500 = 1000
        13 Counted done, made 13 = 1000, 1000 reserved
          3 Noted 0: outside 0 over 0
          5 Noted 0: outside 0 over 0
          2 Open 1000: outside 0 over 0
          7 Noted 0: outside 0 over 0
          2 Released 1000: outside 0 over 0
          13 Noted 0: outside 0 over 0
          ready 0, held 0
    "#]]);
}

#[test]
fn what_has_paid_for_a_debt_is_not_held() {
    let mut story = Story::with(holding());
    story.tell(wager("w1", 100, NOON));
    let reserved = story.reserve(1_000);
    story.ask("shop", ModelAsked::Confirm(reserved));
    story.tell(void("w1", NOON));
    story.tell(wager("w2", 60, NOON));
    story.tell(wager("w3", 60, NOON));
    story.tell_signals();
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 Counted done, made 2 = 1000, 1000 reserved
        3 Counted done, made 0 = 0, 0 reserved
        4 w1 Voided v1 -1000 = -1000
        5 w2 Counted v1 +600 = -400
        6 w3 Counted v1 +600 = 200
          5 Noted 0: velocity 200000000 over 100000000
          6 Open 200: velocity 300000000 over 100000000
          ready 0, held 200
    "#]]);
}
