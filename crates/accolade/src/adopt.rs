//! `accolade cluster adopt`: an embedded node's state becomes a cluster's.
//!
//! Partition by partition a home is written on this disk, shipped, and removed again. Nothing that a node
//! would begin with is there before the first claims, which come last.

mod cluster;

use std::path::Path;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::objects::Objects;
use accolade_engine::ordered::{OrderedLog, Owner};
use accolade_engine::ownership::Cursor;
use accolade_engine::partition::Partition;
use accolade_kafka::admin::Admin;
use accolade_kafka::config::KafkaConfig;
use accolade_kafka::error::OpenFailed;
use accolade_kafka::log::KafkaLog;
use accolade_storage::adopt::Embedded;
use accolade_storage::descriptors::Descriptors;
use accolade_storage::disk::{RealDisk, lock_directory};
use accolade_storage::error::StorageError;
use accolade_storage::open::Options;
use accolade_storage::ship::{Shipper, is_unfinished};
use accolade_storage::trail::ship_whole;
use accolade_wire::order::SourceTopic;
use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use self::cluster::Cluster;
use crate::Ended;
use crate::arguments::Where;
use crate::config::Config;
use crate::terminal::{grouped, note, say};

/// The epoch in the keys of what is shipped here: below that of every node.
const SHIPPED_EPOCH: u64 = 0;
/// Where homes are written before they are shipped, in the node's data directory.
const FOLDER: &str = "adopting";
/// What is in no group that nodes are in, and has no node's name.
const NOBODY: &str = "adopt";

/// The arguments of `accolade cluster`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
enum ClusterCommand {
    /// Bring the state of an embedded node into a new cluster
    #[command(
        long_about = "Brings everything that an embedded node knows into a cluster in which nothing has \
                      happened yet: balances, ledger with its hashes and places, ids, dead letters, what \
                      is on its way, operators and programs, and the trail of who did what. The node must not run. The configuration is \
                      that of one of the cluster's nodes; all of them are started afterwards, and the \
                      embedded one never again.\n\n\
                      The directory is read and left as it is. The number of partitions is fixed for ever: \
                      the cluster's must be the directory's. Where it was interrupted, it is run again.",
        after_help = "Example:\n  accolade cluster adopt /var/lib/accolade --config cluster.toml"
    )]
    Adopt {
        /// The embedded node's data directory
        #[arg(value_name = "DATA_DIR")]
        directory: std::path::PathBuf,
    },
}

/// Runs `accolade cluster`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let config = Config::load(place)?;
    let ClusterCommand::Adopt { directory } = arguments.command;
    tokio::task::spawn_blocking(move || adopt(&config, &directory)).await??;
    Ok(Ended::Well)
}

fn adopt(config: &Config, directory: &Path) -> anyhow::Result<()> {
    let joining = config.joining()?.context(
        "`cluster.brokers` is not set: name a cluster's configuration with `--config cluster.toml`",
    )?;
    let to = config.ship.to.as_ref().context("`ship.to` is not set: a cluster needs it")?;
    let objects = config.objects(to)?;
    check_directories(directory, &config.data_dir)?;
    let disk = RealDisk::open(&config.data_dir)
        .with_context(|| format!("`{}`", config.data_dir.display()))?;
    let _lock = lock_directory(disk.root())?;

    note(format_args!("opening `{}` …", directory.display()));
    let embedded = Embedded::open(directory, accolade_engine::behaviour::KNOWN)
        .map_err(|error| not_opened(error, directory))?;
    let count = u16::try_from(embedded.partitions().len())?;
    if config.node.partitions != count {
        bail!(
            "`{}` has {count} partitions, and the configuration says {}: set `partitions = {count}` in \
             `[node]` for every node; their number is fixed for ever",
            directory.display(),
            config.node.partitions
        );
    }
    let log = open_log(&joining.kafka)?;
    let cluster = Cluster {
        log: &*log,
        node: joining.options.name.clone(),
        address: joining.options.address.clone(),
    };
    let work = config.data_dir.join(FOLDER);
    let adopting = Adopting { directory, embedded, cluster, objects, work };
    let adopted = adopting.run();
    log.resign();
    adopting.clear()?;
    let shipped = adopted?;
    describe(&adopting.embedded, &shipped, to)
}

fn check_directories(directory: &Path, data_dir: &Path) -> anyhow::Result<()> {
    if !directory.join("FORMAT").exists() {
        bail!("there is no data directory `{}`", directory.display());
    }
    if is_unfinished(&RealDisk::open(directory)?)? {
        bail!("`{}` was not restored to its end: restore it again", directory.display());
    }
    if data_dir.join("FORMAT").exists() {
        bail!(
            "`data_dir` of the configuration, `{}`, is the directory of an embedded node: a cluster's \
             node needs one of its own",
            data_dir.display()
        );
    }
    Ok(())
}

fn not_opened(error: StorageError, directory: &Path) -> anyhow::Error {
    match error {
        StorageError::InUse(_) => anyhow::anyhow!(
            "a node or a command is at work in `{}`: stop it first",
            directory.display()
        ),
        error => anyhow::Error::new(error).context(format!(
            "`{}` could not be opened; a partition that stands needs `accolade skip` first",
            directory.display()
        )),
    }
}

