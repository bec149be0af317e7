//! The rules that the partitions of a node have in common.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;

use super::{BEHAVIOUR, Rules, Unknown, UnknownWhat};

/// The rules that partitions of one node stand at, so that each control record is carried out once
/// for all of them.
#[derive(Debug)]
pub struct RulesHistory {
    /// In the order in which they were asked for.
    recent: Mutex<VecDeque<(Arc<Rules>, Outcome)>>,
    known: u16,
}

impl Default for RulesHistory {
    fn default() -> Self {
        Self::knowing(BEHAVIOUR)
    }
}

/// Partitions seldom stand more control records apart than this; if they do, one is carried out again.
const HISTORY_MAX: usize = 64;

impl RulesHistory {
    /// For a fold that knows the behaviours up to `known`.
    pub const fn knowing(known: u16) -> Self {
        Self { recent: Mutex::new(VecDeque::new()), known }
    }

    /// The rules as they would be after a control record that nobody has ordered.
    pub fn would(
        &self,
        before: &Rules,
        body: &[u8],
        time: Timestamp,
    ) -> Result<(Arc<Rules>, Outcome), Unknown> {
        let (rules, outcome) = before.after(body, time, self.known)?;
        Ok((Arc::new(rules), outcome))
    }

    /// What this fold does not know.
    pub const fn unknown(&self, what: UnknownWhat) -> Unknown {
        Unknown { what, known: self.known }
    }

    /// The rules after the control record `body`, which follows `before`. After [`Unknown`] nothing was
    /// applied, and the partition stands.
    pub fn after(
        &self,
        before: &Rules,
        body: &[u8],
        time: Timestamp,
    ) -> Result<(Arc<Rules>, Outcome), Unknown> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |(rules, _): &&(Arc<Rules>, Outcome)| rules.applied == before.applied + 1;
        if let Some((rules, outcome)) = recent.iter().rev().find(is_it) {
            return Ok((Arc::clone(rules), outcome.clone()));
        }
        let (rules, outcome) = self.would(before, body, time)?;
        recent.push_back((Arc::clone(&rules), outcome.clone()));
        if recent.len() > HISTORY_MAX {
            recent.pop_front();
        }
        Ok((rules, outcome))
    }
}
