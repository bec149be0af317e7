//! Object storage: each right that a node needs, tried on an object that is removed again.

use std::io;

use accolade_engine::objects::Objects;

use super::clock::{self, Clocks};
use super::{Findings, aside, is_of_a_cluster};
use crate::config::Config;

const CHECK: &str = "bucket";
const BODY: &[u8] = b"accolade doctor";

pub(super) async fn examine(config: &Config) -> (Findings, Clocks) {
    let mut findings = Findings::default();
    let Some(to) = config.ship.to.clone() else {
        if is_of_a_cluster(config) {
            let mend = "set `to` in `[ship]` to a bucket, or a folder that all nodes see";
            findings.error(CHECK, "`ship.to` is not set: nodes keep checkpoints there", mend);
        } else {
            findings.ok(CHECK, "`ship.to` is not set: checkpoints stay on this disk");
        }
        return (findings, Clocks::default());
    };
    let objects = match config.objects(&to) {
        Ok(objects) => objects,
        Err(error) => {
            let mend = "set right `ship.to`, `ship.endpoint`, and the store's variables";
            findings.error(CHECK, format!("{error:#}"), mend);
            return (findings, Clocks::default());
        }
    };
    let has_clock = to.contains("://") && !to.starts_with("file://");
    let (findings, put) = aside(CHECK, move |findings| try_rights(&*objects, &to, findings)).await;
    (findings, Clocks { put: put.flatten().filter(|_| has_clock), ..Clocks::default() })
}

/// Returns when the object was put by the store's clock, and what it was here before and after.
fn try_rights(
    objects: &dyn Objects,
    to: &str,
    findings: &mut Findings,
) -> Option<(i64, (i64, i64))> {
    let before = clock::now();
    let key = format!("doctor/{}-{before}", std::process::id());
    let put = objects.put(&key, BODY.to_vec());
    let after = clock::now();
    if let Err(error) = &put
        && error.kind() != io::ErrorKind::PermissionDenied
    {
        let mend = "see that the store runs, and that `ship.to` and `ship.endpoint` name it";
        findings.error(CHECK, format!("`{to}` cannot be written: {error}"), mend);
        return None;
    }
    let is_put = put.is_ok();
    let same = |read: io::Result<Vec<u8>>, expected: &[u8]| match read {
        Ok(bytes) if bytes == expected => Ok(()),
        Ok(_) => Err(io::Error::other("what comes back is not what was put")),
        // Without an object, that there is none is as good an answer.
        Err(error) if !is_put && error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    let mut put_at = None;
    let listed = objects.list("doctor/").and_then(|found| {
        let found = found.iter().find(|object| object.key == key);
        put_at = found.map(|object| object.put_at);
        let is_missing = is_put && put_at.is_none();
        if is_missing { Err(io::Error::other("what was put is not listed")) } else { Ok(()) }
    });
    let tried = [
        ("put", put),
        ("get", same(objects.get_all(&key), BODY)),
        ("get a range of", same(objects.get(&key, 3..9), &BODY[3..9])),
        ("list", listed),
        ("delete", objects.remove(&key)),
    ];
    let mut is_well = true;
    for (right, tried) in tried {
        if let Err(error) = tried {
            is_well = false;
            let mend = format!("allow the node's credentials to {right} objects of `{to}`");
            findings.error(CHECK, format!("cannot {right} objects: {error}"), mend);
        }
    }
    if is_well {
        findings.ok(CHECK, format!("`{to}`: put, get, get a range, list and delete all work"));
    }
    put_at.map(|put| (put, (before, after)))
}
