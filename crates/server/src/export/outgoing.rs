//! The body of an answer that is made while it goes out: it has an end only where it is whole.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_DISPOSITION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Ended;
use crate::lock::lock;
use crate::problem::{Problem, Refusal};
use crate::request_id::RequestId;
use crate::shapes::raw;

/// Bytes that go out together.
const CHUNK_BYTES: usize = 64 << 10;
/// Chunks that wait for whoever asked.
const CHUNKS_MAX: usize = 4;
/// For so long nothing may be taken of what waits.
const STALLED_MAX: Duration = Duration::from_mins(1);

/// Exports of one operator at a time.
const OF_OPERATOR_MAX: usize = 2;
/// Exports of a node at a time: they hold a thread each, and read from the disk for long.
const OF_NODE_MAX: usize = 8;

/// How many more exports may go out.
#[derive(Debug)]
pub(crate) struct Exports {
    all: Arc<Semaphore>,
    of_operators: Mutex<HashMap<u32, Arc<Semaphore>>>,
}

impl Default for Exports {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(OF_NODE_MAX)), of_operators: Mutex::default() }
    }
}

/// Room for one export, given back when dropped.
#[derive(Debug)]
pub(super) struct Room {
    _of_all: OwnedSemaphorePermit,
    _of_operator: OwnedSemaphorePermit,
}

impl Exports {
    /// Room for one more export of the operator.
    pub(super) fn take(&self, operator: u32) -> Result<Room, Problem> {
        let of_operator = {
            let mut all = lock(&self.of_operators);
            let left = all.entry(operator);
            Arc::clone(left.or_insert_with(|| Arc::new(Semaphore::new(OF_OPERATOR_MAX))))
        };
        let busy = |_| {
            let detail = format!(
                "a node exports {OF_OPERATOR_MAX} times for an operator at once, and {OF_NODE_MAX} times for all"
            );
            Problem::new(Refusal::Busy, detail)
        };
        let of_operator = of_operator.try_acquire_owned().map_err(busy)?;
        let of_all = Arc::clone(&self.all).try_acquire_owned().map_err(busy)?;
        Ok(Room { _of_all: of_all, _of_operator: of_operator })
    }
}

/// Where an export is written. What is dropped before its end breaks off for whoever asked.
pub(super) struct Outgoing {
    /// It is given back before whoever asked hears of an end, and may ask again. Fields are dropped in their order.
    room: Option<Room>,
    /// Nothing is the end.
    sender: mpsc::Sender<Option<Bytes>>,
    waiting: Vec<u8>,
    runtime: Handle,
}

impl Outgoing {
    /// Ends what is whole.
    pub(super) fn end(mut self) -> io::Result<()> {
        self.flush()?;
        drop(self.room.take());
        self.send(None)
    }

    /// Whether nobody takes any more.
    pub(super) fn is_gone(&self) -> bool {
        self.sender.is_closed()
    }

    fn send(&self, chunk: Option<Bytes>) -> io::Result<()> {
        let sending = tokio::time::timeout(STALLED_MAX, self.sender.send(chunk));
        match self.runtime.block_on(sending) {
            Ok(Ok(())) => Ok(()),
            // Whoever takes nothing for so long has gone, too.
            Ok(Err(_)) | Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= CHUNK_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK_BYTES));
        self.send(Some(chunk.into()))
    }
}

/// Answers a file that `write` makes, on a thread of its own.
pub(super) fn answer(
    room: Room,
    request: RequestId,
    content_type: &'static str,
    file_name: &'static str,
    write: impl FnOnce(Outgoing) -> Result<(), Ended> + Send + 'static,
) -> Response {
    let (sender, receiver) = mpsc::channel(CHUNKS_MAX);
    let outgoing =
        Outgoing { sender, waiting: Vec::new(), runtime: Handle::current(), room: Some(room) };
    tokio::task::spawn_blocking(move || {
        if let Err(Ended::Failed(problem)) = write(outgoing) {
            tracing::error!(detail = %problem.detail, request = %request, "an export broke off");
        }
    });
    let chunks = stream::unfold(Some(receiver), async |receiver| {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Some(bytes)) => Some((Ok(bytes), Some(receiver))),
            Some(None) => None,
            None => Some((Err(io::Error::other("the export broke off")), None)),
        }
    });
    let mut response = raw(StatusCode::OK, content_type, Body::from_stream(chunks));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{file_name}\""));
    let disposition = disposition.expect("names of files here are plain");
    response.headers_mut().insert(CONTENT_DISPOSITION, disposition);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use http_body_util::BodyExt;

    use super::*;

    fn response(write: impl FnOnce(Outgoing) -> Result<(), Ended> + Send + 'static) -> Response {
        let room = Exports::default().take(1).unwrap();
        answer(room, RequestId::of(&HeaderMap::new()), "text/csv", "a.csv", write)
    }

    #[tokio::test]
    async fn what_is_not_ended_breaks_off() {
        let whole = response(|mut out| {
            out.write_all(&vec![b'x'; 3 * CHUNK_BYTES])?;
            Ok(out.end()?)
        });
        let bytes = whole.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(bytes.len(), 3 * CHUNK_BYTES);
        let broken = response(|mut out| {
            out.write_all(&vec![b'x'; 3 * CHUNK_BYTES])?;
            out.flush()?;
            Err(Problem::new(Refusal::Busy, "a test").into())
        });
        assert!(broken.into_body().collect().await.is_err());
    }

    #[tokio::test]
    async fn whoever_goes_is_written_to_no_more() {
        let (sender, ended) = std::sync::mpsc::channel();
        let given_up = response(move |mut out| {
            let ended = loop {
                if let Err(error) = out.write_all(&vec![b'x'; CHUNK_BYTES]) {
                    break Ended::from(error);
                }
            };
            sender.send((matches!(ended, Ended::Gone), out.is_gone())).unwrap();
            Err(ended)
        });
        drop(given_up);
        let is_gone = tokio::task::spawn_blocking(move || ended.recv().unwrap()).await.unwrap();
        assert_eq!(is_gone, (true, true));
    }

    #[tokio::test]
    async fn whoever_has_heard_of_an_end_may_ask_again() {
        let exports = Exports::default();
        let _other = exports.take(1).unwrap();
        for is_whole in [true, false, true, false, true] {
            let room = exports.take(1).unwrap();
            let id = RequestId::of(&HeaderMap::new());
            let response = answer(room, id, "text/csv", "a.csv", move |mut out| {
                out.write_all(b"a\r\n")?;
                if is_whole { Ok(out.end()?) } else { Err(Problem::new(Refusal::Busy, "").into()) }
            });
            assert_eq!(response.into_body().collect().await.is_ok(), is_whole);
        }
    }

    #[test]
    fn one_operator_s_exports_leave_room_for_another_s() {
        let exports = Exports::default();
        let mut held = vec![exports.take(1).unwrap(), exports.take(1).unwrap()];
        assert_eq!(exports.take(1).unwrap_err().refusal, Refusal::Busy);
        held.extend(
            (2..5)
                .flat_map(|operator| [exports.take(operator), exports.take(operator)])
                .map(Result::unwrap),
        );
        assert_eq!(exports.take(9).unwrap_err().refusal, Refusal::Busy);
        held.remove(0);
        assert!(exports.take(9).is_ok());
    }
}
