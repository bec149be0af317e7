//! What a leaderboard is asked for, and what the partitions of one node have of it: whoever answers puts the parts of all
//! nodes together.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use accolade_domain::games::Occurrence;
use accolade_domain::ledger::{Place, Subject};
use accolade_domain::ranking::{self, Score, Standing, Ties, listed};
use accolade_domain::time::Timestamp;
use accolade_engine::board::{Board, Of};
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_storage::host::NotHere;
use accolade_wire::hex::{from_hex, to_hex};
use accolade_wire::identity::partition_of;
use serde::{Deserialize, Serialize};

use super::boards::Patience;
use super::moved::Since;
use super::past::Span;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, Refusal, rules_unknown};
use crate::service::Service;
use crate::shapes::respond;
use crate::submit::blocking;

/// Where other nodes are asked.
const PATH: &str = "/cluster/v1/leaderboard";
/// Most lines of one answer.
pub(super) const LINES_MAX: usize = 10_500;
/// Answers of more rows take a thread some time.
const ROWS_AT_ONCE: usize = 512;
/// How often a leaderboard is asked of a thread that cannot wait, before one that can.
const TRIES: usize = 8;
/// Most players whose positions are asked for together.
pub(super) const PLAYERS_MAX: usize = 100;

/// What is asked of a leaderboard.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The operator's number.
    pub(super) operator: u32,
    /// The tournament's.
    pub(super) tournament: u32,
    /// Instead of a tournament.
    pub(super) game: Option<Game>,
    /// How often that is settled again, for what is asked; without, as often as it was.
    pub(super) settlement: Option<u32>,
    /// So many from the first on.
    pub(super) top: usize,
    /// How these players stand, by name.
    pub(super) players: Vec<String>,
    /// How many are ahead of those who stand so, and who is near.
    pub(super) standings: Vec<Standing>,
    /// So many before each, and behind.
    pub(super) radius: usize,
    /// Who is near the players as well, of those whom one node has.
    pub(super) is_about_near: bool,
    /// As it was at one of the times that are kept; as it is now without.
    pub(super) as_of: Option<Timestamp>,
    /// From when until when it is known, and nothing else.
    pub(super) is_about_span: bool,
    /// Whether scores have changed at a time or later, of the leaderboard as it is now.
    pub(super) since: Option<Timestamp>,
}

/// A game, and which day or week of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Game {
    pub(super) id: Arc<str>,
    pub(super) occurrence: Occurrence,
}

/// What partitions have of it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Part {
    /// How many players have a position.
    pub(super) ranked: u64,
    /// Whether every partition is beyond the time from which on nothing counts.
    pub(super) is_over: bool,
    /// The first, in their order.
    pub(super) top: Vec<Line>,
    /// Those of the players who have a position.
    pub(super) players: Vec<Line>,
    /// For each standing that was asked for.
    pub(super) near: Vec<Near>,
    /// For each of the players, where that was asked for and one node has all partitions.
    #[serde(skip)]
    pub(super) around: Vec<Near>,
    /// Where that was asked for.
    pub(super) span: Option<Span>,
    /// Where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<Since>,
}

/// Who is around a standing.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Near {
    /// How many are ahead, and not beside.
    pub(super) ahead: u64,
    /// Those that are listed just before, in their order, and from there on.
    pub(super) lines: Vec<Line>,
}

/// A player with a standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) player: String,
    #[serde(with = "standing_text")]
    pub(crate) standing: Standing,
    /// It is not shown: of the past, or of what is final, and the player is excluded now. On others who is excluded has no line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_hidden: bool,
}

