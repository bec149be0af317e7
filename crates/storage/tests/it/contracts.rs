use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::contract;
use accolade_engine::disk::Disk;
use accolade_engine::ids::IdEntry;
use accolade_storage::backing::NodeStore;
use accolade_storage::disk::RealDisk;
use accolade_storage::open::{Options, open};
use accolade_storage::run::RunEntry;
use accolade_storage::table_cache::TableCache;

fn real_disk() -> (tempfile::TempDir, Arc<dyn Disk>) {
    let folder = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(folder.path()).unwrap();
    (folder, Arc::new(disk))
}

#[test]
fn the_real_disk_keeps_the_contract() {
    let (_folder, disk) = real_disk();
    contract::disk::check(&disk);
}

struct RealStore(NodeStore);

impl contract::store::UnderTest for RealStore {
    type Store = NodeStore;

    fn store(&mut self) -> &mut NodeStore {
        &mut self.0
    }

    fn seal(&mut self, partition: u16, ids: &[IdEntry]) {
        let ids = ids.iter().map(|entry| RunEntry { partition, entry: *entry });
        self.0.backing().lookup.write_run(ids).unwrap();
    }

    fn seal_rows(&mut self, partition: u16, rows: &[(Vec<u8>, Vec<u8>)]) {
        let rows = rows.iter().map(|(key, row)| (&key[..], &row[..]));
        self.0.backing().pages.write_run(partition, rows).unwrap();
    }

    fn settle(&mut self) {
        self.0.flush(Timestamp::from_micros(7)).unwrap();
        let backing = self.0.backing();
        // Long after the hours of all ids: they become one section.
        backing.lookup.set_now_hour(1_000);
        while backing.lookup.tidy().unwrap() {}
        assert!(backing.lookup.sections().len() <= 1);
        while backing.pages.merge().unwrap() {}
        for left in backing.take_left() {
            backing.journal.pack(left.close().unwrap()).unwrap();
        }
    }
}

#[test]
fn the_nodes_store_keeps_the_contract() {
    let (_folder, disk) = real_disk();
    let options = Options {
        partitions: 4,
        first_partition: 0,
        log_segment_bytes: 1 << 16,
        journal_segment_bytes: 128,
        segment_bytes: 1 << 16,
        filter_bytes_max: 100,
        tables: TableCache::default(),
    };
    let opened = open(&disk, &options).unwrap();
    contract::store::check(&mut RealStore(NodeStore::new(opened.backing)));
}
