//! Options of bundling a node.

use ami_cli::spec::{Complete, Group, Opt};

use super::places::{ACL, CREATE_BUCKET};
use super::registering::{NAME, RANDOM_NAME_PREFIX, SOURCE_IMAGE, TAG};

/// The phases, as ami-crate named them or without its `ami-`.
const PHASES: &[&str] = &[
    "settings",
    "install",
    "configure",
    "bundle",
    "upload",
    "register",
    "cleanup",
];

pub(super) const NODE: Group = Group {
    title: "Node",
    options: &[
        Opt::value(
            "group",
            "NAME",
            "one of the running instances in this security group, or with this value of the tag group or Name",
        ),
        Opt::value(
            "phase",
            "PHASE",
            "run only these phases, several with commas: settings, install, configure, bundle, upload, register, cleanup (default: all)",
        )
        .complete(Complete::List(PHASES)),
        Opt::value(
            "ssh",
            "COMMAND",
            "reach the node with this command, as in 'ssh -p 2222 -i key' (default ssh); host keys are checked as it is configured",
        ),
        Opt::value(
            "login",
            "USER",
            "the user on an instance's machine (default: as ssh is configured)",
        )
        .short('l'),
        Opt::flag(
            "private-address",
            "reach an instance by its private address, though it has a public one",
        ),
        Opt::value(
            "settings",
            "FILE",
            "read settings from this TOML file; options that are given count more; see SETTINGS",
        )
        .complete(Complete::File),
        Opt::value(
            "node-program",
            "FILE",
            "the program that is copied to the node (default: where it was installed)",
        )
        .complete(Complete::File),
    ],
};

pub(super) const PLACE: Group = Group {
    title: "Place",
    options: &[
        Opt::value(
            "to",
            "PLACE",
            "put parts and manifest there: s3://BUCKET/PREFIX",
        ),
        ACL,
        CREATE_BUCKET,
    ],
};

pub(super) const IMAGE: Group = Group {
    title: "Image",
    options: &[
        NAME,
        RANDOM_NAME_PREFIX,
        Opt::value("description", "TEXT", "describe the image so"),
        TAG,
        SOURCE_IMAGE,
    ],
};
