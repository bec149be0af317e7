//! Accolade's own files: segments of checksummed frames, and on them the embedded log, the journal,
//! dead letters, lookup, links and the checkpoints of the state.
//!
//! Nothing here decides anything about points. What a file holds is written by `accolade-wire` and
//! `accolade-engine`; this crate makes it durable, finds it again and says when it is damaged.
#![warn(missing_docs)]
#![expect(
    clippy::cast_possible_truncation,
    reason = "offsets and lengths are 64 bits wide here, as asserted below"
)]

const _: () = assert!(usize::BITS == 64, "files are addressed with 64 bits");

pub mod adopt;
mod again;
pub mod backing;
mod bytes;
pub mod checkpoint;
pub mod descriptors;
pub mod disk;
pub mod driver;
pub mod error;
pub mod feed;
pub mod frames;
pub mod genesis;
pub mod home;
pub mod host;
pub mod index;
mod little_endian;
pub mod log;
pub mod lookup;
mod lru;
pub mod message;
pub mod node;
pub mod open;
mod paced;
pub mod packed;
pub mod pages;
pub mod priority;
pub mod random;
mod recovery;
mod removing;
pub mod run;
mod run_files;
pub mod segment;
pub mod ship;
pub mod slices;
pub mod table_cache;
mod tidying;
pub mod trail;
