//! `ami-describe-children`: show which images were made from an image, and from those.

mod draw;
mod lines;
mod listed;
mod record;
mod request;
mod roots;
mod run;
pub mod spec;
mod uses;

use std::ffi::OsString;
use std::process::ExitCode;

use ami_core::app::{self, Context};
use ami_core::error::Error;
use ami_core::id::Kind;
use ami_core::input::Operands;
use ami_core::settings::Format;

use request::Request;
use run::Run;

/// Runs the tool from the words after its name.
pub fn main(words: Vec<OsString>) -> ExitCode {
    app::main(&spec::SPEC, words, async |context| {
        let request = Request::read(&context.args)?;
        let operands = Operands::new(context.args.operands(), &[Kind::Image])?;
        tokio::select! {
            biased;
            // Nothing is begun that would have to be ended.
            _ = context.interrupt.arrived() => Ok(()),
            result = drive(context, &request, operands) => result,
        }
    })
}

/// Shows what descends from the images. References are printed as images arrive; all other formats say
/// which image is whose nearest ancestor, which is known when all have arrived.
async fn drive(context: &Context, request: &Request, mut operands: Operands) -> Result<(), Error> {
    let may_begin = request.style.is_none() && context.settings.format == Format::References;
    let mut run: Option<Run<'_>> = None;
    let mut waiting = Vec::new();
    let end = loop {
        match operands.next().await {
            Ok(Some(batch)) => waiting.extend(context.locate_all(batch).await),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
        let Some(first) = waiting.first() else {
            continue;
        };
        if run.is_none() {
            run = Some(Run::begin(context, request, &first.region).await?);
        }
        if let (Some(run), true) = (&mut run, may_begin)
            && run.show(std::mem::take(&mut waiting)).await.is_err()
        {
            return Ok(());
        }
    };
    if let (Some(mut run), false) = (run, may_begin) {
        // Standard output that is gone is told by those who look at how the run ended.
        let _ = match request.style {
            Some(style) => run.draw(waiting, style).await,
            None => run.show(waiting).await,
        };
    }
    end
}
