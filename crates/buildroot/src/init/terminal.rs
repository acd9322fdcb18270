//! A terminal of the build's own, where the caller has one.
//!
//! The caller's terminal itself would do for reading and writing, but not to be opened again as
//! `/dev/stdout` by someone who is not its owner, nor for job control: it belongs to a session that
//! the command is not in, and must not be in.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Uid, fchown};
use rustix::process::ioctl_tiocsctty;
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, openpt, unlockpt};
use rustix::termios::{Winsize, isatty, tcsetwinsize};

use crate::protocol::TerminalSize;

/// Puts a new terminal in the place of the streams that are terminals, and returns its other end;
/// none if no stream is one.
pub(crate) fn replace(
    stdio: &mut [OwnedFd; 3],
    size: TerminalSize,
    owner: u32,
) -> std::io::Result<Option<OwnedFd>> {
    if !stdio.iter().any(isatty) {
        return Ok(None);
    }
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let near = openpt(flags)?;
    unlockpt(&near)?;
    let far = ioctl_tiocgptpeer(&near, flags)?;
    // Its group is that of terminals: `/dev/pts` sees to it.
    fchown(far.as_fd(), Some(Uid::from_raw(owner)), None)?;
    let size = Winsize {
        ws_row: size.rows,
        ws_col: size.columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&far, size)?;
    for stream in stdio.iter_mut().filter(|stream| isatty(stream)) {
        *stream = far.try_clone()?;
    }
    Ok(Some(near))
}

/// Makes the terminal among our streams, if any, the one of this process's session, which is new.
pub(crate) fn control() -> rustix::io::Result<()> {
    use rustix::stdio::{stderr, stdin, stdout};
    let streams = [stdin(), stdout(), stderr()];
    let terminal = streams.iter().find(|stream| isatty(stream));
    terminal.map_or(Ok(()), ioctl_tiocsctty)
}
