//! Tournaments to which players opt in.

use accolade_domain::time::HOUR_MICROS;
use accolade_domain::tournament::OptIn;
use accolade_engine::tables::seats::SeatsKey;
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::scores::{SCORED, Scored};
use accolade_wire::tournament::TournamentTerms;
use expect_test::{Expect, expect};

use super::houses::House;
use super::lots::program;
use super::settling;

/// Plays a scenario under behaviour 2 and compares its transcript, with what scores. `COUNT` is a tournament's query.
fn check(scenario: &str, transcript: Expect) {
    let query = "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId";
    let scenario = scenario.replace("PROGRAM", &program("")).replace("COUNT", query);
    settling::check(&scenario, scores_in, transcript);
}

fn scores_in(recorded: &Recorded<'_>) -> Vec<String> {
    let scored = recorded.notices.iter().filter(|stored| stored.notice.kind == SCORED);
    let scored = scored.map(|stored| Scored::read(&stored.notice.body).unwrap());
    let lines = scored.flat_map(|scored| scored.lines);
    lines.map(|line| format!("{} in {}", line.score, line.tournament)).collect()
}

#[test]
fn only_events_count_that_are_decided_after_the_opt_in() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true}
        tournament open +1h +3h COUNT
        join anna race
        join dora race
        join dora race
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        board race
        join bert race
        wager w2 bert slots 10
        wager w3 bert slots 10 at -30m
        wager w4 bert slots 10
        board race
        board open
        void w4 bert
        void w2 bert
        board race
        wager w5 dora slots 10
        board race
        after 2h
        wager w6 anna slots 10 at -1s
        join cara race
        board race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament open +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v2
            join anna race                   done  balance 0.00
            join dora race                   done  balance 0.00
            join dora race                   done  balance 0.00
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
                                             1 in 1
                                             1 in 2
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
                                             1 in 2
            board race                       1. anna 1
            join bert race                   done  balance 1.00
            wager w2 bert slots 10           repeats batch 11  balance 1.00
            wager w3 bert slots 10 at -30m   +1.00 by v1  balance 2.00
            wager w4 bert slots 10           +1.00 by v1  balance 3.00
                                             1 in 1
                                             2 in 2
            board race                       1. anna 1  2. bert 1
            board open                       1. bert 2  2. anna 1
            void w4 bert                     -1.00 takes back batch 15  balance 2.00
                                             0 in 1
                                             1 in 2
            void w2 bert                     -1.00 takes back batch 11  balance 1.00
                                             0 in 2
            board race                       1. anna 1
            wager w5 dora slots 10           +1.00 by v1  balance 1.00
                                             1 in 1
                                             1 in 2
            board race                       1. anna 1  2. dora 1
            after 2h                         
            wager w6 anna slots 10 at -1s    +1.00 by v1  balance 2.00
                                             2 in 1
                                             2 in 2
            join cara race                   declined tournament_over
            board race                       1. anna 2  2. dora 1
        "#]],
    );
}

