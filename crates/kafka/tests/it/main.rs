//! The log against a real broker: `make cluster-up` starts one. Its addresses are taken from
//! `ACCOLADE_TEST_KAFKA`.

mod contract;
mod foreign;
mod harness;
mod measure;
mod outputs;
mod secure;
mod sharing;
mod topics;
