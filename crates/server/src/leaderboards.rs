//! Leaderboards: who is at which position, of all partitions together.
//!
//! Each node has those of its partitions, and whoever is asked puts them together: the position of a player is one more
//! than how many are ahead in each. `docs/decisions/046` says why.

pub(crate) mod asked;
mod boards;
pub(crate) mod live;
pub(crate) mod public;
pub(crate) mod whole;

use std::sync::Arc;

use accolade_domain::ranking::{Score, Ties, listed, percentile};
use accolade_engine::rules::tournaments::Tournament;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use self::asked::{Asked, LINES_MAX, Line, Near, PLAYERS_MAX};
pub(crate) use self::boards::Boards;
use crate::call::Call;
use crate::description::schemas::one_of;
use crate::parameters::LIMIT_MAX;
use crate::problem::{Problem, Refusal};
use crate::service::{Service, now};
use crate::shapes::{Exact, Time, respond};
use crate::tournaments::{STATES, is_seen, missing, state_of_board};

/// Without another word, so many positions are shown.
const TOP: u64 = 10;
/// And so many before and behind a player.
const RADIUS: u64 = 5;
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
    tournament: Arc<Tournament>,
    operator: u32,
    /// The player who asks for it, where it is one.
    own: Option<Box<str>>,
}

/// A leaderboard.
pub(crate) async fn leaderboard(call: Call) -> Result<Response, Problem> {
    let (known, name) = (call.operator(), call.name());
    let tournament = call.service.tournament(&known, &name)?;
    if !is_seen(&tournament, &call.principal) {
        return Err(missing());
    }
    let view = view(&call)?;
    let own = call.principal.player.clone();
    let looking = Looking { service: call.service, tournament, operator: known.number, own };
    let (players, is_over, mut items) = looking.see(view).await?;
    looking.show(&mut items);
    let terms = looking.tournament.terms();
    let shape = LeaderboardShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        state: state_of_board(terms, now(), is_over),
        is_final: is_over,
        players,
        items: items.into_iter().map(|(position, line)| shape(position, line, players)).collect(),
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

type Positioned = (u64, Line);

impl Looking {
    fn asked(&self) -> Asked {
        let (operator, tournament) = (self.operator, self.tournament.number);
        Asked { operator, tournament, ..Asked::default() }
    }

    fn ties(&self) -> Ties {
        self.tournament.decides().ties
    }

    /// How many have a position, whether that is final, and what was asked for.
    async fn see(&self, view: View) -> Result<(u64, bool, Vec<Positioned>), Problem> {
        match view {
            View::From(from, count) => {
                let skipped = usize::try_from(from - 1).expect("it is small");
                let top = (skipped + count).min(LINES_MAX);
                let part = Asked { top, ..self.asked() }.ask(&self.service, self.ties()).await?;
                let mut positioned = positioned(self.ties(), 1, part.top);
                positioned.drain(..skipped.min(positioned.len()));
                Ok((part.ranked, part.is_over, positioned))
            }
            View::Players(players) => {
                let asked = Asked { players, ..self.asked() };
                let found = asked.ask(&self.service, self.ties()).await?.players;
                self.of_players(found).await
            }
            View::Around(player, radius) => {
                let asked = Asked { players: vec![player], ..self.asked() };
                let part = asked.ask(&self.service, self.ties()).await?;
                let standings = part.players.iter().map(|line| line.standing).collect();
                let asked = Asked { standings, radius, ..self.asked() };
                let part = asked.ask(&self.service, self.ties()).await?;
                let Some(Near { ahead, lines }) = part.near.into_iter().next() else {
                    return Ok((part.ranked, part.is_over, Vec::new()));
                };
                if self.ties() == Ties::Shared {
                    return self.of_players(lines).await;
                }
                let standing = asked.standings[0];
                let is_before =
                    |line: &Line| listed(self.ties(), &line.standing, &standing).is_lt();
                let before = lines.iter().filter(|line| is_before(line)).count() as u64;
                Ok((part.ranked, part.is_over, positioned(self.ties(), ahead - before + 1, lines)))
            }
        }
    }

    /// The positions of lines that do not follow each other.
    async fn of_players(&self, lines: Vec<Line>) -> Result<(u64, bool, Vec<Positioned>), Problem> {
        let mut positioned = Vec::new();
        let mut rest = lines.as_slice();
        loop {
            let (some, more) = rest.split_at(rest.len().min(PLAYERS_MAX));
            let standings = some.iter().map(|line| line.standing).collect();
            let asked = Asked { standings, ..self.asked() };
            let part = asked.ask(&self.service, self.ties()).await?;
            let ahead = part.near.iter().map(|near| near.ahead);
            positioned
                .extend(some.iter().zip(ahead).map(|(line, ahead)| (ahead + 1, line.clone())));
            rest = more;
            if rest.is_empty() {
                positioned.sort_by_key(|(position, _)| *position);
                return Ok((part.ranked, part.is_over, positioned));
            }
        }
    }

    /// Leaves what whoever asks may see.
    fn show(&self, lines: &mut Vec<Positioned>) {
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

/// Lines one after the other, of which the first has a position.
fn positioned(ties: Ties, first: u64, lines: Vec<Line>) -> Vec<Positioned> {
    let mut last: Option<(u64, Score)> = None;
    let mut positioned = Vec::with_capacity(lines.len());
    for (listed, line) in (first..).zip(lines) {
        let score = line.standing.score;
        let shared = last.filter(|(_, of)| ties == Ties::Shared && *of == score);
        let position = shared.map_or(listed, |(position, _)| position);
        last = Some((position, score));
        positioned.push((position, line));
    }
    positioned
}

fn shape(position: u64, Line { player, standing }: Line, players: u64) -> LineShape {
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
