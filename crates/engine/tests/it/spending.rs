//! Redemptions, adjustments, exclusions and balances of the system before, in the fold.

use std::ops::Bound;

use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::tables::exclusions::Exclusion;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::{REDEMPTION_MOVED, RedemptionMoved};
use accolade_wire::timestamp;
use expect_test::{Expect, expect};

use super::lots::{lots_in, program};
use super::play::Play;
use super::settling;

/// Plays a scenario under behaviour 2 and compares its transcript, with entries and notices.
fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, told_in, transcript);
}

pub(crate) fn told_in(recorded: &Recorded<'_>) -> Vec<String> {
    let moved = recorded.notices.iter().filter(|stored| stored.notice.kind == REDEMPTION_MOVED);
    let moved = moved.map(|stored| RedemptionMoved::read(&stored.notice.body).unwrap());
    let moved = moved.map(|moved| {
        let RedemptionMoved { state, points, at, .. } = moved;
        format!("{} {points} at {}", state.code(), timestamp::write(at))
    });
    lots_in(recorded).into_iter().chain(moved).collect()
}

#[test]
fn points_are_reserved_oldest_first_and_gone_once_that_is_confirmed() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        after 30d
        wager w2 anna slots 1000
        reserve anna 150
        confirm 1
        confirm 1
        cancel 1
        reserve anna 50.01
        reserve anna 50
        cancel 2
        cancel 2
        confirm 2
        reserve bert 10
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            after 30d                        
            wager w2 anna slots 1000         +100.00 by v1  balance 200.00
                                             earned: into 2024-12
            reserve anna 150                 made #1  balance 200.00
                                             reserved 150.00 at 2024-12-11T10:00:00Z
            confirm 1                        done  balance 50.00
                                             redeemed: 100.00 of 2024-11, 50.00 of 2024-12
                                             confirmed 150.00 at 2024-12-11T10:00:00Z
            confirm 1                        done  balance 50.00
            cancel 1                         declined redemption_confirmed  balance 50.00
            reserve anna 50.01               declined insufficient_points  balance 50.00
            reserve anna 50                  made #2  balance 50.00
                                             reserved 50.00 at 2024-12-11T10:00:00Z
            cancel 2                         done  balance 50.00
                                             cancelled 50.00 at 2024-12-11T10:00:00Z
            cancel 2                         done  balance 50.00
            confirm 2                        declined redemption_cancelled  balance 50.00
            reserve bert 10                  declined no_such_player
        "#]],
    );
}

/// Requests by their time, with what has become of each, wherever intervals end.
fn by_time(scenario: &str) -> Vec<String> {
    let played = |after_each: fn(&mut Play)| {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
            play.line(line);
            after_each(&mut play);
        }
        let tables = play.partition.tables();
        let excerpt = tables.requests_by_time.excerpt(Bound::Unbounded, usize::MAX);
        let rows = excerpt.read(0, &mut play.store).unwrap().rows;
        let told = rows.into_iter().map(|(key, player)| {
            let name = play.partition.players().get(player).name.to_string();
            let request = key.request(player);
            let is_open = play.partition.tables().reservations.get(&request).is_some();
            format!("{:?} {name} {} {is_open}", key.kind, timestamp::write(key.at.0))
        });
        told.collect::<Vec<_>>()
    };
    let told = played(|_| {});
    assert_eq!(played(Play::end_interval), told, "with an interval for each line");
    told
}

