//! `accolade reward`: what points are redeemed for.

use accolade_domain::amount::Points;
use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Answer, Ask, Client, IfMissing, With, escaped, with_dry_run};
use crate::shapes::Raw;
use crate::terminal::{printable, say};

/// The arguments of `accolade reward`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: RewardCommand,
}

#[derive(Debug, Subcommand)]
enum RewardCommand {
    /// List an operator's rewards that are not withdrawn
    List {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Print JSON, one reward a line
        #[arg(long)]
        json: bool,
    },
    /// Show a reward, and what is in stock of it
    Show(One),
    /// Add a reward
    #[command(
        after_help = "Example:\n  accolade reward add ten-spins --operator operator-789 --name 'Ten free spins' \\\n    \
                      --points 500 --kind spins --limit 1/day"
    )]
    Add {
        /// Its id
        id: String,
        #[command(flatten)]
        terms: Box<Terms>,
        #[command(flatten)]
        with: With,
    },
    /// Change a reward; what is not said stays as it is
    #[command(
        after_help = "Example:\n  accolade reward change ten-spins --operator operator-789 --points 450"
    )]
    Change {
        /// Its id
        id: String,
        #[command(flatten)]
        terms: Box<Terms>,
        #[command(flatten)]
        with: With,
    },
    /// Have nobody redeem a reward any more, for ever
    Withdraw {
        /// Its id
        id: String,
        #[command(flatten)]
        with: With,
    },
    /// Put something into the stock of a reward, or take it out
    #[command(
        after_help = "Example:\n  accolade reward restock mug 100 --operator operator-789 --why 'the second delivery'"
    )]
    Restock {
        /// Its id
        id: String,
        /// How many; less than 0 to take some out
        #[arg(allow_hyphen_values = true)]
        by: i64,
        /// Why, in words
        #[arg(long, value_name = "TEXT", default_value = "")]
        why: String,
        #[command(flatten)]
        with: With,
    },
    /// Show what a reward was, and who changed it
    History(One),
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

#[derive(Debug, Args)]
struct Terms {
    /// What players call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The address of a picture, of https
    #[arg(long, value_name = "ADDRESS")]
    picture: Option<String>,
    /// Its price
    #[arg(long, value_name = "POINTS", value_parser = price)]
    points: Option<Box<RawValue>>,
    /// What kind of thing it is, such as `cash`, `voucher` or `crypto`
    #[arg(long, value_name = "TEXT")]
    kind: Option<String>,
    /// What it is worth, such as `0.005 ETH`
    #[arg(long, value_name = "AMOUNT CURRENCY", value_parser = worth)]
    value: Option<Value>,
    /// From when on it can be redeemed
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// From when on it cannot any more
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// A tier that it is for, in place of those before
    #[arg(long = "tier", value_name = "NAME")]
    tiers: Vec<String>,
    /// A segment that it is for, in place of those before
    #[arg(long = "segment", value_name = "NAME")]
    segments: Vec<String>,
    /// A jurisdiction that it is for, in place of those before
    #[arg(long = "jurisdiction", value_name = "NAME")]
    jurisdictions: Vec<String>,
    /// How often a player may redeem it, such as `1/day`: per day, week, month, year or ever
    #[arg(long, value_name = "COUNT/PERIOD", value_parser = limit)]
    limit: Option<Value>,
    /// Whether there are only so many as are put into its stock
    #[arg(long, value_name = "true|false")]
    stocked: Option<bool>,
}

fn price(text: &str) -> Result<Box<RawValue>, String> {
    let wrong = || "expected points such as `12.50`".to_owned();
    Points::parse(text).map_err(|_| wrong())?;
    RawValue::from_string(text.to_owned()).map_err(|_| wrong())
}

fn worth(text: &str) -> Result<Value, String> {
    let (amount, currency) =
        text.split_once(' ').ok_or("expected an amount and a currency such as `0.005 ETH`")?;
    Ok(json!({ "amount": amount, "currency": currency }))
}

fn limit(text: &str) -> Result<Value, String> {
    let wrong = "expected a limit such as `1/day`";
    let (count, per) = text.split_once('/').ok_or(wrong)?;
    let count: u32 = count.parse().map_err(|_| wrong)?;
    Ok(json!({ "count": count, "per": per }))
}

