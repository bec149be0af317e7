//! The API's description (`OpenAPI` 3.1) and a page that shows it to people. The page fetches nothing
//! but the description, from where it came itself.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::Response;

use crate::call::Call;
use crate::problem::Problem;
use crate::shapes::raw;

const OPENAPI: &str = include_str!("../assets/openapi.json");
const PAGE: &str = include_str!("../assets/page.html");
const SCRIPT: &str = include_str!("../assets/page.js");
const STYLE: &str = include_str!("../assets/page.css");

/// The description.
pub(crate) async fn openapi(_: Call) -> Result<Response, Problem> {
    Ok(raw(StatusCode::OK, "application/json", OPENAPI))
}

/// The page.
pub(crate) async fn page(_: Call) -> Result<Response, Problem> {
    let mut response = raw(StatusCode::OK, "text/html; charset=utf-8", PAGE);
    let policy =
        HeaderValue::from_static("default-src 'self'; base-uri 'none'; form-action 'none'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// The page's script.
pub(crate) async fn script(_: Call) -> Result<Response, Problem> {
    Ok(raw(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT))
}

/// The page's style.
pub(crate) async fn style(_: Call) -> Result<Response, Problem> {
    Ok(raw(StatusCode::OK, "text/css; charset=utf-8", STYLE))
}
