//! What control records make of the rules, and what checkpoints make of them again.

use std::sync::Arc;

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::time::Timestamp;
use accolade_engine::rules::keys::LIVE_MAX;
use accolade_engine::rules::{
    BEHAVIOUR, Restoring, Rules, RulesHistory, Snapshot, Unknown, UnknownWhat,
};
use accolade_engine::rules::{rewards, tournaments, webhooks};
use accolade_wire::bytes::Cursor;
use accolade_wire::control::{Control, NewKey, SealedSecret, WebhookTerms};
use accolade_wire::reward::{RewardLimit, RewardPeriod, RewardTerms, RewardValue};
use accolade_wire::tournament::recurrence::{Begins, RecurrenceTerms};
use accolade_wire::tournament::{Stage, TournamentTerms};
use expect_test::expect;
use proptest::prelude::*;

/// Rules under construction, by the release that knows the behaviours up to `known`.
struct Made {
    rules: Rules,
    known: u16,
    now: i64,
}

impl Made {
    fn new(known: u16) -> Self {
        let mut made = Self { rules: Rules::default(), known, now: 1_000 };
        assert_eq!(made.control(&genesis(1)), Ok(done(0)));
        made
    }

    fn control(&mut self, control: &Control) -> Result<Outcome, Unknown> {
        self.bytes(&serde_json::to_vec(control).unwrap())
    }

    fn bytes(&mut self, body: &[u8]) -> Result<Outcome, Unknown> {
        self.now += 1;
        let (rules, outcome) =
            self.rules.after(body, Timestamp::from_micros(self.now), self.known)?;
        self.rules = rules;
        Ok(outcome)
    }
}

const fn done(made: u64) -> Outcome {
    Outcome::Done { made }
}

const fn declined(why: Declined) -> Outcome {
    Outcome::Declined { why }
}

fn genesis(behaviour: u16) -> Control {
    Control::Genesis {
        cluster_id: "c".into(),
        partitions: 2,
        hash_key: "5".repeat(32),
        behaviour,
        window_hours: 168,
        recent_hours: 24,
    }
}

