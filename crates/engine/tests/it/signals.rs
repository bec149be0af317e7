//! Signals in the fold: what is raised at a wager's place, and what is remembered until then.

use accolade_domain::packed_watches::PackedWatches;
use accolade_domain::signal::{SignalKind, SignalState};
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_wire::journal::Recorded;
use accolade_wire::notice::signal::{SIGNAL_MOVED, SignalMoved};
use expect_test::{Expect, expect};

use super::lots::{lots_in, program};
use super::play::Play;
use super::settling;

/// Plays a scenario under behaviour 2 and compares its transcript, with what is raised.
fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, told_in, transcript);
}

/// The same, with the lots of each entry.
fn check_lots(scenario: &str, transcript: Expect) {
    let tell = |recorded: &Recorded<'_>| [lots_in(recorded), told_in(recorded)].concat();
    settling::check(scenario, tell, transcript);
}

fn told_in(recorded: &Recorded<'_>) -> Vec<String> {
    let moved = recorded.notices.iter().filter(|stored| stored.notice.kind == SIGNAL_MOVED);
    let moved = moved.map(|stored| SignalMoved::read(&stored.notice.body).unwrap());
    let words = |moved: SignalMoved| {
        let SignalMoved { id, state, version, wager_id, points, findings, .. } = moved;
        let findings: Vec<_> = findings
            .iter()
            .map(|it| {
                format!(
                    "{} ({}) {} over {}",
                    it.name,
                    SignalKind::code_of(it.kind),
                    it.observed,
                    it.line
                )
            })
            .collect();
        match state {
            SignalState::Noted => format!("{wager_id} by v{version}: {}", findings.join(", ")),
            _ => format!("{} {id} {points} of {wager_id}: {}", state.code(), findings.join(", ")),
        }
    };
    moved.map(words).collect()
}

