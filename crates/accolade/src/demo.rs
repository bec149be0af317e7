//! `accolade demo`: a node with two operators and simulated players, to watch and to play with.

mod figures;
mod players;
mod races;
mod screen;
mod traffic;

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use accolade_server::{Front, Keeps, MOVES_EVERY_MS, Settings, local};
use accolade_storage::node::NodeOptions;
use anyhow::{Context, bail};
use clap::Args;
use hyper::StatusCode;
use serde_json::json;
use tokio::sync::watch;

use self::figures::Figures;
use self::players::{GIFT, Gift, HOUSES};
use self::races::Sprint;
use self::screen::{Facts, Screen};
use self::traffic::{SharedFigures, Traffic, lock};
use crate::Ended;
use crate::audit;
use crate::client::{Ask, Client};
use crate::hosting::{Hosted, metrics};
use crate::serve::Listening;
use crate::shapes::NewOperator;
use crate::terminal::{Interrupt, a_second, grouped, say};

/// Keys of the sample operators, in a data directory that is used again.
const KEYS_FILE: &str = "demo-keys.json";
/// How long it runs where nobody watches.
const UNWATCHED_S: u64 = 20;
/// Twice as long as its sprint takes where it runs until somebody ends it.
const ENDLESS_S: u64 = 120;

/// The arguments of `accolade demo`.
#[derive(Debug, Args)]
#[command(
    long_about = "Starts a node with two sample operators and their programs, and some thousand simulated \
                  players who send wagers through its HTTP API: ordinary ones, repeats, voids, and some \
                  that no program counts. Those of `operator-789` rise in tiers and play three tournaments, whose \
                  leaderboards a browser shows. On a terminal it shows what happens until Ctrl-C; elsewhere it \
                  prints a line each second, and ends after 20 seconds with a summary and an audit.\n\n\
                  Without `--data-dir` everything is gone afterwards.",
    after_help = "Examples:\n  accolade demo\n  accolade demo --rate 10000 --seconds 60\n  \
                  accolade demo --data-dir ./demo-data"
)]
pub(crate) struct Arguments {
    /// End after so many seconds; 0 for never [default: never on a terminal, or else 20]
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Players of each operator
    #[arg(long, default_value_t = 3_000, value_name = "N")]
    players: u64,
    /// Wagers a second
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Address and port of the HTTP API [default: 127.0.0.1:8080, or a free port where that is taken]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

/// Runs `accolade demo`; `data_dir` is the one that the caller named.
pub(crate) async fn run(data_dir: Option<PathBuf>, arguments: Arguments) -> anyhow::Result<Ended> {
    let began = Instant::now();
    let interrupt = Interrupt::watch();
    let temporary = match data_dir {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("accolade-demo-").tempdir()?),
    };
    let in_temporary = || temporary.as_ref().map(|folder| folder.path().to_path_buf());
    let data_dir = data_dir.or_else(in_temporary).expect("one of them is there");
    let options = NodeOptions::new(&data_dir);
    let settings = Settings { moves_every_ms: MOVES_EVERY_MS, ..Settings::default() };
    let hosted = Hosted::start(options, settings, metrics()?).await?;
    let (feed, keeps) = (hosted.feed(), Keeps::default());
    let keeping = hosted.service.keep_leaderboards(feed, &hosted.data_dir, keeps)?;
    let client = Client::InProcess(local(hosted.service.clone()));
    let keys = found_houses(&client, &data_dir).await?;
    let listening = listen(&hosted, arguments.listen).await?;

    let api = format!("http://{}", listening.address);
    let seconds = arguments.seconds();
    let lasts = Duration::from_secs(if seconds > 0 { seconds } else { ENDLESS_S });
    let sprint = Sprint::begin(&client, lasts / 2).await?;
    let facts = Facts {
        pages: races::pages(&api, &sprint).collect(),
        api,
        data_dir: data_dir.display().to_string(),
        keys: HOUSES.iter().map(|house| house.operator).zip(keys.clone()).collect(),
    };
    let traffic = Traffic {
        address: listening.address,
        keys,
        rate: arguments.rate,
        players: arguments.players,
    };
    let figures = Arc::new(Mutex::new(Figures::new(began)));
    let (stop, stopped) = watch::channel(false);
    let playing = Instant::now();
    let mut connections = traffic::begin(&traffic, &figures, &stopped);
    let shown = Shown { facts, figures: Arc::clone(&figures), sprint };
    let failure = watch_it(seconds, &shown, &client, &hosted, &interrupt).await?;

