//! Where the node answers: free while it does not run, reached while it does.

use std::net::SocketAddr;
#[cfg(feature = "cluster")]
use std::time::Duration;

use tokio::net::TcpListener;
#[cfg(feature = "cluster")]
use tokio::net::TcpStream;

use super::Findings;
use crate::config::Config;

const CHECK: &str = "address";
#[cfg(feature = "cluster")]
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn examine(config: &Config, is_running: bool, findings: &mut Findings) {
    match config.http.front() {
        Err(error) => {
            let mend = "mend the setting that it names: the node would not start";
            findings.error(CHECK, format!("{error:#}"), mend);
        }
        Ok(front) if front.tls.is_none() && !config.listen.ip().is_loopback() => findings.warning(
            CHECK,
            format!("API keys travel in clear to `listen`, {}", config.listen),
            "set `http.certificate_file` and `http.key_file`, or put a proxy with TLS in front",
        ),
        Ok(_) => {}
    }
    if !is_running {
        is_free("listen", config.listen, findings).await;
        #[cfg(feature = "cluster")]
        if let (true, Some(listen)) = (config.cluster.brokers.is_some(), config.cluster.listens()) {
            is_free("cluster.listen", listen, findings).await;
        }
    }
    #[cfg(feature = "cluster")]
    if let (true, Some(address)) = (config.cluster.brokers.is_some(), &config.cluster.address) {
        from_others(config, address, is_running, findings).await;
    }
}

async fn is_free(name: &str, listen: SocketAddr, findings: &mut Findings) {
    match TcpListener::bind(listen).await {
        Ok(_) => findings.ok(CHECK, format!("`{name}`, {listen}, is free")),
        Err(error) => findings.error(
            CHECK,
            format!("`{name}`, {listen}, cannot be had: {error}"),
            format!("end what listens there, or set `{name}` to another address of this machine"),
        ),
    }
}

/// What other nodes would meet at `address`, as far as this machine can tell.
#[cfg(feature = "cluster")]
async fn from_others(config: &Config, address: &str, is_running: bool, findings: &mut Findings) {
    let is_tls = address.starts_with("https://");
    let at = address.trim_start_matches("https://").trim_start_matches("http://");
    let at = at.trim_end_matches('/');
    let told = format!("`cluster.address`, {address},");
    let resolved = tokio::time::timeout(PATIENCE, tokio::net::lookup_host(at)).await;
    let found: Vec<_> = match resolved {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            let mend = "set it to `http://host:port`, where the other nodes reach this one";
            findings.error(CHECK, format!("{told} is no address: {error}"), mend);
            return;
        }
        Err(_) => Vec::new(),
    };
    if !is_tls && found.iter().any(|at| !at.ip().is_loopback()) {
        findings.warning(
            CHECK,
            format!(
                "{told} is in clear: nodes sign what they say, and whoever is between them reads it"
            ),
            "keep the network between nodes to them, or set `cluster.node_certificate_file`",
        );
    }
    if let Some(listen) = config.cluster.listens()
        && listen.ip().is_loopback()
        && found.iter().any(|at| !at.ip().is_loopback())
    {
        findings.error(
            CHECK,
            format!("the node listens for others on {listen} only, where none reaches it"),
            format!("set `cluster.listen` to `0.0.0.0:{}`", listen.port()),
        );
        return;
    }
    match (tokio::time::timeout(PATIENCE, TcpStream::connect(at)).await, is_running) {
        (Ok(Ok(_)), true) => findings.ok(CHECK, format!("{told} answers")),
        (Ok(Ok(_)), false) => findings.error(
            CHECK,
            format!("{told} is another's: somebody listens there, and this node does not run"),
            "give each node an address of its own",
        ),
        (Ok(Err(error)), false) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            findings.ok(CHECK, format!("{told} can be reached, and nobody is there yet"));
        }
        (outcome, _) => {
            let why = match outcome {
                Ok(Err(error)) => error.to_string(),
                Ok(Ok(_)) | Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            let mend =
                "set it to where the other nodes reach this one, and see what a firewall does";
            findings.error(CHECK, format!("{told} cannot be reached from here: {why}"), mend);
        }
    }
}
