//! Leaderboards: positions are those of a sorted list, at every step.

use std::cmp::Reverse;

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::ranking::{Leaderboard, Player, Score, Standing, Ties, percentile};
use accolade_domain::time::Timestamp;
use proptest::prelude::*;

const PLAYERS: Player = 300;
const ALL: [Ties; 4] = [Ties::First, Ties::MostEvents, Ties::FewestEvents, Ties::Shared];

fn standing(player: Player, score: i128, events: u64, at: i64) -> Standing {
    Standing {
        score: Score(score),
        events,
        changed_at: Timestamp::from_micros(at),
        changed_by: Place { partition: 0, batch: 1, slot: 1, number: 0 },
        subject: Subject(u128::from(player).to_be_bytes()),
    }
}

/// The same by sorting all of them.
fn sorted(standings: &[Option<Standing>], ties: Ties) -> Vec<(u64, Player)> {
    let players = (0..).zip(standings).filter_map(|(player, it)| Some((player, (*it)?)));
    let mut players: Vec<(Player, Standing)> = players.collect();
    players.sort_by_key(|(_, it)| {
        let events = match ties {
            Ties::First | Ties::Shared => 0,
            Ties::MostEvents => -i128::from(it.events),
            Ties::FewestEvents => i128::from(it.events),
        };
        (Reverse(it.score), events, it.changed_at, it.changed_by, it.subject)
    });
    let ahead = |score| players.iter().filter(|(_, other)| other.score > score).count() as u64;
    let position = |(index, (player, it)): (u64, &(Player, Standing))| match ties {
        Ties::Shared => (ahead(it.score) + 1, *player),
        _ => (index + 1, *player),
    };
    (0..).zip(&players).map(position).collect()
}

#[track_caller]
fn same(leaderboard: &Leaderboard, standings: &[Option<Standing>], ties: Ties) {
    let expected = sorted(standings, ties);
    let lines: Vec<_> = leaderboard.from(1).map(|line| (line.position, line.player)).collect();
    assert_eq!(lines, expected, "{ties:?}");
    assert_eq!(leaderboard.len(), expected.len());
    for (index, (position, player)) in expected.iter().enumerate() {
        assert_eq!(leaderboard.position(*player), Some(*position), "{ties:?}");
        assert_eq!(leaderboard.standing(*player), standings[*player as usize].as_ref());
        let around: Vec<_> = leaderboard
            .near(leaderboard.standing(*player).unwrap(), 2, 3)
            .map(|line| line.player)
            .collect();
        let (first, last) = (index.saturating_sub(2), (index + 3).min(expected.len()));
        let near: Vec<_> = expected[first..last].iter().map(|(_, player)| *player).collect();
        assert_eq!(around, near, "{ties:?}");
    }
}

/// Whoever is in another leaderboard stands among these where they would stand here.
#[track_caller]
fn a_stranger_stands_among(leaderboard: &Leaderboard, stranger: Standing, ties: Ties) {
    let mut whole = leaderboard.clone();
    whole.set(PLAYERS, Some(stranger));
    assert_eq!(Some(leaderboard.ahead(&stranger) + 1), whole.position(PLAYERS), "{ties:?}");
    let near = whole.near(&stranger, 2, 3).map(|line| line.player);
    let others: Vec<_> = near.filter(|player| *player != PLAYERS).collect();
    let found: Vec<_> = leaderboard.near(&stranger, 2, 2).map(|line| line.player).collect();
    assert_eq!(found, others, "{ties:?}");
}

fn first_two(ties: Ties, standings: [Standing; 2]) -> Vec<(u64, Player)> {
    let mut leaderboard = Leaderboard::new(ties);
    for (player, standing) in (0..).zip(standings) {
        leaderboard.set(player, Some(standing));
    }
    leaderboard.from(1).map(|line| (line.position, line.player)).collect()
}

