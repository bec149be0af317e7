//! The contract of [`Intake`], on an intake that is empty but for genesis.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::time::Timestamp;
use accolade_wire::control::{Command, Control};
use accolade_wire::record::{Kind, Record, Source};

use crate::intake::{Caller, Intake, Refused, Submission};

/// A caller that a test waits for.
#[derive(Debug, Default)]
struct Waiting {
    heard: Mutex<Heard>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Heard {
    durable: usize,
    outcomes: Vec<(usize, Outcome)>,
    refused: Option<Refused>,
    applied_before_durable: bool,
}

impl Caller for Waiting {
    fn durable(&self) {
        self.heard.lock().unwrap().durable += 1;
        self.changed.notify_all();
    }
    fn refused(&self, why: Refused) {
        self.heard.lock().unwrap().refused = Some(why);
        self.changed.notify_all();
    }
    fn applied(&self, index: usize, outcome: &Outcome, _: Option<Points>) {
        let mut heard = self.heard.lock().unwrap();
        heard.applied_before_durable |= heard.durable == 0;
        heard.outcomes.push((index, outcome.clone()));
        self.changed.notify_all();
    }
}

/// Runs the whole contract.
pub fn check(intake: &dyn Intake) {
    control_is_carried_out_and_answered(intake);
    records_of_one_submission_keep_their_order(intake);
    batches_of_a_partition_are_numbered_without_gaps(intake);
}

/// How an intake is made to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failing {
    /// Not at all.
    Not,
    /// Nothing can be taken in.
    AtOnce,
    /// One record can be taken in, and no more.
    InTheMiddle,
    /// Records are kept, and nobody says so.
    Unacknowledged,
}

/// Runs what holds of an intake that `fail` makes fail, after [`check`].
pub fn check_failing(intake: &dyn Intake, fail: &dyn Fn(Failing)) {
    let record = |id: &str| (Some(0), Kind::Command, consent(id));
    let done = Outcome::Done { made: 0 };
    fail(Failing::AtOnce);
    let heard = submit(intake, &[record("f1"), record("f2")]);
    assert!(!matches!(heard.refused, None | Some(Refused::Uncertain)), "{:?}", heard.refused);
    fail(Failing::Not);
    let heard = submit(intake, &[record("f1")]);
    assert_eq!(heard.outcomes, [(0, done.clone())], "nothing of what was refused is kept");
    for (failing, first) in [(Failing::InTheMiddle, "g1"), (Failing::Unacknowledged, "h1")] {
        fail(failing);
        let second = format!("{first}-2");
        let both = [record(first), record(&second)];
        let heard = submit(intake, &both);
        assert_eq!((heard.refused, heard.durable), (Some(Refused::Uncertain), 0), "{failing:?}");
        fail(Failing::Not);
        let mut heard = submit(intake, &both);
        heard.outcomes.sort_by_key(|(index, _)| *index);
        let [(0, first), (1, second)] = &heard.outcomes[..] else { panic!("{:?}", heard.outcomes) };
        assert!(matches!(first, Outcome::Repeated { .. }), "{failing:?}: {first:?}");
        let is_kept = matches!(second, Outcome::Repeated { .. });
        assert_eq!(is_kept, failing == Failing::Unacknowledged, "{failing:?}: {second:?}");
    }
}

fn submit(intake: &dyn Intake, records: &[(Option<u16>, Kind, Vec<u8>)]) -> Heard {
    let (source, operator, origin) = (Source::Http, "contract", None);
    let received_at = Timestamp::default();
    let (mut bytes, mut parts) = (Vec::new(), Vec::new());
    for (partition, kind, body) in records {
        let before = bytes.len();
        Record { kind: *kind, source, operator, received_at, origin, body }.write(&mut bytes);
        parts.push((*partition, u32::try_from(bytes.len() - before).unwrap()));
    }
    let waiting = Arc::new(Waiting::default());
    let caller = Arc::clone(&waiting) as Arc<dyn Caller>;
    let (wants_outcomes, taken_at) = (true, a_moment());
    let submission = Submission {
        records: bytes,
        parts,
        known: Vec::new(),
        caller,
        wants_outcomes,
        taken_at,
        trace: None,
    };
    if let Err(refused) = intake.submit(submission) {
        return Heard { refused: Some(refused), ..Heard::default() };
    }
    let heard = waiting.heard.lock().unwrap();
    let is_waiting =
        |heard: &mut Heard| heard.outcomes.len() < records.len() && heard.refused.is_none();
    let mut heard = waiting.changed.wait_while(heard, is_waiting).unwrap();
    std::mem::take(&mut *heard)
}

#[expect(clippy::disallowed_methods, reason = "a test stands outside the fold")]
fn a_moment() -> Instant {
    Instant::now()
}

fn operator() -> Vec<u8> {
    let (operator, key_hash) = ("contract".to_string(), String::new());
    serde_json::to_vec(&Control::Operator { operator, key_hash, events_per_second: 0 }).unwrap()
}

fn consent(id: &str) -> Vec<u8> {
    let (id, player_id) = (id.to_string(), "player".to_string());
    serde_json::to_vec(&Command::Consent { id, player_id, joins: true }).unwrap()
}

/// The place of a command that was folded, which its repeat names.
fn place_of(intake: &dyn Intake, id: &str) -> Place {
    let heard = submit(intake, &[(Some(0), Kind::Command, consent(id))]);
    match &heard.outcomes[..] {
        [(0, Outcome::Repeated { first })] => *first,
        other => panic!("expected a repeat, found {other:?}"),
    }
}

fn control_is_carried_out_and_answered(intake: &dyn Intake) {
    let heard = submit(intake, &[(None, Kind::Control, operator())]);
    assert_eq!(heard.outcomes, [(0, Outcome::Done { made: 1 })]);
    let heard = submit(intake, &[(None, Kind::Control, operator())]);
    assert_eq!(heard.outcomes, [(0, Outcome::Declined { why: Declined::OperatorExists })]);
}

fn records_of_one_submission_keep_their_order(intake: &dyn Intake) {
    let record = |id: &str| (Some(0), Kind::Command, consent(id));
    let mut heard = submit(intake, &[record("c1"), record("c2"), record("c1")]);
    assert_eq!(heard.durable, 1, "durable is heard once");
    assert!(!heard.applied_before_durable);
    heard.outcomes.sort_by_key(|(index, _)| *index);
    let (first, second) = (place_of(intake, "c1"), place_of(intake, "c2"));
    assert!(first < second);
    let done = Outcome::Done { made: 0 };
    assert_eq!(heard.outcomes, [(0, done.clone()), (1, done), (2, Outcome::Repeated { first })]);
}

fn batches_of_a_partition_are_numbered_without_gaps(intake: &dyn Intake) {
    let mut last = None;
    for number in 0..50 {
        let id = format!("n{number}");
        submit(intake, &[(Some(0), Kind::Command, consent(&id))]);
        let place = place_of(intake, &id);
        assert_eq!((place.partition, place.slot, place.number), (0, 1, 0));
        // The batch of the question before comes between, and empty batches of time may.
        assert!(last.is_none_or(|last| (last + 1..=last + 4).contains(&place.batch)));
        last = Some(place.batch);
    }
}
