//! The ordered log of the cluster form, on Apache Kafka.
//!
//! Sources are topics that others may write too; the order is a topic of Accolade's own, written without
//! transactions, so that the offset at which a record is acknowledged says whether anyone came between.
//! Who owns what is decided by the order and nowhere here: membership of the group is a hint.
//!
//! In reading order: how Kafka is reached ([`config`], `clients`, `asking`), topics ([`admin`]), who may
//! what ([`access`]), messages and
//! records (`records`, `owners`), writing (`writing`, `order`, `intake`), reading (`data`, `watchdog`,
//! `ranges`), the group (`membership`), the port ([`log`]) and outputs
//! ([`outputs`], [`sink`]).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod access;
pub mod admin;
mod asking;
mod clients;
pub mod config;
mod data;
pub mod error;
mod intake;
pub mod log;
mod membership;
mod order;
pub mod outputs;
mod owners;
mod ranges;
mod records;
pub mod sink;
mod watchdog;
mod writing;
