use std::ops::Bound;
use std::sync::Arc;

use accolade_domain::outcome::Outcome;
use accolade_postgres::rebuild;
use accolade_postgres::sink::start;
use accolade_storage::backing::NodeStore;

use crate::house::{House, void, wager};
use crate::tables::{Tables, caught_up, until};

#[test]
fn what_was_folded_is_in_the_tables_exactly() {
    let (house, tables) = (House::open(), Tables::new("exactly"));
    house.wagers("before", 700, 50);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    house.wagers("meanwhile", 700, 90);
    caught_up(&projection);
    tables.are_exactly(&house);
    let status = projection.status();
    assert!(status.is_connected && status.trouble.is_empty(), "{status:?}");
    assert_eq!(status.records, u64::try_from(house.ledger().len()).unwrap());
    projection.stop();
    house.wagers("away", 300, 120);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    tables.are_exactly(&house);
}

#[test]
fn a_void_is_an_entry_and_takes_the_balance_back() {
    let (house, tables) = (House::open(), Tables::new("void"));
    house.take("house", &[("anna", wager("house", "anna", "w1", "123.40").into())]);
    house.take("house", &[("anna", wager("house", "anna", "w2", "10.00").into())]);
    house.take("house", &[("anna", void("house", "anna", "w1").into())]);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    tables.are_exactly(&house);
    let rows = tables.query(
        "SELECT kind || ' ' || points || ' ' || balance_after FROM {s}.loyalty_transaction
         ORDER BY sequence",
    );
    let rows: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(rows, ["earned 12.34 12.34", "earned 1.00 13.34", "voided -12.34 1.00"]);
}

#[test]
fn points_and_times_of_every_size_arrive_as_they_are() {
    let (house, tables) = (House::open(), Tables::new("sizes"));
    let stakes =
        ["0.10", "0.90", "1.00", "999.90", "100000.00", "99999999.90", "12345678901234.50"];
    for (number, stake) in stakes.iter().enumerate() {
        let body = wager("house", &format!("p{number}"), &format!("w{number}"), stake);
        house.take("house", &[(&format!("p{number}"), body.into())]);
        house.take(
            "house",
            &[(
                &format!("p{number}"),
                void("house", &format!("p{number}"), &format!("w{number}")).into(),
            )],
        );
    }
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    tables.are_exactly(&house);
    let skewed = "SELECT count(*) FROM {s}.loyalty_transaction
                  WHERE event_time > record_time OR record_time - event_time > interval '1 minute'
                     OR record_time > now() OR now() - record_time > interval '10 minutes'";
    assert_eq!(tables.count(skewed), 0);
}

#[test]
fn a_dead_letter_is_a_row_with_its_bytes_as_text() {
    let (house, tables) = (House::open(), Tables::new("letters"));
    let bad: [&[u8]; 3] = [b"{\"wagerId\": 7}", b"not \0 json \xff", b"{}"];
    for body in bad {
        let outcomes = house.take("house", &[("anna", body.to_vec())]);
        assert!(matches!(outcomes[0], Outcome::DeadLetter { .. }), "{outcomes:?}");
    }
    let unnamed = br#"{"operatorId":"rival","playerId":"ben"}"#;
    house.take("", &[("ben", unnamed.to_vec())]);
    let named = br#"{"operatorId":"rival","playerId":"zoe"}"#;
    house.take("house", &[("zoe", named.to_vec())]);
    house.wagers("good", 20, 5);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let read = || -> Vec<[Option<String>; 5]> {
        let rows = tables.query(
            "SELECT id, operator_id, original_event, reason, consumer_service FROM {s}.dlq
             WHERE id = format('%s-%s-%s', partition, batch, slot) AND error_message <> ''
             ORDER BY operator_id, original_event",
        );
        rows.iter().map(|row| [0, 1, 2, 3, 4].map(|column| row.get(column))).collect()
    };
    let rows = read();
    let originals: Vec<_> = rows.iter().map(|row| row[2].as_deref().unwrap()).collect();
    assert_eq!(
        originals,
        [
            "not \u{fffd} json \u{fffd}",
            "{\"wagerId\": 7}",
            "{}",
            std::str::from_utf8(unnamed).unwrap(),
            std::str::from_utf8(named).unwrap()
        ]
    );
    let operators: Vec<_> = rows.iter().map(|row| row[1].as_deref().unwrap()).collect();
    assert_eq!(operators, ["house", "house", "house", "rival", "rival"]);
    assert!(rows.iter().all(|row| row[3].as_deref() == Some("malformed")), "{rows:?}");
    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    house.wagers("more", 1, 1);
    until("42 rows of the ledger", &projection, |projection| {
        projection.status().is_caught_up() && tables.ledger().len() == 42
    });
    assert_eq!(read(), rows);
}

