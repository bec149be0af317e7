//! Batches from before a takeover, read from the log itself.

use std::collections::BTreeMap;
use std::io;

use accolade_cluster::ClusterNode;
use accolade_storage::host::Host;
use accolade_wire::bytes::Cursor;
use accolade_wire::order::SourceTopic;
use accolade_wire::record::{HAS_CONTROL, Kind, Slice};

use crate::harness::Cluster;
use crate::rereading::{copied, play};

/// What a node is told of batches before `to`: the first, the control records, and the batches.
fn told(node: &ClusterNode, to: u64) -> Option<(u64, u64, BTreeMap<u64, Vec<u8>>)> {
    let mut older = node.older(0, to, &mut || Ok(())).unwrap()?;
    let mut batches = BTreeMap::new();
    for batch in older.first().. {
        let Some(slice) = older.next().unwrap() else { break };
        batches.insert(batch, slice);
    }
    Some((older.first(), older.controls(), batches))
}

fn controls(batches: &BTreeMap<u64, Vec<u8>>) -> u64 {
    let mut controls = 0;
    for bytes in batches.values() {
        let slice = Slice::read(&mut Cursor::new(bytes, "slice")).unwrap();
        let records = slice.records().map(Result::unwrap);
        let own = records.filter(|record| record.kind == Kind::Control).count();
        assert_eq!(own > 0, slice.flags & HAS_CONTROL != 0);
        controls += own as u64;
    }
    controls
}

/// A node that has its disk anew, what it had before of its first batches, and the first batch that it has itself.
fn taken_over() -> (Cluster, std::sync::Arc<ClusterNode>, BTreeMap<u64, Vec<u8>>) {
    let cluster = Cluster::new(1);
    let one = cluster.start("one");
    cluster.open_house();
    play(&cluster, &one, "a", 10);
    cluster.leave_to_checkpoints(&one, || play(&cluster, &one, "b", 20));
    // Brokers keep wagers for longer than checkpoints need them.
    cluster.brokers.expire_source(SourceTopic::Wagers, 0, 0);
    let mut before = copied(&one);
    cluster.kill("one");
    drop(one);
    cluster.lose_disk("one");
    let one = cluster.start("one");
    play(&cluster, &one, "c", 30);
    let (first, _) = copied(&one).pop_first().unwrap();
    assert!(first > 3, "what was before the checkpoint is not here: {first}");
    before.retain(|batch, _| *batch < first);
    (cluster, one, before)
}

#[test]
fn batches_from_before_a_takeover_are_in_the_log_as_the_owner_before_had_them() {
    let (_cluster, one, before) = taken_over();
    let to = before.last_key_value().unwrap().0 + 1;
    let (first, count, batches) = told(&one, to).unwrap();
    assert_eq!((first, count), (1, controls(&before)));
    assert_eq!(batches, before);
    assert!(count > 1, "an operator and a program");
    let (_, _, some) = told(&one, 3).unwrap();
    assert_eq!(some.into_keys().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(told(&one, 1), None, "there is nothing before the first");
}

/// The first batch from which on none has any of the first wagers, which follow each other from offset 0 on.
fn first_left(batches: &BTreeMap<u64, Vec<u8>>, gone: usize) -> u64 {
    let (mut offset, mut first) = (0, 1);
    for (batch, bytes) in batches {
        let slice = Slice::read(&mut Cursor::new(bytes, "slice")).unwrap();
        let records = slice.records().map(Result::unwrap);
        let wagers = records.filter(|record| record.kind == Kind::Wager).count();
        if wagers > 0 && offset < gone {
            first = batch + 1;
        }
        offset += wagers;
    }
    first
}

#[test]
fn what_retention_has_removed_of_the_sources_is_where_they_begin() {
    let (cluster, one, before) = taken_over();
    let to = before.last_key_value().unwrap().0 + 1;
    for gone in 0..=10 {
        cluster.brokers.expire_source(SourceTopic::Wagers, 0, gone);
        let first = first_left(&before, gone);
        let left = before.clone().split_off(&first);
        let expected = (first < to).then(|| (first, controls(&left), left));
        assert_eq!(told(&one, to), expected, "{gone} wagers are gone");
    }
    cluster.brokers.expire_source(SourceTopic::Wagers, 0, 0);
    // Later while it is read.
    let mut older = one.older(0, to, &mut || Ok(())).unwrap().unwrap();
    let everything = cluster.brokers.source(SourceTopic::Wagers, 0).len();
    cluster.brokers.expire_source(SourceTopic::Wagers, 0, everything);
    assert!(older.next().is_err(), "what is gone is not made up");
}

#[test]
fn an_order_that_retention_has_cut_is_read_from_where_it_begins() {
    let (cluster, one, before) = taken_over();
    let to = before.last_key_value().unwrap().0 + 1;
    // The claim is the first record, and each batch has the offset of its number.
    for cut in 1..to {
        cluster.brokers.cut_order(0, cut.try_into().unwrap());
        let (first, count, batches) = told(&one, to).unwrap();
        let left = before.clone().split_off(&cut);
        assert_eq!((first, count, batches), (cut, controls(&left), left));
    }
    let end = i64::try_from(cluster.brokers.orders(0).len()).unwrap();
    cluster.brokers.cut_order(0, end);
    assert_eq!(told(&one, to), None);
}

#[test]
fn looking_for_them_ends_when_nobody_wants_them_any_more() {
    let (_cluster, one, _) = taken_over();
    let gone = one.older(0, 3, &mut || Err(io::ErrorKind::Interrupted.into()));
    assert_eq!(gone.unwrap_err().kind(), io::ErrorKind::Interrupted);
}
