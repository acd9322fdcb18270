//! Somebody on a machine who keeps all that can be seen there, and of the way to it here.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::machine::Machine;

/// Where files are read, over and over.
const PLACES: [&str; 5] = ["/var/tmp", "/tmp", "/root", "/home", "/run"];
/// The program itself does not change, and is large: it must be the one that was built.
const PROGRAM: &str = "ami-bundle-node";

/// What was seen.
#[derive(Default)]
pub struct Seen {
    /// Words, environments and files on the machine.
    pub there: BTreeSet<Vec<u8>>,
    /// Words and environments of the processes here that lead to it.
    pub here: BTreeSet<Vec<u8>>,
    /// How often it was looked.
    pub looks: usize,
    files: HashSet<(u64, u64, i64, i64, i64)>,
}

impl Seen {
    /// Looks until it is told to stop.
    pub fn watch(machine: &Machine, stop: &AtomicBool) -> Self {
        let mut seen = Self::default();
        while !stop.load(Ordering::Relaxed) {
            for pid in machine.processes() {
                seen.there.extend(words(pid));
            }
            for pid in machine.connections() {
                seen.here.extend(words(pid));
            }
            for place in PLACES {
                seen.files_below(&machine.path(place));
            }
            seen.looks += 1;
        }
        seen
    }

    fn files_below(&mut self, directory: &Path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            // What vanishes while it is looked at was looked at before, or is another time.
            let Ok(about) = entry.metadata() else {
                continue;
            };
            if about.is_dir() {
                self.files_below(&entry.path());
            }
            let (seconds, nanoseconds) = (about.ctime(), about.ctime_nsec());
            let size = i64::try_from(about.size()).expect("small");
            let state = (about.dev(), about.ino(), size, seconds, nanoseconds);
            if about.is_file() && entry.file_name() != PROGRAM && self.files.insert(state) {
                self.there.extend(fs::read(entry.path()));
            }
        }
    }
}

/// Was it seen there?
pub fn has(seen: &BTreeSet<Vec<u8>>, needle: &[u8]) -> bool {
    let is_in = |text: &Vec<u8>| text.windows(needle.len()).any(|window| window == needle);
    !needle.is_empty() && seen.iter().any(is_in)
}

fn words(pid: u32) -> impl Iterator<Item = Vec<u8>> {
    let read = move |what: &str| fs::read(format!("/proc/{pid}/{what}")).ok();
    ["cmdline", "environ"].into_iter().filter_map(read)
}
