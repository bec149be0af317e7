//! Everything stored says its format, and one that is not known is refused by its number.

use std::path::Path;
use std::sync::Arc;

use accolade_engine::disk::Disk;
use accolade_storage::checkpoint::{Manifest, read_ids};
use accolade_storage::disk::RealDisk;
use accolade_storage::error::StorageError;
use accolade_storage::packed::Packed;
use accolade_storage::run;
use accolade_storage::segment::{FRAME_HEAD_BYTES, Family, SEGMENT_HEAD_BYTES};
use accolade_storage::ship::{List, read_shipped};
use accolade_storage::table_cache::TableCache;
use accolade_wire::bytes::{BadFormat, Cursor};

use crate::segments::{on_disk, recovered};

fn is_refused(refused: &dyn std::error::Error, what: &str) {
    let mut words = refused.to_string();
    let mut source = refused.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    let expected = format!("a {what} has format 9, and this release knows format 1");
    assert!(words.contains(&expected), "{words}");
}

fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

/// A file that consists of a table and what leads to it.
fn file_of_table(folder: &Path, table: &[u8]) -> Arc<dyn accolade_engine::disk::DiskFile> {
    let mut bytes = table.to_vec();
    bytes.extend_from_slice(&0_u64.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(table.len()).unwrap().to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(table).to_le_bytes());
    std::fs::write(folder.join("table"), bytes).unwrap();
    RealDisk::open(folder).unwrap().open("table").unwrap()
}

#[test]
fn values_and_small_files() {
    is_refused(&Manifest::read(&mut Cursor::new(&[9], "checkpoint")).unwrap_err(), "manifest");
    is_refused(&read_ids(&[9], &mut |_, _| ()).unwrap_err(), "list of ids");
    let list = List::read("p0001/lists/1", &with_checksum(vec![9])).unwrap_err();
    is_refused(&list, "list of a checkpoint");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("SHIPPED"), with_checksum(vec![9])).unwrap();
    let disk = RealDisk::open(folder.path()).unwrap();
    is_refused(&read_shipped(&disk).unwrap_err(), "name of a list");
    let file = file_of_table(folder.path(), &[9; 13]);
    is_refused(
        &Packed::open(Arc::clone(&file), &TableCache::default()).unwrap_err(),
        "compressed segment",
    );
    is_refused(&run::open(&file, 1, &|_| true).unwrap_err(), "sealed run");
}

/// Changes a closed segment of the log, and says why it cannot be opened or read.
fn changed(change: impl Fn(&mut [u8])) -> StorageError {
    let mut refused = None;
    on_disk(|disk, _| {
        drop(recovered(disk).unwrap());
        let file = disk.open(&Family::Log.path(1)).unwrap();
        let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
        file.read_at(&mut bytes, 0).unwrap();
        change(&mut bytes);
        file.write_at(&bytes, 0).unwrap();
        refused = recovered(disk).and_then(|(slices, _)| slices.read(0, 1)).err();
    });
    refused.expect("an unknown format is refused")
}

fn seal(bytes: &mut [u8], frame_at: usize) {
    let frame = &mut bytes[frame_at..];
    let length = u32::from_le_bytes(frame[..4].try_into().unwrap()) as usize;
    let rest = &frame[8..FRAME_HEAD_BYTES + length];
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&frame[..4]), rest);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
}

#[test]
fn a_segment_its_frames_and_its_index() {
    let first = usize::try_from(SEGMENT_HEAD_BYTES).unwrap();
    let head = changed(|bytes| {
        bytes[8] = 9;
        let checksum = crc32c::crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
    });
    is_refused(&head, "segment");
    let frame = changed(|bytes| {
        bytes[first + 12] = 9;
        seal(bytes, first);
    });
    is_refused(&frame, "frame");
    let slice = changed(|bytes| {
        bytes[first + FRAME_HEAD_BYTES + 4] = 9;
        seal(bytes, first);
    });
    is_refused(&slice, "slice");
    let index = changed(|bytes| {
        let closing = bytes.len() - 40;
        let at = u64::from_le_bytes(bytes[closing + 8..closing + 16].try_into().unwrap());
        let length = u32::from_le_bytes(bytes[closing + 28..closing + 32].try_into().unwrap());
        let summary = closing - length as usize;
        bytes[summary] = 9;
        let checksum = crc32c::crc32c(&bytes[summary..closing]);
        bytes[closing + 32..closing + 36].copy_from_slice(&checksum.to_le_bytes());
        let checksum = crc32c::crc32c(&bytes[closing..closing + 36]);
        bytes[closing + 36..].copy_from_slice(&checksum.to_le_bytes());
        seal(bytes, usize::try_from(at).unwrap());
    });
    is_refused(&index, "index of a segment");
}

#[test]
fn what_is_only_damaged_says_nothing_of_formats() {
    let bad = read_ids(&[1, 7], &mut |_, _| ()).unwrap_err();
    assert_eq!(bad, BadFormat::Invalid("list of ids"));
}
