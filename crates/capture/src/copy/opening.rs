//! Files are opened without waiting for anybody: not for the other end of what a pipe has become in
//! the meantime, and not without end for those who hold leases.
//!
//! A program may ask to be told before others open its file (fcntl(2), F_SETLEASE); Samba does so for
//! its clients. The kernel takes such a lease away when `/proc/sys/fs/lease-break-time` is over, 45
//! seconds as a rule, and until then an open that does not wait is refused.

use std::ffi::CStr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use crate::Watch;

/// How long leases are waited for in all, and how long in any case for each. Any user can have leases
/// on as many files as he likes, and answer for none; who means well answers at once.
const IN_ALL: Duration = Duration::from_secs(60);
const EACH: Duration = Duration::from_millis(200);

/// What is left of the time to wait for leases.
#[derive(Debug)]
pub(super) struct Patience {
    left: Duration,
    each: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            left: IN_ALL,
            each: EACH,
        }
    }
}

impl Patience {
    /// Opens a file to read it. [`Errno::AGAIN`]: somebody holds a lease on it and does not give way.
    pub(super) fn open(
        &mut self,
        directory: BorrowedFd<'_>,
        name: &CStr,
        watch: &Watch<'_>,
    ) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK
            | OFlags::NOATIME
            | OFlags::CLOEXEC;
        let open = || openat(directory, name, flags, Mode::empty());
        let first = open();
        if !matches!(first, Err(Errno::AGAIN)) {
            return first;
        }
        // The holder knows of it by now, and the kernel's own time is running.
        let begun = Instant::now();
        let most = self.left.max(self.each);
        let result = loop {
            std::thread::sleep(Duration::from_millis(5));
            let result = open();
            let is_over = watch.stopped() || begun.elapsed() >= most;
            if is_over || !matches!(result, Err(Errno::AGAIN)) {
                break result;
            }
        };
        self.left = self.left.saturating_sub(begun.elapsed());
        result
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{BufRead, BufReader, Write};
    use std::os::fd::AsFd;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use rustix::io::Errno;

    use super::Patience;
    use crate::Watch;

    /// A program that has a lease on a file, and gives way for nobody. None where there is no Python.
    fn holder(path: &std::path::Path) -> Option<Child> {
        let script = "import fcntl, signal, sys, time\n\
                      signal.signal(signal.SIGIO, signal.SIG_IGN)\n\
                      f = open(sys.argv[1], 'w')\n\
                      fcntl.fcntl(f, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n\
                      print('held', flush=True)\n\
                      sys.stdin.read()\n";
        let child = Command::new("python3")
            .args(["-c", script])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = match child {
            Ok(child) => child,
            Err(_) => {
                let _ = writeln!(std::io::stderr(), "skipped: leases: no python3");
                return None;
            }
        };
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        assert_eq!(line, "held\n");
        Some(child)
    }

    #[test]
    fn a_lease_that_is_kept_is_not_waited_for_without_end() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = File::open(place.path()).expect("a directory");
        let Some(mut child) = holder(&place.path().join("leased")) else {
            return;
        };
        let mut patience = Patience {
            left: Duration::from_millis(60),
            each: Duration::from_millis(20),
        };
        let watch = Watch::default();
        for _ in 0..2 {
            let opened = patience.open(directory.as_fd(), c"leased", &watch);
            assert_eq!(opened.map(drop), Err(Errno::AGAIN));
        }
        assert_eq!(patience.left, Duration::ZERO);
        // With its holder the lease is gone.
        child.kill().expect("killed");
        child.wait().expect("gone");
        let opened = patience.open(directory.as_fd(), c"leased", &watch);
        assert!(opened.is_ok());
    }
}
