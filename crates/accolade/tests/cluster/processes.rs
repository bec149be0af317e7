//! Services and nodes, each a process.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::binary::binary;
use crate::http::request;
use crate::outputs::Reader;
use crate::proxy::Proxy;

/// Each has topics of its own.
static CLUSTERS: AtomicU16 = AtomicU16::new(0);
const SECRET: &str = "a-secret-for-tests-only";
const SECRETS_KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
pub(crate) const OPERATOR: &str = "operator-789";
/// A stake of 10.00 gives one point.
const PROGRAM: &str = "currency: EUR\nearning: { multipliers: { default: 0.1 } }\n";
/// How long anything may take to heal.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// Brokers, object storage and nodes.
pub(crate) struct Cluster {
    folder: tempfile::TempDir,
    brokers: u16,
    partitions: u16,
    prefix: String,
    ports_from: u16,
    nodes: BTreeMap<u16, Child>,
    has_tables: bool,
    /// Between the first node and the brokers.
    proxy: Option<Proxy>,
    pub(crate) key: String,
}

/// The first port of this machine that tests may use; services of one broker and of three have a hundred
/// each.
fn ports_from() -> u16 {
    let ports = std::env::var("ACCOLADE_TEST_PORTS_FROM");
    ports.map_or(23_000, |ports| ports.parse().expect("a port"))
}

