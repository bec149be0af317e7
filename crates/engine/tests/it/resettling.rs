//! What comes late in tournaments: remarked, and counted once they are settled again.

use std::sync::Arc;

use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::lots::program;
use super::play::Play;
use super::settling;
use super::tournaments::prizes_in;

/// Plays a scenario under behaviour 2 and compares its transcript, with what is told of prizes.
fn check(scenario: &str, transcript: Expect) {
    settling::check(&scenario.replace("PROGRAM", &program("")), prizes_in, transcript);
}

#[test]
fn what_comes_late_is_remarked_and_changes_positions_only_once_it_is_settled_again() {
    check(
        r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        tournament dice +1h +2h SELECT playerId, COUNT(*) FROM wagers WHERE gameCategory = 'dice' GROUP BY playerId
        tournament week +1h +90h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 8
        wager w3 anna slots 5
        after 61m
        remarks race
        resettling race
        void w1 anna
        wager w4 cara slots 7 at -30m
        wager w5 cara slots 9 at -2h
        settled race
        wager w6 dora slots 20 at -30m
        void w6 dora
        board race
        board week
        remarks race
        remarks dice
        resettling race
        paid race
        resettling race
        resettling race
        paid race
        board race
        void w2 bert
        void w4 cara
        remarks race
        settled race
        settled race
        paid race
        board race
        resettling race
        board race
        settled race
        paid race
        after 8d
        wager w7 anna slots 1 at -6d
        void w3 anna
        remarks race
        after 22d
        resettling race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v1
            tournament dice +1h +2h SELECT playerId, COUNT(*) FROM wagers WHERE gameCategory = 'dice' GROUP BY playerId made v2
            tournament week +1h +90h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v3
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 8            +0.80 by v1  balance 0.80
            wager w3 anna slots 5            +0.50 by v1  balance 1.50
            after 61m                        
            remarks race                     nothing
            resettling race                  declined malformed
            void w1 anna                     -1.00 takes back batch 8  balance 0.50
            wager w4 cara slots 7 at -30m    +0.70 by v1  balance 0.70
            wager w5 cara slots 9 at -2h     +0.90 by v1  balance 1.60
            settled race                     made v1
            wager w6 dora slots 20 at -30m   +2.00 by v1  balance 2.00
            void w6 dora                     -2.00 takes back batch 17  balance 0.00
            board race                       1. anna 15  2. bert 8
            board week                       1. bert 1  2. anna 1  3. cara 1
            remarks race                     2 wagers, 2 voids, 0 game events; Void w1 of anna: -10 to 5; Wager w4 of cara: 7 to 7; Wager w6 of dora: 20 to 20; Void w6 of dora: -20 to 0
            remarks dice                     nothing
            resettling race                  declined stale
            paid race                        made v1
            resettling race                  made v1
            resettling race                  declined tournament_over
            paid race                        declined stale
            board race                       1. bert 8  2. cara 7  3. anna 5
            void w2 bert                     -0.80 takes back batch 9  balance 0.00
            void w4 cara                     -0.70 takes back batch 14  balance 0.90
            remarks race                     0 wagers, 2 voids, 0 game events; Void w2 of bert: -8 to 0; Void w4 of cara: -7 to 0
            settled race                     made v1
            settled race                     declined tournament_over
            paid race                        made v1
            board race                       1. bert 8  2. cara 7  3. anna 5
            resettling race                  made v1
            board race                       1. anna 5
            settled race                     made v1
            paid race                        made v1
            after 8d                         
            wager w7 anna slots 1 at -6d     +0.10 by v1  balance 0.60
            void w3 anna                     -0.50 takes back batch 10  balance 0.10
            remarks race                     nothing
            after 22d                        
            resettling race                  declined tournament_over
        "#]],
    );
}

