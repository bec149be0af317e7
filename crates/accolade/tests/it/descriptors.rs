//! The real binary with many more closed files than descriptors.

use std::time::Instant;

use accolade_storage::slices::PACKED_ENDING;

use crate::harness::{Home, Serving, line_with, until};
use crate::kill::{Connection, Page, found, from_environment, hundredths, now};

/// What the node may have, for connections and files together.
const DESCRIPTORS: usize = 256;
const PLAYERS: u64 = 40;
/// So small that a file of the log holds one wager, and one of the journal a few.
const ENVIRONMENT: [(&str, &str); 4] = [
    ("ACCOLADE_SEGMENT_BYTES", "600"),
    ("ACCOLADE_FREE_BYTES_MIN", "0"),
    ("ACCOLADE_CHECKPOINT_EVERY_MS", "200"),
    ("ACCOLADE_LOG", "warn,accolade=info"),
];

/// `ACCOLADE_SEGMENTS=20000` makes it the years of a node; the files are made one wager after the other.
#[test]
#[expect(clippy::print_stdout, reason = "the figures, for whoever asks for them")]
fn years_of_closed_files_are_read_and_added_to_with_few_descriptors() {
    let segments = from_environment("ACCOLADE_SEGMENTS").unwrap_or(600);
    let home = Home::with_descriptors(DESCRIPTORS as u64);
    let key = found(&home);
    let mut most_open = 0;
    let mut look = |serving: &Serving| most_open = most_open.max(serving.descriptors_open());

    let serving = home.serve(&ENVIRONMENT);
    let mut connection = Connection::open(&serving, &key).unwrap();
    let mut sent = 0;
    while closed_files(&home).len() < usize::try_from(segments).unwrap() {
        for _ in 0..20 {
            wager(&mut connection, sent);
            sent += 1;
        }
        look(&serving);
        // No disk is so slow that files of a real length are left faster than they are closed.
        until("files that were left are closed", || {
            let open = serving.descriptors_open();
            if open < DESCRIPTORS * 5 / 8 { Ok(()) } else { Err(open) }
        });
    }
    serving.kill();

    let began = Instant::now();
    let serving = home.serve(&ENVIRONMENT);
    let files = closed_files(&home);
    let packed = files.iter().filter(|name| name.ends_with(PACKED_ENDING)).count();
    println!("{} files, {packed} compressed, opened in {:?}", files.len(), began.elapsed());
    assert!(packed > 0 && packed < files.len(), "{packed} of {} are compressed", files.len());
    let mut connection = Connection::open(&serving, &key).unwrap();
    for player in 0..PLAYERS {
        let of_player = (sent + PLAYERS - 1 - player) / PLAYERS;
        assert_eq!(ledger(&mut connection, player), of_player, "player {player}");
        look(&serving);
    }
    for _ in 0..PLAYERS {
        wager(&mut connection, sent);
        sent += 1;
    }
    // The oldest of all are still there, behind those that came now.
    assert_eq!(ledger(&mut connection, 0), sent.div_ceil(PLAYERS));
    let status = home.run(&["status"]).well();
    let descriptors = line_with(&status, "descriptors");
    assert!(descriptors.contains("256; closed files have"), "{descriptors}");
    look(&serving);
    println!("{descriptors}; at most {most_open} were open");
    assert!(most_open < DESCRIPTORS, "{most_open}");
    drop(connection);
    assert_eq!(serving.stop().0, Some(0));
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
}

/// More than the node has descriptors: what made a node fail at its next checkpoint before they were bounded.
#[test]
fn strangers_who_connect_and_say_nothing_leave_the_node_its_descriptors() {
    let home = Home::with_descriptors(DESCRIPTORS as u64);
    let key = found(&home);
    let serving = home.serve(&ENVIRONMENT);
    let strangers: Vec<_> =
        (0..600).map(|_| std::net::TcpStream::connect(serving.address()).unwrap()).collect();
    let mut connection = Connection::open(&serving, &key).unwrap();
    for number in 0..100 {
        wager(&mut connection, number);
        let connections = serving.connections_open();
        assert!(connections <= DESCRIPTORS / 2, "{connections}");
    }
    drop((connection, strangers));
    until("a checkpoint", || {
        let status = home.run(&["status"]).well();
        if status.contains("checkpoint    2") { Ok(()) } else { Err(status) }
    });
    assert_eq!(serving.stop().0, Some(0));
    line_with(&home.run(&["audit", "verify"]).well(), "audit: ok");
}

fn closed_files(home: &Home) -> Vec<String> {
    let names = ["log", "journal"].into_iter().flat_map(|folder| {
        let entries = std::fs::read_dir(home.data_dir().join(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap())
    });
    names.collect()
}

/// Sends wager `number`, which gives one point.
fn wager(connection: &mut Connection, number: u64) {
    let at = accolade_wire::timestamp::write(now());
    let player = number % PLAYERS;
    let body = format!(
        r#"{{"wagerId":"w{number}","playerId":"player-{player}","operatorId":"operator-789","gameId":"g","gameCategory":"slots","wagerAmount":10.00,"currency":"EUR","jurisdiction":"Malta","timestamp":"{at}"}}"#
    );
    let path = "/api/v1/wagers?wait=applied";
    let (status, answer) = connection.ask("POST", path, "application/json", &body).unwrap();
    assert_eq!(status, 200, "{answer}");
}

/// Reads the whole ledger of a player, in which each entry gives one point; how many there are.
fn ledger(connection: &mut Connection, player: u64) -> u64 {
    let (mut count, mut cursor) = (0, String::new());
    loop {
        let path = format!("/api/v1/players/player-{player}/ledger?limit=50{cursor}");
        let (status, answer) = connection.ask("GET", &path, "", "").unwrap();
        assert_eq!(status, 200, "{answer}");
        let page: Page = serde_json::from_str(&answer).unwrap();
        assert!(page.items.iter().all(|entry| hundredths(&entry.points) == 100), "{answer}");
        count += page.items.len() as u64;
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return count,
        }
    }
}
