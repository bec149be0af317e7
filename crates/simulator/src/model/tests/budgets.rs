//! What promotions give out of budgets, which are in shares.

use super::*;
use crate::input::{ModelBudget, ModelPromotion, ModelSays};
use crate::model::budgets::SaysInput;
use crate::model::messages::{ModelSent, ModelTo};

const fn budget(points: Option<i64>, per_player: Option<i64>) -> ModelBudget {
    ModelBudget { points, per_player }
}

fn doubling(name: &str, budget: impl Into<Option<ModelBudget>>) -> ModelPromotion {
    let (multiply, budget) = (Some(200_000_000), budget.into());
    ModelPromotion { name: name.into(), multiply, budget, ..ModelPromotion::default() }
}

fn with(promotions: Vec<ModelPromotion>) -> ModelProgram {
    ModelProgram { promotions, ..program() }
}

impl Story {
    /// Partition 3 says something of a budget, as its message of a number; what is said back.
    fn hear_of(&mut self, number: u64, promotion: &str, says: ModelSays) -> Vec<ModelMessage> {
        self.batch += 1;
        self.model.batch(0, self.now);
        let (place, operator) = ((self.batch, 1), "casino");
        let input =
            SaysInput { partition: 0, place, operator, promotion, says, message: (3, number) };
        let expected = self.model.says(&input);
        writeln!(self.told, "{} {:?} {:?}", self.batch, expected.outcome, expected.reason).unwrap();
        self.model.messages((0, self.batch, 1)).to_vec()
    }

    /// Tells a wager, and what budgets gave and lacked.
    fn tell_gifts(&mut self, wager: ModelWager) {
        self.batch += 1;
        self.model.batch(0, self.now);
        let event = wager.into();
        let input = Input {
            partition: 0,
            place: (self.batch, 1),
            operator: "casino",
            event: &event,
            message: None,
            is_released: false,
        };
        let Expected { points, gifts, parts, .. } = self.model.record(&input);
        write!(self.told, "{} {points:+}", self.batch).unwrap();
        for gift in gifts.iter().flatten() {
            write!(self.told, ", {} gave {} and lacked {}", gift.promotion, gift.points, gift.cut)
                .unwrap();
        }
        writeln!(self.told, ", counted {:b}", parts.unwrap().promotions).unwrap();
    }

    fn share(&self, promotion: &str) -> ModelShare {
        self.model.shares()[&("casino".to_owned(), promotion.to_owned())]
    }
}