/// A program with these signals, and what else is said.
fn watching(signals: &str, more: &str) -> String {
    program(&format!(r#"{more},"signals":[{signals}]"#))
}

const FAST: &str = r#"{"name":"fast","kind":"velocity","over":{"wagers":2,"within":"1m"}}"#;
const JUMP: &str = r#"{"name":"jump","kind":"stakeJump","over":{"times":10,"after":2}}"#;

#[test]
fn each_signal_is_raised_at_the_first_wager_above_its_line() {
    let systems = r#"{"name":"two","kind":"gamingSystems","over":{"count":1,"within":"5m"}}"#;
    let wins = r#"{"name":"lucky","kind":"winRatio","over":{"ratio":1.5,"after":2}}"#;
    let least = r#"{"name":"least","kind":"minimumPlay","over":{"share":0.5,"of":3}}"#;
    let all = [FAST, JUMP, systems, wins, least].join(",");
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1 win=1.5 system=a
        wager w2 anna slots 1 win=1.5 system=a
        wager w3 anna slots 1 win=1.51 system=a
        wager w4 anna slots 10 win=0 system=a
        wager w5 anna slots 40 win=0 system=b
        wager w6 bert slots 1
        wager w1 anna slots 1 win=1.5 system=a
        ",
            watching(&all, r#","eligibility":{"minWager":1}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1 win=1.5 system=a +0.10 by v1  balance 0.10
            wager w2 anna slots 1 win=1.5 system=a +0.10 by v1  balance 0.20
            wager w3 anna slots 1 win=1.51 system=a +0.10 by v1  balance 0.30
                                             w3 by v1: fast (velocity) 3 over 2, lucky (winRatio) 1.50333333 over 1.5, least (minimumPlay) 1 over 0.5
            wager w4 anna slots 10 win=0 system=a +1.00 by v1  balance 1.30
            wager w5 anna slots 40 win=0 system=b +4.00 by v1  balance 5.30
                                             w5 by v1: jump (stakeJump) 12.3076923 over 10, two (gamingSystems) 2 over 1
            wager w6 bert slots 1            +0.10 by v1  balance 0.10
            wager w1 anna slots 1 win=1.5 system=a repeats batch 4  balance 5.30
        "#]],
    );
}

#[test]
fn only_wagers_that_count_are_looked_at() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 10
        wager w2 anna slots 0.5
        wager w3 anna poker 10
        exclude anna 1h
        wager w4 anna slots 10
        readmit anna
        void w5 anna
        wager w5 anna slots 10
        wager w6 anna slots 10
        wager w7 anna slots 10
        ",
            watching(FAST, r#","eligibility":{"minWager":1}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 anna slots 0.5          refused below_minimum  balance 1.00
            wager w3 anna poker 10           refused zero_multiplier  balance 1.00
            exclude anna 1h                  done  balance 1.00
            wager w4 anna slots 10           refused self_excluded  balance 1.00
            readmit anna                     done  balance 1.00
            void w5 anna                     waits for its wager  balance 1.00
            wager w5 anna slots 10           refused voided  balance 1.00
            wager w6 anna slots 10           +1.00 by v1  balance 2.00
            wager w7 anna slots 10           +1.00 by v1  balance 3.00
                                             w7 by v1: fast (velocity) 3 over 2
        "#]],
    );
}

#[test]
fn wagers_have_their_own_time_and_none_that_is_yet_to_come() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 10 at +2m
        wager w2 anna slots 10
        wager w3 anna slots 10 at -2d
        wager w4 anna slots 10 at -100d
        wager w5 anna slots 10 at -50s
        after 10s
        wager w6 anna slots 10 at +110s
        wager w7 bert slots 10 at -2h
        wager w8 bert slots 10 at -2h
        wager w9 bert slots 10 at -2h
        ",
            watching(FAST, "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 10 at +2m    +1.00 by v1  balance 1.00
            wager w2 anna slots 10           +1.00 by v1  balance 2.00
            wager w3 anna slots 10 at -2d    +1.00 by v1  balance 3.00
            wager w4 anna slots 10 at -100d  dead letter too_late: the event is older than the window in which repeats are recognised  balance 3.00
            wager w5 anna slots 10 at -50s   +1.00 by v1  balance 4.00
                                             w5 by v1: fast (velocity) 3 over 2
            after 10s                        
            wager w6 anna slots 10 at +110s  +1.00 by v1  balance 5.00
            wager w7 bert slots 10 at -2h    +1.00 by v1  balance 1.00
            wager w8 bert slots 10 at -2h    +1.00 by v1  balance 2.00
            wager w9 bert slots 10 at -2h    +1.00 by v1  balance 3.00
                                             w9 by v1: fast (velocity) 3 over 2
        "#]],
    );
}

#[test]
fn another_version_goes_on_with_what_has_stayed_the_same() {
    let slower = r#"{"name":"fast","kind":"velocity","over":{"wagers":3,"within":"1m"}}"#;
    let both = format!("{JUMP},{FAST}");
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1
        wager w2 anna slots 1
        {}
        wager w3 anna slots 1
        wager w4 anna slots 9
        {}
        wager w5 anna slots 1
        {}
        wager w6 anna slots 1
        wager w7 anna slots 1
        wager w8 anna slots 1
        {}
        wager w9 anna slots 1
        ",
            watching(FAST, ""),
            watching(&both, ""),
            watching(slower, ""),
            watching(slower, r#","rates":{"EUR":1}"#),
            program(""),
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1            +0.10 by v1  balance 0.10
            wager w2 anna slots 1            +0.10 by v1  balance 0.20
            program                          made v2
            wager w3 anna slots 1            +0.10 by v2  balance 0.30
                                             w3 by v2: fast (velocity) 3 over 2
            wager w4 anna slots 9            +0.90 by v2  balance 1.20
            program                          made v3
            wager w5 anna slots 1            +0.10 by v3  balance 1.30
            program                          made v4
            wager w6 anna slots 1            +0.10 by v4  balance 1.40
            wager w7 anna slots 1            +0.10 by v4  balance 1.50
            wager w8 anna slots 1            +0.10 by v4  balance 1.60
                                             w8 by v4: fast (velocity) 4 over 3
            program                          made v5
            wager w9 anna slots 1            +0.10 by v5  balance 1.70
        "#]],
    );
}

