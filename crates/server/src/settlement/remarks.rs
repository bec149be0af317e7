//! What came late in a tournament, as its players' partitions have it.

use std::io;

use accolade_domain::ledger::Place;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_engine::tables::remarks::{Remark, Remarks, RemarksKey};
use accolade_storage::backing::NodeStore;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::respond;
use crate::submit::blocking;

/// Where other nodes are asked.
const PATH: &str = "/cluster/v1/remarks";
/// So many are told one by one.
pub(crate) const TOLD_MAX: usize = 100;

/// Which settlement of a tournament.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked(pub(crate) RemarksKey);

/// What came after it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Late {
    pub(crate) wagers: u64,
    pub(crate) voids: u64,
    pub(crate) game_events: u64,
    /// The first of them, by the time at which they came.
    pub(crate) first: Vec<LateRow>,
}

/// An event that came late.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LateRow {
    /// The number of its kind.
    pub(crate) kind: u8,
    pub(crate) id: String,
    pub(crate) player: String,
    /// In 10^-18, as a text: 128 bits are no number of JSON.
    delta: String,
    score: String,
    /// In microseconds since 1970.
    at: i64,
    came_at: i64,
    place: (u16, u64, u32),
}

impl LateRow {
    fn of(remark: &Remark, partition: &Partition) -> Self {
        let Remark { kind, id, player, delta, score, at, came_at, place } = remark;
        Self {
            kind: *kind as u8,
            id: id.to_string(),
            player: partition.players().get(*player).name.to_string(),
            delta: delta.0.to_string(),
            score: score.0.to_string(),
            at: at.micros(),
            came_at: came_at.micros(),
            place: (place.partition, place.batch, place.slot),
        }
    }

    pub(crate) fn delta(&self) -> Score {
        Score(self.delta.parse().unwrap_or_default())
    }

    pub(crate) fn score(&self) -> Score {
        Score(self.score.parse().unwrap_or_default())
    }

    pub(crate) const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    pub(crate) const fn came_at(&self) -> Timestamp {
        Timestamp::from_micros(self.came_at)
    }

    pub(crate) const fn place(&self) -> Place {
        let (partition, batch, slot) = self.place;
        Place { partition, batch, slot, number: 0 }
    }
}

impl Late {
    /// How many they are.
    pub(crate) const fn count(&self) -> u64 {
        self.wagers.saturating_add(self.voids).saturating_add(self.game_events)
    }

    fn add(&mut self, other: Self) {
        self.wagers = self.wagers.saturating_add(other.wagers);
        self.voids = self.voids.saturating_add(other.voids);
        self.game_events = self.game_events.saturating_add(other.game_events);
        self.first.extend(other.first);
        self.first.sort_by_key(|row| (row.came_at, row.place));
        self.first.truncate(TOLD_MAX);
    }
}

impl Asked {
    fn path(&self) -> String {
        let RemarksKey { operator, tournament, settlement } = self.0;
        format!("{PATH}?operator={operator}&tournament={tournament}&settlement={settlement}")
    }

    fn of_another_node(parameters: &Parameters) -> Result<Self, Problem> {
        let [operator, tournament, settlement] = [
            parameters.small("operator")?,
            parameters.small("tournament")?,
            parameters.small("settlement")?,
        ];
        Ok(Self(RemarksKey { operator, tournament, settlement }))
    }

    /// What partitions have that are here.
    fn found(&self, service: &Service, partitions: &[u16]) -> Result<Late, Problem> {
        let mut all = Late::default();
        for number in partitions {
            all.add(self.found_in(service, *number)?);
        }
        Ok(all)
    }

    fn found_in(&self, service: &Service, number: u16) -> Result<Late, Problem> {
        let mut store = NodeStore::new(service.host.backing(number)?);
        let from = std::ops::Bound::Included(&self.0);
        let excerpt =
            service.read(number, |partition| partition.tables().remarks.excerpt(from, 1))?;
        let rows = excerpt.read(number, &mut store)?.rows;
        let own = rows.into_iter().find(|(key, _)| *key == self.0).map(|(_, remarks)| remarks);
        let Some(Remarks { wagers, voids, game_events, first, .. }) = own else {
            return Ok(Late::default());
        };
        let row = |partition: &Partition| {
            first.iter().map(|remark| LateRow::of(remark, partition)).collect::<Vec<_>>()
        };
        Ok(Late { wagers, voids, game_events, first: service.read(number, row)? })
    }

    /// What all partitions have.
    pub(crate) async fn ask(self, service: &Service) -> Result<Late, Problem> {
        let here = move |service: &Service, partitions: &[u16]| self.found(service, partitions);
        let parts = service.gather(0..service.partitions(), here, &self.path(), read).await?;
        let mut all = Late::default();
        for part in parts {
            all.add(part);
        }
        Ok(all)
    }
}

fn read(bytes: &[u8]) -> io::Result<Late> {
    Ok(serde_json::from_slice(bytes)?)
}

/// What partitions have that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::of_another_node(&parameters)?;
    let found =
        blocking(move || service.with_all_here(&partitions, || asked.found(&service, &partitions)));
    Ok(respond(StatusCode::OK, &found.await??))
}
