//! What was found of wagers, what has become of it and what is remembered is what the model says.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::ledger::Place;
use accolade_domain::lots::{Hour, Month};
use accolade_domain::signal::{Counted, SignalKind, SignalState as State, Watch};
use accolade_domain::time::Timestamp;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::requests::RequestKey;
use accolade_engine::tables::signals::{Closed, HeldPoints, Raised, Said};
use accolade_wire::notice::signal::{Finding, SignalMoved};

use super::requests::MONTHS;
use crate::model::ModelAccount;
use crate::model::signals::{ModelFinding, ModelMemory, ModelRaised, ModelSignalMove, SignalState};

/// Signals about which nobody has to decide, of all players of a reference, which has all of them in memory.
pub(super) fn closed_of(reference: &Partition) -> BTreeMap<RequestKey, Closed> {
    let signals = reference.tables().signals.excerpt(Bound::Unbounded, usize::MAX);
    let read = signals.read(reference.number(), &mut MemoryStore::default());
    read.expect("nothing is read").rows.into_iter().collect()
}

/// What was found of one player is what the model says.
pub(super) fn same(
    partition: &Partition,
    player: Ordinal,
    closed: &BTreeMap<RequestKey, Closed>,
    expected: &ModelAccount,
    key: &(String, String),
) {
    let named = |(batch, slot): &(u64, u32)| RequestKey {
        player,
        place: Place { partition: partition.number(), batch: *batch, slot: *slot, number: 0 },
    };
    let signals = || expected.signals.iter().map(|(place, it)| (named(place), it));
    let held = partition.held_signals(player).map(|(key, raised)| (key, raised.clone()));
    let open = signals().filter(|(_, it)| it.state == SignalState::Open);
    let open: Vec<_> = open.map(|(key, it)| (key, raised(it))).collect();
    assert_eq!(held.collect::<Vec<_>>(), open, "signals of {key:?} that are open");
    let rows = closed.range(RequestKey::first_of(player)..);
    let rows = rows.take_while(|(key, _)| key.player == player);
    let rows: Vec<_> = rows.map(|(key, row)| (*key, without_empty(row))).collect();
    let others: Vec<_> = signals().filter_map(|(key, it)| Some((key, closing(it)?))).collect();
    assert_eq!(rows, others, "signals of {key:?} about which nobody has to decide");
    remembered(partition, player, expected, key);
}

/// What is remembered of a player's wagers, where that has not had its time.
fn remembered(
    partition: &Partition,
    player: Ordinal,
    expected: &ModelAccount,
    key: &(String, String),
) {
    let now = partition.time();
    let remembered = partition.players().get(player).watches.at(now);
    let watched = expected.watched.as_ref().filter(|watched| watched.until > now.micros());
    // The fold forgets by whole days.
    let Some(((_, watches), watched)) = remembered.zip(watched) else { return };
    let watches: Vec<Watch> = watches.collect();
    assert_eq!(watches.len(), watched.memories.len(), "signals that remember {key:?}");
    for (watch, memory) in watches.iter().zip(&watched.memories) {
        assert!(is_same(watch, memory), "of {key:?} {watch:?} is remembered, and not {memory:?}");
    }
}

/// Systems are told apart by what stands for them: only when players were there is compared.
fn is_same(Watch { is_above, counted }: &Watch, memory: &ModelMemory) -> bool {
    let ModelMemory { slices, count, part, stakes, systems, .. } = memory;
    let is_same = match counted {
        Counted::Slices(last, counts) => {
            let counts = counts.iter().zip(0..).filter(|(count, _)| **count > 0);
            let counts = counts.map(|(count, back)| (*last - back, u64::from(*count)));
            counts.collect::<BTreeMap<_, _>>() == *slices
        }
        Counted::Sums(sums) => {
            (u64::from(sums.count), sums.part, sums.stakes) == (*count, *part, *stakes)
        }
        Counted::Systems(met) => {
            let met = met.iter().map(|(_, at)| at.micros());
            met.eq(systems.iter().map(|(_, at)| *at))
        }
    };
    is_same && *is_above == memory.is_above
}

/// What must be told of the signals of a player.
pub(super) fn to_tell(
    partition: u16,
    player: Ordinal,
    expected: &ModelAccount,
) -> Vec<SignalMoved> {
    let told = |moved: &ModelSignalMove| {
        let (batch, slot) = moved.place;
        let Raised { findings, wager_id, at, version, .. } =
            raised(&expected.signals[&moved.place]);
        let id = format!("{partition}-{player}-{batch}-{slot}").into();
        let (state, points) = (state(moved.state), points(moved.points));
        SignalMoved { id, state, version, wager_id, at, points, findings }
    };
    expected.signal_moves.iter().map(told).collect()
}

fn points(hundredths: i64) -> Points {
    Points::from_hundredths(hundredths).expect("the model has no more")
}

const fn state(state: SignalState) -> State {
    match state {
        SignalState::Noted => State::Noted,
        SignalState::Open => State::Held,
        SignalState::Released => State::Released,
        SignalState::Taken => State::Taken,
        SignalState::Voided => State::Voided,
    }
}

fn finding(expected: &ModelFinding) -> Finding {
    let kind = SignalKind::ALL.into_iter().find(|kind| kind.code() == expected.kind);
    let rate = |units| Rate::from_units(units).expect("the model has no more");
    Finding {
        name: expected.name.as_str().into(),
        kind,
        observed: rate(expected.observed),
        line: rate(expected.line),
    }
}

fn raised(expected: &ModelRaised) -> Raised {
    let held = expected.held.map_or(HeldPoints::NONE, |held| {
        let (month, matures) = held.lot;
        let month = i16::try_from(month - MONTHS).expect("a month of this age");
        let hour = |micros: i64| i32::try_from(micros / 3_600_000_000).expect("an hour");
        HeldPoints {
            points: points(held.points),
            month: Month(month),
            matures: matures.map(|matures| Hour(hour(matures))),
        }
    });
    let said = &expected.raised;
    Raised {
        findings: expected.findings.iter().map(finding).collect(),
        wager_id: expected.wager_id.as_str().into(),
        at: Timestamp::from_micros(expected.at),
        version: expected.version,
        raised_at: Timestamp::from_micros(said.at),
        held,
        said: Said { who: said.who.as_str().into(), why: said.why.as_str().into() },
    }
}

/// Where nothing is held, it says nothing of which month that is.
fn without_empty(closed: &Closed) -> Closed {
    let mut closed = closed.clone();
    if closed.raised.held.points == Points::ZERO {
        closed.raised.held = HeldPoints::NONE;
    }
    closed
}

fn closing(expected: &ModelRaised) -> Option<Closed> {
    let closed = expected.closed.as_ref()?;
    Some(Closed {
        raised: raised(expected),
        state: state(expected.state),
        points: points(expected.points),
        who: closed.who.as_str().into(),
        why: closed.why.as_str().into(),
        closed_at: Timestamp::from_micros(closed.at),
    })
}
