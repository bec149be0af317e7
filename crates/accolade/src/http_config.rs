//! The settings of the HTTP API: what it takes, whom it lets in, and over what.

use std::path::PathBuf;

use accolade_server::{BadProxies, Bounds, Front, Proxies, Settings, Tls, TlsFiles};
use anyhow::{Context, bail};

use crate::limits;

/// Descriptors that the node's own files and its own connections need at the least, besides closed files.
const OWN_DESCRIPTORS_MIN: u64 = 32;

/// What the HTTP API takes, and what it lets whoever connects have.
#[derive(Debug, confique::Config)]
#[config(layer_attr(serde(deny_unknown_fields)))]
pub(crate) struct HttpConfig {
    /// Bytes of a request's body (32 MiB), after decoding where it came compressed.
    #[config(env = "ACCOLADE_BODY_BYTES_MAX", default = 33_554_432)]
    pub(crate) body_bytes_max: usize,

    /// Milliseconds within which a body has to arrive.
    #[config(env = "ACCOLADE_BODY_MS", default = 30_000)]
    pub(crate) body_ms: u64,

    /// Wagers or events in one request.
    #[config(env = "ACCOLADE_ITEMS_MAX", default = 10_000)]
    pub(crate) items_max: usize,

    /// Bytes of one wager or event (64 KiB).
    #[config(env = "ACCOLADE_ITEM_BYTES_MAX", default = 65_536)]
    pub(crate) item_bytes_max: usize,

    /// Milliseconds after which `wait=applied` answers `accepted`.
    #[config(env = "ACCOLADE_WAIT_MS", default = 5000)]
    pub(crate) wait_ms: u64,

    /// Requests a second of one operator beside intake, at this node; 0 for no limit.
    #[config(env = "ACCOLADE_ASKS_PER_SECOND", default = 5000)]
    pub(crate) asks_per_second: u32,

    /// Requests a second of one address, or one /64 of IPv6, without a credential that is known; 0 for no limit.
    /// Probes (`/healthz`, `/readyz`) are always answered.
    #[config(env = "ACCOLADE_STRANGERS_PER_SECOND", default = 1000)]
    pub(crate) strangers_per_second: u32,

    /// Milliseconds between two looks at who has moved on leaderboards of tournaments, which the topic
    /// `leaderboard.updates` tells; 0 for none. A cluster whose `cluster.outputs` leave it out does not look either.
    #[config(env = "ACCOLADE_MOVES_EVERY_MS", default = 10_000)]
    pub(crate) moves_every_ms: u64,

    /// Whether `/metrics`, which is open to whoever reaches the node, tells of each operator's points.
    #[config(env = "ACCOLADE_HTTP_METRICS_BY_OPERATOR", default = false)]
    pub(crate) metrics_by_operator: bool,

    /// The certificate of the API and those between it and its authority, as PEM. The API speaks TLS 1.3
    /// where this is set, and reads the files again when they change.
    #[config(env = "ACCOLADE_HTTP_CERTIFICATE_FILE")]
    pub(crate) certificate_file: Option<PathBuf>,

    /// The certificate's key, as PEM.
    #[config(env = "ACCOLADE_HTTP_KEY_FILE")]
    pub(crate) key_file: Option<PathBuf>,

    /// Authorities, as PEM. Whoever connects needs a certificate of one of them where this is set.
    #[config(env = "ACCOLADE_HTTP_CLIENT_CA_FILE")]
    pub(crate) client_ca_file: Option<PathBuf>,

    /// Proxies whose word on a peer's address is taken: addresses and networks, with commas between.
    #[config(env = "ACCOLADE_HTTP_PROXIES", default = "")]
    pub(crate) proxies: String,

    /// How they give it: `proxy` for the PROXY protocol, `forwarded` or `x-forwarded-for` for the header.
    #[config(env = "ACCOLADE_HTTP_PROXIES_SAY", default = "proxy")]
    pub(crate) proxies_say: String,

    /// Connections in all; half of the descriptors that the process may have where this is not set. The
    /// longest idle make room for a newcomer.
    #[config(env = "ACCOLADE_HTTP_CONNECTIONS_MAX")]
    pub(crate) connections_max: Option<usize>,

