//! Tournaments in the fold: what counts, what a void takes back, and who is ahead.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::ledger::EntryKind;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::tournament::SCORE_ONE;
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_engine::board::{Board, Of};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::prize::{PRIZE_MOVED, PrizeMoved};
use accolade_wire::notice::scores::{SCORED, Scored};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::lots::program;
use super::play::Play;
use super::settling;

/// Plays a scenario under behaviour 2 and compares its transcript, with what scores.
fn check(scenario: &str, transcript: Expect) {
    settling::check(&scenario.replace("PROGRAM", &program("")), scores_in, transcript);
}

fn scores_in(recorded: &Recorded<'_>) -> Vec<String> {
    let scored = recorded.notices.iter().filter(|stored| stored.notice.kind == SCORED);
    let scored = scored.map(|stored| Scored::read(&stored.notice.body).unwrap());
    let lines = scored.flat_map(|scored| scored.lines);
    let told = lines.map(|line| {
        format!("{} in {}: {} of {}", line.delta, line.tournament, line.score, line.events)
    });
    told.collect()
}

#[test]
fn wagers_of_the_window_score_and_who_reached_a_score_first_is_ahead() {
    check(
        "
        PROGRAM
        tournament race +1h +3h SELECT playerId, SUM(wagerAmount) FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId
        wager w1 anna slots 10
        after 1h
        wager w2 anna slots 10
        wager w3 bert cards 10
        wager w4 bert slots 20.5
        wager w5 anna slots 10.5
        wager w5 anna slots 10.5
        board race
        wager w6 cara slots 30 at -1s
        after 2h
        wager w7 cara slots 20.5 at -1s
        wager w8 cara slots 1
        board race
        after 30s
        wager w9 anna slots 100 at -31s
        board race
        ",
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, SUM(wagerAmount) FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId made v1
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            after 1h                         
            wager w2 anna slots 10           +1.00 by v1  balance 2.00
                                             10 in 1: 10 of 1
            wager w3 bert cards 10           refused zero_multiplier  balance 0.00
            wager w4 bert slots 20.5         +2.05 by v1  balance 2.05
                                             20.5 in 1: 20.5 of 1
            wager w5 anna slots 10.5         +1.05 by v1  balance 3.05
                                             10.5 in 1: 20.5 of 2
            wager w5 anna slots 10.5         repeats batch 10  balance 3.05
            board race                       1. bert 20.5  2. anna 20.5
            wager w6 cara slots 30 at -1s    +3.00 by v1  balance 3.00
            after 2h                         
            wager w7 cara slots 20.5 at -1s  +2.05 by v1  balance 5.05
                                             20.5 in 1: 20.5 of 1
            wager w8 cara slots 1            +0.10 by v1  balance 5.15
            board race                       1. bert 20.5  2. anna 20.5  3. cara 20.5
            after 30s                        
            wager w9 anna slots 100 at -31s  +10.00 by v1  balance 13.05
            board race                       1. bert 20.5  2. anna 20.5  3. cara 20.5
        "#]],
    );
}

#[test]
fn a_void_takes_back_what_its_wager_scored_until_the_tournament_closes() {
    check(
        "
        PROGRAM
        tournament race +1h +3h SELECT playerId, SUM(wagerAmount * 2) FROM wagers GROUP BY playerId
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 15
        wager w3 anna cards 10
        board race
        void w3 anna
        board race
        void w1 anna
        board race
        void w4 anna
        wager w4 anna slots 50
        board race
        after 2h
        void w2 bert
        board race
        after 1h
        wager w5 bert slots 15 at -2h
        ",
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, SUM(wagerAmount * 2) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
                                             20 in 1: 20 of 1
            wager w2 bert slots 15           +1.50 by v1  balance 1.50
                                             30 in 1: 30 of 1
            wager w3 anna cards 10           refused zero_multiplier  balance 1.00
                                             20 in 1: 40 of 2
            board race                       1. anna 40  2. bert 30
            void w3 anna                     0.00 takes back batch 8  balance 1.00
                                             -20 in 1: 20 of 1
            board race                       1. bert 30  2. anna 20
            void w1 anna                     -1.00 takes back batch 6  balance 0.00
                                             -20 in 1: 0 of 0
            board race                       1. bert 30
            void w4 anna                     waits for its wager  balance 0.00
            wager w4 anna slots 50           refused voided  balance 0.00
            board race                       1. bert 30
            after 2h                         
            void w2 bert                     -1.50 takes back batch 7  balance 0.00
                                             -30 in 1: 0 of 0
            board race                       nobody
            after 1h                         
            wager w5 bert slots 15 at -2h    +1.50 by v1  balance 1.50
        "#]],
    );
}

