//! What the completions of all shells offer.

use crate::spec::{Dash, Opt, Spec, Verb};

/// What can be typed in one place: before a verb, or behind one.
pub(crate) struct Scope {
    /// The verb that was typed.
    pub(crate) verb: Option<&'static Verb>,
    /// Options that may stand there, each once.
    pub(crate) options: Vec<&'static Opt>,
    /// Words that may stand beside the options, parted by spaces.
    pub(crate) words: String,
    /// What operands are called.
    pub(crate) usage: &'static str,
    /// Are they files, or may be?
    pub(crate) takes_files: bool,
}

/// What can be typed before a verb or without one; then behind each of the verbs.
pub(crate) fn scopes(spec: &Spec) -> Vec<Scope> {
    let own: Vec<&'static Opt> = spec.options().collect();
    let verbs: Vec<_> = spec.verbs.iter().map(|verb| verb.name).collect();
    let words: Vec<_> = verbs
        .into_iter()
        .chain(spec.operands.words.iter().copied())
        .collect();
    let first = Scope {
        verb: None,
        options: own.clone(),
        words: words.join(" "),
        usage: spec.operands.usage,
        takes_files: spec.operands.dash == Dash::Data,
    };
    let behind = |verb: &'static Verb| {
        let mut options: Vec<&'static Opt> = verb.options().collect();
        options.extend(&own);
        Scope {
            verb: Some(verb),
            options,
            words: verb.operands.words.join(" "),
            usage: verb.operands.usage,
            takes_files: verb.takes_files,
        }
    };
    std::iter::once(first)
        .chain(spec.verbs.iter().map(behind))
        .collect()
}

/// All names of an option with their dashes.
pub(crate) fn spellings(opt: &Opt) -> Vec<String> {
    let longs = std::iter::once(&opt.long).chain(opt.aliases);
    longs
        .map(|long| format!("--{long}"))
        .chain(opt.short.map(|short| format!("-{short}")))
        .collect()
}
