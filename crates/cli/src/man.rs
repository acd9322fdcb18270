//! Manual pages in roff, drawn from the table.

use roff::{Inline, Roff, bold, italic, roman};

use crate::common::{ENVIRONMENT, ENVIRONMENT_TITLE};
use crate::help::{note, synopsis, tool_exit_codes};
use crate::spec::{Complete, Group, Opt, Spec};

/// The manual page of a tool. `date` stands in its foot, `2026-11-20`, or is empty; pages that are made from
/// the same source with the same date are the same.
pub fn render(spec: &Spec, version: &str, date: &str) -> String {
    let mut page = Roff::new();
    let source = format!("ami-tools {version}");
    let title = spec.name.to_uppercase();
    // An empty argument would not be written at all, and the next one be taken for the date.
    let date = if date.is_empty() { " " } else { date };
    page.control("TH", [&*title, "1", date, &source, "ami-tools"]);
    section(&mut page, "NAME");
    page.text([roman(format!("{} - {}", spec.name, spec.summary))]);
    self::synopses(&mut page, spec);
    section(&mut page, "DESCRIPTION");
    paragraphs(&mut page, spec.description);
    verbs(&mut page, spec);
    section(&mut page, "OPTIONS");
    for group in spec.groups {
        options(&mut page, group);
    }
    let (of_environment, others): (Vec<_>, Vec<_>) = spec
        .sections
        .iter()
        .partition(|own| own.title == ENVIRONMENT_TITLE);
    for own in others {
        section(&mut page, &own.title.to_uppercase());
        paragraphs(&mut page, own.paragraphs);
    }
    json(&mut page, spec);
    section(&mut page, "EXIT STATUS");
    for code in tool_exit_codes(spec) {
        entry(&mut page, vec![bold(code.code)], code.help);
    }
    section(&mut page, "ENVIRONMENT");
    for variable in ENVIRONMENT {
        entry(&mut page, vec![bold(variable.name)], variable.help);
    }
    for own in of_environment {
        paragraphs(&mut page, own.paragraphs);
    }
    examples(&mut page, spec);
    see_also(&mut page, spec);
    page.render()
}

fn synopses(page: &mut Roff, spec: &Spec) {
    section(page, "SYNOPSIS");
    for (at, line) in synopsis(spec, None).iter().enumerate() {
        let rest = line.strip_prefix(spec.name).unwrap_or_default().to_owned();
        if at > 0 {
            page.control("br", []);
        }
        page.text([bold(spec.name), roman(rest)]);
    }
}

fn verbs(page: &mut Roff, spec: &Spec) {
    if spec.verbs.is_empty() {
        return;
    }
    section(page, "VERBS");
    for verb in spec.verbs {
        entry(page, vec![bold(verb.name)], verb.summary);
        for group in verb.groups {
            options(page, group);
        }
    }
}

fn options(page: &mut Roff, group: &Group) {
    page.control("SS", [group.title]);
    for opt in group.options {
        entry(page, spelling(opt), &sentence(opt, &note(opt)));
    }
}

fn spelling(opt: &Opt) -> Vec<Inline> {
    let mut inlines = Vec::new();
    if let Some(short) = opt.short {
        inlines.extend([bold(format!("-{short}")), roman(", ")]);
    }
    for (at, long) in std::iter::once(&opt.long).chain(opt.aliases).enumerate() {
        if at > 0 {
            inlines.push(roman(", "));
        }
        inlines.push(bold(format!("--{long}")));
    }
    if let Some(value) = opt.value {
        inlines.extend([roman(" "), italic(value.name)]);
    }
    inlines
}

fn json(page: &mut Roff, spec: &Spec) {
    if spec.json.is_empty() {
        return;
    }
    section(page, "JSON FIELDS");
    page.text([roman(
        "With --json each line is one object with these fields, always in this order:",
    )]);
    for field in spec.json {
        entry(page, vec![bold(field.name)], field.help);
    }
}

fn examples(page: &mut Roff, spec: &Spec) {
    if spec.examples.is_empty() {
        return;
    }
    section(page, "EXAMPLES");
    for (at, example) in spec.examples.iter().enumerate() {
        if at > 0 {
            page.control("PP", []);
        }
        page.text([roman(example.help)]);
        page.control("PP", []);
        page.control("RS", ["4"]);
        page.control("nf", []);
        page.text([bold(example.line)]);
        page.control("fi", []);
        page.control("RE", []);
    }
}

fn see_also(page: &mut Roff, spec: &Spec) {
    if spec.see_also.is_empty() {
        return;
    }
    section(page, "SEE ALSO");
    let mut inlines = Vec::new();
    for name in spec.see_also {
        if !inlines.is_empty() {
            inlines.push(roman(", "));
        }
        inlines.extend([bold(*name), roman("(1)")]);
    }
    page.text(inlines);
}

fn section(page: &mut Roff, title: &str) {
    page.control("SH", [title]);
}

fn paragraphs(page: &mut Roff, paragraphs: &[&str]) {
    for (at, paragraph) in paragraphs.iter().enumerate() {
        if at > 0 {
            page.control("PP", []);
        }
        page.text([roman(*paragraph)]);
    }
}

fn entry(page: &mut Roff, term: Vec<Inline>, text: &str) {
    page.control("TP", []);
    page.text(term);
    page.text([roman(text)]);
}

/// Help texts are fragments; a manual speaks in sentences. A word that is to be typed stays as it is
/// typed, at the beginning too.
fn sentence(opt: &Opt, fragment: &str) -> String {
    let words = match opt.value.map(|value| value.complete) {
        Some(Complete::Words(words) | Complete::List(words)) => words,
        _ => &[],
    };
    let is_word = words.iter().any(|word| fragment.starts_with(word));
    let mut letters = fragment.chars();
    let first = letters.next().into_iter().flat_map(|letter| match is_word {
        true => letter.to_string().chars().collect::<Vec<_>>(),
        false => letter.to_uppercase().collect(),
    });
    let mut text: String = first.chain(letters).collect();
    if !text.ends_with('.') {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::sentence;
    use crate::spec::{Complete, Opt};

    #[test]
    fn words_to_be_typed_keep_their_letters() {
        let opt = Opt::value("network", "WHICH", "").complete(Complete::Words(&["host", "none"]));
        for (fragment, said) in [
            ("host: all of it", "host: all of it."),
            ("which network it is", "Which network it is."),
        ] {
            assert_eq!(sentence(&opt, fragment), said);
        }
    }
}
