//! Prizes by place: each place has one, ties share points, and nothing is lost or given twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolade_domain::amount::{Amount, Points};
use accolade_domain::ledger::{Place, Subject};
use accolade_domain::ranking::{Leaderboard, Score, Standing, Ties};
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::{
    PLACES_MAX, PRIZES_MAX, Places, Prize, Prizes, PrizesProblem, Win, Won, Worth, Wrong,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn points(text: &str) -> Points {
    Points::parse(text).unwrap()
}

/// Reads `1 500`, `2-3 pool 99.99`, `top 0.5% 10`, `4 car`, `5 voucher 20.00 EUR`.
fn prize(line: &str) -> Prize {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (places, win) = match words.as_slice() {
        ["top", percent, win @ ..] => {
            let percent = points(percent.strip_suffix('%').unwrap());
            (Places::Top(u16::try_from(percent.hundredths()).unwrap()), win)
        }
        [range, win @ ..] => {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            (Places::Range { from: from.parse().unwrap(), to: to.parse().unwrap() }, win)
        }
        [] => panic!("an empty line"),
    };
    let win = match win {
        ["pool", pool] => Win::Pool(points(pool)),
        [_, amount, currency] => {
            let amount = Amount::parse(amount).unwrap();
            Win::Thing(Some(Worth { amount, currency: (*currency).into() }))
        }
        [each] if each.starts_with(|first: char| first.is_ascii_digit()) => {
            Win::Points(points(each))
        }
        _ => Win::Thing(None),
    };
    Prize { places, win }
}

fn read(text: &str) -> Result<Prizes, PrizesProblem> {
    Prizes::new(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(prize).collect())
}

/// Writes down what players of these positions have won, and what that costs.
fn check(text: &str, positions: &[u64], expected: Expect) {
    let prizes = read(text).unwrap();
    let ranked = positions.len() as u64;
    let lines = positions.iter().copied().zip('a'..);
    let mut transcript = String::new();
    for Won { player, position, place, points, thing } in prizes.won(ranked, lines) {
        write!(transcript, "{player}  position {position}, place {place}: {points}").unwrap();
        if let Some(thing) = thing {
            write!(transcript, " and prize {}", thing + 1).unwrap();
        }
        transcript.push('\n');
    }
    let cost = prizes.cost(ranked);
    let worth = cost.worth.iter().map(|(currency, amount)| format!(", {amount} {currency}"));
    let worth: String = worth.collect();
    writeln!(transcript, "{} points, {} things{worth}", cost.points, cost.things).unwrap();
    writeln!(transcript, "{} places", prizes.place_count(ranked)).unwrap();
    expected.assert_eq(&transcript);
}

const TEN: [u64; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

#[test]
fn each_place_of_a_range_has_the_prize() {
    check(
        "1 1000\n2-3 500\n4-20 12.50",
        &TEN[..5],
        expect![[r#"
        a  position 1, place 1: 1000.00
        b  position 2, place 2: 500.00
        c  position 3, place 3: 500.00
        d  position 4, place 4: 12.50
        e  position 5, place 5: 12.50
        2025.00 points, 0 things
        5 places
    "#]],
    );
}

#[test]
fn a_place_has_the_first_prize_that_is_for_it_alone() {
    check(
        "1 1000\n2-3 500\ntop 50% 100\ntop 75% 50",
        &TEN,
        expect![[r#"
        a  position 1, place 1: 1000.00
        b  position 2, place 2: 500.00
        c  position 3, place 3: 500.00
        d  position 4, place 4: 100.00
        e  position 5, place 5: 100.00
        f  position 6, place 6: 50.00
        g  position 7, place 7: 50.00
        h  position 8, place 8: 50.00
        2350.00 points, 0 things
        8 places
    "#]],
    );
    check(
        "top 20% 100\n1-5 30",
        &TEN,
        expect![[r#"
        a  position 1, place 1: 100.00
        b  position 2, place 2: 100.00
        c  position 3, place 3: 30.00
        d  position 4, place 4: 30.00
        e  position 5, place 5: 30.00
        290.00 points, 0 things
        5 places
    "#]],
    );
}

#[test]
fn a_percentage_of_players_is_rounded_up_to_at_least_one() {
    check(
        "top 0.01% 5",
        &TEN[..1],
        expect![[r#"
        a  position 1, place 1: 5.00
        5.00 points, 0 things
        1 places
    "#]],
    );
    check(
        "top 10% 5",
        &TEN,
        expect![[r#"
        a  position 1, place 1: 5.00
        5.00 points, 0 things
        1 places
    "#]],
    );
    let prizes = read("top 10% 5").unwrap();
    let places = [0, 1, 10, 11, 20, 21].map(|ranked| prizes.place_count(ranked));
    assert_eq!(places, [0, 1, 1, 2, 2, 3]);
}

#[test]
fn a_pool_is_split_over_the_places_that_have_a_player() {
    check(
        "1-3 pool 100",
        &TEN,
        expect![[r#"
        a  position 1, place 1: 33.34
        b  position 2, place 2: 33.33
        c  position 3, place 3: 33.33
        100.00 points, 0 things
        3 places
    "#]],
    );
    check(
        "1-3 pool 100",
        &TEN[..2],
        expect![[r#"
        a  position 1, place 1: 50.00
        b  position 2, place 2: 50.00
        100.00 points, 0 things
        2 places
    "#]],
    );
    check(
        "1 7\ntop 50% pool 0.03",
        &TEN,
        expect![[r#"
        a  position 1, place 1: 7.00
        b  position 2, place 2: 0.01
        c  position 3, place 3: 0.01
        d  position 4, place 4: 0.01
        7.03 points, 0 things
        5 places
    "#]],
    );
}

#[test]
fn tied_players_share_the_points_of_their_places_and_the_first_have_the_odd_hundredths() {
    check(
        "1 500\n2 300\n3 100",
        &[1, 2, 2, 4],
        expect![[r#"
        a  position 1, place 1: 500.00
        b  position 2, place 2: 200.00
        c  position 2, place 3: 200.00
        900.00 points, 0 things
        3 places
    "#]],
    );
    check(
        "1 100\n2 50.01\n3 0.01",
        &[1, 1, 1, 1, 5],
        expect![[r#"
        a  position 1, place 1: 37.51
        b  position 1, place 2: 37.51
        c  position 1, place 3: 37.50
        d  position 1, place 4: 37.50
        150.02 points, 0 things
        3 places
    "#]],
    );
    check(
        "1-2 10",
        &[1, 2, 2, 2, 2, 2, 2],
        expect![[r#"
        a  position 1, place 1: 10.00
        b  position 2, place 2: 1.67
        c  position 2, place 3: 1.67
        d  position 2, place 4: 1.67
        e  position 2, place 5: 1.67
        f  position 2, place 6: 1.66
        g  position 2, place 7: 1.66
        20.00 points, 0 things
        2 places
    "#]],
    );
}

#[test]
fn a_thing_goes_to_the_player_at_its_place_who_shares_the_points_of_the_tie_as_well() {
    check(
        "1 car 20000 EUR\n2 500\n3-4 mug",
        &[1, 1, 1, 4, 5],
        expect![[r#"
        a  position 1, place 1: 166.67 and prize 1
        b  position 1, place 2: 166.67
        c  position 1, place 3: 166.66 and prize 3
        d  position 4, place 4: 0.00 and prize 3
        500.00 points, 3 things, 20000.00 EUR
        4 places
    "#]],
    );
}

#[test]
fn a_leaderboard_says_who_has_which_place_and_who_is_first_among_the_tied() {
    let mut leaderboard = Leaderboard::new(Ties::Shared);
    for (player, (score, reached_at)) in (0..).zip([(70, 3), (100, 9), (70, 1), (5, 4), (70, 2)]) {
        let place = Place { partition: 0, batch: 1, slot: 1, number: 0 };
        let standing = Standing {
            score: Score(score),
            events: 1,
            changed_at: Timestamp::from_micros(reached_at),
            changed_by: place,
            subject: Subject([0; 16]),
        };
        leaderboard.set(player, Some(standing));
    }
    let prizes = read("1 100\n2 50\n3 mug\n4 0.02").unwrap();
    let ranked = leaderboard.len() as u64;
    let lines = leaderboard.from(1).map(|line| (line.position, line.player));
    let won = prizes.won(ranked, lines).into_iter();
    let won: Vec<_> = won.map(|won| (won.player, won.points.to_string(), won.thing)).collect();
    let expected =
        [(1, "100.00", None), (2, "16.68", None), (4, "16.67", Some(2)), (0, "16.67", None)];
    assert_eq!(won, expected.map(|(player, points, thing)| (player, points.to_owned(), thing)));
}

#[test]
fn nobody_wins_where_nobody_has_a_position() {
    check(
        "1 500\n2-9 pool 30\ntop 100% mug",
        &[],
        expect![[r#"
        0.00 points, 0 things
        0 places
    "#]],
    );
    check(
        "",
        &TEN,
        expect![[r#"
        0.00 points, 0 things
        0 places
    "#]],
    );
}

#[test]
fn what_is_no_list_of_prizes_is_refused() {
    let wrong = |text: &str| {
        let PrizesProblem { index, why } = read(text).unwrap_err();
        (index, why)
    };
    assert_eq!(wrong("1 5\n0-3 5"), (1, Wrong::NoRange));
    assert_eq!(wrong("3-2 5"), (0, Wrong::NoRange));
    assert_eq!(wrong("1-1000001 5"), (0, Wrong::NoRange));
    assert_eq!(wrong("1 5\n2-9 5\n9-10 5"), (2, Wrong::Overlap(1)));
    assert_eq!(wrong("2 5\n1-3 5"), (1, Wrong::Overlap(0)));
    assert_eq!(wrong("top 0% 5"), (0, Wrong::NoPercentage));
    assert_eq!(wrong("top 100.01% 5"), (0, Wrong::NoPercentage));
    assert_eq!(wrong("top 5% 5\n1 5\ntop 5% 9"), (2, Wrong::Unreachable(0)));
    assert_eq!(wrong("1 0"), (0, Wrong::NoPoints));
    assert_eq!(wrong("1 pool 0"), (0, Wrong::NoPoints));
    assert_eq!(wrong("1 mug 0 EUR"), (0, Wrong::Worthless));
    assert_eq!(wrong("1 1000000000000000\n2 0.01"), (1, Wrong::TooMuch));
    assert_eq!(wrong("top 1% 1000000000.01"), (0, Wrong::TooMuch));
    assert_eq!(wrong("1-9 car 100000000000 EUR\n10-11 car 100000000000 EUR"), (1, Wrong::TooMuch));
    let taken_for_points = Win::Points(points("5").negated());
    let place = Prize { places: Places::Range { from: 1, to: 1 }, win: taken_for_points };
    assert_eq!(Prizes::new(vec![place]).unwrap_err().why, Wrong::NoPoints);
    let many: Vec<String> = (1..=PRIZES_MAX + 1).map(|place| format!("{place} 5")).collect();
    assert_eq!(wrong(&many.join("\n")), (PRIZES_MAX, Wrong::TooMany));
    assert_eq!(read(&many[1..].join("\n")).unwrap().all().len(), PRIZES_MAX);
    assert_eq!(Wrong::Overlap(1).to_string(), "expected places that prize 2 does not have");
}

#[test]
fn no_more_places_win_than_there_may_be() {
    let prizes = read("top 100% 0.01").unwrap();
    assert_eq!(prizes.place_count(u64::MAX), PLACES_MAX);
    assert_eq!(prizes.cost(u64::MAX).points, points("10000"));
    let range = read("1-1000000 5").unwrap();
    assert_eq!(range.place_count(u64::MAX), PLACES_MAX);
    let lines = (1..).take(1_000_005).map(|place| (place, place));
    let won = prizes.won(u64::MAX, lines);
    assert_eq!(won.len(), 1_000_000);
}

#[test]
fn no_more_lines_are_read_than_those_that_win_and_the_next() {
    let prizes = read("1-3 5").unwrap();
    let mut read = 0;
    let lines = [1, 2, 3, 3, 5, 6, 7].into_iter().inspect(|_| read += 1);
    let won = prizes.won(7, lines.map(|position| (position, ())));
    assert_eq!(won.len(), 4);
    assert_eq!(read, 5);
}

/// The same place by place, as it is written in the documentation.
fn slowly(prizes: &[Prize], positions: &[u64]) -> Vec<(usize, Points, Option<usize>)> {
    let ranked = positions.len() as u64;
    let is_for = |prize: &Prize, place: u64| match prize.places {
        Places::Range { from, to } => (u64::from(from)..=u64::from(to)).contains(&place),
        // The place is among them if fewer than the percentage are before it.
        Places::Top(share) => (place - 1) * 10_000 < ranked * u64::from(share),
    };
    let of_place = |place| prizes.iter().position(|prize| is_for(prize, place));
    let all: Vec<Option<usize>> = (1..=ranked).map(of_place).collect();
    let hundredths = |index: usize| {
        let Some(prize) = all[index] else { return 0 };
        let alike = |other: &&Option<usize>| **other == Some(prize);
        match &prizes[prize].win {
            Win::Points(each) => each.hundredths(),
            Win::Thing(_) => 0,
            Win::Pool(pool) => {
                let count = all.iter().filter(alike).count();
                let before = all[..index].iter().filter(alike).count();
                part(pool.hundredths(), count, before)
            }
        }
    };
    let mut won = Vec::new();
    for (index, position) in positions.iter().enumerate() {
        let tied: Vec<usize> =
            (0..positions.len()).filter(|it| positions[*it] == *position).collect();
        let sum = tied.iter().map(|it| hundredths(*it)).sum();
        let points = part(sum, tied.len(), index - tied[0]);
        let thing = all[index].filter(|prize| matches!(prizes[*prize].win, Win::Thing(_)));
        if points > 0 || thing.is_some() {
            won.push((index, Points::from_hundredths(points).unwrap(), thing));
        }
    }
    won
}

/// Deals a sum out, one hundredth after the other.
fn part(sum: i64, count: usize, index: usize) -> i64 {
    let dealt = (0..sum).zip((0..count).cycle());
    dealt.map(|(_, to)| i64::from(to == index)).sum()
}

fn some_prize() -> impl Strategy<Value = Prize> {
    let range =
        (1..12_u32, 0..4_u32).prop_map(|(from, more)| Places::Range { from, to: from + more });
    let top = prop_oneof![(1..=10_000_u16), (1..=100_u16).prop_map(|percent| percent * 100)];
    let places = prop_oneof![2 => range, 1 => top.prop_map(Places::Top)];
    let hundredths = (1..3_000_i64).prop_map(|it| Points::from_hundredths(it).unwrap());
    let worth = Worth { amount: Amount::parse("12.50").unwrap(), currency: "EUR".into() };
    let win = prop_oneof![
        hundredths.clone().prop_map(Win::Points),
        hundredths.prop_map(Win::Pool),
        prop::sample::select(vec![Win::Thing(None), Win::Thing(Some(worth))]),
    ];
    (places, win).prop_map(|(places, win)| Prize { places, win })
}

/// Positions of players some of whom are tied.
fn positions() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(any::<bool>(), 0..24).prop_map(|ties| {
        let mut positions: Vec<u64> = Vec::new();
        for (is_tied, place) in ties.into_iter().zip(1..) {
            let tied = positions.last().copied().filter(|_| is_tied);
            positions.push(tied.unwrap_or(place));
        }
        positions
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_won_is_what_the_list_says_place_by_place_and_costs_what_was_said(
        list in prop::collection::vec(some_prize(), 0..8),
        positions in positions(),
    ) {
        let mut kept: Vec<Prize> = Vec::new();
        for prize in list {
            let with: Vec<Prize> = kept.iter().cloned().chain([prize]).collect();
            if Prizes::new(with.clone()).is_ok() {
                kept = with;
            }
        }
        let prizes = Prizes::new(kept.clone()).unwrap();
        let ranked = positions.len() as u64;
        let lines = positions.iter().copied().zip(0_usize..);
        let won = prizes.won(ranked, lines.clone());
        let plain: Vec<_> = won.iter().map(|won| (won.player, won.points, won.thing)).collect();
        prop_assert_eq!(&plain, &slowly(&kept, &positions));
        for Won { player, position, place, .. } in &won {
            prop_assert_eq!((*place as usize, *position), (player + 1, positions[*player]));
        }
        let cost = prizes.cost(ranked);
        let given: i64 = won.iter().map(|won| won.points.hundredths()).sum();
        prop_assert_eq!(cost.points.hundredths(), given);
        let things = won.iter().filter(|won| won.thing.is_some());
        prop_assert_eq!(cost.things, things.count() as u64);
        for (prize, places) in prizes.places_won(ranked).into_iter().enumerate() {
            if let Win::Thing(_) = kept[prize].win {
                let given = won.iter().filter(|won| won.thing == Some(prize)).count();
                prop_assert_eq!(places as usize, given);
            }
        }
        let mut worth: BTreeMap<Box<str>, u128> = BTreeMap::new();
        for prize in won.iter().filter_map(|won| won.thing) {
            if let Win::Thing(Some(Worth { amount, currency })) = &kept[prize].win {
                *worth.entry(currency.clone()).or_default() += amount.atto();
            }
        }
        let said: BTreeMap<_, _> = cost.worth.into_iter().map(|(it, amount)| (it, amount.atto())).collect();
        prop_assert_eq!(said, worth);
        // With no more lines than are said to be needed it comes to the same.
        let last = prizes.place_count(ranked) as usize;
        let last_position = last.checked_sub(1).map(|last| positions[last]);
        let needed = lines.take_while(|(position, _)| Some(*position) <= last_position);
        prop_assert_eq!(prizes.won(ranked, needed), won);
    }
}
