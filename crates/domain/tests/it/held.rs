//! Points that are held: they wait for a person, among those that wait for their time.

use accolade_domain::amount::Points;
use accolade_domain::lots::{HELD, Hour, Lot, Lots, Month, PENDING_LOTS_MAX, PendingLot, Source};
use accolade_domain::time::{Day, HOUR_MICROS, Timestamp};

fn points(hundredths: i64) -> Points {
    Points::from_hundredths(hundredths).unwrap()
}

/// 2024-11-11, and its month.
const DAY: Day = Day(20_038);

fn month() -> Month {
    Month::of(DAY)
}

#[test]
fn what_is_held_never_matures_and_is_let_go_of_as_far_as_it_is_there() {
    let mut lots = Lots::default();
    lots.earn(DAY, Some(HELD), points(500)).unwrap();
    lots.earn(DAY, None, points(100)).unwrap();
    lots.mature(Timestamp::from_micros(i64::from(i32::MAX - 1) * HOUR_MICROS));
    assert_eq!((lots.ready_points(), lots.held_points()), (points(100), points(500)));
    assert_eq!(lots.spend(points(101)), None);
    assert_eq!(lots.release(month(), points(200), None), points(200));
    assert_eq!((lots.ready_points(), lots.held_points()), (points(300), points(300)));
    assert_eq!(lots.take_held(month(), points(1_000)).unwrap().points, points(300));
    assert_eq!(lots.release(month(), points(1), None), Points::ZERO);
    assert_eq!(lots.take_held(month(), points(1)), None);
    assert_eq!(lots.balance(), points(300));
}

#[test]
fn what_is_let_go_of_before_its_time_still_waits_for_it() {
    let mut lots = Lots::default();
    lots.earn(DAY, Some(HELD), points(500)).unwrap();
    assert_eq!(lots.release(month(), points(500), Some(Hour(7))), points(500));
    assert_eq!((lots.pending_points(), lots.held_points()), (points(500), Points::ZERO));
    lots.mature(Hour(7).begins());
    assert_eq!(lots.ready_points(), points(500));
}

#[test]
fn however_many_lots_mature_none_joins_what_is_held() {
    let mut lots = Lots::default();
    lots.earn(DAY, Some(HELD), points(500)).unwrap();
    for hour in 0..i32::try_from(3 * PENDING_LOTS_MAX).unwrap() {
        lots.earn(DAY, Some(Hour(hour)), points(1)).unwrap();
        assert_eq!(lots.held_points(), points(500));
    }
    assert_eq!(lots.pending().len(), PENDING_LOTS_MAX);
}

#[test]
fn what_matures_joins_the_next_that_does_even_where_only_what_is_held_is_of_its_month() {
    let mut lots = Lots::default();
    let of_month = |months: i16| Month(month().0 + months).first_day();
    lots.earn(of_month(0), Some(HELD), points(500)).unwrap();
    for (hour, months) in (0..).zip(0..i16::try_from(PENDING_LOTS_MAX).unwrap()) {
        lots.earn(of_month(months), Some(Hour(hour)), points(1)).unwrap();
    }
    assert_eq!(lots.held_points(), points(500));
    let first = PendingLot { matures: Hour(1), month: Month(month().0 + 1), points: points(2) };
    assert_eq!(lots.pending().first(), Some(&first));
}

#[test]
fn held_points_are_those_of_their_month_and_no_others() {
    let mut lots = Lots::default();
    let before = Month(month().0 - 1);
    lots.earn(before.first_day(), Some(HELD), points(100)).unwrap();
    lots.earn(DAY, Some(HELD), points(200)).unwrap();
    lots.earn(DAY, Some(Hour(7)), points(400)).unwrap();
    assert_eq!((lots.held_points(), lots.pending_points()), (points(300), points(700)));
    assert_eq!(lots.take_held(month(), points(0)), None);
    assert_eq!(lots.take_held(Month(month().0 + 1), points(1)), None);
    let taken = lots.take_held(month(), points(50)).unwrap();
    assert_eq!(taken, PendingLot { matures: HELD, month: month(), points: points(50) });
    assert_eq!(lots.release(before, points(1_000), None), points(100));
    assert_eq!(lots.ready(), [Lot { month: before, points: points(100) }]);
    assert_eq!((lots.held_points(), lots.pending_points()), (points(150), points(550)));
}

#[test]
fn points_are_held_as_far_as_they_are_still_in_the_lot_that_they_went_into() {
    let mut lots = Lots::default();
    let (pending, ready) =
        (Source::of(DAY, Some(Hour(7))), Source { month: month(), matures: None });
    lots.earn(DAY, pending.matures, points(100)).unwrap();
    lots.earn(DAY, Some(Hour(8)), points(200)).unwrap();
    assert_eq!(lots.hold(pending, points(30)), points(30));
    assert_eq!(lots.hold(pending, points(100)), points(70), "no other lot stands in");
    assert_eq!(lots.hold(pending, points(1)), points(0));
    assert_eq!((lots.held_points(), lots.pending_points()), (points(100), points(300)));
    assert_eq!(lots.hold(ready, points(1)), points(0), "what is pending cannot be spent");
    lots.mature(Hour(8).begins());
    assert_eq!(lots.hold(Source::of(DAY, Some(Hour(8))), points(150)), points(150));
    assert_eq!((lots.held_points(), lots.ready_points()), (points(250), points(50)));
}