/// Opens the log without disturbing nodes that may be there.
fn open_log(kafka: &KafkaConfig) -> anyhow::Result<Arc<KafkaLog>> {
    let mut kafka = kafka.clone();
    kafka.node = NOBODY.into();
    kafka.group = format!("{}-{NOBODY}", kafka.group);
    let made = Admin::new(&kafka)
        .context("Kafka's settings")?
        .create_missing()
        .context("Kafka's topics could not be made")?;
    if !made.is_empty() {
        note(format_args!("topics were made: {}", made.join(", ")));
    }
    let log = KafkaLog::open(kafka).map_err(|error| match error {
        OpenFailed::Topics(_) => anyhow::Error::new(error).context(
            "name other topics with `topic_prefix` in `[cluster]`, or remove them while nothing is in \
             them",
        ),
        error => error.into(),
    })?;
    Ok(Arc::new(log))
}

/// What was shipped.
#[derive(Debug, Default)]
struct Shipped {
    batches: u64,
    ids: u64,
    bytes: u64,
    /// The last record of the trail; nothing where there is none.
    trail: Option<Timestamp>,
}

struct Adopting<'a> {
    directory: &'a Path,
    embedded: Embedded,
    cluster: Cluster<'a>,
    objects: Arc<dyn Objects>,
    work: std::path::PathBuf,
}

impl Adopting<'_> {
    fn run(&self) -> anyhow::Result<Shipped> {
        let partitions = self.embedded.partitions();
        let controls = self.embedded.controls();
        let unclaimed = self.cluster.check(partitions, controls)?;
        let controls = self.cluster.write_controls(controls)?;
        let trail = self.ship_trail().context("the audit trail could not be shipped")?;
        let mut shipped = Shipped { trail, ..Shipped::default() };
        let mut owners = Vec::new();
        for number in unclaimed {
            let partition = &partitions[usize::from(number)];
            let mut cursor = Cursor::start(0);
            cursor.next_batch = partition.next_batch();
            cursor.first_batch = partition.next_batch();
            cursor.sources = self.cluster.source_starts(number)?;
            cursor.sources[SourceTopic::Control as usize] = controls;
            let checkpoint = self
                .ship(partition, &cursor, &mut shipped)
                .with_context(|| format!("partition {number} could not be shipped"))?;
            owners.push((cursor, self.cluster.owner(number, checkpoint)));
        }
        for (cursor, owner) in &owners {
            self.cluster.claim(cursor, owner)?;
        }
        let owners: Vec<Owner> = owners.into_iter().map(|(_, owner)| owner).collect();
        self.cluster.announce(&owners)?;
        Ok(shipped)
    }

    /// Ships the chain of who did what, which nodes list beside their own.
    fn ship_trail(&self) -> anyhow::Result<Option<Timestamp>> {
        self.clear()?;
        Ok(ship_whole(self.directory, &self.work, &self.objects)?)
    }

    /// Writes a partition's home, ships it, and returns the key of its list.
    fn ship(
        &self,
        partition: &Partition,
        cursor: &Cursor,
        shipped: &mut Shipped,
    ) -> anyhow::Result<String> {
        let number = partition.number();
        let prefix = format!("p{number:04}/{SHIPPED_EPOCH:020}");
        // Left by a run that was interrupted: no claim names it.
        for object in self.objects.list(&format!("{prefix}/"))? {
            self.objects.remove(&object.key)?;
        }
        self.clear()?;
        let disk = Descriptors::default().over(Arc::new(RealDisk::open(&self.work)?));
        let mut written = Vec::new();
        cursor.write(&mut written);
        let sizes = Options::of_home();
        let given = self.embedded.write_home(number, &disk, &sizes, written)?;
        let mut shipper = Shipper::new(Arc::clone(&self.objects), prefix, disk, None);
        let name = shipper.ship(&given.manifest, partition.time())?;
        let bytes = shipper.last().map_or(0, accolade_storage::ship::List::bytes);
        note(format_args!(
            "partition {number} of {}: {} players, {} batches, {} ids, {} bytes shipped",
            self.embedded.partitions().len(),
            grouped(partition.players().all().len() as u64),
            grouped(given.batches),
            grouped(given.ids),
            grouped(bytes),
        ));
        shipped.batches += given.batches;
        shipped.ids += given.ids;
        shipped.bytes += bytes;
        Ok(name)
    }

    fn clear(&self) -> std::io::Result<()> {
        match std::fs::remove_dir_all(&self.work) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn describe(embedded: &Embedded, shipped: &Shipped, to: &str) -> anyhow::Result<()> {
    let partitions = embedded.partitions();
    let rules = partitions[0].rules();
    let players: u64 =
        partitions.iter().map(|partition| partition.players().all().len() as u64).sum();
    let Shipped { batches, ids, bytes, trail } = shipped;
    say(format_args!(
        "adopted the cluster {}: {} partitions, {} players, {} operators, {} control records",
        rules.settings.cluster_id,
        partitions.len(),
        grouped(players),
        rules.operators().count(),
        grouped(rules.applied),
    ))?;
    say(format_args!(
        "{} batches of the ledger, {} ids and {} bytes were shipped to `{to}`",
        grouped(*batches),
        grouped(*ids),
        grouped(*bytes)
    ))?;
    if let Some(last) = trail {
        let last = accolade_wire::timestamp::write(*last);
        say(format_args!(
            "the audit trail up to {last} was shipped: nodes list and verify it beside their own"
        ))?;
    }
    say("start the cluster's nodes with `accolade serve`; do not start the embedded node again")?;
    Ok(())
}
