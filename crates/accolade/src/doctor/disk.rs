//! The data directory: whether it is there, whose it is, what it holds, and how much room there is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::error::in_full;
use accolade_storage::disk::{RealDisk, free_bytes};
use accolade_storage::error::StorageError;
use accolade_storage::open::DATA_FORMAT;
use accolade_storage::packed::Packed;
use accolade_storage::segment::{
    Family, FrameHead, Position, SEGMENT_HEAD_BYTES, parse_segment_head, scan,
};
use accolade_storage::slices::PACKED_ENDING;
use accolade_storage::table_cache::TableCache;
use rustix::fs::{Access, FlockOperation, access, flock};
use tokio::net::UnixStream;

use super::clock::Clocks;
use super::{Findings, is_of_a_cluster};
use crate::config::Config;
use crate::hosting::SOCKET_FILE;
use crate::terminal::grouped;

const CHECK: &str = "disk";
/// [`SEGMENT_HEAD_BYTES`], as the length of a buffer.
const HEAD_BYTES: usize = 64;

/// Says whether a node runs over the directory.
pub(super) async fn examine(config: &Config, findings: &mut Findings, clocks: &mut Clocks) -> bool {
    let data_dir = &config.data_dir;
    let is_running = UnixStream::connect(data_dir.join(SOCKET_FILE)).await.is_ok();
    room(config, findings);
    if data_dir.is_dir() {
        whose(data_dir, is_running, findings);
        formats(data_dir, findings);
        if !is_of_a_cluster(config) {
            match last_logged(data_dir) {
                Ok(logged) => clocks.logged = logged,
                Err(error) => findings.error(
                    CHECK,
                    format!("the log cannot be read: {}", in_full(&error)),
                    "bring the directory back with `accolade restore`, or from a copy",
                ),
            }
        }
    }
    is_running
}

/// The directory itself, or the nearest one above it, in which it would be made.
fn nearest(data_dir: &Path) -> &Path {
    let exists = |path: &&Path| path.exists();
    let here = Path::new(".");
    let named = |path: &&Path| !path.as_os_str().is_empty();
    data_dir.ancestors().filter(named).find(exists).unwrap_or(here)
}

fn room(config: &Config, findings: &mut Findings) {
    let (data_dir, least) = (config.data_dir.display(), config.node.free_bytes_min);
    let nearest = nearest(&config.data_dir);
    if !nearest.is_dir() || access(nearest, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let found = format!("nothing can be written to `{}`", nearest.display());
        findings.error(CHECK, found, "give it to the user that runs the node, or set `data_dir`");
        return;
    }
    match free_bytes(nearest) {
        Ok(free) if free < least => findings.error(
            CHECK,
            format!(
                "{} bytes are free, less than `node.free_bytes_min`, {}",
                grouped(free),
                grouped(least)
            ),
            "make room: until then the node takes nothing in",
        ),
        Ok(free) => {
            let made =
                if config.data_dir.is_dir() { "is there" } else { "is made at the first start" };
            findings.ok(CHECK, format!("`{data_dir}` {made}, {} bytes are free", grouped(free)));
        }
        Err(error) => findings.error(
            CHECK,
            format!("how much room `{data_dir}` has cannot be told: {error}"),
            "see whether the disk is well",
        ),
    }
}

fn whose(data_dir: &Path, is_running: bool, findings: &mut Findings) {
    if is_running {
        findings.ok(CHECK, "a node runs over it");
        return;
    }
    // Not made where there is none: then nobody has it.
    let Ok(lock) = File::open(data_dir.join("LOCK")) else { return };
    if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
        findings.warning(
            CHECK,
            "another process has it, and no node answers there",
            "wait until the node has started or stopped, or the command is done",
        );
    }
}

