//! How a tournament's leaderboard differs from the list of another system: whoever moves from an old calculation runs both,
//! and looks where they disagree.

use std::collections::{HashMap, HashSet};

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::query::decimal::Decimal;
use accolade_domain::query::scoring::SCORE_DECIMALS;
use accolade_domain::ranking::Score;
use accolade_wire::json::Value;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::asked::{LINES_MAX, PLAYERS_MAX};
use super::live::is_a_name;
use super::past::Moment;
use super::{Looking, Positioned, View, states};
use crate::call::Call;
use crate::fields::{Field, fields_of, malformed};
use crate::problem::Problem;
use crate::service::now;
use crate::shapes::{Exact, respond};
use crate::submit::blocking;
use crate::tournaments::{modes, state_of_board};

/// Most lines of a list.
const LISTED_MAX: usize = 10_000;
/// So many lines are shown that differ.
const SHOWN_MAX: usize = 100;
/// Greatest position of a list.
const POSITION_MAX: i64 = 1_000_000_000;

const _: () = assert!(LISTED_MAX + SHOWN_MAX <= LINES_MAX, "it is asked for at once");

/// A leaderboard as another system has it.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentComparing, example = json!({
    "places": [{ "playerId": "player-456", "position": 1, "score": 350.5 }, { "playerId": "player-457", "position": 2 }]
}))]
pub(crate) struct Comparing {
    /// In any order, each player once.
    #[schema(max_items = 10_000)]
    places: Vec<Listed>,
}

/// A line of it.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = ListedPlace)]
struct Listed {
    #[schema(min_length = 1, max_length = 128)]
    player_id: String,
    /// From 1; players may share it.
    #[schema(minimum = 1, maximum = 1_000_000_000)]
    position: u64,
    /// With at most 18 decimals; without, the scores are not compared.
    #[schema(value_type = Option<f64>)]
    score: Option<Score>,
}

/// How a leaderboard and a list differ.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentComparison)]
pub(crate) struct ComparisonShape {
    tournament_id: String,
    operator_id: String,
    #[schema(schema_with = modes)]
    mode: &'static str,
    #[schema(schema_with = states)]
    state: &'static str,
    /// No position changes any more here.
    is_final: bool,
    /// How many players have a position here.
    players: u64,
    /// How many the list names.
    listed: u64,
    /// How many have the same position.
    same_position: u64,
    /// How many have another one.
    moved: u64,
    /// How many the list does not name.
    only_here: u64,
    /// How many of the list have no position here.
    only_there: u64,
    /// Of those who are in both and whose score the list says, how many have exactly that one.
    same_score: u64,
    /// How many have another one.
    other_score: u64,
    /// The greatest difference between the two positions of a player.
    largest_move: u64,
    /// The first hundred lines that differ, by the position here, or else that of the list.
    items: Vec<DifferenceShape>,
}

/// A player whose two lines differ.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentDifference)]
struct DifferenceShape {
    player_id: String,
    /// Here; nothing for a player who has none.
    #[schema(required)]
    position: Option<u64>,
    /// In the list; nothing for a player whom it does not name.
    #[schema(required)]
    listed_position: Option<u64>,
    #[schema(required, value_type = Option<f64>)]
    score: Option<Exact<Score>>,
    /// Nothing where the list says none, too.
    #[schema(required, value_type = Option<f64>)]
    listed_score: Option<Exact<Score>>,
}

impl Comparing {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [field] = fields_of(body, &["places"])?;
        let places = field.list("places", LISTED_MAX, Listed::read)?;
        let places = places.ok_or_else(|| field.expected("a list of places"))?;
        are_different(&places)?;
        Ok(Self { places })
    }
}

/// Refuses a list that names a player twice: nobody knows which position is meant.
fn are_different(places: &[Listed]) -> Result<(), Problem> {
    let mut known: HashMap<&str, usize> = HashMap::with_capacity(places.len());
    for (at, listed) in places.iter().enumerate() {
        if let Some(before) = known.insert(&listed.player_id, at) {
            let detail = format!("expected each player once: `/places/{before}` names this one");
            return Err(malformed(&format!("/places/{at}/playerId"), detail));
        }
    }
    Ok(())
}

impl Listed {
    fn read(place: &Field<'_>) -> Result<Self, Problem> {
        let [player, position, score] = place.object(&["playerId", "position", "score"])?;
        let name = player.text()?.filter(|name| is_a_name(name));
        let a_name = || player.expected(&format!("a player's id of 1 to {ID_BYTES_MAX} bytes"));
        let number = position.whole(1..=POSITION_MAX)?;
        let number = number.and_then(|number| u64::try_from(number).ok());
        let a_number = || position.expected(&format!("a whole number from 1 to {POSITION_MAX}"));
        Ok(Self {
            player_id: name.ok_or_else(a_name)?,
            position: number.ok_or_else(a_number)?,
            score: if score.is_said() { Some(exact(&score)?) } else { None },
        })
    }
}

