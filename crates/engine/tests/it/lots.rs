//! Lots in the fold: which points can be spent when, which expire, and which a void takes.

use accolade_domain::civil::begin_of_day;
use accolade_domain::ledger::{Entry, Moved};
use accolade_domain::lots::{HELD, Hour, Month, Source, Taken};
use accolade_domain::time::ZoneOffsets;
use accolade_wire::journal::Recorded;
use accolade_wire::timestamp;
use expect_test::{Expect, expect};

use super::settling;

/// Points are a tenth of the stake; `more` is said beside that.
pub(crate) fn program(more: &str) -> String {
    format!(r#"program {{"currency":"EUR","earning":{{"multipliers":{{"slots":0.1}}}}{more}}}"#)
}

/// Plays a scenario under behaviour 2 and compares its transcript, with the lots of each entry.
fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, lots_in, transcript);
}

pub(crate) fn lots_in(recorded: &Recorded<'_>) -> Vec<String> {
    recorded.entries.iter().map(|stored| words(&stored.entry)).collect()
}

fn words(entry: &Entry<'_>) -> String {
    let month = |month: Month| {
        timestamp::write(begin_of_day(month.first_day(), &ZoneOffsets::default())).to_string()[..7]
            .to_owned()
    };
    let matures = |hour: Hour| match hour {
        HELD => " held".to_owned(),
        hour => format!(" from {}", timestamp::write(hour.begins())),
    };
    let mut words = Vec::new();
    match &entry.moved {
        Moved::Untold => words.push("untold".into()),
        Moved::Into { source: Source { month: of, matures: hour }, paid } => {
            words.push(format!("into {}{}", month(*of), hour.map_or_else(String::new, matures)));
            if paid.hundredths() != 0 {
                words.push(format!("{paid} pay the debt"));
            }
        }
        Moved::From(taken) => {
            let Taken { ready, pending, debt, owed } = &**taken;
            words.extend(ready.iter().map(|lot| format!("{} of {}", lot.points, month(lot.month))));
            words.extend(pending.iter().map(|lot| {
                format!("{} of {}{}", lot.points, month(lot.month), matures(lot.matures))
            }));
            if debt.hundredths() != 0 {
                words.push(format!("{debt} debt"));
            }
            if owed.hundredths() != 0 {
                words.push(format!("{owed} owed"));
            }
        }
    }
    let at = if entry.kind.is_by_time() {
        format!(" {} at {}", entry.points, timestamp::write(entry.event_time))
    } else {
        String::new()
    };
    format!("{}{at}: {}", entry.kind.code(), words.join(", "))
}

#[test]
fn a_months_points_expire_so_long_after_its_end_and_a_void_then_takes_others() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        after 30d
        wager w2 anna slots 1000
        after 51d
        after 13h
        after 1h
        after 10h
        void w1 anna
        after 60d
        ",
            program(r#","expiry":{"after":"2mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            after 30d                        
            wager w2 anna slots 1000         +100.00 by v1  balance 200.00
                                             earned: into 2024-12
            after 51d                        
            after 13h                        
            after 1h                         
                                             expired -100.00 at 2025-02-01T00:00:00Z: 100.00 of 2024-11
            after 10h                        
            void w1 anna                     -100.00 takes back batch 4  balance 0.00
                                             voided: 100.00 of 2024-12
            after 60d                        
        "#]],
    );
}

#[test]
fn all_points_expire_after_so_long_without_a_wager_that_earned() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 20d
        wager w2 anna slots 100
        wager w3 bert slots 100
        after 30d
        wager w4 bert chess 100
        after 1d
        wager w5 bert slots 100
        after 400d
        ",
            program(r#","expiry":{"inactivity":"1mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 20d                        
            wager w2 anna slots 100          +10.00 by v1  balance 20.00
                                             earned: into 2024-12
            wager w3 bert slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-12
            after 30d                        
            wager w4 bert chess 100          refused zero_multiplier  balance 10.00
            after 1d                         
            wager w5 bert slots 100          +10.00 by v1  balance 20.00
                                             earned: into 2025-01
            after 400d                       
                                             expired -20.00 at 2025-01-02T00:00:00Z: 10.00 of 2024-11, 10.00 of 2024-12
                                             expired -20.00 at 2025-02-02T00:00:00Z: 10.00 of 2024-12, 10.00 of 2025-01
        "#]],
    );
}

