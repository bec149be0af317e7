//! Budgets of promotions over many partitions: never above, and used to the last point.

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_engine::tables::budgets::{BudgetKey, Share};
use accolade_wire::control::Control;
use accolade_wire::identity::partition_of;
use expect_test::expect;

use crate::houses::House;
use crate::lots::{lots_in, program};
use crate::settling;

const PARTITIONS: u16 = 16;

fn points(text: &str) -> Points {
    Points::parse(text).unwrap()
}

/// A program that gives 0.10 for each wager, and more by the promotion `launch` with this budget.
fn launch(bonus: &str, budget: &str) -> String {
    format!(
        r#"{{"currency":"EUR","earning":{{"multipliers":{{"slots":0.1}}}},"promotions":[{{"name":"launch","bonus":{bonus},"budget":{budget}}}]}}"#
    )
}

fn house(budget: &str, bonus: &str, seed: u64) -> House {
    let mut house = House::new(PARTITIONS, seed);
    house.publish(&launch(bonus, budget), 0);
    house
}

/// Players of one partition.
fn players(partition: u16, count: usize) -> Vec<String> {
    let names = (0..).map(|number| format!("player-{number}"));
    names.filter(|name| partition_of(name, PARTITIONS) == partition).take(count).collect()
}

fn key() -> BudgetKey {
    BudgetKey { operator: 1, promotion: "launch".into() }
}

/// What shares have given, and what they hold.
fn shares(house: &House) -> (Points, Points) {
    let rows = house.partitions.iter().filter_map(|it| it.tables().budget_shares.get(&key()));
    rows.fold((Points::ZERO, Points::ZERO), |(given, rest), share| {
        (given.plus(share.given).unwrap(), rest.plus(share.rest).unwrap())
    })
}

/// What is given and held is never more than is granted, nor that more than there is.
fn check_never_above(house: &House, points: Points) {
    let mut homes = house.partitions.iter().filter_map(|it| it.tables().budget_homes.get(&key()));
    let granted = homes.next().map_or(Points::ZERO, |home| home.granted);
    assert!(homes.next().is_none(), "a budget is at home in one partition");
    let (given, rest) = shares(house);
    assert!(given.plus(rest).unwrap() <= granted, "{given} given and {rest} held of {granted}");
    assert!(granted <= points, "{granted} granted of {points}");
}

/// Lets a wager follow in each of `partitions` until nothing is left.
fn use_up(house: &mut House, partitions: &[u16], total: Points) {
    let mut rounds = 0;
    while shares(house).0 < total {
        rounds += 1;
        assert!(rounds < 1_000, "{:?} given and held of {total}", shares(house));
        house.later(11);
        house.tick();
        house.deliver();
        for partition in partitions {
            house.wagers(*partition, &players(*partition, 1));
        }
        check_never_above(house, total);
    }
}

