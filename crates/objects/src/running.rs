//! A runtime of the adapter's own, so that threads which know nothing of one can ask.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// Runs requests, each with a time limit.
#[derive(Debug)]
pub(crate) struct Running(Option<Runtime>);

impl Running {
    pub(crate) fn begin() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("objects").enable_all().build().map(Some).map(Self)
    }

    /// Waits for `request` on the calling thread, which may itself belong to another runtime.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        limit: Duration,
        request: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        let (answer, answered) = mpsc::sync_channel(1);
        let runtime = self.0.as_ref().expect("it is taken only when this is dropped");
        let limited = async move {
            let outcome = tokio::time::timeout(limit, request).await.unwrap_or_else(|_| {
                let what = format!("no answer within {} s", limit.as_secs());
                Err(io::Error::new(io::ErrorKind::TimedOut, what))
            });
            // Nobody listens any more only where the caller's thread has ended.
            drop(answer.send(outcome));
        };
        runtime.spawn(limited);
        answered.recv().unwrap_or_else(|_| Err(io::Error::other("the request broke off")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed where this may be dropped.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
