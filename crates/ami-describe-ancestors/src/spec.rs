//! What a user may type.

use ami_cli::common::{AWS, GENERAL, OUTPUT, PICTURES};
use ami_cli::spec::{Dash, Example, ExitCode, Field, Group, Operands, Opt, Section, Spec};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-describe-ancestors",
    summary: "show which images an image was made from, back to the first",
    description: &[
        "Print each IMAGE and then the image that it was made from, the one that that was made from, \
         and so on: one reference a line, the IMAGE itself first and the oldest ancestor last.",
        "An IMAGE is an ID, ID@REGION or an ARN. With '-' images are read from standard input, one a \
         line; of each line the first word that names an image is taken.",
        "Where an image comes from is read from its heritage tags, as ami-create-image and \
         ami-tag-image write them, and from EC2's own record. A tag is its owner's word and counts \
         more; --verbose and --json say where the two differ, and pictures where they name different \
         sources. Where an ancestor is gone, EC2 is asked for the ancestry that it remembers \
         (GetImageAncestry); without the permission for that the line ends there.",
        "Copies are followed into the region that they came from.",
    ],
    operands: Operands {
        usage: "IMAGE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[
        &Group {
            title: "Ancestors",
            options: &[Opt::flag(
                "same-region",
                "stop where an ancestor lies in another region",
            )],
        },
        &PICTURES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: &[
        Section {
            title: "Ancestors that are gone",
            paragraphs: &[
                "An ancestor that EC2 does not describe is shown all the same, as gone: it was \
                 deregistered, or belongs to somebody who does not share it with this account. EC2 \
                 does not say which. Tables mark it with '(gone)'. One that could not be asked about, \
                 because its region did not answer, is marked as unknown.",
            ],
        },
        Section {
            title: "Tags",
            paragraphs: &[
                "Of an image that was registered from a snapshot EC2 records no source: without tags its \
                 line is itself alone.",
                "source_image, source_region, source_instance, create_timestamp and create_date say \
                 where an image comes from and when it was made. Without source_region the source \
                 lies in the image's own region, unless EC2 knows better. A tag that cannot be read \
                 is told on standard error, and EC2's record counts in its place. Tags that lead in \
                 a circle end the line with a warning, and pictures mark the image whose source is left \
                 out for that.",
            ],
        },
        Section {
            title: "Calls",
            paragraphs: &[
                "Two generations are described by ID. Where at most five lines go on then, and EC2 has \
                 recorded the parent with which they do, it is asked for the next fifty generations at \
                 once (GetImageAncestry). What goes on still is read out of the list of all own images \
                 of a region, a thousand a call. Of a long list four pages are read first; then a line \
                 goes on by ID for as many steps, and after that the list for as many pages as were \
                 read. So a line of a thousand generations takes about as many calls as the account \
                 has thousands of images, and a short line few in any account.",
                "Where a line ends with an ancestor that is gone, EC2 is asked once what it remembers \
                 of it, by its child if EC2 has recorded that.",
                "A region that does not answer is asked again for images that arrive later on standard \
                 input, and one that refuses is not.",
            ],
        },
    ],
    json: &[
        Field {
            name: "reference",
            help: "text: the reference as it is printed without --json",
        },
        Field {
            name: "id",
            help: "text: the ID",
        },
        Field {
            name: "region",
            help: "text: the region",
        },
        Field {
            name: "of",
            help: "text: the image that was asked about, as ID@REGION",
        },
        Field {
            name: "generation",
            help: "number: 0 for that image itself, 1 for its parent, and so on",
        },
        Field {
            name: "state",
            help: "text: EC2's state, or gone, or unknown",
        },
        Field {
            name: "name",
            help: "text or null: the name",
        },
        Field {
            name: "owner",
            help: "text or null: the account that owns it, or amazon, aws-marketplace, aws-backup-vault",
        },
        Field {
            name: "created",
            help: "time in RFC 3339 or null: when it was made",
        },
        Field {
            name: "create_timestamp",
            help: "number or null: the same in Unix seconds",
        },
        Field {
            name: "source_image",
            help: "text or null: the ID of its parent",
        },
        Field {
            name: "source_region",
            help: "text or null: the region of its parent",
        },
        Field {
            name: "source_instance",
            help: "text or null: the instance that it was made of",
        },
        Field {
            name: "source_by",
            help: "text or null: who says the parent: tag or ec2",
        },
        Field {
            name: "differences",
            help: "list of objects: where a tag does not agree with what else is known: its key (tag), its value, \
                   what EC2 says (ec2, text or null), and what counts (tag, ec2, ec2_of_copy, \
                   nothing, or the key of another tag)",
        },
    ],
    exit_codes: &[
        ExitCode {
            code: "0",
            help: "all lines are printed",
        },
        ExitCode {
            code: "5",
            help: "EC2 neither knows the image nor remembers it",
        },
        ExitCode {
            code: "6",
            help: "some images are not known, or a region could not be asked; the rest is printed",
        },
    ],
    examples: &[
        Example {
            help: "Where does this image come from, and when was each step?",
            line: "ami-describe-ancestors -C ami-0123456789abcdef0",
        },
        Example {
            help: "Name the image that all began with:",
            line: "ami-describe-ancestors ami-0123456789abcdef0 | tail -n 1",
        },
        Example {
            help: "Draw how two images are related:",
            line: "ami-describe-ancestors --svg ami-0123456789abcdef0 ami-0fedcba9876543210 > family.svg",
        },
    ],
    see_also: &["ami-describe-children", "ami-tag-image", "ami-create-image"],
};
