//! The projection against a real server: `ACCOLADE_TEST_REDIS`, or the one of `make cluster-up`. Where it does not answer,
//! the tests fail.

mod cluster;
mod failures;
mod games;
#[path = "../../../postgres/tests/it/house.rs"]
#[expect(dead_code, reason = "nobody asks for the ledger here")]
mod house;
mod keys;
mod own_server;
mod races;
mod rebuilt;
mod statistics;
mod tls;
mod tournaments;
mod view;
