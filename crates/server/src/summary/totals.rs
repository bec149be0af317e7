//! What was ever counted of an operator, without a look at accounts: what rates are made of, by who asks again.

use std::collections::BTreeMap;
use std::io;

use accolade_domain::ledger::EntryKind;
use accolade_engine::tables::Table;
use accolade_engine::tables::operator_totals::{OperatorTotals, Totals};
use accolade_wire::bytes::Cursor;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{AccountsShape, ExactSum, Sum};
use crate::call::Call;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{Exact, raw, respond};
use crate::submit::blocking;

/// What was ever counted of an operator.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SummaryTotals)]
pub(crate) struct TotalsShape<'a> {
    operator_id: &'a str,
    #[serde(flatten)]
    accounts: AccountsShape,
    /// Wagers that counted.
    wagers_counted: u64,
    /// Wagers that did not.
    wagers_refused: u64,
    wagers_voided: u64,
    /// Points by the kind of their entries, signed.
    points: BTreeMap<&'static str, ExactSum>,
}

impl Service {
    /// What partitions that are here have counted of an operator.
    fn totals(&self, partitions: &[u16], operator: u32) -> Result<Totals, Problem> {
        let mut sum = Totals::default();
        for number in partitions {
            self.read(*number, |partition| {
                if let Some(totals) = partition.tables().operator_totals.get(&operator) {
                    sum.include(totals);
                }
            })?;
        }
        Ok(sum)
    }
}

/// What was ever counted of the operator's.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let operator = call.operator();
    let Call { service, .. } = call;
    let number = operator.number;
    let path = format!("/cluster/v1/summary/totals?operator={number}");
    let here = move |service: &Service, partitions: &[u16]| service.totals(partitions, number);
    let mut sum = Totals::default();
    for of_node in service.gather(0..service.partitions(), here, &path, read).await? {
        sum.include(&of_node);
    }
    let Totals { accounts, counted } = sum;
    let kinds = EntryKind::ALL.into_iter();
    let shape = TotalsShape {
        operator_id: &operator.id,
        accounts: accounts.into(),
        wagers_counted: counted.wagers_counted,
        wagers_refused: counted.wagers_refused,
        wagers_voided: counted.voids,
        points: kinds.map(|kind| (kind.code(), Exact(Sum(counted.points_of(kind))))).collect(),
    };
    Ok(respond(StatusCode::OK, &shape))
}

fn read(bytes: &[u8]) -> io::Result<Totals> {
    let mut cursor = Cursor::new(bytes, "answer of totals");
    OperatorTotals::read_value(&mut cursor, 0).map_err(io::Error::other)
}

/// What partitions that are here have counted, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let operator = parameters.small("operator")?;
    let totals = blocking(move || {
        service.with_all_here(&partitions, || service.totals(&partitions, operator))
    });
    let mut bytes = Vec::new();
    OperatorTotals::put_value(&mut bytes, &totals.await??);
    Ok(raw(StatusCode::OK, "application/octet-stream", bytes))
}
