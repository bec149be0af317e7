//! Tournaments by the rule book: what counts, who is ahead, what is won, and that it is paid once.

use super::*;
use crate::input::{
    ModelAgain, ModelAggregate, ModelAsked, ModelAward, ModelFill, ModelOf, ModelPast,
    ModelPastDoes, ModelPlaces, ModelPrize, ModelQuery, ModelResults, ModelStage, ModelTerm,
    ModelTies, ModelTournament, ModelWin, ModelWorth, SCORE_ONE,
};
use crate::model::prizes::{ModelPrizeState, places};
use crate::model::tournaments::{ModelLine, ModelStanding, board};

fn race(aggregate: ModelAggregate) -> ModelTournament {
    let stake = ModelWorth::Line(ModelTerm::Stake, 100, 0);
    ModelTournament {
        id: "race".into(),
        edited_from: 0,
        name: "The race".into(),
        query: ModelQuery { aggregate, of: ModelOf::Wagers(stake, None) },
        starts: NOON + 1,
        ends: NOON + HOUR,
        grace_seconds: 60,
        zone: program().zone,
        cap: None,
        ties: ModelTies::First,
        events_min: 0,
        public_positions: 0,
        prizes: vec![],
        approval: false,
        stage: ModelStage::Scheduled,
        fill: None,
        results: None,
        again: None,
    }
}

fn by(player: &str, mut event: ModelEvent) -> ModelEvent {
    match &mut event {
        ModelEvent::Wager(wager) => wager.player_id = player.into(),
        ModelEvent::Void(void) => void.player_id = player.into(),
        _ => panic!("nothing else is asked of"),
    }
    event
}

impl Story {
    fn race(tournament: &ModelTournament) -> Self {
        let mut story = Self::with(program());
        assert_eq!(story.model.tournament_said("casino", tournament, NOON), Some(1));
        story.wait(MINUTE);
        story
    }

    fn wagers(&mut self, all: &[(&str, &str, u128)]) {
        for (id, player, stake) in all {
            self.tell(by(player, wager(id, *stake, self.now).into()));
        }
    }

    /// Positions, players, whole scores and events.
    fn board(&self) -> Vec<(u64, String, i128, u64)> {
        let lines = board(&[&self.model], "casino", 1, 0);
        let line = |it: ModelLine| {
            let ModelStanding { player, score, events, .. } = it.standing;
            (it.position, player, score / SCORE_ONE, events)
        };
        lines.into_iter().map(line).collect()
    }
}

fn line(position: u64, player: &str, score: i128, events: u64) -> (u64, String, i128, u64) {
    (position, player.to_owned(), score, events)
}

#[test]
fn who_reached_a_score_first_is_ahead_and_a_void_takes_back_what_counted() {
    let mut story = Story::race(&race(ModelAggregate::Sum));
    story.wagers(&[("w1", "ann", 10), ("w2", "bob", 30), ("w3", "ann", 20)]);
    assert_eq!(story.board(), [line(1, "bob", 30, 1), line(2, "ann", 30, 2)]);
    story.tell(by("bob", void("w2", story.now).into()));
    assert_eq!(story.board(), [line(1, "ann", 30, 2)]);
    // Nothing counts before the start, after the end, or beyond the grace.
    story.tell(by("bob", wager("w4", 50, NOON).into()));
    story.tell(by("bob", wager("w5", 50, NOON + HOUR).into()));
    story.wait(HOUR - 1);
    story.tell(by("bob", wager("w6", 50, NOON + HOUR - 1).into()));
    assert_eq!(story.board(), [line(1, "bob", 50, 1), line(2, "ann", 30, 2)]);
    story.wait(MINUTE);
    story.tell(by("bob", wager("w7", 50, NOON + HOUR - 1).into()));
    story.tell(by("bob", void("w6", story.now).into()));
    assert_eq!(story.board(), [line(1, "bob", 50, 1), line(2, "ann", 30, 2)]);
}

