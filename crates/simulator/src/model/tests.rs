use std::fmt::Write as _;

use expect_test::{Expect, expect};

use super::*;
use crate::input::{
    ModelConsent, ModelData, ModelExpiry, ModelGame, ModelNumber, ModelOverrides, ModelRounding,
    ModelRules, ModelZone,
};

mod budgets;
mod conditions;
mod forecasts;
mod promotions;
mod requests;
mod rewards;
mod signals;
mod tiers;
mod tournaments;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * HOUR;
const ONE: u128 = 1_000_000_000_000_000_000;
/// 2024-03-30T12:00:00Z: the next night, clocks in Malta go forward.
const NOON: i64 = 1_711_800_000_000_000;

/// A run of the model, written down line by line.
struct Story {
    model: Model,
    now: i64,
    batch: u64,
    told: String,
    /// How many moves between levels were told of each account.
    moves_told: BTreeMap<(String, String), usize>,
}

impl Story {
    fn new() -> Self {
        let mut model = Model::new(WindowSettings::default());
        model.operator_added("casino");
        let moves_told = BTreeMap::new();
        Self { model, now: NOON, batch: 0, told: String::new(), moves_told }
    }

    fn with(program: ModelProgram) -> Self {
        let mut story = Self::new();
        story.publish(NOON - 30 * DAY, program);
        story
    }

    fn publish(&mut self, from: i64, program: ModelProgram) {
        let latest = self.model.latest_version("casino");
        let published = self.model.program_published("casino", from, program, latest);
        assert_eq!(published, Published::Accepted(latest + 1));
    }

    fn wait(&mut self, micros: i64) {
        self.now += micros;
    }

    /// Time passes, and nobody does anything.
    fn pass(&mut self, micros: i64) {
        self.wait(micros);
        self.batch += 1;
        self.model.batch(0, self.now);
        write!(self.told, "{} nothing", self.batch).unwrap();
        self.tell_moves();
    }

    /// Tells of moves between levels that were not told of, and ends the line.
    fn tell_moves(&mut self) {
        for (key, account) in self.model.accounts() {
            let told = self.moves_told.entry(key.clone()).or_default();
            for moved in &account.moves[*told..] {
                let [before, after] = [&moved.before, &moved.after];
                let [before, after] = [before, after].map(|name| name.as_deref().unwrap_or("-"));
                let day = crate::calendar::rfc3339(moved.day * DAY, 0, "");
                let (player, day) = (&key.1, &day[..10]);
                write!(self.told, ", {player}: {before} > {after} on {day}").unwrap();
            }
            *told = account.moves.len();
        }
        self.told.push('\n');
    }

    fn tell(&mut self, event: impl Into<ModelEvent>) {
        self.tell_from(None, event);
    }

    /// Tells of a dead letter that was released, which message of which partition.
    fn tell_released(&mut self, at: (u16, u64), event: impl Into<ModelEvent>) {
        self.tell_from(Some(at), event);
    }

    fn tell_from(&mut self, message: Option<(u16, u64)>, event: impl Into<ModelEvent>) {
        self.batch += 1;
        self.model.batch(0, self.now);
        let event = event.into();
        let input = Input {
            partition: 0,
            place: (self.batch, 1),
            operator: "casino",
            event: &event,
            message,
            is_released: message.is_some(),
        };
        let expected = self.model.record(&input);
        let id = identity("", &event).map_or(String::from("?"), |identity| identity.id);
        write!(self.told, "{} {id} {:?}", self.batch, expected.outcome).unwrap();
        if let Some(reason) = expected.reason {
            write!(self.told, " {reason}").unwrap();
        }
        if let Some((batch, _)) = expected.first {
            write!(self.told, " of {batch}").unwrap();
        }
        if let Some(version) = expected.version {
            write!(self.told, " v{version}").unwrap();
        }
        if expected.points != 0 {
            write!(self.told, " {:+}", expected.points).unwrap();
        }
        if let Some(balance) = expected.balance {
            write!(self.told, " = {balance}").unwrap();
        }
        self.tell_moves();
    }

    fn check(self, expect: Expect) {
        expect.assert_eq(&self.told);
        for account in self.model.accounts().values() {
            assert_eq!(
                account.entries.iter().map(|entry| entry.points).sum::<i64>(),
                account.balance
            );
            assert!(
                account
                    .entries
                    .iter()
                    .map(|entry| entry.sequence)
                    .eq(1..=account.entries.len() as u64)
            );
        }
    }
}

impl From<ModelWager> for ModelEvent {
    fn from(wager: ModelWager) -> Self {
        Self::Wager(wager)
    }
}

