//! `ami-bundle`: bundle disks and running machines for S3, and bring bundles back.
//!
//! * the verbs: `image` and `volume` make bundles, `node` has another machine make one; `upload`,
//!   `download`, `delete` and `verify` carry and check them; `unbundle` and `convert` open them;
//!   `registering` makes images of them. Each reads its options and says what it did.
//! * what is named: `operand` and `at` find a manifest, `parts` what belongs to it, `destination` and
//!   `target` where things go, `keys` and `passphrase` what opens and signs.
//! * making: `bundling` finds out what a bundle needs, `machine` and `inherit` what its manifest says,
//!   `capturing` and `report` what of a tree is taken and was not; `packing` and `sending` make parts and
//!   bring them to S3, and back where they become no bundle. `standing` and `mounted` look whether the
//!   disk stays as it is.
//! * opening: `unpacking` reads parts as they come, as far as `room` has memory for them; `holes` tells
//!   disks that are too large to be true.
//! * `apart` runs what blocks, `stdin` reads a disk that may never end, `meter` shows how far it is.
//!
//! Invariant: what this run has put into S3 is taken back where it becomes no bundle, and nothing else is.

mod apart;
mod at;
mod bundling;
#[cfg(target_os = "linux")]
mod capturing;
mod convert;
mod delete;
mod destination;
mod download;
mod holes;
mod image;
#[cfg(target_os = "linux")]
mod inherit;
mod keys;
mod machine;
mod meter;
#[cfg(target_os = "linux")]
mod mounted;
#[cfg(target_os = "linux")]
mod node;
mod operand;
mod packing;
mod parts;
mod passphrase;
mod pattern;
mod record;
mod registering;
#[cfg(target_os = "linux")]
mod report;
mod room;
mod sending;
mod size;
pub mod spec;
mod standing;
mod stdin;
mod target;
mod unbundle;
mod unpacking;
mod upload;
mod verify;
#[cfg(target_os = "linux")]
mod volume;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    #[cfg(target_os = "linux")]
    let words = match node::with_settings(words) {
        Ok(words) => words,
        Err(error) => return app::refuse(&spec::SPEC, &error),
    };
    app::main(&spec::SPEC, words, run)
}

async fn run(context: &Context) -> Result<(), Error> {
    // Verbs ask for it where something would change, and some change nothing.
    let _ = context.args.flag("dry-run");
    match context.args.verb() {
        Some("image") => image::run(context).await,
        #[cfg(target_os = "linux")]
        Some("volume") => volume::run(context).await,
        #[cfg(not(target_os = "linux"))]
        Some("volume") => Err(Error::usage("running systems are bundled on Linux only")),
        Some("upload") => upload::run(context).await,
        Some("download") => download::run(context).await,
        Some("delete") => delete::run(context).await,
        Some("verify") => verify::run(context).await,
        Some("unbundle") => unbundle::run(context).await,
        Some("convert") => convert::run(context).await,
        #[cfg(target_os = "linux")]
        Some("node") => node::run(context).await,
        Some("register") => registering::run(context).await,
        verb => {
            let verb = verb.unwrap_or_default();
            Err(Error::usage(format!("there is no verb '{verb}'")))
        }
    }
}
