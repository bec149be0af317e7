//! What is taken out whole: everything held about a player as one archive, and the operator's ledger by time range.
//!
//! Both are made while they go out, in bounded memory, by a thread of their own. What is of another node comes from
//! it line by line.

mod archive;
mod csv;
mod history;
mod ledger;
mod outgoing;

pub(crate) use self::archive::player;
pub(crate) use self::history::for_another_node as history_for_another_node;
pub(crate) use self::ledger::{for_another_node as ledger_for_another_node, operator};
pub(crate) use self::outgoing::Exports;

use std::io;
use std::time::Duration;

use accolade_storage::error::StorageError;
use accolade_storage::host::NotHere;
use accolade_wire::bytes::BadFormat;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;
use crate::topics::{Gone, Lines};

/// Another node may look for so long without a line.
const SILENT_MAX: Duration = Duration::from_mins(10);

/// Why an export ends before its end.
#[derive(Debug)]
enum Ended {
    /// Whoever asked has gone, or takes nothing any more.
    Gone,
    Failed(Box<Problem>),
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Failed(Box::new(problem))
    }
}

impl From<NotHere> for Ended {
    fn from(not_here: NotHere) -> Self {
        Problem::from(not_here).into()
    }
}

impl From<StorageError> for Ended {
    fn from(error: StorageError) -> Self {
        Problem::from(error).into()
    }
}

impl From<BadFormat> for Ended {
    fn from(error: BadFormat) -> Self {
        StorageError::bad("journal", 0, error).into()
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Gone,
            _ => Problem::from(error).into(),
        }
    }
}

impl From<Gone> for Ended {
    fn from(Gone: Gone) -> Self {
        Self::Gone
    }
}

/// Takes what is exported, line by line, in files one after the other.
trait Takes {
    /// Begins the next file.
    fn file(&mut self, name: &str) -> Result<(), Ended>;
    /// A line of the file, without its end.
    fn line(&mut self, line: &str) -> Result<(), Ended>;
    /// Whether nobody takes any more.
    fn is_gone(&self) -> bool;
}

/// What one node tells another of an export.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Told {
    /// There is no such player.
    Missing,
    /// There is, and a file follows.
    File(String),
    Line(String),
    /// That was all.
    End,
}

impl Takes for Lines {
    fn file(&mut self, name: &str) -> Result<(), Ended> {
        Ok(self.send(&Told::File(name.to_owned()))?)
    }

    fn line(&mut self, line: &str) -> Result<(), Ended> {
        Ok(self.send(&Told::Line(line.to_owned()))?)
    }

    fn is_gone(&self) -> bool {
        self.is_closed()
    }
}

/// Reads a line of another node.
fn read_told(line: Option<&[u8]>) -> io::Result<Told> {
    let line = line.ok_or_else(|| io::Error::other("the other node's export broke off"))?;
    Ok(serde_json::from_slice(line)?)
}

/// Says that all was told, or that it was not.
fn tell_end(lines: &Lines, what: &str, done: Result<(), Ended>) {
    match done {
        // Whoever has gone needs to hear nothing.
        Ok(()) => drop(lines.send(&Told::End)),
        Err(Ended::Gone) => {}
        Err(Ended::Failed(problem)) => {
            tracing::error!(detail = %problem.detail, "{what} could not be exported to its end");
        }
    }
}
