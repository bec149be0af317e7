//! Three tournaments that the simulated players take part in: two that go on as long as the demonstration, and a
//! sprint that is over soon, so that winners are paid while one looks.

use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_wire::timestamp;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::players::HOUSES;
use super::traffic::now;
use crate::client::{Ask, Client};
use crate::shapes::Raw;

/// A tournament that lasts, of the first house.
struct Race {
    id: &'static str,
    name: &'static str,
    query: &'static str,
}

const RACES: [Race; 2] = [
    Race {
        id: "slots-race",
        name: "Slots race",
        query: "SELECT playerId, SUM(wagerAmount) AS score FROM wagers \
                WHERE gameCategory = 'slots' GROUP BY playerId",
    },
    Race {
        id: "biggest-bet",
        name: "Biggest bet",
        query: "SELECT playerId, MAX(wagerAmount) AS score FROM wagers \
                WHERE playerSegment IN ('VIP', 'regular') GROUP BY playerId",
    },
];
/// Until a tournament that is made now begins.
const SOON: Duration = Duration::from_secs(1);
const RACE_LASTS: Duration = Duration::from_hours(30 * 24);
/// What stands before the winners.
pub(super) const IS_OVER: &str = "the sprint is over, and its prizes are paid";
/// Winners that are told of.
const SHOWN: usize = 3;

/// The sprint of this run.
#[derive(Debug)]
pub(super) struct Sprint {
    id: String,
    ends: Timestamp,
}

/// What became of a sprint, as far as it is shown.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    paid_at: Option<String>,
    items: Vec<Winner>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Winner {
    position: u64,
    player_id: String,
    score: Raw,
    points: Raw,
}

/// Makes the tournaments that last, unless a run before has.
pub(super) async fn found(client: &Client) -> anyhow::Result<()> {
    let starts = later(now(), SOON);
    for Race { id, name, query } in RACES {
        let race = json!({
            "id": id, "name": name, "query": query, "public": true,
            "starts": written(starts), "ends": written(later(starts, RACE_LASTS)),
            "prizes": [{ "from": 1, "to": 1, "points": 1_000 }, { "topPercent": 10, "pool": 5_000 }],
        });
        make(client, id, &race).await?;
    }
    Ok(())
}

/// The addresses at which leaderboards can be watched.
pub(super) fn pages<'a>(api: &'a str, sprint: &'a Sprint) -> impl Iterator<Item = String> + 'a {
    let ids = RACES.iter().map(|race| race.id).chain([sprint.id.as_str()]);
    ids.map(move |id| format!("{api}/play/{id}?operatorId={}", HOUSES[0].operator))
}

impl Sprint {
    /// Makes one that begins in a moment.
    pub(super) async fn begin(client: &Client, lasts: Duration) -> anyhow::Result<Self> {
        let starts = later(now(), SOON);
        let ends = later(starts, lasts);
        let id = format!("sprint-{}", starts.micros() / 1_000_000);
        let sprint = json!({
            "id": id, "name": "Sprint", "public": true, "graceSeconds": 0,
            "query": "SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId",
            "starts": written(starts), "ends": written(ends),
            "prizes": [
                { "from": 1, "to": 1, "points": 100 },
                { "from": 2, "to": 3, "points": 50 },
                { "topPercent": 20, "pool": 250 },
            ],
        });
        make(client, &id, &sprint).await?;
        Ok(Self { id, ends })
    }

    /// Its winners in words, once all prizes are paid.
    pub(super) async fn winners(&self, client: &Client) -> anyhow::Result<Option<Vec<String>>> {
        if now() < self.ends {
            return Ok(None);
        }
        let path = format!("/api/v1/tournaments/{}/results?limit={SHOWN}", self.id);
        let answer = client.send(Ask::get(&path).of(HOUSES[0].operator)).await?;
        // There are none before they are fixed.
        if answer.status() == StatusCode::CONFLICT || answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let Results { paid_at, items } = answer.or_problem().await?.json().await?;
        Ok(paid_at.map(|_| items.iter().map(Winner::in_words).collect()))
    }
}

impl Winner {
    fn in_words(&self) -> String {
        let Self { position, player_id, score, points } = self;
        format!("{position}. {player_id} with {} wagers: {} points", score.text(), points.text())
    }
}

async fn make(client: &Client, id: &str, body: &Value) -> anyhow::Result<()> {
    let operator = HOUSES[0].operator;
    let add = Ask::post_json("/api/v1/tournaments", body).of(operator);
    client.send(add).await?.or_problem().await?;
    let schedule = Ask::post_json(&format!("/api/v1/tournaments/{id}/schedule"), &json!({}));
    client.send(schedule.of(operator)).await?.or_problem().await?;
    Ok(())
}

fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.plus_micros(i64::try_from(by.as_micros()).unwrap_or(i64::MAX))
}

fn written(at: Timestamp) -> String {
    timestamp::write(at).to_string()
}