impl Asked {
    /// As another node is asked.
    fn path(&self) -> String {
        let Self { operator, tournament, top, players, standings, radius, .. } = self;
        let mut query = form_urlencoded::Serializer::new(String::new());
        let numbers = [
            ("operator", u64::from(*operator)),
            ("tournament", u64::from(*tournament)),
            ("top", *top as u64),
            ("radius", *radius as u64),
        ];
        for (name, number) in numbers {
            query.append_pair(name, &number.to_string());
        }
        if let Some(settlement) = self.settlement {
            query.append_pair("settlement", &settlement.to_string());
        }
        if let Some(Game { id, occurrence }) = &self.game {
            query.append_pair("game", id);
            query.append_pair("occurrence", &occurrence.number().to_string());
        }
        if let Some(at) = self.as_of {
            query.append_pair("at", &at.micros().to_string());
        }
        if self.is_about_span {
            query.append_pair("span", "true");
        }
        if let Some(since) = self.since {
            query.append_pair("since", &since.micros().to_string());
        }
        if !players.is_empty() {
            // Identifiers have no control characters.
            query.append_pair("players", &players.join("\n"));
        }
        if !standings.is_empty() {
            let standings: Vec<String> = standings.iter().map(standing_text::write).collect();
            query.append_pair("standings", &standings.join(","));
        }
        format!("{PATH}?{}", query.finish())
    }

    fn of_another_node(parameters: &Parameters) -> Result<Self, Problem> {
        let number = |name, max: usize| {
            let number = parameters.number(name, 0, max as u64)?.unwrap_or_default();
            Ok::<_, Problem>(usize::try_from(number).expect("it is bounded"))
        };
        let small = |name| parameters.small(name);
        let settlement = parameters.number("settlement", 0, u64::from(u32::MAX))?;
        let texts = |name, by: char| {
            let text = parameters.text(name).unwrap_or_default();
            text.split(by).filter(|part| !part.is_empty()).take(PLAYERS_MAX)
        };
        let game = match parameters.text("game") {
            None => None,
            Some(id) => {
                let occurrence = Occurrence::of_number(small("occurrence")?);
                let none = || Problem::new(Refusal::BadQuery, "`occurrence`: expected one");
                Some(Game { id: id.into(), occurrence: occurrence.ok_or_else(none)? })
            }
        };
        let time = |name| {
            let micros = parameters.number(name, 0, i64::MAX.cast_unsigned())?;
            Ok::<_, Problem>(micros.map(|at| Timestamp::from_micros(at.cast_signed())))
        };
        Ok(Self {
            operator: small("operator")?,
            tournament: small("tournament")?,
            game,
            settlement: settlement.map(|number| u32::try_from(number).expect("it is bounded")),
            top: number("top", LINES_MAX)?,
            players: texts("players", '\n').map(str::to_owned).collect(),
            standings: texts("standings", ',').filter_map(standing_text::read).collect(),
            radius: number("radius", LINES_MAX)?,
            is_about_near: false,
            as_of: time("at")?,
            is_about_span: parameters.switch("span")?,
            since: time("since")?,
        })
    }

    /// What partitions have that are here; nothing where that had to be waited for, and nobody does.
    fn found(
        &self,
        service: &Service,
        tournament: &Tournament,
        partitions: &[u16],
        patience: Patience,
    ) -> Result<Option<Part>, Problem> {
        if self.is_about_span {
            let span = service.span_of(partitions)?;
            return Ok(Some(Part { is_over: true, span, ..Part::default() }));
        }
        let settlement = self.settlement.unwrap_or_else(|| tournament.settlement());
        let game = self.game.as_ref().map(|game| (&*game.id, game.occurrence));
        let of = Of { operator: self.operator, tournament, settlement, game };
        // This node may have yet to hear that it is settled again.
        let is_said = settlement <= tournament.settlement();
        let Some(named) = self.named(service, partitions, patience)? else { return Ok(None) };
        let found = match self.as_of {
            Some(_) if patience == Patience::None => None,
            Some(at) => {
                let board = service.past_board(&of, partitions, at)?;
                Some(self.see(&board, &named, |_| None))
            }
            None => service.with_board(&of, partitions, patience, |kept| {
                let mut seen = self.see(kept.board(), &named, |row| kept.name(row));
                seen.is_over = is_said && kept.is_final(&of);
                seen.since = self.since.map(|since| kept.since(since));
                seen
            })?,
        };
        let Some(mut seen) = found else { return Ok(None) };
        for (named, row) in named.iter().zip(&seen.players) {
            if let Some(row) = row {
                let name: Arc<str> = named.name.as_str().into();
                seen.names.insert(row.standing.subject, (name, named.is_hidden));
            }
        }
        self.find_names(service, &of, &mut seen, patience).map(|has| has.then(|| seen.part()))
    }

