//! What is wrong with a configuration, as far as can be told without asking anybody: what makes no sense, and what is
//! set and has no effect.

use super::settings::Setting;
use super::{Access, Config};

/// Settings of a log on this machine, which a node of a cluster does not have.
const OF_OWN_LOG: [&str; 6] = [
    "node.checkpoint_every_ms",
    "node.log_days",
    "node.log_bytes_max",
    "node.segment_bytes",
    "node.queue_bytes_max",
    "node.lag_bytes_max",
];

/// What is wrong.
#[derive(Debug)]
pub(super) struct Wrong {
    /// The setting, where it is one.
    pub(super) setting: Option<String>,
    pub(super) detail: String,
}

/// All that is wrong with it.
pub(super) fn examine(config: &Config, settings: &[Setting]) -> Vec<Wrong> {
    let mut wrong: Vec<Wrong> = senseless(config)
        .into_iter()
        .map(|error| Wrong { setting: None, detail: format!("{error:#}") })
        .collect();
    for setting in settings.iter().filter(|setting| setting.origin.is_somebody()) {
        if let Some(why) = why_without_effect(config, &setting.name) {
            let origin = setting.origin.words();
            let detail = format!("`{}` ({origin}) has no effect: {why}", setting.name);
            wrong.push(Wrong { setting: Some(setting.name.clone()), detail });
        }
    }
    wrong
}

/// What `serve` would refuse.
fn senseless(config: &Config) -> Vec<anyhow::Error> {
    let mut errors = Vec::new();
    errors.extend(config.http.front().err());
    errors.extend(config.settings_to_serve().err());
    errors.extend(config.traces.begin().err());
    #[cfg(feature = "postgres")]
    errors.extend(config.postgres.settings().err());
    #[cfg(feature = "redis")]
    errors.extend(config.redis.settings().err());
    errors.extend(config.ship_options().err());
    #[cfg(feature = "cluster")]
    {
        errors.extend(config.joining().err());
        if config.is_of_a_cluster() && config.ship.to.is_none() {
            errors.push(anyhow::anyhow!(
                "`ship.to` is not set: nodes of a cluster keep their checkpoints there"
            ));
        }
    }
    errors
}

/// Why a setting that somebody has set has no effect, if it has none.
fn why_without_effect(config: &Config, name: &str) -> Option<&'static str> {
    let section = name.split('.').next().unwrap_or_default();
    let why = match (section, name) {
        ("cluster", "cluster.brokers")
        | ("ship", "ship.to")
        | ("postgres", "postgres.url")
        | ("redis", "redis.url")
        | ("traces", "traces.endpoint") => return None,
        ("cluster", _) if !config.is_of_a_cluster() => {
            "`cluster.brokers` is not set, so this is a node of the embedded form"
        }
        ("ship", _) if config.ship.to.is_none() => "`ship.to` is not set, so nothing is shipped",
        #[cfg(feature = "postgres")]
        ("postgres", _) if config.postgres.url.is_none() => {
            "`postgres.url` is not set, so there are no tables"
        }
        #[cfg(feature = "redis")]
        ("redis", _) if config.redis.url.is_none() => {
            "`redis.url` is not set, so there are no keys"
        }
        #[cfg(feature = "redis")]
        (_, "redis.statistics_database" | "redis.leaderboards_database")
            if config.redis.cluster =>
        {
            "a cluster of Redis has no other database than 0"
        }
        ("traces", _) if !config.traces.is_on() => {
            "neither `traces.endpoint` nor OTEL_EXPORTER_OTLP_ENDPOINT is set, so nothing is traced"
        }
        (_, "logs.slow_ms") if config.logs.access != Access::Troubles => {
            "`logs.access` is not `troubles`"
        }
        _ if config.is_of_a_cluster() && OF_OWN_LOG.contains(&name) => {
            "Kafka keeps the log of a node of a cluster"
        }
        _ => return None,
    };
    Some(why)
}

#[cfg(test)]
mod tests {
    use super::super::settings;
    use super::*;
    use crate::arguments::Where;

    async fn wrong(text: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        std::fs::write(&file, text).unwrap();
        let place = Where { config: Some(file), ..Where::default() };
        let (config, settings) = (Config::load(&place).unwrap(), settings::all(&place).unwrap());
        tokio::task::yield_now().await;
        examine(&config, &settings).into_iter().map(|wrong| wrong.detail).collect()
    }

    #[tokio::test]
    async fn what_has_no_effect_is_told_with_the_reason() {
        for (text, expected) in [
            ("[ship]\nevery_seconds = 5\n", "`ship.every_seconds` (file) has no effect: `ship.to`"),
            ("[traces]\nratio = 0.5\n", "`traces.ratio` (file) has no effect: neither"),
            (
                "[logs]\naccess = \"off\"\nslow_ms = 5\n",
                "`logs.slow_ms` (file) has no effect: `logs.access` is not `troubles`",
            ),
            ("[audit]\ndays = 5\n[http]\nhead_ms = 0\n", "`http.head_ms` is 0: expected"),
        ] {
            let wrong = wrong(text).await;
            assert!(wrong.iter().any(|line| line.starts_with(expected)), "{text}: {wrong:?}");
        }
        assert_eq!(wrong("[node]\nlog_days = 5\n").await, Vec::<String>::new());
    }

    #[cfg(feature = "cluster")]
    #[tokio::test]
    async fn each_form_has_settings_of_its_own() {
        let of_a_cluster = "[cluster]\nbrokers = 'b:9092'\nname = 'n'\naddress = 'http://127.0.0.1:1'\n\
                            secret = 'a-secret-of-a-test'\n[ship]\nto = '/tmp/shipped'\n";
        assert_eq!(wrong(of_a_cluster).await, Vec::<String>::new());
        for name in OF_OWN_LOG {
            let name = name.strip_prefix("node.").unwrap();
            let found = wrong(&format!("{of_a_cluster}[node]\n{name} = 100000000\n")).await;
            assert!(
                found.len() == 1 && found[0].contains("Kafka keeps the log"),
                "{name}: {found:?}"
            );
        }
        let embedded = wrong("[cluster]\nname = 'n'\nreplication = 2\n").await;
        assert!(embedded.len() == 2 && embedded[0].contains("embedded form"), "{embedded:?}");
        let nowhere = wrong(&of_a_cluster.replace("to = '/tmp/shipped'", "")).await;
        assert!(nowhere.iter().any(|line| line.starts_with("`ship.to` is not set")), "{nowhere:?}");
    }
}
