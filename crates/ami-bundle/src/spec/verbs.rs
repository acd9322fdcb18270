//! The verbs: what each reads, and which options it has.

use ami_cli::spec::{Dash, Operands, Verb};

use super::{bundling, capturing, launching, machines, places, registering};

const MANIFEST: Operands = Operands {
    usage: "MANIFEST|-",
    dash: Dash::Data,
    words: &[],
};

pub(super) const ALL: &[Verb] = &[
    Verb {
        name: "image",
        summary: "make a bundle of a disk file",
        operands: Operands {
            usage: "DISK",
            dash: Dash::Data,
            words: &[],
        },
        takes_files: true,
        groups: &[
            &bundling::BUNDLE,
            &bundling::MACHINE,
            &bundling::PLACE,
            &bundling::SIZE,
        ],
    },
    Verb {
        name: "volume",
        summary: "make a bundle of the running system, or of what is below a directory",
        operands: Operands {
            usage: "[PATH]",
            dash: Dash::Refused,
            words: &[],
        },
        takes_files: true,
        groups: &[
            &bundling::BUNDLE,
            &bundling::MACHINE,
            &bundling::PLACE,
            &capturing::VOLUME,
            &capturing::CHOICE,
            &capturing::INHERIT,
        ],
    },
    Verb {
        name: "upload",
        summary: "put a bundle into S3",
        operands: MANIFEST,
        takes_files: true,
        groups: &[&places::UPLOAD],
    },
    Verb {
        name: "download",
        summary: "get a bundle from S3",
        operands: MANIFEST,
        takes_files: false,
        groups: &[&places::DOWNLOAD],
    },
    Verb {
        name: "delete",
        summary: "delete a bundle from S3",
        operands: MANIFEST,
        takes_files: false,
        groups: &[&places::DELETE],
    },
    Verb {
        name: "verify",
        summary: "check that a bundle is whole, and with --privatekey and --cert that it is right",
        operands: MANIFEST,
        takes_files: true,
        groups: &[&places::KEYS, &places::PARTS],
    },
    Verb {
        name: "unbundle",
        summary: "make the disk file of a bundle",
        operands: MANIFEST,
        takes_files: true,
        groups: &[&places::KEYS, &places::PARTS, &places::OUTPUT],
    },
    Verb {
        name: "register",
        summary: "make an S3-backed image of a bundle in S3",
        operands: MANIFEST,
        takes_files: false,
        groups: &[
            &registering::IMAGE,
            &registering::CLASSIC,
            &registering::WAITING,
        ],
    },
    Verb {
        name: "convert",
        summary: "make an EBS-backed image of a bundle in S3, or of an image that was made of one",
        operands: Operands {
            usage: "MANIFEST|IMAGE|-",
            dash: Dash::Data,
            words: &[],
        },
        takes_files: false,
        groups: &[
            &places::KEYS,
            &registering::IMAGE,
            &registering::DISK,
            &registering::MACHINE,
            &registering::WAITING,
        ],
    },
    Verb {
        name: "node",
        summary: "bundle a running machine, or a new one, through ssh, and register it",
        operands: Operands {
            usage: "[[USER@]HOST|INSTANCE]",
            dash: Dash::Refused,
            words: &[],
        },
        takes_files: false,
        groups: &[
            &machines::NODE,
            &launching::NEW_NODE,
            &bundling::BUNDLE,
            &bundling::MACHINE,
            &machines::PLACE,
            &capturing::VOLUME,
            &capturing::CHOICE,
            &capturing::INHERIT,
            &machines::IMAGE,
            &registering::CLASSIC,
            &registering::WAITING,
        ],
    },
];
