//! Behaviour 1 is frozen: a log that has everything that it knows gives this journal, these dead letters and
//! this state, byte for byte, in every release.
//!
//! `tests/golden/behaviour-1.log` has frames (`time i64 · random 32 bytes · slices u8 · slices`), which
//! [`script`] made once. A release must read it as it is; only while no release has been made, all files may
//! be made again by `UPDATE_EXPECT=1`.

mod script;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Once;

use accolade_domain::ledger::EntryKind;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::refusal::{DeadReason, Refusal};
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour::FIRST;
use accolade_engine::partition::Moment;
use accolade_engine::rules::Snapshot;
use accolade_engine::store::Folded;
use accolade_wire::bytes::{Cursor, put_varint};
use accolade_wire::journal::Outcomes;
use accolade_wire::record::Slice;

use self::script::World;

const FROZEN: &str = "behaviour 1 is frozen: a change needs a new behaviour";

fn file(what: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/golden", &format!("behaviour-1.{what}")].iter().collect()
}

fn golden(what: &str) -> Vec<u8> {
    static MADE: Once = Once::new();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        MADE.call_once(make);
    }
    let file = file(what);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Makes all golden files again.
fn make() {
    let world = script::played();
    let (journal, letters) = written(&world.folded);
    std::fs::create_dir_all(file("log").parent().unwrap()).unwrap();
    let state = state(&world);
    let files =
        [("log", &world.log), ("journal", &journal), ("letters", &letters), ("state", &state)];
    for (what, bytes) in files {
        std::fs::write(file(what), bytes).unwrap();
    }
}

/// A frame of the log.
struct Frame<'a> {
    moment: Moment,
    slices: Vec<Slice<'a>>,
}

fn frames(log: &[u8]) -> Vec<Frame<'_>> {
    let mut cursor = Cursor::new(log, "golden log");
    let mut frames = Vec::new();
    while !cursor.is_empty() {
        let time = Timestamp::from_micros(cursor.i64().unwrap());
        let moment = Moment { time, random: cursor.array().unwrap() };
        let count = cursor.u8().unwrap();
        let slices = (0..count).map(|_| Slice::read(&mut cursor).expect(FROZEN)).collect();
        frames.push(Frame { moment, slices });
    }
    frames
}

/// The journal's slices, and the dead letters of each: `count varint`, then `slot varint · length varint ·
/// bytes` each.
fn written(folded: &[Folded]) -> (Vec<u8>, Vec<u8>) {
    let (mut journal, mut letters) = (Vec::new(), Vec::new());
    for Folded { partition, batch, count, journal: body, dead_letters } in folded {
        let (partition, batch, count) = (*partition, *batch, *count);
        Slice { partition, batch, flags: 0, count, body }.write(&mut journal);
        put_varint(&mut letters, dead_letters.len() as u64);
        for (slot, bytes) in dead_letters {
            put_varint(&mut letters, u64::from(*slot));
            put_varint(&mut letters, bytes.len() as u64);
            letters.extend_from_slice(bytes);
        }
    }
    (journal, letters)
}

/// Every value of the partitions and of their rules.
fn state(world: &World) -> Vec<u8> {
    let mut state = Vec::new();
    for partition in &world.partitions {
        state.extend(partition.values());
        state.extend(partition.links());
        let rows = partition.tables().paged_rows().each(|key, row| {
            state.extend_from_slice(key);
            state.extend_from_slice(row);
            Ok::<_, Infallible>(())
        });
        rows.unwrap();
    }
    let rules = world.partitions[0].rules();
    Snapshot::default().write_changes(rules, &mut |value| state.extend_from_slice(value));
    state
}

/// Names the first batch of which something else became, and what.
fn same_journal(found: &[u8], golden: &[u8]) {
    let (mut new, mut old) = (Cursor::new(found, "journal"), Cursor::new(golden, "golden journal"));
    while !old.is_empty() {
        let (new, old) = (Slice::read(&mut new).unwrap(), Slice::read(&mut old).expect(FROZEN));
        let outcomes = |slice: &Slice<'_>| -> Vec<String> {
            let outcomes = Outcomes::read(slice).expect(FROZEN).records();
            outcomes.map(|recorded| format!("{:?}", recorded.expect(FROZEN))).collect()
        };
        assert_eq!(outcomes(&new), outcomes(&old), "{FROZEN}");
        assert!(new == old, "{FROZEN}: partition {}, batch {}", old.partition, old.batch);
    }
    assert!(found == golden, "{FROZEN}");
}

#[test]
fn a_log_of_everything_that_behaviour_1_knows_gives_the_same_bytes_for_ever() {
    let log = golden("log");
    let mut world = World::default();
    for Frame { moment, slices } in frames(&log) {
        world.fold(moment, &slices);
    }
    let (journal, letters) = written(&world.folded);
    same_journal(&journal, &golden("journal"));
    assert!(letters == golden("letters"), "{FROZEN}: a dead letter is kept as other bytes");
    assert!(state(&world) == golden("state"), "{FROZEN}: the state is written as other bytes");
    assert_eq!(FIRST.fired_max, 1_000, "{FROZEN}");
    assert_eq!(FIRST.number, 1);
}

