//! The projections of a configuration, and how the running nodes say that they are.

use accolade_server::outlets::OutletState;
use serde::Deserialize;
use tokio::net::UnixStream;

use crate::arguments::Where;
use crate::client::{self, Ask, IfMissing};
use crate::config::Config;
use crate::hosting::SOCKET_FILE;
use crate::terminal::{grouped, printable, say};

/// A projection that is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: &'static str,
    /// The sum over all nodes; nothing where no node says so.
    pub(super) state: Option<OutletState>,
}

impl Listed {
    /// Whether no node says that anything keeps it.
    pub(super) fn is_well(&self) -> bool {
        self.state.iter().all(|state| state.trouble.is_empty())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::json!({ "name": self.name, "state": self.state })
    }
}

#[derive(Debug, Deserialize)]
struct Shown {
    #[serde(default)]
    outlets: Vec<OutletState>,
}

/// What is configured, in the order in which it is shown.
pub(super) fn names(config: &Config) -> anyhow::Result<Vec<&'static str>> {
    let mut names = Vec::new();
    #[cfg(feature = "cluster")]
    if super::is_of_a_cluster(config) && config.cluster.outputs != "none" {
        names.push(accolade_kafka::sink::NAME);
    }
    #[cfg(feature = "postgres")]
    if config.postgres.settings()?.is_some() {
        names.push(accolade_postgres::sink::NAME);
    }
    #[cfg(feature = "redis")]
    if config.redis.settings()?.is_some() {
        names.push(accolade_redis::sink::NAME);
    }
    Ok(names)
}

/// All that is configured, with what the node here, and those that it knows, say of it.
pub(super) async fn all(place: &Where, config: &Config) -> anyhow::Result<Vec<Listed>> {
    let is_running = UnixStream::connect(config.data_dir.join(SOCKET_FILE)).await.is_ok();
    let outlets = if is_running {
        let ask = async |client: &client::Client| client.json(Ask::get("/local/status")).await;
        let Shown { outlets } = client::with(place, IfMissing::Complain, ask).await?;
        outlets
    } else {
        Vec::new()
    };
    let listed = |name| {
        let of = outlets.iter().filter(|outlet| outlet.name == name).cloned();
        Listed { name, state: of.reduce(summed) }
    };
    Ok(names(config)?.into_iter().map(listed).collect())
}

#[cfg(feature = "cluster")]
fn is_rebuilt(name: &str) -> bool {
    name != accolade_kafka::sink::NAME
}

#[cfg(not(feature = "cluster"))]
const fn is_rebuilt(_: &str) -> bool {
    true
}

fn summed(one: OutletState, other: OutletState) -> OutletState {
    OutletState {
        name: one.name,
        is_connected: one.is_connected && other.is_connected,
        lag_batches: one.lag_batches.zip(other.lag_batches).map(|(one, other)| one + other),
        lag_ms: one.lag_ms.max(other.lag_ms),
        records: one.records + other.records,
        lost: one.lost + other.lost,
        trouble: one.trouble.into_iter().chain(other.trouble).collect(),
    }
}

/// Prints a line for each, and below them what keeps any.
pub(super) fn print(all: &[Listed]) -> std::io::Result<()> {
    say("projection  connected   batches behind     behind       records  refused  rebuild")?;
    for Listed { name, state } in all {
        let rebuild = if is_rebuilt(name) { "yes" } else { "no" };
        let Some(state) = state else {
            say(format_args!("{name:<11} no node here runs with it"))?;
            continue;
        };
        say(format_args!(
            "{name:<11} {:<9} {:>16} {:>8}.{} s {:>13} {:>8}  {rebuild}",
            if state.is_connected { "yes" } else { "no" },
            state.lag_batches.map_or_else(|| "not known".to_owned(), grouped),
            state.lag_ms / 1_000,
            state.lag_ms % 1_000 / 100,
            grouped(state.records),
            grouped(state.lost),
        ))?;
    }
    for Listed { name, state } in all {
        for trouble in state.iter().flat_map(|state| &state.trouble) {
            say(format_args!("\n{name} stands, and points go on: {}", printable(trouble)))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_of_all_nodes_is_known_only_if_each_knows_its_own() {
        let of = |lag_batches, lag_ms, is_connected| OutletState {
            name: "kafka".into(),
            is_connected,
            lag_batches,
            lag_ms,
            records: 3,
            lost: 1,
            trouble: vec![format!("{lag_ms}")],
        };
        let both = summed(of(Some(2), 70, true), of(Some(5), 30, true));
        assert_eq!((both.lag_batches, both.lag_ms, both.is_connected), (Some(7), 70, true));
        assert_eq!((both.records, both.lost), (6, 2));
        assert_eq!(both.trouble, ["70", "30"]);
        let one_is_away = summed(of(Some(2), 70, true), of(None, 30, false));
        assert_eq!((one_is_away.lag_batches, one_is_away.is_connected), (None, false));
    }
}
