//! The Redis projection: leaderboards of tournaments as sorted sets, and what is counted of players' game events as
//! hashes, for services that read Redis today.
//!
//! What it writes are absolute values, so it may write them again; how far it is stands in Redis itself. Where that is gone,
//! since somebody has flushed Redis or it came back empty, all of it is made anew from the state of the node and
//! not from the journal, which is as long as the cluster is old. Nothing reads Redis to decide anything, and nothing waits
//! for it.
//!
//! A score is a double there, and who is ahead at the same score is decided by name: what players are paid by is the
//! leaderboard of the API.
#![warn(missing_docs)]

mod building;
mod catalogue;
mod connection;
pub mod error;
mod group;
pub mod inspect;
pub mod keys;
mod marks;
mod progress;
pub mod rebuild;
mod score;
mod scripts;
pub mod settings;
pub mod sink;
mod writing;
