//! Reads a disk and takes the digests of its blocks, on threads of its own.
//!
//! The network is served on one thread, whose time is dear; reading and hashing are done beside it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use ami_core::error::Error;
use tokio::sync::mpsc;

use crate::block::{self, BLOCK, Digest, is_zero};
use crate::buffer::{Buffer, Pool};
use crate::disk::{Disk, Stream};
use crate::plan::{Plan, Step};

/// More threads than this read no faster than EBS takes.
const MOST_THREADS: usize = 4;
/// Pieces that may wait to be taken.
const WAITING: usize = 64;

/// Something that was found out about the disk.
#[derive(Debug)]
pub(crate) enum Piece {
    /// A block with data.
    Data(u32, Buffer, Digest),
    /// These blocks are zeros; whether they were zeros in the old disk too is told with them.
    Zeros(std::ops::Range<u32>, Old),
    /// The block has data, which is the same in the old disk.
    Same(u32, Digest),
    /// A pipe has ended after so many bytes.
    End(u64),
}

/// What the old disk has in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Old {
    /// There is no old disk, or nothing is known of it.
    Unknown,
    /// Zeros.
    Zeros,
    /// Something else.
    Data,
}

/// Where bytes come from.
pub(crate) enum Origin {
    /// A disk, and the one that it is compared with.
    Disk(Arc<Disk>, Option<Arc<Disk>>, Plan),
    /// A pipe.
    Stream(Stream),
}

/// What the threads find, as it comes; not in the blocks' order.
pub(crate) struct Pieces {
    receiver: mpsc::Receiver<Result<Piece, Error>>,
    pool: Pool,
}

impl Pieces {
    /// Begins to read. At most as many blocks are in memory as the pool has buffers.
    pub(crate) fn begin(origin: Origin, pool: Pool) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let start = |work: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name("reader".to_owned()).spawn(work);
            thread.map(drop).map_err(|error| {
                Error::failed(format!("no thread can be started to read with: {error}"))
            })
        };
        match origin {
            Origin::Stream(stream) => {
                let pool = pool.clone();
                start(Box::new(move || read_stream(stream, &pool, &sender)))?;
            }
            Origin::Disk(disk, old, plan) => {
                let plan = Arc::new(Mutex::new(plan));
                let threads = thread::available_parallelism().map_or(1, usize::from);
                for _ in 0..threads.clamp(1, MOST_THREADS) {
                    let worker = Worker {
                        disk: Arc::clone(&disk),
                        old: old.clone(),
                        plan: Arc::clone(&plan),
                        pool: pool.clone(),
                        sender: sender.clone(),
                    };
                    start(Box::new(move || worker.run()))?;
                }
            }
        }
        Ok(Self { receiver, pool })
    }

    /// The next piece; `None` when all is read.
    pub(crate) async fn next(&mut self) -> Option<Result<Piece, Error>> {
        self.receiver.recv().await
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        // Threads that wait for a buffer end; those that wait for a taker see that there is none.
        self.pool.close();
    }
}

struct Worker {
    disk: Arc<Disk>,
    old: Option<Arc<Disk>>,
    plan: Arc<Mutex<Plan>>,
    pool: Pool,
    sender: mpsc::Sender<Result<Piece, Error>>,
}

impl Worker {
    fn run(self) {
        let mut spare = None;
        let mut before = vec![0; if self.old.is_some() { BLOCK } else { 0 }];
        // A buffer is had before a block is chosen, so that blocks are sent about in their order.
        while let Some(buffer) = spare.take().or_else(|| self.pool.take()) {
            let plan = self.plan.lock();
            let step = plan.unwrap_or_else(PoisonError::into_inner).next();
            let piece = match step {
                None => return,
                Some(Step::Zeros(range)) => {
                    spare = Some(buffer);
                    let old = self.old.as_ref().map_or(Old::Unknown, |_| Old::Zeros);
                    Ok(Piece::Zeros(range, old))
                }
                Some(Step::Read(index)) => self.look_at(index, buffer, &mut before, &mut spare),
            };
            let is_over = piece.is_err();
            if self.sender.blocking_send(piece).is_err() || is_over {
                return;
            }
        }
    }

    fn look_at(
        &self,
        index: u32,
        mut buffer: Buffer,
        before: &mut [u8],
        spare: &mut Option<Buffer>,
    ) -> Result<Piece, Error> {
        read(&self.disk, index, &mut buffer)?;
        let is_zero = is_zero(&buffer);
        let mut old = Old::Unknown;
        if let Some(disk) = &self.old {
            read(disk, index, before)?;
            // Zeros are never the same: behind the end of the old disk they only look so.
            if !is_zero && *before == *buffer {
                let digest = Digest::of(&buffer);
                *spare = Some(buffer);
                return Ok(Piece::Same(index, digest));
            }
            old = match block::is_zero(before) {
                true => Old::Zeros,
                false => Old::Data,
            };
        }
        if is_zero {
            *spare = Some(buffer);
            return Ok(Piece::Zeros(index..index + 1, old));
        }
        let digest = Digest::of(&buffer);
        Ok(Piece::Data(index, buffer, digest))
    }
}

fn read(disk: &Disk, index: u32, buffer: &mut [u8]) -> Result<(), Error> {
    disk.read_block(index, buffer).map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::UnexpectedEof => "became shorter while it was read".to_owned(),
            _ => {
                let offset = u64::from(index) * BLOCK as u64;
                format!("cannot be read at byte {offset}: {error}")
            }
        };
        Error::failed(what).of(disk.path().display())
    })
}

fn read_stream(mut stream: Stream, pool: &Pool, sender: &mpsc::Sender<Result<Piece, Error>>) {
    let mut spare = None;
    for index in 0.. {
        let Some(mut buffer) = spare.take().or_else(|| pool.take()) else {
            return;
        };
        let piece = match stream.next_block(&mut buffer) {
            Ok(true) if is_zero(&buffer) => {
                spare = Some(buffer);
                Ok(Piece::Zeros(index..index + 1, Old::Unknown))
            }
            Ok(true) => {
                let digest = Digest::of(&buffer);
                Ok(Piece::Data(index, buffer, digest))
            }
            Ok(false) => Ok(Piece::End(stream.read())),
            Err(error) => {
                let error = Error::failed(format!("cannot be read: {error}"));
                Err(error.of(stream.name()))
            }
        };
        let is_over = matches!(piece, Err(_) | Ok(Piece::End(_)));
        if sender.blocking_send(piece).is_err() || is_over {
            return;
        }
    }
}
