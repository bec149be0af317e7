//! Access tokens of issuers: which are taken, and that every other one is refused and has no effect.

pub(crate) mod issuer;
mod provider;
mod sign_in;

use std::time::{Duration, Instant};

use accolade_server::{Oidc, Settings, Trusted};
use serde_json::{Value, json};

use self::issuer::{AUDIENCE, Issuer, Mood, Pair, encode, header};
use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, OPERATOR, PATIENCE, ask, now_micros, wager};

/// A node that trusts an issuer.
struct World {
    api: Api,
    issuer: Issuer,
    pair: Pair,
}

impl World {
    async fn start() -> Self {
        Self::trusting(|_| ()).await
    }

    /// One that trusts it otherwise.
    async fn trusting(adjust: impl FnOnce(&mut Trusted)) -> Self {
        let pair = Pair::es256("first");
        let issuer = Issuer::start(&[&pair]).await;
        let mut trusted = issuer.trusted();
        adjust(&mut trusted);
        let oidc = Oidc::new(&[trusted]).unwrap();
        let settings = Settings { oidc, ..Settings::default() };
        let api = Api::with_limits(settings, 0).await.with_program().await;
        Self { api, issuer, pair }
    }

    /// A token of an admin, which is right but for what `bend` does to its header and claims.
    fn token(&self, bend: impl FnOnce(&mut Value, &mut Value)) -> String {
        let (mut header, mut claims) = (header(&self.pair), self.issuer.claims("the admins", None));
        bend(&mut header, &mut claims);
        self.pair.sign(&header.to_string(), &claims.to_string())
    }

    async fn show(&self, token: &str) -> Answer {
        show(&self.api, token, "/api/v1/keys").await
    }

    /// Such a token is refused by these words, in front of all that changes something.
    async fn refuses(&self, token: &str, words: &str) {
        let before = self.api.batches().await;
        let answer = self.show(token).await;
        is(&answer, 401, "unauthorized");
        let detail = answer.json["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{detail}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        assert!(!answer.text.contains(token), "what was shown is not told again");
        let body = wager("w", "p");
        let request = ask("POST", "/api/v1/wagers")
            .json(&body)
            .header("authorization", &format!("Bearer {token}"));
        is(&self.api.send_bare(request).await, 401, "unauthorized");
        assert_eq!(self.api.batches().await, before);
    }

    async fn refuses_bent(&self, bend: impl FnOnce(&mut Value, &mut Value), words: &str) {
        is_ok(&self.show(&self.token(|_, _| ())).await);
        self.refuses(&self.token(bend), words).await;
    }
}

async fn show(api: &Api, token: &str, path: &str) -> Answer {
    let shown = format!("Bearer {token}");
    api.send_bare(ask("GET", path).header("authorization", &shown)).await
}

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
}

fn is_ok(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
}

/// Asks until it is answered so.
async fn until(world: &World, token: &str, status: u16) -> Answer {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = world.show(token).await;
        if answer.status == status {
            return answer;
        }
        assert!(Instant::now() < until, "awaited: {status}; there is: {answer:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn seconds_from_now(seconds: i64) -> Value {
    (now_micros() / 1_000_000 + seconds).into()
}

#[tokio::test]
async fn a_token_of_each_algorithm_that_is_pinned_is_taken() {
    let world = World::start().await;
    let pairs =
        [Pair::es256("es"), Pair::ed("ed"), Pair::rsa("rs", "RS256"), Pair::rsa("ps", "PS256")];
    world.issuer.publish(&pairs.each_ref());
    for pair in &pairs {
        let claims = world.issuer.claims("the admins", None).to_string();
        let token = pair.sign(&header(pair).to_string(), &claims);
        is_ok(&until(&world, &token, 200).await);
        is_ok(&world.show(&token).await);
    }
}

#[tokio::test]
async fn whoever_makes_a_key_by_a_token_is_named_with_the_issuer() {
    let world = World::start().await;
    let shown = format!("Bearer {}", world.token(|_, _| ()));
    let key = json!({ "name": "the desk", "roles": ["support"] });
    let made = world
        .api
        .send_bare(ask("POST", "/api/v1/keys").json(&key).header("authorization", &shown))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json["createdBy"], format!("somebody of {}", world.issuer.url));
}

#[tokio::test]
async fn a_token_of_another_issuer_is_refused() {
    let world = World::start().await;
    let other = Issuer::start(&[&world.pair]).await;
    world
        .refuses_bent(|_, claims| claims["iss"] = other.url.clone().into(), "issuer is not trusted")
        .await;
    for bad in
        [json!(null), json!([world.issuer.url]), json!(7), json!(format!("{}/", world.issuer.url))]
    {
        world.refuses_bent(|_, claims| claims["iss"] = bad, "issuer").await;
    }
    assert_eq!(other.asked(), 0, "nobody is asked whom a token names");
}

