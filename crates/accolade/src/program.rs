//! `accolade program`: an operator's rules.

mod check;
mod rollback;
mod simulate;
mod yaml;

use std::path::{Path, PathBuf};

use accolade_wire::document;
use accolade_wire::program::{self, Change, Document};
use anyhow::{Context, anyhow, bail};
use clap::{Args, Subcommand};
use hyper::StatusCode;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::json;

use self::check::{Checked, Source};
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, with_dry_run};
use crate::shapes::{Operators, Raw};
use crate::terminal::{note, printable, say};

/// The arguments of `accolade program`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: ProgramCommand,
}

#[derive(Debug, Subcommand)]
enum ProgramCommand {
    /// Check a program and run its tests; needs no node
    #[command(
        long_about = "Checks a program whole, as publishing does, and runs the tests that it carries. \
                      Errors are printed as FILE:LINE:COLUMN, all of them at once.",
        after_help = "Example:\n  accolade program check examples/programs/slots-house.yaml"
    )]
    Check {
        /// YAML or JSON documents
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Print JSON, one file a line
        #[arg(long)]
        json: bool,
    },
    /// Publish a program as the operator's next version
    Publish(PublishArguments),
    /// Publish an earlier version of a program again, as the next version
    Rollback(rollback::Arguments),
    /// Say what a draft would have done in a past period
    Simulate(simulate::Arguments),
    /// Show what differs between two programs
    #[command(
        long_about = "Shows what differs between two programs, each of them a file, or the number of a \
                      version, or `latest`. The order of keys and the spelling of numbers do not count. \
                      Two files need no node.",
        after_help = "Examples:\n  accolade program diff latest my-program.yaml --operator operator-789\n  \
                      accolade program diff 3 4 --operator operator-789"
    )]
    Diff {
        /// The program before: a file, a version's number, or `latest`
        old: String,
        /// The program after
        new: String,
        /// The operator whose versions are meant
        #[arg(long, value_name = "ID")]
        operator: Option<String>,
        /// Print JSON, one change a line
        #[arg(long)]
        json: bool,
    },
    /// Print a published program, ready to be edited
    #[command(
        after_help = "Example:\n  accolade program show --operator operator-789 > my-program.yaml"
    )]
    Show {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// A version's number [default: the latest]
        #[arg(long, value_name = "N")]
        version: Option<u64>,
        /// Print the node's answer as it is
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
#[command(
    long_about = "Publishes a program as the operator's next version. It applies to wagers whose own \
                  timestamp is not before `--effective-from`; wagers that were decided stay decided. What \
                  changes is shown first. If somebody else has published since the version that you \
                  edited, nothing is overwritten: the node refuses, and says so.",
    after_help = "Examples:\n  accolade program publish my-program.yaml --operator operator-789 --why \"more \
                  for slots\"\n  accolade program publish my-program.yaml --operator operator-789 --why \
                  \"the first one\" --effective-from \"7 days ago\""
)]
struct PublishArguments {
    /// A YAML or JSON document
    file: PathBuf,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Why, in your words; kept with the version for ever
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// From when on: a time such as 2026-12-01T00:00:00Z, or `in 2 hours`, or, for an operator's first
    /// version, one in the past such as `7 days ago` [default: now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    effective_from: Option<Timestamp>,
    /// The version that the file was edited from; 0 for none [default: the latest]
    #[arg(long, value_name = "N")]
    edited_from: Option<u64>,
    /// Have the node check everything, and publish nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// A published version.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(rename = "version")]
    number: u64,
    #[serde(default)]
    effective_from: Option<String>,
    #[serde(default)]
    why: Option<String>,
    #[serde(default)]
    who: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
    program: Raw,
}

#[derive(Debug, Deserialize)]
struct Published {
    #[serde(rename = "version")]
    number: u64,
    #[serde(rename = "effectiveFrom")]
    effective_from: String,
}

/// A time, or one that lies so far from now.
pub(crate) fn read_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let span: Span = text.strip_prefix("in ").unwrap_or(text).parse().map_err(|_| {
        "expected a time such as 2026-12-01T00:00:00Z, `in 2 hours` or `7 days ago`".to_owned()
    })?;
    let moved = Timestamp::now().to_zoned(TimeZone::UTC).checked_add(span);
    moved.map(|time| time.timestamp()).map_err(|error| error.to_string())
}

/// Runs `accolade program`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    match arguments.command {
        ProgramCommand::Check { files, json } => check_all(&files, json),
        ProgramCommand::Publish(publish) => self::publish(place, &publish).await,
        ProgramCommand::Simulate(arguments) => simulate::run(place, &arguments).await,
        ProgramCommand::Rollback(arguments) => rollback::run(place, &arguments).await,
        ProgramCommand::Diff { old, new, operator, json } => {
            diff(place, &old, &new, operator.as_deref(), json).await
        }
        ProgramCommand::Show { operator, version, json } => {
            client::with(place, IfMissing::Complain, async |client| {
                show(client, &operator, version, json).await
            })
            .await
        }
    }
}

