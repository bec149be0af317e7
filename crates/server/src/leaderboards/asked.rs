//! What a leaderboard is asked for, and what the partitions of one node have of it: whoever answers puts the parts of all
//! nodes together.

use std::cmp::Ordering;
use std::io;
use std::sync::Arc;

use accolade_domain::games::Occurrence;
use accolade_domain::ledger::{Place, Subject};
use accolade_domain::ranking::{self, Leaderboard, Score, Standing, Ties, listed};
use accolade_domain::time::Timestamp;
use accolade_engine::board::Of;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_wire::hex::{from_hex, to_hex};
use accolade_wire::identity::partition_of;
use serde::{Deserialize, Serialize};

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
    /// As it was at one of the times that are kept; as it is now without.
    pub(super) as_of: Option<Timestamp>,
    /// From when until when it is known, and nothing else.
    pub(super) is_about_span: bool,
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
    /// Where that was asked for.
    pub(super) span: Option<Span>,
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
        let small = |name| {
            let number = parameters.number(name, 0, u64::from(u32::MAX))?.unwrap_or_default();
            Ok::<_, Problem>(u32::try_from(number).expect("it is bounded"))
        };
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
        Ok(Self {
            operator: small("operator")?,
            tournament: small("tournament")?,
            game,
            settlement: settlement.map(|number| u32::try_from(number).expect("it is bounded")),
            top: number("top", LINES_MAX)?,
            players: texts("players", '\n').map(str::to_owned).collect(),
            standings: texts("standings", ',').filter_map(standing_text::read).collect(),
            radius: number("radius", LINES_MAX)?,
            as_of: parameters
                .number("at", 0, i64::MAX.cast_unsigned())?
                .map(|at| Timestamp::from_micros(at.cast_signed())),
            is_about_span: parameters.switch("span")?,
        })
    }

    /// What partitions have that are here.
    fn found(
        &self,
        service: &Service,
        tournament: &Tournament,
        partitions: &[u16],
    ) -> Result<Part, Problem> {
        if self.is_about_span {
            let span = service.span_of(partitions)?;
            return Ok(Part { is_over: true, span, ..Part::default() });
        }
        let settlement = self.settlement.unwrap_or_else(|| tournament.settlement());
        let game = self.game.as_ref().map(|game| (&*game.id, game.occurrence));
        let of = Of { operator: self.operator, tournament, settlement, game };
        // This node may have yet to hear that it is settled again.
        let is_said = settlement <= tournament.settlement();
        let ties = tournament.decides().ties;
        let mut part = Part { is_over: true, ..Part::default() };
        part.near.resize_with(self.standings.len(), Near::default);
        for number in partitions {
            service.with_board_of(&of, *number, self.as_of, |board, partition| {
                part.ranked += board.len() as u64;
                part.is_over &= self.as_of.is_none() && is_said && of.is_final(partition);
                let line = |line| shown(&line, partition);
                part.top.extend(board.from(1).take(self.top).map(line));
                let players = self.players.iter();
                let here = players.filter(|it| partition_of(it, service.partitions()) == *number);
                part.players.extend(here.filter_map(|it| self.line_of(it, board, partition)));
                for (standing, near) in self.standings.iter().zip(&mut part.near) {
                    near.ahead += board.ahead(standing);
                    let lines = board.near(standing, self.radius, self.radius + 1);
                    near.lines.extend(lines.map(line));
                }
            })?;
        }
        keep_first(&mut part.top, self.top, ties);
        for (standing, near) in self.standings.iter().zip(&mut part.near) {
            near.keep(standing, self.radius, ties);
        }
        Ok(part)
    }

    fn line_of(&self, name: &str, board: &Leaderboard, partition: &Partition) -> Option<Line> {
        let key = &partition.rules().settings.hash_key;
        let player = partition.players().find_by_name(key, self.operator, name)?;
        let standing = *board.standing(player)?;
        let is_hidden = partition.exclusion(player).is_some();
        Some(Line { player: name.to_owned(), standing, is_hidden })
    }

    /// What all partitions have.
    pub(super) async fn ask(&self, service: &Service, ties: Ties) -> Result<Part, Problem> {
        let asked = self.clone();
        let here = move |service: &Service, partitions: &[u16]| {
            let tournament = asked.tournament(service)?;
            asked.found(service, &tournament, partitions)
        };
        let parts = service.gather(0..service.partitions(), here, &self.path(), read).await?;
        let mut whole = Part { is_over: true, ..Part::default() };
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

    pub(super) fn tournament(&self, service: &Service) -> Result<Arc<Tournament>, Problem> {
        if self.game.is_some() {
            return Ok(Arc::clone(standing()));
        }
        let rules = service.host.rules();
        let operator = rules.operator_numbered(self.operator).ok_or_else(rules_unknown)?;
        operator.tournaments.numbered(self.tournament).cloned().ok_or_else(rules_unknown)
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

fn shown(line: &ranking::Line<'_>, partition: &Partition) -> Line {
    let player = partition.players().get(line.player).name.to_string();
    let is_hidden = partition.exclusion(line.player).is_some();
    Line { player, standing: *line.standing, is_hidden }
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
        let tournament = asked.tournament(&service)?;
        service.with_all_here(&partitions, || asked.found(&service, &tournament, &partitions))
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
