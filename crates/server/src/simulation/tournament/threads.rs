//! What is read is looked at by several threads, and taken in by one, in the order in which it was read.

use std::sync::mpsc::sync_channel;
use std::thread;

use accolade_storage::priority::give_way;
use tokio::runtime::Handle;

use super::super::Ending;
use super::reading::{Batch, Reader};

/// So many lots of batches wait before each thread, and behind it.
const WAITING: usize = 1;

/// How many threads look at batches: as many as there are processors, and no more than this. They take little of what others
/// want.
const THREADS_MAX: usize = 8;

/// Reads all there is. `look` is called by several threads, `take` by this one.
///
/// The reader is given back once all was taken in.
pub(super) fn run<L: Send>(
    reader: Reader,
    look: impl Fn(Vec<Batch>) -> Result<L, Ending> + Sync,
    mut take: impl FnMut(L) -> Result<(), Ending>,
) -> Result<Reader, Ending> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(THREADS_MAX);
    // Files may lie elsewhere, and are then fetched by the runtime.
    let handle = Handle::current();
    thread::scope(|scope| {
        let (mut to_lookers, mut looked) = (Vec::new(), Vec::new());
        for _ in 0..threads {
            let (to_looker, batches) = sync_channel::<Result<Vec<Batch>, Ending>>(WAITING);
            let (looked_at, found) = sync_channel(WAITING);
            let look = &look;
            scope.spawn(move || {
                give_way(true);
                for batches in batches {
                    if looked_at.send(batches.and_then(look)).is_err() {
                        return;
                    }
                }
            });
            to_lookers.push(to_looker);
            looked.push(found);
        }
        let reading = scope.spawn(move || {
            let _entered = handle.enter();
            let mut reader = reader;
            for to_looker in to_lookers.iter().cycle() {
                let batches = reader.next();
                let (is_over, has_failed) =
                    (batches.as_ref().is_ok_and(Vec::is_empty), batches.is_err());
                // Nobody hears any more where whoever takes in has failed.
                if is_over || to_looker.send(batches).is_err() || has_failed {
                    break;
                }
            }
            reader
        });
        for found in looked.iter().cycle() {
            // All of them end together.
            let Ok(found) = found.recv() else { break };
            take(found?)?;
        }
        drop(looked);
        Ok(reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
