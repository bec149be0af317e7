//! `accolade tournament`: which events of players count where, and who is at which position.

mod compare;
mod dry_run;
mod opt_ins;
mod results;
mod terms;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};

use self::terms::Terms;
use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Answer, Ask, Client, IfMissing, With, escaped, with_dry_run};
use crate::positions::{Line, View, query, say_lines};
use crate::terminal::{printable, say};

/// The arguments of `accolade tournament`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: TournamentCommand,
}

#[derive(Debug, Subcommand)]
enum TournamentCommand {
    /// List an operator's tournaments, the newest first
    List {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// In this state alone: draft, recurring, scheduled, filling, live, settling, final or cancelled
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// What was made of this series
        #[arg(long, value_name = "ID")]
        series: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u16,
        /// Print JSON, one tournament a line
        #[arg(long)]
        json: bool,
    },
    /// Show a tournament
    Show(One),
    /// List tournaments of the usual kinds, of which a new one can be made
    Templates {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Print JSON, one template a line
        #[arg(long)]
        json: bool,
    },
    /// Make a tournament, as a draft; with --dry-run it is only checked
    #[command(
        after_help = "Example:\n  accolade tournament add race --operator operator-789 --name 'Weekend race' \\\n    \
                      --query \"SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId\" \\\n    \
                      --starts 2030-11-15T00:00:00Z --ends 2030-11-18T00:00:00Z\n  \
                      accolade tournament add weekly --operator operator-789 --template weekend-slots-race \\\n    \
                      --timezone Europe/Malta --weekly fri,sat@18:00 --lasts 6h"
    )]
    Add {
        /// Its id
        id: String,
        /// A tournament of a usual kind, which fills in what is not said
        #[arg(long, value_name = "TEMPLATE")]
        template: Option<String>,
        #[command(flatten)]
        terms: Box<Terms>,
        #[command(flatten)]
        with: With,
    },
    /// Change a tournament; what is not said stays as it is
    #[command(
        after_help = "Example:\n  accolade tournament change race --operator operator-789 --name 'Long race'"
    )]
    Change {
        /// Its id
        id: String,
        #[command(flatten)]
        terms: Box<Terms>,
        #[command(flatten)]
        with: With,
    },
    /// Let a draft begin when it is time
    Schedule {
        /// Its id
        id: String,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
        #[command(flatten)]
        with: With,
    },
    /// End a live tournament before its time
    End {
        /// Its id
        id: String,
        /// When; in five seconds without
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        with: With,
    },
    /// Cancel a tournament, for good; of a series nothing is made any more
    Cancel {
        /// Its id
        id: String,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        with: With,
    },
    /// Show what a tournament came to: places, what was won, and what has become of it
    Results {
        /// Its id
        id: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// How many places at most
        #[arg(long, value_name = "COUNT", default_value_t = 100)]
        limit: u16,
        /// Of this settlement, 1 for the first; the newest without
        #[arg(long, value_name = "NUMBER")]
        version: Option<u32>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Settle a tournament again, with what came late; with --dry-run it is only said what that would change
    #[command(
        after_help = "Example:\n  accolade tournament resettle race --operator operator-789 --why 'wagers of a cheat were voided' --dry-run"
    )]
    Resettle(results::Resettle),
    /// Let the prizes of a tournament be paid that waits for it
    Approve {
        /// Its id
        id: String,
        /// Which version of the results is approved of; the first without
        #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=101))]
        version: Option<u32>,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        why: Option<String>,
        #[command(flatten)]
        with: With,
    },
    /// Say what has become of a prize
    #[command(
        after_help = "Example:\n  accolade tournament prize race --operator operator-789 --player player-456 --place 3 \\\n    \
                      --state paid --why 'sent on Monday'"
    )]
    Prize {
        /// The tournament's id
        id: String,
        /// The player who has won it
        #[arg(long, value_name = "ID")]
        player: String,
        /// The place at which it was won
        #[arg(long, value_name = "PLACE")]
        place: u32,
        /// paid, failed, retrying or `not_eligible`
        #[arg(long, value_name = "STATE")]
        state: String,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        why: String,
        #[command(flatten)]
        with: With,
    },
    /// Say what a tournament would have come to over a past period
    DryRun(dry_run::Arguments),
    /// Let a player take part in a tournament to which players opt in
    Join(opt_ins::Who),
    /// Let a player out again, before the tournament begins
    Leave(opt_ins::Who),
    /// Show who is at which position
    #[command(
        after_help = "Examples:\n  accolade tournament leaderboard race --operator operator-789 --top 20\n  \
                      accolade tournament leaderboard race --operator operator-789 --around player-456\n  \
                      accolade tournament leaderboard race --operator operator-789 --as-of 2026-11-20T18:00:00Z"
    )]
    Leaderboard {
        /// Its id
        id: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        #[command(flatten)]
        view: View,
        /// As it was at this time [default: as it is]
        #[arg(long, value_name = "TIME")]
        as_of: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Say where another system's list differs from a leaderboard; nothing is changed
    #[command(
        after_help = "Example:\n  accolade tournament compare race old-race.csv --operator operator-789"
    )]
    Compare(compare::Arguments),
}