fn exact(field: &Field<'_>) -> Result<Score, Problem> {
    let units = match field.value() {
        Some(Value::Number(text)) => {
            Decimal::parse(text).and_then(|score| score.units(SCORE_DECIMALS))
        }
        Some(_) | None => None,
    };
    units.map(Score).ok_or_else(|| field.expected("a number with at most 18 decimals"))
}

/// What there is here of a leaderboard, as far as a list is compared with it.
struct Here {
    /// How many players have a position.
    players: u64,
    is_final: bool,
    /// The first lines, and those of the list's players.
    lines: HashMap<String, (u64, Score)>,
}

/// How the leaderboard differs from the list of another system. As it is now: while scores move, lines may be of one moment or
/// the next.
pub(crate) async fn compare(call: Call) -> Result<Response, Problem> {
    let (known, tournament) = (call.operator(), call.tournament_with_scores()?);
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    let Comparing { places } = blocking(move || Comparing::read(&body)).await??;
    drop(held);
    let (operator, moment) = (known.number, Moment::Now);
    let looking = Looking { service, tournament, game: None, operator, own: None, moment };
    let here = looking.here(&places).await?;
    let terms = looking.tournament.terms();
    let shape = ComparisonShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        mode: terms.mode.name(),
        state: state_of_board(terms, now(), here.is_final),
        ..here.beside(&places)
    };
    Ok(respond(StatusCode::OK, &shape))
}

impl Looking {
    /// Of players who are not listed so many of the first lines are enough that as many as are shown are among them.
    async fn here(&self, places: &[Listed]) -> Result<Here, Problem> {
        let count = places.len() + SHOWN_MAX;
        let (players, is_final, top) = self.see(View::From(1, count)).await?;
        let line = |(position, line): Positioned| (line.player, (position, line.standing.score));
        let lines: HashMap<_, _> = top.into_iter().map(line).collect();
        let mut here = Here { players, is_final, lines };
        if here.lines.len() as u64 >= players {
            return Ok(here);
        }
        let names = places.iter().map(|listed| &listed.player_id);
        let others: Vec<String> =
            names.filter(|name| !here.lines.contains_key(*name)).cloned().collect();
        for some in others.chunks(PLAYERS_MAX) {
            let found = self.stand(some, 0).await?;
            here.players = found.ranked;
            here.is_final &= found.is_over;
            here.lines.extend(found.stood.into_iter().map(|stood| line(stood.own)));
        }
        Ok(here)
    }
}

impl Here {
    /// How it differs from a list; the tournament is not said yet.
    fn beside(&self, places: &[Listed]) -> ComparisonShape {
        let listed = places.len() as u64;
        let mut shape = ComparisonShape {
            tournament_id: String::new(),
            operator_id: String::new(),
            mode: "",
            state: "",
            is_final: self.is_final,
            players: self.players,
            listed,
            same_position: 0,
            moved: 0,
            only_here: 0,
            only_there: 0,
            same_score: 0,
            other_score: 0,
            largest_move: 0,
            items: Vec::new(),
        };
        let mut differing = Vec::new();
        for there in places {
            let here = self.lines.get(&there.player_id).copied();
            if shape.count(here, there) {
                differing.push(difference(&there.player_id, here, Some(there)));
            }
        }
        let both = listed - shape.only_there;
        shape.only_here = self.players.saturating_sub(both);
        let named: HashSet<&str> = places.iter().map(|listed| &*listed.player_id).collect();
        let unnamed = self.lines.iter().filter(|(player, _)| !named.contains(player.as_str()));
        differing.extend(unnamed.map(|(player, here)| difference(player, Some(*here), None)));
        differing.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        differing.truncate(SHOWN_MAX);
        shape.items = differing;
        shape
    }
}

impl ComparisonShape {
    /// Counts a line of the list, and says whether it differs.
    fn count(&mut self, here: Option<(u64, Score)>, there: &Listed) -> bool {
        let Some((position, score)) = here else {
            self.only_there += 1;
            return true;
        };
        let moves = position.abs_diff(there.position);
        *(if moves == 0 { &mut self.same_position } else { &mut self.moved }) += 1;
        self.largest_move = self.largest_move.max(moves);
        let is_same = there.score.map(|of_list| of_list == score);
        match is_same {
            Some(true) => self.same_score += 1,
            Some(false) => self.other_score += 1,
            None => {}
        }
        moves > 0 || is_same == Some(false)
    }
}

impl DifferenceShape {
    fn order(&self) -> (Option<u64>, bool, Option<u64>, &str) {
        let at = self.position.or(self.listed_position);
        (at, self.position.is_none(), self.listed_position, &self.player_id)
    }
}