/// The formats of the directory itself, or of its partitions in the cluster form.
fn formats(data_dir: &Path, findings: &mut Findings) {
    let inside = std::fs::read_dir(data_dir).into_iter().flatten().filter_map(Result::ok);
    let folders = inside.map(|entry| entry.path()).chain([data_dir.to_path_buf()]);
    let mut count = 0;
    for folder in folders {
        let Ok(text) = std::fs::read_to_string(folder.join("FORMAT")) else { continue };
        let path = folder.display();
        let number = text.strip_prefix("accolade data ");
        let found: Option<u32> = number.and_then(|number| number.trim().parse().ok());
        match found {
            Some(found) if found <= DATA_FORMAT => count += 1,
            Some(found) => findings.error(
                CHECK,
                format!("`{path}` has format {found}, and this release reads up to {DATA_FORMAT}"),
                "use the release that wrote it, or a later one",
            ),
            None => findings.error(
                CHECK,
                format!("`{path}/FORMAT` does not name a format"),
                "bring the directory back with `accolade restore`, or from a copy",
            ),
        }
    }
    if count > 0 {
        findings.ok(CHECK, format!("this release reads its format, {DATA_FORMAT}"));
    }
}

/// The time of the last frame of the embedded form's log; nothing is opened to be changed.
fn last_logged(data_dir: &Path) -> Result<Option<i64>, StorageError> {
    let folder = Family::Log.folder();
    let disk = RealDisk::open(data_dir).map_err(|source| StorageError::io(folder, source))?;
    let names = disk.list(folder).map_err(|source| StorageError::io(folder, source))?;
    let number = |name: &String| name.strip_suffix(PACKED_ENDING).unwrap_or(name).parse().ok();
    // A compressed segment's original may still be there, and work that a node has not finished.
    let sequences: BTreeSet<u64> = names.iter().filter_map(number).collect();
    for sequence in sequences.into_iter().rev() {
        if let Some(last) = last_of_segment(&disk, sequence)? {
            return Ok(Some(last));
        }
    }
    Ok(None)
}

fn last_of_segment(disk: &RealDisk, sequence: u64) -> Result<Option<i64>, StorageError> {
    let path = Family::Log.path(sequence);
    if let Some(file) = open_if_there(disk, &path)? {
        let len = file.len().map_err(|source| StorageError::io(&path, source))?;
        return last_frame(&mut |buffer, offset| file.read_at(buffer, offset), len, &path);
    }
    // Compressed before now, or since the folder was listed; or retention has removed it.
    let path = path + PACKED_ENDING;
    let Some(file) = open_if_there(disk, &path)? else { return Ok(None) };
    let packed = Packed::open(file, &TableCache::default())
        .map_err(|source| StorageError::io(&path, source))?;
    last_frame(&mut |buffer, offset| packed.read_at(buffer, offset), packed.raw_len(), &path)
}

fn open_if_there(disk: &RealDisk, path: &str) -> Result<Option<Arc<dyn DiskFile>>, StorageError> {
    match disk.open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StorageError::io(path, error)),
    }
}

fn last_frame(
    read: &mut dyn FnMut(&mut [u8], u64) -> std::io::Result<()>,
    len: u64,
    path: &str,
) -> Result<Option<i64>, StorageError> {
    let mut head = [0; HEAD_BYTES];
    if len < SEGMENT_HEAD_BYTES {
        return Ok(None);
    }
    read(&mut head, 0).map_err(|source| StorageError::io(path, source))?;
    // One that was allocated ahead has none.
    let Some(head) = parse_segment_head(&head, Family::Log, path)? else { return Ok(None) };
    let mut last = None;
    let mut each = |frame: &FrameHead, _: &Position, _: u64, _: &[u8]| {
        last = Some(frame.time.micros());
        Ok(())
    };
    scan(read, len, head, &mut each, path)?;
    Ok(last)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_that_a_running_node_takes_away_meanwhile_are_passed_by() {
        let data_dir = tempfile::tempdir().unwrap();
        let log = data_dir.path().join("log");
        std::fs::create_dir(&log).unwrap();
        // Listed, and not there when they are opened.
        for name in ["000000000001", "000000000001.zst.tmp", "000000000002.zst"] {
            symlink("/no/such/file", log.join(name)).unwrap();
        }
        assert_eq!(last_logged(data_dir.path()).unwrap(), None);
    }
}
