//! When an operator was paused and went on.

use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::Since;

/// Every change between paused and not, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pauses(RedBlackTreeMapSync<u32, Arc<Pause>>);

/// That an operator was paused, or went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// Paused, rather than resumed.
    pub is_paused: bool,
    /// Why, in words; nothing where it went on.
    pub why: Box<str>,
    /// Who did it.
    pub who: Box<str>,
    /// How it came.
    pub since: Since,
}

impl Pauses {
    /// The last change; none where it was never paused.
    pub fn last(&self) -> Option<&Arc<Pause>> {
        self.0.last().map(|(_, pause)| pause)
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.last().is_some_and(|pause| pause.is_paused)
    }

    /// All changes from the one with this number on, with their numbers.
    pub(super) fn from(&self, number: u32) -> impl DoubleEndedIterator<Item = (u32, &Arc<Pause>)> {
        self.0.range(number..).map(|(number, pause)| (*number, pause))
    }

    /// Adds the next, and returns its number.
    pub(super) fn add(&mut self, pause: Arc<Pause>) -> u32 {
        let number = u32::try_from(self.0.size() + 1).expect("there are fewer than 2^32");
        self.0.insert_mut(number, pause);
        number
    }
}
