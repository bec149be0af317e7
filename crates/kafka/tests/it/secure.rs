//! A broker that encrypts, asks who is there and has rules: `scripts/services/secure-broker.sh` starts it.
//! Its address is taken from `ACCOLADE_TEST_KAFKA_SECURE`, the authority that vouches for it from
//! `ACCOLADE_TEST_KAFKA_CA`; one that does not is beside that.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_engine::ordered::{Event, OrderedLog, Reads};
use accolade_kafka::admin::{Admin, NotTold};
use accolade_kafka::config::{KafkaConfig, Mechanism, Sasl, Tls};
use accolade_kafka::error::OpenFailed;
use accolade_kafka::log::KafkaLog;
use accolade_kafka::outputs::{OutputRecords, Taken};
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{Kind, Record, Source};
use accolade_wire::secret::Secret;

use crate::harness::{Cluster, PATIENCE, TRIES, hear_assigned};

/// Longer than anything takes where it works, and far less than a record may take to be written.
const SOON: Duration = Duration::from_secs(20);

fn authority() -> PathBuf {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/services/secure-kafka/ca.pem");
    std::env::var("ACCOLADE_TEST_KAFKA_CA").unwrap_or_else(|_| root.into()).into()
}

fn sasl(user: &str, mechanism: Mechanism) -> Sasl {
    Sasl { mechanism, user: user.into(), password: Secret::new(format!("{user}-secret")) }
}

/// As `accolade`, which has the rights, over topics that are not there yet.
fn config(mechanism: Mechanism) -> KafkaConfig {
    let address = std::env::var("ACCOLADE_TEST_KAFKA_SECURE");
    let brokers = address.unwrap_or_else(|_| "127.0.0.1:19392".into());
    let mut config = Cluster::empty(1).config("first");
    config = KafkaConfig::new(brokers, "first", &Secret::new("for tests only"))
        .with_prefix(&format!("secure-{}.", config.group));
    (config.partitions, config.replication) = (1, 1);
    config.security.tls = Some(Tls { ca_file: Some(authority()), certificate: None });
    config.security.sasl = Some(sasl("accolade", mechanism));
    config
}

fn refused(config: &KafkaConfig) -> String {
    match Admin::new(config).unwrap().inspect() {
        Err(error @ OpenFailed::Refused { .. }) => error.to_string(),
        other => panic!("the broker should refuse: {other:?}"),
    }
}

/// Makes topics, joins, submits, hears, orders, reads and publishes.
fn orders_and_hears(mechanism: Mechanism) {
    let config = config(mechanism);
    let admin = Admin::new(&config).unwrap();
    admin.create_missing().unwrap();
    let log = KafkaLog::open(config.clone()).unwrap();
    hear_assigned(&log, &[0]);
    log.follow(0, [0; 4]).unwrap();

    let (sender, receiver) = mpsc::channel();
    let record = Record {
        kind: Kind::Wager,
        source: Source::Http,
        operator: "house",
        received_at: Timestamp::from_micros(7),
        origin: None,
        body: b"{}",
    };
    let done = Box::new(move |offset| sender.send(offset).unwrap());
    log.submit(SourceTopic::Wagers, 0, &record, None, done).unwrap();
    assert_eq!(receiver.recv_timeout(SOON).unwrap(), Ok(0));
    let mut heard = Vec::new();
    for _ in 0..TRIES {
        let mut hear = |event: Event<'_>| {
            if let Event::Record { record, .. } = event {
                heard.push((record.operator.to_owned(), record.body.to_vec()));
            }
        };
        log.hear(PATIENCE, &mut hear).unwrap();
        if !heard.is_empty() {
            break;
        }
    }
    assert_eq!(heard, [("house".to_owned(), b"{}".to_vec())]);

    assert_eq!(admin.last_ordered().unwrap(), None);
    let place = append(&log).unwrap();
    assert_eq!(place.offset, 0);
    assert_eq!(admin.last_ordered().unwrap(), place.time);
    let mut read = Vec::new();
    let mut each = |offset, bytes: &[u8]| {
        read.push((offset, bytes.to_vec()));
        Ok(())
    };
    log.read_order(0, 0..1, &mut each).unwrap();
    assert_eq!(read, [(0, b"a claim".to_vec())]);

    let mut publisher = log.publisher().unwrap();
    let taken = [Taken { partition: 0, start: 1, former: None }];
    assert_eq!(publisher.begin(&taken).unwrap(), [1]);
    publisher.publish(&[(0, 2)], &OutputRecords::default()).unwrap();
    assert_eq!(publisher.begin(&taken).unwrap(), [2]);
    log.resign();
}

