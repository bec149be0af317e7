//! The projection against a real server: `ACCOLADE_TEST_POSTGRES`, or the one of `make cluster-up`. Where
//! it does not answer, the tests fail.

mod failures;
mod house;
mod leaders;
mod own_server;
mod played;
mod queries;
#[path = "../../../redis/tests/it/races.rs"]
#[expect(dead_code, reason = "nobody plays under load here")]
mod races;
mod rewards;
mod rows;
#[path = "../../../wire/tests/it/samples.rs"]
mod samples;
mod tables;
mod tenants;
mod tls;
mod told;
