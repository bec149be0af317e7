//! The HTTP API over a node, of either form: intake, queries, the program, dead letters, and the local routes of the
//! command line.
//!
//! It decides nothing about points: what a request asks for becomes a record of the log, and what is
//! answered was decided by the fold or recorded in the journal.

mod adjustments;
mod arrival;
mod asked;
mod audit;
mod balance;
mod behaviour;
mod body;
mod budgets;
mod call;
mod cloud_events;
mod cluster;
mod compression;
mod connection;
mod cors;
mod credentials;
mod cursor;
mod dead_letters;
mod description;
mod dry_run;
mod encoding;
mod exclusions;
mod explanation;
mod export;
mod fields;
mod filling;
mod first_key;
mod health;
mod host;
mod idempotency;
mod intake;
mod keys;
mod leaderboards;
mod ledger;
mod live;
mod lock;
mod lookup;
mod moves;
mod oidc;
pub mod outlets;
pub mod outputs;
mod parameters;
mod past;
mod play;
mod player_tokens;
mod players;
mod principal;
mod problem;
mod program;
mod rate;
mod recurring;
mod redemptions;
mod request_id;
mod requests;
mod rewards;
pub mod roles;
mod router;
pub mod routes;
mod sealing;
mod secret;
mod serve;
mod service;
mod settlement;
mod shapes;
mod shares;
mod signals;
mod simulation;
mod statistics;
mod strangers;
mod submit;
mod summary;
mod topics;
mod tournaments;
mod traces;
mod traffic;
mod trail;
mod uses;
mod webhooks;
pub mod zone;

pub use self::arrival::AccessLog;
pub use self::cluster::{BadSecret, Neighbours};
pub use self::connection::{
    BadBound, BadProxies, BadTls, Bounds, Front, Listener, Peer, Proxies, Tls, TlsFiles,
};
pub use self::credentials::Lent;
pub use self::leaderboards::past::{KeepingLeaderboards, Keeps};
pub use self::oidc::{BadTrust, Grant, Oidc, Published, Trusted};
pub use self::router::{api, local, nodes};
pub use self::serve::{serve_tcp, serve_unix};
pub use self::service::{MOVES_EVERY_MS, Service, Settings};
pub use self::traces::{BadTraces, TraceSettings, Traces};
pub use self::trail::{DeniedMax, Thresholds};
