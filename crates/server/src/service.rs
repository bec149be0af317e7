//! What all requests share: the node, its limits, and what is remembered between requests.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_storage::host::{Host, NotHere, Outcomes};
use accolade_webhooks::sealing::SealingKey;
use accolade_webhooks::sending::Sender;
use accolade_wire::body::Limits;
use accolade_wire::identity::HashKey;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::arrival::AccessLog;
use crate::body::Room;
use crate::cluster::sharing::{self, Sharing};
use crate::cluster::{Cluster, Neighbours};
use crate::credentials::{Credentials, Lent};
use crate::export::Exports;
use crate::filling::{self, Fillings};
use crate::health::Counters;
use crate::leaderboards::Boards;
use crate::leaderboards::live::Live;
use crate::leaderboards::past::Shelves;
use crate::moves;
use crate::oidc::Oidc;
use crate::outlets::{Outlet, Outlets};
use crate::player_tokens::Signer;
use crate::portal::Portal;
use crate::problem::{Problem, not_yet, rules_unknown};
use crate::recurring;
use crate::sealing::Sealing;
use crate::settlement;
use crate::shares::Shares;
use crate::simulation::Simulations;
use crate::strangers::Strangers;
use crate::summary::Looked;
use crate::summary::Summaries;
use crate::traces::Traces;
use crate::traffic::Traffic;
use crate::trail::{DeniedMax, Recorder, Thresholds};

/// The metrics' own bookkeeping runs this often.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// How often the rules are looked at for keys that were revoked.
const RULES_EVERY: Duration = Duration::from_millis(200);
/// When keys were used is written once in so many looks: each minute.
const LOOKS_A_WRITE: u32 = 300;
/// So often it is told who has moved, where somebody wants to hear of it: each full ten seconds.
pub const MOVES_EVERY_MS: u64 = 10_000;
/// How often something is looked for that is on its way here.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Limits of the API.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Greatest length of a request's body in bytes.
    pub body_bytes_max: usize,
    /// Most items in one request.
    pub items_max: usize,
    /// Greatest length of one item in bytes.
    pub item_bytes_max: usize,
    /// Bytes of large bodies that may be in memory at the same time.
    pub bodies_bytes_max: usize,
    /// How long a request with `wait=applied` waits for outcomes.
    pub wait_ms: u64,
    /// How long a client may take to send a body.
    pub body_ms: u64,
    /// Dead letters, or requests that are open, that a node looks at for one page of a list, however few of them are
    /// wanted.
    pub letters_looked_at_max: usize,
    /// How long a simulation waits for a partition that no node can be asked about, and for its turn at a node.
    pub simulation_patience_ms: u64,
    /// Where traces go.
    pub traces: Option<Traces>,
    /// Requests a second of one operator beside intake; 0 for no limit.
    pub asks_per_second: u32,
    /// Requests a second of one address that show no known credential; 0 for no limit.
    pub strangers_per_second: u32,
    /// Most streams that are watched at this node, together; one service's key may have half of them.
    pub watchers_max: usize,
    /// How often a stream says that it is there, and looks whether who watches still may.
    pub pulse_ms: u64,
    /// How often it is told who has moved on leaderboards of tournaments, in milliseconds; 0 for never.
    pub moves_every_ms: u64,
    /// Whether `/metrics`, which is open to whoever reaches the node, tells of operators' points.
    pub metrics_by_operator: bool,
    /// Which requests have a line in the log.
    pub access_log: AccessLog,
    /// Refused requests that the trail has records of.
    pub denied_max: DeniedMax,
    /// From when on somebody should hear of it.
    pub alerts: Thresholds,
    /// The issuers whose access tokens are taken.
    pub oidc: Oidc,
    /// What is served below `/portal/`.
    pub portal: Portal,
    /// What sends webhooks.
    pub webhooks: Sender,
    /// The key of secrets that must be readable again; the embedded form makes one where there is none.
    pub sealing_key: Option<Arc<SealingKey>>,
    /// The data directory, as `GET /local/status` names it.
    pub data_dir: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes_max: 32 << 20,
            items_max: 10_000,
            item_bytes_max: 64 << 10,
            bodies_bytes_max: 256 << 20,
            wait_ms: 5_000,
            body_ms: 30_000,
            letters_looked_at_max: 50_000,
            simulation_patience_ms: 120_000,
            traces: None,
            asks_per_second: 5_000,
            strangers_per_second: 1_000,
            watchers_max: 24_576,
            pulse_ms: 15_000,
            moves_every_ms: 0,
            metrics_by_operator: false,
            access_log: AccessLog::default(),
            denied_max: DeniedMax::default(),
            alerts: Thresholds::default(),
            oidc: Oidc::default(),
            portal: Portal::default(),
            webhooks: Sender::default(),
            sealing_key: None,
            data_dir: None,
        }
    }
}

