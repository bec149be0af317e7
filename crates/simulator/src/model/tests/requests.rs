//! What is asked beyond wagers.

use super::*;
use crate::input::{ModelAsked, ModelRequest};
use crate::model::requests::RequestInput;

impl Story {
    pub(super) fn ask(&mut self, who: &str, what: ModelAsked) {
        self.batch += 1;
        let command_id = format!("r{}", self.batch);
        let request = ModelRequest { command_id, who: who.into(), words: String::new(), what };
        self.ask_as(&request);
    }

    /// In a batch of its own, which may be the last once more.
    fn ask_as(&mut self, request: &ModelRequest) {
        self.model.batch(0, self.now);
        let (partition, place, operator) = (0, (self.batch, 1), "casino");
        let input = RequestInput { partition, place, operator, request };
        let expected = self.model.request(&input);
        let reason = expected.reason.unwrap_or("done");
        let (made, balance) = (expected.made >> 17, expected.balance);
        let outcome = expected.outcome;
        write!(self.told, "{} {outcome:?} {reason}, made {made}", self.batch).unwrap();
        if let (Some(balance), Some(account)) = (balance, self.account()) {
            let reserved = account.reserved();
            write!(self.told, " = {balance}, {reserved} reserved").unwrap();
        }
        self.told.push('\n');
    }

    pub(super) fn account(&self) -> Option<ModelAccount> {
        self.model.accounts().get(&("casino".into(), "ann".into())).cloned()
    }

    pub(super) fn reserve(&mut self, points: i64) -> (u32, u64, u32) {
        self.ask("shop", ModelAsked::Reserve { player_id: "ann".into(), points });
        (0, self.batch, 1)
    }

    fn adjust(&mut self, who: &str, points: i64) -> (u32, u64, u32) {
        self.ask(who, ModelAsked::Adjust { player_id: "ann".into(), points });
        (0, self.batch, 1)
    }

    /// All entries and all that has become of redemptions.
    pub(super) fn tell_account(&mut self) {
        let account = self.account().unwrap();
        for entry in &account.entries {
            let ModelEntry { kind, points, balance_after, wager_id, .. } = entry;
            writeln!(self.told, "  {kind} {points:+} = {balance_after} by {wager_id:?}").unwrap();
        }
        for moved in &account.redemption_moves {
            let after = (moved.at - NOON) / MINUTE;
            writeln!(self.told, "  {:?} {:?} after {after}m", moved.place, moved.state).unwrap();
        }
    }
}

