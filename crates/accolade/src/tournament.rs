//! `accolade tournament`: which events of players count where, and who is at which position.

mod dry_run;
mod opt_ins;

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
        /// In this state alone: draft, scheduled, live, settling, final or cancelled
        #[arg(long, value_name = "STATE")]
        state: Option<String>,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u16,
        /// Print JSON, one tournament a line
        #[arg(long)]
        json: bool,
    },
    /// Show a tournament
    Show(One),
    /// Make a tournament, as a draft; with --dry-run it is only checked
    #[command(
        after_help = "Example:\n  accolade tournament add race --operator operator-789 --name 'Weekend race' \\\n    \
                      --query \"SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId\" \\\n    \
                      --starts 2030-11-15T00:00:00Z --ends 2030-11-18T00:00:00Z"
    )]
    Add {
        /// Its id
        id: String,
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
    /// Cancel a tournament, for good
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
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Let the prizes of a tournament be paid that waits for it
    Approve {
        /// Its id
        id: String,
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
                      accolade tournament leaderboard race --operator operator-789 --around player-456"
    )]
    Leaderboard {
        /// Its id
        id: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        #[command(flatten)]
        view: View,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
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

/// Which positions.
#[derive(Debug, Args)]
struct View {
    /// So many positions; 10 without
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["around", "players"])]
    top: Option<u32>,
    /// From this position on
    #[arg(long, value_name = "POSITION", conflicts_with_all = ["around", "players"])]
    from: Option<u32>,
    /// This player, and who is near
    #[arg(long, value_name = "PLAYER", conflicts_with = "players")]
    around: Option<String>,
    /// So many before and behind; 5 without
    #[arg(long, value_name = "COUNT", requires = "around")]
    radius: Option<u32>,
    /// A player, as far as there is a position
    #[arg(long = "player", value_name = "PLAYER")]
    players: Vec<String>,
}

#[derive(Debug, Args)]
struct Terms {
    /// What players call it
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// What there is to say about it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Which events count, and how, as a statement of SQL
    #[arg(long, value_name = "SQL")]
    query: Option<String>,
    /// How they count, where the statement does not say so, such as `SUM(wagerAmount)`
    #[arg(long, value_name = "SQL", requires = "query")]
    score: Option<String>,
    /// The first moment of which events count
    #[arg(long, value_name = "TIME")]
    starts: Option<String>,
    /// The first moment of which they do not any more
    #[arg(long, value_name = "TIME")]
    ends: Option<String>,
    /// The zone of days and hours in the query, such as `Europe/Malta`
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// For so many seconds after the end events from before it still count
    #[arg(long, value_name = "SECONDS")]
    grace: Option<u32>,
    /// The most that one event counts
    #[arg(long, value_name = "SCORE", value_parser = score)]
    cap: Option<Box<RawValue>>,
    /// The most that a player's events of one hour count together, of a sum
    #[arg(long, value_name = "SCORE", value_parser = score)]
    cap_per_hour: Option<Box<RawValue>>,
    /// The most that a player's events of one day count together, of a sum
    #[arg(long, value_name = "SCORE", value_parser = score)]
    cap_per_day: Option<Box<RawValue>>,
    /// Who is ahead with an equal score: first, mostEvents, fewestEvents or shared
    #[arg(long, value_name = "HOW")]
    ties: Option<String>,
    /// With fewer events a player has no position
    #[arg(long, value_name = "COUNT")]
    events_min: Option<u32>,
    /// So many positions are shown to players
    #[arg(long, value_name = "COUNT")]
    public_positions: Option<u32>,
    /// Whether players see each other's names masked
    #[arg(long, value_name = "true|false")]
    masked: Option<bool>,
    /// How often those who watch the leaderboard are told what has changed: realTime, 10s or 1m
    #[arg(long, value_name = "HOW")]
    cadence: Option<String>,
    /// What some places win: `1=3000` and `2-10=50` points each, `2-10=pool:1500` together, `10%=voucher:a cup of tea` a thing;
    /// as often as there are prizes
    #[arg(long = "prize", value_name = "PLACES=WIN", value_parser = prize)]
    prizes: Vec<Prize>,
    /// Whether a person has to approve of the results before prizes are paid
    #[arg(long, value_name = "true|false")]
    approval: Option<bool>,
    /// Whether whoever asks sees the public positions, with all names masked
    #[arg(long, value_name = "true|false")]
    public: Option<bool>,
    /// Whether only events of players count who have opted in before
    #[arg(long, value_name = "true|false")]
    opt_in: Option<bool>,
    /// So many players can take part, of those who opt in
    #[arg(long, value_name = "COUNT")]
    participants_max: Option<u32>,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
}

