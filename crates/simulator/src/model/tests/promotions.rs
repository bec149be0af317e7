use super::*;
use crate::input::{ModelEvery, ModelPromotion};

/// 2024-10-27T00:00:00Z: at one o'clock UTC, clocks in Malta go back from three to two.
const AUTUMN: i64 = 1_729_987_200_000_000;
/// 2024-03-31T00:00:00Z: at one o'clock UTC, clocks in Malta go forward from two to three.
const SPRING: i64 = NOON + 12 * HOUR;
const SATURDAY: i64 = 5;
const SUNDAY: i64 = 6;

fn multiplies(name: &str, multiply: u64) -> ModelPromotion {
    let multiply = Some(multiply * 100_000_000);
    ModelPromotion { name: name.into(), multiply, ..ModelPromotion::default() }
}

fn with_promotions(promotions: Vec<ModelPromotion>) -> ModelProgram {
    let mut program = program();
    program.zone.offsets.push((AUTUMN + HOUR, 3600));
    ModelProgram { promotions, ..program }
}

/// What a program doubles, of wagers at some times after a moment.
fn doubled(every: ModelEvery, midnight: i64, times: &[(&str, i64)], expect: Expect) {
    let double = ModelPromotion { every: Some(every), ..multiplies("double", 2) };
    let mut story = Story::new();
    story.publish(midnight - 30 * DAY, with_promotions(vec![double]));
    story.now = midnight + 2 * DAY;
    for (id, after) in times {
        story.tell(wager(id, 100, midnight + after));
    }
    story.check(expect);
}

