//! `accolade bench`: the bars that both forms have to reach, measured.
//!
//! Load is generated on the same machine and counted against it; every figure stands beside its bar.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures of a benchmark, far from the ends of their types"
)]

#[cfg(all(feature = "cluster", feature = "postgres"))]
mod cluster;
mod connection;
mod dry_runs;
mod embedded;
mod http;
mod leaderboards;
mod letters;
mod load;
mod measures;
mod months;
mod ramp;
mod redeeming;
mod reference;
mod report;
mod strangers;
mod tournaments;
mod watchers;
mod years;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use self::measures::Measure;
use self::report::Report;
use crate::arguments::Where;

/// Measures this machine against the bars: those of the embedded form, or with a configuration that
/// names brokers those of the cluster form.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:
  accolade bench                       every measure, shortened: about ten minutes
  accolade bench --only P1,P2          these two
  accolade bench --only letters --events 10000000
                                       ten million wagers that are a month old
  accolade bench reference             what the machine can do in this hour, and a bare pipeline on it
  accolade bench reference P1          the same, and P1 beside it
  accolade bench start                 a tournament begins, and wagers grow from 5,000 to 50,000 a second
  accolade bench --only years          ids and voids after 1, 60 and 730 simulated days
  accolade bench --full                at full length: about an hour, 60 GB of disk
  accolade bench --json > bench.json   for machines
  accolade bench --config cluster.toml
                                       the cluster form, over the broker and the object storage that
                                       the file names, in topics of its own: half an hour")]
pub(crate) struct Arguments {
    /// Measures to run, such as `P1 P3` or `years`; all if left out.
    measures: Vec<String>,
    /// The same, as `P1,P3`.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The folder in which benchmarks make and remove their data directories.
    #[arg(long, default_value = ".")]
    dir: PathBuf,
    /// Runs at the length that the bars ask for.
    #[arg(long)]
    full: bool,
    /// Seconds at a steady rate in each measure that has one.
    #[arg(long)]
    seconds: Option<u64>,
    /// Events of the measures that go as fast as they can.
    #[arg(long)]
    events: Option<u64>,
    /// Wagers a second that P9 offers; its bar if left out.
    #[arg(long)]
    rate: Option<u64>,
    /// Partitions of P9 and P16 in the cluster form.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    partitions: u16,
    /// Players of the load.
    #[arg(long, default_value_t = 1_000_000)]
    players: u64,
    /// A Redis or Valkey, such as 127.0.0.1:6379, that P5 asks for the same; a key of its own is made and removed.
    #[arg(long)]
    redis: Option<SocketAddr>,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
    /// Runs the load in this data directory until killed; how P10 has a process to kill.
    #[arg(long, hide = true)]
    child: Option<PathBuf>,
    /// Opens this data directory and prints what it holds in memory; P12 compares two processes.
    #[arg(long, hide = true)]
    resident: Option<PathBuf>,
    /// Connects to this address, again and again, and means harm; R7 needs strangers.
    #[arg(long, hide = true)]
    strangers: Option<SocketAddr>,
    /// Connects to this address and watches leaderboards, over as many sockets as `--events`; P7 needs watchers.
    #[arg(long, hide = true)]
    watchers: Option<SocketAddr>,
    /// Leaderboards that these watch.
    #[arg(long, hide = true, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    boards: u64,
}

/// How long and how large.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    pub(crate) dir: PathBuf,
    pub(crate) players: u64,
    /// Seconds at a steady rate.
    pub(crate) steady_s: u64,
    /// Seconds of P1 at its rate.
    pub(crate) sustained_s: u64,
    /// Seconds within which the rate grows at a tournament's start.
    pub(crate) growing_s: u64,
    /// Events as fast as they go.
    pub(crate) burst: u64,
    /// Ids in P19's full window.
    pub(crate) window_ids: u64,
    /// Dead letters.
    pub(crate) letters: u64,
    /// A Redis that P5 asks for the same.
    pub(crate) redis: Option<SocketAddr>,
    /// What a measure of the cluster form may need beside.
    #[cfg(all(feature = "cluster", feature = "postgres"))]
    pub(crate) cluster: ClusterSizes,
}

/// How measures of the cluster form run.
#[cfg(all(feature = "cluster", feature = "postgres"))]
#[derive(Debug, Clone)]
pub(crate) struct ClusterSizes {
    /// Where the configuration is.
    pub(crate) place: Where,
    /// Wagers a second that P9 offers; its bar if left out.
    pub(crate) rate: Option<u64>,
    /// Partitions of P9 and P16.
    pub(crate) partitions: u16,
    /// Seconds of P9.
    pub(crate) carried_s: u64,
    /// Seconds of P16 and P17.
    pub(crate) latency_s: u64,
}

/// Runs the measures and prints the report.
pub(crate) fn run(place: &Where, arguments: Arguments) -> anyhow::Result<()> {
    if let Some(data_dir) = &arguments.child {
        return measures::run_until_killed(data_dir, arguments.players);
    }
    if let Some(data_dir) = &arguments.resident {
        return measures::print_resident(data_dir);
    }
    if let Some(address) = arguments.strangers {
        return strangers::be(address);
    }
    if let Some(address) = arguments.watchers {
        return watchers::be(address, arguments.events.unwrap_or(1), arguments.boards);
    }
    let full = arguments.full;
    let pick = |short: u64, long: u64| if full { long } else { short };
    let sizes = Sizes {
        dir: arguments.dir.clone(),
        players: arguments.players,
        steady_s: arguments.seconds.unwrap_or(pick(20, 60)),
        sustained_s: arguments.seconds.unwrap_or(pick(30, 600)),
        growing_s: arguments.seconds.map_or(ramp::GROWING_S, |of| of.clamp(1, ramp::GROWING_S)),
        burst: arguments.events.unwrap_or(pick(10_000_000, 100_000_000)),
        window_ids: pick(50_000_000, 500_000_000),
        letters: arguments.events.unwrap_or(pick(1_000_000, 10_000_000)),
        redis: arguments.redis,
        #[cfg(all(feature = "cluster", feature = "postgres"))]
        cluster: ClusterSizes {
            place: place.clone(),
            rate: arguments.rate,
            partitions: arguments.partitions,
            carried_s: arguments.seconds.unwrap_or(180),
            latency_s: arguments.seconds.unwrap_or(60),
        },
    };
    let (form, all) = measures_of(place)?;
    let wanted = [arguments.measures, arguments.only].concat();
    if let Some(unknown) = wanted.iter().find(|wanted| all.iter().all(|(name, _)| name != wanted)) {
        let known: Vec<_> = all.iter().map(|(name, _)| *name).collect();
        anyhow::bail!("there is no measure `{unknown}`: expected {}", known.join(", "));
    }
    let mut report = Report::begin(&sizes, form)?;
    for (name, measure) in all {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            report.progress(&format!("{name} …"));
            measure(&sizes, &mut report)?;
        }
    }
    report.finish(arguments.json);
    Ok(())
}

/// The measures of the form that is configured, and what to know of that form.
fn measures_of(place: &Where) -> anyhow::Result<(String, &'static [Measure])> {
    #[cfg(all(feature = "cluster", feature = "postgres"))]
    {
        let cluster = crate::config::Config::load(place)?.cluster;
        if cluster.brokers.is_some() {
            return Ok((cluster::form(cluster.replication), &cluster::ALL));
        }
    }
    anyhow::ensure!(place.config.is_none(), "the configuration names no brokers to be measured");
    Ok(("embedded: durable on this disk, not replicated".into(), &measures::ALL))
}