    /// Those of the players who are here.
    fn named(
        &self,
        service: &Service,
        partitions: &[u16],
        patience: Patience,
    ) -> Result<Option<Vec<Named>>, Problem> {
        let mut named = Vec::with_capacity(self.players.len());
        for name in &self.players {
            let number = partition_of(name, service.partitions());
            if !partitions.contains(&number) {
                continue;
            }
            let find = |partition: &Partition| {
                let key = &partition.rules().settings.hash_key;
                let player = partition.players().find_by_name(key, self.operator, name)?;
                let is_hidden = partition.exclusion(player).is_some();
                Some(Named { name: name.clone(), partition: number, player, is_hidden })
            };
            let Some(found) = service.read_with(patience, number, find)? else { return Ok(None) };
            named.extend(found);
        }
        Ok(Some(named))
    }

    /// What a leaderboard has of it, but for the names.
    fn see(
        &self,
        board: &Board,
        named: &[Named],
        known: impl Fn(&Row) -> Option<Arc<str>>,
    ) -> Seen {
        let row = |line: ranking::Line<'_>| {
            let (partition, player) = board.who(line.player);
            Row { partition, player, standing: *line.standing }
        };
        let near = |standing: &Standing| {
            let lines = board.board().near(standing, self.radius, self.radius + 1);
            (board.board().ahead(standing), lines.map(row).collect())
        };
        let stands = |named: &Named| {
            let Named { partition, player, .. } = *named;
            let standing = *board.standing(partition, player)?;
            Some(Row { partition, player, standing })
        };
        let players: Vec<Option<Row>> = named.iter().map(stands).collect();
        let about = players.iter().flatten().filter(|_| self.is_about_near);
        let around: Vec<_> = about.map(|row| near(&row.standing)).collect();
        let top: Vec<Row> = board.board().from(1).take(self.top).map(row).collect();
        let near: Vec<_> = self.standings.iter().map(near).collect();
        let rows = top.iter().chain(near.iter().chain(&around).flat_map(|(_, rows)| rows));
        let names = rows.filter_map(|row| Some((row.standing.subject, (known(row)?, false))));
        let names = names.collect();
        let ranked = board.board().len() as u64;
        Seen { ranked, is_over: false, top, players, near, around, names, since: None }
    }

    /// Finds the names that are not known; `false` where somebody has to wait for that.
    fn find_names(
        &self,
        service: &Service,
        of: &Of<'_>,
        seen: &mut Seen,
        patience: Patience,
    ) -> Result<bool, Problem> {
        let mut unknown: BTreeMap<u16, Vec<Row>> = BTreeMap::new();
        for row in seen.rows() {
            if !seen.names.contains_key(&row.standing.subject) {
                unknown.entry(row.partition).or_default().push(*row);
            }
        }
        for (number, rows) in unknown {
            let find = |partition: &Partition| {
                let all = partition.players().all();
                let name = |row: &Row| {
                    let player = all.get(row.player as usize)?;
                    let is_it = player.account.subject == row.standing.subject;
                    let name: Option<Arc<str>> = is_it.then(|| player.name.to_string().into());
                    let is_hidden = partition.exclusion(row.player).is_some();
                    Some((row.standing.subject, (name?, is_hidden)))
                };
                rows.iter().map(name).collect::<Option<Vec<_>>>()
            };
            let Some(found) = service.read_with(patience, number, find)? else { return Ok(false) };
            // One that was taken back comes again.
            let found = found.ok_or(NotHere::Nowhere)?;
            if self.as_of.is_none() && self.rows_max() <= ROWS_AT_ONCE {
                service
                    .remember_names(of, found.iter().map(|(subject, (name, _))| (*subject, name)));
            }
            seen.names.extend(found);
        }
        Ok(true)
    }

    /// No more rows are looked at.
    fn rows_max(&self) -> usize {
        let each = self.radius.saturating_mul(2).saturating_add(1);
        self.top.saturating_add(each.saturating_mul(self.players.len() + self.standings.len()))
    }

    /// What all partitions have.
    pub(super) async fn ask(&self, service: &Service, ties: Ties) -> Result<Part, Problem> {
        let all: Vec<u16> = (0..service.partitions()).collect();
        // In a cluster there are others to ask.
        let is_little = service.cluster.is_none() && self.rows_max() <= ROWS_AT_ONCE;
        let tries = if is_little { TRIES } else { 0 };
        for _ in 0..tries {
            let tournament = self.tournament(service)?;
            if let Some(part) = self.found(service, &tournament, &all, Patience::None)? {
                return Ok(part);
            }
            // Batches are short; others have their turn meanwhile.
            tokio::task::yield_now().await;
        }
        let asked = self.clone();
        let here =
            move |service: &Service, partitions: &[u16]| asked.found_here(service, partitions);
        let parts = service.gather(0..service.partitions(), here, &self.path(), read).await?;
        let is_whole = parts.len() == 1;
        let mut whole = Part { is_over: true, ..Part::default() };
        let since: Option<Vec<Since>> = parts.iter().map(|part| part.since).collect();
        whole.since = since.and_then(|all| all.into_iter().reduce(Since::and));
        whole.near.resize_with(self.standings.len(), Near::default);
        for part in parts {
            whole.ranked += part.ranked;
            whole.is_over &= part.is_over;
            whole.span = match (whole.span, part.span) {
                (Some(one), Some(other)) => Some(one.and(other)),
                (one, other) => one.or(other),
            };
            whole.top.extend(part.top);
            whole.players.extend(part.players);
            whole.around.extend(part.around.into_iter().filter(|_| is_whole));
            for (near, more) in whole.near.iter_mut().zip(part.near) {
                near.ahead += more.ahead;
                near.lines.extend(more.lines);
            }
        }
        keep_first(&mut whole.top, self.top, ties);
        for (standing, near) in self.standings.iter().zip(&mut whole.near) {
            near.keep(standing, self.radius, ties);
        }
        Ok(whole)
    }

    /// What partitions have that are here, for one who can wait.
    fn found_here(&self, service: &Service, partitions: &[u16]) -> Result<Part, Problem> {
        let tournament = self.tournament(service)?;
        let found = self.found(service, &tournament, partitions, Patience::Waits)?;
        Ok(found.expect("it was waited for"))
    }

    pub(super) fn tournament(&self, service: &Service) -> Result<Arc<Tournament>, Problem> {
        if self.game.is_some() {
            return Ok(Arc::clone(standing()));
        }
        let rules = service.host.rules();
        let operator = rules.operator_numbered(self.operator).ok_or_else(rules_unknown)?;
        operator.tournaments.numbered(self.tournament).cloned().ok_or_else(rules_unknown)
    }
}

