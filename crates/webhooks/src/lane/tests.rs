use super::*;

const MINUTE: i64 = 60_000_000;
const TAKEN: Attempt = Attempt::Answered(204);
const REFUSED: Attempt = Attempt::Answered(500);

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn place(batch: u64, number: u32) -> Place {
    Place { partition: 0, batch, slot: 1, number }
}

fn subject(player: u8) -> Subject {
    Subject([player; 16])
}

fn message(place: Place) -> Message {
    Message { id: format!("{}-{}", place.batch, place.number).into(), body: "{}".into() }
}

fn read(lane: &mut Lane, batch: u64, players: &[u8]) {
    assert_eq!(lane.reads(), Some(batch));
    for (number, player) in (0..).zip(players) {
        let place = place(batch, number);
        if lane.wants(place) {
            lane.add(place, subject(*player), "tier.changed", message(place));
        }
    }
    lane.has_read(batch);
}

fn try_once(lane: &mut Lane, place: Place, attempt: Attempt, now: i64) -> Heard {
    assert!(lane.ready(at(now)).contains(&place), "{place:?} of {:?}", lane.ready(at(now)));
    lane.begin(place);
    lane.heard(place, attempt, at(now), None)
}

/// A lane that begins with batch 5.
fn lane() -> Lane {
    Lane::resume(0, &Told::from(5))
}

fn said(lane: &mut Lane) -> Told {
    let told = lane.says().expect("there is something to be said");
    lane.begin_to_say();
    lane.has_said(&told);
    told
}

#[test]
fn of_each_player_one_is_sent_after_the_other() {
    let mut lane = lane();
    read(&mut lane, 5, &[1, 2, 1]);
    assert_eq!(lane.ready(at(0)), [place(5, 0), place(5, 1)]);
    lane.begin(place(5, 0));
    assert_eq!(lane.ready(at(0)), [place(5, 1)], "the second of a player waits for the first");
    assert_eq!(lane.heard(place(5, 0), TAKEN, at(0), None), Heard::Taken);
    assert_eq!(lane.ready(at(0)), [place(5, 1), place(5, 2)]);
}

#[test]
fn what_fails_holds_up_its_player_alone_until_it_is_due() {
    let mut lane = lane();
    read(&mut lane, 5, &[1, 1, 2]);
    assert_eq!(try_once(&mut lane, place(5, 0), REFUSED, MINUTE), Heard::Failed);
    assert_eq!(lane.ready(at(MINUTE)), [place(5, 2)]);
    assert_eq!(try_once(&mut lane, place(5, 2), TAKEN, MINUTE), Heard::Taken);
    assert_eq!(lane.ready(at(MINUTE + 4_999_999)), []);
    assert_eq!(lane.ready(at(MINUTE + 5_000_000)), [place(5, 0)]);
    lane.begin_anew();
    assert_eq!(lane.ready(at(0)), [place(5, 0)], "anew it is tried at once");
}

#[test]
fn a_message_is_tried_for_three_days_and_given_up_where_others_are_taken() {
    let mut lane = lane();
    read(&mut lane, 5, &[1, 2]);
    let mut now = MINUTE;
    for failed in 1..=WAITS.len() {
        assert_eq!(try_once(&mut lane, place(5, 0), REFUSED, now), Heard::Failed, "{failed}");
        now += WAITS[failed - 1] * 1_000_000;
    }
    assert!(now - MINUTE > 3 * 24 * 60 * MINUTE);
    assert_eq!(try_once(&mut lane, place(5, 1), TAKEN, now), Heard::Taken);
    assert_eq!(try_once(&mut lane, place(5, 0), REFUSED, now + 1), Heard::GivenUp);
    assert_eq!(lane.waiting(), 0);
    let remembered = Remembered::read(&said(&mut lane).remembered);
    let ended: Vec<_> =
        remembered.ended.iter().map(|it| (it.attempts, it.status, it.taken)).collect();
    assert_eq!(ended, [(1, 204, true), (10, 500, false)]);
}

#[test]
fn where_nothing_is_taken_for_three_days_nothing_is_given_up() {
    let mut lane = lane();
    read(&mut lane, 5, &[1]);
    let mut now = MINUTE;
    for wait in WAITS {
        try_once(&mut lane, place(5, 0), Attempt::Failed(Failure::NotConnected), now);
        now += wait * 1_000_000;
    }
    assert_eq!(try_once(&mut lane, place(5, 0), REFUSED, now), Heard::Dead);
    assert_eq!(lane.ready(at(0)), [place(5, 0)], "it is kept, and tried anew");
}

#[test]
fn another_node_goes_on_where_this_one_was() {
    let mut lane = lane();
    read(&mut lane, 5, &[1, 1, 2]);
    read(&mut lane, 6, &[3, 3]);
    read(&mut lane, 7, &[4]);
    try_once(&mut lane, place(5, 0), REFUSED, MINUTE);
    try_once(&mut lane, place(5, 2), TAKEN, MINUTE);
    try_once(&mut lane, place(7, 0), TAKEN, MINUTE);
    let told = said(&mut lane);
    assert_eq!(
        (told.revision, told.next),
        (1, 6),
        "what failed, and what is behind it, is remembered"
    );
    assert_eq!(lane.says(), None);

    let mut other = Lane::resume(0, &told);
    assert_eq!(other.reads(), Some(5), "what is remembered is read again");
    assert!(other.ready(at(i64::MAX)).is_empty(), "before that nothing is sent");
    read(&mut other, 5, &[1, 1, 2]);
    read(&mut other, 6, &[3, 3]);
    read(&mut other, 7, &[4]);
    assert_eq!(other.ready(at(MINUTE)), [place(6, 0)], "what was taken is not sent again");
    assert_eq!(other.ready(at(MINUTE + 5_000_000)), [place(5, 0), place(6, 0)]);
    assert_eq!(try_once(&mut other, place(5, 0), TAKEN, 2 * MINUTE), Heard::Taken);
    assert_eq!(said(&mut other).revision, 2);
}

#[test]
fn what_nobody_knows_to_be_remembered_is_said_again() {
    let mut lane = lane();
    read(&mut lane, 5, &[1]);
    try_once(&mut lane, place(5, 0), TAKEN, MINUTE);
    let told = lane.says().unwrap();
    lane.begin_to_say();
    assert_eq!(lane.says(), None, "one after the other");
    lane.has_not_said();
    assert_eq!(lane.says(), Some(told));
}

#[test]
fn a_lane_without_anything_says_seldom_how_far_it_is() {
    let mut lane = lane();
    for batch in 5..1_004 {
        read(&mut lane, batch, &[]);
    }
    assert_eq!(lane.says(), None);
    read(&mut lane, 1_004, &[]);
    assert_eq!(said(&mut lane).next, 1_005);
    assert_eq!(lane.says(), None);
}

#[test]
fn a_receiver_that_is_away_takes_up_bounded_room() {
    let mut lane = lane();
    let mut batch = 5;
    while lane.reads().is_some() {
        read(&mut lane, batch, &[1, 2, 3, 4, 5, 6, 7]);
        batch += 1;
    }
    assert!(lane.waiting() < WAITING_MAX + 7, "{}", lane.waiting());
    assert_eq!(lane.says(), None, "the first of them stands in the journal still");
}

#[test]
fn what_another_release_remembers_is_nothing() {
    assert_eq!(Remembered::read("{\"aside\":7}"), Remembered::default());
    assert_eq!(Remembered::read(""), Remembered::default());
}
