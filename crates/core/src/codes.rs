//! How failures become exit codes: by what they mean, or, for tools that run a command, by one code
//! that no command is likely to have.

use std::ffi::OsString;

use ami_cli::args::Args;

use crate::error::Error;

/// What programs that run another one end with when they fail themselves (chroot(1), env(1)).
const FAILED_ITSELF: u8 = 125;

/// The exit codes of a tool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Codes {
    /// Those of all tools: each kind of failure has its own.
    #[default]
    ByKind,
    /// Those of a tool that runs a command and ends as it did, so that its own failures, a wrong
    /// command line among them, must all be told apart from the command's. With one of these long
    /// options it runs none, and is like all tools.
    OfCommand {
        /// The long names of those options.
        unless: &'static [&'static str],
    },
}

impl Codes {
    /// Those of one call.
    pub(crate) fn of_call(self, args: &Args) -> Self {
        match self {
            Self::OfCommand { unless } if unless.iter().any(|long| args.flag(long)) => Self::ByKind,
            other => other,
        }
    }

    /// Those of words that are no call. They may be wrong in any way, so it is only looked whether such
    /// an option was typed before the command begins.
    pub(crate) fn of_words(self, words: &[OsString]) -> Self {
        let Self::OfCommand { unless } = self else {
            return self;
        };
        let mut options = words
            .iter()
            .map(|word| word.to_string_lossy())
            .take_while(|word| word != "--");
        let is_named = options.any(|word| {
            let long = word.strip_prefix("--").unwrap_or_default();
            let name = long.split('=').next().unwrap_or_default();
            unless.contains(&name)
        });
        if is_named { Self::ByKind } else { self }
    }

    /// The code of one failure.
    pub(crate) fn of(self, error: &Error) -> u8 {
        match self {
            Self::ByKind => error.kind().code(),
            Self::OfCommand { .. } => FAILED_ITSELF,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Codes;
    use crate::error::Error;

    #[test]
    fn a_tool_that_runs_a_command_has_one_code_of_its_own() {
        let codes = Codes::OfCommand { unless: &["sweep"] };
        let code = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(Into::into).collect();
            codes.of_words(&words).of(&Error::usage("wrong"))
        };
        assert_eq!(code(&["--frob"]), 125);
        assert_eq!(code(&["--sweep", "--frob"]), 2);
        assert_eq!(code(&["--sweep=x"]), 2);
        assert_eq!(code(&["--", "git", "--sweep"]), 125);
        assert_eq!(code(&[]), 125);
    }
}
