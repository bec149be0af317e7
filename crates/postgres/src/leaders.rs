//! The first of each leaderboard, of tournaments and of games, as they are every few seconds.
//!
//! Each partition has rows of its own: the first hundred of all are among the first hundred of each, so no node asks
//! another, and a view says who has which rank. Who they are, is not in the journal but in the state: players are looked at, all of a partition at
//! once, whenever something has changed and some time has gone by. There is a batch every ten seconds, so nothing has to be waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::civil::begin_of_day;
use accolade_domain::games::{Occurrence, Period};
use accolade_domain::ranking::{Standing, Ties, listed};
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_engine::feed::{Feed, Stands};
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_engine::rules::{Operator, Rules};
use accolade_projections::batch::Held;
use accolade_projections::excluded::Excluded;
use accolade_projections::sink::Step;
use accolade_wire::journal::StoredNotice;
use accolade_wire::notice::games::{GAME_SCORED, GameScored};
use accolade_wire::notice::scores::{SCORED, Scored};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement, Transaction};

use crate::error::Result;
use crate::group::{signed, storable};
use crate::settings::Settings;
use crate::writing::now;

/// So many of each leaderboard have rows.
const LINES_MAX: usize = 100;
/// Leaderboards of a partition that are looked at at once.
const BOARDS_AT_ONCE: usize = 1_000;
/// As many of a partition may wait for that. Beyond, one is looked at with its next change.
const CHANGED_MAX: usize = 100_000;
/// Players that are looked at while the partition waits.
const PLAYERS_AT_ONCE: usize = 2_000;
/// Players who are excluded, or are so no more, of whom all leaderboards are looked at, with one write.
const EXCLUDED_AT_ONCE: usize = 1_000;
/// Of a tournament in the column of periods.
const OF_TOURNAMENT: &str = "tournament";

/// A leaderboard of an operator, by the operator's number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Board {
    operator: u32,
    of: Of,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    /// A tournament, by its number.
    Tournament(u32),
    Game(Box<str>, Occurrence),
}

/// Leaderboards that have changed, by partition.
pub(crate) type Changed = BTreeSet<(u16, Board)>;

/// Adds what a notice says of leaderboards.
pub(crate) fn add_changed(
    to: &mut Changed,
    partition: u16,
    StoredNotice { notice, .. }: &StoredNotice<'_>,
) -> std::result::Result<(), Held> {
    let operator = notice.operator;
    match notice.kind {
        SCORED => {
            let lines = Scored::read(&notice.body)?.lines.into_iter();
            let of = lines.map(|line| Of::Tournament(line.tournament));
            to.extend(of.map(|of| (partition, Board { operator, of })));
        }
        GAME_SCORED => {
            let GameScored { game, lines, .. } = GameScored::read(&notice.body)?;
            let of = lines.iter().map(|line| Of::Game(game.clone(), line.occurrence));
            to.extend(of.map(|of| (partition, Board { operator, of })));
        }
        _ => {}
    }
    Ok(())
}

/// What has to be looked at.
pub(crate) struct Leaders {
    feed: Arc<dyn Feed>,
    every: Duration,
    parts: BTreeMap<u16, Part>,
    rules: Option<Arc<Rules>>,
    /// How often something was said of each tournament, by the numbers of operator and tournament.
    said: BTreeMap<(u32, u32), u32>,
    excluded: Excluded,
}

#[derive(Debug, Default)]
struct Part {
    changed: BTreeSet<Board>,
    /// Those that are being written.
    written: Vec<Board>,
    /// The last that was looked at: others come first.
    last: Option<Board>,
    /// It is not known which have changed.
    is_all: bool,
    looked_at: Option<Instant>,
}

/// The first of leaderboards in a partition.
#[derive(Debug)]
pub(crate) struct Looked {
    partition: u16,
    boards: Vec<Row>,
}

/// One of them, with its columns.
#[derive(Debug)]
struct Row {
    operator: String,
    tournament: Option<String>,
    game: Option<String>,
    period: &'static str,
    expires_at: Option<Timestamp>,
    top: Top,
}

/// The first players so far.
#[derive(Debug)]
struct Top {
    ties: Ties,
    lines: Vec<(Standing, String)>,
}

impl fmt::Debug for Leaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaders").field("parts", &self.parts).finish_non_exhaustive()
    }
}

