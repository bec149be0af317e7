//! Much at once in a checkpoint: dead letters, which then lie in runs, links and ids.

use std::collections::BTreeSet;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour;
use accolade_engine::disk::Disk;
use accolade_engine::partition::Shared;
use accolade_engine::rules::BEHAVIOUR;
use accolade_storage::backing::NodeStore;
use accolade_storage::checkpoint::Part;
use accolade_storage::disk::RealDisk;
use accolade_storage::frames;
use accolade_storage::open::{self, Opened, Options};
use accolade_storage::segment::{BEGIN, COMMIT, Family};
use accolade_storage::table_cache::TableCache;
use accolade_wire::control::{Command, Control};
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
        tables: TableCache::default(),
    };
    open::open(&disk, &sizes).unwrap()
}

fn put(opened: &mut Opened, kind: Kind, operator: &str, body: &[u8]) {
    let (source, origin, received_at) = (Source::Kafka, None, Timestamp::from_micros(START));
    let mut bytes = Vec::new();
    Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
    opened.log.put(0, &bytes, None).unwrap();
}

fn begin(opened: &mut Opened) {
    let genesis = Control::Genesis {
        cluster_id: "c".into(),
        partitions: 1,
        hash_key: "5".repeat(32),
        behaviour: BEHAVIOUR,
        window_hours: 168,
        recent_hours: 24,
    };
    let (operator, key_hash) = ("house".into(), "k".repeat(64));
    let operator = Control::Operator { operator, key_hash, events_per_second: 0 };
    for control in [genesis, operator] {
        put(opened, Kind::Control, "", &serde_json::to_vec(&control).unwrap());
    }
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
    begin(&mut node);
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

#[test]
fn many_links_and_ids_are_written_in_several_lists_and_read_back_whole() {
    const PLAYERS: usize = 10_000;
    let folder = tempfile::tempdir().unwrap();
    let mut node = opened(folder.path());
    let mut store = NodeStore::new(Arc::clone(&node.backing));
    begin(&mut node);
    for player in 0..PLAYERS {
        let (id, player_id) = (format!("c{player}"), format!("p{player}"));
        let consent = Command::Consent { id, player_id, joins: true };
        put(&mut node, Kind::Command, "house", &serde_json::to_vec(&consent).unwrap());
    }
    fold(&mut node, &mut store, &Shared::new(behaviour::KNOWN));
    checkpoint(&mut node, false);
    let kept = |node: &Opened| {
        let partition = &node.partitions[0];
        let ids: BTreeSet<_> = partition.ids().iter().map(|id| (id.id, id.slot)).collect();
        (partition.players().all().len(), ids, partition.links(), partition.values())
    };
    let expected = kept(&node);
    assert_eq!((expected.0, expected.1.len()), (PLAYERS, PLAYERS));
    drop((node, store));
    assert!(kept(&opened(folder.path())) == expected, "they are what they were");
}
