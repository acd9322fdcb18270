//! Threads that verify blocks and write them: hashing takes about as much time as receiving, and the
//! one thread that receives has enough to do.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;

use ami_core::error::Error;
use bytes::Bytes;
use rustix::fs::{FallocateFlags, fallocate};
use tokio::sync::oneshot;

use crate::block::{BLOCK, Digest, is_zero};

/// More threads than this wait for the disk, or for the network.
const MOST_THREADS: usize = 4;

/// Something to do with blocks of the disk.
#[derive(Debug)]
pub(super) enum Task {
    /// Write this as that block, if it has that digest.
    Write(u32, Bytes, Digest),
    /// See whether that block has that digest.
    Check(u32, Digest),
    /// Make these blocks zeros.
    Zero(Range<u32>),
    /// Wait until all that was written is on the disk.
    Sync,
}

struct Job {
    task: Task,
    reply: oneshot::Sender<io::Result<bool>>,
}

/// The threads. They end when this is dropped, each after what it is doing.
#[derive(Debug)]
pub(super) struct Writers {
    jobs: Sender<Job>,
}

impl Writers {
    /// Threads that write to a file. `is_blank` says that it reads as zeros where nothing was
    /// written yet.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn begin(file: Arc<File>, is_blank: bool) -> Result<Self, Error> {
        let (jobs, queue) = channel();
        let queue = Arc::new(Mutex::new(queue));
        let count = thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..count.min(MOST_THREADS) {
            let queue = Arc::clone(&queue);
            let writer = Writer {
                file: Arc::clone(&file),
                is_blank,
                buffer: Vec::new(),
            };
            let thread = thread::Builder::new().name("writer".to_owned());
            thread
                .spawn(move || writer.work(&queue))
                .map_err(|error| Error::failed(format!("cannot start a thread: {error}")))?;
        }
        Ok(Self { jobs })
    }

    /// Has a thread do that, and tells whether the digest was right.
    ///
    /// # Errors
    /// What reading or writing the file says.
    pub(super) async fn run(&self, task: Task) -> io::Result<bool> {
        let (reply, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that writes has ended");
        let sent = self.jobs.send(Job { task, reply });
        sent.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// One thread.
struct Writer {
    file: Arc<File>,
    is_blank: bool,
    /// A block that was read; empty until one is.
    buffer: Vec<u8>,
}

impl Writer {
    fn work(mut self, queue: &Mutex<Receiver<Job>>) {
        loop {
            let job = match queue.lock() {
                Ok(queue) => queue.recv(),
                Err(_) => return,
            };
            let Ok(job) = job else { return };
            // Whoever is not there any more to hear of it has been asked to stop.
            let _ = job.reply.send(self.run(&job.task));
        }
    }

    fn run(&mut self, task: &Task) -> io::Result<bool> {
        match task {
            Task::Write(index, data, digest) => self.write(*index, data, digest),
            Task::Check(index, digest) => self.check(*index, digest),
            Task::Zero(range) => self.zero(range.clone()).map(|()| true),
            Task::Sync => self.file.sync_all().map(|()| true),
        }
    }

    fn write(&self, index: u32, data: &[u8], digest: &Digest) -> io::Result<bool> {
        if data.len() != BLOCK || Digest::of(data) != *digest {
            return Ok(false);
        }
        if !is_zero(data) {
            self.file.write_all_at(data, offset(index))?;
        } else if !self.is_blank {
            self.zero(index..index + 1)?;
        }
        Ok(true)
    }

    fn check(&mut self, index: u32, digest: &Digest) -> io::Result<bool> {
        self.buffer.resize(BLOCK, 0);
        self.file.read_exact_at(&mut self.buffer, offset(index))?;
        Ok(Digest::of(&self.buffer) == *digest)
    }

    /// Makes a hole, which also a block device can do so that it reads as zeros; writes zeros where
    /// that cannot be done (fallocate(2), FALLOC_FL_PUNCH_HOLE).
    fn zero(&self, range: Range<u32>) -> io::Result<()> {
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        let length = offset(range.end) - offset(range.start);
        if fallocate(&*self.file, flags, offset(range.start), length).is_ok() {
            return Ok(());
        }
        let zeros = vec![0; BLOCK];
        for index in range {
            self.file.write_all_at(&zeros, offset(index))?;
        }
        Ok(())
    }
}

fn offset(index: u32) -> u64 {
    u64::from(index) * BLOCK as u64
}

#[cfg(test)]
mod tests {
    use super::{Task, Writers};
    use crate::block::{BLOCK, Digest};
    use bytes::Bytes;
    use std::fs::File;
    use std::os::unix::fs::{FileExt, MetadataExt};
    use std::sync::Arc;

    /// What becomes of a task.
    fn run(writers: &Writers, task: Task) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let answer = runtime.expect("a runtime").block_on(writers.run(task));
        answer.expect("no fault of the disk")
    }

    fn file(blocks: u64) -> Arc<File> {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(blocks * BLOCK as u64).expect("its size");
        Arc::new(file)
    }

    fn read(file: &File, index: u64) -> Vec<u8> {
        let mut data = vec![0; BLOCK];
        let offset = index * BLOCK as u64;
        file.read_exact_at(&mut data, offset).expect("read");
        data
    }

    #[test]
    fn only_what_has_its_digest_is_written() {
        let file = file(3);
        let writers = Writers::begin(Arc::clone(&file), true).expect("threads");
        let data = Bytes::from(vec![7; BLOCK]);
        let digest = Digest::of(&data);
        assert!(!run(
            &writers,
            Task::Write(1, data.clone(), Digest::of(b""))
        ));
        assert_eq!(read(&file, 1), vec![0; BLOCK]);
        let short = data.slice(1..);
        let of_short = Digest::of(&short);
        assert!(!run(&writers, Task::Write(1, short, of_short)));
        assert!(run(&writers, Task::Write(1, data.clone(), digest)));
        assert_eq!(read(&file, 1), data);
        assert!(run(&writers, Task::Check(1, digest)));
        assert!(!run(&writers, Task::Check(2, digest)));
        assert!(run(&writers, Task::Sync));
    }

    #[test]
    fn zeros_stay_holes_where_they_can() {
        let file = file(2);
        let zeros = Bytes::from(vec![0; BLOCK]);
        let digest = Digest::of(&zeros);
        let writers = Writers::begin(Arc::clone(&file), true).expect("threads");
        assert!(run(&writers, Task::Write(0, zeros.clone(), digest)));
        assert_eq!(file.metadata().expect("there").blocks(), 0);

        file.write_all_at(&[7; 2 * BLOCK], 0).expect("old data");
        let writers = Writers::begin(Arc::clone(&file), false).expect("threads");
        assert!(run(&writers, Task::Write(0, zeros, digest)));
        assert_eq!(read(&file, 0), vec![0; BLOCK]);
        assert_eq!(read(&file, 1), vec![7; BLOCK]);
        assert!(run(&writers, Task::Zero(1..2)));
        assert_eq!(read(&file, 1), vec![0; BLOCK]);
        assert_eq!(file.metadata().expect("there").len(), 2 * BLOCK as u64);
    }
}