#[test]
fn what_is_remembered_ends_90_days_after_the_last_wager() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1
        wager w2 anna slots 1
        wager w3 bert slots 1
        wager w4 bert slots 1
        after 80d
        wager w5 bert slots 10.01
        after 20d
        wager w6 anna slots 10.01
        wager w7 bert slots 100
        ",
            watching(JUMP, "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1            +0.10 by v1  balance 0.10
            wager w2 anna slots 1            +0.10 by v1  balance 0.20
            wager w3 bert slots 1            +0.10 by v1  balance 0.10
            wager w4 bert slots 1            +0.10 by v1  balance 0.20
            after 80d                        
            wager w5 bert slots 10.01        +1.00 by v1  balance 1.20
                                             w5 by v1: jump (stakeJump) 10.01 over 10
            after 20d                        
            wager w6 anna slots 10.01        +1.00 by v1  balance 1.20
            wager w7 bert slots 100          +10.00 by v1  balance 11.20
        "#]],
    );
}

#[test]
fn eight_signals_look_at_a_wager_at_once() {
    let all: Vec<_> = (1..=8)
        .map(|number| {
            format!(
                r#"{{"name":"s{number}","kind":"stakeJump","over":{{"times":{number},"after":1}}}}"#
            )
        })
        .collect();
    check(
        &format!(
            "
        {}
        wager w1 anna slots 0.000001
        wager w2 anna slots 1000000000000
        wager w3 anna slots 3000000000
        ",
            watching(&all.join(","), "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 0.000001     +0.00 by v1  balance 0.00
            wager w2 anna slots 1000000000000 +100000000000.00 by v1  balance 100000000000.00
                                             w2 by v1: s1 (stakeJump) 10000000000 over 1, s2 (stakeJump) 10000000000 over 2, s3 (stakeJump) 10000000000 over 3, s4 (stakeJump) 10000000000 over 4, s5 (stakeJump) 10000000000 over 5, s6 (stakeJump) 10000000000 over 6, s7 (stakeJump) 10000000000 over 7, s8 (stakeJump) 10000000000 over 8
            wager w3 anna slots 3000000000   +300000000.00 by v1  balance 100300000000.00
        "#]],
    );
}

const HOLDS: &str =
    r#"{"name":"fast","kind":"velocity","over":{"wagers":1,"within":"1m"},"hold":true}"#;

#[test]
fn points_that_are_held_cannot_be_spent_until_a_person_lets_go_of_them() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 anna slots 200
        wager w3 anna slots 300
        reserve anna 10.01
        reserve anna 10
        let-go 0-0-5-1
        let-go 0-0-5-1
        take 0-0-5-1
        reserve anna 20
        take 0-0-6-1
        let-go 0-0-6-1
        let-go 0-0-4-1
        take 0-7-4-1
        adjust anna -0.01
        ",
            watching(HOLDS, "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 anna slots 200          +20.00 by v1  balance 30.00
                                             earned: into 2024-11 held
                                             open 0-0-5-1 20.00 of w2: fast (velocity) 2 over 1
            wager w3 anna slots 300          +30.00 by v1  balance 60.00
                                             earned: into 2024-11 held
                                             open 0-0-6-1 30.00 of w3: fast (velocity) 3 over 1
            reserve anna 10.01               declined insufficient_points  balance 60.00
            reserve anna 10                  made #1  balance 60.00
            let-go 0-0-5-1                   done  balance 60.00
                                             released 0-0-5-1 20.00 of w2: fast (velocity) 2 over 1
            let-go 0-0-5-1                   done  balance 60.00
            take 0-0-5-1                     declined signal_closed  balance 60.00
            reserve anna 20                  made #2  balance 60.00
            take 0-0-6-1                     done  balance 30.00
                                             adjusted: 30.00 of 2024-11 held
                                             taken 0-0-6-1 30.00 of w3: fast (velocity) 3 over 1
            let-go 0-0-6-1                   declined signal_closed  balance 30.00
            let-go 0-0-4-1                   declined no_such_signal  balance 30.00
            take 0-7-4-1                     declined no_such_signal
            adjust anna -0.01                declined insufficient_points  balance 30.00
        "#]],
    );
}

#[test]
fn every_wager_above_the_line_is_held_and_what_holds_nothing_is_raised_once() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1
        wager w2 anna slots 1
        wager w3 anna slots 1
        wager w4 anna slots 1
        wager w5 anna slots 0.01
        ",
            watching(&format!("{HOLDS},{}", FAST.replace("fast", "quick")), "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1            +0.10 by v1  balance 0.10
            wager w2 anna slots 1            +0.10 by v1  balance 0.20
                                             open 0-0-5-1 0.10 of w2: fast (velocity) 2 over 1
            wager w3 anna slots 1            +0.10 by v1  balance 0.30
                                             open 0-0-6-1 0.10 of w3: fast (velocity) 3 over 1, quick (velocity) 3 over 2
            wager w4 anna slots 1            +0.10 by v1  balance 0.40
                                             open 0-0-7-1 0.10 of w4: fast (velocity) 4 over 1
            wager w5 anna slots 0.01         +0.00 by v1  balance 0.40
        "#]],
    );
}

