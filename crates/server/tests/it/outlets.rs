//! What follows the fold, as the node shows it.

use std::sync::Arc;

use accolade_server::outlets::{Outlet, OutletState};
use axum::http::StatusCode;
use serde_json::json;

use crate::harness::{Api, ask};

#[derive(Debug)]
struct Stuck;

impl Outlet for Stuck {
    fn state(&self) -> OutletState {
        let trouble = vec!["partition 3, batch 7: the disk is full".to_owned()];
        OutletState {
            name: "postgres".into(),
            is_connected: true,
            lag_batches: Some(12),
            lag_ms: 1_500,
            records: 40,
            lost: 2,
            trouble,
        }
    }

    fn set_gauges(&self) {
        metrics::gauge!("accolade_projection_standing", "projection" => "postgres").set(1.0);
    }
}

#[tokio::test]
async fn what_follows_the_fold_and_stands_is_shown_and_does_not_make_the_node_less_ready() {
    let api = Api::start().await;
    api.service.add_outlet(Arc::new(Stuck));
    let ready = api.send_bare(ask("GET", "/readyz")).await;
    let status = api.on_socket(ask("GET", "/local/status")).await;
    let shown = json!([{
        "name": "postgres", "isConnected": true, "lagBatches": 12, "lagMs": 1500, "records": 40,
        "lost": 2,
        "trouble": ["partition 3, batch 7: the disk is full"],
    }]);
    assert_eq!((ready.status, &ready.json["ready"]), (StatusCode::OK, &json!(true)));
    assert_eq!(ready.json["outlets"], shown);
    assert_eq!(status.json["outlets"], shown);
    let metrics = api.send_bare(ask("GET", "/metrics")).await.text;
    let line = "accolade_projection_standing{projection=\"postgres\"} 1";
    assert!(metrics.contains(line), "{metrics}");
}
