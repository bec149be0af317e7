//! Threads that let others go first.

use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Lets this thread run, and its writes reach the disk, only where nobody else wants to; where it has to get on, with
/// little of what others want.
pub fn give_way(in_haste: bool) {
    let policy =
        if in_haste { NormalThreadSchedulePolicy::Other } else { NormalThreadSchedulePolicy::Idle };
    let policy = ThreadSchedulePolicy::Normal(policy);
    if let Err(error) =
        set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy)
    {
        tracing::debug!(?error, "this thread runs at the usual priority");
    }
}
