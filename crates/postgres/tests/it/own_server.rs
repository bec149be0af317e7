//! A server that one test has for itself, to stop it or to give it other settings.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct OwnServer {
    folder: tempfile::TempDir,
    ports_from: u16,
}

impl OwnServer {
    pub(crate) fn start() -> Self {
        let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port + 1)).is_ok();
        // Tests that run at once look in other places.
        let folder = tempfile::tempdir().unwrap();
        let place = fs::metadata(folder.path()).unwrap().ino() % 8_000;
        let first = 22_000 + u16::try_from(place).unwrap();
        let ports_from = (first..32_000).find(is_free).unwrap();
        let server = Self { folder, ports_from };
        server.run("start");
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://accolade:accolade@127.0.0.1:{}/accolade", self.ports_from + 1)
    }

    /// Runs a command of the script that also `make cluster-up` uses.
    pub(crate) fn run(&self, command: &str) {
        let script: PathBuf =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/services/postgres.sh");
        let done = Command::new(script)
            .arg(command)
            .env("ACCOLADE_SERVICES_DIR", self.folder.path())
            .env("ACCOLADE_PORTS_FROM", self.ports_from.to_string())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "postgres.sh {command}: {said}");
    }

    /// Gives the server a certificate, and restarts it.
    pub(crate) fn use_tls(&self, certificate: &str, key: &str) {
        let data = self.folder.path().join("postgres/data");
        let owner = fs::metadata(&data).unwrap();
        for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
            let file = data.join(name);
            fs::write(&file, pem).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&file, Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let file = data.join("postgresql.conf");
        let settings = fs::read_to_string(&file).unwrap() + "\nssl = on\n";
        fs::write(&file, settings).unwrap();
        self.run("restart");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.run("stop");
        }
    }
}
