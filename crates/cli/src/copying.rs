//! What the tools have in common that copy images.

use crate::spec::{ExitCode, Field, Group, Opt, Section};

/// What a copy is.
pub const COPY: Group = Group {
    title: "Copy",
    options: &[
        Opt::value(
            "name",
            "NAME",
            "name the copies so (3 to 128 letters, digits and ()[] ./-'@_); for one image only (default: its own name)",
        )
        .short('n')
        .conflicts(&["random-name-prefix"]),
        Opt::value(
            "random-name-prefix",
            "PREFIX",
            "name each copy PREFIX-TIMESTAMP-RANDOM",
        )
        .short('N')
        .conflicts(&["name"]),
        Opt::value(
            "description",
            "TEXT",
            "describe the copies so (default: as the image is)",
        )
        .short('d'),
        Opt::value(
            "tag",
            "KEY=VALUE",
            "tag the copies and their snapshots with this too",
        )
        .short('t')
        .repeatable(),
        Opt::flag(
            "copy-tags",
            "tag the copies with the image's own tags too, as far as they are this account's",
        ),
        Opt::flag(
            "encrypt",
            "encrypt the copies; those of encrypted images always are",
        ),
        Opt::value(
            "kms-key",
            "[REGION=]KEY",
            "encrypt with this key, given by ID, ARN or alias/NAME: in that region, or in all others (default: each region's default key for EBS)",
        )
        .repeatable(),
        Opt::value(
            "snapshot-completion",
            "TIME",
            "let EC2 copy each snapshot within this time, which costs more: 15m to 48h, in steps of 15m",
        ),
        Opt::flag(
            "new",
            "copy again, even where the same request has made a copy already",
        ),
    ],
};

/// What becomes of a copy that is ready.
pub const LIFE: Group = Group {
    title: "When a copy is available",
    options: &[
        Opt::flag("wait", "print each copy only then"),
        Opt::value(
            "timeout",
            "TIME",
            "with --wait, wait this long for each copy: 90s, 15m, 2h, or plain seconds (default 2h)",
        ),
        Opt::value(
            "share",
            "GRANTEE",
            "let others use it: an account of 12 digits (its snapshots too), the ARN of an organization or an organizational unit, or 'public'",
        )
        .repeatable(),
        Opt::flag(
            "carry-permissions",
            "let those use it who may use the image, and its snapshots likewise",
        ),
        Opt::value(
            "deprecate-at",
            "TIME",
            "deprecate it then: 2027-01-31T00:00:00Z, or so long after it was made: 90d",
        ),
        Opt::flag("protect", "protect it from being deregistered"),
    ],
};

/// Sections of the manuals.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Running it again",
        paragraphs: &[
            "A copy bears a digest of what was asked for: image, region, name or prefix, description, \
             encryption and tags. When the same is asked for again, the copy that is pending or \
             available is found and printed, and nothing is made; --new makes another. A copy that was \
             deregistered or disabled since, or that failed, is made again. Two runs at the same time do \
             not see each other, and make two copies. So a run that was cut short is completed by the \
             same command, also with --share, --carry-permissions, --deprecate-at and --protect, \
             which are applied to copies that were found as well.",
        ],
    },
    Section {
        title: "Limits",
        paragraphs: &[
            "EC2 copies 20 snapshots at once into a region. What goes beyond waits for its turn, and \
             the tool with it. Regions do not wait for each other, and one that fails stops no other.",
        ],
    },
    Section {
        title: "Sharing",
        paragraphs: &[
            "Whether a copy may be shared at all is looked up before it is made: whether the account \
             blocks public images or snapshots in the region, and whether the copy would be encrypted \
             with the key that AWS keeps for the account, with which nobody else can read it. What is \
             encrypted cannot be public. With a key of your own, the key's policy must let the \
             grantees use it, which is not looked up.",
        ],
    },
    Section {
        title: "Tags",
        paragraphs: &[
            "source_image, source_region: the image that was copied.",
            "create_date: when the copy was made, in UTC, as 20110909T233600Z.",
            "create_timestamp: the same moment in seconds since 1970.",
            "ami_tools_request: the digest of what was asked for.",
            "ami_tools_run: a UUID that marks all that one run has made.",
        ],
    },
];

/// The fields of a `--json` line.
pub const JSON: &[Field] = &[
    Field {
        name: "reference",
        help: "text: the reference as it is printed without --json",
    },
    Field {
        name: "id",
        help: "text: the copy's ID",
    },
    Field {
        name: "region",
        help: "text: the copy's region",
    },
    Field {
        name: "name",
        help: "text: the copy's name",
    },
    Field {
        name: "state",
        help: "text: the state it was last seen in",
    },
    Field {
        name: "found",
        help: "true or false: was it there before, made by the same request?",
    },
    Field {
        name: "source_image",
        help: "text: the image that was copied",
    },
    Field {
        name: "source_region",
        help: "text: the region of that image",
    },
    Field {
        name: "created",
        help: "time in RFC 3339 or null: when it was made",
    },
    Field {
        name: "tags",
        help: "object of texts: the copy's tags",
    },
];

/// What the exit codes mean.
pub const EXIT_CODES: &[ExitCode] = &[
    ExitCode {
        code: "0",
        help: "EC2 has accepted all copies; with --wait or when they are shared, deprecated or protected, all are available and that is done",
    },
    ExitCode {
        code: "3",
        help: "a copy failed on its way",
    },
    ExitCode {
        code: "4",
        help: "--timeout is over; EC2 goes on copying",
    },
    ExitCode {
        code: "5",
        help: "an image does not exist",
    },
];