/// Looks until there is what is awaited, and returns it. `look` says what is there instead.
pub(crate) fn until<T, Instead: Debug>(
    awaited: &str,
    mut look: impl FnMut() -> Result<T, Instead>,
) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) if Instant::now() > until => {
                panic!("awaited: {awaited}; there is: {instead:?}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Cluster {
    /// Starts services and `nodes` nodes, with an operator and its program.
    pub(crate) fn start(brokers: u16, nodes: u16) -> Self {
        Self::services(brokers).with_nodes(nodes)
    }

    /// As [`Cluster::start`], and the nodes keep tables in `PostgreSQL`.
    pub(crate) fn with_tables(brokers: u16, nodes: u16) -> Self {
        let mut cluster = Self::services(brokers);
        cluster.service("postgres.sh", &["start"]);
        cluster.has_tables = true;
        cluster.with_nodes(nodes)
    }

    /// As [`Cluster::start`], and a proxy is between the first node and the brokers.
    pub(crate) fn with_proxy(brokers: u16, nodes: u16) -> Self {
        let mut cluster = Self::services(brokers);
        // The brokers' second listener, and where it sends its clients to.
        let ports = (1..=brokers).map(|broker| cluster.ports_from + 10 * broker);
        let ports: Vec<_> = ports.map(|port| (port + 3, port + 2)).collect();
        cluster.proxy = Some(Proxy::start(&ports));
        cluster.with_nodes(nodes)
    }

    fn services(brokers: u16) -> Self {
        let ports_from = ports_from() + if brokers == 1 { 0 } else { 100 };
        let cluster = Self {
            folder: tempfile::tempdir().unwrap(),
            brokers,
            partitions: 8,
            prefix: format!("t{}-{}.", std::process::id(), CLUSTERS.fetch_add(1, Ordering::SeqCst)),
            ports_from,
            nodes: BTreeMap::new(),
            has_tables: false,
            proxy: None,
            key: String::new(),
        };
        cluster.service("kafka.sh", &["start"]);
        cluster.service("s3.sh", &["start"]);
        cluster
    }

    fn with_nodes(mut self, nodes: u16) -> Self {
        let cluster = &mut self;
        for node in 1..=nodes {
            cluster.node(node);
        }
        cluster.wait_until_owned();
        let added = cluster.command(1, &["operator", "add", OPERATOR]);
        let key = added.split_whitespace().find(|word| word.starts_with("acc_"));
        key.expect("the key is printed").clone_into(&mut cluster.key);
        cluster.publish(PROGRAM, &["--effective-from", "1 day ago"]);
        self
    }

    /// Publishes a program; `more` is what else is said about it.
    pub(crate) fn publish(&self, program: &str, more: &[&str]) {
        let file = self.folder.path().join("program.yaml");
        std::fs::write(&file, program).unwrap();
        let words = ["program", "publish", file.to_str().unwrap(), "--operator", OPERATOR];
        self.command(1, &[&words[..], &["--why", "a test"], more].concat());
    }

    /// The way between the first node and the brokers.
    pub(crate) fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().expect("the cluster was started with one")
    }

    /// Whether the nodes keep tables.
    pub(crate) fn has_tables(&self) -> bool {
        self.has_tables
    }

    /// Where the tables are.
    pub(crate) fn schema(&self) -> String {
        self.prefix.trim_end_matches('.').replace('-', "_")
    }

    /// Runs one of the services' scripts.
    pub(crate) fn service(&self, script: &str, words: &[&str]) -> String {
        let ran = Command::new(root().join("scripts/services").join(script))
            .args(words)
            .env("ACCOLADE_SERVICES_DIR", self.services_dir())
            .env("ACCOLADE_PORTS_FROM", self.ports_from.to_string())
            .env("BROKERS", self.brokers.to_string())
            .env("KAFKA_HEAP", "512m")
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&ran.stdout).into_owned();
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{script} {words:?}: {out}{err}");
        out
    }

    fn services_dir(&self) -> PathBuf {
        // Short: sockets of PostgreSQL have short names. `scripts/cluster-test.sh` stops and removes them.
        root().join(format!("target/test-cluster-{}", self.ports_from))
    }

    fn data_dir(&self, node: u16) -> PathBuf {
        self.folder.path().join(format!("node-{node}"))
    }

    pub(crate) fn port(&self, node: u16) -> u16 {
        self.ports_from + 50 + node
    }

    fn brokers_list(&self, listener: u16) -> String {
        let ports = (1..=self.brokers).map(|broker| self.ports_from + 10 * broker + listener);
        ports.map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    fn environment(&self, node: u16) -> Vec<(&'static str, String)> {
        let port = self.port(node);
        let replication = if self.brokers == 1 { 1 } else { 3 };
        let listener = if node == 1 && self.proxy.is_some() { 3 } else { 0 };
        let mut environment = vec![
            ("ACCOLADE_BROKERS", self.brokers_list(listener)),
            ("ACCOLADE_NODE", format!("node-{node}")),
            ("ACCOLADE_ADDRESS", format!("http://127.0.0.1:{}", port + 20)),
            ("ACCOLADE_LISTEN", format!("127.0.0.1:{port}")),
            ("ACCOLADE_DATA_DIR", self.data_dir(node).display().to_string()),
            ("ACCOLADE_CLUSTER_SECRET", SECRET.into()),
            ("ACCOLADE_SECRETS_KEY", SECRETS_KEY.into()),
            ("ACCOLADE_WEBHOOKS_ALLOWED_NETWORKS", "127.0.0.0/8".into()),
            ("ACCOLADE_REPLICATION", replication.to_string()),
            ("ACCOLADE_PARTITIONS", self.partitions.to_string()),
            ("ACCOLADE_TOPIC_PREFIX", self.prefix.clone()),
            ("ACCOLADE_SHIP_TO", format!("s3://accolade/{}", self.prefix)),
            ("ACCOLADE_SHIP_EVERY_SECONDS", "2".into()),
            ("ACCOLADE_SHIP_ENDPOINT", format!("http://127.0.0.1:{}", self.ports_from)),
            ("ACCOLADE_SHIP_REGION", "us-east-1".into()),
            ("ACCOLADE_FREE_BYTES_MIN", "1000000".into()),
            ("ACCOLADE_LOG", "info".into()),
            ("AWS_ACCESS_KEY_ID", "accolade".into()),
            ("AWS_SECRET_ACCESS_KEY", "accolade-secret".into()),
        ];
        if self.has_tables {
            let url = self.service("postgres.sh", &["address"]).trim().to_owned();
            environment.push(("ACCOLADE_POSTGRES_URL", url));
            environment.push(("ACCOLADE_POSTGRES_SCHEMA", self.schema()));
        }
        environment
    }

    /// Starts a node, which keeps the disk that it had.
    pub(crate) fn node(&mut self, node: u16) {
        let log =
            std::fs::File::options().create(true).append(true).open(self.log_file(node)).unwrap();
        let child = Command::new(binary())
            .args(["serve", "--log-format", "text"])
            .envs(self.environment(node))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.nodes.insert(node, child);
    }

    /// The nodes that run.
    pub(crate) fn running(&self) -> Vec<u16> {
        self.nodes.keys().copied().collect()
    }

    fn signal(&self, node: u16, signal: &str) {
        let id = self.nodes[&node].id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// The node's process ends without a word.
    pub(crate) fn kill(&mut self, node: u16) {
        let mut child = self.nodes.remove(&node).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// The node stands still, as in a long pause.
    pub(crate) fn freeze(&self, node: u16) {
        self.signal(node, "-STOP");
    }

    /// The node goes on as if nothing had been.
    pub(crate) fn thaw(&self, node: u16) {
        self.signal(node, "-CONT");
    }

    /// The node ends as told.
    pub(crate) fn stop(&mut self, node: u16) {
        self.signal(node, "-TERM");
        let mut child = self.nodes.remove(&node).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "node {node} ended with {status}\n{}", self.log(node));
    }

    pub(crate) fn lose_disk(&self, node: u16) {
        std::fs::remove_dir_all(self.data_dir(node)).unwrap();
    }

    fn log_file(&self, node: u16) -> PathBuf {
        self.folder.path().join(format!("node-{node}.log"))
    }

    /// The last lines of a node's log.
    pub(crate) fn log(&self, node: u16) -> String {
        let text = std::fs::read_to_string(self.log_file(node)).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// Runs a command beside a node.
    pub(crate) fn command(&self, node: u16, words: &[&str]) -> String {
        let ran = Command::new(binary()).args(words).envs(self.environment(node)).output().unwrap();
        let out = String::from_utf8_lossy(&ran.stdout).into_owned();
        let err = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success(), "{words:?}: {out}{err}\n{}", self.log(node));
        out
    }

    /// What a node says of itself at `/readyz`.
    fn readiness(&self, node: u16) -> Result<(u16, Value), String> {
        let (status, body) = request(self.port(node), "GET", "/readyz", "", b"")
            .map_err(|error| format!("node {node} does not answer: {error}"))?;
        let told = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        Ok((status, told))
    }

    /// Waits until a node says of itself what is awaited.
    pub(crate) fn until_it_says(
        &self,
        node: u16,
        awaited: &str,
        is_so: impl Fn(u16, &Value) -> bool,
    ) {
        until(&format!("node {node} says {awaited}"), || {
            let (status, told) = self.readiness(node)?;
            if is_so(status, &told) { Ok(()) } else { Err(format!("{status} {told}")) }
        });
    }

    /// Waits until every node is ready: it knows an owner of each partition.
    pub(crate) fn wait_until_owned(&self) {
        for node in self.running() {
            self.until_it_says(node, "that it is ready", |status, _| status == 200);
        }
    }

    /// Waits until one node has taken every partition.
    pub(crate) fn has_all(&self, node: u16) {
        let all = u64::from(self.partitions);
        self.until_it_says(node, "that it has all partitions", |status, told| {
            status == 200 && told["partitionsHere"] == all
        });
    }

    /// Waits until the nodes that run have shared all partitions out among them.
    pub(crate) fn have_shares(&self) {
        until("every node has a share of the partitions", || {
            let nodes = self.running();
            let told: Vec<_> = nodes.iter().map(|node| self.readiness(*node)).collect();
            let here = |told: &Result<(u16, Value), String>| match told {
                Ok((200, told)) => told["partitionsHere"].as_u64().filter(|here| *here > 0),
                Ok(_) | Err(_) => None,
            };
            let shares: Option<Vec<u64>> = told.iter().map(here).collect();
            let sum = shares.map(|shares| shares.iter().sum::<u64>());
            if sum == Some(self.partitions.into()) { Ok(()) } else { Err(told) }
        });
    }

    /// How many checkpoints of a node could not be shipped since it started.
    pub(crate) fn ship_failures(&self, node: u16) -> u64 {
        self.metric(node, "accolade_ship_failures_total")
    }

    /// How many checkpoints of a node were shipped since it started.
    pub(crate) fn checkpoints_shipped(&self, node: u16) -> u64 {
        self.metric(node, "accolade_checkpoint_seconds_count")
    }

    /// Waits until a node has shipped a checkpoint of each of its partitions.
    pub(crate) fn ships(&self, node: u16) {
        let all = self.checkpoints_shipped(node) + u64::from(self.partitions);
        until(&format!("{all} checkpoints that node {node} has shipped"), || {
            let shipped = self.checkpoints_shipped(node);
            if shipped >= all { Ok(()) } else { Err(shipped) }
        });
    }

    /// How often a node began with a checkpoint that it fetched, since the beginning.
    pub(crate) fn checkpoints_fetched(&self, node: u16) -> usize {
        let text = std::fs::read_to_string(self.log_file(node)).unwrap_or_default();
        text.lines().filter(|line| line.contains("files=Fetched")).count()
    }

    fn metric(&self, node: u16, name: &str) -> u64 {
        let (status, text) = request(self.port(node), "GET", "/metrics", "", b"").unwrap();
        assert_eq!(status, 200, "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        // What never happened is not there.
        line.map_or(0, |value| value.parse().unwrap())
    }

    /// A reader of an output topic from its beginning on.
    pub(crate) fn reader(&self, topic: &'static str) -> Reader {
        Reader::new(&self.brokers_list(0), &self.prefix, topic, self.partitions)
    }
}

/// Runs a command that reads `input`, and returns what it says.
pub(crate) fn run_with(command: &mut Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().expect("it is a pipe").write_all(input.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

impl Drop for Cluster {
    #[expect(clippy::print_stderr, reason = "what nodes said, where a test has failed")]
    fn drop(&mut self) {
        for child in self.nodes.values_mut() {
            // A node that has ended already is what is wanted.
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            for node in 1..=3 {
                let log = self.log(node);
                if !log.is_empty() {
                    eprintln!("--- node {node}\n{log}");
                }
            }
            self.folder.disable_cleanup(true);
            eprintln!("--- whole logs and disks stay in {}", self.folder.path().display());
        }
    }
}