/// A prize, as a body says it.
#[derive(Debug, Clone)]
struct Prize(Box<RawValue>);

/// Reads a prize; numbers stay as they are, digit by digit.
fn prize(text: &str) -> Result<Prize, String> {
    let wrong = || "expected places and what they win, such as `1=3000`, `2-10=pool:1500` or `10%=voucher:tea`";
    let number = |text: &str| Some(text.to_owned()).filter(|text| text.parse::<f64>().is_ok());
    let read = || {
        let (places, win) = text.split_once('=')?;
        let places = match (places.strip_suffix('%'), places.split_once('-')) {
            (Some(share), _) => format!("\"topPercent\":{}", number(share)?),
            (None, Some((from, to))) => {
                let [from, to] = [from, to].map(|place| place.parse::<u32>().ok());
                format!("\"from\":{},\"to\":{}", from?, to?)
            }
            (None, None) => format!("\"from\":{}", places.parse::<u32>().ok()?),
        };
        let win = match win.split_once(':') {
            Some(("pool", points)) => format!("\"pool\":{}", number(points)?),
            Some((kind, name)) => format!("\"thing\":{}", json!({ "kind": kind, "name": name })),
            None => format!("\"points\":{}", number(win)?),
        };
        RawValue::from_string(format!("{{{places},{win}}}")).ok().map(Prize)
    };
    read().ok_or_else(|| wrong().to_owned())
}

fn score(text: &str) -> Result<Box<RawValue>, String> {
    let is_number = text.parse::<f64>().is_ok_and(|number| number > 0.0);
    let number = RawValue::from_string(text.to_owned()).ok().filter(|_| is_number);
    number.ok_or_else(|| "expected a number such as `100` or `0.5`".to_owned())
}

impl Terms {
    /// What is said, with caps and prizes digit by digit.
    fn body(self, id: Option<&str>) -> String {
        let texts = [
            ("id", id.map(str::to_owned)),
            ("name", self.name),
            ("description", self.description),
            ("query", self.query),
            ("score", self.score),
            ("starts", self.starts),
            ("ends", self.ends),
            ("timezone", self.timezone),
            ("ties", self.ties),
            ("cadence", self.cadence),
            ("why", self.why),
        ];
        let numbers = [
            ("graceSeconds", self.grace),
            ("eventsMin", self.events_min),
            ("publicPositions", self.public_positions),
            ("participantsMax", self.participants_max),
        ];
        let mut body = Map::new();
        let texts = texts.into_iter().filter_map(|(name, text)| Some((name, json!(text?))));
        let numbers = numbers.into_iter().filter_map(|(name, it)| Some((name, json!(it?))));
        body.extend(texts.chain(numbers).map(|(name, value)| (name.to_owned(), value)));
        let flags = [
            ("masked", self.masked),
            ("approval", self.approval),
            ("public", self.public),
            ("optIn", self.opt_in),
        ];
        let flags = flags.into_iter().filter_map(|(name, it)| Some((name, json!(it?))));
        body.extend(flags.map(|(name, value)| (name.to_owned(), value)));
        let mut said = Value::Object(body).to_string();
        let prizes: Vec<&str> = self.prizes.iter().map(|Prize(prize)| prize.get()).collect();
        let prizes = Some(prizes.join(",")).filter(|prizes| !prizes.is_empty());
        let exact = [
            ("cap", self.cap.map(|cap| cap.to_string())),
            ("capPerHour", self.cap_per_hour.map(|cap| cap.to_string())),
            ("capPerDay", self.cap_per_day.map(|cap| cap.to_string())),
            ("prizes", prizes.map(|prizes| format!("[{prizes}]"))),
        ];
        for (name, value) in exact {
            let Some(value) = value else { continue };
            let comma = if said == "{}" { "" } else { "," };
            said = format!("{{\"{name}\":{value}{comma}{}", &said[1..]);
        }
        said
    }
}

