//! What there is in a cluster, and what an adoption writes there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::ordered::{Event, LogFailed, OrderedLog, Owner};
use accolade_engine::ownership::Cursor;
use accolade_engine::partition::Partition;
use accolade_wire::order::{Claim, Offsets, Order, SourceTopic};
use accolade_wire::record::{Kind, Record, Source};
use anyhow::{Context, bail};

use super::SHIPPED_EPOCH;

/// The first claim's.
const EPOCH: u64 = 1;
/// How long an acknowledgement, or an announcement, is waited for.
const PATIENCE: Duration = Duration::from_secs(40);
/// How long one look for announcements takes.
const LOOK: Duration = Duration::from_millis(100);

/// A cluster, by its log.
pub(super) struct Cluster<'a> {
    pub(super) log: &'a dyn OrderedLog,
    /// In whose name partitions are claimed.
    pub(super) node: String,
    /// Where that node will be.
    pub(super) address: String,
}

/// A control record: when it was taken in, and its body.
type Remembered = (Timestamp, Vec<u8>);

impl Cluster<'_> {
    /// Makes sure that nothing has happened but what an interrupted adoption of the same directory has
    /// done; returns the partitions that have no claim.
    pub(super) fn check(
        &self,
        partitions: &[Partition],
        controls: &[Remembered],
    ) -> anyhow::Result<Vec<u16>> {
        self.controls_there(controls)?;
        let mut unclaimed = Vec::new();
        for partition in partitions {
            if !self.is_claimed(partition)? {
                unclaimed.push(partition.number());
            }
        }
        if unclaimed.is_empty() {
            bail!("this cluster has adopted the directory already: start its nodes");
        }
        Ok(unclaimed)
    }

    /// How many of `expected` are there already, and none else.
    fn controls_there(&self, expected: &[Remembered]) -> anyhow::Result<usize> {
        let end = self.log.control_end()?;
        let mut there = 0;
        let mut others = 0;
        self.log.read_source(SourceTopic::Control, 0, 0..end, &mut |_, record| {
            let is_expected = expected.get(there).is_some_and(|(time, body)| {
                record.received_at == *time && record.body == &body[..]
            });
            if is_expected && others == 0 {
                there += 1;
            } else {
                others += 1;
            }
            Ok(())
        })?;
        if others > 0 {
            bail!(
                "`accolade.control` has {end} records, {others} of them not of this directory: the \
                 cluster is in use. Adopt into a new one, with another `topic_prefix` in `[cluster]` and \
                 another place in `[ship]`"
            );
        }
        Ok(there)
    }

    /// Whether an interrupted adoption has claimed the partition.
    fn is_claimed(&self, partition: &Partition) -> anyhow::Result<bool> {
        let number = partition.number();
        let Range { start, end } = self.log.order_range(number)?;
        if (start, end) == (0, 0) {
            return Ok(false);
        }
        let own = format!("p{number:04}/{SHIPPED_EPOCH:020}/");
        let mut is_own = (start, end) == (0, 1);
        self.log.read_order(number, start..end.min(start + 1), &mut |_, bytes| {
            is_own &= matches!(
                Order::read(bytes),
                Ok(Order::Claim(Claim { epoch: EPOCH, next_batch, checkpoint, .. }))
                    if next_batch == partition.next_batch() && checkpoint.starts_with(&own)
            );
            Ok(())
        })?;
        if !is_own {
            bail!(
                "`accolade.order` has records in partition {number}, from offset {start} to {end}: the \
                 cluster is in use. Adopt into a new one, with another `topic_prefix` in `[cluster]` and \
                 another place in `[ship]`"
            );
        }
        Ok(true)
    }

    /// Writes the control records that are not there yet, each with the time that it had; returns the
    /// offset after the last.
    pub(super) fn write_controls(&self, controls: &[Remembered]) -> anyhow::Result<i64> {
        let there = self.controls_there(controls)?;
        for (number, (time, body)) in (1_u64..).zip(controls).skip(there) {
            let (kind, source, operator, origin) = (Kind::Control, Source::Node, "", None);
            let record = Record { kind, source, operator, received_at: *time, origin, body };
            let (tell, told) = mpsc::sync_channel(1);
            let done = move |submitted| {
                // Whoever waited may have given up.
                tell.send(submitted).ok();
            };
            let refused = |why| anyhow::anyhow!("control record {number} was not written: {why}");
            self.log
                .submit(SourceTopic::Control, 0, &record, None, Box::new(done))
                .map_err(|why| refused(why.to_string()))?;
            match told.recv_timeout(PATIENCE) {
                Ok(Ok(offset)) if u64::try_from(offset) == Ok(number - 1) => {}
                Ok(Ok(offset)) => {
                    bail!(
                        "control record {number} stands at offset {offset}: somebody else writes too"
                    );
                }
                Ok(Err(why)) => return Err(refused(why.to_string())),
                Err(_) => return Err(refused("it was not acknowledged in time".into())),
            }
        }
        Ok(i64::try_from(controls.len())?)
    }

    /// Where the sources of a partition begin.
    pub(super) fn source_starts(&self, partition: u16) -> Result<Offsets, LogFailed> {
        self.log.source_starts(partition)
    }

    /// Who is said to own a partition, with its checkpoint.
    pub(super) fn owner(&self, partition: u16, checkpoint: String) -> Owner {
        let (node, address) = (self.node.clone(), self.address.clone());
        Owner { partition, epoch: EPOCH, node, address, checkpoint }
    }

    /// Appends a partition's first claim, which fixes where it goes on.
    pub(super) fn claim(&self, cursor: &Cursor, owner: &Owner) -> anyhow::Result<()> {
        let claim = Order::Claim(Claim {
            epoch: owner.epoch,
            next_batch: cursor.next_batch,
            sources: cursor.sources,
            node: owner.node.clone(),
            checkpoint: owner.checkpoint.clone(),
        });
        let mut bytes = Vec::new();
        claim.write(&mut bytes);
        let (tell, told) = mpsc::sync_channel(1);
        let done = move |appended| {
            // Whoever waited may have given up.
            tell.send(appended).ok();
        };
        self.log.append(owner.partition, &bytes, Box::new(done));
        let partition = owner.partition;
        let appended = told.recv_timeout(PATIENCE).context("it was not acknowledged in time");
        let place = appended
            .and_then(|appended| appended.map_err(|failed| anyhow::anyhow!(failed.0)))
            .with_context(|| format!("partition {partition} was not claimed; run this again"))?;
        if place.offset != cursor.next {
            bail!(
                "the first claim of partition {partition} stands at offset {}, after somebody else's: a \
                 node was started too early. Begin anew in a new cluster",
                place.offset
            );
        }
        Ok(())
    }

    /// Tells all nodes to come, and waits until it can be heard.
    pub(super) fn announce(&self, owners: &[Owner]) -> anyhow::Result<()> {
        for owner in owners {
            self.log.announce(owner);
        }
        let mut missing: BTreeSet<u16> = owners.iter().map(|owner| owner.partition).collect();
        let until = Instant::now() + PATIENCE;
        while !missing.is_empty() && Instant::now() < until {
            self.log.hear(LOOK, &mut |event| {
                if let Event::Owner(heard) = event
                    && owners.contains(&heard)
                {
                    missing.remove(&heard.partition);
                }
            })?;
        }
        if !missing.is_empty() {
            // Whoever takes a partition finds its checkpoint in the order as well.
            tracing::warn!(?missing, "partitions could not be announced");
        }
        Ok(())
    }
}
