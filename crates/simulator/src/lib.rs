//! Accolade under fault: seeded workloads, a disk that breaks, and an independent model that says
//! what must have come of it all.
//!
//! The model shares no code with the crates that it judges. Nothing here runs in production.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod calendar;
pub mod cluster;
mod contents;
pub mod data;
pub mod digits;
pub mod disk;
pub mod document;
pub mod input;
pub mod message;
pub mod model;
pub mod random;
pub mod run;
pub mod workload;
