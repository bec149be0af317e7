use super::*;

fn disk_with(path: &str, bytes: &[u8]) -> (SimulatedDisk, Arc<dyn DiskFile>) {
    let disk = SimulatedDisk::new();
    disk.sync_dir("log").unwrap();
    let file = disk.create(path, 0).unwrap();
    file.write_at(bytes, 0).unwrap();
    (disk, file)
}

fn content(disk: &SimulatedDisk, path: &str) -> Vec<u8> {
    let file = disk.open(path).unwrap();
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    bytes
}

/// What is left of a run in each of many crashes.
fn after_crashes(run: impl Fn() -> SimulatedDisk) -> BTreeSet<Vec<(String, Vec<u8>)>> {
    let survivors = |seed| {
        let disk = run();
        disk.crash(&mut Random::new(seed));
        let paths = disk.files().into_iter().map(|(path, _)| path);
        paths.map(|path| (path.clone(), content(&disk, &path))).collect()
    };
    (0..300).map(survivors).collect()
}

fn named(names: &[&str]) -> Vec<(String, Vec<u8>)> {
    names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect()
}

#[test]
fn what_was_synced_survives_every_crash() {
    let left = after_crashes(|| {
        let (disk, file) = disk_with("log/1", b"kept");
        file.sync().unwrap();
        disk.sync_dir("log").unwrap();
        disk
    });
    assert_eq!(left, BTreeSet::from([vec![("log/1".into(), b"kept".to_vec())]]));
}

#[test]
fn what_was_not_synced_survives_whole_torn_or_not_at_all() {
    let left = after_crashes(|| {
        let (disk, file) = disk_with("log/1", b"");
        disk.sync_dir("log").unwrap();
        file.sync().unwrap();
        file.write_at(&[1; 1000], 0).unwrap();
        file.write_at(&[2; 1000], 1000).unwrap();
        disk
    });
    let left: Vec<&Vec<u8>> = left.iter().map(|files| &files[0].1).collect();
    let has = |check: &dyn Fn(&[u8]) -> bool| left.iter().any(|bytes| check(bytes));
    assert!(has(&|bytes| bytes.is_empty()));
    assert!(has(&|bytes| bytes == [[1; 1000], [2; 1000]].concat()));
    assert!(has(&|bytes| bytes == [1; 1000]), "the first alone");
    assert!(has(&|bytes| bytes == [[0; 1000], [2; 1000]].concat()), "the second alone");
    assert!(has(&|bytes| bytes == [1; 512]), "torn at a sector");
    assert!(has(&|bytes| bytes.len() < 1000 && bytes.len() % 512 != 0), "torn at any byte");
    assert!(has(&|bytes| bytes == [0; 2000]), "the length without the bytes");
}

#[test]
fn a_cut_that_was_not_synced_may_be_undone() {
    let left = after_crashes(|| {
        let (disk, file) = disk_with("log/1", b"abcd");
        disk.sync_dir("log").unwrap();
        file.sync().unwrap();
        file.set_len(2).unwrap();
        disk
    });
    let with = |bytes: &[u8]| vec![("log/1".to_owned(), bytes.to_vec())];
    assert_eq!(left, BTreeSet::from([with(b"ab"), with(b"abcd")]));
}

#[test]
fn names_that_were_not_synced_vanish_or_come_back() {
    let left = after_crashes(|| {
        let disk = SimulatedDisk::new();
        for path in ["removed", "renamed"] {
            disk.create(path, 0).unwrap();
        }
        disk.sync_dir("").unwrap();
        disk.create("created", 0).unwrap();
        disk.remove("removed").unwrap();
        disk.rename("renamed", "target").unwrap();
        disk
    });
    assert!(left.contains(&named(&["removed", "renamed"])), "nothing survives");
    assert!(left.contains(&named(&["created", "target"])), "all survives");
    assert!(left.contains(&named(&["created", "removed", "renamed"])), "the first alone");
    assert_eq!(left.len(), 8, "each on its own, a rename never by halves");
}

#[test]
fn a_replacing_rename_leaves_the_old_or_the_new() {
    let left = after_crashes(|| {
        let (disk, old) = disk_with("log/list", b"old");
        old.sync().unwrap();
        disk.sync_dir("log").unwrap();
        let new = disk.create("log/list.next", 0).unwrap();
        new.write_at(b"new", 0).unwrap();
        new.sync().unwrap();
        disk.rename("log/list.next", "log/list").unwrap();
        disk
    });
    let first: BTreeSet<&[u8]> = left.iter().map(|files| &files[0].1[..]).collect();
    assert_eq!(first, BTreeSet::from([&b"old"[..], &b"new"[..]]));
}