#[test]
fn whoever_reached_the_score_first_is_ahead() {
    let (late, early) = (standing(0, 50, 9, 200), standing(1, 50, 1, 100));
    assert_eq!(first_two(Ties::First, [late, early]), [(1, 1), (2, 0)]);
    assert_eq!(first_two(Ties::MostEvents, [late, early]), [(1, 0), (2, 1)]);
    assert_eq!(first_two(Ties::FewestEvents, [late, early]), [(1, 1), (2, 0)]);
    assert_eq!(first_two(Ties::Shared, [late, early]), [(1, 1), (1, 0)]);
    // At one time the partition decides, then the batch and the slot.
    let by = |player, partition, batch, slot| Standing {
        changed_by: Place { partition, batch, slot, number: 0 },
        ..standing(player, 50, 1, 100)
    };
    for (behind, ahead) in [((1, 1, 1), (0, 9, 9)), ((1, 3, 1), (1, 2, 9)), ((1, 3, 4), (1, 3, 3))]
    {
        let [behind, ahead] =
            [(0, behind), (1, ahead)].map(|(player, (p, b, s))| by(player, p, b, s));
        assert_eq!(first_two(Ties::First, [behind, ahead]), [(1, 1), (2, 0)]);
    }
    // Of what is equal in all of that the subject decides.
    let same = [standing(1, 50, 1, 100), standing(0, 50, 1, 100)];
    assert_eq!(first_two(Ties::First, same), [(1, 1), (2, 0)]);
}

#[test]
fn players_who_share_a_position_leave_out_those_that_they_would_have_had() {
    let mut leaderboard = Leaderboard::new(Ties::Shared);
    for (player, score) in (0..).zip([100, 70, 70, 70, 20]) {
        leaderboard.set(player, Some(standing(player, score, 1, i64::from(player))));
    }
    let lines = |from| leaderboard.from(from).map(|line| line.position).collect::<Vec<_>>();
    assert_eq!(lines(1), [1, 2, 2, 2, 5]);
    assert_eq!(lines(3), [2, 2, 5]);
    assert_eq!(lines(9), [0; 0]);
    assert_eq!([0, 1, 3, 4].map(|player| leaderboard.position(player).unwrap()), [1, 2, 2, 5]);
    assert_eq!([1, 2, 5].map(|position| percentile(position, 5)), [100, 80, 20]);
    assert_eq!(leaderboard.position(9), None);
}

#[test]
fn scores_are_exact_beyond_what_a_double_holds() {
    let large = 9_007_199_254_740_993 * 10_i128.pow(16);
    let (ahead, behind) = (standing(0, large + 1, 1, 200), standing(1, large, 1, 100));
    assert_eq!(first_two(Ties::First, [ahead, behind]), [(1, 0), (2, 1)]);
}

proptest! {
    #[test]
    fn hundredths_are_what_a_division_finds(
        units in prop_oneof![
            any::<i128>(),
            (any::<i64>(), -1_i128..=1).prop_map(|(it, beside)| i128::from(it) * 10_i128.pow(16) + beside),
            (any::<i64>(), -1_i128..=1).prop_map(|(it, more)| (i128::from(it) + (more << 64)).wrapping_mul(10_i128.pow(16))),
            (any::<i64>(), 0_u32..16).prop_map(|(it, fewer)| i128::from(it) * 10_i128.pow(fewer)),
        ],
    ) {
        let (whole, rest) = (units / 10_i128.pow(16), units % 10_i128.pow(16));
        let expected = i64::try_from(whole).ok().filter(|_| rest == 0);
        prop_assert_eq!(Score(units).hundredths(), expected);
        prop_assert!(expected.is_none_or(|it| Score::of_hundredths(it) == Score(units)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn positions_are_those_of_a_sorted_list_at_every_step(
        steps in prop::collection::vec((0..PLAYERS, 0_u8..8, 0_i128..40, 0_u64..4), 1..600),
        ties in prop::sample::select(ALL.to_vec()),
    ) {
        let mut leaderboard = Leaderboard::new(ties);
        let mut standings = vec![None; PLAYERS as usize];
        for (number, (player, kind, points, events)) in steps.into_iter().enumerate() {
            let index = player as usize;
            let had = standings[index].map_or(0, |it: Standing| it.score.0);
            let score = if kind < 5 { had + points } else { had - points };
            let at = i64::try_from(number / 3).unwrap();
            standings[index] = (kind != 7).then(|| standing(player, score, events, at));
            leaderboard.set(player, standings[index]);
            if number % 7 == 0 {
                same(&leaderboard, &standings, ties);
                let stranger = Standing { subject: Subject([0xff; 16]), ..standing(player, score, events, at) };
                a_stranger_stands_among(&leaderboard, stranger, ties);
            } else if let Some(place) = sorted(&standings, ties).iter().find(|(_, it)| *it == player) {
                prop_assert_eq!(leaderboard.position(player), Some(place.0));
            }
        }
        same(&leaderboard, &standings, ties);
    }
}
