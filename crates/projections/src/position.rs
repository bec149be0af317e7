//! Whether a place belongs to this journal, and how old what comes next is.

use std::io;
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_engine::feed::Feed;

use crate::batch::time_of;
use crate::sink::Position;

const AHEAD: &str = "it is written further than the journal goes; if that was restored, `accolade projection \
                     rebuild` writes it anew";
const OTHER: &str = "it is written from another journal than this one, such as before it was restored: \
                     `accolade projection rebuild` writes it anew";

/// Why a place does not fit the journal, where that is so. A node that was restored from what it had shipped
/// may have lost its last batches, and gives their numbers to others.
pub(crate) fn stray(
    feed: &dyn Feed,
    partition: u16,
    position: Position,
    end: u64,
) -> io::Result<Option<&'static str>> {
    let Position { next, time: Some(time) } = position else { return Ok(None) };
    if next > end {
        return Ok(Some(AHEAD));
    }
    if next == end {
        return Ok(None);
    }
    Ok(time_of(feed, partition, next - 1)?.filter(|found| *found != time).map(|_| OTHER))
}

/// How long ago a batch was ordered.
pub(crate) fn age_of(feed: &dyn Feed, partition: u16, batch: u64) -> Duration {
    // Why it cannot be read, whoever follows says.
    let Ok(Some(time)) = time_of(feed, partition, batch) else { return Duration::ZERO };
    let micros = now().micros().saturating_sub(time.micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The time of this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.unwrap_or_default().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}
