//! Leaderboards that are asked while wagers come in, beside what a Redis does with the same scores.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::Sizes;
use super::connection::Way;
use super::embedded::{Scratch, run};
use super::http::{Ask, Asked, Background, Served, boxed, clients, serve_freely};
use super::load::{Load, Random, player_name};
use super::measures::CHUNK;
use super::report::{Bar, Report};
use super::tournaments::begin_watched;

/// Questions a second in process, and over HTTP.
const RATE: u64 = 20_000;
const HTTP_RATE: u64 = 5_000;
/// Players who are asked for together.
const AT_ONCE: usize = 100;
const KEY: &str = "accolade:bench:leaderboard";
/// How long one connection asks.
const SPAN: Duration = Duration::from_secs(5);

/// One player's line, the first ten, or who is around a player.
struct Questions {
    random: Random,
    players: u64,
}

fn leaderboard(asked: &mut Asked, question: &str) {
    asked.path = format!("/api/v1/tournaments/race-0/leaderboard?{question}");
}

impl Ask for Questions {
    fn next(&mut self, asked: &mut Asked) {
        let player = player_name(self.random.below(self.players));
        match self.random.below(3) {
            0 => leaderboard(asked, &format!("players={player}")),
            1 => leaderboard(asked, "top=10"),
            _ => leaderboard(asked, &format!("around={player}&radius=5")),
        }
    }
}

/// P5: questions about a leaderboard of a million scores while 50,000 wagers a second come in.
pub(crate) fn queries(sizes: &Sizes, report: &mut Report) -> anyhow::Result<()> {
    let scratch = Scratch::new(&sizes.dir, "p5")?;
    let served = serve_freely(&scratch.0, 128)?;
    begin_watched(&served.node, 1)?;
    let scores = sizes.players;
    run(&served.node, &mut Load::new(15, scores).in_turn(), scores, 100_000, CHUNK, 0)?;
    served.get("/api/v1/tournaments/race-0/leaderboard")?;
    let background = Background::begin(&served.node, Load::new(16, scores));
    let questions = |seed: u64| {
        boxed(32, move |number| Questions { random: Random::new(seed + number), players: scores })
    };
    let seconds = sizes.steady_s;
    let within = clients(&served.in_process(), questions(100), RATE, seconds)?;
    let over = clients(&served.in_clear(), questions(200), HTTP_RATE, seconds)?;
    background.end()?;
    let bar = Some(Bar::AtLeast(RATE as f64 * 0.99));
    report.row("P5", format!("in process, of {scores} scores"), within.rate(), "/s", bar);
    report.latencies("P5", "the same, answered", &within.latencies, &[(0.99, 2.0)]);
    report.latencies("P5", "over HTTP at 5,000/s, answered", &over.latencies, &[]);
    let failed = (within.failed + over.failed) as f64;
    report.row("P5", "not answered with 200", failed, "", Some(Bar::AtMost(0.0)));
    one_by_one(&served, scores, report)?;
    served.stop()?;
    match sizes.redis {
        Some(redis) => Redis::connect(redis)?.measure(scores, report),
        None => Ok(()),
    }
}

/// What one who waits for each answer gets, as one of Redis does.
fn one_by_one(served: &Served, scores: u64, report: &mut Report) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rate = |way: Way, question: &dyn Fn(&mut Random) -> String| -> anyhow::Result<f64> {
        runtime.block_on(async {
            let mut connection = way.connect(None).await?;
            let (mut random, mut asked, mut count) = (Random::new(3), Asked::default(), 0_u64);
            let began = Instant::now();
            while began.elapsed() < SPAN {
                leaderboard(&mut asked, &question(&mut random));
                let status = connection.ask(&asked).await?;
                anyhow::ensure!(status == 200, "`{}` is answered with {status}", asked.path);
                count += 1;
            }
            Ok(count as f64 / began.elapsed().as_secs_f64())
        })
    };
    let name = |random: &mut Random| player_name(random.below(scores));
    let one = |random: &mut Random| format!("players={}", name(random));
    let many = |random: &mut Random| {
        let names: Vec<_> = (0..AT_ONCE).map(|_| name(random)).collect();
        format!("players={}", names.join(","))
    };
    let top = |_: &mut Random| "top=10".to_owned();
    for (by, way) in
        [("in process", Served::in_process as fn(&Served) -> Way), ("over HTTP", Served::in_clear)]
    {
        let what = format!("one after the other {by}: a player's line");
        report.row("P5", what, rate(way(served), &one)?, "/s", None);
        let what = format!("one after the other {by}: the first ten");
        report.row("P5", what, rate(way(served), &top)?, "/s", None);
        let what = format!("{AT_ONCE} players at once {by}: lines");
        report.row("P5", what, rate(way(served), &many)? * AT_ONCE as f64, "/s", None);
    }
    Ok(())
}

