//! `accolade player import`: opening balances, or exclusions, of many players from a file.
//!
//! Each line is a request with a key of its own that is made of what it says, so a file that broke off, or came twice, is
//! imported again without harm.

pub(crate) mod lines;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use futures_util::future::join_all;
use hyper::StatusCode;
use serde_json::json;
use sha2::{Digest, Sha256};

use self::lines::{Line, Reader};
use super::of_player;
use crate::Ended;
use crate::client::{Ask, Client, With, with_dry_run};
use crate::shapes::Problem;
use crate::terminal::{Interrupt, grouped, note, printable, progress, say};

/// Lines that are sent at once.
const TOGETHER: usize = 16;
/// How often a line is sent that the node has no room for.
const TRIES: usize = 20;
/// How long is waited where an answer does not say it.
const REST: Duration = Duration::from_millis(500);
/// Refused lines that are named for each reason.
const NAMED_MAX: usize = 5;

/// What the lines of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Balances of the system before: `playerId` and `points`
    Openings,
    /// Self-exclusions: `playerId`, `why`, and `until` where they have an end
    Exclusions,
}

/// What is imported.
#[derive(Debug, Args)]
#[command(
    long_about = "Imports opening balances or self-exclusions of many players from a file: JSON objects, one a line, or CSV whose \
                  first line names the columns. Openings have `playerId` and `points`; exclusions `playerId`, `why` and, \
                  where they have an end, `until`. A line that comes twice within a day is carried out once, an opening balance ever once; one \
                  that is refused is named with its reason, and holds up no other.",
    after_help = "Examples:\n  accolade player import openings balances.csv --operator operator-789 --dry-run\n  \
                  accolade player import exclusions excluded.ndjson --operator operator-789"
)]
pub(super) struct Arguments {
    /// What the lines are
    kind: Kind,
    /// The file, or `-` for standard input
    file: PathBuf,
    #[command(flatten)]
    with: With,
}

/// What became of a line.
enum Became {
    Done,
    Refused(String),
}

/// What became of all lines.
#[derive(Default)]
struct Summary {
    lines: u64,
    done: u64,
    /// By reason, how many and the first of them.
    refused: BTreeMap<String, (u64, Vec<u64>)>,
}

impl Summary {
    fn add(&mut self, number: u64, became: Became) {
        self.lines += 1;
        match became {
            Became::Done => self.done += 1,
            Became::Refused(why) => {
                let (count, first) = self.refused.entry(why).or_default();
                *count += 1;
                if first.len() < NAMED_MAX {
                    first.push(number);
                }
            }
        }
    }

    fn refused(&self) -> u64 {
        self.refused.values().map(|(count, _)| count).sum()
    }

    fn tell(&self, with: &With) -> io::Result<()> {
        let (Self { lines, done, .. }, refused) = (self, self.refused());
        if with.json {
            let reasons = self
                .refused
                .iter()
                .map(|(why, (count, lines))| json!({ "why": why, "count": count, "lines": lines }));
            let reasons: Vec<_> = reasons.collect();
            let told = json!({
                "lines": lines, "done": done, "refused": refused, "reasons": reasons
            });
            return say(told);
        }
        for (why, (count, first)) in &self.refused {
            let first: Vec<_> = first.iter().map(u64::to_string).collect();
            say(format_args!(
                "{}  {}  lines {}",
                grouped(*count),
                printable(why),
                first.join(", ")
            ))?;
        }
        let [done, refused] = [*done, refused].map(grouped);
        let would = if with.dry_run { "would be done" } else { "done" };
        say(format_args!("{would} {done}, refused {refused}"))
    }
}