#[derive(Debug, Args)]
struct One {
    /// Its id
    id: String,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tournament {
    #[serde(rename = "tournamentId")]
    id: String,
    mode: String,
    name: String,
    state: String,
    starts: Option<String>,
    ends: Option<String>,
    query: String,
    next: Vec<Occurrence>,
    /// How far it is with what was played before it was scheduled.
    filling: Option<Filling>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filling {
    batches: u64,
    batches_expected: u64,
    why: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Occurrence {
    #[serde(rename = "tournamentId")]
    id: Option<String>,
    starts: String,
    ends: String,
    is_made: bool,
}

#[derive(Debug, Deserialize)]
struct Templates {
    items: Vec<Usual>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Usual {
    template_id: String,
    name: String,
    description: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Tournament>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Leaderboard {
    state: String,
    is_final: bool,
    players: u64,
    as_of: Option<String>,
    items: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    place: u32,
    player_id: String,
    state: String,
}

/// Runs `accolade tournament`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match arguments.command {
        TournamentCommand::List { operator, state, series, limit, json } => {
            let filters = [("state", state), ("series", series)];
            list(client, &operator, filters, limit, json).await
        }
        TournamentCommand::Templates { operator, json } => templates(client, &operator, json).await,
        TournamentCommand::Show(one) => show(client, &one).await,
        TournamentCommand::Add { id, template, terms, with } => {
            let body = terms.body(Some(&id), template);
            let answer = with.post(client, "/api/v1/tournaments", body).await;
            said(answer.with_context(|| format!("the tournament `{id}` was not made"))?, &with)
                .await
        }
        TournamentCommand::Change { id, terms, with } => {
            let path = with_dry_run(&of(&id, ""), with.dry_run);
            let ask =
                Ask::patch(&path, "application/json", terms.body(None, None)).of(&with.operator);
            let answer = client.send(ask).await?.or_problem().await;
            said(answer.with_context(|| as_it_was(&id))?, &with).await
        }
        TournamentCommand::Schedule { id, why, with } => {
            let body = why.map_or_else(|| json!({}), |why| json!({ "why": why }));
            moved(client, &id, "/schedule", &body, &with).await
        }
        TournamentCommand::End { id, at, why, with } => {
            moved(client, &id, "/end", &json!({ "at": at, "why": why }), &with).await
        }
        TournamentCommand::Cancel { id, why, with } => {
            moved(client, &id, "/cancel", &json!({ "why": why }), &with).await
        }
        TournamentCommand::Results { id, operator, limit, version, json } => {
            results::show(client, &id, &operator, (limit, version), json).await
        }
        TournamentCommand::Resettle(resettle) => results::resettle(client, resettle).await,
        TournamentCommand::Approve { id, version, why, with } => {
            let said = [("version", json!(version)), ("why", json!(why))];
            let said = said.into_iter().filter(|(_, it)| !it.is_null());
            let body: Value = said.collect();
            moved(client, &id, "/approve", &body, &with).await
        }
        TournamentCommand::Prize { id, player, place, state, why, with } => {
            let body = json!({ "tournamentId": id, "place": place, "state": state, "why": why });
            let path = format!("/api/v1/players/{}/prizes", escaped(&player));
            let answer = with.post(client, &path, body.to_string()).await;
            changed(answer.context("the prize is as it was")?, &with).await
        }
        TournamentCommand::DryRun(arguments) => dry_run::run(client, &arguments).await,
        TournamentCommand::Join(player) => opt_ins::say_so(client, player, "in").await,
        TournamentCommand::Leave(player) => opt_ins::say_so(client, player, "out").await,
        TournamentCommand::Compare(arguments) => compare::run(client, &arguments).await,
        TournamentCommand::Leaderboard { id, operator, view, as_of, json } => {
            leaderboard(client, &id, &operator, wanted(view, as_of), json).await
        }
    })
    .await
}

fn of(id: &str, what: &str) -> String {
    format!("/api/v1/tournaments/{}{what}", escaped(id))
}

fn as_it_was(id: &str) -> String {
    format!("the tournament `{id}` is as it was")
}

async fn moved(
    client: &Client,
    id: &str,
    what: &str,
    body: &Value,
    with: &With,
) -> anyhow::Result<Ended> {
    let answer = with.post(client, &of(id, what), body.to_string()).await;
    said(answer.with_context(|| as_it_was(id))?, with).await
}

async fn said(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let tournament: Tournament = answer.json().await?;
    if with.dry_run {
        say("the node would do it; nothing was changed")?;
        return Ok(Ended::Well);
    }
    say(line(&tournament))?;
    Ok(Ended::Well)
}

fn line(tournament: &Tournament) -> String {
    let Tournament { id, mode, name, state, .. } = tournament;
    let of = if mode == "shadow" { " (shadow)" } else { "" };
    let when = match (&tournament.starts, &tournament.ends, tournament.next.first()) {
        (Some(starts), Some(ends), _) => format!("{starts} to {ends}"),
        (_, _, Some(next)) => format!("next {}", next.starts),
        (_, _, None) => "never again".to_owned(),
    };
    format!("{id}  {state}{of}  {when}  {}", printable(name))
}

async fn list(
    client: &Client,
    operator: &str,
    filters: [(&str, Option<String>); 2],
    limit: u16,
    json: bool,
) -> anyhow::Result<Ended> {
    let filters = filters.into_iter();
    let filters = filters.filter_map(|(name, it)| Some(format!("&{name}={}", escaped(&it?))));
    let filters: String = filters.collect();
    let ask = Ask::get(&format!("/api/v1/tournaments?limit={limit}{filters}")).of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Page { items, next_cursor } = answer.json().await?;
    if items.is_empty() {
        say("no tournaments: `accolade tournament add` makes one")?;
    }
    for tournament in items {
        say(line(&tournament))?;
    }
    if next_cursor.is_some() {
        say("there are more: say a greater `--limit`")?;
    }
    Ok(Ended::Well)
}

async fn show(client: &Client, one: &One) -> anyhow::Result<Ended> {
    let ask = Ask::get(&of(&one.id, "")).of(&one.operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if one.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let tournament: Tournament = answer.json().await?;
    say(line(&tournament))?;
    say(printable(&tournament.query))?;
    if let Some(Filling { batches, batches_expected, why }) = tournament.filling {
        let why = why.map(|why| format!(": {}", printable(&why))).unwrap_or_default();
        say(format_args!("{batches} of {batches_expected} batches are read{why}"))?;
    }
    for Occurrence { id, starts, ends, is_made } in tournament.next {
        let made = if is_made { "made" } else { "to come" };
        say(format_args!("{}  {made}  {starts} to {ends}", id.unwrap_or_default()))?;
    }
    Ok(Ended::Well)
}

async fn templates(client: &Client, operator: &str, json: bool) -> anyhow::Result<Ended> {
    let ask = Ask::get("/api/v1/tournament-templates").of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Templates { items } = answer.json().await?;
    for Usual { template_id, name, description } in items {
        say(format_args!("{template_id}  {}: {}", printable(&name), printable(&description)))?;
    }
    Ok(Ended::Well)
}

async fn changed(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Changed { place, player_id, state } = answer.json().await?;
    if with.dry_run {
        say("the node would do it; nothing was changed")?;
        return Ok(Ended::Well);
    }
    say(format_args!("place {place} of {}: {state}", printable(&player_id)))?;
    Ok(Ended::Well)
}

/// What is asked for, with the time of which it is.
fn wanted(view: View, as_of: Option<String>) -> Vec<(&'static str, String)> {
    let time = as_of.map(|time| ("asOf", escaped(&time)));
    view.said().into_iter().chain(time).collect()
}

async fn leaderboard(
    client: &Client,
    id: &str,
    operator: &str,
    said: Vec<(&str, String)>,
    json: bool,
) -> anyhow::Result<Ended> {
    let ask = Ask::get(&of(id, &format!("/leaderboard{}", query(said)))).of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Leaderboard { state, is_final, players, as_of, items } = answer.json().await?;
    let changes = match as_of {
        _ if is_final => "no position changes any more".to_owned(),
        Some(time) => format!("as it was at {}", printable(&time)),
        None => "as it is now".to_owned(),
    };
    say(format_args!("{state}, {players} players, {changes}"))?;
    say_lines(&items)?;
    Ok(Ended::Well)
}
