//! How far everything is, as Redis keeps it.

use std::collections::{BTreeMap, HashMap};

use accolade_domain::time::Timestamp;
use accolade_projections::sink::{Behind, Position, Positions, Step};
use accolade_wire::cut::cut;
use redis::{Cmd, cmd};

use crate::connection::{Database, Link};
use crate::error::{Error, Result};
use crate::settings::Settings;

/// What is said about why a partition stands.
const TROUBLE_BYTES_MAX: usize = 2_048;

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Grows whenever everything begins anew; 0 where nothing was ever written, or all of it is gone.
    pub(crate) epoch: u64,
    /// The cluster that the keys belong to.
    pub(crate) cluster: String,
    /// See [`Settings::shape`].
    pub(crate) shape: String,
    /// The servers of a cluster of Redis that nothing was lost of.
    pub(crate) servers: Vec<String>,
    /// Partitions that are written, and how far.
    pub(crate) positions: Positions,
    /// How far partitions could be, as their nodes have said.
    pub(crate) states: BTreeMap<u16, State>,
}

/// What a node has said of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) journal_end: u64,
    pub(crate) said_at: Timestamp,
    pub(crate) trouble: Option<String>,
}

impl Progress {
    /// Reads it.
    pub(crate) async fn read(link: &mut Link, settings: &Settings) -> Result<Self> {
        let mut all = cmd("HGETALL");
        all.arg(&settings.names.progress);
        let fields: HashMap<String, String> = link.ask(Database::Statistics, &all).await?;
        let text = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let mut progress = Self {
            epoch: text("epoch").parse().unwrap_or(0),
            cluster: text("cluster"),
            shape: text("shape"),
            servers: text("servers").split_whitespace().map(str::to_owned).collect(),
            ..Self::default()
        };
        for (name, value) in &fields {
            let Some((what, partition)) = name.split_once('-') else { continue };
            let Ok(partition) = partition.parse() else { continue };
            let bad = || Error::Answer(format!("`{name}` is {value:?}"));
            match what {
                "next" => {
                    let position = read_position(value).ok_or_else(bad)?;
                    progress.positions.insert(partition, position);
                }
                "state" => {
                    progress.states.insert(partition, read_state(value).ok_or_else(bad)?);
                }
                _ => {}
            }
        }
        Ok(progress)
    }

    /// Has everything begin anew, unless somebody else has since this was read; says whether it did.
    pub(crate) async fn begin(
        &self,
        link: &mut Link,
        settings: &Settings,
        cluster: &str,
        servers: &[String],
    ) -> Result<bool> {
        let next = u64::try_from(now().micros()).unwrap_or(0).max(self.epoch + 1);
        let mut begin = script(&link.scripts.begin, &[&settings.names.progress]);
        begin.arg(self.epoch).arg(next).arg(cluster).arg(settings.shape()).arg(servers.join(" "));
        Ok(link.ask::<u8>(Database::Statistics, &begin).await? == 1)
    }
}

/// Takes partitions further, where all are where their steps begin; says whether they are. `None` of a partition that
/// was nowhere yet.
pub(crate) async fn advance(
    link: &mut Link,
    settings: &Settings,
    epoch: u64,
    steps: &[(Option<u64>, Position, Step)],
) -> Result<bool> {
    let mut advance = script(&link.scripts.advance, &[&settings.names.progress]);
    advance.arg(epoch);
    for (from, to, step) in steps {
        let from = from.map_or_else(|| "-".to_owned(), |from| from.to_string());
        let state = State { journal_end: step.journal_end, said_at: now(), trouble: None };
        advance.arg(step.partition).arg(from).arg(write_position(*to)).arg(write_state(&state));
    }
    Ok(link.ask::<u8>(Database::Statistics, &advance).await? == 1)
}

/// Says how far partitions could be that are not taken further, and what keeps them.
pub(crate) async fn report(link: &mut Link, settings: &Settings, behind: &[Behind]) -> Result<()> {
    if behind.is_empty() {
        return Ok(());
    }
    let mut set = cmd("HSET");
    set.arg(&settings.names.progress);
    for Behind { partition, end, trouble, .. } in behind {
        let trouble = trouble.as_ref().map(|why| cut(why, TROUBLE_BYTES_MAX).into());
        let state = State { journal_end: *end, said_at: now(), trouble };
        set.arg(format!("state-{partition}")).arg(write_state(&state));
    }
    link.ask(Database::Statistics, &set).await
}

/// A script by its name, and its keys.
pub(crate) fn script(name: &str, keys: &[&str]) -> Cmd {
    let mut command = cmd("EVALSHA");
    command.arg(name).arg(keys.len()).arg(keys);
    command
}

fn write_position(Position { next, time }: Position) -> String {
    match time {
        Some(time) => format!("{next} {}", time.micros()),
        None => format!("{next} -"),
    }
}

fn read_position(text: &str) -> Option<Position> {
    let (next, time) = text.split_once(' ')?;
    let time = match time {
        "-" => None,
        micros => Some(Timestamp::from_micros(micros.parse().ok()?)),
    };
    Some(Position { next: next.parse().ok()?, time })
}

fn write_state(State { journal_end, said_at, trouble }: &State) -> String {
    format!("{journal_end} {} {}", said_at.micros(), trouble.as_deref().unwrap_or_default())
}

fn read_state(text: &str) -> Option<State> {
    let mut parts = text.splitn(3, ' ');
    let journal_end = parts.next()?.parse().ok()?;
    let said_at = Timestamp::from_micros(parts.next()?.parse().ok()?);
    let trouble = parts.next().filter(|why| !why.is_empty()).map(str::to_owned);
    Some(State { journal_end, said_at, trouble })
}

/// The time of this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.unwrap_or_default().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for time in [None, Some(Timestamp::from_micros(7)), Some(Timestamp::from_micros(-7))] {
            let position = Position { next: 12, time };
            assert_eq!(read_position(&write_position(position)), Some(position));
        }
        for trouble in [None, Some("batch 3: it stands".to_owned())] {
            let state = State { journal_end: 5, said_at: Timestamp::from_micros(9), trouble };
            assert_eq!(read_state(&write_state(&state)), Some(state));
        }
        assert_eq!((read_position("12"), read_state("x 1 ")), (None, None));
    }
}
