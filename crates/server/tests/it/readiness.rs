//! How a node is, told while its partitions are at work.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use accolade_wire::identity::partition_of;
use tokio::time::timeout;

use crate::harness::{Api, PATIENCE, ask, wager};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_says_how_it_is_while_a_partition_is_at_work_and_a_thousand_requests_wait_for_it() {
    let api = Arc::new(Api::start().await);
    api.wager(&wager("w1", "p1")).await;
    let (begin, begun) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    let node = Arc::clone(&api.node);
    let at_work = std::thread::spawn(move || {
        node.read(partition_of("p1", 4), |_| {
            begin.send(()).unwrap();
            ended.recv_timeout(PATIENCE).unwrap();
        });
    });
    begun.recv_timeout(PATIENCE).unwrap();
    let waiting: Vec<_> = (0..1_000)
        .map(|_| {
            let api = Arc::clone(&api);
            tokio::spawn(async move { api.get("/api/v1/wagers/w1/explanation").await.status })
        })
        .collect();
    let are_refused = async {
        while waiting.iter().filter(|request| request.is_finished()).count() < 1_000 - 64 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, are_refused).await.expect("all but the operator's share are refused");
    let ready = timeout(PATIENCE, api.send_bare(ask("GET", "/readyz"))).await;
    assert_eq!(ready.expect("readiness waits for nothing").status, 200);
    end.send(()).unwrap();
    at_work.join().unwrap();
    let mut answered = 0;
    for request in waiting {
        match request.await.unwrap().as_u16() {
            200 => answered += 1,
            other => assert_eq!(other, 503),
        }
    }
    assert_eq!(answered, 64);
}
