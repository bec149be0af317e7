//! `accolade program rollback`: an earlier version, published again.

use accolade_wire::program;
use anyhow::Context;
use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::{
    Published, path_of, print_published, read_time, tell_changes, told_nothing_to_publish, version,
};
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, IfMissing, with_dry_run};
use crate::terminal::{note, say};

#[derive(Debug, Args)]
#[command(
    long_about = "Publishes the document of an earlier version again, as the operator's next version. What \
                  changes is shown first. Wagers that were decided stay decided. If somebody publishes \
                  meanwhile, nothing is overwritten: the node refuses, and says so.",
    after_help = "Example:\n  accolade program rollback 3 --operator operator-789 --why \"the new caps were \
                  wrong\""
)]
pub(super) struct Arguments {
    /// The number of the version to go back to
    version: u64,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Why, in your words; kept with the version for ever
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// From when on: a time such as 2026-12-01T00:00:00Z, or `in 2 hours` [default: now]
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    effective_from: Option<Timestamp>,
    /// Have the node check everything, and publish nothing
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs `accolade program rollback`.
pub(super) async fn run(place: &Where, arguments: &Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| {
        let (operator, number) = (&arguments.operator, arguments.version);
        let latest = version(client, operator, None).await?;
        let latest = latest.with_context(|| format!("`{operator}` has no program yet"))?;
        let Some(earlier) = version(client, operator, Some(number)).await? else {
            note(format_args!("`{operator}` has no version {number}"));
            return Ok(Ended::Badly);
        };
        let changes = program::diff(&latest.document()?, &earlier.document()?);
        if changes.is_empty() {
            told_nothing_to_publish(latest.number, arguments.json)?;
            return Ok(Ended::Well);
        }
        if !arguments.json {
            tell_changes(operator, Some(&latest), &changes)?;
        }
        let mut body = json!({ "why": arguments.why });
        if let Some(time) = arguments.effective_from {
            body["effectiveFrom"] = json!(time.to_string());
        }
        let path = with_dry_run(&format!("{}/rollback", path_of(number)), arguments.dry_run);
        let ask = Ask::post_json(&path, &body).of(operator).if_match(latest.number);
        let answer = client.send(ask).await?.or_problem().await?;
        if arguments.json {
            print_published(&answer.json().await?, arguments.dry_run, &changes)?;
            return Ok(Ended::Well);
        }
        if arguments.dry_run {
            say("the node would publish it; nothing was published")?;
            return Ok(Ended::Well);
        }
        let Published { number: made, effective_from } = answer.json().await?;
        say(format_args!("version {number} published again as version {made} of `{operator}`"))?;
        say(format_args!("  for wagers from {effective_from} on, by their own timestamps"))?;
        Ok(Ended::Well)
    })
    .await
}
