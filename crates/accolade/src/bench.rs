//! `accolade bench`: the bars that the embedded form has to reach, measured.
//!
//! Load is generated on the same machine and counted against it; every figure stands beside its bar.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "figures of a benchmark, far from the ends of their types"
)]

mod embedded;
mod http;
mod load;
mod measures;
mod report;

use std::path::PathBuf;

use clap::Args;

use self::report::Report;

/// Measures this machine against the bars.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:
  accolade bench                       every measure, shortened: about ten minutes
  accolade bench --only P1,P2          these two
  accolade bench --full                at full length: about an hour, 60 GB of disk
  accolade bench --json > bench.json   for machines")]
pub(crate) struct Arguments {
    /// Measures to run, such as `P1,P3`; all if left out.
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
    /// Players of the load.
    #[arg(long, default_value_t = 1_000_000)]
    players: u64,
    /// Prints the report as JSON.
    #[arg(long)]
    json: bool,
    /// Runs the load in this data directory until killed; how P10 has a process to kill.
    #[arg(long, hide = true)]
    child: Option<PathBuf>,
    /// Opens this data directory and prints what it holds in memory; P12 compares two processes.
    #[arg(long, hide = true)]
    resident: Option<PathBuf>,
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
    /// Events as fast as they go.
    pub(crate) burst: u64,
    /// Ids in P19's full window.
    pub(crate) window_ids: u64,
}

/// Runs the measures and prints the report.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    if let Some(data_dir) = &arguments.child {
        return measures::run_until_killed(data_dir, arguments.players);
    }
    if let Some(data_dir) = &arguments.resident {
        return measures::print_resident(data_dir);
    }
    let full = arguments.full;
    let pick = |short: u64, long: u64| if full { long } else { short };
    let sizes = Sizes {
        dir: arguments.dir.clone(),
        players: arguments.players,
        steady_s: arguments.seconds.unwrap_or(pick(20, 60)),
        sustained_s: arguments.seconds.unwrap_or(pick(30, 600)),
        burst: arguments.events.unwrap_or(pick(10_000_000, 100_000_000)),
        window_ids: pick(50_000_000, 500_000_000),
    };
    let mut report = Report::begin(&sizes)?;
    for (name, measure) in measures::ALL {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            report.progress(&format!("{name} …"));
            measure(&sizes, &mut report)?;
        }
    }
    report.finish(arguments.json);
    Ok(())
}
