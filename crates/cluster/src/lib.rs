//! A node of the cluster form, over the ports to the ordered log and to object storage.
//!
//! A partition's owner fixes batches in the order, and folds one once its acknowledgement has proven
//! that nobody came between (`accolade_engine::ownership`). `docs/cluster.md` has the protocol with its
//! argument, and what each failure does.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod asking;
mod changes;
mod checkpoints;
mod clock;
pub mod control;
pub mod driver;
mod feed;
mod folding;
mod hearing;
mod history;
mod host;
pub mod inbox;
mod intake;
mod node;
mod options;
mod proving;
mod rereading;
mod seat;
mod settling;
mod taking;
mod untaken;
mod watches;

pub use self::asking::{Answered, Answers, Ask, Peers};
pub use self::node::ClusterNode;
pub use self::options::ClusterOptions;
