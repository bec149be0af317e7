//! One look at what is watched together.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use accolade_wire::tournament::{Cadence, TournamentTerms};
use serde_json::value::RawValue;

use super::shown::{Board, Head, own_line, row};
use super::{CADENCE, Key, Of, Part, To, Value, View, Wanted};
use crate::balance::{self, balances};
use crate::leaderboards::asked::{Asked, PLAYERS_MAX};
use crate::leaderboards::past::Moment;
use crate::leaderboards::{Looking, Positioned, Stood, View as Asks, masked};
use crate::problem::Problem;
use crate::service::{Service, now};
use crate::tournaments::state_of_board;

/// What was seen.
pub(super) struct Looked {
    /// Nothing for those who may not see it any more.
    pub(super) boards: Vec<(View, Option<Board>)>,
    pub(super) own: Vec<(String, Value)>,
    /// How long it is before all of it is looked at again.
    pub(super) rest: Duration,
}

/// Asks once for what everybody sees.
pub(super) async fn look(service: &Service, key: Key, wanted: &Wanted) -> Result<Looked, Problem> {
    let Key { operator, of } = key;
    match of {
        Of::Tournament(number) => {
            let asked = Asked { operator, tournament: number, ..Asked::default() };
            let tournament = asked.tournament(service)?;
            let (service, game, own) = (service.clone(), None, None);
            let moment = Moment::Now;
            Looking { service, tournament, game, operator, own, moment }.look(wanted).await
        }
        Of::Balances => {
            let mut own = Vec::with_capacity(wanted.players.len());
            for some in wanted.players.chunks(balance::PLAYERS_MAX) {
                let found = balances(service, operator, some).await?;
                own.extend(found.into_iter().map(|(player, balance)| {
                    let data = balance.get().to_owned().into();
                    (player, Value { data, is_last: false })
                }));
            }
            Ok(Looked { boards: Vec::new(), own, rest: CADENCE })
        }
    }
}

/// What was found of a leaderboard.
#[derive(Default)]
struct Seen {
    /// How many players have a position, and whether that is final.
    players: u64,
    is_final: bool,
    top: Vec<Positioned>,
    /// Those who are named, by their names.
    stood: HashMap<String, Stood>,
}

impl Looking {
    async fn look(self, wanted: &Wanted) -> Result<Looked, Problem> {
        // As long as it is filled nobody is shown half of it.
        let is_filling = self.tournament.is_filling();
        let seen = if is_filling { Seen::default() } else { self.seen(wanted).await? };
        let terms = self.tournament.terms();
        let head = Head {
            tournament_id: terms.id.clone(),
            operator_id: terms.operator.clone(),
            state: state_of_board(terms, now(), seen.is_final),
            is_final: seen.is_final,
            players: seen.players,
        };
        let rest = rest(terms, head.state);
        let is_over = seen.is_final || self.tournament.is_cancelled();
        let board = |view: &View| {
            let is_shown = match view.to {
                To::Staff => true,
                To::Players => !terms.is_shadow(),
                To::Anybody => terms.public && !terms.is_shadow(),
            };
            let board = is_shown.then(|| {
                let rows = self.rows(view, &seen);
                Board { head: head.clone(), is_over, rows }
            });
            (view.clone(), board)
        };
        let own = |player: &String| {
            let line = seen.stood.get(player).map(|stood| (stood.own.0, &stood.own.1));
            let line = line.filter(|(_, line)| !line.is_hidden);
            let data = own_line(line, seen.players);
            (player.clone(), Value { data, is_last: is_over })
        };
        let boards = wanted.views.iter().map(board).collect();
        Ok(Looked { boards, own: wanted.players.iter().map(own).collect(), rest })
    }

