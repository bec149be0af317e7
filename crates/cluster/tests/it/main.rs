//! Nodes of the cluster form over a log in memory that fails as brokers and networks do.

mod harness;
mod history;
mod kafka;
mod memory_log;
mod rereading;
mod takeover;
mod tournaments;
