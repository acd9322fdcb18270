//! Completions as people meet them: each shell on a terminal, with the tabulator key.

mod session;
mod shell;
mod table;

use std::io::Write;

use session::Session;
use shell::{BASH, FISH, PROMPT, Shell, ZSH};

/// What is typed before the line is sent, and what the command then is started with.
const LINES: &[(&str, &str)] = &[
    ("ami-test --tim\t", "<--timeout"),
    ("ami-test --region eu-w\t1", "<--region><eu-west-1>"),
    ("ami-test -r sa-\t", "<-r><sa-east-1>"),
    ("ami-test --region=sa-\t", "<--region=sa-east-1>"),
    ("ami-test --root photo\t", "<--root><photograph.img>"),
    ("ami-test -t a=b --ta\t", "<-t><a=b><--tag"),
    ("ami-test ami-1 avail\t", "<ami-1><available>"),
    ("ami --ver\t", "<--version>"),
    ("ami oth\t", "<other>"),
    ("ami test --tim\t", "<test><--timeout"),
    ("ami ami-test -r sa-\t", "<ami-test><-r><sa-east-1>"),
    ("ami-verbs op\t", "<open>"),
    ("ami-verbs open photo\t", "<open><photograph.img>"),
    ("ami-verbs open -k photo\t", "<open><-k><photograph.img>"),
    (
        "ami-verbs open -k x photo\t",
        "<open><-k><x><photograph.img>",
    ),
    ("ami-verbs open --k\t", "<open><--key"),
    ("ami-verbs run --p\t", "<run><--phase"),
    ("ami-verbs open --size \t", "<open><--size><8G>"),
    ("ami-verbs run --size \t", "<run><--size><9G>"),
    ("ami-verbs -r sa-\t run al\t", "<-r><sa-east-1><run><alpha>"),
    ("ami-verbs run --tim\t", "<run><--timeout"),
    (
        "ami-verbs run --phase install,up\t",
        "<run><--phase><install,upload>",
    ),
    ("ami verbs run al\t", "<verbs><run><alpha>"),
];

/// What is typed before the key, and what is then offered to choose from.
const CHOICES: &[(&str, &[&str])] = &[
    ("ami-test --region us-e", &["us-east-1", "us-east-2"]),
    ("ami-test --r", &["--region", "--root"]),
    ("ami test ami-1 ", &["available", "failed"]),
    ("ami-verbs ", &["open", "run"]),
    ("ami-verbs run ", &["alpha", "beta"]),
];

#[test]
fn bash_completes() {
    drive(&BASH);
}

#[test]
fn zsh_completes() {
    drive(&ZSH);
}

#[test]
fn fish_completes() {
    drive(&FISH);
}

fn drive(shell: &Shell) {
    if !shell.is_installed() {
        // Not by way of print!, whose output nobody sees of a test that passes.
        let message = format!("skipped: {} is not installed\n", shell.program);
        let _ = std::io::stderr().write_all(message.as_bytes());
        return;
    }
    let mut session = begin(shell);
    for (typed, started) in LINES {
        session.type_keys(typed);
        session.type_keys("\r");
        session.expect(&[started, PROMPT]);
    }
    drop(session);
    // How a list is left without a choice is not the same everywhere.
    for (typed, offered) in CHOICES {
        let mut session = begin(shell);
        session.type_keys(typed);
        // The first key may only complete what is common to all, and the second ring a bell.
        session.type_keys("\t\t\t");
        session.expect(offered);
    }
}

fn begin(shell: &Shell) -> Session {
    let mut session = Session::start(shell.command());
    session.expect(&[PROMPT]);
    session
}