impl View {
    /// The query that asks for it.
    fn query(self) -> String {
        let Self { top, from, around, radius, players } = self;
        let players: Vec<String> = players.iter().map(|player| escaped(player)).collect();
        let players = Some(players.join(",")).filter(|players| !players.is_empty());
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let said = [
            ("top", number(top)),
            ("from", number(from)),
            ("around", around.map(|player| escaped(&player))),
            ("radius", number(radius)),
            ("players", players),
        ];
        let said = said.into_iter().filter_map(|(name, it)| Some(format!("{name}={}", it?)));
        let said: Vec<String> = said.collect();
        if said.is_empty() { String::new() } else { format!("?{}", said.join("&")) }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tournament {
    #[serde(rename = "tournamentId")]
    id: String,
    name: String,
    state: String,
    starts: String,
    ends: String,
    query: String,
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
    items: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    position: u64,
    player_id: String,
    score: Raw,
    events: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    state: String,
    players: u64,
    places: u32,
    points: Raw,
    things: u32,
    approval: bool,
    approved_at: Option<String>,
    paid_at: Option<String>,
    hash: String,
    items: Vec<Winner>,
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Winner {
    place: u32,
    position: u64,
    player_id: String,
    score: Raw,
    points: Raw,
    thing: Option<Thing>,
    state: String,
}

#[derive(Debug, Deserialize)]
struct Thing {
    name: String,
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
        TournamentCommand::List { operator, state, limit, json } => {
            list(client, &operator, state, limit, json).await
        }
        TournamentCommand::Show(one) => show(client, &one).await,
        TournamentCommand::Add { id, terms, with } => {
            let answer = with.post(client, "/api/v1/tournaments", terms.body(Some(&id))).await;
            said(answer.with_context(|| format!("the tournament `{id}` was not made"))?, &with)
                .await
        }
        TournamentCommand::Change { id, terms, with } => {
            let path = with_dry_run(&of(&id, ""), with.dry_run);
            let ask = Ask::patch(&path, "application/json", terms.body(None)).of(&with.operator);
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
        TournamentCommand::Results { id, operator, limit, json } => {
            results(client, &id, &operator, limit, json).await
        }
        TournamentCommand::Approve { id, why, with } => {
            let body = why.map_or_else(|| json!({}), |why| json!({ "why": why }));
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
        TournamentCommand::Leaderboard { id, operator, view, json } => {
            leaderboard(client, &id, &operator, view, json).await
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
    let Tournament { id, name, state, starts, ends, .. } = tournament;
    format!("{id}  {state}  {starts} to {ends}  {}", printable(name))
}

async fn list(
    client: &Client,
    operator: &str,
    state: Option<String>,
    limit: u16,
    json: bool,
) -> anyhow::Result<Ended> {
    let state = state.map(|state| format!("&state={}", escaped(&state))).unwrap_or_default();
    let ask = Ask::get(&format!("/api/v1/tournaments?limit={limit}{state}")).of(operator);
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
    Ok(Ended::Well)
}

async fn results(
    client: &Client,
    id: &str,
    operator: &str,
    limit: u16,
    json: bool,
) -> anyhow::Result<Ended> {
    let ask = Ask::get(&of(id, &format!("/results?limit={limit}"))).of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let results: Results = answer.json().await?;
    let Results { state, players, places, points, things, hash, items, .. } = results;
    let pays = match (results.paid_at, results.approval, results.approved_at) {
        (Some(at), ..) => format!("paid at {at}"),
        (None, true, None) => "waits for approval: `accolade tournament approve`".to_owned(),
        (None, ..) => "prizes are being paid".to_owned(),
    };
    say(format_args!("{state}, {players} players, {places} places, {pays}"))?;
    say(format_args!("{} points and {things} things are won, hash {hash}", points.text()))?;
    let width = items.iter().map(|place| place.player_id.chars().count()).max().unwrap_or(0);
    for Winner { place, position, player_id, score, points, thing, state } in items {
        let player = printable(&player_id);
        let thing = thing.map(|thing| format!(" and {}", printable(&thing.name)));
        let (score, points, thing) = (score.text(), points.text(), thing.unwrap_or_default());
        say(format_args!(
            "{place:>6}  {position:>6}.  {player:<width$}  {score}  {points}{thing}  {state}"
        ))?;
    }
    if results.next_cursor.is_some() {
        say("there are more: say a greater `--limit`")?;
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

async fn leaderboard(
    client: &Client,
    id: &str,
    operator: &str,
    view: View,
    json: bool,
) -> anyhow::Result<Ended> {
    let ask = Ask::get(&of(id, &format!("/leaderboard{}", view.query()))).of(operator);
    let answer = client.send(ask).await?.or_problem().await?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Leaderboard { state, is_final, players, items } = answer.json().await?;
    let changes = if is_final { "no position changes any more" } else { "as it is now" };
    say(format_args!("{state}, {players} players, {changes}"))?;
    let width = items.iter().map(|line| line.player_id.chars().count()).max().unwrap_or(0);
    for Line { position, player_id, score, events } in items {
        let player = printable(&player_id);
        say(format_args!("{position:>6}  {player:<width$}  {}  {events} events", score.text()))?;
    }
    Ok(Ended::Well)
}