#[test]
fn what_is_asked_for_is_found_by_its_time_open_or_not() {
    let told = by_time(&format!(
        "
        {}
        wager w1 anna slots 1000
        wager w2 bert slots 1000
        reserve anna 10
        adjust anna 5
        after 1h
        reserve bert 10
        confirm 1
        after 1h
        reserve anna 1000
        reserve anna 20
        ",
        program("")
    ));
    expect![[r#"
        [
            "Redemption anna 2024-11-11T12:00:00Z true",
            "Redemption bert 2024-11-11T11:00:00Z false",
            "Redemption anna 2024-11-11T10:00:00Z false",
            "Adjustment anna 2024-11-11T10:00:00Z false",
        ]
    "#]]
    .assert_debug_eq(&told);
}

#[test]
fn at_exactly_hold_for_a_reservation_has_lapsed_and_is_never_confirmed_half() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reserve anna 60
        after 10m
        reserve anna 40
        after 19m
        confirm 2
        reserve anna 60
        after 1m
        confirm 1
        cancel 1
        reserve anna 60
        after 30m
        confirm 3
        ",
            program(r#","redemption":{"minPoints":10,"holdFor":"30m"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reserve anna 60                  made #1  balance 100.00
                                             reserved 60.00 at 2024-11-11T10:00:00Z
            after 10m                        
            reserve anna 40                  made #2  balance 100.00
                                             reserved 40.00 at 2024-11-11T10:10:00Z
            after 19m                        
            confirm 2                        done  balance 60.00
                                             redeemed: 40.00 of 2024-11
                                             confirmed 40.00 at 2024-11-11T10:29:00Z
            reserve anna 60                  declined insufficient_points  balance 60.00
            after 1m                         
                                             lapsed 60.00 at 2024-11-11T10:30:00Z
            confirm 1                        declined redemption_lapsed  balance 60.00
            cancel 1                         declined redemption_lapsed  balance 60.00
            reserve anna 60                  made #3  balance 60.00
                                             reserved 60.00 at 2024-11-11T10:30:00Z
            after 30m                        
                                             lapsed 60.00 at 2024-11-11T11:00:00Z
            confirm 3                        declined redemption_lapsed  balance 60.00
        "#]],
    );
}

#[test]
fn what_is_reserved_does_not_expire_and_does_so_at_once_when_it_is_given_back() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        after 50d
        reserve anna 60
        after 3d
        cancel 1
        after 1m
        wager w2 bert slots 1000
        after 84d
        after 10h
        after 1h
        reserve bert 60
        after 3h
        after 20d
        ",
            program(r#","expiry":{"after":"1mo"},"redemption":{"holdFor":"10d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            after 50d                        
            reserve anna 60                  made #1  balance 100.00
                                             reserved 60.00 at 2024-12-31T10:00:00Z
            after 3d                         
                                             expired -40.00 at 2025-01-01T00:00:00Z: 40.00 of 2024-11
            cancel 1                         done  balance 60.00
                                             cancelled 60.00 at 2025-01-03T10:00:00Z
            after 1m                         
                                             expired -60.00 at 2025-01-01T00:00:00Z: 60.00 of 2024-11
            wager w2 bert slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2025-01
            after 84d                        
                                             expired -100.00 at 2025-03-01T00:00:00Z: 100.00 of 2025-01
            after 10h                        
            after 1h                         
            reserve bert 60                  declined insufficient_points  balance 0.00
            after 3h                         
            after 20d                        
        "#]],
    );
}

