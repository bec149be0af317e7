//! What can go wrong with a data directory, by what the reader can do about it.

use std::io;
use std::path::PathBuf;

use accolade_engine::rules::Unknown;
use accolade_wire::bytes::BadFormat;

/// A failure of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The operating system refused; whether trying again helps is for it to say.
    #[error("the file `{path}` could not be read or written")]
    Io {
        /// The file, relative to the data directory.
        path: String,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// Something failed that is not about one file.
    #[error("{what}")]
    Other {
        /// What failed.
        what: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Bytes that were durable have changed: restore them from a copy.
    #[error("the file `{path}` is damaged at byte {offset}: {what}")]
    Damaged {
        /// The file, relative to the data directory.
        path: String,
        /// Where.
        offset: u64,
        /// What was found.
        what: String,
    },
    /// Something has a format that this release does not know: use the one that wrote it, or a later one.
    #[error(
        "the file `{path}` cannot be read at byte {offset}: {what}: start the release that wrote it, or \
         a later one"
    )]
    UnknownFormat {
        /// The file, relative to the data directory.
        path: String,
        /// Where.
        offset: u64,
        /// What it is, with the format that was found and the one that is known.
        what: BadFormat,
    },
    /// The directory was written by a later release: use that one.
    #[error(
        "the data directory has format {found}, and this release reads up to format {known}: \
         start it with the release that wrote it, or a later one"
    )]
    Newer {
        /// The directory's format.
        found: u32,
        /// The highest format that this release reads.
        known: u32,
    },
    /// The directory's partitions have folded control records of a later release: use that one.
    #[error("the data directory was written by a newer release")]
    NewerRules(#[source] Unknown),
    /// Another process has the directory.
    #[error("the data directory `{0}` is in use by another process")]
    InUse(PathBuf),
    /// The clock has moved too far from the log's time: a person must say which is right.
    #[error(
        "the clock says {now} and the log says {log}, which is more than an hour apart: \
         set the clock right, or confirm the step with `--accept-clock-step`"
    )]
    ClockStep {
        /// The clock's time.
        now: String,
        /// The log's time.
        log: String,
    },
}

impl StorageError {
    /// A failure of the operating system on `path`.
    pub fn io(path: impl Into<String>, source: io::Error) -> Self {
        Self::Io { path: path.into(), source }
    }

    /// A failure that is not about one file.
    pub const fn other(what: &'static str, source: io::Error) -> Self {
        Self::Other { what, source }
    }

    /// Bytes at `offset` of `path` that are not what they should be.
    pub fn bad(path: impl Into<String>, offset: u64, bad: BadFormat) -> Self {
        match bad {
            BadFormat::Invalid(_) => Self::damaged(path, offset, bad.to_string()),
            BadFormat::Unknown { .. } => {
                Self::UnknownFormat { path: path.into(), offset, what: bad }
            }
        }
    }

    /// Damage at `offset` of `path`.
    pub fn damaged(path: impl Into<String>, offset: u64, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), offset, what: what.into() }
    }
}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Io { source, path } => {
                Self::new(source.kind(), format!("`{path}`: {source}"))
            }
            StorageError::Other { source, what } => {
                Self::new(source.kind(), format!("{what}: {source}"))
            }
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// The result of an operation on a data directory.
pub type Result<T> = std::result::Result<T, StorageError>;
