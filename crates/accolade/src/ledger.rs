//! `accolade ledger`: the ledger of all of an operator's players.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, IfMissing, escaped};
use crate::program::read_time;
use crate::taken_out::{Taken, take};

/// The arguments of `accolade ledger`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: LedgerCommand,
}

#[derive(Debug, Subcommand)]
enum LedgerCommand {
    /// Write the entries of a stretch of time into a file, as CSV
    #[command(
        long_about = "Writes all entries of an operator's players that were recorded in a stretch of time into a file, as \
                      CSV: partition by partition, each in the order in which they were recorded. The last line is of \
                      the kind `end` and says how many there are; the file has its name once that has come.",
        after_help = "Example:\n  accolade ledger export --operator operator-789 --from 2026-11-01T00:00:00Z --to \
                      2026-12-01T00:00:00Z --output november.csv"
    )]
    Export(Export),
}

#[derive(Debug, Args)]
struct Export {
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Recorded at this time or later: a time, or such as `7 days ago`
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    from: Timestamp,
    /// Recorded before this time [default: until now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    to: Option<Timestamp>,
    /// The file
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

/// Runs `accolade ledger`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let LedgerCommand::Export(Export { operator, from, to, output }) = arguments.command;
    client::with(place, IfMissing::Complain, async |client| {
        let to = to.map_or_else(String::new, |to| format!("&to={}", escaped(&to.to_string())));
        let path = format!("/api/v1/ledger?from={}{to}", escaped(&from.to_string()));
        take(client, Ask::get(&path).of(&operator), &output, is_whole).await?;
        Ok(Ended::Well)
    })
    .await
}

/// Whether the last line says how many entries there are: all but the first line and itself.
fn is_whole(taken: &Taken) -> bool {
    let Some(line) = taken.last_line() else { return false };
    let mut cells = line.split(',').skip_while(|cell| cell.is_empty());
    let (count, kind) = (cells.next().and_then(|count| count.parse().ok()), cells.next());
    kind == Some("end") && count == taken.lines.checked_sub(2)
}
