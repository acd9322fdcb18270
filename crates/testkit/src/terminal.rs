//! A pseudo-terminal for the standard error of a child.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use rustix::pty::{self, OpenptFlags};
use rustix::termios::{self, Winsize};

/// Both ends of a pseudo-terminal.
pub(crate) struct Terminal {
    near: OwnedFd,
    far: File,
}

impl Terminal {
    pub(crate) fn open(columns: u16) -> Self {
        open(columns).unwrap_or_else(|e| panic!("no pseudo-terminal: {e}"))
    }

    /// The end that the child gets.
    pub(crate) fn far_end(&self) -> Stdio {
        let copy = self.far.try_clone();
        copy.unwrap_or_else(|e| panic!("no pseudo-terminal: {e}"))
            .into()
    }

    /// The end that the test reads; the other one is closed here.
    pub(crate) fn into_near_end(self) -> File {
        self.near.into()
    }
}

fn open(columns: u16) -> io::Result<Terminal> {
    let near = pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    pty::grantpt(&near)?;
    pty::unlockpt(&near)?;
    let name = pty::ptsname(&near, Vec::new())?;
    let path = std::ffi::OsStr::from_bytes(name.to_bytes());
    // NOCTTY: the terminal must not become that of the test.
    let noctty = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, noctty);
    let far = options.read(true).write(true).open(path)?;
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    termios::tcsetwinsize(&far, size)?;
    Ok(Terminal { near, far })
}