#[test]
fn a_late_wager_of_an_older_month_expires_in_its_time_though_nobody_comes() {
    check(
        &format!(
            "
        {}
        after 23d
        wager w1 anna slots 100
        wager w2 anna slots 10 at -5d
        after 29d
        after 31d
        ",
            program(r#","expiry":{"after":"1mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            after 23d                        
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-12
            wager w2 anna slots 10 at -5d    +1.00 by v1  balance 11.00
                                             earned: into 2024-11
            after 29d                        
                                             expired -1.00 at 2025-01-01T00:00:00Z: 1.00 of 2024-11
            after 31d                        
                                             expired -10.00 at 2025-02-01T00:00:00Z: 10.00 of 2024-12
        "#]],
    );
}

#[test]
fn a_void_under_pending_takes_no_more_than_there_is_pending() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 90m
        wager w2 anna slots 100
        after 1h
        void w1 anna
        wager w3 anna slots 20
        after 4h
        void w2 anna
        void w3 anna
        ",
            program(r#","pending":{"for":"2h"},"voids":"pending""#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11 from 2024-11-11T12:00:00Z
            after 90m                        
            wager w2 anna slots 100          +10.00 by v1  balance 20.00
                                             earned: into 2024-11 from 2024-11-11T14:00:00Z
            after 1h                         
            void w1 anna                     -10.00 takes back batch 4  balance 10.00
                                             voided: 10.00 of 2024-11 from 2024-11-11T14:00:00Z
            wager w3 anna slots 20           +2.00 by v1  balance 12.00
                                             earned: into 2024-11 from 2024-11-11T15:00:00Z
            after 4h                         
            void w2 anna                     0.00 takes back batch 6, 10.00 owed  balance 12.00
            void w3 anna                     0.00 takes back batch 9, 2.00 owed  balance 12.00
        "#]],
    );
}

#[test]
fn what_is_earned_pays_for_a_debt_first() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 25d
        wager w2 anna slots 30
        after 30d
        void w1 anna
        wager w3 anna slots 50
        wager w4 anna slots 60
        ",
            program(r#","expiry":{"after":"1mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 25d                        
            wager w2 anna slots 30           +3.00 by v1  balance 13.00
                                             earned: into 2024-12
            after 30d                        
                                             expired -10.00 at 2025-01-01T00:00:00Z: 10.00 of 2024-11
            void w1 anna                     -10.00 takes back batch 4  balance -7.00
                                             voided: 3.00 of 2024-12, 7.00 debt
            wager w3 anna slots 50           +5.00 by v1  balance -2.00
                                             earned: into 2025-01, 5.00 pay the debt
            wager w4 anna slots 60           +6.00 by v1  balance 4.00
                                             earned: into 2025-01, 2.00 pay the debt
        "#]],
    );
}

#[test]
fn a_version_with_a_shorter_time_lets_expire_what_is_older_when_it_begins() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        wager w2 bert slots 200
        after 40d
        wager w3 anna slots 10
        after 45d
        {} at 2h
        after 1h
        after 2h
        after 90d
        ",
            program(r#","expiry":{"after":"12mo"}"#),
            program(r#","expiry":{"after":"1mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            wager w2 bert slots 200          +20.00 by v1  balance 20.00
                                             earned: into 2024-11
            after 40d                        
            wager w3 anna slots 10           +1.00 by v1  balance 11.00
                                             earned: into 2024-12
            after 45d                        
            program                          made v2
            after 1h                         
            after 2h                         
                                             expired -11.00 at 2025-02-04T12:00:00Z: 10.00 of 2024-11, 1.00 of 2024-12
                                             expired -20.00 at 2025-02-04T12:00:00Z: 20.00 of 2024-11
            after 90d                        
        "#]],
    );
}