#[test]
fn redemptions_wait_for_the_minimum_for_consent_and_while_a_void_has_taken_too_much() {
    check(
        &format!(
            "
        reserve anna 10
        event e1 anna
        reserve anna 10
        {}
        wager w1 anna slots 1000
        wager w2 anna slots 200
        reserve anna 9.99
        reserve anna 100
        void w1 anna
        cancel 1
        reserve anna 20.01
        consent anna out
        reserve anna 20
        consent anna in
        reserve anna 20
        void w2 anna
        confirm 2
        reserve anna 10
        ",
            program(r#","redemption":{"minPoints":10}"#)
        ),
        expect![[r#"
            reserve anna 10                  declined no_such_player
            event e1 anna                    counted  balance 0.00
            reserve anna 10                  declined no_program  balance 0.00
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            wager w2 anna slots 200          +20.00 by v1  balance 120.00
                                             earned: into 2024-11
            reserve anna 9.99                declined below_minimum  balance 120.00
            reserve anna 100                 made #1  balance 120.00
                                             reserved 100.00 at 2024-11-11T10:00:00Z
            void w1 anna                     -100.00 takes back batch 7  balance 20.00
                                             voided: 20.00 of 2024-11, 80.00 debt
            cancel 1                         done  balance 20.00
                                             cancelled 100.00 at 2024-11-11T10:00:00Z
            reserve anna 20.01               declined insufficient_points  balance 20.00
            consent anna out                 done  balance 20.00
            reserve anna 20                  declined no_consent  balance 20.00
            consent anna in                  done  balance 20.00
            reserve anna 20                  made #2  balance 20.00
                                             reserved 20.00 at 2024-11-11T10:00:00Z
            void w2 anna                     -20.00 takes back batch 8  balance 0.00
                                             voided: 20.00 debt
            confirm 2                        done  balance -20.00
                                             redeemed: 20.00 of 2024-11
                                             confirmed 20.00 at 2024-11-11T10:00:00Z
            reserve anna 10                  declined insufficient_points  balance -20.00
        "#]],
    );
}

#[test]
fn points_that_are_pending_cannot_be_spent() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reserve anna 1
        after 23h
        reserve anna 1
        after 1h
        reserve anna 100
        ",
            program(r#","pending":{"for":"24h"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11 from 2024-11-12T10:00:00Z
            reserve anna 1                   declined insufficient_points  balance 100.00
            after 23h                        
            reserve anna 1                   declined insufficient_points  balance 100.00
            after 1h                         
            reserve anna 100                 made #1  balance 100.00
                                             reserved 100.00 at 2024-11-12T10:00:00Z
        "#]],
    );
}

#[test]
fn a_person_adjusts_with_a_reason_and_beyond_the_limit_another_one_approves() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        adjust anna 100 by carl
        adjust anna -0.5 by carl
        adjust anna 100.01 by carl
        approve 3 by carl
        approve 3 by dora
        approve 3 by dora
        adjust anna -300 by carl
        approve 4 by dora
        adjust anna -299.51 by carl
        reject 5 by carl
        reserve anna 200
        adjust anna -100 by carl
        adjust bert 10 by carl
        approve 1 by dora
        ",
            program(r#","adjustments":{"approvalAbove":100}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            adjust anna 100 by carl          made #1  balance 200.00
                                             adjusted: into 2024-11
            adjust anna -0.5 by carl         made #2  balance 199.50
                                             adjusted: 0.50 of 2024-11
            adjust anna 100.01 by carl       made #3  balance 199.50
            approve 3 by carl                declined own_adjustment  balance 199.50
            approve 3 by dora                done  balance 299.51
                                             adjusted: into 2024-11
            approve 3 by dora                declined adjustment_closed  balance 299.51
            adjust anna -300 by carl         made #4  balance 299.51
            approve 4 by dora                declined insufficient_points  balance 299.51
            adjust anna -299.51 by carl      made #5  balance 299.51
            reject 5 by carl                 done  balance 299.51
            reserve anna 200                 made #6  balance 299.51
                                             reserved 200.00 at 2024-11-11T10:00:00Z
            adjust anna -100 by carl         declined insufficient_points  balance 299.51
            adjust bert 10 by carl           declined no_such_player
            approve 1 by dora                declined adjustment_closed  balance 299.51
        "#]],
    );
}

#[test]
fn who_is_excluded_earns_and_reserves_nothing_and_keeps_the_balance() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reserve anna 60
        exclude anna 24h
        wager w2 anna slots 1000
        reserve anna 10
        confirm 1
        exclude anna 12h
        exclude anna 48h
        after 47h
        wager w3 anna slots 1000
        after 1h
        wager w4 anna slots 1000
        reserve anna 10
        exclude bert
        wager w5 bert slots 1000
        after 900d
        wager w6 bert slots 1000
        readmit bert
        readmit bert
        wager w7 bert slots 1000
        void w1 anna
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reserve anna 60                  made #1  balance 100.00
                                             reserved 60.00 at 2024-11-11T10:00:00Z
            exclude anna 24h                 done  balance 100.00
                                             cancelled 60.00 at 2024-11-11T10:00:00Z
            wager w2 anna slots 1000         refused self_excluded  balance 100.00
            reserve anna 10                  declined self_excluded  balance 100.00
            confirm 1                        declined redemption_cancelled  balance 100.00
            exclude anna 12h                 declined exclusion_holds  balance 100.00
            exclude anna 48h                 done  balance 100.00
            after 47h                        
            wager w3 anna slots 1000         refused self_excluded  balance 100.00
            after 1h                         
            wager w4 anna slots 1000         +100.00 by v1  balance 200.00
                                             earned: into 2024-11
            reserve anna 10                  made #2  balance 200.00
                                             reserved 10.00 at 2024-11-13T10:00:00Z
            exclude bert                     done  balance 0.00
            wager w5 bert slots 1000         refused self_excluded  balance 0.00
            after 900d                       
                                             lapsed 10.00 at 2024-11-13T10:15:00Z
            wager w6 bert slots 1000         refused self_excluded  balance 0.00
            readmit bert                     done  balance 0.00
            readmit bert                     declined not_excluded  balance 0.00
            wager w7 bert slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2027-05
            void w1 anna                     -100.00 takes back batch 4  balance 100.00
                                             voided: 100.00 of 2024-11
        "#]],
    );
}

