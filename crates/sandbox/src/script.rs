//! The body of an answer, sent as its delivery says: whole, cut off, in small pieces, or with a wrong bit.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame};
use tokio::time::Sleep;

use crate::frontdoor::Delivery;
use crate::wire::pieces::damaged;

const PIECE: usize = 64;

/// How long a cut answer stays open, so that its first half is sent before the end.
const CUT_AFTER: Duration = Duration::from_millis(20);

/// A body that is sent as its delivery says.
pub(crate) struct Script {
    rest: Bytes,
    /// What comes behind that.
    source: Option<s3s::Body>,
    /// How many bytes are still to be sent before the body breaks off.
    left: Option<u64>,
    piece: usize,
    pause: Duration,
    /// Whether a bit of what comes next turns over.
    damages: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Script {
    pub(crate) fn new(body: Bytes, delivery: Delivery) -> Self {
        let whole = body.len() as u64;
        let (piece, pause) = match delivery {
            Delivery::Whole | Delivery::Reset => (usize::MAX, Duration::ZERO),
            Delivery::Dribble(pause) => (PIECE, pause),
            Delivery::Cut => (usize::MAX, CUT_AFTER),
        };
        Script {
            rest: body,
            source: None,
            left: (delivery == Delivery::Cut).then_some(whole / 2),
            piece,
            pause,
            damages: false,
            sleep: None,
        }
    }

    /// A body that comes piece by piece, of a length that is known.
    pub(crate) fn of_stream(
        body: s3s::Body,
        length: Option<u64>,
        delivery: Delivery,
        damages: bool,
    ) -> Self {
        let mut script = Script::new(Bytes::new(), delivery);
        script.left = script.left.map(|_| length.unwrap_or_default() / 2);
        script.source = Some(body);
        script.damages = damages;
        script
    }

    /// Fetches what comes next, until there is something or the end.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.rest.is_empty() {
            let Some(source) = &mut self.source else {
                return Poll::Ready(Ok(()));
            };
            match ready!(Pin::new(source).poll_frame(cx)) {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Err(io::Error::other(error))),
                None => self.source = None,
            }
        }
        if std::mem::take(&mut self.damages) {
            self.rest = damaged(&self.rest);
        }
        Poll::Ready(Ok(()))
    }
}

impl Body for Script {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(sleep) = &mut self.sleep {
            ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
        }
        if self.left == Some(0) {
            return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
        }
        if let Err(error) = ready!(self.poll_more(cx)) {
            return Poll::Ready(Some(Err(error)));
        }
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let most = self.left.map_or(usize::MAX, |left| left as usize);
        let size = self.piece.min(self.rest.len()).min(most);
        let piece = self.rest.split_to(size);
        self.left = self.left.map(|left| left - size as u64);
        // What is cut off stays open for a moment, so that its first half is sent before the end.
        if !self.pause.is_zero() && self.left.is_none_or(|left| left == 0) {
            self.sleep = Some(Box::pin(tokio::time::sleep(self.pause)));
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }
}
