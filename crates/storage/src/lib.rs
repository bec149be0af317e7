//! Accolade's own files: segments of checksummed frames, and on them the embedded log, the journal,
//! dead letters, lookup, links and the checkpoints of the state.
//!
//! Nothing here decides anything about points. What a file holds is written by `accolade-wire` and
//! `accolade-engine`; this crate makes it durable, finds it again and says when it is damaged.
#![warn(missing_docs)]

pub mod disk;
pub mod error;
pub mod segment;
pub mod packed;
pub mod index;
pub mod slices;
pub mod run;
pub mod lookup;
pub mod frames;
pub mod log;
pub mod backing;
pub mod checkpoint;
pub mod open;
pub mod node;