impl Leaders {
    /// Those of the partitions that `feed` has, looked at so often at most.
    pub(crate) fn new(feed: Arc<dyn Feed>, every: Duration) -> Self {
        let (parts, said, excluded) = (BTreeMap::new(), BTreeMap::new(), Excluded::default());
        Self { feed, every, parts, rules: None, said, excluded }
    }

    /// These partitions are here; all is looked at of those that were not, and of others what was not written.
    pub(crate) fn begin(&mut self, partitions: &[u16]) {
        self.parts.retain(|partition, _| partitions.contains(partition));
        for partition in partitions {
            let all = || Part { is_all: true, ..Part::default() };
            let part = self.parts.entry(*partition).or_insert_with(all);
            part.changed.extend(part.written.drain(..));
        }
    }

    /// What was looked at last is written.
    pub(crate) fn are_written(&mut self) {
        self.parts.values_mut().for_each(|part| part.written.clear());
    }

    /// Takes over what the rules say by now: tournaments of which something else was said are looked at, and new ones, which may
    /// have the id of one that has rows.
    pub(crate) fn follow(&mut self, rules: Arc<Rules>) {
        if self.rules.as_ref().is_some_and(|known| Arc::ptr_eq(known, &rules)) {
            return;
        }
        for operator in rules.operators() {
            for tournament in operator.tournaments.all() {
                let (key, said) = ((operator.number, tournament.number), tournament.edited_from());
                let is_other = self.said.insert(key, said) != Some(said);
                if is_other && self.rules.is_some() {
                    let of = Of::Tournament(tournament.number);
                    let board = Board { operator: operator.number, of };
                    self.parts.values_mut().for_each(|part| part.add(board.clone()));
                }
            }
        }
        self.rules = Some(rules);
    }

    /// What is to be written with these steps, and what they have changed.
    pub(crate) fn look(&mut self, changed: Changed, steps: &[Step]) -> Vec<Looked> {
        for (partition, board) in changed {
            self.parts.entry(partition).or_default().add(board);
        }
        let mut looked = Vec::new();
        for Step { partition, .. } in steps {
            self.follow_exclusions(*partition);
            looked.extend(self.look_at(*partition));
        }
        looked
    }

    /// Leaderboards of those who are excluded, or are so no more, are looked at.
    fn follow_exclusions(&mut self, partition: u16) {
        let part = self.parts.entry(partition).or_default();
        for player in self.excluded.look(&*self.feed, partition, EXCLUDED_AT_ONCE) {
            let told = self.feed.scores(partition, player, 1, &mut |stands| part.add_all(stands));
            if told.is_none() {
                self.excluded.forget(partition);
                return;
            }
        }
    }

    fn look_at(&mut self, partition: u16) -> Option<Looked> {
        let (feed, every) = (Arc::clone(&self.feed), self.every);
        let part = self.parts.entry(partition).or_default();
        let is_due = part.looked_at.is_none_or(|at| at.elapsed() >= every);
        if !is_due || !part.is_all && part.changed.is_empty() {
            return None;
        }
        let rules = feed.rules();
        if part.is_all {
            if !each_player(&*feed, partition, |stands| part.add_all(stands)) {
                return None;
            }
            part.is_all = false;
        }
        part.written = part.next_ones();
        let mut looking = Looking::default();
        for board in &part.written {
            looking.add(&rules, board, now());
        }
        if !each_player(&*feed, partition, |stands| looking.stand(&rules, partition, stands)) {
            // Its next owner looks at all; this one may get it back.
            part.changed.extend(part.written.drain(..));
            return None;
        }
        part.looked_at = Some(Instant::now());
        Some(Looked { partition, boards: looking.rows })
    }
}

impl Part {
    fn add(&mut self, board: Board) {
        if self.changed.len() < CHANGED_MAX {
            self.changed.insert(board);
        }
    }

    /// Takes those that are looked at next, of many some.
    fn next_ones(&mut self) -> Vec<Board> {
        let is_behind = |board: &&Board| self.last.as_ref().is_none_or(|last| *board > last);
        let behind = self.changed.iter().filter(is_behind);
        let before = self.changed.iter().filter(|board| !is_behind(board));
        let next: Vec<Board> = behind.chain(before).take(BOARDS_AT_ONCE).cloned().collect();
        self.last = next.last().cloned();
        for board in &next {
            self.changed.remove(board);
        }
        next
    }

