//! Leaderboards: who is at which position, of all partitions together.
//!
//! Each node has those of its partitions, and whoever is asked puts them together: the position of a player is one more
//! than how many are ahead in each. `docs/decisions/046` says why.

pub(crate) mod asked;
mod boards;
pub(crate) mod comparison;
pub(crate) mod game;
pub(crate) mod live;
pub(crate) mod moved;
pub(crate) mod past;
pub(crate) mod public;
pub(crate) mod whole;

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::ranking::{Score, Ties, listed, percentile};
use accolade_engine::rules::tournaments::Tournament;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use self::asked::{Asked, Game, LINES_MAX, Line, Near, PLAYERS_MAX};
pub(crate) use self::boards::Boards;
use self::past::Moment;
use crate::call::Call;
use crate::description::schemas::one_of;
use crate::parameters::LIMIT_MAX;
use crate::problem::{Problem, Refusal};
use crate::service::{Service, now};
use crate::shapes::{Exact, Time, respond};
use crate::tournaments::{STATES, state_of_board};

/// Without another word, so many positions are shown.
pub(crate) const TOP: u64 = 10;
/// And so many before and behind a player.
pub(crate) const RADIUS: u64 = 5;
/// Most before, and behind.
pub(crate) const RADIUS_MAX: u64 = 100;
/// The last position from which on a leaderboard is read.
pub(crate) const FROM_MAX: u64 = 10_000;

/// A leaderboard, or a part of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Leaderboard)]
pub(crate) struct LeaderboardShape {
    tournament_id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// No position changes any more: every partition is beyond the end and its grace.
    is_final: bool,
    /// How many players have a position.
    players: u64,
    /// In the order of positions.
    items: Vec<LineShape>,
    /// The time at which it was so, at or before the one that was asked for; not where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
}

fn states() -> Schema {
    one_of(STATES)
}

/// A player's line of a leaderboard.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LeaderboardLine)]
pub(crate) struct LineShape {
    /// From 1; the same for players who share it.
    position: u64,
    /// The player, masked for other players where the tournament says so.
    player_id: String,
    #[schema(value_type = f64)]
    score: Exact<Score>,
    /// How many events it is made of.
    events: u64,
    /// When the score was reached: the time of the batch that last changed it.
    reached_at: Time,
    /// How many hundredths of all players are at this position or behind it, rounded down.
    percentile: u64,
}

/// What somebody asks for.
enum View {
    /// So many from a position on.
    From(u64, usize),
    /// A player, and who is near.
    Around(String, usize),
    /// These players.
    Players(Vec<String>),
}

/// Who asks, and for what.
struct Looking {
    service: Service,
    /// Of a game the definition that all have.
    tournament: Arc<Tournament>,
    game: Option<Game>,
    operator: u32,
    /// The player who asks for it, where it is one.
    own: Option<Box<str>>,
    moment: Moment,
}

/// A leaderboard.
pub(crate) async fn leaderboard(call: Call) -> Result<Response, Problem> {
    let (known, tournament) = (call.operator(), call.tournament_with_scores()?);
    let view = view(&call)?;
    let own = call.principal.player.clone();
    let time = call.parameters.time("asOf")?;
    let (service, operator, moment) = (call.service, known.number, Moment::Now);
    let mut looking = Looking { service, tournament, game: None, operator, own, moment };
    let asked = looking.asked();
    looking.moment = looking.service.moment(&asked, &looking.tournament, time).await?;
    let (players, is_over, mut items) = looking.see(view).await?;
    looking.show(&mut items);
    let terms = looking.tournament.terms();
    let as_of = looking.moment.shown();
    let shape = LeaderboardShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        state: state_of_board(terms, as_of.unwrap_or_else(now), is_over),
        is_final: is_over,
        players,
        items: items.into_iter().map(|(position, line)| shape(position, line, players)).collect(),
        as_of: as_of.map(Time),
    };
    Ok(respond(StatusCode::OK, &shape))
}

