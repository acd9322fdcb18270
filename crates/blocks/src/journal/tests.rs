//! Journals as runs leave them, whole and torn.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Header, Identity, Journal, Opened, Record};
use crate::block::Digest;
use crate::line::block_line;
use crate::located;

/// A journal in a directory of its own.
struct Place {
    _home: tempfile::TempDir,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join(".a.raw.ami-upload");
        Self { _home: home, path }
    }

    /// Leaves a journal of these blocks.
    fn leave(&self, blocks: &[u32]) -> Vec<u8> {
        let mut journal = new(&self.path);
        journal.begin(&header()).expect("begun");
        for index in blocks {
            journal.sent(*index, &digest(*index)).expect("noted");
        }
        drop(journal);
        self.bytes()
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.path).expect("a journal")
    }

    fn refusal(&self) -> String {
        let before = fs::read(&self.path).ok();
        let error = Journal::open(&self.path).expect_err("refused").to_string();
        assert_eq!(fs::read(&self.path).ok(), before, "it is not touched");
        error.replace(&self.path.display().to_string(), "FILE")
    }
}

fn header() -> Header {
    Header {
        snapshot: located::parse("snap-0123456789abcdef0@us-east-1").expect("a snapshot"),
        run: "run".to_owned(),
        size: 64,
        is_encrypted: false,
        asked: "asked".to_owned(),
        disk: Identity {
            device: u64::MAX,
            inode: 2,
            size: 3,
            modified: -4,
            changed: i64::MAX,
        },
    }
}

fn digest(index: u32) -> Digest {
    Digest::of(&index.to_le_bytes())
}

fn new(path: &Path) -> Journal {
    match Journal::open(path).expect("opened") {
        Opened::New(journal) => journal,
        Opened::Found(_, record) => panic!("found {record:?}"),
    }
}

fn found(path: &Path) -> (Journal, Box<Record>) {
    match Journal::open(path).expect("opened") {
        Opened::New(_) => panic!("found nothing"),
        Opened::Found(journal, record) => (journal, record),
    }
}