#[test]
fn an_opt_in_is_for_a_tournament_that_takes_it_is_scheduled_and_is_not_over() {
    check(
        r#"
        PROGRAM
        tournament open +1h +3h COUNT
        tournament plan +1h +3h COUNT {"optIn":true,"stage":"draft"}
        tournament race +1h +3h COUNT {"optIn":true}
        tournament gone +1h +3h COUNT {"optIn":true}
        tournament gone +1h +3h COUNT {"optIn":true,"stage":"cancelled"}
        join anna open
        join anna plan
        join anna gone
        leave anna race
        exclude bert 1d
        join bert race
        join anna race
        leave anna gone
        command {"command":"optIn","id":"c99","playerId":"anna","tournament":99,"joins":true,"who":"x"}
        command {"command":"optIn","id":"c98","playerId":"anna","tournament":3,"joins":true,"who":"x"}
        command {"command":"optIn","id":"c98","playerId":"anna","tournament":3,"joins":true,"who":"x"}
        command {"command":"optIn","id":"c98","playerId":"anna","tournament":3,"joins":false,"who":"x"}
        after 3h
        join cara race
        leave anna race
        "#,
        expect![[r#"
            program                          made v1
            tournament open +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament plan +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v2
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v3
            tournament gone +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v4
            tournament gone +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v4
            join anna open                   declined no_opt_in
            join anna plan                   declined tournament_not_scheduled
            join anna gone                   declined tournament_over
            leave anna race                  declined no_such_player
            exclude bert 1d                  done  balance 0.00
            join bert race                   declined self_excluded  balance 0.00
            join anna race                   done  balance 0.00
            leave anna gone                  declined tournament_over  balance 0.00
            command                          declined tournament_not_scheduled  balance 0.00
            command                          done  balance 0.00
            command                          repeats batch 18  balance 0.00
            command                          declined id_conflict  balance 0.00
            after 3h                         
            join cara race                   declined tournament_over
            leave anna race                  declined tournament_over  balance 0.00
        "#]],
    );
}

#[test]
fn whoever_has_opted_in_may_leave_until_the_tournament_begins() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true}
        join anna race
        leave anna race
        leave anna race
        join bert race
        join cara race
        after 59m
        wager w1 cara slots 10 at +1m
        leave cara race
        leave bert race
        join bert race
        after 1m
        wager w2 anna slots 10
        wager w3 bert slots 10
        leave bert race
        leave anna race
        board race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join anna race                   done  balance 0.00
            leave anna race                  done  balance 0.00
            leave anna race                  done  balance 0.00
            join bert race                   done  balance 0.00
            join cara race                   done  balance 0.00
            after 59m                        
            wager w1 cara slots 10 at +1m    +1.00 by v1  balance 1.00
                                             1 in 1
            leave cara race                  declined tournament_began  balance 1.00
            leave bert race                  done  balance 0.00
            join bert race                   done  balance 0.00
            after 1m                         
            wager w2 anna slots 10           +1.00 by v1  balance 1.00
            wager w3 bert slots 10           +1.00 by v1  balance 1.00
                                             1 in 1
            leave bert race                  declined tournament_began  balance 1.00
            leave anna race                  done  balance 1.00
            board race                       1. cara 1  2. bert 1
        "#]],
    );
}

#[test]
fn whether_a_scheduled_tournament_takes_opt_ins_stays() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true,"stage":"draft"}
        tournament race +1h +3h COUNT {"stage":"draft"}
        tournament race +1h +3h COUNT {"optIn":true}
        tournament race +1h +3h COUNT
        tournament race +1h +3h COUNT {"stage":"draft"}
        tournament race +1h +3h COUNT {"optIn":true,"stage":"draft"}
        tournament race +1h +3h COUNT
        tournament race +2h +3h COUNT {"optIn":true}
        tournament race +1h +3h COUNT {"stage":"cancelled"}
        tournament race +1h +3h COUNT
        tournament few +1h +3h COUNT {"participantsMax":5}
        tournament few +1h +3h COUNT {"optIn":true,"participantsMax":0}
        tournament few +1h +3h COUNT {"optIn":true,"participantsMax":1000001}
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined opt_in_fixed
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined opt_in_fixed
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined opt_in_fixed
            tournament race +2h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v2
            tournament few +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined malformed
            tournament few +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined malformed
            tournament few +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined malformed
        "#]],
    );
}

