//! Whether players take part in tournaments to which they opt in.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::tournament::OptIn;
use accolade_engine::tables::seats::SeatsKey;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::{is_seen, missing};
use crate::call::Call;
use crate::cursor::Cursors;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{fields_of, malformed};
use crate::principal::Known;
use crate::problem::{Problem, Refusal};
use crate::requests::{Changed, change};
use crate::service::Service;
use crate::shapes::{Page, respond};
use crate::submit::blocking;

/// How often it is looked whether there was a seat.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The state of a player who has not opted in.
const OUT: &str = "out";

/// Whether a player takes part in a tournament.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OptIn, example = json!({
    "tournamentId": "weekend-slots", "playerId": "player-456", "state": "in"
}))]
pub(crate) struct OptInShape {
    tournament_id: String,
    player_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
}

fn states() -> Schema {
    one_of(OptIn::ALL.iter().map(|state| state.code()).chain([OUT, "accepted"]))
}

/// Whether a player shall take part.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OptInChange, example = json!({ "tournamentId": "weekend-slots", "optIn": "in" }))]
pub(crate) struct OptInChange {
    #[schema(min_length = 1, max_length = 64)]
    tournament_id: String,
    #[serde(rename = "optIn")]
    #[schema(schema_with = in_or_out)]
    joins: bool,
}

fn in_or_out() -> Schema {
    one_of([OptIn::In.code(), OUT])
}

impl OptInChange {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [tournament, opt_in] = fields_of(body, &["tournamentId", "optIn"])?;
        let tournament_id = tournament.text()?.ok_or_else(|| tournament.expected("a text"))?;
        let joins = match opt_in.text()?.as_deref() {
            Some("in") => true,
            Some("out") => false,
            _ => return Err(opt_in.expected("`in` or `out`")),
        };
        Ok(Self { tournament_id, joins })
    }
}

/// Lets a player take part in a tournament from the record's place in the log on, or not.
pub(crate) async fn put(call: Call) -> Result<Response, Problem> {
    let (service, operator) = (call.service.clone(), call.operator());
    let principal = Arc::clone(&call.principal);
    let mut said = None;
    let read = |body: &[u8]| {
        let change = OptInChange::read(body)?;
        let tournament = service.tournament(&operator, &change.tournament_id).ok();
        let tournament = tournament.filter(|tournament| is_seen(tournament, &principal));
        let unknown = || malformed("/tournamentId", "the operator has no such tournament");
        let tournament = tournament.ok_or_else(unknown)?;
        if tournament.is_series() {
            let detail = "players opt in to the occurrences of a series, not to the series";
            return Err(malformed("/tournamentId", detail));
        }
        let number = tournament.number;
        said = Some((change.clone(), number));
        Ok((number, change.joins))
    };
    let changed = change(call, read, |(tournament, joins), asks| Command::OptIn {
        id: asks.id,
        player_id: asks.player,
        tournament,
        joins,
        who: asks.who,
    })
    .await?;
    let (OptInChange { tournament_id, joins }, number) = said.expect("the body was read");
    let state = state_after(&changed, number, joins).await?;
    if state == OptIn::Full.code() {
        let detail = "all seats are taken: one is free again only if a player leaves";
        return Err(Problem::new(Refusal::TournamentFull, detail));
    }
    let shape = OptInShape { tournament_id, player_id: changed.name.clone(), state };
    Ok(respond_to_change(changed.carried.status(), &shape, changed.is_dry))
}

