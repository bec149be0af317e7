//! The control records, which every node reads from the first on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accolade_engine::rules::{Rules, RulesHistory, Unknown};
use accolade_wire::control::Control;
use accolade_wire::record::{Kind, Record};

use crate::inbox::Piece;

#[derive(Debug, Default)]
struct Book {
    /// Offset, kind of what it does, and the record as `Record::write` writes it.
    records: Vec<(i64, Vec<u8>)>,
    /// Those that say what is to be passed over.
    skips: Piece,
    rules: Arc<Rules>,
    /// Behind the first record that only a newer release can carry out, none counts here: partitions
    /// stand at it.
    unknown: Option<Unknown>,
}

/// All control records so far, and the rules that they make.
#[derive(Debug, Default)]
pub struct ControlBook(Mutex<Book>);

impl ControlBook {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the next record; one that is there already is left out.
    pub fn add(&self, offset: i64, record: &Record<'_>, history: &RulesHistory) {
        let mut book = self.book();
        if book.records.last().is_some_and(|(last, _)| *last >= offset) {
            return;
        }
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        if matches!(Control::read(record.body), Ok(Control::Skip { .. })) {
            let (bytes, stretches) = (bytes.clone(), vec![(offset, 1)]);
            book.skips.append(&Piece { bytes, count: 1, stretches, to: offset + 1 });
        }
        book.records.push((offset, bytes));
        if record.kind == Kind::Control && book.unknown.is_none() {
            match history.after(&book.rules, record.body, record.received_at) {
                Ok((rules, _)) => book.rules = rules,
                Err(unknown) => {
                    tracing::error!(offset, %unknown, "the rules stand");
                    book.unknown = Some(unknown);
                }
            }
        }
    }

    /// The rules after all records so far.
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.book().rules)
    }

    /// What made the rules stand, if they do.
    pub fn unknown(&self) -> Option<Unknown> {
        self.book().unknown.clone()
    }

    /// The offset after the last record.
    pub fn end(&self) -> i64 {
        self.book().records.last().map_or(0, |(offset, _)| offset + 1)
    }

    /// The records so far that say what is to be passed over.
    pub(crate) fn skips(&self) -> Piece {
        self.book().skips.clone()
    }

    /// The records from offset `from` up to `to`.
    pub fn between(&self, from: i64, to: i64) -> Piece {
        let book = self.book();
        let first = book.records.partition_point(|(offset, _)| *offset < from);
        let mut piece = Piece { to: from, ..Piece::default() };
        for (offset, bytes) in book.records[first..].iter().take_while(|(offset, _)| *offset < to) {
            let one = Piece {
                bytes: bytes.clone(),
                count: 1,
                stretches: vec![(*offset, 1)],
                to: offset + 1,
            };
            piece.append(&one);
        }
        piece
    }
}
