//! What a user may type.

use ami_cli::common::GENERAL;
use ami_cli::spec::{Dash, Example, ExitCode, Operands, Spec};

/// The table of this program.
pub static SPEC: Spec = Spec {
    name: "ami",
    summary: "run one of the ami-tools, all of which are in this program",
    description: &[
        "Run the TOOL with the words after it: 'ami waiton ami-0123456789abcdef0' is 'ami-waiton \
         ami-0123456789abcdef0'. The tool may be named with or without its 'ami-'.",
        "Called by a tool's own name, through a link, the program is that tool.",
    ],
    operands: Operands {
        usage: "TOOL [ARGUMENT]...",
        dash: Dash::Refused,
        words: &[
            "bundle",
            "chroot",
            "clone",
            "copy-image",
            "create-image",
            "describe-ancestors",
            "describe-children",
            "register-image",
            "tag-image",
            "waiton",
        ],
    },
    groups: &[&GENERAL],
    verbs: &[],
    options_end_at_operand: true,
    is_dispatcher: true,
    sections: &[],
    json: &[],
    exit_codes: &[ExitCode {
        code: "0",
        help: "all was done; beyond 2 the codes are the tool's",
    }],
    examples: &[Example {
        help: "Make one program answer to all names:",
        line: "ln -s ami /usr/local/bin/ami-waiton",
    }],
    see_also: &[
        "ami-bundle",
        "ami-chroot",
        "ami-clone",
        "ami-copy-image",
        "ami-create-image",
        "ami-describe-ancestors",
        "ami-describe-children",
        "ami-register-image",
        "ami-tag-image",
        "ami-waiton",
    ],
};
