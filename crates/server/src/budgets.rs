//! Budgets of promotions: what they have given, and what is left.

use std::collections::BTreeMap;
use std::io;

use accolade_domain::amount::Points;
use accolade_domain::budget::Budget;
use accolade_engine::tables::budgets::BudgetKey;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{Exact, ExactPoints, respond};
use crate::submit::blocking;

/// A budget.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Budget, example = json!({
    "promotion": "launch", "points": 5000.00, "perPlayer": 500.00, "given": 1500.00, "rest": 3500.00
}))]
pub(crate) struct BudgetShape {
    /// The promotion's name: it has the same budget in every version.
    promotion: String,
    /// What all players are given together at most, by the newest version that says so.
    #[schema(required)]
    points: Option<ExactPoints>,
    /// What each is given at most, by the newest version that says so.
    #[schema(required)]
    per_player: Option<ExactPoints>,
    /// What was given, less what voids gave back.
    given: ExactPoints,
    /// What is left of `points`; 0 where more was given before there were fewer.
    #[schema(required)]
    rest: Option<ExactPoints>,
}

/// The budgets of an operator.
#[derive(Serialize, ToSchema)]
#[schema(as = Budgets)]
pub(crate) struct BudgetsShape {
    /// By the names of their promotions.
    items: Vec<BudgetShape>,
}

impl BudgetShape {
    fn of(promotion: &str, budget: Budget, given: Points) -> Self {
        let rest = |points: Points| points.minus(given).unwrap_or_default().max(Points::ZERO);
        Self {
            promotion: promotion.to_owned(),
            points: budget.points.map(Exact),
            per_player: budget.per_player.map(Exact),
            given: Exact(given),
            rest: budget.points.map(rest).map(Exact),
        }
    }
}

/// What budgets have given, in hundredths, by the names of their promotions.
type GivenByName = BTreeMap<String, i64>;

/// Lists the budgets of all promotions that have or had one.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let operator = call.operator();
    let Call { service, .. } = call;
    let number = operator.number;
    let path = format!("/cluster/v1/budgets?operator={number}");
    let here = move |service: &Service, partitions: &[u16]| service.given_here(number, partitions);
    let gathered = service.gather(0..service.partitions(), here, &path, read).await?;
    let mut given = GivenByName::new();
    for (promotion, hundredths) in gathered.into_iter().flatten() {
        *given.entry(promotion).or_default() += hundredths;
    }
    let rules = service.operator(&operator)?;
    let shape = |(promotion, budget): (&str, Budget)| {
        let given = given.get(promotion).copied().unwrap_or_default();
        BudgetShape::of(promotion, budget, Points::from_hundredths(given).unwrap_or(Points::MAX))
    };
    let items = rules.budgets().into_iter().map(shape).collect();
    Ok(respond(StatusCode::OK, &BudgetsShape { items }))
}

fn read(bytes: &[u8]) -> io::Result<GivenByName> {
    Ok(serde_json::from_slice(bytes)?)
}

/// What budgets have given in partitions that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let number = parameters.small("operator")?;
    let found = blocking(move || {
        service.with_all_here(&partitions, || service.given_here(number, &partitions))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}

impl Service {
    fn given_here(&self, operator: u32, partitions: &[u16]) -> Result<GivenByName, Problem> {
        let mut given = GivenByName::new();
        for number in partitions {
            self.read(*number, |partition| {
                let first = BudgetKey { operator, promotion: "".into() };
                let rows = partition.tables().budget_shares.iter_from(first);
                for (key, share) in rows.take_while(|(key, _)| key.operator == operator) {
                    let sum = given.entry(key.promotion.to_string()).or_default();
                    *sum += share.given.hundredths();
                }
            })?;
        }
        Ok(given)
    }
}
