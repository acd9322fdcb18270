//! The rules that hold for every tool's table, and for the table of tools.

use std::collections::BTreeSet;
use std::path::Path;

use ami::TOOLS;
use ami_cli::rules::faults;

#[test]
fn every_table_keeps_the_rules() {
    let own = std::iter::once(&ami::spec::SPEC);
    let all: Vec<_> = TOOLS
        .iter()
        .map(|tool| tool.spec)
        .chain(own)
        .flat_map(faults)
        .collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn no_tool_is_forgotten() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates");
    let built: BTreeSet<_> = std::fs::read_dir(crates)
        .expect("crates")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("ami-"))
        .collect();
    let known: BTreeSet<_> = TOOLS.iter().map(|tool| tool.spec.name.to_owned()).collect();
    assert_eq!(built, known);
}

#[test]
fn tools_name_only_tools_that_exist() {
    let known: BTreeSet<_> = TOOLS.iter().map(|tool| tool.spec.name).collect();
    let own = std::iter::once(&ami::spec::SPEC);
    for spec in TOOLS.iter().map(|tool| tool.spec).chain(own) {
        for name in spec.see_also {
            assert!(known.contains(name), "{}: {name}", spec.name);
        }
    }
    let words: BTreeSet<_> = ami::spec::SPEC.operands.words.iter().copied().collect();
    let short: BTreeSet<_> = known.iter().map(|name| &name["ami-".len()..]).collect();
    assert_eq!(words, short, "the words that a completion offers");
}
