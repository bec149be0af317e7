//! How a node of the cluster runs.

use std::path::PathBuf;
use std::time::Duration;

use accolade_engine::behaviour::{self, Behaviour};
use accolade_storage::descriptors::Descriptors;
use accolade_storage::open::Options;
use accolade_storage::trail::KEEP_DAYS;

/// How a node of the cluster runs.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The node's name, which no other node has and which stays when it restarts.
    pub name: String,
    /// Where it answers requests of other nodes, such as `http://10.0.0.5:8080`.
    pub address: String,
    /// Its disk: a copy of what is in object storage, and what is not there yet.
    pub data_dir: PathBuf,
    /// Sizes of the files of a partition.
    pub files: Options,
    /// Descriptors for closed files, of all partitions together.
    pub descriptors: Descriptors,
    /// Fold threads; 0 for one on each core.
    pub folds: usize,
    /// Time between shipped checkpoints.
    pub checkpoint_every: Duration,
    /// Ids in memory, of all partitions together, after which they are sealed into runs.
    pub seal_ids: usize,
    /// The least time between two batches of a partition, unless much waits.
    pub batch_gap: Duration,
    /// Batches that all partitions of the node order in a second, unless much waits: each costs the
    /// brokers, the journal and the outputs something, however little it holds.
    pub batches_a_second: u32,
    /// How long an acknowledgement proves that reads are not old: well below the time after which the
    /// group gives a silent member's partitions to another.
    pub lease: Duration,
    /// Bytes of records that wait to be ordered, beyond which nothing more is read from the sources.
    pub inbox_bytes_max: usize,
    /// Bytes of memory for the filters of sealed ids, of all partitions together; beyond it they are read
    /// from the disk, or from the object storage.
    pub filter_bytes_max: u64,
    /// The copy of the ordered batches is kept up to this many bytes, over all partitions.
    pub log_bytes_max: u64,
    /// Nothing is taken in while the disk has less room than this.
    pub free_bytes_min: u64,
    /// How long outcomes are waited for, here or at another node.
    pub patience: Duration,
    /// Days for which the trail of who did what is kept.
    pub audit_days: u32,
    /// Somebody publishes outputs, and says so by [`crate::ClusterNode::published`].
    pub publishes: bool,
    /// The ways of deciding that are known; a new log begins with the newest.
    pub behaviours: &'static [Behaviour],
}

impl ClusterOptions {
    /// The defaults.
    pub fn new(
        name: impl Into<String>,
        address: impl Into<String>,
        data_dir: impl Into<PathBuf>,
    ) -> Self {
        Self {
            name: name.into(),
            address: address.into(),
            data_dir: data_dir.into(),
            files: Options::of_home(),
            descriptors: Descriptors::default(),
            folds: 0,
            checkpoint_every: Duration::from_secs(10),
            seal_ids: 4_000_000,
            batch_gap: Duration::from_millis(2),
            batches_a_second: 2_000,
            lease: Duration::from_secs(3),
            inbox_bytes_max: 128 << 20,
            filter_bytes_max: 1 << 30,
            log_bytes_max: 4 << 30,
            free_bytes_min: 1 << 30,
            patience: Duration::from_secs(5),
            audit_days: KEEP_DAYS,
            publishes: false,
            behaviours: behaviour::KNOWN,
        }
    }
}
