//! Contexts, what names a node, and what commands end with.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Home, Serving, line_with, until};

/// A node with an operator, whose key is returned too.
fn node() -> (Home, Serving, String) {
    let home = Home::new();
    let added = home.run(&["operator", "add", "operator-789"]).well();
    let key = line_with(&added, "key ").trim_start_matches("key").trim().to_owned();
    let serving = home.serve(&[]);
    (home, serving, key)
}

const LIST: [&str; 4] = ["key", "list", "--operator", "operator-789"];

#[test]
fn what_is_said_wins_over_the_environment_and_that_over_the_context_in_use() {
    let (home, serving, key) = node();
    let list = |more: &[&str], environment: &[(&str, &str)]| {
        home.run_elsewhere(&[&LIST, more].concat(), environment)
    };
    let nobody = "http://127.0.0.1:1";
    // Nothing is named: the data directory that is not there.
    assert!(list(&[], &[]).unasked().contains("there is no data directory"));
    let file = home.file("key", &format!("{key}\n"));
    let file = file.to_str().unwrap();
    let add = ["context", "add", "there", "--url", &serving.api, "--key-file", file, "--use"];
    home.run_elsewhere(&add, &[]).well();
    line_with(&list(&[], &[]).well(), "first ");
    // The environment wins over the context in use,
    let elsewhere = list(&[], &[("ACCOLADE_URL", nobody)]).unasked();
    assert!(elsewhere.contains(nobody), "{elsewhere}");
    line_with(
        &list(&[], &[("ACCOLADE_URL", &serving.api), ("ACCOLADE_KEY", &key)]).well(),
        "first ",
    );
    line_with(&list(&[], &[("ACCOLADE_CONTEXT", "there")]).well(), "first ");
    assert!(list(&[], &[("ACCOLADE_DATA_DIR", "/nowhere")]).unasked().contains("/nowhere"));
    // and what is said over both.
    line_with(&list(&["--context", "there"], &[("ACCOLADE_URL", nobody)]).well(), "first ");
    line_with(
        &list(&["--url", &serving.api, "--key", &key], &[("ACCOLADE_CONTEXT", "x")]).well(),
        "first ",
    );
    let here = home.data_dir();
    line_with(
        &list(&["--data-dir", here.to_str().unwrap()], &[("ACCOLADE_URL", nobody)]).well(),
        "first ",
    );
    // What is of this machine stays so, whatever context is in use.
    #[cfg(feature = "postgres")]
    {
        let words = ["projection", "list", "--json"];
        let environment = [
            ("ACCOLADE_CONTEXT", "there"),
            ("ACCOLADE_DATA_DIR", here.to_str().unwrap()),
            ("ACCOLADE_POSTGRES_URL", "postgres://a@127.0.0.1:1/a"),
        ];
        let listed = home.run_elsewhere(&words, &environment).well();
        assert_eq!(listed, "{\"name\":\"postgres\",\"state\":null}\n");
    }
    assert!(list(&["--context", "local"], &[]).unasked().contains("there is no data directory"));
    // The environment's key is not sent to a node that has one of its own.
    line_with(&list(&[], &[("ACCOLADE_KEY", "acc_of_another")]).well(), "first ");
    let both = list(&["--data-dir", "/x", "--context", "there"], &[]);
    assert_eq!(both.code, Some(2), "{both:?}");
    assert_eq!(list(&["--context", "local", "--key", "k"], &[]).code, Some(2));
    assert!(list(&["--context", "nothing"], &[]).badly().contains("no context `nothing`"));
}

