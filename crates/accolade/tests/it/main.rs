//! The real binary, as people and machines use it.

#[cfg(feature = "cluster")]
mod adopt;
mod beside_and_alone;
mod doctor;
mod errors;
mod harness;
mod help;
mod kill;
mod restore;
mod running;
mod standing;
mod watching;
