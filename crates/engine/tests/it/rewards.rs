//! Rewards in the fold: who gets one, and stocks that are never oversold.

use accolade_wire::control::{Command, Control};
use expect_test::{Expect, expect};

use super::houses::House;
use super::lots::program;
use super::play::Play;
use super::settling;
use super::spending::told_in;

/// Plays a scenario under behaviour 2 and compares its transcript, with entries and notices.
fn check(scenario: &str, transcript: Expect) {
    settling::check(scenario, told_in, transcript);
}

#[test]
fn a_reward_costs_what_the_catalogue_says_when_it_is_redeemed() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        redeem anna mug
        reward mug 60
        redeem anna mug
        redeem bert mug
        confirm 1
        reward mug 40.01
        redeem anna mug
        reward mug 40
        redeem anna mug
        cancel 2
        reward mug 40 {{\"withdrawn\":true}}
        redeem anna mug
        ",
            program(r#","redemption":{"minPoints":50}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            redeem anna mug                  declined no_such_reward  balance 100.00
            reward mug 60                    made v1
            redeem anna mug                  made #1  balance 100.00
                                             reserved 60.00 at 2024-11-11T10:00:00Z
            redeem bert mug                  declined no_such_player
            confirm 1                        done  balance 40.00
                                             redeemed: 60.00 of 2024-11
                                             confirmed 60.00 at 2024-11-11T10:00:00Z
            reward mug 40.01                 made v1
            redeem anna mug                  declined insufficient_points  balance 40.00
            reward mug 40                    made v1
            redeem anna mug                  made #2  balance 40.00
                                             reserved 40.00 at 2024-11-11T10:00:00Z
            cancel 2                         done  balance 40.00
                                             cancelled 40.00 at 2024-11-11T10:00:00Z
            reward mug 40                    made v1
            redeem anna mug                  declined reward_withdrawn  balance 40.00
        "#]],
    );
}

#[test]
fn a_reward_is_for_whom_it_says_and_for_a_time() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        wager w2 bert slots 100
        reward vip 1 {{\"tiers\":[\"gold\"]}}
        redeem bert vip
        redeem anna vip
        reward new 1 {{\"segments\":[\"new\"],\"jurisdictions\":[\"Malta\"]}}
        redeem anna new
        redeem anna new old Malta
        redeem anna new new Sweden
        redeem anna new new Malta
        reward soon 1 {{\"from\":1731322800000000,\"until\":1731326400000000}}
        redeem anna soon
        after 1h
        redeem anna soon
        after 1h
        redeem anna soon
        ",
            program(
                r#","tiers":{"window":{"rolling":"30d"},"levels":[{"name":"iron","from":0},{"name":"gold","from":50}]}"#
            )
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            wager w2 bert slots 100          +10.00 by v1  balance 10.00
                                             earned: into 2024-11
            reward vip 1                     made v1
            redeem bert vip                  declined tier_not_entitled  balance 10.00
            redeem anna vip                  made #1  balance 100.00
                                             reserved 1.00 at 2024-11-11T10:00:00Z
            reward new 1                     made v2
            redeem anna new                  declined segment_not_entitled  balance 100.00
            redeem anna new old Malta        declined segment_not_entitled  balance 100.00
            redeem anna new new Sweden       declined jurisdiction_not_entitled  balance 100.00
            redeem anna new new Malta        made #2  balance 100.00
                                             reserved 1.00 at 2024-11-11T10:00:00Z
            reward soon 1                    made v3
            redeem anna soon                 declined reward_not_valid  balance 100.00
            after 1h                         
                                             lapsed 1.00 at 2024-11-11T10:15:00Z
                                             lapsed 1.00 at 2024-11-11T10:15:00Z
            redeem anna soon                 made #3  balance 100.00
                                             reserved 1.00 at 2024-11-11T11:00:00Z
            after 1h                         
                                             lapsed 1.00 at 2024-11-11T11:15:00Z
            redeem anna soon                 declined reward_not_valid  balance 100.00
        "#]],
    );
}

#[test]
fn a_player_redeems_a_reward_so_often_in_a_period_and_what_is_given_back_does_not_count() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 1 {{\"limit\":{{\"count\":2,\"per\":\"day\"}}}}
        redeem anna mug
        redeem anna mug
        redeem anna mug
        confirm 1
        redeem anna mug
        cancel 2
        redeem anna mug
        redeem anna mug
        after 30m
        redeem anna mug
        confirm 4
        redeem anna mug
        after 14h
        redeem anna mug
        confirm 5
        reward mug 1 {{\"limit\":{{\"count\":3,\"per\":\"week\"}}}}
        redeem anna mug
        reward mug 1 {{\"limit\":{{\"count\":4,\"per\":\"ever\"}}}}
        redeem anna mug
        confirm 6
        redeem anna mug
        after 7d
        reward mug 1 {{\"limit\":{{\"count\":1,\"per\":\"week\"}}}}
        redeem anna mug
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 1                     made v1
            redeem anna mug                  made #1  balance 100.00
                                             reserved 1.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  made #2  balance 100.00
                                             reserved 1.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  declined reward_limit  balance 100.00
            confirm 1                        done  balance 99.00
                                             redeemed: 1.00 of 2024-11
                                             confirmed 1.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  declined reward_limit  balance 99.00
            cancel 2                         done  balance 99.00
                                             cancelled 1.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  made #3  balance 99.00
                                             reserved 1.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  declined reward_limit  balance 99.00
            after 30m                        
                                             lapsed 1.00 at 2024-11-11T10:15:00Z
            redeem anna mug                  made #4  balance 99.00
                                             reserved 1.00 at 2024-11-11T10:30:00Z
            confirm 4                        done  balance 98.00
                                             redeemed: 1.00 of 2024-11
                                             confirmed 1.00 at 2024-11-11T10:30:00Z
            redeem anna mug                  declined reward_limit  balance 98.00
            after 14h                        
            redeem anna mug                  made #5  balance 98.00
                                             reserved 1.00 at 2024-11-12T00:30:00Z
            confirm 5                        done  balance 97.00
                                             redeemed: 1.00 of 2024-11
                                             confirmed 1.00 at 2024-11-12T00:30:00Z
            reward mug 1                     made v1
            redeem anna mug                  declined reward_limit  balance 97.00
            reward mug 1                     made v1
            redeem anna mug                  made #6  balance 97.00
                                             reserved 1.00 at 2024-11-12T00:30:00Z
            confirm 6                        done  balance 96.00
                                             redeemed: 1.00 of 2024-11
                                             confirmed 1.00 at 2024-11-12T00:30:00Z
            redeem anna mug                  declined reward_limit  balance 96.00
            after 7d                         
            reward mug 1                     made v1
            redeem anna mug                  made #7  balance 96.00
                                             reserved 1.00 at 2024-11-19T00:30:00Z
        "#]],
    );
}

#[test]
fn an_open_redemption_counts_for_its_own_reward_and_in_its_own_period_alone() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 1 {{\"limit\":{{\"count\":1,\"per\":\"day\"}}}}
        reward pin 2 {{\"limit\":{{\"count\":1,\"per\":\"day\"}}}}
        redeem anna mug
        redeem anna pin
        redeem anna mug
        after 24h
        redeem anna mug
        redeem anna mug
        confirm 1
        redeem anna mug
        ",
            program(r#","redemption":{"holdFor":"10d"}"#)
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 1                     made v1
            reward pin 2                     made v2
            redeem anna mug                  made #1  balance 100.00
                                             reserved 1.00 at 2024-11-11T10:00:00Z
            redeem anna pin                  made #2  balance 100.00
                                             reserved 2.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  declined reward_limit  balance 100.00
            after 24h                        
            redeem anna mug                  made #3  balance 100.00
                                             reserved 1.00 at 2024-11-12T10:00:00Z
            redeem anna mug                  declined reward_limit  balance 100.00
            confirm 1                        done  balance 99.00
                                             redeemed: 1.00 of 2024-11
                                             confirmed 1.00 at 2024-11-12T10:00:00Z
            redeem anna mug                  declined reward_limit  balance 99.00
        "#]],
    );
}

#[test]
fn what_is_in_stock_is_reserved_once_its_partition_has_answered() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 10 {{\"stocked\":true}}
        restock mug 2
        restock mug -3
        redeem anna mug
        confirm 1
        redeem anna mug
        redeem anna mug
        deliver
        deliver
        stock mug
        confirm 1
        confirm 3
        cancel 2
        deliver
        stock mug
        redeem anna mug
        deliver
        deliver
        restock mug -1
        stock mug
        restock pin 1
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 10                    made v1
            restock mug 2                    done
            restock mug -3                   declined out_of_stock
            redeem anna mug                  made #1  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            confirm 1                        declined redemption_requested  balance 100.00
            redeem anna mug                  made #2  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  made #3  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            done
            done
            deliver                          done  balance 100.00
            done
            done  balance 100.00
            done
            done  balance 100.00
            done
                                             reserved 10.00 at 2024-11-11T10:00:00Z
                                             reserved 10.00 at 2024-11-11T10:00:00Z
                                             cancelled 10.00 at 2024-11-11T10:00:00Z
            stock mug                        2 of 2 taken
            confirm 1                        done  balance 90.00
                                             redeemed: 10.00 of 2024-11
                                             confirmed 10.00 at 2024-11-11T10:00:00Z
            confirm 3                        declined redemption_cancelled  balance 90.00
            cancel 2                         done  balance 90.00
                                             cancelled 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            done
            done
            done
            stock mug                        1 of 2 taken
            redeem anna mug                  made #4  balance 90.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            done
            deliver                          done  balance 90.00
            done
                                             reserved 10.00 at 2024-11-11T10:00:00Z
            restock mug -1                   declined out_of_stock
            stock mug                        2 of 2 taken
            restock pin 1                    declined no_such_reward
        "#]],
    );
}

#[test]
fn whoever_got_none_and_is_cancelled_before_that_is_known_gives_none_back() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 10 {{\"stocked\":true}}
        restock mug 1
        redeem anna mug
        deliver
        deliver
        redeem anna mug
        cancel 2
        deliver
        deliver
        deliver
        stock mug
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 10                    made v1
            restock mug 1                    done
            redeem anna mug                  made #1  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            deliver                          done  balance 100.00
            done
                                             reserved 10.00 at 2024-11-11T10:00:00Z
            redeem anna mug                  made #2  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            cancel 2                         done  balance 100.00
                                             cancelled 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            done
            deliver                          done  balance 100.00
            done
            deliver                          done
            stock mug                        1 of 1 taken
        "#]],
    );
}

#[test]
fn whichever_ends_first_one_of_a_stock_is_given_back_once() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 10 {{\"stocked\":true}}
        restock mug 1
        redeem anna mug
        cancel 1
        deliver
        stock mug
        deliver
        stock mug
        deliver
        stock mug
        redeem anna mug
        deliver
        lose
        after 15m
        stock mug
        deliver
        deliver
        stock mug
        redeem anna mug
        deliver
        deliver
        stock mug
        after 15m
        stock mug
        deliver
        stock mug
        redeem anna mug
        deliver
        deliver
        exclude anna
        deliver
        stock mug
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 10                    made v1
            restock mug 1                    done
            redeem anna mug                  made #1  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            cancel 1                         done  balance 100.00
                                             cancelled 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            stock mug                        1 of 1 taken
            deliver                          done  balance 100.00
            done
            stock mug                        1 of 1 taken
            deliver                          done
            done
            stock mug                        0 of 1 taken
            redeem anna mug                  made #2  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            deliver                          done
            done
            lose                             
            after 15m                        
                                             lapsed 10.00 at 2024-11-11T10:15:00Z
            stock mug                        1 of 1 taken
            deliver                          declined received_before
            done  balance 100.00
            deliver                          done
            done
            done
            stock mug                        0 of 1 taken
            redeem anna mug                  made #3  balance 100.00
                                             requested 10.00 at 2024-11-11T10:15:00Z
            deliver                          done
            done
            deliver                          done  balance 100.00
            done
                                             reserved 10.00 at 2024-11-11T10:15:00Z
            stock mug                        1 of 1 taken
            after 15m                        
                                             lapsed 10.00 at 2024-11-11T10:30:00Z
            stock mug                        1 of 1 taken
            deliver                          done
            declined received_before  balance 100.00
            done
            stock mug                        0 of 1 taken
            redeem anna mug                  made #4  balance 100.00
                                             requested 10.00 at 2024-11-11T10:30:00Z
            deliver                          done
            done
            done
            deliver                          done  balance 100.00
            done
                                             reserved 10.00 at 2024-11-11T10:30:00Z
            exclude anna                     done  balance 100.00
                                             cancelled 10.00 at 2024-11-11T10:30:00Z
            deliver                          done
            done
            stock mug                        0 of 1 taken
        "#]],
    );
}

#[test]
fn messages_that_are_lost_or_come_twice_take_one_of_a_stock_once() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 10 {{\"stocked\":true}}
        restock mug 5
        redeem anna mug
        lose
        after 1m
        after 1m
        deliver
        stock mug
        lose
        after 1m
        deliver
        deliver
        stock mug
        after 1m
        deliver
        confirm 1
        stock mug
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 10                    made v1
            restock mug 5                    done
            redeem anna mug                  made #1  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            lose                             
            after 1m                         
            after 1m                         
            deliver                          done
            declined received_before
            stock mug                        1 of 5 taken
            lose                             
            after 1m                         
            deliver                          declined received_before
            done  balance 100.00
                                             reserved 10.00 at 2024-11-11T10:03:00Z
            deliver                          done
            done
            stock mug                        1 of 5 taken
            after 1m                         
            deliver                          
            confirm 1                        done  balance 90.00
                                             redeemed: 10.00 of 2024-11
                                             confirmed 10.00 at 2024-11-11T10:04:00Z
            stock mug                        1 of 5 taken
        "#]],
    );
}

#[test]
fn commands_between_partitions_are_no_messages_where_nobody_has_sent_them() {
    check(
        &format!(
            "
        {}
        wager w1 anna slots 1000
        reward mug 10 {{\"stocked\":true}}
        restock mug 1
        redeem anna mug
        command {{\"command\":\"takeStock\",\"reward\":1,\"redemption\":{{\"player\":0,\"batch\":7,\"slot\":1}}}}
        command {{\"command\":\"stockTaken\",\"reward\":1,\"redemption\":{{\"player\":0,\"batch\":7,\"slot\":1}},\"granted\":true}}
        command {{\"command\":\"returnStock\",\"reward\":1}}
        stock mug
        ",
            program("")
        ),
        expect![[r#"
            program                          made v1
            wager w1 anna slots 1000         +100.00 by v1  balance 100.00
                                             earned: into 2024-11
            reward mug 10                    made v1
            restock mug 1                    done
            redeem anna mug                  made #1  balance 100.00
                                             requested 10.00 at 2024-11-11T10:00:00Z
            command                          declined malformed
            command                          declined malformed  balance 100.00
            command                          declined malformed
            stock mug                        0 of 1 taken
        "#]],
    );
}

#[test]
fn what_was_put_into_a_stock_is_remembered_with_who_and_why() {
    let mut play = Play::new();
    play.line("reward mug 1");
    play.line("restock mug 3");
    play.end_interval();
    let (id, reward, who) = ("taken-out".into(), "mug".into(), "ann".into());
    play.command(&Command::Restock { id, reward, by: -1, why: "broken".into(), who });
    let restocks = play.partition.tables().restocks.excerpt(std::ops::Bound::Unbounded, 10);
    let restocks = restocks.read(0, &mut play.store).unwrap().rows;
    let told = restocks.iter().map(|(_, it)| (it.by, it.left, &*it.who, &*it.why));
    let expected = [(3, 3, "somebody", "because"), (-1, 2, "ann", "broken")];
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[test]
fn what_lapses_at_once_is_given_back_by_messages_of_their_own() {
    let mut house = House::new(1, 1);
    let program = r#"{"currency":"EUR","timezone":"UTC","earning":{"multipliers":{"slots":1}}}"#;
    house.publish(program, 0);
    let mug = r#"{"operator":"house","id":"mug","editedFrom":0,"name":"Mug","points":100,"kind":"thing",
        "stocked":true,"who":"carl"}"#;
    house.control(&Control::Reward(serde_json::from_str(mug).unwrap()));
    let restock = r#"{"command":"restock","id":"r","reward":"mug","by":2,"why":"","who":"carl"}"#;
    house.command(0, restock);
    for player in ["anna", "bert"] {
        let of = format!(r#""id":"{player}","playerId":"{player}","who":"carl""#);
        house.command(0, &format!(r#"{{"command":"takeOver","points":100,{of}}}"#));
        let of = format!(r#""id":"{player}-2","playerId":"{player}","who":"shop""#);
        house.command(0, &format!(r#"{{"command":"redeem","reward":"mug",{of}}}"#));
    }
    house.deliver();
    house.later(16 * 60);
    house.tick();
    let outbox = &house.partitions[0].tables().outbox;
    let numbers: Vec<_> = outbox.iter().map(|(_, message)| message.cause.number).collect();
    assert_eq!(numbers, [0, 1], "both are of time, in one batch");
}
