//! What a user may type.

use ami_cli::common::{AWS, CHANGES, GENERAL, OUTPUT};
use ami_cli::copying::{COPY, EXIT_CODES, JSON, LIFE, SECTIONS};
use ami_cli::spec::{Dash, Example, Group, Operands, Opt, Spec};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-copy-image",
    summary: "copy images to other regions, many at once",
    description: &[
        "Copy each IMAGE to each destination region, and print each copy as soon as EC2 has accepted \
         it.",
        "An IMAGE is an ID, ID@REGION or an ARN; here -r says in which region an image lies whose \
         reference does not. With '-' images are read from standard input, one a line, and acted on \
         as they arrive. The copies and their snapshots bear, from their first moment, tags that say \
         where they came from and when.",
        "All regions are worked in side by side. One that fails is told, and the others are done all \
         the same.",
        "Interrupting the tool begins no more copies; those that EC2 has accepted are printed, and \
         go on.",
    ],
    operands: Operands {
        usage: "IMAGE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[
        &Group {
            title: "From and to",
            options: &[
                Opt::value(
                    "dest-region",
                    "REGION,...",
                    "copy to these regions, or to 'all' others that the account has enabled (default: the environment's region)",
                )
                .short('R')
                .repeatable(),
                Opt::value("source-image", "IMAGE", "copy this image, as if it were an operand")
                    .short('s')
                    .repeatable(),
            ],
        },
        &COPY,
        &LIFE,
        &CHANGES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: SECTIONS,
    json: JSON,
    exit_codes: EXIT_CODES,
    examples: &[
        Example {
            help: "Copy an image to two regions, and go on when both copies can be used:",
            line: "ami-copy-image -R eu-west-1,ap-southeast-2 ami-0123456789abcdef0 | ami-waiton -",
        },
        Example {
            help: "Copy an image everywhere, encrypted, and let another account use the copies:",
            line: "ami-copy-image -R all --encrypt --kms-key alias/images --share 123456789012 ami-0123456789abcdef0",
        },
        Example {
            help: "Bring an image of another region here:",
            line: "ami-copy-image -r us-west-2 -s ami-0123456789abcdef0",
        },
    ],
    see_also: &["ami-clone", "ami-waiton", "ami-describe-children"],
};
