//! A cluster of one node over real brokers, with the real binary.

use std::path::PathBuf;

use crate::api::request;
use crate::harness::{Home, Ran, Serving, until};

/// A cluster without nodes: topics and a folder of its own.
pub(crate) struct Cluster {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) partitions: &'static str,
}

impl Cluster {
    pub(crate) fn new(partitions: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), partitions }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("node-1")
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let brokers = std::env::var("ACCOLADE_TEST_KAFKA");
        let name = self.folder.path().file_name().unwrap().to_string_lossy();
        vec![
            ("ACCOLADE_DATA_DIR", self.data_dir().display().to_string()),
            ("ACCOLADE_BROKERS", brokers.unwrap_or_else(|_| "127.0.0.1:19092".into())),
            ("ACCOLADE_TOPIC_PREFIX", format!("test-{}.", name.trim_start_matches('.'))),
            ("ACCOLADE_NODE", "node-1".into()),
            ("ACCOLADE_ADDRESS", "http://127.0.0.1:0".into()),
            ("ACCOLADE_CLUSTER_SECRET", "a-secret-for-tests-only".into()),
            ("ACCOLADE_REPLICATION", "1".into()),
            ("ACCOLADE_PARTITIONS", self.partitions.into()),
            ("ACCOLADE_SHIP_TO", self.objects().display().to_string()),
            ("ACCOLADE_SHIP_EVERY_SECONDS", "1".into()),
            ("ACCOLADE_FREE_BYTES_MIN", "1000000".into()),
        ]
    }

    pub(crate) fn run(&self, home: &Home, words: &[&str]) -> Ran {
        let environment = self.environment();
        let environment: Vec<_> = environment.iter().map(|(name, v)| (*name, &**v)).collect();
        home.run_with(words, &environment)
    }

    /// Starts its node, and waits until it owns every partition.
    pub(crate) fn serve(&self, home: &Home) -> Serving {
        self.serve_with(home, &[])
    }

    /// As [`Cluster::serve`], with more in its environment.
    pub(crate) fn serve_with(&self, home: &Home, more: &[(&str, &str)]) -> Serving {
        let environment = self.environment();
        let own = environment.iter().map(|(name, v)| (*name, &**v));
        let environment: Vec<_> = own.chain(more.iter().copied()).collect();
        let serving = home.serve(&environment);
        until("a node that is ready", || match request(&serving, "GET", "/readyz", "", "") {
            (200, _) => Ok(()),
            told => Err(told),
        });
        serving
    }
}