#[test]
fn a_key_is_kept_for_its_user_alone_and_shown_nowhere() {
    let (home, serving, key) = node();
    let run = |words: &[&str]| home.run_elsewhere(words, &[]);
    let add = ["context", "add", "there", "--url", &serving.api, "--key", &key];
    run(&add).well();
    let mode = || std::fs::metadata(home.contexts()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    assert!(run(&add).badly().contains("there is a context `there`"));
    run(&["context", "use", "there"]).well();
    assert_eq!(mode(), 0o600);
    for words in [
        &["context", "list"][..],
        &["context", "show"],
        &["context", "show", "there", "--json"],
        &["context", "list", "--json"],
        &["status"],
    ] {
        let ran = run(words);
        assert!(ran.code == Some(0) && !format!("{ran:?}").contains(&key), "{ran:?}");
    }
    line_with(&run(&["context", "list"]).well(), "* there");
    let unsure = run(&["context", "remove", "there"]);
    assert!(unsure.code == Some(2) && unsure.err.contains("say `--yes`"), "{unsure:?}");
    std::fs::set_permissions(home.contexts(), PermissionsExt::from_mode(0o644)).unwrap();
    assert!(run(&["context", "list"]).badly().contains("others may open it"));
    std::fs::set_permissions(home.contexts(), PermissionsExt::from_mode(0o600)).unwrap();
    run(&["context", "remove", "there", "--yes"]).well();
    assert!(!std::fs::read_to_string(home.contexts()).unwrap().contains(&key));
    // A file that was edited into nonsense does not give its lines away.
    std::fs::write(home.contexts(), format!("[contexts.there]\nkey = \"{key}\" nonsense\n"))
        .unwrap();
    let broken = run(&["context", "list"]).badly();
    assert!(broken.contains("contexts.toml") && !broken.contains(&key), "{broken}");
    for name in ["local", "a/b", ""] {
        let refused = run(&["context", "add", name, "--url", &serving.api]);
        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
}

#[test]
fn no_and_nobody_there_end_with_different_codes_and_a_problem_says_by_what_it_is_found() {
    let (home, serving, key) = node();
    let at = |url: &str, key: &str, words: &[&str]| {
        home.run_elsewhere(&[words, &["--url", url, "--key", key]].concat(), &[])
    };
    let unknown = at(&serving.api, "acc_unknown", &LIST).badly();
    let marks = line_with(&unknown, "request ");
    assert!(marks.contains("(401 unauthorized, request "), "{unknown}");
    let missing = at(&serving.api, &key, &["dead-letters", "show", "9-9-9"]).badly();
    assert!(missing.contains("404"), "{missing}");
    let other = at(&serving.api, &key, &["key", "list", "--operator", "another"]).badly();
    assert!(other.contains("404"), "{other}");
    let words = ["explain", "no-such-wager"];
    assert_eq!(at(&serving.api, &key, &words).code, Some(1));

    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = at(&format!("http://{free}"), &key, &LIST).unasked();
    assert!(nobody.contains(&format!("`http://{free}` cannot be asked")), "{nobody}");
    let no_tls = at(&serving.api.replace("http:", "https:"), &key, &LIST);
    no_tls.unasked();
    assert!(at("points.example", &key, &LIST).badly().contains("expected a URL"));
    // What answers there is no node.
    let page = at(&format!("{}/nowhere", serving.api), &key, &["status"]);
    assert_ne!(page.code, Some(0), "{page:?}");
}

#[test]
fn a_node_over_tls_is_asked_with_its_authority_and_not_without() {
    let home = Home::new();
    let added = home.run(&["operator", "add", "operator-789"]).well();
    let key = line_with(&added, "key ").trim_start_matches("key").trim().to_owned();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = home.file("node.pem", &made.cert.pem());
    let secret = home.file("node.key", &made.signing_key.serialize_pem());
    let (certificate, secret) = (certificate.to_str().unwrap(), secret.to_str().unwrap());
    let serving = home.serve(&[
        ("ACCOLADE_HTTP_CERTIFICATE_FILE", certificate),
        ("ACCOLADE_HTTP_KEY_FILE", secret),
    ]);
    let url = serving.api.replace("127.0.0.1", "localhost");
    let list = |ca: &[&str]| {
        home.run_elsewhere(&[&LIST, &["--url", &url, "--key", &key][..], ca].concat(), &[])
    };
    line_with(&list(&["--ca", certificate]).well(), "first ");
    list(&[]).unasked();
}

#[test]
fn a_status_that_is_not_well_ends_with_one_wherever_it_is_asked() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let folder = home.data_dir().with_file_name("shipped");
    let serving = home.serve(&[
        ("ACCOLADE_SHIP_TO", folder.to_str().unwrap()),
        ("ACCOLADE_SHIP_EVERY_SECONDS", "1"),
    ]);
    until("a file where the folder was", || {
        // Where it is not there, or the node has just made it again, the next try meets it.
        drop(std::fs::rename(&folder, folder.with_file_name(jiff::Timestamp::now().to_string())));
        std::fs::write(&folder, "")
    });
    let status = until("a status that is not well", || {
        let status = home.run(&["status"]);
        if status.code == Some(1) { Ok(status) } else { Err(status) }
    });
    line_with(&status.out, "Checkpoints cannot be shipped");
    serving.stop();

    let full = home.serve(&[("ACCOLADE_FREE_BYTES_MIN", "1000000000000000000")]);
    let url = ["status", "--url", &full.api];
    let status = until("a node that is not ready", || {
        let status = home.run_elsewhere(&url, &[]);
        if status.code == Some(1) { Ok(status) } else { Err(status) }
    });
    line_with(&status.out, "disk_full");
}

#[test]
fn a_configuration_is_checked_whole_and_shown_with_where_it_comes_from() {
    let home = Home::new();
    let file = home.file("a.toml", "[cluster]\nname = \"n\"\n[http]\nhead_ms = 0\n");
    let file = file.to_str().unwrap();
    let checked = home.run_elsewhere(&["config", "check", "--config", file], &[]);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    line_with(&checked.out, "`http.head_ms` is 0");
    line_with(&checked.out, "`cluster.name` (file) has no effect: `cluster.brokers` is not set");
    let secret = [("ACCOLADE_CLUSTER_SECRET", "marker-of-a-secret")];
    let shown = home.run_elsewhere(&["config", "show", "--config", file], &secret).well();
    assert!(line_with(&shown, "cluster.name").ends_with("n  (file)"), "{shown}");
    assert!(
        line_with(&shown, "cluster.secret").ends_with("***  (ACCOLADE_CLUSTER_SECRET)"),
        "{shown}"
    );
    assert!(!shown.contains("marker"), "{shown}");
}

#[test]
fn completions_name_every_command() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell]).well();
        for word in ["dead-letters", "context", "publish"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[cfg(all(feature = "cluster", feature = "postgres", feature = "redis"))]
#[test]
fn a_node_accepts_the_configuration_that_cluster_up_prints() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let script = root.join("scripts/services/cluster.sh");
    let printed = std::process::Command::new(script).arg("configuration").output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let text = String::from_utf8(printed.stdout).unwrap();
    let home = Home::new();
    let file = home.file("cluster.toml", &text);
    let words = ["config", "check", "--config", file.to_str().unwrap()];
    let credentials =
        [("AWS_ACCESS_KEY_ID", "accolade"), ("AWS_SECRET_ACCESS_KEY", "accolade-secret")];
    let environment = [&credentials[..], &[("ACCOLADE_SEGMENT_BYTES", "")]].concat();
    let checked = home.run_elsewhere(&words, &environment);
    assert_eq!(checked.code, Some(0), "{checked:?}\n{text}");
    line_with(&checked.out, "ok: the configuration of a node of the cluster form");
}
