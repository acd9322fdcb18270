//! What a user may type.

use ami_cli::common::{AWS, GENERAL, OUTPUT};
use ami_cli::spec::{Dash, Example, ExitCode, Field, Group, Operands, Opt, Section, Spec};

/// The table of this tool.
pub static SPEC: Spec = Spec {
    name: "ami-waiton",
    summary: "wait until images, snapshots, volumes or instances reach a state",
    description: &[
        "Wait until each REFERENCE reaches STATE, and print it the moment it gets there.",
        "Without STATE an image is waited for until it is available, a snapshot until it is \
         completed, a volume until it is available, an instance until it is running. The state \
         'exists' means any state at all: EC2 may not know an ID yet that it has just given out.",
        "A REFERENCE is an ID, ID@REGION or an ARN. With '-' references are read from standard \
         input, one a line, and waited for as they arrive; of each line the first word that is one \
         is taken, so tables, JSON lines and the lines of older tools will do.",
        "A resource that can never reach the state any more ends its wait at once, with EC2's \
         reason. One that EC2 does not know is waited for as well, for --exist-timeout. Throttling, \
         server errors and broken connections never end a wait; only a place that has never \
         answered at all is given up after three tries, because its name may be mistyped. All resources of one kind in one \
         region are asked for in one call.",
        "Interrupting the tool stops nothing at EC2; it says which command goes on waiting.",
    ],
    operands: Operands {
        usage: "REFERENCE... [STATE]",
        dash: Dash::Operands,
        words: &[
            "available",
            "completed",
            "deleted",
            "deregistered",
            "disabled",
            "error",
            "exists",
            "failed",
            "in-use",
            "pending",
            "running",
            "stopped",
            "terminated",
        ],
    },
    groups: &[
        &Group {
            title: "Waiting",
            options: &[
                Opt::value(
                    "timeout",
                    "TIME",
                    "wait this long for each resource, counted from when it was named: 90s, 15m, 2h, or plain seconds (default 2h)",
                ),
                Opt::value(
                    "exist-timeout",
                    "TIME",
                    "wait this long for a resource that EC2 does not know (default 5m)",
                ),
                Opt::value(
                    "poll",
                    "TIME",
                    "pause no longer than this between two polls (default 12s)",
                ),
                Opt::flag("any", "be content with the first resource that gets there"),
                Opt::flag(
                    "dumb",
                    "wait for exactly that state until the time is over, even if it can never come",
                ),
                Opt::flag(
                    "nowait-exist",
                    "fail at once when EC2 does not know a resource",
                )
                .aliases(&["nowait-exists"])
                .conflicts(&["exist-timeout"]),
            ],
        },
        &AWS,
        &OUTPUT,
        &GENERAL,
    ],
    verbs: &[],
    options_end_at_operand: false,
    is_dispatcher: false,
    sections: &[Section {
        title: "States",
        paragraphs: &[
            "Images: pending, transient, available, disabled, failed, error, invalid, deregistered.",
            "Snapshots: pending, recovering, completed, recoverable, error.",
            "Volumes: creating, available, in-use, deleting, error, deleted.",
            "Instances: pending, running, stopping, stopped, shutting-down, terminated.",
            "All: exists, also spelled exist. A state that is asked for must be one of all the \
             kinds named. An image or a volume that was seen and is gone is deregistered or deleted.",
        ],
    }],
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
            name: "kind",
            help: "text: image, snapshot, volume or instance",
        },
        Field {
            name: "state",
            help: "text: the state it is in",
        },
        Field {
            name: "name",
            help: "text or null: an image's name",
        },
        Field {
            name: "created",
            help: "time in RFC 3339 or null: when an image was made",
        },
        Field {
            name: "source_image",
            help: "text or null: the image that an image was made from, by EC2's own record",
        },
        Field {
            name: "source_instance",
            help: "text or null: the instance that an image was made of, by EC2's own record",
        },
        Field {
            name: "snapshots",
            help: "list of text: the snapshots of an image",
        },
        Field {
            name: "tags",
            help: "object of texts: an image's tags",
        },
    ],
    exit_codes: &[
        ExitCode {
            code: "0",
            help: "all are in the state; with --any, one is",
        },
        ExitCode {
            code: "3",
            help: "the state can never be reached",
        },
        ExitCode {
            code: "4",
            help: "--timeout is over",
        },
        ExitCode {
            code: "5",
            help: "EC2 does not know the resource, and --exist-timeout is over",
        },
    ],
    examples: &[
        Example {
            help: "Wait until an image can be used:",
            line: "ami-waiton ami-0123456789abcdef0",
        },
        Example {
            help: "Make images of two instances and name the first that is ready:",
            line: "ami-create-image i-0123456789abcdef0 i-0fedcba9876543210 | ami-waiton --any -",
        },
        Example {
            help: "Wait for a snapshot in another region, for an hour at most:",
            line: "ami-waiton --timeout 1h snap-0123456789abcdef0@eu-west-1",
        },
    ],
    see_also: &["ami-create-image"],
};
