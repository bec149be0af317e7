//! Whether everything is there that the projection needs.

use crate::connection::Link;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::settings::Settings;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// The version of one server.
    pub version: String,
    /// How many servers have keys, where it is a cluster.
    pub servers: Option<usize>,
    /// What becomes of keys where memory is full, in the server's word; `None` where it has no limit.
    pub eviction: Option<String>,
    /// The cluster that the keys belong to; `None` where nothing is written yet.
    pub cluster: Option<String>,
    /// Whether they have the names that the settings say.
    pub are_names_the_same: bool,
}

impl Inspected {
    /// Whether a full memory takes keys away that are written here.
    pub fn may_evict(&self) -> bool {
        self.eviction.as_ref().is_some_and(|policy| policy != "noeviction")
    }
}

/// Connects, and looks.
pub async fn inspect(settings: &Settings) -> Result<Inspected> {
    settings.names.check()?;
    let mut link = Link::connect(settings).await?;
    let progress = Progress::read(&mut link, settings).await?;
    let said = link.info().await?;
    let of = |name: &str| {
        let value = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(|value| value.trim().to_owned())
    };
    let version = of("redis_version").ok_or_else(|| Error::Answer("`INFO`".into()))?;
    let version = of("valkey_version").map_or(version, |valkey| format!("{valkey} (Valkey)"));
    let servers = link.servers().await?;
    let is_written = progress.epoch != 0;
    Ok(Inspected {
        version,
        servers: settings.is_cluster.then_some(servers.len()),
        eviction: of("maxmemory_policy").filter(|_| of("maxmemory").as_deref() != Some("0")),
        are_names_the_same: !is_written || progress.shape == settings.shape(),
        cluster: is_written.then_some(progress.cluster),
    })
}
