//! The portal, as browsers get it from the node: of files that are the test's own, whatever was built.

use std::io::{Read, Write};

use accolade_server::{Portal, PortalFile, Settings};
use axum::body::Bytes;
use axum::http::HeaderMap;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;

use crate::harness::{Answer, Api, ask};

const SCRIPT: &str = "/portal/assets/index-B1a2.js";

fn page() -> &'static str {
    "<!doctype html><title>Accolade</title><script type=\"module\" src=\"/portal/assets/index-B1a2.js\"></script>"
}

/// Longer than what is left as it is.
fn script() -> &'static [u8] {
    "export const a = 1;\n".repeat(200).leak().as_bytes()
}

fn packed(plain: &[u8]) -> [&'static [u8]; 2] {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    [encoder.finish().unwrap().leak(), zstd::bulk::compress(plain, 3).unwrap().leak()]
}

/// A portal as one that was built.
pub(crate) fn built() -> Portal {
    let script = script();
    let [gzip, zstd] = packed(script);
    Portal::of(&[
        PortalFile::new("index.html", page().as_bytes(), &[], &[]),
        PortalFile::new("assets/index-B1a2.js", script, gzip, zstd),
        PortalFile::new("assets/index-C3d4.css", b"a { color: red }", &[], &[]),
        PortalFile::new("favicon.svg", b"<svg/>", &[], &[]),
    ])
}

async fn with(portal: Portal) -> Api {
    Api::with_limits(Settings { portal, ..Settings::default() }, 0).await
}

