//! `accolade ingest`: wagers or game events from a file of lines.

mod batches;
mod shift;
mod summary;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::time::Timestamp;
use anyhow::{Context, bail};
use clap::Args;
use hyper::StatusCode;
use indicatif::ProgressBar;
use tokio::sync::mpsc;

use self::batches::{Batch, Batches};
use self::shift::Shift;
use self::summary::Summary;
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing};
use crate::shapes::Many;
use crate::terminal::{Interrupt, a_second, grouped, note, progress};

/// Lines whose outcomes are asked for unless the caller says otherwise.
const AWAITED_LINES: u64 = 100_000;
/// Time between plain lines of progress.
const NOTE_EVERY: Duration = Duration::from_secs(5);

/// The arguments of `accolade ingest`.
#[derive(Debug, Args)]
#[command(
    long_about = "Loads wagers and voids, one JSON object a line, or game events with `--events`. A line \
                  names its operator by `operatorId`; one that does not exist is refused line by line. \
                  Each bad line is named with the field at fault, and never holds up the others.\n\n\
                  Loading a file again is harmless: what came before is a repeat, and nothing counts \
                  twice. An event older than seven days is a dead letter: `--shift-to-now` moves old \
                  samples into the window.",
    after_help = "Examples:\n  accolade ingest --shift-to-now examples/wagers.ndjson\n  \
                  accolade ingest --events --operator operator-789 examples/events.ndjson\n  \
                  zcat wagers.ndjson.gz | accolade ingest -"
)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Arguments {
    /// A file of lines, or `-` for standard input
    file: PathBuf,
    /// Game events instead of wagers; needs `--operator`
    #[arg(long, requires = "operator")]
    events: bool,
    /// The operator of the game events
    #[arg(long, value_name = "ID", requires = "events")]
    operator: Option<String>,
    /// Move all timestamps so that the newest is of this moment
    #[arg(long)]
    shift_to_now: bool,
    /// Begin with this line, such as the one that an interrupted run named
    #[arg(long, value_name = "N", default_value_t = 1)]
    from_line: u64,
    /// Ask what became of every line, not only of the first 100,000
    #[arg(long, conflicts_with = "no_wait")]
    wait: bool,
    /// Ask of none what became of it
    #[arg(long)]
    no_wait: bool,
    /// Print the summary as JSON
    #[arg(long)]
    json: bool,
}

/// Runs `accolade ingest`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let name = arguments.file.display().to_string();
    let opening = arguments.file.clone();
    let shift_to_now = arguments.shift_to_now;
    let input = tokio::task::spawn_blocking(move || Input::open(&opening, shift_to_now))
        .await?
        .with_context(|| format!("`{name}` cannot be read"))?;
    client::with(place, IfMissing::Complain, async |client| ingest(client, &arguments, input).await)
        .await
}

/// What is read, and how its lines are edited.
struct Input {
    reader: BufReader<Box<dyn Read + Send>>,
    bytes: Option<u64>,
    shift: Option<Shift>,
}

impl Input {
    fn open(file: &Path, shift_to_now: bool) -> io::Result<Self> {
        let is_stdin = file.as_os_str() == "-";
        if !shift_to_now && is_stdin {
            let reader = BufReader::new(Box::new(io::stdin()) as Box<dyn Read + Send>);
            return Ok(Self { reader, bytes: None, shift: None });
        }
        let mut file = if is_stdin { spooled()? } else { File::open(file)? };
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let shift = if shift_to_now {
            let shift = Shift::to(now(), BufReader::new(&file))?;
            file.rewind()?;
            Some(shift)
        } else {
            None
        };
        let bytes = Some(metadata.len()).filter(|_| metadata.is_file());
        Ok(Self { reader: BufReader::new(Box::new(file)), bytes, shift })
    }
}

/// Standard input in a file, since the newest line must be known before the first is sent.
fn spooled() -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    file.rewind()?;
    Ok(file)
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

