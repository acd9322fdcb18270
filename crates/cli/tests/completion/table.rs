//! A tool to complete for, and a program that starts it.

use ami_cli::common::REGIONS;
use ami_cli::spec::{Complete, Dash, Group, Operands, Opt, Spec, Verb};

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

/// A tool with verbs.
pub static VERBS: Spec = Spec {
    name: "ami-verbs",
    operands: Operands {
        usage: "VERB",
        dash: Dash::Refused,
        words: &[],
    },
    verbs: &[
        Verb {
            name: "open",
            summary: "open: what's there",
            operands: Operands {
                usage: "FILE",
                dash: Dash::Refused,
                words: &[],
            },
            takes_files: true,
            groups: &[&Group {
                title: "Options",
                options: &[
                    Opt::value("key", "FILE", "a key")
                        .short('k')
                        .complete(Complete::File),
                    Opt::value("size", "SIZE", "a size").complete(Complete::Words(&["8G"])),
                ],
            }],
        },
        Verb {
            name: "run",
            summary: "run it",
            operands: Operands {
                usage: "HOST",
                dash: Dash::Refused,
                words: &["alpha", "beta"],
            },
            takes_files: false,
            groups: &[&Group {
                title: "Options",
                options: &[
                    Opt::value("phase", "PHASE", "phases")
                        .complete(Complete::List(&["install", "upload"])),
                    Opt::value("size", "SIZE", "a size").complete(Complete::Words(&["9G"])),
                ],
            }],
        },
    ],
    ..TOOL
};

/// All tools in one program.
pub static DISPATCHER: Spec = Spec {
    name: "ami",
    summary: "start tools",
    description: &["Starts tools."],
    operands: Operands {
        usage: "TOOL [ARGUMENT]...",
        dash: Dash::Refused,
        words: &["other", "test", "verbs"],
    },
    groups: &[&Group {
        title: "Options",
        options: &[Opt::flag("version", "print the version").short('V')],
    }],
    options_end_at_operand: true,
    is_dispatcher: true,
    ..TOOL
};
