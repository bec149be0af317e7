//! Signing in to the portal: which codes become tokens, and that every other one is refused.

use std::time::{Duration, Instant};

use accolade_server::{Oidc, PortalClient, Settings, Trusted};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::issuer::{CLIENT, Issuer, Mood, REDIRECT, encode};
use super::{World, is, is_ok};
use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask};

const OPTIONS: &str = "/portal/sign-in/options";
const TOKEN: &str = "/portal/sign-in/token";

/// The client, otherwise.
fn client(trusted: &mut Trusted) -> &mut PortalClient {
    trusted.portal.as_mut().unwrap()
}

async fn options(api: &Api) -> Value {
    let answer = api.send_bare(ask("GET", OPTIONS)).await;
    is_ok(&answer);
    answer.json["items"].clone()
}

async fn sign_in(api: &Api, body: &Value) -> Answer {
    api.send_bare(ask("POST", TOKEN).json(body)).await
}

/// That it is refused, at this field.
async fn refuses(api: &Api, body: &Value, pointer: &str, words: &str) {
    let answer = sign_in(api, body).await;
    is(&answer, 400, "malformed");
    assert_eq!(answer.pointers(), [pointer], "{answer:?}");
    assert!(answer.text.contains(words), "{answer:?}");
}

impl World {
    /// What the page of an admin who has signed in at the issuer sends.
    fn code(&self) -> Value {
        self.issuer.give_code(self.token(|_, _| ()))
    }

    fn code_but(&self, name: &str, value: impl Into<Value>) -> Value {
        let mut body = self.code();
        body[name] = value.into();
        body
    }
}

#[tokio::test]
async fn staff_sign_in_at_their_provider_and_ask_by_its_token_until_it_ends() {
    let world = World::start().await;
    let items = options(&world.api).await;
    assert_eq!(
        items,
        json!([{
            "issuer": world.issuer.url, "name": "the house", "clientId": CLIENT, "scope": "openid",
            "authorizationEndpoint": format!("{}/authorize", world.issuer.url),
            "parameters": { "resource": super::AUDIENCE }, "redirectUris": [REDIRECT],
        }])
    );
    let signed = sign_in(&world.api, &world.code()).await;
    is_ok(&signed);
    assert_eq!(signed.headers["cache-control"], "no-store");
    assert_eq!(signed.json["operators"], json!([OPERATOR]));
    let token = signed.json["token"].as_str().unwrap();
    is_ok(&world.show(token).await);
    let who = super::show(&world.api, token, "/api/v1/whoami").await;
    assert_eq!(
        (&who.json["credential"], &who.json["roles"], &who.json["until"]),
        (&json!("oidc"), &json!(["admin"]), &signed.json["until"]),
    );
    assert!(who.json["until"].is_string(), "{who:?}");
}