#[test]
fn a_seat_is_asked_for_by_a_message_and_the_last_one_is_one_player_s() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true,"participantsMax":2}
        join anna race
        join anna race
        seats race
        deliver
        deliver
        seats race
        join bert race
        join cara race
        deliver
        deliver
        seats race
        leave anna race
        join cara race
        deliver
        deliver
        seats race
        after 1h
        wager w1 anna slots 10
        wager w2 bert slots 10
        wager w3 cara slots 10
        board race
        join dora race
        deliver
        deliver
        leave dora race
        wager w4 dora slots 10
        board race
        tournament race +0h +2h COUNT {"optIn":true,"participantsMax":3}
        join dora race
        wager w5 dora slots 10
        deliver
        deliver
        wager w6 dora slots 10
        board race
        seats race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join anna race                   done  balance 0.00
            join anna race                   done  balance 0.00
            seats race                       0 taken
            deliver                          done
            deliver                          done  balance 0.00
            done
            seats race                       1 taken
            join bert race                   done  balance 0.00
            join cara race                   done  balance 0.00
            deliver                          done
            done
            done
            deliver                          done  balance 0.00
            done
            done  balance 0.00
            done
            seats race                       2 taken
            leave anna race                  done  balance 0.00
            join cara race                   done  balance 0.00
            deliver                          done
            done
            done
            done
            deliver                          done
            done  balance 0.00
            done
            seats race                       2 taken
            after 1h                         
            wager w1 anna slots 10           +1.00 by v1  balance 1.00
            wager w2 bert slots 10           +1.00 by v1  balance 1.00
                                             1 in 1
            wager w3 cara slots 10           +1.00 by v1  balance 1.00
                                             1 in 1
            board race                       1. bert 1  2. cara 1
            join dora race                   done  balance 0.00
            deliver                          done
            declined received_before  balance 1.00
            done
            deliver                          done
            done  balance 0.00
            done
            leave dora race                  declined tournament_began  balance 0.00
            wager w4 dora slots 10           +1.00 by v1  balance 1.00
            board race                       1. bert 1  2. cara 1
            tournament race +0h +2h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join dora race                   done  balance 1.00
            wager w5 dora slots 10           +1.00 by v1  balance 2.00
            deliver                          done
            done
            deliver                          done  balance 2.00
            done
            wager w6 dora slots 10           +1.00 by v1  balance 3.00
                                             1 in 1
            board race                       1. bert 1  2. cara 1  3. dora 1
            seats race                       3 taken
        "#]],
    );
}

#[test]
fn a_seat_that_comes_too_late_is_given_back() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true,"participantsMax":2}
        join anna race
        leave anna race
        join anna race
        deliver
        seats race
        deliver
        seats race
        deliver
        seats race
        leave anna race
        leave anna race
        deliver
        deliver
        seats race
        tournament race +1h +3h COUNT {"optIn":true,"participantsMax":1}
        tournament race +1h +3h COUNT {"optIn":true}
        join bert race
        leave bert race
        deliver
        seats race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join anna race                   done  balance 0.00
            leave anna race                  done  balance 0.00
            join anna race                   done  balance 0.00
            deliver                          done
            done
            seats race                       2 taken
            deliver                          done  balance 0.00
            done
            done  balance 0.00
            done
            seats race                       2 taken
            deliver                          done
            done
            done
            seats race                       1 taken
            leave anna race                  done  balance 0.00
            leave anna race                  done  balance 0.00
            deliver                          done
            done
            deliver                          done
            seats race                       0 taken
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId declined opt_in_fixed
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join bert race                   done  balance 0.00
            leave bert race                  done  balance 0.00
            deliver                          
            seats race                       0 taken
        "#]],
    );
}

#[test]
fn messages_about_seats_that_are_lost_or_come_twice_take_one_once() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true,"participantsMax":2}
        join anna race
        lose
        after 1m
        after 1m
        deliver
        seats race
        lose
        after 1m
        deliver
        deliver
        seats race
        command {"command":"takeSeat","tournament":1,"optIn":{"player":0,"batch":5,"slot":1}}
        command {"command":"seatTaken","tournament":1,"optIn":{"player":0,"batch":5,"slot":1},"granted":true}
        command {"command":"returnSeat","tournament":1}
        seats race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join anna race                   done  balance 0.00
            lose                             
            after 1m                         
            after 1m                         
            deliver                          done
            declined received_before
            seats race                       1 taken
            lose                             
            after 1m                         
            deliver                          declined received_before
            done  balance 0.00
            deliver                          done
            done
            seats race                       1 taken
            command                          declined malformed
            command                          declined malformed  balance 0.00
            command                          declined malformed
            seats race                       1 taken
        "#]],
    );
}

