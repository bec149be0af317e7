//! Tokens of `oidc-provider`, a certified provider of npm, over TLS: `scripts/setup.sh oidc` gets it and says where it
//! is, for `ACCOLADE_TEST_OIDC_PROVIDER`. Without that these tests are skipped.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use accolade_server::Trusted;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::issuer::{AUDIENCE, trusted};
use super::{Answer, Api, Duration, Instant, Oidc, PATIENCE, Settings, is, is_ok, show};
use crate::harness::{ask, wager};

/// The provider, a process; it ends with the test.
struct Provider {
    child: Child,
    said: BufReader<ChildStdout>,
    told: ChildStdin,
    folder: TempDir,
    url: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Nothing to kill where it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

const KEYS: [(&str, &str); 2] = [("first-rs", "RS256"), ("first-es", "ES256")];

impl Provider {
    /// Nothing where it was not installed.
    #[expect(clippy::print_stdout, reason = "a test that was skipped says so")]
    fn start() -> Option<Self> {
        let Some(installed) = std::env::var_os("ACCOLADE_TEST_OIDC_PROVIDER") else {
            println!("skipped: ACCOLADE_TEST_OIDC_PROVIDER does not say where the provider is");
            return None;
        };
        let folder = certificates();
        let script =
            concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/services/oidc/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(installed)
            .args(["certificate.pem", "key.pem"].map(|name| folder.path().join(name)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`node` runs");
        let said = BufReader::new(child.stdout.take().unwrap());
        let told = child.stdin.take().unwrap();
        let mut provider = Self { child, said, told, folder, url: String::new() };
        provider.sign_by(KEYS);
        Some(provider)
    }

    /// Tells it something, and hears what it answers.
    fn tell(&mut self, line: &Value) -> Value {
        writeln!(self.told, "{line}").unwrap();
        loop {
            let mut answer = String::new();
            assert!(
                self.said.read_line(&mut answer).unwrap() > 0,
                "the provider has ended: {line}"
            );
            // It also has notices for whoever develops it.
            if let Ok(answer) = serde_json::from_str(&answer) {
                return answer;
            }
        }
    }

    /// New keys of these names, and no others, from here on.
    fn sign_by(&mut self, keys: [(&str, &str); 2]) {
        let keys = keys.map(|(kid, alg)| json!({ "kid": kid, "alg": alg }));
        let answer = self.tell(&json!({ "keys": keys }));
        answer["url"].as_str().unwrap().clone_into(&mut self.url);
    }

    fn is_away(&mut self, is_away: bool) {
        self.tell(&json!({ "away": is_away }));
    }

    /// A token as a client gets it.
    fn token_for(&mut self, client: &str, audience: &str) -> String {
        let secret = format!("{client}-secret");
        let asked = json!({ "client": client, "secret": secret, "resource": audience });
        let answer = self.tell(&asked);
        let token = answer["access_token"].as_str();
        token.unwrap_or_else(|| panic!("{client}: {answer}")).to_owned()
    }

    fn token(&mut self, client: &str) -> String {
        self.token_for(client, AUDIENCE)
    }

    /// What is written down of it.
    fn trusted(&self) -> Trusted {
        Trusted {
            algorithms: vec!["RS256".into(), "ES256".into()],
            ca_file: Some(self.folder.path().join("authority.pem")),
            ..trusted(&self.url)
        }
    }

    /// A node that trusts it.
    async fn api(&self, adjust: impl FnOnce(&mut Trusted)) -> Api {
        let mut trusted = self.trusted();
        adjust(&mut trusted);
        let oidc = Oidc::new(&[trusted]).unwrap();
        let settings = Settings { oidc, ..Settings::default() };
        Api::with_limits(settings, 0).await.with_program().await
    }
}

/// An authority, a certificate of it for this machine, and another authority.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let authority = |name: &str| {
        let mut terms = CertificateParams::default();
        terms.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(terms, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(folder.path().join(name), authority.pem()).unwrap();
        authority
    };
    let (right, _) = (authority("authority.pem"), authority("other.pem"));
    let pair = KeyPair::generate().unwrap();
    let terms = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = terms.signed_by(&pair, &right).unwrap();
    std::fs::write(folder.path().join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.path().join("key.pem"), pair.serialize_pem()).unwrap();
    folder
}

async fn keys(api: &Api, token: &str) -> Answer {
    show(api, token, "/api/v1/keys").await
}

/// Asks until it is answered so.
async fn until(api: &Api, token: &str, status: u16) -> Answer {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = keys(api, token).await;
        if answer.status == status {
            return answer;
        }
        assert!(Instant::now() < until, "awaited: {status}; there is: {answer:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn says(answer: &Answer, words: &str) {
    is(answer, 401, "unauthorized");
    assert!(answer.json["detail"].as_str().unwrap().contains(words), "{answer:?}");
}

#[tokio::test]
async fn tokens_of_a_real_provider_are_taken_for_what_their_claims_say_and_for_nothing_else() {
    let Some(mut provider) = Provider::start() else { return };
    let api = provider.api(|_| ()).await;
    for player in ["p1", "p2"] {
        assert_eq!(api.wager(&wager(&format!("w-{player}"), player)).await["outcome"], "counted");
    }
    for client in ["heads-rs256", "heads-es256"] {
        let token = provider.token(client);
        is_ok(&until(&api, &token, 200).await);
        let key = json!({ "name": client, "roles": ["support"] });
        let shown = format!("Bearer {token}");
        let request = ask("POST", "/api/v1/keys").json(&key).header("authorization", &shown);
        let made = api.send_bare(request).await;
        assert_eq!(made.status, 201, "{made:?}");
        assert_eq!(made.json["createdBy"], format!("{client} of {}", provider.url));
    }
    let before = api.batches().await;
    let desk = provider.token("desk");
    is_ok(&show(&api, &desk, "/api/v1/players/p2/balance").await);
    is(&keys(&api, &desk).await, 403, "forbidden");
    is(&keys(&api, &provider.token("guests")).await, 403, "forbidden");
    let app = provider.token("app");
    is_ok(&show(&api, &app, "/api/v1/players/p1/balance").await);
    is(&show(&api, &app, "/api/v1/players/p2/balance").await, 404, "not_found");
    is(&keys(&api, &app).await, 403, "forbidden");
    let elsewhere = provider.token_for("heads-es256", "https://other.example");
    says(&keys(&api, &elsewhere).await, "not for this API");
    let (head, _) = desk.rsplit_once('.').unwrap();
    let (_, signature) = elsewhere.rsplit_once('.').unwrap();
    says(&keys(&api, &format!("{head}.{signature}")).await, "signature");
    let one = provider.api(|trusted| trusted.algorithms = vec!["ES256".into()]).await;
    is_ok(&until(&one, &provider.token("heads-es256"), 200).await);
    says(&keys(&one, &provider.token("heads-rs256")).await, "algorithm");
    assert_eq!(api.batches().await, before, "what was refused has changed nothing");
}

#[tokio::test]
async fn keys_that_a_real_provider_rotates_are_fetched_and_the_old_ones_sign_nothing() {
    let Some(mut provider) = Provider::start() else { return };
    let api = provider.api(|_| ()).await;
    let old = ["heads-rs256", "heads-es256"].map(|client| provider.token(client));
    for token in &old {
        is_ok(&until(&api, token, 200).await);
    }
    provider.sign_by([("second-rs", "RS256"), ("second-es", "ES256")]);
    let new = ["heads-rs256", "heads-es256"].map(|client| provider.token(client));
    // It waits for the keys, and is answered.
    for token in &new {
        is_ok(&keys(&api, token).await);
    }
    for token in &old {
        says(&keys(&api, token).await, "a key that its issuer does not have");
    }
}

#[tokio::test]
async fn while_a_real_provider_is_away_what_is_known_goes_on_and_nothing_else_does() {
    let Some(mut provider) = Provider::start() else { return };
    let api = provider.api(|_| ()).await;
    let known = provider.token("heads-es256");
    is_ok(&until(&api, &known, 200).await);
    let later = provider.token("desk");
    provider.sign_by([("second-rs", "RS256"), ("second-es", "ES256")]);
    let unknown = provider.token("heads-es256");
    provider.is_away(true);
    for _ in 0..3 {
        says(&keys(&api, &unknown).await, "key");
        is_ok(&keys(&api, &known).await);
        // It was never shown, and its key is known.
        is_ok(&show(&api, &later, "/api/v1/program").await);
    }
    // A node that has never heard of its keys waits for it, and serves whoever has none of its tokens.
    let other = provider.api(|_| ()).await;
    is(&keys(&other, &unknown).await, 503, "identity_provider_away");
    is_ok(&other.get("/api/v1/keys").await);
    provider.is_away(false);
    for api in [&api, &other] {
        is_ok(&until(api, &unknown, 200).await);
        says(&keys(api, &known).await, "a key that its issuer does not have");
    }
}

#[tokio::test]
async fn a_real_provider_whose_certificate_is_another_authority_s_is_not_heard() {
    let Some(mut provider) = Provider::start() else { return };
    let other = provider.folder.path().join("other.pem");
    let stranger = Trusted { ca_file: Some(other), ..provider.trusted() };
    let why = stranger.examine().await.unwrap_err();
    assert!(why.contains("certificate"), "{why}");
    let api = provider.api(|trusted| trusted.ca_file.clone_from(&stranger.ca_file)).await;
    is(&keys(&api, &provider.token("heads-es256")).await, 503, "identity_provider_away");
    let found = provider.trusted().examine().await.unwrap();
    assert_eq!(found.usable, [("RS256".to_owned(), 1), ("ES256".to_owned(), 1)]);
    let slash = Trusted { issuer: format!("{}/", provider.url), ..provider.trusted() };
    let why = slash.examine().await.unwrap_err();
    assert!(why.contains("its discovery document is that of"), "{why}");
}