fn append(
    log: &KafkaLog,
) -> Result<accolade_engine::ordered::Place, accolade_engine::ordered::AppendFailed> {
    let (sender, receiver) = mpsc::channel();
    log.append(0, b"a claim", Box::new(move |done| sender.send(done).unwrap()));
    receiver.recv_timeout(SOON).expect("what became of it is told")
}

#[test]
fn a_node_orders_and_hears_behind_tls_with_scram_sha_512() {
    orders_and_hears(Mechanism::ScramSha512);
}

#[test]
fn a_node_orders_and_hears_behind_tls_with_scram_sha_256() {
    orders_and_hears(Mechanism::ScramSha256);
}

#[test]
fn a_node_orders_and_hears_behind_tls_with_plain() {
    orders_and_hears(Mechanism::Plain);
}

#[test]
fn a_wrong_password_is_told_with_the_settings_to_mend() {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512] {
        let mut config = config(mechanism);
        config.security.sasl.as_mut().unwrap().password = Secret::new("wrong");
        let told = refused(&config);
        assert!(told.contains("`sasl_password`"), "{mechanism:?}: {told}");
        assert!(told.contains("Authentication failed"), "{mechanism:?}: {told}");
    }
}

#[test]
fn an_authority_that_does_not_vouch_for_the_broker_is_told_with_the_setting_to_mend() {
    let mut config = config(Mechanism::Plain);
    let other = authority().with_file_name("other-ca.pem");
    config.security.tls = Some(Tls { ca_file: Some(other), certificate: None });
    let told = refused(&config);
    assert!(told.contains("`ca_file`"), "{told}");
    assert!(told.contains("certificate verify failed"), "{told}");
}

#[test]
fn a_file_of_authorities_that_is_not_there_is_named() {
    let mut config = config(Mechanism::Plain);
    config.security.tls = Some(Tls { ca_file: Some("/no/such.pem".into()), certificate: None });
    let told = Admin::new(&config).unwrap_err().to_string();
    assert!(told.contains("/no/such.pem"), "{told}");
}

#[test]
fn a_node_that_does_not_encrypt_is_told_so() {
    let mut config = config(Mechanism::ScramSha512);
    config.security.tls = None;
    let told = refused(&config);
    assert!(told.contains("`tls`"), "{told}");
}

#[test]
fn a_user_without_rights_is_told_which_and_where_to_get_them() {
    let mut config = config(Mechanism::ScramSha512);
    config.security.sasl = Some(sasl("stranger", Mechanism::ScramSha512));
    let admin = Admin::new(&config).unwrap();
    for failed in [admin.inspect().unwrap_err(), admin.create_missing().unwrap_err()] {
        assert!(matches!(failed, OpenFailed::NotAllowed { .. }), "{failed:?}");
        let told = failed.to_string();
        for words in ["User:stranger", "`secure-", "accolade doctor"] {
            assert!(told.contains(words), "{words}: {told}");
        }
    }
    let opened = KafkaLog::open(config.clone());
    assert!(matches!(opened, Err(OpenFailed::NotAllowed { .. })), "{opened:?}");
    let brokers = admin.brokers().unwrap().brokers;
    assert_eq!(brokers[0].settings, Err(NotTold::NotAllowed));
}

#[test]
fn a_user_who_may_only_read_orders_nothing_and_is_told_why() {
    let owner = config(Mechanism::ScramSha512);
    Admin::new(&owner).unwrap().create_missing().unwrap();
    let reader = Some(sasl("reader", Mechanism::ScramSha512));
    let mut config = owner.clone();
    config.security.sasl = reader;
    let log = KafkaLog::open(config).unwrap();
    let failed = append(&log).unwrap_err().0;
    assert!(failed.contains("authorization"), "{failed}");
    assert!(failed.contains("accolade doctor"), "{failed}");
    let order = KafkaLog::open(owner).unwrap().order_range(0).unwrap();
    assert_eq!(order, 0..0, "nothing was written");
}
