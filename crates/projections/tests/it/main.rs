//! The loop over the journal of a real node, with sinks that do what sinks may do.

mod faults;
mod house;
mod lines;
mod memory;
