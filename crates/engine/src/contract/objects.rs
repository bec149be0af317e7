//! The contract of [`Objects`]. Keys begin with a prefix of the caller's choice, so that runs do not meet.

use std::io::ErrorKind;

use crate::objects::Objects;

/// Runs the whole contract on keys below `prefix`, where there must be nothing yet.
pub fn check(objects: &dyn Objects, prefix: &str) {
    what_was_put_is_read(objects, prefix);
    the_same_may_be_put_again(objects, prefix);
    what_is_not_there_is_not_found(objects, prefix);
    a_range_beyond_the_end_is_an_error(objects, prefix);
    keys_are_listed_by_their_beginning(objects, prefix);
    what_was_removed_is_gone(objects, prefix);
}

fn put(objects: &dyn Objects, key: &str, bytes: &[u8]) {
    objects.put(key, bytes.to_vec()).unwrap();
}

fn what_was_put_is_read(objects: &dyn Objects, prefix: &str) {
    let key = format!("{prefix}/journal/000000000012.0-100000.7");
    let bytes: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    put(objects, &key, &bytes);
    assert_eq!(objects.get_all(&key).unwrap(), bytes);
    assert_eq!(objects.get(&key, 7..70_000).unwrap(), bytes[7..70_000]);
    assert_eq!(objects.get(&key, 399_999..400_000).unwrap(), bytes[399_999..]);
    assert_eq!(objects.get(&key, 5..5).unwrap(), [0_u8; 0]);
    let empty = format!("{prefix}/empty");
    put(objects, &empty, &[]);
    assert_eq!(objects.get_all(&empty).unwrap(), [0_u8; 0]);
}

fn the_same_may_be_put_again(objects: &dyn Objects, prefix: &str) {
    let key = format!("{prefix}/again");
    put(objects, &key, b"once");
    put(objects, &key, b"once");
    assert_eq!(objects.get_all(&key).unwrap(), b"once");
}

fn what_is_not_there_is_not_found(objects: &dyn Objects, prefix: &str) {
    let key = format!("{prefix}/nowhere");
    let all = objects.get_all(&key).unwrap_err();
    let part = objects.get(&key, 0..4).unwrap_err();
    for error in [all, part] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("nowhere"), "it says what was asked: {error}");
    }
    assert_eq!(objects.list(&format!("{prefix}/nowhere")).unwrap(), []);
}

fn a_range_beyond_the_end_is_an_error(objects: &dyn Objects, prefix: &str) {
    let key = format!("{prefix}/short");
    put(objects, &key, b"1234");
    for range in [2..5, 4..6, 9..12] {
        let error = objects.get(&key, range).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
    }
}

fn keys_are_listed_by_their_beginning(objects: &dyn Objects, prefix: &str) {
    let keys = ["list/a/1", "list/a/2", "list/ab", "list/b/c/3"];
    for key in keys {
        put(objects, &format!("{prefix}/{key}"), key.as_bytes());
    }
    let listed = |beginning: &str| -> Vec<String> {
        let found = objects.list(&format!("{prefix}/{beginning}")).unwrap();
        assert!(found.iter().all(|object| object.put_at > 0));
        let own = |key: &str| key.strip_prefix(&format!("{prefix}/")).unwrap().to_owned();
        for object in &found {
            assert_eq!(object.bytes, own(&object.key).len() as u64);
        }
        let mut keys: Vec<String> = found.iter().map(|found| own(&found.key)).collect();
        keys.sort();
        keys
    };
    assert_eq!(listed("list/"), keys);
    assert_eq!(listed("list/a"), keys[..3]);
    assert_eq!(listed("list/a/"), keys[..2]);
    assert_eq!(listed("list/b/c/3"), keys[3..]);
}

fn what_was_removed_is_gone(objects: &dyn Objects, prefix: &str) {
    let key = format!("{prefix}/gone");
    put(objects, &key, b"gone");
    objects.remove(&key).unwrap();
    assert_eq!(objects.get_all(&key).unwrap_err().kind(), ErrorKind::NotFound);
    objects.remove(&key).unwrap();
    assert_eq!(objects.list(&key).unwrap(), []);
}