    async fn seen(&self, wanted: &Wanted) -> Result<Seen, Problem> {
        let mut seen = Seen { is_final: true, ..Seen::default() };
        let tops = wanted.views.iter().filter_map(|view| match view.part {
            Part::Top(count) => Some(count),
            Part::Around(..) | Part::Players(_) => None,
        });
        if let Some(top) = tops.max() {
            (seen.players, seen.is_final, seen.top) = self.see(Asks::From(1, top)).await?;
        }
        for (radius, names) in named(wanted) {
            for some in names.chunks(PLAYERS_MAX) {
                let found = self.stand(some, radius).await?;
                seen.players = found.ranked;
                // What was asked for before may have changed after that.
                seen.is_final &= found.is_over;
                seen.stood.extend(found.stood.into_iter().map(|it| (it.own.1.player.clone(), it)));
            }
        }
        Ok(seen)
    }

    /// The rows of a view. Players see each other's names masked, and their own as well in a list that is the same for
    /// all of them.
    fn rows(&self, view: &View, seen: &Seen) -> Vec<Box<RawValue>> {
        let terms = self.tournament.terms();
        let public = u64::from(terms.public_positions);
        let is_named = |line: &Positioned| match &view.part {
            Part::Top(_) => false,
            Part::Around(player, _) => line.1.player == *player,
            Part::Players(players) => players.contains(&line.1.player),
        };
        let is_masked = match view.to {
            To::Staff => false,
            To::Players => terms.masked,
            To::Anybody => true,
        };
        // On a leaderboard that is final there are lines of those who are excluded.
        let lines = part_of(&view.part, seen).into_iter().filter(|(_, line)| !line.is_hidden);
        let seen = lines
            .filter(|line| view.to == To::Staff || line.0 <= public || is_named(line))
            .enumerate();
        seen.map(|(at, line)| {
            let (position, shown) = line;
            let is_masked = is_masked && !is_named(line);
            let name = if is_masked { masked(&shown.player) } else { shown.player.clone() };
            row(at, *position, name, &shown.standing)
        })
        .collect()
    }
}

/// Whom `wanted` names, by how many around them are seen.
fn named(wanted: &Wanted) -> BTreeMap<usize, Vec<String>> {
    let mut radius_of: BTreeMap<&String, usize> = BTreeMap::new();
    for player in &wanted.players {
        radius_of.insert(player, 0);
    }
    for view in &wanted.views {
        match &view.part {
            Part::Top(_) => {}
            Part::Around(player, radius) => {
                let most = radius_of.entry(player).or_default();
                *most = (*most).max(*radius);
            }
            Part::Players(players) => {
                for player in players {
                    radius_of.entry(player).or_default();
                }
            }
        }
    }
    let mut by_radius: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (player, radius) in radius_of {
        by_radius.entry(radius).or_default().push(player.clone());
    }
    by_radius
}

/// The lines of a part, in their order.
fn part_of<'s>(part: &Part, seen: &'s Seen) -> Vec<&'s Positioned> {
    match part {
        Part::Top(count) => seen.top.iter().take(*count).collect(),
        Part::Around(player, radius) => {
            let Some(Stood { near, .. }) = seen.stood.get(player) else { return Vec::new() };
            let at = near.iter().position(|(_, line)| line.player == *player).unwrap_or_default();
            let from = at.saturating_sub(*radius);
            near.iter().take(at + radius + 1).skip(from).collect()
        }
        Part::Players(players) => {
            let stood = players.iter().filter_map(|player| seen.stood.get(player));
            let mut lines: Vec<_> = stood.map(|stood| &stood.own).collect();
            lines.sort_by_key(|(position, _)| *position);
            lines
        }
    }
}

/// How long a leaderboard is left alone. The end is looked for at once, whatever the cadence is.
fn rest(terms: &TournamentTerms, state: &str) -> Duration {
    let cadence = match terms.cadence {
        Cadence::RealTime => CADENCE,
        Cadence::TenSeconds => Duration::from_secs(10),
        Cadence::Minute => Duration::from_mins(1),
    };
    if state != "live" {
        return CADENCE;
    }
    let left = u64::try_from(terms.ends.saturating_sub(now().micros())).unwrap_or_default();
    cadence.min(Duration::from_micros(left)).max(CADENCE)
}