#[test]
fn who_was_paid_gets_the_difference_and_loses_nothing_without_a_word() {
    check(
        r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"prizes":[{"places":{"range":{"from":1,"to":1}},"win":{"points":5000}},{"places":{"range":{"from":2,"to":2}},"win":{"points":3000}},{"places":{"range":{"from":3,"to":9}},"win":{"thing":{"kind":"voucher","name":"a cup of tea"}}}]}
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        wager w3 cara slots 10
        wager w4 dora slots 10
        wager w5 emil slots 10
        after 61m
        settled race
        award race anna 1 50
        award race bert 2 30
        award race cara 3 0 2
        award race dora 4 0 2
        fulfil race cara 3 paid
        paid race
        resettling race
        award race bert 1 50 was 2
        settled race
        award race bert 1 50 was 7
        award race bert 1 50 was 1
        award race bert 1 50 was 2
        award race bert 1 50 was 2
        award race anna 2 30 was 1
        award race cara 3 0 2 was 3
        award race emil 4 0 2
        award race dora 5 0 was 4
        fulfil race cara 3 failed
        fulfil race emil 4 paid
        paid race
        award race bert 1 50 was 2
        resettling race takes-back
        settled race
        exclude bert 1d
        adjust anna -45
        award race cara 1 50 was 3
        award race bert 2 30 was 1
        award race anna 3 0 2 was 2
        award race emil 4 0 was 4
        paid race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            wager w3 cara slots 10           +1.00 by v1  balance 1.00
            wager w4 dora slots 10           +1.00 by v1  balance 1.00
            wager w5 emil slots 10           +1.00 by v1  balance 1.00
            after 61m                        
            settled race                     made v1
            award race anna 1 50             done  balance 51.00
                                             prize 50.00 of race
                                             race 1: 50.00 paid
            award race bert 2 30             done  balance 31.00
                                             prize 30.00 of race
                                             race 2: 30.00 paid
            award race cara 3 0 2            done  balance 1.00
                                             race 3: 0.00 and a cup of tea processing
            award race dora 4 0 2            done  balance 1.00
                                             race 4: 0.00 and a cup of tea processing
            fulfil race cara 3 paid          done  balance 1.00
                                             race 3: 0.00 and a cup of tea paid: because
            paid race                        made v1
            resettling race                  made v1
            award race bert 1 50 was 2       declined stale  balance 31.00
            settled race                     made v1
            award race bert 1 50 was 7       declined no_such_prize  balance 31.00
            award race bert 1 50 was 1       declined no_such_prize  balance 31.00
            award race bert 1 50 was 2       done  balance 51.00
                                             prize 20.00 of race
                                             race 1: 50.00 paid
            award race bert 1 50 was 2       done  balance 51.00
            award race anna 2 30 was 1       done  balance 51.00
                                             race 2: 30.00 paid
            award race cara 3 0 2 was 3      done  balance 1.00
            award race emil 4 0 2            done  balance 1.00
                                             race 4: 0.00 and a cup of tea processing
            award race dora 5 0 was 4        done  balance 1.00
            fulfil race cara 3 failed        declined prize_closed  balance 1.00
            fulfil race emil 4 paid          done  balance 1.00
                                             race 4: 0.00 and a cup of tea paid: because
            paid race                        made v1
            award race bert 1 50 was 2       done  balance 51.00
            resettling race takes-back       made v1
            settled race                     made v1
            exclude bert 1d                  done  balance 51.00
            adjust anna -45                  made #1  balance 6.00
            award race cara 1 50 was 3       done  balance 51.00
                                             prize 50.00 of race
                                             race 1: 50.00 paid
            award race bert 2 30 was 1       done  balance 31.00
                                             prize -20.00 of race
                                             race 2: 30.00 paid
            award race anna 3 0 2 was 2      done  balance 0.00
                                             prize -6.00 of race
                                             race 3: 0.00 and a cup of tea processing
            award race emil 4 0 was 4        done  balance 1.00
            paid race                        made v1
        "#]],
    );
}

