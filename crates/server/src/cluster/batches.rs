//! Batches of partitions, one after the other, wherever the partitions are.

use std::io;
use std::ops::Range;
use std::time::Duration;

use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_storage::backing::Backing;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::journal::Outcomes;
use accolade_wire::record::Slice;
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;

use super::Where;
use super::neighbours::Neighbours;
use crate::call::Call;
use crate::problem::{Problem, not_yet};
use crate::service::Service;
use crate::shapes::raw;
use crate::submit::{blocking, soon};

/// How long another node may take.
const READ_TIME: Duration = Duration::from_secs(5);
/// Bytes after which a stretch ends.
const BYTES_MAX: usize = 1 << 20;
/// Batches after which it ends, however small they are.
const LOOKED_AT_MAX: usize = 4_096;

/// One batch of one partition that anybody hears of: what came, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The slice of the log.
    pub(crate) log: Bytes,
    /// The slice of the journal.
    pub(crate) journal: Bytes,
}

impl Batch {
    pub(crate) fn records(&self) -> Option<Slice<'_>> {
        Slice::read_unchecked(&mut Cursor::new(&self.log, "slice")).ok()
    }

    pub(crate) fn journal(&self) -> Option<Slice<'_>> {
        Slice::read_unchecked(&mut Cursor::new(&self.journal, "slice")).ok()
    }

    pub(crate) fn outcomes(&self) -> Option<Outcomes<'_>> {
        Outcomes::read(&self.journal()?).ok()
    }

    /// Whether nothing came, and time has made nothing.
    fn is_quiet(&self) -> bool {
        self.outcomes().is_none_or(|outcomes| outcomes.is_quiet().unwrap_or(false))
    }
}

/// Batches of a partition that follow each other, as far as the log has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The first batch that the log has.
    pub(crate) first: u64,
    /// The batch after the last that was folded.
    pub(crate) end: u64,
    /// Where to go on.
    pub(crate) next: u64,
    /// Those that anybody hears of.
    pub(crate) batches: Vec<Batch>,
}

impl Stretch {
    fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for number in [self.first, self.end, self.next, self.batches.len() as u64] {
            put_varint(&mut out, number);
        }
        for bytes in self.batches.iter().flat_map(|batch| [&batch.log, &batch.journal]) {
            put_varint(&mut out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        out
    }

    fn read(bytes: &Bytes) -> Result<Self, BadFormat> {
        let mut cursor = Cursor::new(bytes, "stretch of batches");
        let (first, end, next) = (cursor.varint()?, cursor.varint()?, cursor.varint()?);
        let count = cursor.varint()?;
        let mut slice = || {
            let length = cursor.small()?;
            cursor.take(length).map(|slice| bytes.slice_ref(slice))
        };
        let batch = |_| Ok(Batch { log: slice()?, journal: slice()? });
        let batches = (0..count).map(batch).collect::<Result<_, _>>()?;
        Ok(Self { first, end, next, batches })
    }
}

/// The first of some batches that is not before a moment; their end where all are.
///
/// # Errors
///
/// Those of `time_of`, which says when a batch was ordered.
pub(crate) fn first_at<E>(
    batches: Range<u64>,
    at: Timestamp,
    time_of: impl Fn(u64) -> Result<Timestamp, E>,
) -> Result<u64, E> {
    let Range { mut start, mut end } = batches;
    while start < end {
        let middle = start + (end - start) / 2;
        if time_of(middle)? < at {
            start = middle + 1;
        } else {
            end = middle;
        }
    }
    Ok(start)
}

/// When a batch was ordered, by its slice of the journal.
pub(crate) fn time_in(journal: &[u8]) -> Result<Timestamp, BadFormat> {
    let slice = Slice::read_unchecked(&mut Cursor::new(journal, "slice"))?;
    Ok(Outcomes::read(&slice)?.time)
}

/// When a batch of a partition that is here was ordered.
pub(crate) fn time_of_batch(
    backing: &Backing,
    partition: u16,
    batch: u64,
) -> Result<Timestamp, Problem> {
    let journal = soon(|| backing.journal.read(partition, batch))?.ok_or_else(not_yet)?;
    Ok(time_in(&journal).map_err(io::Error::other)?)
}

impl Service {
    /// The batches of a partition from `from` on and before `to`, some of them.
    pub(crate) async fn batches(
        &self,
        partition: u16,
        from: u64,
        to: u64,
    ) -> Result<Stretch, Problem> {
        match self.find(partition).await? {
            Where::Here => {
                let service = self.clone();
                blocking(move || service.batches_here(partition, from, to)).await?
            }
            Where::At(address) => {
                let stretch = self.neighbours()?.ask_batches(&address, partition, from, to).await;
                stretch.map_err(|error| super::forward::unreachable(&address, &error))
            }
        }
    }

    /// As [`Service::batches`], of a partition that is here.
    pub(crate) fn batches_here(
        &self,
        partition: u16,
        from: u64,
        to: u64,
    ) -> Result<Stretch, Problem> {
        let backing = self.host.backing(partition)?;
        let end = self.read(partition, Partition::next_batch)?;
        let first = backing.log.first_batch(partition).unwrap_or(end).min(end);
        let (mut next, to) = (from.max(first), to.min(end));
        let mut batches = Vec::new();
        let (mut bytes, mut looked_at) = (0, 0);
        while next < to && bytes < BYTES_MAX && looked_at < LOOKED_AT_MAX {
            // The journal may be a moment behind the state.
            let Some(journal) = soon(|| backing.journal.read(partition, next))? else { break };
            if let Some(log) = backing.log.read(partition, next)? {
                let batch = Batch { log: log.into(), journal: journal.into() };
                if !batch.is_quiet() {
                    bytes += batch.log.len() + batch.journal.len();
                    batches.push(batch);
                }
            }
            next += 1;
            looked_at += 1;
        }
        Ok(Stretch { first, end, next, batches })
    }
}

impl Neighbours {
    async fn ask_batches(
        &self,
        address: &str,
        partition: u16,
        from: u64,
        to: u64,
    ) -> io::Result<Stretch> {
        let path = format!("/cluster/v1/batches?partition={partition}&from={from}&to={to}");
        let answer = self.ask(address, &path, None, READ_TIME).await?;
        Stretch::read(&answer).map_err(io::Error::other)
    }
}

/// Batches of a partition that is here.
pub(crate) async fn batches(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partition = parameters.partition(service.partitions())?;
    let from = parameters.number("from", 0, u64::MAX)?.unwrap_or(0);
    let to = parameters.number("to", 0, u64::MAX)?.unwrap_or(u64::MAX);
    let stretch = blocking(move || service.batches_here(partition, from, to)).await??;
    Ok(raw(StatusCode::OK, "application/octet-stream", stretch.write()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_arrives_as_it_was() {
        let batch = |log: &'static [u8], journal: &'static [u8]| Batch {
            log: Bytes::from_static(log),
            journal: Bytes::from_static(journal),
        };
        let batches = vec![batch(b"came", b"became"), batch(b"", b"x")];
        let stretch = Stretch { first: 1, end: u64::MAX, next: 300, batches };
        let bytes = Bytes::from(stretch.write());
        assert_eq!(Stretch::read(&bytes).unwrap(), stretch);
        assert!(Stretch::read(&bytes.slice(..bytes.len() - 1)).is_err());
    }
}
