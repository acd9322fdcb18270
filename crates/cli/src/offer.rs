//! What the completions of all shells offer.

use crate::spec::{Opt, Spec};

/// The options of a tool and of its verbs. Where two verbs have an option of the same name, one of
/// them stands for both: none of the scripts looks at the verb.
pub(crate) fn options(spec: &Spec) -> Vec<&'static Opt> {
    let verbs = spec.verbs.iter().flat_map(|verb| verb.options());
    let mut options: Vec<&'static Opt> = Vec::new();
    for opt in spec.options().chain(verbs) {
        if !options.iter().any(|known| known.long == opt.long) {
            options.push(opt);
        }
    }
    options
}

/// The words that may stand beside the options, parted by spaces.
pub(crate) fn words(spec: &Spec) -> String {
    let verbs = spec.verbs.iter().map(|verb| verb.name);
    let words: Vec<_> = verbs.chain(spec.operands.words.iter().copied()).collect();
    words.join(" ")
}

/// All names of an option with their dashes.
pub(crate) fn spellings(opt: &Opt) -> Vec<String> {
    let longs = std::iter::once(&opt.long).chain(opt.aliases);
    longs
        .map(|long| format!("--{long}"))
        .chain(opt.short.map(|short| format!("-{short}")))
        .collect()
}
