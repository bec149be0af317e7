//! What points are redeemed for, how often, and as long as there is one.

use super::*;
use crate::input::{ModelAsked, ModelPeriod, ModelReward, ModelSaid};
use crate::model::messages::{ModelSent, ModelTo};
use crate::model::requests::RedemptionState;
use crate::model::rewards::{ModelStock, SaidInput};

fn mug() -> ModelReward {
    ModelReward {
        id: "mug".into(),
        edited_from: 0,
        name: "A mug".into(),
        points: 100,
        from: None,
        until: None,
        tiers: vec![],
        segments: vec![],
        jurisdictions: vec![],
        limit: None,
        is_stocked: false,
        is_withdrawn: false,
    }
}

impl Story {
    /// With points enough for all that is wanted.
    fn with_points() -> Self {
        let mut story = Self::with(program());
        story.tell(wager("w1", 1_000, NOON));
        story
    }

    fn say(&mut self, reward: &ModelReward) -> Option<u64> {
        self.model.reward_said("casino", reward)
    }

    fn redeem(&mut self) -> (u32, u64, u32) {
        self.redeem_as(None, None)
    }

    fn redeem_as(&mut self, segment: Option<&str>, jurisdiction: Option<&str>) -> (u32, u64, u32) {
        let [segment, jurisdiction] = [segment, jurisdiction].map(|said| said.map(Into::into));
        let (player_id, reward) = ("ann".into(), "mug".into());
        self.ask("shop", ModelAsked::Redeem { player_id, reward, segment, jurisdiction });
        (0, self.batch, 1)
    }

    fn restock(&mut self, by: i64) {
        self.ask("carl", ModelAsked::Restock { reward: "mug".into(), by });
    }

    /// Another partition says something, as its message of a number; what is said back.
    fn hear(&mut self, number: u64, said: ModelSaid) -> Vec<(ModelSaid, ModelTo)> {
        self.batch += 1;
        self.model.batch(0, self.now);
        let (place, operator) = ((self.batch, 1), "casino");
        let input = SaidInput { partition: 0, place, operator, said, message: (3, number) };
        let expected = self.model.said(&input);
        writeln!(self.told, "{} {:?} {:?}", self.batch, expected.outcome, expected.reason).unwrap();
        self.sent(self.batch)
    }

    fn sent(&self, batch: u64) -> Vec<(ModelSaid, ModelTo)> {
        let sent = self.model.messages((0, batch, 1)).iter().map(|message| &message.sent);
        let said = |sent: &ModelSent| match sent {
            ModelSent::Said(said, to) => (*said, to.clone()),
            other => panic!("{other:?} is of no stock"),
        };
        sent.map(said).collect()
    }

    fn state(&self, redemption: (u32, u64, u32)) -> RedemptionState {
        self.account().unwrap().redemptions[&(redemption.1, redemption.2)].state
    }
}

