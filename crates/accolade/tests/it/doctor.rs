//! `accolade doctor`: what is well, what is not, and what to do.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Home, Ran, line_with, until};

type Environment<'a> = Vec<(&'a str, String)>;

fn given(name: &str, or: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| or.to_owned())
}

fn examined(home: &Home, words: &[&str], environment: &Environment<'_>) -> Ran {
    let mut all: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    // Whatever else listens on this machine is no concern of the test.
    if !environment.iter().any(|(name, _)| *name == "ACCOLADE_LISTEN") {
        all.push(("ACCOLADE_LISTEN", "127.0.0.1:0"));
    }
    home.run_with(&[&["doctor"], words].concat(), &all)
}

/// The findings of one check, each as `STATE: FOUND`.
fn findings(ran: &Ran, check: &str) -> Vec<String> {
    let report: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .inspect(|finding| {
            // Whatever is not well comes with what to do.
            assert_eq!(finding["state"] != "ok", finding.get("do").is_some(), "{finding}");
        })
        .filter(|finding| finding["check"] == check)
        .map(|finding| format!("{}: {}", text(&finding["state"]), text(&finding["found"])))
        .collect()
}

#[test]
fn a_machine_without_a_node_yet_is_well() {
    let home = Home::new();
    let report = examined(&home, &[], &vec![]).well();
    line_with(&report, "ok       configuration");
    line_with(&report, "is made at the first start");
    line_with(&report, "ok       bucket");
    line_with(&report, "ok       redis");
    line_with(&report, "warning  clock");
    line_with(&report, "0 errors");
    assert!(!home.data_dir().exists(), "nothing was made");
}

#[test]
fn a_node_of_the_embedded_form_is_well_whether_it_runs_or_not() {
    let (home, store) = (Home::new(), tempfile::tempdir().unwrap());
    home.run(&["operator", "add", "operator-789"]).well();
    let environment = vec![("ACCOLADE_SHIP_TO", store.path().display().to_string())];
    for is_running in [false, true] {
        let serving = is_running.then(|| home.serve(&[]));
        let report = examined(&home, &[], &environment).well();
        line_with(&report, "this release reads its format, 1");
        line_with(&report, "the log's last record is of");
        line_with(&report, "put, get, get a range, list and delete all work");
        assert_eq!(report.contains("a node runs over it"), is_running, "{report}");
        line_with(&report, "0 errors, 0 warnings");
        drop(serving);
    }
    let left: Vec<_> =
        std::fs::read_dir(store.path().join("doctor")).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn one_failure_hides_no_other_and_each_says_what_to_do() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    std::fs::write(home.data_dir().join("FORMAT"), "accolade data 99\n").unwrap();
    let open = home.file("password", "secret\n");
    std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o644)).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let environment = vec![
        ("ACCOLADE_LISTEN", taken.local_addr().unwrap().to_string()),
        ("ACCOLADE_FREE_BYTES_MIN", "1000000000000000000".into()),
        ("ACCOLADE_BROKERS", "127.0.0.1:1".into()),
        ("ACCOLADE_CLUSTER_SECRET_FILE", "/no/such/secret".into()),
        ("ACCOLADE_SHIP_TO", "ftp://somewhere".into()),
        ("ACCOLADE_POSTGRES_URL", "postgres://nobody@127.0.0.1:1/accolade".into()),
        ("ACCOLADE_POSTGRES_PASSWORD_FILE", open.display().to_string()),
        ("ACCOLADE_REDIS_URL", "redis://nobody@127.0.0.1:1".into()),
        ("ACCOLADE_REDIS_PASSWORD_FILE", open.display().to_string()),
    ];
    let ran = examined(&home, &["--json"], &environment);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let of = |check| findings(&ran, check).join("\n");
    assert!(of("configuration").contains("`cluster.name` is not set"), "{ran:?}");
    assert!(of("secrets").contains("error: `cluster.secret_file`"), "{ran:?}");
    for name in ["postgres", "redis"] {
        let expected = format!("warning: `{name}.password_file`");
        assert!(of("secrets").contains(&expected), "{ran:?}");
    }
    assert!(of("disk").contains("has format 99"), "{ran:?}");
    assert!(of("disk").contains("less than `node.free_bytes_min`"), "{ran:?}");
    assert!(of("address").starts_with("error: `listen`"), "{ran:?}");
    assert!(of("bucket").contains("ftp://somewhere"), "{ran:?}");
    assert!(of("postgres").starts_with("error: "), "{ran:?}");
    assert!(of("redis").starts_with("error: "), "{ran:?}");
}

