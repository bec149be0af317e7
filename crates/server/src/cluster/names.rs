//! Who stands behind subjects of a partition, wherever it is.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::Duration;

use accolade_domain::ledger::Subject;
use accolade_engine::partition::Partition;
use accolade_wire::hex::{from_hex, to_hex};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};

use super::Where;
use super::forward::unreachable;
use super::neighbours::Neighbours;
use crate::body::json;
use crate::call::Call;
use crate::problem::{Problem, Refusal};
use crate::service::Service;
use crate::shapes::respond;
use crate::submit::blocking;

const PATH: &str = "/cluster/v1/names";
/// How long another node may take to look through its players.
const READ_TIME: Duration = Duration::from_secs(5);
/// Players that are looked at while the fold waits.
const LOOKED_AT_ONCE: usize = 4_096;

/// The operators' own names for players. Whoever was erased has none.
pub(crate) type Names = BTreeMap<Subject, String>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    partition: u16,
    /// In hexadecimal figures.
    subjects: Vec<String>,
}

/// Subjects with names.
type Told = Vec<(String, String)>;

impl Service {
    /// The names of the players behind subjects of a partition.
    pub(crate) async fn names_behind(
        &self,
        partition: u16,
        subjects: BTreeSet<Subject>,
    ) -> Result<Names, Problem> {
        match self.find(partition).await? {
            Where::Here => {
                let service = self.clone();
                blocking(move || service.names_behind_here(partition, &subjects)).await?
            }
            Where::At(address) => {
                let names = self.neighbours()?.ask_names(&address, partition, &subjects).await;
                names.map_err(|error| unreachable(&address, &error))
            }
        }
    }

    /// As [`Service::names_behind`], of a partition that is here. All its players are looked through, since nothing but
    /// what follows the journal ever asks for one by subject.
    pub(crate) fn names_behind_here(
        &self,
        partition: u16,
        subjects: &BTreeSet<Subject>,
    ) -> Result<Names, Problem> {
        let (mut names, mut from) = (Names::new(), 0);
        loop {
            let looked_at = self.read(partition, |partition: &Partition| {
                let all = partition.players().all();
                let left = all.len().saturating_sub(from).min(LOOKED_AT_ONCE);
                let looked = all.iter_from(from).take(left);
                let found = looked.filter(|player| subjects.contains(&player.account.subject));
                let named =
                    found.map(|player| (player.account.subject, player.name.text().into_owned()));
                names.extend(named);
                left
            })?;
            if looked_at == 0 || names.len() == subjects.len() {
                return Ok(names);
            }
            from += looked_at;
        }
    }
}

impl Neighbours {
    async fn ask_names(
        &self,
        address: &str,
        partition: u16,
        subjects: &BTreeSet<Subject>,
    ) -> io::Result<Names> {
        let subjects = subjects.iter().map(|subject| to_hex(&subject.0)).collect();
        let asked = serde_json::to_vec(&Asked { partition, subjects })?;
        let answer = self.ask(address, PATH, Some(asked.into()), READ_TIME).await?;
        let told: Told = serde_json::from_slice(&answer)?;
        let named =
            told.into_iter().map(|(subject, name)| Some((Subject(from_hex(&subject)?), name)));
        named.collect::<Option<_>>().ok_or_else(|| io::Error::other("expected subjects with names"))
    }
}

/// Names of players of a partition that is here, for another node.
pub(crate) async fn names(call: Call) -> Result<Response, Problem> {
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    let Asked { partition, subjects } = json(&body)?;
    drop(held);
    let subjects = subjects.iter().map(|subject| from_hex(subject).map(Subject));
    let subjects: Option<BTreeSet<_>> = subjects.collect();
    let Some(subjects) = subjects.filter(|_| partition < service.partitions()) else {
        return Err(Problem::field(Refusal::Malformed, "", "no such partition or subject"));
    };
    let names = blocking(move || service.names_behind_here(partition, &subjects)).await??;
    let told = names.into_iter().map(|(subject, name)| (to_hex(&subject.0), name));
    Ok(respond(StatusCode::OK, &told.collect::<Told>()))
}
