//! Every format that crosses a border or reaches a disk, each with golden files.
//!
//! Nothing here decides anything: it reads and writes what `accolade-domain` defines.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod body;
pub mod budget;
pub mod bytes;
mod clock;
pub mod cloud_event;
pub mod control;
pub mod cut;
pub mod dialect;
pub mod document;
pub mod event;
pub mod hex;
pub mod id_text;
pub mod identity;
pub mod journal;
pub mod json;
pub mod ledger;
pub mod located;
pub mod named;
pub mod notice;
pub mod order;
pub mod problem;
pub mod program;
pub mod query;
pub mod record;
pub mod reward;
pub mod secret;
mod spelling;
pub mod state;
pub mod timestamp;
pub mod tournament;
pub mod trail;