async fn see(api: &Api, path: &str) -> Answer {
    api.send_bare(ask("GET", path)).await
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// The headers and the bytes of an answer to whoever likes these codings.
async fn liking(api: &Api, method: &str, likes: &str) -> (HeaderMap, Bytes) {
    let response = api.begin(ask(method, SCRIPT).header("accept-encoding", likes)).await;
    assert_eq!(response.status(), 200);
    let headers = response.headers().clone();
    (headers, response.into_body().collect().await.unwrap().to_bytes())
}

#[tokio::test]
async fn every_address_of_the_portal_that_is_no_file_is_its_page() {
    let api = with(built()).await;
    let lead = see(&api, "/portal").await;
    assert_eq!((lead.status.as_u16(), header(&lead.headers, "location")), (308, Some("/portal/")));
    for path in [
        "/portal/",
        "/portal/index.html",
        "/portal/tournaments/race",
        "/portal/players/player%20456%2F%C3%BC?tab=ledger",
        "/portal/players/a.b",
        "/portal/sign-in",
    ] {
        let answer = see(&api, path).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, page()), "{path}");
        assert_eq!(header(&answer.headers, "content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(header(&answer.headers, "cache-control"), Some("no-cache"), "{path}");
    }
    for path in ["/portals", "/portal/assets/index-old.js"] {
        assert_eq!(see(&api, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn nothing_gets_into_the_portal_from_elsewhere() {
    let api = with(built()).await;
    for path in ["/portal/", "/portal/tournaments", SCRIPT, "/portal/favicon.svg"] {
        let answer = see(&api, path).await;
        let policy = header(&answer.headers, "content-security-policy").unwrap();
        let said: Vec<_> = policy.split("; ").collect();
        assert_eq!(
            said,
            [
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "connect-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'self'",
            ],
            "{path}"
        );
        assert_eq!(header(&answer.headers, "x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(header(&answer.headers, "referrer-policy"), Some("no-referrer"), "{path}");
    }
}

#[tokio::test]
async fn a_file_is_kept_by_its_name_and_the_page_is_asked_for_again() {
    let api = with(built()).await;
    for (path, content_type, fresh) in [
        (SCRIPT, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
        (
            "/portal/assets/index-C3d4.css",
            "text/css; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
        ("/portal/favicon.svg", "image/svg+xml", "no-cache"),
        ("/portal/", "text/html; charset=utf-8", "no-cache"),
    ] {
        let answer = see(&api, path).await;
        assert_eq!(header(&answer.headers, "content-type"), Some(content_type), "{path}");
        assert_eq!(header(&answer.headers, "cache-control"), Some(fresh), "{path}");
        let tag = header(&answer.headers, "etag").unwrap();
        for known in [tag, &format!("\"other\", {tag}"), "*"] {
            let again = api.send_bare(ask("GET", path).header("if-none-match", known)).await;
            assert_eq!((again.status.as_u16(), &*again.text), (304, ""), "{path}");
            for name in ["etag", "cache-control", "vary", "content-security-policy"] {
                let (first, again) = (header(&answer.headers, name), header(&again.headers, name));
                assert_eq!(first, again, "{path}: {name}");
            }
        }
        let other = api.send_bare(ask("GET", path).header("if-none-match", "W/\"other\"")).await;
        assert_eq!((other.status.as_u16(), other.text), (200, answer.text), "{path}");
    }
    let one = header(&see(&api, "/portal/").await.headers, "etag").map(str::to_owned);
    let file = PortalFile::new("index.html", b"<!doctype html><title>Another</title>", &[], &[]);
    let next = with(Portal::of(&[file])).await;
    assert_ne!(header(&see(&next, "/portal/").await.headers, "etag"), one.as_deref());
}

#[tokio::test]
async fn a_file_goes_out_as_it_was_compressed_when_the_binary_was_built() {
    let api = with(built()).await;
    let [gzip, zstd] = packed(script());
    for (likes, coding, bytes) in [
        ("gzip, deflate, br, zstd", Some("zstd"), zstd),
        ("gzip, deflate, br", Some("gzip"), gzip),
        ("zstd;q=0.1, gzip", Some("gzip"), gzip),
        ("br", None, script()),
        ("identity", None, script()),
    ] {
        let (headers, sent) = liking(&api, "GET", likes).await;
        assert_eq!(header(&headers, "content-encoding"), coding, "{likes}");
        assert_eq!(sent, bytes, "{likes}");
        let varies = headers.get_all("vary").iter().filter(|name| *name == "accept-encoding");
        assert_eq!(varies.count(), 1, "{likes}: {headers:?}");
        let (of_head, nothing) = liking(&api, "HEAD", likes).await;
        assert_eq!(nothing, "", "{likes}");
        let told = |headers: &HeaderMap| {
            ["content-encoding", "content-length", "content-type", "etag"]
                .map(|name| header(headers, name).map(str::to_owned))
        };
        assert_eq!(told(&of_head)[0], told(&headers)[0], "{likes}");
        assert_eq!(told(&of_head)[2..], told(&headers)[2..], "{likes}");
        assert_eq!(told(&of_head)[1].as_deref(), Some(&*bytes.len().to_string()), "{likes}");
    }
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain).unwrap();
    assert_eq!(plain, script());
}

#[tokio::test]
async fn a_binary_without_the_portal_says_how_to_build_it() {
    let api = with(Portal::of(&[])).await;
    for path in ["/portal/", "/portal/tournaments"] {
        let page = see(&api, path).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("<code>make portal"), "{}", page.text);
        assert!(header(&page.headers, "content-security-policy").is_some());
    }
    assert_eq!(see(&api, "/portal").await.status, 308);
}

#[tokio::test]
async fn the_binary_s_own_portal_is_whole_or_not_there() {
    let api = with(Portal::default()).await;
    let page = see(&api, "/portal/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("<style") && !page.text.contains(" style="), "{}", page.text);
    for script in page.text.split("<script").skip(1) {
        let opening = script.split('>').next().unwrap();
        assert!(opening.contains("src="), "none stands in the page: {script}");
    }
    let named = page.text.split('"').filter(|text| text.starts_with("/portal/"));
    for file in named {
        let begun = api.begin(ask("GET", file)).await;
        assert_eq!(begun.status(), 200, "{file}");
        let content_type = header(begun.headers(), "content-type").unwrap();
        assert!(file.ends_with('/') || !content_type.starts_with("text/html"), "{file}");
    }
}
