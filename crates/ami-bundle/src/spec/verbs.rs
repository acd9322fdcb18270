//! The verbs: what each reads, and which options it has.

use ami_cli::spec::{Dash, Operands, Verb};

use super::{bundling, capturing, machines, places, registering};

const MANIFEST: Operands = Operands {
    usage: "MANIFEST",
    dash: Dash::Refused,
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
        groups: &[&places::UPLOAD],
    },
    Verb {
        name: "download",
        summary: "get a bundle from S3",
        operands: MANIFEST,
        groups: &[&places::DOWNLOAD],
    },
    Verb {
        name: "delete",
        summary: "delete a bundle from S3",
        operands: MANIFEST,
        groups: &[&places::DELETE],
    },
    Verb {
        name: "verify",
        summary: "check that a bundle is whole and right",
        operands: MANIFEST,
        groups: &[&places::KEYS, &places::PARTS],
    },
    Verb {
        name: "unbundle",
        summary: "make the disk file of a bundle",
        operands: MANIFEST,
        groups: &[&places::KEYS, &places::PARTS, &places::OUTPUT],
    },
    Verb {
        name: "register",
        summary: "make an S3-backed image of a bundle in S3",
        operands: Operands {
            usage: "MANIFEST",
            dash: Dash::Data,
            words: &[],
        },
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
            usage: "MANIFEST|IMAGE",
            dash: Dash::Refused,
            words: &[],
        },
        groups: &[
            &places::KEYS,
            &registering::IMAGE,
            &registering::DISK,
            &registering::WAITING,
        ],
    },
    Verb {
        name: "node",
        summary: "bundle a running machine through ssh, upload, register and clean up",
        operands: Operands {
            usage: "[[USER@]HOST|INSTANCE]",
            dash: Dash::Refused,
            words: &[],
        },
        groups: &[
            &machines::NODE,
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
