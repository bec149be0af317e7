//! What nodes tell each other of what was used: of operators' limits, which they share, and of keys.
//!
//! Each says how much of each limit it has let through in all, and charges to its own limits what others have let through
//! since they said so last. So over time all nodes together let through what one would; at once, each as much as
//! one may, until the others hear of it.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::{Mutex, Weak};
use std::time::{Duration, Instant};

use accolade_storage::random::random;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::body::json;
use crate::call::Call;
use crate::lock::lock;
use crate::problem::Problem;
use crate::rate::Limit;
use crate::service::{Inner, now};
use crate::shapes::respond;

const USED: &str = "/cluster/v1/used";
/// How often nodes tell each other.
const EVERY: Duration = Duration::from_millis(250);
/// How long another node may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(1);
/// How long a node may be silent before this one counts with no more than its part of each limit.
const SILENCE: Duration = Duration::from_secs(3);
/// Uses of keys go along once in so many times: every five seconds.
const TIMES_A_KEY: u32 = 20;

/// What a node has used, in all.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Used {
    /// Random, and the process's own: another one counts from nothing.
    process: u64,
    /// By operator and limit (0 of events, 1 of what else is asked), how much was let through.
    limits: Vec<(u32, usize, u64)>,
    /// Of which hour on the other's uses of keys are wanted; nothing for none of them.
    keys_from: Option<i64>,
    /// Operator, key and the hour of its last use.
    keys: Vec<(u32, u32, i64)>,
}

/// What other nodes have told.
#[derive(Debug)]
pub(crate) struct Sharing {
    process: u64,
    heard: Mutex<HashMap<u64, Heard>>,
    /// When each was last asked with success, by its address.
    answered: Mutex<HashMap<String, Instant>>,
}

/// What a process has told.
#[derive(Debug)]
struct Heard {
    at: Instant,
    limits: HashMap<(u32, usize), u64>,
}

impl Default for Sharing {
    fn default() -> Self {
        let process = u64::from_le_bytes(random().expect("the system gives random bytes"));
        Self { process, heard: Mutex::default(), answered: Mutex::default() }
    }
}

impl Sharing {
    /// What another has used since it said so last, and whether it was heard of meanwhile.
    fn hear(&self, used: &Used, now: Instant) -> (Vec<(u32, usize, u64)>, bool) {
        let mut heard = lock(&self.heard);
        heard.retain(|_, heard| now.duration_since(heard.at) < 20 * SILENCE);
        let limits =
            used.limits.iter().map(|(operator, limit, total)| ((*operator, *limit), *total));
        let before = heard.insert(used.process, Heard { at: now, limits: limits.collect() });
        let Some(before) = before else { return (Vec::new(), true) };
        let is_fresh = now.duration_since(before.at) < SILENCE;
        let since = |(operator, limit, total): &(u32, usize, u64)| {
            let before = before.limits.get(&(*operator, *limit)).copied().unwrap_or(0);
            // An answer may overtake a question that was written before it.
            (*operator, *limit, total.saturating_sub(before))
        };
        (used.limits.iter().map(since).filter(|(.., since)| *since > 0).collect(), is_fresh)
    }

    /// How many nodes there are with this one, and whether all of them were heard within the silence.
    fn nodes(&self, peers: &BTreeSet<String>, now: Instant) -> (u32, bool) {
        let answered = lock(&self.answered);
        let is_fresh = |at: &Instant| now.duration_since(*at) < SILENCE;
        let all = peers.iter().all(|peer| answered.get(peer).is_some_and(is_fresh));
        let heard = lock(&self.heard);
        // Some have no partition, and are known by what they ask.
        let spoken = heard.values().filter(|heard| is_fresh(&heard.at)).count();
        (u32::try_from(1 + peers.len().max(spoken)).unwrap_or(u32::MAX), all)
    }
}

impl Inner {
    /// What this node has used.
    fn used(&self, keys_from: Option<i64>, wanted: Option<i64>) -> Used {
        let mut limits = Vec::new();
        for known in self.credentials.limits() {
            for (number, limit) in known.limits().into_iter().enumerate() {
                let total = limit.map_or(0, Limit::total);
                if total > 0 {
                    limits.push((known.number, number, total));
                }
            }
        }
        Used {
            process: self.sharing.process,
            limits,
            keys_from,
            keys: wanted.map(|from| self.credentials.uses.since(from)).unwrap_or_default(),
        }
    }

