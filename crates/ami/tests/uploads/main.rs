//! Disks that become snapshots, and snapshots that become disks, on good days and bad ones.

mod behind;
mod changed;
mod encrypted;
mod failing;
mod fetched;
mod matrix;
mod peers;
mod pipes;
mod resumed;
mod storms;
mod whole;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ami_sandbox::{Config, Pace, Sandbox, Snapshot};
use ami_testkit::{Tool, shell, tool};
use tempfile::TempDir;

/// The region that the environment of the tests gives.
const HOME: &str = "us-east-1";
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// Bytes of a block of EBS.
const BLOCK: u64 = 512 * KIB;

/// A sandbox whose snapshots are done at once.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::start(Config::default()).expect("a sandbox");
    sandbox.configure(|settings| settings.paces.snapshot = Pace::Now);
    sandbox
}

/// `ami-register-image` as far as the snapshot, led to a sandbox.
fn upload<'s>(sandbox: &'s Sandbox, words: &[&str]) -> Tool<'s> {
    tool("ami-register-image")
        .sandbox(sandbox)
        // Nothing here is unknown for long, and losses are looked for no longer than that.
        .env("AMI_TOOLS_GRACE", "1s")
        .args(["--snapshot-only"])
        .args(words)
}

/// Uploads, and gives the snapshot's ID.
#[track_caller]
fn uploaded(sandbox: &Sandbox, words: &[&str]) -> String {
    let outcome = upload(sandbox, words).run().expect().stderr_any().done();
    outcome.stdout.trim_end().to_owned()
}

/// A disk file in a directory of its own.
struct Disk {
    directory: TempDir,
    path: PathBuf,
}

impl Disk {
    /// Of so many bytes, all of them holes.
    fn new(size: u64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("disk.raw");
        let file = File::create(&path).expect("a disk");
        file.set_len(size).expect("its size");
        Self { directory, path }
    }

    /// Of so many bytes, all of them data.
    fn dense(size: u64) -> Self {
        let disk = Self::new(size);
        disk.fill(0, size, 1);
        disk
    }

    /// Puts data into it, another for every seed.
    fn fill(&self, offset: u64, length: u64, seed: u64) {
        let mut data = vec![0; usize::try_from(length).expect("a length")];
        noise(&mut data, seed.wrapping_add(offset));
        self.write(offset, &data);
    }

    fn write(&self, offset: u64, data: &[u8]) {
        let file = File::options().write(true).open(&self.path);
        file.and_then(|file| file.write_all_at(data, offset))
            .expect("written");
    }

    fn text(&self) -> &str {
        self.path.to_str().expect("a path of text")
    }

    /// A path beside it.
    fn beside(&self, name: &str) -> String {
        let path = self.directory.path().join(name);
        path.to_str().expect("a path of text").to_owned()
    }

    /// What stands beside it.
    fn neighbours(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).expect("entries");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name != "disk.raw").collect()
    }
}

/// Fills with what looks like chance and is the same every time (xorshift64*, Marsaglia and Vigna).
fn noise(data: &mut [u8], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    for piece in data.chunks_mut(8) {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let word = state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
        piece.copy_from_slice(&word[..piece.len()]);
    }
}

/// Asserts that a volume of the snapshot would begin with the bytes of a file, and that there is nothing
/// but zeros behind them in whatever blocks are written.
#[track_caller]
fn assert_holds(sandbox: &Sandbox, snapshot: &str, path: &Path) {
    let file = File::open(path).expect("the disk");
    let size = file.metadata().expect("its size").len();
    let mut buffer = vec![0; BLOCK as usize];
    let mut offset = 0;
    while offset < size {
        let there = (size - offset).min(BLOCK) as usize;
        file.read_exact_at(&mut buffer[..there], offset)
            .expect("read");
        buffer[there..].fill(0);
        let bytes = sandbox.snapshot_bytes(snapshot, offset, BLOCK as usize);
        // Half a megabyte of bytes would be no message.
        assert!(bytes.expect("bytes") == buffer, "another block at {offset}");
        offset += BLOCK;
    }
    for index in sandbox.written_blocks(snapshot).expect("blocks") {
        if index * BLOCK >= size {
            let bytes = sandbox.snapshot_bytes(snapshot, index * BLOCK, BLOCK as usize);
            let is_zero = bytes.expect("bytes").iter().all(|byte| *byte == 0);
            assert!(is_zero, "something behind the end, in block {index}");
        }
    }
}

/// How many blocks were put with success.
fn puts(sandbox: &Sandbox) -> usize {
    let calls = sandbox.block_calls("PutSnapshotBlock");
    calls.iter().filter(|call| call.status == 201).count()
}

/// The only snapshot that there is.
#[track_caller]
fn only_snapshot(sandbox: &Sandbox) -> Snapshot {
    let mut all = snapshots(sandbox);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Snapshots of the account.
fn snapshots(sandbox: &Sandbox) -> Vec<Snapshot> {
    let mut all = sandbox.snapshots(HOME);
    all.retain(|snapshot| snapshot.owner == sandbox.account());
    all
}

/// Says something past the test harness, which shows only what failed.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Makes the account encrypt whatever it makes.
fn encrypt_by_default(sandbox: &Sandbox) {
    let call = shell("ami-sandbox call EnableEbsEncryptionByDefault >/dev/null");
    call.sandbox(sandbox).run().expect().done();
    sandbox.clear_calls();
}