#[test]
fn the_log_of_behaviour_1_has_everything_that_it_knows() {
    let log = golden("log");
    let mut world = World::default();
    let (mut kinds, mut sources) = (BTreeSet::new(), BTreeSet::new());
    for Frame { moment, slices } in frames(&log) {
        for record in slices.iter().flat_map(Slice::records).map(Result::unwrap) {
            let body: serde_json::Value = serde_json::from_slice(record.body).unwrap_or_default();
            let names = ["control", "command", "type"].map(|key| body[key].as_str());
            let name = names.into_iter().flatten().next().unwrap_or_default();
            kinds.insert(format!("{:?} {name}", record.kind));
            sources.insert(record.source.code());
        }
        world.fold(moment, &slices);
    }
    let expected = [
        "Command ",
        "Command arrived",
        "Command consent",
        "Command discard",
        "Command newer",
        "Command release",
        "Command repair",
        "Control ",
        "Control behaviour",
        "Control genesis",
        "Control operator",
        "Control publish",
        "Control skip",
        "Control withdraw",
        "GameEvent ",
        "Wager ",
        "Wager wager.placed",
        "Wager wager.voided",
    ];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(
        sources.into_iter().collect::<Vec<_>>(),
        ["file", "http", "kafka", "node", "released"]
    );

    let (mut outcomes, mut entries, mut fired) = (BTreeSet::new(), BTreeSet::new(), 0);
    for Folded { partition, batch, count, journal, .. } in &world.folded {
        let (partition, batch, count) = (*partition, *batch, *count);
        let slice = Slice { partition, batch, flags: 0, count, body: journal };
        for recorded in Outcomes::read(&slice).unwrap() {
            let recorded = recorded.unwrap();
            entries.extend(recorded.entries.iter().map(|stored| stored.entry.kind.code()));
            outcomes.insert(match &recorded.outcome {
                Outcome::Counted { capped, cap_day, .. } => {
                    format!(
                        "counted, capped {}, day {}",
                        capped.hundredths() > 0,
                        cap_day.is_some()
                    )
                }
                Outcome::Recorded => "recorded".into(),
                Outcome::Refused { refusal, .. } => format!("refused {}", refusal.code()),
                Outcome::Repeated { .. } => "repeated".into(),
                Outcome::Voided { wager, .. } => format!("voided, waits {}", wager.is_none()),
                Outcome::DeadLetter { reason, .. } => format!("dead letter {}", reason.code()),
                Outcome::Done { made } => format!("done, makes {}", *made > 0),
                Outcome::Declined { why } => format!("declined {}", why.code()),
                Outcome::Time { fired: some } => {
                    fired += some;
                    "time".into()
                }
            });
        }
    }
    // Behaviour 1 has no `where` and excludes nobody.
    let later = [Refusal::NotMatched, Refusal::SelfExcluded];
    let refusals = Refusal::ALL.iter().filter(|it| !later.contains(it));
    // Whether a partition stands is asked before a skip is ordered; keys came later, with control records of their
    // own, and all from `NoSuchPlayer` on with behaviour 2.
    let first = Declined::ALL.iter().take_while(|it| **it != Declined::NoSuchPlayer);
    let others = [
        Declined::NotStandingThere,
        Declined::KeyExists,
        Declined::NoSuchKey,
        Declined::TooManyKeys,
        Declined::TooManyWebhooks,
    ];
    let declined = first.filter(|it| !others.contains(it));
    let mut expected: BTreeSet<String> =
        refusals.map(|it| format!("refused {}", it.code())).collect();
    expected.extend(declined.map(|it| format!("declined {}", it.code())));
    expected.extend(DeadReason::ALL.iter().map(|it| format!("dead letter {}", it.code())));
    let others = [
        "counted, capped false, day false",
        "counted, capped false, day true",
        "counted, capped true, day true",
        "recorded",
        "repeated",
        "voided, waits true",
        "voided, waits false",
        "done, makes true",
        "done, makes false",
        "time",
    ];
    expected.extend(others.map(str::to_owned));
    assert_eq!(outcomes, expected);
    assert_eq!(entries, BTreeSet::from([EntryKind::Earned.code(), EntryKind::Voided.code()]));
    // A marker, a message and a dead letter each had their time, and some of each are left.
    assert!(fired >= 3, "{fired}");
    let most = |at: usize| world.lengths.iter().map(|lengths| lengths[at]).max().unwrap();
    for (at, left) in world.lengths.last().unwrap().iter().enumerate() {
        assert!(*left > 0, "table {at}");
        assert!(at > 2 || *left < most(at), "table {at}: {left} of {}", most(at));
    }
}
