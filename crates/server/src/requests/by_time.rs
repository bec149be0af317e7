//! Requests of all players of an operator, the newest first: in whatever state, of a stretch of time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::Stretch;
use accolade_engine::tables::requests_by_time::{RequestKind, TimeKey};
use accolade_storage::backing::NodeStore;
use accolade_wire::timestamp;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::value::to_raw_value;

use super::looked::{Item, Looked, page_of, read_looked};
use super::{Requests, open};
use crate::call::Call;
use crate::cursor::Cursors;
use crate::parameters::{LIMIT_MAX, Parameters};
use crate::principal::Known;
use crate::problem::{Problem, rules_unknown};
use crate::service::Service;
use crate::shapes::{Page, respond};
use crate::submit::blocking;

/// Requests that a page looks at on each node: whoever asks for a state that is rare gets pages that are short.
const LOOKED_AT_MAX: usize = 2_000;
/// Rows of a partition that are read together.
const ROWS_AT_ONCE: usize = 256;

/// Requests that are found by their time.
pub(crate) trait Timed: Requests {
    /// What they are by their time.
    const KIND: RequestKind;
    /// Where other nodes are asked for them.
    const TIMED_PATH: &'static str;
    /// What a list may have.
    const LISTED: &'static [(&'static str, Listed)];

    /// The code of its state.
    fn state(shape: &Self::Shape) -> &'static str;
}

/// What a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Those that somebody has to do something about.
    Open,
    /// All.
    All,
    /// Those in another state.
    Other,
}

/// A request's place among those of all partitions: time, partition, batch and slot.
type Spot = (Reverse<i64>, u16, Reverse<u64>, Reverse<u32>);

fn spot_of(partition: u16, key: &TimeKey) -> Spot {
    let Place { batch, slot, .. } = key.place.0;
    (Reverse(key.at.0.micros()), partition, Reverse(batch), Reverse(slot))
}

/// A part of a list.
#[derive(Debug, Clone)]
struct Asked {
    /// The operator's number.
    operator: u32,
    /// In this state alone.
    state: Option<String>,
    /// Asked for at this time or later.
    from: Option<Timestamp>,
    /// Before this one.
    to: Option<Timestamp>,
    after: Option<Spot>,
    count: usize,
}

/// The requests of one partition, the newest first.
struct Lane {
    number: u16,
    store: NodeStore,
    rows: VecDeque<(TimeKey, Ordinal)>,
    /// Where to read on; nothing where all was read.
    from: Option<Bound<TimeKey>>,
}

impl Lane {
    fn begin<R: Timed>(asked: &Asked, service: &Service, number: u16) -> Result<Self, Problem> {
        let store = NodeStore::new(service.host.backing(number)?);
        let from = Some(asked.first::<R>(number));
        Ok(Self { number, store, rows: VecDeque::new(), from })
    }

    /// The next one.
    fn next<R: Timed>(
        &mut self,
        asked: &Asked,
        service: &Service,
    ) -> Result<Option<(Spot, TimeKey, Ordinal)>, Problem> {
        while self.rows.is_empty()
            && let Some(from) = self.from.take()
        {
            let excerpt = service.read(self.number, |partition: &Partition| {
                partition.tables().requests_by_time.excerpt(from.as_ref(), ROWS_AT_ONCE)
            })?;
            let Stretch { rows, to } = excerpt.read(self.number, &mut self.store)?;
            self.rows.extend(rows.into_iter().take_while(|(key, _)| asked.has::<R>(key)));
            self.from = to.filter(|to| asked.has::<R>(to)).map(Bound::Excluded);
        }
        let next = self.rows.pop_front();
        Ok(next.map(|(key, player)| (spot_of(self.number, &key), key, player)))
    }
}

impl Asked {
    /// As another node is asked.
    fn path<R: Timed>(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("operator", &self.operator.to_string());
        query.append_pair("count", &self.count.to_string());
        let time = |at: Timestamp| timestamp::write(at).to_string();
        let after = self.after.map(|(Reverse(at), partition, Reverse(batch), Reverse(slot))| {
            format!("{at}/{partition}/{batch}/{slot}")
        });
        for (name, value) in [
            ("from", self.from.map(time)),
            ("to", self.to.map(time)),
            ("state", self.state.clone()),
            ("after", after),
        ] {
            value.map(|value| query.append_pair(name, &value));
        }
        format!("{}?{}", R::TIMED_PATH, query.finish())
    }

    fn of_another_node(parameters: &Parameters) -> Result<Self, Problem> {
        let count = parameters.number("count", 1, LIMIT_MAX as u64 + 1)?;
        Ok(Self {
            operator: parameters.small("operator")?,
            state: parameters.text("state").map(str::to_owned),
            from: parameters.time("from")?,
            to: parameters.time("to")?,
            after: parameters.text("after").and_then(read_spot),
            count: count.unwrap_or(1).try_into().expect("it is bounded"),
        })
    }

    /// Where a partition's part begins.
    fn first<R: Timed>(&self, partition: u16) -> Bound<TimeKey> {
        let key = |at: i64, batch, slot| {
            let place = Place { partition, batch, slot, number: 0 };
            TimeKey::of(self.operator, R::KIND, Timestamp::from_micros(at), place)
        };
        // What is at the end of the stretch itself comes before, and is none of it.
        let of_stretch = key(self.to.map_or(i64::MAX, Timestamp::micros), 0, 0);
        let begin = match self.after {
            None => of_stretch,
            Some((Reverse(at), of, Reverse(batch), Reverse(slot))) if of == partition => {
                key(at, batch, slot)
            }
            // Those of the same moment were shown before.
            Some((Reverse(at), of, ..)) if of > partition => key(at, 0, 0),
            // They are yet to come.
            Some((Reverse(at), ..)) => {
                return Bound::Included(key(at, u64::MAX, u32::MAX).max(of_stretch));
            }
        };
        Bound::Excluded(begin.max(of_stretch))
    }

