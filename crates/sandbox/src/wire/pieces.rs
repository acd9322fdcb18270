//! The body of a request in the pieces in which it came. A block is hashed and written from them, so that
//! it is copied nowhere.

use std::io;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;

use crate::blocks::{self, Digest};

/// A body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pieces(Vec<Bytes>);

impl Pieces {
    /// Receives a body of at most so many bytes.
    pub(crate) async fn receive(body: Incoming, limit: usize) -> io::Result<Self> {
        let mut body = Limited::new(body, limit);
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.extend(frame.map_err(io::Error::other)?.into_data().ok());
        }
        Ok(Pieces(pieces))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(Bytes::len).sum()
    }

    pub(crate) fn as_slice(&self) -> &[Bytes] {
        &self.0
    }

    /// The SHA-256 of the whole.
    pub(crate) fn digest(&self) -> Digest {
        blocks::digest(self.0.iter().map(|piece| &**piece))
    }

    /// The whole in one piece.
    pub(crate) fn joined(mut self) -> Bytes {
        if self.0.len() < 2 {
            return self.0.pop().unwrap_or_default();
        }
        let mut whole = BytesMut::with_capacity(self.len());
        self.0
            .iter()
            .for_each(|piece| whole.extend_from_slice(piece));
        whole.freeze()
    }

    /// Turns one bit over, as a bad line would.
    pub(crate) fn damage(&mut self) {
        if let Some(first) = self.0.first_mut() {
            *first = damaged(first);
        }
    }
}

/// The same bytes but for one bit.
pub(crate) fn damaged(bytes: &[u8]) -> Bytes {
    let mut bytes = BytesMut::from(bytes);
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 0x10;
    }
    bytes.freeze()
}
