//! Against the broker that `tests/it` uses.

use std::hash::{BuildHasher, Hasher, RandomState};

use accolade_engine::ordered::Event;
use accolade_wire::order::SourceTopic::{Commands, GameEvents, Wagers};
use rdkafka::admin::AdminOptions;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::*;
use crate::admin::{Admin, block_on};
use crate::clients::admin;

const SOON: Duration = Duration::from_secs(30);

fn hear(data: &Data, count: usize) -> Vec<(SourceTopic, i64)> {
    let mut heard = Vec::new();
    for _ in 0..3_000 {
        let mut hear = |event: Event<'_>| {
            if let Event::Record { source, offset, .. } = event {
                heard.push((source, offset));
            }
        };
        data.hear(Duration::from_millis(20), &mut hear).unwrap();
        if heard.len() >= count {
            break;
        }
    }
    // Once more, so that it is known that nothing is left.
    data.hear(Duration::from_millis(20), &mut |_| {}).unwrap();
    heard
}

#[test]
fn a_source_that_has_stopped_is_read_anew_where_it_was() {
    let brokers = std::env::var("ACCOLADE_TEST_KAFKA");
    let prefix = format!("test-{:016x}.", RandomState::new().build_hasher().finish());
    let brokers = brokers.unwrap_or_else(|_| "127.0.0.1:19092".into());
    let mut config = KafkaConfig::new(brokers, "first").with_prefix(&prefix);
    (config.partitions, config.replication) = (2, 1);
    let made = Admin::new(&config).unwrap().create_missing().unwrap();
    let producer: BaseProducer = admin(&config).create().unwrap();
    let write = |source| {
        let topic = config.topics.source(source);
        producer.send(BaseRecord::<(), str>::to(topic).partition(1).payload("{}")).unwrap();
        producer.flush(SOON).unwrap();
    };
    let data = Data::new(&config).unwrap();
    let mut look = Look::new(&config).unwrap();
    data.follow(1, [0; 4]).unwrap();
    write(Wagers);
    write(GameEvents);
    assert_eq!(hear(&data, 2).len(), 2);
    assert_eq!(look.again(&data).unwrap(), [], "there is nothing to compare with yet");
    data.stall(1, Wagers);
    write(Wagers);
    write(Wagers);
    write(Commands);
    assert_eq!(hear(&data, 1), [(Commands, 0)], "wagers have stopped");
    assert_eq!(look.again(&data).unwrap(), [(1, Wagers)]);
    assert_eq!(hear(&data, 2), [(Wagers, 1), (Wagers, 2)]);
    assert_eq!(look.again(&data).unwrap(), [], "all of it moves");
    let made: Vec<_> = made.iter().map(String::as_str).collect();
    let client: rdkafka::admin::AdminClient<_> = admin(&config).create().unwrap();
    block_on(client.delete_topics(&made, &AdminOptions::new())).unwrap();
}
