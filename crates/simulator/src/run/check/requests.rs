//! What is reserved, adjusted, excluded and taken over is what the model says.

use std::collections::BTreeMap;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::ledger::Place;
use accolade_domain::lots::{Lot, Month};
use accolade_domain::redemption::RedemptionState as State;
use accolade_domain::time::{Day, Timestamp};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::adjustments::{Adjustment, Decided};
use accolade_engine::tables::exclusions::Exclusion;
use accolade_engine::tables::redemptions::Redemption;
use accolade_engine::tables::requests::RequestKey;
use accolade_engine::tables::reservations::{InStock, Reservation, Wanted};
use accolade_engine::tables::stocks::RewardKey;
use accolade_wire::identity::partition_of;
use accolade_wire::notice::RedemptionMoved;

use crate::model::ModelAccount;
use crate::model::requests::{
    ModelAdjustment, ModelExclusion, ModelRedemption, ModelRedemptionMove, ModelWord,
    RedemptionState,
};
use crate::model::rewards::ModelWanted;

/// Months are counted from 1970, and those of the model from the year 0.
pub(super) const MONTHS: i64 = 1970 * 12;

/// Rows of what is decided, of all players of a reference, which has all of them in memory.
pub(super) struct Closed {
    redemptions: BTreeMap<RequestKey, Redemption>,
    adjustments: BTreeMap<RequestKey, Decided>,
}

impl Closed {
    pub(super) fn of(reference: &Partition) -> Self {
        let (tables, number) = (reference.tables(), reference.number());
        let store = &mut MemoryStore::default();
        let redemptions = tables.redemptions.excerpt(Bound::Unbounded, usize::MAX);
        let adjustments = tables.adjustments.excerpt(Bound::Unbounded, usize::MAX);
        let redemptions = redemptions.read(number, store).expect("nothing is read").rows;
        let adjustments = adjustments.read(number, store).expect("nothing is read").rows;
        let redemptions = redemptions.into_iter().collect();
        Self { redemptions, adjustments: adjustments.into_iter().collect() }
    }
}

/// What one player has asked for is what the model says; what has lapsed may have no row of that yet.
pub(super) fn same(
    partition: &Partition,
    player: Ordinal,
    closed: &Closed,
    expected: &ModelAccount,
    key: &(String, String),
) {
    let named = |(batch, slot): &(u64, u32)| RequestKey {
        player,
        place: Place { partition: partition.number(), batch: *batch, slot: *slot, number: 0 },
    };
    let held: Vec<_> = partition.held(player).map(|(key, held)| (key, held.clone())).collect();
    let reservation = |it: &ModelRedemption| reservation(partition, &key.0, it);
    let open = expected.open().map(|it| (named(&it.place), reservation(it)));
    assert_eq!(held, open.collect::<Vec<_>>(), "what is reserved of {key:?}");

    let is_row =
        |key: &RequestKey| partition.reserved(player).any(|(reserved, _)| reserved == *key);
    let redemptions = expected.redemptions.iter();
    let redemption = |it: &ModelRedemption| redemption(it, reservation(it));
    let redemptions = redemptions.filter_map(|(place, it)| Some((named(place), redemption(it)?)));
    let (late, redemptions): (Vec<_>, Vec<_>) = redemptions.partition(|(key, _)| is_row(key));
    let has_lapsed = |(_, redemption): &(_, Redemption)| redemption.state == State::Lapsed;
    assert!(late.iter().all(has_lapsed), "{late:?} of {key:?} are open");
    assert_eq!(of_player(&closed.redemptions, player), redemptions, "redemptions of {key:?}");

    let adjustments = || expected.adjustments.iter().map(|(place, it)| (named(place), it));
    let waiting = adjustments().filter(|(_, it)| it.is_made.is_none());
    let waiting: Vec<_> = waiting.map(|(key, it)| (key, adjustment(it))).collect();
    let rows = partition.tables().waiting_adjustments.of(player);
    let rows: Vec<_> = rows.map(|(key, row)| (*key, row.clone())).collect();
    assert_eq!(rows, waiting, "adjustments of {key:?} that wait");
    let made = adjustments().filter_map(|(key, it)| Some((key, decided(it)?)));
    let made: Vec<_> = made.collect();
    assert_eq!(of_player(&closed.adjustments, player), made, "adjustments of {key:?}");

    let row = partition.tables().exclusions.get(&player).cloned();
    assert_eq!(row, expected.exclusion.as_ref().map(exclusion), "the exclusion of {key:?}");
    let account = &partition.players().get(player).account;
    assert_eq!(account.was_excluded, expected.exclusion.is_some(), "the mark of {key:?}");
    assert_eq!(account.is_opened, expected.is_opened, "whether {key:?} was taken over");
}