#[test]
fn the_first_reason_why_not_is_told_and_the_price_is_not_held_against_the_least() {
    let mut story = Story::with(ModelProgram { min_points: Some(5_000), ..program() });
    story.tell(wager("w1", 20, NOON));
    story.redeem();
    let strict = ModelReward {
        until: Some(NOON),
        tiers: vec!["gold".into()],
        segments: vec!["VIP".into()],
        jurisdictions: vec!["Malta".into()],
        limit: Some((1, ModelPeriod::Ever)),
        ..mug()
    };
    assert_eq!(story.say(&strict), Some(1));
    story.redeem();
    let valid = ModelReward { until: Some(NOON + 1), edited_from: 1, ..strict };
    assert_eq!(story.say(&ModelReward { edited_from: 2, ..valid.clone() }), None, "it is stale");
    assert_eq!(story.say(&valid), Some(1));
    story.redeem();
    let of_all_tiers = ModelReward { tiers: vec![], edited_from: 2, ..valid };
    story.say(&of_all_tiers);
    story.redeem_as(Some("regular"), Some("Malta"));
    story.redeem_as(Some("VIP"), None);
    story.redeem_as(Some("VIP"), Some("Malta"));
    story.redeem_as(Some("VIP"), Some("Malta"));
    story.say(&ModelReward { limit: None, edited_from: 3, ..of_all_tiers.clone() });
    story.redeem_as(Some("VIP"), Some("Malta"));
    story.redeem_as(Some("VIP"), Some("Malta"));
    let withdrawn = ModelReward { is_withdrawn: true, edited_from: 4, ..of_all_tiers.clone() };
    assert_eq!(story.say(&withdrawn), Some(1));
    assert_eq!(story.say(&ModelReward { edited_from: 5, ..of_all_tiers }), None, "for ever");
    story.redeem();
    story.check(expect![[r#"
        1 w1 Counted v1 +200 = 200
        2 Refused no_such_reward, made 0 = 200, 0 reserved
        3 Refused reward_not_valid, made 0 = 200, 0 reserved
        4 Refused tier_not_entitled, made 0 = 200, 0 reserved
        5 Refused segment_not_entitled, made 0 = 200, 0 reserved
        6 Refused jurisdiction_not_entitled, made 0 = 200, 0 reserved
        7 Counted done, made 7 = 200, 100 reserved
        8 Refused reward_limit, made 0 = 200, 100 reserved
        9 Counted done, made 9 = 200, 200 reserved
        10 Refused insufficient_points, made 0 = 200, 200 reserved
        11 Refused reward_withdrawn, made 0 = 200, 200 reserved
    "#]]);
}

#[test]
fn a_limit_counts_what_is_open_or_confirmed_by_the_days_of_its_period() {
    let mut story = Story::with_points();
    story.say(&ModelReward { limit: Some((2, ModelPeriod::Month)), ..mug() });
    let first = story.redeem();
    let second = story.redeem();
    story.redeem();
    story.ask("shop", ModelAsked::Confirm(first));
    story.ask("shop", ModelAsked::Cancel(second));
    story.redeem();
    story.redeem();
    // What was reserved has lapsed, and tomorrow is the last of March.
    story.wait(DAY);
    story.redeem();
    story.redeem();
    story.wait(DAY);
    story.redeem();
    story.say(&ModelReward { limit: Some((3, ModelPeriod::Ever)), edited_from: 1, ..mug() });
    story.redeem();
    story.redeem();
    story.check(expect![[r#"
        1 w1 Counted v1 +10000 = 10000
        2 Counted done, made 2 = 10000, 100 reserved
        3 Counted done, made 3 = 10000, 200 reserved
        4 Refused reward_limit, made 0 = 10000, 200 reserved
        5 Counted done, made 0 = 9900, 100 reserved
        6 Counted done, made 0 = 9900, 0 reserved
        7 Counted done, made 7 = 9900, 100 reserved
        8 Refused reward_limit, made 0 = 9900, 100 reserved
        9 Counted done, made 9 = 9900, 100 reserved
        10 Refused reward_limit, made 0 = 9900, 100 reserved
        11 Counted done, made 11 = 9900, 100 reserved
        12 Counted done, made 12 = 9900, 200 reserved
        13 Refused reward_limit, made 0 = 9900, 200 reserved
    "#]]);
}

#[test]
fn a_redemption_waits_for_its_stock_and_has_one_or_its_points_again() {
    let mut story = Story::with_points();
    story.say(&ModelReward { is_stocked: true, ..mug() });
    let [first, second] = [(); 2].map(|()| story.redeem());
    let asked = ModelSaid::TakeStock { reward: 1, redemption: first };
    assert_eq!(story.sent(first.1), [(asked, ModelTo::Home("mug".into()))]);
    story.ask("shop", ModelAsked::Confirm(first));
    let said = |redemption, granted| ModelSaid::StockTaken { reward: 1, redemption, granted };
    assert_eq!(story.hear(1, said(first, true)), []);
    assert_eq!(story.hear(2, said(second, false)), []);
    assert_eq!(story.state(second), RedemptionState::Cancelled);
    story.ask("shop", ModelAsked::Confirm(first));
    assert_eq!(story.state(first), RedemptionState::Confirmed);
    story.check(expect![[r#"
        1 w1 Counted v1 +10000 = 10000
        2 Counted done, made 2 = 10000, 100 reserved
        3 Counted done, made 3 = 10000, 200 reserved
        4 Refused redemption_requested, made 0 = 10000, 200 reserved
        5 Counted None
        6 Counted None
        7 Counted done, made 0 = 9900, 0 reserved
    "#]]);
}

#[test]
fn what_is_cancelled_is_given_back_and_so_is_an_answer_that_comes_too_late() {
    let mut story = Story::with_points();
    story.say(&ModelReward { is_stocked: true, ..mug() });
    let [first, second, third] = [(); 3].map(|()| story.redeem());
    let said = |redemption, granted| ModelSaid::StockTaken { reward: 1, redemption, granted };
    let back = [(ModelSaid::ReturnStock { reward: 1 }, ModelTo::Home("mug".into()))];
    story.hear(1, said(first, true));
    story.ask("shop", ModelAsked::Cancel(first));
    assert_eq!(story.sent(story.batch), back);
    story.ask("shop", ModelAsked::Cancel(second));
    assert_eq!(story.sent(story.batch), [], "it has none yet");
    assert_eq!(story.hear(2, said(second, true)), back);
    assert_eq!(story.hear(2, said(second, true)), [], "a message is taken in once");
    story.wait(15 * MINUTE);
    assert_eq!(story.hear(3, said(third, true)), back, "it has lapsed");
    story.check(expect![[r#"
        1 w1 Counted v1 +10000 = 10000
        2 Counted done, made 2 = 10000, 100 reserved
        3 Counted done, made 3 = 10000, 200 reserved
        4 Counted done, made 4 = 10000, 300 reserved
        5 Counted None
        6 Counted done, made 0 = 10000, 200 reserved
        7 Counted done, made 0 = 10000, 100 reserved
        8 Counted None
        9 Refused Some("received_before")
        10 Counted None
    "#]]);
}

#[test]
fn a_stock_gives_what_there_is_and_no_more() {
    let mut story = Story::with(program());
    story.restock(1);
    story.say(&ModelReward { is_stocked: true, ..mug() });
    story.restock(-1);
    story.restock(2);
    let asked = |player| ModelSaid::TakeStock { reward: 1, redemption: (player, 1, 1) };
    let answer = |player, granted| {
        let said = ModelSaid::StockTaken { reward: 1, redemption: (player, 1, 1), granted };
        [(said, ModelTo::Partition(3))]
    };
    assert_eq!(story.hear(1, asked(7)), answer(7, true));
    assert_eq!(story.hear(1, asked(7)), [], "a message is taken in once");
    story.restock(-2);
    story.restock(-1);
    assert_eq!(story.hear(2, asked(8)), answer(8, false));
    assert_eq!(story.hear(3, ModelSaid::ReturnStock { reward: 1 }), []);
    assert_eq!(story.hear(4, asked(8)), answer(8, true));
    let stock = story.model.stocks()[&("casino".into(), 1)];
    assert_eq!(stock, ModelStock { put: 1, taken: 1 });
    story.check(expect![[r#"
        1 Refused no_such_reward, made 0
        2 Refused out_of_stock, made 0
        3 Counted done, made 0
        4 Counted None
        5 Refused Some("received_before")
        6 Refused out_of_stock, made 0
        7 Counted done, made 0
        8 Counted None
        9 Counted None
        10 Counted None
    "#]]);
}
