//! What players are told ahead of points that expire.

use super::*;

fn telling(expiry: ModelExpiry) -> ModelProgram {
    ModelProgram { expiry, ..program() }
}

impl Story {
    fn tell_forecasts(&mut self) {
        let date = |at| crate::calendar::rfc3339(at, 0, "");
        for it in self.account().unwrap().forecasts {
            let (since, at, tells_at) = (date(it.since), date(it.at), date(it.tells_at));
            writeln!(
                self.told,
                "  {since}: v{} {} at {at}, told at {tells_at}",
                it.version, it.points
            )
            .unwrap();
        }
    }
}

#[test]
fn the_points_of_the_oldest_month_are_told_so_many_days_ahead() {
    let expiry = ModelExpiry { after: Some(1), inactivity: None, notify: Some(7) };
    let mut story = Story::with(telling(expiry));
    story.tell(wager("w1", 100, NOON));
    story.wait(2 * DAY);
    story.tell(wager("w2", 50, story.now));
    story.pass(0);
    let account = story.account().unwrap();
    let at = account.forecasts[0].at;
    assert!(account.is_foretold(at - 7 * DAY, 1, at, 1_000));
    assert!(!account.is_foretold(at - 7 * DAY - 1, 1, at, 1_000), "it is not time");
    assert!(!account.is_foretold(at - 7 * DAY, 1, at, 1_500), "those of April stay");
    story.pass(33 * DAY);
    story.tell_forecasts();
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 w2 Counted v1 +500 = 1500
        3 nothing
        4 nothing
          2024-03-30T12:00:00: v1 1000 at 2024-04-30T22:00:00, told at 2024-04-23T22:00:00
          2024-05-04T12:00:00: v1 500 at 2024-05-31T22:00:00, told at 2024-05-24T22:00:00
    "#]]);
}

#[test]
fn by_inactivity_all_of_them_are_and_a_player_who_comes_back_has_more_time() {
    let expiry = ModelExpiry { after: None, inactivity: Some(1), notify: Some(30) };
    let mut story = Story::with(telling(expiry));
    story.tell(wager("w1", 100, NOON));
    story.pass(2 * DAY);
    assert!(story.model.must_be_told("casino", &story.account().unwrap()).is_some());
    story.tell(wager("w2", 50, story.now));
    // Whoever looks after the very batch sees it, before another comes.
    let looked_at = story.model.account(&("casino".into(), "ann".into()));
    assert_eq!(looked_at.forecasts.last().unwrap().points, 1_500);
    story.pass(0);
    assert!(story.model.must_be_told("casino", &story.account().unwrap()).is_none());
    story.tell_forecasts();
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 nothing
        3 w2 Counted v1 +500 = 1500
        4 nothing
          2024-03-30T12:00:00: v1 1000 at 2024-04-30T22:00:00, told at 2024-03-31T22:00:00
          2024-04-01T12:00:00: v1 1500 at 2024-05-01T22:00:00, told at 2024-04-01T22:00:00
    "#]]);
}
