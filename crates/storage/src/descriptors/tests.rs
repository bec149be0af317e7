use std::sync::Barrier;

use tempfile::TempDir;

use super::*;
use crate::disk::RealDisk;

/// A disk with files that hold their own names, and descriptors for some of them.
fn disk_with(files: usize, open_max: usize) -> (TempDir, Descriptors, Arc<dyn Disk>) {
    let folder = tempfile::tempdir().unwrap();
    let descriptors = Descriptors::new(open_max);
    let disk = descriptors.over(Arc::new(RealDisk::open(folder.path()).unwrap()));
    for number in 0..files {
        disk.create(&name(number), 0).unwrap().write_at(name(number).as_bytes(), 0).unwrap();
    }
    (folder, descriptors, disk)
}

fn name(number: usize) -> String {
    format!("{number:04}")
}

fn content(file: &dyn DiskFile) -> String {
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    file.read_at(&mut bytes, 0).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn however_many_files_are_held_only_so_many_are_open() {
    let (_folder, descriptors, disk) = disk_with(100, 3);
    let open = |number| disk.open_closed(&name(number)).unwrap();
    let files: Vec<_> = (0..100).map(open).collect();
    assert_eq!(descriptors.counts().open, 3);
    for round in 0..3 {
        for (number, file) in files.iter().enumerate() {
            assert_eq!(content(&**file), name(number), "round {round}");
            assert!(descriptors.counts().open <= 3);
        }
    }
    drop(files);
    assert_eq!(descriptors.counts().open, 0);
}

#[test]
fn what_is_read_all_the_time_stays_open() {
    let (_folder, descriptors, disk) = disk_with(50, 4);
    let always = disk.open_closed(&name(0)).unwrap();
    for number in 1..50 {
        content(&*always);
        content(&*disk.open_closed(&name(number)).unwrap());
    }
    assert_eq!(descriptors.counts().opens, 50, "each was opened once");
}

#[test]
fn a_file_that_has_lost_its_name_stays_readable_to_whoever_holds_it() {
    let (_folder, descriptors, disk) = disk_with(20, 2);
    let removed = disk.open_closed(&name(0)).unwrap();
    let replaced = disk.open_closed(&name(1)).unwrap();
    let renamed = disk.open_closed(&name(2)).unwrap();
    disk.remove(&name(0)).unwrap();
    disk.rename(&name(2), &name(1)).unwrap();
    let others: Vec<_> = (3..20).map(|at| disk.open_closed(&name(at)).unwrap()).collect();
    for file in &others {
        content(&**file);
    }
    assert_eq!(content(&*removed), name(0));
    assert_eq!(content(&*replaced), name(1));
    assert_eq!(content(&*renamed), name(2));
    assert_eq!(disk.open_closed(&name(0)).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(content(&*disk.open_closed(&name(1)).unwrap()), name(2));
    assert!(descriptors.counts().open <= 2);

    disk.create(&name(0), 0).unwrap().write_at(b"another", 0).unwrap();
    assert_eq!(content(&*disk.open_closed(&name(0)).unwrap()), "another");
    assert_eq!(content(&*removed), name(0));
}

#[test]
fn a_file_that_was_never_there_is_not_found() {
    let (_folder, descriptors, disk) = disk_with(0, 2);
    assert_eq!(disk.open_closed("nothing").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(disk.remove("nothing").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(descriptors.counts().open, 0);
}

#[test]
fn nothing_is_written_to_a_closed_file() {
    let (_folder, _, disk) = disk_with(1, 2);
    let file = disk.open_closed(&name(0)).unwrap();
    assert_eq!(file.write_at(b"more", 0).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(file.set_len(0).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(content(&*file), name(0));
}

#[test]
fn threads_read_while_files_lose_their_names() {
    const FILES: usize = 64;
    let (_folder, descriptors, disk) = disk_with(FILES, 4);
    let open = |number| disk.open_closed(&name(number)).unwrap();
    let files: Vec<_> = (0..FILES).map(open).collect();
    let begin = Barrier::new(5);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (files, begin) = (&files, &begin);
            scope.spawn(move || {
                begin.wait();
                for step in 0..2_000 {
                    let number = (step * 7 + thread * 13) % FILES;
                    assert_eq!(content(&*files[number]), name(number));
                }
            });
        }
        begin.wait();
        for number in 0..FILES / 2 {
            disk.remove(&name(2 * number)).unwrap();
            disk.rename(&name(2 * number + 1), &format!("renamed-{number}")).unwrap();
        }
    });
    let first: Vec<_> = files.iter().map(|file| content(&**file)).collect();
    assert_eq!(first, (0..FILES).map(name).collect::<Vec<_>>());
    drop(files);
    assert_eq!(descriptors.counts().open, 0);
}
