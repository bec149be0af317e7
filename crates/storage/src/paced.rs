//! Files that are written beside the log: in small steps, each made durable, so that what the log's own sync finds
//! in front of it at the disk is never more than one step.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use accolade_engine::disk::DiskFile;

/// Bytes of a step: a disk has them within a millisecond.
pub(crate) const STEP_BYTES: usize = 512 << 10;

/// A file that is written in steps.
#[derive(Debug)]
struct Paced {
    file: Arc<dyn DiskFile>,
    /// Bytes that were written since the last sync.
    unsynced: AtomicUsize,
}

/// The same file, for one thread that writes much of it.
pub(crate) fn paced(file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
    Arc::new(Paced { file, unsynced: AtomicUsize::new(0) })
}

impl DiskFile for Paced {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        for (step, at) in bytes.chunks(STEP_BYTES).zip((offset..).step_by(STEP_BYTES)) {
            self.file.write_at(step, at)?;
            let unsynced = self.unsynced.fetch_add(step.len(), Ordering::Relaxed) + step.len();
            if unsynced >= STEP_BYTES {
                self.sync()?;
            }
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.unsynced.store(0, Ordering::Relaxed);
        self.file.sync()
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn expect_scattered_reads(&self) {
        self.file.expect_scattered_reads();
    }

    fn will_read(&self, offset: u64, length: u64) {
        self.file.will_read(offset, length);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Notes the bytes that were not durable, and the most there ever were.
    #[derive(Debug, Default)]
    struct Noting(Mutex<(Vec<u8>, usize, usize)>);

    impl DiskFile for Noting {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
            let from = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&self.0.lock().unwrap().0[from..from + buffer.len()]);
            Ok(())
        }
        fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
            let (content, unsynced, most) = &mut *self.0.lock().unwrap();
            assert_eq!(content.len(), usize::try_from(offset).unwrap(), "one step after the other");
            content.extend_from_slice(bytes);
            *unsynced += bytes.len();
            *most = (*most).max(*unsynced);
            Ok(())
        }
        fn sync(&self) -> io::Result<()> {
            self.0.lock().unwrap().1 = 0;
            Ok(())
        }
        fn len(&self) -> io::Result<u64> {
            Ok(self.0.lock().unwrap().0.len() as u64)
        }
        fn set_len(&self, _: u64) -> io::Result<()> {
            unreachable!("nobody cuts it")
        }
    }

    #[test]
    fn no_more_than_two_steps_wait_for_the_disk_however_much_is_written() {
        let noting = Arc::new(Noting::default());
        let file = paced(Arc::clone(&noting) as Arc<dyn DiskFile>);
        let mut written = Vec::new();
        for length in [1, STEP_BYTES - 2, 3, 5 * STEP_BYTES + 7, 0, 9, STEP_BYTES, 100] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            file.write_at(&bytes, written.len() as u64).unwrap();
            written.extend_from_slice(&bytes);
        }
        let mut read = vec![0; written.len()];
        file.read_at(&mut read, 0).unwrap();
        assert_eq!(read, written);
        assert!(noting.0.lock().unwrap().2 < 2 * STEP_BYTES);
        file.sync().unwrap();
        assert_eq!(noting.0.lock().unwrap().1, 0);
    }
}