impl From<ModelVoid> for ModelEvent {
    fn from(void: ModelVoid) -> Self {
        Self::Void(void)
    }
}

/// Slots earn a tenth of the stake.
fn program() -> ModelProgram {
    ModelProgram {
        currency: "EUR".into(),
        zone: ModelZone {
            name: "Europe/Malta".into(),
            offsets: vec![(1_698_541_200_000_000, 3600), (1_711_846_800_000_000, 7200)],
        },
        is_off: false,
        is_opt_in: false,
        voids: ModelVoids::Unlimited,
        rates: [("USD".into(), 92_000_000)].into(),
        rules: ModelRules {
            enabled: true,
            categories: Vec::new(),
            min_wager: 0,
            segments_allow: Vec::new(),
            segments_deny: Vec::new(),
            players_deny: Vec::new(),
            condition: None,
            multipliers: [("slots".into(), 10_000_000)].into(),
            games: BTreeMap::new(),
            rounding: ModelRounding::Down,
            caps_per_day: Vec::new(),
        },
        jurisdictions: BTreeMap::new(),
        promotions: Vec::new(),
        counts_first_only: false,
        signals: Vec::new(),
        tiers: None,
        pending_hours: 0,
        expiry: ModelExpiry::default(),
        min_points: None,
        hold_minutes: None,
        approval_above: None,
    }
}

fn wager(id: &str, stake: u128, timestamp: i64) -> ModelWager {
    ModelWager {
        wager_id: id.into(),
        player_id: "ann".into(),
        operator_id: "casino".into(),
        game_id: "reels".into(),
        game_category: "slots".into(),
        wager_amount: stake * ONE,
        win_amount: None,
        currency: "EUR".into(),
        player_segment: None,
        jurisdiction: "Malta".into(),
        gaming_system_id: None,
        timestamp,
    }
}

fn void(id: &str, timestamp: i64) -> ModelVoid {
    ModelVoid {
        wager_id: id.into(),
        player_id: "ann".into(),
        operator_id: "casino".into(),
        reason: "round cancelled".into(),
        timestamp,
    }
}

#[test]
fn a_wager_counts_once_and_other_content_under_its_id_never() {
    let mut story = Story::with(program());
    story.tell(wager("w1", 100, NOON));
    story.tell(wager("w1", 100, NOON - HOUR));
    story.tell(wager("w1", 200, NOON));
    story.tell(ModelWager { win_amount: Some(0), ..wager("w1", 100, NOON) });
    story.tell(ModelWager { player_id: "bob".into(), ..wager("w1", 100, NOON) });
    story.tell(wager("w2", 50, NOON));
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000
        2 w1 Repeated of 1 = 1000
        3 w1 DeadLetter id_conflict
        4 w1 DeadLetter id_conflict
        5 w1 Counted v1 +1000 = 1000
        6 w2 Counted v1 +500 = 1500
    "]]);
}

#[test]
fn a_repeat_is_found_by_its_own_time_for_a_week_and_restamped_for_a_day() {
    let mut story = Story::with(program());
    story.tell(wager("w1", 100, NOON));
    story.wait(DAY);
    story.tell(wager("w1", 100, story.now));
    story.wait(HOUR);
    story.tell(wager("w1", 100, story.now));
    story.wait(6 * DAY - HOUR);
    story.tell(wager("w1", 100, NOON));
    story.tell(wager("w1", 100, NOON + 2 * HOUR));
    story.tell(wager("w1", 100, NOON - 1));
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000
        2 w1 Repeated of 1 = 1000
        3 w1 Counted v1 +1000 = 2000
        4 w1 Repeated of 1 = 2000
        5 w1 Counted v1 +1000 = 3000
        6 w1 DeadLetter too_late
    "]]);
}