    /// All leaderboards on which a player may be.
    fn add_all(&mut self, stands: &Stands<'_>) {
        let operator = stands.player.operator;
        for (number, _) in stands.scores.all() {
            self.add(Board { operator, of: Of::Tournament(number) });
        }
        for of_game in stands.games.all() {
            let occurrences =
                of_game.tallies().filter_map(|(number, _)| Occurrence::of_number(number));
            for occurrence in occurrences {
                self.add(Board { operator, of: Of::Game(of_game.name().into(), occurrence) });
            }
        }
    }
}

/// Tells of each player of a partition; says whether it is here.
fn each_player(feed: &dyn Feed, partition: u16, mut each: impl FnMut(&Stands<'_>)) -> bool {
    let mut from = 0;
    loop {
        let told = feed.scores(partition, from, PLAYERS_AT_ONCE, &mut each);
        match told {
            None => return false,
            Some(told) if told < PLAYERS_AT_ONCE => return true,
            Some(told) => from += u32::try_from(told).expect("no more than were asked for"),
        }
    }
}

/// Leaderboards that are looked at together.
#[derive(Debug, Default)]
struct Looking {
    rows: Vec<Row>,
    /// Where each is, by the numbers of operator and tournament.
    tournaments: BTreeMap<(u32, u32), usize>,
    /// By the operator's number.
    games: BTreeMap<u32, OfGames>,
}

/// Where each is of an operator's games, with the number of its occurrence.
type OfGames = BTreeMap<Box<str>, Vec<(u32, usize)>>;

impl Looking {
    fn add(&mut self, rules: &Rules, board: &Board, now: Timestamp) {
        let Some(row) = Row::of(rules, board, now) else { return };
        let (at, operator) = (self.rows.len(), board.operator);
        let is_shown = row.expires_at.is_none_or(|until| now < until);
        self.rows.push(row);
        match &board.of {
            Of::Tournament(number) => {
                // Of one that is not shown there are no lines, and what was written goes.
                let of = rules.operator_numbered(operator).filter(|_| is_shown);
                if let Some(newest) = of.and_then(|of| newest(of, *number)) {
                    self.tournaments.insert((operator, newest.number), at);
                }
            }
            Of::Game(game, occurrence) => {
                let of_game =
                    self.games.entry(operator).or_default().entry(game.clone()).or_default();
                of_game.push((occurrence.number(), at));
            }
        }
    }

    /// Puts a player where there is a place.
    fn stand(&mut self, rules: &Rules, partition: u16, stands: &Stands<'_>) {
        if stands.is_excluded {
            return;
        }
        let Self { rows, tournaments, games } = self;
        let player = &stands.player;
        let (operator, subject) = (player.operator, player.subject);
        let all = rules.operator_numbered(operator).map(|known| &known.tournaments);
        for (number, tally) in stands.scores.all() {
            let Some(at) = tournaments.get(&(operator, number)) else { continue };
            let tournament = all.and_then(|all| all.numbered(number));
            let found = tournament.and_then(|it| it.decides().standing(&tally, partition, subject));
            rows[*at].top.put(found, player.player);
        }
        let Some(games) = games.get(&operator) else { return };
        for of_game in stands.games.all() {
            let Some(looked_at) = games.get(of_game.name()) else { continue };
            for (number, tally) in of_game.tallies() {
                let row = looked_at.iter().find(|(other, _)| *other == number);
                let Some((_, at)) = row else { continue };
                let found = standing().decides().standing(&tally, partition, subject);
                rows[*at].top.put(found, player.player);
            }
        }
    }
}

impl Row {
    /// `None` for one of a day or week that is not the present one: its rows expire, or were never there.
    fn of(rules: &Rules, board: &Board, now: Timestamp) -> Option<Self> {
        let operator = rules.operator_numbered(board.operator)?;
        let new = |period, expires_at, ties| Self {
            operator: storable(&operator.id),
            tournament: None,
            game: None,
            period,
            expires_at,
            top: Top { ties, lines: Vec::new() },
        };
        Some(match &board.of {
            Of::Tournament(number) => {
                let tournament = newest(operator, *number)?;
                let (until, ties) = (shown_until(tournament), tournament.decides().ties);
                let id = Some(storable(&tournament.terms().id));
                Self { tournament: id, ..new(OF_TOURNAMENT, Some(until), ties) }
            }
            Of::Game(game, occurrence) => {
                let until = ends(operator, *occurrence, now)?;
                let ties = standing().decides().ties;
                Self { game: Some(storable(game)), ..new(code(occurrence.period()), until, ties) }
            }
        })
    }
}

/// The tournament that has the id of one: that may have been cancelled, and have given it to another.
fn newest(operator: &Operator, number: u32) -> Option<&Arc<Tournament>> {
    let all = &operator.tournaments;
    all.get(&all.numbered(number)?.terms().id)
}

/// Until when a tournament has rows; from the beginning on not, where it does not take place, is not filled yet, or is a shadow,
/// which is shown to staff alone.
fn shown_until(tournament: &Tournament) -> Timestamp {
    let takes_place = tournament.is_scheduled() && !tournament.is_series();
    let is_shown = takes_place && !tournament.is_filling() && !tournament.is_shadow();
    if is_shown { tournament.kept_until() } else { Timestamp::from_micros(0) }
}

/// When a day or week ends, in the operator's zone, if it is the present one; never, for all time.
#[expect(clippy::option_option, reason = "there may be no end, and it may not be the present one")]
fn ends(operator: &Operator, occurrence: Occurrence, now: Timestamp) -> Option<Option<Timestamp>> {
    let Some(days) = occurrence.days() else { return Some(None) };
    let in_force = operator.versions.at(now).map(|version| &version.program.program);
    let utc = ZoneOffsets::default();
    let zone = in_force.map_or(&utc, |program| &program.zone);
    let [begins, ends] = days.map(|day| begin_of_day(day, zone));
    (begins <= now && now < ends).then_some(Some(ends))
}

/// A period as the column has it.
const fn code(period: Period) -> &'static str {
    match period {
        Period::Daily => "daily",
        Period::Weekly => "weekly",
        Period::AllTime => "alltime",
    }
}