/// Runs `accolade player import`.
pub(super) async fn run(client: &Client, arguments: &Arguments) -> anyhow::Result<Ended> {
    let Arguments { kind, file, with } = arguments;
    let mut reader = Reader::new(open(file)?);
    let (mut summary, interrupt) = (Summary::default(), Interrupt::watch());
    let bar = progress(None, "lines");
    loop {
        let lines = reader.some(TOGETHER)?;
        if lines.is_empty() {
            break;
        }
        // Lines of one player are carried out in their order.
        let mut by_player: BTreeMap<String, Vec<(u64, Line)>> = BTreeMap::new();
        for (number, line) in lines {
            by_player
                .entry(line.text("playerId").unwrap_or_default())
                .or_default()
                .push((number, line));
        }
        let sent = by_player.values().map(|lines| kind.send_all(client, lines, with));
        for became in join_all(sent).await {
            became?.into_iter().for_each(|(number, became)| summary.add(number, became));
        }
        bar.set_position(summary.lines);
        if interrupt.has_come() {
            note("interrupted: what was not sent comes with the next import of the same file");
            break;
        }
    }
    bar.finish_and_clear();
    summary.tell(with)?;
    let is_well = summary.refused.is_empty() && !interrupt.has_come();
    Ok(if is_well { Ended::Well } else { Ended::Badly })
}

/// The lines of a file, or of the standard input for `-`.
pub(crate) fn open(file: &PathBuf) -> anyhow::Result<Box<dyn BufRead>> {
    if file.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let opened =
        File::open(file).with_context(|| format!("`{}` cannot be read", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// A line as it is asked for.
struct Request {
    path: String,
    body: String,
    is_put: bool,
}

impl Kind {
    /// Sends lines one after the other.
    async fn send_all(
        self,
        client: &Client,
        lines: &[(u64, Line)],
        with: &With,
    ) -> anyhow::Result<Vec<(u64, Became)>> {
        let mut all = Vec::new();
        for (number, line) in lines {
            let became = match self.request(line) {
                Ok(request) => send(client, &request, with).await?,
                Err(why) => Became::Refused(why),
            };
            all.push((*number, became));
        }
        Ok(all)
    }

    /// What a line may have.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Openings => &["playerId", "points"],
            Self::Exclusions => &["playerId", "why", "until"],
        }
    }

    fn request(self, line: &Line) -> Result<Request, String> {
        line.only(self.fields())?;
        let player = line.text("playerId")?;
        match self {
            Self::Openings => {
                let points = line.number("points")?;
                let points = super::points(&points)?;
                let (path, body) =
                    (of_player(&player, "opening"), super::with_points(&points, &json!({})));
                Ok(Request { path, body, is_put: false })
            }
            Self::Exclusions => {
                let (why, until) = (line.text("why")?, line.text_if_any("until")?);
                let body = json!({ "why": why, "until": until }).to_string();
                Ok(Request { path: of_player(&player, "self-exclusion"), body, is_put: true })
            }
        }
    }
}

impl Request {
    fn ask(&self, with: &With) -> Ask {
        let path = with_dry_run(&self.path, with.dry_run);
        let body = self.body.clone();
        let ask = if self.is_put {
            Ask::put(&path, "application/json", body)
        } else {
            Ask::post(&path, "application/json", body)
        };
        let ask = ask.of(&with.operator);
        // What is only tried is not to be known again.
        if with.dry_run { ask } else { ask.once(&self.key(&with.operator)) }
    }

    /// What the line says is what it is known by.
    fn key(&self, operator: &str) -> String {
        let mut hash = Sha256::new();
        for part in [operator, &self.path, &self.body] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest = hash.finalize();
        digest.iter().take(16).fold("import-".to_owned(), |key, byte| key + &format!("{byte:02x}"))
    }
}

/// Sends a line until the node has room for it.
async fn send(client: &Client, request: &Request, with: &With) -> anyhow::Result<Became> {
    for _ in 0..TRIES {
        let answer = client.send(request.ask(with)).await?;
        let (status, rest) = (answer.status(), answer.retry_after().unwrap_or(REST));
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                tokio::time::sleep(rest).await;
            }
            _ if status.is_success() => return Ok(Became::Done),
            _ => {
                let error = answer.or_problem().await.expect_err("it is no success");
                let problem = error.downcast_ref::<Problem>();
                return match problem {
                    Some(problem)
                        if !problem.is_no_answer() && status != StatusCode::UNAUTHORIZED =>
                    {
                        Ok(Became::Refused(problem.parts().join("; ")))
                    }
                    _ => Err(error),
                };
            }
        }
    }
    anyhow::bail!("the node has had no room for a line for long: import the file again later")
}
