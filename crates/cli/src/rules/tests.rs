//! The checker itself: a good table passes, and each kind of fault is found.

use super::faults;
use crate::common::{AWS, CHANGES, GENERAL, OUTPUT};
use crate::spec::{Dash, Group, Operands, Opt, Spec};

const GOOD: Spec = Spec {
    name: "ami-test",
    summary: "test the tables",
    description: &["Tests the tables."],
    operands: Operands {
        usage: "IMAGE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[&AWS, &OUTPUT, &CHANGES, &GENERAL],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: &[],
    json: &[],
    exit_codes: &[],
    examples: &[],
    see_also: &[],
};

#[test]
fn a_good_table_has_no_faults() {
    assert_eq!(faults(&GOOD), Vec::<String>::new());
}

#[test]
fn each_fault_is_found() {
    const OWN: Group = Group {
        title: "Options",
        options: &[
            Opt::value("region", "REGION", "again").short('q'),
            Opt::flag("x", "Ends with a stop."),
            Opt::value("lower", "value", "a value").conflicts(&["nothing"]),
        ],
    };
    let bad = Spec {
        groups: &[&OWN, &AWS, &OUTPUT],
        summary: "Capital.",
        ..GOOD
    };
    let found = faults(&bad).join("\n");
    for fault in [
        "--region stands twice",
        "-q stands twice",
        "--x is no name",
        "--x: the help is not",
        "--lower: a value's name",
        "--lower conflicts with no option --nothing",
        "--region has another letter",
        "has no --help",
        "has no --version",
        "the summary is not",
    ] {
        assert!(found.contains(fault), "{fault} in:\n{found}");
    }
}
