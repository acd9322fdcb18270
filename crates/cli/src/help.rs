//! `--help` and the synopsis, drawn from the table.

use std::fmt::Write;

use crate::common::EXIT_CODES;
use crate::spec::{Dash, ExitCode, Group, Opt, Spec, Verb};

/// Columns of a help text; also what a terminal of the common size shows without wrapping.
const WIDTH: usize = 80;
/// Where the explanations of options begin.
const INDENT: usize = 28;

/// What the operands of all tools are that take them from standard input as well.
const OPERAND: &str =
    "is an ID, ID@REGION or an ARN; '-' stands for standard input, with one a line.";

/// The text of `--help`, of one verb when it is given.
pub fn render(spec: &Spec, verb: Option<&Verb>) -> String {
    let mut out = String::new();
    for line in synopsis(spec, verb) {
        let lead = if out.is_empty() { "Usage: " } else { "       " };
        let _ = writeln!(out, "{lead}{line}");
    }
    let about = verb.map_or_else(
        || spec.description.first().copied().unwrap_or(spec.summary),
        |verb| verb.summary,
    );
    let _ = writeln!(out, "\n{}", wrap(about, 0));
    let operands = verb.map_or(&spec.operands, |verb| &verb.operands);
    if operands.dash == Dash::Operands {
        let name = operands.usage.split(['.', ' ']).next().unwrap_or_default();
        let _ = writeln!(out, "\n{}", wrap(&format!("Each {name} {OPERAND}"), 0));
    }
    if verb.is_none() {
        verbs(spec, &mut out);
    }
    for group in verb.into_iter().flat_map(|verb| verb.groups) {
        self::group(group, &mut out);
    }
    for group in spec.groups {
        self::group(group, &mut out);
    }
    exit_codes(spec, &mut out);
    let _ = writeln!(out, "\nThe manual says more: man {}", spec.name);
    out
}

/// The lines of the synopsis, `ami-waiton [OPTION]... REFERENCE...`.
pub fn synopsis(spec: &Spec, verb: Option<&Verb>) -> Vec<String> {
    let line = |verb: Option<&Verb>| {
        let mut words = vec![spec.name];
        words.extend(verb.map(|verb| verb.name));
        words.push("[OPTION]...");
        let operands = verb.map_or(spec.operands.usage, |verb| verb.operands.usage);
        words.extend(Some(operands).filter(|usage| !usage.is_empty()));
        words.join(" ")
    };
    match verb {
        None if !spec.verbs.is_empty() => spec.verbs.iter().map(|verb| line(Some(verb))).collect(),
        verb => vec![line(verb)],
    }
}

/// How an option is written, `-n, --name NAME`.
pub fn spelling(opt: &Opt) -> String {
    let short = opt.short.map_or("    ".to_owned(), |c| format!("-{c}, "));
    let value = opt.value.map_or(String::new(), |v| format!(" {}", v.name));
    format!("{short}--{}{value}", opt.long)
}

/// The exit codes of a tool: the common ones, in its own words where it has any.
pub fn tool_exit_codes(spec: &Spec) -> Vec<&'static ExitCode> {
    let own = |code: &str| spec.exit_codes.iter().find(|own| own.code == code);
    let mut codes: Vec<_> = EXIT_CODES
        .iter()
        .map(|common| own(common.code).unwrap_or(common))
        .collect();
    codes.extend(
        spec.exit_codes
            .iter()
            .filter(|own| !EXIT_CODES.iter().any(|common| common.code == own.code)),
    );
    codes
}

fn verbs(spec: &Spec, out: &mut String) {
    if spec.verbs.is_empty() {
        return;
    }
    out.push_str("\nVerbs:\n");
    for verb in spec.verbs {
        entry(verb.name, verb.summary, out);
    }
    let more = format!(
        "'{} VERB --help' tells of the options of a verb.",
        spec.name
    );
    let _ = writeln!(out, "\n{}", wrap(&more, 0));
}

fn group(group: &Group, out: &mut String) {
    let _ = writeln!(out, "\n{}:", group.title);
    for opt in group.options {
        entry(&spelling(opt), &note(opt), out);
    }
}

/// An option's explanation with what its table row says beside it.
pub fn note(opt: &Opt) -> String {
    let mut note = opt.help.to_owned();
    if opt.repeatable {
        note.push_str("; may be repeated");
    }
    note
}

fn exit_codes(spec: &Spec, out: &mut String) {
    out.push_str("\nExit status:\n");
    for code in tool_exit_codes(spec) {
        entry(code.code, code.help, out);
    }
}

fn entry(term: &str, text: &str, out: &mut String) {
    let body = wrap(text, INDENT);
    let body = body.trim_start();
    // A term that fills its column gets a line of its own.
    if term.chars().count() + 4 > INDENT {
        let _ = writeln!(out, "  {term}\n{:INDENT$}{body}", "");
    } else {
        let _ = writeln!(out, "  {term:width$}{body}", width = INDENT - 2);
    }
}

fn wrap(text: &str, indent: usize) -> String {
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(WIDTH)
        .initial_indent(&indent)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}
