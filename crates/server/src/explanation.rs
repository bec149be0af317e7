//! Why a wager gave what it gave: every stage, in order, as it was recorded then.

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_wire::event::read_wager;
use accolade_wire::identity::IdKind;
use accolade_wire::timestamp;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;

use crate::lookup::Occurrence;
use crate::parameters::{Named, Parameters};
use crate::problem::Problem;
use crate::shapes::{Exact, OutcomeShape, PartsShape, PlaceShape, Time, respond};
use crate::tenant::{Door, Tenant};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Explanation<'a> {
    wager_id: &'a str,
    /// Nothing once the log no longer has the event: what is kept for years does not name players.
    player_id: Option<String>,
    #[serde(flatten)]
    outcome: OutcomeShape,
    parts: Option<PartsShape>,
    caps: Vec<Cap>,
    place: PlaceShape,
    recorded_at: Time,
    tournaments: [(); 0],
    stages: Vec<Stage>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<Other>,
}

#[derive(Serialize)]
struct Cap {
    per: &'static str,
    day: String,
    cut: Exact<Points>,
}

#[derive(Serialize)]
struct Stage {
    #[serde(rename = "stage")]
    name: &'static str,
    result: String,
    detail: String,
}

/// Another wager that has the same id.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Other {
    player_id: Option<String>,
    place: PlaceShape,
    #[serde(flatten)]
    outcome: OutcomeShape,
}

/// Explains a wager. Where several players' wagers have one id, `playerId` chooses.
pub(crate) async fn explanation(
    State(Door { service, .. }): State<Door>,
    tenant: Tenant,
    Named(id): Named,
    uri: Uri,
) -> Result<Response, Problem> {
    let parameters = Parameters::read(uri.query(), &["playerId"])?;
    let key = service.host.rules().settings.hash_key;
    #[expect(clippy::cast_possible_truncation, reason = "ids keep the low half of the hash")]
    let player = parameters.text("playerId").map(|player| key.player(player) as u32);
    let (wagers, voids): (Vec<_>, Vec<_>) = service
        .occurrences(&tenant.id, &[IdKind::Wager, IdKind::Void], &id)
        .await?
        .into_iter()
        .partition(|found| found.kind == IdKind::Wager);
    let is_asked_for = |wager: &Occurrence| player.is_none_or(|player| wager.player == player);
    let chosen = wagers.iter().position(is_asked_for).ok_or_else(|| Problem::not_found("wager"))?;
    let wager = &wagers[chosen];
    let void = voids.iter().find(|void| void.player == wager.player);
    let others = wagers.iter().enumerate().filter(|(at, _)| *at != chosen);
    let (parts, caps) = match &wager.outcome {
        Outcome::Counted { parts, capped, cap_day, .. } => {
            (Some(PartsShape::from(*parts)), cap_day.map(|day| cap(day, *capped)))
        }
        _ => (None, None),
    };
    let explanation = Explanation {
        wager_id: &id,
        player_id: player_of(wager),
        outcome: OutcomeShape::of(&wager.outcome, wager.balance),
        parts,
        caps: caps.into_iter().collect(),
        place: wager.place.into(),
        recorded_at: Time(wager.recorded_at),
        tournaments: [],
        stages: stages(wager, void),
        others: others
            .map(|(_, other)| Other {
                player_id: player_of(other),
                place: other.place.into(),
                outcome: OutcomeShape::of(&other.outcome, other.balance),
            })
            .collect(),
    };
    Ok(respond(StatusCode::OK, &explanation))
}

fn cap(day: Day, cut: Points) -> Cap {
    Cap { per: "day", day: day_text(day), cut: Exact(cut) }
}

fn day_text(day: Day) -> String {
    let midnight = Timestamp::from_micros(i64::from(day.0) * DAY_MICROS);
    let text = timestamp::write(midnight).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

fn player_of(wager: &Occurrence) -> Option<String> {
    let raw = wager.raw.as_ref()?;
    let event = read_wager(raw.body.get().as_bytes()).ok()?;
    Some(event.player_id().to_owned())
}

fn place_text(place: Place) -> String {
    format!("partition {}, batch {}, slot {}", place.partition, place.batch, place.slot)
}

/// What happened to a wager, in order, up to a void that came after it.
fn stages(wager: &Occurrence, void: Option<&Occurrence>) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut add = |name, result: String, detail: String| {
        stages.push(Stage { name, result, detail });
    };
    let place = place_text(wager.place);
    let ordered = timestamp::write(wager.recorded_at);
    let received = match &wager.raw {
        Some(raw) => {
            let (at, by) = (timestamp::write(raw.received_at), raw.source.code());
            format!("taken in at {at} ({by}), ordered at {ordered}: {place}")
        }
        None => format!("ordered at {ordered}: {place}; the log no longer has the event itself"),
    };
    add("received", "yes".into(), received);
    add("duplicate", "no".into(), "no event with this id had come before".into());
    match &wager.outcome {
        Outcome::Counted { version, points, capped, parts, cap_day } => {
            add("eligible", "yes".into(), format!("by version v{version} of the program"));
            let multiplier = crate::shapes::multiplier(*parts).0;
            let made_of = format!("base {} × rate {}", parts.base, parts.rate);
            add("multiplier", multiplier.to_string(), made_of);
            let caps = match cap_day {
                Some(day) if *capped > Points::ZERO => {
                    format!("the cap of {} took {capped} points away", day_text(*day))
                }
                Some(day) => format!("counted against the cap of {}", day_text(*day)),
                None => "no cap applies".into(),
            };
            add("caps", capped.to_string(), caps);
            add("points", points.to_string(), "stake × multiplier, rounded, then cut".into());
            let (result, detail) = match wager.balance {
                Some(balance) => (balance.to_string(), "the balance after it".into()),
                None => ("unchanged".into(), "0.00 points leave no entry in the ledger".into()),
            };
            add("balance", result, detail);
        }
        Outcome::Refused { refusal, version } => {
            let by = match version {
                0 => String::new(),
                version => format!(" (version v{version} of the program)"),
            };
            let detail = format!("{}: {}{by}", refusal.code(), refusal.sentence());
            add("eligible", "no".into(), detail);
        }
        other => add("eligible", "no".into(), OutcomeShape::of(other, None).outcome.into()),
    }
    if let Some(void) = void.filter(|void| is_taken_back(void, wager)) {
        let at = timestamp::write(void.recorded_at);
        let place = place_text(void.place);
        let points = match &void.outcome {
            Outcome::Voided { points, .. } => *points,
            _ => Points::ZERO,
        };
        add("voided", points.to_string(), format!("taken back at {at}: {place}"));
    }
    stages
}

/// Whether the void found this very wager; one that came before the wager did not.
fn is_taken_back(void: &Occurrence, wager: &Occurrence) -> bool {
    match &void.outcome {
        Outcome::Voided { wager: Some(place), .. } => Place { number: 0, ..*place } == wager.place,
        _ => false,
    }
}