#[test]
fn nothing_that_leaves_a_score_as_it_was_says_when_it_was_reached() {
    check(
        "
        PROGRAM
        tournament race +1h +3h SELECT playerId, SUM(wagerAmount - 10) FROM wagers GROUP BY playerId
        after 1h
        wager w1 anna slots 15
        wager w2 bert slots 15
        wager w3 anna slots 10
        board race
        void w3 anna
        board race
        wager w4 anna slots 11
        void w4 anna
        board race
        ",
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, SUM(wagerAmount - 10) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 15           +1.50 by v1  balance 1.50
                                             5 in 1: 5 of 1
            wager w2 bert slots 15           +1.50 by v1  balance 1.50
                                             5 in 1: 5 of 1
            wager w3 anna slots 10           +1.00 by v1  balance 2.50
                                             0 in 1: 5 of 2
            board race                       1. anna 5  2. bert 5
            void w3 anna                     -1.00 takes back batch 8  balance 1.50
                                             0 in 1: 5 of 1
            board race                       1. anna 5  2. bert 5
            wager w4 anna slots 11           +1.10 by v1  balance 2.60
                                             1 in 1: 6 of 2
            void w4 anna                     -1.10 takes back batch 10  balance 1.50
                                             -1 in 1: 5 of 1
            board race                       1. bert 5  2. anna 5
        "#]],
    );
}

