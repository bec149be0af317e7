//! The trail of a node that is no more, as another one has it.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use accolade_engine::objects::{Object, Objects};
use accolade_storage::descriptors::Descriptors;
use accolade_storage::node::ShipOptions;
use accolade_storage::ship::{Directory, List};
use accolade_storage::trail::{Looked, Trail, TrailOptions, lists};
use accolade_wire::trail::TrailRecord;
use serde_json::Value;
use tempfile::TempDir;

use super::fake::{A, B, Cluster};
use crate::harness::{Api, PATIENCE, ask};

/// The way of a node to the object storage.
#[derive(Debug)]
struct Way {
    to: Arc<dyn Objects>,
    is_cut: AtomicBool,
}

impl Objects for Way {
    fn put(&self, key: &str, bytes: Vec<u8>) -> io::Result<()> {
        if self.is_cut.load(Ordering::SeqCst) {
            return Err(io::Error::other("there is no way"));
        }
        self.to.put(key, bytes)
    }
    fn get(&self, key: &str, bytes: Range<u64>) -> io::Result<Vec<u8>> {
        self.to.get(key, bytes)
    }
    fn get_all(&self, key: &str) -> io::Result<Vec<u8>> {
        self.to.get_all(key)
    }
    fn list(&self, prefix: &str) -> io::Result<Vec<Object>> {
        self.to.list(prefix)
    }
    fn remove(&self, key: &str) -> io::Result<()> {
        self.to.remove(key)
    }
}

/// A record, as lists show it: time, chain, number and node.
type Listed = (String, String, u64, String);

fn trail(folder: &TempDir, node: &str, objects: Arc<dyn Objects>) -> Arc<Trail> {
    let ship = Some(ShipOptions { objects, every: Duration::from_millis(5) });
    let options = TrailOptions { node: node.to_owned(), ship, ..TrailOptions::default() };
    Arc::new(Trail::start(folder.path(), &Descriptors::default(), options))
}

/// All that a node has put down.
async fn written(trail: &Trail) -> Vec<TrailRecord> {
    let (sender, written) = tokio::sync::oneshot::channel();
    trail.after_all(Box::new(move |result| drop(sender.send(result))));
    written.await.unwrap().unwrap();
    let mut records = Vec::new();
    let mut each = |record: &TrailRecord| {
        records.push(record.clone());
        ControlFlow::Continue(())
    };
    assert_eq!(trail.readable().0.newest_first(None, &mut each).unwrap(), Looked::ToItsEnd);
    records
}

/// Waits until all that was written of `trail` is in the object storage.
async fn shipped(trail: &Trail, objects: &dyn Objects) {
    let end = trail.readable().1.unwrap();
    let until = Instant::now() + PATIENCE;
    loop {
        let list = lists(objects).unwrap().remove(&end.chain);
        let covers =
            list.map(|(key, _)| List::read(&key, &objects.get_all(&key).unwrap()).unwrap().covers);
        if covers == Some(end.at) {
            return;
        }
        assert!(Instant::now() < until, "awaited: {end:?}; there is: {covers:?}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The looks of a chain at balances, as they are to be listed, each with its time.
fn looks(trail: &Trail, records: &[TrailRecord]) -> Vec<(i64, Listed)> {
    let chain = format!("{:016x}", trail.readable().1.unwrap().chain);
    let looks = records.iter().filter(|record| record.entry.route == "getBalance");
    let listed = |record: &TrailRecord| {
        let at = accolade_wire::timestamp::write(record.at).to_string();
        let listed = (at, chain.clone(), record.number, trail.node().to_owned());
        (record.at.micros(), listed)
    };
    looks.map(listed).collect()
}

/// All pages of the looks at balances, and what they name as missing.
async fn list(api: &Api) -> (Vec<Listed>, BTreeSet<String>) {
    let (mut found, mut missing, mut cursor) = (Vec::new(), BTreeSet::new(), String::new());
    let mut pages = 0;
    loop {
        let path = format!("/local/audit?route=getBalance&limit=5{cursor}");
        let page = api.on_socket(ask("GET", &path)).await;
        assert_eq!(page.status, 200, "{page:?}");
        let items = page.json["items"].as_array().unwrap();
        assert!(items.len() <= 5);
        let text = |item: &Value, field: &str| item[field].as_str().unwrap().to_owned();
        found.extend(items.iter().map(|item| {
            let number = item["number"].as_u64().unwrap();
            (text(item, "at"), text(item, "chain"), number, text(item, "node"))
        }));
        let incomplete = page.json["incomplete"].as_array();
        missing.extend(incomplete.into_iter().flatten().map(|part| text(part, "of")));
        pages += 1;
        match page.json["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(pages > 4, "the cursor goes across both chains");
    (found, missing)
}

#[tokio::test]
async fn what_a_killed_node_has_shipped_of_its_trail_is_in_another_s_list_in_order_and_fits() {
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let store: Arc<dyn Objects> = Arc::new(Directory::open(folders[2].path()).unwrap());
    let way = Arc::new(Way { to: Arc::clone(&store), is_cut: AtomicBool::new(false) });
    let trails = [
        trail(&folders[A], "node-a", Arc::clone(&store)),
        trail(&folders[B], "node-b", Arc::clone(&way) as Arc<dyn Objects>),
    ];
    let mut cluster = Cluster::with_trails(trails.clone()).await;
    for number in 0..12 {
        for api in cluster.both() {
            api.get(&format!("/api/v1/players/p{number}/balance")).await;
        }
    }
    let of_b = written(&trails[B]).await;
    shipped(&trails[B], &*store).await;
    way.is_cut.store(true, Ordering::SeqCst);
    cluster.b().get("/api/v1/players/p-lost/balance").await;
    assert_eq!(written(&trails[B]).await.len(), of_b.len() + 1);
    trails[B].crash();
    cluster.disconnect_b().await;

    let of_a = written(&trails[A]).await;
    let mut expected = [looks(&trails[A], &of_a), looks(&trails[B], &of_b)].concat();
    expected.sort_by_key(|look| Reverse(look.clone()));
    let expected: Vec<Listed> = expected.into_iter().map(|(_, listed)| listed).collect();
    assert_eq!(expected.len(), 24);
    let (found, missing) = list(cluster.a()).await;
    assert_eq!(found, expected);
    let address = cluster.address(B).to_owned();
    assert_eq!(missing, BTreeSet::from([address]), "nobody has taken over yet");

    for partition in 2..4 {
        cluster.set_owner(A, partition, Some(A));
    }
    let (found, missing) = list(cluster.a()).await;
    assert_eq!((found, missing), (expected, BTreeSet::new()));
    let of_a = written(&trails[A]).await.len();
    let verified = cluster.a().on_socket(ask("GET", "/local/audit/verify")).await;
    let last: Value = serde_json::from_str(verified.text.lines().last().unwrap()).unwrap();
    assert_eq!(last["result"], "ok", "{verified:?}");
    // The look itself may be among them already.
    let expected = [0, 1].map(|own| Value::from(of_a + of_b.len() + own));
    assert!(expected.contains(&last["trailRecords"]), "{verified:?}, not {expected:?}");
}
