//! Batches that are read again from the log itself, because the node's own copy has a gap.

use std::collections::BTreeMap;

use accolade_cluster::ClusterNode;
use accolade_engine::feed::Feed;
use accolade_engine::ordered::LogFailed;
use accolade_storage::host::Host;
use accolade_wire::order::SourceTopic;

use crate::harness::{Cluster, until, wager};

/// The batches that the node's copy of the log has.
pub(crate) fn copied(node: &ClusterNode) -> BTreeMap<u64, Vec<u8>> {
    let end = node.end(0).unwrap();
    let read = |batch| Some((batch, node.records(0, batch).unwrap()?));
    (1..end).filter_map(read).collect()
}

pub(crate) fn play(cluster: &Cluster, node: &ClusterNode, round: &str, points: i64) {
    for number in 0..10 {
        assert!(wager(node, &format!("{round}-{number}"), "anna", "10.00").is_durable());
    }
    cluster.expect_balance("anna", points);
}

#[test]
fn every_batch_is_read_from_the_log_as_the_copy_has_it() {
    let cluster = Cluster::new(1);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 10);
    let copied = copied(&one);
    assert!(copied.len() > 2);
    for (batch, slice) in copied.iter().chain(&copied) {
        assert_eq!(one.reread(0, *batch).as_ref(), Ok(slice), "batch {batch}");
    }
}

#[test]
fn what_a_crash_took_of_the_copy_is_in_the_log() {
    let cluster = Cluster::new(1);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 10);
    let before = copied(&one);
    let folded = one.status().log_time;
    until("a checkpoint that covers it", || {
        let checkpointed_at = one.status().checkpointed_at;
        if checkpointed_at >= folded { Ok(()) } else { Err((checkpointed_at, folded)) }
    });
    // Batches that follow name it, so that whoever opens the directory takes it for the latest.
    play(&cluster, &one, "b", 20);
    cluster.kill("one");
    drop(one);
    let copy = cluster.data_dir("one").join("partitions/p0000/log");
    std::fs::remove_dir_all(copy).unwrap();
    let one = cluster.start("one");
    play(&cluster, &one, "c", 30);
    let is_lost = |(batch, _): &(&u64, &Vec<u8>)| one.records(0, **batch).unwrap().is_none();
    let lost: Vec<_> = before.iter().filter(is_lost).collect();
    assert!(!lost.is_empty(), "the copy went with the crash");
    for (batch, slice) in lost {
        assert_eq!(one.reread(0, *batch).as_ref(), Ok(slice), "batch {batch}");
    }
    let later = copied(&one);
    let (batch, slice) = later.last_key_value().unwrap();
    assert_eq!(one.reread(0, *batch).as_ref(), Ok(slice));
}

#[test]
fn a_batch_whose_records_retention_has_removed_is_gone_and_is_not_made_up() {
    let cluster = Cluster::new(1);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 10);
    let copied = copied(&one);
    let count = cluster.brokers.source(SourceTopic::Wagers, 0).len();
    cluster.brokers.expire_source(SourceTopic::Wagers, 0, count);
    let mut gone = 0;
    for (batch, slice) in &copied {
        match one.reread(0, *batch) {
            Ok(read) => assert_eq!(read, *slice),
            Err(LogFailed::Gone(_)) => gone += 1,
            Err(other) => panic!("batch {batch}: {other}"),
        }
    }
    assert!((1..=10).contains(&gone), "{gone} batches with wagers");
    let end = i64::try_from(cluster.brokers.orders(0).len()).unwrap();
    cluster.brokers.cut_order(0, end);
    let removed = one.reread(0, 1);
    assert!(matches!(removed, Err(LogFailed::Gone(_))), "{removed:?}");
}
