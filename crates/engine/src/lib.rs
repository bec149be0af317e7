//! The deterministic fold, the driver of a partition, and the ports they need.
//!
//! Records arrive with their place, time and random bytes; what they decide goes out as values. There
//! is no clock, no randomness and no I/O here but through the ports, and a port's failure is an error
//! that stops, never a guess.
#![forbid(unsafe_code)]
#![warn(
    missing_docs,
    clippy::float_arithmetic,
    clippy::integer_division,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]

pub mod apply;
pub mod behaviour;
pub mod board;
pub mod budgets;
mod by_hash;
mod carry;
pub mod checkpoint;
pub mod chunks;
mod counting;
pub mod disk;
pub mod error;
pub mod feed;
pub mod ids;
pub mod input;
pub mod intake;
pub mod judging;
mod load;
pub mod objects;
pub mod ordered;
pub mod ownership;
pub mod partition;
pub mod pieces;
pub mod players;
mod rewarding;
pub mod rules;
mod scores;
pub mod settle;
pub mod standings;
pub mod step;
pub mod store;
pub mod tables;
pub mod timers;

#[cfg(feature = "contract")]
pub mod contract;
