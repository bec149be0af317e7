//! Runs of paged rows, of which cap days are the table that there is.

use std::sync::Arc;

use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::disk::Disk;
use accolade_engine::rules::Settings;
use accolade_storage::disk::RealDisk;
use accolade_storage::pages::Pages;

const CAP_DAYS: u8 = 8;

fn key(player: u32, day: i32) -> Vec<u8> {
    [&[CAP_DAYS], &player.to_be_bytes()[..], &(day ^ i32::MIN).to_be_bytes()].concat()
}

fn row(points: u8) -> Vec<u8> {
    vec![1, points]
}

const GONE: [u8; 1] = [0];

fn opened() -> (tempfile::TempDir, Arc<dyn Disk>, Pages) {
    let folder = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder.path()).unwrap());
    let pages = Pages::recover(Arc::clone(&disk), &[]).unwrap();
    (folder, disk, pages)
}

fn write(pages: &Pages, partition: u16, rows: &[(Vec<u8>, Vec<u8>)]) {
    pages.write_run(partition, rows.iter().map(|(key, row)| (&key[..], &row[..]))).unwrap();
}

fn files(folder: &tempfile::TempDir) -> usize {
    std::fs::read_dir(folder.path().join("pages")).unwrap().count()
}

#[test]
fn runs_are_merged_newest_first_and_few_are_left() {
    let (folder, disk, pages) = opened();
    for round in 0..40_u8 {
        let rows: Vec<_> = (0..500)
            .filter(|player| player % 40 <= u32::from(round))
            .map(|player| (key(player, 20_000), row(round)))
            .collect();
        write(&pages, 3, &rows);
        while pages.merge().unwrap() {}
        assert!(pages.live().len() <= 8, "{:?}", pages.live());
    }
    pages.remove_dead(&pages.live()).unwrap();
    assert!(files(&folder) <= 16, "what was merged is removed");
    let reopened = Pages::recover(disk, &pages.live()).unwrap();
    for pages in [&pages, &reopened] {
        for player in 0..500 {
            assert_eq!(pages.row(3, &key(player, 20_000)).unwrap(), Some(row(39)));
        }
        assert_eq!(pages.rows(3).count(), 500);
        assert_eq!(pages.rows(2).count(), 0);
        assert_eq!(pages.rows(4).count(), 0);
    }
    assert_eq!(files(&folder), reopened.live().len());
}

#[test]
fn a_row_that_was_taken_away_stays_away_until_no_older_run_knows_it() {
    let (_folder, _disk, pages) = opened();
    let many: Vec<_> = (0..1_000).map(|player| (key(player, 20_000), row(1))).collect();
    write(&pages, 0, &many);
    write(&pages, 0, &[(key(7, 20_000), GONE.to_vec())]);
    for player in 2_000..2_003 {
        write(&pages, 0, &[(key(player, 20_000), row(1))]);
    }
    while pages.merge().unwrap() {}
    assert_eq!(pages.live().len(), 2, "the large run is not merged with few rows");
    assert_eq!(pages.row(0, &key(7, 20_000)).unwrap(), Some(GONE.to_vec()));
    for from in [3_000, 4_000, 5_000] {
        let many: Vec<_> = (from..from + 700).map(|player| (key(player, 20_000), row(1))).collect();
        write(&pages, 0, &many);
    }
    while pages.merge().unwrap() {}
    assert_eq!(pages.live().len(), 1, "all are merged");
    assert_eq!(pages.row(0, &key(7, 20_000)).unwrap(), None);
    assert_eq!(pages.rows(0).count(), 999 + 3 + 2_100);
}

#[test]
fn a_merge_forgets_rows_once_every_partition_is_past_their_time() {
    let (_folder, _disk, pages) = opened();
    let settings = Settings { window_hours: 168, ..Settings::default() };
    // A day is forgotten once it is in no tier's window, and a day later for zones.
    let forgotten = |day: i64| Timestamp::from_micros((day + 1 + 3_660 + 1) * DAY_MICROS);
    let rounds =
        [(None, 4), (Some(forgotten(20_000).plus_micros(-1)), 4), (Some(forgotten(20_000)), 2)];
    for (horizon, left) in rounds {
        if let Some(now) = horizon {
            pages.set_horizon(now, &settings);
        }
        for _ in 0..4 {
            for player in 0..2 {
                let rows = [(key(player, 20_000), row(1)), (key(player, 20_001), row(2))];
                write(&pages, 5, &rows);
            }
        }
        while pages.merge().unwrap() {}
        assert_eq!(pages.rows(5).count(), left, "{horizon:?}");
        assert_eq!(pages.row(5, &key(1, 20_001)).unwrap(), Some(row(2)));
    }
}

#[test]
fn a_damaged_run_is_named_and_not_believed() {
    let (folder, disk, pages) = opened();
    let rows: Vec<_> = (0..2_000).map(|player| (key(player, 20_000), row(1))).collect();
    write(&pages, 0, &rows);
    let path = folder.path().join("pages/000000000001");
    let whole = std::fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let opened = Pages::recover(Arc::clone(&disk), &[1]);
        let read = opened.and_then(|pages| {
            let found: Result<Vec<_>, _> =
                (0..2_000).map(|player| pages.row(0, &key(player, 20_000))).collect();
            found
        });
        let error = read.expect_err("damage is found").to_string();
        assert!(error.contains("pages/000000000001"), "{error}");
    }
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = Pages::recover(Arc::clone(&disk), &[1]).unwrap_err().to_string();
    assert!(error.contains("pages/000000000001"), "{error}");
    let error = Pages::recover(disk, &[2]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "a run that is not there");
}

#[test]
fn rows_out_of_order_are_refused() {
    let (_folder, _disk, pages) = opened();
    let rows = [(key(2, 1), row(1)), (key(1, 1), row(1))];
    let written = pages.write_run(0, rows.iter().map(|(key, row)| (&key[..], &row[..])));
    assert!(written.is_err());
    assert!(pages.live().is_empty());
}
