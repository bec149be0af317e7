//! What would become of a command or a control record, decided without ordering it: nothing changes.

use std::ops::Not;
use std::sync::Arc;

use accolade_domain::outcome::Outcome;
use accolade_engine::partition::Stopped;
use accolade_engine::rules::Rules;
use accolade_storage::backing::NodeStore;
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Record, Source};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::problem::{Problem, Refusal, rules_unknown};
use crate::service::{Service, now};
use crate::shapes::respond;
use crate::submit::{blocking, made_by};

/// An answer, as a dry run gives it or as it is.
#[derive(Serialize)]
struct Answer<'a, T> {
    #[serde(flatten)]
    shape: &'a T,
    #[serde(rename = "dryRun", skip_serializing_if = "Not::not")]
    is_dry: bool,
}

/// Answers a change, or what it would have been.
pub(crate) fn respond_to_change(
    status: StatusCode,
    shape: &impl Serialize,
    is_dry: bool,
) -> Response {
    respond(status, &Answer { shape, is_dry })
}

impl Service {
    /// What would become of a command in a partition that is here, were it the next record there.
    pub(crate) async fn would(
        &self,
        partition: u16,
        operator: &str,
        body: Vec<u8>,
    ) -> Result<Outcome, Problem> {
        let (service, operator) = (self.clone(), operator.to_owned());
        blocking(move || {
            let (kind, source, received_at, origin) = (Kind::Command, Source::Http, now(), None);
            let (operator, body) = (&*operator, &*body);
            let record = Record { kind, source, operator, received_at, origin, body };
            let mut store = NodeStore::new(service.host.backing(partition)?);
            let shared = service.host.shared();
            let would = service
                .read(partition, |partition| partition.dry_run(record, shared, &mut store))?;
            would.map_err(undecided)
        })
        .await?
    }

    /// The rules after a control record, and what it would make.
    pub(crate) async fn rules_would(
        &self,
        control: &Control,
    ) -> Result<(Arc<Rules>, u64), Problem> {
        let body = serde_json::to_vec(control).expect("a control record is plain data");
        let service = self.clone();
        blocking(move || {
            if !service.host.knows_rules() {
                return Err(rules_unknown());
            }
            let history = &service.host.shared().history;
            let (rules, outcome) = history
                .would(&service.host.rules(), &body, now())
                .map_err(|unknown| Problem::new(Refusal::Failed, unknown.to_string()))?;
            Ok((rules, made_by(outcome)?))
        })
        .await?
    }
}

fn undecided(stopped: Stopped) -> Problem {
    match stopped {
        Stopped::Store(error) => error.into(),
        bug @ Stopped::Bug { .. } => {
            tracing::error!(%bug, "a dry run failed");
            Problem::new(
                Refusal::Failed,
                "the fold would fail at it, and its partition stand there",
            )
        }
    }
}