#[tokio::test]
async fn a_token_for_another_audience_is_refused() {
    let world = World::start().await;
    for bad in
        [json!("https://other.example"), json!(["https://other.example"]), json!([]), json!(7)]
    {
        world.refuses_bent(|_, claims| claims["aud"] = bad, "").await;
    }
    is_ok(&world.show(&world.token(|_, claims| claims["aud"] = json!(["other", AUDIENCE]))).await);
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let world = World::start().await;
    let claims = world.issuer.claims("the admins", None).to_string();
    for algorithm in ["none", "None", "NONE", ""] {
        let header = json!({ "typ": "at+jwt", "alg": algorithm, "kid": "first" }).to_string();
        let token = format!("{}.{}.", encode(header), encode(&claims));
        world.refuses(&token, "algorithm").await;
    }
    let token = world.token(|_, _| ());
    let (body, _) = token.rsplit_once('.').unwrap();
    world.refuses(&format!("{body}."), "signature").await;
}

#[tokio::test]
async fn a_token_that_is_signed_with_the_public_key_as_a_secret_is_refused() {
    use ring::hmac;
    let world = World::start().await;
    let pair = Pair::rsa("rs", "RS256");
    // As if somebody had published a secret as well: it is still no key of the issuer's.
    let secret = json!({ "kty": "oct", "kid": "secret", "alg": "HS256", "k": encode("a secret") });
    world.issuer.publish_raw(vec![pair.jwk(), secret]);
    let claims = world.issuer.claims("the admins", None).to_string();
    let right = pair.sign(&header(&pair).to_string(), &claims);
    is_ok(&until(&world, &right, 200).await);
    let jwk = pair.jwk();
    let modulus = jwk["n"].as_str().unwrap();
    let secrets = [jwk.to_string(), modulus.to_owned(), "a secret".to_owned()];
    for (secret, id) in secrets.iter().zip(["rs", "rs", "secret"]) {
        for (algorithm, words) in [("HS256", "algorithm"), ("RS256", "")] {
            let header = json!({ "typ": "at+jwt", "alg": algorithm, "kid": id }).to_string();
            let text = format!("{}.{}", encode(header), encode(&claims));
            let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let signature = hmac::sign(&secret, text.as_bytes());
            let token = format!("{text}.{}", encode(signature));
            world.refuses(&token, words).await;
        }
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_pinned_is_refused_although_the_key_is_right() {
    let world = World::trusting(|trusted| trusted.algorithms = vec!["PS256".into()]).await;
    let [ps, rs] = ["PS256", "RS256"].map(|algorithm| Pair::rsa("first", algorithm));
    world.issuer.publish(&[&ps]);
    let claims = world.issuer.claims("the admins", None).to_string();
    is_ok(&until(&world, &ps.sign(&header(&ps).to_string(), &claims), 200).await);
    world.refuses(&rs.sign(&header(&rs).to_string(), &claims), "algorithm").await;
    world.refuses(&world.token(|_, _| ()), "algorithm").await;
}

#[tokio::test]
async fn a_signature_over_something_else_is_refused() {
    let world = World::start().await;
    let [admin, support] = ["the admins", "the supports"]
        .map(|group| world.token(|_, claims| claims["groups"] = json!([group])));
    let (_, signature) = admin.rsplit_once('.').unwrap();
    let (body, _) = support.rsplit_once('.').unwrap();
    world.refuses(&format!("{body}.{signature}"), "signature").await;
    let stranger = Pair::es256("first");
    let claims = world.issuer.claims("the admins", None).to_string();
    world.refuses(&stranger.sign(&header(&stranger).to_string(), &claims), "signature").await;
}

#[tokio::test]
async fn a_token_that_brings_its_own_key_is_refused() {
    let world = World::start().await;
    let stranger = Pair::es256("mine");
    let claims = world.issuer.claims("the admins", None).to_string();
    for id in [None, Some("mine"), Some("first")] {
        let mut header = header(&stranger);
        header["kid"] = id.into();
        header["jwk"] = stranger.jwk();
        header["jku"] = "http://127.0.0.1:1/keys".into();
        world.refuses(&stranger.sign(&header.to_string(), &claims), "").await;
    }
}

#[tokio::test]
async fn a_token_that_is_over_is_refused() {
    let world = World::start().await;
    world.refuses_bent(|_, claims| claims["exp"] = seconds_from_now(-60), "is over").await;
    is_ok(&world.show(&world.token(|_, claims| claims["exp"] = seconds_from_now(-5))).await);
}

#[tokio::test]
async fn a_token_ends_also_after_it_was_taken() {
    let world = World::start().await;
    // Over already, and taken for as long as clocks may differ.
    let token = world.token(|_, claims| claims["exp"] = seconds_from_now(-27));
    is_ok(&world.show(&token).await);
    let answer = until(&world, &token, 401).await;
    assert!(answer.json["detail"].as_str().unwrap().contains("is over"), "{answer:?}");
}

#[tokio::test]
async fn a_token_that_is_not_valid_yet_is_refused() {
    let world = World::start().await;
    world.refuses_bent(|_, claims| claims["nbf"] = seconds_from_now(60), "not valid yet").await;
    world.refuses_bent(|_, claims| claims["nbf"] = "soon".into(), "`nbf`").await;
    is_ok(&world.show(&world.token(|_, claims| claims["nbf"] = seconds_from_now(5))).await);
}

#[tokio::test]
async fn a_token_without_a_claim_that_is_needed_is_refused() {
    let world = World::start().await;
    for name in ["exp", "aud", "sub", "iss"] {
        for value in [None, Some(Value::Null), Some(json!({}))] {
            let bend = |_: &mut Value, claims: &mut Value| {
                claims.as_object_mut().unwrap().remove(name);
                if let Some(value) = value {
                    claims[name] = value;
                }
            };
            world.refuses_bent(bend, "").await;
        }
    }
    world.refuses_bent(|_, claims| claims["exp"] = "2099-01-01".into(), "`exp`").await;
    world.refuses_bent(|_, claims| claims["exp"] = json!(-5), "`exp`").await;
}

#[tokio::test]
async fn a_token_that_says_something_twice_is_refused() {
    let world = World::start().await;
    let header = header(&world.pair).to_string();
    let claims = world.issuer.claims("the supports", None).to_string();
    is_ok(&world.show(&world.token(|_, _| ())).await);
    for again in [
        format!(r#"{{"groups":["the admins"],{}"#, &claims[1..]),
        format!(r#"{{"exp":99999999999,{}"#, &claims[1..]),
        format!(r#"{{"deep":{{"a":1,"a":2}},{}"#, &claims[1..]),
        format!("[{claims}]"),
        format!("{claims}{claims}"),
        claims.replace("somebody", "some\u{0}body"),
        "null".to_owned(),
        String::new(),
    ] {
        world.refuses(&world.pair.sign(&header, &again), "").await;
    }
    let twice = format!(r#"{{"alg":"none",{}"#, &header[1..]);
    world.refuses(&world.pair.sign(&twice, &claims), "").await;
    let critical = format!(r#"{{"crit":["x"],"x":1,{}"#, &header[1..]);
    world.refuses(&world.pair.sign(&critical, &claims), "").await;
    let unencoded = format!(r#"{{"crit":["b64"],"b64":false,{}"#, &header[1..]);
    world.refuses(&world.pair.sign(&unencoded, &claims), "").await;
}

#[tokio::test]
async fn a_token_that_is_no_access_token_is_refused() {
    let world = World::start().await;
    for typ in [json!("JWT"), json!(null), json!("logout+jwt"), json!("")] {
        world.refuses_bent(|header, _| header["typ"] = typ, "access token").await;
    }
    is_ok(&world.show(&world.token(|header, _| header["typ"] = "application/at+JWT".into())).await);
    let lenient = World::trusting(|trusted| trusted.any_type = true).await;
    for typ in [json!("JWT"), json!(null), json!("at+jwt")] {
        is_ok(&lenient.show(&lenient.token(|header, _| header["typ"] = typ)).await);
    }
    lenient.refuses_bent(|header, _| header["typ"] = "logout+jwt".into(), "access token").await;
}

#[tokio::test]
async fn a_huge_token_is_refused_before_it_is_read() {
    let world = World::start().await;
    world
        .refuses_bent(|_, claims| claims["more"] = "x".repeat(16 << 10).into(), "bytes at most")
        .await;
    is_ok(&world.show(&world.token(|_, claims| claims["more"] = "x".repeat(8 << 10).into())).await);
}

#[tokio::test]
async fn what_only_looks_like_a_token_is_refused() {
    let world = World::start().await;
    is_ok(&world.show(&world.token(|_, _| ())).await);
    for bad in
        ["..", "a.b.c", "eyJ.eyJ.", "acc_.a.b", &format!("{}.{}.", encode("{}"), encode("{}"))]
    {
        world.refuses(bad, "").await;
    }
    let untrusting = Api::start().await;
    is(&show(&untrusting, &world.token(|_, _| ()), "/api/v1/keys").await, 401, "unauthorized");
}

#[tokio::test]
async fn a_key_that_is_not_known_is_asked_for_once_and_then_refused_however_often_it_comes() {
    let world = World::start().await;
    is_ok(&world.show(&world.token(|_, _| ())).await);
    let stranger = |number: usize| {
        let pair = Pair::es256(&format!("stranger-{number}"));
        pair.sign(&header(&pair).to_string(), &world.issuer.claims("the admins", None).to_string())
    };
    let (before, begun) = (world.issuer.asked(), Instant::now());
    for number in 0..200 {
        let answer = world.show(&stranger(number)).await;
        is(&answer, 401, "unauthorized");
        assert!(answer.json["detail"].as_str().unwrap().contains("key"), "{answer:?}");
    }
    // 2 s lie between the first two fetches, then 4, 8, …
    let pauses = begun.elapsed().as_secs() / 2;
    let fetches = world.issuer.asked() - before;
    assert!(fetches >= 1 && fetches as u64 <= 1 + pauses, "{fetches} in {:?}", begun.elapsed());
    is_ok(&world.show(&world.token(|_, _| ())).await);
}

#[tokio::test]
async fn keys_that_were_rotated_are_known_at_once_and_the_old_ones_no_more() {
    let world = World::start().await;
    let old = world.token(|_, _| ());
    is_ok(&world.show(&old).await);
    let next = Pair::es256("next");
    world.issuer.publish(&[&next]);
    let claims = world.issuer.claims("the admins", None).to_string();
    // It waits for the keys, and is answered.
    is_ok(&world.show(&next.sign(&header(&next).to_string(), &claims)).await);
    world.refuses(&old, "a key that its issuer does not have").await;
}

#[tokio::test]
async fn while_the_issuer_is_away_its_keys_hold_for_a_while_and_no_longer() {
    let world = World::trusting(|trusted| {
        trusted.refresh_seconds = 1;
        trusted.stale_seconds = 5;
    })
    .await;
    let token = world.token(|_, _| ());
    until(&world, &token, 200).await;
    let before = world.issuer.asked();
    world.issuer.set(Mood::Fails);
    let away = Instant::now();
    let is_still_taken = loop {
        let answer = world.show(&token).await;
        if world.issuer.asked() > before {
            break answer;
        }
        assert!(away.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    is_ok(&is_still_taken);
    let answer = until(&world, &token, 503).await;
    is(&answer, 503, "identity_provider_away");
    assert_eq!(answer.headers["retry-after"], "5");
    // An API key needs no issuer.
    is_ok(&world.api.get("/api/v1/keys").await);
    world.issuer.set(Mood::Well);
    is_ok(&until(&world, &token, 200).await);
}

#[tokio::test]
async fn an_issuer_that_was_never_there_is_waited_for_and_nothing_else_is() {
    let pair = Pair::es256("first");
    let issuer = Issuer::start(&[&pair]).await;
    let api = Api::with_limits(issuer.settings(), 0).await;
    let world = World { api, issuer, pair };
    let token = world.token(|_, _| ());
    for mood in [
        Mood::Fails,
        Mood::Redirects,
        Mood::Floods,
        Mood::SaysItIsAnother,
        Mood::LeadsElsewhere,
        Mood::NoJson,
    ] {
        let issuer = Issuer::start(&[&world.pair]).await;
        issuer.set(mood);
        let other = Api::with_limits(issuer.settings(), 0).await;
        let claims = issuer.claims("the admins", None).to_string();
        let token = world.pair.sign(&header(&world.pair).to_string(), &claims);
        is(&show(&other, &token, "/api/v1/keys").await, 503, "identity_provider_away");
        is_ok(&other.get("/api/v1/keys").await);
        issuer.set(Mood::Well);
        let until = Instant::now() + PATIENCE;
        while show(&other, &token, "/api/v1/keys").await.status != 200 {
            assert!(Instant::now() < until);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    is_ok(&world.show(&token).await);
}

#[tokio::test]
async fn a_token_names_no_operator_that_is_not_its_own() {
    let world = World::start().await;
    world.api.add_operator("operator-555", 0).await;
    let token = world.token(|_, _| ());
    is_ok(&show(&world.api, &token, &format!("/api/v1/keys?operatorId={OPERATOR}")).await);
    for path in ["/api/v1/keys?operatorId=operator-555", "/api/v1/keys?operatorId=nobody"] {
        is(&show(&world.api, &token, path).await, 404, "not_found");
    }
}

#[tokio::test]
async fn a_token_of_several_operators_names_one_and_has_there_what_it_has_there() {
    let world = World::trusting(|trusted| {
        let mut other = trusted.grants[0].clone();
        other.operators = vec!["operator-555".into(), "operator-556".into()];
        other.roles = [("the admins of 555".into(), "admin".into())].into();
        trusted.grants.push(other);
    })
    .await;
    let groups = json!(["the supports", "the admins of 555"]);
    let token = world.token(|_, claims| claims["groups"] = groups.clone());
    // The second operator is not there yet: it is for the first alone.
    is(&show(&world.api, &token, "/api/v1/keys").await, 403, "forbidden");
    world.api.add_operator("operator-555", 0).await;
    is(&show(&world.api, &token, "/api/v1/keys").await, 400, "bad_query");
    is_ok(&show(&world.api, &token, "/api/v1/keys?operatorId=operator-555").await);
    is(
        &show(&world.api, &token, &format!("/api/v1/keys?operatorId={OPERATOR}")).await,
        403,
        "forbidden",
    );
    is_ok(&show(&world.api, &token, &format!("/api/v1/program?operatorId={OPERATOR}")).await);
    is(&show(&world.api, &token, "/api/v1/keys?operatorId=operator-556").await, 404, "not_found");
}

#[tokio::test]
async fn a_token_for_operators_that_are_not_known_is_nobody_s() {
    let world =
        World::trusting(|trusted| trusted.grants[0].operators = vec!["operator-555".into()]).await;
    let token = world.token(|_, _| ());
    world.refuses(&token, "no operator that is known here").await;
    world.api.add_operator("operator-555", 0).await;
    is_ok(&world.show(&token).await);
}

#[tokio::test]
async fn a_player_s_token_reaches_that_player_and_nobody_else() {
    let world = World::start().await;
    for player in ["p1", "p2"] {
        let id = format!("w-{player}");
        assert_eq!(world.api.wager(&wager(&id, player)).await["outcome"], "counted");
    }
    let token = world.token(|_, claims| {
        claims["groups"] = json!(["the players"]);
        claims["player_id"] = "p1".into();
    });
    is_ok(&show(&world.api, &token, "/api/v1/players/p1/balance").await);
    is(&show(&world.api, &token, "/api/v1/players/p2/balance").await, 404, "not_found");
    is(&show(&world.api, &token, "/api/v1/keys").await, 403, "forbidden");
    let nobody = world.token(|_, claims| claims["groups"] = json!(["the players"]));
    is(&show(&world.api, &nobody, "/api/v1/players/p1/balance").await, 401, "unauthorized");
}

#[tokio::test]
async fn whoever_is_in_no_group_that_is_known_is_forbidden_everything() {
    let world = World::start().await;
    for groups in [json!(["others"]), json!([]), json!(null), json!({ "the admins": true })] {
        let token = world.token(|_, claims| claims["groups"] = groups);
        is(&world.show(&token).await, 403, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_cluster_a_token_is_as_good_at_either_node_for_what_the_other_one_has() {
    let pair = Pair::es256("first");
    let issuer = Issuer::start(&[&pair]).await;
    let cluster = Cluster::with(|| issuer.settings()).await;
    let players: Vec<_> = (0..12).map(|number| format!("p{number}")).collect();
    let wagers: Vec<_> =
        players.iter().map(|player| wager(&format!("w-{player}"), player)).collect();
    let answer = cluster.a().post("/api/v1/wagers?wait=applied", &wagers.into()).await;
    is_ok(&answer);
    let sign = |claims: &Value| pair.sign(&header(&pair).to_string(), &claims.to_string());
    let staff = sign(&issuer.claims("the supports", None));
    let mut over = issuer.claims("the supports", None);
    over["exp"] = seconds_from_now(-60);
    let over = sign(&over);
    for player in &players {
        let path = format!("/api/v1/players/{player}/balance");
        let own = sign(&issuer.claims("the players", Some(player)));
        let other = sign(&issuer.claims("the players", Some("somebody else")));
        for api in cluster.both() {
            is_ok(&show(api, &staff, &path).await);
            is_ok(&show(api, &own, &path).await);
            is(&show(api, &other, &path).await, 404, "not_found");
            is(&show(api, &over, &path).await, 401, "unauthorized");
        }
    }
    assert!(cluster.forwarded().iter().all(|count| *count > 0), "{:?}", cluster.forwarded());
}