#[test]
fn a_control_record_of_a_newer_release_is_neither_applied_nor_declined() {
    let mut made = Made::new(BEHAVIOUR);
    let unknown = made.bytes(br#"{"control":"league","name":"spring"}"#).unwrap_err();
    assert_eq!(unknown.what, UnknownWhat::Control("league".into()));
    assert_eq!(
        unknown.to_string(),
        "the control record `league` is not known to this release, which knows behaviours 1 to 2: \
         start a newer one"
    );
    assert_eq!(made.rules.applied, 1, "it was not passed over");
    assert_eq!(made.bytes(b"{}"), Ok(declined(Declined::Malformed)), "what is none is declined");
    assert_eq!(made.rules.applied, 2);
}

#[test]
fn a_behaviour_is_switched_on_by_a_release_that_knows_it_and_never_off() {
    let switch = |number| Control::Behaviour { number };
    let mut older = Made::new(1);
    let unknown = older.control(&switch(2)).unwrap_err();
    assert_eq!((unknown.what, unknown.known), (UnknownWhat::Behaviour(2), 1));
    assert_eq!((older.rules.applied, older.rules.settings.behaviour), (1, 1));

    let mut newer = Made::new(3);
    assert_eq!(newer.control(&switch(2)), Ok(done(2)));
    assert_eq!(newer.rules.settings.behaviour, 2);
    for number in [1, 2] {
        let answer = newer.control(&switch(number));
        assert_eq!(answer, Ok(declined(Declined::BehaviourPassed)), "{number}");
    }
    assert_eq!(newer.control(&switch(0)), Ok(declined(Declined::Malformed)));
    assert!(newer.control(&switch(4)).is_err());
    assert_eq!((newer.rules.applied, newer.rules.settings.behaviour), (5, 2));
}

#[test]
fn a_cluster_that_begins_with_a_behaviour_of_a_newer_release_does_not_begin_here() {
    let body = serde_json::to_vec(&genesis(2)).unwrap();
    let unknown = Rules::default().after(&body, Timestamp::default(), 1).unwrap_err();
    assert_eq!(unknown.what, UnknownWhat::Behaviour(2));
    let mut begun = Made::new(1);
    assert_eq!(begun.control(&genesis(2)), Ok(declined(Declined::Stale)), "the first counts");
}

#[test]
fn what_a_release_does_not_know_is_not_in_its_history() {
    let (older, newer) = (RulesHistory::knowing(1), RulesHistory::knowing(2));
    let body = serde_json::to_vec(&Control::Behaviour { number: 2 }).unwrap();
    let after = |history: &RulesHistory| {
        let genesis = serde_json::to_vec(&genesis(1)).unwrap();
        let begun = history.after(&Rules::default(), &genesis, Timestamp::default()).unwrap().0;
        history
            .after(&begun, &body, Timestamp::default())
            .map(|(rules, outcome)| (rules.settings.behaviour, outcome))
    };
    for _ in 0..2 {
        assert!(after(&older).is_err());
        assert_eq!(after(&newer), Ok((2, done(2))));
    }
}

fn operator(name: &str) -> Control {
    Control::Operator { operator: name.into(), key_hash: "k".into(), events_per_second: 7 }
}

/// A version edited from `edited_from`; one of three documents.
fn publish(name: &str, edited_from: u32, effective_from: i64, document: u8) -> Control {
    Control::Publish {
        operator: name.into(),
        edited_from,
        effective_from,
        why: format!("why {effective_from}"),
        who: "who".into(),
        published_at: effective_from - 1,
        document: format!(
            r#"{{"currency":"EUR","earning":{{"multipliers":{{"slots":0.{document}}}}}}}"#
        ),
        zone: vec![(0, 3_600), (9, i32::from(document))],
    }
}

fn withdraw(name: &str, version: u32) -> Control {
    Control::Withdraw { operator: name.into(), version, why: "late".into(), who: "her".into() }
}

fn key(name: &str, id: u8) -> Control {
    Control::Key(NewKey {
        operator: name.into(),
        id: format!("key-{id}"),
        name: format!("of {id}"),
        roles: vec!["ingest".into(), "support".into()],
        secret_hash: "a1".repeat(32),
        until: (id.is_multiple_of(2)).then_some(5_000),
        networks: vec!["10.0.0.0/8".into()],
        event_types: vec!["hello".into(); id.into()],
        origins: vec![],
        player: (id.is_multiple_of(3)).then(|| "p1".into()),
        who: "who".into(),
    })
}

fn rotate(name: &str, id: u8, rotation: u8, old_until: i64) -> Control {
    Control::RotateKey {
        operator: name.into(),
        id: format!("key-{id}"),
        rotation: format!("rotation-{rotation}"),
        secret_hash: format!("{rotation:02x}").repeat(32),
        old_until,
        who: "her".into(),
    }
}

fn revoke(name: &str, id: u8) -> Control {
    Control::RevokeKey { operator: name.into(), id: format!("key-{id}"), who: "him".into() }
}

fn pause(name: &str, is_paused: bool) -> Control {
    let (operator, who) = (name.to_owned(), "them".to_owned());
    if is_paused {
        Control::Pause { operator, why: "a debt".into(), who }
    } else {
        Control::Resume { operator, who }
    }
}

fn skip() -> Control {
    Control::Skip { partition: 0, batch: 1, slot: 1, who: "who".into() }
}

#[test]
fn a_program_is_compiled_when_it_is_needed_and_equal_documents_are_kept_once() {
    let mut made = Made::new(1);
    made.control(&operator("house")).unwrap();
    made.control(&operator("casino")).unwrap();
    for (name, document) in [("house", 1), ("casino", 1), ("casino", 2)] {
        let latest = made.rules.operator(name).unwrap().versions.latest();
        made.control(&publish(name, latest, 5, document)).unwrap();
    }
    let mut values = Vec::new();
    Snapshot::default().write_changes(&made.rules, &mut |value| values.extend_from_slice(value));
    let mut restoring = Restoring::default();
    restoring.read(&mut Cursor::new(&values, "rules")).unwrap();
    let rules = restoring.finish().unwrap();
    let version =
        |name, number| &rules.operator(name).unwrap().versions.get(number).unwrap().program;
    assert!(Arc::ptr_eq(&version("house", 1).program, &version("casino", 1).program));
    assert_ne!(version("casino", 1).program, version("casino", 2).program);
    assert_eq!(&*version("casino", 2).program.currency, "EUR");
}

#[test]
fn values_of_the_rules_keep_their_format() {
    let mut made = Made::new(2);
    made.control(&first_key(7_000)).unwrap();
    made.control(&operator("house")).unwrap();
    made.control(&publish("house", 0, 5_000, 1)).unwrap();
    made.control(&withdraw("house", 1)).unwrap();
    made.control(&Control::Behaviour { number: 2 }).unwrap();
    made.control(&key("house", 1)).unwrap();
    made.control(&rotate("house", 1, 1, 9_000)).unwrap();
    made.control(&revoke("house", 1)).unwrap();
    made.control(&pause("house", true)).unwrap();
    let mut written = String::new();
    Snapshot::default().write_changes(&made.rules, &mut |value| {
        written += &value.escape_ascii().to_string();
        written += "\n";
    });
    expect![[r#"
        \x01\x01\n\x01c\x02UUUUUUUUUUUUUUUU\xa8\x01\x18\x02\x01\xe9\x03\x00\x00\x00\x00\x00\x00\x01\x06\xee\x03\x00\x00\x00\x00\x00\x00\x02\x01\x02\xea\x03\x00\x00\x00\x00\x00\x00@b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2\x02meX\x1b\x00\x00\x00\x00\x00\x00
        \x02\x01\x01\x05house\x01k\x07\x03\xeb\x03\x00\x00\x00\x00\x00\x00
        \x03\x01\x01\x01\x04\xec\x03\x00\x00\x00\x00\x00\x00\x88\x13\x00\x00\x00\x00\x00\x00\x00\x87\x13\x00\x00\x00\x00\x00\x00\x08why 5000\x03who\x01\x02\x00\x00\x00\x00\x00\x00\x00\x00\xa08\t\x00\x00\x00\x00\x00\x00\x00\x02:{\"currency\":\"EUR\",\"earning\":{\"multipliers\":{\"slots\":0.1}}}\x01\x05\xed\x03\x00\x00\x00\x00\x00\x00\x04late\x03her
        \x04\x01\x02\x01\x07\xef\x03\x00\x00\x00\x00\x00\x00\x05key-1\x04of 1@a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\x03who\x02\x06ingest\x07support\x01\n10.0.0.0/8\x01\x05hello\x00\x00\x00\x01\x08\xf0\x03\x00\x00\x00\x00\x00\x00\nrotation-1@0101010101010101010101010101010101010101010101010101010101010101\x03her(#\x00\x00\x00\x00\x00\x00\x01\t\xf1\x03\x00\x00\x00\x00\x00\x00\x03him
        \x05\x01\x01\x01\n\xf2\x03\x00\x00\x00\x00\x00\x00\x01\x06a debt\x04them
    "#]].assert_eq(&written);
}

#[test]
fn secrets_of_a_key_end_with_it_and_with_each_later_rotation() {
    let mut made = Made::new(1);
    made.control(&operator("house")).unwrap();
    assert_eq!(made.control(&key("house", 2)), Ok(done(2)));
    assert_eq!(made.control(&key("house", 2)), Ok(declined(Declined::KeyExists)));
    assert_eq!(made.control(&rotate("house", 2, 1, 3_000)), Ok(done(2)));
    assert_eq!(made.control(&rotate("house", 2, 1, 9_000)), Ok(declined(Declined::KeyExists)));
    assert_eq!(made.control(&rotate("house", 2, 2, 4_000)), Ok(done(2)));
    let secrets = |rules: &Rules| -> Vec<_> {
        let key = rules.operator("house").unwrap().keys.get("key-2").unwrap();
        let secrets = key.secrets().map(|(hash, until)| (hash[..2].to_owned(), until));
        secrets.map(|(hash, until)| (hash, until.unwrap().micros())).collect()
    };
    let of = |hash: &str, until| (hash.to_owned(), until);
    assert_eq!(secrets(&made.rules), [of("a1", 3_000), of("01", 4_000), of("02", 5_000)]);
    assert_eq!(made.control(&revoke("house", 2)), Ok(done(2)));
    assert_eq!(secrets(&made.rules), []);
    for gone in [revoke("house", 2), rotate("house", 2, 3, 9_000), revoke("house", 5)] {
        assert_eq!(made.control(&gone), Ok(declined(Declined::NoSuchKey)));
    }
    let unknown = Ok(declined(Declined::OperatorUnknown));
    assert_eq!(made.control(&key("nobody", 2)), unknown);
    let first = &made.rules.operator("house").unwrap().keys.get("first").unwrap();
    assert_eq!(first.secrets().collect::<Vec<_>>(), [("k", None)]);
    let revoke =
        Control::RevokeKey { operator: "house".into(), id: "first".into(), who: "him".into() };
    assert_eq!(made.control(&revoke), Ok(done(1)), "the key of the beginning is one like others");
}

fn first_key(until: i64) -> Control {
    Control::FirstKey { secret_hash: "b2".repeat(32), until, who: "me".into() }
}

fn first_operator(name: &str) -> Control {
    Control::FirstOperator { operator: name.into(), key_hash: "k".into(), events_per_second: 7 }
}

#[test]
fn there_is_one_key_of_the_first_start_and_it_opens_until_there_is_an_operator() {
    let mut made = Made::new(1);
    let bad = Control::FirstKey { secret_hash: "short".into(), until: 1, who: "me".into() };
    assert_eq!(made.control(&bad), Ok(declined(Declined::Malformed)));
    assert!(made.rules.first_key().is_none() && !made.rules.has_had_first_key());
    assert_eq!(made.control(&first_key(9_000)), Ok(done(0)));
    assert_eq!(made.rules.first_key().unwrap().until.micros(), 9_000);
    assert_eq!(made.control(&first_key(9_999)), Ok(declined(Declined::KeyExists)));
    assert_eq!(made.rules.first_key().unwrap().until.micros(), 9_000);
    assert_eq!(made.control(&first_operator("house")), Ok(done(1)));
    assert!(made.rules.first_key().is_none() && made.rules.has_had_first_key());
    for late in [first_operator("casino"), first_operator("house"), first_key(1)] {
        assert_eq!(made.control(&late), Ok(declined(Declined::OperatorExists)));
    }
    let mut other = Made::new(1);
    other.control(&first_key(9_000)).unwrap();
    other.control(&operator("house")).unwrap();
    assert!(other.rules.first_key().is_none(), "however the first operator came");
}

#[test]
fn a_key_that_says_what_no_key_may_is_declined() {
    let mut made = Made::new(1);
    made.control(&operator("house")).unwrap();
    let long = || "x".repeat(257);
    let changes: [fn(&mut NewKey, String); 9] = [
        |key, _| key.roles = vec![],
        |key, _| key.roles = vec!["administrator".into()],
        |key, _| key.id = String::new(),
        |key, long| key.name = long,
        |key, _| key.secret_hash = "short".into(),
        |key, _| key.networks = vec!["10.0.0.0/8".into(); 101],
        |key, long| key.origins = vec![long],
        |key, _| key.event_types = vec![String::new()],
        |key, long| key.player = Some(long),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let Control::Key(mut terms) = key("house", 1) else { unreachable!() };
        change(&mut terms, long());
        let answer = made.control(&Control::Key(terms));
        assert_eq!(answer, Ok(declined(Declined::Malformed)), "{number}");
    }
}

#[test]
fn an_operator_has_so_many_keys_that_are_neither_revoked_nor_over() {
    let mut made = Made::new(1);
    made.control(&operator("house")).unwrap();
    let key = |number: usize, until| {
        let Control::Key(terms) = key("house", 1) else { unreachable!() };
        Control::Key(NewKey { id: format!("n{number}"), until, ..terms })
    };
    for number in 2..=LIVE_MAX {
        let until = (number == 7).then_some(2_100);
        assert_eq!(made.control(&key(number, until)), Ok(done(number as u64)));
    }
    assert!(made.now < 2_100, "the seventh is not over");
    let one_more = key(0, None);
    assert_eq!(made.control(&one_more), Ok(declined(Declined::TooManyKeys)));
    made.now = 2_100;
    assert_eq!(made.control(&one_more), Ok(done(1_001)), "one is over");
    let again = key(5_000, None);
    assert_eq!(made.control(&again), Ok(declined(Declined::TooManyKeys)));
    let id = "n5".to_owned();
    made.control(&Control::RevokeKey { operator: "house".into(), id, who: "w".into() }).unwrap();
    assert_eq!(made.control(&again), Ok(done(1_002)));
}

#[test]
fn an_operator_is_paused_once_and_goes_on_once() {
    let mut made = Made::new(1);
    made.control(&operator("house")).unwrap();
    let is_paused = |rules: &Rules| rules.operator("house").unwrap().pauses.is_paused();
    for (paused, number) in [(false, 0), (true, 1), (true, 0), (false, 2), (true, 3)] {
        assert_eq!(made.control(&pause("house", paused)), Ok(done(number)));
        assert_eq!(is_paused(&made.rules), paused);
    }
    assert_eq!(made.control(&pause("nobody", true)), Ok(declined(Declined::OperatorUnknown)));
}

fn webhook(name: &str, id: usize, edited_from: u32) -> WebhookTerms {
    let secret = |until| SealedSecret { id: "s".into(), sealed: "sealed".into(), until };
    WebhookTerms {
        operator: name.into(),
        id: format!("hook-{id}"),
        edited_from,
        url: format!("https://{id}.example/{edited_from}"),
        description: String::new(),
        events: vec!["tier.changed".into()],
        secrets: vec![secret(None), secret(Some(5_000))],
        disabled: None,
        deleted: false,
        who: "who".into(),
    }
}

/// Rules under construction, by behaviour 2.
fn made_by_the_second() -> Made {
    let mut made = Made::new(2);
    made.control(&Control::Behaviour { number: 2 }).unwrap();
    made.control(&operator("house")).unwrap();
    made
}

#[test]
fn a_webhook_is_what_was_said_of_it_last_until_it_is_deleted() {
    let mut made = made_by_the_second();
    let mut say = |terms: WebhookTerms| made.control(&Control::Webhook(terms)).unwrap();
    assert_eq!(say(webhook("house", 1, 1)), declined(Declined::Stale), "there is none yet");
    assert_eq!(say(webhook("house", 1, 0)), done(1));
    assert_eq!(say(webhook("house", 2, 0)), done(2));
    assert_eq!(say(webhook("house", 1, 0)), declined(Declined::Stale), "it is there");
    assert_eq!(say(webhook("house", 1, 1)), done(1));
    assert_eq!(say(webhook("house", 1, 1)), declined(Declined::Stale), "another was first");
    assert_eq!(say(webhook("nobody", 1, 0)), declined(Declined::OperatorUnknown));
    let disabled = Some("it answers nothing".into());
    assert_eq!(say(WebhookTerms { disabled, ..webhook("house", 1, 2) }), done(1));
    assert_eq!(say(WebhookTerms { deleted: true, ..webhook("house", 2, 1) }), done(2));
    assert_eq!(say(webhook("house", 2, 2)), declined(Declined::Stale), "it is deleted");
    let house = made.rules.operator("house").unwrap();
    let first = house.webhooks.get("hook-1").unwrap();
    assert_eq!((&*first.terms().url, first.edited_from()), ("https://1.example/2", 3));
    assert!(!first.is_enabled());
    let live: Vec<_> = house.webhooks.live().map(|webhook| webhook.number).collect();
    assert_eq!(live, [1]);
    let signing = |now| first.secrets(Timestamp::from_micros(now)).count();
    assert_eq!((signing(4_999), signing(5_000)), (2, 1));
}

#[test]
fn a_webhook_that_says_what_none_may_is_declined() {
    let mut made = made_by_the_second();
    let changes: [fn(&mut WebhookTerms); 9] = [
        |hook| hook.id = String::new(),
        |hook| hook.who = "x".repeat(513),
        |hook| hook.url = String::new(),
        |hook| hook.url = "x".repeat(2_049),
        |hook| hook.description = "x".repeat(513),
        |hook| hook.events = vec![String::new()],
        |hook| hook.events = vec!["a".into(); 101],
        |hook| hook.secrets = vec![],
        |hook| hook.secrets = vec![hook.secrets[0].clone(); 3],
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut terms = webhook("house", 1, 0);
        change(&mut terms);
        let answer = made.control(&Control::Webhook(terms));
        assert_eq!(answer, Ok(declined(Declined::Malformed)), "{number}");
    }
}

#[test]
fn an_operator_has_so_many_webhooks_and_each_is_changed_so_often() {
    let mut made = made_by_the_second();
    let mut say = |terms: WebhookTerms| made.control(&Control::Webhook(terms)).unwrap();
    for id in 1..=webhooks::LIVE_MAX {
        assert_eq!(say(webhook("house", id, 0)), done(id as u64));
    }
    let one_more = || webhook("house", 0, 0);
    assert_eq!(say(one_more()), declined(Declined::TooManyWebhooks));
    let often = u32::try_from(webhooks::SAID_MAX).unwrap();
    for edited_from in 1..often {
        assert_eq!(say(webhook("house", 1, edited_from)), done(1));
    }
    assert_eq!(say(webhook("house", 1, often)), declined(Declined::TooManyWebhooks));
    assert_eq!(say(WebhookTerms { deleted: true, ..webhook("house", 1, often) }), done(1));
    assert_eq!(say(one_more()), done(51), "one is deleted");
}

#[test]
fn behaviour_1_knows_no_webhooks() {
    let mut made = Made::new(2);
    made.control(&operator("house")).unwrap();
    let unknown = made.control(&Control::Webhook(webhook("house", 1, 0))).unwrap_err();
    assert_eq!(unknown.what, UnknownWhat::Control("webhook".into()));
}

fn reward(name: &str, id: usize, edited_from: u32) -> RewardTerms {
    RewardTerms {
        operator: name.into(),
        id: format!("reward-{id}"),
        edited_from,
        name: format!("a mug {edited_from}"),
        description: String::new(),
        picture: String::new(),
        points: 100,
        kind: "thing".into(),
        value: Some(RewardValue { amount: "0.000000000000000001".into(), currency: "ETH".into() }),
        from: Some(1),
        until: Some(2),
        tiers: vec!["gold".into()],
        segments: vec![],
        jurisdictions: vec![],
        limit: Some(RewardLimit { count: 1, per: RewardPeriod::Day }),
        stocked: true,
        withdrawn: false,
        who: "who".into(),
    }
}

#[test]
fn a_reward_is_what_was_said_of_it_last_until_it_is_withdrawn() {
    let mut made = made_by_the_second();
    let mut say = |terms: RewardTerms| made.control(&Control::Reward(terms)).unwrap();
    assert_eq!(say(reward("house", 1, 1)), declined(Declined::Stale), "there is none yet");
    assert_eq!(say(reward("house", 1, 0)), done(1));
    assert_eq!(say(reward("house", 2, 0)), done(2));
    assert_eq!(say(reward("house", 1, 1)), done(1));
    assert_eq!(say(reward("house", 1, 1)), declined(Declined::Stale), "another was first");
    assert_eq!(say(reward("nobody", 1, 0)), declined(Declined::OperatorUnknown));
    assert_eq!(say(RewardTerms { withdrawn: true, ..reward("house", 2, 1) }), done(2));
    assert_eq!(say(reward("house", 2, 2)), declined(Declined::Stale), "it is withdrawn");
    let rewards = &made.rules.operator("house").unwrap().rewards;
    let first = rewards.get("reward-1").unwrap();
    let names: Vec<_> = first.said().iter().map(|said| &*said.terms.name).collect();
    assert_eq!(names, ["a mug 0", "a mug 1"]);
    assert!(rewards.get("reward-2").unwrap().rules().is_withdrawn);
}

#[test]
fn a_reward_that_says_what_none_may_is_declined() {
    let mut made = made_by_the_second();
    let changes: [fn(&mut RewardTerms); 13] = [
        |it| it.id = String::new(),
        |it| it.id = "x".repeat(65),
        |it| it.name = String::new(),
        |it| it.kind = "x".repeat(129),
        |it| it.picture = "x".repeat(2_049),
        |it| it.points = 0,
        |it| it.points = i64::MAX,
        |it| it.until = it.from,
        |it| it.tiers = vec![String::new()],
        |it| it.segments = vec!["a".into(); 101],
        |it| it.limit = Some(RewardLimit { count: 0, per: RewardPeriod::Ever }),
        |it| it.value.as_mut().unwrap().amount = "0.0000000000000000001".into(),
        |it| it.value.as_mut().unwrap().currency = "E T H".into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut terms = reward("house", 1, 0);
        change(&mut terms);
        let answer = made.control(&Control::Reward(terms));
        assert_eq!(answer, Ok(declined(Declined::Malformed)), "{number}");
    }
}

#[test]
fn an_operator_has_so_many_rewards_and_each_is_changed_so_often() {
    let mut made = made_by_the_second();
    let mut say = |terms: RewardTerms| made.control(&Control::Reward(terms)).unwrap();
    for id in 1..=rewards::LIVE_MAX {
        assert_eq!(say(reward("house", id, 0)), done(id as u64));
    }
    let one_more = || reward("house", 0, 0);
    assert_eq!(say(one_more()), declined(Declined::TooManyRewards));
    let often = u32::try_from(rewards::SAID_MAX).unwrap();
    for edited_from in 1..often {
        assert_eq!(say(reward("house", 1, edited_from)), done(1));
    }
    assert_eq!(say(reward("house", 1, often)), declined(Declined::TooManyRewards));
    assert_eq!(say(RewardTerms { withdrawn: true, ..reward("house", 1, often) }), done(1));
    assert_eq!(say(one_more()), done(1_001), "one is withdrawn");
}

fn tournament(id: usize, edited_from: u32) -> TournamentTerms {
    TournamentTerms {
        edited_from,
        name: format!("a race {edited_from}"),
        query: "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId".into(),
        starts: i64::MAX - 2,
        ends: i64::MAX - 1,
        grace_seconds: 30,
        zone: vec![(0, 0)],
        cap: Some(10_i128.pow(30)),
        cap_per_hour: Some(7),
        cap_per_day: Some(10_i128.pow(20)),
        public_positions: 10,
        stage: Stage::Scheduled,
        who: "who".into(),
        ..TournamentTerms::draft("house", format!("race-{id}"))
    }
}

#[test]
fn a_tournament_is_what_was_said_of_it_last_until_it_is_cancelled() {
    let mut made = made_by_the_second();
    let mut say = |terms: TournamentTerms| made.control(&Control::Tournament(terms)).unwrap();
    let cancelled = |id, edited_from| TournamentTerms {
        stage: Stage::Cancelled,
        ..tournament(id, edited_from)
    };
    assert_eq!(say(tournament(1, 1)), declined(Declined::Stale), "there is none yet");
    assert_eq!(say(tournament(1, 0)), done(1));
    assert_eq!(say(tournament(2, 0)), done(2));
    assert_eq!(say(tournament(1, 1)), done(1));
    assert_eq!(say(tournament(1, 1)), declined(Declined::Stale), "another was first");
    assert_eq!(say(cancelled(2, 1)), done(2));
    assert_eq!(say(tournament(2, 2)), declined(Declined::TournamentOver));
    assert_eq!(say(tournament(2, 0)), done(3), "its id can be used again");
    assert_eq!(
        say(TournamentTerms { starts: 0, ..tournament(4, 0) }),
        declined(Declined::Malformed)
    );
    let tournaments = &made.rules.operator("house").unwrap().tournaments;
    assert_eq!(tournaments.get("race-1").unwrap().said().len(), 2);
    let numbers = ["race-1", "race-2"].map(|id| tournaments.get(id).unwrap().number);
    assert_eq!(numbers, [1, 3]);
    assert!(tournaments.numbered(2).unwrap().is_cancelled());
}

#[test]
fn a_tournament_that_says_what_none_may_is_declined() {
    let mut made = made_by_the_second();
    let changes: [fn(&mut TournamentTerms); 13] = [
        |it| it.id = String::new(),
        |it| it.id = "x".repeat(65),
        |it| it.name = String::new(),
        |it| it.description = "x".repeat(2_049),
        |it| it.why = "x".repeat(2_049),
        |it| it.query = "SELECT playerId FROM wagers".into(),
        |it| it.query = "SELECT playerId, COUNT(*) FROM nothing GROUP BY playerId".into(),
        |it| it.ends = it.starts,
        |it| it.starts = 0,
        |it| it.grace_seconds = 86_401,
        |it| it.zone = vec![(5, 0), (4, 0)],
        |it| it.cap = Some(0),
        |it| it.public_positions = 1_000_001,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut terms = tournament(1, 0);
        change(&mut terms);
        let answer = made.control(&Control::Tournament(terms));
        assert_eq!(answer, Ok(declined(Declined::Malformed)), "{number}");
    }
}

#[test]
fn an_operator_has_so_many_tournaments_and_each_is_changed_so_often() {
    let mut made = made_by_the_second();
    let mut say = |terms: TournamentTerms| made.control(&Control::Tournament(terms)).unwrap();
    for id in 1..=tournaments::LIVE_MAX {
        assert_eq!(say(tournament(id, 0)), done(id as u64));
    }
    assert_eq!(say(tournament(0, 0)), declined(Declined::TooManyTournaments));
    let often = u32::try_from(tournaments::SAID_MAX).unwrap();
    for edited_from in 1..often {
        assert_eq!(say(tournament(1, edited_from)), done(1));
    }
    assert_eq!(say(tournament(1, often)), declined(Declined::TooManyTournaments));
    let cancelled = TournamentTerms { stage: Stage::Cancelled, ..tournament(1, often) };
    assert_eq!(say(cancelled), done(1));
    assert_eq!(say(tournament(0, 0)), done(tournaments::LIVE_MAX as u64 + 1), "one is cancelled");
}

#[test]
fn behaviour_1_knows_no_tournaments() {
    let mut made = Made::new(2);
    made.control(&operator("house")).unwrap();
    let unknown = made.control(&Control::Tournament(tournament(1, 0))).unwrap_err();
    assert_eq!(unknown.what, UnknownWhat::Control("tournament".into()));
}

#[test]
fn a_document_that_is_no_program_is_declined() {
    let mut made = Made::new(1);
    made.control(&operator("house")).unwrap();
    let Control::Publish { operator, edited_from, why, who, zone, .. } = publish("house", 0, 5, 1)
    else {
        unreachable!()
    };
    let (effective_from, published_at, document) =
        (5, 4, r#"{"currency":"EUR","tiers":[]}"#.into());
    let bad = Control::Publish {
        operator,
        edited_from,
        effective_from,
        why,
        who,
        published_at,
        document,
        zone,
    };
    assert_eq!(made.control(&bad), Ok(declined(Declined::Malformed)));
    assert_eq!(made.rules.operator("house").unwrap().versions.latest(), 0);
}

#[test]
fn rules_of_many_control_records_are_dropped_on_a_small_stack() {
    let mut made = Made::new(1);
    let skip = serde_json::to_vec(&skip()).unwrap();
    let mut earlier = Vec::new();
    for number in 0..2_000 {
        made.control(&operator(&format!("operator-{number}"))).unwrap();
        for _ in 0..40 {
            made.bytes(&skip).unwrap();
        }
        earlier.push(made.rules.clone());
    }
    assert_eq!(made.rules.applied, 1 + 2_000 * 41);
    let drops = std::thread::Builder::new().stack_size(64 << 10);
    drops.spawn(move || drop((earlier, made))).unwrap().join().unwrap();
}

#[derive(Debug, Clone)]
enum Act {
    Operator(u8),
    FirstKey(i64),
    FirstOperator(u8),
    Publish(u8, i64, u8, bool),
    Withdraw(u8, u32),
    Behaviour(u16),
    Key(u8, u8),
    Rotate(u8, u8, u8),
    Revoke(u8, u8),
    Pause(u8, bool),
    Webhook(u8, u8, bool),
    Reward(u8, u8, bool),
    Tournament(u8, u8, bool),
    Malformed,
    Skip,
    /// A checkpoint, whose sweep goes on for so many bytes.
    Checkpoint(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let name = || 0..5_u8;
    prop_oneof![
        2 => name().prop_map(Act::Operator),
        1 => (0..9_000_i64).prop_map(Act::FirstKey),
        1 => name().prop_map(Act::FirstOperator),
        6 => (name(), 0..2_000_i64, 1..4_u8, prop::bool::weighted(0.1))
            .prop_map(|(name, from, document, is_stale)| Act::Publish(name, from, document, is_stale)),
        3 => (name(), 1..6_u32).prop_map(|(name, version)| Act::Withdraw(name, version)),
        1 => (1..4_u16).prop_map(Act::Behaviour),
        4 => (name(), 0..6_u8).prop_map(|(name, id)| Act::Key(name, id)),
        3 => (name(), 0..6_u8, 0..4_u8).prop_map(|(name, id, by)| Act::Rotate(name, id, by)),
        1 => (name(), 0..6_u8).prop_map(|(name, id)| Act::Revoke(name, id)),
        2 => (name(), any::<bool>()).prop_map(|(name, pauses)| Act::Pause(name, pauses)),
        4 => (name(), 0..4_u8, prop::bool::weighted(0.2))
            .prop_map(|(name, id, deletes)| Act::Webhook(name, id, deletes)),
        4 => (name(), 0..4_u8, prop::bool::weighted(0.2))
            .prop_map(|(name, id, withdraws)| Act::Reward(name, id, withdraws)),
        4 => (name(), 0..4_u8, prop::bool::weighted(0.3))
            .prop_map(|(name, id, cancels)| Act::Tournament(name, id, cancels)),
        1 => Just(Act::Malformed),
        1 => Just(Act::Skip),
        4 => (0..600_usize).prop_map(Act::Checkpoint),
    ]
}

/// Checkpoints as a directory keeps them: what a complete round has superseded is removed.
#[derive(Default)]
struct Kept {
    snapshot: Snapshot,
    checkpoints: Vec<Vec<u8>>,
    round_from: usize,
    needed_from: usize,
}

impl Kept {
    fn checkpoint(&mut self, rules: &Rules, bytes: usize) {
        let mut values = Vec::new();
        let mut give = |value: &[u8]| values.extend_from_slice(value);
        self.snapshot.write_changes(rules, &mut give);
        if bytes > 0 {
            if !self.snapshot.is_sweeping() {
                self.round_from = self.checkpoints.len();
            }
            if self.snapshot.sweep(rules, bytes, &mut give) {
                self.needed_from = self.round_from;
            }
        }
        self.checkpoints.push(values);
    }

    fn restore(&self) -> Rules {
        let mut restoring = Restoring::default();
        for values in self.checkpoints[self.needed_from..].iter().rev() {
            restoring.read(&mut Cursor::new(values, "rules")).unwrap();
        }
        restoring.finish().unwrap()
    }
}

proptest! {
    #[test]
    fn rules_are_restored_from_checkpoints_as_of_any_control_record_and_told_again(
        acts in prop::collection::vec(act(), 1..60)
    ) {
        let name = |number: u8| format!("operator-{number}");
        let mut made = Made::new(3);
        let mut all = vec![Rules::default(), made.rules.clone()];
        let mut kept = Kept::default();
        for act in acts {
            match act {
                Act::Operator(number) => drop(made.control(&operator(&name(number))).unwrap()),
                Act::FirstKey(until) => drop(made.control(&first_key(until)).unwrap()),
                Act::FirstOperator(number) => {
                    made.control(&first_operator(&name(number))).unwrap();
                }
                Act::Publish(number, from, document, is_stale) => {
                    let latest =
                        made.rules.operator(&name(number)).map_or(0, |known| known.versions.latest());
                    let edited_from = latest + u32::from(is_stale);
                    let publish = publish(&name(number), edited_from, from, document);
                    made.control(&publish).unwrap();
                }
                Act::Withdraw(number, version) => {
                    made.control(&withdraw(&name(number), version)).unwrap();
                }
                Act::Behaviour(number) => drop(made.control(&Control::Behaviour { number }).unwrap()),
                Act::Key(number, id) => drop(made.control(&key(&name(number), id)).unwrap()),
                Act::Rotate(number, id, by) => {
                    let old_until = i64::from(by) * 1_000;
                    made.control(&rotate(&name(number), id, by, old_until)).unwrap();
                }
                Act::Revoke(number, id) => drop(made.control(&revoke(&name(number), id)).unwrap()),
                Act::Pause(number, pauses) => {
                    made.control(&pause(&name(number), pauses)).unwrap();
                }
                Act::Webhook(number, id, deleted) if made.rules.settings.behaviour >= 2 => {
                    let name = name(number);
                    let known = made.rules.operator(&name);
                    let known = known.and_then(|known| known.webhooks.get(&format!("hook-{id}")));
                    let edited_from = known.map_or(0, |webhook| webhook.edited_from());
                    let terms = webhook(&name, id.into(), edited_from);
                    made.control(&Control::Webhook(WebhookTerms { deleted, ..terms })).unwrap();
                }
                Act::Reward(number, id, withdrawn) if made.rules.settings.behaviour >= 2 => {
                    let name = name(number);
                    let known = made.rules.operator(&name);
                    let known = known.and_then(|known| known.rewards.get(&format!("reward-{id}")));
                    let edited_from = known.map_or(0, |reward| reward.edited_from());
                    let terms = reward(&name, id.into(), edited_from);
                    made.control(&Control::Reward(RewardTerms { withdrawn, ..terms })).unwrap();
                }
                Act::Tournament(number, id, is_cancelled) if made.rules.settings.behaviour >= 2 => {
                    let name = name(number);
                    let known = made.rules.operator(&name);
                    let known = known.and_then(|known| known.tournaments.get(&format!("race-{id}")));
                    let open = known.filter(|known| !known.is_cancelled());
                    let edited_from = open.map_or(0, |tournament| tournament.edited_from());
                    let stage = if is_cancelled { Stage::Cancelled } else { Stage::Scheduled };
                    let terms = tournament(id.into(), edited_from);
                    let mut terms = TournamentTerms { operator: name, stage, ..terms };
                    // Some are series.
                    if id % 2 == 0 {
                        let begins = Begins::Daily { at: "00:00".into() };
                        terms.recurs = Some(RecurrenceTerms { begins, lasts: None });
                        (terms.starts, terms.ends, terms.zone) = (0, 0, Vec::new());
                    }
                    made.control(&Control::Tournament(terms)).unwrap();
                }
                Act::Webhook(..) | Act::Reward(..) | Act::Tournament(..) => {}
                Act::Malformed => drop(made.bytes(b"{}").unwrap()),
                Act::Skip => drop(made.control(&skip()).unwrap()),
                Act::Checkpoint(bytes) => kept.checkpoint(&made.rules, bytes),
            }
            if made.rules.applied == all.len() as u64 {
                all.push(made.rules.clone());
            }
        }
        kept.checkpoint(&made.rules, 0);
        let restored = kept.restore();
        prop_assert_eq!(&restored, &made.rules);
        let series = |rules: &Rules| {
            let all = rules.operators().flat_map(|operator| operator.tournaments.series());
            all.map(|series| series.number).collect::<Vec<_>>()
        };
        prop_assert_eq!(series(&restored), series(&made.rules));
        for (number, rules) in (0..).zip(&all) {
            prop_assert_eq!(&restored.as_of(number), rules, "after {} control records", number);
        }
        let (retold, records) = restored.retold();
        prop_assert_eq!(retold.applied, records.len() as u64);
        prop_assert_eq!(retold.controls(), restored.controls());
        prop_assert_eq!(retold.settings, restored.settings);
    }
}
