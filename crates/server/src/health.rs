//! Liveness, readiness and metrics.

use accolade_domain::refusal::DeadReason;
use accolade_engine::partition::DeadLetterState;
use accolade_storage::node::Status;
use accolade_wire::record::Kind;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use metrics::{Counter, counter, gauge};
use serde::Serialize;

use crate::problem::Problem;
use crate::service::{Service, now};
use crate::shapes::{PlaceShape, raw, respond};
use crate::submit::blocking;
use crate::tenant::Door;

/// Counters of the edge; never one for a player.
#[derive(Debug)]
pub(crate) struct Counters {
    wagers: Intake,
    events: Intake,
    pub(crate) commands: Counter,
}

/// Items of one kind.
#[derive(Debug)]
pub(crate) struct Intake {
    accepted: Counter,
    rejected: Counter,
}

impl Intake {
    fn new(kind: &'static str) -> Self {
        Self {
            accepted: counter!("accolade_intake_total", "kind" => kind, "outcome" => "accepted"),
            rejected: counter!("accolade_intake_total", "kind" => kind, "outcome" => "rejected"),
        }
    }

    pub(crate) fn count(&self, accepted: usize, rejected: usize) {
        self.accepted.increment(accepted as u64);
        if rejected > 0 {
            self.rejected.increment(rejected as u64);
        }
    }
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            wagers: Intake::new("wager"),
            events: Intake::new("game_event"),
            commands: counter!("accolade_intake_total", "kind" => "command", "outcome" => "accepted"),
        }
    }

    pub(crate) const fn of(&self, kind: Kind) -> &Intake {
        match kind {
            Kind::GameEvent => &self.events,
            Kind::Wager | Kind::Command | Kind::Control => &self.wagers,
        }
    }
}

/// The process answers.
pub(crate) async fn healthz() -> Response {
    raw(StatusCode::OK, "text/plain; charset=utf-8", "ok\n")
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    /// Why it takes nothing in.
    reasons: Vec<String>,
    /// Partitions whose fold stands; their events are taken in and wait.
    standing: Vec<StandingShape>,
}

/// A partition whose fold stands.
#[derive(Serialize)]
pub(crate) struct StandingShape {
    place: PlaceShape,
    message: String,
}

impl StandingShape {
    pub(crate) fn all(status: &Status) -> Vec<Self> {
        let standing = status.standing.iter();
        standing
            .map(|(place, message)| Self { place: (*place).into(), message: message.clone() })
            .collect()
    }
}

fn reasons(status: &Status, is_retired: bool) -> Vec<String> {
    let mut reasons = Vec::new();
    if is_retired {
        reasons.push("stopping".to_owned());
    }
    if status.disk_full {
        reasons.push("disk_full: the disk has too little room for new events".to_owned());
    }
    if status.clock_stepped {
        let detail = "clock_stepped: the clock has made a step that nobody has confirmed";
        reasons.push(detail.to_owned());
    }
    if let Some(failure) = &status.fatal {
        reasons.push(format!("failed: {failure}"));
    }
    reasons
}

/// Whether the node takes events in.
pub(crate) async fn readyz(State(Door { service, .. }): State<Door>) -> Response {
    let status = service.node.status();
    let reasons = reasons(&status, service.is_retired());
    let code = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let ready = reasons.is_empty();
    respond(code, &Readiness { ready, reasons, standing: StandingShape::all(&status) })
}

/// All metrics, in the text format of Prometheus.
pub(crate) async fn metrics(State(Door { service, .. }): State<Door>) -> Result<Response, Problem> {
    let text = blocking(move || {
        set_gauges(&service);
        service.metrics.render()
    })
    .await?;
    Ok(raw(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text))
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn set_gauges(service: &Service) {
    let status = service.node.status();
    let seconds_since = |micros: i64| (now().micros() - micros).max(0) as f64 / 1e6;
    gauge!("accolade_log_age_seconds").set(seconds_since(status.log_time.micros()));
    gauge!("accolade_lag_bytes").set(status.lag_bytes as f64);
    gauge!("accolade_ids_in_memory").set(status.ids_in_memory as f64);
    gauge!("accolade_players").set(status.players as f64);
    gauge!("accolade_checkpoint_age_seconds").set(seconds_since(status.checkpointed_at.micros()));
    gauge!("accolade_disk_full").set(f64::from(u8::from(status.disk_full)));
    gauge!("accolade_clock_stepped").set(f64::from(u8::from(status.clock_stepped)));
    gauge!("accolade_partitions_standing").set(status.standing.len() as f64);
    gauge!("accolade_ready")
        .set(f64::from(u8::from(reasons(&status, service.is_retired()).is_empty())));
    let open =
        service.dead_letters(None, usize::MAX, |letter| letter.state == DeadLetterState::Open);
    for reason in DeadReason::ALL {
        let count = open.iter().filter(|(_, letter)| letter.reason == reason).count();
        gauge!("accolade_dead_letters_open", "reason" => reason.code()).set(count as f64);
    }
}
