//! A journal that cannot be written, and a checkpoint at the same moment.

use std::sync::Arc;

use accolade_engine::error::in_full;
use accolade_storage::disk::RealDisk;
use accolade_storage::home::Home;

use super::{Embedded, SEVEN, check_same, checkpoint, feed, fold, goes_on_at, options, seven};
use crate::breaking::{Breaking, Writes};

#[test]
fn a_checkpoint_never_names_an_end_of_the_journal_that_was_not_written() {
    let node = Embedded::folded(60);
    for writes in [Writes::Fail, Writes::FailAtHeads] {
        for is_taken_first in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let disk = Breaking::new(RealDisk::open(folder.path()).unwrap(), "journal/");
            let mut home = Home::open(Arc::new(disk.clone()), SEVEN, &options()).unwrap();
            let mut checkpointer = home.take_checkpointer();
            feed(&mut home, &node, 20);
            checkpoint(&mut home, &mut checkpointer, false);
            feed(&mut home, &node, 22);

            let before = is_taken_first.then(|| home.take_part(false).unwrap());
            disk.set(writes);
            let failed = (22..node.frames.len()).find(|at| fold(&mut home, &node, *at).is_err());
            assert!(failed.is_some(), "a segment of the journal holds a few batches");
            if let Some(part) = before.or_else(|| home.take_part(false)) {
                let refused = checkpointer.write(part, home.partition().time()).unwrap_err();
                let refused = in_full(&refused);
                assert!(refused.contains("the disk is broken"), "{refused}");
            }
            drop((home, checkpointer));

            let mut home = seven(folder.path());
            assert_eq!(goes_on_at(&home), 20);
            feed(&mut home, &node, node.frames.len());
            check_same(&home, &node);
        }
    }
}
