//! A node and its HTTP service in this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use accolade_engine::feed::Feed;
use accolade_server::{Service, Settings};
use accolade_storage::error::StorageError;
use accolade_storage::host::Host;
use accolade_storage::node::{Node, NodeOptions};
use anyhow::{Context, anyhow, bail};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_util::MetricKindMask;
use tokio::net::UnixStream;

use crate::limits;

/// The socket of a running node, in its data directory.
pub(crate) const SOCKET_FILE: &str = "accolade.sock";

/// Seconds, from a tenth of a millisecond to half a minute.
const SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    10.0, 30.0,
];
const COUNTS: [f64; 7] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0];

/// A node of this process.
#[derive(Debug, Clone)]
pub(crate) struct Hosted {
    /// Its data directory.
    pub(crate) data_dir: PathBuf,
    /// The node itself.
    pub(crate) form: Form,
    /// What answers for it over HTTP.
    pub(crate) service: Service,
}

/// A node of either form.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    /// On its own.
    Embedded(Arc<Node>),
    /// One of a cluster.
    #[cfg(feature = "cluster")]
    Cluster {
        /// The node.
        node: Arc<accolade_cluster::ClusterNode>,
        /// What publishes its outputs.
        publishing: Option<Arc<crate::following::Followed>>,
    },
}

impl Hosted {
    /// The node, whatever its form.
    pub(crate) fn host(&self) -> &dyn Host {
        match &self.form {
            Form::Embedded(node) => &**node,
            #[cfg(feature = "cluster")]
            Form::Cluster { node, .. } => &**node,
        }
    }

    /// Its journal.
    pub(crate) fn feed(&self) -> Arc<dyn Feed> {
        match &self.form {
            Form::Embedded(node) => Arc::clone(node) as Arc<dyn Feed>,
            #[cfg(feature = "cluster")]
            Form::Cluster { node, .. } => Arc::clone(node) as Arc<dyn Feed>,
        }
    }

    /// Opens the data directory and starts.
    pub(crate) async fn start(
        mut options: NodeOptions,
        mut settings: Settings,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let data_dir = options.data_dir.clone();
        ensure_none_runs(&data_dir).await?;
        options.descriptors = limits::descriptors();
        settings.data_dir = Some(data_dir.clone());
        let node = tokio::task::spawn_blocking(move || Node::start(options)).await?;
        let node = Arc::new(node.map_err(|error| not_opened(error, &data_dir))?);
        let service = Service::new(Arc::clone(&node), settings, metrics);
        Ok(Self { data_dir, form: Form::Embedded(node), service })
    }

    /// Takes nothing in any more, folds what is durable, and writes a last checkpoint.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        self.service.finish_trail();
        let stopped = tokio::task::spawn_blocking(move || match self.form {
            Form::Embedded(node) => node.stop().map_err(anyhow::Error::from),
            #[cfg(feature = "cluster")]
            Form::Cluster { node, publishing } => {
                let stopped = node.stop().map_err(|failure| anyhow!(failure));
                if let Some(publishing) = publishing {
                    publishing.0.stop();
                }
                stopped
            }
        });
        stopped.await?.context("the node did not end well")
    }
}

/// Refuses a directory whose node runs: who finds only that it is taken cannot say so much.
pub(crate) async fn ensure_none_runs(data_dir: &Path) -> anyhow::Result<()> {
    let Ok(node) = UnixStream::connect(data_dir.join(SOCKET_FILE)).await else { return Ok(()) };
    let process = node.peer_cred().ok().and_then(|peer| peer.pid());
    let process = process.map(|id| format!(" (process {id})")).unwrap_or_default();
    bail!(
        "a node runs on the data directory `{}` already{process}: stop it first, or name another \
         directory with `--data-dir`; other commands work beside it",
        data_dir.display()
    )
}

fn not_opened(error: StorageError, data_dir: &Path) -> anyhow::Error {
    let socket = data_dir.join(SOCKET_FILE);
    match error {
        StorageError::InUse(directory) => anyhow!(
            "another process has the data directory `{}`, and no node answers on `{}`: it is still \
             starting or stopping, or a command is at work there; try again when it is done",
            directory.display(),
            socket.display()
        ),
        StorageError::ClockStep { .. } => anyhow!("{error} (a flag of `accolade serve`)"),
        StorageError::UnknownFormat { .. }
        | StorageError::Newer { .. }
        | StorageError::NewerRules(_) => {
            anyhow!(error).context(format!("`{}` was not opened", data_dir.display()))
        }
        StorageError::Io { .. } | StorageError::Other { .. } | StorageError::Damaged { .. } => {
            anyhow!(error)
                .context(format!("the data directory `{}` could not be opened", data_dir.display()))
        }
    }
}

/// Gauges are set whenever somebody looks. One that is not any more is of a tournament that is over.
const GAUGES_KEPT: Duration = Duration::from_mins(10);

fn exporter() -> PrometheusBuilder {
    PrometheusBuilder::new()
        .idle_timeout(MetricKindMask::GAUGE, Some(GAUGES_KEPT))
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_records".into()), &COUNTS)
        })
        .expect("there are buckets")
}

/// Begins to count, for the whole process.
pub(crate) fn metrics() -> anyhow::Result<PrometheusHandle> {
    exporter().install_recorder().context("metrics could not be set up")
}

/// Counts nothing: for a node that lives as long as one command.
pub(crate) fn no_metrics() -> PrometheusHandle {
    exporter().build_recorder().handle()
}