    /// Takes over what another node has used.
    fn hear(&self, used: &Used) {
        let (since, is_fresh) = self.sharing.hear(used, Instant::now());
        if !since.is_empty() {
            let all = self.credentials.limits();
            for (operator, number, used) in since {
                let known = all.iter().find(|known| known.number == operator);
                let limit = known.and_then(|known| *known.limits().get(number)?);
                if let Some(limit) = limit {
                    limit.charge(used, is_fresh);
                }
            }
        }
        for (operator, key, hour) in &used.keys {
            self.credentials.uses.of(*operator, *key).note_hour(*hour);
        }
    }
}

/// Tells the others again and again what was used here, and hears what was there.
pub(crate) async fn share(service: Weak<Inner>) {
    let mut times = 0_u32;
    let mut has_heard_keys_of = BTreeSet::new();
    while let Some(inner) = service.upgrade() {
        let Some(cluster) = &inner.cluster else { return };
        let peers: BTreeSet<String> = inner.host.peers().into_iter().collect();
        let this_hour = now().hour();
        let mut asking = tokio::task::JoinSet::new();
        for peer in &peers {
            let keys_from = if !has_heard_keys_of.contains(peer) {
                Some(0)
            } else if times.is_multiple_of(TIMES_A_KEY) {
                Some(this_hour - 1)
            } else {
                None
            };
            let used = inner.used(keys_from, None);
            let body = serde_json::to_vec(&used).expect("what was used is plain data");
            let (neighbours, peer) = (cluster.neighbours.clone(), peer.clone());
            asking.spawn(async move {
                let body = Some(Bytes::from(body));
                let answer = neighbours.ask(&peer, USED, body, ANSWER_TIME).await;
                let read = |bytes: Bytes| Ok(serde_json::from_slice::<Used>(&bytes)?);
                (peer, answer.and_then(read))
            });
        }
        while let Some(answered) = asking.join_next().await {
            let Ok((peer, answer)): Result<(_, io::Result<Used>), _> = answered else { continue };
            match answer {
                Ok(used) => {
                    inner.hear(&used);
                    lock(&inner.sharing.answered).insert(peer.clone(), Instant::now());
                    has_heard_keys_of.insert(peer);
                }
                Err(error) => tracing::debug!(peer, %error, "a node does not say what it has used"),
            }
        }
        {
            let mut answered = lock(&inner.sharing.answered);
            answered.retain(|peer, _| peers.contains(peer));
            has_heard_keys_of.retain(|peer| peers.contains(peer));
        }
        let (nodes, has_all) = inner.sharing.nodes(&peers, Instant::now());
        let parts = if has_all { 1 } else { nodes };
        for known in inner.credentials.limits() {
            for limit in known.limits().into_iter().flatten() {
                limit.is_one_of(parts);
            }
        }
        drop(inner);
        times = times.wrapping_add(1);
        tokio::time::sleep(EVERY).await;
    }
}

/// What another node has used, and what this one has.
pub(crate) async fn used(call: Call) -> Result<Response, Problem> {
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    let told: Used = json(&body)?;
    drop(held);
    service.hear(&told);
    Ok(respond(StatusCode::OK, &service.used(None, told.keys_from)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(process: u64, limits: &[(u32, usize, u64)]) -> Used {
        Used { process, limits: limits.to_vec(), ..Used::default() }
    }

    #[test]
    fn what_others_have_used_is_told_once() {
        let (sharing, begun) = (Sharing::default(), Instant::now());
        let hear = |process, limits: &[(u32, usize, u64)], ms: u64| {
            sharing.hear(&used(process, limits), begun + Duration::from_millis(ms))
        };
        // What was used before this node heard of it is past.
        assert_eq!(hear(1, &[(7, 0, 100)], 0), (vec![], true));
        let both = [(7, 0, 130), (7, 1, 5)];
        assert_eq!(hear(1, &both, 250), (vec![(7, 0, 30), (7, 1, 5)], true));
        assert_eq!(hear(1, &both, 300), (vec![], true));
        assert_eq!(hear(2, &[(7, 0, 1_000)], 300), (vec![], true), "another process");
        assert_eq!(hear(1, &[(7, 0, 120)], 300), (vec![], true), "it has been overtaken");
        assert_eq!(hear(1, &[(7, 0, 121)], 9_000), (vec![(7, 0, 1)], false));
    }

    #[test]
    fn while_one_is_silent_each_counts_with_its_part() {
        let (sharing, begun) = (Sharing::default(), Instant::now());
        let peers = ["a", "b"].map(str::to_owned).into();
        assert_eq!(sharing.nodes(&BTreeSet::new(), begun), (1, true));
        assert_eq!(sharing.nodes(&peers, begun), (3, false));
        for peer in &peers {
            sharing.answered.lock().unwrap().insert(peer.clone(), begun);
        }
        assert_eq!(sharing.nodes(&peers, begun), (3, true));
        assert_eq!(sharing.nodes(&peers, begun + SILENCE), (3, false));
    }
}
