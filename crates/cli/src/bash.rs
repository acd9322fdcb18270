//! Completion for bash, drawn from the table.
//!
//! The script holds plain word lists and needs nothing but bash itself, so that it completes
//! before the tool has ever run and without the bash-completion package.

use std::fmt::Write;

use crate::offer::{Scope, scopes, spellings};
use crate::spec::{Complete, Opt, Spec};

/// The completion script of a tool.
pub fn render(spec: &Spec) -> String {
    let function = format!("_{}", spec.name.replace('-', "_"));
    let mut out = format!("# bash completion for {}\n", spec.name);
    let _ = writeln!(out, "{function}() {{");
    if spec.is_dispatcher {
        hand_over(spec, &mut out);
    }
    out.push_str("    local cur=${COMP_WORDS[COMP_CWORD]} prev=\n");
    out.push_str("    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}\n");
    out.push_str("    COMPREPLY=()\n");
    // bash breaks words at "=": --name=value comes as three of them.
    out.push_str("    if [[ $cur == = ]]; then cur=\n");
    out.push_str("    elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n");
    let scopes = scopes(spec);
    match scopes.as_slice() {
        [only] => offer(only, "    ", &mut out),
        [first, behind @ ..] => {
            find_verb(spec, first, &mut out);
            out.push_str("    case $verb in\n");
            for scope in behind {
                let name = scope.verb.map_or("", |verb| verb.name);
                let _ = writeln!(out, "    {name})");
                offer(scope, "        ", &mut out);
                out.push_str("        return ;;\n");
            }
            out.push_str("    esac\n");
            offer(first, "    ", &mut out);
        }
        [] => {}
    }
    let _ = writeln!(
        out,
        "}}\ncomplete -o bashdefault {function_name}",
        function_name = complete(spec, &function)
    );
    out
}

/// Finds the verb: the first word that is neither an option nor the value of one.
fn find_verb(spec: &Spec, first: &Scope, out: &mut String) {
    let with_value = first.options.iter().filter(|opt| opt.value.is_some());
    let with_value: Vec<_> = with_value.flat_map(|opt| spellings(opt)).collect();
    let verbs: Vec<_> = spec.verbs.iter().map(|verb| verb.name).collect();
    let _ = write!(
        out,
        "    local verb= at
    for ((at = 1; at < COMP_CWORD; at++)); do
        case ${{COMP_WORDS[at]}} in
        {}) ((at++)); [[ ${{COMP_WORDS[at]}} == = ]] && ((at++)) ;;
        {}) verb=${{COMP_WORDS[at]}}; break ;;
        esac
    done
",
        with_value.join(" | "),
        verbs.join(" | ")
    );
}

/// What can be typed in one place.
fn offer(scope: &Scope, indent: &str, out: &mut String) {
    values(&scope.options, indent, out);
    let options: Vec<_> = scope.options.iter().map(|opt| opt.long).collect();
    let options = format!("--{}", options.join(" --"));
    let _ = writeln!(out, "{indent}if [[ $cur == -* ]]; then");
    let _ = writeln!(out, "{indent}    {}", compgen("-W", &options));
    let _ = writeln!(out, "{indent}    return\n{indent}fi");
    if scope.takes_files && scope.verb.is_some() {
        let _ = writeln!(out, "{indent}{FILES}");
    } else if !scope.words.is_empty() {
        let _ = writeln!(out, "{indent}{}", compgen("-W", &scope.words));
    }
}

/// As file names they are quoted where necessary, and a directory gets its slash.
const FILES: &str = "compopt -o filenames 2> /dev/null; \
     mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";

fn complete(spec: &Spec, function: &str) -> String {
    format!("-F {function} {}", spec.name)
}

fn compgen(kind: &str, words: &str) -> String {
    format!("mapfile -t COMPREPLY < <(compgen {kind} '{words}' -- \"$cur\")")
}

