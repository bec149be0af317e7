//! The contract of [`Disk`], but for crashes: only a simulated disk can show those.

use std::io::ErrorKind;
use std::sync::Arc;

use crate::disk::Disk;

/// Runs the whole contract on an empty disk.
pub fn check(disk: &Arc<dyn Disk>) {
    what_is_written_is_read(&**disk);
    an_allocated_file_reads_as_zeros(&**disk);
    a_file_is_created_once(&**disk);
    names_are_listed_in_order(&**disk);
    renaming_replaces(&**disk);
    a_file_can_be_cut(&**disk);
}

fn what_is_written_is_read(disk: &dyn Disk) {
    let file = disk.create("a/written", 0).unwrap();
    assert!(file.is_empty().unwrap());
    file.write_at(b"order", 0).unwrap();
    file.write_at(b"first", 10).unwrap();
    file.sync().unwrap();
    disk.sync_dir("a").unwrap();
    let mut bytes = [9; 15];
    disk.open("a/written").unwrap().read_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"order\0\0\0\0\0first");
    let beyond = file.read_at(&mut bytes, 1).unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::UnexpectedEof);
    disk.remove("a/written").unwrap();
    assert_eq!(disk.open("a/written").unwrap_err().kind(), ErrorKind::NotFound);
}

fn an_allocated_file_reads_as_zeros(disk: &dyn Disk) {
    let file = disk.create("a/allocated", 8_192).unwrap();
    assert_eq!(file.len().unwrap(), 8_192);
    let mut bytes = [9; 100];
    file.read_at(&mut bytes, 8_000).unwrap();
    assert_eq!(bytes, [0; 100]);
    file.write_at(&[7; 10], 8_190).unwrap();
    assert_eq!(file.len().unwrap(), 8_200);
    disk.remove("a/allocated").unwrap();
}

fn a_file_is_created_once(disk: &dyn Disk) {
    disk.create("a/once", 0).unwrap().write_at(b"kept", 0).unwrap();
    assert_eq!(disk.create("a/once", 0).unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(disk.open("a/once").unwrap().len().unwrap(), 4);
    disk.remove("a/once").unwrap();
}

fn names_are_listed_in_order(disk: &dyn Disk) {
    assert_eq!(disk.list("nowhere").unwrap(), Vec::<String>::new());
    for name in ["b/3", "b/1", "b/2", "c/4"] {
        disk.create(name, 0).unwrap();
    }
    assert_eq!(disk.list("b").unwrap(), ["1", "2", "3"]);
    disk.remove("b/2").unwrap();
    assert_eq!(disk.list("b").unwrap(), ["1", "3"]);
}

fn renaming_replaces(disk: &dyn Disk) {
    disk.create("d/new", 0).unwrap().write_at(b"new", 0).unwrap();
    disk.create("d/old", 0).unwrap().write_at(b"older", 0).unwrap();
    disk.rename("d/new", "d/old").unwrap();
    assert_eq!(disk.list("d").unwrap(), ["old"]);
    assert_eq!(disk.open("d/old").unwrap().len().unwrap(), 3);
}

fn a_file_can_be_cut(disk: &dyn Disk) {
    let file = disk.create("e/cut", 0).unwrap();
    file.write_at(b"123456", 0).unwrap();
    file.set_len(3).unwrap();
    assert_eq!(file.len().unwrap(), 3);
    file.set_len(5).unwrap();
    let mut bytes = [9; 5];
    file.read_at(&mut bytes, 0).unwrap();
    assert_eq!(&bytes, b"123\0\0");
}
