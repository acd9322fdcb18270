//! What is asked for: a state, how long to wait, and for what.

use std::ffi::OsString;
use std::time::Duration;

use ami_cli::args::Args;
use ami_cli::suggest::nearest;
use ami_core::error::Error;
use ami_core::escape::escape;
use ami_core::id::{Id, Kind};
use ami_core::input::Operands;
use ami_core::reference::Reference;
use ami_core::resource::{EXISTS, default_state, states};
use ami_core::time::{parse_duration, parse_positive_duration};
use ami_core::wait::Rules;

/// The options, and the state if one is named.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) rules: Rules,
    pub(crate) any: bool,
    pub(crate) state: Option<String>,
    /// The options that were typed, for a command that does the same.
    pub(crate) typed: Vec<String>,
}

impl Request {
    pub(crate) fn read(args: &Args) -> Result<(Self, Operands), Error> {
        let timeout = args.value("timeout", parse_duration)?;
        let exist_timeout = args.value("exist-timeout", parse_duration)?;
        let poll = args.value("poll", parse_positive_duration)?;
        let nowait_exist = args.flag("nowait-exist");
        let dumb = args.flag("dumb");
        let any = args.flag("any");
        let (words, state) = split_state(args.operands())?;
        if nowait_exist && state.as_deref() == Some(EXISTS) {
            return Err(Error::usage(
                "--nowait-exist and the state 'exists' contradict each other",
            ));
        }
        let usual = Rules::default();
        let exist_timeout = match nowait_exist {
            true => Duration::ZERO,
            false => exist_timeout.unwrap_or(usual.exist_timeout),
        };
        let request = Self {
            rules: Rules {
                timeout: timeout.unwrap_or(usual.timeout),
                exist_timeout,
                poll: poll.unwrap_or(usual.poll),
                dumb,
            },
            any,
            state,
            typed: typed(args)?,
        };
        request.check_given(words)?;
        Ok((request, Operands::new(words, &Kind::ALL)?))
    }

    /// The state that a resource of that kind is waited for to reach.
    pub(crate) fn wanted(&self, kind: Kind) -> Result<&str, Error> {
        match self.state.as_deref() {
            None => Ok(default_state(kind)),
            Some(state) if states(kind).contains(&state) => Ok(state),
            Some(state) => Err(Error::usage(format!(
                "{} {} is never {state}; it can be {}",
                article(kind),
                kind.noun(),
                states(kind).join(", ")
            ))),
        }
    }

    /// Words on the command line are known before anything is called, so their kinds are checked
    /// before as well.
    fn check_given(&self, words: &[OsString]) -> Result<(), Error> {
        for word in words {
            let text = word.to_string_lossy();
            if Kind::ALL
                .into_iter()
                .any(|kind| states(kind).contains(&&*text))
            {
                return Err(Error::usage(format!(
                    "'{text}' is a state; one can be named, and it stands last"
                )));
            }
            if let Ok(reference) = word.to_string_lossy().parse::<Reference>() {
                self.wanted(reference.id.kind())?;
            }
        }
        Ok(())
    }
}

/// The last word is the state, unless it is a reference or `-`.
fn split_state(words: &[OsString]) -> Result<(&[OsString], Option<String>), Error> {
    let Some((last, rest)) = words.split_last() else {
        return Ok((words, None));
    };
    let text = last.to_string_lossy();
    if text == "-" || text.parse::<Reference>().is_ok() || looks_like_reference(&text) {
        return Ok((words, None));
    }
    let state = if text == "exist" { EXISTS } else { &*text };
    let mut known: Vec<_> = Kind::ALL.into_iter().flat_map(states).collect();
    known.sort_unstable();
    known.dedup();
    if known.contains(&state) {
        return Ok((rest, Some(state.to_owned())));
    }
    let guess = nearest(&text, known.iter().copied())
        .map(|state| format!(", did you mean '{state}'?"))
        .unwrap_or_default();
    Err(Error::usage(format!(
        "'{}' is neither a reference nor a state{guess}",
        escape(&text)
    )))
}

/// A mistyped ID is better explained as an ID than as a state.
fn looks_like_reference(text: &str) -> bool {
    let malformed =
        |text: &str| matches!(text.parse::<Id>(), Err(ami_core::id::Malformed::Digits(_)));
    malformed(text) || text.contains(['@', ':'])
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Image | Kind::Instance => "an",
        Kind::Snapshot | Kind::Volume => "a",
    }
}

fn typed(args: &Args) -> Result<Vec<String>, Error> {
    let mut words = Vec::new();
    for option in ["timeout", "exist-timeout", "poll"] {
        let value = args.value(option, |text| Ok::<_, String>(text.to_owned()))?;
        words.extend(
            value
                .map(|value| [format!("--{option}"), value])
                .into_iter()
                .flatten(),
        );
    }
    for flag in ["any", "dumb", "nowait-exist", "columns", "json", "bare"] {
        words.extend(args.flag(flag).then(|| format!("--{flag}")));
    }
    Ok(words)
}
