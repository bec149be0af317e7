//! Where the time goes: processor time by group of threads, and of the services beside the node.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::bench::report::Report;

/// Clock ticks of `/proc` in a second, on every Linux.
const TICKS: f64 = 100.0;

/// Processor seconds by what they were spent on.
pub(crate) type Seconds = BTreeMap<String, f64>;

/// What is looked at.
#[derive(Debug, Default)]
pub(crate) struct Processors {
    /// Threads that belong to the load and not to the node.
    load: BTreeSet<u32>,
    /// Services of this machine, each with its process.
    services: Vec<(&'static str, u32)>,
}

impl Processors {
    /// Adds a service of this machine, known by the port at which it listens; one elsewhere is left out.
    pub(crate) fn add_service(&mut self, name: &'static str, port: u16) {
        self.services.extend(listening(port).map(|process| (name, process)));
    }

    /// Counts threads that `begin` has started as the load's.
    pub(crate) fn of_load<T>(&mut self, begin: impl FnOnce() -> T) -> T {
        let before = threads();
        let begun = begin();
        self.load.extend(threads().difference(&before));
        begun
    }

    /// What was spent since the processes began.
    pub(crate) fn spent(&self) -> Seconds {
        let mut spent = Seconds::new();
        let mut living = 0.0;
        for thread in threads() {
            let folder = format!("/proc/self/task/{thread}");
            let Some(Stat { name, own, .. }) = Stat::read(&folder) else { continue };
            let group = group_of(&name, self.load.contains(&thread));
            living += own;
            *spent.entry(group).or_default() += own;
        }
        if let Some(all) = Stat::read("/proc/self") {
            spent.insert("threads that have ended".into(), (all.own - living).max(0.0));
        }
        for (name, process) in &self.services {
            spent.insert((*name).into(), with_children(*process));
        }
        spent
    }

    /// Reports what was spent since `before` for a million of `events`, the most first.
    pub(crate) fn report(
        &self,
        measure: &'static str,
        before: &Seconds,
        events: u64,
        report: &mut Report,
    ) {
        let spent = self.spent();
        let millions = events.max(1) as f64 / 1e6;
        let since = |(name, seconds): (String, f64)| {
            let before = before.get(&name).copied().unwrap_or(0.0);
            (name, (seconds - before) / millions)
        };
        let mut spent: Vec<_> = spent.into_iter().map(since).collect();
        spent.sort_by(|one, other| other.1.total_cmp(&one.1));
        let all: f64 = spent.iter().map(|(_, seconds)| seconds).sum();
        report.row(measure, "processor time for a million wagers", all, "s", None);
        for (name, seconds) in spent.into_iter().filter(|(_, seconds)| *seconds >= 0.01) {
            report.row(measure, format!("  {name}"), seconds, "s", None);
        }
    }
}

/// What a thread is counted as. Names of threads have at most 15 characters.
fn group_of(name: &str, is_of_load: bool) -> String {
    if matches!(name, "sending" | "accolade") {
        return "load: making wagers".into();
    }
    if is_of_load {
        return "load: Kafka's client".into();
    }
    let name = name.trim_end_matches(|figure: char| figure.is_ascii_digit());
    match name {
        "rdk:main" | "rdk:broker" | "rdk:broker-" => "node: Kafka's client".into(),
        "producer pollin" => "node: acknowledgements".into(),
        "tokio-runtime-w" | "tokio-rt-worker" => "node: HTTP".into(),
        other => format!("node: {}", other.trim_end_matches('-')),
    }
}

fn threads() -> BTreeSet<u32> {
    let entries = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

struct Stat {
    name: String,
    parent: u32,
    /// Seconds of its own.
    own: f64,
    /// Seconds of children that have ended.
    children: f64,
}

impl Stat {
    fn read(folder: &str) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("{folder}/stat")).ok()?;
        let (before, after) = stat.rsplit_once(')')?;
        let name = before.split_once('(')?.1.to_owned();
        let fields: Vec<&str> = after.split_whitespace().collect();
        let seconds = |at: usize| Some(fields.get(at)?.parse::<f64>().ok()? / TICKS);
        let (own, children) = (seconds(11)? + seconds(12)?, seconds(13)? + seconds(14)?);
        Some(Self { name, parent: fields.get(1)?.parse().ok()?, own, children })
    }
}

/// Seconds of a process and of all that it has started.
fn with_children(process: u32) -> f64 {
    let all: BTreeMap<u32, Stat> = processes()
        .filter_map(|process| Some((process, Stat::read(&format!("/proc/{process}"))?)))
        .collect();
    let mut open = vec![process];
    let mut seconds = 0.0;
    while let Some(process) = open.pop() {
        let Some(stat) = all.get(&process) else { continue };
        seconds += stat.own + stat.children;
        open.extend(all.iter().filter(|(_, it)| it.parent == process).map(|(child, _)| child));
    }
    seconds
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The process that listens at a port of this machine, if it can be seen.
fn listening(port: u16) -> Option<u32> {
    const LISTENS: &str = "0A";
    let port = format!(":{port:04X}");
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(std::fs::read_to_string);
    let sockets: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| table.lines().skip(1))
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, state, _, _, _, _, _, inode, ..] = fields[..] else { return None };
            (local.ends_with(&port) && state == LISTENS).then(|| format!("socket:[{inode}]"))
        })
        .collect();
    // A child that has inherited the socket is not whom we look for.
    processes().filter(|process| holds(*process, &sockets)).min()
}

fn holds(process: u32, sockets: &[String]) -> bool {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
    files
        .filter_map(|file| std::fs::read_link(file.path()).ok())
        .any(|target: std::path::PathBuf| sockets.iter().any(|socket| target == Path::new(socket)))
}
