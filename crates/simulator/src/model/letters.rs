//! Dead letters as the rule book says it: kept whole, changed by their operator, released once.

use super::budgets::ModelGifts;
use super::{CommandInput, DAY, Expected, Identity, Input, Model, ModelOutcome, Occurrence};
use super::{dead_letter, expected, hour_of, refused};
use crate::input::{ModelCommand, ModelEvent};

/// A record that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelLetter {
    /// The operator that the record came from.
    pub operator: String,
    /// Why it could not be processed.
    pub reason: &'static str,
    /// What it says, after repairs.
    pub event: ModelEvent,
    /// Batch and slot of the record that holds its bytes: its own, or the last repair.
    pub bytes_at: (u64, u32),
    /// What became of it.
    pub state: LetterState,
    /// When it is forgotten.
    pub until: i64,
}

/// What became of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LetterState {
    /// Nothing yet.
    Open,
    /// It was sent to its player's partition.
    Released,
    /// It was given up.
    Discarded,
}

impl Model {
    /// The dead letters that are not forgotten: partition, batch and slot with each.
    pub fn letters(&self) -> impl Iterator<Item = ((u16, u64, u32), &ModelLetter)> {
        self.letters.iter().map(|(place, letter)| (*place, letter))
    }

    pub(super) fn keep_letter(&mut self, input: &Input<'_>, reason: &'static str) {
        let until = self.batch_times[&input.partition] + 30 * DAY;
        let letter = ModelLetter {
            operator: input.operator.to_owned(),
            reason,
            event: input.event.clone(),
            bytes_at: input.place,
            state: LetterState::Open,
            until,
        };
        self.letters.insert((input.partition, input.place.0, input.place.1), letter);
    }

    /// Folds a command about a dead letter in and says what must become of it.
    pub fn command(&mut self, input: &CommandInput<'_>) -> Expected {
        let now = self.batch_times[&input.partition];
        let hour = hour_of(now);
        let (ModelCommand::Repair { command_id, letter, .. }
        | ModelCommand::Release { command_id, letter }
        | ModelCommand::Discard { command_id, letter }) = input.command;
        let identity = Identity {
            operator: input.operator.to_owned(),
            player: String::new(),
            kind: "command",
            id: command_id.clone(),
        };
        let content = vec![Some(format!("{:?}", input.command))];
        if let Some(first) = self.find(&identity, |asked| self.is_asked(asked, hour, now)) {
            if first.content != content {
                return dead_letter("id_conflict");
            }
            let first = Some(first.place);
            return Expected { first, ..expected(ModelOutcome::Repeated, None) };
        }
        let known = self.letters.get_mut(&(input.partition, letter.0, letter.1));
        let Some(letter) = known.filter(|letter| letter.operator == input.operator) else {
            return refused("no_such_dead_letter", None, None);
        };
        if letter.state != LetterState::Open {
            return refused("dead_letter_closed", None, None);
        }
        match input.command {
            ModelCommand::Repair { event, .. } => {
                letter.event = (**event).clone();
                letter.bytes_at = input.place;
            }
            ModelCommand::Release { .. } => letter.state = LetterState::Released,
            ModelCommand::Discard { .. } => letter.state = LetterState::Discarded,
        }
        let (earned, gifts) = (None, ModelGifts::default());
        let occurrence = Occurrence { place: input.place, hour, content, earned, gifts };
        self.occurrences.entry(identity).or_default().push(occurrence);
        expected(ModelOutcome::Counted, None)
    }
}
