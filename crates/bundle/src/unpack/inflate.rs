//! Decompresses what was decrypted.

use std::{
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread::Scope,
};

use super::parts::Plain;
use crate::{Error, gzip};

/// How much is given on at once, in bytes.
const PIECE: usize = 256 * 1024;

/// How many pieces wait at most.
const WAITING: usize = 8;

/// A piece of the archive.
pub(super) struct Piece {
    buffer: Vec<u8>,
    length: usize,
}

impl Piece {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

/// The archive in pieces, whose memory is used again.
pub(super) struct Pieces {
    pub(super) full: Receiver<Result<Piece, Error>>,
    used: Sender<Vec<u8>>,
}

impl Pieces {
    /// Gives back a piece that was used.
    pub(super) fn give_back(&self, piece: Piece) {
        // At the end nobody needs it any more.
        let _ = self.used.send(piece.buffer);
    }
}

/// Starts decompressing. It ends when the pieces are dropped.
pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, plain: Plain) -> Pieces {
    let (full_sender, full) = sync_channel(WAITING);
    let (used, used_receiver) = channel();
    scope.spawn(move || {
        if let Err(error) = inflate(plain, &full_sender, &used_receiver) {
            let _ = full_sender.send(Err(error));
        }
    });
    Pieces { full, used }
}

fn inflate(
    plain: Plain,
    full: &SyncSender<Result<Piece, Error>>,
    used: &Receiver<Vec<u8>>,
) -> Result<(), Error> {
    let mut reader = gzip::Reader::default();
    let empty = || Piece {
        buffer: used.try_recv().unwrap_or_else(|_| vec![0; PIECE]),
        length: 0,
    };
    let mut piece = empty();
    for input in plain {
        let input = input?;
        let mut input = input.as_slice();
        loop {
            let (taken, made) = reader.step(input, &mut piece.buffer[piece.length..])?;
            input = &input[taken..];
            piece.length += made;
            if piece.length == PIECE {
                if full
                    .send(Ok(std::mem::replace(&mut piece, empty())))
                    .is_err()
                {
                    return Ok(());
                }
            } else if taken == 0 && made == 0 {
                break;
            }
        }
    }
    reader.finish()?;
    let _ = full.send(Ok(piece));
    Ok(())
}
