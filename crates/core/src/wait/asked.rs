//! `--wait` and `--timeout`, for tools that make something and may wait for it.

use ami_cli::args::Args;

use super::Rules;
use crate::error::Error;
use crate::time::parse_duration;

/// Whether it is to be waited, and how.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// How it is waited, if it is.
    pub rules: Option<Rules>,
    /// The options that a command which goes on waiting needs to print alike. The time-out is none of
    /// them: with one that was too short, the command would only fail again.
    pub typed: Vec<String>,
}

impl Asked {
    /// Reads the options.
    ///
    /// # Errors
    /// A time without a wait, or one that is none.
    pub fn read(args: &Args) -> Result<Self, Error> {
        let timeout = args.value("timeout", parse_duration)?;
        let wait = args.flag("wait");
        if timeout.is_some() && !wait {
            return Err(Error::usage("--timeout is for --wait"));
        }
        let printing = ["columns", "json", "bare"].into_iter();
        let typed = printing
            .filter(|flag| args.flag(flag))
            .map(|flag| format!("--{flag}"))
            .collect();
        let usual = Rules::default();
        let rules = Rules {
            timeout: timeout.unwrap_or(usual.timeout),
            ..usual
        };
        Ok(Self {
            rules: wait.then_some(rules),
            typed,
        })
    }
}
