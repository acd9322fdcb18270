//! Completion for zsh, drawn from the table.
//!
//! The script is the body of a function that zsh loads when it is first needed, from a file called
//! `_ami-waiton` in a directory of `fpath`. All the work is that of zsh's own `_arguments`.

use std::fmt::Write;

use crate::offer::{Scope, scopes, spellings};
use crate::spec::{Complete, Opt, Spec};

/// The completion script of a tool.
pub fn render(spec: &Spec) -> String {
    let mut out = format!("#compdef {0}\n# zsh completion for {0}\n\n", spec.name);
    let has_rest = spec.is_dispatcher || !spec.verbs.is_empty();
    if has_rest {
        out.push_str("local curcontext=$curcontext state line\nlocal -A opt_args\n\n");
    }
    let scopes = scopes(spec);
    let [first, behind @ ..] = scopes.as_slice() else {
        return out;
    };
    // -s: letters may be grouped; -S: what follows -- is no option.
    out.push_str("_arguments -s -S");
    if spec.options_end_at_operand {
        out.push_str(" -A '-*'");
    }
    if has_rest {
        out.push_str(" -C");
    }
    let operands = match (spec.is_dispatcher, behind.is_empty()) {
        (true, _) => dispatched(first),
        (false, false) => verbs(spec),
        (false, true) => operands(first),
    };
    arguments(first, operands, "    ", &mut out);
    if spec.is_dispatcher {
        let _ = write!(out, " && return 0\n\n{}", hand_over(spec));
    } else if !behind.is_empty() {
        // The words are now those from the verb on.
        out.push_str(" && return 0\n\n[[ $state == rest ]] || return 1\ncase $words[1] in\n");
        for scope in behind {
            let name = scope.verb.map_or("", |verb| verb.name);
            let _ = write!(out, "{name})\n    _arguments -s -S");
            arguments(scope, self::operands(scope), "        ", &mut out);
            out.push_str(" ;;\n");
        }
        out.push_str("esac");
    }
    out.push('\n');
    out
}

/// Options and operands as `_arguments` is told of them.
fn arguments(scope: &Scope, operands: Vec<String>, indent: &str, out: &mut String) {
    out.push_str(" :");
    let options = &scope.options;
    let lines = options.iter().flat_map(|opt| option(opt, options));
    for line in lines.chain(operands) {
        let _ = write!(out, " \\\n{indent}'{}'", line.replace('\'', r"'\''"));
    }
}

/// An option under each of its names: what it excludes, the name, its explanation and its value.
fn option(opt: &Opt, all: &[&Opt]) -> Vec<String> {
    let mut excluded = Vec::new();
    if !opt.repeatable {
        excluded.extend(spellings(opt));
    }
    for other in all
        .iter()
        .filter(|other| opt.conflicts.contains(&other.long))
    {
        excluded.extend(spellings(other));
    }
    let mut lead = String::new();
    if !excluded.is_empty() {
        lead = format!("({})", excluded.join(" "));
    }
    if opt.repeatable {
        lead.push('*');
    }
    let rest = format!("[{}]{}", bracketed(opt.help), value(opt));
    // The value follows "=" or as a word of its own; behind a letter also in the same word.
    let (after_long, after_short) = match opt.value {
        Some(_) => ("=", "+"),
        None => ("", ""),
    };
    let short = opt.short.map(|c| format!("{lead}-{c}{after_short}{rest}"));
    let long = format!("{lead}--{}{after_long}{rest}", opt.long);
    // What begins with "!" is understood and not offered.
    let hidden = |alias| format!("!{lead}--{alias}{after_long}{rest}");
    short
        .into_iter()
        .chain([long])
        .chain(opt.aliases.iter().map(hidden))
        .collect()
}

fn value(opt: &Opt) -> String {
    opt.value.map_or(String::new(), |value| {
        let action = match value.complete {
            // A blank offers nothing and lets zsh show the name of what is wanted.
            Complete::Nothing => " ".to_owned(),
            Complete::File => "_files".to_owned(),
            Complete::Words(words) => format!("({})", words.join(" ")),
            Complete::List(words) => format!("_values -s , {} {}", value.name, words.join(" ")),
        };
        format!(":{}:{action}", value.name)
    })
}

fn operands(scope: &Scope) -> Vec<String> {
    let usage = scope.usage.replace(':', r"\:");
    let action = match scope.words.as_str() {
        "" if usage.is_empty() => return Vec::new(),
        "" if scope.takes_files => "_files".to_owned(),
        "" => " ".to_owned(),
        words => format!("({words})"),
    };
    vec![format!("*:{usage}:{action}")]
}

fn dispatched(scope: &Scope) -> Vec<String> {
    let tool = scope.usage.split(' ').next().unwrap_or_default();
    let words = &scope.words;
    vec![format!("1:{tool}:({words})"), REST.to_owned()]
}

/// The verbs with what they do.
fn verbs(spec: &Spec) -> Vec<String> {
    let verbs = spec.verbs.iter().map(|verb| {
        let summary = verb.summary.replace(':', r"\:").replace('"', "");
        format!(r#"{}\:"{summary}""#, verb.name)
    });
    let verbs: Vec<_> = verbs.collect();
    vec![format!("1:VERB:(({}))", verbs.join(" ")), REST.to_owned()]
}

/// What follows the first word, as a line of its own.
const REST: &str = "*:: :->rest";

/// Lets the tool that was named complete the words after it, as if it were called itself.
fn hand_over(spec: &Spec) -> String {
    let name = spec.name;
    format!(
        "if [[ $state == rest ]]; then\n    words[1]={name}-${{words[1]#{name}-}}\n    _normal\nfi"
    )
}

/// Text between brackets.
fn bracketed(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::option;
    use crate::spec::{Complete, Opt};

    #[test]
    fn an_option_says_what_it_excludes_and_what_it_takes() {
        let json = Opt::flag("json", "print [JSON]").conflicts(&["columns"]);
        let columns = Opt::flag("columns", "print a table").short('C');
        let tag = Opt::value("tag", "KEY=VALUE", "tag it")
            .short('t')
            .repeatable();
        let root = Opt::value("root", "DIR", "a directory")
            .aliases(&["chroot"])
            .complete(Complete::File);
        let all = [&json, &columns, &tag, &root];
        assert_eq!(
            option(&json, &all),
            [r"(--json --columns -C)--json[print \[JSON\]]"]
        );
        assert_eq!(
            option(&tag, &all),
            ["*-t+[tag it]:KEY=VALUE: ", "*--tag=[tag it]:KEY=VALUE: "]
        );
        assert_eq!(
            option(&root, &all),
            [
                "(--root --chroot)--root=[a directory]:DIR:_files",
                "!(--root --chroot)--chroot=[a directory]:DIR:_files"
            ]
        );
    }
}
