//! How the caller looks on, and stops it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Error;

/// How the caller looks on, and stops it. The default does neither.
#[derive(Clone, Copy, Default)]
pub struct Watch<'a> {
    /// When it becomes true the capture ends, with [`crate::ErrorKind::Stopped`], and leaves nothing.
    pub stop: Option<&'a AtomicBool>,
    /// Called at each new stage and after some MiB or thousand files, from another thread. It should
    /// return at once.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub stage: Stage,
    /// Files, directories and whatever else copied so far.
    pub files: u64,
    /// Bytes of files copied so far.
    pub bytes: u64,
    /// How many bytes the file system that is copied from holds: more than will be copied.
    pub at_most: u64,
}

/// What is done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Counting what a large tree needs. Only where the size is automatic.
    Measuring,
    /// Making the file system.
    Making,
    /// Copying.
    Copying,
    /// Running the script.
    Script,
    /// Writing out, unmounting, setting label and UUID.
    Finishing,
}

impl Watch<'_> {
    pub(crate) fn stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        match self.stopped() {
            true => Err(Error::stopped()),
            false => Ok(()),
        }
    }

    pub(crate) fn tell(&self, progress: Progress) {
        if let Some(told) = self.progress {
            told(progress);
        }
    }
}

impl fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("stopped", &self.stopped())
            .finish_non_exhaustive()
    }
}
