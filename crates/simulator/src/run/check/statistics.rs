//! What is counted of players' game events is what the model counts.

use std::collections::BTreeMap;

use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::player_statistics::PackedStatistics;
use accolade_wire::notice::counted::EventCounted;

use crate::model::ModelAccount;
use crate::model::statistics::ModelStatistics;

/// What is kept of a player, and all that was told of it.
pub(super) fn same(
    partition: &Partition,
    store: &mut MemoryStore,
    player: Ordinal,
    told: &[EventCounted],
    expected: &ModelAccount,
    key: &(String, String),
) {
    let table = &partition.tables().player_statistics;
    let kept = table.load(&player, partition.number(), store).expect("maps do not fail");
    let expected = &expected.statistics;
    let total: u64 = expected.counts.values().sum();
    assert_eq!(kept.is_some(), total > 0, "whether {key:?} had game events");
    if let Some(kept) = kept {
        counted(&kept, expected, total, key);
    }
    let totals: Vec<u64> = told.iter().map(|told| told.total).collect();
    assert_eq!(totals, (1..=total).collect::<Vec<_>>(), "what is told of events of {key:?}");
    let mut by_type = BTreeMap::new();
    for EventCounted { of_type, .. } in told {
        let (name, count) = of_type.as_ref().expect("worlds have few types");
        let before = by_type.insert(&**name, *count).unwrap_or(0);
        assert_eq!(*count, before + 1, "what is told of `{name}` of {key:?}");
    }
    assert_eq!(by_type, expected.by_type(), "types that are told of {key:?}");
}

fn counted(
    kept: &PackedStatistics,
    expected: &ModelStatistics,
    total: u64,
    key: &(String, String),
) {
    let kept = kept.unpack();
    let types: BTreeMap<&str, u64> = kept.types.iter().copied().collect();
    let pairs = kept.pairs.iter().map(|pair| {
        let (name, game) =
            (kept.types[pair.of_type].0.to_owned(), kept.games[pair.game].to_owned());
        ((name, game), pair.count)
    });
    let last = kept.last.map(|last| (last.at.micros(), last.event_id.to_owned()));
    assert_eq!((kept.total, types), (total, expected.by_type()), "events of {key:?}");
    assert_eq!(pairs.collect::<BTreeMap<_, _>>(), expected.counts, "events by game of {key:?}");
    assert_eq!(last, expected.last, "the last event of {key:?}");
}
