//! What can be known only before `main`.
//!
//! Where standard output is closed, as by `>&-`, Rust's runtime opens /dev/null in its place before
//! `main` begins, so that no file that is opened later can be taken for it. From then on what is
//! printed vanishes without an error, and with it the ID of an image that was paid for.

use std::sync::atomic::{AtomicBool, Ordering};

static STDOUT_WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Was standard output closed when the program started?
pub(crate) fn stdout_was_closed() -> bool {
    STDOUT_WAS_CLOSED.load(Ordering::Relaxed)
}

// SAFETY: it asks the kernel about a descriptor and stores a flag; it needs nothing of Rust's
// runtime, which is not there yet, and cannot panic.
#[ctor::ctor(unsafe)]
fn look_at_stdout() {
    let is_closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    STDOUT_WAS_CLOSED.store(is_closed, Ordering::Relaxed);
}