/// A connection to a Redis.
struct Redis {
    writes: TcpStream,
    reads: BufReader<TcpStream>,
}

impl Redis {
    fn connect(to: SocketAddr) -> anyhow::Result<Self> {
        let writes = TcpStream::connect(to)?;
        writes.set_nodelay(true)?;
        let reads = BufReader::new(writes.try_clone()?);
        Ok(Self { writes, reads })
    }

    /// The same questions about as many scores.
    fn measure(mut self, scores: u64, report: &mut Report) -> anyhow::Result<()> {
        let mut random = Random::new(15);
        for from in (0..scores).step_by(1_000) {
            let mut words = vec!["ZADD".to_owned(), KEY.to_owned()];
            for player in from..scores.min(from + 1_000) {
                words.extend([random.below(1_000_000).to_string(), player_name(player)]);
            }
            self.ask(&[words])?;
        }
        let position = |random: &mut Random| {
            ["ZREVRANK", KEY, &player_name(random.below(scores))].map(str::to_owned)
        };
        let top = |_: &mut Random| ["ZREVRANGE", KEY, "0", "9", "WITHSCORES"].map(str::to_owned);
        let rate = self.rate(1, &mut random, &|random| position(random).to_vec())?;
        report.row("P5", "Redis, one after the other: ZREVRANK", rate, "/s", None);
        let rate = self.rate(1, &mut random, &|random| top(random).to_vec())?;
        report.row("P5", "Redis, one after the other: ZREVRANGE 0 9", rate, "/s", None);
        let rate = self.rate(AT_ONCE, &mut random, &|random| position(random).to_vec())?;
        report.row("P5", format!("Redis, {AT_ONCE} at once: ZREVRANK"), rate, "/s", None);
        self.ask(&[vec!["DEL".to_owned(), KEY.to_owned()]])
    }

    fn rate(
        &mut self,
        at_once: usize,
        random: &mut Random,
        question: &dyn Fn(&mut Random) -> Vec<String>,
    ) -> anyhow::Result<f64> {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < SPAN {
            let questions: Vec<_> = (0..at_once).map(|_| question(random)).collect();
            self.ask(&questions)?;
            count += at_once;
        }
        Ok(count as f64 / began.elapsed().as_secs_f64())
    }

    /// Sends commands together and reads an answer to each.
    fn ask(&mut self, commands: &[Vec<String>]) -> anyhow::Result<()> {
        let mut sent = Vec::new();
        for words in commands {
            write!(sent, "*{}\r\n", words.len())?;
            for word in words {
                write!(sent, "${}\r\n{word}\r\n", word.len())?;
            }
        }
        self.writes.write_all(&sent)?;
        commands.iter().try_for_each(|_| self.answer())
    }

    /// Reads an answer; none of those that are asked for has arrays within arrays.
    fn answer(&mut self) -> anyhow::Result<()> {
        let mut left = 1;
        while left > 0 {
            left -= 1;
            let mut line = String::new();
            anyhow::ensure!(self.reads.read_line(&mut line)? > 0, "Redis closed the connection");
            match line.split_at_checked(1) {
                Some(("*", count)) => left += count.trim().parse::<usize>()?,
                Some(("$", length)) if !length.starts_with('-') => {
                    line.clear();
                    self.reads.read_line(&mut line)?;
                }
                Some((":" | "+" | "$" | "_" | ",", _)) => {}
                _ => anyhow::bail!("Redis answers `{}`", line.trim()),
            }
        }
        Ok(())
    }
}
