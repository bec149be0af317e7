//! What events come to, and how that is packed beside the account.

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::query::row::Source;
use accolade_domain::query::scoring::{Aggregate, Query, Scoring};
use accolade_domain::ranking::{Score, Ties};
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_domain::tournament::capped::PeriodCaps;
use accolade_domain::tournament::{Counted, OptIn, SCORE_ONE, Tally, Tournament};
use proptest::prelude::*;

pub(crate) fn tournament(aggregate: Aggregate) -> Tournament {
    let scoring = Scoring { aggregate, of: None };
    Tournament {
        query: Query { source: Source::Wagers, condition: None, scoring: Some(scoring.clone()) },
        scoring,
        starts: Timestamp::from_micros(100),
        ends: Timestamp::from_micros(200),
        grace_micros: 30,
        zone: ZoneOffsets::default(),
        cap: None,
        period_caps: PeriodCaps::default(),
        ties: Ties::First,
        events_min: 2,
        opt_in: false,
    }
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn place(batch: u64) -> Place {
    Place { partition: 1, batch, slot: 3, number: 0 }
}

fn whole(score: i64) -> Score {
    Score(i128::from(score) * SCORE_ONE)
}

#[test]
fn an_event_counts_from_the_start_to_the_end_for_as_long_as_the_grace_lasts() {
    let it = tournament(Aggregate::Sum);
    let open = |event, now| it.is_open(at(event), at(now));
    assert!(!open(99, 150) && open(100, 150) && open(199, 150) && !open(200, 150));
    assert!(open(199, 229) && !open(199, 230), "the grace ends 30 later");
}

#[test]
fn a_player_has_a_position_with_as_many_events_as_are_needed() {
    let it = tournament(Aggregate::Sum);
    let moved = |tally: Tally, batch| {
        tally.moved(&it, Counted::In(whole(5)), at(120), place(batch)).unwrap()
    };
    let one = moved(Tally::default(), 7);
    assert_eq!(it.standing(&one, 1, Subject([9; 16])), None);
    let standing = it.standing(&moved(one, 8), 1, Subject([9; 16])).unwrap();
    assert_eq!((standing.score, standing.events), (whole(10), 2));
    assert_eq!((standing.changed_at, standing.changed_by), (at(120), place(8)));
}

#[test]
fn a_mean_is_rounded_half_away_from_zero() {
    let it = tournament(Aggregate::Average);
    let mean =
        |total, events| it.score(&Tally { total: Score(total), events, ..Tally::default() }).0;
    assert_eq!([mean(5, 2), mean(-5, 2), mean(4, 3), mean(-4, 3)], [3, -3, 1, -1]);
    assert_eq!([mean(5, 3), mean(-5, 3), mean(0, 7), mean(7, 1)], [2, -2, 0, 7]);
}

#[test]
fn what_would_be_beyond_a_score_does_not_count() {
    let it = tournament(Aggregate::Sum);
    let full = Tally { total: Score(i128::MAX), events: 1, ..Tally::default() };
    assert_eq!(full.moved(&it, Counted::In(Score(1)), at(1), place(1)), None);
    let none = Tally::default();
    let out = Counted::Out { value: Score(1), next: Score(0) };
    assert_eq!(none.moved(&it, out, at(1), place(1)), None, "there is nothing to take back");
}

fn tally() -> impl Strategy<Value = Tally> {
    let total = prop_oneof![
        any::<i128>(),
        (-1_000_000_i128..1_000_000).prop_map(|hundredths| hundredths * 10_i128.pow(16)),
        Just(i128::MIN),
        Just((1 << 61) * 10_i128.pow(16)),
        Just(((1 << 61) - 1) * 10_i128.pow(16)),
    ];
    let opt_in = prop::option::of(prop::sample::select(OptIn::ALL.to_vec()));
    (total, any::<u64>(), any::<i64>(), any::<u64>(), any::<u32>(), opt_in).prop_map(
        |(total, events, changed_at, batch, slot, opt_in)| Tally {
            total: Score(total),
            events,
            changed_at: at(changed_at),
            batch,
            slot,
            opt_in,
        },
    )
}

proptest! {
    #[test]
    fn packed_tallies_are_what_they_were(
        tallies in prop::collection::btree_map(any::<u32>(), tally(), 0..40),
    ) {
        let tallies: Vec<_> = tallies.into_iter().collect();
        let packed = PackedScores::new(tallies.iter().copied());
        prop_assert_eq!(packed.all().collect::<Vec<_>>(), tallies.clone());
        for (number, tally) in &tallies {
            prop_assert_eq!(packed.of(*number), Some(*tally));
        }
        prop_assert_eq!(packed.of(5), tallies.iter().find(|(it, _)| *it == 5).map(|(_, it)| *it));
        prop_assert_eq!(PackedScores::from_bytes(packed.bytes()), Some(packed));
    }

    #[test]
    fn one_tally_is_put_in_among_the_others_or_taken_out(
        tallies in prop::collection::btree_map(0_u32..20, tally(), 0..20),
        number in 0_u32..20,
        put in prop::option::of(tally()),
    ) {
        let packed = PackedScores::new(tallies.clone().into_iter());
        let mut expected = tallies;
        expected.remove(&number);
        expected.extend(put.map(|tally| (number, tally)));
        let expected = PackedScores::new(expected.into_iter());
        prop_assert_eq!(packed.with(number, put), expected);
    }

    #[test]
    fn no_bytes_are_taken_for_others(bytes in prop::collection::vec(any::<u8>(), 1..60)) {
        if let Some(packed) = PackedScores::from_bytes(&bytes) {
            prop_assert_eq!(packed.bytes(), bytes);
        }
    }

    #[test]
    fn what_was_counted_and_voided_leaves_nothing(values in prop::collection::vec(-500_i64..500, 1..20)) {
        let it = tournament(Aggregate::Sum);
        let mut tally = Tally::default();
        for value in &values {
            tally = tally.moved(&it, Counted::In(whole(*value)), at(1), place(1)).unwrap();
        }
        prop_assert_eq!(tally.total, whole(values.iter().sum()));
        for value in values.iter().rev() {
            let out = Counted::Out { value: whole(*value), next: Score(0) };
            tally = tally.moved(&it, out, at(2), place(2)).unwrap();
        }
        prop_assert_eq!((tally.total, tally.events), (Score(0), 0));
    }
}
