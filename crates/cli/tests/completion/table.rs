//! A tool to complete for, and a program that starts it.

use ami_cli::common::REGIONS;
use ami_cli::spec::{Complete, Dash, Group, Operands, Opt, Spec};

/// A tool with every kind of option.
pub static TOOL: Spec = Spec {
    name: "ami-test",
    summary: "test completions",
    description: &["Tests completions."],
    operands: Operands {
        usage: "IMAGE [STATE]",
        dash: Dash::Refused,
        words: &["available", "failed"],
    },
    groups: &[&Group {
        title: "Options",
        options: &[
            Opt::value("timeout", "TIME", "wait [this] long: 15m, 2h"),
            Opt::value("region", "REGION", "work there, not in the environment's")
                .short('r')
                .complete(Complete::Words(REGIONS)),
            Opt::value("root", "FILE", "a file").complete(Complete::File),
            Opt::value("tag", "KEY=VALUE", "a tag")
                .short('t')
                .repeatable(),
            Opt::flag("quiet", "say less").short('q').aliases(&["mute"]),
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

/// All tools in one program.
pub static DISPATCHER: Spec = Spec {
    name: "ami",
    summary: "start tools",
    description: &["Starts tools."],
    operands: Operands {
        usage: "TOOL [ARGUMENT]...",
        dash: Dash::Refused,
        words: &["other", "test"],
    },
    groups: &[&Group {
        title: "Options",
        options: &[Opt::flag("version", "print the version").short('V')],
    }],
    options_end_at_operand: true,
    is_dispatcher: true,
    ..TOOL
};
