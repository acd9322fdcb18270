//! The options, exit codes and environment that all tools share: the same letters everywhere.

use crate::spec::{Complete, ExitCode, Field, Group, Opt};

/// Where and as whom AWS is spoken to.
pub const AWS: Group = Group {
    title: "AWS",
    options: &[
        Opt::value(
            "region",
            "REGION",
            "work in this region instead of the environment's, where a reference does not say its own",
        )
        .short('r')
        .complete(Complete::Words(REGIONS)),
        Opt::value(
            "profile",
            "NAME",
            "use the keys of this profile, whatever keys the environment gives, and its region where the environment gives none",
        ),
        Opt::value(
            "endpoint-url",
            "URL",
            "send the calls there instead of to AWS's own endpoint",
        ),
    ],
};

/// What is printed, and how.
pub const OUTPUT: Group = Group {
    title: "Output",
    options: &[
        Opt::flag("columns", "print an aligned table with a header")
            .short('C')
            .conflicts(&["json"]),
        Opt::flag("json", "print one JSON object a line").conflicts(&["columns"]),
        Opt::flag("bare", "print references without their region"),
        Opt::flag("quiet", "print nothing on standard error but errors")
            .short('q')
            .conflicts(&["verbose"]),
        Opt::flag(
            "verbose",
            "name each API call on standard error, with its duration, retries and request ID",
        )
        .short('v')
        .conflicts(&["quiet"]),
    ],
};

/// For tools that draw a family of images.
pub const PICTURES: Group = Group {
    title: "Pictures",
    options: &[
        Opt::flag(
            "tree",
            "draw the family for a terminal: age, state and name beside each image",
        )
        .conflicts(&["dot", "mermaid", "svg", "columns", "json"]),
        Opt::flag("dot", "draw the family in the language of Graphviz")
            .conflicts(&["tree", "mermaid", "svg", "columns", "json"]),
        Opt::flag("mermaid", "draw the family in the language of Mermaid")
            .conflicts(&["tree", "dot", "svg", "columns", "json"]),
        Opt::flag("svg", "draw the family as an SVG picture")
            .conflicts(&["tree", "dot", "mermaid", "columns", "json"]),
    ],
};

/// For tools that change something.
pub const CHANGES: Group = Group {
    title: "Safety",
    options: &[Opt::flag(
        "dry-run",
        "change nothing: say on standard error what would be done, and ask EC2 whether it would be allowed",
    )],
};

/// The two that every program has.
pub const GENERAL: Group = Group {
    title: "General",
    options: &[
        Opt::flag("help", "print this help and exit").short('h'),
        Opt::flag("version", "print the version and exit").short('V'),
    ],
};

/// Region names offered by completions; any other well-formed name is accepted as well.
pub const REGIONS: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// What the exit codes mean, for all tools.
pub const EXIT_CODES: &[ExitCode] = &[
    ExitCode {
        code: "0",
        help: "all was done",
    },
    ExitCode {
        code: "1",
        help: "it failed; standard error says why",
    },
    ExitCode {
        code: "2",
        help: "the command line is wrong; nothing was called",
    },
    ExitCode {
        code: "3",
        help: "the state that was waited for can never be reached",
    },
    ExitCode {
        code: "4",
        help: "the time allowed ran out",
    },
    ExitCode {
        code: "5",
        help: "something that was named does not exist",
    },
    ExitCode {
        code: "6",
        help: "of several operands some failed; the rest are done and printed. When all failed alike, their own code",
    },
    ExitCode {
        code: "128+N",
        help: "ended by signal N; 141 when standard output was closed by its reader",
    },
];

/// A section of a tool with this title follows the variables that all tools read.
pub const ENVIRONMENT_TITLE: &str = "Environment";

/// Variables that all tools read.
pub const ENVIRONMENT: &[Field] = &[
    Field {
        name: "AWS_REGION, AWS_DEFAULT_REGION",
        help: "the region, where -r does not say another",
    },
    Field {
        name: "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
        help: "keys; they beat all but an explicit --profile",
    },
    Field {
        name: "AWS_CREDENTIAL_FILE",
        help: "a file of aws_access_key_id=, aws_secret_access_key= and, if wished, region= lines \
               (AWSAccessKeyId= and AWSSecretKey= are read too); refused when others can read it",
    },
    Field {
        name: "AWS_PROFILE, AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE",
        help: "the profile to use, and where profiles are kept",
    },
    Field {
        name: "AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_EBS",
        help: "where calls go instead of to AWS",
    },
    Field {
        name: "HTTPS_PROXY, NO_PROXY",
        help: "a proxy for HTTPS endpoints, and the hosts that are reached without it; the metadata service always is",
    },
    Field {
        name: "AWS_CA_BUNDLE",
        help: "a PEM file of certificates to trust instead of the system's",
    },
    Field {
        name: "AWS_EC2_METADATA_DISABLED",
        help: "true: do not ask the instance's metadata service for keys or region",
    },
    Field {
        name: "AMI_TOOLS_GRACE",
        help: "how long a thing that EC2 has just made may stay unknown to it before that is an error, and how long \
               the result of a call whose answer was lost is looked for before the call is made again \
               (a duration; default 60s)",
    },
];
