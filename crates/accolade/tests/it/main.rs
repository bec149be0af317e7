//! The real binary, as people and machines use it.

#[cfg(feature = "cluster")]
mod adopt;
mod api;
mod asking;
mod beside_and_alone;
mod binary;
#[cfg(feature = "cluster")]
mod cluster;
mod descriptors;
mod doctor;
mod elsewhere;
mod errors;
mod harness;
mod help;
mod importing;
mod kill;
#[cfg(all(feature = "cluster", feature = "postgres", feature = "redis"))]
mod outlets;
mod restore;
mod running;
mod scenarios;
#[cfg(all(feature = "cluster", feature = "postgres", feature = "redis"))]
mod schemas;
mod standing;
#[cfg(all(feature = "cluster", feature = "postgres", feature = "redis"))]
mod table;
mod watching;
