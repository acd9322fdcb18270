//! Why a build ends before its image, and what is undone then.

use ami_core::app::Context;
use ami_core::cleanup::Stack;
use ami_core::error::Error;

use crate::helper::Verdict;

/// Why a build ends.
#[derive(Debug)]
pub(crate) enum Halt {
    /// Something failed.
    Failed(Error),
    /// The tool was asked to stop.
    Stopped,
    /// The command did not end as it should.
    Command(Verdict),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Halt {
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped)
    }

    /// Says more of what failed.
    pub(crate) fn map_failure(self, explain: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(explain(error)),
            other => other,
        }
    }

    /// Ends the tool so.
    pub(crate) fn end(self, context: &Context) -> Result<(), Error> {
        match self {
            Self::Failed(error) => Err(error),
            // The signal itself ends the tool.
            Self::Stopped => Ok(()),
            Self::Command(verdict) => {
                verdict.tell(context);
                context.end_like(verdict.code);
                Ok(())
            }
        }
    }
}

/// Removes what was made and not handed over, and ends the tool: what cannot be removed is named with
/// the command that does it, and is a failure by itself.
pub(crate) async fn settle(
    context: &Context,
    result: Result<(), Halt>,
    made: Stack<'_>,
) -> Result<(), Error> {
    context.interrupt.begin_undoing();
    if !made.is_empty() {
        let text = match context.interrupt.seen() {
            Some(_) => {
                "removing what was made; a second signal stops at once, and --sweep removes it later"
            }
            None => "removing what is not needed any more",
        };
        match context.interrupt.seen() {
            Some(_) => context.progress.hint(text),
            None => context.progress.trace(text),
        }
    }
    for left in made.unwind().await {
        let what = format!("{} is still there: {}", left.what, left.error);
        let error = Error::failed(what).hint(format!("to remove it: {}", left.by_hand));
        context.fail(&error);
    }
    match result {
        Ok(()) => Ok(()),
        Err(halt) => halt.end(context),
    }
}