fn check_all(files: &[PathBuf], json: bool) -> anyhow::Result<Ended> {
    let mut errors = 0;
    for file in files {
        let source = Source::read(file)?;
        let checked = source.check();
        if json {
            say(in_json(&source.name, &checked))?;
            errors += checked.as_ref().err().map_or(0, Vec::len);
            continue;
        }
        match checked {
            Ok(Checked { currency, tests, .. }) => {
                let plural = if tests == 1 { "test passes" } else { "tests pass" };
                say(format_args!("{}: ok; counts in {currency}, {tests} {plural}", source.name))?;
            }
            Err(lines) => {
                errors += lines.len();
                lines.iter().try_for_each(say)?;
            }
        }
    }
    if errors == 0 {
        return Ok(Ended::Well);
    }
    note(format_args!("{errors} {}", if errors == 1 { "error" } else { "errors" }));
    Ok(Ended::Badly)
}

fn in_json(file: &str, checked: &Result<Checked, Vec<String>>) -> serde_json::Value {
    match checked {
        Ok(Checked { currency, tests, .. }) => {
            json!({ "file": file, "ok": true, "currency": currency, "tests": tests, "errors": [] })
        }
        Err(errors) => json!({ "file": file, "ok": false, "errors": errors }),
    }
}

fn change_in_json(change: &Change) -> serde_json::Value {
    let Change { pointer, kind, from, to } = change;
    json!({ "pointer": pointer, "kind": kind.code(), "from": from, "to": to })
}

async fn publish(place: &Where, arguments: &PublishArguments) -> anyhow::Result<Ended> {
    let source = Source::read(&arguments.file)?;
    let checked = match source.check() {
        Ok(checked) => checked,
        Err(lines) => {
            lines.iter().for_each(note);
            note("nothing was published");
            return Ok(Ended::Badly);
        }
    };
    client::with(place, IfMissing::Complain, async |client| {
        let operator = &arguments.operator;
        let latest = version(client, operator, None).await?;
        let mut changes = Vec::new();
        if let Some(latest) = &latest {
            changes = program::diff(&latest.document()?, &checked.document);
            if changes.is_empty() {
                told_nothing_to_publish(latest.number, arguments.json)?;
                return Ok(Ended::Well);
            }
        }
        if !arguments.json {
            tell_changes(operator, latest.as_ref(), &changes)?;
        }
        let latest = latest.map_or(0, |latest| latest.number);
        let edited_from = arguments.edited_from.unwrap_or(latest);
        let mut body = json!({ "why": arguments.why, "program": source.text });
        if let Some(time) = arguments.effective_from {
            body["effectiveFrom"] = json!(time.to_string());
        }
        let path = with_dry_run("/api/v1/program/versions", arguments.dry_run);
        let mut ask = Ask::post_json(&path, &body).of(operator);
        if edited_from > 0 {
            ask = ask.if_match(edited_from);
        }
        let answer = client.send(ask).await?;
        if answer.status() == StatusCode::PRECONDITION_FAILED {
            let refused = answer.or_problem().await.err();
            let refused = refused.unwrap_or_else(|| anyhow!("the precondition failed"));
            return Err(refused.context(format!(
                "nothing was published: the latest version of `{operator}` is {latest}, and the file was \
                 edited from {edited_from}; see `accolade program diff {edited_from} latest --operator \
                 {operator}`"
            )));
        }
        let answer = answer.or_problem().await?;
        if arguments.json {
            print_published(&answer.json().await?, arguments.dry_run, &changes)?;
            return Ok(Ended::Well);
        }
        if arguments.dry_run {
            say("the node would publish it; nothing was published")?;
            return Ok(Ended::Well);
        }
        let Published { number, effective_from } = answer.json().await?;
        say(format_args!("published as version {number} of `{operator}`"))?;
        say(format_args!("  for wagers from {effective_from} on, by their own timestamps"))?;
        Ok(Ended::Well)
    })
    .await
}

fn told_nothing_to_publish(latest: u64, json: bool) -> std::io::Result<()> {
    if json {
        let none: [(); 0] = [];
        return say(
            json!({ "published": false, "version": latest, "effectiveFrom": null, "changes": none }),
        );
    }
    say(format_args!("version {latest} says the same: nothing to publish"))
}

/// Says what differs from the latest version.
fn tell_changes(
    operator: &str,
    latest: Option<&Version>,
    changes: &[Change],
) -> std::io::Result<()> {
    match latest {
        None => say(format_args!("the first program of `{operator}`"))?,
        Some(latest) => say(format_args!("changes since version {}", latest.number))?,
    }
    changes.iter().try_for_each(|change| say(format_args!("  {}", printable(&change.to_string()))))
}

fn print_published(
    published: &Published,
    dry_run: bool,
    changes: &[Change],
) -> std::io::Result<()> {
    let Published { number, effective_from } = published;
    let changes: Vec<_> = changes.iter().map(change_in_json).collect();
    say(json!({
        "published": !dry_run,
        "version": number,
        "effectiveFrom": effective_from,
        "changes": changes,
    }))
}