#[test]
fn an_input_with_names_of_any_length_and_with_any_character_is_a_row_and_stops_nothing() {
    let (house, tables) = (House::open(), Tables::new("strange"));
    let name = "n".repeat(6_000);
    let bodies = [
        format!(r#"{{"operatorId":"{name}","playerId":"anna"}}"#),
        r#"{"operatorId":"a\u0000b"}"#.to_owned(),
        r#"{"operatorId":"\ud800"}"#.to_owned(),
        format!(r#"{{"operatorId":"{}"}}"#, "\u{10ffff}".repeat(200_000)),
        format!("{{\"{}\":7}}", "k".repeat(300_000)),
    ];
    for body in &bodies {
        let outcomes = house.take("", &[("anna", body.clone().into())]);
        assert!(matches!(outcomes[0], Outcome::DeadLetter { .. }), "{outcomes:?}");
    }
    // As a header of Kafka may name it.
    house.take("head\0er", &[("anna", b"{}".to_vec())]);
    house.wagers("good", 20, 5);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    tables.are_exactly(&house);
    let rows = tables.query(
        "SELECT operator_id, original_event, length(error_message) FROM {s}.dlq ORDER BY batch, slot",
    );
    let operators: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    // What no operator can be called is nobody's.
    assert_eq!(operators, ["", "", "", "", "", "head\u{fffd}er"]);
    let kept = (0..house.node.rules().settings.partitions).flat_map(|number| {
        house.node.read(number, |partition| {
            let letters = partition.tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
            let mut store = NodeStore::new(Arc::clone(house.node.backing()));
            let letters = letters.read(number, &mut store).unwrap().rows.into_iter();
            letters.map(|(_, letter)| letter.operator.replace('\0', "\u{fffd}")).collect::<Vec<_>>()
        })
    });
    assert_eq!(operators, kept.collect::<Vec<_>>(), "the API and the table say the same");
    for (row, body) in rows.iter().zip(&bodies) {
        assert_eq!(row.get::<_, String>(1), *body, "the row has the whole input");
    }
    assert!(rows.iter().all(|row| (1..3_000).contains(&row.get::<_, i32>(2))), "{rows:?}");
}

#[test]
fn a_rebuild_beside_a_running_node_gives_the_same_rows() {
    let (house, tables) = (House::open(), Tables::new("rebuild"));
    house.wagers("first", 900, 70);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let (ledger, balances) = (tables.ledger(), tables.balances());
    // What somebody has spoilt is as it should be again.
    tables.run(
        "SET ROLE accolade_writer; DELETE FROM {s}.loyalty_transaction WHERE sequence = 2;
         UPDATE {s}.player_loyalty_balance SET balance = 1000000, version = version + 9; RESET ROLE",
    );
    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    assert!(tables.ledger().len() <= ledger.len());
    let began = tables.wait(rebuild::progress(&tables.settings)).unwrap();
    assert_eq!(began.len(), 4);
    house.wagers("second", 1, 1);
    until("two more rows of the ledger", &projection, |projection| {
        projection.status().is_caught_up() && tables.ledger().len() == ledger.len() + 2
    });
    tables.are_exactly(&house);
    let later: Vec<_> = tables.ledger().into_iter().filter(|line| ledger.contains(line)).collect();
    assert_eq!(later, ledger);
    let kept = tables.balances().into_iter().filter(|row| balances.contains(row)).count();
    assert!(kept >= balances.len() - 2);
    for progress in tables.wait(rebuild::progress(&tables.settings)).unwrap() {
        assert!(progress.next > 1 && progress.batch_time.is_some(), "{progress:?}");
    }
}

#[test]
fn the_version_of_a_balance_never_goes_back() {
    let (house, tables) = (House::open(), Tables::new("versions"));
    tables.wait(rebuild::progress(&tables.settings)).unwrap();
    house.take("house", &[("anna", wager("house", "anna", "w1", "10.00").into())]);
    house.take("house", &[("ben", wager("house", "ben", "w2", "10.00").into())]);
    tables.run(
        "SET ROLE accolade_writer; INSERT INTO {s}.player_loyalty_balance VALUES
            ('house', 'anna', 55.5, now(), 2), ('house', 'ben', 55.5, now(), 0); RESET ROLE",
    );
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let balances: Vec<_> = tables.balances().into_iter().map(|row| (row.1, row.2, row.4)).collect();
    let row =
        |player: &str, balance: &str, version| (player.to_owned(), balance.to_owned(), version);
    assert_eq!(balances, [row("anna", "55.50", 2), row("ben", "1.00", 1)]);
}

#[test]
fn names_are_those_of_the_settings() {
    let (house, mut tables) = (House::open(), Tables::new("names"));
    let names = &mut tables.settings.tables;
    names.balances = "Punkte \"heute\"".into();
    names.ledger = "bewegungen".into();
    house.wagers("w", 30, 5);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let ledger = tables.count("SELECT count(*) FROM {s}.bewegungen");
    assert_eq!(usize::try_from(ledger).unwrap(), house.ledger().len());
    let balances = tables.count("SELECT count(*) FROM {s}.\"Punkte \"\"heute\"\"\"");
    assert_eq!(usize::try_from(balances).unwrap(), house.balances().len());
    drop(projection);
    tables.run(
        "SET ROLE accolade_writer; DROP TABLE {s}.bewegungen, {s}.\"Punkte \"\"heute\"\"\"; RESET ROLE",
    );
}

#[test]
fn tables_of_another_cluster_are_left_alone() {
    let (house, tables) = (House::open(), Tables::new("cluster"));
    house.wagers("w", 30, 5);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    projection.stop();
    let other = House::open();
    other.wagers("x", 300, 5);
    let projection = start(tables.settings.clone(), other.feed()).unwrap();
    until("a projection that names the other cluster", &projection, |projection| {
        projection.status().trouble.iter().any(|trouble| trouble.contains("belong to the cluster"))
    });
    tables.are_exactly(&house);
}
