//! The HTTP API over a node: intake, queries, the program, dead letters, and the local routes of the
//! command line.
//!
//! It decides nothing about points: what a request asks for becomes a record of the log, and what is
//! answered was decided by the fold or recorded in the journal.

mod service;
mod router;
mod serve;
mod tenant;
mod rate;
mod problem;
mod parameters;
mod body;
mod shapes;
mod submit;
mod idempotency;
mod intake;
mod lookup;
mod explanation;
mod players;
mod ledger;
mod program;
mod zone;
mod dead_letters;
mod health;
mod description;
mod local;
mod topics;
mod audit;

pub use self::router::{api, local};
pub use self::serve::{serve_tcp, serve_unix};
pub use self::service::{Service, Settings};
