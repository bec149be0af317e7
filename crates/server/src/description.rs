//! The API's description (`OpenAPI` 3.1), and a page that shows it to people: Swagger UI, from the binary. The page
//! fetches nothing but the description, from where it came itself.

pub(crate) mod bodies;
mod document;
pub(crate) mod schemas;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::http::StatusCode;
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderValue};
use axum::response::Response;
use bytes::Bytes;
use utoipa_swagger_ui::Config;

use crate::call::Call;
use crate::compression::Kept;
use crate::problem::Problem;
use crate::shapes::raw;

/// The viewer sets styles at elements, and draws icons from data; nothing else is not its own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    serde_json::to_vec_pretty(&document::document()).expect("a description is plain data").into()
});

static VIEWER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    // Without a name: the layout without a choice of descriptions shows no others.
    let config = Config::new(["v1/openapi.json"]);
    let config = config.use_base_layout().validator_url("none").display_operation_id(true);
    Arc::new(config.try_it_out_enabled(true).persist_authorization(false))
});

static COMPRESSED: Kept = Kept::new();

/// The description.
pub(crate) async fn openapi(call: Call) -> Result<Response, Problem> {
    Ok(text(&call, "openapi.json", "application/json", DOCUMENT.clone()))
}

/// What is the same for everybody, compressed where the request likes that.
fn text(call: &Call, name: &str, content_type: &'static str, content: Bytes) -> Response {
    let mut response = raw(StatusCode::OK, content_type, content.clone());
    COMPRESSED.compress(name, &content, &call.parts.headers, &mut response);
    response
}

/// The page.
pub(crate) async fn page(_: Call) -> Result<Response, Problem> {
    let page = file("index.html")?;
    let page = String::from_utf8_lossy(&page).replace("<title>Swagger UI", "<title>Accolade");
    // Its files are below its own path.
    let page = page.replace("\"./", "\"docs/").replace("\"index.css", "\"docs/index.css");
    let mut response = raw(StatusCode::OK, "text/html; charset=utf-8", page);
    let policy = HeaderValue::from_static(POLICY);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

/// A file that the page needs.
pub(crate) async fn part(call: Call) -> Result<Response, Problem> {
    let name = call.name();
    let content_type = match name.rsplit_once('.') {
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "png")) => "image/png",
        _ => return Err(Problem::not_found("file")),
    };
    Ok(text(&call, &name, content_type, file(&name)?))
}

fn file(name: &str) -> Result<Bytes, Problem> {
    let found = utoipa_swagger_ui::serve(name, Arc::clone(&VIEWER)).ok().flatten();
    match found.map(|file| file.bytes) {
        Some(Cow::Borrowed(bytes)) => Ok(Bytes::from_static(bytes)),
        Some(Cow::Owned(bytes)) => Ok(bytes.into()),
        None => Err(Problem::not_found("file")),
    }
}
