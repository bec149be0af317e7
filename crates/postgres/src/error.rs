//! What may go wrong between the journal and the database.

use accolade_engine::error::in_full;
use accolade_projections::sink::Failed;

/// Why the projection does not go on at this moment. All but [`Error::Settings`] are tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting is wrong.
    #[error("{0}")]
    Settings(String),
    /// The database refused, or went away.
    #[error("{}", in_words(.0))]
    Database(tokio_postgres::Error),
    /// The database does not answer.
    #[error("the database has not answered for {0} seconds")]
    TimedOut(u64),
    /// The tables hold the rows of another cluster.
    #[error("the tables belong to the cluster `{0}`: name another schema for this one")]
    OtherCluster(String),
    /// The database cannot hold every text.
    #[error(
        "the database's encoding is `{0}`, in which not every name can be written: one with `ENCODING \
         'UTF8'` is needed"
    )]
    Encoding(String),
    /// A later release has changed the tables.
    #[error("the tables have version {0}, which a later release has made: use that release")]
    Newer(i32),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

/// Classes of the server's errors that the rows themselves have brought about: data and constraints.
const OF_ROWS: [&str; 2] = ["22", "23"];

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let is_of_rows = match &error {
            Error::Database(error) => error
                .code()
                .is_some_and(|code| OF_ROWS.iter().any(|class| code.code().starts_with(class))),
            Error::Settings(_)
            | Error::TimedOut(_)
            | Error::OtherCluster(_)
            | Error::Encoding(_)
            | Error::Newer(_) => false,
        };
        let why = in_full(&error);
        if is_of_rows { Self::Refused(why) } else { Self::Away(why) }
    }
}

/// What this crate's functions return.
pub type Result<T> = std::result::Result<T, Error>;

/// The driver says no more than "db error" by itself; what the server said is behind it.
fn in_words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("the database says: {}", said.message()),
        None => in_full(error),
    }
}
