//! What may go wrong between the journal and Redis.

use std::io;

use accolade_engine::error::in_full;
use accolade_projections::batch::Held;
use accolade_projections::sink::Failed;
use redis::RedisError;

/// Why the projection does not go on at this moment. All but [`Error::Settings`] are tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is wrong.
    #[error("{0}")]
    Settings(String),
    /// Redis refused, or went away.
    #[error("Redis: {}", in_full(.0))]
    Redis(#[from] RedisError),
    /// The keys are another cluster's.
    #[error(
        "the keys belong to the cluster `{0}`: set another `redis.prefix` and another `redis.progress_key` for this one"
    )]
    OtherCluster(String),
    /// The keys have other names.
    #[error(
        "the keys were written under other names, or in other databases, than `[redis]` says now: `accolade projection \
         rebuild redis` writes them under these, and leaves the others"
    )]
    OtherNames,
    /// Several operators would have the same keys.
    #[error(
        "`redis.prefix` has no `{{operator}}`, and there are several operators, whose keys would be the same"
    )]
    SameNames,
    /// It was emptied again and again, or somebody else writes it.
    #[error("it was begun anew a moment ago, and what was written is gone again, or another's")]
    GoneAgain,
    /// The state is not here.
    #[error("the state of partition {0} is not here at this moment")]
    NotHere(u16),
    /// The state cannot be read.
    #[error("the state of partition {0} cannot be read: {1}")]
    State(u16, io::Error),
    /// What it answered is not what was asked for.
    #[error("Redis has answered something else than was asked for: {0}")]
    Answer(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Away(error.to_string())
    }
}

impl From<Error> for Held {
    fn from(error: Error) -> Self {
        Self::Stands(error.to_string())
    }
}

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;
