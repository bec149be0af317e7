//! Many dead letters at once: those that a filter lets pass, step by step.

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::How;
use crate::client::{Ask, Client, escaped};
use crate::terminal::{note, say};

/// Letters of one step.
const STEP: usize = 500;

/// Which dead letters are meant.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// Only those that could not be processed for this reason
    #[arg(long)]
    reason: Option<Reason>,
    /// Only inputs of this kind
    #[arg(long)]
    kind: Option<Kind>,
    /// Only those received at this time or later, such as 2026-11-20T10:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Only those received before this time
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Only those whose bytes name this player
    #[arg(long, value_name = "ID")]
    player: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Reason {
    Malformed,
    InFuture,
    TooLate,
    IdConflict,
    OutOfRange,
    Skipped,
    WrongPartition,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Kind {
    Wager,
    GameEvent,
    Command,
    Control,
}

fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

impl Which {
    /// Whether it says anything.
    pub(super) fn is_empty(&self) -> bool {
        let Self { reason, kind, from, to, player } = self;
        reason.is_none() && kind.is_none() && from.is_none() && to.is_none() && player.is_none()
    }

    /// What it adds to a query that has begun.
    pub(super) fn query(&self) -> String {
        let pairs = [
            ("reason", self.reason.map(word)),
            ("kind", self.kind.map(word)),
            ("from", self.from.map(|time| time.to_string())),
            ("to", self.to.map(|time| time.to_string())),
            ("playerId", self.player.clone()),
        ];
        let said = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
        said.fold(String::new(), |query, (name, value)| {
            format!("{query}&{name}={}", escaped(&value))
        })
    }

    /// The same, but of those that are there now.
    pub(super) fn until_now(self) -> Self {
        Self { to: self.to.or_else(|| Some(Timestamp::now())), ..self }
    }
}

/// What is done to them.
#[derive(Debug)]
pub(super) enum Deed<'a> {
    Retry,
    Discard { why: &'a str },
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    matched: usize,
    changed: usize,
    accepted: usize,
    passed_over: usize,
    next_cursor: Option<String>,
}

/// Does it to all that are meant, and says how far it is after each step that is not the last.
pub(super) async fn run(
    client: &Client,
    operator: Option<&str>,
    which: &Which,
    deed: Deed<'_>,
    How { dry_run, json }: How,
) -> anyhow::Result<()> {
    let base = if operator.is_some() { "/api/v1/dead-letters" } else { "/local/dead-letters" };
    let (name, done, body) = match deed {
        Deed::Retry => ("retry", "released", json!({})),
        Deed::Discard { why } => ("discard", "discarded", json!({ "why": why })),
    };
    let dry = if dry_run { "&dryRun=true" } else { "" };
    let path = format!("{base}/{name}?limit={STEP}{}{dry}", which.query());
    let mut all = Step { matched: 0, changed: 0, accepted: 0, passed_over: 0, next_cursor: None };
    loop {
        let cursor = all.next_cursor.take();
        let cursor = cursor.map(|cursor| format!("&cursor={}", escaped(&cursor)));
        let mut ask = Ask::post_json(&format!("{path}{}", cursor.unwrap_or_default()), &body);
        if let Some(operator) = operator {
            ask = ask.of(operator);
        }
        let step: Step = client.json(ask).await?;
        all = Step {
            matched: all.matched + step.matched,
            changed: all.changed + step.changed,
            accepted: all.accepted + step.accepted,
            passed_over: all.passed_over + step.passed_over,
            next_cursor: step.next_cursor,
        };
        if all.next_cursor.is_none() {
            break;
        }
        let would = if dry_run { "would be " } else { "" };
        note(format_args!("{} {would}{done} so far", all.changed));
    }
    if json {
        let Step { matched, changed, accepted, passed_over, .. } = all;
        say(json!({
            "matched": matched,
            "changed": changed,
            "accepted": accepted,
            "passedOver": passed_over,
        }))?;
        return Ok(());
    }
    let letters = if all.matched == 1 { "dead letter" } else { "dead letters" };
    if dry_run {
        say(format_args!("{} {letters} would be {done}; nothing was changed", all.matched))?;
        return Ok(());
    }
    say(format_args!("{} {letters} matched, {} {done}", all.matched, all.changed))?;
    if all.accepted > 0 {
        say(format_args!("  {} more will be: it is durable", all.accepted))?;
    }
    if all.passed_over > 0 {
        say(format_args!("  {} passed over: closed meanwhile, or ended", all.passed_over))?;
    }
    Ok(())
}