#[test]
fn what_behaviour_1_has_counted_is_of_the_month_that_it_was_last_changed_in() {
    check(
        &format!(
            r#"
        {}
        wager w1 anna slots 100
        after 30d
        wager w2 anna slots 200
        wager w3 bert slots 20
        void w3 bert
        control {{"control":"behaviour","number":2}}
        {}
        after 1h
        after 10d
        wager w4 anna slots 50
        after 60d
        after 400d
        "#,
            program(""),
            program(r#","expiry":{"after":"1mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: untold
            after 30d                        
            wager w2 anna slots 200          +20.00 by v1  balance 30.00
                                             earned: untold
            wager w3 bert slots 20           +2.00 by v1  balance 2.00
                                             earned: untold
            void w3 bert                     -2.00 takes back batch 7  balance 0.00
                                             voided: untold
            control                          made v2
            program                          made v2
            after 1h                         
            after 10d                        
            wager w4 anna slots 50           +5.00 by v2  balance 35.00
                                             earned: into 2024-12
            after 60d                        
                                             expired -35.00 at 2025-02-01T00:00:00Z: 35.00 of 2024-12
            after 400d                       
        "#]],
    );
}

#[test]
fn who_is_not_looked_at_for_years_has_an_entry_for_each_month() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 30d
        wager w2 anna slots 200
        after 30d
        wager w3 anna slots 300
        after 800d
        wager w4 anna slots 10
        ",
            program(r#","expiry":{"after":"6mo"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 30d                        
            wager w2 anna slots 200          +20.00 by v1  balance 30.00
                                             earned: into 2024-12
            after 30d                        
            wager w3 anna slots 300          +30.00 by v1  balance 60.00
                                             earned: into 2025-01
            after 800d                       
                                             expired -10.00 at 2025-06-01T00:00:00Z: 10.00 of 2024-11
                                             expired -20.00 at 2025-07-01T00:00:00Z: 20.00 of 2024-12
                                             expired -30.00 at 2025-08-01T00:00:00Z: 30.00 of 2025-01
            wager w4 anna slots 10           +1.00 by v1  balance 1.00
                                             earned: into 2027-03
        "#]],
    );
}

#[test]
fn what_is_due_after_a_version_has_begun_expires_by_that_one() {
    let [months, years] =
        [r#","expiry":{"after":"1mo"}"#, r#","expiry":{"after":"120mo"}"#].map(program);
    check(
        &format!(
            "
        {months}
        wager w1 anna slots 10
        after 70d
        wager w2 anna slots 1000 at -65d
        release 6
        deliver
        {years}
        after 1h
        "
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
                                             earned: into 2024-11
            after 70d                        
                                             expired -1.00 at 2025-01-01T00:00:00Z: 1.00 of 2024-11
            wager w2 anna slots 1000 at -65d dead letter too_late: the event is older than the window in which repeats are recognised  balance 0.00
            release 6                        done
            deliver                          +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            program                          made v2
            after 1h                         
        "#]],
    );
}

#[test]
fn points_of_behaviour_1_are_in_a_lot_before_any_program_is_in_force() {
    check(
        r#"
        control {"control":"publish","operator":"house","editedFrom":0,"effectiveFrom":1731319260000000,"why":"","who":"","publishedAt":0,"document":"{\"currency\":\"EUR\",\"earning\":{\"multipliers\":{\"slots\":0.1}}}","zone":[[0,0]]}
        wager w1 anna slots 100 at +1m
        control {"control":"behaviour","number":2}
        adjust anna -4
        void w1 anna
        "#,
        expect![[r#"
            control                          made v1
            wager w1 anna slots 100 at +1m   +10.00 by v1  balance 10.00
                                             earned: untold
            control                          made v2
            adjust anna -4                   made #1  balance 6.00
                                             adjusted: 4.00 of 2024-11
            void w1 anna                     -10.00 takes back batch 4  balance -4.00
                                             voided: 6.00 of 2024-11, 4.00 debt
        "#]],
    );
}