#[test]
fn a_share_gives_by_how_much_a_wager_earns_more_and_no_more_than_it_has() {
    let mut story = Story::with(with(vec![doubling("launch", budget(Some(5_000), None))]));
    story.tell_gifts(wager("nothing granted", 100, NOON));
    story.hear_of(1, "launch", ModelSays::Grants(1_500));
    story.hear_of(1, "launch", ModelSays::Grants(1_500));
    story.tell_gifts(wager("w1", 100, NOON));
    story.tell_gifts(wager("w2", 100, NOON));
    story.tell_gifts(wager("nothing left", 100, NOON));
    assert_eq!(story.share("launch"), ModelShare { rest: 0, given: 1_500, given_of_all: 1_500 });
    story.check(expect![[r#"
        1 +1000, 0 gave 0 and lacked 1000, counted 0
        2 Counted None
        3 Refused Some("received_before")
        4 +2000, 0 gave 1000 and lacked 0, counted 1
        5 +1500, 0 gave 500 and lacked 500, counted 1
        6 +1000, 0 gave 0 and lacked 1000, counted 0
    "#]]);
}

#[test]
fn those_without_a_budget_come_first_and_then_the_others_in_their_order() {
    let bonus = ModelPromotion { bonus: Some(100), ..doubling("second", budget(Some(50), None)) };
    let plain = doubling("plain", None);
    let first = doubling("first", budget(Some(9_000), None));
    let mut story = Story::with(with(vec![first, bonus, plain]));
    story.hear_of(1, "first", ModelSays::Grants(9_000));
    story.hear_of(2, "second", ModelSays::Grants(50));
    // 10 by itself, twice by what is plain, and twice that by the first; the second would have added 41.
    story.tell_gifts(wager("w1", 100, NOON));
    story.tell_gifts(wager("w2", 100, NOON));
    story.check(expect![[r#"
        1 Counted None
        2 Counted None
        3 +4050, 0 gave 2000 and lacked 0, 1 gave 50 and lacked 4050, counted 111
        4 +4000, 0 gave 2000 and lacked 0, 1 gave 0 and lacked 4100, counted 101
    "#]]);
}

#[test]
fn of_those_of_which_the_first_counts_one_that_is_used_up_lets_the_next() {
    let promotions = vec![doubling("first", budget(Some(500), None)), doubling("next", None)];
    let mut story = Story::with(ModelProgram { counts_first_only: true, ..with(promotions) });
    story.hear_of(1, "first", ModelSays::Grants(500));
    story.tell_gifts(wager("w1", 100, NOON));
    story.tell_gifts(wager("w2", 100, NOON));
    story.check(expect![[r#"
        1 Counted None
        2 +1500, 0 gave 500 and lacked 500, counted 1
        3 +2000, 0 gave 0 and lacked 1000, counted 10
    "#]]);
}

#[test]
fn a_cap_takes_from_the_budget_that_is_listed_last_first() {
    let promotions = vec![
        doubling("first", budget(Some(9_000), None)),
        doubling("last", budget(Some(9_000), None)),
    ];
    let mut capped = with(promotions);
    capped.rules.caps_per_day = vec![1_500];
    let mut story = Story::with(capped);
    story.hear_of(1, "first", ModelSays::Grants(9_000));
    story.hear_of(2, "last", ModelSays::Grants(9_000));
    story.tell_gifts(wager("w1", 100, NOON));
    assert_eq!((story.share("first").rest, story.share("last").rest), (8_500, 9_000));
    story.check(expect![[r#"
        1 Counted None
        2 Counted None
        3 +1500, 0 gave 500 and lacked 0, 1 gave 0 and lacked 0, counted 11
    "#]]);
}

#[test]
fn a_player_is_given_so_much_by_the_newest_terms_and_for_ten_years() {
    let each = |points| with(vec![doubling("each", budget(None, Some(points)))]);
    let mut story = Story::with(each(1_500));
    story.tell_gifts(wager("w1", 100, NOON));
    story.tell_gifts(wager("w2", 100, NOON));
    story.publish(NOON + HOUR, each(1_700));
    story.tell_gifts(wager("w3", 100, NOON));
    story.wait(3_659 * DAY);
    story.tell_gifts(wager("w4", 100, story.now));
    story.wait(DAY);
    story.tell_gifts(wager("w5", 100, story.now));
    story.check(expect![[r#"
        1 +2000, 0 gave 1000 and lacked 0, counted 1
        2 +1500, 0 gave 500 and lacked 500, counted 1
        3 +1200, 0 gave 200 and lacked 800, counted 1
        4 +1000, 0 gave 0 and lacked 1000, counted 0
        5 +2000, 0 gave 1000 and lacked 0, counted 1
    "#]]);
}

#[test]
fn a_void_gives_back_what_it_takes_of_what_a_budget_gave() {
    let floored = ModelProgram {
        voids: ModelVoids::Balance,
        ..with(vec![doubling("launch", budget(Some(9_000), Some(2_000)))])
    };
    let mut story = Story::with(floored);
    story.hear_of(1, "launch", ModelSays::Grants(3_000));
    story.tell_gifts(wager("w1", 100, NOON));
    story.tell_gifts(wager("w2", 100, NOON));
    story.tell(void("w1", NOON));
    assert_eq!(
        story.share("launch"),
        ModelShare { rest: 2_000, given: 1_000, given_of_all: 1_000 }
    );
    let reserved = story.reserve(1_500);
    story.ask("shop", crate::input::ModelAsked::Confirm(reserved));
    // Of twenty only five are left, so fifteen stay with the player, ten of them the budget's.
    story.tell(void("w2", NOON));
    assert_eq!(
        story.share("launch"),
        ModelShare { rest: 2_000, given: 1_000, given_of_all: 1_000 }
    );
    story.check(expect![[r#"
        1 Counted None
        2 +2000, 0 gave 1000 and lacked 0, counted 1
        3 +2000, 0 gave 1000 and lacked 0, counted 1
        4 w1 Voided v1 -2000 = 2000
        5 Counted done, made 5 = 2000, 1500 reserved
        6 Counted done, made 0 = 500, 0 reserved
        7 w2 Voided v1 -500 = 0
    "#]]);
}

#[test]
fn what_is_recalled_is_returned_once_and_all_of_it() {
    let mut story = Story::with(with(vec![doubling("launch", budget(Some(9_000), None))]));
    story.hear_of(1, "launch", ModelSays::Grants(3_000));
    story.tell_gifts(wager("w1", 100, NOON));
    let returned =
        ModelSent::Says("launch".into(), ModelSays::Returns(2_000), ModelTo::Partition(3));
    let message = ModelMessage { operator: "casino".into(), sent: returned };
    assert_eq!(story.hear_of(2, "launch", ModelSays::Recalls), [message]);
    assert_eq!(story.hear_of(2, "launch", ModelSays::Recalls), []);
    assert_eq!(story.hear_of(3, "launch", ModelSays::Recalls), []);
    assert_eq!(story.share("launch"), ModelShare { rest: 0, given: 1_000, given_of_all: 1_000 });
    story.check(expect![[r#"
        1 Counted None
        2 +2000, 0 gave 1000 and lacked 0, counted 1
        3 Counted None
        4 Refused Some("received_before")
        5 Counted None
    "#]]);
}