    stop.send_replace(true);
    while connections.join_next().await.is_some() {}
    let elapsed = playing.elapsed();
    let verdict = match &failure {
        None => Some(audit::verify(&client).await?),
        Some(_) => None,
    };
    hosted.service.retire();
    listening.end().await;
    tokio::task::spawn_blocking(move || keeping.stop()).await?;
    let stopped = hosted.stop().await;
    if let Some(failure) = failure {
        bail!("the demonstration broke off: {failure}");
    }
    stopped?;
    summarise(&lock(&figures), elapsed)?;
    let verdict = verdict.context("there is no verdict")?;
    say(verdict.in_words())?;
    Ok(if verdict.is_ok() { Ended::Well } else { Ended::Badly })
}

/// Makes the operators and publishes their programs, unless a run before has; their keys.
async fn found_houses(client: &Client, data_dir: &Path) -> anyhow::Result<Vec<String>> {
    let keys_file = data_dir.join(KEYS_FILE);
    if let Ok(text) = std::fs::read_to_string(&keys_file) {
        let keys: BTreeMap<String, String> =
            serde_json::from_str(&text).context("the keys of the demo before cannot be read")?;
        let of = |house: &players::House| keys.get(house.operator).cloned();
        let keys: Option<Vec<String>> = HOUSES.iter().map(of).collect();
        return keys.context("the keys of the demo before are not all there");
    }
    let mut keys = BTreeMap::new();
    for house in &HOUSES {
        let operator = json!({ "operatorId": house.operator });
        let answer = client.send(Ask::post_json("/local/operators", &operator)).await?;
        if answer.status() == StatusCode::CONFLICT {
            bail!(
                "`{}` has the operator `{}` already, and not from a demo: choose another `--data-dir`",
                data_dir.display(),
                house.operator
            );
        }
        let NewOperator { key } = answer.or_problem().await?.json().await?;
        keys.insert(house.operator, key);
        let week_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(7 * 24);
        let version = json!({
            "why": "the sample program",
            "program": house.program,
            "effectiveFrom": week_ago.to_string(),
        });
        let publish = Ask::post_json("/api/v1/program/versions", &version).of(house.operator);
        client.send(publish).await?.or_problem().await?;
        offer(client, house.operator).await?;
    }
    races::found(client).await?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&keys_file)?;
    file.write_all(&serde_json::to_vec_pretty(&keys)?)?;
    Ok(HOUSES.iter().map(|house| keys[house.operator].clone()).collect())
}

/// Puts something into the catalogue that points are redeemed for.
async fn offer(client: &Client, operator: &str) -> anyhow::Result<()> {
    let Gift { id, name, price, stock } = GIFT;
    let reward =
        json!({ "id": id, "name": name, "points": price, "kind": "spins", "stocked": true });
    let add = Ask::post_json("/api/v1/rewards", &reward).of(operator);
    client.send(add).await?.or_problem().await?;
    let stock = json!({ "by": stock, "why": "the season begins" });
    let put_in = Ask::post_json(&format!("/api/v1/rewards/{id}/stock"), &stock).of(operator);
    client.send(put_in).await?.or_problem().await?;
    Ok(())
}

async fn listen(hosted: &Hosted, wanted: Option<SocketAddr>) -> anyhow::Result<Listening> {
    if let Some(address) = wanted {
        return Listening::begin(hosted, address, Front::default(), None).await;
    }
    match Listening::begin(hosted, SocketAddr::from(([127, 0, 0, 1], 8080)), Front::default(), None)
        .await
    {
        Ok(listening) => Ok(listening),
        Err(_) => {
            Listening::begin(hosted, SocketAddr::from(([127, 0, 0, 1], 0)), Front::default(), None)
                .await
        }
    }
}

/// What is shown while it runs.
struct Shown {
    facts: Facts,
    figures: SharedFigures,
    sprint: Sprint,
}