#[test]
fn each_aggregate_is_of_all_that_counts() {
    let third = SCORE_ONE / 3;
    for (aggregate, all, without_best) in [
        (ModelAggregate::Sum, 16 * SCORE_ONE, 6 * SCORE_ONE),
        (ModelAggregate::Greatest, 10 * SCORE_ONE, 4 * SCORE_ONE),
        (ModelAggregate::Least, 2 * SCORE_ONE, 2 * SCORE_ONE),
        (ModelAggregate::Count, 3 * SCORE_ONE, 2 * SCORE_ONE),
        (ModelAggregate::Average, 5 * SCORE_ONE + third, 3 * SCORE_ONE),
    ] {
        let mut story = Story::race(&race(aggregate));
        story.wagers(&[("w1", "ann", 4), ("w2", "ann", 10), ("w3", "ann", 2)]);
        let score = |story: &Story| story.model.standings("casino", 1, 0)[0].score;
        assert_eq!(score(&story), all, "{aggregate:?}");
        story.tell(by("ann", void("w2", story.now).into()));
        assert_eq!(score(&story), without_best, "{aggregate:?}");
    }
}

#[test]
fn what_has_begun_stays_as_it_is_and_ends_earlier_at_most() {
    let mut story = Story::with(program());
    let first = race(ModelAggregate::Sum);
    let mut say = |terms: &ModelTournament, now| story.model.tournament_said("casino", terms, now);
    let draft = ModelTournament { stage: ModelStage::Draft, ..first.clone() };
    let next = |edited_from| ModelTournament { edited_from, ..first.clone() };
    assert_eq!(say(&draft, NOON), Some(1));
    assert_eq!(say(&first, NOON), None, "it is edited from nothing");
    assert_eq!(say(&next(1), NOON + 1), None, "it would have begun");
    assert_eq!(say(&next(1), NOON), Some(1));
    let other = ModelTournament { cap: Some(1), ..next(2) };
    let longer = ModelTournament { ends: first.ends + 1, ..next(2) };
    let past = ModelTournament { ends: NOON + 9, ..next(2) };
    for terms in [&other, &longer, &past] {
        assert_eq!(say(terms, NOON + 10), None, "{terms:?}");
    }
    assert_eq!(say(&ModelTournament { ends: NOON + 11, ..next(2) }, NOON + 10), Some(1));
    let over = ModelTournament { stage: ModelStage::Cancelled, ..next(3) };
    assert_eq!(say(&over, NOON + 11), None, "it is over");
    assert_eq!(say(&ModelTournament { ends: 0, ..next(3) }, NOON), None, "it ends first");
}

#[test]
fn one_that_is_scheduled_after_its_start_comes_out_as_if_it_had_been_there() {
    let mut story = Story::with(program());
    story.wait(MINUTE);
    story.wagers(&[("w1", "ann", 10), ("w2", "bob", 30), ("w3", "ann", 20)]);
    story.tell(by("bob", void("w2", story.now).into()));
    let say = |story: &mut Story, edited_from, fill| {
        let terms = ModelTournament { edited_from, fill, ..race(ModelAggregate::Sum) };
        story.model.tournament_said("casino", &terms, story.now)
    };
    assert_eq!(say(&mut story, 0, None), None, "it has begun");
    assert_eq!(say(&mut story, 0, Some(ModelFill::Reading)), Some(1));
    assert_eq!(story.board(), [line(1, "ann", 30, 2)]);
    let place = (1, 1);
    let does = ModelPastDoes::Counts(10 * SCORE_ONE, NOON + MINUTE);
    let events = vec![ModelPast { place, now: NOON + MINUTE, does }];
    let (player_id, tournament) = ("ann".to_owned(), 1);
    story.ask("", ModelAsked::Fill { player_id, tournament, events });
    assert!(story.model.is_told("casino", 1, "ann", place));
    assert!(story.model.is_past("casino", 1, (4, 1)) && !story.model.is_past("casino", 1, (5, 1)));
    // What comes meanwhile counts, too.
    story.tell(by("ann", void("w3", story.now).into()));
    story.wagers(&[("w4", "bob", 5)]);
    assert_eq!(story.board(), [line(1, "ann", 10, 1), line(2, "bob", 5, 1)]);
    assert_eq!(say(&mut story, 1, Some(ModelFill::Done)), None, "it was not added up");
    assert_eq!(say(&mut story, 1, Some(ModelFill::Counting)), Some(1));
    assert!(story.model.fills_any());
    assert_eq!(say(&mut story, 2, Some(ModelFill::Done)), Some(1));
    assert!(!story.model.fills_any());
}

