//! The SQL projection: balances, ledger, dead letters and game events as tables of `PostgreSQL`, for reports and for
//! services that read SQL today.
//!
//! It reads the journal batch after batch and keeps its place in the database, in the transaction of the
//! rows themselves; so each row is there once, whatever fails on either side. It never holds the node
//! back: where the database is slow or away, it lags and says by how much. Nothing reads the tables to
//! decide anything; they can be dropped at any time and are rebuilt.
#![warn(missing_docs)]

mod catalogue;
pub mod error;
mod group;
pub mod inspect;
mod jsonb;
mod leaders;
mod played;
pub mod rebuild;
mod rows;
mod schema;
pub mod settings;
pub mod sink;
mod tls;
mod told;
mod writing;
