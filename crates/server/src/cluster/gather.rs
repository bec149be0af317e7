//! Answers that need several partitions, put together from all of their owners: whole, or none.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::forward::unreachable;
use super::{LOOK_EVERY, OWNER_PATIENCE, Where};
use crate::problem::{Problem, Refusal};
use crate::service::Service;
use crate::submit::blocking;

/// How long an owner may take.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// Partitions as a parameter of a question.
pub(crate) fn partitions_text(partitions: &[u16]) -> String {
    let texts: Vec<String> = partitions.iter().map(u16::to_string).collect();
    texts.join(",")
}

impl Service {
    /// Which partitions are where.
    pub(crate) async fn owners(
        &self,
        partitions: Range<u16>,
    ) -> Result<BTreeMap<Where, Vec<u16>>, Problem> {
        let mut owners: BTreeMap<Where, Vec<u16>> = BTreeMap::new();
        for partition in partitions {
            owners.entry(self.find(partition).await?).or_default().push(partition);
        }
        Ok(owners)
    }

    /// Does `work` if all of these partitions are here, from its beginning to its end. Whoever finds nothing
    /// needs that proven as much as whoever finds something.
    pub(crate) fn with_all_here<T>(
        &self,
        partitions: &[u16],
        work: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        partitions.iter().try_for_each(|number| self.host.whereabouts(*number))?;
        let done = work()?;
        self.host.are_here(partitions)?;
        Ok(done)
    }

    /// Asks the owners of `partitions`: `here` for those of this node, and `path` of the others, with
    /// the parameter `partitions` added, whose answer `read` reads.
    pub(crate) async fn gather<T: Send + 'static>(
        &self,
        partitions: Range<u16>,
        here: impl Fn(&Self, &[u16]) -> Result<T, Problem> + Clone + Send + 'static,
        path: &str,
        read: fn(&[u8]) -> io::Result<T>,
    ) -> Result<Vec<T>, Problem> {
        let until = Instant::now() + OWNER_PATIENCE;
        loop {
            let gathered = self.gather_once(partitions.clone(), here.clone(), path, read).await;
            match gathered {
                Err(problem) if problem.refusal == Refusal::Elsewhere && Instant::now() < until => {
                    tokio::time::sleep(LOOK_EVERY).await;
                }
                gathered => return gathered,
            }
        }
    }

    async fn gather_once<T: Send + 'static>(
        &self,
        partitions: Range<u16>,
        here: impl Fn(&Self, &[u16]) -> Result<T, Problem> + Clone + Send + 'static,
        path: &str,
        read: fn(&[u8]) -> io::Result<T>,
    ) -> Result<Vec<T>, Problem> {
        let mut asking = JoinSet::new();
        let mut gathered = Vec::new();
        let mut own = None;
        for (at, partitions) in self.owners(partitions).await? {
            match at {
                Where::Here => own = Some(partitions),
                Where::At(address) => {
                    let neighbours = self.neighbours()?.clone();
                    let path = format!("{path}&partitions={}", partitions_text(&partitions));
                    asking.spawn(async move {
                        let answer = neighbours.ask(&address, &path, None, ANSWER_TIME).await;
                        let found = answer.and_then(|answer| read(&answer));
                        found.map_err(|error| unreachable(&address, &error))
                    });
                }
            }
        }
        if let Some(partitions) = own {
            let service = self.clone();
            let here = move || service.with_all_here(&partitions, || here(&service, &partitions));
            gathered.push(blocking(here).await??);
        }
        while let Some(answered) = asking.join_next().await {
            let answered = answered.map_err(io::Error::other)?;
            gathered.push(answered?);
        }
        Ok(gathered)
    }
}