#[test]
fn places_share_what_their_position_wins_to_the_hundredth() {
    let range = |from, to, win| ModelPrize { places: ModelPlaces::Range(from, to), win };
    let top = |share, win| ModelPrize { places: ModelPlaces::Top(share), win };
    let lines = |positions: &[u64]| -> Vec<ModelLine> {
        let standing =
            ModelStanding { player: "ann".into(), score: 0, events: 1, reached: (0, 0, 0, 0) };
        let line = |position: &u64| ModelLine { position: *position, standing: standing.clone() };
        positions.iter().map(line).collect()
    };
    let won = |prizes: &[ModelPrize], ties, positions: &[u64]| -> Vec<(i64, Option<u8>)> {
        let terms = ModelTournament { prizes: prizes.to_vec(), ties, ..race(ModelAggregate::Sum) };
        let places = places(&terms, &lines(positions), &[]).into_iter();
        places.map(|place| (place.points, place.thing)).collect()
    };
    let first = [range(1, 1, ModelWin::Points(100)), top(5_000, ModelWin::Pool(101))];
    let by_first = won(&first, ModelTies::First, &[1, 2, 3, 4, 5]);
    assert_eq!(by_first, [(100, None), (51, None), (50, None)]);
    let shared = won(&first, ModelTies::Shared, &[1, 2, 3, 3, 3]);
    assert_eq!(shared, [(100, None), (51, None), (17, None), (17, None), (16, None)]);
    let things = [range(2, 3, ModelWin::Thing), range(1, 9, ModelWin::Points(7))];
    let all = won(&things[..1], ModelTies::First, &[1, 2]);
    assert_eq!(all, [(0, None), (0, Some(0))]);
    assert!(!ModelTournament { prizes: things.to_vec(), ..race(ModelAggregate::Sum) }.is_one());
    // A tenth of a place is one.
    assert_eq!(won(&[top(1, ModelWin::Points(5))], ModelTies::First, &[1, 2]), [(5, None)]);
}

#[test]
fn a_prize_is_paid_once_and_not_to_who_is_excluded() {
    let prizes = vec![ModelPrize { places: ModelPlaces::Range(1, 2), win: ModelWin::Points(500) }];
    let terms = ModelTournament { prizes, approval: true, ..race(ModelAggregate::Sum) };
    let mut story = Story::race(&terms);
    story.wagers(&[("w1", "ann", 10), ("w2", "bob", 5)]);
    story.wait(2 * HOUR);
    let results = ModelResults {
        players: 2,
        lines: 2,
        points: 1_000,
        things: 0,
        former: 0,
        hash: String::new(),
    };
    let say = |story: &mut Story, stage, edited_from| {
        let results = Some(results.clone());
        let terms = ModelTournament { edited_from, stage, results, ..terms.clone() };
        story.model.tournament_said("casino", &terms, story.now)
    };
    let award = |player: &str, place: u32, pays| {
        let (player_id, tournament, position) = (player.to_owned(), 1, place.into());
        let (score, events, points, thing) = (1, 1, 500, None);
        ModelAsked::Award(ModelAward {
            player_id,
            tournament,
            settlement: 0,
            place,
            before: 0,
            position,
            score,
            events,
            points,
            thing,
            pays,
        })
    };
    let state = |story: &Story, place: u32| {
        let mut rows = story.model.place_rows("casino", 1, 0);
        rows.find(|(of, _)| *of == place).map(|(_, row)| row.state)
    };
    story.ask("", award("ann", 1, false));
    assert_eq!(state(&story, 1), None, "it is not settled");
    assert_eq!(say(&mut story, ModelStage::Settled, 1), Some(1));
    assert_eq!(say(&mut story, ModelStage::Paid, 2), None, "nobody has approved");
    story.ask("", award("ann", 1, false));
    story.ask("", award("bob", 2, false));
    assert_eq!(state(&story, 1), Some(ModelPrizeState::AwaitingApproval));
    story.ask("", award("ann", 1, true));
    assert_eq!(state(&story, 1), Some(ModelPrizeState::AwaitingApproval));
    assert_eq!(say(&mut story, ModelStage::Approved, 2), Some(1));
    let (player_id, until) = ("bob".to_owned(), None);
    story.ask("carl", ModelAsked::Exclude { player_id, until });
    for _ in 0..3 {
        story.ask("", award("ann", 1, true));
        story.ask("", award("bob", 2, true));
    }
    assert_eq!(state(&story, 1), Some(ModelPrizeState::Paid));
    assert_eq!(state(&story, 2), Some(ModelPrizeState::NotEligible));
    let account = &story.model.accounts()[&("casino".to_owned(), "ann".to_owned())];
    let paid = account.entries.iter().filter(|entry| entry.kind == "prize");
    assert_eq!(paid.map(|entry| entry.points).collect::<Vec<_>>(), [500]);
    assert_eq!(say(&mut story, ModelStage::Paid, 3), Some(1));
}

