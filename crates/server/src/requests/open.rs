//! Requests that are open, of all players of an operator: what is to be fulfilled, and what is to be approved.

use accolade_domain::ledger::Place;
use accolade_engine::partition::Partition;
use accolade_engine::tables::requests::{Found, RequestKey};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::value::to_raw_value;

use super::Requests;
use super::looked::{Item, Looked, page_of, read_looked};
use crate::call::Call;
use crate::cursor::Cursors;
use crate::parameters::{LIMIT_MAX, Parameters};
use crate::problem::{Problem, rules_unknown};
use crate::service::Service;
use crate::shapes::{Page, respond};
use crate::submit::blocking;

/// Requests that are looked at while the fold waits.
const LOOKED_AT_ONCE: usize = 1_000;

/// Partition, player, batch and slot of a request.
type At = (u16, u32, u64, u32);

fn at(key: &RequestKey) -> At {
    (key.place.partition, key.player, key.place.batch, key.place.slot)
}

fn key_at((partition, player, batch, slot): At) -> RequestKey {
    RequestKey { player, place: Place { partition, batch, slot, number: 0 } }
}

/// A part of a list.
#[derive(Clone, Copy)]
struct Asked {
    /// The operator's number.
    operator: u32,
    after: Option<RequestKey>,
    count: usize,
}

/// What was found of one partition while the fold waited.
struct Part<O> {
    /// With the names of their players.
    found: Vec<(RequestKey, O, String)>,
    looked_at: usize,
    /// The last that was looked at, where there may be more behind it.
    to: Option<RequestKey>,
}

impl Asked {
    /// As another node is asked.
    fn path<R: Requests>(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("operator", &self.operator.to_string());
        query.append_pair("count", &self.count.to_string());
        if let Some(after) = &self.after {
            query.append_pair("after", &after.id());
        }
        format!("{}?{}", R::OPEN_PATH, query.finish())
    }

    fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let count = parameters.number("count", 1, LIMIT_MAX as u64 + 1)?;
        Ok(Self {
            operator: parameters.small("operator")?,
            after: parameters.text("after").and_then(RequestKey::read_id),
            count: count.unwrap_or(1).try_into().expect("it is bounded"),
        })
    }

    /// The next requests of a partition, of at most `most` that are looked at.
    fn some<R: Requests>(
        &self,
        partition: &Partition,
        after: Option<RequestKey>,
        most: usize,
    ) -> Part<R::Open> {
        let mut part = Part { found: Vec::new(), looked_at: 0, to: None };
        let from = after.unwrap_or(RequestKey::first_of(0));
        for (key, open) in R::all_open(partition, from).filter(|(key, _)| Some(**key) != after) {
            part.looked_at += 1;
            let player = partition.players().get(key.player);
            if player.operator == self.operator && R::is_open(partition, open) {
                part.found.push((*key, open.clone(), player.name.text().into_owned()));
            }
            if part.looked_at == most {
                part.to = Some(*key);
                break;
            }
        }
        part
    }

    /// What partitions have that are here, in the order of their keys.
    fn found<R: Requests>(
        &self,
        service: &Service,
        operator: &str,
        partitions: &[u16],
    ) -> Result<Looked<At>, Problem> {
        let (mut looked, mut left) = (Looked::default(), service.settings.letters_looked_at_max);
        for number in partitions {
            let mut after = self.after.filter(|after| after.place.partition == *number);
            loop {
                let most = left.clamp(1, LOOKED_AT_ONCE);
                let part = service.read(*number, |state| self.some::<R>(state, after, most))?;
                left = left.saturating_sub(part.looked_at);
                for (key, open, player) in part.found {
                    let shape = R::shape(key, Found::Open(open), operator, &player);
                    let request = to_raw_value(&shape).expect("a shape is plain data");
                    looked.found.push(Item { at: at(&key), request });
                    if looked.found.len() == self.count {
                        return Ok(looked);
                    }
                }
                match part.to {
                    Some(to) if left == 0 => return Ok(Looked { to: Some(at(&to)), ..looked }),
                    Some(to) => after = Some(to),
                    None => break,
                }
            }
        }
        Ok(looked)
    }
}

/// The place that a list goes on after; whoever signed the cursor began with one.
fn key_after([partition, player, batch, slot]: [u64; 4]) -> RequestKey {
    let fits = "a cursor of this list has a request";
    let (partition, player) = (partition.try_into().expect(fits), player.try_into().expect(fits));
    key_at((partition, player, batch, slot.try_into().expect(fits)))
}

/// The operator's requests that are open, where nothing else can be asked for.
pub(crate) async fn list<R: Requests>(call: Call) -> Result<Response, Problem> {
    call.parameters.choice("state", (), R::OPEN_STATES)?;
    list_open::<R>(call).await
}

/// The operator's requests that are open, of all partitions, in the order of their ids.
pub(crate) async fn list_open<R: Requests>(call: Call) -> Result<Response, Problem> {
    let (operator, cursors) = (call.operator(), Cursors::of(&call));
    let Call { service, parameters, .. } = call;
    let (after, limit) = (cursors.after()?.map(key_after), parameters.limit()?);
    // One more than is shown says whether there are more.
    let asked = Asked { operator: operator.number, after, count: limit + 1 };
    let here = move |service: &Service, partitions: &[u16]| {
        asked.found::<R>(service, &operator.id, partitions)
    };
    let first = after.map_or(0, |after| after.place.partition).min(service.partitions());
    let path = asked.path::<R>();
    let looked = service.gather(first..service.partitions(), here, &path, read_looked).await?;
    let (found, to) = page_of(looked, limit);
    let next_cursor = to.map(|(partition, player, batch, slot)| {
        cursors.at([partition.into(), player.into(), batch, slot.into()])
    });
    let items = found.into_iter().map(|item| item.request).collect();
    Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
}

/// Requests of partitions that are here, for another node.
pub(crate) async fn found<R: Requests>(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::read(&parameters)?;
    let found = blocking(move || {
        let rules = service.host.rules();
        let operator = rules.operator_numbered(asked.operator).ok_or_else(rules_unknown)?;
        service.with_all_here(&partitions, || asked.found::<R>(&service, &operator.id, &partitions))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_in_the_order_of_their_ids() {
        let ids = ["0-7-2-1", "0-7-10-1", "0-7-10-2", "0-12-1-1", "2-0-1-1"];
        let places = ids.map(|id| at(&RequestKey::read_id(id).unwrap()));
        assert!(places.is_sorted());
        assert_eq!(places.map(|place| key_at(place).id()), ids);
        assert_eq!(key_after([2, 0, 1, 1]).id(), "2-0-1-1");
    }
}