    /// Connections of one address, or one /64 of IPv6; half of all where this is not set. Named proxies that
    /// do not speak the PROXY protocol are not bound by it.
    #[config(env = "ACCOLADE_HTTP_BY_ADDRESS_MAX")]
    pub(crate) by_address_max: Option<usize>,

    /// Connections that have not asked for anything yet; a quarter of all where this is not set.
    #[config(env = "ACCOLADE_HTTP_UNASKED_MAX")]
    pub(crate) unasked_max: Option<usize>,

    /// Milliseconds for the handshake of TLS and a proxy's header.
    #[config(env = "ACCOLADE_HTTP_HANDSHAKE_MS", default = 10_000)]
    pub(crate) handshake_ms: u64,

    /// Milliseconds for the head of a request.
    #[config(env = "ACCOLADE_HTTP_HEAD_MS", default = 10_000)]
    pub(crate) head_ms: u64,

    /// Milliseconds for which a connection stays between two requests.
    #[config(env = "ACCOLADE_HTTP_IDLE_MS", default = 120_000)]
    pub(crate) idle_ms: u64,

    /// Milliseconds for which a peer may leave an answer untaken.
    #[config(env = "ACCOLADE_HTTP_STALLED_MS", default = 60_000)]
    pub(crate) stalled_ms: u64,

    /// Bytes of a request's head (64 KiB).
    #[config(env = "ACCOLADE_HTTP_HEAD_BYTES_MAX", default = 65_536)]
    pub(crate) head_bytes_max: usize,

    /// Headers of a request.
    #[config(env = "ACCOLADE_HTTP_HEADERS_MAX", default = 100)]
    pub(crate) headers_max: usize,

    /// Requests at a time on one connection of HTTP/2.
    #[config(env = "ACCOLADE_HTTP_STREAMS_MAX", default = 128)]
    pub(crate) streams_max: u32,

    /// Requests that a peer of HTTP/2 may take back before they are answered.
    #[config(env = "ACCOLADE_HTTP_RESETS_MAX", default = 64)]
    pub(crate) resets_max: usize,
}

