//! The model's ladder and the domain's, wager by wager, for players who were never seen.

use std::collections::BTreeMap;

use accolade_domain::amount::Points;
use accolade_domain::earning::{CapUse, Decision, decide};
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
                rules = Some((meant_program(&version.program), version.program));
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
                    let real = decide(program, &wager, None, CapUse::Used(Points::ZERO));
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

fn told(decision: &Decision) -> (&'static str, i64) {
    match decision {
        Decision::Counted(earned) => ("counted", earned.points.hundredths()),
        Decision::Refused(refusal) => (refusal.code(), 0),
        Decision::OutOfRange => ("out_of_range", 0),
    }
}

fn modelled(expected: &Expected) -> (&'static str, i64) {
    let counted = expected.outcome == ModelOutcome::Counted;
    (if counted { "counted" } else { expected.reason.unwrap() }, expected.points)
}
