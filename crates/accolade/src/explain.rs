//! `accolade explain`: why a wager earned what it did.

use clap::Args;
use hyper::StatusCode;
use serde::Deserialize;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Ask, Client, IfMissing, escaped, one_line};
use crate::shapes::{Place, Raw};
use crate::terminal::{note, printable, say};

/// The arguments of `accolade explain`.
#[derive(Debug, Args)]
#[command(
    long_about = "Says what became of a wager, stage by stage, with the rule and the version that \
                  decided. The answer comes from what was recorded then, not from today's rules.",
    after_help = "Examples:\n  accolade explain slots-1001\n  \
                  accolade explain slots-1001 --operator operator-789 --json"
)]
pub(crate) struct Arguments {
    /// The wager's id
    wager: String,
    /// The operator; left out, every operator that has such a wager answers
    #[arg(long, value_name = "ID")]
    operator: Option<String>,
    /// The player, where several have a wager of that id
    #[arg(long, value_name = "ID")]
    player: Option<String>,
    /// Print JSON, as each operator that has such a wager answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Explanation {
    outcome: String,
    reason: Option<String>,
    player_id: Option<String>,
    points: Option<Raw>,
    points_balance: Option<Raw>,
    program_version: Option<Raw>,
    multiplier: Option<Raw>,
    place: Option<Place>,
    #[serde(default)]
    stages: Vec<Stage>,
}

#[derive(Debug, Deserialize)]
struct Stage {
    #[serde(rename = "stage")]
    name: String,
    result: Option<Raw>,
    detail: Option<Raw>,
}

/// Runs `accolade explain`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| explain(client, &arguments).await).await
}

async fn explain(client: &Client, arguments: &Arguments) -> anyhow::Result<Ended> {
    let operators = client.operators(arguments.operator.as_deref()).await?;
    let mut path = format!("/api/v1/wagers/{}/explanation", escaped(&arguments.wager));
    if let Some(player) = &arguments.player {
        path = format!("{path}?playerId={}", escaped(player));
    }
    let mut found = 0;
    for operator in &operators {
        let answer = client.send(Ask::get(&path).of_any(operator.as_deref())).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            continue;
        }
        let operator = operator.as_deref().unwrap_or("the operator of the key");
        let body = answer.or_problem().await?.body().await?;
        if arguments.json {
            say(one_line(&String::from_utf8_lossy(&body)))?;
        } else {
            if found > 0 {
                say("")?;
            }
            print(&arguments.wager, operator, &serde_json::from_slice(&body)?)?;
        }
        found += 1;
    }
    if found > 0 {
        return Ok(Ended::Well);
    }
    let wager = printable(&arguments.wager);
    match &operators[..] {
        [] => note("there are no operators yet: `accolade operator add ID` makes one"),
        [Some(operator)] => note(format_args!("the operator `{operator}` has no wager `{wager}`")),
        [None] => note(format_args!("the operator of the key has no wager `{wager}`")),
        _ => note(format_args!("none of the {} operators has a wager `{wager}`", operators.len())),
    }
    Ok(Ended::Badly)
}

fn print(wager: &str, operator: &str, explanation: &Explanation) -> std::io::Result<()> {
    let player =
        explanation.player_id.as_deref().unwrap_or("a player whose name is no longer in the log");
    let (wager, player) = (printable(wager), printable(player));
    say(format_args!("wager {wager} of {player} with {operator}"))?;
    let reason = explanation.reason.iter().map(|reason| format!(" ({reason})"));
    let outcome = explanation.outcome.clone() + &reason.collect::<String>();
    let place = explanation.place.map(|place| place.to_string());
    let rows = [
        ("outcome", Some(outcome)),
        ("points", explanation.points.as_ref().map(ToString::to_string)),
        ("balance", explanation.points_balance.as_ref().map(ToString::to_string)),
        ("program", explanation.program_version.as_ref().map(|version| format!("v{version}"))),
        ("multiplier", explanation.multiplier.as_ref().map(ToString::to_string)),
        ("place", place),
    ];
    for (name, value) in rows {
        if let Some(value) = value.filter(|value| !value.ends_with("null")) {
            say(format_args!("  {name:<11} {value}"))?;
        }
    }
    say("stages")?;
    let width = explanation.stages.iter().map(|stage| stage.name.len()).max().unwrap_or(0).max(11);
    for Stage { name, result, detail } in &explanation.stages {
        let result = result.as_ref().map(ToString::to_string).unwrap_or_default();
        let detail = detail.as_ref().map(ToString::to_string).unwrap_or_default();
        say(format!("  {name:<width$} {result:<12} {detail}").trim_end())?;
    }
    Ok(())
}