/// What follows an option that takes a value.
fn values(options: &[&Opt], indent: &str, out: &mut String) {
    let with_value = options
        .iter()
        .filter_map(|opt| opt.value.map(|value| (opt, value)));
    let _ = writeln!(out, "{indent}case $prev in");
    for (opt, value) in with_value {
        let pattern = spellings(opt).join(" | ");
        let action = match value.complete {
            Complete::Nothing => String::new(),
            Complete::File => format!("{FILES}; "),
            Complete::Words(words) => format!("{}; ", compgen("-W", &words.join(" "))),
            Complete::List(words) => list(words),
        };
        let _ = writeln!(out, "{indent}{pattern}) {action}return ;;");
    }
    let _ = writeln!(out, "{indent}esac");
}

/// Offers what can follow the last comma.
fn list(words: &[&str]) -> String {
    format!(
        "local head=; [[ $cur == *,* ]] && head=${{cur%,*}},; compopt -o nospace 2> /dev/null; \
         mapfile -t COMPREPLY < <(compgen -P \"$head\" -W '{}' -- \"${{cur##*,}}\"); ",
        words.join(" ")
    )
}

/// Lets the tool that was named complete the words after it, as if it were called itself.
fn hand_over(spec: &Spec, out: &mut String) {
    let name = spec.name;
    let _ = write!(
        out,
        "    if ((COMP_CWORD > 1)) && [[ ${{COMP_WORDS[1]}} != -* ]]; then
        local tool={name}-${{COMP_WORDS[1]#{name}-}}
        local function=_${{tool//-/_}}
        # bash-completion reads the tool's own script only when it is needed.
        declare -F \"$function\" > /dev/null || __load_completion \"$tool\" 2> /dev/null
        declare -F \"$function\" > /dev/null || return
        COMP_WORDS=(\"$tool\" \"${{COMP_WORDS[@]:2}}\")
        ((COMP_CWORD -= 1))
        \"$function\"
        return
    fi
"
    );
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::process::Command;

    use super::render;
    use crate::spec::{Complete, Dash, Group, Operands, Opt, Spec};

    static SPEC: Spec = Spec {
        name: "ami-test",
        summary: "test",
        description: &["Tests."],
        operands: Operands {
            usage: "IMAGE [STATE]",
            dash: Dash::Refused,
            words: &["available", "failed"],
        },
        groups: &[&Group {
            title: "Options",
            options: &[
                Opt::value("region", "REGION", "where")
                    .short('r')
                    .complete(Complete::Words(&["eu-1", "us-1"])),
                Opt::value("name", "NAME", "a name"),
                Opt::value("root", "DIR", "a directory").complete(Complete::File),
                Opt::flag("quiet", "say less"),
            ],
        }],
        verbs: &[],
        options_end_at_operand: false,
        is_dispatcher: false,
        sections: &[],
        json: &[],
        exit_codes: &[],
        examples: &[],
        see_also: &[],
    };

    /// What bash offers for the last of these words, which are broken up as bash breaks them.
    /// Nothing is known of it where no bash is installed.
    fn offered(words: &[&str]) -> Option<String> {
        let script = render(&SPEC)
            + "COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)); _ami_test; echo \"${COMPREPLY[*]}\"";
        let output = Command::new("bash")
            .args(["-c", &script, "bash", "ami-test"])
            .args(words)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output();
        match output {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            output => Some(String::from_utf8(output.expect("bash runs").stdout).expect("text")),
        }
    }

    #[test]
    fn bash_offers_what_the_table_says() {
        for (words, expected) in [
            (&["-"][..], "--region --name --root --quiet"),
            (&["--r"], "--region --root"),
            (&["--region", ""], "eu-1 us-1"),
            (&["-r", "u"], "us-1"),
            (&["--region", "="], "eu-1 us-1"),
            (&["--region", "=", "e"], "eu-1"),
            (&["--name", ""], ""),
            (&["--name", "=", "a"], ""),
            (&["--root", "Carg"], "Cargo.toml"),
            (&["ami-1", ""], "available failed"),
            (&["ami-1", "f"], "failed"),
        ] {
            if let Some(offered) = offered(words) {
                assert_eq!(offered.trim_end(), expected, "{words:?}");
            }
        }
    }
}
