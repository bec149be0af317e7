//! A node of the cluster form, over the ports to the ordered log and to object storage.
//!
//! A partition's owner fixes batches in the order, and folds one once its acknowledgement has proven
//! that nobody came between (`accolade_engine::ownership`). `docs/cluster.md` has the protocol with its
//! argument, and what each failure does.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod asking;
mod checkpoints;
mod control;
mod feed;
mod folding;
mod hearing;
mod host;
mod inbox;
mod intake;
mod node;
mod options;
mod seat;
mod settling;
mod takeover;
mod untaken;
mod watches;

pub use self::asking::{Answered, Answers, Ask, Peers};
pub use self::node::ClusterNode;
pub use self::options::ClusterOptions;
