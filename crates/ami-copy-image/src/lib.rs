//! `ami-copy-image`: copy images to other regions, many at once.

mod destinations;
pub mod spec;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_copies::request::Request;
use ami_copies::run;
use ami_core::app;
use ami_core::id::Kind;
use ami_core::input::Operands;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, async |context| {
        let request = Request::read(&context.args)?;
        let mut words = context.args.values("source-image", word)?;
        words.extend_from_slice(context.args.operands());
        let operands = Operands::new(&words, &[Kind::Image])?;
        let destinations = destinations::read(context).await?;
        run(context, &request, &destinations, operands).await
    })
}

/// An image named by `-s` is an operand like any other.
fn word(text: &str) -> Result<OsString, std::convert::Infallible> {
    Ok(text.into())
}
