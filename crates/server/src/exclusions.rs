//! Players who are excluded: nothing is earned and nothing reserved, and the balance stays.

use accolade_domain::time::Timestamp;
use accolade_engine::tables::exclusions::Exclusion;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::dry_run::respond_to_change;
use crate::fields::{Field, fields_of, read_why};
use crate::principal::Known;
use crate::problem::Problem;
use crate::requests::{Changed, change};
use crate::service::{Service, now};
use crate::shapes::{Time, respond};
use crate::submit::blocking;

/// Whether a player is excluded.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SelfExclusion, example = json!({
    "playerId": "player-456", "operatorId": "operator-789", "isExcluded": true, "from": "2026-11-20T10:30:00Z",
    "until": "2030-01-01T00:00:00Z", "why": "asked for by the player"
}))]
pub(crate) struct ExclusionShape {
    player_id: String,
    operator_id: String,
    is_excluded: bool,
    /// Since when; nothing for a player who never was.
    #[schema(required)]
    from: Option<Time>,
    /// Until when the player is, or was; for ever where this is nothing and `from` is not.
    #[schema(required)]
    until: Option<Time>,
    /// What was said last. A player's token does not see it.
    #[schema(required)]
    why: Option<Box<str>>,
}

impl Service {
    pub(crate) fn exclusion(
        &self,
        operator: &Known,
        player: &str,
    ) -> Result<ExclusionShape, Problem> {
        let partition = partition_of(player, self.partitions());
        let found = self.read(partition, |state| {
            let key = &state.rules().settings.hash_key;
            let ordinal = state.players().find_by_name(key, operator.number, player)?;
            let is_excluded = state.exclusion(ordinal).is_some();
            Some((is_excluded, state.tables().exclusions.get(&ordinal).cloned()))
        })?;
        let (is_excluded, row) = found.ok_or_else(|| Problem::not_found("player"))?;
        Ok(shape_of(operator, player, is_excluded, row))
    }
}

fn shape_of(
    operator: &Known,
    player: &str,
    is_excluded: bool,
    row: Option<Exclusion>,
) -> ExclusionShape {
    ExclusionShape {
        player_id: player.to_owned(),
        operator_id: operator.id.to_string(),
        is_excluded,
        from: row.as_ref().map(|row| Time(row.from)),
        until: row.as_ref().and_then(|row| row.until).map(Time),
        why: row.map(|row| row.why),
    }
}

/// Whether a player is excluded.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let is_for_player = call.principal.player.is_some();
    let found = move || call.service.exclusion(&call.operator(), &call.name());
    let mut shape = blocking(found).await??;
    shape.why = shape.why.filter(|_| !is_for_player);
    Ok(respond(StatusCode::OK, &shape))
}

/// Excludes a player.
pub(crate) async fn exclude(call: Call) -> Result<Response, Problem> {
    let mut asked = None;
    let read = |body: &[u8]| {
        let [until, why] = fields_of(body, &["until", "why"])?;
        let (why, until) = (why.why()?, until_of(&until)?);
        asked = Some((until, why.clone()));
        Ok((until.map(Timestamp::micros), why))
    };
    let changed = change(call, read, |(until, why), asks| Command::Exclude {
        id: asks.id,
        player_id: asks.player,
        until,
        why,
        who: asks.who,
    })
    .await?;
    let (until, why) = asked.expect("the body was read");
    answer(changed, || Exclusion { from: now(), until, why: why.into(), who: "".into() }).await
}

fn until_of(field: &Field<'_>) -> Result<Option<Timestamp>, Problem> {
    let until = field.time()?;
    if until.is_some_and(|until| until <= now()) {
        let what = "a time that is yet to come, such as `2030-01-01T00:00:00Z`, or nothing";
        return Err(field.expected(what));
    }
    Ok(until)
}

/// Ends an exclusion.
pub(crate) async fn lift(call: Call) -> Result<Response, Problem> {
    let mut asked = None;
    let read = |body: &[u8]| {
        let why = read_why(body)?;
        asked = Some(why.clone());
        Ok(why)
    };
    let changed = change(call, read, |why, asks| Command::Readmit {
        id: asks.id,
        player_id: asks.player,
        why,
        who: asks.who,
    })
    .await?;
    let why = asked.expect("the body was read");
    answer(changed, || {
        let until = Some(now());
        Exclusion { from: now(), until, why: why.into(), who: "".into() }
    })
    .await
}

/// How it is now, or would be.
async fn answer(changed: Changed, would: impl FnOnce() -> Exclusion) -> Result<Response, Problem> {
    let Changed { service, operator, name, is_dry, carried, made, .. } = changed;
    let shape = if is_dry || made.is_none() {
        let row = would();
        let is_excluded = row.holds(now());
        shape_of(&operator, &name, is_excluded, Some(row))
    } else {
        blocking(move || service.exclusion(&operator, &name)).await??
    };
    Ok(respond_to_change(carried.status(), &shape, is_dry))
}
