//! Points that are held: they wait for a person, among those that wait for their time.

use accolade_domain::amount::Points;
use accolade_domain::lots::{HELD, Hour, Lots, Month, PENDING_LOTS_MAX};
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
