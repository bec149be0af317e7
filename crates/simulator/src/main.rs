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

  accolade-simulator SEED [FORM]                  one seed, told step by step
  accolade-simulator --seeds COUNT [--from SEED] [--threads COUNT] [--keep-going] [FORM]

Every fourth seed is a world of the cluster form; with --cluster, every one; with --embedded, none. How often each fault was
met is printed; of 10,000 seeds of a form, or more, every fault has to be.
";

/// So many seeds have one of the cluster form among them.
const FORMS: u64 = 4;
/// So many seeds of a form meet every fault that it knows.
const ENOUGH: u64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Embedded,
    Cluster,
}

impl Form {
    fn of(seed: u64, only: Option<Self>) -> Self {
        let usual = if seed.is_multiple_of(FORMS) { Self::Cluster } else { Self::Embedded };
        only.unwrap_or(usual)
    }

    const fn option(self) -> &'static str {
        match self {
            Self::Embedded => "--embedded",
            Self::Cluster => "--cluster",
        }
    }

    const fn faults(self) -> &'static [&'static str] {
        match self {
            Self::Embedded => run::FAULTS,
            Self::Cluster => cluster::FAULTS,
        }
    }

    fn run(self, seed: u64, is_verbose: bool) -> Report {
        match self {
            Self::Embedded => run::run(seed, is_verbose),
            Self::Cluster => cluster::run(seed, is_verbose),
        }
    }
}

struct Many {
    from: u64,
    count: u64,
    threads: u64,
    keeps_going: bool,
    only: Option<Form>,
}

enum Task {
    One(u64, Option<Form>),
    Many(Many),
}

fn main() -> ExitCode {
    // Rules fail on purpose; what is not on purpose is in the report.
    std::panic::set_hook(Box::new(|_| {}));
    match task(std::env::args().skip(1)) {
        Some(Task::One(seed, only)) => one(seed, only),
        Some(Task::Many(many)) => all(&many),
        None => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn task(mut arguments: impl Iterator<Item = String>) -> Option<Task> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let mut many = Many { from: 1, count: 0, threads, keeps_going: false, only: None };
    let mut seed = None;
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next()?.parse().ok();
        match argument.as_str() {
            "--seeds" => many.count = number()?,
            "--from" => many.from = number()?,
            "--threads" => many.threads = number()?,
            "--keep-going" => many.keeps_going = true,
            "--cluster" => many.only = Some(Form::Cluster),
            "--embedded" => many.only = Some(Form::Embedded),
            other => seed = Some(other.parse().ok()?),
        }
    }
    match seed {
        Some(seed) => Some(Task::One(seed, many.only)),
        None if many.count > 0 && many.threads > 0 => Some(Task::Many(many)),
        None => None,
    }
}

fn one(seed: u64, only: Option<Form>) -> ExitCode {
    let form = Form::of(seed, only);
    let report = form.run(seed, true);
    print!("{}", report.transcript);
    print_counts(form, &report.counts);
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
    let counts: Mutex<BTreeMap<Form, (u64, Counts)>> = Mutex::default();
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
                    let form = Form::of(seed, many.only);
                    let report = form.run(seed, false);
                    let mut all = counts.lock().expect("nothing panics while it holds this");
                    let (seeds, counts) = all.entry(form).or_default();
                    *seeds += 1;
                    for (what, count) in report.counts {
                        *counts.entry(what).or_default() += count;
                    }
                    drop(all);
                    if let Some(violation) = report.violation {
                        eprintln!("seed {seed} FAILED: {violation}");
                        let form = form.option();
                        eprintln!("  repeat it: cargo run -p accolade-simulator -- {seed} {form}");
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
    let mut is_all_met = true;
    for (form, (seeds, counts)) in counts.into_inner().expect("as above") {
        print_counts(form, &counts);
        let is_missing = |fault: &&&str| counts.get(**fault).is_none_or(|count| *count == 0);
        let missing: Vec<_> = form.faults().iter().filter(is_missing).collect();
        if !missing.is_empty() {
            println!("{form:?}: of {seeds} seeds none met {missing:?}");
            is_all_met &= seeds < ENOUGH;
        }
    }
    println!("{} passed, {failed} failed", done.into_inner() - failed);
    if failed == 0 && is_all_met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print_counts(form: Form, counts: &Counts) {
    println!("\n{form:?}: faults met");
    for fault in form.faults() {
        println!("{:>12}  {fault}", counts.get(fault).copied().unwrap_or_default());
    }
    println!("\n{form:?}: what happened");
    for (what, count) in counts.iter().filter(|(what, _)| !form.faults().contains(what)) {
        println!("{count:>12}  {what}");
    }
    println!();
}
