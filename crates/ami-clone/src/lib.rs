//! `ami-clone`: copy images within their own region, so that nobody else can take them away.

pub mod spec;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_copies::request::Request;
use ami_copies::{Destinations, run};
use ami_core::app;
use ami_core::id::Kind;
use ami_core::input::Operands;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, async |context| {
        let request = Request::read(&context.args)?;
        let operands = Operands::new(context.args.operands(), &[Kind::Image])?;
        run(context, &request, &Destinations::Same, operands).await
    })
}
