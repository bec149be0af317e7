//! What the thread that takes a partition does around the steps of a takeover.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use accolade_engine::disk::Disk;
use accolade_engine::ordered::{AppendFailed, Place};
use accolade_storage::descriptors::Descriptors;
use accolade_storage::disk::RealDisk;
use accolade_storage::error::{Result as Stored, StorageError};
use accolade_storage::open::Options;
use accolade_storage::ship::Fetch;
use accolade_wire::order::Order;

use crate::driver::keeper::Keeper;
use crate::driver::seat::Live;
use crate::driver::takeover::{Around, Disks, NotTaken, Step, Takeover};
use crate::node::{Inner, lock};

/// How long a claim's acknowledgement is waited for, before another is made.
const CLAIM_PATIENCE: Duration = Duration::from_secs(40);
/// How often a partition that stands looks for what lets it go on.
const STANDING_PATIENCE: Duration = Duration::from_millis(20);

/// Takes the partition, for as long as it is wanted here.
pub(crate) fn take(inner: &Arc<Inner>, partition: u16) -> Result<(Live, Keeper), NotTaken> {
    let mut takeover = Takeover::new(partition);
    let disks = Folders {
        data_dir: inner.options.data_dir.join("partitions"),
        descriptors: inner.options.descriptors.clone(),
    };
    let mut is_standing = false;
    loop {
        if !inner.wants(partition) {
            return Err(NotTaken::NotWanted);
        }
        inner.untaken.is_at(partition, takeover.doing());
        let around = Around {
            node: &inner.options.name,
            log: &*inner.log,
            objects: &inner.objects,
            cache: &inner.cache,
            fetch: Fetch::default(),
            disks: &disks,
            files: Options {
                filter_bytes_max: inner.options.filter_bytes_max / inner.seats.len() as u64,
                ..inner.options.files.clone()
            },
            log_bytes_max: inner.options.log_bytes_max / inner.seats.len() as u64,
            control: &inner.control,
            shared: &inner.shared,
            owner: inner.owner(partition),
            passed: inner.clock.passed(),
        };
        match takeover.step(&around, &mut ())? {
            Step::Claim(claim) => {
                inner.untaken.is_at(partition, takeover.doing());
                let appended = append(inner, partition, &claim);
                tracing::info!(partition, epoch = claim.epoch(), ?appended, "claimed");
                takeover.acknowledged(appended)?;
                inner.retire(partition);
            }
            Step::Waits => unreachable!("it was told what became of its claim"),
            Step::WantsControl(to) => inner.wait_for_control(to)?,
            Step::Opened(_) | Step::Fetched => {}
            Step::Folded { batch, effects, .. } => {
                if std::mem::take(&mut is_standing) {
                    inner.stands(partition, None);
                }
                let home = takeover.home().expect("it has just folded");
                for effect in effects {
                    inner.carry_out(partition, effect, home.backing());
                }
                lock(&inner.watches[usize::from(partition)]).folded(batch.origins, Vec::new());
            }
            Step::Stands { place, message } => {
                is_standing = true;
                inner.stands(partition, Some((place, message)));
                std::thread::sleep(STANDING_PATIENCE);
            }
            Step::CameSecond => tracing::info!(partition, "another claim came first"),
            Step::Owned(live, keeper) => return Ok((*live, *keeper)),
        }
    }
}

/// Appends a claim and waits for what becomes of it.
fn append(inner: &Inner, partition: u16, claim: &Order) -> Result<Place, AppendFailed> {
    let mut bytes = Vec::new();
    claim.write(&mut bytes);
    let (tell, told) = mpsc::sync_channel(1);
    let done = move |appended| {
        // Whoever waited may have given up.
        tell.send(appended).ok();
    };
    inner.log.append(partition, &bytes, Box::new(done));
    told.recv_timeout(CLAIM_PATIENCE)
        .unwrap_or_else(|_| Err(AppendFailed("the claim was not acknowledged in time".into())))
}

/// A folder for each partition.
struct Folders {
    data_dir: PathBuf,
    descriptors: Descriptors,
}

impl Folders {
    fn folder(&self, partition: u16) -> PathBuf {
        self.data_dir.join(format!("p{partition:04}"))
    }
}

impl Disks for Folders {
    fn open(&self, partition: u16) -> Stored<Arc<dyn Disk>> {
        let folder = self.folder(partition);
        let io = |error| StorageError::io(folder.display().to_string(), error);
        std::fs::create_dir_all(&folder).map_err(io)?;
        let disk = RealDisk::open(&folder).map_err(io)?;
        disk.go_on_removing().map_err(io)?;
        Ok(self.descriptors.over(Arc::new(disk)))
    }

    fn replace(&self, partition: u16) -> Stored<Arc<dyn Disk>> {
        let folder = self.folder(partition);
        std::fs::remove_dir_all(&folder)
            .map_err(|error| StorageError::io(folder.display().to_string(), error))?;
        self.open(partition)
    }
}