/// The API's own state over a running node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Service(Arc<Inner>);

/// What the clones of a service have in common.
#[derive(Debug)]
pub struct Inner {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) settings: Settings,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) credentials: Credentials,
    pub(crate) strangers: Strangers,
    pub(crate) sharing: Sharing,
    pub(crate) signer: Signer,
    pub(crate) room: Room,
    pub(crate) shares: Shares,
    /// When metrics have last looked at what players of tournaments have scored.
    pub(crate) tournaments_looked: Looked,
    pub(crate) exports: Exports,
    pub(crate) summaries: Summaries,
    pub(crate) simulations: Simulations,
    pub(crate) fillings: Fillings,
    pub(crate) boards: Boards,
    pub(crate) live: Live,
    /// Leaderboards as they were, once they are kept.
    pub(crate) shelves: Mutex<Option<Arc<Shelves>>>,
    pub(crate) counters: Counters,
    pub(crate) traffic: Traffic,
    pub(crate) outlets: Outlets,
    pub(crate) recorder: Recorder,
    pub(crate) sealing: Sealing,
    is_retired: AtomicBool,
}

impl std::ops::Deref for Service {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Service {
    /// Joins the parts, for a node that has all partitions. The recorder behind `metrics` is to be
    /// installed before, and inside a runtime its bookkeeping is done from here on.
    pub fn new(
        host: Arc<impl Host + 'static>,
        settings: Settings,
        metrics: PrometheusHandle,
    ) -> Self {
        Self::join(host, None, settings, metrics)
    }

    /// As [`Service::new`], for a node of a cluster, which answers with its neighbours' help.
    pub fn in_cluster(
        host: Arc<impl Host + Outcomes + 'static>,
        neighbours: Neighbours,
        settings: Settings,
        metrics: PrometheusHandle,
    ) -> Self {
        let outcomes = Arc::<_>::clone(&host);
        Self::join(host, Some(Cluster { neighbours, outcomes }), settings, metrics)
    }

    fn join(
        host: Arc<dyn Host>,
        cluster: Option<Cluster>,
        settings: Settings,
        metrics: PrometheusHandle,
    ) -> Self {
        let signer = match &cluster {
            Some(cluster) => Signer::of_secret(cluster.neighbours.secret()),
            None => Signer::of_directory(settings.data_dir.as_deref()),
        };
        let credentials = Credentials::new(settings.asks_per_second);
        let strangers = Strangers::new(settings.strangers_per_second);
        let room = Room::new(settings.bodies_bytes_max);
        let service = Self(Arc::new(Inner {
            host,
            cluster,
            settings,
            metrics,
            credentials,
            strangers,
            sharing: Sharing::default(),
            signer,
            room,
            shares: Shares::default(),
            tournaments_looked: Looked::default(),
            exports: Exports::default(),
            summaries: Summaries::default(),
            simulations: Simulations::default(),
            fillings: Fillings::default(),
            boards: Boards::default(),
            live: Live::default(),
            shelves: Mutex::default(),
            counters: Counters::new(),
            traffic: Traffic::new(),
            outlets: Outlets::default(),
            recorder: Recorder::default(),
            sealing: Sealing::default(),
            is_retired: AtomicBool::new(false),
        }));
        if let Some(data_dir) = &service.settings.data_dir {
            service.credentials.uses.read(data_dir);
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let weak = Arc::downgrade(&service.0);
            runtime.spawn(follow_rules(weak));
            runtime.spawn(settlement::run(Arc::downgrade(&service.0)));
            runtime.spawn(recurring::run(Arc::downgrade(&service.0)));
            runtime.spawn(filling::run(Arc::downgrade(&service.0)));
            runtime.spawn(filling::work(Arc::downgrade(&service.0)));
            runtime.spawn(moves::run(Arc::downgrade(&service.0)));
            if service.cluster.is_some() {
                runtime.spawn(sharing::share(Arc::downgrade(&service.0)));
            }
            service.settings.oidc.begin(&runtime);
            let weak = Arc::downgrade(&service.0);
            runtime.spawn(async move {
                while let Some(inner) = weak.upgrade() {
                    inner.metrics.run_upkeep();
                    drop(inner);
                    tokio::time::sleep(UPKEEP_EVERY).await;
                }
            });
        }
        service
    }