#[test]
fn points_are_reserved_and_then_spent_given_back_or_lapsed() {
    let mut story = Story::new();
    story.reserve(100);
    story.publish(NOON - 30 * DAY, ModelProgram { min_points: Some(100), ..program() });
    story.tell(wager("w1", 100, NOON));
    let first = story.reserve(400);
    story.reserve(99);
    story.ask("shop", ModelAsked::Confirm(first));
    story.ask("shop", ModelAsked::Confirm(first));
    story.ask("shop", ModelAsked::Cancel(first));
    let second = story.reserve(600);
    story.reserve(100);
    story.ask("shop", ModelAsked::Cancel((1, second.1, 1)));
    story.ask("shop", ModelAsked::Cancel(second));
    let third = story.reserve(500);
    story.wait(15 * MINUTE);
    story.ask("shop", ModelAsked::Confirm(third));
    story.tell_account();
    story.check(expect![[r#"
        1 Refused no_such_player, made 0
        2 w1 Counted v1 +1000 = 1000
        3 Counted done, made 3 = 1000, 400 reserved
        4 Refused below_minimum, made 0 = 1000, 400 reserved
        5 Counted done, made 0 = 600, 0 reserved
        6 Counted done, made 0 = 600, 0 reserved
        7 Refused redemption_confirmed, made 0 = 600, 0 reserved
        8 Counted done, made 8 = 600, 600 reserved
        9 Refused insufficient_points, made 0 = 600, 600 reserved
        10 Refused no_such_redemption, made 0
        11 Counted done, made 0 = 600, 0 reserved
        12 Counted done, made 12 = 600, 500 reserved
        13 Refused redemption_lapsed, made 0 = 600, 0 reserved
          earned +1000 = 1000 by "w1"
          redeemed -400 = 600 by "0-0-3-1"
          (3, 1) Reserved after 0m
          (3, 1) Confirmed after 0m
          (8, 1) Reserved after 0m
          (8, 1) Cancelled after 0m
          (12, 1) Reserved after 0m
          (12, 1) Lapsed after 15m
    "#]]);
}

#[test]
fn a_second_person_approves_and_who_is_excluded_reserves_nothing() {
    let mut story = Story::with(ModelProgram { approval_above: Some(500), ..program() });
    story.ask("carl", ModelAsked::TakeOver { player_id: "ann".into(), points: 1_000 });
    story.ask("carl", ModelAsked::TakeOver { player_id: "ann".into(), points: 1_000 });
    let adjustment = story.adjust("carl", -501);
    story.ask("carl", ModelAsked::Decide { adjustment, approves: true });
    story.ask("dora", ModelAsked::Decide { adjustment, approves: true });
    story.ask("dora", ModelAsked::Decide { adjustment, approves: false });
    story.adjust("carl", -500);
    let reserved = story.reserve(499);
    story.adjust("carl", -1);
    let until = Some(NOON + HOUR);
    story.ask("ann", ModelAsked::Exclude { player_id: "ann".into(), until });
    story.ask("shop", ModelAsked::Confirm(reserved));
    story.reserve(100);
    story.tell(wager("w1", 100, NOON));
    let until = Some(NOON + MINUTE);
    story.ask("ann", ModelAsked::Exclude { player_id: "ann".into(), until });
    story.wait(HOUR);
    story.ask("ann", ModelAsked::Readmit { player_id: "ann".into() });
    story.tell(wager("w2", 100, NOON));
    story.tell_account();
    story.check(expect![[r#"
        1 Counted done, made 0 = 1000, 0 reserved
        2 Refused opening_exists, made 0 = 1000, 0 reserved
        3 Counted done, made 3 = 1000, 0 reserved
        4 Refused own_adjustment, made 0 = 1000, 0 reserved
        5 Counted done, made 0 = 499, 0 reserved
        6 Refused adjustment_closed, made 0 = 499, 0 reserved
        7 Refused insufficient_points, made 0 = 499, 0 reserved
        8 Counted done, made 8 = 499, 499 reserved
        9 Refused insufficient_points, made 0 = 499, 499 reserved
        10 Counted done, made 0 = 499, 0 reserved
        11 Refused redemption_cancelled, made 0 = 499, 0 reserved
        12 Refused self_excluded, made 0 = 499, 0 reserved
        13 w1 Refused self_excluded = 499
        14 Refused exclusion_holds, made 0 = 499, 0 reserved
        15 Refused not_excluded, made 0 = 499, 0 reserved
        16 w2 Counted v1 +1000 = 1499
          opening +1000 = 1000 by "r1"
          adjusted -501 = 499 by "0-0-3-1"
          earned +1000 = 1499 by "w2"
          (8, 1) Reserved after 0m
          (8, 1) Cancelled after 0m
    "#]]);
}

#[test]
fn what_is_given_back_expires_in_an_entry_of_its_own_at_the_end_of_its_month() {
    let expiry = ModelExpiry { after: Some(1), ..ModelExpiry::default() };
    let hold_minutes = Some(40 * 24 * 60);
    let mut story = Story::with(ModelProgram { expiry, hold_minutes, ..program() });
    story.tell(wager("w1", 100, NOON));
    story.reserve(400);
    story.reserve(100);
    // The first of May: what was earned in March has expired, but for what is reserved.
    story.pass(33 * DAY);
    story.pass(10 * DAY);
    let account = story.account().unwrap();
    for ModelEntry { kind, points, at, moved, .. } in &account.entries {
        let day = crate::calendar::rfc3339(*at, 0, "");
        writeln!(story.told, "  {kind} {points:+} at {day}: {moved:?}").unwrap();
    }
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 Counted done, made 2 = 1000, 400 reserved
        3 Counted done, made 3 = 1000, 500 reserved
        4 nothing
        5 nothing
          earned +1000 at 2024-03-30T12:00:00: Into((24290, None), 0)
          expired -500 at 2024-04-30T22:00:00: From(ModelTaken { ready: [(24290, 500)], pending: [], debt: 0, owed: 0 })
          expired -400 at 2024-04-30T22:00:00: From(ModelTaken { ready: [(24290, 400)], pending: [], debt: 0, owed: 0 })
          expired -100 at 2024-04-30T22:00:00: From(ModelTaken { ready: [(24290, 100)], pending: [], debt: 0, owed: 0 })
    "#]]);
}

#[test]
fn a_void_goes_no_further_below_zero_than_there_can_be_points() {
    let mut program = program();
    program.rules.multipliers.insert("slots".into(), 100_000_000_000);
    let mut story = Story::with(program);
    for id in ["w1", "w2"] {
        story.tell(wager(id, 1_000_000_000_000, NOON));
        let reserved = story.reserve(POINTS_MAX);
        story.ask("shop", ModelAsked::Confirm(reserved));
    }
    story.tell(void("w1", NOON));
    story.tell(void("w2", NOON));
    story.check(expect![[r#"
        1 w1 Counted v1 +100000000000000000 = 100000000000000000
        2 Counted done, made 2 = 100000000000000000, 100000000000000000 reserved
        3 Counted done, made 0 = 0, 0 reserved
        4 w2 Counted v1 +100000000000000000 = 100000000000000000
        5 Counted done, made 5 = 100000000000000000, 100000000000000000 reserved
        6 Counted done, made 0 = 0, 0 reserved
        7 w1 Voided v1 -100000000000000000 = -100000000000000000
        8 w2 DeadLetter out_of_range
    "#]]);
}
