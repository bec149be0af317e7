//! What control records make of the rules.

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::time::Timestamp;
use accolade_engine::rules::{BEHAVIOUR, Rules, RulesHistory, Unknown, UnknownWhat};
use accolade_wire::control::Control;

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
    let unknown = made.bytes(br#"{"control":"tournament","name":"spring"}"#).unwrap_err();
    assert_eq!(unknown.what, UnknownWhat::Control("tournament".into()));
    assert_eq!(
        unknown.to_string(),
        "the control record `tournament` is not known to this release, which knows behaviours 1 to 1: \
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
