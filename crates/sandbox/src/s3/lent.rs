//! The body of a request, lent to s3s. What it leaves is read to the end before the answer goes out: a
//! client that is still sending would see its connection reset and never the answer.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// A body that can be taken back.
#[derive(Clone, Debug)]
pub(super) struct Lent(Arc<Mutex<Incoming>>);

impl Lent {
    pub(super) fn new(body: Incoming) -> Self {
        Lent(Arc::new(Mutex::new(body)))
    }

    /// Reads and forgets what is left.
    pub(super) async fn drain(mut self) {
        let next = |body: &mut Lent, cx: &mut Context<'_>| Pin::new(body).poll_frame(cx);
        while let Some(Ok(_)) = std::future::poll_fn(|cx| next(&mut self, cx)).await {}
    }
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.size_hint()
    }
}
