//! Topics and tables of a node that is sent what nothing should be sent.

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::api::request;
use crate::cluster::Cluster;
use crate::harness::{Home, PATIENCE, Serving, until};
use crate::schemas;

fn client(brokers: &str) -> ClientConfig {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers).set("message.max.bytes", "1000000");
    client
}

/// Keys and values of what is committed, up to the end.
fn committed(brokers: &str, topic: &str) -> Vec<(String, Value)> {
    let mut settings = client(brokers);
    settings.set("group.id", "tests").set("enable.partition.eof", "true");
    settings.set("isolation.level", "read_committed");
    let consumer: BaseConsumer = settings.create().unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let mut all = Vec::new();
    loop {
        match consumer.poll(PATIENCE).expect("the topic has an end") {
            Ok(message) => {
                let key = String::from_utf8(message.key().unwrap().to_vec()).unwrap();
                all.push((key, serde_json::from_slice(message.payload().unwrap()).unwrap()));
            }
            Err(KafkaError::PartitionEOF(_)) => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

fn outlets(serving: &Serving) -> Value {
    let (_, body) = request(serving, "GET", "/readyz", "", "");
    serde_json::from_str::<Value>(&body).unwrap()["outlets"].take()
}

#[test]
fn no_input_stops_topics_or_tables_however_long_and_strange_it_is() {
    let (home, cluster) = (Home::new(), Cluster::new("1"));
    let environment = cluster.environment();
    let of = |name: &str| &*environment.iter().find(|(other, _)| *other == name).unwrap().1;
    let (brokers, prefix) = (of("ACCOLADE_BROKERS"), of("ACCOLADE_TOPIC_PREFIX"));
    let postgres = std::env::var("ACCOLADE_TEST_POSTGRES")
        .unwrap_or_else(|_| "postgres://accolade:accolade@127.0.0.1:15432/accolade".to_owned());
    let schema = prefix.replace(['-', '.'], "_").to_lowercase();
    let redis = std::env::var("ACCOLADE_TEST_REDIS")
        .unwrap_or_else(|_| "redis://127.0.0.1:16379".to_owned());
    let (keys, progress) = (format!("{prefix}{{operator}}:"), format!("{prefix}projection"));
    let tables = [
        ("ACCOLADE_POSTGRES_URL", &*postgres),
        ("ACCOLADE_POSTGRES_SCHEMA", &*schema),
        ("ACCOLADE_REDIS_URL", &*redis),
        ("ACCOLADE_REDIS_PREFIX", &*keys),
        ("ACCOLADE_REDIS_PROGRESS_KEY", &*progress),
    ];
    let serving = cluster.serve_with(&home, &tables);
    cluster.run(&home, &["operator", "add", "house"]).well();
    let program =
        home.file("program.yaml", "currency: EUR\nearning: { multipliers: { default: 0.1 } }\n");
    let words = ["program", "publish", program.to_str().unwrap(), "--operator", "house"];
    let why = ["--why", "a test", "--effective-from", "20 days ago"];
    cluster.run(&home, &[&words[..], &why].concat()).well();

    let name = "n".repeat(6_000);
    let now = jiff::Timestamp::now();
    let strange: [Vec<u8>; 5] = [
        vec![0xff; 500_000],
        vec![0x01; 900_000],
        format!(r#"{{"operatorId":"{name}","playerId":"{name}"}}"#).into_bytes(),
        r#"{"operatorId":"a\u0000b","playerId":"\u0000"}"#.into(),
        Vec::new(),
    ];
    let wager = format!(
        r#"{{"wagerId":"w1","playerId":"anna","operatorId":"house","gameId":"g","gameCategory":"slots",
        "wagerAmount":10,"currency":"EUR","jurisdiction":"Malta","timestamp":"{now}"}}"#
    );
    let producer: BaseProducer = client(brokers).create().unwrap();
    let source = format!("{prefix}wager.events");
    for body in strange.iter().map(Vec::as_slice).chain([wager.as_bytes()]) {
        let record = BaseRecord::<(), [u8]>::to(&source).partition(0).payload(body);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    // What PostgreSQL takes for no JSON, or for too great a number.
    let event = format!(
        r#"{{"event_id":"e1","event_type":"player_score","player_id":"anna","game_id":"g",
        "timestamp":"{now}","data":{{"a\u0000":"\u0000","n":1e999999999}}}}"#
    );
    let operator = OwnedHeaders::new().insert(Header { key: "operatorId", value: Some("house") });
    let events = format!("{prefix}player.events.raw");
    let record = BaseRecord::<(), [u8]>::to(&events).partition(0).payload(event.as_bytes());
    producer.send(record.headers(operator)).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();

    let balances = until("a balance that has left", || {
        let balances = committed(brokers, &format!("{prefix}loyalty.balances"));
        if balances.is_empty() { Err(outlets(&serving)) } else { Ok(balances) }
    });
    assert_eq!(
        (balances[0].0.as_str(), &balances[0].1["pointsBalance"]),
        ("house/anna", &1.0.into())
    );
    let letters = committed(brokers, &format!("{prefix}accolade.dead-letters"));
    let originals: Vec<_> =
        letters.iter().map(|(_, letter)| letter["originalBytes"].as_u64()).collect();
    assert_eq!(originals, [Some(500_000), Some(900_000), None, None, None]);
    assert!(letters[2].0.len() <= 256, "a key is cut as well");

    until("outlets that everything has left by", || {
        let outlets = outlets(&serving);
        let has_left = |outlet: &Value| {
            outlet["lagBatches"] == 0
                && outlet["lost"] == 0
                && outlet["trouble"] == Value::Array(vec![])
        };
        let all = outlets.as_array().unwrap();
        if all.len() == 3 && all.iter().all(has_left) { Ok(()) } else { Err(outlets.clone()) }
    });
    let run = |words: &[&str]| {
        let all: Vec<_> =
            environment.iter().map(|(name, value)| (*name, &**value)).chain(tables).collect();
        home.run_with(words, &all)
    };
    let status = run(&["projection", "status"]).well();
    assert!(!status.contains("stands"), "{status}");
    let printed = run(&["projection", "status", "--json"]).well();
    schemas::check("projection status", &printed);
    let told: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [topics, tables, keys] = &told[..] else { panic!("{printed}") };
    assert_eq!((&topics["name"], &topics["partitions"]), (&"kafka".into(), &Value::Null));
    assert_eq!(
        (&tables["name"], &tables["state"]["isConnected"]),
        (&"postgres".into(), &true.into())
    );
    assert_eq!((&keys["name"], &keys["state"]["isConnected"]), (&"redis".into(), &true.into()));
    for written in [tables, keys].map(|told| &told["partitions"][0]) {
        assert_eq!((&written["lagBatches"], &written["trouble"]), (&0.into(), &Value::Null));
        let up_to: jiff::Timestamp = written["batchTime"].as_str().unwrap().parse().unwrap();
        assert!(up_to > now - jiff::SignedDuration::from_mins(5), "{written}");
    }
    let of_one = run(&["projection", "status", "kafka", "--json"]).well();
    assert_eq!(of_one.lines().count(), 1, "{of_one}");
    let list = run(&["projection", "list"]).well();
    for (name, rebuilds) in [("kafka", "no"), ("postgres", "yes"), ("redis", "yes")] {
        let line = list.lines().find(|line| line.starts_with(name)).expect(&list);
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!((words[1], words[2], words[6], words[7]), ("yes", "0", "0", rebuilds), "{list}");
    }
    let refused = run(&["projection", "rebuild", "kafka"]).badly();
    assert!(refused.contains("repeat every record"), "{refused}");
    let unknown = run(&["projection", "status", "archive"]).badly();
    assert!(unknown.contains("it has kafka, postgres, redis"), "{unknown}");
    let unasked = run(&["projection", "rebuild"]);
    assert_eq!((unasked.code, &*unasked.out), (Some(2), ""), "{unasked:?}");
    assert!(
        unasked
            .err
            .contains("this would empty all tables but those of dead letters and game events"),
        "{unasked:?}"
    );
    assert!(unasked.err.contains("say `--yes`"), "{unasked:?}");
    for words in [&["projection", "rebuild"][..], &["projection", "rebuild", "redis"]] {
        let rebuilt = run(&[words, &["--yes"]].concat()).well();
        assert!(rebuilt.starts_with("rebuilt: "), "{rebuilt}");
    }
    run(&["status"]).well();
    let counted = run(&["player", "stats", "anna", "--operator", "house"]).well();
    assert!(counted.starts_with("events  1\n"), "{counted}");
    serving.stop();
}

/// Keys and states of what is committed of redemptions.
fn redemptions(brokers: &str, prefix: &str) -> Vec<(String, String)> {
    let told = committed(brokers, &format!("{prefix}loyalty.redemptions"));
    told.into_iter().map(|(key, value)| (key, value["state"].as_str().unwrap().into())).collect()
}

#[test]
fn what_becomes_of_a_player_leaves_once_also_where_the_node_is_killed() {
    let (home, cluster) = (Home::new(), Cluster::new("1"));
    let environment = cluster.environment();
    let of = |name: &str| &*environment.iter().find(|(other, _)| *other == name).unwrap().1;
    let (brokers, prefix) = (of("ACCOLADE_BROKERS"), of("ACCOLADE_TOPIC_PREFIX"));
    let run = |words: &[&str]| cluster.run(&home, words).well();
    let serving = cluster.serve(&home);
    run(&["operator", "add", "house"]);
    let program = home.file(
        "program.yaml",
        "currency: EUR\nearning: { multipliers: { default: 0.1 } }\ntiers:\n  window: { rolling: 30d }\n  \
         levels: [{ name: bronze, from: 0 }, { name: silver, from: 1 }]\n",
    );
    let words = ["program", "publish", program.to_str().unwrap(), "--operator", "house"];
    run(&[&words[..], &["--why", "a test", "--effective-from", "20 days ago"]].concat());
    let now = jiff::Timestamp::now();
    let wager = format!(
        r#"{{"wagerId":"w1","playerId":"anna","operatorId":"house","gameId":"g","gameCategory":"slots",
        "wagerAmount":100,"currency":"EUR","jurisdiction":"Malta","timestamp":"{now}"}}"#
    );
    let producer: BaseProducer = client(brokers).create().unwrap();
    let source = format!("{prefix}wager.events");
    let record = BaseRecord::<(), [u8]>::to(&source).partition(0).payload(wager.as_bytes());
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(PATIENCE).unwrap();
    let tiers = || committed(brokers, &format!("{prefix}loyalty.tiers"));
    until(
        "a tier that has left",
        || if tiers().is_empty() { Err(outlets(&serving)) } else { Ok(()) },
    );

    let redeem = ["player", "redeem", "anna", "1", "--operator", "house", "--json"];
    let reserved = |printed: String| serde_json::from_str::<Value>(&printed).unwrap()["id"].clone();
    let [spent, kept] = [(); 2].map(|()| reserved(run(&redeem)));
    let change = |what: &str, id: &Value, more: &[&str]| {
        let words = ["player", what, id.as_str().unwrap(), "--operator", "house"];
        run(&[&words[..], more].concat());
    };
    change("confirm", &spent, &[]);
    serving.kill();
    let serving = cluster.serve(&home);
    change("cancel", &kept, &["--why", "a test"]);
    let expected = ["reserved", "reserved", "confirmed", "cancelled"];
    let expected = expected.map(|state| ("anna".to_owned(), state.to_owned()));
    until("what has become of both", || {
        let told = redemptions(brokers, prefix);
        if told.len() < expected.len() { Err(told) } else { Ok(()) }
    });
    assert_eq!(redemptions(brokers, prefix), expected);
    let [(key, tier)] = &tiers()[..] else { panic!("{:?}", tiers()) };
    assert_eq!(
        (key.as_str(), &tier["tierAfter"], &tier["tierPoints"]),
        ("anna", &"silver".into(), &10.0.into())
    );
    serving.stop();
}
