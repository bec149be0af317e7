use std::collections::BTreeMap;

use super::*;
use crate::model::{Input, Model, ModelOutcome, WindowSettings};

/// Runs a world against the model alone, and counts what became of its records.
fn run(seed: u64, steps: usize, counts: &mut BTreeMap<String, u64>) -> Model {
    let mut world = Workload::new(seed);
    let mut model = Model::new(WindowSettings::default()).under(behaviour_of(seed));
    let (mut clock, mut now, mut batch) = (world.starts_at(), world.starts_at(), 0);
    for _ in 0..steps {
        now = clock.max(now);
        match world.next(now) {
            Action::Records(records) => {
                batch += 1;
                model.batch(0, now);
                for (slot, record) in (1..).zip(&records) {
                    let input = Input {
                        partition: 0,
                        place: (batch, slot),
                        operator: &record.operator,
                        event: &record.event,
                        message: None,
                        is_released: false,
                    };
                    let expected = model.record(&input);
                    let what = format!("{:?} {}", expected.outcome, expected.reason.unwrap_or("-"));
                    *counts.entry(what).or_default() += 1;
                    if expected.outcome == ModelOutcome::Voided && expected.points < 0 {
                        *counts.entry("taken back".into()).or_default() += 1;
                    }
                }
            }
            Action::AddOperator(name) => {
                model.operator_added(&name);
            }
            Action::Publish(version) => {
                let latest = model.latest_version(&version.operator);
                let expected = latest + u32::from(version.is_stale);
                model.program_published(
                    &version.operator,
                    version.effective_from,
                    version.program,
                    expected,
                );
            }
            Action::Withdraw { operator, number } => {
                model.version_withdrawn(&operator, number, now);
            }
            Action::AdvanceClock(micros) => clock += micros,
            Action::SwitchBehaviour(number) => {
                model.behaviour_switched(number);
            }
            Action::Right { .. } | Action::Crash | Action::Checkpoint | Action::Seal => {}
        }
    }
    model
}

#[test]
fn one_seed_is_one_world() {
    let actions = |seed| {
        let mut world = Workload::new(seed);
        (0..200).map(|_| world.next(1_711_800_000_000_000)).collect::<Vec<_>>()
    };
    assert_eq!(actions(1), actions(1));
    assert_ne!(actions(1), actions(2));
}

#[test]
fn worlds_together_reach_every_outcome_and_every_account_adds_up() {
    let mut counts = BTreeMap::new();
    for seed in 0..200 {
        for account in run(seed, 100, &mut counts).accounts().values() {
            let mut balance = 0;
            for (sequence, entry) in (1..).zip(&account.entries) {
                balance += entry.points;
                assert!(entry.sequence == sequence && entry.balance_after == balance);
            }
            assert_eq!(account.balance, balance, "seed {seed}");
        }
    }
    let expected = [
        "Counted -",
        "DeadLetter id_conflict",
        "DeadLetter in_future",
        "DeadLetter malformed",
        "DeadLetter out_of_range",
        "DeadLetter too_late",
        "Refused below_minimum",
        "Refused category_not_eligible",
        "Refused currency_unsupported",
        "Refused jurisdiction_disabled",
        "Refused mode_off",
        "Refused no_consent",
        "Refused no_program",
        "Refused not_matched",
        "Refused operator_unknown",
        "Refused player_denied",
        "Refused segment_denied",
        "Refused segment_not_allowed",
        "Refused voided",
        "Refused zero_multiplier",
        "Repeated -",
        "Voided -",
        "taken back",
    ];
    assert_eq!(counts.keys().collect::<Vec<_>>(), expected, "{counts:#?}");
    assert!(counts.values().all(|count| *count >= 20), "{counts:#?}");
}