#[test]
fn a_budget_of_1000_under_10000_wagers_at_once_is_never_exceeded_and_is_used_to_the_last_point() {
    for seed in 1..=3 {
        let mut house = house(r#"{"points":1000}"#, "1.37", seed);
        let all: Vec<_> = (0..PARTITIONS).map(|partition| players(partition, 50)).collect();
        for _ in 0..200 {
            let partition = house.below(usize::from(PARTITIONS));
            house.wagers(partition.try_into().unwrap(), &all[partition]);
            house.deliver_some();
            check_never_above(&house, points("1000"));
        }
        assert!(house.given(&[]) <= points("1000"));
        use_up(&mut house, &(0..PARTITIONS).collect::<Vec<_>>(), points("1000"));
        assert_eq!(house.given(&[]), points("1000"));
        assert_eq!(shares(&house), (points("1000"), Points::ZERO));
        house.fold_again();
    }
}

#[test]
fn one_partition_alone_gets_what_the_others_do_not_use() {
    for seed in 1..=5 {
        let mut house = house(r#"{"points":1000}"#, "7", seed);
        house.deliver_some();
        for partition in 0..PARTITIONS {
            house.wagers(partition, &players(partition, 1));
            house.deliver_some();
        }
        use_up(&mut house, &[3], points("1000"));
        assert_eq!(house.given(&[]), points("1000"));
        house.fold_again();
    }
}

#[test]
fn shares_are_there_before_the_first_wager_is() {
    let mut house = house(r#"{"points":1000}"#, "1", 1);
    house.deliver();
    for partition in 0..PARTITIONS {
        let ids = house.wagers(partition, &players(partition, 10));
        for (_, place) in ids {
            let Outcome::Counted { points: earned, given, .. } = house.outcome(place) else {
                panic!("the wager counts");
            };
            assert_eq!((earned, given[0].cut), (points("1.10"), Points::ZERO));
        }
    }
}

/// The partition that was granted a fair part of a whole budget, before anybody else was.
fn first_granted(house: &House, granted: Points) -> u16 {
    let mut shares = house.partitions.iter().map(|it| it.tables().budget_shares.get(&key()));
    let is_first = |share: Option<&Share>| share.is_some_and(|it| it.granted_last == granted);
    let at = shares.position(is_first).unwrap();
    at.try_into().unwrap()
}

#[test]
fn a_partition_asks_for_more_once_it_has_used_more_than_half_of_what_it_got() {
    let mut house = house(r#"{"points":3200}"#, "25", 1);
    house.deliver();
    let partition = first_granted(&house, points("100"));
    let before = house.sent;
    for _ in 0..2 {
        house.wagers(partition, &players(partition, 1));
        assert_eq!(house.sent, before, "half of it is still there");
    }
    house.wagers(partition, &players(partition, 1));
    assert_eq!(house.sent, before + 1);
}

#[test]
fn whoever_gets_no_answer_asks_again_after_twice_as_long_each_time() {
    let mut house = house(r#"{"points":1000}"#, "5", 1);
    let players = players(0, 1);
    let asks = [(); 7].map(|()| {
        house.later(11);
        // What is on its way is sent again.
        house.tick();
        let before = house.sent;
        house.wagers(0, &players);
        house.sent - before
    });
    assert_eq!(asks, [1, 0, 1, 0, 0, 0, 1], "after 10, 20 and 40 seconds");
}

#[test]
fn nobody_is_asked_for_a_player_who_gets_no_more_anyway() {
    let mut house = house(r#"{"perPlayer":5}"#, "5", 1);
    let players = players(0, 2);
    house.wagers(0, &players[..1]);
    house.publish(&launch("5", r#"{"points":1000,"perPlayer":5}"#), 0);
    house.later(11);
    // What was asked with the version is sent again.
    house.tick();
    let before = house.sent;
    house.wagers(0, &players[..1]);
    assert_eq!(house.sent, before);
    house.wagers(0, &players[1..]);
    assert_eq!(house.sent, before + 1);
}

#[test]
fn what_a_missing_share_cut_is_recorded_on_the_wager() {
    let mut house = house(r#"{"points":1000}"#, "5", 1);
    // Nothing has arrived yet.
    let ids = house.wagers(0, &players(0, 1));
    let Outcome::Counted { points: earned, given, parts, .. } = house.outcome(ids[0].1) else {
        panic!("the wager counts");
    };
    assert_eq!((earned, parts.promoted.counted), (points("0.10"), 0));
    assert_eq!((given[0].points, given[0].cut), (Points::ZERO, points("5")));
}

#[test]
fn a_void_gives_the_budget_back_what_its_wager_took_and_others_use_it() {
    let mut house = house(r#"{"points":20,"perPlayer":12}"#, "5", 1);
    house.deliver();
    let mut wagers = Vec::new();
    for _ in 0..30 {
        for partition in 0..PARTITIONS {
            let player = players(partition, 1);
            for (id, place) in house.wagers(partition, &player) {
                wagers.push((id, place, player[0].clone()));
            }
        }
        house.later(11);
        house.tick();
        house.deliver();
        check_never_above(&house, points("20"));
    }
    assert_eq!(house.given(&[]), points("20"));
    let got = |house: &House, place: Place| match house.outcome(place) {
        Outcome::Counted { given, .. } => given[0].points,
        _ => Points::ZERO,
    };
    let took = wagers.iter().filter(|(_, place, _)| got(&house, *place) != Points::ZERO);
    let took: Vec<_> = took.cloned().collect();
    let mut voided = Vec::new();
    for (id, place, player) in &took[..2] {
        house.void(place.partition, id, player);
        voided.push(*place);
        house.void(place.partition, id, player);
    }
    let back = got(&house, voided[0]).plus(got(&house, voided[1])).unwrap();
    assert_eq!(shares(&house), (points("20").minus(back).unwrap(), back));
    let others: Vec<_> = (0..PARTITIONS).filter(|it| *it != voided[0].partition).collect();
    use_up(&mut house, &others, points("20"));
    assert_eq!(house.given(&voided), points("20"));
    house.fold_again();
}

#[test]
fn no_player_gets_more_than_a_players_part_and_a_void_gives_it_back() {
    let mut house = house(r#"{"perPlayer":12}"#, "5", 1);
    let players = players(2, 2);
    let mut earned = Vec::new();
    let mut last = None;
    for _ in 0..3 {
        let (id, place) = house.wagers(2, &players[..1]).remove(0);
        earned.push(place);
        last = Some(id);
    }
    house.void(2, &last.unwrap(), &players[0]);
    let again = house.wagers(2, &[players[0].clone(), players[0].clone(), players[1].clone()]);
    earned.extend(again.into_iter().map(|(_, place)| place));
    let given: Vec<_> = earned
        .into_iter()
        .map(|place| match house.outcome(place) {
            Outcome::Counted { points, given, .. } => {
                format!("{points}: {} of it, {} cut", given[0].points, given[0].cut)
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        given,
        [
            "5.10: 5.00 of it, 0.00 cut",
            "5.10: 5.00 of it, 0.00 cut",
            "2.10: 2.00 of it, 3.00 cut",
            "2.10: 2.00 of it, 3.00 cut",
            "0.10: 0.00 of it, 5.00 cut",
            "5.10: 5.00 of it, 0.00 cut",
        ]
    );
    assert_eq!(house.sent, 0, "nobody has to be asked");
}

#[test]
fn a_players_part_counts_wherever_intervals_end() {
    let mut house = house(r#"{"perPlayer":12}"#, "5", 1);
    let players = players(2, 1);
    for _ in 0..2 {
        house.wagers(2, &players);
        let partition = &mut house.partitions[2];
        partition.write_values(&mut accolade_engine::pieces::Pieces::new(Vec::new(), usize::MAX));
        let ended = partition.end_interval();
        house.store.sealed.extend(ended.ids.iter().map(|id| (2, *id)));
        let keep = |key: &[u8], row: &[u8]| {
            house.store.rows.insert((2, key.to_vec()), row.to_vec());
            Ok::<_, std::convert::Infallible>(())
        };
        ended.rows.each(keep).unwrap_or_else(|never| match never {});
        partition.let_go_of_ended();
    }
    house.wagers(2, &players);
    assert_eq!(house.given(&[]), points("12"));
}

#[test]
fn a_budget_goes_on_with_the_next_version_by_the_newest_terms_and_another_name_begins_another() {
    let mut house = house(r#"{"points":10}"#, "5", 1);
    house.deliver();
    let all: Vec<_> = (0..PARTITIONS).collect();
    use_up(&mut house, &all, points("10"));
    house.publish(&launch("5", r#"{"points":25}"#), 0);
    house.deliver();
    use_up(&mut house, &all, points("25"));
    house.later(100);
    house.publish(&launch("5", r#"{"points":5}"#), 0);
    house.deliver();
    house.wagers(0, &players(0, 5));
    house.deliver();
    assert_eq!(house.given(&[]), points("25"), "nothing more once more was given than there is");
    house.publish(&launch("5", r#"{"points":5}"#).replace("launch", "again"), 0);
    house.deliver();
    for _ in 0..10 {
        house.later(11);
        house.wagers(0, &players(0, 1));
        house.deliver();
    }
    assert_eq!(house.given(&[]), points("30"));
    house.fold_again();
}

#[test]
fn a_budget_that_is_made_smaller_takes_back_what_is_held_and_grants_nothing_until_there_is_room() {
    let mut house = house(r#"{"points":1000}"#, "5", 1);
    house.deliver();
    let held = shares(&house).1;
    assert!(held > points("300"), "{held}");
    house.later(20);
    house.publish(&launch("5", r#"{"points":10}"#), 0);
    house.deliver();
    assert_eq!(shares(&house), (Points::ZERO, Points::ZERO));
    use_up(&mut house, &[1, 2], points("10"));
    house.fold_again();
}

#[test]
fn a_version_that_is_withdrawn_gives_no_more_to_its_budget() {
    let mut house = house(r#"{"points":10}"#, "5", 1);
    house.deliver();
    house.publish(&launch("5", r#"{"points":1000}"#), 3_600);
    house.deliver();
    let (operator, why, who) = ("house".into(), "a slip".into(), "anna".into());
    house.later(20);
    house.control(&Control::Withdraw { operator, version: 2, why, who });
    house.deliver();
    use_up(&mut house, &(0..PARTITIONS).collect::<Vec<_>>(), points("10"));
    assert_eq!(house.given(&[]), points("10"));
}

#[test]
fn whoever_finds_nothing_does_not_ask_for_each_wager() {
    let mut house = house(r#"{"points":10}"#, "5", 1);
    house.deliver();
    use_up(&mut house, &(0..PARTITIONS).collect::<Vec<_>>(), points("10"));
    house.deliver();
    house.later(700);
    let before = house.sent;
    for _ in 0..100 {
        for partition in 0..PARTITIONS {
            house.wagers(partition, &players(partition, 10));
            house.deliver();
        }
    }
    let (asks, recalls) = (16, 16);
    assert!(house.sent - before <= asks + recalls, "{} messages", house.sent - before);
}

#[test]
fn what_only_partitions_may_say_changes_nothing_where_nobody_has_sent_it() {
    let mut house = house(r#"{"points":1000}"#, "5", 1);
    house.deliver();
    let before = shares(&house);
    for says in [r#"{"what":"grants","points":1}"#, r#"{"what":"recalls"}"#] {
        let body = format!(r#"{{"command":"budget","promotion":"launch","says":{says}}}"#);
        let place = house.command(0, &body);
        assert!(matches!(house.outcome(place), Outcome::Declined { .. }));
    }
    assert_eq!(shares(&house), before);
}

#[test]
fn what_a_void_could_not_take_is_not_given_again() {
    let program = program(
        r#","voids":"balance","promotions":[{"name":"launch","bonus":2,"budget":{"points":5}}]"#,
    );
    settling::check(
        &format!(
            "
        {program}
        deliver
        deliver
        deliver
        deliver
        wager w1 anna slots 1
        deliver
        deliver
        reserve anna 2.1
        confirm 1
        void w1 anna
        deliver
        deliver
        wager w2 bert slots 1
        deliver
        deliver
        wager w3 bert slots 1
        deliver
        deliver
        wager w4 bert slots 1
        "
        ),
        lots_in,
        expect![[r#"
            program                          made v1
            deliver                          done
            deliver                          done
            done
            deliver                          done
            deliver                          
            wager w1 anna slots 1            +2.10 by v1  balance 2.10
                                             earned: into 2024-11
            deliver                          done
            deliver                          done
            done
            reserve anna 2.1                 made #1  balance 2.10
            confirm 1                        done  balance 0.00
                                             redeemed: 2.10 of 2024-11
            void w1 anna                     0.00 takes back batch 8, 2.10 owed  balance 0.00
            deliver                          done
            deliver                          
            wager w2 bert slots 1            +2.10 by v1  balance 2.10
                                             earned: into 2024-11
            deliver                          done
            deliver                          done
            done
            wager w3 bert slots 1            +1.10 by v1  balance 3.20
                                             earned: into 2024-11
            deliver                          done
            done
            deliver                          done
            wager w4 bert slots 1            +0.10 by v1  balance 3.30
                                             earned: into 2024-11
        "#]],
    );
}
