//! The server of the Redis projection.

use accolade_redis::error::Error;
use accolade_redis::inspect::{Inspected, inspect};

use super::Findings;
use super::clock::Clocks;
use crate::config::Config;

const CHECK: &str = "redis";

pub(super) async fn examine(config: &Config) -> (Findings, Clocks) {
    let mut findings = Findings::default();
    match config.redis.settings() {
        Ok(None) => findings.ok(CHECK, "`redis.url` is not set: there is no projection"),
        Ok(Some(settings)) => match inspect(&settings).await {
            Ok(found) => describe(&found, &mut findings),
            Err(error) => {
                let mend = match &error {
                    Error::Settings(_) => "set it right in `[redis]`",
                    _ => {
                        "see that the server runs, and that `redis.url` names it with a user it knows"
                    }
                };
                findings.error(CHECK, format!("{error}"), mend);
            }
        },
        Err(error) => findings.error(CHECK, format!("{error:#}"), "set it right in `[redis]`"),
    }
    (findings, Clocks::default())
}

fn describe(found: &Inspected, findings: &mut Findings) {
    let Inspected { version, servers, eviction, cluster, are_names_the_same } = found;
    findings.ok(
        CHECK,
        match servers {
            Some(servers) => format!("connects to {servers} servers of a cluster, Redis {version}"),
            None => format!("connects to Redis {version}"),
        },
    );
    match cluster {
        None => findings.ok(CHECK, "no keys yet: the first node that starts writes them"),
        Some(_) if !are_names_the_same => findings.error(
            CHECK,
            "the keys were written under other names, or in other databases",
            "accolade projection rebuild redis",
        ),
        Some(cluster) => {
            findings.ok(CHECK, format!("the keys are those of the cluster `{cluster}`"));
        }
    }
    if let Some(policy) = eviction.as_ref().filter(|_| found.may_evict()) {
        findings.warning(
            CHECK,
            format!(
                "where memory is full it takes keys away (`maxmemory-policy {policy}`), unseen"
            ),
            "config set maxmemory-policy noeviction",
        );
    }
}
