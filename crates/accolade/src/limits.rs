//! How many files and connections the process may have open.

use accolade_storage::descriptors::Descriptors;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Where the system sets no limit: more than any node needs, and what kernels allow.
const ENOUGH: u64 = 1 << 20;

/// Raises the process's limit to what it may raise it to.
pub(crate) fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = maximum.unwrap_or(ENOUGH);
    if current.is_some_and(|current| current < raised) {
        // A system that forbids it leaves the node what it has, which it says.
        setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).ok();
    }
}

/// How many may be open.
pub(crate) fn open_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(ENOUGH)
}

/// The part of them that is for closed files.
pub(crate) fn descriptors() -> Descriptors {
    Descriptors::within(open_max())
}