#[test]
fn from_the_crash_on_nothing_works_until_the_machine_is_started_again() {
    let (disk, file) = disk_with("log/1", b"first");
    file.sync().unwrap();
    disk.sync_dir("log").unwrap();
    disk.set_faults(Faults { crash_at: Some(disk.operations() + 2), ..Faults::default() });
    file.write_at(b"again", 0).unwrap();
    assert!(is_crash(&file.sync().unwrap_err()));
    assert!(is_crash(&disk.list("log").unwrap_err()) && disk.has_crashed());
    disk.crash(&mut Random::new(0));
    assert!(is_crash(&file.len().unwrap_err()), "the old handle is dead");
    assert_eq!(disk.list("log").unwrap(), ["1"]);
    assert_eq!(disk.open("log/1").unwrap().len().unwrap(), 5);
}

#[test]
fn one_operation_fails_alone_and_changes_nothing() {
    let (disk, file) = disk_with("log/1", b"first");
    disk.set_faults(Faults { fail_at: Some(disk.operations() + 1), ..Faults::default() });
    let error = file.write_at(b"again", 0).unwrap_err();
    assert!(!is_crash(&error) && error.kind() == ErrorKind::Other);
    assert_eq!(content(&disk, "log/1"), b"first");
}

#[test]
fn what_a_failed_sync_should_have_saved_is_lost_though_a_later_one_succeeds() {
    let (disk, file) = disk_with("log/1", b"");
    disk.sync_dir("log").unwrap();
    disk.set_faults(Faults { fail_sync_at: Some(1), ..Faults::default() });
    file.write_at(b"lost", 0).unwrap();
    file.sync().unwrap_err();
    file.sync().unwrap();
    assert_eq!(content(&disk, "log/1"), b"lost", "still seen");
    disk.crash(&mut Random::new(0));
    assert_eq!(content(&disk, "log/1"), b"");
}

#[test]
fn a_full_disk_takes_what_fits_and_changes_of_what_is_there() {
    let (disk, file) = disk_with("log/1", b"12345678");
    disk.set_faults(Faults { capacity_bytes: Some(10), ..Faults::default() });
    let kind = |result: Result<()>| result.unwrap_err().kind();
    assert_eq!(kind(file.write_at(b"abcdef", 6)), ErrorKind::StorageFull);
    assert_eq!(content(&disk, "log/1"), b"123456abcd");
    assert_eq!(kind(file.set_len(11)), ErrorKind::StorageFull);
    assert_eq!(disk.create("log/2", 1).unwrap_err().kind(), ErrorKind::StorageFull);
    file.write_at(b"in place", 0).unwrap();
    disk.remove("log/1").unwrap();
    disk.create("log/2", 10).unwrap();
    assert_eq!(disk.used_bytes(), 10);
}

#[test]
fn a_flipped_bit_is_seen_now_and_after_a_crash() {
    let (disk, file) = disk_with("log/1", b"a");
    file.sync().unwrap();
    disk.sync_dir("log").unwrap();
    disk.flip("log/1", 1);
    disk.flip("log/1", 8);
    assert_eq!(content(&disk, "log/1"), b"c");
    disk.crash(&mut Random::new(0));
    assert_eq!(content(&disk, "log/1"), b"c");
}

#[test]
fn paths_mean_what_they_mean_on_a_real_disk() {
    let disk = SimulatedDisk::new();
    assert_eq!(disk.list("log").unwrap(), Vec::<String>::new());
    disk.sync_dir("log").unwrap();
    let file = disk.create("log/1", 3).unwrap();
    assert_eq!(disk.create("log/1", 0).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(disk.open("log/2").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(file.read_at(&mut [0; 4], 0).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(content(&disk, "log/1"), [0; 3]);
}

#[test]
fn a_duplicate_has_all_that_was_seen_and_goes_its_own_way() {
    let (disk, file) = disk_with("log/1", b"both");
    let other = disk.duplicate();
    file.write_at(b"mine", 0).unwrap();
    assert_eq!(content(&other, "log/1"), b"both");
    other.crash(&mut Random::new(0));
    assert_eq!(content(&other, "log/1"), b"both");
}

#[test]
fn a_folder_that_was_not_synced_into_its_own_vanishes_with_all_in_it() {
    let disk = SimulatedDisk::new();
    disk.create("log/1", 0).unwrap().sync().unwrap();
    disk.sync_dir("log").unwrap();
    disk.crash(&mut Random::new(1));
    assert_eq!(disk.files(), []);
    disk.create("log/1", 0).unwrap().sync().unwrap();
    disk.sync_dir("log").unwrap();
    disk.sync_dir("").unwrap();
    disk.crash(&mut Random::new(1));
    assert_eq!(disk.files(), [("log/1".to_owned(), 0)]);
}
