//! The chain of an embedded node whose directory a cluster adopts.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::objects::Objects;

use super::elsewhere::chain_prefix;
use super::{FOLDER, SEGMENT_BYTES, TrailChain};
use crate::disk::RealDisk;
use crate::error::{Result, StorageError};
use crate::node::now;
use crate::segment::Family;
use crate::ship::{Shipper, Taken};

/// Ships the whole chain of the data directory at `data_dir`, where nodes find it as that of one that is no more. What
/// was shipped of it before is replaced. The directory is left as it is: `work`, where there is nothing yet, gets a
/// copy. Returns the time of the last record; nothing where there is none.
pub fn ship_whole(
    data_dir: &Path,
    work: &Path,
    objects: &Arc<dyn Objects>,
) -> Result<Option<Timestamp>> {
    let io = |source| StorageError::io(FOLDER, source);
    copy(&data_dir.join(FOLDER), work).map_err(io)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(work).map_err(io)?);
    let chain = TrailChain::open(Arc::clone(&disk), SEGMENT_BYTES, "")?;
    let Some(end) = chain.end() else { return Ok(None) };
    let prefix = chain_prefix(end.chain);
    for object in objects.list(&format!("{prefix}/")).map_err(io)? {
        objects.remove(&object.key).map_err(io)?;
    }
    let taken = Taken::take_trail(&*disk, chain.position(), end.at, Vec::new(), None)?;
    let prefix = format!("{prefix}/{:016x}", now().micros());
    Shipper::new(Arc::clone(objects), prefix, disk, None).upload(&taken, now()).map_err(io)?;
    Ok(Some(end.at))
}

/// Copies the files of the chain in `from`, of which there may be none.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let (from, to) = (from.join(Family::Trail.folder()), to.join(Family::Trail.folder()));
    fs::create_dir_all(&to)?;
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}