    /// Whether a row is of the list, as are all before it.
    fn has<R: Timed>(&self, key: &TimeKey) -> bool {
        (key.operator, key.kind) == (self.operator, R::KIND)
            && self.from.is_none_or(|from| key.at.0 >= from)
    }

    /// What partitions have that are here, the newest first.
    fn found<R: Timed>(
        &self,
        service: &Service,
        operator: &Known,
        partitions: &[u16],
    ) -> Result<Looked<Spot>, Problem> {
        let mut lanes = Vec::new();
        let mut heads = BTreeMap::new();
        for number in partitions {
            let mut lane = Lane::begin::<R>(self, service, *number)?;
            if let Some((at, key, player)) = lane.next::<R>(self, service)? {
                heads.insert(at, (lanes.len(), key, player));
            }
            lanes.push(lane);
        }
        let mut looked = Looked::default();
        let mut left = service.settings.letters_looked_at_max.min(LOOKED_AT_MAX);
        while let Some((at, (lane, key, player))) = heads.pop_first() {
            let id = key.request(player).id();
            let (player, key, found) = service.request::<R>(operator, &id)?;
            let shape = R::shape(key, found, &operator.id, &player);
            if self.state.as_ref().is_none_or(|state| *state == R::state(&shape)) {
                let request = to_raw_value(&shape).expect("a shape is plain data");
                looked.found.push(Item { at, request });
            }
            left = left.saturating_sub(1);
            if looked.found.len() == self.count {
                return Ok(looked);
            }
            if left == 0 {
                return Ok(Looked { to: Some(at), ..looked });
            }
            if let Some((at, key, player)) = lanes[lane].next::<R>(self, service)? {
                heads.insert(at, (lane, key, player));
            }
        }
        Ok(looked)
    }
}

fn read_spot(text: &str) -> Option<Spot> {
    let mut parts = text.split('/');
    let (at, partition) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (batch, slot) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((Reverse(at), partition, Reverse(batch), Reverse(slot)))
}

/// The place that a list goes on after; whoever signed the cursor began with one.
fn spot_after([at, partition, batch, slot]: [u64; 4]) -> Spot {
    let fits = "a cursor of this list has a request";
    let (partition, slot) = (partition.try_into().expect(fits), slot.try_into().expect(fits));
    (Reverse(at.cast_signed()), partition, Reverse(batch), Reverse(slot))
}

/// The operator's requests: those that are open in the order of their ids, or of any state and time, the newest first.
pub(crate) async fn list<R: Timed>(call: Call) -> Result<Response, Problem> {
    let listed = call.parameters.choice("state", Listed::Open, R::LISTED)?;
    let has_stretch = ["from", "to"].iter().any(|name| call.parameters.text(name).is_some());
    if listed == Listed::Open && !has_stretch {
        return open::list_open::<R>(call).await;
    }
    let said = call.parameters.text("state").filter(|_| listed != Listed::All);
    // Without a word of a state, those are meant that are open.
    let of_open = R::OPEN_STATES.first().map(|(state, ())| *state);
    let state = said.or(of_open.filter(|_| listed == Listed::Open)).map(str::to_owned);
    let (operator, cursors) = (call.operator(), Cursors::of(&call));
    let Call { service, parameters, .. } = call;
    let [from, to] = [parameters.time("from")?, parameters.time("to")?];
    let limit = parameters.limit()?;
    let after = cursors.after()?.map(spot_after);
    // One more than is shown says whether there are more.
    let asked = Asked { operator: operator.number, state, from, to, after, count: limit + 1 };
    let path = asked.path::<R>();
    let here = move |service: &Service, partitions: &[u16]| {
        asked.found::<R>(service, &operator, partitions)
    };
    let looked = service.gather(0..service.partitions(), here, &path, read_looked).await?;
    let (found, to) = page_of(looked, limit);
    let next_cursor = to.map(|(Reverse(at), partition, Reverse(batch), Reverse(slot))| {
        cursors.at([at.cast_unsigned(), partition.into(), batch, slot.into()])
    });
    let items = found.into_iter().map(|item| item.request).collect();
    Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
}

/// Requests of partitions that are here, for another node.
pub(crate) async fn found<R: Timed>(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::of_another_node(&parameters)?;
    let found = blocking(move || {
        let rules = service.host.rules();
        let operator = rules.operator_numbered(asked.operator).ok_or_else(rules_unknown)?;
        let operator = service.credentials.operator(&*service.host, &operator.id);
        let operator = operator.ok_or_else(rules_unknown)?;
        service.with_all_here(&partitions, || asked.found::<R>(&service, &operator, &partitions))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spot_is_read_as_another_node_was_asked_for_it() {
        let spot = (Reverse(1_700_000_000_000_001), 3, Reverse(17), Reverse(2));
        assert_eq!(read_spot("1700000000000001/3/17/2"), Some(spot));
        assert_eq!(spot_after([1_700_000_000_000_001, 3, 17, 2]), spot);
        for text in ["", "1", "1/2/3", "a/1/1/1", "1/70000/1/1"] {
            assert_eq!(read_spot(text), None, "{text}");
        }
    }
}
