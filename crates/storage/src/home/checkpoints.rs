//! Writing a home's checkpoints, while its fold goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use accolade_domain::time::Timestamp;

use crate::backing::Backing;
use crate::checkpoint::{Checkpointer, Manifest, Part};
use crate::error::Result;

/// Writes the checkpoints of one home.
#[derive(Debug)]
pub struct HomeCheckpointer {
    checkpointer: Checkpointer,
    backing: Arc<Backing>,
    /// Tells the home that its ended interval of ids stands in a run.
    is_sealed: Arc<AtomicBool>,
}

impl HomeCheckpointer {
    pub(super) const fn new(
        checkpointer: Checkpointer,
        backing: Arc<Backing>,
        is_sealed: Arc<AtomicBool>,
    ) -> Self {
        Self { checkpointer, backing, is_sealed }
    }

    /// Writes a checkpoint, and then the run of the interval of ids that ended with it, if one did.
    /// What the last two checkpoints do not need is removed. A failure is final.
    pub fn write(&mut self, part: Part, time: Timestamp) -> Result<Manifest> {
        let began = Instant::now();
        let (seals, mut parts) = (part.seals(), vec![part]);
        self.checkpointer.write(&mut parts, &self.backing, 0, time)?;
        let manifest = self.checkpointer.last().expect("it was just written").clone();
        self.backing.cut_log_from(manifest.log_from.sequence);
        metrics::histogram!("accolade_checkpoint_seconds").record(began.elapsed());
        if seals {
            self.seal(parts, time)?;
        }
        Ok(manifest)
    }

    fn seal(&mut self, parts: Vec<Part>, time: Timestamp) -> Result<()> {
        let began = Instant::now();
        let sealing = self.checkpointer.begin_sealing(parts, &[], time)?;
        sealing.write(&self.backing)?;
        self.checkpointer.sealed(&sealing);
        self.is_sealed.store(true, Ordering::Release);
        metrics::histogram!("accolade_seal_seconds").record(began.elapsed());
        Ok(())
    }
}
