//! A node of a cluster in this process: Kafka, object storage, and the way to other nodes.

use std::sync::Arc;
use std::time::Duration;

use accolade_cluster::{Answers, Ask, ClusterNode, Peers};
use accolade_engine::objects::Objects;
use accolade_engine::ordered::OrderedLog;
use accolade_kafka::admin::Admin;
use accolade_kafka::log::KafkaLog;
use accolade_server::outlets::Outlet;
use accolade_server::outputs::Topic;
use accolade_server::{Bounds, Front, Listener, Neighbours, Service, Settings};
use anyhow::{Context, anyhow};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::cluster_config::Joining;
use crate::following::Followed;
use crate::hosting::{Form, Hosted, ensure_none_runs};
use crate::limits;
use crate::publishing;
use crate::serve::Between;

/// Other nodes, over HTTP.
#[derive(Debug)]
struct HttpPeers {
    neighbours: Neighbours,
    runtime: tokio::runtime::Handle,
}

impl Peers for HttpPeers {
    fn ask(&self, address: &str, ask: Ask, patience: Duration, done: Answers) {
        let (neighbours, address) = (self.neighbours.clone(), address.to_owned());
        self.runtime.spawn(async move {
            let Ask { partition, source, offsets } = ask;
            let answered =
                neighbours.ask_outcomes(&address, partition, source, &offsets, patience).await;
            done(answered);
        });
    }
}

/// Listens for the other nodes, and joins the cluster.
pub(crate) async fn begin(
    mut joining: Joining,
    objects: Arc<dyn Objects>,
    settings: Settings,
    metrics: PrometheusHandle,
) -> anyhow::Result<(Hosted, Between)> {
    ensure_none_runs(&joining.options.data_dir).await?;
    let listener = joining.listen().await?;
    let bounds = Bounds::of_nodes(limits::open_max());
    let tls = joining.tls.clone();
    let front = Front { bounds, tls, listener: Listener::Nodes, ..Front::default() };
    let hosted = join(joining, objects, settings, metrics).await?;
    Ok((hosted, (listener, front)))
}

/// Joins the cluster.
pub(crate) async fn join(
    joining: Joining,
    objects: Arc<dyn Objects>,
    mut settings: Settings,
    metrics: PrometheusHandle,
) -> anyhow::Result<Hosted> {
    let Joining { kafka, mut options, secret, listen: _, tls, outputs } = joining;
    options.publishes = outputs.is_some();
    if !outputs.is_some_and(|wanted| wanted.has(Topic::LeaderboardUpdates)) {
        settings.moves_every_ms = 0;
    }
    let data_dir = options.data_dir.clone();
    settings.data_dir = Some(data_dir.clone());
    let neighbours = Neighbours::new(&secret, &options.address, tls).context("`cluster.secret`")?;
    let runtime = tokio::runtime::Handle::current();
    let peers = Arc::new(HttpPeers { neighbours: neighbours.clone(), runtime });
    let (node, publishing) = tokio::task::spawn_blocking(move || -> anyhow::Result<_> {
        let admin = Admin::new(&kafka).context("Kafka's settings")?;
        let made = admin.create_missing().context("Kafka's topics could not be made")?;
        if !made.is_empty() {
            tracing::info!(?made, "topics were made");
        }
        let log = Arc::new(KafkaLog::open(kafka)?);
        let ordered = Arc::clone(&log) as Arc<dyn OrderedLog>;
        let node = ClusterNode::start(options, ordered, objects, peers);
        let node = Arc::new(node.map_err(|failure| anyhow!(failure))?);
        let publishing = match outputs {
            Some(wanted) => {
                let publishing = publishing::start(log.publisher()?, Arc::clone(&node), wanted)?;
                Some(Arc::new(Followed(publishing)))
            }
            None => None,
        };
        Ok((node, publishing))
    })
    .await??;
    let service = Service::in_cluster(Arc::clone(&node), neighbours, settings, metrics);
    if let Some(publishing) = &publishing {
        service.add_outlet(Arc::clone(publishing) as Arc<dyn Outlet>);
    }
    let form = Form::Cluster { node, publishing };
    Ok(Hosted { data_dir, form, service })
}
