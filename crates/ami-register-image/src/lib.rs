//! `ami-register-image`: make images of disk files, snapshots and bundles, and disk files of those.

mod bundles;
mod convert;
mod disks;
mod earlier;
mod fetching;
mod firmware;
mod handover;
mod looking;
mod machine;
mod needed;
mod opened;
mod origin;
mod pipes;
mod plan;
mod record;
mod rehearsal;
mod request;
mod sending;
mod size;
mod snapshots;
mod source;
pub mod spec;
mod volumes;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;

use request::Request;
use source::Source;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, run)
}

async fn run(context: &Context) -> Result<(), Error> {
    match Request::read(&context.args)? {
        Request::Fetch(request) => fetching::run(context, request).await,
        Request::Register(mut request) => match request.source.clone() {
            Source::Snapshot(snapshot) => snapshots::run(context, &request, snapshot).await,
            Source::Bundle(place) => bundles::run(context, &request, place).await,
            Source::Input | Source::Path(_) => disks::run(context, &mut request).await,
        },
    }
}

/// What comes of something that may be given up; none when the tool was asked to stop before.
async fn until_stopped<T>(context: &Context, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        _ = context.interrupt.arrived() => None,
        done = work => Some(done),
    }
}
