//! What is in stock of a reward, and how that came.

use std::ops::Bound;

use accolade_domain::ledger::Place;
use accolade_engine::tables::Stretch;
use accolade_engine::tables::restocks::{Restock, RestockKey};
use accolade_engine::tables::stocks::{RewardKey, Stock};
use accolade_storage::backing::NodeStore;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::cursor::Cursors;
use crate::dry_run::respond_to_change;
use crate::fields::{fields_of, plain_text};
use crate::problem::{Problem, Refusal};
use crate::requests::change;
use crate::service::Service;
use crate::shapes::{Time, respond};
use crate::submit::blocking;

/// Most of a reward that are put into its stock at once, or taken out.
const RESTOCK_MAX: i64 = 1_000_000_000;

/// What is in stock of a reward, and how that came, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RewardStock)]
pub(crate) struct StockShape {
    reward_id: String,
    /// How many were put in, less those that were taken out again.
    put: u64,
    /// How many of them redemptions have, open ones too.
    taken: u64,
    /// How many are left.
    left: u64,
    items: Vec<RestockShape>,
    #[schema(required)]
    next_cursor: Option<String>,
}

/// What was put into a stock, or taken out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Restock)]
pub(crate) struct RestockShape {
    at: Time,
    /// How many; taken out where it is below 0.
    by: i64,
    /// How many were left then.
    left: u64,
    who: Box<str>,
    why: Box<str>,
}

/// What is to be put into a stock.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStock, example = json!({ "by": 100, "why": "the second delivery" }))]
pub(crate) struct Restocking {
    /// How many; taken out where it is below 0. Not 0.
    #[schema(minimum = -1_000_000_000, maximum = 1_000_000_000)]
    by: i64,
    #[serde(default)]
    #[schema(max_length = 1024, required = false)]
    why: String,
}

impl Restocking {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [by, why] = fields_of(body, &["by", "why"])?;
        let count = by.whole(-RESTOCK_MAX..=RESTOCK_MAX)?.filter(|count| *count != 0);
        let wrong = || by.expected(&format!("a whole number up to {RESTOCK_MAX}, and not 0"));
        let why = plain_text("/why", why.text()?.unwrap_or_default(), (0, 1_024))?;
        Ok(Self { by: count.ok_or_else(wrong)?, why })
    }
}

/// A stock that was changed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Restocked)]
pub(crate) struct RestockedShape {
    reward_id: String,
    by: i64,
    /// How many are left now, or in a dry run would be; nothing where it is not decided yet.
    #[schema(required)]
    left: Option<u64>,
}

/// What is in stock of a reward, and how that came.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let (limit, cursors) = (call.parameters.limit()?, Cursors::of(&call));
    let after = cursors.after()?;
    blocking(move || {
        let (operator, name) = (call.operator(), call.name());
        let reward = call.service.reward(&operator, &name)?;
        let key = RewardKey { operator: operator.number, reward: reward.number };
        let (stock, mut rows) = call.service.stock_of(key, &name, after, limit + 1)?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more).map(|(key, _)| key.place);
        let next_cursor = last.map(|place| cursors.at([place.batch, place.slot.into()]));
        let items = rows.into_iter().map(|(_, Restock { by, left, at, who, why })| RestockShape {
            at: Time(at),
            by,
            left,
            who,
            why,
        });
        let Stock { put, taken } = stock;
        let (items, left) = (items.collect(), stock.left());
        let shape = StockShape { reward_id: name, put, taken, left, items, next_cursor };
        Ok(respond(StatusCode::OK, &shape))
    })
    .await?
}

/// Puts something into the stock of a reward, or takes it out.
pub(crate) async fn restock(call: Call) -> Result<Response, Problem> {
    let reward = call.service.reward(&call.operator(), &call.name())?;
    if !reward.terms().stocked {
        let detail = "the reward has as many as are asked for: say that it is `stocked` first";
        return Err(Problem::new(Refusal::NotStocked, detail));
    }
    let number = reward.number;
    let mut asked = None;
    let read = |body: &[u8]| {
        let Restocking { by, why } = Restocking::read(body)?;
        asked = Some(by);
        Ok((by, why))
    };
    let changed = change(call, read, |(by, why), asks| Command::Restock {
        id: asks.id,
        reward: asks.player,
        by,
        why,
        who: asks.who,
    })
    .await?;
    let by = asked.expect("the body was read");
    let key = RewardKey { operator: changed.operator.number, reward: number };
    let (is_known, is_dry) = (changed.made.is_some(), changed.is_dry);
    let partition = partition_of(&changed.name, changed.service.partitions());
    let service = changed.service.clone();
    // It is done, whether or not it can be told what is left.
    let left = move || {
        let left = service.read(partition, |state| state.stock(key).left()).ok()?;
        if is_dry { left.checked_add_signed(by) } else { Some(left) }
    };
    let left = if is_known { blocking(left).await? } else { None };
    let shape = RestockedShape { reward_id: changed.name.clone(), by, left };
    Ok(respond_to_change(changed.carried.status(), &shape, changed.is_dry))
}

impl Service {
    /// What is in stock of a reward whose stock lies here, and what was put into it after a place.
    fn stock_of(
        &self,
        reward: RewardKey,
        id: &str,
        after: Option<[u64; 2]>,
        count: usize,
    ) -> Result<(Stock, Vec<(RestockKey, Restock)>), Problem> {
        let partition = partition_of(id, self.partitions());
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let place = |[batch, slot]: [u64; 2]| Place {
            partition,
            batch,
            slot: slot.try_into().expect("a cursor of this list has a place"),
            number: 0,
        };
        let mut from = match after.map(place) {
            Some(place) => Bound::Excluded(RestockKey { reward, place }),
            None => Bound::Included(RestockKey::first_of(reward)),
        };
        let mut found = Vec::new();
        loop {
            let (stock, excerpt) = self.read(partition, |state| {
                (state.stock(reward), state.tables().restocks.excerpt(from.as_ref(), count))
            })?;
            let Stretch { rows, to } = excerpt.read(partition, &mut store)?;
            found.extend(rows.into_iter().take_while(|(key, _)| key.reward == reward));
            let Some(to) = to.filter(|to| to.reward == reward && found.len() < count) else {
                found.truncate(count);
                return Ok((stock, found));
            };
            from = Bound::Excluded(to);
        }
    }
}
