//! The options, group by group.

use ami_cli::spec::{Complete, Group, Opt};

/// Options that say nothing to an upload which ends at its snapshot.
const OF_IMAGES: &[&str] = &[
    "name",
    "random-name-prefix",
    "block-device-mapping",
    "root-device",
    "volume-type",
    "arch",
    "boot-mode",
    "no-ena",
    "sriov",
    "imds",
    "tpm",
    "uefi-data",
    "virtualization",
    "kernel",
    "ramdisk",
    "wait",
];

/// Options that say nothing to the way back.
const NOT_FETCHING: &[&str] = &[
    "name",
    "random-name-prefix",
    "description",
    "tag",
    "source-image",
    "block-device-mapping",
    "root-device",
    "size",
    "volume-type",
    "arch",
    "boot-mode",
    "no-ena",
    "sriov",
    "imds",
    "tpm",
    "uefi-data",
    "virtualization",
    "kernel",
    "ramdisk",
    "encrypt",
    "kms-key",
    "snapshot-only",
    "skip-holes",
    "convert",
    "work-dir",
    "parent",
    "parent-disk",
    "parent-digests",
    "save-digests",
    "journal",
    "no-journal",
    "wait",
    "timeout",
    "dry-run",
];

pub(super) const IMAGE: Group = Group {
    title: "Image",
    options: &[
        Opt::value(
            "name",
            "NAME",
            "name the image so (3 to 128 letters, digits and ()[] ./-'@_)",
        )
        .short('n')
        .conflicts(&["random-name-prefix"]),
        Opt::value(
            "random-name-prefix",
            "PREFIX",
            "begin an automatic name with this (default AMI)",
        )
        .short('N')
        .conflicts(&["name"]),
        Opt::value(
            "description",
            "TEXT",
            "describe the image so, and the snapshot of a disk",
        )
        .short('d'),
        Opt::value(
            "tag",
            "KEY=VALUE",
            "tag the image with this too, and the snapshot of a disk",
        )
        .short('t')
        .repeatable(),
        Opt::value(
            "source-image",
            "IMAGE",
            "say in the tags that it was made from this image, which must exist; what else is not told about the machine is taken from it",
        ),
    ],
};

pub(super) const VOLUMES: Group = Group {
    title: "Volumes",
    options: &[
        Opt::value(
            "size",
            "SIZE",
            "size of the root volume: 8G, 8GiB, 512M or bytes, rounded up to GiB (default: that of the disk or of a larger parent); a pipe needs it",
        ),
        Opt::value(
            "volume-type",
            "TYPE",
            "type of the root volume (default gp3)",
        )
        .complete(Complete::Words(&["gp2", "gp3", "io1", "io2", "standard"])),
        Opt::value(
            "root-device",
            "DEVICE",
            "name of the root device (default: that of --source-image, or /dev/xvda, which is AWS's own for Linux)",
        ),
        Opt::value(
            "block-device-mapping",
            "MAPPING",
            "map one more device, or say more of the root's; see BLOCK DEVICE MAPPINGS",
        )
        .short('b')
        .repeatable(),
    ],
};

pub(super) const MACHINE: Group = Group {
    title: "Machine",
    options: &[
        Opt::value(
            "arch",
            "ARCH",
            "architecture: x86_64, arm64, i386, x86_64_mac or arm64_mac (default: what the disk's own files tell)",
        )
        .complete(Complete::Words(&["x86_64", "arm64", "i386", "x86_64_mac", "arm64_mac"])),
        Opt::value(
            "boot-mode",
            "MODE",
            "legacy-bios, uefi or uefi-preferred (default: what the disk's partitions tell)",
        )
        .complete(Complete::Words(&["legacy-bios", "uefi", "uefi-preferred"])),
        Opt::flag(
            "no-ena",
            "it has no driver for the Elastic Network Adapter, so that new machines cannot start it",
        ),
        Opt::flag(
            "sriov",
            "it has a driver for the Intel 82599 Virtual Function, the fast network of older machines",
        ),
        Opt::value(
            "imds",
            "WHICH",
            "v2.0: the metadata service is asked with tokens only; optional: without them too (default v2.0)",
        )
        .complete(Complete::Words(&["v2.0", "optional"])),
        Opt::flag("tpm", "give its instances a NitroTPM 2.0; needs boot mode uefi"),
        Opt::value(
            "uefi-data",
            "FILE",
            "start with these variables of the firmware, base64 text as 'aws ec2 get-instance-uefi-data' gives it",
        )
        .complete(Complete::File),
        Opt::value(
            "virtualization",
            "TYPE",
            "of a bundle: hvm or paravirtual (default hvm)",
        )
        .complete(Complete::Words(&["hvm", "paravirtual"])),
        Opt::value("kernel", "AKI", "of a paravirtual bundle: the ID of its kernel, which begins with aki-"),
        Opt::value("ramdisk", "ARI", "of a paravirtual bundle: the ID of its RAM disk, which begins with ari-"),
    ],
};

