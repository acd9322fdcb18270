//! Completion for fish, drawn from the table.
//!
//! fish loads the script from a file called after the command. Other names of an option are left
//! out, because fish would offer them.

use std::fmt::Write;

use crate::offer::{Scope, scopes};
use crate::spec::{Complete, Opt, Spec};

/// The completion script of a tool.
pub fn render(spec: &Spec) -> String {
    let mut out = format!("# fish completion for {}\n", spec.name);
    if spec.is_dispatcher {
        hand_over(spec, &mut out);
    }
    for scope in scopes(spec) {
        let begin = format!(
            "complete --command {}{}",
            spec.name,
            condition(spec, &scope)
        );
        operands(&scope, &begin, &mut out);
        for opt in &scope.options {
            let _ = writeln!(out, "{begin}{}", option(opt));
        }
    }
    out
}

/// When a scope's lines count.
fn condition(spec: &Spec, scope: &Scope) -> String {
    let verbs: Vec<_> = spec.verbs.iter().map(|verb| verb.name).collect();
    match (scope.verb, verbs.as_slice()) {
        (Some(verb), _) => {
            format!(" --condition '__fish_seen_subcommand_from {}'", verb.name)
        }
        // What follows is for the words before a tool is named.
        (None, []) if spec.is_dispatcher => {
            " --condition 'test (count (commandline -opc)) -eq 1'".to_owned()
        }
        (None, []) => String::new(),
        (None, verbs) => format!(
            " --condition 'not __fish_seen_subcommand_from {}'",
            verbs.join(" ")
        ),
    }
}

/// Lets the tool that was named complete the words after it, as if it were called itself.
fn hand_over(spec: &Spec, out: &mut String) {
    let name = spec.name;
    let function = format!("__{}_rest", name.replace('-', "_"));
    let _ = write!(
        out,
        "function {function}
    set -l words (commandline -opc)
    set -l tool {name}-(string replace -r '^{name}-' '' -- $words[2])
    set -e words[1..2]
    complete --do-complete (string join ' ' -- $tool (string escape -- $words) (commandline -ct))
end
complete --command {name} --condition 'test (count (commandline -opc)) -gt 1' --no-files \
--arguments '({function})'
"
    );
}

fn operands(scope: &Scope, begin: &str, out: &mut String) {
    let mut rest = String::new();
    if !scope.takes_files {
        rest.push_str(" --no-files");
    }
    if !scope.words.is_empty() {
        let _ = write!(rest, " --arguments {}", quoted(&scope.words));
    }
    if !rest.is_empty() {
        let _ = writeln!(out, "{begin}{rest}");
    }
}

/// What `complete` is told of an option.
fn option(opt: &Opt) -> String {
    let mut out = format!(" --long-option {}", opt.long);
    if let Some(short) = opt.short {
        let _ = write!(out, " --short-option {short}");
    }
    if let Some(value) = opt.value {
        match value.complete {
            Complete::Nothing => out.push_str(" --exclusive"),
            Complete::File => out.push_str(" --require-parameter --force-files"),
            Complete::Words(words) => {
                let _ = write!(out, " --exclusive --arguments {}", quoted(&words.join(" ")));
            }
            Complete::List(words) => {
                let list = format!("(__fish_append , {})", words.join(" "));
                let _ = write!(out, " --exclusive --arguments {}", quoted(&list));
            }
        }
    }
    let _ = write!(out, " --description {}", quoted(opt.help));
    out
}

/// A word that fish reads back as it is.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', r"\\").replace('\'', r"\'"))
}

#[cfg(test)]
mod tests {
    use super::option;
    use crate::spec::{Complete, Opt};

    #[test]
    fn an_option_says_what_it_is_for_and_what_it_takes() {
        for (opt, expected) in [
            (
                Opt::flag("quiet", "say what's needed").short('q'),
                r" --long-option quiet --short-option q --description 'say what\'s needed'",
            ),
            (
                Opt::value("timeout", "TIME", "wait"),
                " --long-option timeout --exclusive --description 'wait'",
            ),
            (
                Opt::value("root", "DIR", "there").complete(Complete::File),
                " --long-option root --require-parameter --force-files --description 'there'",
            ),
            (
                Opt::value("type", "TYPE", "kind").complete(Complete::Words(&["gp2", "gp3"])),
                " --long-option type --exclusive --arguments 'gp2 gp3' --description 'kind'",
            ),
        ] {
            assert_eq!(option(&opt), expected);
        }
    }
}