/// What a leaderboard has of a question, before players have names.
struct Seen {
    ranked: u64,
    is_over: bool,
    top: Vec<Row>,
    /// For each of those who are named; nothing for one who has no position.
    players: Vec<Option<Row>>,
    near: Vec<(u64, Vec<Row>)>,
    around: Vec<(u64, Vec<Row>)>,
    /// Those that are known, and whether the line is not shown.
    names: HashMap<Subject, (Arc<str>, bool)>,
    since: Option<Since>,
}

/// A player whom a question names.
struct Named {
    name: String,
    partition: u16,
    player: Ordinal,
    /// Whether nobody sees the line.
    is_hidden: bool,
}

/// A line without a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) partition: u16,
    pub(super) player: Ordinal,
    pub(super) standing: Standing,
}

impl Seen {
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let near = self.near.iter().chain(&self.around).flat_map(|(_, rows)| rows);
        self.top.iter().chain(self.players.iter().flatten()).chain(near)
    }

    /// The same with names, which are all known.
    fn part(&self) -> Part {
        let line = |row: &Row| {
            let (player, is_hidden) = &self.names[&row.standing.subject];
            Line { player: player.to_string(), standing: row.standing, is_hidden: *is_hidden }
        };
        let near = |(ahead, rows): &(u64, Vec<Row>)| {
            let lines = rows.iter().map(line).collect();
            Near { ahead: *ahead, lines }
        };
        Part {
            ranked: self.ranked,
            is_over: self.is_over,
            top: self.top.iter().map(line).collect(),
            players: self.players.iter().flatten().map(line).collect(),
            near: self.near.iter().map(near).collect(),
            around: self.around.iter().map(near).collect(),
            span: None,
            since: self.since,
        }
    }
}

