//! A data directory, commands on it, and a node that serves it.

use std::fmt::Debug;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
use tempfile::TempDir;

use crate::binary::binary;

/// How long anything is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Looks until there is what is awaited, and returns it. `look` says what is there instead.
pub(crate) fn until<T, Instead: Debug>(
    awaited: &str,
    mut look: impl FnMut() -> Result<T, Instead>,
) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match look() {
            Ok(found) => return found,
            Err(instead) if Instant::now() > until => {
                panic!("awaited: {awaited}; there is: {instead:?}")
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A data directory of its own.
pub(crate) struct Home {
    folder: TempDir,
    /// Descriptors that each command may have; nothing for as many as the test may.
    descriptors: Option<u64>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// What it printed, where it ended well.
    #[track_caller]
    pub(crate) fn well(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// The lines of JSON that it printed, where it ended well.
    #[track_caller]
    pub(crate) fn lines(self) -> Vec<serde_json::Value> {
        self.well().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What it complained of, where nobody could be asked.
    #[track_caller]
    pub(crate) fn unasked(self) -> String {
        assert_eq!(self.code, Some(3), "{self:?}");
        self.err
    }

    /// What it complained of, where it ended badly.
    #[track_caller]
    pub(crate) fn badly(self) -> String {
        assert_eq!(self.code, Some(1), "{self:?}");
        self.err
    }
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), descriptors: None }
    }

    /// One whose commands may have so many descriptors, and no more.
    pub(crate) fn with_descriptors(descriptors: u64) -> Self {
        Self { descriptors: Some(descriptors), ..Self::new() }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file beside the data directory.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The files of the data directory that hold a text.
    pub(crate) fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut folders = vec![self.data_dir()];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let path = entry.path();
                if entry.file_type().unwrap().is_dir() {
                    folders.push(path);
                } else if std::fs::read(&path).is_ok_and(|bytes| {
                    bytes.windows(text.len()).any(|window| window == text.as_bytes())
                }) {
                    found.push(path);
                }
            }
        }
        found
    }

    fn command(&self, words: &[&str]) -> Command {
        let binary = binary();
        let mut command = match self.descriptors {
            None => Command::new(&binary),
            Some(descriptors) => {
                let mut shell = Command::new("/bin/sh");
                let limited = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
                shell.args(["-c", &limited]).arg(&binary);
                shell
            }
        };
        command.args(words).env_clear().env("ACCOLADE_DATA_DIR", self.data_dir());
        // Small files are quick to make, and are filled within a test.
        command.env("ACCOLADE_SEGMENT_BYTES", "2000000");
        // Relative paths of examples are those of the README.
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."));
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        self.run_with_input(words, "")
    }

    /// Runs a command with more in its environment.
    pub(crate) fn run_with(&self, words: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.command(words);
        command.envs(environment.iter().copied());
        ran(command, "")
    }

    pub(crate) fn run_with_input(&self, words: &[&str], input: &str) -> Ran {
        ran(self.command(words), input)
    }

    /// Runs a command at a terminal, at which this is typed. What it complains of is all that the terminal shows.
    pub(crate) fn run_at_terminal(&self, words: &[&str], typed: &str) -> Ran {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let terminal = openpt(flags).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let other_end = File::from(ioctl_tiocgptpeer(&terminal, flags).unwrap());
        let mut terminal = File::from(terminal);
        terminal.write_all(typed.as_bytes()).unwrap();
        let child = {
            let mut command = self.command(words);
            command.stdin(other_end.try_clone().unwrap()).stderr(other_end);
            command.stdout(Stdio::piped()).spawn().unwrap()
        };
        let output = child.wait_with_output().unwrap();
        let mut shown = Vec::new();
        // The end of a terminal that nobody has open any more is told as an error.
        drop(terminal.read_to_end(&mut shown));
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(shown).unwrap(),
        }
    }

    /// Runs a command that does not know of the data directory, but of contexts of its own.
    pub(crate) fn run_elsewhere(&self, words: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = self.command(words);
        command.env_remove("ACCOLADE_DATA_DIR").envs(environment.iter().copied());
        command.env("XDG_CONFIG_HOME", self.folder.path().join("config"));
        ran(command, "")
    }

    /// The file of this home's contexts.
    pub(crate) fn contexts(&self) -> PathBuf {
        self.folder.path().join("config/accolade/contexts.toml")
    }

    /// Starts a node on a free port, and waits until it listens.
    pub(crate) fn serve(&self, environment: &[(&str, &str)]) -> Serving {
        let mut command = self.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(environment.iter().copied()).stderr(Stdio::piped()).stdin(Stdio::null());
        command.stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let api = loop {
            let mut line = String::new();
            let read = log.read_line(&mut line).unwrap();
            assert!(read > 0, "the node ended ({:?}):\n{said}", child.wait());
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(api) = event.get("api").and_then(serde_json::Value::as_str) {
                break api.to_owned();
            }
            said.push_str(&line);
        };
        Serving { child, api, out, log: Some(log) }
    }
}

fn ran(mut command: Command, input: &str) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that does not read its input closes it.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A node that serves; it is killed when the test ends.
pub(crate) struct Serving {
    child: Child,
    out: BufReader<ChildStdout>,
    log: Option<BufReader<ChildStderr>>,
    pub(crate) api: String,
}

impl Serving {
    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        self.api.trim_start_matches("http://")
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    /// Kills it, and returns what else it has printed.
    pub(crate) fn rest(&mut self) -> String {
        self.child.kill().unwrap();
        std::io::read_to_string(&mut self.out).unwrap()
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// How many descriptors it has at this moment.
    pub(crate) fn descriptors_open(&self) -> usize {
        self.descriptors().count()
    }

    /// Those of them that are sockets, listening ones included.
    pub(crate) fn connections_open(&self) -> usize {
        let links = self.descriptors().filter_map(|entry| std::fs::read_link(entry.path()).ok());
        links.filter(|link| link.to_string_lossy().starts_with("socket:")).count()
    }

    fn descriptors(&self) -> impl Iterator<Item = std::fs::DirEntry> {
        let entries = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        entries.map(Result::unwrap)
    }

    /// Tells it to stop, and waits; its exit code and what it said since it listened.
    pub(crate) fn stop(self) -> (Option<i32>, String) {
        let id = Pid::from_child(&self.child);
        kill_process(id, Signal::TERM).unwrap();
        self.ended()
    }

    /// Waits until it has ended by itself; its exit code and what it said since it listened.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let log = std::io::read_to_string(self.log.take().unwrap()).unwrap();
        (self.child.wait().unwrap().code(), log)
    }

    /// Kills it as a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Nothing to kill where it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The line of `text` that contains `words`.
#[track_caller]
pub(crate) fn line_with<'a>(text: &'a str, words: &str) -> &'a str {
    let found = text.lines().find(|line| line.contains(words));
    found.unwrap_or_else(|| panic!("no line with `{words}` in:\n{text}"))
}
