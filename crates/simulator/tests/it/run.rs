//! Some worlds in every run of the tests; `make simulate` runs thousands.

use std::sync::Arc;

use accolade_engine::contract;
use accolade_engine::disk::Disk;
use accolade_simulator::disk::SimulatedDisk;
use accolade_simulator::run::{Counts, FOUND, REQUESTED, run};

#[test]
fn the_simulated_disk_keeps_the_contract() {
    let disk: Arc<dyn Disk> = Arc::new(SimulatedDisk::new());
    contract::disk::check(&disk);
}

#[test]
fn two_hundred_worlds_hold_and_see_every_fault() {
    let mut counts = Counts::new();
    for seed in 1..=200 {
        let report = run(seed, false);
        assert_eq!(
            report.violation, None,
            "repeat it: cargo run -p accolade-simulator -- {seed} --embedded"
        );
        for (what, count) in report.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    for what in [
        "accounts that owe",
        "behaviours passed",
        "behaviours switched on",
        "checkpoints while one stands",
        "crashes within an operation",
        "dead letters skipped",
        "entries of what has expired",
        "failures of fsync",
        "flips that did no harm",
        "flips that were refused",
        "full disks",
        "graces averted",
        "graces begun",
        "graces ended",
        "I/O errors",
        "kills",
        "log removed",
        "moves by another version",
        "moves down",
        "moves up",
        "power cuts",
        "programs refused by behaviour 1",
        "promotions that applied",
        "redemptions lapsed",
        "released dead letters",
        "runs merged",
        "segments packed",
        "unanswered frames that survived",
        "wagers not matched",
        "walks through the accounts",
    ]
    .iter()
    .chain(REQUESTED)
    .chain(FOUND)
    {
        let is_met = counts.get(*what).is_some_and(|count| *count > 0);
        assert!(is_met, "{what}: {counts:#?}");
    }
}

#[test]
fn a_seed_repeats_its_run() {
    let told = |seed| run(seed, true).transcript;
    assert_eq!(told(5), told(5));
    assert_ne!(told(5), told(6));
}
