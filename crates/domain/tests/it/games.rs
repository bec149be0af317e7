//! What players have come to in games, packed.

use std::collections::BTreeMap;

use accolade_domain::games::{Occurrence, Period};
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::ranking::Score;
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_domain::tournament::Tally;
use proptest::prelude::*;

/// What is packed, by game and occurrence.
type Kept = BTreeMap<String, BTreeMap<u32, Tally>>;

fn occurrence() -> impl Strategy<Value = Occurrence> {
    let period = prop::sample::select(Period::ALL.to_vec());
    (period, 19_990..20_010_i32).prop_map(|(period, day)| period.of(Day(day)).unwrap())
}

fn step() -> impl Strategy<Value = (String, Occurrence, Tally)> {
    let tally = (any::<i64>(), 1..1_000_u64, any::<u64>()).prop_map(|(total, events, batch)| {
        Tally { total: Score(total.into()), events, batch, ..Tally::default() }
    });
    ("[a-d]{1,2}|é|x{128}", occurrence(), tally)
}

fn packed(kept: &Kept) -> PackedGames {
    kept.iter().fold(PackedGames::NONE, |packed, (game, tallies)| {
        let tallies = tallies.iter().map(|(number, tally)| (*number, *tally));
        packed.with(game, &PackedScores::new(tallies))
    })
}

proptest! {
    #[test]
    fn tallies_are_those_of_a_map_of_maps(steps in prop::collection::vec(step(), 0..60)) {
        let (mut packed, mut kept) = (PackedGames::NONE, Kept::new());
        for (game, occurrence, tally) in steps {
            let tallies = kept.entry(game.clone()).or_default();
            tallies.insert(occurrence.number(), tally);
            let tallies = tallies.iter().map(|(number, tally)| (*number, *tally));
            packed = packed.with(&game, &PackedScores::new(tallies));
            prop_assert_eq!(packed.of(&game, occurrence), Some(tally));
            let is_in = |tallies: &&BTreeMap<_, _>| tallies.contains_key(&occurrence.number());
            prop_assert_eq!(packed.count_of(occurrence), kept.values().filter(is_in).count());
            prop_assert_eq!(packed.of("nothing", occurrence), None);
        }
        let all = packed.all().map(|of_game| (of_game.name().to_owned(), of_game.tallies().collect()));
        prop_assert_eq!(all.collect::<Kept>(), kept);
        prop_assert_eq!(PackedGames::from_bytes(packed.bytes()), Some(packed));
    }

    #[test]
    fn what_is_over_is_let_go_of_and_nothing_else(
        steps in prop::collection::vec(step(), 0..60),
        day in 19_980..20_040_i64,
    ) {
        let now = Timestamp::from_micros(day * DAY_MICROS);
        let mut kept = Kept::new();
        for (game, occurrence, tally) in steps {
            kept.entry(game).or_default().insert(occurrence.number(), tally);
        }
        let all = packed(&kept);
        for tallies in kept.values_mut() {
            tallies.retain(|number, _| now < Occurrence::of_number(*number).unwrap().kept_until());
        }
        kept.retain(|_, tallies| !tallies.is_empty());
        prop_assert_eq!(all.kept(now).into_owned(), packed(&kept));
    }

    #[test]
    fn games_without_tallies_are_taken_out(steps in prop::collection::vec(step(), 0..20), game in "[a-d]") {
        let mut kept = Kept::new();
        for (game, occurrence, tally) in steps {
            kept.entry(game).or_default().insert(occurrence.number(), tally);
        }
        let without = packed(&kept).with(&game, &PackedScores::NONE);
        kept.remove(&game);
        prop_assert_eq!(without, packed(&kept));
    }

    #[test]
    fn no_bytes_are_taken_for_others(bytes in prop::collection::vec(any::<u8>(), 1..60)) {
        if let Some(packed) = PackedGames::from_bytes(&bytes) {
            prop_assert_eq!(packed.bytes(), bytes);
        }
    }
}

#[test]
fn what_is_cut_off_out_of_order_or_of_no_day_is_refused() {
    let tally = Tally { events: 1, ..Tally::default() };
    let scores = |number| PackedScores::new([(number, tally)].into_iter());
    let of = |game: &str| PackedGames::NONE.with(game, &scores(Occurrence::ALL_TIME.number()));
    let both = of("a").with("b", &scores(0));
    for length in 1..both.bytes().len() {
        let cut = PackedGames::from_bytes(&both.bytes()[..length]);
        assert_eq!(cut.is_some(), length == of("a").bytes().len(), "{length}");
    }
    for wrong in [
        [of("b").bytes(), of("a").bytes()].concat(),
        [of("a").bytes(), of("a").bytes()].concat(),
        of("").bytes().to_vec(),
        of(&"x".repeat(129)).bytes().to_vec(),
        // A week that begins on a Wednesday.
        PackedGames::NONE.with("a", &scores(5)).bytes().to_vec(),
    ] {
        assert_eq!(PackedGames::from_bytes(&wrong), None, "{wrong:?}");
    }
}
