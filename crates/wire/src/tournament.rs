//! What is said of a tournament.

pub mod exact;
pub mod form;
pub mod prizes;
