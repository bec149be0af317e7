//! Tournaments: when they take place, and what is won in them.

pub mod occurrences;
pub mod prizes;