impl Version {
    fn document(&self) -> anyhow::Result<Document> {
        program::read(self.program.text()).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            anyhow!("the published version {} is not understood: {first}", self.number)
        })
    }
}

/// A version, or the latest; nothing where there is none.
async fn version(
    client: &Client,
    operator: &str,
    number: Option<u64>,
) -> anyhow::Result<Option<Version>> {
    let number = match number {
        Some(number) => number,
        None => match latest(client, operator).await? {
            Some(number) => number,
            None => return Ok(None),
        },
    };
    let answer = client.send(Ask::get(&path_of(number)).of(operator)).await?;
    if answer.status() == StatusCode::NOT_FOUND {
        must_have_operator(client, operator).await?;
        return Ok(None);
    }
    answer.or_problem().await?.json().await.map(Some)
}

/// The number of the latest version, whether it has begun or not.
async fn latest(client: &Client, operator: &str) -> anyhow::Result<Option<u64>> {
    #[derive(Deserialize)]
    struct Versions {
        items: Vec<Published>,
    }
    must_have_operator(client, operator).await?;
    let newest = Ask::get("/api/v1/program/versions?limit=1").of(operator);
    let versions: Versions = client.json(newest).await?;
    Ok(versions.items.first().map(|newest| newest.number))
}

async fn must_have_operator(client: &Client, operator: &str) -> anyhow::Result<()> {
    if client.is_remote() {
        // The node itself refuses an operator that the key is not of.
        return Ok(());
    }
    let all: Operators = client.json(Ask::get("/local/operators")).await?;
    if all.items.iter().any(|one| one.id == operator) {
        return Ok(());
    }
    bail!("there is no operator `{operator}`: `accolade operator add {operator}` makes it");
}

fn path_of(number: u64) -> String {
    format!("/api/v1/program/versions/{number}")
}

/// What is missing, in words.
fn which(number: Option<u64>) -> String {
    number.map_or("program yet".to_owned(), |number| format!("version {number}"))
}

async fn show(
    client: &Client,
    operator: &str,
    number: Option<u64>,
    json: bool,
) -> anyhow::Result<Ended> {
    let Some(version) = version(client, operator, number).await? else {
        note(format_args!("`{operator}` has no {}", which(number)));
        return Ok(Ended::Badly);
    };
    if json {
        let answer = client.send(Ask::get(&path_of(version.number)).of(operator)).await?;
        answer.or_problem().await?.print().await?;
        return Ok(Ended::Well);
    }
    let tree = document::read(version.program.text())
        .map_err(|_| anyhow!("the published version is not understood"))?;
    say(format_args!("# Version {} of {operator}", version.number))?;
    for (name, value) in [
        ("effective from", version.effective_from),
        ("published", version.published_at),
        ("by", version.who),
        ("why", version.why),
    ] {
        if let Some(value) = value {
            say(format_args!("# {name}: {}", printable(&value)))?;
        }
    }
    say(format_args!("\n{}", yaml::write(&tree).trim_end()))?;
    Ok(Ended::Well)
}

/// One side of a comparison.
enum Side {
    File(Source),
    Version(Option<u64>),
}

fn side(name: &str) -> anyhow::Result<Side> {
    let is_file = Path::new(name).exists();
    match name.strip_prefix('v').unwrap_or(name).parse() {
        Ok(number) if !is_file => Ok(Side::Version(Some(number))),
        _ if name == "latest" && !is_file => Ok(Side::Version(None)),
        _ => Source::read(Path::new(name)).map(Side::File),
    }
}

async fn diff(
    place: &Where,
    old: &str,
    new: &str,
    operator: Option<&str>,
    json: bool,
) -> anyhow::Result<Ended> {
    let (before, after) = match (side(old)?, side(new)?) {
        (Side::File(old), Side::File(new)) => (old.document()?, new.document()?),
        (old, new) => {
            let operator = operator
                .context("whose version is meant? name the operator with `--operator ID`")?;
            client::with(place, IfMissing::Complain, async |client| {
                Ok((old.document(client, operator).await?, new.document(client, operator).await?))
            })
            .await?
        }
    };
    let changes = program::diff(&before, &after);
    for change in &changes {
        if json {
            say(change_in_json(change))?;
        } else {
            say(printable(&change.to_string()))?;
        }
    }
    if changes.is_empty() && !json {
        say("no difference")?;
    }
    Ok(Ended::Well)
}

impl Source {
    fn document(&self) -> anyhow::Result<Document> {
        program::read(&self.text).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            anyhow!("`{}` is not a document: {first}", self.name)
        })
    }
}

impl Side {
    async fn document(&self, client: &Client, operator: &str) -> anyhow::Result<Document> {
        match self {
            Self::File(source) => source.document(),
            Self::Version(number) => {
                let found = version(client, operator, *number).await?;
                found.with_context(|| format!("`{operator}` has no {}", which(*number)))?.document()
            }
        }
    }
}