async fn ingest(client: &Client, arguments: &Arguments, input: Input) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let interrupt = Interrupt::watch();
    let bar = progress(input.bytes, if input.bytes.is_some() { "bytes" } else { "lines" });
    let mut summary = Summary::default();
    let mut read_to = arguments.from_line.saturating_sub(1);
    let mut noted = Instant::now();
    let mut batches = read_ahead(input, arguments.from_line);
    let mut stopped = Ok(());
    while let Some(batch) = batches.recv().await {
        if interrupt.has_come() {
            break;
        }
        let batch = match batch.context("reading broke off") {
            Ok(batch) => batch,
            Err(error) => {
                stopped = Err(error);
                break;
            }
        };
        let waits = arguments.wait || (!arguments.no_wait && summary.lines < AWAITED_LINES);
        match send(client, arguments, &batch, waits, &interrupt).await {
            Ok(Some(answer)) => summary.add(&batch, answer, waits),
            Ok(None) => break,
            Err(error) => {
                stopped = Err(error);
                break;
            }
        }
        read_to = batch.read_to;
        show(&bar, &batch, &summary, began, &mut noted);
    }
    bar.finish_and_clear();
    if interrupt.has_come() || stopped.is_err() {
        let next = read_to + 1;
        note(format_args!(
            "stopped after line {read_to}; `--from-line {next}` goes on from there (again from the \
             beginning is harmless, too)"
        ));
    } else if summary.lines == 0 {
        note(nothing_read(arguments));
    }
    if arguments.json {
        summary.print_json()?;
    } else {
        summary.print(began.elapsed())?;
    }
    stopped?;
    let is_whole = !interrupt.has_come() && summary.is_clean();
    Ok(if is_whole { Ended::Well } else { Ended::Badly })
}

/// Says that there was no line: whoever filled the input may have failed.
fn nothing_read(Arguments { file, from_line, .. }: &Arguments) -> String {
    let is_stdin = file.as_os_str() == "-";
    let name = if is_stdin { "standard input".to_owned() } else { format!("`{}`", file.display()) };
    let from = if *from_line > 1 { format!(" from line {from_line} on") } else { String::new() };
    format!("nothing was read: {name} has no line{from} that is not blank")
}

/// Reads on a thread of its own while the node is at work.
fn read_ahead(input: Input, from_line: u64) -> mpsc::Receiver<io::Result<Batch>> {
    let (send, batches) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let Input { reader, shift, .. } = input;
        let mut edit = |line: &mut Vec<u8>| {
            if let Some(shift) = shift {
                shift.edit(line);
            }
        };
        let mut reader = Batches::new(reader, from_line);
        while let Some(batch) = reader.next(&mut edit).transpose() {
            if send.blocking_send(batch).is_err() {
                return;
            }
        }
    });
    batches
}

/// Sends a batch until the node takes it; nothing where the user does not want to wait for that.
async fn send(
    client: &Client,
    arguments: &Arguments,
    batch: &Batch,
    waits: bool,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Many>> {
    let mut path = String::from("/local/ingest?kind=");
    path.push_str(if arguments.events { "events" } else { "wagers" });
    if waits {
        path.push_str("&wait=applied");
    }
    let mut has_noted = false;
    loop {
        let mut ask = Ask::post(&path, "application/x-ndjson", batch.body.clone());
        if let Some(operator) = &arguments.operator {
            ask = ask.of(operator);
        }
        let answer = client.send(ask).await?;
        let status = answer.status();
        if !matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            let many = answer.or_problem().await?.json().await?;
            return Ok(Some(many));
        }
        let Some(pause) = answer.retry_after() else {
            answer.or_problem().await?;
            bail!("the node takes nothing in and does not say when it will");
        };
        if !has_noted && let Err(problem) = answer.or_problem().await {
            note(format_args!("{problem}; trying again until it does"));
            has_noted = true;
        }
        tokio::select! {
            () = tokio::time::sleep(pause.max(Duration::from_millis(100))) => {}
            () = interrupt.come() => return Ok(None),
        }
    }
}

fn show(bar: &ProgressBar, batch: &Batch, summary: &Summary, began: Instant, noted: &mut Instant) {
    let lines = grouped(summary.lines);
    let rate = grouped(a_second(summary.lines, began.elapsed()).unwrap_or_default());
    let message = format!("{lines} lines, {rate} a second");
    bar.set_position(if bar.length().is_some() { batch.bytes_read } else { summary.lines });
    bar.set_message(message.clone());
    if bar.is_hidden() && noted.elapsed() > NOTE_EVERY {
        note(message);
        *noted = Instant::now();
    }
}
