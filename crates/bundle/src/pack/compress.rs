//! Reads an archive and compresses its blocks on many cores.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, Scope, ScopedJoinHandle},
};

use sha1::Digest as _;
use zlib_rs::crc32::crc32;

use super::{Options, archive::Archive};
use crate::{
    Compression, Error,
    deflate::{Deflater, WINDOW},
};

/// How much is compressed at once, in bytes. What a block has to learn anew at its beginning shows less
/// the larger it is, and memory grows with it.
const BLOCK: usize = 512 * 1024;

/// More cores than this would only take memory: reading and sealing are one thread each.
const MOST_THREADS: usize = 32;

/// A block of the stream, compressed.
pub(super) struct Compressed {
    pub(super) bytes: Vec<u8>,
    /// The checksum and length of what it was made of.
    pub(super) checksum: u32,
    pub(super) length: u64,
    /// Whether it ends the stream.
    pub(super) last: bool,
}

/// The blocks in order; each is waited for in its turn.
pub(super) type Blocks = Receiver<Receiver<Result<Compressed, Error>>>;

/// What goes on in other threads.
pub(super) struct Work<'scope> {
    pub(super) blocks: Blocks,
    pub(super) reader: ScopedJoinHandle<'scope, Result<(), Error>>,
    pub(super) digest: ScopedJoinHandle<'scope, [u8; 20]>,
}

struct Job {
    /// What comes before the block, as far as it can be pointed back to.
    dictionary: Vec<u8>,
    data: Arc<Vec<u8>>,
    last: bool,
    answer: SyncSender<Result<Compressed, Error>>,
}

struct Queues {
    jobs: SyncSender<Job>,
    blocks: SyncSender<Receiver<Result<Compressed, Error>>>,
    digest: SyncSender<Arc<Vec<u8>>>,
}

/// Starts reading, compressing and the archive's digest. It all ends when the blocks' receiver is
/// dropped.
pub(super) fn start<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    archive: Archive,
    options: &Options,
    stop: &'env AtomicBool,
) -> Work<'scope> {
    let threads = options
        .threads
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZeroUsize::get)
        .min(MOST_THREADS);
    let (job_sender, jobs) = sync_channel(1);
    let (block_sender, blocks) = sync_channel(2 * threads);
    let (digest_sender, digest) = sync_channel(4);
    let jobs = Arc::new(Mutex::new(jobs));
    for _ in 0..threads {
        let (jobs, compression) = (Arc::clone(&jobs), options.compression);
        scope.spawn(move || compress(&jobs, compression));
    }
    let queues = Queues {
        jobs: job_sender,
        blocks: block_sender,
        digest: digest_sender,
    };
    Work {
        blocks,
        reader: scope.spawn(|| read(archive, queues, stop)),
        digest: scope.spawn(|| digest_of(digest)),
    }
}

/// What a thread returned. One that panicked lets this one panic too, as it would in one thread.
pub(super) fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> Result<T, Error> {
    thread
        .join()
        .map_err(|cause| std::panic::resume_unwind(cause))
}

fn read(mut archive: Archive, queues: Queues, stop: &AtomicBool) -> Result<(), Error> {
    let mut dictionary = Vec::new();
    while !archive.ended() {
        if stop.load(Ordering::Relaxed) {
            return Err(Error::Stopped);
        }
        let data = Arc::new(archive.next(BLOCK)?);
        let tail = data[data.len().saturating_sub(WINDOW)..].to_vec();
        let (answer, answered) = sync_channel(1);
        let job = Job {
            dictionary: std::mem::replace(&mut dictionary, tail),
            data: Arc::clone(&data),
            last: archive.ended(),
            answer,
        };
        // A queue without a receiver tells that something further down failed, and tells why itself.
        let sent = queues.digest.send(data).is_ok()
            && queues.blocks.send(answered).is_ok()
            && queues.jobs.send(job).is_ok();
        if !sent {
            break;
        }
    }
    Ok(())
}

fn digest_of(blocks: Receiver<Arc<Vec<u8>>>) -> [u8; 20] {
    let mut digest = sha1::Sha1::new();
    for block in blocks {
        digest.update(block.as_slice());
    }
    digest.finalize().into()
}

fn compress(jobs: &Mutex<Receiver<Job>>, compression: Compression) {
    let mut deflater = Deflater::new(compression);
    loop {
        // A thread that panicked while it waited has left nothing undone.
        let next = jobs
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .recv();
        let Ok(job) = next else { return };
        let made = deflater
            .block(&job.dictionary, &job.data, job.last)
            .map(|bytes| Compressed {
                bytes,
                checksum: crc32(0, &job.data),
                length: job.data.len() as u64,
                last: job.last,
            });
        // Nobody waits for it any more when something else failed.
        let _ = job.answer.send(made);
    }
}
