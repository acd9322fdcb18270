//! `ami-chroot`: builds images in a chroot, from a base snapshot to an image, or from a disk file to
//! a disk file.

#[cfg(target_os = "linux")]
mod bind;
#[cfg(target_os = "linux")]
mod cloud;
#[cfg(target_os = "linux")]
mod disk_file;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
mod mark;
#[cfg(target_os = "linux")]
mod output_file;
#[cfg(target_os = "linux")]
mod prepare;
#[cfg(target_os = "linux")]
mod request;
#[cfg(target_os = "linux")]
mod size;
#[cfg(target_os = "linux")]
mod source;
#[cfg(target_os = "linux")]
mod sparse;
pub mod spec;
#[cfg(target_os = "linux")]
mod sweep;
#[cfg(target_os = "linux")]
mod wishes;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::codes::Codes;
use ami_core::error::Error;

/// Without a command to run it ends like any other tool.
const CODES: Codes = Codes::OfCommand {
    unless: &["prepare-base", "sweep"],
};

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main_with(&spec::SPEC, CODES, words, run)
}

#[cfg(target_os = "linux")]
async fn run(context: &Context) -> Result<(), Error> {
    use request::{Place, Request};
    match Request::read(&context.args)? {
        Request::Build(build) => match &build.place {
            Place::File(file) => disk_file::run(context, &build, file).await,
            Place::Cloud(cloud) => cloud::run(context, &build, cloud).await,
        },
        Request::Prepare(prepare) => prepare::run(context, *prepare).await,
        Request::Sweep { dry_run } => sweep::run(context, dry_run).await,
    }
}

#[cfg(not(target_os = "linux"))]
async fn run(_: &Context) -> Result<(), Error> {
    Err(Error::failed("images are built on Linux only"))
}
