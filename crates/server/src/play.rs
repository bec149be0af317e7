//! The page `/play/{tournamentId}` and the widget: files of `portal/play`, which are in the binary. They are the same for
//! everybody, whatever they are to show: a browser asks the API for that.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;

use crate::call::Call;
use crate::compression::Kept;
use crate::files::{tag_of, versioned};
use crate::problem::Problem;
use crate::shapes::raw;

/// Nothing that is not the node's own, no script or style that stands in the page, nobody's frame, and no text becomes
/// markup.
static POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);
/// A browser asks again after so long, and is mostly told that nothing is new.
static FRESH: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// Pages that are isolated load it all the same.
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// A file as it is sent.
struct File {
    name: &'static str,
    content_type: &'static str,
    content: Cow<'static, str>,
}

impl File {
    const fn of(name: &'static str, content_type: &'static str, content: &'static str) -> Self {
        Self { name, content_type, content: Cow::Borrowed(content) }
    }
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

static PAGE: File = File::of(
    "page.html",
    "text/html; charset=utf-8",
    include_str!("../../../portal/play/page.html"),
);
static PARTS: [File; 3] = [
    File::of("page.js", SCRIPT, include_str!("../../../portal/play/page.js")),
    File::of("page.css", "text/css; charset=utf-8", include_str!("../../../portal/play/page.css")),
    File::of("icon.svg", "image/svg+xml", include_str!("../../../portal/play/icon.svg")),
];
/// One script of its parts, whose names are nobody else's.
static WIDGET: LazyLock<File> = LazyLock::new(|| {
    let whole = concat!(
        "(() => {\n\"use strict\";\nconst DARK = `\n",
        include_str!("../../../portal/play/dark.css"),
        "`;\nconst STYLE = `\n",
        include_str!("../../../portal/play/widget.css"),
        "`;\n",
        include_str!("../../../portal/play/texts.js"),
        include_str!("../../../portal/play/numbers.js"),
        include_str!("../../../portal/play/feed.js"),
        include_str!("../../../portal/play/board.js"),
        include_str!("../../../portal/play/widget.js"),
        "})();\n",
    );
    File { name: "widget.js", content_type: SCRIPT, content: Cow::Owned(tight(whole)) }
});

/// Leaves out what only people read: comments of whole lines, and the spaces in front.
fn tight(script: &str) -> String {
    let is_comment =
        |line: &&str| line.starts_with("//") || line.starts_with("/*") && line.ends_with("*/");
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.filter(|line| !is_comment(line)).flat_map(|line| [line, "\n"]).collect()
}

static COMPRESSED: Kept = Kept::new();

/// Of all files together: a page and a script of two releases do not meet.
static VERSION: LazyLock<HeaderValue> = LazyLock::new(|| {
    let all = [&PAGE, &*WIDGET].into_iter().chain(&PARTS);
    tag_of(all.map(|file| file.content.as_bytes()))
});

impl File {
    fn respond(&'static self, asked: &HeaderMap) -> Response {
        let mut response = versioned(asked, &VERSION, &FRESH, || {
            let mut response = raw(StatusCode::OK, self.content_type, &*self.content);
            COMPRESSED.compress(self.name, self.content.as_bytes(), asked, &mut response);
            response
        });
        let policy = HeaderValue::from_static("cross-origin");
        response.headers_mut().insert(RESOURCE_POLICY, policy);
        response
    }
}

/// The page of every tournament.
pub(crate) async fn page(call: Call) -> Result<Response, Problem> {
    let mut response = PAGE.respond(&call.parts.headers);
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY.clone());
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Ok(response)
}

/// The widget.
pub(crate) async fn widget(call: Call) -> Result<Response, Problem> {
    Ok(WIDGET.respond(&call.parts.headers))
}

/// A file that the page needs.
pub(crate) async fn part(call: Call) -> Result<Response, Problem> {
    let name = call.name();
    let file = PARTS.iter().find(|file| file.name == name);
    Ok(file.ok_or_else(|| Problem::not_found("file"))?.respond(&call.parts.headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_people_read_is_left_out() {
        let script = "// a\n  const a = 1; // b\n\n/* c */\n    a /* d */;\n";
        assert_eq!(tight(script), "const a = 1; // b\na /* d */;\n");
    }
}
