//! `ami-tag-image`: tag images with where they came from and when.

mod call;
mod describe;
mod heritage;
mod plan;
mod record;
mod request;
mod run;
mod shared;
mod showing;
pub mod spec;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;
use ami_core::id::Kind;
use ami_core::input::Operands;

use request::Request;
use run::Run;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, tag)
}

async fn tag(context: &Context) -> Result<(), Error> {
    let request = Request::read(&context.args)?;
    let words = context.args.operands();
    let operands = Operands::new(words, &[Kind::Image])?;
    request.check(words)?;
    Run::new(context, &request).drive(operands).await
}
