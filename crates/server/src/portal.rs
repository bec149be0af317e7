//! The portal of an operator's staff, below `/portal/`: files that Vite has built, which are in the binary where they
//! were there when it was built. They are the same for everybody; what they show, they ask the API for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use axum::http::header::{CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use crate::call::Call;
use crate::compression::{Coding, choose};
use crate::files::{tag_of, versioned};
use crate::problem::Problem;
use crate::shapes::raw;

/// Nothing that is not the node's own, no script or style that stands in the page, and nobody's frame.
static POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
     font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);
/// What is behind a name never changes.
static FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A browser asks each time, and is mostly told that nothing is new.
static ASKED_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

const PAGE: &str = "index.html";
/// Names of files below it have a hash of what is in them.
const HASHED: &str = "assets/";

const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Accolade</title>
<p>This binary was built without the portal. <code>make portal build</code> builds it with it.
";

/// Written by the build script.
static BUILT: &[PortalFile] = include!(concat!(env!("OUT_DIR"), "/portal.rs"));

/// A file of the portal.
#[derive(Debug, Clone, Copy)]
pub struct PortalFile {
    path: &'static str,
    plain: &'static [u8],
    gzip: &'static [u8],
    zstd: &'static [u8],
}

impl PortalFile {
    /// What is at `path` below `/portal/`; `gzip` and `zstd` are the same compressed, or empty where that is not worth it.
    pub const fn new(
        path: &'static str,
        plain: &'static [u8],
        gzip: &'static [u8],
        zstd: &'static [u8],
    ) -> Self {
        Self { path, plain, gzip, zstd }
    }

    const fn is_packed(&self) -> bool {
        !self.gzip.is_empty() || !self.zstd.is_empty()
    }

    fn content_type(&self) -> &'static str {
        match self.path.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "html" => "text/html; charset=utf-8",
            "js" | "mjs" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "json" | "map" => "application/json",
            "webmanifest" => "application/manifest+json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "ico" => "image/x-icon",
            "webp" => "image/webp",
            "woff2" => "font/woff2",
            "txt" => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}

/// The files of the portal; by default those that are in the binary. Cheap to clone.
#[derive(Clone)]
pub struct Portal(Arc<BTreeMap<&'static str, (PortalFile, HeaderValue)>>);

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Default for Portal {
    fn default() -> Self {
        static OF_THE_BINARY: LazyLock<Portal> = LazyLock::new(|| Portal::of(BUILT));
        OF_THE_BINARY.clone()
    }
}

impl Portal {
    /// A portal of these files.
    pub fn of(files: &[PortalFile]) -> Self {
        let tagged = |file: &PortalFile| (file.path, (*file, tag_of([file.plain])));
        Self(Arc::new(files.iter().map(tagged).collect()))
    }

    /// Answers with the file of this path; with the page where there is none, for its paths are the page's own.
    fn respond(&self, path: &str, asked: &HeaderMap) -> Result<Response, Problem> {
        let found = self.0.get(path);
        if found.is_none() && path.starts_with(HASHED) {
            return Err(Problem::not_found("file"));
        }
        let Some((file, tag)) = found.or_else(|| self.0.get(PAGE)) else {
            let page = raw(StatusCode::OK, "text/html; charset=utf-8", NOT_BUILT);
            return Ok(guarded(page));
        };
        let fresh = if file.path.starts_with(HASHED) { &FOR_EVER } else { &ASKED_AGAIN };
        let mut response = versioned(asked, tag, fresh, || {
            let plain = Bytes::from_static(file.plain);
            let mut response = raw(StatusCode::OK, file.content_type(), plain);
            choose(asked, &mut response, |coding| match coding {
                Coding::Gzip => file.gzip,
                Coding::Zstd => file.zstd,
            });
            response
        });
        if file.is_packed() {
            let varies = HeaderValue::from_static("accept-encoding");
            response.headers_mut().append(VARY, varies);
        }
        Ok(guarded(response))
    }
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// Leads to the portal: what its page names is below that.
pub(crate) async fn lead(_: Call) -> Result<Response, Problem> {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/portal/"));
    Ok(response)
}

/// The page.
pub(crate) async fn page(call: Call) -> Result<Response, Problem> {
    call.service.settings.portal.respond(PAGE, &call.parts.headers)
}

/// A file of the portal, or the page.
pub(crate) async fn file(call: Call) -> Result<Response, Problem> {
    call.service.settings.portal.respond(&call.name(), &call.parts.headers)
}