    /// What has this in common with others.
    pub(crate) const fn of(inner: Arc<Inner>) -> Self {
        Self(inner)
    }

    /// Shows how something is that follows the node's fold.
    pub fn add_outlet(&self, outlet: Arc<dyn Outlet>) {
        self.outlets.add(outlet);
    }

    /// Lets whoever shows `key` do what is lent, for as long as the process runs. A role of one player without one
    /// is a bug of the caller's.
    pub fn lend(&self, key: &str, lent: Lent) {
        assert!(lent.player.is_some() || !lent.role.is_of_one_player(), "whose is `{lent:?}`?");
        self.credentials.lend(&*self.host, key, lent);
    }

    /// Says from now on that the node is not ready, and ends streams: the first step of a shutdown.
    pub fn retire(&self) {
        self.is_retired.store(true, Ordering::Relaxed);
        self.live.end();
    }

    /// The key of all hashes.
    pub(crate) fn hash_key(&self) -> HashKey {
        self.host.rules().settings.hash_key
    }

    pub(crate) fn partitions(&self) -> u16 {
        self.host.partitions()
    }

    /// Reads from a partition that is here. May wait, and hold the partition up: not for a thread of
    /// the runtime.
    pub(crate) fn read<T>(
        &self,
        partition: u16,
        read: impl FnOnce(&Partition) -> T,
    ) -> Result<T, NotHere> {
        let (mut read, mut found) = (Some(read), None);
        self.host.read(partition, &mut |partition| {
            found = read.take().map(|read| read(partition));
        })?;
        Ok(found.expect("a host that has the partition reads from it"))
    }

    /// The same, without any proof that the partition is here: that is asked for afterwards.
    pub(crate) fn read_unproven<T>(
        &self,
        partition: u16,
        read: impl FnOnce(&Partition) -> T,
    ) -> Result<T, NotHere> {
        let (mut read, mut found) = (Some(read), None);
        self.host.read_unproven(partition, &mut |partition| {
            found = read.take().map(|read| read(partition));
        })?;
        Ok(found.expect("a host that has the partition reads from it"))
    }

    /// That something is not among the rules, where it is proven that there are no others.
    pub(crate) fn unless_unknown(&self, problem: Problem) -> Problem {
        if self.host.knows_rules() { problem } else { rules_unknown() }
    }

    /// What `look` finds, once it does; it is a moment away at the most.
    pub(crate) async fn once<T>(&self, look: impl Fn() -> Option<T>) -> Result<T, Problem> {
        let until = Instant::now() + Duration::from_millis(self.settings.wait_ms);
        loop {
            match look() {
                Some(found) => return Ok(found),
                None if Instant::now() > until => return Err(not_yet()),
                None => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.is_retired.load(Ordering::Relaxed)
    }

    pub(crate) fn limits(&self) -> Limits {
        let Settings { items_max, item_bytes_max, .. } = self.settings;
        Limits { items_max, item_bytes_max }
    }
}

/// Takes over what becomes of keys and operators: a key that was revoked at another node opens nothing here.
async fn follow_rules(service: Weak<Inner>) {
    let mut looks = 0_u32;
    while let Some(inner) = service.upgrade() {
        looks = looks.wrapping_add(1);
        let looked = tokio::task::spawn_blocking(move || {
            inner.credentials.refresh(&*inner.host);
            inner.recorder.flush(inner.host.trail(), now(), false);
            if let Some(data_dir) = &inner.settings.data_dir
                && looks.is_multiple_of(LOOKS_A_WRITE)
            {
                inner.credentials.uses.write(data_dir);
            }
        });
        if looked.await.is_err() {
            return;
        }
        tokio::time::sleep(RULES_EVERY).await;
    }
}

/// The time at the edge.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
