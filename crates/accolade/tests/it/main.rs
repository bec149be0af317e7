//! The real binary, as people and machines use it.

mod beside_and_alone;
mod errors;
mod harness;
mod help;
mod kill;
mod restore;
mod running;
mod standing;
mod watching;