impl Near {
    /// So many before a standing, and so many from there on and one more.
    fn keep(&mut self, standing: &Standing, radius: usize, ties: Ties) {
        keep_first(&mut self.lines, usize::MAX, ties);
        let is_before = |line: &Line| listed(ties, &line.standing, standing).is_lt();
        let before = self.lines.partition_point(is_before);
        self.lines.truncate(before.saturating_add(radius + 1));
        self.lines.drain(..before.saturating_sub(radius));
    }
}

/// The first so many in the order in which they are listed.
fn keep_first(lines: &mut Vec<Line>, count: usize, ties: Ties) {
    lines.sort_by(|a, b| order(ties, a, b));
    lines.truncate(count);
}

fn order(ties: Ties, a: &Line, b: &Line) -> Ordering {
    listed(ties, &a.standing, &b.standing)
}

fn read(bytes: &[u8]) -> io::Result<Part> {
    Ok(serde_json::from_slice(bytes)?)
}

/// What partitions that are here have of a leaderboard, for another node.
pub(crate) async fn found(call: Call) -> Result<axum::response::Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::of_another_node(&parameters)?;
    let found = blocking(move || {
        service.with_all_here(&partitions, || asked.found_here(&service, &partitions))
    });
    Ok(respond(axum::http::StatusCode::OK, &found.await??))
}

/// A standing as a text: numbers with `/` between, since 128 bits are no number of JSON.
mod standing_text {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Place, Score, Standing, Subject, Timestamp, from_hex, to_hex};

    pub(super) fn write(standing: &Standing) -> String {
        let Standing { score, events, changed_at, changed_by, subject } = standing;
        let Place { partition, batch, slot, .. } = changed_by;
        let (score, at, subject) = (score.0, changed_at.micros(), to_hex(&subject.0));
        format!("{score}/{events}/{at}/{partition}/{batch}/{slot}/{subject}")
    }

    pub(super) fn read(text: &str) -> Option<Standing> {
        let mut parts = text.split('/');
        let score = Score(parts.next()?.parse().ok()?);
        let events = parts.next()?.parse().ok()?;
        let changed_at = Timestamp::from_micros(parts.next()?.parse().ok()?);
        let (partition, batch) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let changed_by = Place { partition, batch, slot: parts.next()?.parse().ok()?, number: 0 };
        let subject = Subject(from_hex(parts.next()?)?);
        Some(Standing { score, events, changed_at, changed_by, subject })
    }

    pub(super) fn serialize<S: Serializer>(standing: &Standing, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&write(standing))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Standing, D::Error> {
        let text = String::deserialize(from)?;
        read(&text).ok_or_else(|| D::Error::custom("no standing"))
    }
}
