//! Pictures that are kept as files, and their comparison with what the tools draw.

use std::path::Path;

use ami_sandbox::Sandbox;
use ami_testkit::Tool;

use super::ages::without_ages;

/// A tool with arguments, led to a sandbox.
pub(super) type Draws = for<'s> fn(&'s Sandbox, &[&str]) -> Tool<'s>;

/// Compares what a tool draws, in every format, with the files of that name.
#[track_caller]
pub(super) fn in_all_formats(name: &str, sandbox: &Sandbox, tool: Draws, words: &[&str]) {
    let tree = drawn(tool(sandbox, &["--tree"]).args(words));
    assert_kept(&format!("{name}.txt"), &without_ages(&tree));
    for (option, ending) in [("--dot", "dot"), ("--mermaid", "mmd"), ("--svg", "svg")] {
        let picture = drawn(tool(sandbox, &[option]).args(words));
        assert_kept(&format!("{name}.{ending}"), &picture);
    }
}

/// Compares a tree for a terminal that shows more than ASCII.
#[track_caller]
pub(super) fn in_unicode(name: &str, sandbox: &Sandbox, tool: Draws, words: &[&str]) {
    let tool = tool(sandbox, &["--tree"]).env("LC_ALL", "C.UTF-8");
    let tree = drawn(tool.args(words));
    assert_kept(&format!("{name}.utf8.txt"), &without_ages(&tree));
}

/// What a tool draws. Its warnings, and that it fails where a region did not answer, are tested
/// elsewhere.
#[track_caller]
fn drawn(tool: Tool<'_>) -> String {
    let outcome = tool.args(["-q"]).run();
    assert!(matches!(outcome.code, Some(0 | 6)), "{outcome}");
    outcome.stdout
}

/// Compares a picture with the file, or writes the file; see the parent module.
#[track_caller]
fn assert_kept(file: &str, picture: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/pictures")
        .join(file);
    if std::env::var_os("REWRITE_PICTURES").is_some() {
        let directory = path.parent().expect("a directory");
        std::fs::create_dir_all(directory).expect("a directory for the family");
        std::fs::write(&path, picture).expect("a picture is kept");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        picture == kept,
        "{file} is not as it was kept; the first difference: {:?}",
        first_difference(picture, &kept)
    );
}

/// The first lines that differ.
fn first_difference<'t>(new: &'t str, kept: &'t str) -> Option<(Option<&'t str>, Option<&'t str>)> {
    let mut kept = kept.lines().map(Some).chain(std::iter::repeat(None));
    let new = new.lines().map(Some).chain([None]);
    new.map(|line| (line, kept.next().flatten()))
        .find(|(new, kept)| new != kept)
}
