//! What a player's events of an hour, or of a day, count at most.

use accolade_domain::query::scoring::Aggregate;
use accolade_domain::ranking::Score;
use accolade_domain::time::{Day, HOUR_MICROS, Timestamp, ZoneOffsets};
use accolade_domain::tournament::capped::{DaySums, Hour, PeriodCaps};
use accolade_domain::tournament::{Counted, Tournament};

use super::tallies::tournament;

const HOUR: Hour = Hour { of_day: 3, offset_s: 0 };
const NEXT: Hour = Hour { of_day: 4, offset_s: 0 };

fn caps(hour: Option<i128>, day: Option<i128>) -> PeriodCaps {
    PeriodCaps { hour: hour.map(Score), day: day.map(Score) }
}

fn sums(of: &[(Hour, i128)]) -> DaySums {
    let with = |sums: DaySums, (hour, by): &(Hour, i128)| sums.with(*hour, Score(*by)).unwrap();
    of.iter().fold(DaySums::default(), with)
}

#[test]
fn an_hour_counts_its_cap_at_most_and_a_day_its_own_of_what_hours_count() {
    let day = sums(&[(NEXT, 30), (HOUR, 15), (HOUR, 20)]);
    assert_eq!(day.0, [(HOUR, Score(35)), (NEXT, Score(30))], "by hours");
    let counted = |hour, of_day| day.counted(caps(hour, of_day)).unwrap().0;
    assert_eq!(counted(None, None), 65);
    assert_eq!(counted(Some(32), None), 62);
    assert_eq!(counted(Some(20), Some(50)), 40);
    assert_eq!(counted(Some(32), Some(50)), 50);
}

#[test]
fn what_was_cut_counts_again_once_less_is_left() {
    let with = sums(&[(HOUR, 15), (HOUR, 20)]);
    let of = |sums: &DaySums| sums.counted(caps(Some(20), None)).unwrap().0;
    assert_eq!(of(&with), 20);
    assert_eq!(of(&with.with(HOUR, Score(-20)).unwrap()), 15);
}

#[test]
fn an_event_adds_what_caps_leave_of_it_and_takes_that_away_again() {
    let period_caps = caps(Some(20), None);
    let it = Tournament { period_caps, ..tournament(Aggregate::Sum) };
    let before = sums(&[(HOUR, 15)]);
    let (with, adds) = it.within_caps(before.clone(), HOUR, Counted::In(Score(15))).unwrap();
    assert_eq!(adds, Counted::In(Score(5)));
    let out = |value| Counted::Out { value: Score(value), next: Score(0) };
    assert_eq!(it.within_caps(with, HOUR, out(15)), Some((before, out(5))));
}

#[test]
fn losses_are_not_cut() {
    let day = sums(&[(HOUR, -100), (NEXT, 30)]);
    assert_eq!(day.counted(caps(Some(20), Some(10))), Some(Score(-80)));
}

#[test]
fn what_would_be_beyond_a_score_is_nothing() {
    assert_eq!(sums(&[(HOUR, i128::MAX)]).with(HOUR, Score(1)), None);
    assert_eq!(sums(&[(HOUR, i128::MAX), (NEXT, 1)]).counted(caps(None, None)), None);
}

#[test]
fn an_hour_that_clocks_show_twice_is_two_of_one_day() {
    let hour = |hour: i64| Timestamp::from_micros(hour * HOUR_MICROS);
    let zone = ZoneOffsets(vec![(hour(0), 7_200), (hour(25), 3_600)]);
    let it =
        |period_caps| Tournament { zone: zone.clone(), period_caps, ..tournament(Aggregate::Sum) };
    let by_hours = it(caps(Some(5), None));
    let of = |offset_s| (Day(1), Hour { of_day: 2, offset_s });
    assert_eq!([24, 25].map(|at| by_hours.period(hour(at))), [of(7_200), of(3_600)]);
    let by_days = it(caps(None, Some(5)));
    assert_eq!(by_days.period(hour(24)), by_days.period(hour(25)), "days alone have no hours");
    assert_eq!(by_days.period(hour(22)).0, Day(1), "22:00 is midnight there");
}

#[test]
fn only_sums_have_parts_that_could_be_cut() {
    let may = |aggregate| tournament(aggregate).may_cap_periods();
    assert!(may(Aggregate::Sum) && may(Aggregate::Count));
    let others = [Aggregate::Greatest, Aggregate::Least, Aggregate::Average];
    assert!(!others.into_iter().any(may));
}
