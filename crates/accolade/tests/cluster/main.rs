//! Nodes of a cluster as real processes over real brokers and object storage, while parts of it fail.
//!
//! `make cluster-test` runs them; services are started by `scripts/services`, in an instance of their own.

#[path = "../it/binary.rs"]
mod binary;
mod faults;
mod http;
mod load;
mod outputs;
mod processes;
mod proxy;
mod tables;
mod webhooks;
