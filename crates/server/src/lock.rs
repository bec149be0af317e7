//! A mutex, whoever has held it.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks it, also after a panic of who had it: what is behind one is whole between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
