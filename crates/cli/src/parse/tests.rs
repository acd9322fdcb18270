//! The strict pass, spelling by spelling; the eleven traps of a loose parser among them.

use std::ffi::OsString;

use super::{Request, Usage, parse};
use crate::args::Args;
use crate::common::{AWS, GENERAL, OUTPUT};
use crate::spec::{Complete, Dash, Group, Operands, Opt, Spec, Verb};

const OPERANDS: Operands = Operands {
    usage: "IMAGE...",
    dash: Dash::Operands,
    words: &[],
};

const OWN: Group = Group {
    title: "Options",
    options: &[
        Opt::value("name", "NAME", "a name").short('n'),
        Opt::value("description", "TEXT", "a text").short('d'),
        Opt::value("tag", "KEY=VALUE", "a tag")
            .short('t')
            .repeatable(),
        Opt::value("root", "DIR", "a directory").complete(Complete::File),
        Opt::flag("dry-run", "do nothing"),
        Opt::flag("nowait-exist", "do not wait").aliases(&["nowait-exists"]),
    ],
};

const fn spec(verbs: &'static [Verb], options_end_at_operand: bool) -> Spec {
    Spec {
        name: "ami-test",
        summary: "test",
        description: &["Tests."],
        operands: OPERANDS,
        groups: &[&OWN, &AWS, &OUTPUT, &GENERAL],
        verbs,
        options_end_at_operand,
        is_dispatcher: false,
        sections: &[],
        json: &[],
        exit_codes: &[],
        examples: &[],
        see_also: &[],
    }
}

static PLAIN: Spec = spec(&[], false);
static RUNS_COMMAND: Spec = spec(&[], true);
static WITH_VERBS: Spec = spec(
    &[
        Verb {
            name: "image",
            summary: "make",
            operands: Operands {
                usage: "DISK",
                dash: Dash::Refused,
                words: &[],
            },
            takes_files: true,
            groups: &[&Group {
                title: "Bundle",
                options: &[Opt::value("arch", "ARCH", "an architecture")],
            }],
        },
        Verb {
            name: "upload",
            summary: "send",
            operands: OPERANDS,
            takes_files: false,
            groups: &[],
        },
    ],
    false,
);

fn words(line: &str) -> Vec<OsString> {
    line.split('|').map(OsString::from).collect()
}

fn run_with(spec: &'static Spec, line: &str) -> Args {
    match parse(spec, words(line)) {
        Ok(Request::Run(args)) => args,
        other => panic!("{line}: {other:?}"),
    }
}

fn run(line: &str) -> Args {
    run_with(&PLAIN, line)
}

fn error(line: &str) -> String {
    parse(&PLAIN, words(line))
        .map(|_| ())
        .expect_err(line)
        .to_string()
}

fn text(value: &str) -> Result<String, Usage> {
    Ok(value.to_owned())
}

fn value(args: &Args, name: &str) -> Option<String> {
    args.value(name, text).expect("text")
}

#[test]
fn all_spellings_of_a_value() {
    for line in ["-n|web", "-nweb", "--name|web", "--name=web", "-qn|web"] {
        assert_eq!(value(&run(line), "name").as_deref(), Some("web"), "{line}");
    }
    assert_eq!(value(&run("--name="), "name").as_deref(), Some(""));
    assert_eq!(value(&run("--name='x'"), "name").as_deref(), Some("'x'"));
    assert_eq!(value(&run("--name=a=b"), "name").as_deref(), Some("a=b"));
    assert_eq!(value(&run("--root=/x"), "root").as_deref(), Some("/x"));
    assert_eq!(
        value(&run("-d|- fixed"), "description").as_deref(),
        Some("- fixed")
    );
    assert_eq!(
        value(&run("--name=--tag"), "name").as_deref(),
        Some("--tag")
    );
}

#[test]
fn flags_combine_and_may_be_said_twice() {
    let args = run("-qC|-q|ami-1");
    assert!(args.flag("quiet") && args.flag("columns") && !args.flag("json"));
    assert_eq!(args.operands(), ["ami-1"]);
}

#[test]
fn repeated_values_keep_their_order() {
    let args = run("-t|a=1|ami-1|--tag=b=2|-tc=3");
    assert_eq!(
        args.values("tag", text).expect("text"),
        ["a=1", "b=2", "c=3"]
    );
    assert_eq!(error("--name|a|--name|b"), "--name is given twice");
    assert_eq!(error("-na|-n|b"), "--name is given twice");
}

#[test]
fn aliases_are_the_option() {
    assert!(run("--nowait-exists").flag("nowait-exist"));
}

#[test]
fn a_forgotten_value_is_not_taken_from_the_next_option() {
    assert_eq!(
        error("--region|--profile|x|ami-1"),
        "--region needs a value, and '--profile' is an option (to mean it: --region=--profile)"
    );
    assert_eq!(
        error("--description|-h"),
        "--description needs a value, and '-h' is an option (to mean it: --description=-h)"
    );
    assert_eq!(error("--name"), "--name needs a value: --name NAME");
    assert!(error("--name|--|x").starts_with("--name needs a value"));
}

