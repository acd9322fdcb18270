//! Work that blocks, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ami_bundle_format::Error as Wrong;
use ami_core::app::Context;
use ami_core::error::{Error, Kind};

/// A flag that somebody sets to end what works apart.
pub(crate) type Stop = Arc<AtomicBool>;

/// Runs `work` apart, and ends it when the tool is asked to stop or `stop` is set by others. It has
/// ended when this returns.
///
/// # Errors
/// As the work ends.
pub(crate) async fn apart<T: Send + 'static, E: Send + 'static>(
    context: &Context,
    stop: &Stop,
    work: impl FnOnce(&AtomicBool) -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let flag = Arc::clone(stop);
    let mut working = tokio::task::spawn_blocking(move || work(&flag));
    let done = tokio::select! {
        biased;
        _ = context.interrupt.arrived() => {
            stop.store(true, Ordering::Relaxed);
            working.await
        }
        done = &mut working => done,
    };
    match done {
        Ok(done) => {
            if done.is_err() {
                // So that callers see whether it failed because the tool was stopped.
                context.interrupt.seen_after_failure().await;
            }
            done
        }
        // It never panics by intention; whoever sees this has found a mistake of ours.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// What is wrong with a bundle, or with a disk that is to be one, as an error of the tool.
pub(crate) fn explain(wrong: Wrong) -> Error {
    let text = wrong.to_string();
    match wrong {
        Wrong::WrongKey => {
            Error::failed(text).hint("it is for the key of whoever made it, and for EC2's own")
        }
        Wrong::Passphrase(_) => Error::new(Kind::Usage, text),
        _ => Error::failed(text),
    }
}