#[test]
fn the_void_of_a_wager_takes_what_is_held_for_it() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 anna slots 200
        wager w3 anna slots 300
        void w2 anna
        let-go 0-0-5-1
        let-go 0-0-6-1
        void w3 anna
        ",
            watching(HOLDS, "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 anna slots 200          +20.00 by v1  balance 30.00
                                             earned: into 2024-11 held
                                             open 0-0-5-1 20.00 of w2: fast (velocity) 2 over 1
            wager w3 anna slots 300          +30.00 by v1  balance 60.00
                                             earned: into 2024-11 held
                                             open 0-0-6-1 30.00 of w3: fast (velocity) 3 over 1
            void w2 anna                     -20.00 takes back batch 5  balance 40.00
                                             voided: 20.00 of 2024-11 held
                                             voided 0-0-5-1 20.00 of w2: fast (velocity) 2 over 1
            let-go 0-0-5-1                   declined signal_closed  balance 40.00
            let-go 0-0-6-1                   done  balance 40.00
                                             released 0-0-6-1 30.00 of w3: fast (velocity) 3 over 1
            void w3 anna                     -30.00 takes back batch 6  balance 10.00
                                             voided: 30.00 of 2024-11
        "#]],
    );
}

#[test]
fn a_void_of_a_wager_that_paid_a_debt_leaves_alone_what_is_held_of_another() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        adjust anna -4
        void w1 anna
        wager w2 anna slots 40
        wager w3 anna slots 60
        after 1h
        wager w4 anna slots 50
        void w2 anna
        ",
            watching(HOLDS, "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            adjust anna -4                   made #1  balance 6.00
                                             adjusted: 4.00 of 2024-11
            void w1 anna                     -10.00 takes back batch 4  balance -4.00
                                             voided: 6.00 of 2024-11, 4.00 debt
            wager w2 anna slots 40           +4.00 by v1  balance 0.00
                                             earned: into 2024-11, 4.00 pay the debt
                                             w2 by v1: fast (velocity) 2 over 1
            wager w3 anna slots 60           +6.00 by v1  balance 6.00
                                             earned: into 2024-11 held
                                             open 0-0-8-1 6.00 of w3: fast (velocity) 3 over 1
            after 1h                         
            wager w4 anna slots 50           +5.00 by v1  balance 11.00
                                             earned: into 2024-11
            void w2 anna                     -4.00 takes back batch 7  balance 7.00
                                             voided: 4.00 of 2024-11
        "#]],
    );
}

