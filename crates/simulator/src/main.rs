//! Runs worlds: one seed, told step by step, or many, with what they came to.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a program for a terminal")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use accolade_simulator::cluster;
use accolade_simulator::run::{self, Counts, Report};

const USAGE: &str = "\
Runs Accolade's engine and storage on a simulated disk that breaks, against a model.

  accolade-simulator SEED [--cluster]             one seed, told step by step
  accolade-simulator --seeds COUNT [--from SEED] [--threads COUNT] [--keep-going] [--cluster]

Every fourth seed is a world of the cluster form; with --cluster, every one.
";

/// So many seeds have one of the cluster form among them.
const FORMS: u64 = 4;

fn run(seed: u64, is_cluster: bool, is_verbose: bool) -> Report {
    if is_cluster || seed.is_multiple_of(FORMS) {
        cluster::run(seed, is_verbose)
    } else {
        run::run(seed, is_verbose)
    }
}

struct Many {
    from: u64,
    count: u64,
    threads: u64,
    keeps_going: bool,
    is_cluster: bool,
}

enum Task {
    One(u64, bool),
    Many(Many),
}

fn main() -> ExitCode {
    // Rules fail on purpose; what is not on purpose is in the report.
    std::panic::set_hook(Box::new(|_| {}));
    match task(std::env::args().skip(1)) {
        Some(Task::One(seed, is_cluster)) => one(seed, is_cluster),
        Some(Task::Many(many)) => all(&many),
        None => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn task(mut arguments: impl Iterator<Item = String>) -> Option<Task> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let mut many = Many { from: 1, count: 0, threads, keeps_going: false, is_cluster: false };
    let mut seed = None;
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.parse().ok();
        match argument.as_str() {
            "--seeds" => many.count = number()?,
            "--from" => many.from = number()?,
            "--threads" => many.threads = number()?,
            "--keep-going" => many.keeps_going = true,
            "--cluster" => many.is_cluster = true,
            other => seed = Some(other.parse().ok()?),
        }
    }
    match seed {
        Some(seed) => Some(Task::One(seed, many.is_cluster)),
        None if many.count > 0 && many.threads > 0 => Some(Task::Many(many)),
        None => None,
    }
}

fn one(seed: u64, is_cluster: bool) -> ExitCode {
    let report = run(seed, is_cluster, true);
    print!("{}", report.transcript);
    print_counts(&report.counts);
    match report.violation {
        None => {
            println!("seed {seed} passed");
            ExitCode::SUCCESS
        }
        Some(violation) => {
            println!("seed {seed} FAILED: {violation}");
            ExitCode::FAILURE
        }
    }
}

fn all(many: &Many) -> ExitCode {
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let stops = AtomicBool::new(false);
    let counts = Mutex::new(Counts::new());
    let failed = Mutex::new(BTreeMap::new());
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..many.threads {
            scope.spawn(|| {
                while !stops.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= many.count {
                        return;
                    }
                    let seed = many.from + at;
                    let report = run(seed, many.is_cluster, false);
                    let mut counts = counts.lock().expect("nothing panics while it holds this");
                    for (what, count) in report.counts {
                        *counts.entry(what).or_default() += count;
                    }
                    drop(counts);
                    if let Some(violation) = report.violation {
                        eprintln!("seed {seed} FAILED: {violation}");
                        let form = if many.is_cluster { " --cluster" } else { "" };
                        eprintln!("  repeat it: cargo run -p accolade-simulator -- {seed}{form}");
                        failed.lock().expect("as above").insert(seed, violation);
                        stops.fetch_or(!many.keeps_going, Ordering::Relaxed);
                    }
                    let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                    if done.is_multiple_of(1_000) {
                        eprintln!("{done} of {} seeds, {:.0?}", many.count, began.elapsed());
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("as above").len() as u64;
    print_counts(&counts.into_inner().expect("as above"));
    println!("{} passed, {failed} failed", done.into_inner() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_counts(counts: &Counts) {
    println!();
    for (what, count) in counts {
        println!("{count:>12}  {what}");
    }
    println!();
}
