//! A bit that turns over at rest: it does no harm, or the damage is refused by name. Tried on a copy.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_storage::error::{Result, StorageError};

use super::node::Node;
use super::{Run, check};
use crate::random::Random;

enum Found {
    /// All is as it was.
    Harmless,
    /// The last frame of the log looks as if a crash had torn it.
    LooksTorn,
    /// A partition stands at a batch whose journal cannot be read.
    Stands,
}

impl Run {
    pub(super) fn flip_a_bit(&mut self) {
        let files: Vec<_> = self.disk.files().into_iter().filter(|(_, len)| *len > 0).collect();
        let (path, len) = self.random.pick(&files).clone();
        // What is allocated ahead is mostly zeros: most bits are taken from the front.
        let part = if self.random.percent(50) { len } else { len.min(600) };
        let bit = self.random.below(8 * part);
        let copy = self.disk.duplicate();
        copy.flip(&path, bit);
        let copy: Arc<dyn Disk> = Arc::new(copy);
        self.tell(|| format!("on a copy: bit {bit} of `{path}` turns over (byte {})", bit / 8));
        let random = self.random.fork();
        let tried = catch_unwind(AssertUnwindSafe(|| self.try_copy(&copy, random)));
        match tried {
            Ok(Ok(Found::Harmless)) => self.count("flips that did no harm"),
            Ok(Ok(Found::LooksTorn)) => {
                assert!(path.starts_with("log/"), "`{path}` has shortened the log");
                self.count("flips that look like a torn tail");
            }
            Ok(Ok(Found::Stands)) => self.count("flips that were refused"),
            Ok(Err(error)) => {
                assert!(names_damage(&error), "bit {bit} of `{path}`: {error:?}");
                self.tell(|| format!("refused: {error:?}"));
                self.count("flips that were refused");
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
                panic!("bit {bit} of `{path}`: {}", text.unwrap_or_default());
            }
        }
    }

    fn try_copy(&self, copy: &Arc<dyn Disk>, mut random: Random) -> Result<Found> {
        let (mut node, frames, _) = Node::open(copy, &self.options, &mut random)?;
        let (survived, known) = (node.frame_count(), self.logged.len() as u64);
        assert!(survived + 1 >= known, "durable frames were cut: {survived} of {known} are left");
        if survived < known {
            return Ok(Found::LooksTorn);
        }
        node.give(frames);
        while node.fold_step(&mut random)? {}
        self.judge(&node.heard);
        let unread = |(_, message): &(_, String)| message.contains("` is damaged at byte ");
        if node.ground.standing().iter().any(unread) {
            return Ok(Found::Stands);
        }
        check::replayed(&node.ground, &self.reference)?;
        check::ids(&node.ground, &self.reference, None)?;
        if node.ground.standing().is_empty() {
            check::all_chains(&node.ground, &self.models)?;
        }
        Ok(Found::Harmless)
    }
}

fn names_damage(error: &StorageError) -> bool {
    match error {
        StorageError::Damaged { .. }
        | StorageError::UnknownFormat { .. }
        | StorageError::Newer { .. }
        | StorageError::NewerRules(_) => true,
        StorageError::Io { source, .. } | StorageError::Other { source, .. } => {
            source.kind() == io::ErrorKind::InvalidData
        }
        StorageError::InUse(_) | StorageError::ClockStep { .. } => false,
    }
}