fn of_player<T: Clone>(rows: &BTreeMap<RequestKey, T>, player: Ordinal) -> Vec<(RequestKey, T)> {
    let rows = rows.range(RequestKey::first_of(player)..);
    let own = rows.take_while(|(key, _)| key.player == player);
    own.map(|(key, row)| (*key, row.clone())).collect()
}

/// What is to be told of a redemption that has lapsed.
pub(super) fn lapsed(key: RequestKey, held: &Reservation) -> RedemptionMoved {
    let Reservation { points, item, hold_until, .. } = held.clone();
    let (id, state) = (key.id().into(), State::Lapsed);
    let reward = held.reward.as_ref().map(|wanted| wanted.id.clone()).unwrap_or_default();
    RedemptionMoved { id, state, points, item, reward, hold_until, at: hold_until }
}

/// What must be told of the redemptions of a player.
pub(super) fn to_tell(
    partition: u16,
    player: Ordinal,
    expected: &ModelAccount,
) -> Vec<RedemptionMoved> {
    let told = |moved: &ModelRedemptionMove| {
        let (batch, slot) = moved.place;
        let redemption = &expected.redemptions[&moved.place];
        RedemptionMoved {
            id: format!("{partition}-{player}-{batch}-{slot}").into(),
            state: state(moved.state),
            points: points(redemption.points),
            item: redemption.item.as_str().into(),
            reward: redemption.wanted.as_ref().map_or("", |wanted| &wanted.id).into(),
            hold_until: Timestamp::from_micros(redemption.hold_until),
            at: Timestamp::from_micros(moved.at),
        }
    };
    expected.redemption_moves.iter().map(told).collect()
}

fn points(hundredths: i64) -> Points {
    Points::from_hundredths(hundredths).expect("the model has no more")
}

const fn state(state: RedemptionState) -> State {
    match state {
        RedemptionState::Requested => State::Requested,
        RedemptionState::Reserved => State::Reserved,
        RedemptionState::Confirmed => State::Confirmed,
        RedemptionState::Cancelled => State::Cancelled,
        RedemptionState::Lapsed => State::Lapsed,
    }
}

/// The reward of a redemption, as its partition has it.
fn wanted(partition: &Partition, operator: &str, expected: &ModelWanted) -> Wanted {
    let operator = partition.rules().operators().find(|it| *it.id == *operator);
    let operator = operator.expect("it has players").number;
    Wanted {
        key: RewardKey { operator, reward: expected.reward },
        id: expected.id.as_str().into(),
        day: Day(i32::try_from(expected.day).expect("a day of this age")),
        home: partition_of(&expected.id, partition.rules().settings.partitions),
        stock: expected.has_one.map(|has| if has { InStock::Taken } else { InStock::Asked }),
    }
}

fn reservation(partition: &Partition, operator: &str, expected: &ModelRedemption) -> Reservation {
    let lot = |(month, hundredths): &(i64, i64)| Lot {
        month: Month(i16::try_from(month - MONTHS).expect("a month of this age")),
        points: points(*hundredths),
    };
    Reservation {
        points: points(expected.points),
        lots: expected.lots.iter().map(lot).collect(),
        item: expected.item.as_str().into(),
        who: expected.who.as_str().into(),
        version: expected.version,
        reserved_at: Timestamp::from_micros(expected.at),
        hold_until: Timestamp::from_micros(expected.hold_until),
        reward: expected.wanted.as_ref().map(|it| wanted(partition, operator, it)),
    }
}

fn redemption(expected: &ModelRedemption, reservation: Reservation) -> Option<Redemption> {
    let ModelWord { at, who, why } = expected.closed.clone()?;
    Some(Redemption {
        reservation,
        state: state(expected.state),
        closed_at: Timestamp::from_micros(at),
        who: who.into(),
        why: why.into(),
    })
}

fn adjustment(expected: &ModelAdjustment) -> Adjustment {
    let ModelWord { at, who, why } = expected.asked.clone();
    Adjustment {
        points: points(expected.points),
        why: why.into(),
        who: who.into(),
        asked_at: Timestamp::from_micros(at),
    }
}

fn decided(expected: &ModelAdjustment) -> Option<Decided> {
    let ModelWord { at, who, why } = expected.decided.clone()?;
    Some(Decided {
        adjustment: adjustment(expected),
        is_made: expected.is_made?,
        who: who.into(),
        why: why.into(),
        decided_at: Timestamp::from_micros(at),
    })
}

fn exclusion(expected: &ModelExclusion) -> Exclusion {
    let ModelExclusion { from, until, who, why } = expected.clone();
    Exclusion {
        from: Timestamp::from_micros(from),
        until: until.map(Timestamp::from_micros),
        why: why.into(),
        who: who.into(),
    }
}
