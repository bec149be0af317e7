//! Tournaments of the usual kinds, of which a new one can be made.

use accolade_domain::ranking::Score;
use accolade_wire::query::print_query;
use accolade_wire::tournament::templates::{Template, templates};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::FormShape;
use super::prizes::PrizeShape;
use super::series::RecursShape;
use super::ties;
use crate::call::Call;
use crate::problem::Problem;
use crate::shapes::{Exact, respond};

/// A tournament of a usual kind: what `template` fills in of a new one that does not say it itself.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentTemplate)]
pub(crate) struct TemplateShape {
    template_id: &'static str,
    name: &'static str,
    description: &'static str,
    form: FormShape,
    /// What the form writes.
    query: String,
    recurs: RecursShape,
    #[schema(required, value_type = Option<f64>)]
    cap: Option<Exact<Score>>,
    #[schema(schema_with = ties)]
    ties: &'static str,
    prizes: Vec<PrizeShape>,
}

/// All templates.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TournamentTemplates)]
pub(crate) struct TemplatesShape {
    items: Vec<TemplateShape>,
}

impl From<Template> for TemplateShape {
    fn from(template: Template) -> Self {
        let query = template.form.query().expect("the form of a template writes a query");
        Self {
            template_id: template.id,
            name: template.name,
            description: template.sentence,
            form: FormShape::from(&template.form),
            query: print_query(&query),
            recurs: RecursShape::from(&template.recurrence),
            cap: template.cap.map(|cap| Exact(score(cap.0.atto()))),
            ties: template.ties.name(),
            prizes: template.prizes.iter().map(PrizeShape::from).collect(),
        }
    }
}

/// A score of so many 10^-18.
pub(super) fn score(atto: u128) -> Score {
    Score(i128::try_from(atto).expect("an amount is far below the greatest number"))
}

/// All templates.
pub(crate) async fn list(_: Call) -> Result<Response, Problem> {
    let items = templates().into_iter().map(TemplateShape::from).collect();
    Ok(respond(StatusCode::OK, &TemplatesShape { items }))
}