impl Arguments {
    /// How long it runs; 0 for ever.
    fn seconds(&self) -> u64 {
        let unsaid = if io::stdout().is_terminal() { 0 } else { UNWATCHED_S };
        self.seconds.unwrap_or(unsaid)
    }
}

/// Shows what happens until it is time to end; the failure that ended it, if one did.
async fn watch_it(
    seconds: u64,
    shown: &Shown,
    client: &Client,
    hosted: &Hosted,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<String>> {
    let Shown { facts, figures, sprint } = shown;
    let watched = io::stdout().is_terminal();
    let screen = Screen::take();
    if screen.is_none() {
        facts.lines().iter().try_for_each(say)?;
    }
    let began = Instant::now();
    let every = Duration::from_millis(if watched { 250 } else { 1_000 });
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + every, every);
    let mut counts = vec![(Instant::now(), 0)];
    let mut told_first = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = interrupt.come() => return Ok(None),
        }
        if lock(figures).winners.is_none() {
            let winners = sprint.winners(client).await?;
            if let (None, Some(winners)) = (&screen, &winners) {
                say(races::IS_OVER)?;
                winners.iter().try_for_each(|winner| say(format_args!("  {winner}")))?;
            }
            lock(figures).winners = winners;
        }
        let figures = lock(figures);
        counts.push((Instant::now(), figures.answered));
        if counts.len() > 9 {
            counts.remove(0);
        }
        let (since, before) = counts[counts.len().saturating_sub(if watched { 5 } else { 2 })];
        let rate = a_second(figures.answered - before, since.elapsed()).unwrap_or_default();
        let elapsed = began.elapsed();
        match &screen {
            Some(screen) => screen.draw(facts, &figures, rate, elapsed),
            None => print_line(&figures, rate, elapsed, &mut told_first)?,
        }
        if let Some(failure) = figures.failure.clone().or_else(|| hosted.host().status().fatal) {
            return Ok(Some(failure));
        }
        if seconds > 0 && elapsed >= Duration::from_secs(seconds) {
            return Ok(None);
        }
    }
}

fn print_line(
    figures: &Figures,
    rate: u64,
    elapsed: Duration,
    told_first: &mut bool,
) -> io::Result<()> {
    if !*told_first && let Some((after, player, points)) = &figures.first_balance {
        let after = after.as_secs_f64();
        say(format_args!(
            "first balance {after:.2} s after the start: {player} had {points} points"
        ))?;
        *told_first = true;
    }
    // Every other second it is one who has gone to another level, redeems or loses points, where there is one.
    let moved = figures.moves.front().filter(|_| elapsed.as_secs().is_multiple_of(2));
    let latest = moved.or_else(|| figures.latest.front());
    let latest = latest.map(|latest| format!("   {latest}")).unwrap_or_default();
    let (rate, latency) = (grouped(rate), figures.latency());
    say(format_args!(
        "{:>3} s  {rate:>6} wagers/s  sent → applied {latency}{latest}",
        elapsed.as_secs()
    ))
}

fn summarise(figures: &Figures, elapsed: Duration) -> io::Result<()> {
    let rate = a_second(figures.answered, elapsed).unwrap_or_default();
    say(format_args!(
        "{} wagers answered in {:.1} s ({} a second), each durable; sent → applied {}",
        grouped(figures.answered),
        elapsed.as_secs_f64(),
        grouped(rate),
        figures.latency()
    ))?;
    if figures.turned_away > 0 {
        say(format_args!("{} turned away while the node was busy", grouped(figures.turned_away)))?;
    }
    if let Some((after, player, points)) = &figures.first_balance {
        let after = after.as_secs_f64();
        say(format_args!(
            "first balance {after:.2} s after the start: {player} had {points} points"
        ))?;
    }
    say(format_args!("sampled: {}", figures.outcomes().join(", ")))?;
    let levels = figures.levels();
    if !levels.is_empty() {
        say(format_args!("levels of the players sampled: {}", levels.join(", ")))?;
    }
    if figures.redeemed > 0 {
        say(format_args!("{} redeemed, each for {}", grouped(figures.redeemed), GIFT.name))?;
    }
    for line in &figures.moves {
        say(line)?;
    }
    for line in figures.top(5) {
        say(line)?;
    }
    Ok(())
}
