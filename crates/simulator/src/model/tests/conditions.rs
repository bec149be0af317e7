//! Conditions: what is true of a wager, what is not, and what is not known.

use super::*;
use crate::input::{ModelClock, ModelCondition as Is, ModelPromotion, ModelTerm, ModelText};

fn holds(condition: &Is, wager: &ModelWager) -> Option<bool> {
    let program = program();
    condition.holds(ModelRow { wager, program: &program, zone: &program.zone, rate: 92_000_000 })
}

fn like(pattern: &str) -> Is {
    Is::Like(ModelText::GameCategory, false, pattern.into())
}

#[test]
fn what_is_not_known_is_neither_true_nor_not() {
    let stranger = wager("w1", 100, NOON);
    let vip = ModelWager { player_segment: Some("VIP".into()), ..stranger.clone() };
    let is_vip = Is::In(ModelText::PlayerSegment, false, vec!["VIP".into()]);
    let is_no_vip = Is::In(ModelText::PlayerSegment, true, vec!["VIP".into()]);
    let of = |condition: &Is| [holds(condition, &vip), holds(condition, &stranger)];
    assert_eq!(of(&is_vip), [Some(true), None]);
    assert_eq!(of(&is_no_vip), [Some(false), None]);
    assert_eq!(of(&Is::Not(Box::new(is_vip.clone()))), [Some(false), None]);
    assert_eq!(of(&Is::IsNull(ModelText::PlayerSegment, false)), [Some(false), Some(true)]);
    let slots = like("slots");
    let table = like("table");
    assert_eq!(of(&Is::And(vec![is_vip.clone(), slots.clone()])), [Some(true), None]);
    assert_eq!(of(&Is::And(vec![is_vip.clone(), table.clone()])), [Some(false), Some(false)]);
    assert_eq!(of(&Is::Or(vec![is_vip.clone(), slots])), [Some(true), Some(true)]);
    assert_eq!(of(&Is::Or(vec![is_no_vip, table])), [Some(false), None]);
}

#[test]
fn money_is_in_the_program_s_currency_and_exact() {
    let lost = wager("w1", 100, NOON);
    let won = ModelWager { win_amount: Some(1), ..lost.clone() };
    let literal = ModelTerm::Literal;
    let plus = |one, other| ModelTerm::Plus(Box::new(one), Box::new(other));
    let is = |one: ModelTerm, by, other: ModelTerm, of| holds(&Is::Compare(one, by, other), of);
    assert_eq!(is(ModelTerm::Stake, "=", literal(9_200), &lost), Some(true));
    assert_eq!(is(plus(ModelTerm::Stake, ModelTerm::Win), ">", literal(9_200), &won), Some(true));
    assert_eq!(is(plus(ModelTerm::Stake, ModelTerm::Win), ">", literal(9_200), &lost), None);
    let known = ModelTerm::Coalesce(Box::new(ModelTerm::Win), Box::new(literal(7)));
    assert_eq!(is(known.clone(), "=", literal(7), &lost), Some(true));
    assert_eq!(is(known, "<>", literal(7), &won), Some(true));
    let unknown = Is::Compare(ModelTerm::Win, ">=", literal(0));
    let case = ModelTerm::Case(Box::new(unknown), Box::new(literal(1)), Box::new(literal(2)));
    assert_eq!(is(case.clone(), "=", literal(1), &won), Some(true));
    assert_eq!(is(case, "=", literal(2), &lost), Some(true));
    // Of two bounds, one that is passed decides beside one that is not known.
    let between = |low, high| Is::Between(ModelTerm::Stake, low, high);
    assert_eq!(holds(&between(literal(9_201), ModelTerm::Win), &lost), Some(false));
    assert_eq!(holds(&between(literal(9_200), ModelTerm::Win), &lost), None);
    assert_eq!(holds(&between(literal(0), literal(9_200)), &lost), Some(true));
}

#[test]
fn a_pattern_takes_any_letters_and_a_clock_is_that_of_the_zone() {
    let slots = wager("w1", 100, NOON);
    for (pattern, expected) in
        [("s%", true), ("%t_", true), ("slots", true), ("", false), ("slot", false), ("_", false)]
    {
        assert_eq!(holds(&like(pattern), &slots), Some(expected), "{pattern}");
    }
    // A Saturday, at one o'clock in Malta.
    let clock = |of, number| holds(&Is::Clock(of, "=", number), &slots);
    assert_eq!(clock(ModelClock::Hour, 13), Some(true));
    assert_eq!(clock(ModelClock::Weekday, 6), Some(true));
}

#[test]
fn a_condition_is_written_as_sql() {
    let text = Is::In(ModelText::GameId, true, vec!["it's".into(), "reels".into()]);
    let bonus = ModelTerm::Plus(Box::new(ModelTerm::Win), Box::new(ModelTerm::Literal(105)));
    let both = Is::And(vec![text, Is::Compare(bonus, "<=", ModelTerm::Stake)]);
    let expected = "(gameId NOT IN ('it''s', 'reels')) AND ((winAmount + 1.05) <= wagerAmount)";
    assert_eq!(both.sql(), expected);
}

#[test]
fn a_wager_of_which_it_is_not_true_is_not_matched_and_a_promotion_passes_it_by() {
    let mut slots = program();
    slots.rules.condition = Some(Is::IsNull(ModelText::PlayerSegment, false));
    slots.promotions = vec![ModelPromotion {
        name: "high".into(),
        condition: Some(Is::Compare(ModelTerm::Win, ">", ModelTerm::Stake)),
        multiply: Some(200_000_000),
        ..ModelPromotion::default()
    }];
    let mut story = Story::with(slots);
    story.tell(ModelWager { player_segment: Some("VIP".into()), ..wager("w1", 100, NOON) });
    story.tell(wager("of no known win", 100, NOON));
    story.tell(ModelWager { win_amount: Some(101 * ONE), ..wager("w2", 100, NOON) });
    story.tell(ModelWager { currency: "XYZ".into(), ..wager("no rate", 100, NOON) });
    story.check(expect![[r"
        1 w1 Refused not_matched v1 = 0
        2 of no known win Counted v1 +1000 = 1000
        3 w2 Counted v1 +2000 = 3000
        4 no rate Refused currency_unsupported v1 = 3000
    "]]);
}