#[test]
fn an_exclusion_that_is_asked_for_again_or_made_longer_holds_since_it_began() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let mut said = String::new();
    for line in [
        "exclude anna 24h",
        "after 1h",
        "exclude anna 23h",
        "exclude anna 48h",
        "exclude anna",
        "exclude anna",
        "exclude anna 900d",
    ] {
        said += &play.line(line);
    }
    expect![[r#"
        done  balance 0.00

        done  balance 0.00
        done  balance 0.00
        done  balance 0.00
        done  balance 0.00
        declined exclusion_holds  balance 0.00
    "#]]
    .assert_eq(&said);
    let exclusions: Vec<_> = play.partition.tables().exclusions.iter().collect();
    let [(_, Exclusion { from, until, .. })] = exclusions[..] else { panic!("there is one") };
    assert_eq!(timestamp::write(*from).to_string(), "2024-11-11T10:00:00Z");
    assert_eq!(*until, None);
}

#[test]
fn the_balance_of_the_system_before_is_taken_over_once() {
    check(
        &format!(
            "
        open anna 250
        {}
        open anna 250
        reserve anna 250
        confirm 1
        wager w1 bert slots 10
        open bert 99.99
        ",
            program("")
        ),
        expect![[r#"
            open anna 250                    done  balance 250.00
                                             opening: into 2024-11
            program                          made v1
            open anna 250                    declined opening_exists  balance 250.00
            reserve anna 250                 made #1  balance 250.00
                                             reserved 250.00 at 2024-11-11T10:00:00Z
            confirm 1                        done  balance 0.00
                                             redeemed: 250.00 of 2024-11
                                             confirmed 250.00 at 2024-11-11T10:00:00Z
            wager w1 bert slots 10           +1.00 by v1  balance 1.00
                                             earned: into 2024-11
            open bert 99.99                  done  balance 100.99
                                             opening: into 2024-11
        "#]],
    );
}

#[test]
fn what_lapses_late_has_lapsed_and_expired_when_it_did() {
    let program = program(r#","expiry":{"after":"1mo"},"redemption":{"holdFor":"10d"}"#);
    let scenario = |late: &str| {
        format!(
            "
        {program}
        wager w1 anna slots 1000
        after 48d
        reserve anna 60
        {late}
        wager w2 anna slots 10
        "
        )
    };
    check(
        &scenario("after 30d"),
        expect![[r#"
        program                          made v1
        wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                         earned: into 2024-11
        after 48d                        
        reserve anna 60                  made #1  balance 100.00
                                         reserved 60.00 at 2024-12-29T10:00:00Z
        after 30d                        
                                         expired -40.00 at 2025-01-01T00:00:00Z: 40.00 of 2024-11
                                         expired -60.00 at 2025-01-01T00:00:00Z: 60.00 of 2024-11
                                         lapsed 60.00 at 2025-01-08T10:00:00Z
        wager w2 anna slots 10           +1.00 by v1  balance 1.00
                                         earned: into 2025-01
    "#]],
    );
    check(
        &scenario("after 3d\nafter 8d\nafter 19d"),
        expect![[r#"
        program                          made v1
        wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                         earned: into 2024-11
        after 48d                        
        reserve anna 60                  made #1  balance 100.00
                                         reserved 60.00 at 2024-12-29T10:00:00Z
        after 3d                         
                                         expired -40.00 at 2025-01-01T00:00:00Z: 40.00 of 2024-11
        after 8d                         
                                         expired -60.00 at 2025-01-01T00:00:00Z: 60.00 of 2024-11
                                         lapsed 60.00 at 2025-01-08T10:00:00Z
        after 19d                        
        wager w2 anna slots 10           +1.00 by v1  balance 1.00
                                         earned: into 2025-01
    "#]],
    );
}

#[test]
fn what_is_given_back_after_a_version_began_expires_alike_however_late_that_is_seen() {
    let terms = r#","redemption":{"holdFor":"10d"}"#;
    let (plain, expiring) =
        (program(terms), program(&format!(r#","expiry":{{"after":"1mo"}}{terms}"#)));
    let scenario = |late: &str| {
        format!(
            "
        {plain}
        wager w1 anna slots 1000
        after 30d
        wager w2 anna slots 1000
        after 80d
        wager w3 anna slots 10
        reserve anna 190
        {expiring} at 24h
        {late}
        "
        )
    };
    check(
        &scenario("after 20d"),
        expect![[r#"
        program                          made v1
        wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                         earned: into 2024-11
        after 30d                        
        wager w2 anna slots 1000         +100.00 by v1  balance 200.00
                                         earned: into 2024-12
        after 80d                        
        wager w3 anna slots 10           +1.00 by v1  balance 201.00
                                         earned: into 2025-03
        reserve anna 190                 made #1  balance 201.00
                                         reserved 190.00 at 2025-03-01T10:00:00Z
        program                          made v2
        after 20d                        
                                         expired -10.00 at 2025-03-02T10:00:00Z: 10.00 of 2024-12
                                         expired -100.00 at 2025-01-01T00:00:00Z: 100.00 of 2024-11
                                         expired -90.00 at 2025-02-01T00:00:00Z: 90.00 of 2024-12
                                         lapsed 190.00 at 2025-03-11T10:00:00Z
    "#]],
    );
    check(
        &scenario("after 2d\nafter 18d"),
        expect![[r#"
        program                          made v1
        wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                         earned: into 2024-11
        after 30d                        
        wager w2 anna slots 1000         +100.00 by v1  balance 200.00
                                         earned: into 2024-12
        after 80d                        
        wager w3 anna slots 10           +1.00 by v1  balance 201.00
                                         earned: into 2025-03
        reserve anna 190                 made #1  balance 201.00
                                         reserved 190.00 at 2025-03-01T10:00:00Z
        program                          made v2
        after 2d                         
                                         expired -10.00 at 2025-03-02T10:00:00Z: 10.00 of 2024-12
        after 18d                        
                                         expired -100.00 at 2025-01-01T00:00:00Z: 100.00 of 2024-11
                                         expired -90.00 at 2025-02-01T00:00:00Z: 90.00 of 2024-12
                                         lapsed 190.00 at 2025-03-11T10:00:00Z
    "#]],
    );
}

#[test]
fn what_hundreds_of_redemptions_give_back_at_once_expires_in_an_entry_that_is_read_back() {
    let scenario = format!(
        "
        {}
        wager w1 anna slots 3000
        after 30d
        {}
        after 60d
        ",
        program(r#","expiry":{"after":"1mo"},"redemption":{"holdFor":"30d"}"#),
        "reserve anna 1\n".repeat(200)
    );
    let heard = settling::heard(&scenario, told_in);
    let expired: Vec<_> = heard.lines().filter_map(|line| line.split_once("expired ")).collect();
    assert_eq!(expired.len(), 32);
    let of = |at: usize| expired[at].1;
    let told = [of(0), of(1), of(30), of(31)].join("\n");
    expect![[r#"
        -100.00 at 2025-01-01T00:00:00Z: 100.00 of 2024-11
        -1.00 at 2025-01-01T00:00:00Z: 1.00 of 2024-11
        -1.00 at 2025-01-01T00:00:00Z: 1.00 of 2024-11
        -170.00 at 2025-01-01T00:00:00Z: 170.00 of 2024-11"#]]
    .assert_eq(&told);
}

#[test]
fn so_many_redemptions_of_a_player_are_open_and_one_more_once_one_of_them_is_not() {
    let scenario = format!(
        "
        {}
        wager w1 anna slots 3000
        wager w2 bert slots 3000
        {}
        reserve bert 1
        confirm 7
        reserve anna 1
        reserve anna 1
        ",
        program(""),
        "reserve anna 1\n".repeat(257)
    );
    let heard = settling::heard(&scenario, |_| Vec::new());
    let told: Vec<_> = heard.lines().map(str::trim_end).collect();
    expect![[r#"
        reserve anna 1                   made #256  balance 300.00
        reserve anna 1                   declined too_many_open  balance 300.00
        reserve bert 1                   made #257  balance 300.00
        confirm 7                        done  balance 299.00
        reserve anna 1                   made #258  balance 299.00
        reserve anna 1                   declined too_many_open  balance 299.00"#]]
    .assert_eq(&told[258..].join("\n"));
}

#[test]
fn so_many_adjustments_of_a_player_wait_and_one_more_once_one_of_them_does_not() {
    let scenario = format!(
        "
        {}
        wager w1 anna slots 3000
        {}
        reject 1 by dora
        adjust anna 100 by carl
        adjust anna 100 by carl
        adjust anna 10 by carl
        ",
        program(r#","adjustments":{"approvalAbove":10}"#),
        "adjust anna 100 by carl\n".repeat(17)
    );
    let heard = settling::heard(&scenario, |_| Vec::new());
    let told: Vec<_> = heard.lines().map(str::trim_end).collect();
    expect![[r#"
        adjust anna 100 by carl          made #16  balance 300.00
        adjust anna 100 by carl          declined too_many_open  balance 300.00
        reject 1 by dora                 done  balance 300.00
        adjust anna 100 by carl          made #17  balance 300.00
        adjust anna 100 by carl          declined too_many_open  balance 300.00
        adjust anna 10 by carl           made #18  balance 310.00"#]]
    .assert_eq(&told[17..].join("\n"));
}

#[test]
fn a_balance_of_the_system_before_is_more_than_nothing_and_has_an_id() {
    check(
        "
        open anna 0
        open anna -1
        open anna 0.01
        ",
        expect![[r#"
            open anna 0                      declined malformed
            open anna -1                     declined malformed
            open anna 0.01                   done  balance 0.01
                                             opening: into 2024-11
        "#]],
    );
}

#[test]
fn what_was_decided_is_known_for_ten_years_and_then_nobody_finds_it_whatever_is_still_on_disk() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reserve anna 10
        confirm 1
        after 3659d
        confirm 1
        after 1d
        confirm 1
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reserve anna 10                  made #1  balance 100.00
                                             reserved 10.00 at 2024-11-11T10:00:00Z
            confirm 1                        done  balance 90.00
                                             redeemed: 10.00 of 2024-11
                                             confirmed 10.00 at 2024-11-11T10:00:00Z
            after 3659d                      
            confirm 1                        done  balance 90.00
            after 1d                         
            confirm 1                        declined no_such_redemption  balance 90.00
        "#]],
    );
}