#[test]
fn averages_counts_caps_and_fewest_events_are_as_the_definition_says() {
    check(
        r#"
        PROGRAM
        tournament mean +1h +3h SELECT playerId, AVG(wagerAmount) FROM wagers GROUP BY playerId {"eventsMin":2}
        tournament count +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"ties":"shared"}
        tournament capped +1h +3h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId {"cap":"5000000000000000000"}
        after 1h
        wager w1 anna slots 1
        wager w2 bert slots 9
        board mean
        wager w3 anna slots 1
        wager w4 anna slots 2
        wager w5 bert slots 4
        board mean
        board count
        board capped
        wager w6 cara slots 3
        wager w7 cara slots 3
        board count
        "#,
        expect![[r#"
            program                          made v1
            tournament mean +1h +3h SELECT playerId, AVG(wagerAmount) FROM wagers GROUP BY playerId made v1
            tournament count +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v2
            tournament capped +1h +3h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v3
            after 1h                         
            wager w1 anna slots 1            +0.10 by v1  balance 0.10
                                             1 in 1: 1 of 1
                                             1 in 2: 1 of 1
                                             1 in 3: 1 of 1
            wager w2 bert slots 9            +0.90 by v1  balance 0.90
                                             9 in 1: 9 of 1
                                             1 in 2: 1 of 1
                                             5 in 3: 5 of 1
            board mean                       nobody
            wager w3 anna slots 1            +0.10 by v1  balance 0.20
                                             0 in 1: 1 of 2
                                             1 in 2: 2 of 2
                                             1 in 3: 2 of 2
            wager w4 anna slots 2            +0.20 by v1  balance 0.40
                                             0.333333333333333333 in 1: 1.333333333333333333 of 3
                                             1 in 2: 3 of 3
                                             2 in 3: 4 of 3
            wager w5 bert slots 4            +0.40 by v1  balance 1.30
                                             -2.5 in 1: 6.5 of 2
                                             1 in 2: 2 of 2
                                             4 in 3: 9 of 2
            board mean                       1. bert 6.5  2. anna 1.333333333333333333
            board count                      1. anna 3  2. bert 2
            board capped                     1. bert 9  2. anna 4
            wager w6 cara slots 3            +0.30 by v1  balance 0.30
                                             3 in 1: 3 of 1
                                             1 in 2: 1 of 1
                                             3 in 3: 3 of 1
            wager w7 cara slots 3            +0.30 by v1  balance 0.60
                                             0 in 1: 3 of 2
                                             1 in 2: 2 of 2
                                             3 in 3: 6 of 2
            board count                      1. anna 3  2. bert 2  2. cara 2
        "#]],
    );
}

#[test]
fn game_events_score_by_their_data_and_void_nothing() {
    check(
        r#"
        PROGRAM
        tournament quest +1h +3h SELECT playerId, SUM(data.score) FROM game_events WHERE eventType = 'player_score' AND gameId = 'g' GROUP BY playerId
        after 1h
        event e1 anna {"score":7}
        event e2 bert {"score":"8.5"}
        event e3 anna {"points":7}
        event e1 anna {"score":7}
        event e4 anna {"score":"\u0032\u002e5"}
        board quest
        "#,
        expect![[r#"
            program                          made v1
            tournament quest +1h +3h SELECT playerId, SUM(data.score) FROM game_events WHERE eventType = 'player_score' AND gameId = 'g' GROUP BY playerId made v1
            after 1h                         
            event e1 anna                    counted  balance 0.00
                                             7 in 1: 7 of 1
            event e2 bert                    counted  balance 0.00
                                             8.5 in 1: 8.5 of 1
            event e3 anna                    counted  balance 0.00
            event e1 anna                    repeats batch 6  balance 0.00
            event e4 anna                    counted  balance 0.00
                                             2.5 in 1: 9.5 of 2
            board quest                      1. anna 9.5  2. bert 8.5
        "#]],
    );
}

#[test]
fn what_has_begun_goes_on_as_it_is_and_may_only_end_earlier() {
    check(
        r#"
        PROGRAM
        tournament late -1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId
        tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"stage":"draft"}
        tournament race +2h +3h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        after 2h
        wager w1 anna slots 5
        tournament race +0h +1h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId
        tournament race +0h +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        tournament race +0h -1m SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        tournament race +0h +30m SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId {"name":"short"}
        after 30m
        wager w2 anna slots 5
        board race
        tournament race -30m +0h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId {"name":"x"}
        tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId
        tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"stage":"cancelled"}
        tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"editedFrom":2}
        tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId
        after 1h
        wager w3 anna slots 5
        board week
        "#,
        expect![[r#"
            program                          made v1
            tournament late -1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined tournament_past
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +2h +3h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v1
            after 2h                         
            wager w1 anna slots 5            +0.50 by v1  balance 0.50
                                             5 in 1: 5 of 1
            tournament race +0h +1h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined tournament_began
            tournament race +0h +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId declined tournament_began
            tournament race +0h -1m SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId declined malformed
            tournament race +0h +30m SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v1
            after 30m                        
            wager w2 anna slots 5            +0.50 by v1  balance 1.00
            board race                       1. anna 5
            tournament race -30m +0h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId declined tournament_over
            tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v2
            tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v2
            tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined tournament_over
            tournament week +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v3
            after 1h                         
            wager w3 anna slots 5            +0.50 by v1  balance 1.50
                                             1 in 3: 1 of 1
            board week                       1. anna 1
        "#]],
    );
}

#[test]
fn from_five_minutes_before_its_start_what_players_play_for_stays() {
    check(
        "
        PROGRAM
        tournament race +6m +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        tournament race +7m +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        after 2m
        tournament race +1h +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId
        tournament race +5m +118m SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId
        after 4m
        wager w1 anna slots 5 at +1m
        wager w2 anna slots 6 at +59s
        wager w3 anna slots 7 at +1m
        board race
        ",
        expect![[r#"
            program                          made v1
            tournament race +6m +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v1
            tournament race +7m +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v1
            after 2m                         
            tournament race +1h +2h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId declined tournament_began
            tournament race +5m +118m SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId declined tournament_began
            after 4m                         
            wager w1 anna slots 5 at +1m     +0.50 by v1  balance 0.50
                                             5 in 1: 5 of 1
            wager w2 anna slots 6 at +59s    +0.60 by v1  balance 1.10
            wager w3 anna slots 7 at +1m     +0.70 by v1  balance 1.80
                                             7 in 1: 12 of 2
            board race                       1. anna 12
        "#]],
    );
}

/// Plays a scenario and compares its transcript, with what is told of prizes.
fn check_prizes(scenario: &str, transcript: Expect) {
    settling::check(&scenario.replace("PROGRAM", &program("")), prizes_in, transcript);
}

pub(crate) fn prizes_in(recorded: &Recorded<'_>) -> Vec<String> {
    let moved = recorded.notices.iter().filter(|stored| stored.notice.kind == PRIZE_MOVED);
    let moved = moved.map(|stored| PrizeMoved::read(&stored.notice.body).unwrap());
    let told = moved.map(|moved| {
        let PrizeMoved { tournament, place, points, thing, state, why, .. } = moved;
        let thing = thing.map_or(String::new(), |thing| format!(" and {}", thing.name));
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        format!("{tournament} {place}: {points}{thing} {}{why}", state.code())
    });
    let entries = recorded.entries.iter().filter(|stored| stored.entry.kind == EntryKind::Prize);
    let entered =
        entries.map(|stored| format!("prize {} of {}", stored.entry.points, stored.entry.cause));
    entered.chain(told).collect()
}

#[test]
fn a_prize_is_paid_once_however_often_its_place_is_told() {
    check_prizes(
        r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"prizes":[{"places":{"range":{"from":1,"to":2}},"win":{"points":5000}},{"places":{"top":10000},"win":{"thing":{"kind":"voucher","name":"a cup of tea"}}}]}
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        wager w3 cara slots 10
        exclude bert 1d
        settled race
        award race anna 1 50
        after 1h
        settled race
        paid race
        after 30s
        award race anna 1 50
        settled race
        award race anna 1 50
        award race anna 1 50
        award race bert 2 50
        award race cara 3 0 1
        award race anna 4 0
        award race bert 1 50
        award race dora 5 50
        readmit bert
        award race bert 2 50
        fulfil race anna 1 paid
        fulfil race anna 1 failed
        fulfil race bert 3 paid
        fulfil race cara 3 failed
        fulfil race cara 3 failed
        fulfil race cara 3 notEligible
        fulfil race cara 3 retrying
        fulfil race cara 3 paid
        fulfil race cara 3 retrying
        fulfil race cara 9 paid
        paid race
        award race anna 1 50
        approved race
        settled race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            wager w3 cara slots 10           +1.00 by v1  balance 1.00
            exclude bert 1d                  done  balance 1.00
            settled race                     declined malformed
            award race anna 1 50             declined stale  balance 1.00
            after 1h                         
            settled race                     declined malformed
            paid race                        declined malformed
            after 30s                        
            award race anna 1 50             declined stale  balance 1.00
            settled race                     made v1
            award race anna 1 50             done  balance 51.00
                                             prize 50.00 of race
                                             race 1: 50.00 paid
            award race anna 1 50             done  balance 51.00
            award race bert 2 50             done  balance 1.00
                                             race 2: 50.00 not_eligible: the player is excluded
            award race cara 3 0 1            done  balance 1.00
                                             race 3: 0.00 and a cup of tea processing
            award race anna 4 0              done  balance 51.00
            award race bert 1 50             declined malformed  balance 1.00
            award race dora 5 50             declined no_such_player
            readmit bert                     done  balance 1.00
            award race bert 2 50             done  balance 1.00
            fulfil race anna 1 paid          done  balance 51.00
            fulfil race anna 1 failed        declined prize_closed  balance 51.00
            fulfil race bert 3 paid          declined no_such_prize  balance 1.00
            fulfil race cara 3 failed        done  balance 1.00
                                             race 3: 0.00 and a cup of tea failed: because
            fulfil race cara 3 failed        done  balance 1.00
            fulfil race cara 3 notEligible   declined prize_closed  balance 1.00
            fulfil race cara 3 retrying      done  balance 1.00
                                             race 3: 0.00 and a cup of tea retrying: because
            fulfil race cara 3 paid          done  balance 1.00
                                             race 3: 0.00 and a cup of tea paid: because
            fulfil race cara 3 retrying      declined prize_closed  balance 1.00
            fulfil race cara 9 paid          declined no_such_prize  balance 1.00
            paid race                        made v1
            award race anna 1 50             done  balance 51.00
            approved race                    declined stale
            settled race                     declined stale
        "#]],
    );
}

#[test]
fn what_waits_for_approval_is_paid_after_it_and_who_is_disqualified_wins_nothing() {
    check_prizes(
        r#"
        PROGRAM
        tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"approval":true,"prizes":[{"places":{"range":{"from":1,"to":3}},"win":{"points":5000}}]}
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        tournament race +0h +1h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId {"approval":false,"prizes":[{"places":{"range":{"from":1,"to":3}},"win":{"points":5000}}]}
        after 90m
        approved race
        settled race
        paid race
        award race anna 1 50
        award race anna 1 50
        fulfil race anna 1 paid
        award race bert 2 50
        fulfil race bert 2 notEligible
        pay race anna 1 50
        approved race
        approved race
        pay race anna 1 50
        award race anna 1 50
        award race bert 2 50
        fulfil race anna 1 notEligible
        paid race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
            tournament race +0h +1h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined tournament_began
            after 90m                        
            approved race                    declined malformed
            settled race                     made v1
            paid race                        declined malformed
            award race anna 1 50             done  balance 1.00
                                             race 1: 50.00 awaiting_approval
            award race anna 1 50             done  balance 1.00
            fulfil race anna 1 paid          declined prize_closed  balance 1.00
            award race bert 2 50             done  balance 1.00
                                             race 2: 50.00 awaiting_approval
            fulfil race bert 2 notEligible   done  balance 1.00
                                             race 2: 50.00 not_eligible: because
            pay race anna 1 50               declined stale  balance 1.00
            approved race                    made v1
            approved race                    declined tournament_over
            pay race anna 1 50               done  balance 51.00
                                             prize 50.00 of race
                                             race 1: 50.00 paid
            award race anna 1 50             done  balance 51.00
            award race bert 2 50             done  balance 1.00
            fulfil race anna 1 notEligible   declined prize_closed  balance 51.00
            paid race                        made v1
        "#]],
    );
}

#[test]
fn an_excluded_player_and_a_currency_without_a_rate_score_nothing() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId
        after 1h
        wager w1 anna slots 5
        exclude anna 1d
        wager w2 anna slots 5
        bytes {"wagerId":"w3","playerId":"bert","operatorId":"house","gameId":"g","gameCategory":"slots","wagerAmount":1,"currency":"XXX","jurisdiction":"Malta","timestamp":"2024-11-11T11:00:00Z"}
        board race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 1h                         
            wager w1 anna slots 5            +0.50 by v1  balance 0.50
                                             1 in 1: 1 of 1
            exclude anna 1d                  done  balance 0.50
            wager w2 anna slots 5            refused self_excluded  balance 0.50
            bytes                            refused currency_unsupported  balance 0.00
            board race                       1. anna 1
        "#]],
    );
}