/// A machine with an issuer on it that answers each request by what `answer` makes of its own URL and the path.
fn issuer(answer: fn(&str, &str) -> serde_json::Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let own = url.clone();
    // It ends with the process.
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let mut asked = BufReader::new(stream.try_clone().unwrap());
            asked.read_line(&mut line).unwrap();
            let mut rest = String::new();
            while asked.read_line(&mut rest).unwrap() > 2 {
                rest.clear();
            }
            let body = answer(&own, line.split(' ').nth(1).unwrap()).to_string();
            let length = body.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
    });
    url
}

/// One that is well, with a key for RS256.
fn well(url: &str, path: &str) -> serde_json::Value {
    match path {
        "/keys" => serde_json::json!({ "keys": [
            { "kty": "RSA", "kid": "a", "alg": "RS256", "use": "sig", "n": "AQAB", "e": "AQAB" },
        ]}),
        _ => serde_json::json!({ "issuer": url, "jwks_uri": format!("{url}/keys") }),
    }
}

fn another(_: &str, _: &str) -> serde_json::Value {
    serde_json::json!({ "issuer": "https://other.example", "jwks_uri": "https://other.example/keys" })
}

#[test]
fn each_issuer_is_asked_and_what_its_tokens_would_be_refused_for_is_said() {
    let home = Home::new();
    let written = |issuers: &[(&str, &str)]| {
        let sections = issuers.iter().map(|(issuer, algorithms)| {
            format!(
                "[[oidc]]\nissuer = \"{issuer}\"\nalgorithms = [{algorithms}]\n[[oidc.grants]]\n\
                 operators = [\"house\"]\naudience = \"a\"\nrole = \"support\"\n"
            )
        });
        let file = home.file("accolade.toml", &sections.collect::<String>());
        let environment = vec![("ACCOLADE_CONFIG", file.display().to_string())];
        let ran = examined(&home, &["--json"], &environment);
        (ran.code, findings(&ran, "issuers"))
    };
    let (url, other) = (issuer(well), issuer(another));
    let (code, found) = written(&[(&url, "\"RS256\"")]);
    assert_eq!(code, Some(0), "{found:?}");
    assert_eq!(found, [format!("ok: `{url}` answers as it is written down; keys: 1 for RS256")]);
    let slash = format!("{url}/");
    let (code, found) = written(&[
        (&url, "\"ES256\", \"EdDSA\""),
        (&slash, "\"RS256\""),
        (&other, "\"RS256\""),
        ("http://127.0.0.1:1", "\"RS256\""),
    ]);
    assert_eq!(code, Some(1), "{found:?}");
    assert_eq!(found[0], format!("error: `{url}` has 1 keys, and none for ES256, EdDSA"));
    let starts = [
        format!("error: the keys of `{slash}`: its discovery document is that of `{url}`"),
        format!("error: the keys of `{other}`: its discovery document is that of `https://other"),
        "error: the keys of `http://127.0.0.1:1`: `http://127.0.0.1:1/.well-known".to_owned(),
    ];
    for (found, start) in found[1..].iter().zip(&starts) {
        assert!(found.starts_with(start), "{found}");
    }
    assert_eq!(found.len(), 4, "{found:?}");
    let (code, found) = written(&[(&url, "\"RS256\", \"ES256\"")]);
    assert_eq!((code, &*found), (Some(0), &[format!("warning: `{url}` has no key for ES256")][..]));
    let (code, found) = written(&[(&url, "\"HS256\"")]);
    assert_eq!(code, Some(1), "{found:?}");
    assert!(found[0].starts_with("error: `oidc[0].algorithms` has `HS256`"), "{found:?}");
    let and_the_portal = "\"RS256\"]\nportal = { client_id = \"the portal\" } # [";
    let (code, found) = written(&[(&url, and_the_portal)]);
    assert_eq!((code, found.len()), (Some(1), 2), "{found:?}");
    let told = format!("error: `{url}` does not say where staff sign in to the portal");
    assert_eq!(found[1], told);
}

