//! A home that moves to another disk by object storage.

use accolade_engine::objects::Objects;
use accolade_storage::ship::{BlockCache, List, Shipper, fetch, last_shipped};

use super::*;
use crate::ship::Memory;

fn ship(home: &mut Home, checkpointer: &mut HomeCheckpointer, shipper: &mut Shipper) -> String {
    let part = home.take_part(home.partition().next_batch().is_multiple_of(3)).unwrap();
    let time = home.partition().time();
    let manifest = checkpointer.write(part, time).unwrap();
    shipper.ship(&manifest, time).unwrap()
}

#[test]
fn a_home_moves_from_disk_to_disk_and_stays_what_it_was() {
    let mut node = Embedded::folded(0);
    let objects: Arc<dyn Objects> = Arc::new(Memory::default());
    let cache = BlockCache::default();
    let mut last: Option<List> = None;
    for owner in 1..=6_u64 {
        let folder = tempfile::tempdir().unwrap();
        let local = disk(folder.path());
        let local = match &last {
            None => local,
            Some(list) => fetch(&objects, &list.name, local, &cache).unwrap().0,
        };
        let mut home = Home::open(Arc::clone(&local), SEVEN, &options()).unwrap();
        if let Some(list) = &last {
            assert_eq!(home.cursor(), Some(&list.cursor[..]));
            feed(&mut home, &node, node.frames.len());
            check_same(&home, &node);
        }
        let prefix = format!("p0007/{owner:020}");
        let (mut checkpointer, tidier) = (home.take_checkpointer(), home.tidier(0));
        let mut shipper = Shipper::new(Arc::clone(&objects), prefix, Arc::clone(&local), last);
        for round in 1..=20 {
            node.round(owner * 100 + round);
            node.fold();
            feed(&mut home, &node, node.frames.len());
            let name = ship(&mut home, &mut checkpointer, &mut shipper);
            let list = last_shipped(&*local).unwrap().unwrap();
            assert_eq!((&list.name, Some(&list)), (&name, shipper.last()));
            while tidier.tidy(home.partition().time()).unwrap() {}
        }
        last = shipper.last().cloned();
        // Folded, and shipped by nobody: the next owner folds it again.
        node.round(owner * 100 + 21);
        node.fold();
        feed(&mut home, &node, node.frames.len());
        check_same(&home, &node);
    }
    let list = last.unwrap();
    let prefixes: BTreeSet<_> =
        list.files.values().flat_map(|file| &file.pieces).map(|piece| &piece.prefix).collect();
    assert!(prefixes.len() > 1, "older files stay where an earlier owner put them: {prefixes:?}");
}

#[test]
fn a_home_that_keeps_its_disk_goes_on_with_what_it_borrowed() {
    let mut node = Embedded::folded(0);
    let memory = Arc::new(Memory::default());
    let objects: Arc<dyn Objects> = Arc::<Memory>::clone(&memory);
    let cache = BlockCache::default();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut home = seven(first.path());
    let mut checkpointer = home.take_checkpointer();
    let mut shipper = Shipper::new(Arc::clone(&objects), "p0007/1", disk(first.path()), None);
    let mut name = String::new();
    for round in 1..=30 {
        node.round(round);
        node.fold();
        feed(&mut home, &node, node.frames.len());
        name = ship(&mut home, &mut checkpointer, &mut shipper);
        while home.tidier(0).tidy(home.partition().time()).unwrap() {}
    }
    drop(first);
    for (epoch, round) in [(2, 31), (3, 32), (4, 33)] {
        let (disk, list) = fetch(&objects, &name, disk(second.path()), &cache).unwrap();
        let mut home = Home::open(Arc::clone(&disk), SEVEN, &options()).unwrap();
        node.round(round);
        node.fold();
        feed(&mut home, &node, node.frames.len());
        check_same(&home, &node);
        let mut shipper =
            Shipper::new(Arc::clone(&objects), format!("p0007/{epoch}"), disk, Some(list));
        let mut checkpointer = home.take_checkpointer();
        name = ship(&mut home, &mut checkpointer, &mut shipper);
    }
}
