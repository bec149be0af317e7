//! The places of a tournament as their players' partitions have them.

use std::io;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::PrizeState;
use accolade_engine::partition::Partition;
use accolade_engine::tables::Stretch;
use accolade_engine::tables::prizes::{Prize, PrizeKey};
use accolade_storage::backing::NodeStore;
use accolade_wire::tournament::results::{PlaceBefore, ResultLine};
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
const PATH: &str = "/cluster/v1/prizes";
/// Most rows of one answer.
pub(crate) const ROWS_MAX: usize = 10_000;

/// A stretch of the places of a tournament.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// The operator's number.
    pub(crate) operator: u32,
    /// The tournament's.
    pub(crate) tournament: u32,
    /// How often that had been settled again.
    pub(crate) settlement: u32,
    /// Those behind this place.
    pub(crate) after: u32,
    /// So many at most.
    pub(crate) count: usize,
}

/// A place, and what has become of what is won there.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PlaceRow {
    pub(crate) place: u32,
    pub(crate) position: u64,
    pub(crate) player: String,
    /// In 10^-18, as a text: 128 bits are no number of JSON.
    score: String,
    pub(crate) events: u64,
    /// In hundredths.
    points: i64,
    /// Likewise: what the player was paid.
    paid: i64,
    /// The place in the settlement before.
    before: u32,
    pub(crate) thing: Option<u8>,
    /// It has to be known once the tournament is settled again.
    goes_on: bool,
    state: u8,
    /// In microseconds since 1970.
    at: i64,
    pub(crate) why: String,
    pub(crate) who: String,
    /// The player is excluded now.
    #[serde(default)]
    pub(crate) is_hidden: bool,
}

impl PlaceRow {
    fn of(key: &PrizeKey, prize: Prize, partition: &Partition) -> Self {
        let goes_on = prize.goes_on();
        let Prize { player, position, score, events, points, thing, state, at, .. } = prize;
        let Prize { paid, before, why, who, .. } = prize;
        Self {
            place: key.place,
            position,
            player: partition.players().get(player).name.to_string(),
            score: score.0.to_string(),
            events,
            points: points.hundredths(),
            paid: paid.hundredths(),
            before,
            thing,
            goes_on,
            state: state as u8,
            at: at.micros(),
            why: why.into(),
            who: who.into(),
            is_hidden: partition.exclusion(player).is_some(),
        }
    }

    /// What was written of it first.
    pub(crate) fn line(&self) -> ResultLine {
        let Self { place, position, events, thing, before, .. } = *self;
        let (player, score) = (self.player.clone(), self.score());
        ResultLine { place, position, player, score, events, points: self.points(), thing, before }
    }

    /// What of it matters once the tournament is settled again.
    pub(crate) fn before(&self) -> PlaceBefore {
        let Self { place, goes_on, .. } = *self;
        PlaceBefore { place, player: self.player.clone(), goes_on }
    }

    pub(crate) fn score(&self) -> Score {
        Score(self.score.parse().unwrap_or_default())
    }

    pub(crate) fn points(&self) -> Points {
        Points::from_hundredths(self.points).unwrap_or_default()
    }

    pub(crate) fn paid(&self) -> Points {
        Points::from_hundredths(self.paid).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> PrizeState {
        let state = PrizeState::ALL.get(usize::from(self.state));
        state.copied().unwrap_or(PrizeState::Nothing)
    }

    /// A person has said that the player must not have it, now or when the tournament was settled before.
    pub(crate) fn is_refused(&self) -> bool {
        self.state() == PrizeState::NotEligible && !self.who.is_empty()
    }

    pub(crate) const fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }
}

impl Asked {
    fn path(&self) -> String {
        let Self { operator, tournament, settlement, after, count } = self;
        format!(
            "{PATH}?operator={operator}&tournament={tournament}&settlement={settlement}&after={after}&count={count}"
        )
    }

    fn of_another_node(parameters: &Parameters) -> Result<Self, Problem> {
        let number =
            |name, max: u64| parameters.number(name, 0, max).map(Option::unwrap_or_default);
        let small = |name| {
            let number = number(name, u64::from(u32::MAX))?;
            Ok::<_, Problem>(u32::try_from(number).expect("it is bounded"))
        };
        let count = number("count", ROWS_MAX as u64)?;
        let count = usize::try_from(count).expect("it is bounded");
        let (operator, tournament) = (small("operator")?, small("tournament")?);
        let (settlement, after) = (small("settlement")?, small("after")?);
        Ok(Self { operator, tournament, settlement, after, count })
    }

    /// What partitions have that are here, by place.
    fn found(&self, service: &Service, partitions: &[u16]) -> Result<Vec<PlaceRow>, Problem> {
        let mut found = Vec::new();
        for number in partitions {
            found.extend(self.found_in(service, *number)?);
        }
        Ok(self.first(found))
    }

    fn found_in(&self, service: &Service, number: u16) -> Result<Vec<PlaceRow>, Problem> {
        let Self { operator, tournament, settlement, after, count } = *self;
        let mut store = NodeStore::new(service.host.backing(number)?);
        let first = PrizeKey { operator, tournament, settlement, place: after };
        let mut from = Bound::Excluded(first);
        let mut found = Vec::new();
        while found.len() < count {
            let left = count - found.len();
            let excerpt = service
                .read(number, |partition| partition.tables().prizes.excerpt(from.as_ref(), left))?;
            let Stretch { rows, to } = excerpt.read(number, &mut store)?;
            let own = rows.into_iter().take_while(|(key, _)| key.is_beside(&first));
            let own: Vec<_> = own.collect();
            service.read(number, |partition| {
                found.extend(own.into_iter().map(|(key, it)| PlaceRow::of(&key, it, partition)));
            })?;
            match to.filter(|to| to.is_beside(&first)) {
                Some(to) => from = Bound::Excluded(to),
                None => break,
            }
        }
        Ok(found)
    }

    /// The first of them, by place.
    fn first(&self, mut rows: Vec<PlaceRow>) -> Vec<PlaceRow> {
        rows.sort_by_key(|row| row.place);
        rows.truncate(self.count);
        rows
    }

    /// What all partitions have, by place.
    pub(crate) async fn ask(self, service: &Service) -> Result<Vec<PlaceRow>, Problem> {
        let here = move |service: &Service, partitions: &[u16]| self.found(service, partitions);
        let parts = service.gather(0..service.partitions(), here, &self.path(), read).await?;
        Ok(self.first(parts.into_iter().flatten().collect()))
    }

    /// All places from there on.
    pub(crate) async fn ask_all(self, service: &Service) -> Result<Vec<PlaceRow>, Problem> {
        let mut all: Vec<PlaceRow> = Vec::new();
        loop {
            let after = all.last().map_or(self.after, |row| row.place);
            let some = Self { after, count: ROWS_MAX, ..self }.ask(service).await?;
            let is_last = some.len() < ROWS_MAX;
            all.extend(some);
            if is_last {
                return Ok(all);
            }
        }
    }
}

fn read(bytes: &[u8]) -> io::Result<Vec<PlaceRow>> {
    Ok(serde_json::from_slice(bytes)?)
}

/// Places that partitions have which are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::of_another_node(&parameters)?;
    let found =
        blocking(move || service.with_all_here(&partitions, || asked.found(&service, &partitions)));
    Ok(respond(StatusCode::OK, &found.await??))
}