#[test]
fn what_came_late_counts_when_it_is_settled_again_and_the_difference_is_paid() {
    let prizes = vec![ModelPrize { places: ModelPlaces::Range(1, 1), win: ModelWin::Points(500) }];
    let terms = ModelTournament { prizes, ..race(ModelAggregate::Sum) };
    let mut story = Story::race(&terms);
    story.wagers(&[("w1", "ann", 10), ("w2", "bob", 5)]);
    story.wait(2 * HOUR);
    story.tell(by("bob", wager("w3", 90, NOON + MINUTE).into()));
    let say = |story: &mut Story, stage, edited_from, again: Option<ModelAgain>| {
        let (players, lines, points, things, former) = (2, 1, 500, 0, 0);
        let hash = String::new();
        let results = Some(ModelResults { players, lines, points, things, former, hash });
        let terms = ModelTournament { edited_from, stage, results, again, ..terms.clone() };
        story.model.tournament_said("casino", &terms, story.now)
    };
    let award = |player: &str, settlement, place, before, points| {
        ModelAsked::Award(ModelAward {
            player_id: player.to_owned(),
            tournament: 1,
            settlement,
            place,
            before,
            position: 1,
            score: 1,
            events: 1,
            points,
            thing: None,
            pays: true,
        })
    };
    let entries = |story: &Story, player: &str| -> Vec<i64> {
        let account = &story.model.accounts()[&("casino".to_owned(), player.to_owned())];
        let paid = account.entries.iter().filter(|entry| entry.kind == "prize");
        paid.map(|entry| entry.points).collect()
    };
    assert_eq!(story.board(), [line(1, "ann", 10, 1), line(2, "bob", 5, 1)]);
    assert_eq!(say(&mut story, ModelStage::Settled, 1, None), Some(1));
    story.ask("", award("ann", 0, 1, 0, 500));
    assert_eq!(say(&mut story, ModelStage::Paid, 2, None), Some(1));
    let again = |times| Some(ModelAgain { times, takes_back: true, request: "a".into() });
    assert_eq!(say(&mut story, ModelStage::Resettling, 3, again(2)), None, "it would be the first");
    assert_eq!(say(&mut story, ModelStage::Resettling, 3, again(1)), Some(1));
    let after = board(&[&story.model], "casino", 1, 1);
    assert_eq!(after[0].standing.player, "bob");
    let rows: Vec<_> = story.model.place_rows("casino", 1, 0).collect();
    let places = places(&terms, &after, &rows);
    let named: Vec<_> = places.iter().map(|it| (&*it.line.standing.player, it.before)).collect();
    assert_eq!(named, [("bob", 0), ("ann", 1)], "who was paid is known");
    assert_eq!(say(&mut story, ModelStage::Settled, 4, again(1)), Some(1));
    for _ in 0..2 {
        story.ask("", award("bob", 1, 1, 0, 500));
        story.ask("", award("ann", 1, 2, 1, 0));
    }
    assert_eq!(entries(&story, "bob"), [500]);
    assert_eq!(entries(&story, "ann"), [500, -500]);
}