#[test]
fn of_promotions_all_that_hold_count_together_or_only_the_first() {
    let ontario = ModelPromotion {
        jurisdictions: vec!["Ontario".into()],
        ..multiplies("triple in Ontario", 3)
    };
    let bonus =
        ModelPromotion { name: "bonus".into(), bonus: Some(500), ..ModelPromotion::default() };
    let all = with_promotions(vec![ontario, multiplies("double", 2), bonus]);
    let check = |counts_first_only, expect: Expect| {
        let mut story = Story::with(ModelProgram { counts_first_only, ..all.clone() });
        story.tell(wager("w1", 100, NOON));
        story.tell(ModelWager { jurisdiction: "Ontario".into(), ..wager("w2", 100, NOON) });
        story.check(expect);
    };
    check(
        false,
        expect![[r"
            1 w1 Counted v1 +2500 = 2500
            2 w2 Counted v1 +6500 = 9000
        "]],
    );
    check(
        true,
        expect![[r"
            1 w1 Counted v1 +2000 = 2000
            2 w2 Counted v1 +3000 = 5000
        "]],
    );
}

#[test]
fn a_bonus_is_added_after_everything_that_multiplies_and_before_caps() {
    let bonus = ModelPromotion { bonus: Some(500), ..multiplies("both", 2) };
    let mut capped = with_promotions(vec![bonus]);
    capped.rules.caps_per_day = vec![3_000];
    let mut story = Story::with(capped);
    story.tell(wager("w1", 100, NOON));
    story.tell(wager("w2", 100, NOON));
    story.check(expect![[r"
        1 w1 Counted v1 +2500 = 2500
        2 w2 Counted v1 +500 = 3000
    "]]);
}

#[test]
fn a_promotion_holds_from_its_first_moment_to_before_its_last_by_the_wagers_own_time() {
    let launch =
        ModelPromotion { from: Some(NOON), to: Some(NOON + HOUR), ..multiplies("launch", 2) };
    let mut story = Story::with(with_promotions(vec![launch]));
    story.wait(2 * DAY);
    for (id, at) in
        [("before", NOON - 1), ("first", NOON), ("last", NOON + HOUR - 1), ("after", NOON + HOUR)]
    {
        story.tell(wager(id, 100, at));
    }
    story.check(expect![[r"
        1 before Counted v1 +1000 = 1000
        2 first Counted v1 +2000 = 3000
        3 last Counted v1 +2000 = 5000
        4 after Counted v1 +1000 = 6000
    "]]);
}

#[test]
fn an_hour_that_clocks_leave_out_never_comes() {
    let from_two_to_three = ModelEvery { hours: vec![(120, 180)], ..ModelEvery::default() };
    doubled(
        from_two_to_three,
        SPRING,
        &[
            ("the day before, at 2:00", HOUR - DAY),
            ("at 1:59", HOUR - 1),
            ("at 3:00", HOUR),
            ("the day after, at 1:59", DAY - 1),
            ("the day after, at 2:00", DAY),
            ("the day after, at 3:00", DAY + HOUR),
        ],
        expect![[r"
            1 the day before, at 2:00 Counted v1 +2000 = 2000
            2 at 1:59 Counted v1 +1000 = 3000
            3 at 3:00 Counted v1 +1000 = 4000
            4 the day after, at 1:59 Counted v1 +1000 = 5000
            5 the day after, at 2:00 Counted v1 +2000 = 7000
            6 the day after, at 3:00 Counted v1 +1000 = 8000
        "]],
    );
}

#[test]
fn an_hour_that_clocks_repeat_comes_twice() {
    let from_two_to_three = ModelEvery { hours: vec![(120, 180)], ..ModelEvery::default() };
    doubled(
        from_two_to_three,
        AUTUMN,
        &[
            ("at 1:59", -1),
            ("at 2:00", 0),
            ("at 2:59", HOUR - 1),
            ("at 2:00 again", HOUR),
            ("at 2:59 again", 2 * HOUR - 1),
            ("at 3:00", 2 * HOUR),
        ],
        expect![[r"
            1 at 1:59 Counted v1 +1000 = 1000
            2 at 2:00 Counted v1 +2000 = 3000
            3 at 2:59 Counted v1 +2000 = 5000
            4 at 2:00 again Counted v1 +2000 = 7000
            5 at 2:59 again Counted v1 +2000 = 9000
            6 at 3:00 Counted v1 +1000 = 10000
        "]],
    );
}

#[test]
fn a_day_on_which_clocks_change_is_as_long_as_its_calendar_says() {
    let sundays = || ModelEvery { days: vec![SUNDAY], ..ModelEvery::default() };
    doubled(
        sundays(),
        SPRING,
        &[
            ("saturday's end", -HOUR - 1),
            ("sunday's beginning", -HOUR),
            ("sunday's end", 22 * HOUR - 1),
            ("monday's beginning", 22 * HOUR),
        ],
        expect![[r"
            1 saturday's end Counted v1 +1000 = 1000
            2 sunday's beginning Counted v1 +2000 = 3000
            3 sunday's end Counted v1 +2000 = 5000
            4 monday's beginning Counted v1 +1000 = 6000
        "]],
    );
    doubled(
        sundays(),
        AUTUMN,
        &[
            ("saturday's end", -2 * HOUR - 1),
            ("sunday's beginning", -2 * HOUR),
            ("sunday's end", 23 * HOUR - 1),
            ("monday's beginning", 23 * HOUR),
        ],
        expect![[r"
            1 saturday's end Counted v1 +1000 = 1000
            2 sunday's beginning Counted v1 +2000 = 3000
            3 sunday's end Counted v1 +2000 = 5000
            4 monday's beginning Counted v1 +1000 = 6000
        "]],
    );
}

#[test]
fn a_night_belongs_to_the_day_on_which_it_begins() {
    let saturday_night = ModelEvery {
        days: vec![SATURDAY],
        hours: vec![(23 * 60, 4 * 60)],
        ..ModelEvery::default()
    };
    doubled(
        saturday_night,
        SPRING,
        &[
            ("saturday at 3:59", 3 * HOUR - DAY - 1),
            ("saturday at 22:59", -2 * HOUR - 1),
            ("saturday at 23:00", -2 * HOUR),
            ("sunday at 3:59", 2 * HOUR - 1),
            ("sunday at 4:00", 2 * HOUR),
            ("sunday at 23:00", 21 * HOUR),
        ],
        expect![[r"
            1 saturday at 3:59 Counted v1 +1000 = 1000
            2 saturday at 22:59 Counted v1 +1000 = 2000
            3 saturday at 23:00 Counted v1 +2000 = 4000
            4 sunday at 3:59 Counted v1 +2000 = 6000
            5 sunday at 4:00 Counted v1 +1000 = 7000
            6 sunday at 23:00 Counted v1 +1000 = 8000
        "]],
    );
}