#[test]
fn brokers_that_are_not_there_are_named() {
    let home = Home::new();
    let ran = examined(&home, &["--json"], &cluster("127.0.0.1:1".into(), "nobody."));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = findings(&ran, "brokers");
    assert!(found[0].starts_with("error: Kafka at `127.0.0.1:1` cannot be reached"), "{ran:?}");
    assert_eq!(findings(&ran, "topics").len(), 1, "{ran:?}");
}

/// A node of a cluster that nobody else knows.
fn cluster(brokers: String, prefix: &str) -> Environment<'static> {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    vec![
        ("ACCOLADE_BROKERS", brokers),
        ("ACCOLADE_NODE", "node-1".into()),
        ("ACCOLADE_ADDRESS", format!("http://{free}")),
        ("ACCOLADE_CLUSTER_SECRET", "a-secret-for-tests-only".into()),
        ("ACCOLADE_REPLICATION", "1".into()),
        ("ACCOLADE_PARTITIONS", "2".into()),
        ("ACCOLADE_TOPIC_PREFIX", prefix.into()),
    ]
}

fn set<'a>(environment: &Environment<'a>, name: &'a str, value: &str) -> Environment<'a> {
    let others = environment.iter().filter(|(other, _)| *other != name).cloned();
    others.chain([(name, value.to_owned())]).collect()
}

#[test]
fn a_cluster_is_examined_before_and_after_its_first_start() {
    let home = Home::new();
    let run = tempfile::tempdir().unwrap();
    let run = run.path().file_name().unwrap().to_str().unwrap().trim_start_matches('.');
    let mut environment =
        cluster(given("ACCOLADE_TEST_KAFKA", "127.0.0.1:19092"), &format!("doctor-{run}."));
    environment.extend([
        ("ACCOLADE_SHIP_TO", format!("s3://accolade/doctor/{run}")),
        ("ACCOLADE_SHIP_ENDPOINT", given("ACCOLADE_TEST_S3", "http://127.0.0.1:19000")),
        ("ACCOLADE_SHIP_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", given("ACCOLADE_TEST_S3_ACCESS_KEY", "accolade")),
        ("AWS_SECRET_ACCESS_KEY", given("ACCOLADE_TEST_S3_SECRET_KEY", "accolade-secret")),
        (
            "ACCOLADE_POSTGRES_URL",
            given(
                "ACCOLADE_TEST_POSTGRES",
                "postgres://accolade:accolade@127.0.0.1:15432/accolade",
            ),
        ),
        ("ACCOLADE_POSTGRES_SCHEMA", format!("doctor_{run}")),
        ("ACCOLADE_REDIS_URL", given("ACCOLADE_TEST_REDIS", "redis://127.0.0.1:16379")),
        ("ACCOLADE_REDIS_PROGRESS_KEY", format!("doctor-{run}")),
    ]);
    let before = examined(&home, &[], &environment).well();
    line_with(&before, "the first node that starts makes");
    line_with(&before, "Kafka 4 or later");
    line_with(&before, "the brokers have no rules");
    line_with(&before, "no tables yet");
    line_with(&before, "no keys yet");
    // No record was ordered yet, so the bucket's clock is asked.
    line_with(&before, "ok       clock          within three seconds of the bucket's clock");

    let all: Vec<_> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let serving = home.serve(&all);
    until("tables and keys that the node makes", || {
        let found = examined(&home, &[], &environment);
        let is_missing = |what| found.out.contains(what);
        if is_missing("no tables yet") || is_missing("no keys yet") { Err(found) } else { Ok(()) }
    });
    assert_eq!(serving.stop().0, Some(0));

    let after = examined(&home, &["--json"], &environment);
    assert_eq!(after.code, Some(0), "{after:?}");
    assert_eq!(findings(&after, "topics").len(), 1, "{after:?}");
    assert!(findings(&after, "topics")[0].starts_with("ok: 16 are as they must be"), "{after:?}");
    assert!(
        findings(&after, "postgres")[1].starts_with("ok: the tables are up to date"),
        "{after:?}"
    );
    assert!(findings(&after, "redis")[1].starts_with("ok: the keys are those"), "{after:?}");

    let partitions = examined(&home, &[], &set(&environment, "ACCOLADE_PARTITIONS", "3"));
    assert_eq!(partitions.code, Some(1), "{partitions:?}");
    line_with(&partitions.out, "accolade.order` has partitions 2, and needs 3");
    line_with(&partitions.out, "set `partitions` in `[node]` to 2");

    let key = set(&environment, "AWS_SECRET_ACCESS_KEY", "wrong");
    let rights = examined(&home, &["--json"], &key);
    assert_eq!(rights.code, Some(1), "{rights:?}");
    let found = findings(&rights, "bucket");
    for right in ["put", "get", "get a range of", "list", "delete"] {
        let words = format!("error: cannot {right} objects");
        assert!(found.iter().any(|found| found.starts_with(&words)), "{words}: {found:?}");
    }
}

