//! The rules of Accolade, and nothing else: money and points, events, an operator's program, what a
//! wager earns, and the ledger.
//!
//! There is no clock, no randomness, no I/O, no float and no serialisation in this crate: whatever a
//! rule needs is an argument. Formats live in `accolade-wire`.
#![forbid(unsafe_code)]
#![warn(
    missing_docs,
    clippy::float_arithmetic,
    clippy::integer_division,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm
)]

pub mod account;
pub mod amount;
pub mod budget;
pub mod civil;
pub mod earning;
pub mod event;
pub mod games;
pub mod ledger;
pub mod lots;
pub mod notice;
pub mod outcome;
pub mod packed_games;
pub mod packed_lots;
pub mod packed_scores;
pub mod packed_watches;
mod packing;
pub mod program;
mod promoting;
pub mod promotion;
pub mod query;
pub mod ranking;
pub mod redemption;
pub mod refusal;
pub mod reward;
pub mod signal;
pub mod statistics;
pub mod text;
pub mod tier;
pub mod time;
pub mod tournament;
mod wide;