#[test]
fn who_was_disqualified_stays_so_and_what_waits_for_approval_is_paid_after_it() {
    check(
        r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"approval":true,"prizes":[{"places":{"range":{"from":1,"to":3}},"win":{"points":5000}}]}
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        after 61m
        settled race
        award race anna 1 50
        award race bert 2 50
        fulfil race bert 2 notEligible
        approved race
        pay race anna 1 50
        paid race
        resettling race
        approved race
        settled race
        award race bert 1 50 was 2
        award race anna 2 50 was 1
        award race cara 3 50
        pay race bert 1 50 was 2
        approved race
        pay race bert 1 50 was 2
        pay race anna 2 50 was 1
        pay race anna 2 50 was 1
        paid race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            after 61m                        
            settled race                     made v1
            award race anna 1 50             done  balance 1.00
                                             race 1: 50.00 awaiting_approval
            award race bert 2 50             done  balance 1.00
                                             race 2: 50.00 awaiting_approval
            fulfil race bert 2 notEligible   done  balance 1.00
                                             race 2: 50.00 not_eligible: because
            approved race                    made v1
            pay race anna 1 50               done  balance 51.00
                                             prize 50.00 of race
                                             race 1: 50.00 paid
            paid race                        made v1
            resettling race                  made v1
            approved race                    declined stale
            settled race                     made v1
            award race bert 1 50 was 2       done  balance 1.00
                                             race 1: 50.00 not_eligible: because
            award race anna 2 50 was 1       done  balance 51.00
                                             race 2: 50.00 awaiting_approval
            award race cara 3 50             declined no_such_player
            pay race bert 1 50 was 2         declined stale  balance 1.00
            approved race                    made v1
            pay race bert 1 50 was 2         done  balance 1.00
            pay race anna 2 50 was 1         done  balance 51.00
                                             race 2: 50.00 paid
            pay race anna 2 50 was 1         done  balance 51.00
            paid race                        made v1
        "#]],
    );
}

const THINGS: &str = r#"{"prizes":[{"places":{"range":{"from":1,"to":1}},"win":{"thing":{"kind":"voucher","name":"a cup of tea"}}},{"places":{"range":{"from":2,"to":2}},"win":{"thing":{"kind":"voucher","name":"a biscuit"}}},{"places":{"range":{"from":3,"to":3}},"win":{"thing":{"kind":"voucher","name":"a spoon"}}}]}"#;

