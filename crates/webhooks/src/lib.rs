//! Webhooks: what is told to receivers elsewhere, signed as Standard Webhooks are, and sent to addresses that were
//! checked at the moment of sending.
//!
//! What happens is read from the journal of the partitions that are here ([`delivering`]), by type ([`events`]), and told
//! in its order for each player (`lane.rs`). How far a webhook was told stands in the partition's state, so whoever has
//! the partition next goes on there. Nothing here holds the node back.

pub mod addresses;
pub mod delivering;
pub mod events;
mod lane;
pub mod sealing;
pub mod sending;
pub mod signing;
pub mod target;

pub use self::lane::{Aside, Ended, Remembered};