/// What has become of it, or in a dry run would; once it is known whether there is a seat, or as it is where that takes
/// too long.
async fn state_after(
    changed: &Changed,
    tournament: u32,
    joins: bool,
) -> Result<&'static str, Problem> {
    if changed.made.is_none() {
        return Ok("accepted");
    }
    if changed.is_dry {
        return Ok(if joins { OptIn::In.code() } else { OUT });
    }
    let until = Instant::now() + Duration::from_millis(changed.service.settings.wait_ms);
    loop {
        let all = changed.service.opt_ins(&changed.operator, &changed.name).await?;
        let own = all.into_iter().find(|(number, _)| *number == tournament);
        match own {
            Some((_, OptIn::Requested)) if Instant::now() < until => {}
            Some((_, opt_in)) => return Ok(opt_in.code()),
            None => return Ok(OUT),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How many seats of a tournament there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentSeats, example = json!({
    "tournamentId": "weekend-slots", "participantsMax": 100, "taken": 37, "left": 63
}))]
pub(crate) struct SeatsShape {
    tournament_id: String,
    participants_max: u32,
    /// How many players have one.
    taken: u64,
    /// How many are left.
    left: u64,
}

/// How many seats of a tournament are taken.
pub(crate) async fn seats(call: Call) -> Result<Response, Problem> {
    let (operator, name) = (call.operator(), call.name());
    let service = call.service.clone();
    let tournament = service.tournament(&operator, &name)?;
    if !is_seen(&tournament, &call.principal) {
        return Err(missing());
    }
    let Some(participants_max) = tournament.terms().participants_max else {
        let detail = "as many players as want to can take part in it";
        return Err(Problem::new(Refusal::NoSeats, detail));
    };
    let partition = partition_of(&name, service.partitions());
    let key = SeatsKey { operator: operator.number, tournament: tournament.number };
    let taken = move || service.read(partition, |state| state.seats_taken(key));
    let taken = blocking(taken).await??;
    let left = u64::from(participants_max).saturating_sub(taken);
    let shape = SeatsShape { tournament_id: name, participants_max, taken, left };
    Ok(respond(StatusCode::OK, &shape))
}

impl Service {
    /// What has become of a player's opt-ins, by the numbers of tournaments, the newest first.
    async fn opt_ins(
        &self,
        operator: &Arc<Known>,
        player: &str,
    ) -> Result<Vec<(u32, OptIn)>, Problem> {
        let (service, operator) = (self.clone(), Arc::clone(operator));
        let player = player.to_owned();
        blocking(move || service.opt_ins_here(&operator, &player)).await?
    }

    /// The same of a player who is here.
    fn opt_ins_here(&self, operator: &Known, player: &str) -> Result<Vec<(u32, OptIn)>, Problem> {
        let partition = partition_of(player, self.partitions());
        let found = self.read(partition, |state| {
            let key = &state.rules().settings.hash_key;
            let ordinal = state.players().find_by_name(key, operator.number, player)?;
            let tallies = state.players().get(ordinal).scores.all();
            let mut all: Vec<_> =
                tallies.filter_map(|(number, tally)| Some((number, tally.opt_in?))).collect();
            all.reverse();
            Some(all)
        })?;
        found.ok_or_else(|| Problem::not_found("player"))
    }
}

/// The tournaments that a player has opted in to, the newest first.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (limit, cursors) = (call.parameters.limit()?, Cursors::of(&call));
    let before = cursors.after()?.map(|[number]| number);
    let (operator, player) = (call.operator(), call.name());
    let known = call.service.operator(&operator)?;
    let all = call.service.opt_ins(&operator, &player).await?;
    let mut older = all.into_iter().filter_map(|(number, opt_in)| {
        let is_older = before.is_none_or(|before| u64::from(number) < before);
        let tournament = known.tournaments.numbered(number).filter(|_| is_older)?;
        Some((number, tournament.terms().id.clone(), opt_in))
    });
    let page: Vec<_> = older.by_ref().take(limit).collect();
    let last = page.last().filter(|_| older.next().is_some());
    let next_cursor = last.map(|(number, ..)| cursors.at([u64::from(*number)]));
    let shape = |(_, tournament_id, opt_in): (u32, String, OptIn)| OptInShape {
        tournament_id,
        player_id: player.clone(),
        state: opt_in.code(),
    };
    let items = page.into_iter().map(shape).collect();
    Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
}
