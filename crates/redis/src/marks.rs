//! Whether Redis still has what was written.
//!
//! How far it is stands in one key, and what that says is true of all others only as long as nobody has emptied them:
//! another database, or another server of a cluster. So each has a mark, and a server that starts anew is another server: a
//! cluster's replicas may lack what was written last.

use redis::cmd;

use crate::connection::{Database, Link};
use crate::error::Result;
use crate::progress::Progress;
use crate::settings::Settings;

/// Says whether everything is where it was put.
pub(crate) async fn are_all_there(link: &mut Link, settings: &Settings) -> Result<bool> {
    let marks = settings.names.marks(settings.is_cluster);
    let look = marks.iter().map(|mark| {
        let mut exists = cmd("EXISTS");
        exists.arg(mark);
        exists
    });
    for answer in link.run(Database::Leaderboards, look.collect()).await? {
        if redis::from_redis_value::<u8>(answer?).map_err(redis::RedisError::from)? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Puts all marks.
pub(crate) async fn put(link: &mut Link, settings: &Settings) -> Result<()> {
    let marks = settings.names.marks(settings.is_cluster);
    let put = marks.iter().map(|mark| {
        let mut set = cmd("SET");
        set.arg(mark).arg(1);
        set
    });
    for answer in link.run(Database::Leaderboards, put.collect()).await? {
        answer?;
    }
    Ok(())
}

/// Whether all servers are there that were; those that have come since have lost nothing, and are remembered.
pub(crate) async fn are_servers_the_same(
    link: &mut Link,
    settings: &Settings,
    progress: &Progress,
) -> Result<bool> {
    let servers = link.servers().await?;
    if !progress.servers.iter().all(|known| servers.contains(known)) {
        return Ok(false);
    }
    if servers != progress.servers {
        let mut set = cmd("HSET");
        set.arg(&settings.names.progress).arg("servers").arg(servers.join(" "));
        let _: u64 = link.ask(Database::Statistics, &set).await?;
    }
    Ok(true)
}