#[test]
fn strangers_stop_the_program() {
    assert_eq!(
        error("--dry-rnu|ami-1"),
        "unknown option '--dry-rnu', did you mean '--dry-run'?"
    );
    assert_eq!(error("--colour"), "unknown option '--colour'");
    assert_eq!(error("-x"), "unknown option '-x'");
    assert_eq!(error("-qga|x=1"), "unknown option '-g'");
    assert_eq!(error("--quiet=yes"), "--quiet takes no value");
    assert_eq!(error("-q=yes"), "-q takes no value");
    assert_eq!(error("-n=web"), "'-n=web': write -n VALUE or --name=VALUE");
    assert_eq!(
        error("-C|--json"),
        "--columns and --json cannot stand together"
    );
}

#[test]
fn after_two_dashes_nothing_is_an_option() {
    let args = run("ami-1|--|ls|--region|x|--");
    assert_eq!(args.operands(), ["ami-1", "ls", "--region", "x", "--"]);
    assert_eq!(args.separator(), Some(1));
    assert_eq!(value(&args, "region"), None);
}

#[test]
fn help_and_version_win_over_what_follows() {
    assert!(matches!(
        parse(&PLAIN, words("-h|--bogus")),
        Ok(Request::Help(None))
    ));
    assert!(matches!(parse(&PLAIN, words("-qV")), Ok(Request::Version)));
    assert_eq!(error("--bogus|-h"), "unknown option '--bogus'");
}

#[test]
fn options_end_where_a_command_begins() {
    let args = run_with(&RUNS_COMMAND, "-q|snap-1|apt-get|-y|install|--|x");
    assert_eq!(
        args.operands(),
        ["snap-1", "apt-get", "-y", "install", "--", "x"]
    );
    assert_eq!(args.separator(), None);
    let args = run_with(&RUNS_COMMAND, "snap-1|--|ls|-q");
    assert_eq!(args.operands(), ["snap-1", "ls", "-q"]);
    assert_eq!(args.separator(), Some(1));
    let args = run_with(&RUNS_COMMAND, "--|ls|-q");
    assert_eq!(args.operands(), ["ls", "-q"]);
    assert_eq!(args.separator(), Some(0));
}

#[test]
fn verbs_bring_their_own_options() {
    let args = run_with(&WITH_VERBS, "-q|image|--arch|arm64|disk.raw");
    assert_eq!(args.verb(), Some("image"));
    assert_eq!(value(&args, "arch").as_deref(), Some("arm64"));
    assert_eq!(args.operands(), ["disk.raw"]);
    let error = |line| parse(&WITH_VERBS, words(line)).expect_err(line).to_string();
    assert_eq!(
        error("imgae"),
        "unknown verb 'imgae', did you mean 'image'?"
    );
    assert_eq!(error("-q"), "say what to do: one of image, upload");
    assert_eq!(error("upload|--arch|x"), "unknown option '--arch'");
    assert_eq!(error("image|-"), "'-' is not read here");
    assert!(matches!(
        parse(&WITH_VERBS, words("image|--help")),
        Ok(Request::Help(Some(verb))) if verb.name == "image"
    ));
}

#[test]
fn help_of_a_verb_is_asked_for_in_many_ways() {
    for line in [
        "image|--help",
        "-h|image",
        "--help|-q|image",
        "help|image",
        "-q|help|image",
    ] {
        let asked = parse(&WITH_VERBS, words(line));
        let is_right = matches!(asked, Ok(Request::Help(Some(verb))) if verb.name == "image");
        assert!(is_right, "{line}");
    }
    for line in ["help", "-h", "-h|--bogus"] {
        let asked = parse(&WITH_VERBS, words(line));
        assert!(matches!(asked, Ok(Request::Help(None))), "{line}");
    }
    let error = |spec, line| parse(spec, words(line)).expect_err(line);
    assert_eq!(
        error(&WITH_VERBS, "help|imgae").to_string(),
        "unknown verb 'imgae', did you mean 'image'?"
    );
    assert!(matches!(parse(&PLAIN, words("help")), Ok(Request::Run(_))));
    assert_eq!(error(&WITH_VERBS, "image|-x").verb(), Some("image"));
    assert_eq!(error(&WITH_VERBS, "-x|image").verb(), None);
}

#[test]
fn words_that_are_not_text() {
    use std::os::unix::ffi::OsStringExt;
    let strange = OsString::from_vec(b"--root=/\xff".to_vec());
    let Ok(Request::Run(args)) = parse(&PLAIN, vec![strange]) else {
        panic!("parses");
    };
    let error = args.value("root", text).expect_err("not text").to_string();
    assert!(
        error.starts_with("--root: the value is not text"),
        "{error}"
    );
}

#[test]
fn conversions_name_their_option() {
    let args = run("--name|x");
    let error = args
        .value("name", |_| Err::<(), _>("'x' is too short"))
        .expect_err("refused");
    assert_eq!(error.to_string(), "--name: 'x' is too short");
}

#[test]
fn options_that_the_tool_forgot_are_found() {
    let args = run("ami-1");
    args.flag("dry-run");
    let unread = args.unread();
    assert!(unread.contains(&"name") && !unread.contains(&"dry-run"));
    assert!(!unread.contains(&"help"));
}
