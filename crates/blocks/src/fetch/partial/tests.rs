//! Files that runs leave, and what the next run makes of them.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;

use ami_core::error::Error;

use super::Partial;
use crate::block::{BLOCK, Digest};
use crate::located;

const GIB: u64 = 1 << 30;

/// A directory with a disk to be made in it.
struct Place {
    home: tempfile::TempDir,
    target: PathBuf,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let target = home.path().join("a.raw");
        Self { home, target }
    }

    fn open(&self, snapshot: &str) -> Result<Partial, Error> {
        let snapshot = located::parse(snapshot).expect("a snapshot");
        Partial::open(&self.target, false, &snapshot, 1)
    }

    /// A run that is interrupted after it has written these blocks.
    fn leave(&self, blocks: &[u32]) {
        let mut partial = self.open(SNAPSHOT).expect("opened");
        for index in blocks {
            let data = vec![1; BLOCK];
            let offset = u64::from(*index) * BLOCK as u64;
            partial.file.write_all_at(&data, offset).expect("written");
            partial.done(*index, &Digest::of(&data)).expect("noted");
        }
        partial.give_up(Error::failed("stopped"));
    }

    fn partial(&self) -> PathBuf {
        self.home.path().join(".a.raw.ami-fetch.partial")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.home.path()).expect("a directory");
        let name = |entry: std::io::Result<fs::DirEntry>| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("a name")
        };
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names
    }

    fn refusal(&self, snapshot: &str) -> String {
        let error = self.open(snapshot).expect_err("refused").to_string();
        let home = self.home.path().display().to_string();
        error.replace(&home, "DIR")
    }
}

const SNAPSHOT: &str = "snap-12345678@us-east-1";
const LEFT: [&str; 2] = [".a.raw.ami-fetch", ".a.raw.ami-fetch.partial"];

#[test]
fn a_whole_disk_gets_its_name_and_leaves_nothing_beside_it() {
    let place = Place::new();
    let partial = place.open(SNAPSHOT).expect("opened");
    assert!(partial.is_blank());
    assert_eq!(place.names(), LEFT);
    partial.finish().expect("finished");
    assert_eq!(place.names(), ["a.raw"]);
    assert_eq!(place.target.metadata().expect("there").len(), GIB);
}

#[test]
fn another_run_goes_on_with_what_is_there() {
    let place = Place::new();
    place.leave(&[3, 5]);
    assert_eq!(place.names(), LEFT);
    let mut partial = place.open(SNAPSHOT).expect("opened");
    assert!(!partial.is_blank());
    let known = partial.take_known();
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [3, 5]);
    let said = partial.give_up(Error::failed("stopped")).to_string();
    assert!(said.starts_with("stopped; the 1 MiB that are there are kept in "));
    assert!(
        said.ends_with(" for the same command to go on with"),
        "{said}"
    );
    place
        .open(SNAPSHOT)
        .expect("opened")
        .finish()
        .expect("finished");
    assert_eq!(place.names(), ["a.raw"]);
}

#[test]
fn what_has_nothing_is_not_kept() {
    let place = Place::new();
    place.leave(&[]);
    assert!(place.names().is_empty());
}

#[test]
fn one_run_at_a_time() {
    let place = Place::new();
    let _partial = place.open(SNAPSHOT).expect("opened");
    assert_eq!(
        place.refusal(SNAPSHOT),
        "DIR/.a.raw.ami-fetch: another run is fetching with it; wait for its end"
    );
}

#[test]
fn what_is_left_of_another_snapshot_is_not_touched() {
    let place = Place::new();
    place.leave(&[3]);
    let give_up = "to give it up: rm -f DIR/.a.raw.ami-fetch DIR/.a.raw.ami-fetch.partial";
    assert_eq!(
        place.refusal("snap-87654321@us-east-1"),
        format!(
            "DIR/.a.raw.ami-fetch.partial: is a part of {SNAPSHOT}, not of \
             snap-87654321@us-east-1; {give_up}"
        )
    );
    fs::rename(place.partial(), place.home.path().join("x")).expect("moved");
    fs::write(place.partial(), "another").expect("written");
    assert_eq!(
        place.refusal(SNAPSHOT),
        format!(
            "DIR/.a.raw.ami-fetch.partial: is not the file that was being fetched into; {give_up}"
        )
    );
    fs::remove_file(place.home.path().join(LEFT[0])).expect("removed");
    assert_eq!(
        place.refusal(SNAPSHOT),
        format!("DIR/.a.raw.ami-fetch.partial: nothing tells what it is a part of; {give_up}")
    );
    assert_eq!(place.names(), [LEFT[1], "x"]);
}

#[test]
fn a_run_begins_anew_where_there_is_nothing_to_go_on_with() {
    let place = Place::new();
    // The partial file is gone.
    place.leave(&[3]);
    fs::remove_file(place.partial()).expect("removed");
    let partial = place.open(SNAPSHOT).expect("opened");
    assert!(partial.is_blank() && partial.known.is_empty());
    partial.give_up(Error::failed("stopped"));
    // The ledger was not begun before the power went.
    fs::write(place.partial(), "").expect("empty");
    assert!(place.open(SNAPSHOT).expect("opened").is_blank());
}

#[test]
fn what_came_meanwhile_is_not_replaced_unless_that_was_asked_for() {
    let place = Place::new();
    let partial = place.open(SNAPSHOT).expect("opened");
    fs::write(&place.target, "mine").expect("another file");
    let said = partial.finish().expect_err("refused").to_string();
    assert!(said.contains("File exists"), "{said}");
    assert!(said.contains("; the disk is whole in "), "{said}");
    assert_eq!(fs::read(&place.target).expect("a file"), b"mine");

    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(&place.target, private).expect("private");
    let snapshot = located::parse(SNAPSHOT).expect("a snapshot");
    let partial = Partial::open(&place.target, true, &snapshot, 1).expect("opened");
    partial.finish().expect("finished");
    let there = place.target.metadata().expect("there");
    assert_eq!(there.len(), GIB);
    assert_eq!(there.permissions().mode() & 0o777, 0o600);
}