fn view(call: &Call) -> Result<View, Problem> {
    let parameters = &call.parameters;
    let [top, from, around, radius, players] =
        ["top", "from", "around", "radius", "players"].map(|name| parameters.text(name).is_some());
    let bad = |detail: &str| Err(Problem::new(Refusal::BadQuery, detail.to_owned()));
    if usize::from(around) + usize::from(players) + usize::from(top || from) > 1 {
        return bad("`top` and `from`, `around` and `players` are three questions: ask one");
    }
    if radius && !around {
        return bad("`radius` goes with `around`");
    }
    let own = call.principal.player.as_deref();
    let may_name = |name: &str| own.is_none_or(|own| own == name);
    if let Some(player) = parameters.text("around") {
        if !may_name(player) {
            return Err(Problem::not_found("player"));
        }
        let radius = parameters.number("radius", 0, RADIUS_MAX)?.unwrap_or(RADIUS);
        return Ok(View::Around(player.to_owned(), usize::try_from(radius).expect("it is small")));
    }
    if let Some(players) = parameters.text("players") {
        let players: Vec<String> = players.split(',').map(str::to_owned).collect();
        if players.len() > PLAYERS_MAX || players.iter().any(String::is_empty) {
            return bad(&format!("`players`: expected 1 to {PLAYERS_MAX} ids with commas between"));
        }
        if !players.iter().all(|player| may_name(player)) {
            return Err(Problem::not_found("player"));
        }
        return Ok(View::Players(players));
    }
    let count = parameters.number("top", 1, LIMIT_MAX as u64)?.unwrap_or(TOP);
    let from = parameters.number("from", 1, FROM_MAX)?.unwrap_or(1);
    Ok(View::From(from, usize::try_from(count).expect("it is small")))
}

pub(crate) type Positioned = (u64, Line);

/// Where players stand.
struct Found {
    /// How many players have a position.
    ranked: u64,
    /// Whether that is final.
    is_over: bool,
    /// Those of the players who have one.
    stood: Vec<Stood>,
}

/// Where a player stands.
struct Stood {
    own: Positioned,
    /// Who is near, the player too, in their order.
    near: Vec<Positioned>,
}

impl Looking {
    fn asked(&self) -> Asked {
        let (operator, tournament) = (self.operator, self.tournament.number);
        let (game, as_of) = (self.game.clone(), self.moment.kept());
        let settlement = self.moment.settlement();
        Asked { operator, tournament, game, settlement, as_of, ..Asked::default() }
    }

    fn ties(&self) -> Ties {
        self.tournament.decides().ties
    }

    /// How many have a position, whether that is final, and what was asked for.
    async fn see(&self, view: View) -> Result<(u64, bool, Vec<Positioned>), Problem> {
        if matches!(self.moment, Moment::Before(_)) {
            return Ok((0, false, Vec::new()));
        }
        match view {
            View::From(from, count) => {
                let skipped = usize::try_from(from - 1).expect("it is small");
                let top = (skipped + count).min(LINES_MAX);
                let part = Asked { top, ..self.asked() }.ask(&self.service, self.ties()).await?;
                let mut positioned = positioned(self.ties(), part.top);
                positioned.drain(..skipped.min(positioned.len()));
                Ok((part.ranked, part.is_over, positioned))
            }
            View::Players(players) => {
                let mut found = self.stand(&players, 0).await?;
                found.stood.sort_by_key(|it| it.own.0);
                let lines = found.stood.into_iter().map(|it| it.own);
                Ok((found.ranked, found.is_over, lines.collect()))
            }
            View::Around(player, radius) => {
                let found = self.stand(&[player], radius).await?;
                let near = found.stood.into_iter().next().map(|it| it.near);
                Ok((found.ranked, found.is_over, near.unwrap_or_default()))
            }
        }
    }

