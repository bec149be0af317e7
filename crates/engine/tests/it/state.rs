use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use accolade_domain::ledger::ChainHash;
use accolade_engine::checkpoint::Loader;
use accolade_engine::ownership;
use accolade_engine::partition::Partition;
use accolade_engine::pieces::Pieces;
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::identity::HashKey;
use accolade_wire::journal::Outcomes;
use accolade_wire::ledger::chain_hash;
use accolade_wire::record::Slice;

use super::play::Play;

const LINES: [&str; 24] = [
    r#"program {"currency":"EUR","earning":{"multipliers":{"slots":0.1},"caps":[{"points":15,"per":"day"}]}}"#,
    "wager w1 anna slots 100",
    "wager w2 bert slots 100",
    "wager w3 anna slots 100",
    "void w1 anna",
    "void w9 carl",
    "wager w4 anna slots 20 at -200h",
    "release 9",
    "consent bert out",
    "after 1h",
    "wager w5 anna slots 20",
    "wager w6 anna slots 20 at -30h",
    r#"reward mug 1 {"stocked":true}"#,
    "reward pin 1",
    "restock mug 2",
    "redeem anna mug",
    "redeem anna pin",
    "confirm 2",
    "tournament race +1h +3h SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY playerId",
    "tournament best +1h +3h SELECT playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId",
    "after 1h",
    "after 1s",
    "wager w7 anna slots 20.5",
    "wager w8 bert slots 30",
];

fn played() -> Play {
    let mut play = Play::new();
    for line in LINES {
        play.line(line);
    }
    play
}

#[test]
fn a_partition_made_from_its_checkpoints_is_the_same_partition() {
    let mut play = Play::new();
    let (mut checkpoints, mut links) = (Vec::new(), Vec::new());
    for (number, line) in LINES.iter().enumerate() {
        play.line(line);
        if number % 3 == 0 {
            play.end_interval();
        }
        let (mut values, mut link) = (Pieces::new(Vec::new(), 64), Pieces::new(Vec::new(), 64));
        play.partition.write_values(&mut values);
        play.partition.write_links(&mut link);
        checkpoints.push(values.into_vec());
        links.extend(link.into_vec());
    }
    let mut loader = Loader::new(0);
    assert!(checkpoints.iter().any(|pieces| pieces.len() > 2), "values in several pieces");
    let newest = checkpoints.last().unwrap();
    loader.peek_head(&mut Cursor::new(newest.last().unwrap(), "checkpoint")).unwrap();
    let key = play.partition.rules().settings.hash_key;
    for link in links.iter().filter(|link| !link.is_empty()) {
        loader.read_links(&mut Cursor::new(&link[2..], "links"), &key).unwrap();
    }
    for values in checkpoints.iter().rev().flatten() {
        loader.read_values(&mut Cursor::new(values, "checkpoint"), false).unwrap();
    }
    let loaded = loader.finish(Arc::clone(play.partition.rules())).unwrap();
    let whole = |partition: &Partition| {
        let mut rows: BTreeMap<_, _> =
            play.store.rows.iter().map(|((_, key), row)| (key.clone(), row.clone())).collect();
        let keep = |key: &[u8], row: &[u8]| {
            rows.insert(key.to_vec(), row.to_vec());
            Ok::<_, Infallible>(())
        };
        partition.tables().paged_rows().each(keep).unwrap_or_else(|never| match never {});
        (partition.values(), rows)
    };
    let expected = whole(&play.partition);
    assert_eq!(whole(&loaded), expected);
    assert!(!expected.1.is_empty(), "rows of a paged table");
    assert_eq!(loaded.next_due(), play.partition.next_due());
}

#[test]
fn every_entry_is_chained_to_the_one_before_it_and_balances_are_sums() {
    let play = played();
    let players = play.partition.players().all();
    let mut heads = vec![(ChainHash::default(), 0_i64, 0_u64); players.len()];
    for folded in play.store.batches.values() {
        let (batch, count) = (folded.batch, folded.count);
        let slice = Slice { partition: 0, batch, flags: 0, count, body: &folded.journal };
        for recorded in Outcomes::read(&slice).unwrap() {
            let recorded = recorded.unwrap();
            let Some(stored) = recorded.entries.first() else { continue };
            let is_it = |player: &accolade_engine::players::Player| {
                player.account.subject == stored.entry.subject
            };
            let (head, sum, sequence) = &mut heads[players.iter().position(is_it).unwrap()];
            assert_eq!(chain_hash(&stored.entry, head), stored.hash);
            *head = stored.hash;
            *sum += stored.entry.points.hundredths();
            *sequence += 1;
            assert_eq!(stored.entry.balance_after.hundredths(), *sum);
            assert_eq!(stored.entry.sequence, *sequence);
        }
    }
    for (player, (head, sum, sequence)) in players.iter().zip(heads) {
        let account = &player.account;
        assert_eq!((account.head, account.sequence), (head, sequence), "{}", player.name);
        assert_eq!(account.balance.hundredths(), sum, "{}", player.name);
    }
    assert!(players.iter().any(|player| player.account.sequence > 2));
}

#[test]
fn what_is_sent_is_sent_again_until_it_has_arrived() {
    let mut play = played();
    let sent = play.effects.len();
    assert!(sent > 0);
    play.line("after 1m");
    assert!(play.effects.len() > sent);
}

#[test]
fn an_unknown_format_of_a_part_of_the_state_is_refused_by_its_number() {
    let key = HashKey([0; 16]);
    let is_refused = |read: Result<(), BadFormat>, what: &str| {
        let expected = format!("a {what} has format 9, and this release knows format 1");
        assert_eq!(read.unwrap_err().to_string(), expected);
    };
    let mut loader = Loader::new(0);
    is_refused(loader.read_links(&mut Cursor::new(&[9], "links"), &key), "list of links");
    is_refused(ownership::Cursor::read(&[9]).map(drop), "cursor of the order");
    let play = played();
    let mut values = play.partition.values();
    assert_eq!(values[1], 1, "the head's format");
    values[1] = 9;
    is_refused(loader.peek_head(&mut Cursor::new(&values, "checkpoint")), "head of a partition");
}
