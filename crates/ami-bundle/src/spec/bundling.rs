//! Options of making a bundle.

use ami_cli::spec::{Complete, Group, Opt};

pub(super) const BUNDLE: Group = Group {
    title: "Bundle",
    options: &[
        Opt::value(
            "privatekey",
            "FILE",
            "the RSA key that signs the bundle and opens it again, in PEM; it must belong to --cert",
        )
        .short('k')
        .complete(Complete::File),
        Opt::value(
            "cert",
            "FILE",
            "the X.509 certificate of that key; AWS need not know it",
        )
        .short('c')
        .complete(Complete::File),
        Opt::value(
            "user",
            "ACCOUNT",
            "the account that the bundle is for, 12 digits with or without hyphens (default: that of the keys in use)",
        )
        .short('u'),
        Opt::value(
            "ec2cert",
            "FILE",
            "the certificate by which EC2 of the bundle's region opens it (default: where ec2-ami-tools or euca2ools have put it)",
        )
        .complete(Complete::File),
        Opt::value(
            "prefix",
            "NAME",
            "name the image in the bundle, its parts and its manifest so (default: the disk's name, or image)",
        )
        .short('p'),
        Opt::value(
            "compress",
            "HOW",
            "fast, default or best (default default)",
        )
        .complete(Complete::Words(&["fast", "default", "best"])),
        Opt::value(
            "ancestor",
            "IMAGE",
            "an image that this one comes from, the oldest first; volume and node ask the metadata service too",
        )
        .repeatable(),
    ],
};

pub(super) const MACHINE: Group = Group {
    title: "Machine",
    options: &[
        Opt::value(
            "arch",
            "ARCH",
            "architecture: x86_64 or i386, or arm64 for what is only to be converted (default: for image what the disk's own files tell, else that of the machine that is bundled)",
        )
        .complete(Complete::Words(&["x86_64", "i386", "arm64"])),
        Opt::value(
            "block-device-mapping",
            "VIRTUAL=DEVICE",
            "map a device in the manifest: ami, root, swap or ephemeral0 to ephemeral23, as in ephemeral0=sdb; several with commas",
        )
        .short('B')
        .repeatable(),
        Opt::value(
            "productcodes",
            "CODE",
            "a product code of the image; several with commas",
        )
        .repeatable(),
        Opt::value("kernel", "AKI", "the ID of its kernel, which begins with aki-"),
        Opt::value("ramdisk", "ARI", "the ID of its RAM disk, which begins with ari-"),
    ],
};

pub(super) const PLACE: Group = Group {
    title: "Place",
    options: &[
        Opt::value(
            "destination",
            "DIRECTORY",
            "put parts and manifest there (default: the current directory)",
        )
        .short('d')
        .conflicts(&["to", "acl", "create-bucket"])
        .complete(Complete::File),
        Opt::value(
            "to",
            "PLACE",
            "put parts and manifest into S3, at s3://BUCKET/PREFIX, while later parts are still being made",
        )
        .conflicts(&["destination"]),
        super::places::ACL,
        super::places::CREATE_BUCKET,
        Opt::value(
            "description",
            "TEXT",
            "with --to: kept beside the manifest, and what an image that is registered of it is described with",
        ),
    ],
};

pub(super) const SIZE: Group = Group {
    title: "Standard input",
    options: &[Opt::value(
        "size",
        "SIZE",
        "size of the disk on standard input, which must have just that: 8G, 512M or bytes",
    )],
};
