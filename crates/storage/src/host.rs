//! What the API needs of a node, in either form.

use std::fmt;
use std::io;
use std::sync::Arc;

use accolade_engine::intake::{Caller, Intake};
use accolade_engine::partition::{Partition, Shared};
use accolade_engine::rules::Rules;
use accolade_wire::identity::{HashKey, IdKind};
use accolade_wire::order::SourceTopic;

use crate::backing::Backing;
use crate::node::{Node, Status};
use crate::run::RunEntry;
use crate::trail::Trail;

/// A node, as far as queries and the API need to know.
pub trait Host: Intake {
    /// Whether a partition is here, or where else, as far as is known. Does not wait.
    fn whereabouts(&self, partition: u16) -> Result<(), NotHere>;

    /// Whether these partitions are all here, and it is proven that no other node has one: what is not in
    /// them is nowhere. May wait for the proof, not for long.
    fn are_here(&self, partitions: &[u16]) -> Result<(), NotHere>;

    /// Reads from a partition, between two batches or while it stands; once, or not at all. May wait
    /// until it is proven that no other node has the partition.
    fn read(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> Result<(), NotHere>;

    /// As [`Host::read`], without any proof: for whoever asks afterwards whether the partition [was here](Host::are_here),
    /// and must not wait before.
    fn read_unproven(
        &self,
        partition: u16,
        read: &mut dyn FnMut(&Partition),
    ) -> Result<(), NotHere> {
        self.read(partition, read)
    }

    /// As [`Host::read`], where nothing has to be waited for; says whether it was read.
    fn read_at_once(&self, _partition: u16, _read: &mut dyn FnMut(&Partition)) -> bool {
        false
    }

    /// How often a partition that is here has changed: nothing that anybody was told of is other than it was when the number
    /// was the same. Nothing where that is not known without waiting.
    fn changes(&self, _partition: u16) -> Option<u64> {
        None
    }

    /// The files of a partition, to read records and outcomes by place. May wait as
    /// [`Host::read`] does.
    fn backing(&self, partition: u16) -> Result<Arc<Backing>, NotHere>;

    /// Batches before `to` of a partition that is here, from the first that can be read from the log itself, with none
    /// left out; nothing where there are none. For whoever needs more than the partition's files have, which in the
    /// embedded form are the log. Asks `goes_on` now and then, and ends with its error.
    fn older(
        &self,
        _partition: u16,
        _to: u64,
        _goes_on: &mut dyn FnMut() -> io::Result<()>,
    ) -> io::Result<Option<Box<dyn Older>>> {
        Ok(None)
    }

    /// What its partitions decide with, for whoever asks what would become of a record.
    fn shared(&self) -> &Shared;

    /// The rules as they stand.
    fn rules(&self) -> Arc<Rules>;

    /// The key of all hashes, where what the edge knows of records goes to the folds: in the embedded form.
    fn hash_key(&self) -> Option<HashKey> {
        None
    }

    /// Whether it is proven that there were no other rules a moment ago: what is not in them does not exist.
    fn knows_rules(&self) -> bool;

    /// Every occurrence of an id in the partitions that are here, oldest place first. That these are still
    /// here is for [`Host::are_here`] to say, afterwards.
    fn with_id(&self, operator: &str, kind: IdKind, id: &str) -> io::Result<Vec<RunEntry>>;

    /// Who did what.
    fn trail(&self) -> &Arc<Trail>;

    /// The numbers of the behaviours that the node can decide by.
    fn behaviours(&self) -> Vec<u16>;

    /// How the node is.
    fn status(&self) -> Status;

    /// Where other nodes answer that own partitions: their addresses, each once. None in the embedded
    /// form.
    fn peers(&self) -> Vec<String>;
}

/// Batches of a partition, one after the other, as the log itself has them.
pub trait Older: fmt::Debug + Send {
    /// The number of the first.
    fn first(&self) -> u64;

    /// How many control records they have, all together.
    fn controls(&self) -> u64;

    /// The next batch's slice of the log; nothing behind the last.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>>;
}

/// What became of records that another node has made durable, known by their source and offset.
pub trait Outcomes: fmt::Debug + Send + Sync {
    /// Has `caller` hear [`Caller::applied`] of the records at `offsets`, each by its index there:
    /// once it is folded, or soon where it was folded a short while ago. Does not wait for that.
    fn outcomes(
        &self,
        partition: u16,
        source: SourceTopic,
        offsets: &[i64],
        caller: Arc<dyn Caller>,
    ) -> Result<(), NotHere>;
}

/// A partition that this node does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotHere {
    /// Another node has it, and answers at this address.
    At(String),
    /// Nobody is known to have it at this moment.
    Nowhere,
}

impl fmt::Display for NotHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => write!(f, "the partition is at {address}"),
            Self::Nowhere => f.write_str("the partition is on its way from one node to another"),
        }
    }
}

impl std::error::Error for NotHere {}

impl Host for Node {
    fn whereabouts(&self, _: u16) -> Result<(), NotHere> {
        Ok(())
    }

    fn are_here(&self, _: &[u16]) -> Result<(), NotHere> {
        Ok(())
    }

    fn read(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> Result<(), NotHere> {
        Self::read(self, partition, read);
        Ok(())
    }

    fn read_at_once(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> bool {
        Self::read_at_once(self, partition, read).is_some()
    }

    fn changes(&self, partition: u16) -> Option<u64> {
        Self::changes(self, partition)
    }

    fn backing(&self, _: u16) -> Result<Arc<Backing>, NotHere> {
        Ok(Arc::clone(Self::backing(self)))
    }

    fn shared(&self) -> &Shared {
        Self::shared(self)
    }

    fn rules(&self) -> Arc<Rules> {
        Self::rules(self)
    }

    fn hash_key(&self) -> Option<HashKey> {
        Some(Self::hash_key(self))
    }

    fn knows_rules(&self) -> bool {
        true
    }

    fn with_id(&self, operator: &str, kind: IdKind, id: &str) -> io::Result<Vec<RunEntry>> {
        Self::with_id(self, operator, kind, id)
    }

    fn trail(&self) -> &Arc<Trail> {
        Self::trail(self)
    }

    fn behaviours(&self) -> Vec<u16> {
        Self::behaviours(self)
    }

    fn status(&self) -> Status {
        Self::status(self)
    }

    fn peers(&self) -> Vec<String> {
        Vec::new()
    }
}
