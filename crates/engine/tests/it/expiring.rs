//! Points that expire soon are told of once, so many days ahead.

use accolade_wire::journal::Recorded;
use accolade_wire::notice::{POINTS_EXPIRING, PointsExpiring};
use accolade_wire::timestamp;
use expect_test::{Expect, expect};

use super::lots::{lots_in, program};
use super::settling;

fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, told_in, transcript);
}

fn told_in(recorded: &Recorded<'_>) -> Vec<String> {
    let told = recorded.notices.iter().filter(|stored| stored.notice.kind == POINTS_EXPIRING);
    let told = told.map(|stored| PointsExpiring::read(&stored.notice.body).unwrap());
    let told = told.map(|PointsExpiring { at, points, .. }| {
        format!("{points} expire at {}", timestamp::write(at))
    });
    lots_in(recorded).into_iter().chain(told).collect()
}

#[test]
fn points_are_told_of_once_so_many_days_before_they_expire() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 30d
        wager w2 anna slots 50
        after 43d
        after 14h
        after 24h
        wager w3 anna slots 20
        after 8d
        after 24d
        after 2d
        after 10d
        ",
            program(r#","expiry":{"after":"2mo","notify":"7d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 30d                        
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-12
            after 43d                        
            after 14h                        
            after 24h                        
                                             10.00 expire at 2025-02-01T00:00:00Z
            wager w3 anna slots 20           +2.00 by v1  balance 17.00
                                             earned: into 2025-01
            after 8d                         
                                             expired -10.00 at 2025-02-01T00:00:00Z: 10.00 of 2024-11
            after 24d                        
                                             5.00 expire at 2025-03-01T00:00:00Z
            after 2d                         
            after 10d                        
                                             expired -5.00 at 2025-03-01T00:00:00Z: 5.00 of 2024-12
        "#]],
    );
}

#[test]
fn whoever_has_spent_them_hears_nothing_and_what_is_younger_is_told_of_in_its_time() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 30d
        wager w2 anna slots 50
        adjust anna -10
        after 50d
        after 25d
        ",
            program(r#","expiry":{"after":"2mo","notify":"7d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 30d                        
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-12
            adjust anna -10                  made #1  balance 5.00
                                             adjusted: 10.00 of 2024-11
            after 50d                        
            after 25d                        
                                             5.00 expire at 2025-03-01T00:00:00Z
        "#]],
    );
}

#[test]
fn where_the_oldest_month_is_emptied_the_next_is_told_of_in_its_time() {
    let program =
        program(r#","expiry":{"after":"2mo","notify":"60d"},"redemption":{"holdFor":"30d"}"#);
    let scenario = |emptied: &str| {
        format!(
            "
        {program}
        wager w1 anna slots 100
        after 30d
        wager w2 anna slots 50
        {emptied}
        after 10d
        after 12d
        "
        )
    };
    check(
        &scenario("void w1 anna"),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 30d                        
                                             10.00 expire at 2025-02-01T00:00:00Z
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-12
            void w1 anna                     -10.00 takes back batch 4  balance 5.00
                                             voided: 10.00 of 2024-11
            after 10d                        
            after 12d                        
                                             5.00 expire at 2025-03-01T00:00:00Z
        "#]],
    );
    check(
        &scenario("reserve anna 10"),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 30d                        
                                             10.00 expire at 2025-02-01T00:00:00Z
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-12
            reserve anna 10                  made #1  balance 15.00
            after 10d                        
            after 12d                        
                                             5.00 expire at 2025-03-01T00:00:00Z
        "#]],
    );
}

#[test]
fn a_version_that_tells_begins_with_what_expires_in_its_days() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 78d
        {}
        after 1h
        after 1h
        ",
            program(r#","expiry":{"after":"2mo"}"#),
            program(r#","expiry":{"after":"2mo","notify":"7d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 78d                        
            program                          made v2
            after 1h                         
                                             10.00 expire at 2025-02-01T00:00:00Z
            after 1h                         
        "#]],
    );
}

#[test]
fn by_inactivity_all_points_are_told_of_again_once_the_player_was_active() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 25d
        wager w2 anna slots 50
        after 25d
        after 6d
        ",
            program(r#","expiry":{"inactivity":"1mo","notify":"7d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 25d                        
                                             10.00 expire at 2024-12-12T00:00:00Z
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-12
            after 25d                        
                                             15.00 expire at 2025-01-07T00:00:00Z
            after 6d                         
        "#]],
    );
}

#[test]
fn by_inactivity_it_is_time_to_tell_again_before_they_would_have_expired() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 100
        after 12d
        wager w2 anna slots 50
        after 9d
        after 2d
        ",
            program(r#","expiry":{"inactivity":"1mo","notify":"20d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            after 12d                        
                                             10.00 expire at 2024-12-12T00:00:00Z
            wager w2 anna slots 50           +5.00 by v1  balance 15.00
                                             earned: into 2024-11
            after 9d                         
            after 2d                         
                                             15.00 expire at 2024-12-24T00:00:00Z
        "#]],
    );
}

#[test]
fn whoever_comes_with_points_that_expire_soon_hears_of_it() {
    check(
        &format!(
            "
        {}
        after 81d
        open anna 20
        after 1h
        after 1h
        ",
            program(
                r#","expiry":{"after":"3mo","notify":"90d"},"tiers":{"window":{"rolling":"30d"},"levels":[{"name":"bronze","from":0}]}"#
            )
        ),
        expect![[r#"
            program                          made v1
            after 81d                        
            open anna 20                     done  balance 20.00
                                             opening: into 2025-01
            after 1h                         
                                             20.00 expire at 2025-05-01T00:00:00Z
            after 1h                         
        "#]],
    );
}