#[test]
fn the_best_wager_counts_and_the_next_one_once_that_is_voided() {
    check(
        "
        PROGRAM
        tournament best +1h +3h SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId
        tournament least +1h +3h SELECT playerId, MIN(wagerAmount) FROM wagers GROUP BY playerId
        after 1h
        wager w1 anna slots 50
        wager w2 anna slots 30
        wager w3 bert slots 50
        wager w4 anna slots 50
        board best
        board least
        void w1 anna
        board best
        void w4 anna
        board best
        void w2 anna
        board best
        wager w5 anna slots 1
        board best
        board least
        ",
        expect![[r#"
            program                          made v1
            tournament best +1h +3h SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId made v1
            tournament least +1h +3h SELECT playerId, MIN(wagerAmount) FROM wagers GROUP BY playerId made v2
            after 1h                         
            wager w1 anna slots 50           +5.00 by v1  balance 5.00
                                             50 in 1: 50 of 1
                                             50 in 2: 50 of 1
            wager w2 anna slots 30           +3.00 by v1  balance 8.00
                                             0 in 1: 50 of 2
                                             -20 in 2: 30 of 2
            wager w3 bert slots 50           +5.00 by v1  balance 5.00
                                             50 in 1: 50 of 1
                                             50 in 2: 50 of 1
            wager w4 anna slots 50           +5.00 by v1  balance 13.00
                                             0 in 1: 50 of 3
                                             0 in 2: 30 of 3
            board best                       1. anna 50  2. bert 50
            board least                      1. bert 50  2. anna 30
            void w1 anna                     -5.00 takes back batch 7  balance 8.00
                                             0 in 1: 50 of 2
                                             0 in 2: 30 of 2
            board best                       1. anna 50  2. bert 50
            void w4 anna                     -5.00 takes back batch 10  balance 3.00
                                             -20 in 1: 30 of 1
                                             0 in 2: 30 of 1
            board best                       1. bert 50  2. anna 30
            void w2 anna                     -3.00 takes back batch 8  balance 0.00
                                             -30 in 1: 0 of 0
                                             -30 in 2: 0 of 0
            board best                       1. bert 50
            wager w5 anna slots 1            +0.10 by v1  balance 0.10
                                             1 in 1: 1 of 1
                                             1 in 2: 1 of 1
            board best                       1. bert 50  2. anna 1
            board least                      1. bert 50  2. anna 1
        "#]],
    );
}

#[test]
fn what_a_cap_of_an_hour_or_a_day_cut_counts_again_once_others_of_it_are_voided() {
    check(
        r#"
        PROGRAM
        tournament race +1h +40h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId {"capPerHour":"20000000000000000000","capPerDay":"50000000000000000000"}
        after 10h
        wager w1 anna slots 15
        wager w2 anna slots 15
        wager w3 anna slots 15 at -1h
        wager w4 bert slots 100
        board race
        void w1 anna
        wager w5 anna slots 30 at -2h
        wager w6 anna slots 30 at -3h
        board race
        void w5 anna
        after 4h
        wager w7 anna slots 30
        void w6 anna
        board race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +40h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId made v1
            after 10h                        
            wager w1 anna slots 15           +1.50 by v1  balance 1.50
                                             15 in 1: 15 of 1
            wager w2 anna slots 15           +1.50 by v1  balance 3.00
                                             5 in 1: 20 of 2
            wager w3 anna slots 15 at -1h    +1.50 by v1  balance 4.50
                                             15 in 1: 35 of 3
            wager w4 bert slots 100          +10.00 by v1  balance 10.00
                                             20 in 1: 20 of 1
            board race                       1. anna 35  2. bert 20
            void w1 anna                     -1.50 takes back batch 6  balance 3.00
                                             -5 in 1: 30 of 2
            wager w5 anna slots 30 at -2h    +3.00 by v1  balance 6.00
                                             20 in 1: 50 of 3
            wager w6 anna slots 30 at -3h    +3.00 by v1  balance 9.00
                                             0 in 1: 50 of 4
            board race                       1. anna 50  2. bert 20
            void w5 anna                     -3.00 takes back batch 11  balance 6.00
                                             0 in 1: 50 of 3
            after 4h                         
            wager w7 anna slots 30           +3.00 by v1  balance 9.00
                                             20 in 1: 70 of 4
            void w6 anna                     -3.00 takes back batch 12  balance 6.00
                                             -20 in 1: 50 of 3
            board race                       1. anna 50  2. bert 20
        "#]],
    );
}

/// A partition with a tournament that begins in an hour and lasts for two, under which nobody has scored yet.
fn begun(terms: &str) -> Play {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    play.line(&program(""));
    let query = "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId";
    play.line(&format!("tournament race +1h +3h {query} {terms}"));
    play
}

fn race(play: &Play) -> Arc<Tournament> {
    let house = play.partition.rules().operator("house").unwrap();
    Arc::clone(house.tournaments.get("race").unwrap())
}

#[test]
fn scores_that_nobody_asks_for_any_more_are_no_part_of_the_state() {
    let mut play = begun("{}");
    play.line("after 1h");
    play.line("wager w1 anna slots 5");
    play.line("after 40d");
    play.line("wager w2 anna slots 5");
    // One that never writes a checkpoint keeps the same, and says the same.
    let kept = play.partition.values();
    for _ in 0..3 {
        play.end_interval();
    }
    assert!(play.partition.players().get(0).scores == PackedScores::NONE);
    assert!(play.partition.values() == kept);
    let (mut other, mut store) = (Partition::new(0), MemoryStore::default());
    play.again(&mut other, KNOWN, &mut store, &mut Vec::new()).unwrap();
    assert!(other.players().get(0).scores != PackedScores::NONE);
    assert!(other.values() == kept);
}

#[test]
fn positions_are_final_where_it_is_known_when_the_tournament_ends() {
    let mut play = begun("{}");
    let long = race(&play);
    play.line("after 90m");
    play.line("wager w1 anna slots 5");
    let (mut ahead, query) =
        (begun("{}"), "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId");
    ahead.line("after 90m");
    ahead.line(&format!("tournament race -30m +1m {query}"));
    let short = race(&ahead);
    assert!(short.closes() < long.closes());
    for play in [&mut play, &mut ahead] {
        play.line("after 30m");
        play.line("wager w2 anna slots 5 at -10m");
    }
    // It counts for who has not heard that the tournament has ended.
    assert!(!play.partition.is_final(&long) && !play.partition.is_final(&short));
    assert!(ahead.partition.is_final(&short));
    play.line("after 2h");
    play.line("wager w3 anna slots 5");
    assert!(play.partition.is_final(&long) && !play.partition.is_final(&short));
}

fn of(tournament: &Tournament) -> Of<'_> {
    Of { operator: 1, tournament, settlement: 0, game: None }
}

#[test]
fn a_leaderboard_follows_what_changes_and_not_another_order_of_equal_scores() {
    let mut play = begun("{}");
    let before = race(&play);
    let mut board = Board::begun(&of(&before), &play.partition, 1);
    assert!(board.follow(&of(&before), &play.partition));
    let query = "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId";
    play.line(&format!(r#"tournament race +1h +3h {query} {{"ties":"shared"}}"#));
    let after = race(&play);
    assert!(!board.follow(&of(&after), &play.partition));
    let mut board = Board::begun(&of(&after), &play.partition, 1);
    play.line("after 1h");
    let positions = |board: &Board| {
        board.board().from(1).map(|line| (line.position, line.player)).collect::<Vec<_>>()
    };
    play.line("wager w1 anna slots 5");
    play.line("wager w2 bert slots 5");
    assert!(board.follow(&of(&after), &play.partition));
    assert_eq!(positions(&board), [(1, 0), (1, 1)]);
    play.line("wager w3 bert slots 5");
    play.line("void w1 anna");
    assert!(board.follow(&of(&after), &play.partition));
    assert_eq!(positions(&board), [(1, 1)]);
    let mut made = Board::begun(&of(&after), &play.partition, 1);
    assert!(made.look(&of(&after), &play.partition, 0, 1));
    assert!(!made.look(&of(&after), &play.partition, 1, 1));
    assert_eq!(positions(&made), positions(&board));
}

/// A wager of the second opinion.
struct Staked {
    player: usize,
    stake: i128,
    is_voided: bool,
}

/// What a player has come to, by looking at all of the wagers that are left.
fn by_hand(kind: usize, stakes: &[i128]) -> Option<i128> {
    let (sum, count) = (stakes.iter().sum::<i128>(), i128::try_from(stakes.len()).unwrap());
    match kind {
        _ if stakes.is_empty() => None,
        0 => Some(sum * SCORE_ONE),
        1 => stakes.iter().max().map(|stake| stake * SCORE_ONE),
        2 => stakes.iter().min().map(|stake| stake * SCORE_ONE),
        3 => Some((2 * sum * SCORE_ONE + count).div_euclid(2 * count)),
        _ => Some(stakes.iter().map(|stake| stake.min(&3) * SCORE_ONE).sum()),
    }
}

/// What stakes of hours come to, of which each counts 7 at most, and each day of what they count 12.
fn capped_by_hand(stakes: &[(i64, i128)]) -> i128 {
    let mut hours = BTreeMap::new();
    for (hour, stake) in stakes {
        *hours.entry(*hour).or_insert(0) += stake;
    }
    let mut days = BTreeMap::new();
    for (hour, sum) in hours {
        *days.entry(hour / 24).or_insert(0) += sum.min(7);
    }
    days.values().map(|sum: &i128| sum.min(&12) * SCORE_ONE).sum()
}

const PLAYERS: [&str; 3] = ["anna", "bert", "cara"];
const KINDS: [&str; 5] = [
    "SUM(wagerAmount)",
    "MAX(wagerAmount)",
    "MIN(wagerAmount)",
    "AVG(wagerAmount)",
    "SUM(wagerAmount)",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn scores_are_those_of_the_wagers_that_are_left_at_every_step(
        steps in prop::collection::vec((0..PLAYERS.len(), 0_i128..6, 0..4_u8, any::<prop::sample::Index>()), 1..60),
        ends_intervals in any::<bool>(),
    ) {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        play.line(&program(""));
        for (number, kind) in KINDS.iter().enumerate() {
            let cap = if number == 4 { r#" {"cap":"3000000000000000000"}"# } else { "" };
            let query = format!("SELECT playerId, {kind} FROM wagers GROUP BY playerId");
            play.line(&format!("tournament t{number} +1h +3h {query}{cap}"));
        }
        play.line("after 1h");
        let mut staked: Vec<Staked> = Vec::new();
        // The score of each player in each tournament, and the batch that last changed it.
        let mut expected = [[None::<(i128, u64)>; KINDS.len()]; PLAYERS.len()];
        for (player, stake, action, index) in steps {
            let batch = play.partition.next_batch();
            if action == 0 && !staked.is_empty() {
                let at = index.index(staked.len());
                play.line(&format!("void w{at} {}", PLAYERS[staked[at].player]));
                staked[at].is_voided = true;
            } else {
                play.line(&format!("wager w{} {} slots {stake}", staked.len(), PLAYERS[player]));
                staked.push(Staked { player, stake, is_voided: false });
            }
            if ends_intervals {
                play.end_interval();
            }
            let rules = Arc::clone(play.partition.rules());
            let house = rules.operator("house").unwrap();
            for (player, name) in PLAYERS.iter().enumerate() {
                let own = staked.iter().filter(|it| it.player == player && !it.is_voided);
                let stakes: Vec<_> = own.map(|it| it.stake).collect();
                for (kind, expected) in expected[player].iter_mut().enumerate() {
                    let last = *expected;
                    let score = by_hand(kind, &stakes);
                    let is_same = score.is_some() && last.map(|(score, _)| score) == score;
                    let next = score.map(|score| (score, if is_same { last.unwrap().1 } else { batch }));
                    *expected = next;
                    let key = &rules.settings.hash_key;
                    let ordinal = play.partition.players().find_by_name(key, house.number, name);
                    let tournament = house.tournaments.get(&format!("t{kind}")).unwrap();
                    let standing = ordinal
                        .and_then(|ordinal| play.partition.standing(house.number, tournament, ordinal));
                    let found = standing.map(|standing| (standing.score.0, standing.changed_by.batch));
                    prop_assert_eq!(found, next, "{} in {}", name, kind);
                    let events = standing.map_or(0, |standing| standing.events);
                    prop_assert_eq!(events, stakes.len() as u64);
                }
            }
        }
    }
    #[test]
    fn caps_of_hours_and_days_cut_what_is_left_of_each_at_every_step(
        steps in prop::collection::vec((0_i64..50, 0_i128..6, 0..3_u8, any::<prop::sample::Index>()), 1..60),
        ends_intervals in any::<bool>(),
    ) {
        let mut play = Play::beginning(SECOND.number, KNOWN);
        play.line(&program(""));
        let caps = r#"{"capPerHour":"7000000000000000000","capPerDay":"12000000000000000000"}"#;
        play.line(&format!("tournament race +1h +99h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId {caps}"));
        play.line("after 60h");
        // It is ten o'clock on a day plus sixty hours.
        let now = 70;
        let mut staked: Vec<(i64, i128, bool)> = Vec::new();
        for (hours_ago, stake, action, index) in steps {
            if action == 0 && !staked.is_empty() {
                let at = index.index(staked.len());
                play.line(&format!("void w{at} anna"));
                staked[at].2 = true;
            } else {
                play.line(&format!("wager w{} anna slots {stake} at -{hours_ago}h", staked.len()));
                staked.push((now - hours_ago, stake, false));
            }
            if ends_intervals {
                play.end_interval();
            }
            let left = staked.iter().filter(|(_, _, is_voided)| !is_voided);
            let left: Vec<_> = left.map(|(hour, stake, _)| (*hour, *stake)).collect();
            let rules = Arc::clone(play.partition.rules());
            let house = rules.operator("house").unwrap();
            let key = &rules.settings.hash_key;
            let anna = play.partition.players().find_by_name(key, house.number, "anna").unwrap();
            let race = house.tournaments.get("race").unwrap();
            let standing = play.partition.standing(house.number, race, anna);
            let found = standing.map(|standing| (standing.score.0, standing.events));
            let expected = (!left.is_empty()).then(|| (capped_by_hand(&left), left.len() as u64));
            prop_assert_eq!(found, expected);
        }
    }
}
