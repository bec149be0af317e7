//! What every adapter of a port must show: written once, run by each adapter's tests.
#![expect(clippy::unwrap_used, reason = "these are tests, run by other crates")]

pub mod disk;
pub mod faulty;
pub mod gifts;
pub mod intake;
pub mod memory;
pub mod objects;
pub mod ordered;
pub mod store;