fn difference(player: &str, here: Option<(u64, Score)>, there: Option<&Listed>) -> DifferenceShape {
    DifferenceShape {
        player_id: player.to_owned(),
        position: here.map(|(position, _)| position),
        listed_position: there.map(|there| there.position),
        score: here.map(|(_, score)| Exact(score)),
        listed_score: there.and_then(|there| there.score).map(Exact),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(player: &str, position: u64, score: Option<i128>) -> Listed {
        Listed { player_id: player.into(), position, score: score.map(Score) }
    }

    fn here(players: u64, lines: &[(&str, u64, i128)]) -> Here {
        let line = |(player, position, score): &(&str, u64, i128)| {
            ((*player).to_owned(), (*position, Score(*score)))
        };
        Here { players, is_final: false, lines: lines.iter().map(line).collect() }
    }

    #[test]
    fn each_line_counts_once_and_those_that_differ_are_in_the_order_of_positions() {
        let here = here(40, &[("a", 1, 9), ("b", 2, 8), ("c", 3, 7), ("d", 4, 6), ("e", 30, 1)]);
        let list = [
            listed("e", 3, Some(1)),
            listed("nobody", 2, Some(8)),
            listed("a", 1, Some(9)),
            listed("c", 3, Some(5)),
            listed("d", 5, None),
        ];
        let found = here.beside(&list);
        let counts = [found.players, found.listed, found.same_position, found.moved];
        assert_eq!(counts, [40, 5, 2, 2]);
        let counts = [found.only_here, found.only_there, found.same_score, found.other_score];
        assert_eq!((counts, found.largest_move), ([36, 1, 2, 1], 27));
        let line = |it: &DifferenceShape| (it.player_id.clone(), it.position, it.listed_position);
        let lines: Vec<_> = found.items.iter().map(line).collect();
        let expected = [
            ("b", Some(2), None),
            ("nobody", None, Some(2)),
            ("c", Some(3), Some(3)),
            ("d", Some(4), Some(5)),
            ("e", Some(30), Some(3)),
        ];
        let expected = expected.map(|(player, here, there)| (player.to_owned(), here, there));
        assert_eq!(lines, expected);
    }

    #[test]
    fn no_more_lines_are_shown_than_a_hundred() {
        let list: Vec<_> = (1..=150).map(|at| listed(&format!("p-{at}"), at, None)).collect();
        let found = here(0, &[]).beside(&list);
        assert_eq!((found.items.len(), found.only_there, found.only_here), (100, 150, 0));
        assert_eq!(found.items[99].listed_position, Some(100));
    }

    #[test]
    fn a_list_that_is_none_is_refused_by_the_name_of_its_field() {
        let wrong = [
            (r#"{}"#, "/places"),
            (r#"{"places":7}"#, "/places"),
            (r#"{"places":[],"more":1}"#, "/more"),
            (r#"{"places":[7]}"#, "/places/0"),
            (r#"{"places":[{"position":1}]}"#, "/places/0/playerId"),
            (r#"{"places":[{"playerId":"","position":1}]}"#, "/places/0/playerId"),
            (r#"{"places":[{"playerId":"a\nb","position":1}]}"#, "/places/0/playerId"),
            (r#"{"places":[{"playerId":"a"}]}"#, "/places/0/position"),
            (r#"{"places":[{"playerId":"a","position":0}]}"#, "/places/0/position"),
            (r#"{"places":[{"playerId":"a","position":1.5}]}"#, "/places/0/position"),
            (r#"{"places":[{"playerId":"a","position":1,"score":"9"}]}"#, "/places/0/score"),
            (r#"{"places":[{"playerId":"a","position":1,"score":1e-19}]}"#, "/places/0/score"),
            (r#"{"places":[{"playerId":"a","position":1,"points":9}]}"#, "/places/0/points"),
            (
                r#"{"places":[{"playerId":"a","position":1},{"playerId":"a","position":2}]}"#,
                "/places/1/playerId",
            ),
        ];
        for (body, pointer) in wrong {
            let problem = Comparing::read(body.as_bytes()).unwrap_err();
            let told = problem.errors.first().map(|error| error.pointer.as_str());
            assert_eq!(told, Some(pointer), "{body}");
        }
        let line = r#"{"playerId":"a","position":1},"#.repeat(LISTED_MAX + 1);
        let long = format!(r#"{{"places":[{}]}}"#, line.trim_end_matches(','));
        let problem = Comparing::read(long.as_bytes()).unwrap_err();
        assert!(problem.detail.contains("expected 10000 at most"), "{}", problem.detail);
        let read = Comparing::read(
            br#"{"places":[{"playerId":"a","position":7,"score":-1.50},{"playerId":"b","position":7,"score":null}]}"#,
        );
        let scores: Vec<_> = read.unwrap().places.into_iter().map(|it| it.score).collect();
        assert_eq!(scores, [Some(Score(-1_500_000_000_000_000_000)), None]);
    }
}