impl Terms {
    /// What is said, with points digit by digit.
    fn body(self, id: Option<&str>) -> String {
        let Self { name, description, picture, points, kind, value, from, until, .. } = self;
        let texts = [
            ("id", id.map(str::to_owned)),
            ("name", name),
            ("description", description),
            ("picture", picture),
            ("kind", kind),
            ("from", from),
            ("until", until),
        ];
        let lists = [
            ("tiers", self.tiers),
            ("segments", self.segments),
            ("jurisdictions", self.jurisdictions),
        ];
        let mut body = Map::new();
        let said = texts.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        body.extend(said.map(|(name, text)| (name.to_owned(), text)));
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty());
        body.extend(lists.map(|(name, list)| (name.to_owned(), json!(list))));
        body.extend(value.map(|value| ("value".to_owned(), value)));
        body.extend(self.limit.map(|limit| ("limit".to_owned(), limit)));
        body.extend(self.stocked.map(|stocked| ("stocked".to_owned(), json!(stocked))));
        let rest = Value::Object(body).to_string();
        let Some(points) = points else { return rest };
        let comma = if rest == "{}" { "" } else { "," };
        format!("{{\"points\":{points}{comma}{}", &rest[1..])
    }
}

#[derive(Debug, Deserialize)]
struct Reward {
    id: String,
    name: String,
    points: Raw,
    kind: String,
    stocked: bool,
    withdrawn: bool,
}

#[derive(Debug, Deserialize)]
struct Stock {
    left: u64,
    taken: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Restocked {
    by: i64,
    left: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Said {
    at: String,
    who: String,
    reward: Reward,
}

#[derive(Debug, Deserialize)]
struct Listed<T> {
    items: Vec<T>,
}

/// Runs `accolade reward`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match arguments.command {
        RewardCommand::List { operator, json } => list(client, &operator, json).await,
        RewardCommand::Show(one) => show(client, &one).await,
        RewardCommand::Add { id, terms, with } => {
            let answer = with.post(client, "/api/v1/rewards", terms.body(Some(&id))).await;
            said(answer.with_context(|| format!("the reward `{id}` was not added"))?, &with).await
        }
        RewardCommand::Change { id, terms, with } => {
            changed(client, &id, terms.body(None), &with).await
        }
        RewardCommand::Withdraw { id, with } => {
            changed(client, &id, json!({ "withdrawn": true }).to_string(), &with).await
        }
        RewardCommand::Restock { id, by, why, with } => {
            let body = json!({ "by": by, "why": why }).to_string();
            let answer = with.post(client, &of(&id, "/stock"), body).await;
            restocked(answer.with_context(|| format!("the stock of `{id}` is as it was"))?, &with)
                .await
        }
        RewardCommand::History(one) => history(client, &one).await,
    })
    .await
}

fn of(id: &str, what: &str) -> String {
    format!("/api/v1/rewards/{}{what}", escaped(id))
}

async fn changed(client: &Client, id: &str, body: String, with: &With) -> anyhow::Result<Ended> {
    let path = with_dry_run(&of(id, ""), with.dry_run);
    let ask = Ask::patch(&path, "application/json", body).of(&with.operator);
    let answer = client.send(ask).await?.or_problem().await;
    said(answer.with_context(|| format!("the reward `{id}` was not changed"))?, with).await
}

async fn said(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let reward: Reward = answer.json().await?;
    if with.dry_run {
        say("the node would do it; nothing was changed")?;
        return Ok(Ended::Well);
    }
    say(line(&reward))?;
    Ok(Ended::Well)
}

fn line(reward: &Reward) -> String {
    let Reward { id, name, points, kind, stocked, withdrawn } = reward;
    let state = match (withdrawn, stocked) {
        (true, _) => "  withdrawn",
        (false, true) => "  stocked",
        (false, false) => "",
    };
    let (kind, name) = (printable(kind), printable(name));
    format!("{id}  {}  {kind}  {name}{state}", points.text())
}

async fn restocked(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Restocked { by, left } = answer.json().await?;
    match left {
        _ if with.dry_run => say("the node would do it; nothing was changed")?,
        Some(left) => say(format_args!("{by:+}  {left} left"))?,
        None => say(format_args!("{by:+}  accepted"))?,
    }
    Ok(Ended::Well)
}

async fn list(client: &Client, operator: &str, json: bool) -> anyhow::Result<Ended> {
    let answer = client.send(Ask::get("/api/v1/rewards").of(operator)).await?.or_problem().await?;
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Listed::<Reward> { items } = answer.json().await?;
    if items.is_empty() {
        say("no rewards: `accolade reward add` makes one")?;
    }
    for reward in items {
        say(line(&reward))?;
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
    let reward: Reward = answer.json().await?;
    say(line(&reward))?;
    if reward.stocked {
        let ask = Ask::get(&of(&one.id, "/stock?limit=1")).of(&one.operator);
        let Stock { left, taken } = client.send(ask).await?.or_problem().await?.json().await?;
        say(format_args!("stock  {left} left, {taken} taken"))?;
    }
    Ok(Ended::Well)
}

async fn history(client: &Client, one: &One) -> anyhow::Result<Ended> {
    let ask = Ask::get(&of(&one.id, "/history")).of(&one.operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if one.json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Listed::<Said> { items } = answer.json().await?;
    for Said { at, who, reward } in items {
        say(format_args!("{at}  {}  {}", printable(&who), line(&reward)))?;
    }
    Ok(Ended::Well)
}