pub(super) const SNAPSHOT: Group = Group {
    title: "Upload",
    options: &[
        Opt::flag("snapshot-only", "stop at the completed snapshot, and print that")
            .conflicts(OF_IMAGES),
        Opt::flag("encrypt", "encrypt the snapshot").conflicts(&[
            "parent",
            "parent-disk",
            "parent-digests",
        ]),
        Opt::value(
            "kms-key",
            "ARN",
            "encrypt with this KMS key (default: the region's default key for EBS)",
        ),
        Opt::flag(
            "skip-holes",
            "leave holes and zeros out of an encrypted snapshot too, where they read as noise",
        ),
        Opt::value(
            "calls",
            "N",
            "at most so many calls to EBS at once, 1 to 1024 (default 128, with --fetch 64)",
        ),
        Opt::value(
            "rate",
            "N",
            "at most so many blocks a second, 1 to 100000 (default 1000, what EBS takes for one snapshot)",
        ),
        Opt::flag(
            "convert",
            "read a disk of another format (qcow2, VMDK, VHD, VHDX and others) through qemu-img",
        ),
        Opt::value(
            "work-dir",
            "DIRECTORY",
            "with --convert: put the converted disk there until it is uploaded (default: TMPDIR, or /tmp)",
        )
        .complete(Complete::File),
    ],
};

pub(super) const AGAIN: Group = Group {
    title: "Uploading less",
    options: &[
        Opt::value(
            "parent",
            "SNAPSHOT",
            "send only blocks that differ from those of this snapshot",
        ),
        Opt::value(
            "parent-disk",
            "FILE",
            "with --parent: the disk that the parent was made of, so that its blocks need not be fetched",
        )
        .conflicts(&["parent-digests"])
        .complete(Complete::File),
        Opt::value(
            "parent-digests",
            "FILE",
            "the digests that --save-digests has kept of the parent, which they name",
        )
        .conflicts(&["parent-disk"])
        .complete(Complete::File),
        Opt::value(
            "save-digests",
            "FILE",
            "keep the digests of all blocks there, for --parent-digests",
        )
        .complete(Complete::File),
        Opt::value(
            "journal",
            "FILE",
            "keep there what was sent already (default: beside the disk, .FILE.ami-upload)",
        )
        .conflicts(&["no-journal", "convert"])
        .complete(Complete::File),
        Opt::flag("no-journal", "keep no journal; an upload that is cut short begins anew")
            .conflicts(&["journal"]),
    ],
};

pub(super) const WAITING: Group = Group {
    title: "Waiting",
    options: &[
        Opt::flag(
            "wait",
            "wait until the image is available, and print it then",
        ),
        Opt::value(
            "timeout",
            "TIME",
            "with --wait, wait this long: 90s, 15m, 2h, or plain seconds (default 2h)",
        ),
    ],
};

pub(super) const FETCHING: Group = Group {
    title: "The way back",
    options: &[
        Opt::flag(
            "fetch",
            "make a disk file of SOURCE, which is a snapshot or an image, and print the file's name",
        )
        .conflicts(NOT_FETCHING),
        Opt::value("output", "FILE", "with --fetch: the file to be made")
            .short('o')
            .complete(Complete::File),
        Opt::flag("overwrite", "with --fetch: replace a file that is there, or write to a device"),
        Opt::value(
            "device",
            "DEVICE",
            "with --fetch of an image: the device whose disk is wanted (default: the root's)",
        ),
    ],
};