#[test]
fn a_second_run_finds_what_was_sent() {
    let place = Place::new();
    place.leave(&[7, 3, 131_071]);
    let mode = place.path.metadata().expect("there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    let (mut journal, record) = found(&place.path);
    assert_eq!(record.header, header());
    let sent = [3, 7, 131_071].map(|index| (index, digest(index)));
    assert_eq!(record.sent, sent.into());
    assert!(!record.is_complete);
    journal.sent(3, &digest(0)).expect("noted");
    journal.complete().expect("noted");
    drop(journal);
    let (journal, record) = found(&place.path);
    assert_eq!(record.sent.get(&3), Some(&digest(0)), "the later one");
    assert!(record.is_complete);
    journal.forget().expect("removed");
    assert!(!place.path.exists());
}

#[test]
fn what_was_not_begun_leaves_nothing() {
    let place = Place::new();
    drop(new(&place.path));
    assert!(!place.path.exists());
}

#[test]
fn it_can_be_begun_anew() {
    let place = Place::new();
    place.leave(&[1, 2]);
    let (mut journal, _) = found(&place.path);
    let other = Header {
        asked: "other".to_owned(),
        ..header()
    };
    journal.begin(&other).expect("begun");
    journal.sent(5, &digest(5)).expect("noted");
    drop(journal);
    let (_journal, record) = found(&place.path);
    assert_eq!(record.header, other);
    assert_eq!(record.sent, [(5, digest(5))].into());
}

#[test]
fn one_run_at_a_time() {
    let place = Place::new();
    let mut journal = new(&place.path);
    journal.begin(&header()).expect("begun");
    let said = place.refusal();
    assert_eq!(
        said,
        "FILE: another run is uploading with it; wait for its end"
    );
    drop(journal);
    found(&place.path);
}

#[test]
fn it_goes_on_after_being_torn_at_any_byte() {
    let place = Place::new();
    let whole = place.leave(&[0, 1, 2]);
    let first = whole.iter().position(|byte| *byte == b'\n').expect("one") + 1;
    for length in 0..whole.len() {
        fs::write(&place.path, &whole[..length]).expect("torn");
        if length < first {
            drop(new(&place.path));
            continue;
        }
        let (mut journal, record) = found(&place.path);
        let lines = whole[first..length].iter().filter(|byte| **byte == b'\n');
        assert_eq!(record.sent.len(), lines.count(), "of {length} bytes");
        journal.sent(9, &digest(9)).expect("noted");
        drop(journal);
        let (_journal, record) = found(&place.path);
        assert_eq!(record.sent.get(&9), Some(&digest(9)));
    }
}

#[test]
fn zeros_after_a_loss_of_power_are_a_torn_line() {
    let place = Place::new();
    let whole = place.leave(&[0, 1]);
    for zeros in [1, 50, 76, 77, 4096, 100_000] {
        for kept in [whole.len(), whole.len() - 10] {
            let mut bytes = whole[..kept].to_vec();
            bytes.resize(kept + zeros, 0);
            fs::write(&place.path, &bytes).expect("torn");
            let (journal, record) = found(&place.path);
            let lines = 2 - usize::from(kept < whole.len());
            assert_eq!(record.sent.len(), lines, "{zeros} zeros");
            drop(journal);
            assert!(!place.bytes().contains(&0), "they are cut off");
        }
    }
}

#[test]
fn rubbish_is_refused_and_not_touched() {
    let place = Place::new();
    for foreign in [
        &b"rubbish"[..],
        b"{}\n",
        b"[1]\n",
        b"\n",
        br#"{"ami_tools":"fetch journal","version":1}"#,
        b"{\"ami_tools\":\"other\",\"version\":1}\n",
        &[0; 200_000],
        &[b'x'; 200_000],
    ] {
        fs::write(&place.path, foreign).expect("rubbish");
        let said = place.refusal();
        assert_eq!(
            said,
            "FILE: is no upload journal; name another file, or move it away"
        );
    }
    fs::write(
        &place.path,
        "{\"ami_tools\":\"upload journal\",\"version\":2}\n",
    )
    .expect("newer");
    assert_eq!(
        place.refusal(),
        "FILE: is of version 2; this program reads version 1; to begin anew: rm FILE"
    );
}

#[test]
fn damage_is_refused_with_its_line_and_the_snapshot() {
    let place = Place::new();
    let whole = place.leave(&[0]);
    for (more, what) in [
        ("x\n".to_owned(), "is no block's index and SHA-256"),
        ("\n".to_owned(), "is no block's index and SHA-256"),
        ("x".repeat(1000), "is no block's index and SHA-256"),
        (
            block_line(131_072, &digest(0)),
            "tells of a block beyond the volume's end",
        ),
        ("complete\ncomplete\n".to_owned(), "follows the last line"),
    ] {
        let bytes = [whole.as_slice(), more.as_bytes()].concat();
        fs::write(&place.path, bytes).expect("damaged");
        let line = if more.starts_with('c') { 4 } else { 3 };
        assert_eq!(
            place.refusal(),
            format!(
                "FILE: line {line}: {what}; to begin anew: rm FILE; \
                 it tells of snap-0123456789abcdef0@us-east-1"
            )
        );
    }
    let text = String::from_utf8(whole).expect("text");
    for (from, to, what) in [
        ("\"asked\":", "\"taken\":", "unknown field `taken`"),
        ("@us-east-1", "", "is without its region"),
    ] {
        fs::write(&place.path, text.replace(from, to)).expect("damaged");
        let said = place.refusal();
        assert!(said.starts_with("FILE: line 1: "), "{said}");
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn only_a_file_of_that_very_name_is_a_journal() {
    let place = Place::new();
    let target = place.path.with_file_name("target");
    std::os::unix::fs::symlink(&target, &place.path).expect("a link");
    let said = place.refusal();
    assert_eq!(
        said,
        "FILE: is a symbolic link; name the file that it leads to"
    );
    assert!(!target.exists());
    let error = Journal::open(Path::new("/dev/null")).expect_err("a device");
    assert_eq!(error.to_string(), "/dev/null: is no regular file");
}

#[test]
fn its_place_is_beside_the_disk_where_one_may_write() {
    let home = tempfile::tempdir().expect("a directory");
    let disk = home.path().join("a.raw");
    let journal = home.path().join(".a.raw.ami-upload");
    assert_eq!(Journal::beside(&disk), Some(journal));
    assert_eq!(Journal::beside(&home.path().join("nowhere/a.raw")), None);
}

#[test]
fn a_disk_is_known_again_until_it_is_written_to() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let identity = || Identity::of(file.as_file(), 1).expect("an identity");
    let before = identity();
    assert_eq!(identity(), before);
    std::thread::sleep(Duration::from_millis(20));
    fs::write(file.path(), "x").expect("written");
    assert_ne!(identity(), before);
}

#[test]
fn that_of_a_full_disk_is_read_at_once() {
    const BLOCKS: u32 = 131_072;
    let place = Place::new();
    let mut bytes = place.leave(&[]);
    for index in 0..BLOCKS {
        bytes.extend_from_slice(block_line(index, &digest(index)).as_bytes());
    }
    fs::write(&place.path, bytes).expect("a large journal");
    let start = Instant::now();
    let (_journal, record) = found(&place.path);
    let spent = start.elapsed();
    assert_eq!(record.sent.len(), BLOCKS as usize);
    let most = if cfg!(debug_assertions) { 10 } else { 1 };
    assert!(spent < Duration::from_secs(most), "{spent:?}");
}
