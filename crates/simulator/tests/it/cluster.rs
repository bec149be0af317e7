//! Some worlds of the cluster form in every run of the tests; `make simulate` runs thousands.

use accolade_simulator::cluster::run;
use accolade_simulator::run::{Counts, FOUND, REQUESTED};

#[test]
fn three_hundred_clusters_hold_and_see_every_fault() {
    let mut counts = Counts::new();
    for seed in 601..=900 {
        let report = run(seed, false);
        let repeat = "repeat it: cargo run -p accolade-simulator --";
        assert_eq!(report.violation, None, "{repeat} {seed} --cluster");
        for (what, count) in report.counts {
            *counts.entry(what).or_default() += count;
        }
    }
    for what in [
        "acknowledged further on",
        "acknowledgements delayed",
        "acknowledgements lost",
        "appends lost",
        "accounts that owe",
        "appends that land late",
        "appends that land twice",
        "batches that do not count",
        "behaviours passed",
        "behaviours switched on",
        "checkpoints fetched",
        "checkpoints not shipped",
        "claims that came second",
        "claims that do not count",
        "crashes within an operation",
        "dead letters skipped",
        "disks lost",
        "folds that stood",
        "gaps that could not be read",
        "entries of what has expired",
        "graces averted",
        "graces begun",
        "graces ended",
        "kills",
        "moves by another version",
        "moves down",
        "moves up",
        "nodes frozen",
        "nodes that stop without the object storage",
        "partitions given to two nodes",
        "partitions lost to another",
        "programs refused by behaviour 1",
        "promotions that applied",
        "reads under the lease",
        "records delivered twice",
        "redemptions lapsed",
        "released dead letters",
        "sweeps that removed",
        "takeovers with the own disk",
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
fn a_seed_repeats_its_cluster() {
    let told = |seed| run(seed, true).transcript;
    assert_eq!(told(5), told(5));
    assert_ne!(told(5), told(6));
}
