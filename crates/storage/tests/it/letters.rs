//! Dead letters in a data directory: many at once, in memory and in runs.

use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour;
use accolade_engine::disk::Disk;
use accolade_engine::partition::Shared;
use accolade_storage::backing::NodeStore;
use accolade_storage::checkpoint::Part;
use accolade_storage::disk::RealDisk;
use accolade_storage::frames;
use accolade_storage::open::{self, Opened, Options};
use accolade_storage::segment::{BEGIN, COMMIT, Family};
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Record, Source};

const LETTERS: usize = 90_000;
/// 2026-01-01, in microseconds since 1970.
const START: i64 = 1_767_225_600_000_000;

fn opened(folder: &Path) -> Opened {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder).unwrap());
    let sizes = Options {
        partitions: 1,
        first_partition: 0,
        log_segment_bytes: 64 << 20,
        journal_segment_bytes: 64 << 20,
        segment_bytes: 32 << 20,
        filter_bytes_max: 1 << 20,
    };
    open::open(&disk, &sizes).unwrap()
}

fn put(opened: &mut Opened, kind: Kind, operator: &str, body: &[u8]) {
    let (source, origin, received_at) = (Source::Kafka, None, Timestamp::from_micros(START));
    let mut bytes = Vec::new();
    Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
    opened.log.put(0, &bytes, None).unwrap();
}

fn fold(opened: &mut Opened, store: &mut NodeStore, shared: &Shared) {
    let moment = Timestamp::from_micros(START);
    let (frame, _) = opened.log.commit(moment, [0; 32]).unwrap();
    for slice in frame.slices() {
        let partition = &mut opened.partitions[0];
        partition.fold(&slice, &frame.moment, shared, store, &mut ()).unwrap();
    }
    store.flush(moment).unwrap();
}

fn checkpoint(opened: &mut Opened, seal: bool) -> Vec<Part> {
    let position = opened.log.position();
    let mut parts = vec![Part::take(&mut opened.partitions[0], position, seal)];
    let (synced, now) = (position.next_frame - 1, Timestamp::from_micros(START));
    opened.checkpointer.write(&mut parts, &opened.backing, synced, now).unwrap();
    parts
}

fn count(opened: &Opened, store: &mut NodeStore) -> usize {
    let letters = opened.partitions[0].tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
    letters.read(0, store).unwrap().rows.len()
}

#[test]
fn a_burst_of_letters_is_written_in_frames_of_a_bearable_size_that_count_together() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = opened(folder.path());
    let mut store = NodeStore::new(Arc::clone(&node.backing));
    let shared = Shared::new(behaviour::KNOWN);
    let genesis = Control::Genesis {
        cluster_id: "c".into(),
        partitions: 1,
        hash_key: "5".repeat(32),
        behaviour: 1,
        window_hours: 168,
        recent_hours: 24,
    };
    put(&mut node, Kind::Control, "", &serde_json::to_vec(&genesis).unwrap());
    fold(&mut node, &mut store, &shared);
    let operator = "o".repeat(200);
    for _ in 0..10 {
        for _ in 0..LETTERS / 10 {
            put(&mut node, Kind::Wager, &operator, b"no event");
        }
        fold(&mut node, &mut store, &shared);
    }
    checkpoint(&mut node, false);
    let (state, due) = (node.partitions[0].values(), node.partitions[0].next_due());
    drop((node, store));

    let (mut lengths, mut flags) = (Vec::new(), Vec::new());
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let each: frames::Each<'_> = &mut |_, head, _, payload| {
        lengths.push(payload.len());
        flags.push(head.flags);
        Ok(())
    };
    frames::recover(&*disk, Family::State, 0, None, each).unwrap();
    drop(disk);
    // A frame of the rules and the manifest close the group.
    assert!(lengths.len() > 3, "{lengths:?}");
    assert!(lengths.iter().all(|length| *length < (16 << 20) + 1_000), "{lengths:?}");
    let (first, last) = (flags[0], flags[flags.len() - 1]);
    assert_eq!((first, last), (BEGIN, COMMIT));
    assert!(flags[1..flags.len() - 1].iter().all(|flags| *flags == 0), "{flags:?}");

    let mut node = opened(folder.path());
    let mut store = NodeStore::new(Arc::clone(&node.backing));
    assert!(node.partitions[0].values() == state, "the state is what it was");
    assert_eq!(node.partitions[0].next_due(), due);
    assert_eq!(count(&node, &mut store), LETTERS);
    assert!(node.partitions[0].in_interval() >= LETTERS, "letters end an interval as ids do");

    let parts = checkpoint(&mut node, true);
    let now = Timestamp::from_micros(START);
    let sealing = node.checkpointer.begin_sealing(parts, &[], now).unwrap();
    sealing.write(&node.backing).unwrap();
    node.checkpointer.sealed(&sealing);
    node.partitions[0].let_go_of_ended();
    assert_eq!(node.partitions[0].tables().dead_letters.len(), 0, "none is in memory");
    checkpoint(&mut node, false);
    drop((node, store));

    let node = opened(folder.path());
    let mut store = NodeStore::new(Arc::clone(&node.backing));
    assert_eq!(node.partitions[0].tables().dead_letters.len(), 0, "none is read into memory");
    assert!(node.partitions[0].values() == state, "nor is the state another one");
    assert_eq!(count(&node, &mut store), LETTERS);
    let totals = node.partitions[0].tables().letter_totals.get(&()).unwrap();
    assert_eq!(totals.open(DeadReason::Malformed), LETTERS as u64);
}
