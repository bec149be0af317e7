//! What a newcomer reads first.

use crate::harness::Home;

const COMMANDS: [&str; 30] = [
    "demo",
    "serve",
    "operator",
    "key",
    "webhook",
    "reward",
    "tournament",
    "game",
    "player",
    "signal",
    "summary",
    "ledger",
    "roles",
    "program",
    "ingest",
    "explain",
    "topic",
    "audit",
    "doctor",
    "status",
    "dead-letters",
    "skip",
    "behaviour",
    "projection",
    "restore",
    "cluster",
    "context",
    "config",
    "completions",
    "bench",
];

#[test]
fn help_names_every_command_and_shows_the_first_steps() {
    let help = Home::new().run(&["--help"]).well();
    for command in COMMANDS {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{command}: {help}"
        );
    }
    assert!(help.contains("accolade operator add operator-789"), "{help}");
    assert!(help.contains("--data-dir"), "{help}");
}

#[test]
fn roles_are_shown_without_a_node() {
    let roles = Home::new().run(&["roles"]).well();
    let of = |route: &str| roles.lines().find(|line| line.starts_with(route)).unwrap();
    assert!(of("route").contains("auditor"), "{roles}");
    assert!(of("POST /api/v1/wagers").contains("wagers:write"), "{roles}");
}

#[test]
fn help_of_commands_carries_examples() {
    let home = Home::new();
    for words in [
        &["serve"][..],
        &["demo"],
        &["ingest"],
        &["explain"],
        &["dead-letters", "list"],
        &["skip"],
        &["behaviour", "switch"],
        &["operator", "add"],
        &["program", "check"],
        &["program", "publish"],
        &["program", "rollback"],
        &["program", "diff"],
        &["program", "show"],
        &["program", "simulate"],
        &["tournament", "dry-run"],
        &["game", "leaderboard"],
        &["ledger", "export"],
        &["topic", "tail"],
        &["audit", "verify"],
        &["config", "template"],
        &["config", "show"],
        &["config", "check"],
        &["context", "add"],
        &["context", "use"],
        &["completions"],
        &["doctor"],
        &["restore"],
        &["projection", "status"],
        &["projection", "rebuild"],
        &["cluster", "adopt"],
    ] {
        let help = home.run(&[words, &["--help"]].concat()).well();
        assert!(help.contains("Example"), "{words:?}: {help}");
        assert!(help.contains(&format!("accolade {}", words.join(" "))), "{words:?}: {help}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_two() {
    let home = Home::new();
    for words in [&[][..], &["serv"], &["ingest"], &["ingest", "--events", "-"], &["skip", "3-x"]] {
        let ran = home.run(words);
        assert_eq!(ran.code, Some(2), "{words:?}: {ran:?}");
    }
}

#[test]
fn the_template_of_the_configuration_names_settings_and_variables() {
    let template = Home::new().run(&["config", "template"]).well();
    for words in ["#listen = ", "ACCOLADE_LISTEN", "[node]", "#partitions = 16", "[http]", "[logs]"]
    {
        assert!(template.contains(words), "{words}: {template}");
    }
}
