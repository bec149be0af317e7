//! What the API needs of a node, in either form.

use std::fmt;
use std::sync::Arc;

use accolade_engine::intake::Intake;
use accolade_engine::partition::Partition;
use accolade_engine::rules::Rules;
use accolade_wire::identity::IdKind;

use crate::backing::Backing;
use crate::node::{Node, Status};
use crate::run::RunEntry;

/// A node, as far as queries and the API need to know.
pub trait Host: Intake {
    /// Reads from a partition, between two batches or while it stands.
    fn read(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> Result<(), NotHere>;

    /// The files of a partition, to read records and outcomes by place.
    fn backing(&self, partition: u16) -> Result<Arc<Backing>, NotHere>;

    /// The rules as they stand.
    fn rules(&self) -> Arc<Rules>;

    /// Every occurrence of an id in the partitions that are here, oldest place first.
    fn with_id(&self, operator: &str, kind: IdKind, id: &str) -> std::io::Result<Vec<RunEntry>>;

    /// How the node is.
    fn status(&self) -> Status;

    /// Where other nodes answer that own partitions: their addresses, each once. None in the embedded
    /// form.
    fn peers(&self) -> Vec<String>;
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
    fn read(&self, partition: u16, read: &mut dyn FnMut(&Partition)) -> Result<(), NotHere> {
        Self::read(self, partition, read);
        Ok(())
    }

    fn backing(&self, _: u16) -> Result<Arc<Backing>, NotHere> {
        Ok(Arc::clone(Self::backing(self)))
    }

    fn rules(&self) -> Arc<Rules> {
        Self::rules(self)
    }

    fn with_id(&self, operator: &str, kind: IdKind, id: &str) -> std::io::Result<Vec<RunEntry>> {
        Self::with_id(self, operator, kind, id)
    }

    fn status(&self) -> Status {
        Self::status(self)
    }

    fn peers(&self) -> Vec<String> {
        Vec::new()
    }
}