#[test]
fn what_pays_a_debt_is_not_held() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        reserve anna 10
        confirm 1
        void w1 anna
        wager w2 anna slots 40
        wager w3 anna slots 80
        wager w4 anna slots 0.1
        ",
            watching(HOLDS, "")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            reserve anna 10                  made #1  balance 10.00
            confirm 1                        done  balance 0.00
                                             redeemed: 10.00 of 2024-11
            void w1 anna                     -10.00 takes back batch 4  balance -10.00
                                             voided: 10.00 debt
            wager w2 anna slots 40           +4.00 by v1  balance -6.00
                                             earned: into 2024-11, 4.00 pay the debt
                                             w2 by v1: fast (velocity) 2 over 1
            wager w3 anna slots 80           +8.00 by v1  balance 2.00
                                             earned: into 2024-11 held, 6.00 pay the debt
                                             open 0-0-9-1 2.00 of w3: fast (velocity) 3 over 1
            wager w4 anna slots 0.1          +0.01 by v1  balance 2.01
                                             earned: into 2024-11 held
                                             open 0-0-10-1 0.01 of w4: fast (velocity) 4 over 1
        "#]],
    );
}

#[test]
fn points_that_are_held_expire_with_their_month_and_mature_when_they_would_have() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 anna slots 200
        wager w3 anna slots 300
        let-go 0-0-5-1
        reserve anna 20
        after 25h
        reserve anna 30
        after 60d
        let-go 0-0-6-1
        ",
            watching(HOLDS, r#","pending":{"for":"24h"},"expiry":{"after":"1mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11 from 2024-11-12T10:00:00Z
            wager w2 anna slots 200          +20.00 by v1  balance 30.00
                                             earned: into 2024-11 held
                                             open 0-0-5-1 20.00 of w2: fast (velocity) 2 over 1
            wager w3 anna slots 300          +30.00 by v1  balance 60.00
                                             earned: into 2024-11 held
                                             open 0-0-6-1 30.00 of w3: fast (velocity) 3 over 1
            let-go 0-0-5-1                   done  balance 60.00
                                             released 0-0-5-1 20.00 of w2: fast (velocity) 2 over 1
            reserve anna 20                  declined insufficient_points  balance 60.00
            after 25h                        
            reserve anna 30                  made #1  balance 60.00
            after 60d                        
                                             expired -60.00 at 2025-01-01T00:00:00Z: 60.00 of 2024-11
            let-go 0-0-6-1                   done  balance 0.00
                                             released 0-0-6-1 0.00 of w3: fast (velocity) 3 over 1
        "#]],
    );
}

#[test]
fn points_of_a_few_signals_are_held_and_no_more() {
    let wagers: Vec<_> = (1..=35).map(|number| format!("wager w{number} anna slots 1")).collect();
    let scenario = format!("{}\n{}", watching(HOLDS, ""), wagers.join("\n"));
    let heard = settling::heard(&scenario, told_in);
    assert_eq!(heard.matches("open 0-0-").count(), 32);
}

