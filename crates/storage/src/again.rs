//! A batch that was folded again, beside what the files have of it.

use accolade_engine::store::{Folded, NotCommitted};
use accolade_wire::bytes::{BadFormat, Cursor};
use accolade_wire::journal::PassedOver;
use accolade_wire::journal::difference::Difference;
use accolade_wire::record::{Record, Slice};

use crate::backing::Backing;
use crate::error::{Result, StorageError};
use crate::segment::Family;
use accolade_engine::error::in_full;

/// The body of the slice that keeps a batch's dead letters.
pub(crate) fn letters_body(folded: &Folded) -> Vec<u8> {
    let mut body = Vec::new();
    for (slot, record) in &folded.dead_letters {
        body.extend_from_slice(&slot.to_le_bytes());
        body.extend_from_slice(record);
    }
    body
}

/// The slice that keeps a batch's dead letters.
pub(crate) fn letters_slice<'a>(folded: &Folded, body: &'a [u8]) -> Slice<'a> {
    let (partition, batch) = (folded.partition, folded.batch);
    let count = u32::try_from(folded.dead_letters.len()).expect("fewer than the slots");
    Slice { partition, batch, flags: 0, count, body }
}

fn read_letters(slice: &Slice<'_>) -> std::result::Result<Vec<(u32, Vec<u8>)>, BadFormat> {
    let mut cursor = Cursor::new(slice.body, "dead letter");
    let mut letters = Vec::new();
    while !cursor.is_empty() {
        let slot = cursor.u32()?;
        let before = cursor.rest();
        Record::read(&mut cursor)?;
        letters.push((slot, before[..before.len() - cursor.rest().len()].to_vec()));
    }
    Ok(letters)
}

fn read_slice(bytes: &[u8]) -> std::result::Result<Slice<'_>, BadFormat> {
    Slice::read_unchecked(&mut Cursor::new(bytes, "slice"))
}

impl Backing {
    /// Compares a batch with what the journal has of it, and its dead letters too if `has_letters`. The
    /// checksums of the slices cover all their content, so what is the same is not read.
    pub(crate) fn compare(
        &self,
        folded: &Folded,
        has_letters: bool,
    ) -> std::result::Result<(), NotCommitted> {
        match self.find_difference(folded, has_letters) {
            Ok(None) => Ok(()),
            Ok(Some(difference)) => Err(NotCommitted::Differs(difference)),
            // What cannot be compared is not known to be the same: a person has to look.
            Err(unread @ (StorageError::Damaged { .. } | StorageError::UnknownFormat { .. })) => {
                let what = in_full(&unread);
                Err(NotCommitted::Differs(Difference { slot: 0, what }))
            }
            Err(error) => Err(NotCommitted::Store(error.into())),
        }
    }

    fn find_difference(&self, folded: &Folded, has_letters: bool) -> Result<Option<Difference>> {
        let Folded { partition, batch, .. } = *folded;
        let body = letters_body(folded);
        let letters = letters_slice(folded, &body);
        let letters = (letters.count > 0).then(|| letters.checksum());
        // Dead letters that are not there may have been removed since, with their time.
        let kept_letters =
            if has_letters { self.dead_letters.checksum(partition, batch)? } else { None };
        let is_same = self.journal.checksum(partition, batch)? == Some(folded.slice().checksum())
            && (kept_letters.is_none() || kept_letters == letters);
        if is_same {
            return Ok(None);
        }
        let Some(mut kept) = self.kept(partition, batch)? else {
            let what = "the journal does not hold the batch, and holds later ones";
            return Ok(Some(Difference { slot: 0, what: what.into() }));
        };
        if kept_letters.is_none() {
            kept.dead_letters.clone_from(&folded.dead_letters);
        }
        Ok(folded.difference(&kept))
    }

    /// What the files have of a batch.
    fn kept(&self, partition: u16, batch: u64) -> Result<Option<Folded>> {
        let Some(journal) = self.journal.read(partition, batch)? else { return Ok(None) };
        let letters = self.dead_letters.read(partition, batch)?.unwrap_or_default();
        let bad = |family: Family| {
            let folder = family.folder();
            move |bad: BadFormat| {
                let what = format!("batch {batch} of partition {partition}: {bad}");
                StorageError::damaged(folder, 0, what)
            }
        };
        let slice = read_slice(&journal).map_err(bad(Family::Journal))?;
        let letters = if letters.is_empty() {
            Ok(Vec::new())
        } else {
            read_slice(&letters).and_then(|slice| read_letters(&slice))
        };
        Ok(Some(Folded {
            partition,
            batch,
            count: slice.count,
            journal: slice.body.to_vec(),
            dead_letters: letters.map_err(bad(Family::DeadLetters))?,
        }))
    }

    /// What was passed over in a batch that the journal has.
    pub(crate) fn passed_over(&self, partition: u16, batch: u64) -> Result<Option<PassedOver>> {
        let Some(bytes) = self.journal.read(partition, batch)? else { return Ok(None) };
        let read = read_slice(&bytes).and_then(|slice| PassedOver::read(&slice));
        let damaged = |bad: BadFormat| {
            let what = format!("batch {batch} of partition {partition}: {bad}");
            StorageError::damaged(Family::Journal.folder(), 0, what)
        };
        read.map(Some).map_err(damaged)
    }
}
