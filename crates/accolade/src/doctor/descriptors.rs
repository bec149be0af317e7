//! How many files and connections a node may have open, if it is started as this command was.

use super::Findings;
use crate::limits::{descriptors, open_max};
use crate::terminal::grouped;

const CHECK: &str = "descriptors";
/// What systems have allowed a process since ever; below, a node has few connections.
const USUAL: u64 = 1_024;

pub(super) fn examine(findings: &mut Findings) {
    let limit = open_max();
    let found = format!(
        "a process may have {}, of which a node takes {} for closed files",
        grouped(limit),
        grouped(descriptors().counts().open_max as u64)
    );
    if limit < USUAL {
        let mend = "raise the hard limit, such as with `LimitNOFILE=65536` or `ulimit -Hn`";
        findings.warning(CHECK, found, mend);
    } else {
        findings.ok(CHECK, found);
    }
}