#[tokio::test]
async fn a_client_with_a_secret_shows_it_and_nobody_hears_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "a secret: é\n").unwrap();
    let shown = file.clone();
    let world = World::trusting(|trusted| client(trusted).client_secret_file = Some(shown)).await;
    // As forms are written, and then in base64.
    world.issuer.wants("a+secret%3A+%C3%A9");
    is_ok(&sign_in(&world.api, &world.code()).await);
    let mut trusted = world.issuer.trusted();
    client(&mut trusted).client_secret_file = Some(file.clone());
    let held = format!("{:?}", Oidc::new(&[trusted.clone()]).unwrap());
    let told = options(&world.api).await.to_string();
    assert!(!held.contains("a secret") && !told.contains("secret"), "{held} {told}");
    world.issuer.wants("another");
    let refused = sign_in(&world.api, &world.code()).await;
    is(&refused, 422, "invalid");
    assert!(refused.text.contains("`invalid_client`"), "{refused:?}");

    std::fs::write(&file, " \n").unwrap();
    for missing in [file, folder.path().join("nothing")] {
        client(&mut trusted).client_secret_file = Some(missing);
        let refused = Oidc::new(&[trusted.clone()]).unwrap_err().to_string();
        assert!(
            refused.starts_with("`oidc.portal.client_secret_file` cannot be read"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_code_counts_once_and_only_with_the_verifier_of_its_challenge() {
    let world = World::start().await;
    let body = world.code();
    is_ok(&sign_in(&world.api, &body).await);
    let other = "b".repeat(43);
    for again in [body, world.code_but("codeVerifier", other), world.code_but("code", "made up")] {
        let answer = sign_in(&world.api, &again).await;
        is(&answer, 422, "invalid");
        assert!(answer.text.contains("(`invalid_grant`): expected a code"), "{answer:?}");
        let code = again["code"].as_str().unwrap();
        assert!(!answer.text.contains(code), "what was shown is not told again");
    }
}

#[tokio::test]
async fn what_is_no_sign_in_is_refused_by_its_field_and_the_issuer_is_not_asked() {
    let world = World::start().await;
    let api = &world.api;
    let url = format!("`{}`", world.issuer.url);
    for issuer in [json!("https://login.example"), json!(""), json!(null)] {
        refuses(api, &world.code_but("issuer", issuer), "/issuer", &url).await;
    }
    for code in [json!(""), json!(null), json!("c".repeat(4_097)), json!("a\nb")] {
        refuses(api, &world.code_but("code", code), "/code", "expected").await;
    }
    let words = "expected 43 to 128 letters";
    for verifier in ["a".repeat(42), "a".repeat(129), format!("{}+", "a".repeat(43)), String::new()]
    {
        refuses(api, &world.code_but("codeVerifier", verifier), "/codeVerifier", words).await;
    }
    for uri in ["https://points.example/portal", "https://other.example/portal/", ""] {
        refuses(api, &world.code_but("redirectUri", uri), "/redirectUri", REDIRECT).await;
    }
    refuses(api, &world.code_but("state", "s"), "/state", "unknown field").await;
    let long = json!({ "issuer": "i".repeat(17 << 10) });
    is(&sign_in(api, &long).await, 413, "too_large");
    assert_eq!(world.issuer.shown(), 0);
    is_ok(&sign_in(api, &world.code()).await);
    assert_eq!(world.issuer.shown(), 1);
}

#[tokio::test]
async fn without_addresses_that_are_written_down_a_browser_comes_back_to_where_it_asked() {
    let world = World::trusting(|trusted| client(trusted).redirect_uris.clear()).await;
    assert_eq!(options(&world.api).await[0]["redirectUris"], json!([]));
    let send = async |host: &str, uri: &str| {
        let body = world.code_but("redirectUri", uri);
        world.api.send_bare(ask("POST", TOKEN).header("host", host).json(&body)).await
    };
    is_ok(&send("points.example", REDIRECT).await);
    // It is the issuer that is asked by which scheme it was.
    is(&send("points.example", "http://points.example/portal/").await, 422, "invalid");
    for (host, uri) in [
        ("other.example", REDIRECT),
        ("points.example:8080", REDIRECT),
        ("points.example", "https://points.example/portal/x"),
        ("points.example", "https://points.example/portal/?a"),
        ("points.example", "https://points.example/portal/#a"),
        ("points.example", "https://points.example@other.example/portal/"),
        ("points.example", "ftp://points.example/portal/"),
        ("points.example", "/portal/"),
    ] {
        let answer = send(host, uri).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.pointers(), ["/redirectUri"], "{uri}: {answer:?}");
    }
    is(&sign_in(&world.api, &world.code()).await, 400, "malformed");
}

#[tokio::test]
async fn a_token_that_the_api_would_not_take_signs_nobody_in() {
    let world = World::start().await;
    let sign = async |token: String| sign_in(&world.api, &world.issuer.give_code(token)).await;
    let elsewhere = world.token(|_, claims| claims["aud"] = "https://other.example".into());
    let over = world.token(|_, claims| claims["exp"] = super::seconds_from_now(-60));
    for (token, words) in [
        (elsewhere, "not for this API"),
        (over, "is over"),
        ("opaque".to_owned(), "the token's header"),
        ("x".repeat(17 << 10), "bytes at most"),
    ] {
        let answer = sign(token).await;
        is(&answer, 401, "unauthorized");
        assert!(answer.text.contains(words), "{answer:?}");
    }
    is_ok(&sign(world.token(|_, _| ())).await);
}

#[tokio::test]
async fn while_the_issuer_is_away_nobody_signs_in_and_nothing_is_followed() {
    let world = World::start().await;
    is_ok(&sign_in(&world.api, &world.code()).await);
    for mood in [Mood::Fails, Mood::Redirects, Mood::NoJson, Mood::Floods] {
        world.issuer.set(mood);
        let answer = sign_in(&world.api, &world.code()).await;
        is(&answer, 503, "identity_provider_away");
        assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    }
    world.issuer.set(Mood::Well);
    is_ok(&sign_in(&world.api, &world.code()).await);
}

#[tokio::test]
async fn an_issuer_that_has_not_answered_yet_is_an_option_without_an_address() {
    let issuer = Issuer::start(&[]).await;
    issuer.set(Mood::Fails);
    let api = Api::with_limits(issuer.settings(), 0).await;
    assert_eq!(options(&api).await[0]["authorizationEndpoint"], json!(null));
    let answer = sign_in(&api, &issuer.give_code("opaque".to_owned())).await;
    is(&answer, 503, "identity_provider_away");
    issuer.set(Mood::Well);
    let until = Instant::now() + PATIENCE;
    while options(&api).await[0]["authorizationEndpoint"].is_null() {
        assert!(Instant::now() < until, "it is not heard that the issuer is back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn where_no_issuer_knows_the_portal_there_are_no_options() {
    let world = World::trusting(|trusted| trusted.portal = None).await;
    for api in [&world.api, &Api::with_limits(Settings::default(), 0).await] {
        assert_eq!(options(api).await, json!([]));
        refuses(api, &world.code(), "/issuer", "staff sign in at no issuer here").await;
    }
}

#[tokio::test]
async fn strangers_who_guess_codes_are_bounded_by_their_address() {
    let issuer = Issuer::start(&[]).await;
    let settings = Settings { strangers_per_second: 5, ..issuer.settings() };
    let api = Api::with_limits(settings, 0).await;
    let mut limited = 0;
    for _ in 0..30 {
        let request = ask("POST", TOKEN).json(&json!({})).from("192.0.2.1");
        let answer = api.send_bare(request).await;
        limited += usize::from(answer.status == 429);
        assert!(matches!(answer.status.as_u16(), 400 | 429), "{answer:?}");
    }
    assert!(limited > 0, "nothing was refused");
}

#[test]
fn the_challenge_of_the_test_s_issuer_is_that_of_the_standard() {
    // RFC 7636, appendix B.
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    assert_eq!(encode(Sha256::digest(verifier.as_bytes())), challenge);
}