#[test]
fn what_somebody_outside_has_found_is_noted_or_holds_what_is_left_of_the_wager_s_points() {
    check_lots(
        &format!(
            "
        {}
        raise anna ring
        raise anna ring w9
        wager w1 anna slots 100
        wager w2 anna slots 50
        raise bert ring w1
        raise anna ring w9 hold
        raise anna ring w1 hold
        reserve anna 6
        raise anna again w1 hold
        let-go 0-0-6-1
        take 0-0-6-1
        raise anna again w1 hold
        reserve anna 12
        raise anna ring w2 hold
        void w2 anna
        raise anna late w2 hold
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            raise anna ring                  declined no_such_player
            raise anna ring w9               declined no_such_player
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-11
            raise bert ring w1               declined no_such_player
            raise anna ring w9 hold          declined no_such_wager  balance 15.00
            raise anna ring w1 hold          made #1  balance 15.00
                                             open 0-0-6-1 10.00 of w1: ring (outside) 0 over 0
            reserve anna 6                   declined insufficient_points  balance 15.00
            raise anna again w1 hold         made #2  balance 15.00
                                             w1 by v1: again (outside) 0 over 0
            let-go 0-0-6-1                   done  balance 15.00
                                             released 0-0-6-1 10.00 of w1: ring (outside) 0 over 0
            take 0-0-6-1                     declined signal_closed  balance 15.00
            raise anna again w1 hold         made #3  balance 15.00
                                             w1 by v1: again (outside) 0 over 0
            reserve anna 12                  made #4  balance 15.00
            raise anna ring w2 hold          made #5  balance 15.00
                                             open 0-0-7-1 3.00 of w2: ring (outside) 0 over 0
            void w2 anna                     -5.00 takes back batch 7  balance 10.00
                                             voided: 3.00 of 2024-11 held, 2.00 debt
                                             voided 0-0-7-1 5.00 of w2: ring (outside) 0 over 0
            raise anna late w2 hold          made #6  balance 10.00
                                             w2 by v1: late (outside) 0 over 0
        "#]],
    );
}

#[test]
fn of_a_wager_that_has_no_points_left_nothing_is_held() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 anna slots 0.01
        reserve anna 10
        raise anna ring w1 hold
        raise anna ring w2 hold
        cancel 1
        raise anna ring w1
        reserve anna 10
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 anna slots 0.01         +0.00 by v1  balance 10.00
            reserve anna 10                  made #1  balance 10.00
            raise anna ring w1 hold          made #2  balance 10.00
                                             w1 by v1: ring (outside) 0 over 0
            raise anna ring w2 hold          made #3  balance 10.00
                                             w2 by v1: ring (outside) 0 over 0
            cancel 1                         done  balance 10.00
            raise anna ring w1               made #4  balance 10.00
                                             w1 by v1: ring (outside) 0 over 0
            reserve anna 10                  made #5  balance 10.00
        "#]],
    );
}

#[test]
fn what_somebody_outside_has_found_holds_points_of_a_few_wagers_and_no_more() {
    let lines: Vec<_> = (1..=34)
        .map(|number| format!("wager w{number} anna slots 1\nraise anna ring w{number} hold"))
        .collect();
    let scenario = format!("{}\n{}", program(""), lines.join("\n"));
    let heard = settling::heard(&scenario, told_in);
    assert_eq!(heard.matches("open 0-0-").count(), 32);
    assert!(heard.ends_with("w34 by v1: ring (outside) 0 over 0\n"), "it is noted");
}

#[test]
fn a_wager_s_points_that_are_pending_are_held_and_mature_when_they_would_have() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        raise anna ring w1 hold
        void w1 anna
        wager w2 anna slots 50
        raise anna ring w2 hold
        after 5h
        let-go 0-0-7-1
        reserve anna 5
        ",
            program(r#","pending":{"for":"2h"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11 from 2024-11-11T12:00:00Z
            raise anna ring w1 hold          made #1  balance 10.00
                                             open 0-0-4-1 10.00 of w1: ring (outside) 0 over 0
            void w1 anna                     -10.00 takes back batch 4  balance 0.00
                                             voided: 10.00 of 2024-11 held
                                             voided 0-0-4-1 10.00 of w1: ring (outside) 0 over 0
            wager w2 anna slots 50           +5.00 by v1  balance 5.00
                                             earned: into 2024-11 from 2024-11-11T12:00:00Z
            raise anna ring w2 hold          made #2  balance 5.00
                                             open 0-0-7-1 5.00 of w2: ring (outside) 0 over 0
            after 5h                         
            let-go 0-0-7-1                   done  balance 5.00
                                             released 0-0-7-1 5.00 of w2: ring (outside) 0 over 0
            reserve anna 5                   made #3  balance 5.00
        "#]],
    );
}