#[test]
fn what_cluster_up_prints_is_the_configuration_of_a_node() {
    let services = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/services");
    let home = Home::new();
    let run = tempfile::tempdir().unwrap();
    let run = run.path().file_name().unwrap().to_str().unwrap().trim_start_matches('.');
    let environment = vec![
        ("ACCOLADE_CONFIG", given("ACCOLADE_SERVICES_DIR", services) + "/cluster.toml"),
        ("AWS_ACCESS_KEY_ID", "accolade".into()),
        ("AWS_SECRET_ACCESS_KEY", "accolade-secret".into()),
        // Nothing of another test's, and no port of another's.
        ("ACCOLADE_ADDRESS", "http://127.0.0.1:0".into()),
        ("ACCOLADE_TOPIC_PREFIX", format!("printed-{run}.")),
        ("ACCOLADE_SHIP_TO", format!("s3://accolade/doctor/{run}")),
        ("ACCOLADE_POSTGRES_SCHEMA", format!("doctor_{run}")),
    ];
    let report = examined(&home, &[], &environment).well();
    line_with(&report, "ok       brokers");
    line_with(&report, "ok       bucket");
    line_with(&report, "ok       postgres");
}

#[test]
fn a_cluster_with_rules_is_told_which_commands_give_a_node_its_rights() {
    let home = Home::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/services/secure-kafka/ca.pem");
    let brokers = given("ACCOLADE_TEST_KAFKA_SECURE", "127.0.0.1:19392");
    let mut environment = cluster(brokers, "secure-doctor.");
    let store = tempfile::tempdir().unwrap();
    environment.extend([
        ("ACCOLADE_SHIP_TO", store.path().display().to_string()),
        ("ACCOLADE_KAFKA_TLS", "true".into()),
        ("ACCOLADE_KAFKA_CA_FILE", given("ACCOLADE_TEST_KAFKA_CA", root)),
        ("ACCOLADE_SASL_MECHANISM", "SCRAM-SHA-512".into()),
        ("ACCOLADE_SASL_USER", "stranger".into()),
        ("ACCOLADE_SASL_PASSWORD", "stranger-secret".into()),
    ]);
    let stranger = examined(&home, &[], &environment);
    assert_eq!(stranger.code, Some(1), "{stranger:?}");
    line_with(&stranger.out, "Kafka does not allow `User:stranger`");
    line_with(&stranger.out, "--add --allow-principal User:stranger --operation All");
    line_with(&stranger.out, "--list --topic secure-doctor.accolade.commands");

    let wrong = examined(&home, &[], &set(&environment, "ACCOLADE_SASL_PASSWORD", "wrong"));
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    line_with(&wrong.out, "set right `sasl_user`, `sasl_password`");
}
