//! A server, or a cluster of three, that one test has for itself, to stop it or to give it other settings.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct OwnServer {
    folder: tempfile::TempDir,
    ports_from: u16,
    keeps: bool,
    is_cluster: bool,
}

impl OwnServer {
    /// One server, which has everything again when it comes back, or nothing.
    pub(crate) fn start(keeps: bool) -> Self {
        let server = Self::new(keeps, false);
        server.run(&["start"]);
        server
    }

    /// Three that share slots, and have no replicas.
    pub(crate) fn start_cluster(keeps: bool) -> Self {
        let server = Self::new(keeps, true);
        server.run(&["cluster-start"]);
        server
    }

    /// One that was not started.
    pub(crate) fn new(keeps: bool, is_cluster: bool) -> Self {
        let is_free =
            |from: &u16| (2..9).all(|port| TcpListener::bind(("127.0.0.1", *from + port)).is_ok());
        // Tests that run at once look in other places.
        let folder = tempfile::tempdir().unwrap();
        let place = fs::metadata(folder.path()).unwrap().ino() % 800;
        let first = 22_000 + 10 * u16::try_from(place).unwrap();
        let ports_from = (first..32_000).step_by(10).find(is_free).unwrap();
        Self { folder, ports_from, keeps, is_cluster }
    }

    pub(crate) fn url(&self) -> String {
        let what = if self.is_cluster { "cluster-address" } else { "address" };
        self.run(&[what]).trim().to_owned()
    }

    /// The server's folder, with what else it is to be set to.
    pub(crate) fn set(&self, settings: &str) -> PathBuf {
        let folder = self.folder.path().join("redis");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("more.conf"), settings).unwrap();
        folder
    }

    /// Runs a command of the script that also `make cluster-up` uses.
    pub(crate) fn run(&self, command: &[&str]) -> String {
        let script: PathBuf =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/services/redis.sh");
        let done = Command::new(script)
            .args(command)
            .env("ACCOLADE_SERVICES_DIR", self.folder.path())
            .env("ACCOLADE_PORTS_FROM", self.ports_from.to_string())
            .env("REDIS_KEEPS", if self.keeps { "yes" } else { "no" })
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "redis.sh {command:?}: {said}");
        String::from_utf8(done.stdout).unwrap()
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run(&[if self.is_cluster { "cluster-stop" } else { "stop" }]);
        }
    }
}