#[test]
fn a_void_takes_what_was_let_go_of_and_not_what_is_held_for_another_wager() {
    let hold = r#"{"name":"each","kind":"velocity","over":{"wagers":1,"within":"1h"},"hold":true}"#;
    check_lots(
        &format!(
            "
        {}
        wager w0 anna slots 10
        wager w1 anna slots 200
        wager w2 anna slots 200
        let-go 0-0-5-1
        void w1 anna
        take 0-0-6-1
        void w2 anna
        ",
            watching(hold, "")
        ),
        expect![[r#"
            program                          made v1
            wager w0 anna slots 10           +1.00 by v1  balance 1.00
                                             earned: into 2024-11
            wager w1 anna slots 200          +20.00 by v1  balance 21.00
                                             earned: into 2024-11 held
                                             open 0-0-5-1 20.00 of w1: each (velocity) 2 over 1
            wager w2 anna slots 200          +20.00 by v1  balance 41.00
                                             earned: into 2024-11 held
                                             open 0-0-6-1 20.00 of w2: each (velocity) 3 over 1
            let-go 0-0-5-1                   done  balance 41.00
                                             released 0-0-5-1 20.00 of w1: each (velocity) 2 over 1
            void w1 anna                     -20.00 takes back batch 5  balance 21.00
                                             voided: 20.00 of 2024-11
            take 0-0-6-1                     done  balance 1.00
                                             adjusted: 20.00 of 2024-11 held
                                             taken 0-0-6-1 20.00 of w2: each (velocity) 3 over 1
            void w2 anna                     0.00 takes back batch 6  balance 1.00
        "#]],
    );
}

#[test]
fn a_void_takes_what_was_held_later_for_its_wager_and_not_what_others_can_spend() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 anna slots 50
        raise anna ring w1 hold
        void w1 anna
        reserve anna 5
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-11
            raise anna ring w1 hold          made #1  balance 15.00
                                             open 0-0-4-1 10.00 of w1: ring (outside) 0 over 0
            void w1 anna                     -10.00 takes back batch 4  balance 5.00
                                             voided: 10.00 of 2024-11 held
                                             voided 0-0-4-1 10.00 of w1: ring (outside) 0 over 0
            reserve anna 5                   made #2  balance 5.00
        "#]],
    );
}

#[test]
fn the_void_of_a_wager_whose_points_a_person_has_taken_takes_none() {
    check_lots(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 anna slots 100
        raise anna ring w1 hold
        take 0-0-4-1
        void w1 anna
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 anna slots 100          +10.00 by v1  balance 20.00
                                             earned: into 2024-11
            raise anna ring w1 hold          made #1  balance 20.00
                                             open 0-0-4-1 10.00 of w1: ring (outside) 0 over 0
            take 0-0-4-1                     done  balance 10.00
                                             adjusted: 10.00 of 2024-11 held
                                             taken 0-0-4-1 10.00 of w1: ring (outside) 0 over 0
            void w1 anna                     0.00 takes back batch 4  balance 10.00
        "#]],
    );
}

#[test]
fn what_is_remembered_is_let_go_of_ninety_days_after_the_last_wager() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    play.line(&watching(FAST, ""));
    play.line("wager w1 anna slots 10");
    let is_remembered = |play: &mut Play| {
        // Each sweeps one of two players at least.
        (0..2).for_each(|_| play.end_interval());
        let anna = play.partition.players().get(0);
        anna.watches != PackedWatches::NONE
    };
    assert!(is_remembered(&mut play));
    play.line("after 90d");
    play.line("wager w2 bert slots 10");
    assert!(is_remembered(&mut play));
    play.line("after 1d");
    play.line("wager w3 bert slots 10");
    assert!(!is_remembered(&mut play));
}
