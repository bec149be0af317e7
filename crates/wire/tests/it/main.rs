//! The formats, by example.

mod allocations;
mod body;
mod content;
mod event;
mod form;
mod golden;
mod prizes;
mod program;
mod query;
mod recurrence;
mod samples;
mod statement;
mod templates;
mod timestamp;