impl HttpConfig {
    /// What the HTTP API takes.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            body_bytes_max: self.body_bytes_max,
            body_ms: self.body_ms,
            items_max: self.items_max,
            item_bytes_max: self.item_bytes_max,
            wait_ms: self.wait_ms,
            asks_per_second: self.asks_per_second,
            strangers_per_second: self.strangers_per_second,
            metrics_by_operator: self.metrics_by_operator,
            watchers_max: self.watchers_max(),
            ..Settings::default()
        }
    }

    /// Three quarters of the connections may be streams that go on: the others are left for who asks and goes.
    fn watchers_max(&self) -> usize {
        let usual = || Bounds::within(limits::open_max()).connections_max;
        (self.connections_max.unwrap_or_else(usual) / 4 * 3).max(1)
    }

    /// Whom the API lets in, and over what; refuses what makes no sense.
    pub(crate) fn front(&self) -> anyhow::Result<Front> {
        let least_one = [
            ("body_bytes_max", self.body_bytes_max as u64),
            ("body_ms", self.body_ms),
            ("items_max", self.items_max as u64),
            ("item_bytes_max", self.item_bytes_max as u64),
        ];
        if let Some((field, _)) = least_one.into_iter().find(|(_, given)| *given == 0) {
            bail!("`http.{field}` is 0: expected at least 1");
        }
        let proxies = Proxies::new(&self.proxies, &self.proxies_say).map_err(|error| {
            let field = match error {
                BadProxies::Network(_) => "proxies",
                BadProxies::Way(_) => "proxies_say",
            };
            anyhow::anyhow!("`http.{field}` has {error}")
        })?;
        let bounds = self.bounds(limits::open_max())?;
        Ok(Front { bounds, tls: self.tls()?, proxies, ..Front::default() })
    }

    fn bounds(&self, descriptors: u64) -> anyhow::Result<Bounds> {
        let connections_max = self.connections_max;
        let usual =
            connections_max.map_or_else(|| Bounds::within(descriptors), Bounds::of_connections);
        let bounds = Bounds {
            by_address_max: self.by_address_max.unwrap_or(usual.by_address_max),
            unasked_max: self.unasked_max.unwrap_or(usual.unasked_max),
            handshake_ms: self.handshake_ms,
            head_ms: self.head_ms,
            idle_ms: self.idle_ms,
            stalled_ms: self.stalled_ms,
            head_bytes_max: self.head_bytes_max,
            headers_max: self.headers_max,
            streams_max: self.streams_max,
            resets_max: self.resets_max,
            ..usual
        };
        bounds.check().map_err(|error| {
            let (least, most) = error.expected;
            anyhow::anyhow!("`http.{}` is {}: expected {least} to {most}", error.field, error.given)
        })?;
        let closed_files = limits::descriptors().counts().open_max as u64;
        let most = descriptors.saturating_sub(closed_files + OWN_DESCRIPTORS_MIN);
        if let Some(given) = connections_max
            && given as u64 > most
        {
            bail!(
                "`http.connections_max` is {given}: expected at most {most}, because the process may have \
                 {descriptors} descriptors and needs the others for its files"
            );
        }
        Ok(bounds)
    }

    fn tls(&self) -> anyhow::Result<Option<Tls>> {
        let (certificate, key) = match (&self.certificate_file, &self.key_file) {
            (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
            (None, None) if self.client_ca_file.is_none() => return Ok(None),
            (None, None) => bail!("`http.client_ca_file` needs `http.certificate_file`"),
            _ => bail!("`http.certificate_file` and `http.key_file` belong together"),
        };
        let files = TlsFiles { certificate, key, client_ca: self.client_ca_file.clone() };
        let context =
            "the files of `http.certificate_file`, `http.key_file` and `http.client_ca_file`";
        Tls::new(files).context(context).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::arguments::Where;
    use crate::config::Config;

    fn front(folder: &Path, setting: &str) -> Result<accolade_server::Front, String> {
        let file = folder.join("accolade.toml");
        std::fs::write(&file, format!("[http]\n{setting}\n")).unwrap();
        let config = Config::load(&Where { config: Some(file), ..Where::default() }).unwrap();
        config.http.front().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn three_quarters_of_the_connections_may_be_streams() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accolade.toml");
        std::fs::write(&file, "[http]\nconnections_max = 100\n").unwrap();
        let config = Config::load(&Where { config: Some(file), ..Where::default() }).unwrap();
        assert_eq!(config.http.settings().watchers_max, 75);
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        let begins = [
            ("head_ms = 0", "`http.head_ms` is 0: expected 1 to"),
            ("connections_max = 0", "`http.connections_max` is 0: expected 1 to"),
            ("connections_max = 1000000", "`http.connections_max` is 1000000: expected at most"),
            ("unasked_max = 0", "`http.unasked_max` is 0: expected 1 to"),
            ("head_bytes_max = 1", "`http.head_bytes_max` is 1: expected 8192 to"),
            ("body_ms = 0", "`http.body_ms` is 0: expected at least 1"),
            ("proxies = \"10.0.0.0/99\"", "`http.proxies` has `10.0.0.0/99`: expected"),
            ("proxies_say = \"x\"", "`http.proxies_say` has `x`: expected"),
            ("key_file = \"k\"", "`http.certificate_file` and `http.key_file` belong together"),
            ("client_ca_file = \"k\"", "`http.client_ca_file` needs `http.certificate_file`"),
            (
                "certificate_file = \"/none/c.pem\"\nkey_file = \"/none/k.pem\"",
                "the files of `http.certificate_file`, `http.key_file` and `http.client_ca_file`: \
                 `/none/c.pem`: No such file",
            ),
        ];
        for (setting, expected) in begins {
            let refused = front(folder.path(), setting).unwrap_err();
            assert!(refused.starts_with(expected), "{setting}: {refused}");
        }
    }

    #[test]
    fn shares_follow_the_number_of_connections() {
        let folder = tempfile::tempdir().unwrap();
        let front = front(folder.path(), "connections_max = 40\nby_address_max = 7").unwrap();
        let bounds = front.bounds;
        assert_eq!(
            (bounds.connections_max, bounds.by_address_max, bounds.unasked_max),
            (40, 7, 10)
        );
    }
}
