//! Where traces of requests go.

use std::time::Duration;

use accolade_server::{TraceSettings, Traces};

/// By this the tools of OpenTelemetry are told where the collector is.
const STANDARD: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// Traces of requests (OpenTelemetry), as OTLP over HTTP to a collector.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct TracesConfig {
    /// The collector's address, such as `http://127.0.0.1:4318`. Nothing is traced where neither this nor
    /// `OTEL_EXPORTER_OTLP_ENDPOINT` is set.
    #[config(env = "ACCOLADE_TRACES_ENDPOINT")]
    pub(crate) endpoint: Option<String>,

    /// The share of requests that is kept whatever becomes of them, from 0 to 1. Those that the node failed
    /// (5xx) and those that were slow are always kept.
    #[config(env = "ACCOLADE_TRACES_RATIO", default = 0.01)]
    pub(crate) ratio: f64,

    /// Milliseconds from which on a request is slow.
    #[config(env = "ACCOLADE_TRACES_SLOW_MS", default = 1000)]
    pub(crate) slow_ms: u64,

    /// Spans that wait for the collector. What is beyond is dropped and counted.
    #[config(env = "ACCOLADE_TRACES_SPANS_MAX", default = 4096)]
    pub(crate) spans_max: usize,
}

impl TracesConfig {
    fn endpoint(&self) -> Option<String> {
        let standard = || std::env::var(STANDARD).ok().filter(|endpoint| !endpoint.is_empty());
        self.endpoint.clone().or_else(standard)
    }

    /// Whether anything is traced.
    pub(crate) fn is_on(&self) -> bool {
        self.endpoint().is_some()
    }

    /// Begins to export, where that is wanted.
    pub(crate) fn begin(&self) -> anyhow::Result<Option<Traces>> {
        let Some(endpoint) = self.endpoint() else { return Ok(None) };
        let slow = Duration::from_millis(self.slow_ms);
        let settings =
            TraceSettings { endpoint, ratio: self.ratio, slow, spans_max: self.spans_max };
        Ok(Some(Traces::begin(&settings)?))
    }
}

#[cfg(test)]
mod tests {
    use crate::arguments::Where;
    use crate::config::Config;

    #[tokio::test]
    async fn settings_that_make_no_sense_are_refused_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        for (setting, expected) in [
            ("endpoint = \"https://a\"", "`traces.endpoint` is `https://a`: expected"),
            ("endpoint = \"a b\"", "`traces.endpoint` is `a b`: expected"),
            (
                "endpoint = \"http://a\"\nratio = 1.5",
                "`traces.ratio`: expected a number from 0 to 1",
            ),
            (
                "endpoint = \"http://a\"\nspans_max = 0",
                "`traces.spans_max` is 0: expected at least 1",
            ),
        ] {
            std::fs::write(&file, format!("[traces]\n{setting}\n")).unwrap();
            let place = Where { config: Some(file.clone()), ..Where::default() };
            let refused = Config::load(&place).unwrap().traces.begin().unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
    }
}
