//! `ami-register-image`: make images of disk files, snapshots and bundles, and disk files of those.

mod fetching;
mod request;
mod source;
pub mod spec;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;

use request::Request;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, run)
}

async fn run(context: &Context) -> Result<(), Error> {
    match Request::read(&context.args)? {
        Request::Fetch(request) => fetching::run(context, request).await,
        Request::Register(source, register) => {
            ami_registration::run(context, source, *register).await
        }
    }
}
