//! Completion for zsh, drawn from the table.
//!
//! The script is the body of a function that zsh loads when it is first needed, from a file called
//! `_ami-waiton` in a directory of `fpath`. All the work is that of zsh's own `_arguments`.

use std::fmt::Write;

use crate::offer::{options, spellings, words};
use crate::spec::{Complete, Dash, Opt, Spec};

/// The completion script of a tool.
pub fn render(spec: &Spec) -> String {
    let mut out = format!("#compdef {0}\n# zsh completion for {0}\n\n", spec.name);
    if spec.is_dispatcher {
        out.push_str("local curcontext=$curcontext state line\nlocal -A opt_args\n\n");
    }
    // -s: letters may be grouped; -S: what follows -- is no option.
    out.push_str("_arguments -s -S");
    if spec.options_end_at_operand {
        out.push_str(" -A '-*'");
    }
    if spec.is_dispatcher {
        out.push_str(" -C");
    }
    out.push_str(" :");
    let options = options(spec);
    let lines = options.iter().flat_map(|opt| option(opt, &options));
    for line in lines.chain(operands(spec)) {
        let _ = write!(out, " \\\n    '{}'", line.replace('\'', r"'\''"));
    }
    if spec.is_dispatcher {
        let _ = write!(out, " && return 0\n\n{}", hand_over(spec));
    }
    out.push('\n');
    out
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
        };
        format!(":{}:{action}", value.name)
    })
}

fn operands(spec: &Spec) -> Vec<String> {
    let usage = spec.operands.usage.replace(':', r"\:");
    let words = words(spec);
    if spec.is_dispatcher {
        let tool = usage.split(' ').next().unwrap_or_default();
        return vec![format!("1:{tool}:({words})"), "*:: :->rest".to_owned()];
    }
    let action = match (words.as_str(), spec.operands.dash) {
        ("", _) if usage.is_empty() => return Vec::new(),
        ("", Dash::Data) => "_files".to_owned(),
        ("", _) => " ".to_owned(),
        (words, _) => format!("({words})"),
    };
    vec![format!("*:{usage}:{action}")]
}

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
