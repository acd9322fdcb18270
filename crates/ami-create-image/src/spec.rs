//! What a user may type.

use ami_cli::common::{AWS, CHANGES, GENERAL, OUTPUT};
use ami_cli::spec::{Dash, Example, ExitCode, Field, Group, Operands, Opt, Section, Spec};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-create-image",
    summary: "create images of instances, tagged with where they came from",
    description: &[
        "Create an image of each INSTANCE, and print it as soon as EC2 has accepted it.",
        "The image and its snapshots bear, from their first moment, tags that say where they came \
         from and when. An image that gets no name with -n gets a unique one, \
         PREFIX-TIMESTAMP-RANDOM.",
        "An INSTANCE is an ID, ID@REGION or an ARN. With '-' instances are read from standard \
         input, one a line, and acted on as they arrive. Several instances are acted on side by \
         side; one that is named twice is acted on once.",
        "EC2 restarts an instance that is running, to have its file systems at rest, unless \
         --no-reboot says otherwise: then what the instance has not yet written is not in the \
         image, and file systems may need a repair when it starts.",
        "An image that EC2 has accepted is never given up: when the answer is lost it is looked \
         for and recognised by its tags, and when the tool is interrupted or the wait runs out it is \
         printed all the same, with the command that goes on waiting.",
        "A call that EC2 throttles or does not answer is made again for five minutes.",
    ],
    operands: Operands {
        usage: "INSTANCE...",
        dash: Dash::Operands,
        words: &[],
    },
    groups: &[
        &Group {
            title: "Image",
            options: &[
                Opt::value(
                    "name",
                    "NAME",
                    "name the image so (3 to 128 letters, digits and ()[] ./-'@_); for one instance only",
                )
                .short('n')
                .conflicts(&["random-name-prefix"]),
                Opt::value(
                    "random-name-prefix",
                    "PREFIX",
                    "begin automatic names with this (default AMI)",
                )
                .short('N')
                .conflicts(&["name"]),
                Opt::value("description", "TEXT", "describe the image so").short('d'),
                Opt::value(
                    "tag",
                    "KEY=VALUE",
                    "tag the image and its snapshots with this too",
                )
                .short('t')
                .repeatable(),
                Opt::value(
                    "block-device-mapping",
                    "MAPPING",
                    "change what stands behind a device; see BLOCK DEVICE MAPPINGS",
                )
                .short('b')
                .repeatable(),
                Opt::flag("no-reboot", "do not restart running instances"),
            ],
        },
        &Group {
            title: "Waiting",
            options: &[
                Opt::flag(
                    "wait",
                    "wait until each image is available, and print it then",
                ),
                Opt::value(
                    "timeout",
                    "TIME",
                    "with --wait, wait this long for each image: 90s, 15m, 2h, or plain seconds (default 2h)",
                ),
            ],
        },
        &CHANGES,
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: &[
        Section {
            title: "Block device mappings",
            paragraphs: &[
                "DEVICE=none leaves a device of the instance out. DEVICE=ephemeral0 maps an \
                 instance store volume.",
                "DEVICE=[SNAPSHOT]:[SIZE]:[DELETE]:[TYPE]:[IOPS]:[encrypted] maps an EBS volume: \
                 the snapshot it is made from, its size in GiB, whether it is deleted with its \
                 instance (true or false), its type (standard, gp2, gp3, io1, io2, st1, sc1), its \
                 I/O operations per second, and the word 'encrypted'. Fields may be empty, and left \
                 out at the end. After them may stand :throughput=MIBPS and :kms-key=KEY.",
            ],
        },
        Section {
            title: "Tags",
            paragraphs: &[
                "source_image: the image that the instance runs from.",
                "source_instance: the instance.",
                "source_region: the region of both.",
                "create_date: when the image was made, in UTC, as 20110909T233600Z.",
                "create_timestamp: the same moment in seconds since 1970.",
                "ami_tools_run: a UUID that marks all that one run has made.",
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
            help: "text: the image's ID",
        },
        Field {
            name: "region",
            help: "text: its region",
        },
        Field {
            name: "name",
            help: "text: its name",
        },
        Field {
            name: "state",
            help: "text: its state when it was last seen; pending for one that was only just made",
        },
        Field {
            name: "source_image",
            help: "text or null: the image that the instance runs from",
        },
        Field {
            name: "source_instance",
            help: "text: the instance",
        },
        Field {
            name: "source_region",
            help: "text: the region of both",
        },
        Field {
            name: "created",
            help: "time in RFC 3339: when the image was made",
        },
        Field {
            name: "tags",
            help: "object of texts: its tags",
        },
    ],
    exit_codes: &[
        ExitCode {
            code: "3",
            help: "with --wait: an image can never become available",
        },
        ExitCode {
            code: "4",
            help: "with --wait: --timeout is over",
        },
        ExitCode {
            code: "5",
            help: "an instance does not exist",
        },
    ],
    examples: &[
        Example {
            help: "Make an image with an automatic name and wait for it:",
            line: "ami-create-image i-0123456789abcdef0 | ami-waiton -",
        },
        Example {
            help: "Make a named image without a restart, its second disk left out:",
            line: "ami-create-image -n web-42 --no-reboot -b /dev/sdf=none i-0123456789abcdef0",
        },
        Example {
            help: "Make images of two instances in another region, marked for their team:",
            line: "ami-create-image -r eu-west-1 -N database -t team=data i-0123456789abcdef0 i-0fedcba9876543210",
        },
    ],
    see_also: &["ami-waiton", "ami-tag-image"],
};
