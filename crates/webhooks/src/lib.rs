//! Webhooks: what is told to receivers elsewhere, signed as Standard Webhooks are, and sent to addresses that were
//! checked at the moment of sending.
//!
//! It knows nothing of points, keeps nothing, and decides nothing about when something is sent.

pub mod addresses;
pub mod sealing;
pub mod sending;
pub mod signing;
pub mod target;
