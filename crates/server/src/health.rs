//! Liveness, readiness and metrics.

use accolade_domain::refusal::DeadReason;
use accolade_engine::partition::Partition;
use accolade_storage::host::NotHere;
use accolade_storage::node::Status;
use accolade_wire::record::Kind;
use axum::http::StatusCode;
use axum::response::Response;
use metrics::{Counter, counter, gauge};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::Call;
use crate::outlets::OutletState;
use crate::problem::Problem;
use crate::service::{Service, now};
use crate::shapes::{PlaceShape, raw, respond};
use crate::submit::blocking_beside;
use crate::summary;

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
pub(crate) async fn healthz(_: Call) -> Result<Response, Problem> {
    Ok(raw(StatusCode::OK, "text/plain; charset=utf-8", "ok\n"))
}

/// Whether a node takes events in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Readiness {
    ready: bool,
    /// Why it takes nothing in.
    reasons: Vec<String>,
    /// How many partitions this node has.
    partitions_here: usize,
    /// Partitions whose fold stands; their events are taken in and wait.
    standing: Vec<StandingShape>,
    /// What follows the fold. It does not make the node less ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    outlets: Vec<OutletState>,
}

/// A partition whose fold stands.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Standing)]
pub(crate) struct StandingShape {
    pub(crate) place: PlaceShape,
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

fn reasons(service: &Service, status: &Status) -> Vec<String> {
    let mut reasons = Vec::new();
    if service.host.rules().settings.partitions == 0 {
        reasons.push("no_rules: the control records have not been read yet".to_owned());
    }
    let mut unowned = (0..service.partitions())
        .filter(|number| service.host.whereabouts(*number) == Err(NotHere::Nowhere));
    if let Some(first) = unowned.next() {
        let count = 1 + unowned.count();
        reasons.push(format!(
            "no_owner: no node is known to have partition {first} ({count} such in all)"
        ));
    }
    if service.is_retired() {
        reasons.push("stopping".to_owned());
    }
    if status.cut_off {
        let detail =
            "cut_off: the brokers have not answered for longer than what is here stays proven";
        reasons.push(detail.to_owned());
    }
    if status.disk_full {
        reasons.push("disk_full: the disk has too little room for new events".to_owned());
    }
    if status.clock_stepped {
        let detail = "clock_stepped: the clock has made a step that nobody has confirmed";
        reasons.push(detail.to_owned());
    }
    if let Some(failure) = &status.trail_failure {
        reasons.push(format!(
            "audit_failed: the audit trail cannot be written, and changes are refused: {failure}"
        ));
    }
    if let Some(failure) = &status.fatal {
        reasons.push(format!("failed: {failure}"));
    }
    reasons
}

/// Whether the node takes events in.
pub(crate) async fn readyz(call: Call) -> Result<Response, Problem> {
    let Call { service, .. } = call;
    let (status, reasons, outlets) = blocking_beside(move || {
        let status = service.host.status();
        let reasons = reasons(&service, &status);
        (status, reasons, service.outlets.states())
    })
    .await?;
    let code = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let ready = reasons.is_empty();
    let (partitions_here, standing) = (status.partitions_here.len(), StandingShape::all(&status));
    Ok(respond(code, &Readiness { ready, reasons, partitions_here, standing, outlets }))
}

/// All metrics, in the text format of Prometheus.
pub(crate) async fn metrics(call: Call) -> Result<Response, Problem> {
    let Call { service, .. } = call;
    let text = blocking_beside(move || {
        set_gauges(&service);
        service.metrics.render()
    })
    .await?;
    Ok(raw(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text))
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
fn set_gauges(service: &Service) {
    let status = service.host.status();
    let seconds_since = |micros: i64| (now().micros() - micros).max(0) as f64 / 1e6;
    gauge!("accolade_log_age_seconds").set(seconds_since(status.log_time.micros()));
    gauge!("accolade_lag_bytes").set(status.lag_bytes as f64);
    gauge!("accolade_ids_in_memory").set(status.ids_in_memory as f64);
    gauge!("accolade_players").set(status.players as f64);
    gauge!("accolade_streams_watched").set(service.live.watching() as f64);
    gauge!("accolade_checkpoint_age_seconds").set(seconds_since(status.checkpointed_at.micros()));
    gauge!("accolade_descriptors_max").set(status.descriptors.limit as f64);
    gauge!("accolade_closed_files_open").set(status.descriptors.open as f64);
    counter!("accolade_closed_file_opens_total").absolute(status.descriptors.opens);
    if let Some(shipping) = &status.shipping {
        gauge!("accolade_ship_lag_seconds").set(seconds_since(shipping.covers.micros()));
    }
    gauge!("accolade_disk_full").set(f64::from(u8::from(status.disk_full)));
    gauge!("accolade_clock_stepped").set(f64::from(u8::from(status.clock_stepped)));
    gauge!("accolade_partitions_here").set(status.partitions_here.len() as f64);
    gauge!("accolade_partitions_standing").set(status.standing.len() as f64);
    service.outlets.set_gauges();
    gauge!("accolade_ready").set(f64::from(u8::from(reasons(service, &status).is_empty())));
    let totals_of = |number: &u16| {
        // One that has just gone counts at its new owner.
        service
            .read(*number, |partition| partition.tables().letter_totals.get(&()).cloned())
            .ok()?
    };
    let totals: Vec<_> = status.partitions_here.iter().filter_map(totals_of).collect();
    for reason in DeadReason::ALL {
        let count: u64 = totals.iter().map(|totals| totals.open(reason)).sum();
        gauge!("accolade_dead_letters_open", "reason" => reason.code()).set(count as f64);
    }
    let here = status.partitions_here.iter();
    let left_out = here.filter_map(|it| service.read(*it, Partition::left_out_of_games).ok());
    gauge!("accolade_game_scores_left_out").set(left_out.sum::<u64>() as f64);
    if service.settings.metrics_by_operator {
        summary::set_gauges(service, &status.partitions_here);
    }
}
