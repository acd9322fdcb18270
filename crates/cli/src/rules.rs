//! The rules that every table keeps, checked by a test over all tools.

use std::collections::BTreeSet;

use crate::common::{AWS, EXIT_CODES, GENERAL, OUTPUT};
use crate::spec::{Group, Opt, Spec};
use crate::{bash, fish, help, man, zsh};

/// What is wrong with a table, a line a fault; nothing for a good one.
pub fn faults(spec: &Spec) -> Vec<String> {
    let mut faults = Vec::new();
    names_are_unique(spec, &mut faults);
    texts_are_in_style(spec, &mut faults);
    conflicts_exist(spec, &mut faults);
    common_options_are_there(spec, &mut faults);
    everything_is_shown(spec, &mut faults);
    faults
        .into_iter()
        .map(|fault| format!("{}: {fault}", spec.name))
        .collect()
}

fn names_are_unique(spec: &Spec, faults: &mut Vec<String>) {
    // A verb's options must not clash with the tool's; two verbs may use the same name.
    let tables =
        std::iter::once(Vec::new()).chain(spec.verbs.iter().map(|verb| verb.options().collect()));
    for own in tables {
        let mut longs = BTreeSet::new();
        let mut shorts = BTreeSet::new();
        for opt in spec.options().chain(own) {
            for long in std::iter::once(&opt.long).chain(opt.aliases) {
                if !longs.insert(*long) {
                    faults.push(format!("--{long} stands twice"));
                }
            }
            if let Some(short) = opt.short.filter(|short| !shorts.insert(*short)) {
                faults.push(format!("-{short} stands twice"));
            }
        }
    }
}

fn texts_are_in_style(spec: &Spec, faults: &mut Vec<String>) {
    if spec.summary.ends_with('.') || spec.summary.starts_with(char::is_uppercase) {
        faults.push("the summary is not a lower-case fragment".to_owned());
    }
    for paragraph in spec.description {
        if !paragraph.ends_with(['.', ':']) {
            faults.push(format!("a paragraph without an end: {paragraph:?}"));
        }
    }
    for opt in all(spec) {
        let plain = |text: &str| text.is_ascii() && !text.contains('\n');
        if !plain(opt.long) || opt.long.contains(['=', ' ', '_']) || opt.long.len() < 2 {
            faults.push(format!("--{} is no name for an option", opt.long));
        }
        if opt.help.is_empty() || opt.help.ends_with('.') || !plain(opt.help) {
            faults.push(format!("--{}: the help is not a plain fragment", opt.long));
        }
        if opt
            .value
            .is_some_and(|v| v.name.is_empty() || v.name.contains(char::is_lowercase))
        {
            faults.push(format!("--{}: a value's name is in capitals", opt.long));
        }
        if opt.repeatable && opt.value.is_none() {
            faults.push(format!("--{}: a flag is not repeatable", opt.long));
        }
    }
}

fn conflicts_exist(spec: &Spec, faults: &mut Vec<String>) {
    for opt in all(spec) {
        for other in opt.conflicts {
            if !all(spec).any(|opt| opt.long == *other) {
                faults.push(format!("--{} conflicts with no option --{other}", opt.long));
            }
        }
    }
}

fn common_options_are_there(spec: &Spec, faults: &mut Vec<String>) {
    let groups: &[&Group] = match spec.is_dispatcher {
        true => &[&GENERAL],
        false => &[&AWS, &OUTPUT, &GENERAL],
    };
    for group in groups {
        for common in group.options {
            match spec.options().find(|opt| opt.long == common.long) {
                None => faults.push(format!("has no --{}", common.long)),
                Some(opt) if opt.short != common.short => {
                    faults.push(format!("--{} has another letter", common.long));
                }
                Some(_) => {}
            }
        }
    }
}

fn everything_is_shown(spec: &Spec, faults: &mut Vec<String>) {
    let manual = man::render(spec, "0", "2026-01-01").replace("\\-", "-");
    // A blank after each line's end too, so that no name is taken for the beginning of another.
    let ends = |script: String| script.replace(['\'', '[', '=', '\n'], " ");
    let [bash, zsh, fish] = [bash::render(spec), zsh::render(spec), fish::render(spec)].map(ends);
    for opt in all(spec) {
        let name = format!("--{}", opt.long);
        let helped = help::render(spec, None).contains(&name)
            || spec
                .verbs
                .iter()
                .any(|verb| help::render(spec, Some(verb)).contains(&name));
        for (shown, place) in [
            (helped, "help"),
            (manual.contains(&name), "manual"),
            (bash.contains(&format!("{name} ")), "completion for bash"),
            (zsh.contains(&format!("{name} ")), "completion for zsh"),
            (
                fish.contains(&format!("--long-option {} ", opt.long)),
                "completion for fish",
            ),
        ] {
            if !shown {
                faults.push(format!("{name} is missing in the {place}"));
            }
        }
    }
    for code in EXIT_CODES {
        if !manual.contains(code.code) {
            faults.push(format!("exit code {} is missing in the manual", code.code));
        }
    }
    for field in spec.json {
        if !manual.contains(field.name) {
            faults.push(format!("field {} is missing in the manual", field.name));
        }
    }
}

fn all(spec: &Spec) -> impl Iterator<Item = &'static Opt> {
    spec.options()
        .chain(spec.verbs.iter().flat_map(|verb| verb.options()))
}

#[cfg(test)]
mod tests;
