//! Whoever asks, as the node sees them.

use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::ArrayBuilder;
use utoipa::openapi::{RefOr, Schema};

use crate::call::Call;
use crate::description::schemas::one_of;
use crate::principal::Credential;
use crate::problem::Problem;
use crate::roles::{Role, Scope};
use crate::shapes::{Time, respond};

/// What somebody has shown to be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Who)]
pub(crate) struct WhoShape<'a> {
    /// As the trail names them.
    subject: &'a str,
    #[schema(schema_with = credentials)]
    credential: &'static str,
    operator_id: &'a str,
    /// The key that was shown, if one was.
    #[schema(required)]
    key_id: Option<&'a str>,
    /// The only player that may be named.
    #[schema(required)]
    player_id: Option<&'a str>,
    #[schema(schema_with = roles)]
    roles: Vec<&'static str>,
    #[schema(schema_with = scopes)]
    scopes: Vec<&'static str>,
    /// When the credential ends; null for never.
    #[schema(required)]
    until: Option<Time>,
}

fn credentials() -> Schema {
    let all = [Credential::ApiKey, Credential::PlayerToken, Credential::Oidc, Credential::Socket];
    one_of(all.map(Credential::code))
}

fn scopes() -> Schema {
    ArrayBuilder::new().items(RefOr::T(one_of(Scope::ALL.map(Scope::code)))).build().into()
}

fn roles() -> Schema {
    ArrayBuilder::new().items(RefOr::T(one_of(Role::ALL.map(Role::code)))).build().into()
}

/// Whose the credential is, and what it may do.
pub(crate) async fn show(call: Call) -> Result<Response, Problem> {
    let (operator, principal) = (call.operator(), &call.principal);
    let scopes = Scope::ALL.into_iter().filter(|scope| principal.scopes.has(*scope));
    let shape = WhoShape {
        subject: &principal.subject,
        credential: principal.credential.code(),
        operator_id: &operator.id,
        key_id: principal.key.as_ref().map(|key| &*key.id),
        player_id: principal.player.as_deref(),
        roles: principal.roles.iter().map(|role| role.code()).collect(),
        scopes: scopes.map(Scope::code).collect(),
        until: principal.until.map(Time),
    };
    let mut response = respond(StatusCode::OK, &shape);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
