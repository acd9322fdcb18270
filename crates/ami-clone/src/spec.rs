//! What a user may type.

use ami_cli::common::{AWS, CHANGES, GENERAL, OUTPUT};
use ami_cli::copying::{COPY, EXIT_CODES, JSON, LIFE, SECTIONS};
use ami_cli::spec::{Dash, Example, Operands, Spec};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-clone",
    summary: "copy images within their region, so that nobody can take them away",
    description: &[
        "Copy each IMAGE within its own region, and print the copy as soon as EC2 has accepted it.",
        "An image that your own are built on may belong to somebody else, who can deregister it or \
         stop to share it at any time. A clone is yours.",
        "An IMAGE is an ID, ID@REGION or an ARN. With '-' images are read from standard input, one a \
         line, and acted on as they arrive. The copies and their snapshots bear, from their first \
         moment, tags that say where they came from and when.",
        "Interrupting the tool begins no more copies; those that EC2 has accepted are printed, and \
         go on.",
    ],
    operands: Operands {
        usage: "IMAGE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[&COPY, &LIFE, &CHANGES, &AWS, &OUTPUT, &GENERAL],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: SECTIONS,
    json: JSON,
    exit_codes: EXIT_CODES,
    examples: &[
        Example {
            help: "Keep a public image for good, and protect it from a slip of your own:",
            line: "ami-clone --protect ami-0123456789abcdef0",
        },
        Example {
            help: "Encrypt an image with a key of your own:",
            line: "ami-clone --encrypt --kms-key alias/images ami-0123456789abcdef0 | ami-waiton -",
        },
    ],
    see_also: &["ami-copy-image", "ami-waiton", "ami-describe-ancestors"],
};
