//! An answer on its way: while there is one, its connection is busy.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::gate::Asked;

/// A body that tells whether the peer takes it.
#[derive(Debug)]
pub(crate) struct Taken {
    body: Body,
    asked: Asked,
    is_untaken: bool,
}

impl Taken {
    pub(crate) fn new(body: Body, asked: Asked) -> Self {
        let mut taken = Self { body, asked, is_untaken: false };
        taken.tell(true);
        taken
    }

    fn tell(&mut self, is_untaken: bool) {
        let before = std::mem::replace(&mut self.is_untaken, is_untaken);
        self.asked.is_untaken(is_untaken, before);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.tell(false);
    }
}

type BodyError = axum::Error;

impl hyper::body::Body for Taken {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        // Whoever asks for more has taken what there was.
        self.tell(matches!(polled, Poll::Ready(Some(_))));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