#[test]
fn seats_are_known_for_as_long_as_the_tournament_is_kept() {
    check(
        r#"
        PROGRAM
        tournament race +1h +3h COUNT {"optIn":true,"participantsMax":2}
        join anna race
        deliver
        deliver
        tournament race +1h +5h COUNT {"optIn":true,"participantsMax":2}
        after 5h
        after 30d
        seats race
        after 30s
        seats race
        "#,
        expect![[r#"
            program                          made v1
            tournament race +1h +3h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            join anna race                   done  balance 0.00
            deliver                          done
            deliver                          done  balance 0.00
            done
            tournament race +1h +5h SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId made v1
            after 5h                         
            after 30d                        
            seats race                       1 taken
            after 30s                        
            seats race                       0 taken
        "#]],
    );
}

/// Every player's opt-in in the only tournament.
fn opt_ins(house: &House) -> Vec<Option<OptIn>> {
    let players = house.partitions.iter().flat_map(|partition| partition.players().all());
    players.map(|player| player.scores.of(1)?.opt_in).collect()
}

fn has(all: &[Option<OptIn>], state: OptIn) -> usize {
    all.iter().filter(|opt_in| **opt_in == Some(state)).count()
}

/// A tournament that begins in a day.
fn race(house: &House, seats: usize) -> TournamentTerms {
    let starts = house.now.micros() + HOUR_MICROS * 24;
    let ends = starts + HOUR_MICROS;
    let race = format!(
        r#"{{"operator":"house","id":"race","editedFrom":0,"name":"Race","starts":{starts},"ends":{ends},
        "query":"SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId","graceSeconds":30,"timezone":"UTC",
        "zone":[],"ties":"first","publicPositions":10,"optIn":true,"participantsMax":{seats},
        "stage":"scheduled","who":"carl"}}"#
    );
    serde_json::from_str(&race).unwrap()
}

fn say(house: &mut House, id: &str, player: &str, joins: bool) {
    let body = format!(
        r#"{{"command":"optIn","id":"{id}","playerId":"{player}","tournament":1,"joins":{joins},"who":"x"}}"#
    );
    house.command(partition_of(player, house.count()), &body);
}

/// Time passes, and whatever is said is heard.
fn settle(house: &mut House) {
    for _ in 0..20 {
        house.later(11);
        house.tick();
        house.deliver();
    }
}

#[test]
fn a_question_for_a_seat_comes_again_until_the_tournament_is_heard_of() {
    let mut house = House::new(4, 1);
    let home = partition_of("race", 4);
    let mut players = (0..).map(|number| format!("p{number}"));
    let player = players.find(|player| partition_of(player, 4) != home).unwrap();
    let control = Control::Tournament(race(&house, 1));
    house.control_but_for(&control, Some(home));
    say(&mut house, "c1", &player, true);
    settle(&mut house);
    assert_eq!((opt_ins(&house), taken(&house)), (vec![Some(OptIn::Requested)], 0));
    house.control_in(home, &control);
    settle(&mut house);
    assert_eq!((opt_ins(&house), taken(&house)), (vec![Some(OptIn::In)], 1));
    assert!(house.partitions.iter().all(|partition| partition.tables().outbox.is_empty()));
}

/// Players of many partitions join and leave, while messages are lost, repeated, late and out of order.
#[test]
fn there_are_never_more_players_in_than_seats_and_as_many_once_enough_have_asked() {
    const SEATS: usize = 7;
    const PLAYERS: usize = 40;
    for seed in 0..12 {
        let mut house = House::new(4, seed);
        let terms = race(&house, SEATS);
        // The message of who knows of it first may come to who does not yet.
        let knows_late = u16::try_from(house.below(4)).unwrap();
        house.control_but_for(&Control::Tournament(terms.clone()), Some(knows_late));
        for step in 0..400 {
            if step == 40 {
                house.control_in(knows_late, &Control::Tournament(terms.clone()));
            }
            let (player, joins) = (format!("p{}", house.below(PLAYERS)), house.below(3) > 0);
            say(&mut house, &format!("c{step}"), &player, joins);
            house.deliver_some();
            if step >= 40 && house.below(10) == 0 {
                house.later(11);
                house.tick();
            }
            let taken = taken(&house);
            assert!(taken <= SEATS as u64, "seed {seed}");
            let all = opt_ins(&house);
            assert!(has(&all, OptIn::In) as u64 <= taken, "seed {seed}");
        }
        settle(&mut house);
        for player in 0..PLAYERS {
            say(&mut house, &format!("last-{player}"), &format!("p{player}"), true);
        }
        settle(&mut house);
        let all = opt_ins(&house);
        assert_eq!(has(&all, OptIn::In), SEATS, "seed {seed}");
        assert_eq!(has(&all, OptIn::Full), PLAYERS - SEATS, "seed {seed}");
        assert_eq!(taken(&house), SEATS as u64, "seed {seed}");
        house.fold_again();
    }
}

fn taken(house: &House) -> u64 {
    let home = usize::from(partition_of("race", 4));
    house.partitions[home].seats_taken(SeatsKey { operator: 1, tournament: 1 })
}
