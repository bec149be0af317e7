//! Batches with the names that their records do not say: commands name no player, and neither does time.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use accolade_domain::ledger::{Place, Subject};
use accolade_engine::rules::Rules;
use accolade_wire::record::Record;

use crate::cluster::{Batch, Names};
use crate::outputs::{Aside, Shown, Topic, Wanted, outputs_of, tournament};

/// A batch that is not written yet.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) batch: Batch,
    /// Of all players of what was read with it.
    pub(super) names: Arc<Names>,
}

/// Players whose names have to be asked for before batches can be on a topic.
pub(super) fn unnamed(topic: Topic, batches: &[Batch]) -> BTreeSet<Subject> {
    let unnamed = Unnamed::default();
    if matches!(topic, Topic::Eligible | Topic::Calculated | Topic::DeadLetters) {
        return BTreeSet::new();
    }
    for batch in batches {
        let (Some(records), Some(journal)) = (batch.records(), batch.journal()) else { continue };
        // What cannot be read is told of when it is written.
        let _ = outputs_of(&journal, Some(&records), Wanted::only(topic), &unnamed, &mut |_| {});
    }
    unnamed.0.into_inner()
}

/// Knows nobody, and notes who was asked for.
#[derive(Debug, Default)]
struct Unnamed(RefCell<BTreeSet<Subject>>);

impl Aside for Unnamed {
    fn player(&self, _: u16, _: u32, subject: Subject) -> Option<(String, String)> {
        self.0.borrow_mut().insert(subject);
        None
    }

    fn tournament(&self, _: u32, _: u32) -> Option<Shown> {
        None
    }

    fn dead_letter(&self, _: Place, _: &mut dyn FnMut(&Record<'_>)) -> bool {
        false
    }
}

/// Knows who was asked for.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) rules: &'a Rules,
    pub(super) names: &'a Names,
}

impl Aside for Known<'_> {
    fn player(&self, _: u16, operator: u32, subject: Subject) -> Option<(String, String)> {
        let operator = self.rules.operator_numbered(operator)?;
        Some((operator.id.to_string(), self.names.get(&subject)?.clone()))
    }

    fn tournament(&self, operator: u32, number: u32) -> Option<Shown> {
        tournament(self.rules, operator, number)
    }

    fn dead_letter(&self, _: Place, _: &mut dyn FnMut(&Record<'_>)) -> bool {
        false
    }
}
