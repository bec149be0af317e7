//! Tiers in the fold: up at once, down after the grace, each change told with its numbers, whoever is looked at when.

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Day;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::{TIER_MOVED, TierMoved};
use expect_test::{Expect, expect};

use super::settling;

/// Points are a tenth of the stake; silver from 10, gold from 100, 30 days, 10 days' grace.
const TIERS: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}},"tiers":{"window":{"rolling":"30d"},"levels":[{"name":"bronze","from":0},{"name":"silver","from":10,"multiplier":1.5},{"name":"gold","from":100,"multiplier":2}],"grace":"10d"}}"#;
/// The same without grace.
const AT_ONCE: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}},"tiers":{"window":{"rolling":"30d"},"levels":[{"name":"bronze","from":0},{"name":"silver","from":10,"multiplier":1.5}]}}"#;
const PLAIN: &str = r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1}}}"#;

/// Plays a scenario under behaviour 2 and compares its transcript, with each change of a tier.
fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, moved_in, transcript);
}

/// Changes of tiers of which a record, or time, is the cause.
fn moved_in(recorded: &Recorded<'_>) -> Vec<String> {
    let told = recorded.notices.iter().map(|notice| {
        assert_eq!(notice.notice.kind, TIER_MOVED);
        let moved = TierMoved::read(&notice.notice.body).unwrap();
        let level = |level: &Option<Box<str>>| level.as_deref().unwrap_or("none").to_owned();
        let TierMoved { version, before, after, day: Day(day), points, unqualified_since } = moved;
        let since = unqualified_since.map(|since| format!(", too few since day {}", since.0));
        let (before, after, since) = (level(&before), level(&after), since.unwrap_or_default());
        format!("{before} → {after} on day {day} with {points} by v{version}{since}")
    });
    told.collect()
}

/// How many rows time has found due, where that is any.
fn due_in(recorded: &Recorded<'_>) -> Vec<String> {
    match recorded.outcome {
        Outcome::Time { fired: fired @ 1.. } => vec![format!("{fired} due")],
        _ => Vec::new(),
    }
}