#[test]
fn a_thing_is_given_once_however_often_it_is_lost_and_won_again() {
    let scenario = r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId THINGS
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        wager w3 cara slots 10
        after 61m
        settled race
        award race anna 1 0 0
        award race bert 2 0 1
        award race cara 3 0 2
        fulfil race anna 1 paid
        fulfil race bert 2 failed
        fulfil race cara 3 paid
        paid race
        resettling race
        settled race
        award race bert 1 0 0 was 2
        award race anna 2 0 1 was 1
        award race cara 4 0 was 3
        fulfil race bert 1 failed
        fulfil race bert 1 retrying
        fulfil race bert 1 paid
        fulfil race anna 2 paid
        paid race
        resettling race
        settled race
        award race anna 1 0 0 was 2
        award race anna 1 0 0 was 2
        award race bert 2 0 1 was 1
        award race cara 4 0 was 4
        fulfil race anna 1 failed
        fulfil race bert 2 paid
        paid race
        resettling race takes-back
        settled race
        award race bert 1 0 0 was 2
        award race anna 2 0 1 was 1
        award race cara 3 0 2 was 4
        paid race
        resettling race
        settled race
        award race bert 1 0 0 was 1
        award race cara 2 0 1 was 3
        award race anna 4 0 was 2
        paid race
        "#;
    check(
        &scenario.replace("THINGS", THINGS),
        expect![[r#"
        program                          made v1
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
        after 1h                         
        wager w1 anna slots 10           +1.00 by v1  balance 1.00
        wager w2 bert slots 10           +1.00 by v1  balance 1.00
        wager w3 cara slots 10           +1.00 by v1  balance 1.00
        after 61m                        
        settled race                     made v1
        award race anna 1 0 0            done  balance 1.00
                                         race 1: 0.00 and a cup of tea processing
        award race bert 2 0 1            done  balance 1.00
                                         race 2: 0.00 and a biscuit processing
        award race cara 3 0 2            done  balance 1.00
                                         race 3: 0.00 and a spoon processing
        fulfil race anna 1 paid          done  balance 1.00
                                         race 1: 0.00 and a cup of tea paid: because
        fulfil race bert 2 failed        done  balance 1.00
                                         race 2: 0.00 and a biscuit failed: because
        fulfil race cara 3 paid          done  balance 1.00
                                         race 3: 0.00 and a spoon paid: because
        paid race                        made v1
        resettling race                  made v1
        settled race                     made v1
        award race bert 1 0 0 was 2      done  balance 1.00
                                         race 1: 0.00 and a cup of tea processing
        award race anna 2 0 1 was 1      done  balance 1.00
                                         race 2: 0.00 and a biscuit processing
        award race cara 4 0 was 3        done  balance 1.00
        fulfil race bert 1 failed        done  balance 1.00
                                         race 1: 0.00 and a cup of tea failed: because
        fulfil race bert 1 retrying      done  balance 1.00
                                         race 1: 0.00 and a cup of tea retrying: because
        fulfil race bert 1 paid          done  balance 1.00
                                         race 1: 0.00 and a cup of tea paid: because
        fulfil race anna 2 paid          done  balance 1.00
                                         race 2: 0.00 and a biscuit paid: because
        paid race                        made v1
        resettling race                  made v1
        settled race                     made v1
        award race anna 1 0 0 was 2      done  balance 1.00
                                         race 1: 0.00 and a cup of tea paid: the player was given it when the tournament was settled before
        award race anna 1 0 0 was 2      done  balance 1.00
        award race bert 2 0 1 was 1      done  balance 1.00
                                         race 2: 0.00 and a biscuit processing
        award race cara 4 0 was 4        done  balance 1.00
        fulfil race anna 1 failed        declined prize_closed  balance 1.00
        fulfil race bert 2 paid          done  balance 1.00
                                         race 2: 0.00 and a biscuit paid: because
        paid race                        made v1
        resettling race takes-back       made v1
        settled race                     made v1
        award race bert 1 0 0 was 2      done  balance 1.00
                                         race 1: 0.00 and a cup of tea paid: the player was given it when the tournament was settled before
        award race anna 2 0 1 was 1      done  balance 1.00
                                         race 2: 0.00 and a biscuit paid: the player was given it when the tournament was settled before
        award race cara 3 0 2 was 4      done  balance 1.00
                                         race 3: 0.00 and a spoon paid: the player was given it when the tournament was settled before
        paid race                        made v1
        resettling race                  made v1
        settled race                     made v1
        award race bert 1 0 0 was 1      done  balance 1.00
        award race cara 2 0 1 was 3      done  balance 1.00
                                         race 2: 0.00 and a biscuit processing
        award race anna 4 0 was 2        done  balance 1.00
        paid race                        made v1
    "#]],
    );
}

#[test]
fn a_thing_that_a_player_has_is_not_tried_again_because_points_failed() {
    let scenario = r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId THINGS
        after 1h
        wager w1 anna slots 10
        after 61m
        settled race
        award race anna 1 0 0
        fulfil race anna 1 paid
        paid race
        resettling race
        settled race
        adjust anna 999999999999990
        award race anna 2 50 1 was 1
        fulfil race anna 2 retrying
        fulfil race anna 2 failed
        paid race
        resettling race
        settled race
        award race anna 1 50 0 was 2
        fulfil race anna 1 retrying
        paid race
        "#;
    check(
        &scenario.replace("THINGS", THINGS),
        expect![[r#"
        program                          made v1
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
        after 1h                         
        wager w1 anna slots 10           +1.00 by v1  balance 1.00
        after 61m                        
        settled race                     made v1
        award race anna 1 0 0            done  balance 1.00
                                         race 1: 0.00 and a cup of tea processing
        fulfil race anna 1 paid          done  balance 1.00
                                         race 1: 0.00 and a cup of tea paid: because
        paid race                        made v1
        resettling race                  made v1
        settled race                     made v1
        adjust anna 999999999999990      made #1  balance 999999999999991.00
        award race anna 2 50 1 was 1     done  balance 999999999999991.00
                                         race 2: 50.00 and a biscuit failed: the balance would be greater than any may be
        fulfil race anna 2 retrying      done  balance 999999999999991.00
                                         race 2: 50.00 and a biscuit retrying: because
        fulfil race anna 2 failed        done  balance 999999999999991.00
                                         race 2: 50.00 and a biscuit failed: because
        paid race                        made v1
        resettling race                  made v1
        settled race                     made v1
        award race anna 1 50 0 was 2     done  balance 999999999999991.00
                                         race 1: 50.00 and a cup of tea failed: the balance would be greater than any may be
        fulfil race anna 1 retrying      declined prize_closed  balance 999999999999991.00
        paid race                        made v1
    "#]],
    );
}

#[test]
fn who_was_refused_by_a_person_stays_so_however_often_it_is_settled() {
    check(
        r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"approval":true,"prizes":[{"places":{"range":{"from":1,"to":3}},"win":{"points":5000}}]}
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        wager w3 cara slots 10
        after 61m
        settled race
        award race anna 1 50
        award race bert 2 50
        award race cara 3 50
        fulfil race bert 2 notEligible
        approved race
        pay race anna 1 50
        pay race cara 3 50
        paid race
        resettling race
        settled race
        award race anna 1 50 was 1
        award race cara 2 50 was 3
        award race bert 4 0 was 2
        approved race
        pay race anna 1 50 was 1
        pay race cara 2 50 was 3
        paid race
        resettling race
        settled race
        award race bert 1 50 was 4
        award race anna 2 50 was 1
        award race cara 3 50 was 2
        approved race
        pay race bert 1 50 was 4
        pay race anna 2 50 was 1
        pay race cara 3 50 was 2
        paid race
        resettling race takes-back
        settled race
        award race bert 1 50 was 1
        award race anna 2 50 was 2
        award race cara 3 50 was 3
        adjust anna -21
        fulfil race anna 2 notEligible
        approved race
        pay race bert 1 50 was 1
        pay race anna 2 50 was 2
        pay race cara 3 50 was 3
        paid race
        adjust anna 100
        resettling race
        settled race
        award race anna 1 50 was 2
        approved race
        pay race anna 1 50 was 2
        paid race
        resettling race takes-back
        settled race
        award race anna 1 50 was 1
        approved race
        pay race anna 1 50 was 1
        pay race anna 1 50 was 1
        paid race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            wager w3 cara slots 10           +1.00 by v1  balance 1.00
            after 61m                        
            settled race                     made v1
            award race anna 1 50             done  balance 1.00
                                             race 1: 50.00 awaiting_approval
            award race bert 2 50             done  balance 1.00
                                             race 2: 50.00 awaiting_approval
            award race cara 3 50             done  balance 1.00
                                             race 3: 50.00 awaiting_approval
            fulfil race bert 2 notEligible   done  balance 1.00
                                             race 2: 50.00 not_eligible: because
            approved race                    made v1
            pay race anna 1 50               done  balance 51.00
                                             prize 50.00 of race
                                             race 1: 50.00 paid
            pay race cara 3 50               done  balance 51.00
                                             prize 50.00 of race
                                             race 3: 50.00 paid
            paid race                        made v1
            resettling race                  made v1
            settled race                     made v1
            award race anna 1 50 was 1       done  balance 51.00
                                             race 1: 50.00 awaiting_approval
            award race cara 2 50 was 3       done  balance 51.00
                                             race 2: 50.00 awaiting_approval
            award race bert 4 0 was 2        done  balance 1.00
            approved race                    made v1
            pay race anna 1 50 was 1         done  balance 51.00
                                             race 1: 50.00 paid
            pay race cara 2 50 was 3         done  balance 51.00
                                             race 2: 50.00 paid
            paid race                        made v1
            resettling race                  made v1
            settled race                     made v1
            award race bert 1 50 was 4       done  balance 1.00
                                             race 1: 50.00 not_eligible: because
            award race anna 2 50 was 1       done  balance 51.00
                                             race 2: 50.00 awaiting_approval
            award race cara 3 50 was 2       done  balance 51.00
                                             race 3: 50.00 awaiting_approval
            approved race                    made v1
            pay race bert 1 50 was 4         done  balance 1.00
            pay race anna 2 50 was 1         done  balance 51.00
                                             race 2: 50.00 paid
            pay race cara 3 50 was 2         done  balance 51.00
                                             race 3: 50.00 paid
            paid race                        made v1
            resettling race takes-back       made v1
            settled race                     made v1
            award race bert 1 50 was 1       done  balance 1.00
                                             race 1: 50.00 not_eligible: because
            award race anna 2 50 was 2       done  balance 51.00
                                             race 2: 50.00 awaiting_approval
            award race cara 3 50 was 3       done  balance 51.00
                                             race 3: 50.00 awaiting_approval
            adjust anna -21                  made #1  balance 30.00
            fulfil race anna 2 notEligible   done  balance 0.00
                                             prize -30.00 of race
                                             race 2: 50.00 not_eligible: because
            approved race                    made v1
            pay race bert 1 50 was 1         done  balance 1.00
            pay race anna 2 50 was 2         done  balance 0.00
            pay race cara 3 50 was 3         done  balance 51.00
                                             race 3: 50.00 paid
            paid race                        made v1
            adjust anna 100                  made #2  balance 100.00
            resettling race                  made v1
            settled race                     made v1
            award race anna 1 50 was 2       done  balance 100.00
                                             race 1: 50.00 not_eligible: because
            approved race                    made v1
            pay race anna 1 50 was 2         done  balance 100.00
            paid race                        made v1
            resettling race takes-back       made v1
            settled race                     made v1
            award race anna 1 50 was 1       done  balance 100.00
                                             race 1: 50.00 not_eligible: because
            approved race                    made v1
            pay race anna 1 50 was 1         done  balance 80.00
                                             prize -20.00 of race
                                             race 1: 50.00 not_eligible: because
            pay race anna 1 50 was 1         done  balance 80.00
            paid race                        made v1
        "#]],
    );
}

fn tournament(play: &Play, id: &str) -> Arc<Tournament> {
    let house = play.partition.rules().operator("house").unwrap();
    Arc::clone(house.tournaments.get(id).unwrap())
}

const SCORES: [&str; 5] =
    ["SUM(wagerAmount)", "COUNT(*)", "MAX(wagerAmount)", "MIN(wagerAmount)", "AVG(wagerAmount)"];
const PLAYERS: [&str; 3] = ["anna", "bert", "cara"];

/// A wager, or the void of one that may have come before, and how many minutes pass after it.
#[derive(Debug, Clone)]
enum Comes {
    Wager { player: usize, stake: u32, ago: u32 },
    Void { of: usize },
    SettledAgain,
}

fn comes() -> impl Strategy<Value = Comes> {
    prop_oneof![
        5 => (0..PLAYERS.len(), 1..6_u32, 0..90_u32)
            .prop_map(|(player, stake, ago)| Comes::Wager { player, stake, ago }),
        3 => (0..30_usize).prop_map(|of| Comes::Void { of }),
        1 => Just(Comes::SettledAgain),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// One tournament waits for a day, and so everything counts in it that comes late in the other: what that comes to
    /// when it is settled again is what the first has come to by then, ties and all.
    #[test]
    fn settled_again_a_tournament_is_as_if_nothing_had_come_late(
        score in 0..SCORES.len(),
        caps in any::<bool>(),
        script in prop::collection::vec((comes(), 0..12_u32), 1..60),
        end_intervals in any::<bool>(),
    ) {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        play.line(&program(""));
        let query = format!("SELECT playerId, {} FROM wagers GROUP BY playerId", SCORES[score]);
        let caps = if caps && score < 2 { r#","capPerHour":"6000000000000000000""# } else { "" };
        for (id, grace) in [("race", 0), ("patient", 86_400)] {
            let line = format!(r#"tournament {id} +1m +2h {query} {{"graceSeconds":{grace}{caps}}}"#);
            play.line(&line);
        }
        play.line("after 1m");
        let (mut wagers, mut minutes) = (Vec::new(), 0);
        let (mut is_closed, mut times) = (false, 0);
        let end = (Comes::SettledAgain, 0);
        for (comes, passes) in script.into_iter().chain([end]) {
            if minutes >= 119 && !is_closed {
                is_closed = true;
                play.line("settled race");
                play.line("paid race");
            }
            match comes {
                Comes::Wager { player, stake, ago } => {
                    let (number, player) = (wagers.len() + 1, PLAYERS[player]);
                    play.line(&format!("wager w{number} {player} slots {stake} at -{ago}m"));
                    wagers.push(player);
                }
                Comes::Void { of } if of < wagers.len() => {
                    play.line(&format!("void w{} {}", of + 1, wagers[of]));
                }
                Comes::SettledAgain if is_closed => {
                    for step in ["resettling", "settled", "paid"] {
                        play.line(&format!("{step} race"));
                    }
                    times += 1;
                    prop_assert_eq!(tournament(&play, "race").settlement(), times);
                    let (race, patient) = (tournament(&play, "race"), tournament(&play, "patient"));
                    let players = u32::try_from(play.partition.players().all().len()).unwrap();
                    for player in 0..players {
                        let [again, known] = [&race, &patient]
                            .map(|it| play.partition.standing(1, it, player));
                        prop_assert_eq!(again, known, "player {}", player);
                    }
                }
                Comes::Void { .. } | Comes::SettledAgain => {}
            }
            minutes += passes;
            play.line(&format!("after {passes}m"));
            if end_intervals {
                play.end_interval();
            }
        }
        let values = play.partition.values();
        let (mut other, mut store) = (Partition::new(0), MemoryStore::default());
        play.again(&mut other, KNOWN, &mut store, &mut Vec::new()).unwrap();
        prop_assert!(other.values() == values);
    }
}