#[test]
fn dead_letters_and_strangers_occupy_no_id() {
    let mut story = Story::with(program());
    story.tell(wager("w1", 100, NOON + 2 * MINUTE + 1));
    story.tell(wager("w1", 100, NOON - 7 * DAY - 1));
    story.tell(ModelWager { operator_id: "elsewhere".into(), ..wager("w1", 100, NOON) });
    story.tell(ModelEvent::Malformed);
    assert!(story.model.accounts().is_empty());
    story.tell(wager("w1", 100, NOON + 2 * MINUTE));
    story.tell(wager("w2", 100, NOON - 7 * DAY));
    story.check(expect![[r"
        1 w1 DeadLetter in_future
        2 w1 DeadLetter too_late
        3 w1 Refused operator_unknown
        4 ? DeadLetter malformed
        5 w1 Counted v1 +1000 = 1000
        6 w2 Counted v1 +1000 = 2000
    "]]);
}

#[test]
fn what_does_not_fit_is_a_dead_letter_and_makes_no_account() {
    let mut great = program();
    great.rules.multipliers.insert("slots".into(), 100_000_000_000);
    let mut story = Story::with(great);
    story.tell(wager("w1", 1_000_000_000_001, NOON));
    assert!(story.model.accounts().is_empty());
    story.tell(wager("w1", 1_000_000_000_000, NOON));
    story.tell(wager("w2", 1, NOON));
    story.check(expect![[r"
        1 w1 DeadLetter out_of_range
        2 w1 Counted v1 +100000000000000000 = 100000000000000000
        3 w2 DeadLetter out_of_range
    "]]);
}

#[test]
fn every_rung_of_the_ladder_says_no_before_the_next() {
    let mut strict = program();
    strict.is_opt_in = true;
    strict.rules.players_deny = vec!["ann".into()];
    strict.rules.segments_deny = vec!["abuser".into()];
    strict.rules.segments_allow = vec!["VIP".into()];
    strict.rules.categories = vec!["slots".into(), "poker".into()];
    strict.rules.min_wager = 92 * ONE;
    let sweden = ModelOverrides { enabled: Some(false), ..ModelOverrides::default() };
    strict.jurisdictions.insert("Sweden".into(), sweden);
    let mut story = Story::new();
    let base = ModelWager { player_id: "bob".into(), ..wager("", 100, NOON) };
    let with = |id: &str, change: &dyn Fn(&mut ModelWager)| {
        let mut wager = ModelWager { wager_id: id.into(), ..base.clone() };
        change(&mut wager);
        wager
    };
    story.tell(with("no program", &|_| {}));
    story.publish(NOON - HOUR, ModelProgram { is_off: true, ..strict.clone() });
    story.tell(with("off", &|wager| wager.jurisdiction = "Sweden".into()));
    story.publish(NOON - HOUR, strict);
    story.tell(with("jurisdiction", &|wager| wager.jurisdiction = "Sweden".into()));
    story.tell(with("consent", &|wager| wager.player_id = "ann".into()));
    for player in ["ann", "bob"] {
        story.tell(ModelEvent::Consent(ModelConsent {
            command_id: "join".into(),
            player_id: player.into(),
            takes_part: true,
        }));
    }
    story.tell(with("player", &|wager| wager.player_id = "ann".into()));
    story.tell(with("denied", &|wager| wager.player_segment = Some("abuser".into())));
    story.tell(with("not allowed", &|wager| wager.game_category = "table".into()));
    let vip = |wager: &mut ModelWager| wager.player_segment = Some("VIP".into());
    story.tell(with("category", &|wager| {
        vip(wager);
        wager.game_category = "table".into();
        wager.currency = "XYZ".into();
    }));
    story.tell(with("currency", &|wager| {
        vip(wager);
        wager.currency = "XYZ".into();
        wager.wager_amount = 0;
    }));
    story.tell(with("minimum", &|wager| {
        vip(wager);
        wager.currency = "USD".into();
        wager.wager_amount -= 1;
        wager.game_category = "poker".into();
    }));
    story.tell(with("multiplier", &|wager| {
        vip(wager);
        wager.game_category = "poker".into();
    }));
    story.tell(with("counted", &|wager| {
        vip(wager);
        wager.currency = "USD".into();
    }));
    story.check(expect![[r"
        1 no program Refused no_program = 0
        2 off Refused mode_off v1 = 0
        3 jurisdiction Refused jurisdiction_disabled v2 = 0
        4 consent Refused no_consent v2 = 0
        5 join Counted = 0
        6 join Counted = 0
        7 player Refused player_denied v2 = 0
        8 denied Refused segment_denied v2 = 0
        9 not allowed Refused segment_not_allowed v2 = 0
        10 category Refused category_not_eligible v2 = 0
        11 currency Refused currency_unsupported v2 = 0
        12 minimum Refused below_minimum v2 = 0
        13 multiplier Refused zero_multiplier v2 = 0
        14 counted Counted v2 +920 = 920
    "]]);
}

#[test]
fn a_jurisdiction_merges_its_words_over_the_rules() {
    let mut merged = program();
    merged.rules.multipliers.insert("default".into(), 20_000_000);
    merged.jurisdictions.insert(
        "Ontario".into(),
        ModelOverrides {
            multipliers: [("slots".into(), None), ("poker".into(), Some(30_000_000))].into(),
            games: [("demo".into(), Some(0))].into(),
            ..ModelOverrides::default()
        },
    );
    let mut story = Story::with(merged);
    story.tell(wager("by category", 100, NOON));
    let ontario = |id| ModelWager { jurisdiction: "Ontario".into(), ..wager(id, 100, NOON) };
    story.tell(ontario("by default"));
    story.tell(ModelWager { game_category: "poker".into(), ..ontario("added") });
    story.tell(ModelWager { game_id: "demo".into(), ..ontario("by game") });
    story.check(expect![[r"
        1 by category Counted v1 +1000 = 1000
        2 by default Counted v1 +2000 = 3000
        3 added Counted v1 +3000 = 6000
        4 by game Refused zero_multiplier v1 = 6000
    "]]);
}

#[test]
fn an_event_is_judged_by_the_rules_of_its_time() {
    let mut story = Story::with(program());
    let mut double = program();
    double.rules.multipliers.insert("slots".into(), 20_000_000);
    story.publish(NOON + HOUR, double.clone());
    story.publish(NOON + 2 * HOUR, ModelProgram { is_off: true, ..double });
    assert!(story.model.version_withdrawn("casino", 3, NOON));
    assert!(!story.model.version_withdrawn("casino", 3, NOON), "it was withdrawn before");
    assert!(!story.model.version_withdrawn("casino", 1, NOON), "it has begun");
    assert_eq!(story.model.program_published("casino", 0, program(), 2), Published::Stale);
    assert_eq!(story.model.program_published("x", 0, program(), 0), Published::OperatorUnknown);
    story.wait(3 * HOUR);
    story.tell(wager("before", 100, NOON + HOUR - 1));
    story.tell(wager("from then on", 100, NOON + HOUR));
    story.tell(wager("later", 100, NOON + 3 * HOUR));
    story.check(expect![[r"
        1 before Counted v1 +1000 = 1000
        2 from then on Counted v2 +2000 = 3000
        3 later Counted v2 +2000 = 5000
    "]]);
}

#[test]
fn a_cap_cuts_by_the_events_own_day_and_a_void_gives_the_room_back() {
    let mut capped = program();
    capped.rules.caps_per_day = vec![1500];
    let mut story = Story::with(capped);
    // The local day ends at 23:00 UTC; the next one, in summer time, at 22:00.
    let midnight = NOON + 11 * HOUR;
    story.wait(DAY);
    story.tell(wager("w1", 100, midnight - 1));
    story.tell(wager("w2", 100, midnight - 1));
    story.tell(wager("w3", 100, midnight - 1));
    story.tell(wager("w4", 100, midnight));
    story.wait(DAY);
    story.tell(wager("w5", 100, midnight + 23 * HOUR - 1));
    story.tell(wager("w6", 100, midnight + 23 * HOUR));
    story.tell(void("w1", story.now));
    story.tell(wager("w7", 200, midnight - 2));
    story.tell(void("w3", story.now));
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000
        2 w2 Counted v1 +500 = 1500
        3 w3 Counted v1 = 1500
        4 w4 Counted v1 +1000 = 2500
        5 w5 Counted v1 +500 = 3000
        6 w6 Counted v1 +1000 = 4000
        7 w1 Voided v1 -1000 = 3000
        8 w7 Counted v1 +1000 = 4000
        9 w3 Voided v1 = 4000
    "]]);
}

#[test]
fn a_void_may_come_first_and_holds_for_a_week() {
    let mut story = Story::with(program());
    story.tell(void("w1", NOON));
    story.tell(void("w1", NOON - HOUR));
    story.tell(wager("w1", 100, NOON));
    story.tell(ModelWager { player_id: "bob".into(), ..wager("w1", 100, NOON) });
    story.tell(void("w2", NOON));
    story.wait(7 * DAY);
    story.tell(wager("w2", 100, story.now));
    story.wait(1);
    story.tell(void("w3", story.now - 7 * DAY));
    story.wait(7 * DAY);
    story.tell(wager("w3", 100, story.now));
    story.tell(void("w4", story.now - 7 * DAY));
    story.wait(7 * DAY + 1);
    story.tell(wager("w4", 100, story.now));
    story.check(expect![[r"
        1 w1 Voided v1 = 0
        2 w1 Repeated of 1 = 0
        3 w1 Refused voided = 0
        4 w1 Counted v1 +1000 = 1000
        5 w2 Voided v1 = 0
        6 w2 Refused voided = 0
        7 w3 Voided v1 = 0
        8 w3 Refused voided = 0
        9 w4 Voided v1 = 0
        10 w4 Counted v1 +1000 = 1000
    "]]);
}

#[test]
fn a_void_that_is_released_holds_for_a_week_from_then_on() {
    let mut story = Story::with(program());
    let late = NOON - 8 * DAY;
    story.tell(void("w1", late));
    story.tell_released((0, 1), void("w1", late));
    story.wait(DAY);
    story.tell(wager("w1", 100, story.now));
    story.check(expect![[r"
        1 w1 DeadLetter too_late
        2 w1 Voided v1 = 0
        3 w1 Refused voided = 0
    "]]);
}

#[test]
fn a_released_letter_that_fails_again_and_again_is_one_letter() {
    let mut story = Story::with(program());
    story.tell(wager("w1", 100, NOON));
    for message in [7, 7, 8, 7] {
        story.tell_released((3, message), wager("w1", 200, NOON));
    }
    let letters: Vec<_> = story.model.letters().map(|(place, _)| place).collect();
    assert_eq!(letters, [(0, 2, 1), (0, 4, 1)], "one for each release");
    story.wait(30 * DAY);
    story.tell_released((3, 7), wager("w1", 200, NOON));
    assert_eq!(story.model.letters().count(), 0, "it is remembered for ever");
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 w1 DeadLetter id_conflict
        3 w1 Refused received_before
        4 w1 DeadLetter id_conflict
        5 w1 Refused received_before
        6 w1 Refused received_before
    "#]]);
}

#[test]
fn a_void_takes_back_the_newest_of_a_wager_that_counted_twice() {
    let mut story = Story::with(program());
    story.tell(wager("w1", 100, NOON));
    story.wait(3 * DAY);
    story.tell(wager("w1", 300, story.now));
    story.tell(void("w1", NOON));
    story.tell(void("w1", story.now));
    story.check(expect![[r"
        1 w1 Counted v1 +1000 = 1000
        2 w1 Counted v1 +3000 = 4000
        3 w1 Voided v1 -3000 = 1000
        4 w1 Repeated of 3 = 1000
    "]]);
}

#[test]
fn a_void_stops_at_zero_where_the_program_says_so() {
    let expiry = ModelExpiry { after: Some(1), ..ModelExpiry::default() };
    let floored = ModelProgram { voids: ModelVoids::Balance, expiry, ..program() };
    let mut story = Story::with(floored);
    story.tell(wager("w1", 100, NOON));
    story.wait(3 * DAY);
    story.tell(wager("w2", 60, story.now));
    // What was earned in March has expired with the end of April.
    story.wait(40 * DAY);
    story.tell(void("w1", story.now));
    story.check(expect![[r#"
        1 w1 Counted v1 +1000 = 1000
        2 w2 Counted v1 +600 = 1600
        3 w1 Voided v1 -600 = 0
    "#]]);
}

fn data(fields: &[(&str, ModelData)]) -> ModelData {
    ModelData::Fields(fields.iter().map(|(name, value)| ((*name).into(), value.clone())).collect())
}

fn number(figures: u64) -> ModelData {
    ModelData::Number(ModelNumber::new(false, figures, 0))
}

#[test]
fn game_events_and_commands_have_ids_of_their_own_kind() {
    let mut story = Story::with(program());
    let event = ModelGame {
        event_id: "w1".into(),
        event_type: "player_score".into(),
        player_id: "ann".into(),
        game_id: "reels".into(),
        timestamp: NOON,
        data: Some(data(&[("score", number(1)), ("level", ModelData::Null)])),
    };
    let with = |fields: &[_]| ModelGame { data: Some(data(fields)), ..event.clone() };
    let consent = |takes_part| {
        let (command_id, player_id) = ("w1".into(), "ann".into());
        ModelEvent::Consent(ModelConsent { command_id, player_id, takes_part })
    };
    story.tell(ModelEvent::Game(event.clone()));
    story.tell(ModelEvent::Game(ModelGame { timestamp: NOON - MINUTE, ..event.clone() }));
    story.tell(ModelEvent::Game(with(&[("score", number(1))])));
    story.tell(ModelEvent::Game(with(&[("score", number(10))])));
    story.tell(consent(false));
    story.tell(consent(false));
    story.tell(consent(true));
    story.tell(wager("w1", 100, NOON));
    story.wait(DAY + HOUR);
    story.tell(consent(true));
    story.tell(wager("w2", 100, NOON));
    story.check(expect![[r"
        1 w1 Counted = 0
        2 w1 Repeated of 1 = 0
        3 w1 Repeated of 1 = 0
        4 w1 DeadLetter id_conflict
        5 w1 Counted = 0
        6 w1 Repeated of 5 = 0
        7 w1 DeadLetter id_conflict
        8 w1 Refused no_consent v1 = 0
        9 w1 Counted = 0
        10 w2 Counted v1 +1000 = 1000
    "]]);
}
