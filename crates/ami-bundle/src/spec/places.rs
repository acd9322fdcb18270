//! Options of bundles that are there.

use ami_cli::spec::{Complete, Group, Opt};

pub(super) const ACL: Opt = Opt::value(
    "acl",
    "ACL",
    "who may read the objects: aws-exec-read (EC2) or public-read (default aws-exec-read)",
)
.complete(Complete::Words(&["aws-exec-read", "public-read"]));

pub(super) const CREATE_BUCKET: Opt = Opt::flag(
    "create-bucket",
    "make the bucket in the region, with ACLs switched on but public ones blocked, if there is none",
);

pub(super) const UPLOAD: Group = Group {
    title: "Upload",
    options: &[
        Opt::value("to", "PLACE", "put the bundle there: s3://BUCKET/PREFIX"),
        Opt::value(
            "source",
            "DIRECTORY",
            "the parts are there (default: beside the manifest)",
        )
        .short('s')
        .complete(Complete::File),
        ACL,
        CREATE_BUCKET,
        Opt::flag(
            "overwrite",
            "replace parts of other bundles that have the same names; their manifests stay",
        ),
        Opt::value(
            "description",
            "TEXT",
            "kept beside the manifest, and what an image that is registered of it is described with",
        ),
    ],
};

pub(super) const DOWNLOAD: Group = Group {
    title: "Download",
    options: &[
        Opt::value(
            "destination",
            "DIRECTORY",
            "put parts and manifest there (default: the current directory)",
        )
        .short('d')
        .complete(Complete::File),
        Opt::flag(
            "overwrite",
            "replace files that are there and are not the bundle's",
        ),
    ],
};

pub(super) const DELETE: Group = Group {
    title: "Deletion",
    options: &[Opt::flag(
        "force",
        "delete it although images are registered of it, which then start no more, or its parts are not called as it is",
    )],
};

pub(super) const KEYS: Group = Group {
    title: "Keys",
    options: &[
        Opt::value(
            "privatekey",
            "FILE",
            "the RSA key that opens the bundle, in PEM: the user's, or EC2's",
        )
        .short('k')
        .complete(Complete::File),
        Opt::value(
            "cert",
            "FILE",
            "the certificate that must have signed the bundle",
        )
        .short('c')
        .complete(Complete::File),
    ],
};

pub(super) const PARTS: Group = Group {
    title: "Parts",
    options: &[Opt::value(
        "source",
        "DIRECTORY",
        "the parts are there (default: beside the manifest)",
    )
    .short('s')
    .complete(Complete::File)],
};

pub(super) const OUTPUT: Group = Group {
    title: "Disk file",
    options: &[
        Opt::value(
            "output",
            "FILE",
            "make this file, fill this block device, or write to standard output with - (default: the image's name in the bundle)",
        )
        .short('o')
        .conflicts(&["destination"])
        .complete(Complete::File),
        Opt::value(
            "destination",
            "DIRECTORY",
            "make the file there (default: the current directory)",
        )
        .short('d')
        .conflicts(&["output"])
        .complete(Complete::File),
        Opt::flag(
            "overwrite",
            "replace a file that is there, or write over a block device that is not in use",
        ),
    ],
};
