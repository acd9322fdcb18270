//! Receives the bytes of an object into a file, and computes digests on the way.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum, Md5};
use s3s::dto::StreamingBlob;

use super::checksums::{self, Algorithm, Sums};
use super::error;
use super::object::Segment;
use super::visit::Visit;
use crate::blocks::ClosedFile;
use crate::frontdoor::off_thread;
use crate::wire::error::ApiError;
use crate::wire::pieces::damaged;

/// How many bytes go to a thread at once. A thread is never held while a client is waited for: there are
/// few of them, and many slow clients.
const BATCH: usize = 1 << 20;

/// Bytes in a file, and what they are.
pub(super) struct Received {
    pub(super) segment: Segment,
    pub(super) md5: [u8; 16],
    pub(super) sums: Sums,
}

/// What is being written.
struct Sink {
    file: File,
    closed: ClosedFile,
    size: u64,
    md5: Md5,
    hasher: ChecksumHasher,
}

impl Sink {
    fn write(mut self, pieces: Vec<Bytes>) -> io::Result<Self> {
        for piece in pieces {
            self.file.write_all(&piece)?;
            self.md5.update(&piece);
            self.hasher.update(&piece);
            self.size += piece.len() as u64;
        }
        Ok(self)
    }
}

/// Receives a body.
pub(super) async fn receive(
    visit: &Visit,
    body: Option<StreamingBlob>,
    wanted: &BTreeSet<Algorithm>,
) -> Result<Received, ApiError> {
    let store = Arc::clone(&visit.shared.lock().blocks);
    let name = format!("object-{}", store.number());
    let (file, closed) = store.create_closed(&name).map_err(error::internal)?;
    let mut sink = Sink {
        file,
        closed,
        size: 0,
        md5: Md5::new(),
        hasher: checksums::hasher(wanted),
    };
    let (mut batch, mut held, mut damages) = (Vec::new(), 0, visit.damages);
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let mut piece = piece.map_err(|error| broken(&*error))?;
            if damages && !piece.is_empty() {
                (piece, damages) = (damaged(&piece), false);
            }
            held += piece.len();
            batch.push(piece);
            if held >= BATCH {
                let full = std::mem::take(&mut batch);
                held = 0;
                sink = write(sink, full).await?;
            }
        }
    }
    sink = write(sink, batch).await?;
    Ok(Received {
        segment: Segment {
            file: Arc::new(sink.closed),
            size: sink.size,
        },
        md5: sink.md5.finalize(),
        sums: checksums::sums(sink.hasher),
    })
}

async fn write(sink: Sink, pieces: Vec<Bytes>) -> Result<Sink, ApiError> {
    let written = off_thread(move || sink.write(pieces)).await;
    written.map_err(error::internal)
}

/// What is wrong with a body. s3s keeps the types of these errors to itself, so their words must do.
fn broken(cause: &(dyn std::error::Error + Send + Sync)) -> ApiError {
    let words = cause.to_string();
    if words.contains("Sha256Mismatch") {
        let message =
            "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return ApiError::client("XAmzContentSHA256Mismatch", message);
    }
    if words.contains("SignatureMismatch") {
        let message = "The request signature we calculated does not match the signature you provided. \
             Check your key and signing method.";
        return ApiError::new(403, "SignatureDoesNotMatch", message);
    }
    let message =
        "You did not provide the number of bytes specified by the Content-Length HTTP header.";
    ApiError::client("IncompleteBody", message)
}
