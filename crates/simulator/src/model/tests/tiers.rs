use super::*;
use crate::input::{ModelLevel, ModelTiers, ModelWindow};

/// Levels by name, from so many hundredths of a point.
fn tiers(window: ModelWindow, grace: Option<i64>, levels: &[(&str, i64)]) -> ModelTiers {
    let level = |(name, from): &(&str, i64)| ModelLevel {
        name: (*name).into(),
        from: *from,
        multiplier: None,
    };
    ModelTiers { window, levels: levels.iter().map(level).collect(), grace }
}

fn with_tiers(tiers: ModelTiers) -> ModelProgram {
    ModelProgram { tiers: Some(tiers), ..program() }
}

const METALS: [(&str, i64); 3] = [("bronze", 0), ("silver", 1_000), ("gold", 2_000)];

#[test]
fn a_line_is_reached_exactly_and_the_wager_that_does_so_is_judged_by_the_level_before() {
    let mut metals = tiers(ModelWindow::Year, None, &METALS);
    metals.levels[1].multiplier = Some(200_000_000);
    metals.levels[2].multiplier = Some(300_000_000);
    let mut story = Story::with(with_tiers(metals));
    story.tell(wager("w1", 99, NOON));
    story.tell(wager("w2", 1, NOON));
    story.tell(wager("w3", 49, NOON));
    story.tell(wager("w4", 1, NOON));
    story.tell(wager("w5", 1, NOON));
    story.check(expect![[r"
        1 w1 Counted v1 +990 = 990
        2 w2 Counted v1 +10 = 1000, ann: bronze > silver on 2024-03-30
        3 w3 Counted v1 +980 = 1980
        4 w4 Counted v1 +20 = 2000, ann: silver > gold on 2024-03-30
        5 w5 Counted v1 +30 = 2030
    "]]);
}

#[test]
fn a_wager_that_crosses_several_lines_is_one_move_to_the_highest() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Year, None, &METALS)));
    story.tell(wager("w1", 1_000, NOON));
    story.check(expect![[r"
        1 w1 Counted v1 +10000 = 10000, ann: bronze > gold on 2024-03-30
    "]]);
}

#[test]
fn a_void_takes_its_points_out_of_the_day_that_they_were_earned_in() {
    let two_days = tiers(ModelWindow::Rolling(2), None, &METALS);
    let mut story = Story::with(with_tiers(two_days));
    story.tell(wager("w1", 100, NOON));
    story.wait(DAY);
    story.tell(wager("w2", 100, story.now));
    story.tell(void("w1", story.now));
    // What is left was earned on 31 March: it counts for one day more.
    story.pass(DAY);
    story.pass(DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 w2 Counted v1 +1000 = 2000, ann: silver > gold on 2024-03-31
        3 w1 Voided v1 -1000 = 1000, ann: gold > silver on 2024-03-31
        4 nothing
        5 nothing, ann: silver > bronze on 2024-04-02
    "]]);
}

#[test]
fn a_wager_of_yesterday_counts_on_its_own_day() {
    let one_day = tiers(ModelWindow::Rolling(1), None, &METALS);
    let mut story = Story::with(with_tiers(one_day));
    story.tell(wager("w1", 100, NOON - DAY));
    story.tell(wager("w2", 100, NOON));
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000
        2 w2 Counted v1 +1000 = 2000, ann: bronze > silver on 2024-03-30
    "]]);
}

#[test]
fn grace_counts_from_the_first_day_that_no_longer_qualifies() {
    let three_days = || with_tiers(tiers(ModelWindow::Rolling(3), Some(2), &METALS));
    let mut story = Story::with(three_days());
    story.tell(wager("w1", 100, NOON));
    // The window lets go of the day on 2 April; 2 and 3 April are its grace.
    for _ in 0..5 {
        story.pass(DAY);
    }
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 nothing
        3 nothing
        4 nothing
        5 nothing
        6 nothing, ann: silver > bronze on 2024-04-04
    "]]);

    let mut story = Story::with(three_days());
    story.tell(wager("w1", 100, NOON));
    story.pass(300 * DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 nothing, ann: silver > bronze on 2024-04-04
    "]]);
}

#[test]
fn whoever_qualifies_again_within_the_grace_has_all_of_it_the_next_time() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Rolling(1), Some(3), &METALS)));
    story.tell(wager("w1", 100, NOON));
    story.wait(3 * DAY);
    story.tell(wager("w2", 100, story.now));
    story.pass(3 * DAY);
    story.pass(DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 w2 Counted v1 +1000 = 2000
        3 nothing
        4 nothing, ann: silver > bronze on 2024-04-06
    "]]);
}

#[test]
fn after_the_grace_the_level_is_the_one_that_the_window_gives() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Rolling(3), Some(2), &METALS)));
    story.tell(wager("w1", 200, NOON));
    story.wait(4 * DAY);
    // On the second day of the grace: too few to keep the level, enough for the one below.
    story.tell(wager("w2", 100, story.now));
    story.pass(DAY);
    story.pass(30 * DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +2000 = 2000, ann: bronze > gold on 2024-03-30
        2 w2 Counted v1 +1000 = 3000
        3 nothing, ann: gold > silver on 2024-04-04
        4 nothing, ann: silver > bronze on 2024-04-08
    "]]);
}

