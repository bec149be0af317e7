//! What is said of a tournament.

pub mod cron;
pub mod exact;
pub mod form;
pub mod prizes;
pub mod recurrence;
pub mod templates;