    /// Where these players stand, [`PLAYERS_MAX`] at most, and who is near: so many before each, and behind.
    async fn stand(&self, players: &[String], radius: usize) -> Result<Found, Problem> {
        let players = players.to_vec();
        let asked = Asked { players, radius, is_about_near: true, ..self.asked() };
        let first = asked.ask(&self.service, self.ties()).await?;
        let lines = first.players;
        // Where several nodes have it, each is asked about those whom another has.
        let (ranked, is_over, near) = if first.around.len() == lines.len() {
            (first.ranked, first.is_over, first.around)
        } else {
            let standings = lines.iter().map(|line| line.standing).collect();
            let asked = Asked { standings, radius, ..self.asked() };
            let part = asked.ask(&self.service, self.ties()).await?;
            (part.ranked, part.is_over && first.is_over, part.near)
        };
        let shared = match self.ties() {
            Ties::Shared if radius > 0 => self.positions_of_scores(&near).await?,
            Ties::Shared | Ties::First | Ties::MostEvents | Ties::FewestEvents => BTreeMap::new(),
        };
        let stood = lines.into_iter().zip(near).map(|(line, Near { ahead, lines })| {
            let is_before =
                |other: &Line| listed(self.ties(), &other.standing, &line.standing).is_lt();
            let before = lines.iter().filter(|other| is_before(other)).count() as u64;
            let near = (ahead + 1..).zip(lines).map(|(at, line)| {
                let position = shared.get(&line.standing.score).copied();
                (position.unwrap_or(at.saturating_sub(before)), line)
            });
            Stood { near: near.collect(), own: (ahead + 1, line) }
        });
        Ok(Found { ranked, is_over, stood: stood.collect() })
    }

    /// The position of each score, where those who have the same share it.
    async fn positions_of_scores(&self, near: &[Near]) -> Result<BTreeMap<Score, u64>, Problem> {
        let lines = near.iter().flat_map(|near| &near.lines);
        let by_score: BTreeMap<_, _> =
            lines.map(|line| (line.standing.score, line.standing)).collect();
        let standings: Vec<_> = by_score.into_values().collect();
        let mut positions = BTreeMap::new();
        for some in standings.chunks(PLAYERS_MAX) {
            let asked = Asked { standings: some.to_vec(), ..self.asked() };
            let near = asked.ask(&self.service, self.ties()).await?.near;
            let ahead = near.iter().map(|near| near.ahead + 1);
            positions.extend(some.iter().map(|standing| standing.score).zip(ahead));
        }
        Ok(positions)
    }

    /// Leaves what whoever asks may see.
    fn show(&self, lines: &mut Vec<Positioned>) {
        lines.retain(|(_, line)| !line.is_hidden);
        let Some(own) = &self.own else { return };
        let terms = self.tournament.terms();
        let public = u64::from(terms.public_positions);
        lines.retain(|(position, line)| *position <= public || *line.player == **own);
        for (_, line) in lines.iter_mut().filter(|(_, line)| terms.masked && *line.player != **own)
        {
            line.player = masked(&line.player);
        }
    }
}

/// The lines from the first on, each with its position.
pub(crate) fn positioned(ties: Ties, lines: Vec<Line>) -> Vec<Positioned> {
    let mut last: Option<(u64, Score)> = None;
    let mut positioned = Vec::with_capacity(lines.len());
    for (listed, line) in (1..).zip(lines) {
        let score = line.standing.score;
        let shared = last.filter(|(_, of)| ties == Ties::Shared && *of == score);
        let position = shared.map_or(listed, |(position, _)| position);
        last = Some((position, score));
        positioned.push((position, line));
    }
    positioned
}

fn shape(position: u64, Line { player, standing, .. }: Line, players: u64) -> LineShape {
    LineShape {
        position,
        player_id: player,
        score: Exact(standing.score),
        events: standing.events,
        reached_at: Time(standing.changed_at),
        percentile: percentile(position, players),
    }
}

/// A name of which two letters are left at most, and fewer than half.
pub(crate) fn masked(name: &str) -> String {
    let letters = name.chars().count();
    let shown = (letters / 3).min(2);
    name.chars().take(shown).chain("***".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_name_says_little() {
        let names = ["a", "ab", "abc", "abcdef", "player-456", "é\u{1f642}éééé"];
        let shown = names.map(masked);
        assert_eq!(shown, ["***", "***", "a***", "ab***", "pl***", "é\u{1f642}***"]);
    }
}
