//! The model's ladder and the domain's, wager by wager, for players who were never seen.

use std::collections::BTreeMap;

use accolade_domain::earning::{Decision, Standing, decide};
use accolade_domain::event::Event;
use accolade_simulator::input::ModelEvent;
use accolade_simulator::model::{Expected, Input, Model, ModelOutcome, WindowSettings};
use accolade_simulator::workload::Action;

use crate::spelling::{actions, meant, meant_program};

#[test]
fn both_ladders_decide_alike() {
    let mut decided = BTreeMap::new();
    let mut rules = None;
    for (seed, action) in actions() {
        match action {
            Action::Publish(version) => {
                // What budgets have left is of no wager alone.
                let program = version.without_budgets().without_conditions().program;
                rules = Some((meant_program(&program), program));
            }
            Action::Records(records) => {
                for record in &records {
                    let (Some((program, model_program)), ModelEvent::Wager(model_wager)) =
                        (&rules, &record.event)
                    else {
                        continue;
                    };
                    let at = model_wager.timestamp;
                    let mut model = Model::new(WindowSettings::default());
                    model.batch(0, at);
                    model.operator_added(&model_wager.operator_id);
                    model.program_published(&model_wager.operator_id, at, model_program.clone(), 0);
                    let expected = model.record(&Input {
                        partition: 0,
                        place: (1, 1),
                        operator: &record.operator,
                        event: &record.event,
                        message: None,
                        is_released: false,
                    });
                    let Some(Event::Wager(wager)) = meant(&record.event, None) else {
                        unreachable!()
                    };
                    // A new player has the lowest level.
                    let level = program.tiers.as_ref().map(|_| 0);
                    let real = decide(program, &wager, Standing { level, ..Standing::NEW });
                    assert_eq!(
                        told(&real),
                        modelled(&expected),
                        "seed {seed}: {wager:?} {program:?}"
                    );
                    *decided.entry(told(&real).0).or_insert(0) += 1;
                }
            }
            _ => {}
        }
    }
    assert!(decided.len() == 12 && decided.values().all(|count| *count > 20), "{decided:?}");
}

/// What became of a wager, its points, and the promotions that counted.
type Told = (&'static str, i64, u64);

fn told(decision: &Decision) -> Told {
    match decision {
        Decision::Counted(earned) => {
            ("counted", earned.points.hundredths(), earned.parts.promoted.counted)
        }
        Decision::Refused(refusal) => (refusal.code(), 0, 0),
        Decision::OutOfRange => ("out_of_range", 0, 0),
    }
}

fn modelled(expected: &Expected) -> Told {
    let counted = expected.outcome == ModelOutcome::Counted;
    let promotions = expected.parts.map_or(0, |parts| parts.promotions);
    (if counted { "counted" } else { expected.reason.unwrap() }, expected.points, promotions)
}
