//! What tar says: the first lines of it. A file system that is full makes it say one for every file.

use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::os::fd::OwnedFd;
use std::thread::JoinHandle;

/// So many lines are passed on.
const SHOWN: usize = 8;
/// After so many lines that say that there is no room it is not listened to any more, which ends it.
const ENOUGH: usize = 3;
/// The words of ENOSPC in the locale that commands are given (strerror(3)).
const FULL: &[u8] = b"No space left on device";

/// A thread that listens.
pub(super) struct Listener(JoinHandle<Said>);

/// What was said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// Lines that were read.
    pub(super) lines: usize,
    /// How many of them said that the file system is full.
    full: usize,
}

impl Listener {
    /// Begins to listen, and gives the stream to speak into.
    pub(super) fn new() -> io::Result<(OwnedFd, Self)> {
        let (reader, writer) = io::pipe()?;
        let thread = std::thread::spawn(move || listen(reader, &mut io::stderr()));
        Ok((writer.into(), Self(thread)))
    }

    /// Waits until nobody speaks any more.
    pub(super) fn finish(self) -> Said {
        self.0.join().unwrap_or_default()
    }
}

impl Said {
    /// Had the file system no more room?
    pub(super) fn is_full(&self) -> bool {
        self.full > 0
    }

    /// The lines that were not passed on.
    pub(super) fn hidden(&self) -> usize {
        self.lines.saturating_sub(SHOWN)
    }
}

fn listen(from: PipeReader, to: &mut impl Write) -> Said {
    let mut said = Said::default();
    for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
        said.lines += 1;
        if said.lines <= SHOWN {
            // Nobody is left to be told where this fails.
            let _ = to.write_all(&[&line[..], b"\n"].concat());
        }
        let tells = line.windows(FULL.len()).any(|words| words == FULL);
        said.full += usize::from(tells);
        if said.full >= ENOUGH {
            break;
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::{ENOUGH, SHOWN, listen};

    #[test]
    fn the_first_lines_are_enough() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        for number in 0..50 {
            writeln!(writer, "tar: {number}").expect("written");
        }
        drop(writer);
        let mut shown = Vec::new();
        let said = listen(reader, &mut shown);
        assert_eq!((said.lines, said.hidden()), (50, 50 - SHOWN));
        assert!(!said.is_full());
        assert_eq!(shown.iter().filter(|byte| **byte == b'\n').count(), SHOWN);
    }

    #[test]
    fn who_has_no_room_is_heard_no_more() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        for _ in 0..50 {
            writeln!(writer, "tar: x: No space left on device").expect("written");
        }
        let said = listen(reader, &mut Vec::new());
        assert!(said.is_full() && said.lines == ENOUGH);
        assert!(writeln!(writer, "more").is_err());
    }
}
