//! The API over a real node: what goes in, what comes out, and what is refused.

mod every_route;
mod harness;

mod bad_input;
mod cloud_events;
mod cluster;
mod compression;
mod connections;
mod cors;
mod dead_letters;
mod description;
mod dry_run;
mod encodings;
mod fairness;
mod first_key;
mod hostile;
mod idempotency;
mod intake;
mod keys;
mod local;
mod many_letters;
mod nobody;
mod oidc;
mod outlets;
mod outputs;
mod players;
mod program;
mod readiness;
mod request_ids;
mod rising;
mod roles;
mod serving;
mod tenancy;
mod traces;
mod trail;
mod wire;
