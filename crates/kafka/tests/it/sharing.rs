//! Partitions among nodes that come, go, die and come back.

use std::sync::mpsc;
use std::time::Duration;

use accolade_engine::ordered::{Event, LogFailed, OrderedLog, Owner};
use accolade_kafka::log::KafkaLog;
use accolade_wire::secret::{Key, Secret};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::harness::{Cluster, PATIENCE, TRIES, hear_assigned, hear_assignment};

#[test]
fn a_node_that_restarts_within_its_session_gets_back_what_it_had() {
    let cluster = Cluster::new(2);
    let (first, second) = (cluster.node("first"), cluster.node("second"));
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    let shared = (0..TRIES).any(|_| {
        hear_assignment(&first, &mut of_first);
        hear_assignment(&second, &mut of_second);
        of_first.len() == 1 && of_second.len() == 1
    });
    assert!(shared, "{of_first:?}, {of_second:?}");
    drop(first);
    let again = cluster.node("first");
    hear_assigned(&again, &of_first);
    // Nothing was given or taken meanwhile.
    let before = std::mem::take(&mut of_second);
    hear_assignment(&second, &mut of_second);
    assert_eq!((of_second, before.len()), (Vec::new(), 1));
}

#[test]
fn partitions_of_a_node_that_died_are_taken_once_its_session_has_ended() {
    let cluster = Cluster::new(2);
    let (first, second) = (cluster.node("first"), cluster.node("second"));
    hear_assigned(&first, &[0, 1]);
    // Dropped without resigning, as after a crash.
    drop(first);
    hear_assigned(&second, &[0, 1]);
}

#[test]
fn a_node_that_resigns_is_not_waited_for_until_its_session_ends() {
    let cluster = Cluster::new(2);
    let first = cluster.node("first");
    hear_assigned(&first, &[0, 1]);
    let asking: BaseConsumer = Cluster::client().create().unwrap();
    let group = cluster.config("first").group;
    let members = || {
        let groups = asking.fetch_group_list(Some(&group), Duration::from_secs(10)).unwrap();
        groups.groups().iter().map(|group| group.members().len()).sum::<usize>()
    };
    assert_eq!(members(), 1);
    first.resign();
    assert_eq!(members(), 0);
}

#[test]
fn a_node_that_resigns_before_anything_was_assigned_is_gone() {
    let cluster = Cluster::new(2);
    let first = cluster.node("first");
    first.resign();
    first.resign();
    hear_assigned(&cluster.node("second"), &[0, 1]);
}

#[test]
fn a_second_node_of_the_same_name_is_found_out() {
    let cluster = Cluster::new(1);
    let first = cluster.node("same");
    hear_assigned(&first, &[0]);
    let second = cluster.node("same");
    hear_assigned(&second, &[0]);
    let failed = (0..TRIES).find_map(|_| {
        let mut assigned = Vec::new();
        hear_assignment(&second, &mut assigned);
        first.hear(PATIENCE, &mut |_| {}).err()
    });
    let found_out =
        matches!(&failed, Some(LogFailed::Unavailable(what)) if what.contains("its name"));
    assert!(found_out, "{failed:?}");
}

#[test]
fn a_node_that_the_group_has_put_out_joins_again() {
    let cluster = Cluster::new(2);
    let first = cluster.node("same");
    hear_assigned(&first, &[0, 1]);
    let second = cluster.node("same");
    hear_assigned(&second, &[0, 1]);
    let is_out = (0..TRIES).any(|_| first.hear(PATIENCE, &mut |_| {}).is_err());
    assert!(is_out, "the second should have its place");
    drop(second);
    hear_assigned(&first, &[0, 1]);
}

#[test]
fn a_node_that_never_heard_what_it_was_assigned_can_close() {
    let cluster = Cluster::new(2);
    let asking: BaseConsumer = Cluster::client().create().unwrap();
    let group = cluster.config("first").group;
    for _ in 0..3 {
        let first = cluster.node("first");
        let assigned = (0..TRIES).any(|_| {
            let groups = asking.fetch_group_list(Some(&group), Duration::from_secs(10)).unwrap();
            let assigned = groups.groups().iter().any(|group| group.state() == "Stable");
            if !assigned {
                std::thread::sleep(PATIENCE);
            }
            assigned
        });
        assert!(assigned, "the group should have shared partitions out");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            drop(first);
            sender.send(()).unwrap();
        });
        receiver.recv_timeout(Duration::from_mins(1)).expect("it closes");
    }
}

#[test]
fn a_stranger_s_announcement_is_not_heard() {
    let cluster = Cluster::new(1);
    let node = cluster.node("first");
    let mut config = cluster.config("stranger");
    let topic = config.topics.owners.clone();
    config.announcing = Key::of(&Secret::new("another"), "accolade owners: announcements");
    let stranger = KafkaLog::open(config).unwrap();
    let owner = |node: &str, epoch| Owner {
        partition: 0,
        epoch,
        node: node.into(),
        address: format!("http://{node}:8081"),
        checkpoint: String::new(),
    };
    let producer: BaseProducer = Cluster::client().create().unwrap();
    for value in [&b"\x01"[..], b"", &[2; 100]] {
        producer.send(BaseRecord::to(&topic).key(&[0_u8, 0][..]).payload(value)).unwrap();
    }
    producer.flush(Duration::from_mins(1)).unwrap();
    stranger.announce(&owner("stranger", 9));
    let mut heard = Vec::new();
    // Its own is heard by the stranger, so it stands before what comes now.
    let hear = |log: &KafkaLog, heard: &mut Vec<Owner>, from: &str| {
        (0..TRIES).any(|_| {
            let mut hear = |event: Event<'_>| {
                if let Event::Owner(owner) = event {
                    heard.push(owner);
                }
            };
            log.hear(PATIENCE, &mut hear).unwrap();
            heard.iter().any(|owner| owner.node == from)
        })
    };
    assert!(hear(&stranger, &mut Vec::new(), "stranger"));
    node.announce(&owner("first", 3));
    assert!(hear(&node, &mut heard, "first"));
    assert_eq!(heard, [owner("first", 3)]);
}
