//! Looking at the keys from outside, and having them begin anew.

use std::time::Duration;

use accolade_wire::timestamp;

use crate::connection::Link;
use crate::error::Result;
use crate::progress::{self, now};
use crate::settings::Settings;

/// How far a partition is, as Redis says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The partition.
    pub partition: u16,
    /// The next batch; 0 while nothing of it is written.
    pub next: u64,
    /// The batch after the last one that was folded, at the time of `age`.
    pub journal_end: u64,
    /// What keeps the partition from going on; nothing where it does.
    pub trouble: Option<String>,
    /// The time of the last batch, as RFC 3339; `None` where it is not known.
    pub batch_time: Option<String>,
    /// How long ago all of that was written, by the clocks of the node and of this machine.
    pub age: Duration,
}

/// Reads how far each partition is.
pub async fn progress(settings: &Settings) -> Result<Vec<Progress>> {
    let mut link = Link::connect(settings).await?;
    let all = progress::Progress::read(&mut link, settings).await?;
    let one = |(partition, state): (&u16, &progress::State)| {
        let position = all.positions.get(partition);
        let time = position.and_then(|position| position.time);
        let micros = now().micros().saturating_sub(state.said_at.micros());
        Progress {
            partition: *partition,
            next: position.map_or(0, |position| position.next),
            journal_end: state.journal_end,
            trouble: state.trouble.clone(),
            batch_time: time.map(|time| timestamp::write(time).to_string()),
            age: Duration::from_micros(u64::try_from(micros).unwrap_or(0)),
        }
    };
    Ok(all.states.iter().map(one).collect())
}

/// Has all keys begin anew, by whichever nodes run. What is there stays until it is written again, key by key.
///
/// Where nothing was ever written there is nothing to do: the first node that runs begins by itself.
pub async fn restart(settings: &Settings) -> Result<()> {
    let mut link = Link::connect(settings).await?;
    let servers = link.servers().await?;
    loop {
        let before = progress::Progress::read(&mut link, settings).await?;
        if before.epoch == 0 || before.begin(&mut link, settings, &before.cluster, &servers).await?
        {
            return Ok(());
        }
    }
}