impl Top {
    fn put(&mut self, standing: Option<Standing>, player: &str) {
        let Some(standing) = standing else { return };
        let ties = self.ties;
        let at = self.lines.partition_point(|(other, _)| listed(ties, other, &standing).is_lt());
        if at < LINES_MAX {
            self.lines.truncate(LINES_MAX - 1);
            self.lines.insert(at, (standing, player.to_owned()));
        }
    }
}

/// What is before what where scores are equal, less first; and then who was first.
fn by_events(ties: Ties, events: u64) -> i64 {
    match ties {
        Ties::First | Ties::Shared => 0,
        Ties::MostEvents => -signed(events),
        Ties::FewestEvents => signed(events),
    }
}

/// Statements of one connection.
#[derive(Debug)]
pub(crate) struct Inserts {
    delete: Statement,
    insert: Statement,
    expire: Statement,
}

impl Inserts {
    /// Prepares them.
    pub(crate) async fn new(client: &Client, settings: &Settings) -> Result<Self> {
        let prepare = async |sql: &str| client.prepare(&settings.named(sql)).await;
        Ok(Self {
            delete: prepare(
                "DELETE FROM {leaders} AS l
                 USING unnest($1::integer[], $2::text[], $3::text[])
                    AS b (partition, operator_id, board)
                 WHERE l.operator_id = b.operator_id AND l.board = b.board
                    AND l.partition = b.partition",
            )
            .await?,
            insert: prepare(
                "INSERT INTO {leaders} (operator_id, board, partition, tournament_id, game_id, period,
                    player_id, score, events, is_shared, by_events, reached_at, batch, slot,
                    expires_at, updated_at)
                 SELECT operator_id, board, partition, tournament_id, game_id, period, player_id,
                    score::numeric, events, is_shared, by_events,
                    timestamptz 'epoch' + reached_at * interval '1 microsecond', batch, slot,
                    timestamptz 'epoch' + expires_at * interval '1 microsecond', now()
                 FROM unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::text[],
                    $6::text[], $7::text[], $8::text[], $9::bigint[], $10::boolean[], $11::bigint[],
                    $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[])
                    AS l (operator_id, board, partition, tournament_id, game_id, period, player_id,
                        score, events, is_shared, by_events, reached_at, batch, slot, expires_at)",
            )
            .await?,
            expire: prepare(
                "DELETE FROM {leaders} WHERE partition = ANY($1::integer[]) AND expires_at <= now()",
            )
            .await?,
        })
    }

    /// Writes what was looked at.
    pub(crate) async fn write(
        &self,
        transaction: &Transaction<'_>,
        looked: &[Looked],
    ) -> Result<()> {
        if looked.is_empty() {
            return Ok(());
        }
        let partitions: Vec<i32> = looked.iter().map(|looked| looked.partition.into()).collect();
        transaction.execute(&self.expire, &[&partitions]).await?;
        let boards =
            || looked.iter().flat_map(|it| it.boards.iter().map(move |row| (it.partition, row)));
        let of: Vec<i32> = boards().map(|(partition, _)| partition.into()).collect();
        let operators: Vec<_> = boards().map(|(_, row)| &*row.operator).collect();
        let names: Vec<_> = boards().map(|(_, row)| row.name()).collect();
        transaction.execute(&self.delete, &[&of, &operators, &names]).await?;
        let lines = || {
            boards().flat_map(|(partition, row)| {
                row.top
                    .lines
                    .iter()
                    .map(move |(standing, player)| (partition, row, standing, player))
            })
        };
        let operators: Vec<_> = lines().map(|(_, row, ..)| &*row.operator).collect();
        let names: Vec<_> = lines().map(|(_, row, ..)| row.name()).collect();
        let partitions: Vec<i32> = lines().map(|(partition, ..)| partition.into()).collect();
        let tournaments: Vec<_> = lines().map(|(_, row, ..)| row.tournament.as_deref()).collect();
        let games: Vec<_> = lines().map(|(_, row, ..)| row.game.as_deref()).collect();
        let periods: Vec<_> = lines().map(|(_, row, ..)| row.period).collect();
        let players: Vec<_> = lines().map(|(.., player)| storable(player)).collect();
        let scores: Vec<_> = lines().map(|(_, _, it, _)| it.score.to_string()).collect();
        let events: Vec<_> = lines().map(|(_, _, it, _)| signed(it.events)).collect();
        let shared: Vec<_> = lines().map(|(_, row, ..)| row.top.ties == Ties::Shared).collect();
        let by: Vec<_> =
            lines().map(|(_, row, it, _)| by_events(row.top.ties, it.events)).collect();
        let reached: Vec<_> = lines().map(|(_, _, it, _)| it.changed_at.micros()).collect();
        let batches: Vec<_> = lines().map(|(_, _, it, _)| signed(it.changed_by.batch)).collect();
        let slots: Vec<_> = lines().map(|(_, _, it, _)| i64::from(it.changed_by.slot)).collect();
        let expires: Vec<_> =
            lines().map(|(_, row, ..)| row.expires_at.map(Timestamp::micros)).collect();
        let columns: [&(dyn ToSql + Sync); 15] = [
            &operators,
            &names,
            &partitions,
            &tournaments,
            &games,
            &periods,
            &players,
            &scores,
            &events,
            &shared,
            &by,
            &reached,
            &batches,
            &slots,
            &expires,
        ];
        transaction.execute(&self.insert, &columns).await?;
        Ok(())
    }
}

impl Row {
    /// What tells the operator's leaderboards apart.
    fn name(&self) -> String {
        let of = self.tournament.as_ref().or(self.game.as_ref()).map_or("", |of| of);
        format!("{}/{of}", self.period)
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::ledger::{Place, Subject};
    use accolade_domain::ranking::Score;

    use super::*;

    #[test]
    fn the_first_hundred_are_kept_in_the_order_of_the_leaderboard() {
        let mut top = Top { ties: Ties::First, lines: Vec::new() };
        top.put(None, "nobody");
        for number in 0..150_i64 {
            let standing = Standing {
                score: Score(i128::from(number * 7919 % 150 / 2)),
                events: 1,
                changed_at: Timestamp::from_micros(number),
                changed_by: Place::default(),
                subject: Subject([0; 16]),
            };
            top.put(Some(standing), &format!("player-{number}"));
        }
        assert_eq!(top.lines.len(), LINES_MAX);
        let key = |(standing, _): &(Standing, String)| {
            (std::cmp::Reverse(standing.score), standing.changed_at)
        };
        assert!(top.lines.is_sorted_by_key(key));
        assert_eq!((top.lines[0].0.score, top.lines[99].0.score), (Score(74), Score(25)));
    }
}