#[test]
fn a_calendar_window_begins_anew_with_its_month_in_the_zone_of_the_program() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Month, None, &METALS)));
    story.tell(wager("w1", 100, NOON));
    // April begins at 22:00 UTC, in summer time.
    story.pass(DAY + 10 * HOUR - 1);
    story.pass(1);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 nothing
        3 nothing, ann: silver > bronze on 2024-04-01
    "]]);
}

#[test]
fn a_version_with_other_tiers_takes_over_at_its_moment_by_names_and_then_by_lines() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Year, None, &METALS)));
    story.tell(ModelWager { player_id: "bob".into(), ..wager("w1", 100, NOON) });
    story.tell(wager("w2", 200, NOON));
    let others = [("basic", 0), ("steel", 1_500), ("silver", 9_000), ("gilded", 9_500)];
    story.publish(NOON + DAY, with_tiers(tiers(ModelWindow::Year, Some(10), &others)));
    story.pass(DAY - 1);
    // There is silver, for which bob has too few; there is no gold, and steel is the highest below its line.
    story.pass(1);
    story.pass(9 * DAY);
    story.pass(DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, bob: bronze > silver on 2024-03-30
        2 w2 Counted v1 +2000 = 2000, ann: bronze > gold on 2024-03-30
        3 nothing
        4 nothing, ann: gold > steel on 2024-03-31
        5 nothing
        6 nothing, bob: silver > basic on 2024-04-10
    "]]);
}

#[test]
fn a_version_with_lower_lines_raises_at_once() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Year, None, &METALS)));
    story.tell(wager("w1", 100, NOON));
    let lower = [("bronze", 0), ("silver", 100), ("gold", 1_000)];
    story.publish(NOON + HOUR, with_tiers(tiers(ModelWindow::Year, None, &lower)));
    story.pass(HOUR);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 nothing, ann: silver > gold on 2024-03-30
    "]]);
}

#[test]
fn a_version_without_tiers_takes_them_and_what_was_earned_meanwhile_counts_in_the_next() {
    let mut story = Story::with(with_tiers(tiers(ModelWindow::Year, None, &METALS)));
    story.tell(wager("w1", 100, NOON));
    story.publish(NOON + HOUR, program());
    story.pass(HOUR);
    story.tell(wager("w2", 100, story.now));
    story.publish(NOON + 2 * HOUR, with_tiers(tiers(ModelWindow::Year, None, &METALS)));
    story.pass(HOUR);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 nothing, ann: silver > - on 2024-03-30
        3 w2 Counted v2 +1000 = 2000
        4 nothing, ann: - > gold on 2024-03-30
    "]]);
}

#[test]
fn a_grace_goes_on_under_another_version_and_is_as_long_as_that_says() {
    let one_day = |grace| with_tiers(tiers(ModelWindow::Rolling(1), Some(grace), &METALS));
    let mut story = Story::with(one_day(10));
    story.tell(wager("w1", 100, NOON));
    story.pass(4 * DAY);
    story.publish(story.now, one_day(5));
    story.pass(DAY);
    story.pass(DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 nothing
        3 nothing
        4 nothing, ann: silver > bronze on 2024-04-05
    "]]);
}

#[test]
fn a_withdrawn_version_gives_nobody_its_tiers() {
    let mut story = Story::with(program());
    story.tell(wager("w1", 100, NOON));
    story.publish(NOON + HOUR, with_tiers(tiers(ModelWindow::Year, None, &METALS)));
    assert!(story.model.version_withdrawn("casino", 2, story.now));
    story.pass(DAY);
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000
        2 nothing
    "]]);
}

#[test]
fn the_level_that_judges_is_that_of_the_place_and_its_multiplier_that_of_the_wagers_version() {
    let with = |multiplier| {
        let mut metals = tiers(ModelWindow::Year, None, &METALS);
        metals.levels[1].multiplier = Some(multiplier);
        with_tiers(metals)
    };
    let mut story = Story::with(with(200_000_000));
    story.publish(NOON + HOUR, with(300_000_000));
    story.tell(wager("w1", 100, NOON));
    story.wait(2 * HOUR);
    story.tell(wager("late", 10, NOON + HOUR - 1));
    story.tell(wager("in time", 10, NOON + HOUR));
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000, ann: bronze > silver on 2024-03-30
        2 late Counted v1 +200 = 1200
        3 in time Counted v2 +300 = 1500
    "]]);
}
