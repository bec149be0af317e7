//! What the output topics are made of: the journal, and the records behind it.
//!
//! Where the node's copy of the log has a gap, records are read from Kafka again. Where they are gone from
//! there too, the partition stands, and says so: nothing is left out in silence.

use std::cell::Cell;
use std::sync::Arc;

use accolade_cluster::ClusterNode;
use accolade_domain::ledger::{Place, Subject};
use accolade_engine::feed::Feed;
use accolade_engine::ordered::LogFailed;
use accolade_kafka::config::OutputTopic;
use accolade_kafka::outputs::{OutputRecord, OutputRecords, Publisher};
use accolade_kafka::sink::{self, Topics};
use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::{Names, Players};
use accolade_projections::running::Projection;
use accolade_server::outputs::{Aside, Shown, Topic, Wanted, outputs_of, tournament};
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::record::{Record, Slice};

/// Who has the partitions.
trait Owner: Send + Sync + 'static {
    fn former_owner(&self, partition: u16) -> Option<String>;
    fn first_batch(&self, partition: u16) -> Option<u64>;
    fn published(&self, partition: u16, next_batch: u64);
    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed>;
}

impl Owner for ClusterNode {
    fn former_owner(&self, partition: u16) -> Option<String> {
        self.former_owner(partition)
    }

    fn first_batch(&self, partition: u16) -> Option<u64> {
        self.first_batch(partition)
    }

    fn published(&self, partition: u16, next_batch: u64) {
        self.published(partition, next_batch);
    }

    fn reread(&self, partition: u16, batch: u64) -> Result<Vec<u8>, LogFailed> {
        self.reread(partition, batch)
    }
}

/// Begins to publish what `node` folds.
pub(crate) fn start(
    publisher: Publisher,
    node: Arc<ClusterNode>,
    wanted: Wanted,
) -> std::io::Result<Projection> {
    let feed = Arc::clone(&node) as Arc<dyn Feed>;
    Projection::start(sink::NAME, Topics::new(publisher, Outputs { node, wanted }), feed)
}

/// The outputs of a node's batches.
struct Outputs<N> {
    node: Arc<N>,
    wanted: Wanted,
}

impl<N: Owner> sink::Outputs for Outputs<N> {
    fn former_owner(&self, partition: u16) -> Option<String> {
        self.node.former_owner(partition)
    }

    fn first_batch(&self, partition: u16) -> Option<u64> {
        self.node.first_batch(partition)
    }

    fn published(&self, partition: u16, next_batch: u64) {
        self.node.published(partition, next_batch);
    }

    fn derive(
        &self,
        batch: &Batch<'_>,
        names: &mut Names,
        records: &mut OutputRecords,
    ) -> Result<(), Held> {
        if batch.outcomes()?.is_quiet()? {
            return Ok(());
        }
        let whole = records.len();
        let derived = self.derive_whole(batch, names, records);
        if derived.is_err() {
            records.truncate(whole);
        }
        derived
    }
}

impl<N: Owner> Outputs<N> {
    fn derive_whole(
        &self,
        batch: &Batch<'_>,
        names: &mut Names,
        records: &mut OutputRecords,
    ) -> Result<(), Held> {
        let whole = records.len();
        let (partition, number) = (batch.partition, batch.number);
        let copied = batch.records().unwrap_or_else(|error| {
            tracing::warn!(partition, number, %error, "the copy of the log cannot be read");
            None
        });
        let derived = self.add_named(batch, copied.as_deref(), names, records)?;
        match derived {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(partition, number, %error, "the copy of the log does not fit");
            }
        }
        records.truncate(whole);
        let reread = self.node.reread(partition, number).map_err(|error| match error {
            LogFailed::Unavailable(_) => Held::Waits(error.to_string()),
            LogFailed::Gone(_) | LogFailed::Damaged(_) => Held::Stands(error.to_string()),
        })?;
        self.add_named(batch, Some(&reread), names, records)??;
        tracing::info!(partition, number, "records were read from Kafka again");
        metrics::counter!("accolade_outputs_reread_total").increment(1);
        Ok(())
    }

    /// As [`Self::add`], with the names of players where they are wanted: they cost something, and seldom
    /// are where the records are at hand.
    fn add_named(
        &self,
        batch: &Batch<'_>,
        log: Option<&[u8]>,
        names: &mut Names,
        records: &mut OutputRecords,
    ) -> Result<Result<u32, BadFormat>, Held> {
        let whole = records.len();
        let mut beside = BesideLog::new(batch);
        let derived = self.add(batch, log, &beside, records);
        if !beside.wants_names.get() {
            return Ok(derived);
        }
        records.truncate(whole);
        beside.players = Some(names.of(batch)?);
        Ok(self.add(batch, log, &beside, records))
    }

    /// Adds the outputs that `log` has the records of, or the journal alone tells; returns how many
    /// records have others.
    fn add(
        &self,
        batch: &Batch<'_>,
        log: Option<&[u8]>,
        beside: &BesideLog<'_>,
        records: &mut OutputRecords,
    ) -> Result<u32, BadFormat> {
        let read = |bytes| Slice::read_unchecked(&mut Cursor::new(bytes, "slice"));
        let log = log.map(read).transpose()?;
        outputs_of(batch.journal(), log.as_ref(), self.wanted, beside, &mut |output| {
            let (topic, partition, batch) =
                (topic_of(output.topic), output.place.partition, output.place.batch);
            let (key, value) = (output.key.as_bytes(), output.value);
            records.push(&OutputRecord { topic, partition, batch, key, value });
        })
    }
}

const fn topic_of(topic: Topic) -> OutputTopic {
    match topic {
        Topic::Eligible => OutputTopic::Eligible,
        Topic::Calculated => OutputTopic::Calculated,
        Topic::Balances => OutputTopic::Balances,
        Topic::Tiers => OutputTopic::Tiers,
        Topic::Redemptions => OutputTopic::Redemptions,
        Topic::Signals => OutputTopic::Signals,
        Topic::TournamentEligible => OutputTopic::TournamentEligible,
        Topic::TournamentScores => OutputTopic::TournamentScores,
        Topic::LeaderboardUpdates => OutputTopic::LeaderboardUpdates,
        Topic::DeadLetters => OutputTopic::DeadLetters,
    }
}

/// What helps where records are not at hand.
struct BesideLog<'a> {
    batch: &'a Batch<'a>,
    /// Nothing before somebody has asked for one.
    players: Option<Players<'a>>,
    wants_names: Cell<bool>,
}

impl<'a> BesideLog<'a> {
    const fn new(batch: &'a Batch<'a>) -> Self {
        Self { batch, players: None, wants_names: Cell::new(false) }
    }
}

impl Aside for BesideLog<'_> {
    fn player(&self, _: u16, operator: u32, subject: Subject) -> Option<(String, String)> {
        let Some(players) = &self.players else {
            self.wants_names.set(true);
            return None;
        };
        let player = players.find(operator, subject)?;
        Some((player.operator.to_owned(), player.name.to_owned()))
    }

    fn tournament(&self, operator: u32, number: u32) -> Option<Shown> {
        tournament(&self.batch.rules(), operator, number)
    }

    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> bool {
        self.batch.letter(place, read).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests;
