//! A shell on a pseudo-terminal, typed at as a person would.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{self, OpenptFlags};
use rustix::termios::{self, Winsize};

/// Long enough for a busy machine; nobody waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(30);

/// A shell that runs as long as this value lives.
pub struct Session {
    child: Child,
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// What was shown since the last match.
    shown: Vec<u8>,
}

impl Session {
    /// Starts a command on a new terminal.
    pub fn start(mut command: Command) -> Self {
        let near = pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)
            .expect("a pseudo-terminal");
        pty::grantpt(&near).expect("its other end");
        pty::unlockpt(&near).expect("its other end");
        let far = open_far_end(&near);
        let copy = || far.try_clone().expect("a copy");
        let child = command
            .stdin(copy())
            .stdout(copy())
            .stderr(copy())
            .spawn()
            .expect("the shell starts");
        let keyboard = File::from(near);
        let mut near = keyboard.try_clone().expect("a copy");
        let (send, screen) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // Reading fails when the shell, the last one at the other end, is gone.
            while let Ok(count @ 1..) = near.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            keyboard,
            screen,
            shown: Vec::new(),
        }
    }

    /// Types keys.
    pub fn type_keys(&mut self, keys: &str) {
        let written = self.keyboard.write_all(keys.as_bytes());
        written.expect("the shell takes keys");
    }

    /// Waits until all of these texts were shown, and forgets what was.
    pub fn expect(&mut self, texts: &[&str]) {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = plain(&self.shown);
            if texts.iter().all(|text| shown.contains(text)) {
                self.shown.clear();
                return;
            }
            let left = end.saturating_duration_since(Instant::now());
            let more = self.screen.recv_timeout(left);
            let more = more.unwrap_or_else(|e| panic!("no {texts:?} ({e}) in:\n{shown}"));
            self.shown.extend(more);
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn open_far_end(near: &impl std::os::fd::AsFd) -> File {
    let name = pty::ptsname(near, Vec::new()).expect("a name");
    let noctty = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    // The terminal is to be the shell's and not the test's.
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, noctty);
    let far = options
        .read(true)
        .write(true)
        .open(std::ffi::OsStr::from_bytes(name.to_bytes()))
        .expect("its other end");
    let size = Winsize {
        ws_row: 50,
        ws_col: 160,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    termios::tcsetwinsize(&far, size).expect("a size");
    far
}

/// What was shown, without colours and movements of the cursor.
fn plain(shown: &[u8]) -> String {
    let text = String::from_utf8_lossy(shown);
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\x1b' if letters.next_if_eq(&'[').is_some() => {
                // A sequence ends with the first letter; digits and marks come before it.
                letters.find(|c| ('@'..='~').contains(c));
            }
            '\x1b' => drop(letters.next()),
            letter => out.push(letter),
        }
    }
    out
}
