//! The trail on a disk that crashes, tears and fills: what was told to be durable is there.

use std::ops::ControlFlow;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_simulator::disk::{Faults, SimulatedDisk};
use accolade_simulator::random::Random;
use accolade_storage::trail::{Looked, NotAppended, Pending, Readable, TrailChain};
use accolade_wire::trail::{TrailEntry, TrailKind};

const SEGMENT_BYTES: u64 = 2_048;

fn pending(number: u64) -> Pending {
    let subject = format!("record {number} {}", "x".repeat((number % 200).try_into().unwrap()));
    let entry = TrailEntry { kind: TrailKind::Change, subject, count: 1, ..TrailEntry::default() };
    Pending { at: Timestamp::from_micros(number.cast_signed()), entry }
}

/// The numbers of the records, the oldest first.
fn found(disk: &Arc<dyn Disk>) -> Vec<u64> {
    let readable = Readable { disk: Arc::clone(disk), durable: None };
    let mut numbers = Vec::new();
    let each = &mut |record: &accolade_wire::trail::TrailRecord| {
        numbers.extend(
            record.entry.subject.split(' ').nth(1).map(|word| word.parse::<u64>().unwrap()),
        );
        ControlFlow::Continue(())
    };
    let mut before = None;
    while let Looked::To(at) = readable.newest_first(before, each).unwrap() {
        before = Some(at);
    }
    let verified = readable.verify(&mut |_| ()).unwrap().unwrap();
    assert_eq!(verified.records, numbers.len() as u64 + u64::from(!numbers.is_empty()));
    numbers.reverse();
    numbers
}

#[test]
fn what_was_durable_before_any_crash_is_there_after_it_in_order_and_fits() {
    let mut crashes = 0;
    for seed in 0..400 {
        let mut random = Random::new(seed);
        let simulated = SimulatedDisk::new();
        let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
        let (mut next, mut durable) = (1_u64, 0_u64);
        for _ in 0..6 {
            let crash_at = Some(simulated.operations() + 1 + random.below(60));
            let fail_sync_at =
                (random.below(3) == 0).then(|| simulated.syncs() + 1 + random.below(10));
            simulated.set_faults(Faults { crash_at, fail_sync_at, ..Faults::default() });
            if let Ok(mut chain) = TrailChain::open(Arc::clone(&disk), SEGMENT_BYTES, "") {
                for _ in 0..40 {
                    let count = 1 + random.below(3);
                    let group: Vec<Pending> = (next..next + count).map(pending).collect();
                    next += count;
                    match chain.append(&group) {
                        Ok(()) => durable = next - 1,
                        // Whoever waited was told that it is not known.
                        Err(NotAppended::Again(_)) if !simulated.has_crashed() => {}
                        Err(_) => break,
                    }
                }
            }
            crashes += u64::from(simulated.has_crashed());
            simulated.crash(&mut random);
            simulated.set_faults(Faults::default());
            let opened = TrailChain::open(Arc::clone(&disk), SEGMENT_BYTES, "");
            opened.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
            let numbers = found(&disk);
            assert!(numbers.is_sorted(), "seed {seed}: {numbers:?}");
            let last = numbers.last().copied().unwrap_or(0);
            assert!(last >= durable && last < next, "seed {seed}: {durable} of {numbers:?}");
        }
    }
    assert!(crashes > 500, "{crashes}");
}

#[test]
fn a_full_disk_is_told_of_and_once_there_is_room_the_same_records_go_in() {
    let simulated = SimulatedDisk::new();
    let disk: Arc<dyn Disk> = Arc::new(simulated.clone());
    let mut chain = TrailChain::open(Arc::clone(&disk), SEGMENT_BYTES, "").unwrap();
    let capacity_bytes = Some(3 * SEGMENT_BYTES);
    simulated.set_faults(Faults { capacity_bytes, ..Faults::default() });
    let mut number = 1;
    let refused = loop {
        match chain.append(&[pending(number)]) {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, NotAppended::Again(_)), "{refused:?}");
    assert!(matches!(chain.append(&[pending(number)]), Err(NotAppended::Again(_))));
    assert_eq!(found(&disk), (1..number).collect::<Vec<_>>());
    simulated.set_faults(Faults::default());
    chain.append(&[pending(number)]).unwrap();
    assert_eq!(found(&disk), (1..=number).collect::<Vec<_>>());
}
