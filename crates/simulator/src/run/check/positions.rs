//! Who has moved on leaderboards was told as the model says, once.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::tables::positions::{PositionKey, Says};
use accolade_wire::hex::to_hex;
use accolade_wire::identity::partition_of;
use accolade_wire::notice::moved::PositionMoved;

use crate::model::Model;
use crate::model::positions::{ModelPositionMove, ModelToldUpTo};
use crate::model::tournaments::board;
use crate::run::Counts;

/// All that the journal of a partition tells of who has moved, by subject, and what is kept of that.
pub(super) fn same(
    partition: &Partition,
    found: &BTreeMap<String, Vec<PositionMoved>>,
    model: &Model,
) {
    let told = |it: &PositionMoved| {
        let PositionMoved { tournament, before, after, score } = *it;
        ModelPositionMove { tournament, before, after, score: score.0 }
    };
    let found = found.iter().map(|(of, all)| (of.clone(), all.iter().map(told).collect()));
    let found: BTreeMap<String, Vec<ModelPositionMove>> = found.collect();
    assert_eq!(found, *model.position_moves(), "who has moved by {}", partition.number());
    rows(partition, model);
}

fn rows(partition: &Partition, model: &Model) {
    let rows = partition.tables().positions.excerpt(Bound::Unbounded, usize::MAX);
    let rows = rows.read(partition.number(), &mut MemoryStore::default());
    let now = partition.time();
    let (mut stand, mut up_to) = (BTreeMap::new(), BTreeMap::new());
    for (key, told) in rows.expect("nothing is read").rows {
        if told.until <= now {
            continue;
        }
        let PositionKey { operator, tournament, subject } = key;
        let operator = partition.rules().operator_numbered(operator);
        let of = (operator.expect("it has a tournament").id.to_string(), tournament);
        match (subject, told.says) {
            (Some(subject), Says::Stands { position, reached }) => {
                stand.insert((of, to_hex(&subject.0)), (position, reached.micros()));
            }
            (None, Says::UpTo(it)) => {
                let (all, look) = (it.all.micros(), it.look);
                up_to.insert(of, ModelToldUpTo { revision: it.revision, all, look });
            }
            (subject, says) => panic!("of {subject:?} it is said {says:?}"),
        }
    }
    let (mut expected, mut expected_up_to) = (BTreeMap::new(), BTreeMap::new());
    for operator in model.operators() {
        for (number, _) in (1..).zip(model.tournaments(operator)) {
            let of = (operator.to_owned(), number);
            let told = model.told_up_to(operator, number, now.micros());
            if told.revision > 0 {
                expected_up_to.insert(of.clone(), told);
            }
            for (subject, position, reached) in model.told_positions(operator, number, now.micros())
            {
                expected.insert((of.clone(), subject.to_owned()), (position, reached));
            }
        }
    }
    assert_eq!(stand, expected, "positions told by {}", partition.number());
    assert_eq!(up_to, expected_up_to, "how far it is told by {}", partition.number());
}

/// Whoever has another score than before the time up to which all were told was told of, but for those who were excluded; says
/// how many were.
pub(crate) fn all_are_told(
    models: &[&Model],
    partitions: &[&Partition],
    now: i64,
    counts: &mut Counts,
) {
    let Some(first) = models.first() else { return };
    let subjects = subjects(partitions);
    let partitions = u16::try_from(models.len()).expect("few");
    for operator in first.operators() {
        for (number, (terms, _)) in (1..).zip(first.tournaments(operator)) {
            let home = models[usize::from(partition_of(&terms.id, partitions))];
            let up_to = home.told_up_to(operator, number, now);
            // Who comes to a position with an event that leaves the score as it is was not heard of.
            if up_to.all == 0 || terms.events_min > 1 || terms.settlement() > 0 {
                continue;
            }
            let told = home.told_positions(operator, number, now);
            let told: BTreeMap<_, _> =
                told.into_iter().map(|(subject, _, reached)| (subject, reached)).collect();
            for line in board(models, operator, number, 0) {
                let key = (operator.to_owned(), line.standing.player.clone());
                let (reached, ..) = line.standing.reached;
                let account = models.iter().find_map(|model| model.accounts().get(&key));
                let was_excluded = account.is_some_and(|account| account.exclusion.is_some());
                if reached >= up_to.all || was_excluded {
                    continue;
                }
                let heard = told.get(&*subjects[&key]).copied();
                assert_eq!(heard, Some(reached), "nobody heard of {key:?} in {number}");
                *counts.entry("players of whom was told").or_default() += 1;
            }
        }
    }
}

/// Who is who, by operator and player.
fn subjects(partitions: &[&Partition]) -> BTreeMap<(String, String), String> {
    let mut subjects = BTreeMap::new();
    for partition in partitions {
        for player in partition.players().all() {
            let operator = partition.rules().operator_numbered(player.operator);
            let operator = operator.expect("it has players").id.to_string();
            let subject = to_hex(&player.account.subject.0);
            subjects.insert((operator, player.name.to_string()), subject);
        }
    }
    subjects
}