#[test]
fn the_wager_that_crosses_the_line_is_judged_by_the_tier_before_it() {
    check(
        &format!(
            "
        {TIERS}
        wager w1 anna slots 99.90
        wager w2 anna slots 0.10
        wager w3 anna slots 10.00
        wager w4 anna slots 1000.00
        wager w5 anna slots 10.00
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 99.90        +9.99 by v1  balance 9.99
            wager w2 anna slots 0.10         +0.01 by v1  balance 10.00
                                             bronze → silver on day 20038 with 10.00 by v1
            wager w3 anna slots 10.00        +1.50 by v1  balance 11.50
            wager w4 anna slots 1000.00      +150.00 by v1  balance 161.50
                                             silver → gold on day 20038 with 161.50 by v1
            wager w5 anna slots 10.00        +2.00 by v1  balance 163.50
        "#]],
    );
}

#[test]
fn a_level_is_kept_for_the_grace_and_then_is_what_the_window_gives() {
    check(
        &format!(
            "
        {TIERS}
        wager w1 anna slots 1000
        after 1d
        wager w2 anna slots 100
        after 28d
        after 1d
        wager w3 anna slots 10
        after 9d
        after 23h
        after 1h
        wager w4 anna slots 10
        after 400d
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             bronze → gold on day 20038 with 100.00 by v1
            after 1d                         
            wager w2 anna slots 100          +20.00 by v1  balance 120.00
            after 28d                        
            after 1d                         
            wager w3 anna slots 10           +2.00 by v1  balance 122.00
            after 9d                         
            after 23h                        
                                             gold → bronze on day 20078 with 2.00 by v1, too few since day 20068
            after 1h                         
            wager w4 anna slots 10           +1.00 by v1  balance 123.00
            after 400d                       
        "#]],
    );
}

#[test]
fn who_qualifies_again_within_the_grace_keeps_the_level() {
    check(
        &format!(
            "
        {TIERS}
        wager w1 anna slots 100
        after 35d
        wager w2 anna slots 100
        after 12d
        after 17d
        after 11d
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             bronze → silver on day 20038 with 10.00 by v1
            after 35d                        
            wager w2 anna slots 100          +15.00 by v1  balance 25.00
            after 12d                        
            after 17d                        
            after 11d                        
                                             silver → bronze on day 20113 with 0.00 by v1, too few since day 20103
        "#]],
    );
}

#[test]
fn a_void_takes_its_points_out_of_the_day_on_which_they_were_earned() {
    check(
        &format!(
            "
        {AT_ONCE}
        wager w1 anna slots 60
        after 3d
        wager w2 anna slots 60
        void  w1 anna
        wager w3 anna slots 40
        after 27d
        after 3d
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 60           +6.00 by v1  balance 6.00
            after 3d                         
            wager w2 anna slots 60           +6.00 by v1  balance 12.00
                                             bronze → silver on day 20041 with 12.00 by v1
            void  w1 anna                    -6.00 takes back batch 4  balance 6.00
                                             silver → bronze on day 20041 with 6.00 by v1, too few since day 20041
            wager w3 anna slots 40           +4.00 by v1  balance 10.00
                                             bronze → silver on day 20041 with 10.00 by v1
            after 27d                        
            after 3d                         
                                             silver → bronze on day 20071 with 0.00 by v1, too few since day 20071
        "#]],
    );
}

#[test]
fn a_void_below_the_line_begins_the_grace_and_time_ends_it_though_nobody_comes() {
    check(
        &format!(
            "
        {TIERS}
        wager w1 anna slots 100
        after 5d
        void w1 anna
        after 9d
        after 1d
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             bronze → silver on day 20038 with 10.00 by v1
            after 5d                         
            void w1 anna                     -10.00 takes back batch 4  balance 0.00
            after 9d                         
            after 1d                         
                                             silver → bronze on day 20053 with 0.00 by v1, too few since day 20043
        "#]],
    );
}

#[test]
fn nobody_is_looked_at_on_a_day_for_points_that_only_put_off_what_time_does() {
    settling::check(
        &format!(
            "
        {TIERS}
        wager w1 anna slots 10
        after 24h
        wager w2 anna slots 100
        after 24h
        wager w3 anna slots 10
        after 24h
        void w3 anna
        after 24h
        after 24h
        "
        ),
        due_in,
        expect![[r#"
            program                          made v1
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
                                             1 due
            after 24h                        
            wager w2 anna slots 100          +10.00 by v1  balance 11.00
            after 24h                        
                                             1 due
            wager w3 anna slots 10           +1.50 by v1  balance 12.50
            after 24h                        
            void w3 anna                     -1.50 takes back batch 8  balance 11.00
            after 24h                        
                                             1 due
            after 24h                        
        "#]],
    );
}

#[test]
fn a_wager_that_comes_late_counts_on_its_own_day() {
    check(
        &format!(
            "
        {AT_ONCE}
        wager w1 anna slots 50
        wager w2 anna slots 50 at -5d
        after 24d
        after 1d
        after 5d
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 50           +5.00 by v1  balance 5.00
            wager w2 anna slots 50 at -5d    +5.00 by v1  balance 10.00
                                             bronze → silver on day 20038 with 10.00 by v1
            after 24d                        
            after 1d                         
                                             silver → bronze on day 20063 with 5.00 by v1, too few since day 20063
            after 5d                         
        "#]],
    );
}

#[test]
fn a_program_that_brings_takes_or_changes_tiers_reaches_everybody_when_it_begins() {
    check(
        &format!(
            "
        {PLAIN}
        wager w1 anna slots 100
        wager w2 bert slots 10
        {TIERS} at 2h
        after 1h
        after 1h
        after 1h
        {AT_ONCE}
        after 1h
        {PLAIN}
        after 1h
        wager w3 anna slots 10
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            program                          made v2
            after 1h                         
            after 1h                         
                                             none → silver on day 20038 with 10.00 by v2
            after 1h                         
            program                          made v3
            after 1h                         
            program                          made v4
            after 1h                         
                                             silver → none on day 20038 with 10.00 by v4
                                             bronze → none on day 20038 with 1.00 by v4
            wager w3 anna slots 10           +1.00 by v4  balance 11.00
        "#]],
    );
}

#[test]
fn a_version_that_begins_after_one_published_later_reaches_everybody_too() {
    check(
        &format!(
            "
        {PLAIN}
        wager w1 anna slots 100
        {PLAIN} at 2h
        {TIERS} at 1h
        after 1h
        after 1h
        after 1h
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
            program                          made v2
            program                          made v3
            after 1h                         
                                             none → silver on day 20038 with 10.00 by v3
            after 1h                         
                                             silver → none on day 20038 with 10.00 by v2
            after 1h                         
        "#]],
    );
}

#[test]
fn a_wager_is_judged_by_the_level_of_the_same_name_in_the_version_of_its_time() {
    let renamed = TIERS.replace("silver", "pearl").replace("1.5", "3");
    let richer = TIERS.replace("1.5", "3");
    check(
        &format!(
            "
        {TIERS}
        wager w1 anna slots 100
        {richer} at 1h
        after 2h
        wager w2 anna slots 10 at -90m
        wager w3 anna slots 10
        {renamed} at 1h
        after 2h
        wager w4 anna slots 10 at -90m
        wager w5 anna slots 10
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             bronze → silver on day 20038 with 10.00 by v1
            program                          made v2
            after 2h                         
            wager w2 anna slots 10 at -90m   +1.50 by v1  balance 11.50
            wager w3 anna slots 10           +3.00 by v2  balance 14.50
            program                          made v3
            after 2h                         
                                             silver → pearl on day 20038 with 14.50 by v3
            wager w4 anna slots 10 at -90m   +1.00 by v2  balance 15.50
            wager w5 anna slots 10           +3.00 by v3  balance 18.50
        "#]],
    );
}
