//! Every command against a node elsewhere, beside one, and on a stopped one. The commands are those that `--help`
//! names, so that one without a row is found; what each prints with `--json` is held against its schema.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{Home, Ran, Serving, line_with};
use crate::schemas;

/// What becomes of a command.
#[derive(Debug, Clone, Copy)]
enum Cell {
    /// It does what it is for, and ends with 0.
    Works,
    /// It is refused with 1, in these words among others.
    Refused(&'static str),
    /// It is not tried, for this reason.
    NotTried(&'static str),
}

use Cell::{NotTried, Refused, Works};

/// A command, what is said to it, and what becomes of it elsewhere, beside a node, and on a stopped one.
type Row = (&'static str, &'static str, [Cell; 3]);

const OWN: Cell = Refused("it takes neither `--url` nor `--context`");
const BESIDE: Cell = Refused("only beside a node");
const EVERYWHERE: [Cell; 3] = [Works; 3];
const HERE: [Cell; 3] = [OWN, Works, Works];
const BY_THE_SOCKET: [Cell; 3] = [BESIDE, Works, Works];
const FOR_EVER: Cell = NotTried("it runs until it is told to stop");

const NOT_SETTLED: Cell = Refused("its results are fixed some time after its end");
const NOT_LIVE: Cell = Refused("only a tournament that is live can be ended");
const QUERY: &str = "SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId";

const ROWS: &[Row] = &[
    ("demo", "", [OWN, FOR_EVER, FOR_EVER]),
    (
        "serve",
        "--listen 127.0.0.1:0",
        [OWN, Refused("a node runs on the data directory"), FOR_EVER],
    ),
    ("operator add", "operator-555 --dry-run", BY_THE_SOCKET),
    ("operator pause", "operator-789 --why test --dry-run", BY_THE_SOCKET),
    ("operator resume", "operator-789", BY_THE_SOCKET),
    ("operator list", "", BY_THE_SOCKET),
    ("key add", "other --operator operator-789 --role support", EVERYWHERE),
    ("key list", "--operator operator-789", EVERYWHERE),
    ("key whoami", "--operator operator-789", EVERYWHERE),
    ("key rotate", "{key} --operator operator-789", EVERYWHERE),
    ("key revoke", "{key} --operator operator-789 --yes", EVERYWHERE),
    (
        "webhook add",
        "https://example.com/hooks --operator operator-789 --event tier.changed",
        EVERYWHERE,
    ),
    ("webhook list", "--operator operator-789", EVERYWHERE),
    ("webhook change", "{webhook} --operator operator-789 --disable --all-events", EVERYWHERE),
    ("webhook rotate", "{webhook} --operator operator-789", EVERYWHERE),
    ("webhook test", "{webhook} --operator operator-789 --dry-run", EVERYWHERE),
    ("webhook deliveries", "{webhook} --operator operator-789", EVERYWHERE),
    ("webhook resend", "1-0-1-0-0 --operator operator-789", [NO_DELIVERY; 3]),
    ("webhook remove", "{webhook} --operator operator-789 --yes", EVERYWHERE),
    (
        "reward add",
        "spins --operator operator-789 --name spins --points 0.01 --kind spins --limit 1/day",
        EVERYWHERE,
    ),
    ("reward list", "--operator operator-789", EVERYWHERE),
    ("reward show", "mug --operator operator-789", EVERYWHERE),
    ("reward change", "mug --operator operator-789 --points 0.02 --tier gold", EVERYWHERE),
    ("reward withdraw", "mug --operator operator-789 --dry-run", EVERYWHERE),
    ("reward restock", "mug 3 --operator operator-789 --why test", EVERYWHERE),
    ("reward history", "mug --operator operator-789", EVERYWHERE),
    (
        "tournament add",
        "race --operator operator-789 --name race --mode shadow --query {query} --starts 2040-01-01T00:00:00Z --ends \
         2040-01-02T00:00:00Z --cap 0.5 --ties shared --prize 1=30.5 --prize 2-3=pool:5 --prize 10%=cup:tea",
        EVERYWHERE,
    ),
    ("tournament list", "--operator operator-789 --state draft", EVERYWHERE),
    ("tournament templates", "--operator operator-789", EVERYWHERE),
    ("tournament show", "week --operator operator-789", EVERYWHERE),
    ("tournament change", "week --operator operator-789 --masked true --cadence 10s", EVERYWHERE),
    ("tournament schedule", "week --operator operator-789 --why test", EVERYWHERE),
    ("tournament end", "week --operator operator-789 --why test", [NOT_LIVE; 3]),
    ("tournament results", "week --operator operator-789", [NOT_SETTLED; 3]),
    ("tournament resettle", "week --operator operator-789 --why test", [NOT_SETTLED; 3]),
    ("tournament approve", "week --operator operator-789 --why test", [NOT_SETTLED; 3]),
    (
        "tournament prize",
        "week --operator operator-789 --player p --place 1 --state paid --why test",
        [NOT_SETTLED; 3],
    ),
    ("tournament dry-run", "week --operator operator-789 --from {moment}", EVERYWHERE),
    ("tournament join", "week --operator operator-789 --player p", EVERYWHERE),
    ("tournament leave", "week --operator operator-789 --player p", EVERYWHERE),
    ("tournament compare", "week {ranking} --operator operator-789", EVERYWHERE),
    ("tournament leaderboard", "week --operator operator-789 --player p", EVERYWHERE),
    ("game leaderboard", "tower --operator operator-789 --period weekly --top 3", EVERYWHERE),
    ("tournament cancel", "week --operator operator-789 --why test --dry-run", EVERYWHERE),
    ("player show", "p --operator operator-789 --as-of 2030-01-01T00:00:00Z", EVERYWHERE),
    ("player stats", "p --operator operator-789", EVERYWHERE),
    ("player redeem", "p 0.01 --operator operator-789 --item spin", EVERYWHERE),
    ("player redemptions", "--operator operator-789 --state all", EVERYWHERE),
    ("player export", "p --operator operator-789 --output {folder}/p.zip", EVERYWHERE),
    ("player confirm", "{redemption} --operator operator-789", EVERYWHERE),
    ("player cancel", "{redemption} --operator operator-789 --why test --dry-run", [CONFIRMED; 3]),
    ("player adjust", "p 1.50 --operator operator-789 --why test", EVERYWHERE),
    ("player adjustments", "p --operator operator-789", EVERYWHERE),
    ("player approve", "0-0-1-1 --operator operator-789 --why test", [NO_ADJUSTMENT; 3]),
    ("player reject", "0-0-1-1 --operator operator-789 --why test", [NO_ADJUSTMENT; 3]),
    ("player exclude", "q --operator operator-789 --why test --dry-run", EVERYWHERE),
    ("player readmit", "p --operator operator-789 --why test", [NOT_EXCLUDED; 3]),
    ("player import", "openings {openings} --operator operator-789", EVERYWHERE),
    ("player take-over", "q 12.50 --operator operator-789", EVERYWHERE),
    ("signal list", "--operator operator-789", EVERYWHERE),
    ("signal show", "0-0-1-1 --operator operator-789", [NO_ADJUSTMENT; 3]),
    ("signal raise", "p ring --operator operator-789 --why test", EVERYWHERE),
    ("signal release", "0-0-1-1 --operator operator-789 --why test", [NO_ADJUSTMENT; 3]),
    ("signal take", "0-0-1-1 --operator operator-789 --why test", [NO_ADJUSTMENT; 3]),
    ("summary", "--operator operator-789 --by week", EVERYWHERE),
    (
        "ledger export",
        "--operator operator-789 --from 2020-01-01T00:00:00Z --output {folder}/ledger.csv",
        EVERYWHERE,
    ),
    ("roles", "", EVERYWHERE),
    ("program check", "examples/programs/slots-house.yaml", EVERYWHERE),
    (
        "program publish",
        "examples/programs/live-tables.yaml --operator operator-789 --why test --dry-run",
        EVERYWHERE,
    ),
    (
        "program simulate",
        "examples/programs/live-tables.yaml --operator operator-789 --from {moment}",
        EVERYWHERE,
    ),
    ("program rollback", "1 --operator operator-789 --why test --dry-run", EVERYWHERE),
    (
        "program diff",
        "latest examples/programs/live-tables.yaml --operator operator-789",
        EVERYWHERE,
    ),
    ("program show", "--operator operator-789", EVERYWHERE),
    ("ingest", "{wagers}", EVERYWHERE),
    ("explain", "w1", EVERYWHERE),
    ("topic list", "", BY_THE_SOCKET),
    ("topic tail", "loyalty.balances --limit 1", BY_THE_SOCKET),
    ("audit log", "--limit 5", EVERYWHERE),
    ("audit verify", "", BY_THE_SOCKET),
    ("doctor", "", HERE),
    ("status", "", EVERYWHERE),
    ("dead-letters list", "--operator operator-789", EVERYWHERE),
    ("dead-letters show", "{letter}", EVERYWHERE),
    ("dead-letters repair", "{letter} {event} --dry-run", EVERYWHERE),
    ("dead-letters retry", "{letter} --dry-run", EVERYWHERE),
    ("dead-letters discard", "{letter} --why test --dry-run", EVERYWHERE),
    (
        "skip",
        "0-1-1 --yes",
        [BESIDE, Refused("no partition stands"), Refused("no partition stands")],
    ),
    ("behaviour show", "", BY_THE_SOCKET),
    (
        "behaviour switch",
        "99 --yes",
        [BESIDE, Refused("must know behaviour 99"), Refused("must know behaviour 99")],
    ),
    ("projection list", "", [OWN, NOTHING_FOLLOWS, NOTHING_FOLLOWS]),
    ("projection status", "", [OWN, NOTHING_FOLLOWS, NOTHING_FOLLOWS]),
    ("projection rebuild", "--yes", [OWN, NOTHING_FOLLOWS, NOTHING_FOLLOWS]),
    ("restore", "--from {store}", [OWN, Refused("no checkpoints"), Refused("no checkpoints")]),
    ("cluster adopt", "/nowhere", [OWN, Refused("cluster.brokers"), Refused("cluster.brokers")]),
    ("context add", "another --url http://127.0.0.1:1", EVERYWHERE),
    ("context use", "local", EVERYWHERE),
    ("context list", "", EVERYWHERE),
    ("context show", "another", EVERYWHERE),
    ("context remove", "another --yes", EVERYWHERE),
    ("config template", "", HERE),
    ("config show", "--all", HERE),
    ("config check", "", HERE),
    ("completions", "bash", EVERYWHERE),
    ("bench", "P11 --events 1000 --players 100 --dir {folder}", HERE),
];
const CONFIRMED: Cell = Refused("the redemption was confirmed before");
const NO_ADJUSTMENT: Cell = Refused("there is no such");
const NOT_EXCLUDED: Cell = Refused("the player is not excluded");
const NO_DELIVERY: Cell = Refused("there is no such delivery");
const NOTHING_FOLLOWS: Cell = Refused("nothing follows the journal");

/// The commands below one, by its help.
fn commands_below(home: &Home, path: &str, found: &mut BTreeSet<String>) {
    let words: Vec<&str> = path.split_whitespace().chain(["--help"]).collect();
    let help = home.run(&words).well();
    let Some((_, below)) = help.split_once("\nCommands:\n") else {
        found.insert(path.to_owned());
        return;
    };
    for line in below.lines().take_while(|line| !line.is_empty()) {
        let name = line.strip_prefix("  ").filter(|name| !name.starts_with(' '));
        let name = name.and_then(|name| name.split(' ').next());
        if let Some(name) = name.filter(|name| *name != "help") {
            commands_below(home, format!("{path} {name}").trim(), found);
        }
    }
}

fn has_json(home: &Home, command: &str) -> bool {
    let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
    home.run(&words).well().contains("--json")
}

#[test]
fn every_command_has_a_row_and_every_json_a_schema() {
    let home = Home::new();
    let mut commands = BTreeSet::new();
    commands_below(&home, "", &mut commands);
    assert!(commands.len() > 30, "{commands:?}");
    let rows: BTreeSet<String> = ROWS.iter().map(|(command, ..)| (*command).to_owned()).collect();
    assert_eq!(commands, rows);
    let printing = commands.iter().filter(|command| has_json(&home, command));
    let expected: BTreeSet<String> = printing.map(|command| schemas::file_name(command)).collect();
    let files = fs::read_dir(schemas::folder()).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    assert_eq!(files.collect::<BTreeSet<String>>(), expected);
}

/// A node with something in it.
struct World {
    home: Home,
    key: String,
    webhook: String,
    letter: String,
    redemption: String,
    moment: String,
    secret: String,
}

impl World {
    fn new() -> Self {
        let home = Home::new();
        let added = home.run(&["operator", "add", "operator-789"]).well();
        let secret = line_with(&added, "key ").trim_start_matches("key").trim().to_owned();
        let publish = "program publish examples/programs/slots-house.yaml --operator operator-789 --why first";
        home.run(&publish.split(' ').collect::<Vec<_>>()).well();
        let wager = |id: &str, timestamp: &str| {
            format!(
                r#"{{"wagerId":"{id}","playerId":"p","operatorId":"operator-789","gameId":"g","gameCategory":"slots","wagerAmount":10,"currency":"EUR","jurisdiction":"Malta","timestamp":"{timestamp}"}}"#
            )
        };
        let now = jiff::Timestamp::now().to_string();
        let late = wager("late", "2024-11-11T10:30:00Z");
        let lines = home.file("wagers.ndjson", &[wager("w1", &now), late].join("\n"));
        home.file("event.json", &wager("late", &now));
        home.run(&["ingest", lines.to_str().unwrap()]).well();
        let event = format!(
            r#"{{"event_id":"e1","event_type":"player_score","player_id":"p","game_id":"g","timestamp":"{now}"}}"#
        );
        let events = home.file("events.ndjson", &event);
        let events = ["ingest", events.to_str().unwrap(), "--events", "--operator", "operator-789"];
        home.run(&events).well();
        let openings = "playerId,points\nimported-1,12.50\n\"imported,2\",7\n";
        home.file("openings.csv", openings);
        home.file("ranking.csv", "playerId,position,score\np,1,12.50\nq,2,\n");
        let list = ["dead-letters", "list", "--operator", "operator-789"];
        let listed = home.run(&list).well();
        let letter = listed.split(' ').next().unwrap().to_owned();
        let add = ["key", "add", "desk", "--operator", "operator-789", "--role", "support"];
        let made = home.run(&add).well();
        let key = line_with(&made, "id ").trim_start_matches("id").trim().to_owned();
        let add = ["webhook", "add", "https://example.com/", "--operator", "operator-789"];
        let made = home.run(&add).well();
        let webhook = line_with(&made, "id ").trim_start_matches("id").trim().to_owned();
        let add = "reward add mug --operator operator-789 --name mug --points 0.01 --kind mug --stocked true";
        home.run(&add.split(' ').collect::<Vec<_>>()).well();
        let mut add: Vec<&str> = "tournament add week --operator operator-789 --name week --starts 2040-01-01T00:00:00Z \
                                  --ends 2040-01-08T00:00:00Z --opt-in true --participants-max 5 --query"
            .split_whitespace()
            .collect();
        add.push(QUERY);
        home.run(&add).well();
        let redeem = ["player", "redeem", "p", "0.01", "--operator", "operator-789"];
        let redeemed = home.run(&redeem).well();
        let redemption = redeemed.split_whitespace().nth(2).unwrap().to_owned();
        let moment = jiff::Timestamp::now().to_string();
        Self { home, key, webhook, letter, redemption, moment, secret }
    }

    fn words(&self, command: &str, arguments: &str) -> Vec<String> {
        let file = |name: &str| self.home.data_dir().with_file_name(name).display().to_string();
        let words = command.split(' ').chain(arguments.split_whitespace());
        let filled = words.map(|word| match word {
            "{key}" => self.key.clone(),
            "{query}" => QUERY.to_owned(),
            "{webhook}" => self.webhook.clone(),
            "{letter}" => self.letter.clone(),
            "{moment}" => self.moment.clone(),
            "{redemption}" => self.redemption.clone(),
            "{openings}" => file("openings.csv"),
            "{ranking}" => file("ranking.csv"),
            "{wagers}" => file("wagers.ndjson"),
            "{store}" => file("store"),
            "{folder}" => file(""),
            "{event}" => file("event.json"),
            word => word.replace("{folder}/", &file("")),
        });
        filled.collect()
    }

    /// Tries all rows, in one column.
    fn try_all(&self, column: usize, run: impl Fn(&[&str]) -> Ran) {
        let mut printed = BTreeSet::new();
        for (command, arguments, cells) in ROWS {
            let json = has_json(&self.home, command);
            let mut words = self.words(command, arguments);
            words.extend(json.then(|| "--json".to_owned()));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let cell = cells[column];
            if let NotTried(why) = cell {
                assert!(why.starts_with("it runs"), "{command}");
                continue;
            }
            let ran = run(&words);
            match cell {
                Works => assert_eq!(ran.code, Some(0), "{command}: {ran:?}"),
                Refused(why) => {
                    assert_eq!(ran.code, Some(1), "{command}: {ran:?}");
                    assert!(ran.err.contains(why), "{command}: {ran:?}");
                    assert_eq!(ran.out, "", "{command}");
                }
                NotTried(_) => {}
            }
            assert!(!ran.err.contains(&self.secret), "{command}: {ran:?}");
            assert!(!ran.out.contains(&self.secret), "{command}: {ran:?}");
            if !json || ran.out.is_empty() {
                continue;
            }
            printed.insert(*command);
            schemas::check(command, &ran.out);
        }
        assert!(printed.len() > 10, "{printed:?}");
    }

    fn serving(&self) -> Serving {
        self.home.serve(&[])
    }
}

#[test]
fn every_command_is_tried_on_a_stopped_node() {
    let world = World::new();
    let config = world.home.contexts();
    let config = config.ancestors().nth(2).unwrap().to_str().unwrap();
    world.try_all(2, |words| world.home.run_with(words, &[("XDG_CONFIG_HOME", config)]));
}

#[test]
fn every_command_is_tried_beside_a_node() {
    let world = World::new();
    let _serving = world.serving();
    let config = world.home.contexts();
    let config = config.ancestors().nth(2).unwrap().to_str().unwrap();
    world.try_all(1, |words| world.home.run_with(words, &[("XDG_CONFIG_HOME", config)]));
}

#[test]
fn every_command_is_tried_against_a_node_elsewhere_by_a_context() {
    let world = World::new();
    let serving = world.serving();
    let add = ["context", "add", "there", "--url", &serving.api, "--key", &world.secret];
    world.home.run_elsewhere(&add, &[]).well();
    world.try_all(0, |words| {
        // What makes and removes contexts says itself which.
        let own = if words[0] == "context" { &[][..] } else { &["--context", "there"] };
        world.home.run_elsewhere(&[words, own].concat(), &[])
    });
}
